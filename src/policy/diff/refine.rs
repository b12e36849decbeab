//! Looks inside a hunk: which deleted word became which inserted one, and what the two still
//! share. It must never cut what a reader sees as one character.

use super::token::{Token, extends, is_bound};
use super::{Aligned, Hunk, Part, TextHunk};
use std::ops::Range;

/// Hunks with more word pairs than this (some 64 words against 64) are not looked into: whole
/// passages were rewritten there, and each pair costs a comparison.
const PAIRS_MAX: usize = 64 * 64;

/// Two words of a hunk that resemble each other, as positions in the two texts' tokens, and what
/// they share.
pub(crate) struct Likeness {
    pub(crate) before: usize,
    pub(crate) after: usize,
    /// The bytes that both begin with.
    pub(crate) head: usize,
    /// The bytes that both end with, not counted in `head`.
    pub(crate) tail: usize,
}

/// The deleted words of a hunk that became an inserted one, in order: the pairing that shares most
/// characters, of words that share at least half.
pub(crate) fn likenesses(aligned: &Aligned<'_>, hunk: &Hunk) -> Vec<Likeness> {
    let old = aligned.before.get(hunk.before.clone()).unwrap_or_default();
    let new = aligned.after.get(hunk.after.clone()).unwrap_or_default();
    if old.is_empty() || new.is_empty() || old.len().saturating_mul(new.len()) > PAIRS_MAX {
        return Vec::new();
    }
    let pairs: Vec<Vec<(usize, usize)>> = old
        .iter()
        .map(|a| new.iter().map(|b| shared(a.text, b.text)).collect())
        .collect();
    // best[i][j]: the most bytes that old[i..] and new[j..] can share, built from the end.
    let mut best = vec![vec![0_usize; new.len().saturating_add(1)]];
    for row in pairs.iter().rev() {
        let under = best.last().map(Vec::as_slice).unwrap_or_default();
        let mut line = vec![0];
        for (at, (head, tail)) in row.iter().enumerate().rev() {
            let right = line.last().copied().unwrap_or(0);
            let skip = under.get(at).copied().unwrap_or(0);
            let both = under.get(at.saturating_add(1)).copied().unwrap_or(0);
            line.push(
                right
                    .max(skip)
                    .max(both.saturating_add(*head).saturating_add(*tail)),
            );
        }
        line.reverse();
        best.push(line);
    }
    best.reverse();
    walk(hunk, &pairs, &best)
}

/// Reads the best pairing off its table.
fn walk(hunk: &Hunk, pairs: &[Vec<(usize, usize)>], best: &[Vec<usize>]) -> Vec<Likeness> {
    let value = |i: usize, j: usize| best.get(i).and_then(|row| row.get(j)).copied().unwrap_or(0);
    let mut found = Vec::new();
    let (mut i, mut j) = (0_usize, 0_usize);
    while let Some(&(head, tail)) = pairs.get(i).and_then(|row| row.get(j)) {
        let here = value(i, j);
        if here == 0 {
            break;
        }
        if here == value(i.saturating_add(1), j) {
            i = i.saturating_add(1);
        } else if here == value(i, j.saturating_add(1)) {
            j = j.saturating_add(1);
        } else {
            let before = hunk.before.start.saturating_add(i);
            let after = hunk.after.start.saturating_add(j);
            found.push(Likeness {
                before,
                after,
                head,
                tail,
            });
            (i, j) = (i.saturating_add(1), j.saturating_add(1));
        }
    }
    found
}

/// The bytes that two words begin and end with alike, or nothing where that is less than half of
/// the longer one.
fn shared(old: &str, new: &str) -> (usize, usize) {
    let (a, b) = (old.as_bytes(), new.as_bytes());
    let alike = a.first() == b.first() || a.last() == b.last();
    let longer = a.len().max(b.len());
    if !alike || a.len().min(b.len()).saturating_mul(2) < longer || longer < 2 {
        return (0, 0);
    }
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a_rest, b_rest) = (
        a.get(head..).unwrap_or_default(),
        b.get(head..).unwrap_or_default(),
    );
    let tail = a_rest
        .iter()
        .rev()
        .zip(b_rest.iter().rev())
        .take_while(|(x, y)| x == y)
        .count();
    let ascii = old.is_ascii() && new.is_ascii();
    let (head, tail) = if ascii {
        (head, tail)
    } else {
        whole(old, new, head, tail)
    };
    if head.saturating_add(tail).saturating_mul(2) < longer {
        (0, 0)
    } else {
        (head, tail)
    }
}

/// Draws the shared ends in to where both words can be cut between visible characters.
fn whole(old: &str, new: &str, mut head: usize, mut tail: usize) -> (usize, usize) {
    if old.chars().chain(new.chars()).any(is_bound) {
        return (0, 0);
    }
    while head > 0 && !(can_cut(old, head) && can_cut(new, head)) {
        head = head.saturating_sub(1);
    }
    let from_end = |text: &str, tail: usize| can_cut(text, text.len().saturating_sub(tail));
    while tail > 0 && !(from_end(old, tail) && from_end(new, tail)) {
        tail = tail.saturating_sub(1);
    }
    (head, tail)
}

