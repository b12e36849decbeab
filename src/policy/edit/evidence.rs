//! What changed, counted and sorted by what kind of word it is. It collects; it must not weigh.

use super::bag::Bag;
use super::tongue::Tongue;
use super::word::{Class, Word, fold, read, stem};
use crate::diff::token::Token;
use crate::diff::{Aligned, Hunk, align};

/// One word that changed, and where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moved<'w, 'a> {
    pub(super) word: &'w Word<'a>,
    /// The hunk it stands in.
    pub(super) hunk: usize,
}

/// Of words in the order of their hunks, those of one hunk.
pub(super) fn in_hunk<'s, 'w, 'a>(side: &'s [Moved<'w, 'a>], hunk: usize) -> &'s [Moved<'w, 'a>] {
    let start = side.partition_point(|moved| moved.hunk < hunk);
    let end = side.partition_point(|moved| moved.hunk <= hunk);
    side.get(start..end).unwrap_or_default()
}

/// Of words in the order of their hunks, those of one hunk in lower case.
pub(super) fn folds_in(side: &[Moved<'_, '_>], hunk: usize) -> Vec<String> {
    let words = in_hunk(side, hunk).iter();
    words.map(|moved| moved.word.fold.clone()).collect()
}

/// The two texts, read.
pub(super) struct Reading<'a> {
    pub(super) aligned: Aligned<'a>,
    /// The language of both.
    pub(super) tongue: Tongue,
    pub(super) before: Vec<Word<'a>>,
    pub(super) after: Vec<Word<'a>>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(before: &'a str, after: &'a str) -> Self {
        let aligned = align(before, after);
        let tongue = spoken(&aligned);
        let (before, after) = (read(&aligned.before, tongue), read(&aligned.after, tongue));
        Self {
            aligned,
            tongue,
            before,
            after,
        }
    }

    /// The deleted and the inserted words of a hunk.
    pub(super) fn sides(&self, hunk: &Hunk) -> (&[Word<'a>], &[Word<'a>]) {
        (
            self.before.get(hunk.before.clone()).unwrap_or_default(),
            self.after.get(hunk.after.clone()).unwrap_or_default(),
        )
    }
}

/// The language of two texts, by how they begin.
fn spoken<'t, 'a>(aligned: &'t Aligned<'a>) -> Tongue {
    /// So many words of each tell the language; they are read at every key of an editor.
    const WORDS_MAX: usize = 150;
    let first = |tokens: &'t [Token<'a>]| {
        tokens
            .iter()
            .filter(|token| token.is_word())
            .take(WORDS_MAX)
    };
    let words = first(&aligned.before).chain(first(&aligned.after));
    let words: Vec<String> = words.map(|token| fold(token.text)).collect();
    Tongue::of(&words)
}

/// The words that one text has and the other has not, whatever their place.
pub(super) struct Evidence<'w, 'a> {
    pub(super) reading: &'w Reading<'a>,
    /// Words only before; those that moved or changed case are not among them.
    pub(super) removed: Vec<Moved<'w, 'a>>,
    /// Words only after.
    pub(super) added: Vec<Moved<'w, 'a>>,
    /// Of the content words, those whose stem the other text has nowhere.
    pub(super) lost: Vec<Moved<'w, 'a>>,
    /// The same, added.
    pub(super) novel: Vec<Moved<'w, 'a>>,
}

impl<'w, 'a> Evidence<'w, 'a> {
    pub(super) fn new(reading: &'w Reading<'a>) -> Self {
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for (at, hunk) in reading.aligned.hunks.iter().enumerate() {
            let (deleted, inserted) = reading.sides(hunk);
            old.extend(deleted.iter().map(|word| Moved { word, hunk: at }));
            new.extend(inserted.iter().map(|word| Moved { word, hunk: at }));
        }
        let removed = without(&old, &new, &reading.after);
        let added = without(&new, &old, &reading.before);
        let lost = nowhere(&removed, &reading.after);
        let novel = nowhere(&added, &reading.before);
        Self {
            reading,
            removed,
            added,
            lost,
            novel,
        }
    }

    /// The removed and added words of one hunk that are of a class.
    pub(super) fn of_class(&self, class: Class) -> (Vec<Moved<'w, 'a>>, Vec<Moved<'w, 'a>>) {
        let only = |side: &[Moved<'w, 'a>]| {
            side.iter()
                .filter(|moved| moved.word.class == class)
                .copied()
                .collect()
        };
        (only(&self.removed), only(&self.added))
    }
}

/// What a word is compared by: one of a quantity by what that is worth.
pub(super) fn key<'w>(word: &'w Word<'_>) -> &'w str {
    let quantity = word.quantity.as_ref();
    quantity.map_or(word.said(), |quantity| &quantity.worth)
}

/// The words of `side`, marks aside, less those that `other`, out of `text`, has as well, one for one.
fn without<'w, 'a>(
    side: &[Moved<'w, 'a>],
    other: &[Moved<'w, 'a>],
    text: &[Word<'a>],
) -> Vec<Moved<'w, 'a>> {
    let keys: Vec<&str> = other.iter().map(|moved| key(moved.word)).collect();
    let mut supply = Bag::of(&keys);
    let quantities = text.iter().filter(|word| word.quantity.is_some());
    let worths: Vec<&str> = quantities.map(key).collect();
    let there = Bag::of(&worths);
    let mut has = |word: &Word<'_>| match &word.quantity {
        // `3 pm` has a word more than `15:00`.
        Some(quantity) if !quantity.is_first => there.has(&quantity.worth),
        _ => supply.take(key(word)),
    };
    (side.iter())
        .filter(|moved| moved.word.class != Class::Mark && !has(moved.word))
        .copied()
        .collect()
}

/// Of `side`, the words that carry meaning and whose stem `text` has nowhere.
fn nowhere<'w, 'a>(side: &[Moved<'w, 'a>], text: &[Word<'a>]) -> Vec<Moved<'w, 'a>> {
    if side.is_empty() {
        return Vec::new();
    }
    let stems: Vec<&str> = text.iter().map(|word| stem(word.said())).collect();
    let stems = Bag::of(&stems);
    side.iter()
        .filter(|moved| !matches!(moved.word.class, Class::Function | Class::Mark))
        .filter(|moved| !stems.has(stem(moved.word.said())))
        .copied()
        .collect()
}
