//! The weekly trust report: what moved, what is ready, what was lost, where reviewers' time went,
//! and whether thresholds escalate too often or too rarely. It must not decide anything: its shares
//! and intervals are for reading.

use super::demote::released_failures;
use super::ready::Readiness;
use super::{Counts, CountsRow};
use crate::binomial::{Interval, Z_TWO_SIDED_95, wilson};
use crate::calibrate::Source;
use crate::level::Level;
use crate::order;
use crate::ratio::Ratio;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Held drafts with a label, and released ones looked at, below which nothing is said of escalation.
pub const ESCALATION_LABELS_MIN: u64 = 20;
/// The share of held drafts approved unchanged above which people look too often.
pub const UNCHANGED_TOO_OFTEN: f64 = 0.95;

/// A level that changed within the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Moved {
    /// The question type.
    pub category: String,
    /// The level before.
    pub from: Level,
    /// The level after.
    pub to: Level,
    /// When.
    pub at: Millis,
    /// `confirmed`, or the code of the cause of a demotion.
    pub cause: String,
}

/// Where one category, agent and version stands on its way up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OnTheWay {
    /// The question type.
    pub category: String,
    /// Who drafts.
    pub agent: String,
    /// Its model and prompt.
    pub agent_version: String,
    /// Both rules, and what is missing.
    pub readiness: Readiness,
}

/// What the report says of a category besides its counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rule {
    /// The error budget.
    pub budget: Ratio,
    /// The confidence from which drafts are released, where any is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Ratio>,
    /// Where it comes from.
    pub source: Source,
}

/// All that a report is made of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Week {
    /// Local days from 1970-01-01 to the week's Monday.
    pub monday: i32,
    /// Rows of the week and of any before it; the one before is compared with.
    pub rows: Vec<CountsRow>,
    /// Levels that changed, in order of time.
    pub moved: Vec<Moved>,
    /// Records on their way up.
    pub on_the_way: Vec<OnTheWay>,
    /// Thresholds and budgets by category.
    pub rules: BTreeMap<String, Rule>,
}

/// Whether people are asked too often or too rarely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Escalation {
    /// Too few labels to say.
    Unknown,
    /// Neither.
    Balanced,
    /// Nearly all that waited was approved unchanged: the interval's lower end is above 95 %.
    TooOften,
    /// More was released in error than the budget allows: the interval's lower end is above it.
    TooRarely,
    /// Both: what waits is not what goes wrong.
    Misplaced,
}

/// A share with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Share {
    /// 0 to 1.
    pub share: f64,
    /// Wilson's interval at 95 %.
    pub interval: Interval,
}

/// What reviewers did to the drafts that waited.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Mix {
    /// Approved as they were.
    pub unedited: Share,
    /// Edited in tone, grammar or formatting.
    pub cosmetic: Share,
    /// Edited in substance.
    pub substantive: Share,
    /// Rejected or sent back.
    pub rejected: Share,
    /// Written by a person instead.
    pub responded: Share,
}

/// One category's week, or the tenant's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Line {
    /// The counts behind all of it.
    pub counts: Counts,
    /// Approved without an edit, of those reviewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Share>,
    /// The same a week before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy_before: Option<f64>,
    /// What was done to those reviewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mix: Option<Mix>,
    /// Edited or rejected in substance, or looked at and corrected, of all with a label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction_rate: Option<Share>,
    /// The same a week before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction_rate_before: Option<f64>,
    /// Released, of all drafts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Share>,
    /// Should not have gone out, of those released: weighted by inverse sampling probability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_in_error: Option<Share>,
    /// Approved unchanged, of those that waited.
    pub held_unchanged: u64,
    /// Whole seconds that reviewers spent on verdicts.
    pub review_s: u64,
    /// Whole seconds from shown to verdict, on average.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict_s_mean: Option<u64>,
    /// Whole seconds that releases unseen would have taken, at the average of each category. The tenant's has those of
    /// categories without one, too, at the average of all.
    pub saved_s: u64,
}

