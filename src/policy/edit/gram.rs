//! An edit as short texts, *grams*, each of which the model weighs by itself: the words that came and
//! went, the shape of each change, and what stands around it. It must not weigh them.

use super::bag::Bag;
use super::evidence::Evidence;
use super::relation::{Speech, root, speech};
use super::word::{Class, Word};

/// No more grams of an edit are weighed than these, the first in the order of the text: each is
/// searched for in some 32 entries, at every key that is typed.
const GRAMS_MAX: usize = 256;

/// So many words of each side are the shape of a change.
const SHAPE_WORDS: usize = 4;

/// The gram that every edit has.
const ANY: &str = "";

/// The grams of an edit, each once.
pub(super) fn grams(evidence: &Evidence<'_, '_>) -> Vec<String> {
    let mut grams = vec![ANY.to_owned()];
    let reading = evidence.reading;
    for hunk in &reading.aligned.hunks {
        let (old, new) = reading.sides(hunk);
        let before = hunk.before.start.checked_sub(1);
        let before = before.and_then(|at| reading.before.get(at));
        let after = reading.before.get(hunk.before.end);
        let around =
            |word: Option<&Word<'_>>| word.map_or(String::new(), |w| root(&w.fold).to_owned());
        let how = match (old.is_empty(), new.is_empty()) {
            (true, _) => '+',
            (_, true) => '-',
            _ => '=',
        };
        let words = [missing(old, new, '-'), missing(new, old, '+')];
        let rest = [
            format!("{}>{}", shape(old), shape(new)),
            format!("<{how}{}", around(before)),
            format!(">{how}{}", around(after)),
        ];
        for gram in words.into_iter().flatten().chain(rest) {
            if grams.len() >= GRAMS_MAX {
                return grams;
            }
            if !grams.contains(&gram) {
                grams.push(gram);
            }
        }
    }
    grams
}

/// The words of a side whose root the other side has not, behind a sign.
fn missing(side: &[Word<'_>], other: &[Word<'_>], sign: char) -> Vec<String> {
    let there: Vec<&str> = first_roots(other).collect();
    let there = Bag::of(&there);
    first_roots(side)
        .filter(|root| !there.has(root))
        .map(|root| format!("{sign}{root}"))
        .collect()
}

fn first_roots<'w>(side: &'w [Word<'_>]) -> impl Iterator<Item = &'w str> {
    side.iter().take(GRAMS_MAX).map(|word| root(&word.fold))
}

/// What sorts of words a side begins with, a letter for each.
fn shape(side: &[Word<'_>]) -> String {
    side.iter().take(SHAPE_WORDS).map(sort).collect()
}

fn sort(word: &Word<'_>) -> char {
    match word.class {
        Class::Number | Class::NumberWord => '1',
        Class::Date => 'd',
        Class::Name => 'N',
        Class::Function => 'f',
        Class::Mark => '.',
        Class::Content => match speech(&word.fold) {
            Speech::Noun => 'n',
            Speech::Verb => 'v',
            Speech::Adjective => 'a',
            Speech::Adverb => 'r',
            Speech::Unknown => 'u',
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::evidence::{Evidence, Reading};
    use super::*;
    use std::collections::BTreeSet;

    fn between(before: &str, after: &str) -> BTreeSet<String> {
        let grams = grams(&Evidence::new(&Reading::new(before, after)));
        grams.into_iter().collect()
    }

    #[test]
    fn a_swapped_word() {
        let found = between("We ship small parcels.", "We ship large parcels.");
        let expected = ["", "+larg", "-smal", "<=ship", "a>a", ">=parcel"];
        assert_eq!(found, expected.map(str::to_owned).into());
    }

    #[test]
    fn words_put_in_at_the_end_of_nothing() {
        let found = between("", "Only today");
        assert!(found.contains("<+") && found.contains(">+"), "{found:?}");
        assert_eq!(between("a", "a").len(), 1);
    }

    #[test]
    fn never_more_than_are_weighed() {
        let text: String = (0..5_000).map(|at| format!("w{at} ")).collect();
        assert_eq!(between("", &text).len(), GRAMS_MAX);
    }
}
