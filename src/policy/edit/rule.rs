//! What is settled without weighing. Cosmetic: blank space, quotes, case. Substantive: a changed
//! amount, date, order number, name or link; a changed negation, unless the words around it show
//! the same meaning. It must leave everything else to the model.

use super::EditKind;
use super::evidence::{Evidence, Moved};
use super::lexicon::{FUNCTION, NEGATION, are_opposite};
use super::word::{Class, Word, worth};

/// The kind, where a rule settles it.
pub(super) fn settled(evidence: &Evidence<'_, '_>) -> Option<EditKind> {
    if is_form_only(evidence) {
        return Some(EditKind::Cosmetic);
    }
    let substantive = !numbers_replaced(evidence).is_empty()
        || !dates_replaced(evidence).is_empty()
        || !names_replaced(evidence).is_empty()
        || links_replaced(evidence)
        || negation_changed(evidence);
    substantive.then_some(EditKind::Substantive)
}

/// The hunks in which something of a sort gave way to another.
type Replaced<'w, 'a> = Vec<(Vec<&'w Word<'a>>, Vec<&'w Word<'a>>)>;

/// Whether the texts differ in blank space, case and quotes only.
pub(super) fn is_form_only(e: &Evidence<'_, '_>) -> bool {
    e.reading.aligned.hunks.iter().all(|hunk| {
        let (old, new) = e.reading.sides(hunk);
        let spoken = |words: &[Word<'_>]| -> Vec<String> {
            words
                .iter()
                .filter(|word| !is_quote(word.text))
                .map(|word| word.fold.clone())
                .collect()
        };
        spoken(old) == spoken(new)
    })
}

pub(super) fn is_quote(text: &str) -> bool {
    matches!(
        text,
        "\"" | "'" | "“" | "”" | "‘" | "’" | "„" | "«" | "»" | "`" | "´"
    )
}

/// Per hunk, the numbers that gave way to others; and at last, where a number went in one place
/// and another came in a different place, those two lists.
pub(super) fn numbers_replaced<'w>(e: &'w Evidence<'_, '_>) -> Replaced<'w, 'w> {
    replaced(
        e,
        |word| matches!(word.class, Class::Number | Class::NumberWord),
        |word| worth(&word.fold),
    )
}

/// The same for months, weekdays and days by name.
pub(super) fn dates_replaced<'w>(e: &'w Evidence<'_, '_>) -> Replaced<'w, 'w> {
    replaced(
        e,
        |word| word.class == Class::Date,
        |word| {
            // `Jan` and `January` are one.
            word.fold.chars().take(3).collect()
        },
    )
}

/// The same for names.
pub(super) fn names_replaced<'w>(e: &'w Evidence<'_, '_>) -> Replaced<'w, 'w> {
    replaced(
        e,
        |word| word.class == Class::Name,
        |word| super::word::stem(&word.fold).to_owned(),
    )
}

fn replaced<'w>(
    e: &'w Evidence<'_, '_>,
    is: impl Fn(&Word<'_>) -> bool,
    key: impl Fn(&Word<'_>) -> String,
) -> Replaced<'w, 'w> {
    let mut found: Replaced<'w, 'w> = Vec::new();
    for hunk in &e.reading.aligned.hunks {
        let (old, new) = e.reading.sides(hunk);
        let (gone, come) = apart(
            old.iter().filter(|w| is(w)),
            new.iter().filter(|w| is(w)),
            &key,
        );
        if !gone.is_empty() && !come.is_empty() {
            found.push((gone, come));
        }
    }
    if found.is_empty() {
        let only = |side: &'w [Moved<'_, '_>]| side.iter().map(|m| m.word).filter(|w| is(w));
        let (gone, come) = apart(only(&e.removed), only(&e.added), &key);
        if !gone.is_empty() && !come.is_empty() {
            found.push((gone, come));
        }
    }
    found
}

/// The words of each side whose like the other side hasn't.
fn apart<'w, 'a: 'w>(
    old: impl Iterator<Item = &'w Word<'a>>,
    new: impl Iterator<Item = &'w Word<'a>>,
    key: &impl Fn(&Word<'_>) -> String,
) -> (Vec<&'w Word<'a>>, Vec<&'w Word<'a>>) {
    let (mut gone, mut come): (Vec<_>, Vec<_>) = (old.collect(), new.collect());
    let had: Vec<String> = gone.iter().map(|word| key(word)).collect();
    let has: Vec<String> = come.iter().map(|word| key(word)).collect();
    gone.retain(|word| !has.contains(&key(word)));
    come.retain(|word| !had.contains(&key(word)));
    (gone, come)
}

/// Whether a link gave way to another.
pub(super) fn links_replaced(e: &Evidence<'_, '_>) -> bool {
    let (gone, come) = links_apart(e);
    !gone.is_empty() && !come.is_empty()
}

/// The links that only one of the texts has.
pub(super) fn links_apart<'a>(e: &Evidence<'_, 'a>) -> (Vec<&'a str>, Vec<&'a str>) {
    let (old, new) = (
        links(e.reading.aligned.before_text),
        links(e.reading.aligned.after_text),
    );
    let gone = old
        .iter()
        .filter(|link| !new.contains(link))
        .copied()
        .collect();
    let come = new
        .iter()
        .filter(|link| !old.contains(link))
        .copied()
        .collect();
    (gone, come)
}

/// The web and mail addresses of a text.
fn links(text: &str) -> Vec<&str> {
    let edge = |c: char| !c.is_alphanumeric() && c != '/';
    text.split_whitespace()
        .filter(|chunk| chunk.contains("://") || chunk.contains("www.") || chunk.contains('@'))
        .map(|chunk| chunk.trim_matches(edge))
        .filter(|chunk| chunk.contains('.'))
        .collect()
}

/// Whether a `not` came or went while the words around it stayed, so that the meaning turned. A
/// word that became its opposite in the same place, or a passage said anew, is not settled here.
pub(super) fn negation_changed(e: &Evidence<'_, '_>) -> bool {
    /// More changed words of meaning than this around a negation: said anew, not turned.
    const REWORDED_MIN: usize = 2;
    (0..e.reading.aligned.hunks.len()).any(|at| {
        let of = |side: &[Moved<'_, '_>]| -> Vec<String> {
            side.iter()
                .filter(|m| m.hunk == at)
                .map(|m| m.word.fold.clone())
                .collect()
        };
        let (removed, added) = (of(&e.removed), of(&e.added));
        let count = |side: &[String]| side.iter().filter(|word| NEGATION.has(word)).count();
        let around = |side: &[String]| {
            side.iter()
                .filter(|word| !NEGATION.has(word) && !FUNCTION.has(word))
                .count()
        };
        let opposed = removed
            .iter()
            .take(8)
            .any(|a| added.iter().take(8).any(|b| are_opposite(a, b)));
        count(&removed) != count(&added)
            && !opposed
            && around(&removed).max(around(&added)) < REWORDED_MIN
    })
}
