//! Which amounts, times of day and dates does a text name? Each in one form, so that `3 pm` is `15:00`,
//! `two weeks` are `14 days` and `€40` is `40 euros`. It must not compare texts; dates and times of day
//! are in `moment`.

use super::lexicon::{MULTIPLE, UNIT, in_digits};
use super::number::{MICRO, ORDINAL, micros, plain, worth};
use super::word::{Class, Word};

/// The amount, time or date that a word belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Quantity {
    /// In one form; two of equal worth say the same.
    pub(super) worth: String,
    /// A time of day or a date.
    pub(super) is_date: bool,
    /// Whether the word is its first one.
    pub(super) is_first: bool,
}

/// Tells the words of a text which quantity they belong to.
pub(super) fn mark(words: &mut [Word<'_>], is_foreign: bool) {
    let mut at = 0;
    while at < words.len() {
        let text = Text { words, is_foreign };
        let moment = text.moment(at);
        let is_date = moment.is_some();
        let found = moment.or_else(|| text.amount(at));
        let Some((worth, end)) = found.or_else(|| text.other(at)) else {
            at = at.saturating_add(1);
            continue;
        };
        for (place, word) in words.iter_mut().enumerate().take(end).skip(at) {
            word.quantity = Some(Quantity {
                worth: worth.clone(),
                is_date,
                is_first: place == at,
            });
        }
        at = end;
    }
}

/// A quantity's worth, and the place behind it.
pub(super) type Found = Option<(String, usize)>;

/// A text, read from any of its words on.
pub(super) struct Text<'w, 'a> {
    pub(super) words: &'w [Word<'a>],
    /// Whether they are of another language than English.
    pub(super) is_foreign: bool,
}