fn can_cut(text: &str, at: usize) -> bool {
    let (Some(left), Some(right)) = (text.get(..at), text.get(at..)) else {
        return false;
    };
    !right.chars().next().is_some_and(extends) && !left.ends_with('\u{200D}')
}

/// The deleted and the inserted text of a hunk, cut into what they share and what differs; both
/// empty where they share nothing. The shared parts of the two are the same text.
pub(super) fn parts(aligned: &Aligned<'_>, hunk: &TextHunk) -> (Vec<Part>, Vec<Part>) {
    let segments = segments(aligned, &hunk.tokens);
    if segments.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let old = segments.iter().map(|(old, _)| old);
    let new = segments.iter().map(|(_, new)| new);
    (
        cut(aligned.before_text, &hunk.before, old),
        cut(aligned.after_text, &hunk.after, new),
    )
}

/// The shared stretches of a hunk's two sides, in bytes, in order: the ends of words that are
/// alike, and the blank space between two such pairs that follow each other on both sides.
fn segments(aligned: &Aligned<'_>, hunk: &Hunk) -> Vec<(Range<usize>, Range<usize>)> {
    let mut found: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    let mut previous: Option<(usize, usize)> = None;
    for pair in likenesses(aligned, hunk) {
        let (Some(old), Some(new)) = (
            aligned.before.get(pair.before),
            aligned.after.get(pair.after),
        ) else {
            continue;
        };
        if previous == Some((pair.before, pair.after)) {
            found.extend(gap(aligned, pair.before, pair.after));
        }
        let head = |token: &Token<'_>| token.start..token.start.saturating_add(pair.head);
        let tail = |token: &Token<'_>| token.end().saturating_sub(pair.tail)..token.end();
        found.push((head(old), head(new)));
        found.push((tail(old), tail(new)));
        previous = Some((pair.before.saturating_add(1), pair.after.saturating_add(1)));
    }
    found.retain(|(old, _)| !old.is_empty());
    if found.is_empty() {
        found = separators(aligned, hunk);
    }
    found
}

/// The separators of a number that gave way to another of the same form: `10.1` and `8.6` share the
/// dot.
fn separators(aligned: &Aligned<'_>, hunk: &Hunk) -> Vec<(Range<usize>, Range<usize>)> {
    let old = aligned.before.get(hunk.before.clone()).unwrap_or_default();
    let new = aligned.after.get(hunk.after.clone()).unwrap_or_default();
    let ([old], [new]) = (old, new) else {
        return Vec::new();
    };
    let marks = |token: &Token<'_>| -> Option<Vec<(usize, u8)>> {
        let is_number = |byte: u8| byte.is_ascii_digit() || b".,:/".contains(&byte);
        let bytes = token.text.bytes();
        let mark = |(at, byte): (usize, u8)| (token.start.saturating_add(at), byte);
        let marks = bytes.clone().enumerate().map(mark);
        (bytes.clone().all(is_number))
            .then(|| marks.filter(|(_, byte)| !byte.is_ascii_digit()).collect())
    };
    let (Some(had), Some(has)) = (marks(old), marks(new)) else {
        return Vec::new();
    };
    let form = |marks: &[(usize, u8)]| marks.iter().map(|mark| mark.1).collect::<Vec<u8>>();
    if form(&had) != form(&has) {
        return Vec::new();
    }
    let one = |at: usize| at..at.saturating_add(1);
    had.iter()
        .zip(&has)
        .map(|(x, y)| (one(x.0), one(y.0)))
        .collect()
}

/// The blank space before two tokens, where it is the same.
fn gap(aligned: &Aligned<'_>, x: usize, y: usize) -> Option<(Range<usize>, Range<usize>)> {
    let before = |tokens: &[Token<'_>], at: usize| {
        Some(tokens.get(at.checked_sub(1)?)?.end()..tokens.get(at)?.start)
    };
    let (old, new) = (before(&aligned.before, x)?, before(&aligned.after, y)?);
    let same = aligned.before_text.get(old.clone())? == aligned.after_text.get(new.clone())?;
    same.then_some((old, new))
}

fn cut<'r>(
    text: &str,
    whole: &Range<usize>,
    shared: impl Iterator<Item = &'r Range<usize>>,
) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut push = |range: Range<usize>, changed: bool| {
        let Some(text) = text.get(range).filter(|text| !text.is_empty()) else {
            return;
        };
        match parts.last_mut() {
            Some(last) if last.changed == changed => last.text.push_str(text),
            _ => parts.push(Part {
                text: text.to_owned(),
                changed,
            }),
        }
    };
    let mut at = whole.start;
    for range in shared {
        push(at..range.start, true);
        push(range.clone(), false);
        at = range.end;
    }
    push(at..whole.end, true);
    parts
}
