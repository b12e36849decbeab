//! A score from what an edit is made of: the sum of small decision trees over its features, and of one
//! weight for each of its grams that is known; in integers, so that every machine gets the same. It
//! must not know what a feature or a gram means.
//!
//! There is a model for messages and one for all other texts. Weights: the bytes of the latter in two
//! bytes, then both. A model, in bytes: one for the depth D, two for the sum from which on an edit counts as
//! substantive, two for the sum that divides both kinds most evenly, two for the number of trees; then
//! per tree 2^D - 1 pairs (feature, threshold) from the root down, level by level, and 2^D leaves as
//! signed bytes. A row goes right where its feature is greater than the threshold. The rest are the
//! grams, a `shelf`.

use super::SUBSTANTIVE_PPM;
use super::shelf::{Shelf, stored as shelf};

/// Trained by `bench train-edits`; see there for how.
pub(super) static WEIGHTS: &[u8] = include_bytes!("weights.bin");

/// The parts of the weights before the trees.
const HEADER_BYTES: usize = 7;

/// What a gram's weight of one adds to a sum.
pub const GRAM_UNIT: i32 = 4;

/// A gram's mark is its weight and this, so that none is negative.
const MARK_OF_NONE: i32 = 128;

/// The model for messages, or that for other texts.
pub(super) fn chosen(weights: &[u8], is_message: bool) -> &[u8] {
    let both = || {
        let (length, models) = weights.split_first_chunk::<2>()?;
        models.split_at_checked(usize::from(u16::from_le_bytes(*length)))
    };
    let (other, messages) = both().unwrap_or_default();
    if is_message { messages } else { other }
}

/// How many leaves a tree has, the trees, and the grams after them.
fn parts(weights: &[u8]) -> Option<(usize, &[u8], &[u8])> {
    let leaves = 1_usize.checked_shl(u32::from(*weights.first()?))?.min(256);
    let trees = usize::try_from(stored(weights, 5)).ok()?;
    let size = leaves.saturating_mul(3).saturating_sub(2);
    let (trees, grams) = weights
        .get(HEADER_BYTES..)?
        .split_at_checked(size.saturating_mul(trees))?;
    Some((leaves, trees, grams))
}

/// The sum of the leaves that a row falls into. Anything missing from the weights adds nothing.
pub(super) fn forest_sum(weights: &[u8], row: &[u8]) -> i32 {
    let Some((leaves, trees, _)) = parts(weights) else {
        return 0;
    };
    let size = leaves.saturating_mul(3).saturating_sub(2);
    trees
        .chunks_exact(size)
        .map(|tree| i32::from(leaf(tree, leaves, row)))
        .sum()
}

/// The sum of what the grams weigh; one that is not known weighs nothing.
pub(super) fn grams_sum<'g>(weights: &[u8], grams: impl Iterator<Item = &'g String>) -> i32 {
    let known = Shelf(parts(weights).map_or(&[], |(_, _, grams)| grams));
    grams
        .filter_map(|gram| i32::try_from(known.mark(&[gram])?).ok())
        .map(|mark| mark.saturating_sub(MARK_OF_NONE).saturating_mul(GRAM_UNIT))
        .fold(0, i32::saturating_add)
}

/// Grams with their weights, from -127 to 127, as the weights end with them; for the tool that trains.
pub fn grams_file(grams: &[(String, i8)]) -> Vec<u8> {
    let mark = |weight: i8| {
        i32::from(weight)
            .saturating_add(MARK_OF_NONE)
            .unsigned_abs()
    };
    let entries: Vec<(Vec<String>, u32)> = (grams.iter())
        .map(|(gram, weight)| (vec![gram.clone()], mark(*weight)))
        .collect();
    shelf(&entries, 8, 5)
}

/// The sum from which on an edit is called substantive.
pub(super) fn operating_sum(weights: &[u8]) -> i32 {
    stored(weights, 1)
}

