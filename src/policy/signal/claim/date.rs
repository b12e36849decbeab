//! Days that a text names: dates in figures or with a month's name, and days of the week. It must
//! not know today, so `tomorrow` is no day here.

use crate::signal::vocabulary::Vocabulary;
use crate::signal::words::Words;
use chrono::Datelike;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

const CALENDAR: &str = include_str!("../../lexicons/calendar.txt");

static NAMES: LazyLock<Vocabulary<Option<Name>>> = LazyLock::new(|| {
    let lines = CALENDAR.lines().filter_map(|line| line.split_once(" = "));
    let names = lines.flat_map(|(number, names)| {
        let name = match number.strip_prefix("day") {
            Some(day) => Name::Weekday(day.parse().unwrap_or(0)),
            None => Name::Month(number.parse().unwrap_or(0)),
        };
        let names = names.split_whitespace();
        names.map(move |word| (word, Some(name)))
    });
    Vocabulary::read(names, |name, one| *name = one)
});

#[derive(Clone, Copy)]
enum Name {
    Month(u32),
    Weekday(u32),
}

/// A day, as far as the text tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Date {
    /// Month and day; both readings of `4/5`; empty for a weekday alone.
    days: Vec<(u32, u32)>,
    year: Option<i32>,
    /// 1 is Monday.
    weekday: Option<u32>,
}

impl Date {
    /// Whether it is a day of the week alone.
    pub fn is_weekday(&self) -> bool {
        self.weekday.is_some()
    }
}

/// The days that some texts name.
#[derive(Debug, Default)]
pub(super) struct Calendar {
    /// Month, day, and the year where one was named.
    days: BTreeSet<(u32, u32, Option<i32>)>,
    weekdays: BTreeSet<u32>,
}

impl Calendar {
    /// Takes a day in; a whole date is also a day of the week.
    pub fn add(&mut self, date: &Date) {
        self.weekdays.extend(date.weekday);
        for (month, day) in &date.days {
            self.days.insert((*month, *day, date.year));
            let whole = date
                .year
                .and_then(|year| chrono::NaiveDate::from_ymd_opt(year, *month, *day));
            self.weekdays
                .extend(whole.map(|date| date.weekday().number_from_monday()));
        }
    }

    /// Whether a day is named; a year only counts where both name one.
    pub fn supports(&self, date: &Date) -> bool {
        let weekday = |day: u32| self.weekdays.contains(&day);
        date.weekday.is_some_and(weekday)
            || date.days.iter().any(|(month, day)| match date.year {
                None => {
                    let years = (*month, *day, None)..=(*month, *day, Some(i32::MAX));
                    self.days.range(years).next().is_some()
                }
                year => [None, year]
                    .iter()
                    .any(|year| self.days.contains(&(*month, *day, *year))),
            })
    }
}

/// Every day named, with the words that name it, by where they begin.
pub(super) fn read(words: &Words) -> Vec<(Date, Range<usize>)> {
    let mut dates = Vec::new();
    let mut next = 0;
    for at in 0..words.len() {
        if at < next {
            continue;
        }
        if let Some((date, length)) = date(words, at) {
            next = at.saturating_add(length);
            dates.push((date, at..next));
        }
    }
    dates
}

