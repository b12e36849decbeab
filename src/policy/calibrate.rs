//! From which confidence on may a category release? Learnt from labels, with a finite-sample
//! guarantee. It must not trust a confidence for its own sake: what carries no information
//! certifies nothing, and then nothing is released by it.
//!
//! **Method**: Learn then Test (Angelopoulos, Bates, Candes, Jordan & Lei 2021), with thresholds
//! 1.00, 0.99 … 0.00 tested in that fixed sequence, each by the exact binomial tail of "the error
//! of what it releases is above the budget". The sequence starts at the first threshold that
//! releases enough labels for four errors to pass (78 at a budget of 0.10 and an error of 0.10):
//! nearer the top a test has next to no power, and the first failure ends a sequence. With fewer
//! labels in all, only "release everything" is tested. The last threshold that passed is learnt.
//!
//! **Guarantee**: with probability 1 - `error` over the labels, the share of failures among all
//! future drafts at or above the learnt threshold is at most the budget, when drafts keep coming
//! from where the labels came from. It is exact where failures don't become rarer again below the
//! first threshold that breaks the budget; a confidence that is turned upside down is outside it,
//! by little: skipping looks at numbers of drafts only, never at labels.
//!
//! **Equal weights**: labels must represent what comes in. At level 1 every draft has one. Above,
//! released drafts have one only where they were sampled, so a held draft counts only where the
//! same hash would have sampled it ([`counts_for_threshold`]). Approvals that nobody can have read teach
//! nothing, which errs towards more care.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "float arithmetic, and integers kept small by the constants of this file"
)]

pub mod reliability;

use crate::binomial::{at_most, clopper_pearson_upper};
use crate::level::Level;
use crate::ratio::Ratio;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Errors that the first test of the sequence can bear.
pub const START_ERRORS: u32 = 4;
/// Confidence is told apart in hundredths.
const HUNDREDTH_PPM: u32 = 10_000;
/// Labels that any test looks for at most, so that the search for a start ends.
const LABELS_MAX: u32 = 1_000_000;

/// Labels of one hundredth of confidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Scored {
    /// Drafts with a label.
    pub drafts: u32,
    /// Of these, substantive or harmful.
    pub failed: u32,
}

/// Labels by stated confidence, in hundredths rounded down. Stored as it is; merging two in any
/// order gives the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Scores(BTreeMap<u32, Scored>);

impl Scores {
    /// Adds one label. A draft without a confidence is never released by it, and not counted.
    pub fn add(&mut self, confidence: Option<Ratio>, acceptable: bool) {
        let Some(confidence) = confidence else { return };
        let scored = self.0.entry(confidence.ppm() / HUNDREDTH_PPM).or_default();
        scored.drafts = scored.drafts.saturating_add(1);
        scored.failed = scored.failed.saturating_add(u32::from(!acceptable));
    }

    /// A label that was added as acceptable is none after all.
    pub fn turn(&mut self, confidence: Option<Ratio>) {
        let hundredth = confidence.map(|confidence| confidence.ppm() / HUNDREDTH_PPM);
        if let Some(scored) = hundredth.and_then(|hundredth| self.0.get_mut(&hundredth)) {
            scored.failed = scored.failed.saturating_add(1).min(scored.drafts);
        }
    }

    /// Adds another table's labels.
    pub fn merge(&mut self, other: &Self) {
        for (hundredth, added) in &other.0 {
            let scored = self.0.entry(*hundredth).or_default();
            scored.drafts = scored.drafts.saturating_add(added.drafts);
            scored.failed = scored.failed.saturating_add(added.failed);
        }
    }

    /// All labels.
    pub fn total(&self) -> Scored {
        self.from(0)
    }

    /// The labels at or above a hundredth of confidence.
    pub fn from(&self, hundredth: u32) -> Scored {
        self.0
            .range(hundredth..)
            .fold(Scored::default(), |sum, (_, scored)| sum.plus(*scored))
    }

    /// Labels by hundredth, from the least confident.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = (u32, Scored)> {
        self.0
            .iter()
            .map(|(hundredth, scored)| (*hundredth, *scored))
    }
}

impl Scored {
    fn plus(self, other: Self) -> Self {
        Self {
            drafts: self.drafts.saturating_add(other.drafts),
            failed: self.failed.saturating_add(other.failed),
        }
    }
}

/// Whether a labelled draft may teach the threshold: all do at level 1; above, those that the
/// sampling hash picked, or would have picked had they been released.
pub fn counts_for_threshold(level: Level, picked: bool) -> bool {
    level == Level::ReviewEverything || picked
}

/// How a threshold came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ThresholdSource"))]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Certified from labels.
    Learnt,
    /// There are too few labels: the policy's fixed number.
    Fixed,
    /// There are labels enough, and no threshold keeps the budget: nothing is released by
    /// confidence.
    Uninformative,
}

/// From which confidence on drafts may be released.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Threshold {
    /// This confidence and above; absent when none is enough.
    pub from: Option<Ratio>,
    /// How it came about.
    pub source: Source,
    /// Labels it was learnt from.
    pub labels: Scored,
    /// Labels that the first test needs.
    pub labels_needed: u32,
    /// Of the labels, those at or above the threshold.
    pub released: Scored,
    /// The exact upper bound of the error among released drafts, for this threshold by itself
    /// (Clopper & Pearson 1934, one-sided at the chosen error); 1 when nothing is released.
    pub error_bound: f64,
}

