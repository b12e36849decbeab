//! Laws of trust: counts merge in any order, good never harms and bad never helps, chance of error
//! stays where it was promised.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small numbers of generated cases"
)]

use countersign_policy::binomial::{at_least, at_most, clopper_pearson_lower, wilson};
use countersign_policy::calibrate::{Scores, Source, learn};
use countersign_policy::level::Level;
use countersign_policy::ratio::Ratio;
use countersign_policy::time::Millis;
use countersign_policy::trust::demote::{Cause, Look, Watch};
use countersign_policy::trust::propose::Standing;
use countersign_policy::trust::ready::{Record, WEEKS_MAX, assess, ready};
use countersign_policy::trust::{COUNT_MAX, Counts, Ending, Label, Settled};
use proptest::prelude::*;

fn ending() -> impl Strategy<Value = Ending> {
    prop::sample::select(vec![
        Ending::Approved,
        Ending::EditedNothing,
        Ending::EditedCosmetic,
        Ending::EditedSubstantive,
        Ending::Rejected,
        Ending::Responded,
        Ending::SentBack,
        Ending::Confirmed,
        Ending::Corrected,
        Ending::HandledElsewhere,
        Ending::Expired,
        Ending::Unseen,
    ])
}

fn settled() -> impl Strategy<Value = Settled> {
    let released_at = prop::option::of((0_u32..=1_000_000).prop_map(Ratio::from_ppm));
    (ending(), released_at, prop::option::of(0_u64..=COUNT_MAX)).prop_map(
        |(ending, released_at, verdict_ms)| Settled {
            ending,
            released_at,
            verdict_ms,
        },
    )
}

fn counts() -> impl Strategy<Value = Counts> {
    prop::collection::vec(settled(), 0..20).prop_map(|drafts| {
        let mut counts = Counts::default();
        drafts.iter().for_each(|draft| counts.settle(draft));
        counts
    })
}

fn merged(left: &Counts, right: &Counts) -> Counts {
    let mut sum = *left;
    sum.merge(right);
    sum
}

fn label() -> impl Strategy<Value = Label> {
    prop_oneof![
        30 => Just(Label::Clean),
        2 => Just(Label::Cosmetic),
        1 => Just(Label::Substantive),
        1 => Just(Label::Harmful),
    ]
}

/// Labels with the days between them.
fn labels(at_most: usize) -> impl Strategy<Value = Vec<(Label, i32)>> {
    prop::collection::vec((label(), 0_i32..3), 0..at_most)
}

fn record(labels: &[(Label, i32)]) -> Record {
    let (mut record, mut day) = (Record::default(), 20_458);
    for (label, later) in labels {
        day += later;
        record.add(*label, day);
    }
    record
}