/// The sum that divides the two kinds most evenly.
pub(super) fn balanced_sum(weights: &[u8]) -> i32 {
    stored(weights, 3)
}

fn stored(weights: &[u8], at: usize) -> i32 {
    match weights.get(at..at.saturating_add(2)) {
        Some(&[low, high]) => i32::from(i16::from_le_bytes([low, high])),
        _ => 0,
    }
}

fn leaf(tree: &[u8], leaves: usize, row: &[u8]) -> i8 {
    let mut node = 1_usize;
    while node < leaves {
        let at = node.saturating_sub(1).saturating_mul(2);
        let (feature, threshold) = match tree.get(at..at.saturating_add(2)) {
            Some(&[feature, threshold]) => (feature, threshold),
            _ => return 0,
        };
        let value = row.get(usize::from(feature)).copied().unwrap_or(0);
        node = node
            .saturating_mul(2)
            .saturating_add(usize::from(value > threshold));
    }
    // Leaves follow the 2^D - 1 nodes; node numbers of leaves begin at 2^D.
    let at = leaves
        .saturating_sub(1)
        .saturating_mul(2)
        .saturating_add(node)
        .saturating_sub(leaves);
    tree.get(at).map_or(0, |leaf| i8::from_le_bytes([*leaf]))
}

/// A sum, less that from which on an edit is called substantive, as millionths between 0 and 1, the higher
/// the sum the higher: not a frequency.
pub(super) fn score_ppm(sum: i32) -> u32 {
    /// The sum at which the score is three quarters.
    const SPREAD: i64 = 512;
    let (sum, middle) = (i64::from(sum), i64::from(SUBSTANTIVE_PPM));
    let spread = sum.saturating_abs().saturating_add(SPREAD);
    let offset = sum.saturating_mul(middle).checked_div(spread).unwrap_or(0);
    u32::try_from(offset.saturating_add(middle)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tree() {
        // feature 0 > 5, then feature 1 > 0 on either side.
        let weights = [2, 0, 0, 0, 0, 1, 0, 0, 5, 1, 0, 1, 0, 1, 2, 3, 255];
        let sum = |row: &[u8]| forest_sum(&weights, row);
        assert_eq!(sum(&[0, 0]), 1);
        assert_eq!(sum(&[5, 1]), 2);
        assert_eq!(sum(&[6, 0]), 3);
        assert_eq!(sum(&[6, 1]), -1);
        assert_eq!(forest_sum(&[], &[6]), 0);
    }

    #[test]
    fn grams_weigh_what_was_put_in() {
        let grams = [("+not".to_owned(), 40), ("-small".to_owned(), -3)];
        let weights = [&[2, 0, 0, 0, 0, 0, 0][..], &grams_file(&grams)].concat();
        let sum = |grams: &[&str]| {
            let grams: Vec<String> = grams.iter().map(|&gram| gram.to_owned()).collect();
            grams_sum(&weights, grams.iter())
        };
        assert_eq!(sum(&["+not", "-small"]), 37 * GRAM_UNIT);
        assert_eq!(sum(&["-small"]), -3 * GRAM_UNIT);
        assert_eq!(grams_sum(&[], std::iter::empty()), 0);
    }

    #[test]
    fn messages_have_a_model_of_their_own() {
        let weights = [3, 0, 1, 2, 3, 4, 5];
        assert_eq!(chosen(&weights, false), [1, 2, 3]);
        assert_eq!(chosen(&weights, true), [4, 5]);
        assert!(chosen(&[9, 0, 1], true).is_empty());
        assert!(chosen(&[], false).is_empty());
    }

    #[test]
    fn scores_rise_with_sums() {
        assert_eq!(score_ppm(0), SUBSTANTIVE_PPM);
        assert_eq!(score_ppm(512), 750_000);
        assert!(score_ppm(-9) < score_ppm(-8));
    }
}