impl<'w, 'a> Text<'w, 'a> {
    /// A text, read for its words alone.
    pub(super) fn of(words: &'w [Word<'a>]) -> Self {
        let is_foreign = false;
        Self { words, is_foreign }
    }

    pub(super) fn fold(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |word| &word.fold)
    }

    /// The place behind the words that stand at a place; the place itself where others do.
    pub(super) fn past(&self, at: usize, words: &[&str]) -> usize {
        let end = at.saturating_add(words.len());
        let met = (at..end)
            .zip(words)
            .all(|(at, word)| self.fold(at) == *word);
        if met { end } else { at }
    }

    /// The same, for the first of some rows of words that stands there.
    pub(super) fn past_any(&self, at: usize, rows: &[&[&str]]) -> usize {
        let mut ends = rows.iter().map(|words| self.past(at, words));
        ends.find(|end| *end != at).unwrap_or(at)
    }

    /// Whether a quantity may begin at a place, by the sort of word that stands there.
    pub(super) fn begins(&self, at: usize) -> bool {
        self.words.get(at).is_some_and(|word| match word.class {
            Class::Number | Class::NumberWord | Class::Date | Class::Name => true,
            Class::Function => matches!(word.fold.as_str(), "a" | "an"),
            Class::Content | Class::Mark => false,
        })
    }

    /// A number with its unit: `€40`, `two weeks`, `2.4 million`, `half an hour`, `50 %`.
    fn amount(&self, at: usize) -> Found {
        let next = at.saturating_add(1);
        if !self.begins(at) {
            return None;
        }
        if let Some(money) = currency(self.fold(at)) {
            let (value, end) = self.value(next, true)?;
            return Some((format!("{}{money}", plain(value)), end));
        }
        let (value, end, unit) = match self.value(at, false) {
            Some((value, end)) => {
                // `A 5-day trial`.
                let far = self.past(end, &["-"]);
                match UNIT.right_of(self.fold(far)) {
                    Some(unit) => (value, far, Some(unit)),
                    None => (value, end, None),
                }
            }
            None => self.part(at)?,
        };
        let glued = (end == next).then(|| letters(self.fold(at))).flatten();
        let (unit, end) = match glued.and_then(|unit| UNIT.right_of(unit)) {
            Some(unit) => (unit, end),
            None => match unit.filter(|_| !self.is_ordinal(at)) {
                Some(unit) => (unit, end.saturating_add(1)),
                // A number by itself may be a version or a code.
                None if end == next && letters(self.fold(at)).is_none() => return self.other(at),
                None => return Some((plain(value), end)),
            },
        };
        let figures = unit.trim_end_matches(|c: char| !c.is_ascii_digit());
        let base = unit.get(figures.len()..)?;
        let factor = figures.parse::<u64>().unwrap_or(1);
        let half = self.past(end, &["and", "a", "half"]);
        let value = value.checked_add(if half == end { 0 } else { MICRO / 2 })?;
        Some((format!("{}{base}", plain(value.checked_mul(factor)?)), half))
    }

    /// `half an hour`, `a quarter of an hour`, `half of it`, `a week`, in millionths, with the unit.
    fn part(&self, at: usize) -> Option<(u64, usize, Option<&'static str>)> {
        let next = at.saturating_add(1);
        let articles: [&[&str]; 4] = [&["a"], &["an"], &["of", "an"], &["-"]];
        let unit = |at| UNIT.right_of(self.fold(at));
        // Of a unit, or in hundredths of whatever else it is a part of.
        let part_of = |hundredths: u64, last: usize| {
            let to = self.past_any(last.saturating_add(1), &articles);
            let of_unit =
                unit(to).map(|unit| (hundredths.saturating_mul(MICRO / 100), to, Some(unit)));
            of_unit.or(Some((hundredths.saturating_mul(MICRO), last, Some("1%"))))
        };
        match (self.fold(at), self.fold(next)) {
            ("half", _) => part_of(50, at),
            ("a", "quarter") => part_of(25, next),
            // `A second look` is none of time, nor `$18 an hour`.
            ("a" | "an", named) if named != "second" && !self.is_counted(at) => {
                let unit = UNIT
                    .right_of(named)
                    .filter(|unit| unit.ends_with(['s', 'o']))?;
                Some((MICRO, next, Some(unit)))
            }
            _ => None,
        }
    }

    /// `2nd`: the second year is not two years.
    fn is_ordinal(&self, at: usize) -> bool {
        letters(self.fold(at)).is_some_and(|tail| ORDINAL.contains(&tail))
    }

    /// Whether what stands before a place is counted by what stands there, as in `twice a week`.
    fn is_counted(&self, at: usize) -> bool {
        at.checked_sub(1).is_some_and(|at| {
            let before = self.fold(at);
            let counts = self
                .words
                .get(at)
                .is_some_and(|word| word.quantity.is_some());
            counts
                || UNIT.right_of(before).is_some()
                || matches!(before, "once" | "times" | "twice")
        })
    }

    /// A number in millionths, in digits or letters, with what multiplies it.
    fn value(&self, at: usize, is_money: bool) -> Option<(u64, usize)> {
        let word = self.words.get(at)?;
        let mut end = at.saturating_add(1);
        let whole = |fold: &str| in_digits(fold)?.parse::<u64>().ok();
        let times = |fold: &str| MULTIPLE.right_of(fold)?.parse::<u64>().ok();
        let mut value = match word.class {
            Class::Number => {
                let digits = word
                    .fold
                    .trim_end_matches(|c: char| c.is_ascii_alphabetic());
                let tail = letters(&word.fold).unwrap_or_default();
                let multiple = match tail {
                    "" => 1,
                    _ if ORDINAL.contains(&tail) => 1,
                    "m" if is_money => 1_000_000,
                    _ => times(tail).or_else(|| UNIT.right_of(tail).map(|_| 1))?,
                };
                let digits = match self.is_foreign && tail.is_empty() {
                    true => {
                        let (digits, behind) = self.abroad(at, digits)?;
                        end = behind;
                        digits
                    }
                    false => digits.to_owned(),
                };
                micros(&digits)?.checked_mul(multiple)?
            }
            Class::NumberWord => match whole(&word.fold) {
                Some(tens) => {
                    let from = self.past(end, &["-"]);
                    let ones = whole(self.fold(from)).filter(|ones| (1..10).contains(ones));
                    // `Twenty five-dollar vouchers` are not 25.
                    let apart = from == end && self.fold(from.saturating_add(1)) == "-";
                    let ones = ones.filter(|_| tens >= 20 && tens % 10 == 0 && !apart);
                    end = ones.map_or(end, |_| from.saturating_add(1));
                    tens.checked_add(ones.unwrap_or(0))?.checked_mul(MICRO)?
                }
                None => times(&word.fold)?.checked_mul(MICRO)?,
            },
            _ if matches!(word.fold.as_str(), "a" | "an") => {
                times(self.fold(end))?;
                MICRO
            }
            _ => return None,
        };
        while let Some(times) = times(self.fold(end)) {
            value = value.checked_mul(times)?;
            end = end.saturating_add(1);
        }
        let half = self.past(end, &["and", "a", "half"]);
        if half != end {
            value = value.checked_add(MICRO / 2)?;
        }
        Some((value, half))
    }

    /// Digits as they are written in other languages, and the place behind them: `1 234,50 €`, `1.250 kg`, `89,- €`. Spaces
    /// part them only before or behind a unit; `1,250` may be a thousand or hardly more than one.
    fn abroad(&self, at: usize, first: &str) -> Option<(String, usize)> {
        /// So many groups of three digits and the first are a trillion.
        const GROUPS_MAX: usize = 3;
        let is_plain = |fold: &str| fold.bytes().all(|byte| byte.is_ascii_digit());
        let mut end = at.saturating_add(1);
        let mut digits = first.to_owned();
        let mut goes_on = first.len() <= 3 && is_plain(first) && !first.starts_with('0');
        for _ in 0..GROUPS_MAX {
            let next = self.fold(end);
            let (group, part) = next.split_once(',').unwrap_or((next, ""));
            let apart = self.words.get(end).is_some_and(|word| !word.is_joined);
            goes_on &= apart && group.len() == 3 && is_plain(group) && is_plain(part);
            if !goes_on {
                break;
            }
            digits.push_str(next);
            end = end.saturating_add(1);
            goes_on = part.is_empty();
        }
        let unit = |at: usize| UNIT.right_of(self.fold(at)).is_some();
        if end > at.saturating_add(1) && !unit(end) && !at.checked_sub(1).is_some_and(unit) {
            return Some((first.to_owned(), at.saturating_add(1)));
        }
        let end = self.past(end, &[",", "-"]);
        let in_three = |mark: char| {
            let (whole, group) = digits.split_once(mark)?;
            let known = group.len() == 3 && is_plain(whole) && is_plain(group);
            known.then(|| (whole.to_owned(), group.to_owned()))
        };
        match (in_three('.'), in_three(',')) {
            (Some((whole, group)), _) if !whole.starts_with('0') => {
                Some((format!("{whole}{group}"), end))
            }
            (_, Some((whole, _))) if !whole.starts_with('0') => None,
            _ => Some((digits, end)),
        }
    }

    /// A word with digits, or a number in letters, that stands for itself.
    fn other(&self, at: usize) -> Found {
        let word = self.words.get(at)?;
        let counts = matches!(word.class, Class::Number | Class::NumberWord);
        counts.then(|| (worth(&word.fold), at.saturating_add(1)))
    }
}

