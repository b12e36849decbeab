//! How fast the queue is served, and what that means: for a new draft, for those that wait, and for
//! who decides without reading. It must not promise anything while nobody decides.

use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// Drafts that wait at once: at 5 KB each a quarter of a million fill an eighth of an object's 10 GB.
pub const OPEN_MAX: u32 = 250_000;
/// An agent asks again after this at the soonest, and at the latest.
const RETRY_S: (u32, u32) = (5, 300);
/// Of somebody's verdicts this share may be faster than reading, in millionths: a tenth, since a
/// draft can be known from the list.
const FAST_PPM_MAX: u64 = 100_000;
/// Verdicts before somebody's pace is judged.
const JUDGED_MIN: u32 = 10;

/// What came and went within a span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Flow {
    /// Drafts that came for a person.
    pub arrived: u32,
    /// Drafts that were decided.
    pub decided: u32,
    /// Minutes of the span, at least 1.
    pub minutes: u32,
}

/// Where the queue stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Strain {
    /// Every deadline is kept at this pace.
    Fine,
    /// More comes than is decided, or a deadline will be missed at this pace.
    Growing,
    /// A deadline is missed already.
    Late,
}

/// Seconds that a new draft waits behind `ahead` others at the rate of the last hour; `None` while
/// nobody decides, since then nothing can be promised.
pub fn expected_wait_s(ahead: u32, decided_last_hour: u32) -> Option<u32> {
    let places = u64::from(ahead).saturating_add(1).saturating_mul(3_600);
    let wait = places.checked_div(u64::from(decided_last_hour))?;
    Some(u32::try_from(wait).unwrap_or(u32::MAX))
}

/// Seconds after which it is worth asking for a draft's verdict again: half its expected wait, within
/// bounds; the longest where nothing can be promised.
pub fn retry_after_s(expected_wait_s: Option<u32>) -> u32 {
    let half = expected_wait_s.map_or(RETRY_S.1, |wait| wait.checked_div(2).unwrap_or(0));
    half.clamp(RETRY_S.0, RETRY_S.1)
}

/// Per hour, rounded down.
pub fn per_hour(count: u32, minutes: u32) -> u32 {
    let hourly = u64::from(count).saturating_mul(60);
    let rate = hourly.checked_div(u64::from(minutes.max(1))).unwrap_or(0);
    u32::try_from(rate).unwrap_or(u32::MAX)
}

/// When the first of those that wait misses its deadline at this pace: the `n`th most urgent is
/// decided after `n` verdicts. `dues` are their deadlines, most urgent first; `None` where each is
/// kept, `now` where one is missed already or nobody decides.
pub fn breaks_at(dues: &[Millis], decided_per_hour: u32, now: Millis) -> Option<Millis> {
    let first = *dues.first()?;
    if decided_per_hour == 0 || first <= now {
        return Some(first.max(now));
    }
    (1_u64..).zip(dues).find_map(|(place, due)| {
        let takes = place.saturating_mul(3_600_000);
        let done = now.plus(takes.checked_div(u64::from(decided_per_hour))?);
        (done > *due).then_some(*due)
    })
}

/// When a draft that comes will be late from the day it comes, should more keep coming than is
/// decided: the queue of `ahead` is then longer than what is decided within `deadline_s`. `None` where
/// it doesn't grow so far.
pub fn overflows_at(ahead: u32, flow: Flow, deadline_s: u32, now: Millis) -> Option<Millis> {
    let (arrived, decided) = (u64::from(flow.arrived), u64::from(flow.decided));
    let span_s = u64::from(flow.minutes.max(1)).saturating_mul(60);
    // Drafts that are decided within a deadline, and how many more come than that in a span.
    let room = decided
        .saturating_mul(u64::from(deadline_s))
        .checked_div(span_s)?;
    let ahead = u64::from(ahead);
    if ahead > room {
        return Some(now);
    }
    let growth = arrived.checked_sub(decided).filter(|more| *more > 0)?;
    let left = room.saturating_sub(ahead).saturating_mul(span_s);
    Some(now.plus(left.checked_div(growth)?.saturating_mul(1_000)))
}

/// Milliseconds that a person takes at least: the page wants a draft to have been in view so long.
const PERSON_MS_MIN: u64 = 300;

/// Whether a person can have given a verdict that took so long. A program that decides at once says
/// nothing of how long people take.
pub fn is_a_persons(took_ms: u64) -> bool {
    took_ms >= PERSON_MS_MIN
}

