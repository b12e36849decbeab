//! Did a statement turn around? A negation that came or went, a word that gave way to its opposite,
//! what is sure to what may be, a sign before a number. It must not weigh: what is in doubt is the
//! model's.

use super::actor::{self, Person, person};
use super::bag::Bag;
use super::bound;
use super::evidence::{Evidence, Moved, folds_in, key};
use super::lexicon::{
    CONDITION, DENIAL, DOWNWARD, FIRM, FUNCTION, HEDGE, LOOSE, NEGATION, PRONOUN, UPWARD,
    are_opposite, base_of,
};
use super::number::{negatives, worth};
use super::relation::root;
use super::tongue::Tongue;
use super::word::{Class, Word, stem};

/// How a statement turned.
pub(super) struct Turn {
    /// A negation came or went.
    pub(super) is_negated: bool,
    /// A word gave way to its opposite, or a sure one to an unsure one.
    pub(super) has_opposite: bool,
    /// Words or facts changed places.
    pub(super) is_exchanged: bool,
    /// The number that came below zero, or above, before and after.
    pub(super) sign: Option<(String, String)>,
}

impl Turn {
    pub(super) fn of(e: &Evidence<'_, '_>) -> Self {
        Self {
            is_negated: negation_changed(e),
            has_opposite: word_turned(e) || hedged(e) || done(e) || limited(e) || bound::changed(e),
            is_exchanged: roles_exchanged(e)
                || actor::changed(e)
                || match is_voice(e) {
                    true => roles_kept(e) == Some(false),
                    false => (crossed(e) || facts_moved(e)) && !is_listed(e),
                },
            sign: sign_changed(e),
        }
    }

    pub(super) fn is_any(&self) -> bool {
        self.is_negated || self.has_opposite || self.is_exchanged || self.sign.is_some()
    }
}

/// Whether a `not` came or went while the words around it stayed, so that the meaning turned. A
/// word that became its opposite in the same place, or a passage said anew, is not settled here.
fn negation_changed(e: &Evidence<'_, '_>) -> bool {
    /// More changed words of meaning than this around a negation: said anew, not turned.
    const REWORDED_MIN: usize = 2;
    /// More words that only one of the texts has: the whole was said anew.
    const ANEW_MIN: usize = 5;
    /// The same where most words of meaning aren't known, and one holds what English says in two.
    const ANEW_MIN_ABROAD: usize = 3;
    let anew_min = match e.reading.tongue {
        Tongue::English => ANEW_MIN,
        Tongue::Other(_) | Tongue::Unknown => ANEW_MIN_ABROAD,
    };
    if e.lost.len().max(e.novel.len()) >= anew_min {
        return false;
    }
    let denials = |side: &[Moved<'_, '_>]| {
        side.iter()
            .filter(|moved| DENIAL.has(&moved.word.fold))
            .count()
    };
    // `Not available` is `unavailable`.
    if denials(&e.removed) == denials(&e.added)
        || negating(&e.removed, &e.added) == negating(&e.added, &e.removed)
    {
        return false;
    }
    (0..e.reading.aligned.hunks.len()).any(|at| {
        let (removed, added) = (folds_in(&e.removed, at), folds_in(&e.added, at));
        // `not only`, `no matter` and `no more than` deny nothing.
        let denies = |words: &[String]| match words {
            [_, _, than, ..] if than == "than" => false,
            [word, next, ..] => DENIAL.has(word) && next != "only" && next != "matter",
            [word] => DENIAL.has(word),
            [] => false,
        };
        let count = |side: &[String]| {
            let rests = (0..side.len()).filter_map(|from| side.get(from..));
            rests.filter(|rest| denies(rest)).count()
        };
        // `Don't hesitate to call` asks to call.
        let hesitates = |side: &[String]| side.iter().any(|word| word == "hesitate");
        if hesitates(&removed) || hesitates(&added) {
            return false;
        }
        // `Neither card works`, `both cards work`: inflected, not said anew.
        let around = |side: &[String], other: &[String]| {
            let same = |word: &String| other.iter().any(|one| root(one) == root(word));
            let words = side.iter().filter(|word| !same(word));
            words
                .filter(|word| !DENIAL.has(word) && !FUNCTION.has(word))
                .count()
        };
        // No more words than these are looked at for an opposite: a longer place was said anew.
        let first = |side: &[String]| side.iter().take(8).cloned().collect::<Vec<_>>();
        let (old, new) = (first(&removed), first(&added));
        let opposed = old.iter().any(|a| new.iter().any(|b| are_opposite(a, b)));
        count(&removed) != count(&added)
            && !opposed
            && around(&removed, &added).max(around(&added, &removed)) < REWORDED_MIN
    })
}

