//! Learns the weights of `policy::signal::injection` and says how good they are on texts they have not seen.
//! It writes `src/policy/signal/injection/weights.bin`; nothing else is learned from it.
//!
//! Logistic regression over the buckets of a sentence's grams. A text is labelled as a whole, and only one of
//! its sentences may be the order: in each round the sentences of such a text weigh by how much each reads
//! like one already (multiple instances). It learns from `bench/signals/injection.jsonl`, from the shared set, and
//! from ordinary texts of the other shared sets, in which nobody gives the agent orders.
//!
//! `--folds`, `--ridge` (what the square of a weight costs), `--rounds`, `--orders` (what a text with an order
//! weighs, another weighing 1), `--alarms` (which share of the labelled texts without an order may be flagged, across
//! folds: it sets the threshold); `--data FILE` is measured by what was learned; `--show 1` prints what was wrong there;
//! `--dry 1` writes nothing.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a tool for development, over data of known size; a panic is a report"
)]

use crate::edits::data_folder;
use crate::options::Options;
use crate::retrieval::index;
use countersign_policy::signal::injection::{BUCKETS, buckets};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// A weight of 1.0 in the logistic's own unit.
const ONE: f64 = 16.0;
/// Sweeps over all weights in the first round and in each further one.
const SWEEPS: [usize; 2] = [8, 4];
/// A sentence whose share of its text's order is less than this is none.
const SHARE_MIN: f64 = 0.2;
/// Files of ordinary texts, where a text stands in each line, and every how many lines are read. (Tables have a
/// column for it.)
const ORDINARY: [(&str, &str, usize); 9] = [
    ("retrieval/banking77.csv", "", 1),
    ("retrieval/clinc150.csv", "", 1),
    ("novelty/banking77.csv", "", 1),
    ("novelty/clinc150.csv", "", 1),
    ("streams/tau_airline_drafts.jsonl", "/message", 1),
    ("streams/tau_airline_drafts.jsonl", "/draft/text", 1),
    ("edits/iterater.jsonl", "/after", 2),
    ("edits/argrewrite.jsonl", "/before", 2),
    ("edits/documents.jsonl", "/before", 2),
];

/// A text, as what the model weighs.
struct Text {
    set: String,
    /// Of each sentence, the buckets and how often.
    sentences: Vec<BTreeMap<u32, i32>>,
    order: bool,
    ordinary: bool,
}

#[derive(Clone, Copy)]
struct Recipe {
    ridge: f64,
    rounds: usize,
    orders: f64,
}

