//! When a draft is late, and who is told on the way there. It must not know a time zone: the service
//! says by how much local time differs from UTC, and from when on.
//!
//! | part of the deadline | what follows |
//! | --- | --- |
//! | a half | who answers for the draft is warned |
//! | three quarters | the backup answers for it |
//! | seven eighths | the lead answers for it |
//! | all of it | the agent is told "no answer" (`expire`), or a person does it (`human`) |

use crate::document::OnExpiry;
use crate::guardrail::WeekSpan;
use crate::time::{DAY_MS, MINUTE_MS, Millis};
use serde::{Deserialize, Serialize};

/// Parts of a deadline, in eighths, and the stage that begins there.
const PARTS: [(u64, Stage); 4] = [
    (4, Stage::Warned),
    (6, Stage::Backup),
    (7, Stage::Lead),
    (8, Stage::Late),
];
/// 1 January 1970 was a Thursday.
const EPOCH_WEEKDAY: u64 = 3;
/// Spans of work and rest looked at: a year of days, each with a dozen changes.
const SPANS_MAX: u32 = 400 * 12;

/// How far a draft has come on the way to being late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// There is time.
    Waiting,
    /// Half of it is over.
    Warned,
    /// The backup answers for it.
    Backup,
    /// The lead answers for it.
    Lead,
    /// It is late.
    Late,
}

/// The deadline of one draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Deadline {
    /// Half of it is over.
    pub warn_at: Millis,
    /// Three quarters are.
    pub backup_at: Millis,
    /// Seven eighths are.
    pub lead_at: Millis,
    /// All of it is.
    pub late_at: Millis,
    /// What then becomes of the draft.
    pub on_late: OnExpiry,
    /// How far it has come.
    pub stage: Stage,
}

/// The hours that count.
#[derive(Clone, Copy, Debug)]
pub enum Hours<'a> {
    /// All of them.
    All,
    /// Those of the local week.
    Working {
        /// The spans; none means all hours.
        week: &'a [WeekSpan],
        /// What local time is, in order of time.
        zone: &'a [Offset],
    },
}

/// By how much local time is ahead of UTC, from an instant on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset {
    /// From then on.
    pub from: Millis,
    /// Minutes; negative west of Greenwich.
    pub minutes: i64,
}

impl Deadline {
    /// The deadline of a draft that came at `from` and has `seconds` of the hours that count.
    pub fn new(from: Millis, seconds: u32, on_late: OnExpiry, hours: Hours<'_>) -> Self {
        let all_ms = u64::from(seconds).saturating_mul(1_000);
        let [warn_at, backup_at, lead_at, late_at] =
            PARTS.map(|(eighths, _)| hours.after(from, all_ms.saturating_mul(eighths) / 8));
        Self {
            warn_at,
            backup_at,
            lead_at,
            late_at,
            on_late,
            stage: Stage::Waiting,
        }
    }

    /// The next stage and when it begins; `None` once it is late.
    pub fn next(&self) -> Option<(Millis, Stage)> {
        let times = [self.warn_at, self.backup_at, self.lead_at, self.late_at];
        times
            .into_iter()
            .zip(PARTS.map(|(_, stage)| stage))
            .find(|(_, stage)| *stage > self.stage)
    }
}

/// How far ahead the offsets of a zone have to be known for a deadline of so many seconds of working
/// hours: a week and, of a tenant that works a tenth of the week, the deadline; at most a year.
pub fn horizon_ms(seconds: u32) -> u64 {
    let worked = u64::from(seconds).saturating_mul(10_000);
    worked.saturating_add(7 * DAY_MS).min(366 * DAY_MS)
}

impl Hours<'_> {
    /// The instant at which `worked_ms` of the hours that count have passed since `from`. Where the
    /// spans never come to that, all hours count.
    pub fn after(self, from: Millis, worked_ms: u64) -> Millis {
        let Self::Working { week, zone } = self else {
            return from.plus(worked_ms);
        };
        let mut at = from;
        let mut left = worked_ms;
        for _ in 0..SPANS_MAX {
            let (working, until) = span_at(week, zone, at);
            let length = until.since(at);
            if working && left <= length {
                return at.plus(left);
            }
            left = left.saturating_sub(if working { length } else { 0 });
            at = until;
        }
        from.plus(worked_ms)
    }
}

