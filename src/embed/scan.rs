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
    /// Their vectors, in no order.
    vectors: Vec<[u8; VECTOR_BYTES]>,
    next: u32,
}

#[derive(Clone, Copy, Debug)]
struct Kept {
    position: u32,
    cosine: f32,
    /// Which of the vectors is its.
    vector: usize,
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
            vectors: Vec::new(),
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
                self.insert(position, cosine, bytes);
                worst = self.worst();
            }
        }
    }

    /// The nearest of all blocks so far, nearest first.
    #[must_use]
    pub fn nearest(&self) -> Vec<Neighbour> {
        let read = |kept: &Kept| Vector::from_bytes(self.vectors.get(kept.vector)?);
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

    /// Vectors compared so far.
    #[must_use]
    pub fn compared(&self) -> u32 {
        self.next
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

    /// Keeps one that is nearer than the last of those kept, which makes room for it.
    fn insert(&mut self, position: u32, cosine: f32, bytes: &[u8; VECTOR_BYTES]) {
        let full = self.nearest.len() >= self.nearest_max;
        let vector = match self.nearest.pop_if(|_| full) {
            Some(last) => last.vector,
            None => self.vectors.len(),
        };
        match self.vectors.get_mut(vector) {
            Some(slot) => *slot = *bytes,
            None => self.vectors.push(*bytes),
        }
        let place = self.nearest.partition_point(|kept| kept.cosine >= cosine);
        let kept = Kept {
            position,
            cosine,
            vector,
        };
        self.nearest.insert(place, kept);
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// A direction that small numbers give: many of them are equally near.
    fn direction(steps: &[i8]) -> Vector {
        let mut values = [0.0; DIMENSIONS];
        for (slot, step) in values.iter_mut().zip(steps) {
            *slot = f32::from(*step);
        }
        Vector::quantise(&values)
    }

    proptest! {
        #[test]
        fn the_nearest_are_those_of_a_full_sort(
            stored in vec(vec(-2_i8..3, 6), 0..60),
            query in vec(-2_i8..3, 6),
            nearest_max in 0_usize..20,
            block in 1_usize..9,
        ) {
            let stored: Vec<Vector> = stored.iter().map(|steps| direction(steps)).collect();
            let query = direction(&query);
            let mut all: Vec<(usize, f32)> = stored.iter().map(|one| query.cosine(one)).enumerate().collect();
            all.sort_by(|one, other| other.1.total_cmp(&one.1));
            all.truncate(nearest_max);

            let mut scan = Scan::new(&query, nearest_max);
            for vectors in stored.chunks(block) {
                let bytes: Vec<u8> = vectors.iter().flat_map(|one| one.to_bytes()).collect();
                scan.block(&bytes);
            }
            let found: Vec<(usize, f32)> = scan
                .nearest()
                .iter()
                .map(|one| (one.position as usize, one.cosine))
                .collect();
            prop_assert_eq!(found, all);
        }
    }
}