/// The letters behind the digits of a word.
fn letters(fold: &str) -> Option<&str> {
    let digits = fold.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    fold.get(digits.len()..).filter(|tail| !tail.is_empty())
}

/// The currency that is named before a number.
fn currency(fold: &str) -> Option<&'static str> {
    let named = UNIT.right_of(fold)?;
    let code = named.trim_start_matches('1');
    code.starts_with(|c: char| c.is_ascii_uppercase())
        .then_some(code)
}

#[cfg(test)]
mod tests {
    use super::super::tongue::Tongue;
    use super::super::word::{fold, read};
    use crate::diff::token::tokens;

    fn worths(text: &str) -> Vec<String> {
        let tokens = tokens(text);
        let folds: Vec<String> = tokens.iter().map(|token| fold(token.text)).collect();
        let words = read(&tokens, Tongue::of(&folds));
        let mut found: Vec<String> = (words.iter())
            .filter_map(|word| word.quantity.clone().filter(|one| one.is_first))
            .map(|quantity| quantity.worth)
            .collect();
        found.sort();
        found
    }

    #[test]
    fn what_is_said_alike() {
        for (one, other) in [
            ("at 3 pm", "at 15:00"),
            ("at 3 p.m. today", "at 15:00 today"),
            ("at noon", "at 12:00"),
            ("at half past seven", "at 7:30"),
            ("from 9 to 11:30 a.m.", "from 09:00 to 11:30"),
            ("from 9 to 5 pm", "from 9 am to 5 pm"),
            ("um 15 Uhr", "um 15:00 Uhr"),
            ("on 6 May 2026", "on May 6th, 2026"),
            ("on 6 May 2026", "on 2026-05-06"),
            ("am 6. Mai 2026", "am 06.05.2026"),
            ("by 07/14", "by 14 July"),
            ("two weeks", "14 days"),
            ("a 5-day trial", "a trial of five days"),
            ("an hour and a half", "90 minutes"),
            ("one and a half hours", "1.5 hours"),
            ("a quarter of an hour", "15 minutes"),
            ("half a year", "six months"),
            ("half of it", "50 % of it"),
            ("$18 an hour", "18 dollars per hour"),
            ("€40", "EUR 40"),
            ("$2.4m", "2.4 million dollars"),
            ("5k", "5,000"),
            ("two dozen", "24"),
            ("twenty-five", "25"),
            ("2.5 kg", "2,500 g"),
        ] {
            assert_eq!(worths(one), worths(other), "{one} / {other}");
        }
    }

