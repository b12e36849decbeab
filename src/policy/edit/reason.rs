//! Why is an edit of its kind? The reasons, with the words that show them, for a reviewer to
//! read. It must not decide: the kind is given.

use super::evidence::{Evidence, Moved, in_hunk};
use super::lexicon::{Lexicon, MODALITY, NEGATION, PROMISE, QUANTITY, TONE, are_opposite};
use super::rule::{Findings, Replaced, is_amount, is_moment};
use super::tongue::unaccented;
use super::word::{Class, Word, fold, stem, typing_errors};
use super::{EVIDENCE_CHARS_MAX, EditKind, EditReason, EditReasonFound};

/// New or lost words of meaning in one place from which on it is a claim that came or went, and
/// not a word.
const CLAIM_WORDS_MIN: usize = 2;

/// Marks that stand right behind a word.
const ENDING_MARKS: [char; 8] = ['.', ',', ';', ':', '!', '?', ')', ']'];

/// The reasons of an edit, the weightiest first, each once; at least one for an edit that changed
/// anything.
pub(super) fn found(
    e: &Evidence<'_, '_>,
    rules: &Findings<'_, '_>,
    kind: EditKind,
) -> Vec<EditReasonFound> {
    let mut reasons = Vec::new();
    facts(e, rules, &mut reasons);
    statements(e, &mut reasons);
    manner(e, &mut reasons);
    if e.removed.is_empty() && e.added.is_empty() || rules.turn.is_exchanged {
        moved(e, kind, &mut reasons);
    }
    if kind == EditKind::Cosmetic {
        // What a cosmetic edit is not: its words are shown as a matter of wording at most.
        reasons.retain(|found| found.reason >= EditReason::Wording);
    }
    if reasons.is_empty() {
        let (before, after) = (of(&e.removed, &|_| true), of(&e.added, &|_| true));
        let bare = before.is_empty() && after.is_empty();
        let reason = if bare {
            EditReason::Format
        } else {
            EditReason::Wording
        };
        reasons.push(EditReasonFound {
            reason,
            before,
            after,
        });
    }
    reasons
}

fn push(reasons: &mut Vec<EditReasonFound>, reason: EditReason, before: String, after: String) {
    if !(before.is_empty() && after.is_empty()) {
        reasons.push(EditReasonFound {
            reason,
            before,
            after,
        });
    }
}

/// A word and the place that it stands in, by number.
type Placed<'t> = (usize, &'t str);

/// Words in a row, a mark right behind the word that it ends, places apart; cut to what is shown.
fn joined<'t>(words: impl Iterator<Item = Placed<'t>>) -> String {
    let mut text = String::new();
    let mut last = None;
    for (place, word) in words {
        let is_elsewhere = last.replace(place).is_some_and(|last| last != place);
        let ends = text.ends_with(char::is_alphanumeric) && word.starts_with(ENDING_MARKS);
        if is_elsewhere {
            text.push_str(" … ");
        } else if !text.is_empty() && !ends {
            text.push(' ');
        }
        text.push_str(word);
        if text.len() > EVIDENCE_CHARS_MAX.saturating_mul(4) {
            break;
        }
    }
    if let Some((cut, _)) = text.char_indices().nth(EVIDENCE_CHARS_MAX) {
        text.truncate(cut);
        text.pop();
        text.push('…');
    }
    text
}

fn of(side: &[Moved<'_, '_>], is: &dyn Fn(&Word<'_>) -> bool) -> String {
    placed(side.iter().filter(|moved| is(moved.word)))
}

fn placed<'m, 'w: 'm, 'a: 'w>(side: impl Iterator<Item = &'m Moved<'w, 'a>>) -> String {
    joined(side.map(|moved| (moved.hunk, moved.word.text)))
}

