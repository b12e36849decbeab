//! When has a category earned its next level? Two rules, and both must hold. It must not raise a
//! level: `propose.rs` asks a lead.
//!
//! **The plain rule** looks at the last 100 labels that count (`evidence.rs`): at least 96 clean,
//! the rest cosmetic; and the record since its start spans at least two weeks, 14 local days with
//! the first and the last included. Ten drafts a day reach it with 140 labels; a busy category
//! can't reach it in an afternoon.
//!
//! **The bound** is a lower bound of the rate of "clean or cosmetic" that holds at all times at
//! once, so that looking every day costs nothing. Against "the rate is at most r", week k of the
//! record (weeks from Monday that have a label) starts a test of its own with the share
//! w(k) = 6 / (pi^2 k^2) of the stake: an e-process E(k), the likelihood ratio of its labels
//! mixed over rates from r to 1 (Robbins 1970; Ramdas et al. 2023, "Game-theoretic statistics").
//! Their sum M = sum of w(k) E(k), with the shares not yet staked held back at 1, is an e-process
//! again; by Ville's inequality it ever reaches 1/0.05 with probability 0.05 at most. The bound is
//! the highest r that M has now refuted; a bad first week binds only the tests it was part of.
//! At any time only labels that came later count, in the order in which they settled.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "float arithmetic, and integers kept small by the constants of this file"
)]

use super::Label;
use crate::binomial::{last_true, ln_at_most, ln_choose};
use crate::day::monday_of;
use serde::{Deserialize, Serialize};

/// The rate of "clean or cosmetic" that must be exceeded.
pub const RATE_REQUIRED: f64 = 0.95;
/// The probability of ever calling a category ready that is not.
pub const ERROR: f64 = 0.05;
/// Labels that the plain rule looks at.
pub const LABELS_REQUIRED: u32 = 100;
/// Of these, the clean ones.
pub const CLEAN_REQUIRED: u32 = 96;
/// Local days from the first label to the last, both included: two weeks.
pub const DAYS_REQUIRED: u32 = 14;
/// Weeks kept: a year. Older tests give up their stake, which errs towards more care.
pub const WEEKS_MAX: usize = 53;
/// Labels of an earlier version that shape the prior at most: a head start of a few days.
pub const PRIOR_MAX: u32 = 100;
/// Spotless drafts that the forecast looks ahead at most.
pub const FORECAST_MAX: u32 = 1_000;

/// 6 / pi^2, the sum of whose k^-2 multiples is 1.
const SHARE_FIRST: f64 = 0.607_927_101_854_026_6;

/// The labels of one week from Monday.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WeekOfLabels {
    /// Local days from 1970-01-01 to its Monday.
    pub monday: i32,
    /// Clean or cosmetic.
    pub acceptable: u32,
    /// Substantive or harmful.
    pub failed: u32,
}

/// What a category, agent and version has to show for its next level. Stored as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Record {
    /// The last 100 labels, oldest first, a letter each.
    pub recent: String,
    /// Labels by week, oldest first; at most 53.
    pub weeks: Vec<WeekOfLabels>,
    /// Tests started so far, those given up included: the number of the newest week.
    pub tests: u32,
    /// Local day of the first label that counts.
    pub first_day: i32,
    /// Local day of the last label.
    pub last_day: i32,
    /// Acceptable labels of an earlier version: they shape what is hoped for, and prove nothing.
    pub prior_acceptable: u32,
    /// Failed labels of an earlier version.
    pub prior_failed: u32,
}

impl Record {
    /// Adds one label on a local day (days since 1970-01-01 in the tenant's zone). Labels come in
    /// the order in which they settle: an earlier day counts as the last one.
    pub fn add(&mut self, label: Label, day: i32) {
        let day = if self.weeks.is_empty() {
            day
        } else {
            day.max(self.last_day)
        };
        if self.recent.is_empty() {
            self.first_day = day;
        }
        self.last_day = day;
        self.recent.push(label.letter());
        if self.recent.len() > LABELS_REQUIRED as usize {
            self.recent.remove(0);
        }
        self.count(WeekOfLabels {
            monday: monday_of(day),
            acceptable: u32::from(label.acceptable()),
            failed: u32::from(!label.acceptable()),
        });
    }