proptest! {
    #[test]
    fn counts_merge_in_any_order(a in counts(), b in counts(), c in counts()) {
        prop_assert_eq!(merged(&a, &b), merged(&b, &a));
        prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
        prop_assert_eq!(merged(&a, &Counts::default()), a);
    }

    #[test]
    fn counts_survive_storage(counts in counts()) {
        let text = serde_json::to_string(&counts).unwrap();
        prop_assert_eq!(serde_json::from_str::<Counts>(&text).unwrap(), counts);
    }

    #[test]
    fn a_record_survives_storage_and_stays_small(labels in labels(400)) {
        let record = record(&labels);
        prop_assert!(record.recent.len() <= 100 && record.weeks.len() <= WEEKS_MAX);
        let text = serde_json::to_string(&record).unwrap();
        prop_assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
    }

    #[test]
    fn the_short_answer_is_the_long_one(labels in labels(300)) {
        let record = record(&labels);
        let assessed = assess(&record);
        prop_assert_eq!(assessed.ready, ready(&record));
        prop_assert_eq!(assessed.ready, assessed.missing.is_empty());
        prop_assert!((0.0..=1.0).contains(&assessed.bound));
    }

    #[test]
    fn a_failure_in_place_of_a_good_label_never_helps(
        labels in labels(250),
        at in any::<prop::sample::Index>(),
    ) {
        prop_assume!(!labels.is_empty());
        let (mut better, mut worse) = (labels.clone(), labels);
        let index = at.index(worse.len());
        better[index].0 = Label::Clean;
        worse[index].0 = Label::Harmful;
        let (better, worse) = (record(&better), record(&worse));
        prop_assert!(worse.bound() <= better.bound() + 1e-12);
        prop_assert!(!ready(&worse) || ready(&better));
    }

    #[test]
    fn points_grow_with_failures_only(labels in labels(200), sampling in 1_u32..=1_000_000) {
        let mut watch = Watch::begin(20_458);
        for (label, _) in labels {
            let before = watch.points;
            let sampling = Ratio::from_ppm(sampling);
            let usual = Ratio::from_ppm(50_000);
            let look = Look { label, sampling, usual, high_stakes: false, day: 20_458 };
            let cause = watch.look(&look);
            prop_assert_eq!(watch.points > before, !label.acceptable());
            prop_assert!(cause.is_none() || !label.acceptable() || before >= 60_000);
        }
    }

    #[test]
    fn a_demotion_never_raises(level in 1_u64..=3, high_stakes in any::<bool>()) {
        let level = Level::from_number(level).unwrap();
        let now = Millis(1_800_000_000_000);
        let cause = if high_stakes {
            Cause::HarmfulHighStakes
        } else {
            Cause::TooFewLabels { have: 0, need: 29 }
        };
        let after = Standing::begin(level, now).demote(cause, now);
        prop_assert!(after.level <= level);
        prop_assert!(after.level < level || level == Level::ReviewEverything);
    }

    #[test]
    fn tails_are_tails(n in 1_u32..3_000, share in 0.0..1.0_f64, p in 0.001..0.999_f64) {
        let k = (f64::from(n) * share) as u32;
        let below = at_most(n, k, p);
        prop_assert!((0.0..=1.0).contains(&below));
        prop_assert!((below + at_least(n, k + 1, p) - 1.0).abs() < 1e-9);
        prop_assert!(at_most(n, k + 1, p) >= below - 1e-12);
        let interval = wilson(u64::from(n), u64::from(k), 1.96);
        prop_assert!(interval.lower <= f64::from(k) / f64::from(n) + 1e-12);
        prop_assert!(clopper_pearson_lower(n, k, 0.05) <= f64::from(k) / f64::from(n));
    }

    #[test]
    fn scores_merge_in_any_order(
        left in prop::collection::vec((0_u32..=1_000_000, any::<bool>()), 0..50),
        right in prop::collection::vec((0_u32..=1_000_000, any::<bool>()), 0..50),
    ) {
        let scores = |rows: &[(u32, bool)]| {
            let mut scores = Scores::default();
            rows.iter().for_each(|(ppm, good)| scores.add(Some(Ratio::from_ppm(*ppm)), *good));
            scores
        };
        let (mut ab, mut ba) = (scores(&left), scores(&right));
        ab.merge(&scores(&right));
        ba.merge(&scores(&left));
        prop_assert_eq!(&ab, &ba);
        let text = serde_json::to_string(&ab).unwrap();
        prop_assert_eq!(serde_json::from_str::<Scores>(&text).unwrap(), ab);
    }

    #[test]
    fn what_is_learnt_was_in_budget(
        rows in prop::collection::vec((0_u32..=100, 1_u32..200, 0.0..0.4_f64), 1..8),
    ) {
        let mut scores = Scores::default();
        for (hundredth, drafts, failing) in rows {
            for index in 0..drafts {
                let good = f64::from(index) >= f64::from(drafts) * failing;
                scores.add(Some(Ratio::from_ppm(hundredth * 10_000)), good);
            }
        }
        let learnt = learn(&scores, Ratio::from_ppm(100_000), 0.1, Ratio::ONE);
        if learnt.source == Source::Learnt {
            prop_assert!(learnt.error_bound <= 0.1 + 1e-9);
            prop_assert!(learnt.released.drafts > 0);
        }
        prop_assert_eq!(learnt.from.is_none(), learnt.source == Source::Uninformative);
    }
}
