//! When has a category lost its level? Causes come by themselves and need nobody's consent. It must
//! not raise anything, nor say what reviewers think: it sees labels of released drafts only.
//!
//! | cause | falls to |
//! | --- | --- |
//! | a harmful release of high stakes | level 1, at once |
//! | the failure rate rose (points, below) | one level down |
//! | the messages are no longer those it learnt on | one level down |
//! | too few labels to say anything | one level down |
//!
//! **Points** are a Bernoulli CUSUM (Reynolds & Stoumbos 1999): a failure among the looked-at
//! releases adds 16, a good one takes 1 off, never below 0, and at 60 the level is lost. The
//! likelihood ratio of a failure rate of 10 % against 2 % has the ratio 1.609 : 0.085, about 19 : 1;
//! 16 and 60 were chosen by the exact Markov chain of these integers: at a rate of 2 % the level is
//! lost within 1,040 looked-at drafts (20 a week for a year) with probability 0.040, after a rise
//! to 10 % the median is 62.
//!
//! **Weights.** A draft that was looked at with a higher probability than others of its category
//! stands for fewer releases: its points are multiplied by usual / own probability, at most 1. The
//! exponential of the points is convex, so a multiple below 1 never loosens the bound on false
//! alarms, and looking harder where risk is suspected does not punish a category. A rate raised for
//! all drafts alike is the usual one.
//!
//! **Versions.** A version that was declared as good as another counts the looks at that one's releases, too. What they
//! find wrong is watched for both; what they find right calms no alarm of its own: of two versions side by side the
//! frequent one would hide the other. So where others count, its own releases have points by themselves as well, and
//! the level is lost by whichever are more.
//!
//! **Decay.** Labels older than 13 weeks are forgotten. With fewer than 29 in that time even a
//! spotless record can't say, at 95 %, that nine of ten are right (0.9^29 = 0.047): the level is
//! lost. The first 13 weeks at a level are spared, for the record that earned it still speaks.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "integers kept small by the constants of this file"
)]

use super::ready::WeekOfLabels;
use super::{Counts, Label, WEIGHT_ONE};
use crate::binomial::{
    Interval, Z_TWO_SIDED_95, clopper_pearson_lower, clopper_pearson_upper, wilson_of_share,
};
use crate::day::monday_of;
use crate::level::Level;
use crate::order;
use crate::ratio::Ratio;
use serde::{Deserialize, Serialize};

/// Thousandths of a point that a failure adds.
pub const FAILURE_POINTS: u64 = 16_000;
/// Thousandths of a point that a good release takes off.
pub const GOOD_POINTS: u64 = 1_000;
/// Thousandths of a point at which the level is lost.
pub const POINTS_MAX: u64 = 60_000;
/// Weeks after which a label is forgotten.
pub const WEEKS_KEPT: usize = 13;
/// Labels in that time below which the level is lost: the least n with 0.9^n < 0.05.
pub const LABELS_MIN: u32 = 29;
/// Labels in that time to aim at: the least n with 0.95^n < 0.05, so that a spotless record says
/// what promotion asked for.
pub const LABELS_WANTED: u32 = 59;
/// The sampling probability of a version that is new, at least.
pub const NEW_VERSION_SAMPLING: Ratio = Ratio::from_ppm(500_000);
/// How sure a shift of the messages must be, on either side.
const DRIFT_ERROR: f64 = 0.001;

/// What is remembered of a category that releases drafts. Stored as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Watch {
    /// Thousandths of a point, 0 to 60,000 and above once the level is lost.
    pub points: u64,
    /// The same by its own releases alone, where these differ since others counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_points: Option<u64>,
    /// Local day on which the level began.
    pub since_day: i32,
    /// Labels of the last 13 weeks, oldest first.
    pub weeks: Vec<WeekOfLabels>,
}

/// A look at a draft that had been released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Look {
    /// What was seen.
    pub label: Label,
    /// The probability with which this draft was to be looked at.
    pub sampling: Ratio,
    /// The lowest probability that any released draft of the category had at that time.
    pub usual: Ratio,
    /// Whether it moved money, changed a record that can't be put back, or decided on a person.
    pub high_stakes: bool,
    /// The local day of the look.
    pub day: i32,
}

