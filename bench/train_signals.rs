//! Learns the weights of `policy::signal::learned` and says how good they are on texts they have not seen.
//! `--set injection` writes `src/policy/signal/learned/injection.bin`, `--set self_harm` the file beside it.
//!
//! The model is `weigh_sentences`. It learns from `bench/signals`, the lists of the policy's
//! tests, the shared set of injections, and ordinary texts of the other shared sets, which have no label; each once.
//!
//! `--folds`, `--ridge` (what the square of a weight costs), `--rounds`, `--labelled` (what a text with the label weighs,
//! another weighing 1), `--alarms` (which share of the texts of `bench/signals` without it may be flagged, across folds:
//! it sets the threshold), `--buckets`; `--data FILE` is measured by what was learned, without texts that are learned from; `--show 1` prints what was wrong
//! there; `--dry 1` writes nothing.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a tool for development, over data of known size; a panic is a report"
)]

use crate::edits::{auroc, data_folder};
use crate::options::Options;
use crate::retrieval::index;
use crate::weigh_sentences::{Recipe, Sentences, train};
use countersign_policy::signal::learned::read_grams;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What is learned: a label, and the texts to learn it from.
struct Set {
    label: &'static str,
    written: &'static str,
    shared: &'static [&'static str],
    /// Texts of the policy's tests, a line each, behind a label and a tab or behind none, and whether the label is
    /// meant there.
    lists: &'static [(&'static str, bool)],
    ordinary: &'static [Ordinary],
    buckets: u32,
    /// A weight of 1.0 in the logistic's own unit, as `signal::learned` knows it.
    one: f64,
    /// Which share of the written texts without the label may be flagged, across folds.
    alarms: f64,
}

/// A file of ordinary texts, where a text stands in each line (tables have a column for it), and every how
/// many lines are read.
type Ordinary = (&'static str, &'static str, usize);

/// What agents answer: of this project, beside the shared sets.
const REPLIES: Ordinary = ("bench/edits/replies.jsonl", "/after", 1);

const INJECTION: Set = Set {
    label: "injection",
    written: "bench/signals/injection.jsonl",
    shared: &["signals/injection.jsonl"],
    lists: &[
        ("src/policy/tests/signals/orders.txt", true),
        ("src/policy/tests/signals/talk.txt", false),
    ],
    ordinary: &[
        ("retrieval/banking77.csv", "", 1),
        ("retrieval/clinc150.csv", "", 1),
        ("novelty/banking77.csv", "", 1),
        ("novelty/clinc150.csv", "", 1),
        ("streams/tau_airline_drafts.jsonl", "/message", 1),
        ("streams/tau_airline_drafts.jsonl", "/draft/text", 1),
        ("edits/iterater.jsonl", "/after", 2),
        ("edits/argrewrite.jsonl", "/before", 2),
        ("edits/documents.jsonl", "/before", 2),
        REPLIES,
    ],
    buckets: 1 << 16,
    one: 8.0,
    alarms: 0.08,
};

const SELF_HARM: Set = Set {
    label: "self_harm",
    written: "bench/signals/topics.jsonl",
    shared: &[],
    lists: &[("src/policy/tests/signals/topics.txt", false)],
    ordinary: &[
        ("retrieval/clinc150.csv", "", 1),
        ("retrieval/banking77.csv", "", 1),
        ("streams/tau_airline_drafts.jsonl", "/message", 1),
        ("streams/tau_airline_drafts.jsonl", "/draft/text", 1),
        REPLIES,
    ],
    buckets: 1 << 15,
    one: 4.0,
    alarms: 0.03,
};

/// A text that is learned from or measured on.
struct Text {
    set: String,
    text: String,
    sentences: Sentences,
    labels: Vec<String>,
    ordinary: bool,
}

impl Text {
    fn has(&self, label: &str) -> bool {
        self.labels.iter().any(|own| own == label)
    }
}