/// How many words of a side negate, by themselves or by how they begin, where the other has the rest:
/// `unavailable`, beside `available`.
fn negating(side: &[Moved<'_, '_>], other: &[Moved<'_, '_>]) -> usize {
    let has = |rest: &str| other.iter().any(|one| stem(&one.word.fold) == stem(rest));
    let negates = |fold: &str| DENIAL.has(fold) || fold.strip_prefix("un").is_some_and(has);
    let negating = side.iter().filter(|moved| negates(&moved.word.fold));
    negating.count()
}

/// Whether one word gave way to its opposite, or a sure word to an unsure one or back, while nothing
/// else that negates came or went.
fn word_turned(e: &Evidence<'_, '_>) -> bool {
    e.reading.aligned.hunks.iter().any(|hunk| {
        let (old, new) = e.reading.sides(hunk);
        let next = e.reading.after.get(hunk.after.end);
        swap(old, new).is_some_and(|(a, b)| {
            let others = |side: &[Moved<'_, '_>], own: &Word<'_>| {
                let mut words = side.iter().map(|moved| &moved.word.fold);
                words.any(|fold| *fold != own.fold && NEGATION.has(fold))
            };
            turns(a, b, next) && !others(&e.removed, a) && !others(&e.added, b)
        })
    })
}

/// The one word that gave way to one other.
pub(super) fn swap<'s, 'a>(
    old: &'s [Word<'a>],
    new: &'s [Word<'a>],
) -> Option<(&'s Word<'a>, &'s Word<'a>)> {
    /// More words than these in one place are said anew.
    const WORDS_MAX: usize = 8;
    let only = |side: &'s [Word<'a>], other: &[Word<'_>]| {
        let kept = |word: &Word<'_>| other.iter().any(|one| one.said() == word.said());
        let mut rest = side
            .iter()
            .filter(|word| word.class != Class::Mark && !kept(word));
        let first = rest.next()?;
        rest.next().is_none().then_some(first)
    };
    let few = old.len().max(new.len()) <= WORDS_MAX;
    few.then(|| Some((only(old, new)?, only(new, old)?)))?
}

fn turns(old: &Word<'_>, new: &Word<'_>, next: Option<&Word<'_>>) -> bool {
    let firm = |one: &Word<'_>, other: &Word<'_>| FIRM.has(&one.fold) && LOOSE.has(&other.fold);
    // `Can you` asks what `will you` asks.
    let asked = next.is_some_and(|word| PRONOUN.has(&word.fold));
    let bounds =
        |one: &Word<'_>, other: &Word<'_>| UPWARD.has(&one.fold) && DOWNWARD.has(&other.fold);
    let counted = next
        .is_some_and(|word| matches!(word.class, Class::Number | Class::NumberWord | Class::Date));
    let owned = |one: &Word<'_>, other: &Word<'_>| {
        matches!(one.fold.as_str(), "my" | "our") && other.fold == "your"
    };
    are_opposite(&old.fold, &new.fold)
        || owned(old, new)
        || owned(new, old)
        || (!asked && (firm(old, new) || firm(new, old)))
        || (counted && (bounds(old, new) || bounds(new, old)))
}

