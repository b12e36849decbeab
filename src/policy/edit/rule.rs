//! What is settled without weighing. Cosmetic: blank space, quotes, case, the mending of a misspelt
//! word. Substantive: a changed amount, date, order number, name or link; a statement turned around
//! (`turn`). It must leave everything else to the model.

use super::EditKind;
use super::bag::Bag;
use super::evidence::{Evidence, Moved};
use super::lexicon::{
    CONNECTIVE, FILLER, FUNCTION, MODALITY, NEGATION, PROMISE, PRONOUN, QUANTITY, TIME_UNIT, TONE,
    are_opposite, say_the_same,
};
use super::relation::{Speech, speech};
use super::tongue::{Tongue, unaccented};
use super::turn::{Turn, is_listed, is_revoiced};
use super::word::{Class, Word, fold, stem, typing_errors};

/// What the rules find in an edit.
pub(super) struct Findings<'w, 'a> {
    /// Only blank space, case, quotes and contractions differ.
    pub(super) is_form_only: bool,
    /// Misspelt words were mended, or words put that say the same, and nothing else.
    pub(super) is_mended: bool,
    /// Only words and marks that say nothing differ.
    pub(super) is_filled: bool,
    /// Only the order of a list differs, or the active became the passive.
    pub(super) is_turned_round: bool,
    /// The numbers that gave way to others.
    pub(super) numbers: Replaced<'w, 'a>,
    /// The times, days and months that gave way to others.
    pub(super) dates: Replaced<'w, 'a>,
    /// In how many places a name gave way to another.
    pub(super) names: usize,
    /// The links that only the old text has, and those that only the new one has.
    pub(super) links: (Vec<&'a str>, Vec<&'a str>),
    /// How the statement turned.
    pub(super) turn: Turn,
}

impl<'w, 'a> Findings<'w, 'a> {
    pub(super) fn of(e: &Evidence<'w, 'a>) -> Self {
        let (numbers, dates) = facts_replaced(e);
        let (old, new) = (
            links(e.reading.aligned.before_text),
            links(e.reading.aligned.after_text),
        );
        Self {
            is_form_only: is_form_only(e) && same_links(&old, &new),
            is_mended: is_mended(e),
            is_filled: is_filled(e),
            is_turned_round: (e.removed.is_empty() && e.added.is_empty() && is_listed(e))
                || is_revoiced(e),
            numbers,
            dates,
            names: names_replaced(e).len(),
            links: links_apart(old, new),
            turn: Turn::of(e),
        }
    }

    /// The kind, where a rule settles it.
    pub(super) fn settled(&self) -> Option<EditKind> {
        let (gone, come) = &self.links;
        let replaced = !self.numbers.is_empty()
            || !self.dates.is_empty()
            || self.names > 0
            || !(gone.is_empty() || come.is_empty());
        let says_the_same =
            self.is_form_only || self.is_mended || self.is_filled || self.is_turned_round;
        match says_the_same {
            true => Some(EditKind::Cosmetic),
            false => (replaced || self.turn.is_any()).then_some(EditKind::Substantive),
        }
    }
}

/// The places in which something of a sort gave way to another.
pub(super) type Replaced<'w, 'a> = Vec<(Vec<&'w Word<'a>>, Vec<&'w Word<'a>>)>;

/// Whether the texts differ in blank space, case, quotes, contractions and the form of numbers only.
fn is_form_only(e: &Evidence<'_, '_>) -> bool {
    let hunks = &e.reading.aligned.hunks;
    let same = |old: &[Word<'_>], new: &[Word<'_>]| {
        // `dont` is `don't`.
        spoken(old, &spoken_out) == spoken(new, &spoken_out)
            || spoken(old, &bare) == spoken(new, &bare)
            || (e.reading.tongue != Tongue::English
                && !may_be_inflected(old, new)
                && spoken(old, &unmarked) == spoken(new, &unmarked))
    };
    // Change by change, since that is cheaper; where the diff pairs words that don't belong
    // together, as it may when only the case differs, the texts as wholes decide.
    hunks.iter().all(|hunk| {
        let (old, new) = e.reading.sides(hunk);
        same(old, new)
    }) || same(&e.reading.before, &e.reading.after)
}

