//! Any bytes as the proof of an entry, and any numbers as the sizes of a log: a proof of what nobody signed
//! proves nothing, and a plan asks only for what a log of that size has.

#![no_main]

use countersign_policy::checkpoint::Note;
use countersign_policy::proof::{EntryProof, consistency, extends, inclusion};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some((numbers, rest)) = bytes.split_at_checked(16) {
        let number = |bytes: &[u8]| bytes.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        let (first, second) = (number(&numbers[..8]), number(&numbers[8..]));
        for plan in [inclusion(second, first), consistency(first, second)] {
            let _ = plan.map(|plan| plan.tiles());
        }
        let hashes: Vec<[u8; 32]> = rest.as_chunks::<32>().0.to_vec();
        assert!(!extends((&[1; 32], first), (&[2; 32], second), &hashes) || first < second);
    }
    if let Ok(proof) = serde_json::from_slice::<EntryProof>(bytes)
        && let Ok(note) = Note::parse(&proof.checkpoint)
    {
        let _ = proof.holds_in(&note.checkpoint);
    }
});