impl Look {
    /// Thousandths of a point after it.
    fn moves(&self, points: u64) -> u64 {
        let share = relative_weight(self.sampling, self.usual);
        match self.label.acceptable() {
            true => points.saturating_sub(GOOD_POINTS * share / 1_000),
            false => points.saturating_add(FAILURE_POINTS * share / 1_000),
        }
    }
}

/// How the messages of a category changed, as memory counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Drift {
    /// Messages of the last two weeks.
    pub messages: u32,
    /// Of these, novel.
    pub novel: u32,
    /// Messages of the time in which the level was earned.
    pub usual_messages: u32,
    /// Of these, novel.
    pub usual_novel: u32,
}

/// Why a level is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cause {
    /// A release of high stakes was harmful.
    HarmfulHighStakes,
    /// Failures came faster than the level allows.
    FailureRate {
        /// Thousandths of a point reached.
        points: u64,
        /// Thousandths of a point allowed.
        points_max: u64,
    },
    /// The share of novel messages is surely higher than it was, and at least twice as high.
    Drift(Drift),
    /// Too few releases were looked at in the last 13 weeks.
    TooFewLabels {
        /// There were.
        have: u32,
        /// There must be.
        need: u32,
    },
}

impl Cause {
    /// The level that is left of `level`.
    pub fn level_after(self, level: Level) -> Level {
        match (self, level) {
            (Self::HarmfulHighStakes, _) => Level::ReviewEverything,
            (_, Level::MonitorAndCorrect) => Level::ReviewEdgeCases,
            (_, Level::ReviewEdgeCases | Level::ReviewEverything) => Level::ReviewEverything,
        }
    }

    /// Its stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::HarmfulHighStakes => "harmful_high_stakes",
            Self::FailureRate { .. } => "failure_rate",
            Self::Drift(_) => "drift",
            Self::TooFewLabels { .. } => "too_few_labels",
        }
    }
}

impl Watch {
    /// A watch over a level that begins on a local day.
    pub fn begin(day: i32) -> Self {
        Self {
            since_day: day,
            ..Self::default()
        }
    }

    /// Counts one look; the cause, when the level is lost by it.
    pub fn look(&mut self, look: &Look) -> Option<Cause> {
        self.moved(look, self.own_points.map(|points| look.moves(points)))
    }

    /// The same of a release of another version, which this one was declared as good as.
    pub fn look_beside(&mut self, look: &Look) -> Option<Cause> {
        self.moved(look, Some(self.own_points.unwrap_or(self.points)))
    }

    fn moved(&mut self, look: &Look, own_points: Option<u64>) -> Option<Cause> {
        self.count(look.label, look.day);
        self.points = look.moves(self.points);
        self.own_points = own_points.filter(|points| *points != self.points);
        if look.high_stakes && look.label == Label::Harmful {
            return Some(Cause::HarmfulHighStakes);
        }
        let points = self.highest();
        (points >= POINTS_MAX).then_some(Cause::FailureRate {
            points,
            points_max: POINTS_MAX,
        })
    }

    /// Thousandths of a point by which the level is lost.
    pub fn highest(&self) -> u64 {
        self.points.max(self.own_points.unwrap_or(0))
    }

    /// Takes over the points of another watch, where these are more.
    pub fn alarm_like(&mut self, other: &Self) {
        let own_points = self.highest().max(other.highest());
        self.points = self.points.max(other.points);
        self.own_points = Some(own_points).filter(|points| *points != self.points);
    }

    /// Takes back a good look of a local day, where it is still remembered: not from before this watch
    /// began. Its point stays off: there may have been none to take.
    pub fn withdraw(&mut self, day: i32) {
        if day < self.since_day {
            return;
        }
        let monday = monday_of(day);
        if let Some(week) = self.weeks.iter_mut().find(|week| week.monday == monday) {
            week.acceptable = week.acceptable.saturating_sub(1);
        }
    }

