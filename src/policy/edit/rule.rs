//! What is settled without weighing. Cosmetic: blank space, quotes, case, the mending of a misspelt
//! word. Substantive: a changed
//! amount, date, order number, name or link; a changed negation, unless the words around it show
//! the same meaning. It must leave everything else to the model.

use super::EditKind;
use super::bag::Bag;
use super::evidence::{Evidence, Moved, in_hunk};
use super::lexicon::{
    CONNECTIVE, DENIAL, FUNCTION, MODALITY, NEGATION, PROMISE, QUANTITY, TONE, are_opposite,
};
use super::relation::{Speech, speech};
use super::word::{Class, Word, stem, typing_errors, worth};

/// The kind, where a rule settles it.
pub(super) fn settled(evidence: &Evidence<'_, '_>) -> Option<EditKind> {
    if is_form_only(evidence) || is_mended(evidence) {
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

/// Whether the texts differ in blank space, case, quotes and contractions only.
pub(super) fn is_form_only(e: &Evidence<'_, '_>) -> bool {
    let hunks = &e.reading.aligned.hunks;
    let spoken = |words: &[Word<'_>]| -> String {
        let words = words.iter().filter(|word| !is_quote(word.text));
        words.map(|word| spoken_out(&word.fold)).collect()
    };
    // Numbers that only stand closer together are other numbers: `1 5` is not `15`.
    let numbers = |words: &[Word<'_>]| -> Vec<String> {
        let numbers = words.iter().filter(|word| word.class == Class::Number);
        numbers.map(|word| word.fold.clone()).collect()
    };
    let same = |old: &[Word<'_>], new: &[Word<'_>]| {
        spoken(old) == spoken(new) && numbers(old) == numbers(new)
    };
    // Change by change, since that is cheaper; where the diff pairs words that don't belong
    // together, as it may when only the case differs, the texts as wholes decide.
    hunks.iter().all(|hunk| {
        let (old, new) = e.reading.sides(hunk);
        same(old, new)
    }) || same(&e.reading.before, &e.reading.after)
}

/// A contraction in full, without its space: `don't` is `donot`.
fn spoken_out(fold: &str) -> String {
    const SHORT: [(&str, &str); 8] = [
        ("won't", "willnot"),
        ("can't", "cannot"),
        ("shan't", "shallnot"),
        ("n't", "not"),
        ("'re", "are"),
        ("'ll", "will"),
        ("'ve", "have"),
        ("i'm", "iam"),
    ];
    let full = |(short, full): &(&str, &str)| Some(format!("{}{full}", fold.strip_suffix(short)?));
    SHORT
        .iter()
        .find_map(full)
        .unwrap_or_else(|| fold.to_owned())
}

/// Whether each change mends a misspelt word: what stood there is no English word known here, and
/// what stands there now is one, a letter or two away. Names have no spelling to judge by.
pub(super) fn is_mended(e: &Evidence<'_, '_>) -> bool {
    e.reading.aligned.hunks.iter().all(|hunk| {
        let (old, new) = e.reading.sides(hunk);
        old.len() == new.len()
            && old
                .iter()
                .zip(new)
                .all(|(a, b)| a.fold == b.fold || mends(a, b))
    })
}

fn mends(wrong: &Word<'_>, right: &Word<'_>) -> bool {
    let letters = wrong.fold.len().max(right.fold.len());
    let allowed = if letters >= 7 {
        2
    } else {
        usize::from(letters >= 3)
    };
    wrong.class == Class::Content
        && matches!(right.class, Class::Content | Class::Function)
        && !is_known(&wrong.fold)
        && is_known(&right.fold)
        && !NEGATION.has(&right.fold)
        && !are_opposite(&wrong.fold, &right.fold)
        && typing_errors(&wrong.fold, &right.fold) <= allowed
}

fn is_known(fold: &str) -> bool {
    let listed = [
        &FUNCTION,
        &TONE,
        &PROMISE,
        &MODALITY,
        &QUANTITY,
        &CONNECTIVE,
    ];
    listed.iter().any(|list| list.has(fold)) || speech(fold) != Speech::Unknown
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
        &|word| matches!(word.class, Class::Number | Class::NumberWord),
        &|word| worth(&word.fold),
    )
}

/// The same for months, weekdays and days by name.
pub(super) fn dates_replaced<'w>(e: &'w Evidence<'_, '_>) -> Replaced<'w, 'w> {
    replaced(e, &|word| word.class == Class::Date, &|word| {
        // `Jan` and `January` are one.
        word.fold.chars().take(3).collect()
    })
}

