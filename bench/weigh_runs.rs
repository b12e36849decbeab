//! Weighs the grams of sentences by logistic regression, for `train-signals`: a text is labelled as a whole, and only
//! a run of its sentences may be what it is labelled for (multiple instances). At first a text is its passages, then also
//! each run that said most in a round; the runs of a text with the label share what it weighs by how much each says. It
//! must not read texts.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a tool for development, over data of known size; a panic is a report"
)]

use countersign_policy::signal::learned::best_run;
use std::collections::{BTreeMap, BTreeSet};

/// Sweeps over all weights in the first round and in each further one.
const SWEEPS: [usize; 2] = [8, 4];
/// A run whose share of its text's label is less than this is none, unless all are.
const SHARE_MIN: f64 = 0.2;
/// What a weight of 1.0 is where runs are looked for while weights are learned.
const FINE: f64 = 4096.0;

/// Of each sentence of a text, how many words it has, and the buckets that its grams fall into.
pub type Sentences = Vec<(usize, Vec<u32>)>;

/// The first sentence of a run, and the one after it.
type Run = (usize, usize);

/// How to weigh.
#[derive(Clone, Copy)]
pub struct Recipe {
    pub buckets: u32,
    /// What a weight of 1.0 in the logistic's own unit is in the model.
    pub one: u32,
    /// Words of a run, unless it is one sentence.
    pub run_words: usize,
    /// What the square of a weight costs: the dearer, the smaller the weights.
    pub ridge: f64,
    pub rounds: usize,
    /// What a labelled text weighs, another weighing 1.
    pub labelled: f64,
}

/// What is learned of a label, in units of the model.
pub struct Weights {
    pub start: i32,
    pub weights: Vec<i8>,
}

impl Weights {
    /// What the run that says most says.
    pub fn score(&self, sentences: &Sentences, recipe: Recipe) -> i32 {
        let weight = |bucket: &u32| i32::from(self.weights[*bucket as usize]);
        let said = |(words, grams): &(usize, Vec<u32>)| (*words, grams.iter().map(weight).sum());
        let said: Vec<(usize, i32)> = sentences.iter().map(said).collect();
        self.start + best_run(&said, recipe.run_words).map_or(0, |(sum, _)| sum)
    }
}

/// Learns from texts, each with whether it has the label.
pub fn train(texts: &[(&Sentences, bool)], recipe: Recipe) -> Weights {
    let (mut start, mut weights) = (0.0, vec![0.0; recipe.buckets as usize]);
    let of_text = texts.iter().map(|(text, _)| passages(text, recipe));
    let mut runs: Vec<BTreeSet<Run>> = of_text.collect();
    for round in 0..recipe.rounds {
        let mut rows = Rows::default();
        for ((sentences, labelled), runs) in texts.iter().zip(&mut runs) {
            if round > 0 {
                runs.extend(said_most(sentences, &weights, recipe));
            }
            let shares = match labelled {
                true => shares(sentences, runs, &weights, recipe),
                false => vec![1.0; runs.len()],
            };
            for ((start, end), weight) in runs.iter().zip(shares) {
                rows.add(&sentences[*start..*end], *labelled, weight);
            }
        }
        let columns = rows.columns(recipe.buckets);
        rows.weigh(start, &weights, &columns);
        let every: Vec<(usize, f64)> = (0..rows.labelled.len()).map(|row| (row, 1.0)).collect();
        for _ in 0..SWEEPS[round.min(1)] {
            for (weight, column) in weights.iter_mut().zip(&columns) {
                rows.step(weight, column, recipe.ridge);
            }
            rows.step(&mut start, &every, 0.0);
        }
    }
    let unit = |weight: f64| (weight * f64::from(recipe.one)).round();
    let byte = |weight: &f64| unit(*weight).clamp(-127.0, 127.0) as i8;
    Weights {
        start: unit(start) as i32,
        weights: weights.iter().map(byte).collect(),
    }
}