/// Words as they are spoken, without blank space and quotes.
fn spoken(words: &[Word<'_>], said: &dyn Fn(&Word<'_>) -> String) -> String {
    let mut text = String::new();
    let mut last = None;
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at.saturating_add(1));
        let last_word = at.checked_sub(1).and_then(|at| words.get(at));
        let says_nothing = last_word.is_some_and(|before| {
            stop(before, word) || next.is_some_and(|next| hyphen(before, word, next))
        });
        // `It takes only 5 minutes`, `just 5 minutes`: a matter of tone.
        let is_tone = matches!(word.said(), "only" | "just")
            && next.is_some_and(|next| matches!(next.class, Class::Number | Class::NumberWord));
        if is_quote(word.text) || (word.is_joined && says_nothing) || is_tone {
            continue;
        }
        let worth = word.quantity.as_ref().map(|quantity| &quantity.worth);
        // Once, of all the words of a quantity that are here.
        let again = word.quantity.as_ref().is_some_and(|one| !one.is_first) && last == worth;
        last = worth;
        // `3 day passes` are not `3-day passes`.
        let is_dash =
            word.class == Class::Mark && word.quantity.as_ref().is_some_and(|one| !one.is_date);
        if again && is_dash {
            text.push_str(word.text);
        }
        if again {
            continue;
        }
        let is_of_work =
            word.said() == "working" && next.is_some_and(|next| TIME_UNIT.has(&next.fold));
        let asks_politely =
            word.said() == "could" && next.is_some_and(|next| PRONOUN.has(&next.fold));
        let said = match worth {
            Some(worth) => worth.clone(),
            None if is_of_work => "business".into(),
            None if asks_politely => "can".into(),
            None => said(word),
        };
        // Numbers that only stand closer together are other numbers: `1 5` is not `15`.
        if text.ends_with(|c: char| c.is_numeric()) && said.starts_with(|c: char| c.is_numeric()) {
            text.push(' ');
        }
        text.push_str(&said);
    }
    text
}

/// Whether a mark joins a word to the next one: `e-mail` is `email`. To `re-sign` is not to `resign`.
fn hyphen(before: &Word<'_>, mark: &Word<'_>, next: &Word<'_>) -> bool {
    let is_hyphen = matches!(mark.text, "-" | "‐" | "‑") && mark.quantity.is_none();
    let is_word = matches!(next.class, Class::Content | Class::Function);
    is_hyphen && next.is_joined && is_word && before.fold != "re"
}

/// Whether a mark ends a word of one letter: `U.S.` is `US`.
fn stop(letter: &Word<'_>, mark: &Word<'_>) -> bool {
    let mut letters = letter.text.chars();
    let is_one = letters.next().is_some_and(char::is_alphabetic) && letters.next().is_none();
    is_one && letter.quantity.is_none() && mark.text == "."
}

/// A word with a `not` that forgot its apostrophe.
fn bare(word: &Word<'_>) -> String {
    match word.said().strip_suffix("n't") {
        Some(verb) => format!("{verb}nt"),
        None => word.said().to_owned(),
    }
}

/// Whether one word only was written otherwise, and ends in an accent on one side: `cancelo`, `canceló`.
fn may_be_inflected(old: &[Word<'_>], new: &[Word<'_>]) -> bool {
    let pairs = old
        .iter()
        .zip(new)
        .map(|(a, b)| (fold(a.text), fold(b.text)));
    let mut changed = pairs.filter(|(a, b)| a != b);
    let ends = |word: &str| word.chars().next_back();
    match (changed.next(), changed.next()) {
        (Some((a, b)), None) => ends(&a) != ends(&b),
        _ => false,
    }
}

