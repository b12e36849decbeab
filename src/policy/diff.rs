//! What changed between two texts, word by word, and inside a changed word character by
//! character. It must not judge a change (that is `edit`), and never shows a move: what moved was
//! deleted here and inserted there.
//!
//! Two layers. [`align`] is the compact one, for machines: which words were kept, and the *hunks*
//! between them. [`words`] is the expanded one, for people and the page: changes that carry their
//! text, so that nobody counts bytes.

mod align;
mod heaviest;
mod refine;
pub(crate) mod token;

use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use token::{Token, tokens};

/// What became of a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// In both texts.
    Keep,
    /// Only in the text after.
    Insert,
    /// Only in the text before.
    Delete,
}

/// A piece of text and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Change {
    /// What became of it.
    pub kind: ChangeKind,
    /// The text, with its blank space.
    pub text: String,
    /// For a deletion or insertion that resembles its counterpart: the same text cut into what
    /// the words share and what differs. Empty when all of it differs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

/// A part of a changed text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Part {
    /// The characters.
    pub text: String,
    /// Whether they differ from the word they stand against.
    pub changed: bool,
}

/// The changes that turn one text into the other, in order. Between two kept pieces stands at
/// most one deletion, followed by at most one insertion.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Diff {
    /// The changes; the deletions and keeps together are the text before, the insertions and
    /// keeps together the text after.
    pub changes: Vec<Change>,
}

/// The changes between two texts. Total and deterministic: the shortest script in words for texts
/// that differ in up to some 1,000 words, and for larger ones a good one in time proportional to
/// their size; where changes stand close together, the script that keeps most text. Equal texts give
/// an empty diff.
pub fn words(before: &str, after: &str) -> Diff {
    if before == after {
        return Diff::default();
    }
    let aligned = align(before, after);
    let mut diff = Diff::default();
    let mut kept = 0;
    for hunk in aligned.text_hunks() {
        diff.push(
            ChangeKind::Keep,
            before.get(kept..hunk.before.start),
            Vec::new(),
        );
        let (deleted, inserted) = refine::parts(&aligned, &hunk);
        diff.push(ChangeKind::Delete, before.get(hunk.before.clone()), deleted);
        diff.push(ChangeKind::Insert, after.get(hunk.after.clone()), inserted);
        kept = hunk.before.end;
    }
    diff.push(ChangeKind::Keep, before.get(kept..), Vec::new());
    diff
}

impl Diff {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.changes
            .iter()
            .all(|change| change.kind == ChangeKind::Keep)
    }

    /// The text that comes out when the changes are made to `before`; `None` where they were not
    /// found for that text.
    pub fn apply(&self, before: &str) -> Option<String> {
        if self.changes.is_empty() {
            return Some(before.to_owned());
        }
        let mut rest = before;
        let mut after = String::with_capacity(before.len());
        for change in &self.changes {
            if change.kind != ChangeKind::Insert {
                rest = rest.strip_prefix(change.text.as_str())?;
            }
            if change.kind != ChangeKind::Delete {
                after.push_str(&change.text);
            }
        }
        rest.is_empty().then_some(after)
    }

    fn push(&mut self, kind: ChangeKind, text: Option<&str>, parts: Vec<Part>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.changes.push(Change {
                kind,
                text: text.to_owned(),
                parts,
            });
        }
    }
}

/// Two texts as tokens, and where they differ.
pub(crate) struct Aligned<'a> {
    pub(crate) before_text: &'a str,
    pub(crate) after_text: &'a str,
    pub(crate) before: Vec<Token<'a>>,
    pub(crate) after: Vec<Token<'a>>,
    /// The tokens that were not kept, as ranges of `before` and of `after`, in order.
    pub(crate) hunks: Vec<Hunk>,
    /// The kept tokens, as pairs of positions, in order.
    pub(crate) kept: Vec<(usize, usize)>,
}

/// A place where the texts differ: one of the ranges may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hunk {
    pub(crate) before: Range<usize>,
    pub(crate) after: Range<usize>,
}

/// Which words of two texts were kept, and the hunks between them.
pub(crate) fn align<'a>(before: &'a str, after: &'a str) -> Aligned<'a> {
    let (old, new) = (tokens(before), tokens(after));
    let kept = kept(&old, &new);
    let mut hunks = Vec::new();
    let (mut i, mut j) = (0, 0);
    let end = (old.len(), new.len());
    for &(x, y) in kept.iter().chain(std::iter::once(&end)) {
        if x > i || y > j {
            hunks.push(Hunk {
                before: i..x,
                after: j..y,
            });
        }
        (i, j) = (x.saturating_add(1), y.saturating_add(1));
    }
    Aligned {
        before_text: before,
        after_text: after,
        before: old,
        after: new,
        hunks,
        kept,
    }
}