    /// Takes back a label that was added on a local day, where this record still has it; the days that it
    /// spans stay.
    pub fn withdraw(&mut self, label: Label, day: i32) {
        if self.recent.is_empty() || day < self.first_day {
            return;
        }
        let mut weeks = self.weeks.iter_mut();
        let Some(week) = weeks.find(|week| week.monday == monday_of(day)) else {
            return;
        };
        let count = match label.acceptable() {
            true => &mut week.acceptable,
            false => &mut week.failed,
        };
        let Some(fewer) = count.checked_sub(1) else {
            return;
        };
        *count = fewer;
        // Which of them it was isn't known; the oldest is the next to leave.
        if let Some(at) = self.recent.find(label.letter()) {
            self.recent.remove(at);
        }
    }

    /// Adds labels of a week; a week that is over counts as the last one.
    fn count(&mut self, labels: WeekOfLabels) {
        match self.weeks.last_mut() {
            Some(week) if week.monday >= labels.monday => {
                week.acceptable = week.acceptable.saturating_add(labels.acceptable);
                week.failed = week.failed.saturating_add(labels.failed);
            }
            _ => {
                self.weeks.push(labels);
                self.tests = self.tests.saturating_add(1);
            }
        }
        if self.weeks.len() > WEEKS_MAX {
            self.weeks.remove(0);
        }
    }

    /// This record with all labels of a later one after its own, in their weeks.
    #[must_use]
    pub fn followed_by(&self, later: &Self) -> Self {
        let mut all = self.clone();
        later.weeks.iter().for_each(|week| all.count(*week));
        if all.recent.is_empty() {
            all.first_day = later.first_day;
        }
        all.last_day = all.last_day.max(later.last_day);
        let letters = self.recent.chars().chain(later.recent.chars());
        let surplus = letters
            .clone()
            .count()
            .saturating_sub(LABELS_REQUIRED as usize);
        all.recent = letters.skip(surplus).collect();
        all
    }

    /// What is left after a level changed: nothing, and the tests already started
    /// keep their share of the stake, so that earning it again takes longer.
    pub fn restart(&self) -> Self {
        Self {
            tests: self.tests,
            ..Self::default()
        }
    }

    /// What a new version of the agent starts with: nothing, and a prior shaped by this record
    /// (scaled to at most 100 labels). A version that a lead declared equivalent keeps the record.
    pub fn for_new_version(&self) -> Self {
        let (acceptable, failed) = self.totals();
        let total = u64::from(acceptable) + u64::from(failed);
        let scaled = |count: u32| {
            let share = u64::from(count).saturating_mul(u64::from(PRIOR_MAX));
            let scaled = share
                .checked_div(total.max(u64::from(PRIOR_MAX)))
                .unwrap_or(0);
            u32::try_from(scaled).unwrap_or(PRIOR_MAX)
        };
        Self {
            prior_acceptable: scaled(acceptable),
            prior_failed: scaled(failed),
            ..Self::default()
        }
    }

    /// Labels of all kept weeks: acceptable, failed.
    pub fn totals(&self) -> (u32, u32) {
        self.weeks
            .iter()
            .fold((0, 0), |(acceptable, failed), week| {
                (
                    acceptable.saturating_add(week.acceptable),
                    failed.saturating_add(week.failed),
                )
            })
    }

    /// Local days that the record spans, the first and the last included.
    pub fn days(&self) -> u32 {
        if self.recent.is_empty() {
            return 0;
        }
        u32::try_from(self.last_day.saturating_sub(self.first_day))
            .unwrap_or(0)
            .saturating_add(1)
    }