/// A word of another language whose accents may have been forgotten.
fn unmarked(word: &Word<'_>) -> String {
    unaccented(&fold(word.text))
}

/// A contraction in full, without its space: `don't` is `donot`, `unavailable` is `notavailable`, and `Mon` is
/// `Monday`.
fn spoken_out(word: &Word<'_>) -> String {
    let fold = word.said();
    if word.class == Class::Date {
        return day_or_month(fold);
    }
    if let Some((_, full)) = ALIKE.iter().find(|(short, _)| *short == fold) {
        return (*full).to_owned();
    }
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
    // What is `inflammable` burns: of other prefixes only these deny.
    const DENIED: [&str; 7] = [
        "inaccurate",
        "inactive",
        "incomplete",
        "incorrect",
        "ineligible",
        "invalid",
        "impossible",
    ];
    let not = || {
        let rest = fold.get(2..)?;
        let un = fold.starts_with("un") && speech(rest) == Speech::Adjective;
        (un || DENIED.contains(&fold)).then(|| format!("not{rest}"))
    };
    SHORT
        .iter()
        .find_map(full)
        .or_else(not)
        .unwrap_or_else(|| fold.to_owned())
}

/// Whether each change puts a word for another that says the same, or mends a misspelt one: what stood
/// there is no English word known here, and what stands there now is one, a letter or two away. Names have
/// no spelling to judge by.
fn is_mended(e: &Evidence<'_, '_>) -> bool {
    let is_read = !e.reading.tongue.is_other();
    e.reading.aligned.hunks.iter().all(|hunk| {
        let (old, new) = e.reading.sides(hunk);
        old.len() == new.len()
            && old.iter().zip(new).all(|(a, b)| {
                let mends = is_read && mends(a, b);
                a.said() == b.said() || mends || say_the_same(a.said(), b.said())
            })
    })
}

/// Whether only words and marks came or went that say nothing: `It is on its way!`, `It is now on its way to you.`
fn is_filled(e: &Evidence<'_, '_>) -> bool {
    let reading = e.reading;
    let is_foreign = reading.tongue.is_other();
    let says = |word: &&Word<'_>| match word.class {
        Class::Mark => !matches!(word.text, "." | "!" | "," | ";" | "…"),
        // `Wir rufen Sie an`.
        _ if is_foreign && word.fold == "you" => true,
        _ => !FILLER.has(word.said()),
    };
    let changed = || {
        let sides = reading.aligned.hunks.iter().map(|hunk| reading.sides(hunk));
        sides.flat_map(|(old, new)| old.iter().chain(new))
    };
    // What only changed places may say something else: `from you to us`, `to you from us`.
    let words = changed().filter(|word| word.class != Class::Mark).count();
    words == e.removed.len().saturating_add(e.added.len())
        && changed().all(|word| !says(&word))
        && reading.before.iter().any(|word| says(&word))
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

/// What is said alike, however it is written.
const ALIKE: [(&str, &str); 3] = [("%", "percent"), ("&", "and"), ("okay", "ok")];

/// `Jan` and `January` are one.
fn day_or_month(fold: &str) -> String {
    fold.chars().take(3).collect()
}

fn is_quote(text: &str) -> bool {
    matches!(
        text,
        "\"" | "'" | "“" | "”" | "‘" | "’" | "„" | "«" | "»" | "`" | "´"
    )
}

/// Whether a word belongs to an amount or to another number.
pub(super) fn is_amount(word: &Word<'_>) -> bool {
    word.quantity.as_ref().is_some_and(|one| !one.is_date)
}

/// Whether a word belongs to a time of day or a date, or is a month, a weekday, a day by name.
pub(super) fn is_moment(word: &Word<'_>) -> bool {
    match &word.quantity {
        Some(quantity) => quantity.is_date,
        None => word.class == Class::Date,
    }
}