/// Trains, measures across folds and on `--data`, writes the weights.
pub fn run(options: &Options) -> Result<(), String> {
    let name = options.text("set").unwrap_or("injection");
    let set = match name {
        "injection" => INJECTION,
        "self_harm" => SELF_HARM,
        other => return Err(format!("there is no set called `{other}`")),
    };
    let recipe = Recipe {
        buckets: options.number("buckets", set.buckets)?,
        one: set.one,
        ridge: options.number("ridge", 2.0)?,
        rounds: options.number("rounds", 4)?,
        labelled: options.number("labelled", 5.0)?,
    };
    let mut texts = labelled(Path::new(set.written), recipe)?;
    for file in set.shared {
        texts.extend(labelled(&data_folder().join(file), recipe)?);
    }
    for (file, has) in set.lists {
        texts.extend(read_list(
            Path::new(file),
            has.then_some(set.label),
            recipe,
        )?);
    }
    for ordinary in set.ordinary {
        texts.extend(read_ordinary(*ordinary, recipe)?);
    }
    let mut known = BTreeSet::new();
    texts.retain(|text| known.insert(text.text.clone()));
    let scores = across_folds(&texts, set.label, options.number("folds", 5)?, recipe)?;
    let alarms = options.number("alarms", set.alarms)?;
    let threshold = threshold(&texts, set.label, &scores, alarms);
    report("folds", set.label, &texts, &scores, threshold);
    let mut model = train(&told(texts.iter(), set.label), recipe);
    model.start -= threshold;
    for file in &options.data {
        let mut texts = labelled(file, recipe)?;
        texts.retain(|text| !known.contains(&text.text));
        let scores = texts.iter().map(|text| model.score(&text.sentences));
        let scores: Vec<i32> = scores.collect();
        report(&file.to_string_lossy(), set.label, &texts, &scores, 0);
        if options.text("show").is_some() {
            show(set.label, &texts, &scores);
        }
    }
    if options.text("dry").is_none() {
        let mut bytes = (model.start as i16).to_le_bytes().to_vec();
        bytes.extend(model.weights.iter().map(|weight| weight.cast_unsigned()));
        let file = format!("src/policy/signal/learned/{}.bin", set.label);
        std::fs::write(file, bytes).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn lines(file: &Path) -> Result<Vec<String>, String> {
    let text =
        std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// Texts of `{"set", "text", "injection"}` or of `{"text", "topics"}`, a line each.
fn labelled(file: &Path, recipe: Recipe) -> Result<Vec<Text>, String> {
    let text = |line: String| {
        let row: Value = serde_json::from_str(&line).map_err(|error| error.to_string())?;
        let topics = row["topics"].as_array().into_iter().flatten();
        let topics = topics.filter_map(|topic| topic.as_str().map(str::to_owned));
        let injection = (row["injection"] == Value::Bool(true)).then(|| "injection".to_owned());
        Ok(Text {
            set: row["set"].as_str().unwrap_or("written").to_owned(),
            text: row["text"].as_str().unwrap_or_default().to_owned(),
            sentences: sentences(row["text"].as_str().unwrap_or_default(), recipe),
            labels: topics.chain(injection).collect(),
            ordinary: false,
        })
    };
    lines(file)?.into_iter().map(text).collect()
}

/// The texts of a set.
fn read_ordinary((file, pointer, every): Ordinary, recipe: Recipe) -> Result<Vec<Text>, String> {
    let path = match file.starts_with("bench/") {
        true => PathBuf::from(file),
        false => data_folder().join(file),
    };
    let texts: Vec<String> = if pointer.is_empty() {
        index::read(&path)?
            .into_iter()
            .map(|row| row.text)
            .collect()
    } else {
        let text = |line: String| {
            let row: Value = serde_json::from_str(&line).map_err(|error| error.to_string())?;
            let text = row.pointer(pointer).and_then(Value::as_str);
            Ok(text.unwrap_or_default().to_owned())
        };
        let lines = lines(&path)?.into_iter().step_by(every);
        lines.map(text).collect::<Result<_, String>>()?
    };
    let text = |text: String| Text {
        set: file.to_owned(),
        sentences: sentences(&text, recipe),
        text,
        labels: Vec::new(),
        ordinary: true,
    };
    Ok(texts.into_iter().map(text).collect())
}

/// Lines that are no comment, each with its label.
fn read_list(file: &Path, label: Option<&str>, recipe: Recipe) -> Result<Vec<Text>, String> {
    let lines = lines(file)?.into_iter();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("# "));
    let text = |line: String| {
        let (own, text) = line.split_once('\t').unwrap_or(("", &line));
        let label = label.or(Some(own)).filter(|label| !label.is_empty());
        Text {
            set: file
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            text: text.to_owned(),
            sentences: sentences(text, recipe),
            labels: label.map(str::to_owned).into_iter().collect(),
            ordinary: false,
        }
    };
    Ok(lines.map(text).collect())
}

fn sentences(text: &str, recipe: Recipe) -> Sentences {
    let count = |grams: Vec<u32>| {
        let mut counts = BTreeMap::new();
        for gram in grams {
            *counts.entry(gram % recipe.buckets).or_insert(0) += 1;
        }
        counts
    };
    read_grams(text).into_iter().map(count).collect()
}

fn told<'t>(texts: impl Iterator<Item = &'t Text>, label: &str) -> Vec<(&'t Sentences, bool)> {
    texts
        .map(|text| (&text.sentences, text.has(label)))
        .collect()
}

/// The score of each text by a model that has not seen it.
fn across_folds(
    texts: &[Text],
    label: &str,
    folds: usize,
    recipe: Recipe,
) -> Result<Vec<i32>, String> {
    let fold_of = |at: usize| at.wrapping_mul(0x9e37_79b9) / 64 % folds;
    let mut scores = vec![0; texts.len()];
    std::thread::scope(|scope| {
        let learn = |fold: usize| {
            let seen = texts.iter().enumerate();
            let seen = seen.filter(|(at, _)| fold_of(*at) != fold);
            train(&told(seen.map(|(_, text)| text), label), recipe)
        };
        let work: Vec<_> = (0..folds)
            .map(|fold| scope.spawn(move || learn(fold)))
            .collect();
        for (fold, model) in work.into_iter().enumerate() {
            let model = model.join().map_err(|_| "a fold can't be learned")?;
            for (at, text) in texts.iter().enumerate() {
                if fold_of(at) == fold {
                    scores[at] = model.score(&text.sentences);
                }
            }
        }
        Ok(scores)
    })
}

/// The least score that counts, by the share of written texts without the label that it flags.
fn threshold(texts: &[Text], label: &str, scores: &[i32], alarms: f64) -> i32 {
    let others = texts.iter().zip(scores);
    let others = others.filter(|(text, _)| !text.has(label) && !text.ordinary);
    let mut others: Vec<i32> = others.map(|(_, score)| *score).collect();
    others.sort_unstable();
    let last = (others.len() as f64 * (1.0 - alarms)) as usize;
    let last = last.min(others.len().saturating_sub(1));
    others.get(last).map_or(0, |score| score + 1)
}

/// Which share of each set's texts is flagged, and the AUROC of the written ones.
fn report(name: &str, label: &str, texts: &[Text], scores: &[i32], threshold: i32) {
    let mut by: BTreeMap<(&str, bool), (u32, u32)> = BTreeMap::new();
    let mut ranked = Vec::new();
    for (text, score) in texts.iter().zip(scores) {
        let all = if text.ordinary {
            "all ordinary"
        } else {
            "all labelled"
        };
        for set in [text.set.as_str(), all] {
            let (flagged, of) = by.entry((set, text.has(label))).or_default();
            *flagged += u32::from(*score >= threshold);
            *of += 1;
        }
        if !text.ordinary {
            ranked.push((*score, text.has(label)));
        }
    }
    println!("{label}, {name}: AUROC {:.3}", auroc(&ranked));
    for ((set, has), (flagged, of)) in by {
        let what = if has { "found" } else { "alarms" };
        let share = f64::from(flagged) / f64::from(of);
        println!("{set:>34} {what:>6} {share:.3} ({flagged} of {of})");
    }
}

fn show(label: &str, texts: &[Text], scores: &[i32]) {
    for (text, score) in texts.iter().zip(scores) {
        if text.has(label) != (*score >= 0) {
            println!("{score:>5} {:.300?}", text.text);
        }
    }
}
