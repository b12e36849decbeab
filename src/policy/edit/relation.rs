//! What has one word to do with another: inflected, alike in meaning, opposite? And what part of
//! speech is it? Known from WordNet for common English words, in two small files that the tool
//! `bench gather-words` makes. It must not be trusted alone: a stored set answers a little too
//! often (`shelf`).

use super::lexicon::{are_opposite, base_of};
use super::shelf::{Shelf, stored};
use super::word::stem;

static WORDS: &[u8] = include_bytes!("words.bin");

/// Which English words mean the same, nearly the same or the opposite: a copy of `pairs.bin`. Of
/// bytes that are none it knows nothing.
#[derive(Clone, Copy)]
pub(super) struct Pairs<'b>(&'b [u8]);

impl<'b> Pairs<'b> {
    pub(super) const fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }
}

/// How two words are linked in WordNet; where several links join them, the last one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// One names a kind of what the other names, or they are similar.
    Near,
    /// One may stand for the other.
    Synonym,
    /// They mean the opposite.
    Opposite,
}

/// How a word stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Relation {
    /// Nothing is known.
    Unknown,
    /// One may be a kind of the other.
    Near,
    /// They may mean the same.
    Synonym,
    /// They mean the opposite.
    Opposite,
    /// They are one word, inflected.
    Inflected,
}

/// What a word mostly is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speech {
    /// A thing.
    Noun,
    /// A doing.
    Verb,
    /// A quality.
    Adjective,
    /// A manner.
    Adverb,
    /// Not a common English word.
    Unknown,
}

/// What a word, in lower case, is looked up by.
pub(super) fn root(fold: &str) -> &str {
    stem(base_of(fold))
}

/// How two words, in lower case, stand to each other.
pub(super) fn relation(a: &str, b: &str, pairs: Pairs<'_>) -> Relation {
    let (x, y) = (root(a), root(b));
    if x == y {
        return Relation::Inflected;
    }
    if are_opposite(a, b) {
        return Relation::Opposite;
    }
    let pair = if x <= y { [x, y] } else { [y, x] };
    match Shelf(pairs.0).mark(&pair) {
        Some(0) => Relation::Near,
        Some(1) => Relation::Synonym,
        Some(_) => Relation::Opposite,
        None => Relation::Unknown,
    }
}

/// What a word, in lower case, mostly is.
pub(super) fn speech(fold: &str) -> Speech {
    match Shelf(WORDS).mark(&[root(fold)]) {
        Some(0) => Speech::Noun,
        Some(1) => Speech::Verb,
        Some(2) => Speech::Adjective,
        Some(3) => Speech::Adverb,
        _ => Speech::Unknown,
    }
}

/// The two files, from common words with their part of speech (in the order of `Speech`) and from linked pairs of words, for the tool that makes them.
pub fn files(words: &[(String, u32)], pairs: &[(String, String, Link)]) -> (Vec<u8>, Vec<u8>) {
    let words: Vec<(Vec<String>, u32)> = words
        .iter()
        .map(|(word, speech)| (vec![root(word).to_owned()], *speech))
        .collect();
    let mut pairs: Vec<(Link, Vec<String>)> = (pairs.iter())
        .filter(|(a, b, _)| root(a) != root(b))
        .map(|(a, b, link)| {
            let mut pair = vec![root(a).to_owned(), root(b).to_owned()];
            pair.sort_unstable();
            (*link, pair)
        })
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<(Vec<String>, u32)> = (pairs.into_iter())
        .map(|(link, pair)| {
            let mark = match link {
                Link::Near => 0,
                Link::Synonym => 1,
                Link::Opposite => 2,
            };
            (pair, mark)
        })
        .collect();
    (stored(&words, 2, 6), stored(&pairs, 2, 4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::Learned;

    #[test]
    fn known_relations() {
        let relation = |a, b| relation(a, b, Learned::CARRIED.pairs);
        assert_eq!(relation("rose", "rises"), Relation::Inflected);
        assert_eq!(relation("begin", "start"), Relation::Synonym);
        assert_eq!(relation("increase", "decreased"), Relation::Opposite);
        assert_eq!(speech("announces"), Speech::Verb);
        assert_eq!(speech("write"), Speech::Verb);
        assert_eq!(speech("qwxzrt"), Speech::Unknown);
    }

    /// The pairs answer a little too often, by the width of their places; no more than that.
    #[test]
    fn words_unheard_of_are_seldom_related() {
        let related = (0..2_000).filter(|at| {
            let (a, b) = (format!("qwx{at}"), format!("zrt{at}"));
            relation(&a, &b, Learned::CARRIED.pairs) != Relation::Unknown
        });
        let count = related.count();
        assert!(count < 2_000 / 16, "{count}");
    }

    #[test]
    fn no_pairs_relate_nothing() {
        let relation = |a, b| relation(a, b, Pairs::new(&[]));
        assert_eq!(relation("begin", "start"), Relation::Unknown);
        assert_eq!(relation("rose", "rises"), Relation::Inflected);
    }
}
