//! The native half of `bench embed`: 1,000 messages in int8 beside the published float weights, and
//! their word pieces beside the reference tokenizer's. `embed.mjs` runs it and adds the times in
//! workerd.

#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

#[path = "embed/reference.rs"]
mod reference;

use crate::edits::{self, data_folder};
use crate::options::Options;
use crate::retrieval::index;
use countersign_embed::TOKENS_MAX;
use reference::Reference;
use serde_json::json;
use std::time::Instant;

/// Messages compared.
const MESSAGES: usize = 1_000;

/// `--model model.safetensors` is what to compare with; `--print texts` only prints the messages,
/// `--tokens FILE` holds the reference's word pieces of each, a JSON list a line.
pub fn run(options: &Options) -> Result<(), String> {
    let messages = messages(options)?;
    if options.text("print") == Some("texts") {
        messages.iter().for_each(|text| println!("{}", json!(text)));
        return Ok(());
    }
    let Some(bytes) = index::weights() else {
        println!("left out: no weights on this machine (`node scripts/weights.mjs` makes them)");
        return Ok(());
    };
    let Some(model) = index::model(Some(&bytes))? else {
        return Ok(());
    };
    if messages.is_empty() {
        println!("left out: no messages (see COUNTERSIGN_DATA)");
        return Ok(());
    }
    let pieces = |text: &String| model.weights().vocabulary().tokenise(text, TOKENS_MAX);
    let ids: Vec<Vec<u16>> = messages.iter().map(pieces).collect();
    let mut line = json!({ "messages": messages.len(), "weights_bytes": bytes.len() });
    let mut add = |name: &str, value: serde_json::Value| {
        println!("  {name}: {value}");
        line.as_object_mut()
            .map(|line| line.insert(name.to_owned(), value));
    };
    if let Some(file) = options.text("tokens") {
        let text = std::fs::read_to_string(file).map_err(|error| format!("`{file}`: {error}"))?;
        let expected = text.lines().map(serde_json::from_str::<Vec<u16>>);
        let same = expected
            .zip(&ids)
            .filter(|(one, ids)| one.as_ref().is_ok_and(|one| one == *ids));
        add("tokens_identical", json!(same.count()));
    }
    if let Some(file) = options.text("model") {
        let bytes = std::fs::read(file).map_err(|error| format!("`{file}`: {error}"))?;
        let reference = Reference::new(&bytes)?;
        let mut cosines: Vec<f64> = Vec::new();
        for (text, ids) in messages.iter().zip(&ids) {
            let vector = model.embed(text, TOKENS_MAX);
            cosines.push(cosine(vector.values(), &reference.embed(ids)));
        }
        cosines.sort_by(f64::total_cmp);
        let mean = cosines.iter().sum::<f64>() / cosines.len() as f64;
        add("cosine_least", json!(cosines.first()));
        add("cosine_mean", json!(mean));
    }
    let twenty = ids
        .iter()
        .zip(&messages)
        .find(|(ids, _)| ids.len() == 20)
        .map_or(TWENTY, |(_, text)| text);
    add("native_ms_best", json!(best_ms(&model, twenty)));
    add("twenty_tokens", json!(twenty));
    if options.json {
        println!("{line}");
    }
    Ok(())
}

/// A message of twenty word pieces, first and last marks included, for data without one.
const TWENTY: &str = "Where is the refund for the two lamps that I sent back to you a week ago";

/// The shortest of a hundred times that one message took.
fn best_ms(model: &countersign_embed::Model<'_>, text: &str) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..100 {
        let started = Instant::now();
        let vector = model.embed(text, TOKENS_MAX);
        best = best.min(started.elapsed().as_secs_f64() * 1e3);
        assert!(vector.values().iter().any(|value| *value != 0));
    }
    best
}

/// As many messages of each file: those asked for, or short ones of two sets and sentences of a
/// third.
fn messages(options: &Options) -> Result<Vec<String>, String> {
    let defaults = [
        "retrieval/banking77.csv",
        "retrieval/clinc150.csv",
        "edits/iterater.jsonl",
    ];
    let mut files = options.data.clone();
    if files.is_empty() {
        files.extend(defaults.map(|file| data_folder().join(file)));
        files.retain(|file| file.exists());
    }
    let share = MESSAGES.div_ceil(files.len().max(1));
    let mut messages = Vec::new();
    for file in files {
        let mut texts: Vec<String> = if file.extension().is_some_and(|end| end == "csv") {
            let rows = index::read(&file)?.into_iter().filter(|row| row.is_query);
            rows.map(|row| row.text).collect()
        } else {
            let edits = edits::read(&file)?.into_iter();
            edits.map(|edit| edit.before).collect()
        };
        texts.truncate(share);
        messages.extend(texts);
    }
    messages.truncate(MESSAGES);
    Ok(messages)
}

fn cosine(one: &[i8], other: &[f32]) -> f64 {
    let (mut dot, mut ones, mut others) = (0.0, 0.0, 0.0);
    for (one, other) in one.iter().zip(other) {
        let (one, other) = (f64::from(*one), f64::from(*other));
        dot += one * other;
        ones += one * one;
        others += other * other;
    }
    dot / (ones * others).sqrt()
}