/// Per hunk, the names that gave way to others in their place. Where the words around them were
/// said anew as well, that is not settled here.
pub(super) fn names_replaced<'w>(e: &'w Evidence<'_, '_>) -> Replaced<'w, 'w> {
    /// So many other words of meaning beside a name: a passage said anew.
    const REWORDED_MIN: usize = 2;
    let is = |word: &&Word<'_>| word.class == Class::Name;
    let key = |word: &Word<'_>| stem(&word.fold).to_owned();
    let anew = |words: &[Word<'_>]| {
        words
            .iter()
            .filter(|word| word.class == Class::Content)
            .count()
            >= REWORDED_MIN
    };
    let letters = |words: &[Word<'_>]| -> String {
        let words = words.iter().filter(|word| word.class != Class::Mark);
        words.map(|word| word.fold.as_str()).collect()
    };
    let mut found: Replaced<'w, 'w> = Vec::new();
    for hunk in &e.reading.aligned.hunks {
        let (old, new) = e.reading.sides(hunk);
        // `U.K.` is `UK`.
        if anew(old) || anew(new) || letters(old) == letters(new) {
            continue;
        }
        let (gone, come) = apart(
            old.iter().filter(is).collect(),
            new.iter().filter(is).collect(),
            &key,
        );
        if !gone.is_empty() && !come.is_empty() {
            found.push((gone, come));
        }
    }
    found
}

fn replaced<'w>(
    e: &'w Evidence<'_, '_>,
    is: &dyn Fn(&Word<'_>) -> bool,
    key: &dyn Fn(&Word<'_>) -> String,
) -> Replaced<'w, 'w> {
    let mut found: Replaced<'w, 'w> = Vec::new();
    for hunk in &e.reading.aligned.hunks {
        let (old, new) = e.reading.sides(hunk);
        let only = |side: &'w [Word<'_>]| side.iter().filter(|w| is(w)).collect();
        let (gone, come) = apart(only(old), only(new), key);
        if !gone.is_empty() && !come.is_empty() {
            found.push((gone, come));
        }
    }
    if found.is_empty() {
        let only = |side: &'w [Moved<'_, '_>]| {
            let words = side.iter().map(|moved| moved.word);
            words.filter(|word| is(word)).collect()
        };
        let (gone, come) = apart(only(&e.removed), only(&e.added), key);
        if !gone.is_empty() && !come.is_empty() {
            found.push((gone, come));
        }
    }
    found
}

/// The words of each side whose like the other side hasn't.
fn apart<'w, 'a>(
    old: Vec<&'w Word<'a>>,
    new: Vec<&'w Word<'a>>,
    key: &dyn Fn(&Word<'_>) -> String,
) -> (Vec<&'w Word<'a>>, Vec<&'w Word<'a>>) {
    let keys = |side: &[&Word<'_>]| -> Vec<String> { side.iter().map(|word| key(word)).collect() };
    let (had, has) = (keys(&old), keys(&new));
    (lacking(&has, old, &had), lacking(&had, new, &has))
}

/// The items whose keys are not among `others`.
fn lacking<T>(others: &[impl AsRef<str>], items: Vec<T>, keys: &[impl AsRef<str>]) -> Vec<T> {
    let others = Bag::of(others);
    let keyed = items.into_iter().zip(keys);
    keyed
        .filter(|(_, key)| !others.has(key.as_ref()))
        .map(|(item, _)| item)
        .collect()
}

/// Whether a link gave way to another.
pub(super) fn links_replaced(e: &Evidence<'_, '_>) -> bool {
    let (gone, come) = links_apart(e);
    !gone.is_empty() && !come.is_empty()
}

/// The links that only one of the texts has.
pub(super) fn links_apart<'a>(e: &Evidence<'_, 'a>) -> (Vec<&'a str>, Vec<&'a str>) {
    let old = links(e.reading.aligned.before_text);
    let new = links(e.reading.aligned.after_text);
    (
        lacking(&new, old.clone(), &old),
        lacking(&old, new.clone(), &new),
    )
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
    let denials = |side: &[Moved<'_, '_>]| {
        side.iter()
            .filter(|moved| DENIAL.has(&moved.word.fold))
            .count()
    };
    if denials(&e.removed) == denials(&e.added) {
        return false;
    }
    (0..e.reading.aligned.hunks.len()).any(|at| {
        let of = |side: &[Moved<'_, '_>]| -> Vec<String> {
            in_hunk(side, at)
                .iter()
                .map(|m| m.word.fold.clone())
                .collect()
        };
        let (removed, added) = (of(&e.removed), of(&e.added));
        let count = |side: &[String]| side.iter().filter(|word| DENIAL.has(word)).count();
        let around = |side: &[String]| {
            side.iter()
                .filter(|word| !DENIAL.has(word) && !FUNCTION.has(word))
                .count()
        };
        // No more words than these are looked at for an opposite: a longer place was said anew.
        let first = |side: &[String]| side.iter().take(8).cloned().collect::<Vec<_>>();
        let (old, new) = (first(&removed), first(&added));
        let opposed = old.iter().any(|a| new.iter().any(|b| are_opposite(a, b)));
        count(&removed) != count(&added)
            && !opposed
            && around(&removed).max(around(&added)) < REWORDED_MIN
    })
}