/// Trains, measures across folds and on `--data`, writes the weights.
pub fn run(options: &Options) -> Result<(), String> {
    let recipe = Recipe {
        ridge: options.number("ridge", 3.0)?,
        rounds: options.number("rounds", 4)?,
        orders: options.number("orders", 5.0)?,
    };
    let mut texts = labelled(Path::new("bench/signals/injection.jsonl"))?;
    texts.extend(labelled(&data_folder().join("signals/injection.jsonl"))?);
    for (file, pointer, every) in ORDINARY {
        texts.extend(ordinary(&data_folder().join(file), pointer, every)?);
    }
    texts.extend(ordinary(
        Path::new("bench/edits/replies.jsonl"),
        "/after",
        1,
    )?);
    let scores = across_folds(&texts, options.number("folds", 5)?, recipe);
    let threshold = threshold(&texts, &scores, options.number("alarms", 0.08)?);
    report("folds", &texts, &scores, threshold);
    let model = train(&texts.iter().collect::<Vec<_>>(), recipe);
    for file in &options.data {
        let unseen = labelled(file)?;
        let scores: Vec<i32> = unseen.iter().map(|text| model.score(text)).collect();
        report(&file.to_string_lossy(), &unseen, &scores, threshold);
        if options.text("show").is_some() {
            show(file, &unseen, &scores, threshold)?;
        }
    }
    if options.text("dry").is_none() {
        let mut bytes: Vec<u8> = model.weights.iter().map(|w| w.cast_unsigned()).collect();
        bytes.extend(((model.start - threshold) as i16).to_le_bytes());
        std::fs::write("src/policy/signal/injection/weights.bin", bytes)
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn lines(file: &Path) -> Result<Vec<String>, String> {
    let text =
        std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// Texts of `{"set", "text", "injection"}`, a line each.
fn labelled(file: &Path) -> Result<Vec<Text>, String> {
    let text = |line: String| {
        let row: Value = serde_json::from_str(&line).map_err(|error| error.to_string())?;
        let field = |name: &str| row[name].as_str().unwrap_or_default();
        let mut text = Text::ordinary(field("set"), field("text"));
        text.order = row["injection"] == Value::Bool(true);
        text.ordinary = false;
        Ok(text)
    };
    lines(file)?.into_iter().map(text).collect()
}

/// A set's different texts.
fn ordinary(file: &Path, pointer: &str, every: usize) -> Result<Vec<Text>, String> {
    let mut texts: Vec<String> = if pointer.is_empty() {
        index::read(file)?.into_iter().map(|row| row.text).collect()
    } else {
        let text = |line: String| {
            let row: Value = serde_json::from_str(&line).map_err(|error| error.to_string())?;
            let text = row.pointer(pointer).and_then(Value::as_str);
            Ok(text.unwrap_or_default().to_owned())
        };
        let lines = lines(file)?.into_iter().step_by(every);
        lines.map(text).collect::<Result<_, String>>()?
    };
    texts.sort_unstable();
    texts.dedup();
    let set = file.file_name().unwrap_or_default().to_string_lossy();
    Ok(texts
        .iter()
        .map(|text| Text::ordinary(&set, text))
        .collect())
}

impl Text {
    fn ordinary(set: &str, text: &str) -> Self {
        let count = |buckets: Vec<u32>| {
            let mut counts = BTreeMap::new();
            for bucket in buckets {
                *counts.entry(bucket).or_insert(0) += 1;
            }
            counts
        };
        let sentences = buckets(text).into_iter().map(count).collect();
        Self {
            set: set.to_owned(),
            sentences,
            order: false,
            ordinary: true,
        }
    }
}

/// What is learned, in units of the model.
struct Model {
    start: i32,
    weights: Vec<i8>,
}

impl Model {
    fn score(&self, text: &Text) -> i32 {
        let weight =
            |(bucket, count): (&u32, &i32)| count * i32::from(self.weights[*bucket as usize]);
        let sums = text.sentences.iter();
        let sums = sums.map(|sentence| sentence.iter().map(weight).sum::<i32>());
        self.start + sums.max().unwrap_or(0)
    }
}

/// The score of each text by a model that has not seen it.
fn across_folds(texts: &[Text], folds: usize, recipe: Recipe) -> Vec<i32> {
    let fold_of = |at: usize| at.wrapping_mul(0x9e37_79b9) / 64 % folds;
    let mut scores = vec![0; texts.len()];
    std::thread::scope(|scope| {
        let learn = |fold: usize| {
            let seen = texts.iter().enumerate();
            let seen = seen.filter(|(at, _)| fold_of(*at) != fold);
            train(&seen.map(|(_, text)| text).collect::<Vec<_>>(), recipe)
        };
        let work: Vec<_> = (0..folds)
            .map(|fold| scope.spawn(move || learn(fold)))
            .collect();
        for (fold, model) in work.into_iter().enumerate() {
            let Ok(model) = model.join() else { continue };
            for (at, text) in texts.iter().enumerate() {
                if fold_of(at) == fold {
                    scores[at] = model.score(text);
                }
            }
        }
    });
    scores
}

/// The least score that counts, by the share of labelled texts without an order that it flags.
fn threshold(texts: &[Text], scores: &[i32], alarms: f64) -> i32 {
    let talk = texts.iter().zip(scores);
    let talk = talk.filter(|(text, _)| !text.order && !text.ordinary);
    let mut talk: Vec<i32> = talk.map(|(_, score)| *score).collect();
    talk.sort_unstable();
    let last = (talk.len() as f64 * (1.0 - alarms)) as usize;
    talk.get(last).map_or(0, |score| score + 1)
}

fn train(texts: &[&Text], recipe: Recipe) -> Model {
    let mut columns: Vec<Vec<(usize, f64)>> = vec![Vec::new(); BUCKETS as usize];
    let mut text_of = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        for sentence in &text.sentences {
            for (bucket, count) in sentence {
                columns[*bucket as usize].push((text_of.len(), f64::from(*count)));
            }
            text_of.push(at);
        }
    }
    let whole = |at: &usize| match texts[*at].order {
        true => recipe.orders / texts[*at].sentences.len() as f64,
        false => 1.0,
    };
    let mut rows = Rows {
        order: text_of.iter().map(|at| texts[*at].order).collect(),
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
        rows.share(&text_of, texts.len(), recipe.orders);
    }
    let unit = |weight: f64| (weight * ONE).round();
    let byte = |weight: &f64| unit(*weight).clamp(-127.0, 127.0) as i8;
    Model {
        start: unit(start) as i32,
        weights: weights.iter().map(byte).collect(),
    }
}

/// Sentences that are learned from.
struct Rows {
    order: Vec<bool>,
    weight: Vec<f64>,
    margin: Vec<f64>,
}

impl Rows {
    /// Newton's step for one weight, all others held; `column` has each row in which it counts, and how often.
    fn step(&mut self, own: &mut f64, column: &[(usize, f64)], ridge: f64) {
        let (mut slope, mut curve) = (ridge * *own, ridge);
        for &(row, count) in column.iter().filter(|(row, _)| self.weight[*row] > 0.0) {
            let chance = 1.0 / (1.0 + libm::exp(-self.margin[row]));
            let wanted = f64::from(u8::from(self.order[row]));
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

    /// Shares what a text with an order weighs among the sentences that read most like one.
    fn share(&mut self, text_of: &[usize], texts: usize, orders: f64) {
        let odds = |margin: f64| libm::exp(margin.clamp(-30.0, 30.0));
        let mut sums = vec![0.0; texts];
        for (text, margin) in text_of.iter().zip(&self.margin) {
            sums[*text] += odds(*margin);
        }
        for (row, text) in text_of.iter().enumerate() {
            if self.order[row] {
                let share = odds(self.margin[row]) / sums[*text];
                self.weight[row] = if share < SHARE_MIN {
                    0.0
                } else {
                    orders * share
                };
            }
        }
    }
}

/// Which share of each set's texts is flagged, and the AUROC of the labelled ones.
fn report(name: &str, texts: &[Text], scores: &[i32], threshold: i32) {
    let mut by: BTreeMap<(&str, bool), (u32, u32)> = BTreeMap::new();
    let mut ranked = Vec::new();
    for (text, score) in texts.iter().zip(scores) {
        let all = if text.ordinary {
            "ordinary"
        } else {
            "labelled"
        };
        for set in [text.set.as_str(), all] {
            let (flagged, of) = by.entry((set, text.order)).or_default();
            *flagged += u32::from(*score >= threshold);
            *of += 1;
        }
        if !text.ordinary {
            ranked.push((*score, text.order));
        }
    }
    println!("{name}: AUROC {:.3}", area(ranked));
    for ((set, order), (flagged, of)) in by {
        let what = if order { "found" } else { "alarms" };
        let share = f64::from(flagged) / f64::from(of);
        println!("{set:>34} {what:>6} {share:.3} ({flagged} of {of})");
    }
}

fn show(file: &Path, texts: &[Text], scores: &[i32], threshold: i32) -> Result<(), String> {
    for ((text, score), line) in texts.iter().zip(scores).zip(lines(file)?) {
        if text.order != (*score >= threshold) {
            println!("{:>5} {line:.300}", score - threshold);
        }
    }
    Ok(())
}

/// The area under the ROC curve.
fn area(mut scores: Vec<(i32, bool)>) -> f64 {
    scores.sort_unstable();
    let (mut area, mut below, mut orders) = (0.0, 0.0, 0.0);
    for same in scores.chunk_by(|a, b| a.0 == b.0) {
        let found = same.iter().filter(|(_, order)| *order).count() as f64;
        let others = same.len() as f64 - found;
        area += found * (below + others / 2.0);
        below += others;
        orders += found;
    }
    area / (below * orders)
}
