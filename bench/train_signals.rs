//! Learns the weights of a model of `policy::signal::learned`, writes them into the file beside it, and says how good
//! they are on texts they have not seen: `--set orders`, `--set topics`.
//!
//! `weigh_runs` learns each label of it by itself, from `bench/signals`, the lists of the policy's tests, the shared set of
//! injections, and ordinary texts of the other shared sets; each once. Texts of which nobody said whether they have a label
//! are left out for it.
//!
//! `--label` (one alone; nothing is written then), `--folds`, `--ridge` (what the square of a weight costs), `--rounds`,
//! `--labelled` (what a text with the label weighs, another weighing 1), `--alarms` (which share of the texts of
//! `bench/signals` without it may be flagged, across folds: it sets the threshold), `--buckets`; `--data FILE` is measured
//! by what was learned, without texts that are learned from; `--show 1` prints what was wrong there; `--dry 1` writes
//! nothing.
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
use crate::weigh_runs::{Recipe, Sentences, Weights, train};
use countersign_policy::signal::SignalCode;
use countersign_policy::signal::learned::{Model, ORDERS, TOPICS};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Consecutive texts that stand in the same fold: their author may say one thing twice.
const TOGETHER: usize = 40;

/// A file of texts, and where a text stands in each of its lines: behind a pointer; `""` is the column of a table, a
/// line that may have its label and a tab before it, where there is none. Every how many lines are read.
struct Source<'f> {
    file: &'f str,
    at: &'static str,
    every: usize,
    known: Known,
}

/// What is known of the texts of a file.
#[derive(Clone, Copy)]
enum Known {
    Labels,
    /// That none has a label, but maybe these.
    NoneBut(&'static [SignalCode]),
}

const fn labelled<'f>(file: &'f str, at: &'static str, every: usize) -> Source<'f> {
    let known = Known::Labels;
    Source {
        file,
        at,
        every,
        known,
    }
}

/// Texts that nobody labelled.
const fn ordinary(
    file: &'static str,
    at: &'static str,
    every: usize,
    but: &'static [SignalCode],
) -> Source<'static> {
    let known = Known::NoneBut(but);
    Source {
        file,
        at,
        every,
        known,
    }
}

/// Of topics every second text: with all of them the fewer on orders are found less well.
const ORDERS_FROM: &[Source<'static>] = &[
    labelled("bench/signals/injection.jsonl", "/text", 1),
    labelled("bench/signals/topics.jsonl", "/text", 2),
    labelled("signals/injection.jsonl", "/text", 1),
    labelled("src/policy/tests/signals/orders.txt", "", 1),
    labelled("src/policy/tests/signals/talk.txt", "", 1),
    labelled("src/policy/tests/signals/topics.txt", "", 1),
    ordinary("retrieval/banking77.csv", "", 1, &[]),
    ordinary("retrieval/clinc150.csv", "", 1, &[]),
    ordinary("novelty/banking77.csv", "", 1, &[]),
    ordinary("novelty/clinc150.csv", "", 1, &[]),
    ordinary("streams/tau_airline_drafts.jsonl", "/message", 1, &[]),
    ordinary("streams/tau_airline_drafts.jsonl", "/draft/text", 1, &[]),
    ordinary("edits/iterater.jsonl", "/after", 2, &[]),
    ordinary("edits/argrewrite.jsonl", "/before", 2, &[]),
    ordinary("edits/documents.jsonl", "/before", 2, &[]),
    ordinary("bench/edits/replies.jsonl", "/after", 1, &[]),
];

/// What customers write of banks and flights may be a complaint; nobody looked.
const DELICATE: &[SignalCode] = &[
    SignalCode::Complaint,
    SignalCode::Churn,
    SignalCode::SecurityIncident,
];

const TOPICS_FROM: &[Source<'static>] = &[
    labelled("bench/signals/topics.jsonl", "/text", 1),
    labelled("src/policy/tests/signals/topics.txt", "", 1),
    ordinary("retrieval/banking77.csv", "", 1, DELICATE),
    ordinary("retrieval/clinc150.csv", "", 1, DELICATE),
    ordinary("novelty/banking77.csv", "", 1, DELICATE),
    ordinary("novelty/clinc150.csv", "", 1, DELICATE),
    ordinary("streams/tau_airline_drafts.jsonl", "/message", 1, DELICATE),
];

/// A text that is learned from or measured on.
struct Text {
    source: String,
    text: String,
    sentences: Sentences,
    /// Whether it has a label; it may be that nobody knows.
    has: BTreeMap<SignalCode, bool>,
    /// Of `bench/signals` or measured on: what thresholds are set by.
    written: bool,
}