    /// What time alone tells on a local day: drift, and labels that did not come.
    pub fn check(&self, day: i32, drift: Option<&Drift>) -> Option<Cause> {
        if let Some(drift) = drift
            && drift.is_sure()
        {
            return Some(Cause::Drift(*drift));
        }
        let quarter = i32::try_from(WEEKS_KEPT * 7).unwrap_or(91);
        let have = self.labels(day);
        let spared = day.saturating_sub(self.since_day) < quarter;
        (!spared && have < LABELS_MIN).then_some(Cause::TooFewLabels {
            have,
            need: LABELS_MIN,
        })
    }

    /// Labels of the last 13 weeks, that of `day` included.
    pub fn labels(&self, day: i32) -> u32 {
        self.kept(day).fold(0, |sum, week| {
            sum.saturating_add(week.acceptable)
                .saturating_add(week.failed)
        })
    }

    /// The lower bound (95 %, one-sided, at this moment only) of the rate of acceptable releases,
    /// from the last 13 weeks; for showing. 0 to 1.
    pub fn lower_bound(&self, day: i32) -> f64 {
        let acceptable = self
            .kept(day)
            .fold(0_u32, |sum, week| sum.saturating_add(week.acceptable));
        clopper_pearson_lower(self.labels(day), acceptable, 0.05)
    }

    fn kept(&self, day: i32) -> impl Iterator<Item = &WeekOfLabels> {
        let weeks = i32::try_from(WEEKS_KEPT).unwrap_or(13);
        let oldest = monday_of(day).saturating_sub(7 * (weeks - 1));
        self.weeks.iter().filter(move |week| week.monday >= oldest)
    }

    /// Remembers labels that another watch over this level saw.
    pub fn remember(&mut self, weeks: &[WeekOfLabels]) {
        self.weeks = by_week(
            std::mem::take(&mut self.weeks),
            weeks,
            |week| week.monday,
            |sum, week| {
                sum.acceptable = sum.acceptable.saturating_add(week.acceptable);
                sum.failed = sum.failed.saturating_add(week.failed);
            },
        );
    }

    fn count(&mut self, label: Label, day: i32) {
        let monday = monday_of(day);
        if self.weeks.last().is_none_or(|week| week.monday < monday) {
            self.weeks.push(WeekOfLabels {
                monday,
                ..WeekOfLabels::default()
            });
        }
        if self.weeks.len() > WEEKS_KEPT {
            self.weeks.remove(0);
        }
        if let Some(week) = self.weeks.last_mut() {
            let count = if label.acceptable() {
                &mut week.acceptable
            } else {
                &mut week.failed
            };
            *count = count.saturating_add(1);
        }
    }
}

/// Weeks of two lists, oldest first: those of one Monday added up, the newest 13 kept.
pub(super) fn by_week<W: Copy>(
    mut weeks: Vec<W>,
    more: &[W],
    monday: impl Fn(&W) -> i32,
    add: impl Fn(&mut W, &W),
) -> Vec<W> {
    for week in more {
        match weeks.iter_mut().find(|known| monday(known) == monday(week)) {
            Some(known) => add(known, week),
            None => weeks.push(*week),
        }
    }
    order::by_key(&mut weeks, &monday);
    weeks.drain(..weeks.len().saturating_sub(WEEKS_KEPT));
    weeks
}

/// usual / own probability in thousandths: 1 to 1,000.
fn relative_weight(sampling: Ratio, usual: Ratio) -> u64 {
    let own = u64::from(sampling.ppm()).max(1);
    (u64::from(usual.ppm()) * 1_000)
        .checked_div(own)
        .unwrap_or(1_000)
        .clamp(1, 1_000)
}

impl Drift {
    /// True when the share of novel messages is surely higher than usual and at least its double:
    /// the exact 99.9 % bounds of both (Clopper & Pearson 1934) lie apart.
    pub fn is_sure(&self) -> bool {
        let (novel, usual) = (self.novel.min(self.messages), self.usual_novel);
        let doubled = u64::from(novel) * u64::from(self.usual_messages.max(1))
            >= 2 * u64::from(usual) * u64::from(self.messages);
        doubled
            && self.messages > 0
            && self.usual_messages > 0
            && clopper_pearson_lower(self.messages, novel, DRIFT_ERROR)
                > clopper_pearson_upper(self.usual_messages, usual, DRIFT_ERROR)
    }
}