/// Whether what was so may have been so now, or the other way round.
fn hedged(e: &Evidence<'_, '_>) -> bool {
    const AUXILIARIES_MAX: usize = 4;
    e.reading.aligned.hunks.iter().any(|hunk| {
        let (old, new) = e.reading.sides(hunk);
        let hedges = |words: &[Word<'_>]| words.iter().any(|word| HEDGE.has(&word.fold));
        let bare =
            |word: &Word<'_>| HEDGE.has(&word.fold) || matches!(base_of(&word.fold), "be" | "have");
        let been = |words: &[Word<'_>]| words.iter().any(|word| word.fold == "been");
        let few = old.len().saturating_add(new.len()) <= AUXILIARIES_MAX;
        let both = !old.is_empty() && !new.is_empty() && (been(old) || been(new));
        few && both && hedges(old) != hedges(new) && old.iter().chain(new).all(bare)
    })
}

/// Whether what is to be done is called done, or the other way round: `I'll refund`, `I've refunded`.
fn done(e: &Evidence<'_, '_>) -> bool {
    const WORDS_MAX: usize = 4;
    let is_future = |word: &Word<'_>| {
        matches!(word.fold.as_str(), "will" | "shall") || word.fold.ends_with("'ll")
    };
    let is_perfect = |word: &Word<'_>| {
        matches!(word.fold.as_str(), "have" | "has" | "had") || word.fold.ends_with("'ve")
    };
    e.reading.aligned.hunks.iter().any(|hunk| {
        let (old, new) = e.reading.sides(hunk);
        let turned = |one: &[Word<'_>], other: &[Word<'_>]| {
            one.iter().any(is_future)
                && other.iter().any(is_perfect)
                && !other.iter().any(is_future)
        };
        let verbs = |side: &[Word<'_>]| {
            let words = side.iter().filter(|word| word.class == Class::Content);
            words
                .map(|word| stem(base_of(&word.fold)).to_owned())
                .collect::<Vec<_>>()
        };
        let few = old.len().max(new.len()) <= WORDS_MAX;
        few && (turned(old, new) || turned(new, old)) && verbs(old) == verbs(new)
    })
}

/// Whether something holds for some only now, or no longer: `Only you can`, `only if`. Before a number
/// or a verb the word is mostly a matter of tone.
fn limited(e: &Evidence<'_, '_>) -> bool {
    let (only, words) = match (&e.removed[..], &e.added[..]) {
        ([one], []) => (one.word, &e.reading.before),
        ([], [one]) => (one.word, &e.reading.after),
        _ => return false,
    };
    let at = words.iter().position(|word| std::ptr::eq(word, only));
    let (before, rest) = words.split_at(at.unwrap_or_default());
    let begins = before
        .last()
        .is_none_or(|word| matches!(word.text, "." | "!" | "?" | ":"));
    let limits = |next: &Word<'_>| match next.class {
        Class::Number | Class::NumberWord | Class::Mark => false,
        _ => begins || CONDITION.has(&next.fold),
    };
    only.fold == "only" && rest.get(1).is_some_and(limits)
}

/// Whether who does it and whom it is done to changed places: `We sent you`, `You sent us`.
fn roles_exchanged(e: &Evidence<'_, '_>) -> bool {
    let is_person = |moved: &Moved<'_, '_>| person(&moved.word.fold).is_some();
    // `I owe him`, `he owes me`: a word of meaning may be inflected, and nothing else may change.
    let only = |side: &[Moved<'_, '_>]| {
        let mut other = side.iter().filter(|moved| !is_person(moved));
        other.all(|moved| moved.word.class == Class::Content)
    };
    let changed = |side: &[Moved<'_, '_>]| -> Vec<Person> {
        let persons = side.iter().map(|moved| person(&moved.word.fold));
        persons.flatten().collect()
    };
    let (removed, added) = (changed(&e.removed), changed(&e.added));
    // `Let us know` is said where `let me know` was.
    let is_turned = |was: &Person| {
        let is = |now: &Person| now.who == was.who && now.does != was.does;
        added.iter().any(is) || removed.iter().any(|other| other.who != was.who)
    };
    let nothing_else =
        only(&e.removed) && only(&e.added) && e.lost.iter().chain(&e.novel).all(is_person);
    // The whole texts are read only where they can tell: this runs at every key of an editor.
    if !nothing_else || !removed.iter().any(is_turned) {
        return false;
    }
    let whose = |words: &[Word<'_>]| -> Vec<&str> {
        let persons = words.iter().filter_map(|word| person(&word.fold));
        persons.map(|one| one.who).collect()
    };
    let (old, new) = (whose(&e.reading.before), whose(&e.reading.after));
    let times = |persons: &[&str], who: &str| persons.iter().filter(|one| **one == who).count();
    old != new
        && old.len() == new.len()
        && old.iter().all(|who| times(&old, who) == times(&new, who))
}

