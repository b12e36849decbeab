//! An edit as a row of small numbers, one byte each, for the model. The same functions make the
//! rows that the model was trained on; their order is the model's, so a change here asks for
//! training anew (`bench train-edits`). It must hold counts and shares, never a verdict.

use super::evidence::{Evidence, Moved, folds_in, in_hunk};
use super::lexicon::{
    CLAUSE, CONNECTIVE, FUNCTION, Lexicon, MODALITY, NEGATION, NUMBER_WORD, PROMISE, PRONOUN,
    QUANTITY, RELATION, SPEAKERS, SPOKEN_TO, TIME_UNIT, TIMING, TONE, are_opposite,
};
use super::likeness::likeness;
use super::relation::{Pairs, Relation, Speech, relation, speech};
use super::rule::Findings;
use super::word::{Class, Word, stem, typing_errors};

/// An edit, as the model sees it. Counts stop at 255, shares go from 0 to 255.
#[derive(Default)]
struct Row(Vec<u8>);

impl Row {
    fn count(&mut self, count: usize) {
        self.0.push(u8::try_from(count).unwrap_or(u8::MAX));
    }

    /// A count and how it went from side to side: removed, added, both ways at once.
    fn sides(&mut self, removed: usize, added: usize) {
        self.count(removed);
        self.count(added);
        self.count(removed.min(added));
    }

    fn share(&mut self, part: usize, whole: usize) {
        let share = part.saturating_mul(255).checked_div(whole).unwrap_or(0);
        self.count(share);
    }

    /// A difference, 128 being none.
    fn balance(&mut self, minus: usize, plus: usize) {
        self.count(128_usize.saturating_add(plus).saturating_sub(minus));
    }
}

/// The row of an edit.
pub(super) fn row(
    evidence: &Evidence<'_, '_>,
    found: &Findings<'_, '_>,
    pairs: Pairs<'_>,
) -> Vec<u8> {
    let mut row = Row::default();
    sizes(&mut row, evidence);
    hunks(&mut row, evidence);
    classes(&mut row, evidence);
    lexicons(&mut row, evidence);
    swaps(&mut row, evidence);
    marks(&mut row, evidence);
    places(&mut row, evidence);
    relations(&mut row, evidence, pairs);
    neighbours(&mut row, evidence);
    letters_kept(&mut row, evidence);
    rules(&mut row, found);
    register(&mut row, evidence);
    row.0
}