/// A category's line, with whether its thresholds fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CategoryLine {
    /// The question type.
    pub category: String,
    /// The week.
    #[serde(flatten)]
    pub line: Line,
    /// Whether people are asked too often or too rarely.
    pub escalation: Escalation,
    /// Its threshold and budget, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
}

/// The report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Report {
    /// Local days from 1970-01-01 to the week's Monday.
    pub monday: i32,
    /// The whole tenant.
    pub all: Line,
    /// By category, the one that took most of reviewers' time first.
    pub categories: Vec<CategoryLine>,
    /// Levels that went up.
    pub raised: Vec<Moved>,
    /// Levels that were lost.
    pub lost: Vec<Moved>,
    /// Ready for the next level.
    pub ready: Vec<OnTheWay>,
    /// Not yet, with what is missing; the nearest first.
    pub not_yet: Vec<OnTheWay>,
}

/// Makes the report of a week.
pub fn report(week: &Week) -> Report {
    let before = week.monday.saturating_sub(7);
    let of = |monday: i32, category: Option<&str>| -> Vec<&CountsRow> {
        let here = |name: &str| category.is_none_or(|category| category == name);
        let rows = week.rows.iter();
        rows.filter(|row| row.key.monday == monday && here(&row.key.category))
            .collect()
    };
    let line = |category| line(&of(week.monday, category), &of(before, category));
    let of_week = week.rows.iter().map(|row| &row.key);
    let of_week = of_week.filter(|key| key.monday == week.monday);
    let names: BTreeSet<&str> = order::gathered(of_week.map(|key| key.category.as_str()));
    let mut categories: Vec<CategoryLine> = names
        .into_iter()
        .map(|category| {
            let (line, rule) = (line(Some(category)), week.rules.get(category).copied());
            let escalation = escalation(&line, rule.as_ref());
            CategoryLine {
                category: category.to_owned(),
                line,
                escalation,
                rule,
            }
        })
        .collect();
    // Categories with the same time stay in the order of their names.
    order::by_key(&mut categories, |category| {
        std::cmp::Reverse(category.line.review_s)
    });
    let (raised, lost) = week
        .moved
        .iter()
        .cloned()
        .partition(|moved| moved.to > moved.from);
    let (ready, mut not_yet): (Vec<_>, Vec<_>) = week
        .on_the_way
        .iter()
        .cloned()
        .partition(|way| way.readiness.ready);
    order::by_key(&mut not_yet, |way| {
        way.readiness.spotless_to_go.unwrap_or(u32::MAX)
    });
    Report {
        monday: week.monday,
        all: line(None),
        categories,
        raised,
        lost,
        ready,
        not_yet,
    }
}

fn share(of: u64, all: u64) -> Option<Share> {
    let interval = wilson(all, of, Z_TWO_SIDED_95);
    (all > 0).then(|| Share {
        share: of.min(all) as f64 / all as f64,
        interval,
    })
}

/// Held drafts that a person changed in substance or did not let out, and releases that were wrong.
fn corrected(counts: &Counts) -> (u64, u64) {
    let held = counts
        .substantive
        .saturating_add(counts.rejected)
        .saturating_add(counts.responded);
    (
        held.saturating_add(counts.sampled_failed),
        counts.reviewed.saturating_add(counts.sampled),
    )
}

fn mix(counts: &Counts) -> Option<Mix> {
    let of = |count| share(count, counts.reviewed);
    Some(Mix {
        unedited: of(counts.approved_unedited)?,
        cosmetic: of(counts.cosmetic)?,
        substantive: of(counts.substantive)?,
        rejected: of(counts.rejected)?,
        responded: of(counts.responded)?,
    })
}