/// Whether what stood in one place stands in another now, and the other way round.
fn crossed(e: &Evidence<'_, '_>) -> bool {
    /// No more places than these are compared with each other.
    const PLACES_MAX: usize = 32;
    let sides = |hunk| e.reading.sides(hunk);
    let first = || e.reading.aligned.hunks.iter().take(PLACES_MAX).map(sides);
    first().any(|(old, new)| {
        let same = said(old).eq(said(new));
        let any = said(old).next().is_some() && said(new).next().is_some();
        any && !same && first().any(|(o, n)| said(o).eq(said(new)) && said(n).eq(said(old)))
    })
}

/// Whether names, or numbers, stand in another order than they did while all words stayed.
fn facts_moved(e: &Evidence<'_, '_>) -> bool {
    /// More words than these that changed places are a passage moved.
    const MOVED_MAX: usize = 8;
    let reading = e.reading;
    let words = reading.aligned.hunks.iter().map(|hunk| hunk.before.len());
    let moved = |classes: &[Class]| {
        let old = of_class(&reading.before, classes);
        let new = of_class(&reading.after, classes);
        // Of equally many, for a name in small letters is none any more.
        old.len() == new.len() && old != new
    };
    e.removed.is_empty()
        && e.added.is_empty()
        && words.fold(0, usize::saturating_add) <= MOVED_MAX
        // `EUR 20` is `20 EUR`: names among names, numbers among numbers.
        && (moved(&[Class::Name]) || moved(&[Class::Number, Class::NumberWord]))
}

/// Whether all from the first change to the last is a list of names, a word each: its order says
/// nothing. `Anna, Ben pays` is none: the last of a list stands behind an `and`.
pub(super) fn is_listed(e: &Evidence<'_, '_>) -> bool {
    let hunks = &e.reading.aligned.hunks;
    let (Some(first), Some(last)) = (hunks.first(), hunks.last()) else {
        return false;
    };
    let words = &e.reading.before;
    let named = |word: &Word<'_>| matches!(word.class, Class::Name | Class::Date);
    let joins = |word: &Word<'_>| matches!(word.fold.as_str(), "and" | "or" | "&");
    let tells_order = |word: &Word<'_>| {
        matches!(
            word.fold.as_str(),
            "former" | "latter" | "order" | "respectively"
        )
    };
    let outside = |at: Option<usize>| at.and_then(|at| words.get(at)).is_some_and(named);
    // Up to the last name, which may stand behind what changed.
    let end = match words.get(last.before.end) {
        Some(word) if joins(word) => last.before.end.saturating_add(2),
        _ => last.before.end,
    };
    let start = first.before.start;
    let Some(list) = words.get(start..end) else {
        return false;
    };
    let apart = list
        .iter()
        .zip(list.iter().skip(1))
        .all(|(a, b)| named(a) != named(b));
    let ends = list.iter().rev().nth(1).is_some_and(joins) && list.first().is_some_and(named);
    let inner = list
        .iter()
        .rev()
        .skip(2)
        .all(|word| named(word) || word.text == ",");
    apart
        && ends
        && inner
        && !outside(start.checked_sub(1))
        && !outside(Some(end))
        && !words.iter().any(tells_order)
}

