//! The nearest of many vectors, exactly: every one is compared. Blocks come one after another, so
//! that memory holds one block however many there are.

use crate::kernel::dot;
use crate::vector::{DIMENSIONS, VECTOR_BYTES, Vector};

/// Neighbours of a neighbour that tell how crowded it is there.
const DENSITY_COUNT: usize = 5;

/// A stored vector that was near.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Where it stands: vectors are counted from 0 through all blocks.
    pub position: u32,
    /// Its cosine with what was asked for.
    pub cosine: f32,
    /// Its mean cosine with the five nearest of the other neighbours; 0 where there are none.
    pub density: f32,
}

/// A search under way.
#[derive(Debug)]
pub struct Scan {
    query: [i16; DIMENSIONS],
    inverse_length: f32,
    nearest_max: usize,
    /// Nearest first; of equally near ones the earlier.
    nearest: Vec<Kept>,
    next: u32,
}

#[derive(Debug)]
struct Kept {
    position: u32,
    cosine: f32,
    bytes: [u8; VECTOR_BYTES],
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
                self.insert(Kept {
                    position,
                    cosine,
                    bytes: *bytes,
                });
                worst = self.worst();
            }
        }
    }

    /// The nearest of all blocks so far, nearest first.
    #[must_use]
    pub fn nearest(&self) -> Vec<Neighbour> {
        let read = |kept: &Kept| Vector::from_bytes(&kept.bytes);
        let vectors: Vec<Vector> = self.nearest.iter().filter_map(read).collect();
        let neighbours = self.nearest.iter().zip(&vectors).enumerate();
        neighbours
            .map(|(place, (kept, vector))| Neighbour {
                position: kept.position,
                cosine: kept.cosine,
                density: density(place, vector, &vectors),
            })
            .collect()
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

    fn insert(&mut self, found: Kept) {
        let place = self
            .nearest
            .partition_point(|kept| kept.cosine >= found.cosine);
        self.nearest.insert(place, found);
        self.nearest.truncate(self.nearest_max);
    }
}

/// The mean cosine of the vector at `place` with the nearest few of the others.
fn density(place: usize, vector: &Vector, vectors: &[Vector]) -> f32 {
    let others = vectors
        .iter()
        .enumerate()
        .filter(|(other, _)| *other != place);
    let mut cosines: Vec<f32> = others.map(|(_, other)| vector.cosine(other)).collect();
    cosines.sort_by(|one, other| other.total_cmp(one));
    cosines.truncate(DENSITY_COUNT);
    let sum: f32 = cosines.iter().sum();
    u16::try_from(cosines.len()).map_or(0.0, |count| sum / f32::from(count.max(1)))
}