    fn recent_count(&self, label: Label) -> u32 {
        let letters = self
            .recent
            .chars()
            .filter(|letter| *letter == label.letter());
        u32::try_from(letters.count()).unwrap_or(u32::MAX)
    }

    /// The plain rule alone.
    pub fn plain(&self) -> bool {
        let (clean, cosmetic) = (
            self.recent_count(Label::Clean),
            self.recent_count(Label::Cosmetic),
        );
        clean >= CLEAN_REQUIRED
            && clean + cosmetic >= LABELS_REQUIRED
            && self.days() >= DAYS_REQUIRED
    }

    /// Natural logarithm of the combined e-process against "the rate is at most `rate`".
    pub fn ln_evidence(&self, rate: f64) -> f64 {
        let prior = (
            self.prior_acceptable.min(PRIOR_MAX),
            self.prior_failed.min(PRIOR_MAX),
        );
        let kept = u32::try_from(self.weeks.len()).unwrap_or(u32::MAX);
        let oldest = self.tests.saturating_sub(kept);
        // Stakes not yet placed stay at 1; those of tests given up are lost.
        let staked: f64 = (1..=self.tests).map(share).sum();
        let mut parts = vec![libm::log((1.0 - staked).max(0.0))];
        let (mut acceptable, mut failed) = (0_u32, 0_u32);
        for (week, number) in self.weeks.iter().rev().zip((oldest..self.tests).rev()) {
            acceptable = acceptable.saturating_add(week.acceptable);
            failed = failed.saturating_add(week.failed);
            let ln_e = ln_mixture(rate, (acceptable, failed), prior);
            parts.push(libm::log(share(number + 1)) + ln_e);
        }
        ln_sum(&parts)
    }

    /// The highest rate that the record refutes now: "clean or cosmetic" is above it, with at most
    /// 5 % probability that this is ever said wrongly. 0 to 1; 0 says nothing.
    pub fn bound(&self) -> f64 {
        let needed = -libm::log(ERROR);
        last_true(|rate| rate <= 0.0 || self.ln_evidence(rate) >= needed)
    }

    fn bound_above_required(&self) -> bool {
        self.ln_evidence(RATE_REQUIRED) >= -libm::log(ERROR)
    }
}

/// The share of the stake of the `number`-th test, from 1.
fn share(number: u32) -> f64 {
    let k = f64::from(number);
    SHARE_FIRST / (k * k)
}

/// ln of the mean likelihood ratio of (`acceptable`, `failed`) labels over rates from `rate` to 1
/// against `rate` itself, weighted like a beta density with the prior's counts, cut off at `rate`.
/// With an empty prior that is the uniform one. An e-value for any prior fixed beforehand.
pub fn ln_mixture(rate: f64, labels: (u32, u32), prior: (u32, u32)) -> f64 {
    let ln_likelihood =
        f64::from(labels.0) * libm::log(rate) + f64::from(labels.1) * libm::log1p(-rate);
    let posterior = (
        labels.0.saturating_add(prior.0),
        labels.1.saturating_add(prior.1),
    );
    ln_cut_beta(rate, posterior) - ln_cut_beta(rate, prior) - ln_likelihood
}

/// ln of the integral from `rate` to 1 of q^a (1 - q)^b: the beta function times the upper tail,
/// which is a binomial one (Abramowitz & Stegun 26.5.24).
fn ln_cut_beta(rate: f64, (a, b): (u32, u32)) -> f64 {
    let trials = a.saturating_add(b);
    let ln_beta = -ln_choose(trials, a) - libm::log(f64::from(trials) + 1.0);
    ln_beta + ln_at_most(trials.saturating_add(1), a, rate)
}

/// ln of the sum of exponentials, kept in range by the largest.
fn ln_sum(parts: &[f64]) -> f64 {
    let largest = parts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return largest;
    }
    largest + libm::log(parts.iter().map(|part| libm::exp(part - largest)).sum())
}