fn sum<'a>(rows: impl IntoIterator<Item = &'a CountsRow>) -> Counts {
    let mut counts = Counts::default();
    rows.into_iter().for_each(|row| counts.merge(&row.counts));
    counts
}

/// What releases unseen would have taken, in milliseconds: at the average of their category, for what
/// goes out is often what is quickly read, and at that of all where it has none.
fn saved_ms(rows: &[&CountsRow], mean_of_all: Option<u64>) -> u64 {
    let mut categories: BTreeMap<&str, Counts> = BTreeMap::new();
    for row in rows {
        let counts = categories.entry(&row.key.category).or_default();
        counts.merge(&row.counts);
    }
    let saved = categories.values().map(|counts| {
        let unseen = counts.released.saturating_sub(counts.sampled);
        let mean_ms = mean_ms(counts).or(mean_of_all);
        unseen.saturating_mul(mean_ms.unwrap_or(0))
    });
    saved.fold(0, u64::saturating_add)
}

fn mean_ms(counts: &Counts) -> Option<u64> {
    counts.verdict_ms.checked_div(counts.verdicts_timed)
}

/// What the counts of some rows say, beside those of a week before.
pub fn line(rows: &[&CountsRow], before: &[&CountsRow]) -> Line {
    let (counts, before) = (sum(rows.iter().copied()), &sum(before.iter().copied()));
    let rate = |counts: &Counts| {
        let (corrected, labelled) = corrected(counts);
        share(corrected, labelled)
    };
    let accuracy = |counts: &Counts| share(counts.approved_unedited, counts.reviewed);
    Line {
        accuracy: accuracy(&counts),
        accuracy_before: accuracy(before).map(|share| share.share),
        mix: mix(&counts),
        correction_rate: rate(&counts),
        correction_rate_before: rate(before).map(|share| share.share),
        coverage: share(counts.released, counts.drafts),
        released_in_error: released_failures(&counts)
            .map(|(share, interval)| Share { share, interval }),
        held_unchanged: counts.approved_unedited,
        review_s: counts.verdict_ms / 1_000,
        // Below a second it was programs that decided: that is no person's time.
        verdict_s_mean: mean_ms(&counts).map(|ms| ms / 1_000).filter(|s| *s > 0),
        saved_s: saved_ms(rows, mean_ms(&counts)) / 1_000,
        counts,
    }
}

