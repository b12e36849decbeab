//! Merkle proofs over the audit log (RFC 6962, sections 2.1.1 and 2.1.2): which stored hashes a proof
//! needs, the proof made of them, and its verification. It must not read storage: hashes are handed
//! in. The tree's arithmetic and the verification are `ct-merkle`'s.
//!
//! Stored are the leaf hashes and, of the nodes above, those of every eighth level (the tiles of
//! C2SP tlog-tiles): a proof in a log of sixteen million entries needs three tiles of 256 hashes.

use crate::checkpoint::{Checkpoint, origin};
use crate::digest::from_hex;
use crate::log::{AuditEntry, Frontier, Hash, node_hash};
use crate::order;
use ct_merkle::{
    ConsistencyProof, InclusionProof, RootHash, indices_for_consistency_proof,
    indices_for_inclusion_proof,
};
use serde::Deserialize;
use sha2::Sha256;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Levels between stored nodes: a tile holds 2^8 hashes.
pub const TILE_LEVELS: u32 = 8;
/// Hashes of one tile.
pub const TILE_HASHES: u64 = 1 << TILE_LEVELS;
/// The largest log that a proof is made in: integers stay exact in JavaScript.
pub const SIZE_MAX: u64 = 1 << 53;

/// A node of the tree: its level (0 for leaves) and its position in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// 0 for leaves; a node of level `l` covers 2^l of them.
    pub level: u32,
    /// From 0, from the left.
    pub index: u64,
}

/// [`TILE_HASHES`] neighbours of a stored level, the last ones perhaps not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tile {
    /// A multiple of [`TILE_LEVELS`].
    pub level: u32,
    /// The first node's index; a multiple of [`TILE_HASHES`].
    pub first: u64,
}

/// Stored hashes by their node.
pub type Hashes = BTreeMap<Node, Hash>;

/// The leaves below each hash of a proof, in the proof's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan(Vec<Range<u64>>);

/// What proves that leaf `seq` is in a log of `size`; `None` unless `seq < size <= SIZE_MAX`.
pub fn inclusion(size: u64, seq: u64) -> Option<Plan> {
    let asked = seq < size && size <= SIZE_MAX;
    asked.then(|| Plan::of(&indices_for_inclusion_proof(size, seq), size))
}

/// What proves that a log of `from` is the beginning of one of `size`; `None` unless
/// `0 < from <= size <= SIZE_MAX`.
pub fn consistency(from: u64, size: u64) -> Option<Plan> {
    let added = size.checked_sub(from)?;
    let asked = from > 0 && size <= SIZE_MAX;
    asked.then(|| Plan::of(&indices_for_consistency_proof(from, added), size))
}

/// Whether `proof` shows that `leaf` (its bytes) is entry `seq` of the log with this root.
pub fn includes(root: &Hash, size: u64, seq: u64, leaf: &[u8], proof: &[Hash]) -> bool {
    let proof = InclusionProof::from_digests(proof.iter().map(Into::into));
    seq < size
        && size <= SIZE_MAX
        && RootHash::<Sha256>::new((*root).into(), size)
            .verify_inclusion(&leaf, seq, &proof)
            .is_ok()
}

/// Whether `proof` shows that the log with root `old` is the beginning of the one with root `new`.
pub fn extends(old: (&Hash, u64), new: (&Hash, u64), proof: &[Hash]) -> bool {
    if old.1 == 0 || old.1 > new.1 || new.1 > SIZE_MAX {
        return false;
    }
    if old.1 == new.1 {
        return old.0 == new.0 && proof.is_empty();
    }
    let proof = ConsistencyProof::from_digests(proof.iter().map(Into::into));
    let old = RootHash::<Sha256>::new((*old.0).into(), old.1);
    RootHash::<Sha256>::new((*new.0).into(), new.1)
        .verify_consistency(&old, &proof)
        .is_ok()
}

/// One entry with its proof, as `GET /v1/audit/{seq}/proof` gives it.
#[derive(Clone, Debug, Deserialize)]
pub struct EntryProof {
    /// The entry's number, from 0.
    pub seq: u64,
    /// The entry.
    pub entry: AuditEntry,
    /// Its audit path, each hash in hexadecimal.
    pub inclusion: Vec<String>,
    /// The signed note of the log that it is said to be in.
    pub checkpoint: String,
}

impl EntryProof {
    /// Whether the log that was signed holds the entry: its tenant's, under its number, on a path to
    /// its root. `None` where the path holds something that is no hash.
    pub fn holds_in(&self, signed: &Checkpoint) -> Option<bool> {
        let path = self.inclusion.iter();
        let path: Vec<Hash> = path
            .map(|hash| from_hex(hash)?.try_into().ok())
            .collect::<Option<_>>()?;
        let leaf = self.entry.canonical();
        let holds = self.entry.seq == self.seq
            && signed.origin == origin(&self.entry.tenant)
            && includes(&signed.root, signed.size, self.seq, leaf.as_bytes(), &path);
        Some(holds)
    }
}

impl Plan {
    /// Nodes are numbered as in RFC 9420, appendix C: the level is the number of trailing ones.
    fn of(numbers: &[u64], size: u64) -> Self {
        let range = |number: &u64| {
            let level = number.trailing_ones();
            let index = number >> level.saturating_add(1);
            let node = Node { level, index };
            node.first()..node.end().min(size)
        };
        Self(numbers.iter().map(range).collect())
    }

