//! Does an amount bound what it did? `More than two` are not `two or more`. It reads the words around the
//! amounts of both texts; which amounts there are is `quantity`'s.

use super::evidence::Evidence;
use super::quantity::Text;
use super::word::Word;

const ABOVE: char = '>';
const AT_LEAST: char = '≥';
const AT_MOST: char = '≤';
const BELOW: char = '<';

/// What stands before an amount that bounds it. `No later than` is no bound of an amount: no later than two
/// days before is at least two days before.
const BEFORE: [(&[&str], char); 12] = [
    (&["more", "than"], ABOVE),
    (&["less", "than"], BELOW),
    (&["fewer", "than"], BELOW),
    (&["at", "least"], AT_LEAST),
    (&["minimum", "of"], AT_LEAST),
    (&["at", "most"], AT_MOST),
    (&["up", "to"], AT_MOST),
    (&["maximum", "of"], AT_MOST),
    (&["over"], ABOVE),
    (&["above"], ABOVE),
    (&["under"], BELOW),
    (&["below"], BELOW),
];

/// What stands behind one.
const BEHIND: [(&[&str], char); 9] = [
    (&["or", "more"], AT_LEAST),
    (&["or", "longer"], AT_LEAST),
    (&["or", "above"], AT_LEAST),
    (&["and", "above"], AT_LEAST),
    (&["+"], AT_LEAST),
    (&["or", "less"], AT_MOST),
    (&["or", "fewer"], AT_MOST),
    (&["or", "below"], AT_MOST),
    (&["at", "most"], AT_MOST),
];

/// Whether an amount that stands once in each text bounds something else than it did. Between `over 20
/// euros` and `20 euros or more` lies nothing that anybody pays; between counts there lies one.
pub(super) fn changed(e: &Evidence<'_, '_>) -> bool {
    let bounds = |word: &Word<'_>| {
        let mut rows = BEFORE.iter().chain(&BEHIND);
        let denies = matches!(word.fold.as_str(), "no" | "not" | "never");
        denies || rows.any(|(row, _)| row.contains(&word.fold.as_str()))
    };
    let mut hunks = e.reading.aligned.hunks.iter();
    // The whole texts are read only where they can tell.
    let can_tell = hunks.any(|hunk| {
        let (old, new) = e.reading.sides(hunk);
        old.iter().chain(new).any(bounds)
    });
    if !can_tell {
        return false;
    }
    let (old, new) = (bounded(&e.reading.before), bounded(&e.reading.after));
    let of = |side: &[(&str, Option<char>)], worth: &str| {
        let mut same = side.iter().filter(|(other, _)| *other == worth);
        let bound = same.next().and_then(|(_, bound)| *bound);
        bound.filter(|_| same.next().is_none())
    };
    let upward = |bound| matches!(bound, ABOVE | AT_LEAST);
    old.iter().any(|(worth, bound)| {
        let is_count = worth.bytes().all(|byte| byte.is_ascii_digit());
        let turns = |(was, is)| was != is && (is_count || upward(was) != upward(is));
        bound.is_some() && of(&old, worth).zip(of(&new, worth)).is_some_and(turns)
    })
}

/// The amounts of a text and how each is bounded.
fn bounded<'w>(words: &'w [Word<'_>]) -> Vec<(&'w str, Option<char>)> {
    let amount = |(at, word): (usize, &'w Word<'_>)| {
        let quantity = word.quantity.as_ref().filter(|one| one.is_first)?;
        let rest = words.iter().skip(at.saturating_add(1));
        let same = |next: &&Word<'_>| next.quantity.as_ref().is_some_and(|one| !one.is_first);
        let end = at
            .saturating_add(1)
            .saturating_add(rest.take_while(same).count());
        Some((quantity.worth.as_str(), bound(&Text::of(words), at, end)))
    };
    words.iter().enumerate().filter_map(amount).collect()
}

/// How the words from `at` to `end` are bounded.
fn bound(text: &Text<'_, '_>, at: usize, end: usize) -> Option<char> {
    let before = || {
        BEFORE.iter().find_map(|(row, bound)| {
            let start = at.checked_sub(row.len())?;
            let denied = start.checked_sub(1).map_or("", |before| text.fold(before));
            let bound = match (denied, *bound) {
                // `No more than five`, `never under five`.
                ("no" | "not" | "never", ABOVE) => AT_MOST,
                ("no" | "not" | "never", BELOW) => AT_LEAST,
                (_, bound) => bound,
            };
            (text.past(start, row) != start).then_some(bound)
        })
    };
    let behind = |at: usize| {
        let found = BEHIND.iter().find(|(row, _)| text.past(at, row) != at);
        found.map(|(_, bound)| *bound)
    };
    // `Two or more`, `two items or more`.
    before()
        .or_else(|| behind(end))
        .or_else(|| behind(end.saturating_add(1)))
}
