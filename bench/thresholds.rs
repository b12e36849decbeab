//! Where the thresholds of the models of `policy::edit` lie, and how good the models are, by scores of
//! edits that they have not seen, for `train-edits`. It must not learn.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    reason = "a tool for development, over data of known size; a panic is a report"
)]

use crate::edits::{SETS, auroc};
use crate::labelled::Row;
use countersign_policy::edit::bounded;

/// The sums from which on an edit is called substantive, and that divide the kinds most evenly.
#[derive(Clone, Copy)]
pub struct Thresholds {
    pub operating: i32,
    pub balanced: i32,
}

/// The means of the thresholds found by each repeat, of each model.
pub fn mean(found: &[[Thresholds; 2]]) -> [Thresholds; 2] {
    let count = found.len().max(1) as i32;
    [0, 1].map(|model| {
        let sum = |of: fn(&Thresholds) -> i32| found.iter().map(|one| of(&one[model])).sum::<i32>();
        Thresholds {
            operating: sum(|one| one.operating) / count,
            balanced: sum(|one| one.balanced) / count,
        }
    })
}

/// The scores of one set, with the kinds that people gave.
type Part = Vec<(i32, bool)>;

/// The scores of some rows by set, with the rules applied around an operating point.
fn parts<'r>(rows: impl Iterator<Item = (&'r Row, i32)>, operating: i32) -> Vec<Part> {
    let mut parts = vec![Part::new(); SETS.len()];
    for (row, sum) in rows {
        parts[row.set].push((bounded(sum - operating, row.settled), row.substantive));
    }
    parts
}

/// Of the substantive edits, the share at or above a score; of the cosmetic ones, that below.
fn shares(part: &Part, at: i32) -> (f64, f64) {
    let share = |kind: bool| {
        let of = part.iter().filter(|(_, k)| *k == kind);
        let right = of.clone().filter(|(score, k)| (*score >= at) == *k).count();
        right as f64 / of.count() as f64
    };
    (share(true), share(false))
}

fn balanced(part: &Part, at: i32) -> f64 {
    let (sensitivity, specificity) = shares(part, at);
    (sensitivity + specificity) / 2.0
}

/// A set of fewer edits than this chooses no threshold.
const CHOOSING_MIN: usize = 200;

/// The share of substantive edits that is found at the operating points: of other texts, and of messages,
/// which leave as they are.
const RECALLS: [f64; 2] = [0.9, 0.95];

/// The two thresholds of a model: the highest at which enough substantive edits of every set are found,
/// rules and all; and the one at which the set that loses most against its own best threshold
/// loses least.
fn thresholds(rows: &[(&Row, i32)], recall: f64) -> Thresholds {
    let parts = |operating| {
        let mut parts = parts(rows.iter().copied(), operating);
        parts.retain(|part| part.len() >= CHOOSING_MIN);
        parts
    };
    let enough = |at: &i32| parts(*at).iter().all(|part| shares(part, 0).0 >= recall);
    let operating = (-1600..800).rev().find(enough).unwrap_or(-1600);
    let parts = parts(operating);
    let range = || -800 - operating..800 - operating;
    let best = |part| range().map(|at| balanced(part, at)).fold(0.0, f64::max);
    let bests: Vec<f64> = parts.iter().map(best).collect();
    let loss = |at: i32| -> f64 {
        let losses = parts.iter().zip(&bests);
        losses
            .map(|(part, best)| best - balanced(part, at))
            .fold(0.0, f64::max)
    };
    let middle = range().min_by(|a, b| loss(*a).total_cmp(&loss(*b)));
    Thresholds {
        operating,
        balanced: operating + middle.unwrap_or(0),
    }
}

/// Prints the figures of each set, and chooses the thresholds of both models.
pub fn report(rows: &[Row], scores: &[i32]) -> [Thresholds; 2] {
    let of_model = |is_message: bool| -> Vec<(&Row, i32)> {
        let all = rows.iter().zip(scores.iter().copied());
        all.filter(|(row, _)| row.is_message == is_message)
            .collect()
    };
    let found = [false, true]
        .map(|is_message| thresholds(&of_model(is_message), RECALLS[usize::from(is_message)]));
    // Each row by its own model's thresholds: how far it is over the operating one, and whether over the other.
    let mut judged: Vec<Vec<(i32, bool, bool)>> = vec![Vec::new(); SETS.len()];
    for (row, sum) in rows.iter().zip(scores) {
        let own = found[usize::from(row.is_message)];
        let over = bounded(sum - own.operating, row.settled);
        let is_called = over >= own.balanced - own.operating;
        judged[row.set].push((over, row.substantive, is_called == row.substantive));
    }
    for (name, part) in SETS.iter().zip(&judged) {
        let ranks: Vec<(u32, bool)> = part
            .iter()
            .map(|(s, k, _)| (s.saturating_add(100_000).unsigned_abs(), *k))
            .collect();
        let right = |kind: bool| {
            let of = part.iter().filter(|(_, k, _)| *k == kind);
            of.clone().filter(|(_, _, right)| *right).count() as f64 / of.count() as f64
        };
        let called = part.iter().filter(|(s, _, _)| *s >= 0).count();
        let hit = part.iter().filter(|(s, k, _)| *s >= 0 && *k).count();
        let substantive = part.iter().filter(|(_, k, _)| *k).count();
        println!(
            "{name:<12} unseen: auroc {:.4}  balanced {:.4}  operating: precision {:.4} recall {:.4}",
            auroc(&ranks),
            (right(true) + right(false)) / 2.0,
            hit as f64 / called as f64,
            hit as f64 / substantive as f64,
        );
    }
    for (name, found) in ["other texts", "messages"].iter().zip(&found) {
        println!(
            "{name}: operating {}, balanced {}",
            found.operating, found.balanced
        );
    }
    found
}