/// Trains, measures across folds and on `--data`, writes the weights.
pub fn run(options: &Options) -> Result<(), String> {
    let set = options.text("set").unwrap_or("topics");
    let (model, sources) = match set {
        "orders" => (&ORDERS, ORDERS_FROM),
        "topics" => (&TOPICS, TOPICS_FROM),
        other => return Err(format!("there is no set called `{other}`")),
    };
    let recipe = Recipe {
        buckets: options.number("buckets", 1 << 16)?,
        one: model.one,
        run_words: model.run_words,
        ridge: options.number("ridge", 2.0)?,
        rounds: options.number("rounds", 3)?,
        labelled: options.number("labelled", 5.0)?,
    };
    let mut texts = Vec::new();
    let mut known = BTreeSet::new();
    for source in sources {
        let own = read(source, model)?.into_iter();
        texts.extend(own.filter(|text| known.insert(text.text.clone())));
    }
    keep_repeated(&mut texts);
    into_buckets(&mut texts, recipe);
    let mut unseen = Vec::new();
    for file in &options.data {
        let file = file.to_string_lossy();
        let mut own = read(&labelled(&file, "/text", 1), model)?;
        own.retain(|text| !known.contains(&text.text));
        for text in &mut own {
            text.written = true;
        }
        into_buckets(&mut own, recipe);
        unseen.push((file, own));
    }
    let mut learned = Vec::new();
    let one = options.text("label").map(|name| code(name).ok_or(name));
    let one = one.transpose()?;
    for label in model.labels.iter().copied() {
        if one.is_some_and(|one| one != label) {
            continue;
        }
        let texts = texts.iter().filter(|text| text.has.contains_key(&label));
        let texts: Vec<&Text> = texts.collect();
        let scores = across_folds(&texts, label, options.number("folds", 5)?, recipe)?;
        let alarms = options.number("alarms", alarms(label))?;
        let threshold = threshold(&texts, label, &scores, alarms);
        report("folds", label, &texts, &scores, threshold);
        let mut weights = train(&told(texts.iter(), label), recipe);
        weights.start -= threshold;
        for (file, texts) in &unseen {
            let texts = texts.iter().filter(|text| text.has.contains_key(&label));
            let texts: Vec<&Text> = texts.collect();
            let scores = texts.iter();
            let scores = scores.map(|text| weights.score(&text.sentences, recipe));
            let scores: Vec<i32> = scores.collect();
            if !texts.is_empty() {
                report(file, label, &texts, &scores, 0);
            }
            if options.text("show").is_some() {
                show(label, &texts, &scores);
            }
        }
        learned.push(weights);
    }
    if options.text("dry").is_none() && one.is_none() {
        let file = format!("src/policy/signal/learned/{set}.bin");
        std::fs::write(file, stored(&learned)).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Leaves out grams that stand in one text alone: they tell nothing, and fill buckets.
fn keep_repeated(texts: &mut [Text]) {
    let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
    for text in &*texts {
        let grams: BTreeSet<u32> = text
            .sentences
            .iter()
            .flat_map(|(_, grams)| grams)
            .copied()
            .collect();
        for gram in grams {
            *counts.entry(gram).or_default() += 1;
        }
    }
    for text in texts {
        for (_, grams) in &mut text.sentences {
            grams.retain(|gram| counts[gram] > 1);
        }
    }
}

fn into_buckets(texts: &mut [Text], recipe: Recipe) {
    for gram in texts
        .iter_mut()
        .flat_map(|text| &mut text.sentences)
        .flat_map(|(_, grams)| grams)
    {
        *gram %= recipe.buckets;
    }
}

/// Which share of written texts without the label may be flagged.
fn alarms(label: SignalCode) -> f64 {
    match label {
        SignalCode::Injection => 0.03,
        SignalCode::Complaint => 0.03,
        _ => 0.015,
    }
}

/// As `signal::learned` reads them.
fn stored(models: &[Weights]) -> Vec<u8> {
    let starts = models
        .iter()
        .flat_map(|model| (model.start as i16).to_le_bytes());
    let mut bytes: Vec<u8> = starts.collect();
    for bucket in 0..models[0].weights.len() {
        bytes.extend(
            models
                .iter()
                .map(|model| model.weights[bucket].cast_unsigned()),
        );
    }
    bytes
}

/// The texts of a source, each with what is known of it.
fn read(source: &Source<'_>, model: &Model) -> Result<Vec<Text>, String> {
    let own = Path::new(source.file);
    let path = match own.exists() {
        true => own.to_owned(),
        false => data_folder().join(own),
    };
    let rows: Vec<(String, Vec<SignalCode>)> = match path.extension().and_then(|end| end.to_str()) {
        Some("csv") => {
            let rows = index::read(&path)?.into_iter();
            rows.map(|row| (row.text, Vec::new())).collect()
        }
        Some("txt") => listed(&path)?,
        _ => {
            let lines = lines(&path)?;
            let rows = lines.iter().map(|line| row(line, source.at));
            rows.collect::<Result<_, String>>()?
        }
    };
    let text = |(text, labels): (String, Vec<SignalCode>)| Text {
        source: source.file.to_owned(),
        sentences: model.read_grams(&text),
        text,
        has: has(source.known, model, &labels),
        written: source.file.starts_with("bench/signals"),
    };
    Ok(rows.into_iter().step_by(source.every).map(text).collect())
}

/// A text and its labels.
fn row(line: &str, pointer: &str) -> Result<(String, Vec<SignalCode>), String> {
    let row: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let text = row
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default();
    let topics = row["topics"].as_array().into_iter().flatten();
    let topics = topics.filter_map(|topic| code(topic.as_str()?));
    let order = (row["injection"] == Value::Bool(true)).then_some(SignalCode::Injection);
    Ok((text.to_owned(), topics.chain(order).collect()))
}

/// Lines that are no comment, each with the label before its tab; all of a list of orders are such.
fn listed(file: &Path) -> Result<Vec<(String, Vec<SignalCode>)>, String> {
    let lines = lines(file)?.into_iter();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("# "));
    let orders = file
        .ends_with("orders.txt")
        .then_some(SignalCode::Injection);
    let row = |line: String| {
        let (own, text) = line.split_once('\t').unwrap_or(("", &line));
        (
            text.to_owned(),
            orders.into_iter().chain(code(own)).collect(),
        )
    };
    Ok(lines.map(row).collect())
}

fn code(name: &str) -> Option<SignalCode> {
    serde_json::from_value(Value::from(name)).ok()
}

fn has(known: Known, model: &Model, labels: &[SignalCode]) -> BTreeMap<SignalCode, bool> {
    let is_known = |label: &SignalCode| match known {
        Known::Labels => true,
        Known::NoneBut(unsure) => !unsure.contains(label),
    };
    let all = model.labels.iter().copied().filter(is_known);
    all.map(|label| (label, labels.contains(&label))).collect()
}

fn lines(file: &Path) -> Result<Vec<String>, String> {
    let text =
        std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(text.lines().map(str::to_owned).collect())
}

fn told<'t>(
    texts: impl Iterator<Item = &'t &'t Text>,
    label: SignalCode,
) -> Vec<(&'t Sentences, bool)> {
    texts
        .map(|text| (&text.sentences, text.has[&label]))
        .collect()
}