fn date(words: &Words, at: usize) -> Option<(Date, usize)> {
    let word = |offset: usize| words.get(at.saturating_add(offset));
    let number = |offset: usize| word(offset).and_then(number);
    // Parts of one date stand right beside each other: `20-05-2024`, not `20 or 5 of 2024`.
    let tight = |offset: usize| {
        let here = words.word(at.saturating_add(offset));
        let next = words.word(at.saturating_add(offset).saturating_add(1));
        here.zip(next)
            .is_some_and(|(a, b)| b.at.start == a.at.end.saturating_add(1))
    };
    let front = number(0);
    if let Some(a) = front
        && let (Some(b), Some(c)) = (number(1), number(2))
        && tight(0)
        && tight(1)
    {
        return numeric(a, b, c).map(|date| (date, 3));
    }
    match (name(word(0)?), front) {
        (Some(Name::Weekday(day)), _) => {
            // `sun`, `mon` and `sat` are words of their own.
            let whole = word(0).is_some_and(|word| word.len() > 4);
            whole.then(|| (weekday(day), 1))
        }
        (Some(Name::Month(month)), _) => {
            let (day, _) = number(1).filter(|(day, _)| (1..=31).contains(day))?;
            let year = number(2).and_then(year);
            Some((dated(month, day, year), if year.is_some() { 3 } else { 2 }))
        }
        (None, Some((day, _))) if (1..=31).contains(&day) => {
            let of = usize::from(matches!(word(1), Some("of" | "de" | "del")));
            let Name::Month(month) = name(word(of.saturating_add(1))?)? else {
                return None;
            };
            let year = number(of.saturating_add(2)).and_then(year);
            let length = of.saturating_add(if year.is_some() { 3 } else { 2 });
            Some((dated(month, day, year), length))
        }
        _ => None,
    }
}

fn name(word: &str) -> Option<Name> {
    NAMES.get(word).flatten()
}

fn weekday(day: u32) -> Date {
    Date {
        days: Vec::new(),
        year: None,
        weekday: Some(day),
    }
}

fn dated(month: u32, day: u32, year: Option<i32>) -> Date {
    Date {
        days: vec![(month, day)],
        year,
        weekday: None,
    }
}

/// Three numbers as a date, with the year at either end.
fn numeric(a: (u32, usize), b: (u32, usize), c: (u32, usize)) -> Option<Date> {
    let (year_at, pairs) = if a.1 == 4 {
        (a, vec![(b.0, c.0)])
    } else {
        (c, vec![(a.0, b.0), (b.0, a.0)])
    };
    let year = year(year_at).or_else(|| (year_at.1 == 2).then(|| short_year(year_at.0))?)?;
    let real = |(month, day): &(u32, u32)| (1..=12).contains(month) && (1..=31).contains(day);
    let days: Vec<_> = pairs.into_iter().filter(real).collect();
    (!days.is_empty()).then_some(Date {
        days,
        year: Some(year),
        weekday: None,
    })
}

fn short_year(year: u32) -> Option<i32> {
    i32::try_from(year.saturating_add(2000)).ok()
}

fn year((value, digits): (u32, usize)) -> Option<i32> {
    let year = i32::try_from(value).ok()?;
    (digits == 4 && (1900..=2199).contains(&year)).then_some(year)
}

/// A number and how many digits it has; `3rd` is 3, and so is the `03T10` of a time stamp.
fn number(word: &str) -> Option<(u32, usize)> {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let (front, end) = word.split_at_checked(digits)?;
    let time = |end: &str| {
        end.strip_prefix('t')
            .is_some_and(|hour| hour.parse::<u32>().is_ok())
    };
    let ends = matches!(end, "" | "st" | "nd" | "rd" | "th") || time(end);
    (ends && (1..=4).contains(&digits)).then_some((front.parse().ok()?, digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Option<Date> {
        read(&Words::read(text))
            .into_iter()
            .next()
            .map(|(date, _)| date)
    }

    #[test]
    fn the_same_day_however_written() {
        let mut known = Calendar::default();
        known.add(&one("2024-05-20T10:00").unwrap());
        for text in [
            "May 20",
            "20 May 2024",
            "20. Mai",
            "May 20th, 2024",
            "5/20/2024",
            "20.05.24",
            "Monday",
        ] {
            assert!(known.supports(&one(text).unwrap()), "{text}");
        }
        for text in ["May 21", "20 May 2025", "Tuesday"] {
            assert!(!known.supports(&one(text).unwrap()), "{text}");
        }
        for text in ["tomorrow", "the sun", "12 or 5 items", "may I", "1.2.3"] {
            assert_eq!(one(text), None, "{text}");
        }
    }
}