/// What a category still needs before it is ready.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Missing {
    /// Labels that count.
    Labels {
        /// There are.
        have: u32,
        /// There must be.
        need: u32,
    },
    /// Days between the first label and the last, both included.
    Days {
        /// There are.
        have: u32,
        /// There must be.
        need: u32,
    },
    /// Clean ones among the last 100.
    Clean {
        /// There are.
        have: u32,
        /// There must be.
        need: u32,
    },
    /// Labels among the last 100 that are neither clean nor cosmetic; there must be none.
    Failures {
        /// There are.
        have: u32,
    },
    /// The lower bound of "clean or cosmetic".
    Bound {
        /// It is.
        have: f64,
        /// It must be above.
        need: f64,
    },
}

/// Where a category stands on its way to the next level; what the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Readiness {
    /// Whether both rules hold.
    pub ready: bool,
    /// Labels that the plain rule has: 0 to 100.
    pub labelled: u32,
    /// Of these, clean.
    pub clean: u32,
    /// Of these, cosmetic.
    pub cosmetic: u32,
    /// Of these, substantive or harmful.
    pub failed: u32,
    /// Days that the record spans.
    pub days: u32,
    /// Weeks that bound looks back on.
    pub weeks: u32,
    /// The lower bound of "clean or cosmetic", 0 to 1.
    pub bound: f64,
    /// What is missing, in this order: labels, days, clean, failures, bound.
    pub missing: Vec<Missing>,
    /// Clean drafts without a failure after which both rules would hold but for the days; absent
    /// when that is beyond 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spotless_to_go: Option<u32>,
}

/// Whether both rules hold now. The same answer as [`assess`], without its figures.
pub fn ready(record: &Record) -> bool {
    record.plain() && record.bound_above_required()
}

/// Where the record stands, with all that is missing.
pub fn assess(record: &Record) -> Readiness {
    let labelled = u32::try_from(record.recent.len()).unwrap_or(u32::MAX);
    let (clean, cosmetic) = (
        record.recent_count(Label::Clean),
        record.recent_count(Label::Cosmetic),
    );
    let failed = labelled.saturating_sub(clean).saturating_sub(cosmetic);
    let (days, bound) = (record.days(), record.bound());
    let mut missing = Vec::new();
    if labelled < LABELS_REQUIRED {
        missing.push(Missing::Labels {
            have: labelled,
            need: LABELS_REQUIRED,
        });
    }
    if days < DAYS_REQUIRED {
        missing.push(Missing::Days {
            have: days,
            need: DAYS_REQUIRED,
        });
    }
    if labelled >= LABELS_REQUIRED && clean < CLEAN_REQUIRED {
        missing.push(Missing::Clean {
            have: clean,
            need: CLEAN_REQUIRED,
        });
    }
    if failed > 0 {
        missing.push(Missing::Failures { have: failed });
    }
    if !record.bound_above_required() {
        missing.push(Missing::Bound {
            have: bound,
            need: RATE_REQUIRED,
        });
    }
    Readiness {
        ready: ready(record),
        labelled,
        clean,
        cosmetic,
        failed,
        days,
        weeks: u32::try_from(record.weeks.len()).unwrap_or(u32::MAX),
        bound,
        missing,
        spotless_to_go: spotless_to_go(record),
    }
}

