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

/// Runs of words in capitals, parted by no more than a comma and a space: not lists.
fn capitals(text: &Field<'_>) -> Vec<Range<usize>> {
    let mut runs: Vec<Run> = Vec::new();
    for (word, folded) in text.words.iter().filter(|(word, _)| word.capitals) {
        let joins = |run: &&mut Run| {
            let between = text.text.get(run.at.end..word.at.start).unwrap_or("");
            between.len() <= 2 && !between.contains(['\n', '-', '/', '(', ')'])
        };
        if let Some(run) = runs.last_mut().filter(joins) {
            run.at.end = word.at.end;
            run.words = run.words.saturating_add(1);
            run.letters = run.letters.saturating_add(folded.len());
        } else {
            runs.push(Run {
                at: word.at.clone(),
                words: 1,
                letters: folded.len(),
            });
        }
    }
    runs.into_iter()
        .filter(|run| run.words >= CAPITAL_WORDS_MIN && run.letters >= CAPITAL_LETTERS_MIN)
        .map(|run| run.at)
        .collect()
}

/// Words in capitals beside each other.
struct Run {
    at: Range<usize>,
    words: usize,
    letters: usize,
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
            ("- QWERTY\n- ASDFGH\n- ZXCVBN\n- POIUYT", false),
            ("ß ẞ Ǆ", false),
        ] {
            let mut found = Found::default();
            find(&Field::read("/draft/text", text), &mut found);
            assert_eq!(found.has(SignalCode::Shouting), expected, "{text}");
        }
    }
}
