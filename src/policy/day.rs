//! Local days, counted from 1970-01-01: which one an instant falls on, its date and its ISO week.
//! It must not know a time zone: the service says the tenant's weekday and minute.

use crate::guardrail::LocalTime;
use crate::time::{MINUTE_MS, Millis};
use chrono::{Datelike, NaiveDate, TimeDelta, Weekday};

const DAY_MINUTES: i64 = 24 * 60;
const WEEK_MINUTES: i64 = 7 * DAY_MINUTES;

/// Minutes by which the tenant's clocks are ahead of UTC at `now`, where they show `local`; negative
/// west of Greenwich. Zones lie within a day of UTC, so that weekday and minute tell it.
pub fn offset_minutes(now: Millis, local: LocalTime) -> i64 {
    // 1970-01-01 was a Thursday, the fourth day of a week from Monday.
    let utc_of_week = utc_minutes(now)
        .saturating_add(3 * DAY_MINUTES)
        .rem_euclid(WEEK_MINUTES);
    let weekday = i64::from(local.weekday.clamp(1, 7)).saturating_sub(1);
    let local_of_week = weekday
        .saturating_mul(DAY_MINUTES)
        .saturating_add(i64::from(local.minute));
    let ahead = local_of_week.saturating_sub(utc_of_week);
    ahead
        .saturating_add(WEEK_MINUTES / 2)
        .rem_euclid(WEEK_MINUTES)
        .saturating_sub(WEEK_MINUTES / 2)
}

/// The local day of `now`, where the tenant's clocks show `local`.
pub fn local_day(now: Millis, local: LocalTime) -> i32 {
    let here = utc_minutes(now).saturating_add(offset_minutes(now, local));
    i32::try_from(here.div_euclid(DAY_MINUTES)).unwrap_or(i32::MAX)
}

fn utc_minutes(now: Millis) -> i64 {
    i64::try_from(now.0 / MINUTE_MS).unwrap_or(0)
}

/// The Monday of a local day's week.
pub fn monday_of(day: i32) -> i32 {
    // Day 0 was a Thursday.
    day.saturating_sub(day.wrapping_add(3).rem_euclid(7))
}

/// ISO 8601, such as `2026-11-22`; empty beyond the calendar's range.
pub fn date(day: i32) -> String {
    calendar(day).map_or(String::new(), |date| date.to_string())
}

/// The ISO 8601 week of a local day, such as `2026-W47`; empty beyond the calendar's range.
pub fn week(day: i32) -> String {
    calendar(day).map_or(String::new(), |date| {
        let week = date.iso_week();
        format!("{:04}-W{:02}", week.year(), week.week())
    })
}

/// The Monday of an ISO 8601 week such as `2026-W47`; `None` for any other text.
pub fn monday_of_week(text: &str) -> Option<i32> {
    let (year, number) = text.split_once("-W")?;
    if year.len() != 4 || number.len() != 2 {
        return None;
    }
    let monday =
        NaiveDate::from_isoywd_opt(year.parse().ok()?, number.parse().ok()?, Weekday::Mon)?;
    let days = monday
        .signed_duration_since(NaiveDate::default())
        .num_days();
    i32::try_from(days).ok()
}

/// `NaiveDate::default()` is 1970-01-01.
fn calendar(day: i32) -> Option<NaiveDate> {
    NaiveDate::default().checked_add_signed(TimeDelta::days(i64::from(day)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(now: &str, weekday: u8, minute: u16, expected: &str) {
        let now = Millis::from_rfc3339(now).unwrap();
        let day = local_day(now, LocalTime { weekday, minute });
        assert_eq!(date(day), expected);
    }

    #[test]
    fn the_clock_on_the_wall_tells_the_day() {
        check("2026-11-22T10:42:00Z", 7, 642, "2026-11-22");
        // Kiritimati is 14 hours ahead, Baker Island 12 behind.
        check("2026-11-22T10:42:00Z", 1, 42, "2026-11-23");
        check("2026-11-22T10:42:00Z", 6, 1_362, "2026-11-21");
        check("2026-11-22T23:30:00Z", 1, 30, "2026-11-23");
        check("2026-11-23T00:10:00Z", 7, 1_150, "2026-11-22");
    }

    #[test]
    fn weeks_are_those_of_iso_8601() {
        for (day, expected) in [
            (20_777, "2026-W47"),
            (20_454, "2026-W01"),
            (20_819, "2026-W53"),
        ] {
            assert_eq!(week(day), expected, "{}", date(day));
            assert_eq!(monday_of_week(expected), Some(monday_of(day)));
        }
        for bad in ["2026-47", "2026-W54", "26-W01", "2026-W1", ""] {
            assert_eq!(monday_of_week(bad), None, "{bad}");
        }
    }
}
