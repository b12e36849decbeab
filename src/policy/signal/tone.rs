//! How does the draft sound? It shouts, or it answers a complaint without an apology. It must not
//! judge the customer's tone.

use super::lexicon::Lexicon;
use super::{Field, Found, SignalCode};
use crate::ratio::Ratio;
use std::ops::Range;
use std::sync::LazyLock;

const APOLOGY: &str = include_str!("../lexicons/apology.txt");
/// Words in capitals beside each other: fewer are names and abbreviations.
const CAPITAL_WORDS_MIN: usize = 3;
/// Letters of those words: `SQL API USA` has nine.
const CAPITAL_LETTERS_MIN: usize = 12;
/// Marks of exclamation beside each other.
const MARKS: &str = "!!!";
const SHOUTING: Ratio = Ratio::from_ppm(700_000);
const NO_APOLOGY: Ratio = Ratio::from_ppm(600_000);

static APOLOGIES: LazyLock<Lexicon> = LazyLock::new(|| {
    let mut lexicon = Lexicon::default();
    lexicon.add(0, APOLOGY);
    lexicon
});

/// Runs after the topics: a complaint must have been found already.
pub(crate) fn find(text: &Field<'_>, found: &mut Found) {
    if text.text.is_empty() {
        return;
    }
    let mut ranges = capitals(text);
    let marks = text.text.match_indices(MARKS);
    ranges.extend(marks.map(|(at, marks)| at..at.saturating_add(marks.len())));
    found.ranges(SignalCode::Shouting, SHOUTING, text, ranges);
    if found.has(SignalCode::Complaint) && APOLOGIES.find(&text.words).is_empty() {
        found.field(SignalCode::MissingApology, NO_APOLOGY, text.pointer);
    }
}

/// Runs of words in capitals.
fn capitals(text: &Field<'_>) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    for at in 0..=text.words.len() {
        if text.words.word(at).is_some_and(|word| word.capitals) {
            continue;
        }
        let letters: usize = (start..at)
            .filter_map(|at| text.words.get(at))
            .map(str::len)
            .fold(0, usize::saturating_add);
        let long = at.saturating_sub(start) >= CAPITAL_WORDS_MIN;
        if long && letters >= CAPITAL_LETTERS_MIN {
            ranges.extend(text.words.span(start..at));
        }
        start = at.saturating_add(1);
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_phrase() {
        assert_eq!(Lexicon::default().add(0, APOLOGY), Vec::<&str>::new());
    }

    #[test]
    fn shouting_is_more_than_names() {
        for (text, expected) in [
            ("PLEASE READ THE MANUAL", true),
            ("Done!!!", true),
            ("Use the SQL API, it is NEW!", false),
            ("Fly from MUC JFK LAX", false),
            ("ß ẞ Ǆ", false),
        ] {
            let mut found = Found::default();
            find(&Field::read("/draft/text", text), &mut found);
            assert_eq!(found.has(SignalCode::Shouting), expected, "{text}");
        }
    }
}
