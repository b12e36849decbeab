//! Weighs the grams of edits by logistic regression, for `train-edits`: the least weights that tell the
//! kinds apart, found one weight at a time. It must not read edits.
#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a tool for development, over data of known size; a panic is a report"
)]

use countersign_policy::edit::GRAM_UNIT;
use std::collections::{BTreeMap, BTreeSet};

/// An edit, by the grams that it has.
pub struct Edit<'r> {
    pub grams: &'r [String],
    pub group: usize,
    pub substantive: bool,
    /// What it weighs, on average over all 1.
    pub weight: f64,
}

/// How to weigh.
#[derive(Clone, Copy)]
pub struct Recipe {
    /// What the square of a weight costs: the dearer, the smaller the weights.
    pub ridge: f64,
    /// Grams in texts of fewer groups than this are left out.
    pub groups: usize,
    /// What the grams count for beside the forest.
    pub share: f64,
}

/// A leaf or a gram of 1.0 in the logistic's own unit.
const ONE: f64 = 256.0;

/// The sweeps over all weights; the last changes hardly one.
const SWEEPS: usize = 12;

/// Grams with their weights in units of the model, those of no weight left out.
pub fn weigh(edits: &[Edit<'_>], recipe: Recipe) -> Vec<(String, i8)> {
    let mut columns: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, edit) in edits.iter().enumerate() {
        for gram in edit.grams {
            columns.entry(gram).or_default().push(at);
        }
    }
    columns.retain(|_, rows| {
        let groups: BTreeSet<usize> = rows.iter().map(|row| edits[*row].group).collect();
        groups.len() >= recipe.groups
    });
    let mut margin = vec![0.0_f64; edits.len()];
    let mut weights = vec![0.0_f64; columns.len()];
    for _ in 0..SWEEPS {
        for (weight, rows) in weights.iter_mut().zip(columns.values()) {
            let step = step(*weight, rows, edits, &margin, recipe.ridge);
            *weight += step;
            rows.iter().for_each(|row| margin[*row] += step);
        }
    }
    let unit = recipe.share * ONE / f64::from(GRAM_UNIT);
    let whole = |weight: &f64| (weight * unit).round().clamp(-127.0, 127.0) as i8;
    let known = columns.keys().zip(&weights);
    known
        .map(|(gram, weight)| ((*gram).to_owned(), whole(weight)))
        .filter(|(_, weight)| *weight != 0)
        .collect()
}

/// Newton's step for one weight, all others held.
fn step(weight: f64, rows: &[usize], edits: &[Edit<'_>], margin: &[f64], ridge: f64) -> f64 {
    let (mut slope, mut curve) = (ridge * weight, ridge);
    for &row in rows {
        let edit = &edits[row];
        let chance = 1.0 / (1.0 + libm::exp(-margin[row]));
        slope += edit.weight * (chance - f64::from(u8::from(edit.substantive)));
        curve += edit.weight * chance * (1.0 - chance);
    }
    -slope / curve
}