/// The kept pairs of tokens. Words that only one text has can't be kept: they are left out of the
/// search, which makes the script no longer and the search much shorter.
fn kept(old: &[Token<'_>], new: &[Token<'_>]) -> Vec<(usize, usize)> {
    let head = old
        .iter()
        .zip(new)
        .take_while(|(a, b)| a.text == b.text)
        .count();
    let (old_rest, new_rest) = (
        old.get(head..).unwrap_or_default(),
        new.get(head..).unwrap_or_default(),
    );
    let tail = (old_rest.iter().rev().zip(new_rest.iter().rev()))
        .take_while(|(a, b)| a.text == b.text)
        .count();
    let middle = |side: &[Token<'_>]| side.len().saturating_sub(tail);
    let (old_middle, new_middle) = (middle(old_rest), middle(new_rest));
    let mut pairs: Vec<(usize, usize)> = (0..head).map(|at| (at, at)).collect();
    pairs.extend(kept_between(
        old_rest.get(..old_middle).unwrap_or_default(),
        new_rest.get(..new_middle).unwrap_or_default(),
        head,
    ));
    let (old_tail, new_tail) = (
        head.saturating_add(old_middle),
        head.saturating_add(new_middle),
    );
    pairs.extend((old_tail..).zip(new_tail..).take(tail));
    pairs
}

/// The same for what stands between the common beginning, `head` tokens long, and the common end.
fn kept_between(old: &[Token<'_>], new: &[Token<'_>], head: usize) -> Vec<(usize, usize)> {
    if old.is_empty() || new.is_empty() {
        return Vec::new();
    }
    let mut ids = WordCounts::with_capacity_and_hasher(old.len(), BuildHasherDefault::default());
    let old_ids: Vec<u32> = old
        .iter()
        .map(|token| {
            let next = u32::try_from(ids.len()).unwrap_or(u32::MAX);
            *ids.entry(token.text).or_insert(next)
        })
        .collect();
    let mut weights = vec![0; ids.len()];
    for (token, id) in old.iter().zip(&old_ids) {
        if let Some(weight) = weights.get_mut(usize::try_from(*id).unwrap_or(usize::MAX)) {
            *weight = u32::try_from(token.text.len()).unwrap_or(u32::MAX);
        }
    }
    let mut shared = vec![false; ids.len()];
    let mut after = (Vec::with_capacity(new.len()), Vec::with_capacity(new.len()));
    for (at, token) in new.iter().enumerate() {
        if let Some(&id) = ids.get(token.text) {
            if let Some(seen) = shared.get_mut(usize::try_from(id).unwrap_or(usize::MAX)) {
                *seen = true;
            }
            after.0.push(id);
            after.1.push(at);
        }
    }
    let in_both = |id: &u32| {
        let at = usize::try_from(*id).unwrap_or(usize::MAX);
        shared.get(at).copied().unwrap_or(false)
    };
    let (before_at, before): (Vec<usize>, Vec<u32>) = old_ids
        .iter()
        .enumerate()
        .filter(|(_, id)| in_both(id))
        .unzip();
    let shortest = align::kept_pairs(&before, &after.0);
    heaviest::heavier(&shortest, &before, &after.0, &weights)
        .into_iter()
        .filter_map(|(i, j)| {
            let (x, y) = (before_at.get(i)?, after.1.get(j)?);
            Some((head.saturating_add(*x), head.saturating_add(*y)))
        })
        .collect()
}

/// A place where the texts differ, in bytes, blank space included, and its tokens.
pub(crate) struct TextHunk {
    before: Range<usize>,
    after: Range<usize>,
    tokens: Hunk,
}

impl Aligned<'_> {
    /// The places where the texts differ, changes of blank space among them. Blank space that
    /// both sides of a place begin or end with is kept.
    fn text_hunks(&self) -> Vec<TextHunk> {
        let mut found = Vec::with_capacity(self.hunks.len());
        // The first token not yet passed and the end of the last one, on both sides.
        let (mut i, mut j) = (0, 0);
        let (mut before_end, mut after_end) = (0, 0);
        let last = (self.before.len(), self.after.len());
        for &(x, y) in self.kept.iter().chain(std::iter::once(&last)) {
            let (old, new) = (self.before.get(x), self.after.get(y));
            let before = before_end..old.map_or(self.before_text.len(), |token| token.start);
            let after = after_end..new.map_or(self.after_text.len(), |token| token.start);
            let tokens = Hunk {
                before: i..x,
                after: j..y,
            };
            found.extend(self.text_hunk(before, after, tokens));
            (i, j) = (x.saturating_add(1), y.saturating_add(1));
            (before_end, after_end) = (
                old.map_or(before_end, Token::end),
                new.map_or(after_end, Token::end),
            );
        }
        found
    }

    fn text_hunk(
        &self,
        before: Range<usize>,
        after: Range<usize>,
        tokens: Hunk,
    ) -> Option<TextHunk> {
        let old = self.before_text.get(before.clone())?;
        let new = self.after_text.get(after.clone())?;
        if old == new {
            return None;
        }
        let blank = |(a, b): &(char, char)| a == b && a.is_whitespace();
        let head: usize = old
            .chars()
            .zip(new.chars())
            .take_while(blank)
            .map(|(c, _)| c.len_utf8())
            .sum();
        let (old, new) = (old.get(head..)?, new.get(head..)?);
        let tail: usize = (old.chars().rev().zip(new.chars().rev()))
            .take_while(blank)
            .map(|(c, _)| c.len_utf8())
            .sum();
        let cut =
            |range: Range<usize>| range.start.saturating_add(head)..range.end.saturating_sub(tail);
        Some(TextHunk {
            before: cut(before),
            after: cut(after),
            tokens,
        })
    }
}

