//! What a new correction does to one like it: repeats it, contradicts it, or neither. It must not
//! judge the texts itself: whether two corrected texts differ in substance is `edit`'s answer.

use crate::edit::{self, EditKind, Learned};
use crate::order;
use crate::time::Millis;
use serde_json::Value;
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
    /// The same question, another answer: one of them fades, as [`outweighs`] says.
    Contradicts,
}

/// Whose word a correction is, and from when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// Whether it was made elsewhere.
    pub imported: bool,
    /// When it was made.
    pub at: Millis,
}

/// Whether what is said anew outweighs what it contradicts, which then fades; else it fades itself. What is said here
/// outweighs whatever was there; what was said elsewhere nothing that was said here, and of its like what is as old.
#[must_use]
pub fn outweighs(anew: Word, known: Word) -> bool {
    !anew.imported || (known.imported && anew.at >= known.at)
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

/// What a correction taught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taught<'a> {
    /// The customer's message.
    pub message: &'a str,
    /// What was drafted, or the canonical arguments of an action.
    pub draft: &'a str,
    /// What it should have been.
    pub corrected: &'a str,
}

/// Whether two corrections teach different things. What a text says only of its own case (amounts,
/// dates and order numbers that stood in its message or draft already) is no teaching: two right
/// answers name their own orders.
#[must_use]
pub fn differs(one: Taught<'_>, other: Taught<'_>) -> bool {
    let object = |text: &str| {
        serde_json::from_slice::<Value>(text.as_bytes())
            .ok()
            .filter(Value::is_object)
    };
    if let (Some(one), Some(other)) = (object(one.corrected), object(other.corrected)) {
        return edit::action(&one, &other).kind == EditKind::Substantive;
    }
    edit::classify_by(&lesson(one), &lesson(other), Learned::CARRIED.of_messages()).kind
        == EditKind::Substantive
}

/// The corrected text, with what belongs to its own case only as `#`.
fn lesson(taught: Taught<'_>) -> String {
    let own = [taught.message, taught.draft].into_iter();
    let own: BTreeSet<&str> = order::gathered(own.flat_map(str::split_whitespace).map(bare));
    let of_case = |word: &str| word.contains(|letter: char| letter.is_ascii_digit());
    let plain = |word: &str| match of_case(word) && own.contains(bare(word)) {
        true => word.replace(bare(word), "#"),
        false => word.to_owned(),
    };
    let words: Vec<String> = taught.corrected.split_whitespace().map(plain).collect();
    words.join(" ")
}

fn bare(word: &str) -> &str {
    word.trim_matches(|letter: char| !letter.is_alphanumeric())
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
    let words = text
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(super::query::WORDS_READ_MAX);
    order::gathered(words.map(str::to_lowercase))
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
    fn what_was_said_here_outweighs_what_was_said_elsewhere() {
        let said = |imported, at| Word {
            imported,
            at: Millis(at),
        };
        let (here, elsewhere) = (said(false, 5), said(true, 5));
        assert!(
            outweighs(here, said(false, 9)),
            "a verdict counts when it settles"
        );
        assert!(outweighs(here, said(true, 9)));
        assert!(!outweighs(elsewhere, said(false, 1)));
        assert!(outweighs(elsewhere, said(true, 5)));
        assert!(!outweighs(elsewhere, said(true, 6)));
    }

    fn check_differs(one: (&str, &str, &str), other: (&str, &str, &str), expected: bool) {
        let taught = |(message, draft, corrected)| Taught {
            message,
            draft,
            corrected,
        };
        assert_eq!(differs(taught(one), taught(other)), expected);
    }

    #[test]
    fn what_belongs_to_a_case_is_no_difference() {
        let of = |order, days| {
            let message = format!("Where is order {order}?");
            let corrected = format!("Order {order} arrives within {days} days.");
            (message, "Soon.".to_owned(), corrected)
        };
        let (a, b, c) = (of(1234, 10), of(99, 10), of(99, 5));
        let texts = |of: &(String, String, String)| (of.0.clone(), of.1.clone(), of.2.clone());
        let check = |one: (String, String, String), other: (String, String, String), expected| {
            check_differs(
                (&one.0, &one.1, &one.2),
                (&other.0, &other.1, &other.2),
                expected,
            );
        };
        check(texts(&a), texts(&b), false);
        check(texts(&a), texts(&c), true);
        let refund = |amount| ("", "", amount);
        check_differs(refund(r#"{"a":1}"#), refund(r#"{"a":1.0}"#), false);
        check_differs(refund(r#"{"a":1}"#), refund(r#"{"a":2}"#), true);
    }

    #[test]
    fn shares_words_without_case_or_order() {
        assert!((shared_words("Where is it?", "it is WHERE") - 1.0).abs() < 1e-9);
        assert!((shared_words("a b", "b c") - 1.0 / 3.0).abs() < 1e-9);
        assert!(shared_words("", "!").abs() < 1e-9);
    }
}
