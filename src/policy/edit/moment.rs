//! Which dates and times of day does a text name? Each in one form, so that `6 May 2026` is
//! `2026-05-06` and `3 pm` is `15:00`. It must not compare texts.

use super::lexicon::{MONTH, MONTH_OR_DAY, in_digits};
use super::number::without_ordinal;
use super::quantity::{Found, Text};
use super::word::Class;

/// What stands behind an hour in other languages, and what of it behind no number of hours.
const HOURS: [&[&str]; 4] = [&["h"], &["hour"], &["hours"], &["uhr"]];
const OF_DAY: [&[&str]; 2] = [&["h"], &["uhr"]];

/// An hour of the day, perhaps.
struct Hour {
    hour: u32,
    minute: Option<u32>,
    /// Whether an `h` stands in it or behind it.
    has_h: bool,
    /// Whether a dot parts hour and minute, as it parts other numbers.
    has_dot: bool,
    /// The place behind it.
    end: usize,
}

impl Text<'_, '_> {
    /// The date or time of day that begins at a place.
    pub(super) fn moment(&self, at: usize) -> Found {
        let begins = self.begins(at);
        begins.then(|| {
            self.date(at)
                .or_else(|| self.hour(at))
                .or_else(|| self.clock(at))
                .or_else(|| self.time(at))
        })?
    }

    /// `6 May 2026`, `May 6th`, `2026-05-06`, `14.07.2026`, `07/14`.
    fn date(&self, at: usize) -> Found {
        let next = at.saturating_add(1);
        let said = |year: u32, month: u32, day: u32, end: usize| {
            let known = (1..=12).contains(&month) && (1..=31).contains(&day);
            known.then(|| (format!("{year}-{month}-{day}"), end))
        };
        let with_year = |month: u32, day: u32, end: usize| {
            let from = self.past_any(end, &[&[","], &["of"], &["de"]]);
            match year(self.fold(from)) {
                Some(year) => said(year, month, day, from.saturating_add(1)),
                None => said(0, month, day, end),
            }
        };
        if let Some(day) = day(self.fold(at)) {
            let from = self.past_any(next, &[&["."], &["of"], &["de"]]);
            if let Some(month) = self.month(from) {
                return with_year(month, day, from.saturating_add(1));
            }
        }
        if let Some(month) = self.month(at) {
            return with_year(month, day(self.fold(next))?, next.saturating_add(1));
        }
        if let Some((day, month, year, end)) = self.dashed(at) {
            return said(year, month, day, end);
        }
        if let Some(year) = year(self.fold(at)) {
            let (month, day) = (next.saturating_add(1), next.saturating_add(3));
            let dashes = self.fold(next) == "-" && self.fold(month.saturating_add(1)) == "-";
            let number = |at| self.fold(at).parse().ok();
            return said(
                year,
                number(month).filter(|_| dashes)?,
                number(day)?,
                day.saturating_add(1),
            );
        }
        let dots = self.fold(at).contains('.');
        let parts = self.fold(at).split(['.', '/']).map(str::parse::<u32>);
        let parts: Vec<u32> = parts.collect::<Result<_, _>>().ok()?;
        let day_first = dots || self.is_foreign;
        // `Am 1.4. um 15 Uhr`.
        let stop = self.past(next, &["."]);
        match *parts.as_slice() {
            [day, month, year] if day_first && year > 1800 => said(year, month, day, next),
            [day, month] if self.is_foreign && !dots => said(0, month, day, next),
            [day, month] if self.is_foreign && stop != next && self.is_day(at) => {
                said(0, month, day, stop)
            }
            [day, month, year] if !dots && day > 12 && year > 1800 => said(year, month, day, next),
            [month, day, year] if !dots && day > 12 && year > 1800 => said(year, month, day, next),
            [month, day] if !dots && day > 12 => said(0, month, day, next),
            _ => None,
        }
    }

    /// Whether a date may stand at a place, by what stands before it.
    fn is_day(&self, at: usize) -> bool {
        matches!(self.before(at), "on" | "until") || MONTH_OR_DAY.has(self.before(at))
    }

    /// `6-5-2026` and, behind a word that tells when, `6-5`: the day, the month, the year and the place behind.
    fn dashed(&self, at: usize) -> Option<(u32, u32, u32, usize)> {
        let part = |step: usize| {
            let at = at.saturating_add(step);
            let dashed = step == 0 || self.before(at) == "-";
            self.fold(at).parse::<u32>().ok().filter(|_| dashed)
        };
        let (day, month) = part(0).zip(part(2)).filter(|_| self.is_foreign)?;
        let year = part(4).filter(|year| *year > 1800);
        let is_when = || self.is_day(at) && self.stands_alone(at.saturating_add(3));
        match year {
            Some(year) => Some((day, month, year, at.saturating_add(5))),
            None => is_when().then_some((day, month, 0, at.saturating_add(3))),
        }
    }