/// Numbers, dates, names, links.
fn facts(e: &Evidence<'_, '_>, rules: &Findings<'_, '_>, reasons: &mut Vec<EditReasonFound>) {
    let changed = |reasons: &mut Vec<_>, reason, pairs: &Replaced<'_, '_>, is| {
        if pairs.is_empty() {
            push(reasons, reason, of(&e.removed, is), of(&e.added, is));
        } else {
            push_pairs(reasons, reason, pairs);
        }
    };
    match &rules.turn.sign {
        Some((before, after)) => {
            push(reasons, EditReason::Number, before.clone(), after.clone());
        }
        None => changed(reasons, EditReason::Number, &rules.numbers, &is_amount),
    }
    changed(reasons, EditReason::Date, &rules.dates, &is_moment);
    let names = |word: &Word<'_>| word.class == Class::Name;
    push(
        reasons,
        EditReason::Name,
        of(&e.lost, &names),
        of(&e.novel, &names),
    );
    let (gone, come) = &rules.links;
    push(
        reasons,
        EditReason::Link,
        joined(gone.iter().copied().enumerate()),
        joined(come.iter().copied().enumerate()),
    );
}

fn push_pairs(reasons: &mut Vec<EditReasonFound>, reason: EditReason, pairs: &Replaced<'_, '_>) {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for (place, (gone, come)) in pairs.iter().enumerate() {
        before.extend(gone.iter().map(|word| (place, word.text)));
        after.extend(come.iter().map(|word| (place, word.text)));
    }
    push(
        reasons,
        reason,
        joined(before.into_iter()),
        joined(after.into_iter()),
    );
}

/// Negation, modality, promises, claims that came or went.
fn statements(e: &Evidence<'_, '_>, reasons: &mut Vec<EditReasonFound>) {
    let opposite = opposites(e);
    let listed = |list: &'static Lexicon| move |word: &Word<'_>| list.has(&word.fold);
    let (before, after) = (
        of(&e.removed, &listed(&NEGATION)),
        of(&e.added, &listed(&NEGATION)),
    );
    match opposite {
        Some((a, b)) if before.is_empty() && after.is_empty() => {
            push(reasons, EditReason::Negation, a.to_owned(), b.to_owned());
        }
        _ => push(reasons, EditReason::Negation, before, after),
    }
    // A number in words has its own reason.
    let much = |word: &Word<'_>| QUANTITY.has(&word.fold) && word.class != Class::NumberWord;
    let modal = |word: &Word<'_>| MODALITY.has(&word.fold) || much(word);
    push(
        reasons,
        EditReason::Modality,
        of(&e.removed, &modal),
        of(&e.added, &modal),
    );
    let promise = listed(&PROMISE);
    push(
        reasons,
        EditReason::Promise,
        of(&e.removed, &promise),
        of(&e.added, &listed(&PROMISE)),
    );
    let per_hunk = |side: &[Moved<'_, '_>], at: usize| in_hunk(side, at).len();
    let (mut came, mut went) = (Vec::new(), Vec::new());
    for (at, hunk) in e.reading.aligned.hunks.iter().enumerate() {
        let (novel, lost) = (per_hunk(&e.novel, at), per_hunk(&e.lost, at));
        let (old, new) = e.reading.sides(hunk);
        if novel >= lost.saturating_add(CLAIM_WORDS_MIN) {
            came.extend(new.iter().map(|word| (at, word.text)));
        } else if lost >= novel.saturating_add(CLAIM_WORDS_MIN) {
            went.extend(old.iter().map(|word| (at, word.text)));
        }
    }
    push(
        reasons,
        EditReason::ClaimAdded,
        String::new(),
        joined(came.into_iter()),
    );
    push(
        reasons,
        EditReason::ClaimRemoved,
        joined(went.into_iter()),
        String::new(),
    );
}

/// A word that became its opposite in the same place.
fn opposites<'e>(e: &'e Evidence<'_, '_>) -> Option<(&'e str, &'e str)> {
    e.removed.iter().take(COMPARED_WORDS_MAX).find_map(|old| {
        in_hunk(&e.added, old.hunk)
            .iter()
            .take(16)
            .find(|new| are_opposite(&old.word.fold, &new.word.fold))
            .map(|new| (old.word.text, new.word.text))
    })
}

/// No more changed words than this are compared with those around them, letter by letter: with up
/// to 16 partners each that is 2,048 comparisons a side, and a reason shows fewer words.
const COMPARED_WORDS_MAX: usize = 128;