/// A number for each word. Words are only looked up, never listed, so no order depends on the hash.
pub(crate) type WordCounts<'a> = HashMap<&'a str, u32, BuildHasherDefault<WordHasher>>;

/// A fast hash of short words. Who chooses words that collide slows down the comparison of their
/// own text, which is bounded.
#[derive(Default)]
pub(crate) struct WordHasher(u64);

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0_u8; 8];
            word.iter_mut()
                .zip(chunk)
                .for_each(|(to, from)| *to = *from);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.write_u64(u64::from(byte));
    }

    fn write_u64(&mut self, word: u64) {
        // The multiplier of FxHash (Firefox, rustc).
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a diff as `kept [-deleted-] {+inserted+}`, with shared parts in `‹›`.
    fn written(diff: &Diff) -> String {
        let text = |change: &Change| {
            if change.parts.is_empty() {
                return change.text.clone();
            }
            let part = |p: &Part| {
                if p.changed {
                    p.text.clone()
                } else {
                    format!("‹{}›", p.text)
                }
            };
            change.parts.iter().map(part).collect()
        };
        (diff.changes.iter())
            .map(|change| match change.kind {
                ChangeKind::Keep => change.text.clone(),
                ChangeKind::Delete => format!("[-{}-]", text(change)),
                ChangeKind::Insert => format!("{{+{}+}}", text(change)),
            })
            .collect()
    }

    fn check(before: &str, after: &str, expected: &str) {
        let diff = words(before, after);
        assert_eq!(written(&diff), expected);
        assert_eq!(diff.apply(before).as_deref(), Some(after));
    }

    #[test]
    fn equal_texts_give_nothing() {
        check("", "", "");
        check("Same text.", "Same text.", "");
        assert!(words("a", "a").is_empty());
    }

    #[test]
    fn words_are_replaced_whole() {
        check("You get $50.", "You get $75.", "You get $[-50-]{+75+}.");
        check("a b c", "x y z", "[-a b c-]{+x y z+}");
        check("I agree", "I do agree", "I {+do +}agree");
        check("I do agree", "I agree", "I [-do -]agree");
        // One long word is more text than two commas.
        check(
            ", , Liechtenstein",
            "Liechtenstein , ,",
            "[-, , -]Liechtenstein{+ , ,+}",
        );
        check("", "new", "{+new+}");
        check("old", "", "[-old-]");
    }

    #[test]
    fn blank_space_counts() {
        check("a  b", "a b", "a [- -]b");
        check("a b\n", "a b", "a b[-\n-]");
        check("a b", "a\nb", "a[- -]{+\n+}b");
    }

    #[test]
    fn inside_a_word() {
        check(
            "it indicats so",
            "it indicates so",
            "it [-‹indicats›-]{+‹indicat›e‹s›+} so",
        );
        check(
            "the colour of",
            "the color of",
            "the [-‹colo›u‹r›-]{+‹color›+} of",
        );
        check(
            "on 1,250.00 net",
            "on 1,350.00 net",
            "on [-‹1,›2‹50.00›-]{+‹1,›3‹50.00›+} net",
        );
        check("10.1 of 5", "8.6 of 5", "[-10‹.›1-]{+8‹.›6+} of 5");
        check(
            "a café b",
            "a cafe\u{301} b",
            "a [-‹caf›é-]{+‹caf›e\u{301}+} b",
        );
    }

    #[test]
    fn a_move_is_a_deletion_and_an_insertion() {
        check(
            "one two three",
            "three one two",
            "{+three +}one two[- three-]",
        );
    }

    #[test]
    fn a_diff_of_another_text_does_not_apply() {
        assert_eq!(words("a b", "a c").apply("x b"), None);
    }
}