    /// The number of the month that stands at a place.
    fn month(&self, at: usize) -> Option<u32> {
        let word = self.words.get(at)?;
        // `You may 5 times`: such a word is a month only where it has a capital letter.
        let doubtful = matches!(word.fold.as_str(), "may" | "mar" | "march");
        let month = MONTH.right_of(&word.fold)?.parse().ok()?;
        (!doubtful || word.fold != word.text).then_some(month)
    }

    /// `noon`, `half past seven`.
    fn hour(&self, at: usize) -> Found {
        let next = at.saturating_add(1);
        match self.fold(at) {
            "noon" => return said_at(12, 0, next),
            "midnight" => return said_at(0, 0, next),
            _ => {}
        }
        let rows: [(&[&str], u32); 3] = [
            (&["half", "past"], 30),
            (&["quarter", "past"], 15),
            (&["a", "quarter", "past"], 15),
        ];
        let mut ends = rows
            .iter()
            .map(|(words, minute)| (self.past(at, words), *minute));
        let (named, minute) = ends.find(|(end, _)| *end != at)?;
        let hour = in_digits(self.fold(named))
            .unwrap_or(self.fold(named))
            .parse()
            .ok()?;
        let next = named.saturating_add(1);
        match self.half(next) {
            Some((is_pm, end)) => said_at(in_day(hour, is_pm), minute, end),
            None => said_at(hour, minute, next),
        }
    }

    /// `15h`, `9 h 15`, `à 15 heures`, `von 9 bis 17.30 Uhr`, `alle 15`, in other languages than English.
    fn clock(&self, at: usize) -> Found {
        if !self.is_foreign {
            return None;
        }
        let hour = self.figures(at)?;
        let end = self.past_any(hour.end, &HOURS);
        let named = self.past_any(hour.end, &OF_DAY) != hour.end || hour.has_h;
        let on_the_hour = self.is_on_the_hour(at);
        let is_clock = match hour.minute {
            Some(_) if hour.has_dot => named || (on_the_hour && self.stands_alone(hour.end)),
            Some(_) => true,
            None if self.past(hour.end, &["uhr"]) != hour.end => true,
            None if hour.has_h => self.is_at(at),
            None if end != hour.end => on_the_hour,
            None => on_the_hour && self.stands_alone(hour.end),
        };
        let is_clock = is_clock || self.is_range(hour.end);
        let half = self.past_any(end, &[&["and", "half"], &["and", "a", "half"]]);
        let minute = match hour.minute {
            None if half != end => 30,
            minute => minute.unwrap_or(0),
        };
        let end = if hour.minute.is_none() { half } else { end };
        is_clock.then(|| said_at(hour.hour, minute, end))?
    }

    /// The hour and minute that figures name, or a word.
    fn figures(&self, at: usize) -> Option<Hour> {
        let next = at.saturating_add(1);
        let two = |fold: &str| fold.parse::<u32>().ok().filter(|_| fold.len() == 2);
        let fold = in_digits(self.fold(at)).unwrap_or(self.fold(at));
        let mark = fold.find(['h', ':', '.']);
        let (hour, rest) = fold.split_at_checked(mark.unwrap_or(fold.len()))?;
        let has_h = rest.starts_with('h') || (rest.is_empty() && self.fold(next) == "h");
        let found = Hour {
            hour: hour.parse().ok()?,
            minute: None,
            has_h,
            has_dot: rest.starts_with('.'),
            end: next,
        };
        let behind = if rest.is_empty() {
            next.saturating_add(1)
        } else {
            next
        };
        match rest.get(1..).filter(|minute| !minute.is_empty()) {
            Some(minute) => Some(Hour {
                minute: Some(two(minute)?),
                ..found
            }),
            None if has_h => match two(self.fold(behind)) {
                minute @ Some(_) => Some(Hour {
                    minute,
                    end: behind.saturating_add(1),
                    ..found
                }),
                None => Some(found),
            },
            None => Some(found),
        }
    }

    /// Whether a time up to which it lasts stands at a place, with what tells that it is one.
    fn is_range(&self, at: usize) -> bool {
        let joins: [&[&str]; 6] = [&["and"], &["to"], &["-"], &["–"], &["until"], &["at"]];
        let to = self.past_any(at, &joins);
        let other = self.figures(to).filter(|_| to != at);
        other.is_some_and(|other| {
            let named = self.past_any(other.end, &OF_DAY) != other.end || other.has_h;
            named || (other.minute.is_some() && !other.has_dot) || self.is_on_the_hour(to)
        })
    }

    /// Whether the word before a place tells when: `à 15 h`, `a las 15 h`, `de 9h à 17h`.
    fn is_at(&self, at: usize) -> bool {
        const WHEN: [&str; 9] = [
            "after", "and", "before", "between", "from", "of", "since", "to", "until",
        ];
        self.is_on_the_hour(at) || WHEN.contains(&self.before(at))
    }