/// Tone, spelling, format.
fn manner(e: &Evidence<'_, '_>, reasons: &mut Vec<EditReasonFound>) {
    let content = |word: &Word<'_>| word.class == Class::Content;
    let bent = |old: &Word<'_>, new: &Word<'_>| {
        stem(old.said()) == stem(new.said()) || typing_errors(old.said(), new.said()) <= 2
    };
    let partner = |moved: &Moved<'_, '_>, others: &[Moved<'_, '_>]| {
        let near = in_hunk(others, moved.hunk).iter().take(16);
        near.into_iter().any(|other| bent(moved.word, other.word))
    };
    let spelt = |side: &[Moved<'_, '_>], others: &[Moved<'_, '_>]| {
        let pairs = side
            .iter()
            .take(COMPARED_WORDS_MAX)
            .filter(|m| content(m.word) && partner(m, others));
        placed(pairs)
    };
    let rest = |side: &[Moved<'_, '_>], others: &[Moved<'_, '_>]| {
        let single = side
            .iter()
            .take(COMPARED_WORDS_MAX)
            .filter(|m| content(m.word) && !TONE.has(&m.word.fold));
        placed(single.filter(|m| !partner(m, others)))
    };
    let (before, after) = (rest(&e.lost, &e.novel), rest(&e.novel, &e.lost));
    push(reasons, EditReason::Wording, before, after);
    let tone = |word: &Word<'_>| TONE.has(&word.fold);
    push(
        reasons,
        EditReason::Tone,
        of(&e.removed, &tone),
        of(&e.added, &tone),
    );
    let (before, after) = (spelt(&e.removed, &e.added), spelt(&e.added, &e.removed));
    push(reasons, EditReason::Spelling, before, after);
}

/// What changed places: names, days or words put one for the other, or else marks and blank space.
fn moved(e: &Evidence<'_, '_>, kind: EditKind, reasons: &mut Vec<EditReasonFound>) {
    let side = |after: bool| {
        let hunks = e.reading.aligned.hunks.iter().enumerate();
        hunks.flat_map(move |(at, hunk)| {
            let (old, new) = e.reading.sides(hunk);
            let side = if after { new } else { old };
            side.iter().map(move |word| (at, word))
        })
    };
    let all =
        |class: Class| side(false).all(|(_, word)| [class, Class::Mark].contains(&word.class));
    let reason = match kind {
        EditKind::Substantive if all(Class::Mark) => EditReason::Format,
        EditKind::Substantive if all(Class::Name) => EditReason::Name,
        EditKind::Substantive if all(Class::Date) => EditReason::Date,
        EditKind::Substantive => EditReason::Wording,
        _ if has_stand_ins(e) => EditReason::Tone,
        _ => EditReason::Format,
    };
    if reasons
        .iter()
        .all(|found| found.reason == EditReason::Wording)
    {
        reasons.clear();
        let shown = |after: bool| joined(side(after).map(|(at, word)| (at, word.text)));
        push(reasons, reason, shown(false), shown(true));
    }
}

/// Whether words gave way to others that say the same, as `du` to `Sie`.
fn has_stand_ins(e: &Evidence<'_, '_>) -> bool {
    let spelt = |word: &Word<'_>| unaccented(&fold(word.text));
    let is_foreign = e.reading.tongue.is_other();
    is_foreign
        && e.reading.aligned.hunks.iter().any(|hunk| {
            let (old, new) = e.reading.sides(hunk);
            let there = |word: &Word<'_>| new.iter().any(|other| spelt(other) == spelt(word));
            let mut words = old.iter().filter(|word| word.quantity.is_none());
            words.any(|word| word.class != Class::Mark && !there(word))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_stands_behind_the_word_that_it_ends() {
        let said = |words: &str| joined(words.split(' ').map(|word| (0, word)));
        assert_eq!(said("Within 3 days : now"), "Within 3 days: now");
        assert_eq!(said("a ( b ) . ."), "a ( b) . .");
        assert_eq!(said(", ;"), ", ;");
    }

    #[test]
    fn words_of_different_places_stand_apart() {
        let words = [(0, "20"), (0, "EUR"), (2, "30"), (3, ".")];
        assert_eq!(joined(words.into_iter()), "20 EUR … 30 … .");
    }

    #[test]
    fn what_is_cut_says_so() {
        let words = ["refunded"; 12];
        let text = joined(words.into_iter().map(|word| (0, word)));
        assert_eq!(text.chars().count(), EVIDENCE_CHARS_MAX);
        assert!(text.ends_with("refunde…"), "{text}");
    }
}