/// Compares what was released in error with what waited and was approved unchanged.
pub fn escalation(line: &Line, rule: Option<&Rule>) -> Escalation {
    let held = line.counts.reviewed >= ESCALATION_LABELS_MIN;
    let looked = line.counts.sampled >= ESCALATION_LABELS_MIN;
    let often = held
        && line
            .accuracy
            .is_some_and(|share| share.interval.lower > UNCHANGED_TOO_OFTEN);
    let budget = rule.map(|rule| rule.budget.to_f64());
    let rarely = looked
        && budget.is_some_and(|budget| {
            line.released_in_error
                .is_some_and(|share| share.interval.lower > budget)
        });
    match (often, rarely) {
        (true, true) => Escalation::Misplaced,
        (true, false) => Escalation::TooOften,
        (false, true) => Escalation::TooRarely,
        (false, false) if held || looked => Escalation::Balanced,
        (false, false) => Escalation::Unknown,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::arithmetic_side_effects, reason = "figures of examples")]

    use super::*;
    use crate::trust::CountsKey;
    use crate::trust::ready::{Record, assess};

    fn row(category: &str, monday: i32, counts: Counts) -> CountsRow {
        let key = CountsKey {
            category: category.into(),
            monday,
            agent: "desk".into(),
            agent_version: "7".into(),
            level: Level::ReviewEdgeCases,
        };
        CountsRow { key, counts }
    }

    fn held(approved_unedited: u64, rejected: u64) -> Counts {
        let reviewed = approved_unedited + rejected;
        Counts {
            drafts: reviewed,
            reviewed,
            approved_unedited,
            rejected,
            verdict_ms: reviewed * 10_000,
            verdicts_timed: reviewed,
            ..Counts::default()
        }
    }

    fn released(sampled: u64, sampled_failed: u64) -> Counts {
        Counts {
            drafts: 500,
            released: 500,
            sampled,
            sampled_failed,
            sampled_weight: sampled * 10_000,
            sampled_failed_weight: sampled_failed * 10_000,
            ..Counts::default()
        }
    }

    fn check(parts: &[Counts], expected: Escalation) {
        let rule = Rule {
            budget: Ratio::from_ppm(50_000),
            threshold: None,
            source: Source::Uninformative,
        };
        let week = Week {
            monday: 20_458,
            rows: parts
                .iter()
                .map(|counts| row("billing", 20_458, *counts))
                .collect(),
            rules: BTreeMap::from([("billing".to_owned(), rule)]),
            ..Week::default()
        };
        assert_eq!(report(&week).categories[0].escalation, expected);
    }

    #[test]
    fn both_mistakes_of_a_threshold_are_told_apart() {
        check(&[held(5, 1)], Escalation::Unknown);
        check(&[held(100, 0)], Escalation::TooOften);
        check(&[held(90, 10), released(50, 1)], Escalation::Balanced);
        check(&[held(90, 10), released(50, 10)], Escalation::TooRarely);
        check(&[held(100, 0), released(50, 10)], Escalation::Misplaced);
    }

    #[test]
    fn what_is_quickly_read_saves_little() {
        let slow = held(100, 0);
        let quick = Counts {
            verdict_ms: 50_000,
            verdicts_timed: 50,
            ..released(50, 0)
        };
        let rows = [row("billing", 20_458, slow), row("access", 20_458, quick)];
        let week = Week {
            monday: 20_458,
            rows: rows.to_vec(),
            ..Week::default()
        };
        let report = report(&week);
        let saved = report.categories.iter().map(|one| one.line.saved_s);
        assert_eq!((report.all.saved_s, saved.sum()), (450, 450_u64));
    }

    #[test]
    fn a_week_is_compared_with_the_one_before() {
        let week = Week {
            monday: 20_465,
            rows: vec![
                row("billing", 20_458, held(8, 2)),
                row("billing", 20_465, held(9, 1)),
                row("access", 20_465, released(0, 0)),
                row("billing", 20_451, held(0, 10)),
            ],
            moved: vec![Moved {
                category: "access".into(),
                from: Level::ReviewEdgeCases,
                to: Level::ReviewEverything,
                at: Millis(0),
                cause: "failure_rate".into(),
            }],
            on_the_way: vec![OnTheWay {
                category: "billing".into(),
                agent: "desk".into(),
                agent_version: "7".into(),
                readiness: assess(&Record::default()),
            }],
            ..Week::default()
        };
        let report = report(&week);
        let names: Vec<&str> = report
            .categories
            .iter()
            .map(|line| line.category.as_str())
            .collect();
        assert_eq!(names, ["billing", "access"]);
        let billing = &report.categories[0].line;
        assert_eq!(billing.accuracy.map(|share| share.share), Some(0.9));
        assert_eq!(billing.accuracy_before, Some(0.8));
        assert_eq!((billing.review_s, billing.verdict_s_mean), (100, Some(10)));
        let program = Counts {
            verdict_ms: 700,
            verdicts_timed: 7,
            ..Counts::default()
        };
        let line = line(&[&row("billing", 20_465, program)], &[]);
        assert_eq!(line.verdict_s_mean, None, "nobody's time");
        // Releases unseen save what a verdict takes on average.
        assert_eq!((report.all.counts.drafts, report.all.saved_s), (510, 5_000));
        assert_eq!((report.lost.len(), report.raised.len()), (1, 0));
        assert_eq!((report.ready.len(), report.not_yet.len()), (0, 1));
    }
}