/// Whether `at` counts, and until when that is so.
fn span_at(week: &[WeekSpan], zone: &[Offset], at: Millis) -> (bool, Millis) {
    let minutes = zone
        .iter()
        .rfind(|offset| offset.from <= at)
        .map_or(0, |offset| offset.minutes);
    let next_offset = zone
        .iter()
        .map(|offset| offset.from)
        .find(|from| *from > at);
    let shift = minutes.unsigned_abs().saturating_mul(MINUTE_MS);
    let local = match minutes < 0 {
        true => at.0.saturating_sub(shift),
        false => at.0.saturating_add(shift),
    };
    let weekday = (local / DAY_MS).saturating_add(EPOCH_WEEKDAY) % 7;
    let of_day = local % DAY_MS;
    let today = week.iter().filter(|span| {
        (u64::from(span.from_day)..=u64::from(span.to_day)).contains(&weekday.saturating_add(1))
    });
    let bounds = today.map(|span| {
        let ms = |minute: u16| u64::from(minute).saturating_mul(MINUTE_MS);
        (ms(span.from_minute), ms(span.to_minute))
    });
    let mut working = week.is_empty();
    let mut end = DAY_MS;
    for (from, to) in bounds {
        if (from..to).contains(&of_day) {
            end = if working { end.max(to) } else { to };
            working = true;
        } else if from > of_day && !working {
            end = end.min(from);
        }
    }
    let until = at.plus(end.saturating_sub(of_day));
    (working, next_offset.map_or(until, |next| next.min(until)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Monday to Friday, 9 to 17.
    const OFFICE: [WeekSpan; 1] = [WeekSpan {
        from_day: 1,
        to_day: 5,
        from_minute: 540,
        to_minute: 1020,
    }];

    fn at(text: &str) -> Millis {
        Millis::from_rfc3339(text).unwrap()
    }

    fn check(zone: &[Offset], from: &str, hours: u64, expected: &str) {
        let working = Hours::Working {
            week: &OFFICE,
            zone,
        };
        let end = working.after(at(from), hours.saturating_mul(3_600_000));
        assert_eq!(
            end.to_rfc3339(),
            at(expected).to_rfc3339(),
            "{from} + {hours} h"
        );
    }

    #[test]
    fn only_working_hours_count() {
        let utc = [];
        check(&utc, "2026-11-23T10:00:00Z", 4, "2026-11-23T14:00:00Z");
        check(&utc, "2026-11-23T15:00:00Z", 4, "2026-11-24T11:00:00Z");
        check(&utc, "2026-11-20T16:00:00Z", 2, "2026-11-23T10:00:00Z");
        check(&utc, "2026-11-21T12:00:00Z", 1, "2026-11-23T10:00:00Z");
        check(&utc, "2026-11-23T09:00:00Z", 80, "2026-12-04T17:00:00Z");
    }

    #[test]
    fn the_clock_of_the_zone_counts_and_may_change() {
        let offset = |from: &str, minutes| Offset {
            from: at(from),
            minutes,
        };
        // Berlin left summer time on 25 October 2026 at 01:00 UTC.
        let berlin = [
            offset("2026-10-01T00:00:00Z", 120),
            offset("2026-10-25T01:00:00Z", 60),
        ];
        check(&berlin, "2026-10-23T14:00:00Z", 2, "2026-10-26T09:00:00Z");
        let honolulu = [offset("2026-01-01T00:00:00Z", -600)];
        check(&honolulu, "2026-11-24T02:00:00Z", 2, "2026-11-24T20:00:00Z");
    }

    #[test]
    fn stages_follow_each_other() {
        let mut deadline = Deadline::new(Millis(0), 8, OnExpiry::Expire, Hours::All);
        let mut stages = Vec::new();
        while let Some((at, stage)) = deadline.next() {
            stages.push((at.0, stage));
            deadline.stage = stage;
        }
        let expected = [
            (4_000, Stage::Warned),
            (6_000, Stage::Backup),
            (7_000, Stage::Lead),
            (8_000, Stage::Late),
        ];
        assert_eq!(stages, expected);
    }

    #[test]
    fn a_week_without_hours_counts_all_of_them() {
        let none = Hours::Working {
            week: &[],
            zone: &[],
        };
        assert_eq!(none.after(Millis(5), 7), Millis(12));
    }
}
