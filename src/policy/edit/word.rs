//! What kind of word is this, and which words are one and the same? It looks at one word and what
//! stands before it; it must not compare texts.

use super::case;
use super::lexicon::{FUNCTION, MONTH_OR_DAY, NUMBER_WORD, TITLE};
use super::quantity::{self, Quantity};
use super::tongue::Tongue;
use crate::diff::token::Token;

/// What a token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Digits, also within letters as in an order number, and signs of currency.
    Number,
    /// A number in letters.
    NumberWord,
    /// A month, a weekday, a day by name.
    Date,
    /// A capital letter where no sentence begins, or capitals inside.
    Name,
    /// A word that holds the sentence together.
    Function,
    /// Any other word.
    Content,
    /// A comma, a bracket, a dash.
    Mark,
}

/// A token, read.
#[derive(Clone, Debug)]
pub(super) struct Word<'a> {
    /// As it stands in the text.
    pub(super) text: &'a str,
    /// In lower case, with plain apostrophes; the English for a frequent word of another language.
    pub(super) fold: String,
    /// The word itself, where the English for it is less than it says: `hemos` and `han` are both read as `have`.
    pub(super) own: Option<String>,
    /// What it stands for.
    pub(super) class: Class,
    /// Whether it follows what stands before it without blank space.
    pub(super) is_joined: bool,
    /// The amount, time or date that it belongs to.
    pub(super) quantity: Option<Quantity>,
}

impl Word<'_> {
    /// What the word is compared by.
    pub(super) fn said(&self) -> &str {
        self.own.as_deref().unwrap_or(&self.fold)
    }
}

/// The tokens of a text, read in order.
pub(super) fn read<'a>(tokens: &[Token<'a>], tongue: Tongue) -> Vec<Word<'a>> {
    let mut initial = true;
    let mut titled = false;
    let mut words = Vec::with_capacity(tokens.len());
    let mut end = None;
    for token in tokens {
        let is_joined = end.replace(token.end()) == Some(token.start);
        let plain = fold(token.text);
        let (elided, rest) = elision(&plain, tongue);
        let gloss = tongue.in_english(rest, token.text);
        let fold = gloss
            .as_ref()
            .map_or(rest, |gloss| gloss.english)
            .to_owned();
        let own = match elided {
            "" | "l" if gloss.as_ref().is_none_or(|gloss| gloss.is_all) => None,
            "" | "l" => Some(rest.to_owned()),
            _ => Some(plain.clone()),
        };
        // A noun is no name, though a title before it tells one.
        let is_noun = gloss.is_some() || (tongue.has_capital_nouns() && !titled);
        let class = class(token, &fold, initial, is_noun);
        let was_titled = std::mem::replace(&mut titled, TITLE.has(&fold));
        words.push(Word {
            text: token.text,
            fold,
            own,
            class,
            is_joined,
            quantity: None,
        });
        initial = match class {
            Class::Mark => match token.text {
                // `Mr. Smith` begins no sentence.
                "." if was_titled => false,
                "." | "!" | "?" | ":" | ";" | "…" | "•" | "*" | "。" => true,
                "\"" | "'" | "“" | "‘" | "(" | "[" | "-" => initial,
                _ => false,
            },
            _ => false,
        };
    }
    quantity::mark(&mut words, tongue.is_other());
    words
}

/// What was elided before a word, and the word: `d'` and `agence`, `dell'` and `ordine`.
fn elision(plain: &str, tongue: Tongue) -> (&str, &str) {
    match plain.split_once('\'') {
        Some((head, rest)) if tongue.elides() && !tongue.has(plain) => (head, rest),
        _ => ("", plain),
    }
}

/// A token in lower case, with plain apostrophes.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars()
        .map(|c| {
            if c == '\u{2019}' {
                '\''
            } else {
                case::lower(c)
            }
        })
        .collect()
}