/// How many clean labels, on the last day, would make both rules hold but for the days. Each clean
/// label helps both rules, so that the least number is found by halving.
fn spotless_to_go(record: &Record) -> Option<u32> {
    let ready_after = |count: u32| {
        let (mut ahead, day) = (record.clone(), record.last_day);
        for _ in 0..count {
            ahead.add(Label::Clean, day);
        }
        ahead.first_day = day.saturating_sub(i32::try_from(DAYS_REQUIRED).unwrap_or(14));
        ready(&ahead)
    };
    if ready_after(0) {
        return Some(0);
    }
    let (mut fails, mut passes) = (0, FORECAST_MAX);
    if !ready_after(passes) {
        return None;
    }
    while fails + 1 < passes {
        let middle = fails + (passes - fails) / 2;
        if ready_after(middle) {
            passes = middle;
        } else {
            fails = middle;
        }
    }
    Some(passes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A label a letter, `per_day` of them from 2026-01-05, a Monday.
    fn record(letters: &str, per_day: usize) -> Record {
        let mut record = Record::default();
        for (index, letter) in letters.chars().enumerate() {
            let day = 20_458 + i32::try_from(index / per_day).unwrap();
            record.add(Label::from_letter(letter), day);
        }
        record
    }

    fn check(letters: &str, per_day: usize, expected: &[&str]) {
        let assessed = assess(&record(letters, per_day));
        let missing: Vec<String> = assessed
            .missing
            .iter()
            .map(|item| format!("{item:?}"))
            .collect();
        let names: Vec<&str> = missing
            .iter()
            .map(|item| item.split(' ').next().unwrap_or_default())
            .collect();
        assert_eq!(names, expected, "{assessed:?}");
        assert_eq!(assessed.ready, expected.is_empty());
    }

    #[test]
    fn weeks_start_on_monday() {
        // 1970-01-01 was a Thursday; 2026-01-05 a Monday.
        assert_eq!((monday_of(0), monday_of(4), monday_of(-4)), (-3, 4, -10));
        assert_eq!(
            (monday_of(20_458), monday_of(20_464), monday_of(20_465)),
            (20_458, 20_458, 20_465)
        );
    }

    #[test]
    fn both_rules_must_hold() {
        check(&"c".repeat(140), 10, &[]);
        check(&"c".repeat(139), 10, &[]);
        check(&"c".repeat(130), 10, &["Days"]);
        check(&"c".repeat(62), 10, &["Labels", "Days", "Bound"]);
        check(&("t".repeat(5) + &"c".repeat(135)), 10, &[]);
        check(&("c".repeat(135) + "ttttt"), 10, &["Clean"]);
        check(&("c".repeat(139) + "h"), 10, &["Failures", "Bound"]);
        check(&("s".to_owned() + &"c".repeat(139)), 10, &["Bound"]);
        check("", 10, &["Labels", "Days", "Bound"]);
        check(&"c".repeat(1_000), 1_000, &["Days"]);
    }

    #[test]
    fn the_mixture_is_the_published_one() {
        // `eprocess_uniform_prior_vectors.csv`: closed form by SciPy.
        for (n, s, expected) in [(10, 10, 0.269_586_471_2), (59, 54, -1.318_205_248_0)] {
            let got = ln_mixture(0.95, (s, n - s), (0, 0));
            assert!((got - expected).abs() < 1e-9, "{got}");
        }
    }

    #[test]
    fn a_forecast_comes_true() {
        for letters in ["", "c", "ccchcc", &"cccccchhhh".repeat(10)] {
            let mut record = record(letters, 10);
            let to_go = assess(&record).spotless_to_go.unwrap();
            let day = record.last_day;
            for _ in 0..to_go - 1 {
                record.add(Label::Clean, day);
            }
            record.first_day = record.last_day - 20;
            assert!(!ready(&record), "{letters}");
            record.add(Label::Clean, day);
            record.first_day = record.last_day - 20;
            assert!(ready(&record), "{letters} {to_go}");
        }
    }

    #[test]
    fn a_new_version_starts_at_nothing_and_a_restart_costs() {
        let good = record(&"c".repeat(200), 10);
        let version = good.for_new_version();
        assert_eq!((version.totals(), version.prior_acceptable), ((0, 0), 100));
        assert!(!ready(&version));
        let (fresh, restarted) = (Record::default(), good.restart());
        let to_go = |record: &Record| assess(record).spotless_to_go;
        assert!(to_go(&restarted) > to_go(&fresh));
        assert!(to_go(&version) <= to_go(&fresh));
    }
}