    /// The tiles that hold what the proof needs.
    pub fn tiles(&self) -> BTreeSet<Tile> {
        let stored = self.0.iter().flat_map(|range| complete(range.clone()));
        order::gathered(stored.map(|node| node.stored_below().0))
    }

    /// The proof; `None` where a hash is missing.
    pub fn proof(&self, hashes: &Hashes) -> Option<Vec<Hash>> {
        self.0
            .iter()
            .map(|range| root_of(range.clone(), hashes))
            .collect()
    }
}

impl Node {
    fn first(self) -> u64 {
        self.index.checked_shl(self.level).unwrap_or(u64::MAX)
    }

    fn end(self) -> u64 {
        let width = 1_u64.checked_shl(self.level).unwrap_or(u64::MAX);
        self.first().saturating_add(width)
    }

    /// The stored nodes that this one is the root of, all in one tile.
    fn stored_below(self) -> (Tile, Range<u64>) {
        let above = self.level.wrapping_rem(TILE_LEVELS);
        let level = self.level.saturating_sub(above);
        let from = self.index << above;
        let first = from & !(TILE_HASHES.saturating_sub(1));
        let range = from..from.saturating_add(1 << above);
        (Tile { level, first }, range)
    }
}

/// The complete subtrees that a run of leaves consists of, from the left, largest first.
fn complete(range: Range<u64>) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut from = range.start;
    while from < range.end {
        let left = range.end.saturating_sub(from);
        let level = left.ilog2().min(from.trailing_zeros());
        let index = from >> level;
        nodes.push(Node { level, index });
        from = from.saturating_add(1 << level);
    }
    nodes
}

/// The Merkle tree hash of a run of leaves.
fn root_of(range: Range<u64>, hashes: &Hashes) -> Option<Hash> {
    let mut roots = complete(range).into_iter().rev();
    let last = root_of_complete(roots.next()?, hashes)?;
    roots.try_fold(last, |right, node| {
        Some(node_hash(&root_of_complete(node, hashes)?, &right))
    })
}

fn root_of_complete(node: Node, hashes: &Hashes) -> Option<Hash> {
    let (Tile { level, .. }, below) = node.stored_below();
    let mut tree = Frontier::default();
    for index in below {
        tree.push(*hashes.get(&Node { level, index })?);
    }
    Some(tree.root())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::leaf_hash;

    /// A log of `size` leaves, with everything that is stored of it and every root on the way.
    fn log(size: u64) -> (Hashes, Vec<Hash>) {
        let (mut hashes, mut frontier) = (Hashes::new(), Frontier::default());
        let mut roots = vec![frontier.root()];
        for seq in 0..size {
            let leaf = leaf_hash(&seq.to_be_bytes());
            hashes.insert(
                Node {
                    level: 0,
                    index: seq,
                },
                leaf,
            );
            hashes.extend(frontier.push(leaf));
            roots.push(frontier.root());
        }
        (hashes, roots)
    }

    #[test]
    fn every_entry_is_proved_in_every_log_that_has_it() {
        let (hashes, roots) = log(70);
        for size in 1..=70 {
            let root = &roots[usize::try_from(size).unwrap()];
            for seq in 0..size {
                let proof = inclusion(size, seq).unwrap().proof(&hashes).unwrap();
                assert!(includes(root, size, seq, &seq.to_be_bytes(), &proof));
                assert!(!includes(root, size, seq, b"another", &proof));
                assert!(!includes(&roots[0], size, seq, &seq.to_be_bytes(), &proof));
            }
            assert_eq!(inclusion(size, size), None);
        }
    }

    #[test]
    fn every_log_is_proved_to_begin_the_later_ones() {
        let (hashes, roots) = log(70);
        let at = |size: u64| (&roots[usize::try_from(size).unwrap()], size);
        for new in 1..=70 {
            for old in 1..=new {
                let proof = consistency(old, new).unwrap().proof(&hashes).unwrap();
                assert!(extends(at(old), at(new), &proof), "{old} in {new}");
                assert!(!extends((&roots[0], old), at(new), &proof));
            }
        }
        assert_eq!(consistency(0, 5), None);
        assert_eq!(consistency(6, 5), None);
    }

    #[test]
    fn a_large_log_needs_a_few_tiles() {
        let size = 70_000;
        let (hashes, roots) = log(size);
        for seq in [0, 255, 256, 40_000, 65_535, 65_536, 69_999] {
            let plan = inclusion(size, seq).unwrap();
            assert!(plan.tiles().len() <= 5, "{:?}", plan.tiles());
            let held: Hashes = hashes
                .iter()
                .filter(|(node, _)| {
                    let first = node.index & !(TILE_HASHES - 1);
                    plan.tiles().contains(&Tile {
                        level: node.level,
                        first,
                    })
                })
                .map(|(node, hash)| (*node, *hash))
                .collect();
            let proof = plan.proof(&held).unwrap();
            assert!(includes(
                roots.last().unwrap(),
                size,
                seq,
                &seq.to_be_bytes(),
                &proof
            ));
        }
    }
}
