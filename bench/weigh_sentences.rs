//! Weighs the grams of sentences by logistic regression, for `train-signals`: a text is labelled as a whole, and
//! only one of its sentences may be what it is labelled for, so that in each round its sentences weigh by how much
//! each reads like it already (multiple instances). It must not read texts.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a tool for development, over data of known size; a panic is a report"
)]

use std::collections::BTreeMap;

/// Sweeps over all weights in the first round and in each further one.
const SWEEPS: [usize; 2] = [8, 4];
/// A sentence whose share of its text's label is less than this is none.
const SHARE_MIN: f64 = 0.2;

/// Of each sentence of a text, the buckets that its grams fall into, and how many.
pub type Sentences = Vec<BTreeMap<u32, i32>>;

/// How to weigh.
#[derive(Clone, Copy)]
pub struct Recipe {
    pub buckets: u32,
    /// A weight of 1.0 in the logistic's own unit.
    pub one: f64,
    /// What the square of a weight costs: the dearer, the smaller the weights.
    pub ridge: f64,
    pub rounds: usize,
    /// What a labelled text weighs, another weighing 1.
    pub labelled: f64,
}

/// What is learned of a label, in units of the model.
pub struct Model {
    pub start: i32,
    pub weights: Vec<i8>,
}

impl Model {
    /// The most that one of the sentences says.
    pub fn score(&self, sentences: &Sentences) -> i32 {
        let weight =
            |(bucket, count): (&u32, &i32)| count * i32::from(self.weights[*bucket as usize]);
        let sums = sentences
            .iter()
            .map(|sentence| sentence.iter().map(weight).sum::<i32>());
        self.start + sums.max().unwrap_or(0)
    }
}

/// Learns from texts, each with whether it has the label.
pub fn train(texts: &[(&Sentences, bool)], recipe: Recipe) -> Model {
    let mut columns: Vec<Vec<(usize, f64)>> = vec![Vec::new(); recipe.buckets as usize];
    let mut text_of = Vec::new();
    for (at, (sentences, _)) in texts.iter().enumerate() {
        for sentence in *sentences {
            for (bucket, count) in sentence {
                columns[*bucket as usize].push((text_of.len(), f64::from(*count)));
            }
            text_of.push(at);
        }
    }
    let whole = |at: &usize| match texts[*at] {
        (sentences, true) => recipe.labelled / sentences.len() as f64,
        (_, false) => 1.0,
    };
    let mut rows = Rows {
        labelled: text_of.iter().map(|at| texts[*at].1).collect(),
        weight: text_of.iter().map(whole).collect(),
        margin: vec![0.0; text_of.len()],
    };
    let every: Vec<(usize, f64)> = (0..text_of.len()).map(|row| (row, 1.0)).collect();
    let (mut start, mut weights) = (0.0, vec![0.0; columns.len()]);
    for round in 0..recipe.rounds {
        for _ in 0..SWEEPS[round.min(1)] {
            for (weight, column) in weights.iter_mut().zip(&columns) {
                rows.step(weight, column, recipe.ridge);
            }
            rows.step(&mut start, &every, 0.0);
        }
        rows.share(&text_of, texts.len(), recipe.labelled);
    }
    let unit = |weight: f64| (weight * recipe.one).round();
    let byte = |weight: &f64| unit(*weight).clamp(-127.0, 127.0) as i8;
    Model {
        start: unit(start) as i32,
        weights: weights.iter().map(byte).collect(),
    }
}

/// Sentences that are learned from.
struct Rows {
    labelled: Vec<bool>,
    weight: Vec<f64>,
    margin: Vec<f64>,
}

impl Rows {
    /// Newton's step for one weight, all others held; `column` has each row in which it counts, and how often.
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

    /// Shares what a labelled text weighs among the sentences that read most like what it is labelled for.
    fn share(&mut self, text_of: &[usize], texts: usize, whole: f64) {
        let odds = |margin: f64| libm::exp(margin.clamp(-30.0, 30.0));
        let mut sums = vec![0.0; texts];
        for (text, margin) in text_of.iter().zip(&self.margin) {
            sums[*text] += odds(*margin);
        }
        for (row, text) in text_of.iter().enumerate() {
            if self.labelled[row] {
                let share = odds(self.margin[row]) / sums[*text];
                self.weight[row] = if share < SHARE_MIN {
                    0.0
                } else {
                    whole * share
                };
            }
        }
    }
}
