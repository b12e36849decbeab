//! `bench flywheel [--data FILE]… [--messages N]`: does a correction keep the next one from being
//! needed? A stream of messages is replayed. A simulated agent makes the same mistake in every
//! second intent until one of the three examples that memory gives it shows the fix; each mistake
//! is corrected, and the correction is stored. The correction rate per 100 messages, with memory on
//! (words and vectors), with BM25 only, and off. It must not help the agent by the intent's name.

use crate::options::Options;
use crate::random::Random;
use crate::retrieval::files;
use crate::retrieval::index::{self, Index, Row, Searches};
use countersign_embed::Vector;
use countersign_policy::memory::{Asked, rank};
use serde_json::{Map, json};
use std::collections::{BTreeMap, BTreeSet};

/// Messages over which a rate is told; a short stream is told in fifths.
const WINDOW: usize = 100;
/// Examples that the agent reads.
const EXAMPLES: u32 = 3;
/// Repeats of one replay under other orders.
const SEEDS: u64 = 3;

/// Measures.
pub fn run(options: &Options) -> Result<(), String> {
    let bytes = index::weights();
    let model = index::model(bytes.as_deref())?;
    if model.is_none() {
        println!("without weights (`node scripts/weights.mjs` makes them): words only");
    }
    let mut sets = Map::new();
    let mut line = BTreeMap::new();
    for file in files(options, "retrieval") {
        let rows = index::read(&file)?;
        let vectors = index::vectors(model.as_ref(), &rows);
        let messages = options.number("messages", 2_000)?.min(rows.len());
        let name = file.file_stem().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        println!("{name}: {messages} messages, corrections per 100");
        line = BTreeMap::new();
        let ways = [
            ("off", None),
            ("bm25", Some(Searches::Words)),
            ("on", Some(Searches::Both).filter(|_| model.is_some())),
        ];
        for (way, searches) in ways {
            if way == "on" && searches.is_none() {
                continue;
            }
            let rates = mean_rates(&rows, &vectors, searches, messages)?;
            report(way, &rates, &mut line);
        }
        sets.insert(name, json!(line));
    }
    if options.json {
        let several = sets.len() > 1;
        println!("{}", if several { json!(sets) } else { json!(line) });
    }
    Ok(())
}

fn report(way: &str, rates: &[f64], line: &mut BTreeMap<String, serde_json::Value>) {
    let shown: Vec<String> = rates.iter().map(|rate| format!("{rate:3.0}")).collect();
    println!("  {way:4} {}", shown.join(" "));
    let first = rates.first().copied().unwrap_or(0.0);
    let last = rates.last().copied().unwrap_or(0.0);
    let tenth = |value: f64| (value * 10.0).round() / 10.0;
    let fell = if first > 0.0 { 1.0 - last / first } else { 0.0 };
    println!(
        "       from {first:.1} to {last:.1}: fell by {:.0} %",
        fell * 100.0
    );
    let all: Vec<f64> = rates.iter().copied().map(tenth).collect();
    line.insert(format!("{way}_rates"), json!(all));
    line.insert(format!("{way}_last"), json!(tenth(last)));
    line.insert(format!("{way}_fell_by"), json!((fell * 1e3).round() / 1e3));
}

/// The rates of each window, over several orders of the stream.
fn mean_rates(
    rows: &[Row],
    vectors: &[Option<Vector>],
    searches: Option<Searches>,
    messages: usize,
) -> Result<Vec<f64>, String> {
    let window = (messages / 5).clamp(1, WINDOW);
    let mut sums = vec![0.0; messages / window];
    for seed in 0..SEEDS {
        let order = shuffled(rows.len(), messages, seed);
        let corrected = replay(rows, vectors, searches, &order)?;
        for (sum, window) in sums.iter_mut().zip(corrected.chunks_exact(window)) {
            *sum += window
                .iter()
                .map(|wrong| f64::from(u8::from(*wrong)))
                .sum::<f64>();
        }
    }
    let all = (SEEDS * window as u64) as f64;
    Ok(sums.into_iter().map(|sum| 100.0 * sum / all).collect())
}

/// For each message, whether its draft had to be corrected.
fn replay(
    rows: &[Row],
    vectors: &[Option<Vector>],
    searches: Option<Searches>,
    order: &[usize],
) -> Result<Vec<bool>, String> {
    let mut memory = Index::new(std::iter::empty())?;
    let habits = habits(rows);
    let mut corrected = Vec::with_capacity(order.len());
    for place in order {
        let (Some(row), Some(vector)) = (rows.get(*place), vectors.get(*place)) else {
            continue;
        };
        let shown = match searches {
            Some(searches) => shown(&memory, row, vector.as_ref(), searches)?,
            None => BTreeSet::new(),
        };
        let wrong = habits.contains(row.intent.as_str()) && !shown.contains(&row.intent);
        if wrong {
            memory.push(&row.text, &row.intent, vector.as_ref())?;
        }
        corrected.push(wrong);
    }
    Ok(corrected)
}

/// The intents whose fix the examples show.
fn shown(
    memory: &Index,
    row: &Row,
    vector: Option<&Vector>,
    searches: Searches,
) -> Result<BTreeSet<String>, String> {
    let found = memory.candidates(&row.text, vector, searches)?;
    let asked = Asked {
        category: None,
        examples: EXAMPLES,
    };
    let picked = rank(asked, &found);
    let intents = picked.iter().filter_map(|one| one.candidate.category);
    Ok(intents.map(str::to_owned).collect())
}

/// Every second intent by name.
fn habits(rows: &[Row]) -> BTreeSet<&str> {
    let intents: BTreeSet<&str> = rows.iter().map(|row| row.intent.as_str()).collect();
    intents.into_iter().step_by(2).collect()
}

/// The first `wanted` places of an order that the seed gives.
fn shuffled(length: usize, wanted: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..length).collect();
    Random::new(seed).shuffle(&mut order);
    order.truncate(wanted);
    order
}
