//! Vectors that stay in memory between searches, so that one need not read and copy them again. It
//! must not know when what it holds is out of date: its caller says what to forget.

use crate::vector::VECTOR_BYTES;

/// Bytes of one block: 672 vectors, so that a small memory takes a quarter of a megabyte.
const BLOCK_BYTES: usize = 672 * VECTOR_BYTES;

/// Blocks of all owners together: 107,520 vectors, 42 of the 128 MB of an isolate, whose weights
/// take 24.
const BLOCKS_MAX: usize = 160;

/// What is held, by owner.
#[derive(Debug, Default)]
pub struct Held {
    /// Who searched longest ago stands first.
    owners: Vec<Owner>,
}

#[derive(Debug)]
struct Owner {
    number: u32,
    /// The slot of its first vector.
    first: u32,
    blocks: Vec<Vec<u8>>,
}

impl Owner {
    /// The slot behind its last vector.
    fn end(&self) -> u32 {
        let bytes: usize = self.blocks.iter().map(Vec::len).sum();
        let count = u32::try_from(bytes / VECTOR_BYTES).unwrap_or(u32::MAX);
        self.first.saturating_add(count)
    }
}

impl Held {
    /// Prepares for a search among an owner's vectors in the slots from `first` up to `end`: the
    /// slot from which on they have to be brought. What doesn't lie between the two is forgotten.
    pub fn prepare(&mut self, owner: u32, first: u32, end: u32) -> u32 {
        let mut mine = self.take(owner).unwrap_or(Owner {
            number: owner,
            first,
            blocks: Vec::new(),
        });
        if mine.first != first || mine.end() > end {
            mine.first = first;
            mine.blocks.clear();
        }
        let held_to = mine.end();
        self.owners.push(mine);
        held_to
    }

    /// Holds vectors of the owner prepared last that follow the ones it has, while there is room:
    /// others' goes first, its own is never given up.
    pub fn hold(&mut self, vectors: &[u8]) {
        let Some(mut mine) = self.owners.pop() else {
            return;
        };
        let mut left = vectors;
        while !left.is_empty() {
            let open = mine
                .blocks
                .last()
                .map_or(0, |block| BLOCK_BYTES.saturating_sub(block.len()));
            if open == 0 {
                if !self.make_room(mine.blocks.len()) {
                    break;
                }
                mine.blocks.push(Vec::with_capacity(BLOCK_BYTES));
                continue;
            }
            let (now, later) = left.split_at(open.min(left.len()));
            if let Some(block) = mine.blocks.last_mut() {
                block.extend_from_slice(now);
            }
            left = later;
        }
        self.owners.push(mine);
    }

    /// The vectors of the owner prepared last, in order.
    pub fn blocks(&self) -> impl Iterator<Item = &[u8]> {
        self.owners
            .last()
            .into_iter()
            .flat_map(|mine| mine.blocks.iter().map(Vec::as_slice))
    }

    /// Forgets what an owner has.
    pub fn forget(&mut self, owner: u32) {
        self.take(owner);
    }

    fn take(&mut self, owner: u32) -> Option<Owner> {
        let place = self.owners.iter().position(|one| one.number == owner)?;
        Some(self.owners.remove(place))
    }

    /// Whether one more block may be made beside these; others are forgotten where need be.
    fn make_room(&mut self, mine: usize) -> bool {
        let mut others: usize = self.owners.iter().map(|one| one.blocks.len()).sum();
        while others.saturating_add(mine) >= BLOCKS_MAX && !self.owners.is_empty() {
            others = others.saturating_sub(self.owners.remove(0).blocks.len());
        }
        mine < BLOCKS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK_VECTORS: u32 = 672;

    fn vectors(count: u32) -> Vec<u8> {
        [1; VECTOR_BYTES].repeat(count as usize)
    }

    fn held(of: &Held) -> usize {
        of.blocks().map(<[u8]>::len).sum::<usize>() / VECTOR_BYTES
    }

    #[test]
    fn what_is_held_need_not_be_brought() {
        let mut all = Held::default();
        assert_eq!(all.prepare(1, 64, 1_000), 64);
        all.hold(&vectors(900));
        assert_eq!(all.prepare(1, 64, 1_000), 964);
        all.hold(&vectors(36));
        assert_eq!(all.prepare(1, 64, 1_000), 1_000);
        assert_eq!(held(&all), 936);
        assert_eq!(all.prepare(2, 0, 1_000), 0, "of another owner nothing is");
    }

    #[test]
    fn what_does_not_belong_is_forgotten() {
        let mut all = Held::default();
        let mut fill = |first, end| {
            let from = all.prepare(1, first, end);
            all.hold(&vectors(end - from));
            from
        };
        assert_eq!(fill(0, 100), 0);
        assert_eq!(fill(0, 99), 0, "fewer than are held");
        assert_eq!(fill(64, 100), 64, "the oldest are gone");
        all.forget(1);
        assert_eq!(all.prepare(1, 64, 100), 64);
    }

    #[test]
    fn who_searched_longest_ago_makes_room_and_nobody_for_themselves() {
        let mut all = Held::default();
        let blocks = u32::try_from(BLOCKS_MAX).unwrap();
        for owner in [1, 2, 1] {
            all.prepare(owner, 0, BLOCK_VECTORS);
            all.hold(&vectors(BLOCK_VECTORS).split_off(held(&all) * VECTOR_BYTES));
        }
        let most = (blocks - 1) * BLOCK_VECTORS;
        all.prepare(3, 0, most);
        all.hold(&vectors(most));
        assert_eq!(all.prepare(2, 0, BLOCK_VECTORS), 0);
        assert_eq!(all.prepare(1, 0, BLOCK_VECTORS), BLOCK_VECTORS);
        let most = (blocks + 1) * BLOCK_VECTORS;
        let from = all.prepare(3, 0, most);
        all.hold(&vectors(most - from));
        assert_eq!(held(&all), (blocks * BLOCK_VECTORS) as usize);
    }
}