fn class(token: &Token<'_>, fold: &str, initial: bool, is_noun: bool) -> Class {
    if !token.is_word() {
        let sign = matches!(token.text, "$" | "€" | "£" | "¥" | "₹" | "%" | "‰");
        return if sign { Class::Number } else { Class::Mark };
    }
    if token.text.chars().any(is_numeral) {
        return Class::Number;
    }
    let capital = token.text.chars().next().is_some_and(case::is_capital);
    let inner = token.text.chars().skip(1).any(case::is_capital);
    let ambiguous = matches!(fold, "may" | "mar" | "march" | "sat" | "sun" | "second");
    // `Monday's` is as much a day.
    let day = fold.strip_suffix("'s").unwrap_or(fold);
    if MONTH_OR_DAY.has(day) && (!ambiguous || (capital && !initial)) {
        Class::Date
    } else if NUMBER_WORD.has(fold) {
        Class::NumberWord
    } else if fold.starts_with("i'") || (FUNCTION.has(fold) && !(inner && fold.len() < 4)) {
        Class::Function
    } else if (capital && !initial && !is_noun) || inner {
        Class::Name
    } else {
        Class::Content
    }
}

/// Digits of any script, fractions, and other signs for a number.
pub(super) fn is_numeral(c: char) -> bool {
    c.is_ascii_digit() || (!c.is_ascii() && c.is_numeric())
}

/// The part of a word that stays when it is inflected.
pub(super) fn stem(fold: &str) -> &str {
    const ENDINGS: [&str; 14] = [
        "ingly", "edly", "ing", "ied", "ies", "est", "ed", "es", "er", "ly", "'s", "s", "e", "y",
    ];
    let stripped = ENDINGS
        .iter()
        .find_map(|ending| fold.strip_suffix(ending).filter(|rest| rest.len() >= 3))
        .unwrap_or(fold);
    let stripped = stripped
        .strip_suffix(['e', 'i'])
        .filter(|s| s.len() >= 3)
        .unwrap_or(stripped);
    let mut ends = stripped.chars().rev();
    match (ends.next(), ends.next()) {
        (Some(a), Some(b)) if a == b && stripped.len() > 3 && a.is_ascii_alphabetic() => {
            stripped.strip_suffix(a).unwrap_or(stripped)
        }
        _ => stripped,
    }
}

/// How many letters must be put in, taken out, changed or swapped with a neighbour to make one
/// word the other; words of more than 32 letters count as wholly different.
pub(super) fn typing_errors(a: &str, b: &str) -> usize {
    const LETTERS_MAX: usize = 32;
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len() > LETTERS_MAX || b.len() > LETTERS_MAX || a.len().abs_diff(b.len()) > 2 {
        return a.len().max(b.len());
    }
    let mut older: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i.saturating_add(1)];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], k: usize| row.get(k).copied().unwrap_or(usize::MAX);
            let changed = at(&last, j).saturating_add(usize::from(x != y));
            let dropped = at(&last, j.saturating_add(1)).saturating_add(1);
            let put = at(&row, j).saturating_add(1);
            let mut best = changed.min(dropped).min(put);
            let swapped = i > 0
                && j > 0
                && a.get(i.saturating_sub(1)) == Some(y)
                && b.get(j.saturating_sub(1)) == Some(x);
            if swapped {
                best = best.min(at(&older, j.saturating_sub(1)).saturating_add(1));
            }
            row.push(best);
        }
        older = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::token::tokens;

    #[test]
    fn classes() {
        let words = tokens("Please ask Anna on Monday about AB12, we may pay $5.");
        let found: Vec<Class> = read(&words, Tongue::English)
            .iter()
            .map(|word| word.class)
            .collect();
        use Class::{Content, Date, Function, Mark, Name, Number};
        let expected = [
            Content, Content, Name, Function, Date, Function, Number, Mark, Function, Function,
            Content, Number, Number, Mark,
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn stems() {
        for (a, b) in [
            ("report", "reports"),
            ("running", "run"),
            ("studies", "study"),
            ("cause", "caused"),
            ("quick", "quickly"),
        ] {
            assert_eq!(stem(a), stem(b), "{a} {b}");
        }
    }

    #[test]
    fn typing_errors_count_swaps_once() {
        assert_eq!(typing_errors("recieve", "receive"), 1);
        assert_eq!(typing_errors("indicats", "indicates"), 1);
        assert_eq!(typing_errors("same", "same"), 0);
        assert_eq!(typing_errors("cat", "house"), 5);
    }
}
