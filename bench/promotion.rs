//! How often is a category promoted that should not be, and how soon one that should? Simulates
//! drafts, and asks the shipped `ready` and `Watch` every day; beside it a naive rule ("above 95 %
//! last week") and a Clopper-Pearson bound looked at every day as if it were the only time.
//!
//! `--seed N`, `--rate R` (true rate of the category that must not be promoted, 0.949),
//! `--per-day N` (10), `--categories N` (2,000).

use crate::options::Options;
use crate::random::Random;
use countersign_policy::binomial::clopper_pearson_lower;
use countersign_policy::ratio::Ratio;
use countersign_policy::trust::Label;
use countersign_policy::trust::demote::{Look, Watch};
use countersign_policy::trust::ready::{ERROR, RATE_REQUIRED, Record, ready};
use serde::Serialize;

/// A Monday: 2026-01-05.
const FIRST_DAY: i32 = 20_458;
const YEAR_DAYS: i32 = 365;
/// The share of cosmetic edits of every simulated category.
const COSMETIC: f64 = 0.012;
/// The rate of "clean or cosmetic" of a good category: 98.5 % clean, 1.2 % cosmetic, 0.3 % harmful.
const GOOD: f64 = 0.997;
/// The rate of a category before it was put right, and for how many drafts.
const BAD_START: (f64, u32) = (0.85, 100);
/// Twenty looked-at releases a week for a year.
const LOOKS: u32 = 1_040;
/// Simulated falls for each simulated year: a fall takes less time, and its figures are closer to
/// their bars.
const WATCHED_PER_CATEGORY: u32 = 10;

#[derive(Serialize)]
struct Figures {
    false_rate: f64,
    median_reviews: f64,
    median_reviews_late: f64,
    naive_false_rate: f64,
    demotion_median: f64,
    false_demotion_rate: f64,
}

/// Runs the bench.
pub fn run(options: &Options) -> Result<(), String> {
    let seed = options.number("seed", 1_u64)?;
    let rate = options.number("rate", 0.949_f64)?;
    let per_day = options.number("per-day", 10_u32)?.max(1);
    let categories = options.number("categories", 2_000_u32)?.max(1);
    let mut random = Random::new(seed);
    let ours: Vec<Yearly> = (0..categories)
        .map(|_| year(&mut random, per_day, |_| rate))
        .collect();
    let good = medians(&mut random, categories, per_day, |_| GOOD);
    let late = medians(&mut random, categories, per_day, |drafts| {
        if drafts < BAD_START.1 {
            BAD_START.0
        } else {
            GOOD
        }
    });
    let watched = categories.saturating_mul(WATCHED_PER_CATEGORY);
    let mut found: Vec<u32> = (0..watched)
        .map(|_| lost(&mut random, 0.90, 100_000))
        .collect();
    let falsely = (0..watched)
        .filter(|_| lost(&mut random, 0.98, LOOKS) <= LOOKS)
        .count();
    let share = |count: usize| count as f64 / f64::from(categories);
    let figures = Figures {
        false_rate: share(ours.iter().filter(|year| year.ready.is_some()).count()),
        median_reviews: good.0,
        median_reviews_late: late.0,
        naive_false_rate: share(ours.iter().filter(|year| year.naive).count()),
        demotion_median: median(&mut found),
        false_demotion_rate: falsely as f64 / f64::from(watched),
    };
    println!("{categories} categories, {per_day} drafts a day, looked at every day, seed {seed}");
    let fixed = share(ours.iter().filter(|year| year.fixed).count());
    print(&figures, rate, fixed, (good.1, late.1));
    if options.json {
        println!(
            "{}",
            serde_json::to_string(&figures).map_err(|error| error.to_string())?
        );
    }
    Ok(())
}