/// Whether the active became the passive, or the other way round, and nothing else: who does it is said
/// with `by`.
fn is_voice(e: &Evidence<'_, '_>) -> bool {
    let side = |ones: &[Moved<'_, '_>], others: &[Moved<'_, '_>]| {
        let (mut by, mut be, mut rest) = (false, false, true);
        for moved in ones {
            let fold = &moved.word.fold;
            match (fold.as_str(), base_of(fold)) {
                ("by", _) => by = true,
                (_, "be" | "have") => be = true,
                _ => {
                    rest &= others
                        .iter()
                        .any(|other| stem(&other.word.fold) == stem(fold))
                }
            }
        }
        (by && be, rest)
    };
    /// More changed words than these are more than a sentence turned.
    const WORDS_MAX: usize = 8;
    let few = e.removed.len().saturating_add(e.added.len()) <= WORDS_MAX;
    let ((was, only), (is, alone)) = (side(&e.removed, &e.added), side(&e.added, &e.removed));
    few && was != is && only && alone
}

/// Whether nothing but the voice changed: who did it before does it still. `The bank rejected the payment`,
/// `the payment was rejected by the bank`; not `the bank was rejected by the payment`.
pub(super) fn is_revoiced(e: &Evidence<'_, '_>) -> bool {
    is_voice(e) && roles_kept(e) == Some(true)
}

/// Whether who does it stood before whom it is done to in the active, as they should; `None` where the words
/// don't tell.
fn roles_kept(e: &Evidence<'_, '_>) -> Option<bool> {
    let reading = e.reading;
    let became = e.added.iter().any(|moved| moved.word.fold == "by");
    let (moved, active, passive) = match became {
        true => (&e.added, &reading.before, &reading.after),
        false => (&e.removed, &reading.after, &reading.before),
    };
    let place = |is: &dyn Fn(&str) -> bool| {
        let word = moved.iter().find(|moved| is(&moved.word.fold))?.word;
        passive.iter().position(|other| std::ptr::eq(other, word))
    };
    let carries = |word: &&Word<'_>| !matches!(word.class, Class::Function | Class::Mark);
    let by = place(&|fold| fold == "by")?;
    let be = place(&|fold| matches!(base_of(fold), "be" | "have"))?;
    let doer = passive
        .iter()
        .skip(by)
        .find(|word| word.fold != "by" && carries(word))?;
    let done_to = passive.get(..be)?.iter().rev().find(carries)?;
    let stands = |word: &Word<'_>| active.iter().position(|other| other.said() == word.said());
    Some(stands(doer)? < stands(done_to)?)
}

/// The words of some classes in a text, in order.
fn of_class(words: &[Word<'_>], classes: &[Class]) -> Vec<String> {
    let found = words.iter().filter(|word| classes.contains(&word.class));
    found.map(|word| key(word).to_owned()).collect()
}

/// The words of meaning among some, and those that say whose or who.
fn said<'w>(words: &'w [Word<'_>]) -> impl Iterator<Item = &'w str> {
    let said = |word: &&Word<'_>| match word.class {
        Class::Mark => false,
        Class::Function => PRONOUN.has(&word.fold),
        _ => true,
    };
    words.iter().filter(said).map(Word::said)
}

/// The first number that came below zero, or above, and stayed otherwise; before and after.
fn sign_changed(e: &Evidence<'_, '_>) -> Option<(String, String)> {
    let reading = e.reading;
    let old = negatives(&reading.aligned.before, &reading.before);
    let new = negatives(&reading.aligned.after, &reading.after);
    let turned = |ones: &[String], others: &[String], words: &[Word<'_>]| {
        let numbers = words.iter().filter(|word| word.class == Class::Number);
        let worths: Vec<String> = numbers.map(|word| worth(&word.fold)).collect();
        let (others, there) = (Bag::of(others), Bag::of(&worths));
        let mut gone = ones.iter().filter(|one| !others.has(one));
        gone.find(|one| there.has(one)).cloned()
    };
    let signed = |number: &String| format!("-{number}");
    match turned(&old, &new, &reading.after) {
        Some(number) => Some((signed(&number), number)),
        None => {
            let number = turned(&new, &old, &reading.before)?;
            Some((number.clone(), signed(&number)))
        }
    }
}