/// The middle of `times`, each with how often it was taken, shortest first: of an even number the lower
/// of the two. `None` without any.
pub fn median(times: &[(u32, u32)]) -> Option<u32> {
    let count: u64 = times.iter().map(|(_, count)| u64::from(*count)).sum();
    let middle = count.checked_add(1)?.checked_div(2).filter(|at| *at > 0)?;
    let mut so_far = 0_u64;
    times.iter().find_map(|(time, count)| {
        so_far = so_far.saturating_add(u64::from(*count));
        (so_far >= middle).then_some(*time)
    })
}

/// The state of the queue in a word.
pub fn strain(breaks_at: Option<Millis>, overflows_at: Option<Millis>, late: u32) -> Strain {
    match (late, breaks_at, overflows_at) {
        (0, None, None) => Strain::Fine,
        (0, _, _) => Strain::Growing,
        _ => Strain::Late,
    }
}

/// Whether somebody approves faster than they can read: of `decided` verdicts, `fast` took less time
/// than reading takes.
pub fn rushes(decided: u32, fast: u32) -> bool {
    let most = u64::from(decided).saturating_mul(FAST_PPM_MAX);
    decided >= JUDGED_MIN && u64::from(fast).saturating_mul(1_000_000) > most
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_000_000_000);
    const HOUR: u64 = 3_600_000;

    #[test]
    fn a_place_in_the_queue_takes_its_share_of_the_hour() {
        assert_eq!(expected_wait_s(0, 60), Some(60));
        assert_eq!(expected_wait_s(9, 60), Some(600));
        assert_eq!(expected_wait_s(9, 0), None);
        assert_eq!(expected_wait_s(u32::MAX, 1), Some(u32::MAX));
    }

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[(7, 1)]), Some(7));
        assert_eq!(median(&[(1, 2), (9, 2)]), Some(1));
        assert_eq!(median(&[(1, 2), (4, 1), (9, 2)]), Some(4));
        assert_eq!(median(&[(1, u32::MAX), (9, 3)]), Some(1));
    }

    #[test]
    fn what_a_program_decides_took_nobody_time() {
        assert!(!is_a_persons(0) && !is_a_persons(299) && is_a_persons(300));
    }

    #[test]
    fn an_agent_asks_again_within_bounds() {
        assert_eq!(retry_after_s(Some(0)), 5);
        assert_eq!(retry_after_s(Some(100)), 50);
        assert_eq!(retry_after_s(Some(100_000)), 300);
        assert_eq!(retry_after_s(None), 300);
    }

    #[test]
    fn the_first_missed_deadline_is_found() {
        let due = |hours: u64| NOW.plus(hours * HOUR);
        // Ten an hour: the tenth is decided after an hour.
        assert_eq!(breaks_at(&[due(1); 10], 10, NOW), None);
        assert_eq!(breaks_at(&[due(1); 11], 10, NOW), Some(due(1)));
        let mut dues = vec![due(1); 5];
        dues.extend(vec![due(2); 16]);
        assert_eq!(breaks_at(&dues, 10, NOW), Some(due(2)));
        assert_eq!(breaks_at(&[due(3)], 0, NOW), Some(due(3)));
        assert_eq!(breaks_at(&[Millis(5)], 10, NOW), Some(NOW));
        assert_eq!(breaks_at(&[], 0, NOW), None);
    }

    #[test]
    fn growth_reaches_the_deadline_sometime() {
        let flow = |arrived, decided| Flow {
            arrived,
            decided,
            minutes: 60,
        };
        // Room for 20 within two hours; two more an hour than are decided.
        assert_eq!(
            overflows_at(10, flow(12, 10), 7_200, NOW),
            Some(NOW.plus(5 * HOUR))
        );
        assert_eq!(overflows_at(10, flow(10, 10), 7_200, NOW), None);
        assert_eq!(overflows_at(21, flow(0, 10), 7_200, NOW), Some(NOW));
        assert_eq!(overflows_at(0, flow(0, 0), 7_200, NOW), None);
        assert_eq!(overflows_at(1, flow(1, 0), 7_200, NOW), Some(NOW));
    }

    #[test]
    fn the_word_follows_the_figures() {
        assert_eq!(strain(None, None, 0), Strain::Fine);
        assert_eq!(strain(Some(NOW), None, 0), Strain::Growing);
        assert_eq!(strain(None, Some(NOW), 0), Strain::Growing);
        assert_eq!(strain(Some(NOW), None, 1), Strain::Late);
        assert_eq!(per_hour(5, 30), 10);
        assert_eq!(per_hour(5, 0), 300);
    }

    #[test]
    fn a_few_fast_verdicts_are_no_rush() {
        assert!(!rushes(9, 9), "too few to tell");
        assert!(!rushes(10, 1));
        assert!(rushes(10, 2));
    }
}