/// The score of each text by a model that has not seen it.
fn across_folds(
    texts: &[&Text],
    label: SignalCode,
    folds: usize,
    recipe: Recipe,
) -> Result<Vec<i32>, String> {
    let fold_of = |at: usize| (at / TOGETHER).wrapping_mul(0x9e37_79b9) / 64 % folds;
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
                    scores[at] = model.score(&text.sentences, recipe);
                }
            }
        }
        Ok(scores)
    })
}

/// The least score that counts, by the share of written texts without the label that it flags.
fn threshold(texts: &[&Text], label: SignalCode, scores: &[i32], alarms: f64) -> i32 {
    let others = texts.iter().zip(scores);
    let others = others.filter(|(text, _)| !text.has[&label] && text.written);
    let mut others: Vec<i32> = others.map(|(_, score)| *score).collect();
    others.sort_unstable();
    let last = (others.len() as f64 * (1.0 - alarms)) as usize;
    let last = last.min(others.len().saturating_sub(1));
    others.get(last).map_or(0, |score| score + 1)
}

/// Which share of each source's texts is flagged, and the AUROC of the written ones.
fn report(name: &str, label: SignalCode, texts: &[&Text], scores: &[i32], threshold: i32) {
    let mut by: BTreeMap<(&str, bool), (u32, u32)> = BTreeMap::new();
    let mut ranked = Vec::new();
    for (text, score) in texts.iter().zip(scores) {
        let has = text.has[&label];
        let all = match text.written {
            true => "all written",
            false => "all others",
        };
        for set in [text.source.as_str(), all] {
            let (flagged, of) = by.entry((set, has)).or_default();
            *flagged += u32::from(*score >= threshold);
            *of += 1;
        }
        if text.written {
            ranked.push((*score, has));
        }
    }
    println!("{label:?}, {name}: AUROC {:.3}", auroc(&ranked));
    for ((set, has), (flagged, of)) in by {
        let what = if has { "found" } else { "alarms" };
        let share = f64::from(flagged) / f64::from(of);
        println!("{set:>38} {what:>6} {share:.4} ({flagged} of {of})");
    }
}

fn show(label: SignalCode, texts: &[&Text], scores: &[i32]) {
    for (text, score) in texts.iter().zip(scores) {
        if text.has[&label] != (*score >= 0) {
            println!("{score:>5} {:.300?}", text.text);
        }
    }
}