/// What kind of text it is: how often it speaks to somebody and of those who write, asks, and shortens.
fn register(row: &mut Row, e: &Evidence<'_, '_>) {
    let count =
        |is: &dyn Fn(&Word<'_>) -> bool| e.reading.before.iter().filter(|word| is(word)).count();
    for list in [SPOKEN_TO, SPEAKERS, TONE, NUMBER_WORD] {
        row.count(count(&|word| list.has(&word.fold)));
    }
    row.count(count(&|word| word.text == "?"));
    row.count(count(&|word| word.class == Class::Name));
    row.count(count(&|word| word.fold.contains('\'')));
}

/// What the rules found: one settles the kind, and how far it speaks for a rank is to be weighed.
fn rules(row: &mut Row, found: &Findings<'_, '_>) {
    row.count(found.numbers.len());
    row.count(found.dates.len());
    row.count(found.names);
    for met in [
        found.turn.is_negated,
        found.turn.has_opposite,
        found.turn.is_exchanged,
        found.turn.sign.is_some(),
        found.is_form_only,
        found.is_mended,
    ] {
        row.count(usize::from(met));
    }
}

fn letters(side: &[Moved<'_, '_>]) -> usize {
    side.iter()
        .map(|moved| moved.word.fold.len())
        .fold(0, usize::saturating_add)
}

fn is_content(word: &Word<'_>) -> bool {
    !matches!(word.class, Class::Function | Class::Mark)
}

fn contents(words: &[Word<'_>]) -> usize {
    words.iter().filter(|word| is_content(word)).count()
}

/// How much there is, and how much of it is new or gone.
fn sizes(row: &mut Row, e: &Evidence<'_, '_>) {
    let (before, after) = (contents(&e.reading.before), contents(&e.reading.after));
    row.count(e.reading.before.len());
    row.count(e.reading.after.len());
    row.balance(e.reading.before.len(), e.reading.after.len());
    row.share(
        e.reading.before.len(),
        e.reading.before.len().saturating_add(e.reading.after.len()),
    );
    row.sides(e.removed.len(), e.added.len());
    row.sides(e.lost.len(), e.novel.len());
    row.balance(e.lost.len(), e.novel.len());
    row.share(e.lost.len(), before);
    row.share(e.novel.len(), after);
    row.share(
        e.lost.len().saturating_add(e.novel.len()),
        before.saturating_add(after),
    );
    row.count(letters(&e.lost).checked_div(e.lost.len()).unwrap_or(0));
    row.count(letters(&e.novel).checked_div(e.novel.len()).unwrap_or(0));
    row.share(e.lost.len(), e.removed.len());
    row.share(e.novel.len(), e.added.len());
    let kept = e.reading.aligned.kept.len();
    row.share(kept, e.reading.before.len());
    row.share(kept, e.reading.after.len());
}

/// How the change is spread.
fn hunks(row: &mut Row, e: &Evidence<'_, '_>) {
    let hunks = &e.reading.aligned.hunks;
    let per_hunk = |side: &[Moved<'_, '_>]| {
        (0..hunks.len())
            .map(|at| in_hunk(side, at).len())
            .max()
            .unwrap_or(0)
    };
    row.count(hunks.len());
    row.count(hunks.iter().filter(|hunk| hunk.before.is_empty()).count());
    row.count(hunks.iter().filter(|hunk| hunk.after.is_empty()).count());
    let longest = |inserted: bool| {
        (hunks.iter())
            .filter(|hunk| {
                if inserted {
                    hunk.before.is_empty()
                } else {
                    hunk.after.is_empty()
                }
            })
            .map(|hunk| {
                if inserted {
                    hunk.after.len()
                } else {
                    hunk.before.len()
                }
            })
            .max()
            .unwrap_or(0)
    };
    row.count(longest(true));
    row.count(longest(false));
    row.count(hunks.iter().map(|hunk| hunk.after.len()).max().unwrap_or(0));
    row.count(
        hunks
            .iter()
            .map(|hunk| hunk.before.len())
            .max()
            .unwrap_or(0),
    );
    row.count(per_hunk(&e.novel));
    row.count(per_hunk(&e.lost));
    let gain = (0..hunks.len()).map(|at| {
        let of = |side: &[Moved<'_, '_>]| in_hunk(side, at).len();
        (
            of(&e.novel).saturating_sub(of(&e.lost)),
            of(&e.lost).saturating_sub(of(&e.novel)),
        )
    });
    let (most_gained, most_lost) = gain.fold((0, 0), |most, here| {
        (most.0.max(here.0), most.1.max(here.1))
    });
    row.count(most_gained);
    row.count(most_lost);
}

/// Numbers, dates, names: which came, went or were replaced.
fn classes(row: &mut Row, e: &Evidence<'_, '_>) {
    for class in [
        Class::Number,
        Class::NumberWord,
        Class::Date,
        Class::Name,
        Class::Function,
        Class::Content,
    ] {
        let (removed, added) = e.of_class(class);
        row.sides(removed.len(), added.len());
    }
    let names = |side: &[Moved<'_, '_>]| {
        side.iter()
            .filter(|moved| moved.word.class == Class::Name)
            .count()
    };
    row.sides(names(&e.lost), names(&e.novel));
    row.count(
        e.reading
            .before
            .iter()
            .filter(|word| word.class == Class::Number)
            .count(),
    );
    row.count(
        e.reading
            .before
            .iter()
            .filter(|word| word.class == Class::Name)
            .count(),
    );
}

/// Words of the closed classes.
fn lexicons(row: &mut Row, e: &Evidence<'_, '_>) {
    let lists: [&Lexicon; 11] = [
        &NEGATION,
        &MODALITY,
        &QUANTITY,
        &PROMISE,
        &TONE,
        &CONNECTIVE,
        &RELATION,
        &TIMING,
        &CLAUSE,
        &PRONOUN,
        &TIME_UNIT,
    ];
    for list in lists {
        let of = |side: &[Moved<'_, '_>]| {
            side.iter()
                .filter(|moved| list.has(&moved.word.fold))
                .count()
        };
        row.sides(of(&e.removed), of(&e.added));
    }
}

/// What a removed word became in the same place.
fn swaps(row: &mut Row, e: &Evidence<'_, '_>) {
    let (mut single, mut opposite, mut inflected, mut alike, mut function) = (0, 0, 0, 0, 0);
    let (mut wordy, mut largest) = (0_usize, 0);
    for (at, hunk) in e.reading.aligned.hunks.iter().enumerate() {
        let (removed, added) = (folds_in(&e.removed, at), folds_in(&e.added, at));
        let pairs = || {
            removed
                .iter()
                .flat_map(|a| added.iter().map(move |b| (a, b)))
        };
        let small = removed.len().saturating_mul(added.len()) <= 64;
        let opposed = small && pairs().any(|(a, b)| are_opposite(a, b));
        let bent = small && pairs().any(|(a, b)| stem(a) == stem(b));
        let near = small && pairs().any(|(a, b)| stem(a) != stem(b) && resembles(a, b));
        opposite = add(opposite, opposed);
        inflected = add(inflected, bent);
        alike = add(alike, near);
        single = add(
            single,
            removed.len() == 1 && added.len() == 1 && !bent && !near,
        );
        let words = removed.iter().chain(&added);
        let any = words.clone().next().is_some();
        function = add(
            function,
            any && words.clone().all(|word| FUNCTION.has(word)),
        );
        let content = words.filter(|word| !FUNCTION.has(word)).count();
        wordy = add(wordy, content > 0);
        largest = largest.max(hunk.before.len().min(hunk.after.len()));
    }
    for count in [single, opposite, inflected, alike, function, wordy, largest] {
        row.count(count);
    }
    row.share(wordy, e.reading.aligned.hunks.len());
}

fn add(count: usize, one: bool) -> usize {
    count.saturating_add(usize::from(one))
}

/// Whether one word may be the other, misspelt.
fn resembles(a: &str, b: &str) -> bool {
    let longer = a.len().max(b.len());
    let allowed = if longer >= 7 {
        2
    } else {
        usize::from(longer >= 4)
    };
    allowed > 0 && typing_errors(a, b) <= allowed
}

/// Punctuation.
fn marks(row: &mut Row, e: &Evidence<'_, '_>) {
    let count = |words: &[Word<'_>], marks: &[&str]| {
        words
            .iter()
            .filter(|word| marks.contains(&word.text))
            .count()
    };
    for set in [
        &["."][..],
        &["!", "?"],
        &[","],
        &[";", ":"],
        &["(", ")", "[", "]"],
        &["\"", "“", "”", "'", "’"],
        &["-", "–", "—"],
    ] {
        let (before, after) = (count(&e.reading.before, set), count(&e.reading.after, set));
        row.balance(before, after);
    }
    let only_marks = |words: &[Word<'_>]| words.iter().all(|word| word.class == Class::Mark);
    let hunks = &e.reading.aligned.hunks;
    let marks = hunks
        .iter()
        .filter(|hunk| {
            let (old, new) = e.reading.sides(hunk);
            only_marks(old) && only_marks(new)
        })
        .count();
    row.count(marks);
    row.count(hunks.len().saturating_sub(marks));
}

/// Where in the text the change stands.
fn places(row: &mut Row, e: &Evidence<'_, '_>) {
    let hunks = &e.reading.aligned.hunks;
    let length = e.reading.after.len();
    row.share(hunks.first().map_or(0, |hunk| hunk.after.start), length);
    row.share(hunks.last().map_or(0, |hunk| hunk.after.end), length);
    let tail = hunks
        .last()
        .filter(|hunk| hunk.after.end.saturating_add(2) >= length);
    row.count(tail.map_or(0, |hunk| hunk.after.len().saturating_sub(hunk.before.len())));
    let head = hunks.first().filter(|hunk| hunk.after.start == 0);
    row.count(head.map_or(0, |hunk| hunk.after.len()));
    row.count(head.map_or(0, |hunk| hunk.before.len()));
}

fn slot_of(speech: Speech) -> usize {
    match speech {
        Speech::Noun => 0,
        Speech::Verb => 1,
        Speech::Adjective => 2,
        Speech::Adverb => 3,
        Speech::Unknown => 4,
    }
}

/// No more words of a side than this are asked how they stand to others: counts stop at 255, and
/// with up to 12 partners each, both sides ask 6,144 times at most.
const RELATED_WORDS_MAX: usize = 256;

/// More words in one place than this were not put there one for another.
const PARTNERS_MAX: usize = 12;

/// How the changed words of meaning stand to those they replaced, and what part of speech those
/// are that stand to none.
fn relations(row: &mut Row, e: &Evidence<'_, '_>, pairs: Pairs<'_>) {
    for (side, others) in [(&e.removed, &e.added), (&e.added, &e.removed)] {
        let mut alone = 0_usize;
        let mut related = [0_usize; 5];
        let mut replaced = [0_usize; 5];
        let mut single = [0_usize; 5];
        let mut longest = 0;
        let words = side
            .iter()
            .filter(|moved| moved.word.class == Class::Content);
        for moved in words.take(RELATED_WORDS_MAX) {
            let partners = || {
                let near = in_hunk(others, moved.hunk).iter();
                near.filter(|other| is_content(other.word))
                    .take(PARTNERS_MAX)
            };
            let best = partners()
                .map(|other| relation(&moved.word.fold, &other.word.fold, pairs))
                .max();
            let slot = match best {
                Some(Relation::Synonym) => 1,
                Some(Relation::Opposite) => 2,
                Some(Relation::Inflected) => 3,
                Some(Relation::Near) => 4,
                _ => 0,
            };
            if best.is_none() {
                alone = add(alone, true);
            } else if let Some(count) = related.get_mut(slot) {
                *count = add(*count, true);
            }
            if slot == 1 || slot == 3 {
                continue;
            }
            longest = longest.max(moved.word.fold.len());
            let part = slot_of(speech(&moved.word.fold));
            let counts = if best.is_some() {
                &mut replaced
            } else {
                &mut single
            };
            if let Some(count) = counts.get_mut(part) {
                *count = add(*count, true);
            }
        }
        row.count(alone);
        row.count(longest);
        let known = related.iter().chain(&replaced).chain(&single);
        known.for_each(|count| row.count(*count));
    }
}

/// What stands right before and after the places that changed.
fn neighbours(row: &mut Row, e: &Evidence<'_, '_>) {
    let classes = [
        Class::Number,
        Class::Name,
        Class::Function,
        Class::Content,
        Class::Mark,
    ];
    let hunks = &e.reading.aligned.hunks;
    let before = |at: usize| e.reading.before.get(at.checked_sub(1)?);
    for class in classes {
        let is = |word: Option<&Word<'_>>| word.is_some_and(|word| word.class == class);
        row.count(
            hunks
                .iter()
                .filter(|hunk| is(before(hunk.before.start)))
                .count(),
        );
        row.count(
            hunks
                .iter()
                .filter(|hunk| is(e.reading.before.get(hunk.before.end)))
                .count(),
        );
    }
}

/// How alike in letters the passages are that replaced one another: least, most, on average, and
/// all that changed taken together.
fn letters_kept(row: &mut Row, e: &Evidence<'_, '_>) {
    let hunks = 0..e.reading.aligned.hunks.len();
    let (mut least, mut most, mut all, mut count) = (255, 0, 0_usize, 0_usize);
    for at in hunks {
        let (removed, added) = (in_hunk(&e.removed, at), in_hunk(&e.added, at));
        if removed.is_empty() || added.is_empty() {
            continue;
        }
        let likeness = likeness(removed, added);
        least = least.min(likeness);
        most = most.max(likeness);
        all = all.saturating_add(likeness);
        count = count.saturating_add(1);
    }
    row.count(least);
    row.count(most);
    row.count(all.checked_div(count).unwrap_or(255));
    row.count(likeness(&e.removed, &e.added));
}