/// The least number of labels of which `failures` certify an error below `budget`; for one error
/// of 0.10 and a budget of 0.10: 22, 38, 52, 65, 78 for 0 to 4 failures.
pub fn labels_to_certify(failures: u32, budget: f64, error: f64) -> u32 {
    if budget <= 0.0 || error <= 0.0 || at_most(LABELS_MAX, failures, budget) > error {
        return LABELS_MAX;
    }
    let (mut fails, mut passes) = (failures, LABELS_MAX);
    while fails + 1 < passes {
        let middle = fails + (passes - fails) / 2;
        if at_most(middle, failures, budget) <= error {
            passes = middle;
        } else {
            fails = middle;
        }
    }
    passes
}

/// Learns the lowest threshold whose released error stays below `budget` with probability
/// 1 - `error` (0 to 1), or says why it can't and what holds instead.
pub fn learn(scores: &Scores, budget: Ratio, error: f64, fixed: Ratio) -> Threshold {
    let (total, budget) = (scores.total(), budget.to_f64());
    let labels_needed = labels_to_certify(START_ERRORS, budget, error);
    let start = labels_needed.min(total.drafts.max(1));
    let (mut learnt, mut released) = (None, Scored::default());
    for (hundredth, scored) in scores.rows().rev() {
        released = released.plus(scored);
        if released.drafts < start {
            continue;
        }
        if at_most(released.drafts, released.failed, budget) > error {
            break;
        }
        learnt = Some(hundredth);
    }
    let (from, source) = match learnt {
        Some(hundredth) => (
            Some(Ratio::from_ppm(hundredth.saturating_mul(HUNDREDTH_PPM))),
            Source::Learnt,
        ),
        None if total.drafts < labels_needed => (Some(fixed), Source::Fixed),
        None => (None, Source::Uninformative),
    };
    let released = from.map_or(Scored::default(), |from| {
        // A fixed number between hundredths releases from the next one on, for all that is known.
        scores.from(from.ppm().div_ceil(HUNDREDTH_PPM))
    });
    let error_bound = clopper_pearson_upper(released.drafts, released.failed, error);
    Threshold {
        from,
        source,
        labels: total,
        labels_needed,
        released,
        error_bound,
    }
}

/// Whether it is time to learn again: when labels have grown by half since, those that turned counted as new. Each learning may be
/// wrong with its own `error`; learning at every label would add them up.
pub fn due(labels_then: u32, labels_now: u32) -> bool {
    u64::from(labels_now) * 2 >= u64::from(labels_then.max(1)) * 3
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Ratio = Ratio::from_ppm(100_000);
    const FIXED: Ratio = Ratio::from_ppm(800_000);

    /// (confidence in hundredths, drafts, failed).
    fn check(rows: &[(u32, u32, u32)], source: Source, from: Option<u32>) {
        let mut scores = Scores::default();
        for (hundredth, drafts, failed) in rows {
            for index in 0..*drafts {
                let confidence = Ratio::from_ppm(hundredth * HUNDREDTH_PPM);
                scores.add(Some(confidence), index >= *failed);
            }
        }
        let learnt = learn(&scores, BUDGET, 0.1, FIXED);
        let from = from.map(|hundredth| Ratio::from_ppm(hundredth * HUNDREDTH_PPM));
        assert_eq!((learnt.source, learnt.from), (source, from), "{learnt:?}");
    }

    #[test]
    fn the_lowest_threshold_in_budget_is_learnt() {
        check(
            &[(95, 200, 4), (90, 200, 12), (80, 200, 80)],
            Source::Learnt,
            Some(90),
        );
        check(&[(95, 100, 4), (50, 100, 4)], Source::Learnt, Some(50));
    }

    #[test]
    fn few_labels_leave_the_fixed_number_and_noise_leaves_nothing() {
        check(&[], Source::Fixed, Some(80));
        check(&[(95, 77, 4)], Source::Fixed, Some(80));
        check(&[(95, 78, 4)], Source::Learnt, Some(95));
        check(&[(95, 22, 0)], Source::Learnt, Some(95));
        check(
            &[(95, 500, 120), (90, 500, 120)],
            Source::Uninformative,
            None,
        );
    }

    #[test]
    fn the_start_needs_four_errors_to_pass() {
        // `promotion_sample_sizes.csv`, p0 0.9, confidence 0.9.
        for (failures, labels) in [(0, 22), (1, 38), (2, 52), (3, 65), (4, 78), (10, 152)] {
            assert_eq!(labels_to_certify(failures, 0.1, 0.1), labels);
        }
        assert_eq!(labels_to_certify(0, 0.05, 0.05), 59);
        assert_eq!(labels_to_certify(4, 0.0, 0.05), LABELS_MAX);
    }

    #[test]
    fn learning_again_waits_for_half_as_many_more() {
        assert_eq!(
            (due(0, 0), due(0, 2), due(100, 149), due(100, 150)),
            (false, true, false, true)
        );
    }

    #[test]
    fn a_missing_confidence_is_never_high() {
        let mut scores = Scores::default();
        scores.add(None, true);
        assert_eq!(scores.total(), Scored::default());
    }
}
