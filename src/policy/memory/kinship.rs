//! What a new correction does to one like it: repeats it, contradicts it, or neither. It must not
//! judge the texts itself: whether two corrected texts differ in substance is `edit`'s answer.

use std::collections::BTreeSet;

/// Messages at least this near ask the same in the same words.
pub const NEAR_DUPLICATE_COSINE: f64 = 0.95;
/// The share of words that two messages must have in common where there are no vectors.
const NEAR_DUPLICATE_WORDS: f64 = 0.8;

/// How a new correction stands to an older one of the same tenant and category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kinship {
    /// Another question.
    Unrelated,
    /// The same question, the same answer in substance: they merge, and the newer is shown.
    Repeats,
    /// The same question, another answer: the older one fades.
    Contradicts,
}

/// The kinship of two corrections by their messages' `cosine` (`None` without vectors) or else
/// their `shared_words`, and whether their corrected texts differ in substance.
#[must_use]
pub fn kinship(cosine: Option<f64>, shared_words: f64, differs: bool) -> Kinship {
    let same = match cosine {
        Some(cosine) => cosine >= NEAR_DUPLICATE_COSINE,
        None => shared_words >= NEAR_DUPLICATE_WORDS,
    };
    match (same, differs) {
        (false, _) => Kinship::Unrelated,
        (true, false) => Kinship::Repeats,
        (true, true) => Kinship::Contradicts,
    }
}

/// The share of two texts' words, each counted once, that both have: 0 to 1; 0 for two texts
/// without words.
#[must_use]
pub fn shared_words(one: &str, other: &str) -> f64 {
    let (one, other) = (words(one), words(other));
    let count = |words: usize| f64::from(u32::try_from(words).unwrap_or(u32::MAX));
    let all = one.union(&other).count();
    if all == 0 {
        0.0
    } else {
        count(one.intersection(&other).count()) / count(all)
    }
}

fn words(text: &str) -> BTreeSet<String> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(super::query::WORDS_READ_MAX)
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cosine: Option<f64>, shared: f64, differs: bool, expected: Kinship) {
        assert_eq!(kinship(cosine, shared, differs), expected);
    }

    #[test]
    fn vectors_decide_where_there_are_any() {
        check(Some(0.96), 0.0, false, Kinship::Repeats);
        check(Some(0.96), 0.0, true, Kinship::Contradicts);
        check(Some(0.90), 1.0, true, Kinship::Unrelated);
        check(None, 0.9, true, Kinship::Contradicts);
        check(None, 0.5, false, Kinship::Unrelated);
        check(Some(f64::NAN), 1.0, false, Kinship::Unrelated);
    }

    #[test]
    fn shares_words_without_case_or_order() {
        assert!((shared_words("Where is it?", "it is WHERE") - 1.0).abs() < 1e-9);
        assert!((shared_words("a b", "b c") - 1.0 / 3.0).abs() < 1e-9);
        assert!(shared_words("", "!").abs() < 1e-9);
    }
}