    /// Whether an hour stands at a place without a word for it: `alle 15`, `a las 15`.
    fn is_on_the_hour(&self, at: usize) -> bool {
        let last = at.saturating_sub(1);
        match self.before(at) {
            "at" | "hours" => true,
            "the" => matches!(self.before(last), "at" | "to"),
            _ => false,
        }
    }

    /// Whether no word stands at a place that the number before it may count.
    fn stands_alone(&self, at: usize) -> bool {
        let word = self.words.get(at);
        word.is_none_or(|word| matches!(word.class, Class::Mark | Class::Function | Class::Date))
    }

    fn before(&self, at: usize) -> &str {
        at.checked_sub(1).map_or("", |at| self.fold(at))
    }

    /// `3 pm`, `15:00`, `9 to 11:30 a.m.`, `15 Uhr`.
    fn time(&self, at: usize) -> Found {
        let fold = self.fold(at);
        let (figures, half) = match fold.find(|c: char| c.is_ascii_alphabetic()) {
            Some(from) => fold.split_at_checked(from)?,
            None => (fold, ""),
        };
        // `0900`, too; without the nought it is any number.
        let short = figures.starts_with('0') && figures.len() == 4;
        let (hour, minute) = match figures.split_once([':', '.']) {
            Some((hour, minute)) if minute.len() == 2 => (hour, minute),
            Some(_) => return None,
            None if short => figures.split_at_checked(2)?,
            None => (figures, "00"),
        };
        let (hour, minute) = (hour.parse::<u32>().ok()?, minute.parse::<u32>().ok()?);
        let next = at.saturating_add(1);
        let (is_pm, end) = match half {
            "" => self
                .half(next)
                .map_or((None, next), |(is_pm, end)| (Some(is_pm), end)),
            "am" => (Some(false), next),
            "pm" => (Some(true), next),
            _ => return None,
        };
        let is_pm = is_pm.or_else(|| self.later_half(hour, next));
        let uhr = self.past(end, &["uhr"]);
        let is_clock = is_pm.is_some() || uhr != end || short || figures.contains(':');
        let in_doubt = is_pm.is_none() && uhr == end && !figures.starts_with('0');
        let hour = is_pm.map_or(hour, |is_pm| in_day(hour, is_pm));
        let (time, end) = is_clock.then(|| said_at(hour, minute, uhr))??;
        // `At 2:30` may be by night or by day.
        let doubt = if in_doubt && (1..=6).contains(&hour) {
            "?"
        } else {
            ""
        };
        Some((time + doubt, end))
    }

    /// Whether an hour that ends at a place is of the afternoon, by the time up to which it goes: the
    /// first of `9 to 11:30 a.m.` and of `9 to 5 pm` is none.
    fn later_half(&self, hour: u32, at: usize) -> Option<bool> {
        let joins: [&[&str]; 4] = [&["to"], &["-"], &["–"], &["until"]];
        let other = self.past_any(at, &joins);
        let named = self.fold(other).split(':').next();
        let other_hour: u32 = named.filter(|_| other != at)?.parse().ok()?;
        let (is_pm, _) = self.half(other.saturating_add(1))?;
        Some(is_pm == (hour % 12 < other_hour % 12))
    }

    /// Whether `am` or `pm` stands at a place, and the place behind it.
    fn half(&self, at: usize) -> Option<(bool, usize)> {
        let rows: [(&[&str], bool); 4] = [
            (&["am"], false),
            (&["pm"], true),
            (&["a", ".", "m"], false),
            (&["p", ".", "m"], true),
        ];
        let mut ends = rows
            .iter()
            .map(|(words, is_pm)| (*is_pm, self.past(at, words)));
        let (is_pm, end) = ends.find(|(_, end)| *end != at)?;
        // The stop of `p.m.` may end a sentence, too.
        let dot = self.past(end, &["."]);
        let goes_on = self
            .words
            .get(dot)
            .is_some_and(|word| word.text == word.fold);
        Some((is_pm, if goes_on { dot } else { end }))
    }
}

/// A time of day and the place behind it, where there is such a time.
fn said_at(hour: u32, minute: u32, end: usize) -> Found {
    (hour <= 24 && minute < 60).then(|| (format!("{hour}:{minute:02}"), end))
}

/// An hour of the morning or afternoon in a day of 24.
fn in_day(hour: u32, is_pm: bool) -> u32 {
    match hour {
        1..=12 => (hour % 12).saturating_add(if is_pm { 12 } else { 0 }),
        _ => hour,
    }
}

/// A day of a month: `6`, `06`, `6th`.
fn day(fold: &str) -> Option<u32> {
    let day = without_ordinal(fold).unwrap_or(fold).parse().ok()?;
    (1..=31).contains(&day).then_some(day)
}

fn year(fold: &str) -> Option<u32> {
    let year = fold.parse().ok().filter(|_| fold.len() == 4)?;
    (1800..2200).contains(&year).then_some(year)
}