    #[test]
    fn what_is_said_alike_in_other_languages() {
        for (one, other) in [
            ("Wir öffnen um 8 Uhr.", "Wir öffnen um 8:00 Uhr."),
            (
                "Wir haben von 9 bis 17.30 Uhr geöffnet.",
                "Wir haben von 9:00 bis 17:30 Uhr geöffnet.",
            ),
            ("Das ist in zwei Wochen.", "Das ist in 14 Tagen."),
            (
                "Wir haben den Termin am 1.4. bestätigt.",
                "Wir haben den Termin am 1. April bestätigt.",
            ),
            ("Der Preis ist 89,- Euro.", "Der Preis ist 89,00 €."),
            ("Der Preis ist 1.250 Euro.", "Der Preis ist 1250 €."),
            ("Le départ est à 15h.", "Le départ est à 15 h 00."),
            (
                "Le départ est le 06/05/2026.",
                "Le départ est le 6 mai 2026.",
            ),
            (
                "Votre facture est de 1 234,50 euros.",
                "Votre facture est de 1234,50 €.",
            ),
            (
                "Le lien est valable une demi-heure.",
                "Le lien est valable 30 minutes.",
            ),
            ("Le lien est valable 24h.", "Le lien est valable 24 heures."),
            (
                "L'appuntamento è alle ore 15.",
                "L'appuntamento è alle 15:00.",
            ),
            (
                "Siamo aperti dalle 7 alle 10.",
                "Siamo aperti dalle 7:00 alle 10:00.",
            ),
            ("La reunión es a las 15 h.", "La reunión es a las 15:00."),
            (
                "Wij zijn open van 9 tot 17 uur.",
                "Wij zijn open van 9.00 tot 17.00 uur.",
            ),
            ("Uw afspraak is op 3-11.", "Uw afspraak is op 3 november."),
            (
                "Het bedrag van € 1.250,- is op 6-5-2026 betaald.",
                "Het bedrag van 1250 euro is op 6 mei 2026 betaald.",
            ),
        ] {
            assert_eq!(worths(one), worths(other), "{one} / {other}");
        }
        for (one, other) in [
            ("Le départ est à 15h.", "Le départ est à 16h."),
            (
                "Le départ est le 06/05/2026.",
                "Le départ est le 5 juin 2026.",
            ),
            ("Der Preis ist 1.250 Euro.", "Der Preis ist 1,25 €."),
            ("Wir öffnen um 8 Uhr.", "Wir öffnen um 8:30 Uhr."),
            ("Das dauert 3-5 Tage.", "Das dauert 3-6 Tage."),
        ] {
            assert_ne!(worths(one), worths(other), "{one} / {other}");
        }
    }

    #[test]
    fn what_is_not() {
        for (one, other) in [
            ("at 3 pm", "at 3 am"),
            ("at noon", "at midnight"),
            ("on 6 May 2026", "on 6 June 2026"),
            ("on 06.05.2026", "on 6 May 2027"),
            ("5 days", "5 weeks"),
            ("5 days", "5 business days"),
            ("30 days", "a month"),
            ("$50", "€50"),
            ("$50", "USD 50"),
            ("10.1.2.3", "10.1.2.4"),
            ("odds of 1/20", "odds of 20/1"),
            ("version 3.10", "version 3.1"),
            ("1.250 €", "1,25 €"),
            ("pages 1,2,5", "pages 125"),
            ("the 2nd year", "24 months"),
            ("twenty five-dollar notes", "twenty-five dollar notes"),
            ("11 to 2 pm", "11 pm to 2 pm"),
            ("at 2:30", "at 2:30 am"),
            ("1.65 million", "1.65 billion"),
            ("2,5 kg", "25 kg"),
            ("2.5 kg", "2.5 g"),
            ("pages 1 5", "page 15"),
            ("version 1.2.3", "version 1.2.4"),
        ] {
            assert_ne!(worths(one), worths(other), "{one} / {other}");
        }
        assert!(worths("You may, a second time, march once a day.").is_empty());
    }

    #[test]
    fn what_counts_too_far_stands_for_itself() {
        let far = worths("9 million million million million days");
        assert!(!far.is_empty());
        assert_eq!(worths("4111111111111111 days"), ["4111111111111111"]);
    }
}