fn print(figures: &Figures, rate: f64, fixed: f64, there: (f64, f64)) {
    println!("ever proposed within a year at a true rate of {rate}:");
    println!(
        "  ready (plain rule and anytime-valid bound)  {:.4}",
        figures.false_rate
    );
    println!(
        "  naive: above 95 % last week                 {:.4}",
        figures.naive_false_rate
    );
    println!("  Clopper-Pearson bound, looked at every day  {fixed:.4}");
    println!("labelled drafts until proposed, median (share proposed within a year):");
    let (good, late) = (figures.median_reviews, figures.median_reviews_late);
    println!(
        "  good all the time                           {good} ({:.4})",
        there.0
    );
    println!(
        "  0.85 for the first 100, good since          {late} ({:.4})",
        there.1
    );
    println!("releases looked at until demoted:");
    println!(
        "  median after a fall from 0.98 to 0.90       {}",
        figures.demotion_median
    );
    println!(
        "  demoted within {LOOKS} at 0.98, a false alarm  {:.4}",
        figures.false_demotion_rate
    );
}

/// What happened to one category within a year.
struct Yearly {
    /// Labelled drafts at the first time that `ready` held.
    ready: Option<u32>,
    /// Whether the naive rule ever held on a Monday.
    naive: bool,
    /// Whether the bound of a single look ever held on any day.
    fixed: bool,
}

fn year(random: &mut Random, per_day: u32, rate: impl Fn(u32) -> f64) -> Yearly {
    let mut record = Record::default();
    let mut yearly = Yearly {
        ready: None,
        naive: false,
        fixed: false,
    };
    let (mut drafts, mut good, mut week_good) = (0_u32, 0_u32, 0_u32);
    for day in 0..YEAR_DAYS {
        for _ in 0..per_day {
            let label = draw(random, rate(drafts));
            record.add(label, FIRST_DAY + day);
            drafts += 1;
            good += u32::from(label.acceptable());
            week_good += u32::from(label.acceptable());
        }
        if yearly.ready.is_none() && ready(&record) {
            yearly.ready = Some(drafts);
        }
        // A bound above the required rate needs an observed rate above it.
        if !yearly.fixed && f64::from(good) > RATE_REQUIRED * f64::from(drafts) {
            yearly.fixed = clopper_pearson_lower(drafts, good, ERROR) > RATE_REQUIRED;
        }
        if day % 7 == 6 {
            yearly.naive |= f64::from(week_good) > 0.95 * f64::from(7 * per_day);
            week_good = 0;
        }
    }
    yearly
}

fn draw(random: &mut Random, rate: f64) -> Label {
    let unit = random.unit();
    if unit >= rate {
        Label::Harmful
    } else if unit < COSMETIC {
        Label::Cosmetic
    } else {
        Label::Clean
    }
}

/// The median number of labelled drafts until ready, and the share that got there within a year.
fn medians(
    random: &mut Random,
    categories: u32,
    per_day: u32,
    rate: impl Fn(u32) -> f64,
) -> (f64, f64) {
    let mut drafts: Vec<u32> = (0..categories)
        .map(|_| year(random, per_day, &rate).ready.unwrap_or(u32::MAX))
        .collect();
    let there = drafts.iter().filter(|drafts| **drafts < u32::MAX).count();
    (median(&mut drafts), there as f64 / f64::from(categories))
}

/// Looked-at releases until the level is lost; one more than `looks` when it never is.
fn lost(random: &mut Random, rate: f64, looks: u32) -> u32 {
    let mut watch = Watch::begin(FIRST_DAY);
    let usual = Ratio::from_ppm(100_000);
    for index in 0..looks {
        let label = if random.unit() < rate {
            Label::Clean
        } else {
            Label::Harmful
        };
        let day = FIRST_DAY + i32::try_from(index * 7 / 20).unwrap_or(0);
        let look = Look {
            label,
            sampling: usual,
            usual,
            high_stakes: false,
            day,
        };
        if watch.look(&look).is_some() {
            return index + 1;
        }
    }
    looks + 1
}

fn median(values: &mut [u32]) -> f64 {
    values.sort_unstable();
    let middle = values.len() / 2;
    match (values.get(middle), values.len() % 2) {
        (Some(high), 1) => f64::from(*high),
        (Some(high), _) => {
            let low = values.get(middle.saturating_sub(1)).unwrap_or(high);
            f64::midpoint(f64::from(*low), f64::from(*high))
        }
        (None, _) => 0.0,
    }
}