/// Per hunk, the amounts that gave way to others, and the times and dates; and at last, where one went
/// in one place and another came in a different place, those two lists.
fn facts_replaced<'w, 'a>(e: &Evidence<'w, 'a>) -> (Replaced<'w, 'a>, Replaced<'w, 'a>) {
    let is = |word: &Word<'_>| is_amount(word) || is_moment(word);
    let found = replaced(e, &is, &|word| match &word.quantity {
        Some(quantity) => quantity.worth.clone(),
        None => day_or_month(&word.fold),
    });
    let is_number = |(gone, _): &(Vec<&Word<'_>>, _)| gone.iter().all(|word| is_amount(word));
    found.into_iter().partition(is_number)
}

/// Per hunk, the names that gave way to others in their place. Where the words around them were
/// said anew as well, that is not settled here.
fn names_replaced<'w, 'a>(e: &Evidence<'w, 'a>) -> Replaced<'w, 'a> {
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
    let mut found: Replaced<'w, 'a> = Vec::new();
    for hunk in &e.reading.aligned.hunks {
        let (old, new) = e.reading.sides(hunk);
        // `U.K.` is `UK`, and `EU` the European Union.
        let same = letters(old) == letters(new) || is_short_for(old, new) || is_short_for(new, old);
        if anew(old) || anew(new) || same {
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

fn letters(words: &[Word<'_>]) -> String {
    let words = words.iter().filter(|word| word.class != Class::Mark);
    words.map(|word| word.fold.as_str()).collect()
}

/// Whether the words of one side are the initials of the other's, in the singular or not.
fn is_short_for(short: &[Word<'_>], long: &[Word<'_>]) -> bool {
    let words = long.iter().filter(|word| word.class != Class::Mark);
    let heads = words.filter(|word| word.class != Class::Function);
    let initials: String = heads.filter_map(|word| word.fold.chars().next()).collect();
    let short = letters(short);
    initials.len() > 1
        && short.strip_suffix('s').unwrap_or(&short) == initials.trim_end_matches('s')
}

fn replaced<'w, 'a>(
    e: &Evidence<'w, 'a>,
    is: &dyn Fn(&Word<'_>) -> bool,
    key: &dyn Fn(&Word<'_>) -> String,
) -> Replaced<'w, 'a> {
    let mut found: Replaced<'w, 'a> = Vec::new();
    for hunk in &e.reading.aligned.hunks {
        let (old, new) = e.reading.sides(hunk);
        let only = |side: &'w [Word<'a>]| side.iter().filter(|w| is(w)).collect();
        let (gone, come) = apart(only(old), only(new), key);
        if !gone.is_empty() && !come.is_empty() {
            found.push((gone, come));
        }
    }
    if found.is_empty() {
        let only = |side: &[Moved<'w, 'a>]| {
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

/// Whether two texts have the same links, case aside.
fn same_links(old: &[&str], new: &[&str]) -> bool {
    let mut pairs = old.iter().zip(new);
    old.len() == new.len() && pairs.all(|(a, b)| a.eq_ignore_ascii_case(b))
}

/// The links that only one of two texts has.
fn links_apart<'a>(old: Vec<&'a str>, new: Vec<&'a str>) -> (Vec<&'a str>, Vec<&'a str>) {
    (
        lacking(&new, old.clone(), &old),
        lacking(&old, new.clone(), &new),
    )
}

/// Whether a part is in a text: the standard library's search is a kilobyte for a browser to fetch.
fn holds(text: &str, part: &str) -> bool {
    text.as_bytes()
        .windows(part.len())
        .any(|found| found == part.as_bytes())
}

/// The web and mail addresses of a text.
fn links(text: &str) -> Vec<&str> {
    let edge = |c: char| !c.is_alphanumeric() && c != '/';
    text.split_whitespace()
        .filter(|chunk| ["://", "www.", "@"].iter().any(|part| holds(chunk, part)))
        .map(|chunk| chunk.trim_matches(edge))
        .filter(|chunk| chunk.contains('.'))
        .collect()
}