/// Sentences as runs one after the other, each as long as it may be.
fn passages(sentences: &Sentences, recipe: Recipe) -> BTreeSet<Run> {
    let mut passages: Vec<Run> = Vec::new();
    let mut words = 0;
    for (at, (own, _)) in sentences.iter().enumerate() {
        words += own;
        match passages.last_mut().filter(|_| words <= recipe.run_words) {
            Some((_, end)) => *end = at + 1,
            None => {
                passages.push((at, at + 1));
                words = *own;
            }
        }
    }
    passages.into_iter().collect()
}

/// The run that says most by the weights so far.
fn said_most(sentences: &Sentences, weights: &[f64], recipe: Recipe) -> Option<Run> {
    let weight = |bucket: &u32| weights[*bucket as usize];
    let said = |(words, grams): &(usize, Vec<u32>)| {
        let sum: f64 = grams.iter().map(weight).sum();
        (*words, (sum * FINE) as i32)
    };
    let said: Vec<(usize, i32)> = sentences.iter().map(said).collect();
    best_run(&said, recipe.run_words).map(|(_, run)| (run.start, run.end))
}

/// What each run of a labelled text weighs: the more, the more it says by the weights so far.
fn shares(
    sentences: &Sentences,
    runs: &BTreeSet<Run>,
    weights: &[f64],
    recipe: Recipe,
) -> Vec<f64> {
    let says = |(start, end): &Run| -> f64 {
        let grams = sentences[*start..*end].iter().flat_map(|(_, grams)| grams);
        grams.map(|bucket| weights[*bucket as usize]).sum()
    };
    let said: Vec<f64> = runs.iter().map(says).collect();
    let most = said.iter().copied().fold(f64::MIN, f64::max);
    let odds: Vec<f64> = said.iter().map(|says| libm::exp(says - most)).collect();
    let all: f64 = odds.iter().sum();
    let share = |odds: f64| match odds / all {
        share if share < SHARE_MIN.min(1.0 / runs.len() as f64) => 0.0,
        share => recipe.labelled * share,
    };
    odds.into_iter().map(share).collect()
}

/// Runs that are learned from.
#[derive(Default)]
struct Rows {
    counts: Vec<BTreeMap<u32, f64>>,
    labelled: Vec<bool>,
    weight: Vec<f64>,
    margin: Vec<f64>,
}

impl Rows {
    fn add(&mut self, run: &[(usize, Vec<u32>)], labelled: bool, weight: f64) {
        let mut counts = BTreeMap::new();
        for bucket in run.iter().flat_map(|(_, grams)| grams) {
            *counts.entry(*bucket).or_insert(0.0) += 1.0;
        }
        self.counts.push(counts);
        self.labelled.push(labelled);
        self.weight.push(weight);
    }

    /// Of each bucket each row in which it counts, and how often.
    fn columns(&self, buckets: u32) -> Vec<Vec<(usize, f64)>> {
        let mut columns = vec![Vec::new(); buckets as usize];
        for (row, counts) in self.counts.iter().enumerate() {
            for (bucket, count) in counts {
                columns[*bucket as usize].push((row, *count));
            }
        }
        columns
    }

    /// What the weights so far say of each row.
    fn weigh(&mut self, start: f64, weights: &[f64], columns: &[Vec<(usize, f64)>]) {
        self.margin = vec![start; self.labelled.len()];
        for (weight, column) in weights.iter().zip(columns) {
            for (row, count) in column {
                self.margin[*row] += weight * count;
            }
        }
    }

    /// Newton's step for one weight, all others held.
    fn step(&mut self, own: &mut f64, column: &[(usize, f64)], ridge: f64) {
        let (mut slope, mut curve) = (ridge * *own, ridge);
        for &(row, count) in column.iter().filter(|(row, _)| self.weight[*row] > 0.0) {
            let chance = 1.0 / (1.0 + libm::exp(-self.margin[row]));
            let wanted = f64::from(u8::from(self.labelled[row]));
            slope += self.weight[row] * count * (chance - wanted);
            curve += self.weight[row] * count * count * chance * (1.0 - chance);
        }
        if curve > 0.0 {
            let step = (-slope / curve).clamp(-1.0, 1.0);
            *own += step;
            for (row, count) in column {
                self.margin[*row] += step * count;
            }
        }
    }
}