/// The least sampling probability with which `releases_per_week` bring the 59 labels a quarter that
/// are aimed at; 1 for a category that releases fewer. Pressure must not go below it.
pub fn sampling_floor(releases_per_week: u32) -> Ratio {
    let releases = u64::from(releases_per_week) * 13;
    let ppm = (u64::from(LABELS_WANTED) * 1_000_000).div_ceil(releases.max(1));
    Ratio::from_ppm(u32::try_from(ppm).unwrap_or(u32::MAX))
}

/// The sampling probability of a category: the policy's `usual`, not below [`sampling_floor`] where
/// the releases of a week are known, and not below one half for a version of the agent that is new
/// (without the 59 labels that are aimed at). A policy that wants no looks gets none, and loses its
/// levels for want of them.
pub fn sampling(usual: Ratio, releases_per_week: Option<u32>, new_version: bool) -> Ratio {
    if usual == Ratio::ZERO {
        return Ratio::ZERO;
    }
    let floor = releases_per_week.map_or(Ratio::ZERO, sampling_floor);
    let raised = match new_version {
        true => NEW_VERSION_SAMPLING,
        false => Ratio::ZERO,
    };
    usual.max(floor).max(raised)
}

/// The share of releases that should not have gone out, weighted by inverse sampling probability
/// (Hajek 1971), with an interval for showing: Wilson's, of as many looks of one weight as these are
/// worth, the square of their weights' sum over the sum of their squares (Kish 1965, *Survey
/// Sampling*). `None` before any look. Counts without squares are taken to be of one weight.
pub fn released_failures(counts: &Counts) -> Option<(f64, Interval)> {
    if counts.sampled_weight == 0 {
        return None;
    }
    let weight = counts.sampled_weight as f64;
    let share = (counts.sampled_failed_weight as f64 / weight).min(1.0);
    let squares = counts.sampled_weight_squares as f64 * WEIGHT_ONE as f64;
    let worth = (weight * weight / squares).min(counts.sampled as f64);
    Some((share, wilson_of_share(worth, share, Z_TWO_SIDED_95)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binomial::wilson;
    use crate::trust::{Ending, Settled};

    const GOOD: Look = Look {
        label: Label::Clean,
        sampling: Ratio::from_ppm(100_000),
        usual: Ratio::from_ppm(100_000),
        high_stakes: false,
        day: 20_458,
    };
    const BAD: Look = Look {
        label: Label::Harmful,
        ..GOOD
    };

    fn check(looks: &[Look], expected: Option<&str>) {
        let mut watch = Watch::begin(GOOD.day);
        let causes: Vec<_> = looks.iter().filter_map(|look| watch.look(look)).collect();
        assert_eq!(
            causes.first().map(|cause| cause.code()),
            expected,
            "{watch:?}"
        );
    }

    #[test]
    fn a_watch_that_began_anew_keeps_its_looks_when_one_before_it_turns() {
        let (monday, wednesday) = (monday_of(GOOD.day), monday_of(GOOD.day) + 2);
        let mut watch = Watch::begin(wednesday);
        watch.look(&Look {
            day: wednesday,
            ..GOOD
        });
        watch.withdraw(monday);
        assert_eq!(watch.labels(wednesday), 1);
        watch.withdraw(wednesday);
        assert_eq!(watch.labels(wednesday), 0);
    }

    #[test]
    fn the_fourth_failure_in_a_row_is_one_too_many() {
        check(&[BAD; 3], None);
        check(&[BAD; 4], Some("failure_rate"));
        check(&[BAD, BAD, BAD, GOOD, BAD], Some("failure_rate"));
        check(&[BAD, BAD, BAD, GOOD, GOOD, GOOD, GOOD, GOOD, BAD], None);
        // Looked at ten times as often as usual, a failure stands for a tenth.
        let often = Look {
            sampling: Ratio::ONE,
            ..BAD
        };
        check(&[often; 37], None);
        check(&[often; 38], Some("failure_rate"));
        // Looked at less often (under pressure), it still adds its full points.
        check(
            &[Look {
                sampling: Ratio::from_ppm(20_000),
                ..BAD
            }; 3],
            None,
        );
    }

    #[test]
    fn high_stakes_fall_to_the_bottom_at_once() {
        check(
            &[Look {
                high_stakes: true,
                ..BAD
            }],
            Some("harmful_high_stakes"),
        );
        check(
            &[Look {
                high_stakes: true,
                label: Label::Substantive,
                ..BAD
            }],
            None,
        );
        let left = Cause::HarmfulHighStakes.level_after(Level::MonitorAndCorrect);
        assert_eq!(left, Level::ReviewEverything);
        let one_down = Cause::TooFewLabels { have: 0, need: 1 };
        assert_eq!(
            one_down.level_after(Level::MonitorAndCorrect),
            Level::ReviewEdgeCases
        );
    }

    #[test]
    fn labels_are_forgotten_after_a_quarter() {
        let mut watch = Watch::begin(GOOD.day);
        for _ in 0..40 {
            assert_eq!(watch.look(&GOOD), None);
        }
        assert_eq!(watch.check(GOOD.day + 90, None), None);
        let lost = watch.check(GOOD.day + 91, None);
        assert_eq!(lost, Some(Cause::TooFewLabels { have: 0, need: 29 }));
        for _ in 0..29 {
            assert_eq!(
                watch.look(&Look {
                    day: GOOD.day + 90,
                    ..GOOD
                }),
                None
            );
        }
        assert_eq!(watch.check(GOOD.day + 91, None), None);
    }

    #[test]
    fn drift_must_be_large_and_sure() {
        let drift = |messages, novel| Drift {
            messages,
            novel,
            usual_messages: 500,
            usual_novel: 25,
        };
        assert!(drift(100, 30).is_sure());
        assert!(!drift(100, 9).is_sure());
        assert!(!drift(10, 3).is_sure());
        assert!(!Drift::default().is_sure());
    }

    #[test]
    fn looks_of_unlike_weight_are_worth_fewer() {
        let looked = |looks: &[(u32, u64, u64)]| {
            let mut counts = Counts::default();
            for (ppm, clean, corrected) in looks {
                for index in 0..clean + corrected {
                    counts.settle(&Settled {
                        ending: if index < *clean {
                            Ending::Confirmed
                        } else {
                            Ending::Corrected
                        },
                        released_at: Some(Ratio::from_ppm(*ppm)),
                        verdict_ms: None,
                    });
                }
            }
            released_failures(&counts).unwrap()
        };
        let alike = looked(&[(50_000, 19, 1)]);
        assert_eq!(alike, (0.05, wilson(20, 1, Z_TWO_SIDED_95)));
        // Twenty drafts that were all looked at, and four of eighty: worth 100^2 / 1,620 = 6.2 looks.
        let (share, interval) = looked(&[(1_000_000, 20, 0), (50_000, 3, 1)]);
        assert_eq!(share, 0.2);
        assert_eq!(
            interval,
            wilson_of_share(10_000.0 / 1_620.0, 0.2, Z_TWO_SIDED_95)
        );
        assert!(interval.lower < 0.05, "one failure is no case against it");
    }

    #[test]
    fn sampling_brings_the_labels_that_are_needed() {
        assert_eq!(sampling_floor(0), Ratio::ONE);
        assert_eq!(sampling_floor(4), Ratio::ONE);
        assert_eq!(sampling_floor(100).ppm(), 45_385);
        let usual = Ratio::from_ppm(20_000);
        assert_eq!(sampling(Ratio::ZERO, Some(10), true), Ratio::ZERO);
        assert_eq!(sampling(usual, None, false), usual);
        assert_eq!(sampling(usual, Some(1_000), true), NEW_VERSION_SAMPLING);
        assert_eq!(sampling(usual, Some(1_000), false), usual);
        assert_eq!(sampling(usual, Some(100), false).ppm(), 45_385);
    }
}
