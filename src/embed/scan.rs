//! The nearest of many vectors, exactly: every one is compared. Blocks come one after another, so
//! that memory holds one block however many there are.

use crate::kernel::dot;
use crate::vector::{DIMENSIONS, VECTOR_BYTES, Vector};

/// A stored vector that was near.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Where it stands: vectors are counted from 0 through all blocks.
    pub position: u32,
    /// Its cosine with what was asked for.
    pub cosine: f32,
}

/// A search under way.
#[derive(Debug)]
pub struct Scan {
    query: [i16; DIMENSIONS],
    inverse_length: f32,
    nearest_max: usize,
    /// Nearest first; of equally near ones the earlier.
    nearest: Vec<Neighbour>,
    next: u32,
}

impl Scan {
    /// Looks for the `nearest_max` vectors nearest to `query`.
    #[must_use]
    pub fn new(query: &Vector, nearest_max: usize) -> Self {
        Self {
            query: query.widened(),
            inverse_length: query.inverse_length(),
            nearest_max,
            nearest: Vec::new(),
            next: 0,
        }
    }

    /// Compares the vectors of a block, [`VECTOR_BYTES`] each as [`Vector::to_bytes`] gave them.
    /// A remainder that is no whole vector is left out.
    pub fn block(&mut self, block: &[u8]) {
        let (stored, _) = block.as_chunks::<VECTOR_BYTES>();
        let mut worst = self.worst();
        for bytes in stored {
            let position = self.next;
            self.next = self.next.saturating_add(1);
            let Some((values, length)) = bytes.split_first_chunk::<DIMENSIONS>() else {
                continue;
            };
            let Ok(length) = <[u8; 4]>::try_from(length) else {
                continue;
            };
            let scale = self.inverse_length * f32::from_le_bytes(length);
            let cosine = dot(&self.query, values) as f32 * scale;
            if cosine > worst {
                self.insert(Neighbour { position, cosine });
                worst = self.worst();
            }
        }
    }

    /// The nearest of all blocks so far, nearest first.
    #[must_use]
    pub fn nearest(&self) -> &[Neighbour] {
        &self.nearest
    }

    /// What a vector must exceed to be kept.
    fn worst(&self) -> f32 {
        if self.nearest.len() < self.nearest_max {
            return f32::NEG_INFINITY;
        }
        self.nearest
            .last()
            .map_or(f32::INFINITY, |last| last.cosine)
    }

    fn insert(&mut self, found: Neighbour) {
        let place = self
            .nearest
            .partition_point(|kept| kept.cosine >= found.cosine);
        self.nearest.insert(place, found);
        self.nearest.truncate(self.nearest_max);
    }
}
