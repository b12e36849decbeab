//! `bench novelty [--data FILE]…`: does memory notice a question that was never handled? `near`
//! ones are unseen intents of the same domain, `far` ones come from another domain.

use crate::options::Options;
use crate::retrieval::files;
use crate::retrieval::index::{self, Index, Row, Searches};
use countersign_embed::Model;
use countersign_policy::memory::{Nearness, guess, nearness, novelty};
use serde_json::{Map, Value, json};

/// Measures.
pub fn run(options: &Options) -> Result<(), String> {
    let bytes = index::weights();
    let model = index::model(bytes.as_deref())?;
    if model.is_none() {
        println!("without weights (`node scripts/weights.mjs` makes them): words only");
    }
    let mut sets = Map::new();
    let mut line = Value::Null;
    for file in files(options, "novelty") {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        line = measure(&name, &index::read(&file)?, model.as_ref())?;
        sets.insert(name.into_owned(), line.clone());
    }
    // Novelty of different sets is not of one kind: several are told apart.
    if options.json {
        let several = sets.len() > 1;
        println!("{}", if several { Value::Object(sets) } else { line });
    }
    Ok(())
}

/// What memory said of one query.
struct Judged<'a> {
    row: &'a Row,
    /// Larger is newer.
    newness: f64,
    guessed: bool,
    confidence: f64,
}

fn measure(
    name: &str,
    rows: &[Row],
    model: Option<&Model<'_>>,
) -> Result<serde_json::Value, String> {
    let (queries, stored): (Vec<Row>, Vec<Row>) =
        rows.iter().cloned().partition(|row| row.is_query);
    if stored.is_empty() || !queries.iter().any(|row| row.novel == "no") {
        return Err(format!(
            "`{name}` needs rows of split `index`, and of split `query` those that are not novel"
        ));
    }
    let vectors = index::vectors(model, &stored);
    let pairs = stored.iter().zip(vectors);
    let index = Index::new(pairs.map(|(row, vector)| (&*row.text, &*row.intent, vector)))?;
    let asked = index::vectors(model, &queries);
    let mut judged = Vec::new();
    for (row, vector) in queries.iter().zip(&asked) {
        let found = index.candidates(&row.text, vector.as_ref(), Searches::Both)?;
        let words = u32::try_from(row.text.split_whitespace().count()).unwrap_or(u32::MAX);
        let newness = match nearness(&found, words) {
            Nearness::Nothing => f64::MAX,
            Nearness::Meaning(at) | Nearness::Words(at) => -at,
        };
        let guess = guess(&found, words);
        judged.push(Judged {
            row,
            newness,
            guessed: guess.is_some_and(|guess| guess.category == row.intent),
            confidence: guess.map_or(0.0, |guess| guess.confidence.to_f64()),
        });
    }
    println!("{name}: {} stored, {} asked", stored.len(), queries.len());
    let known: Vec<f64> = of(&judged, "no");
    let mut line = json!({});
    for kind in ["near", "far"] {
        let novel = of(&judged, kind);
        if novel.is_empty() {
            continue;
        }
        let (auroc, recall) = (auroc(&novel, &known), recall_at_10fa(&novel, &known));
        println!("  {kind:5} auroc {auroc:.4}  recall_at_10fa {recall:.4}");
        if let Some(line) = line.as_object_mut() {
            line.insert(
                kind.to_owned(),
                json!({ "auroc": round(auroc), "recall_at_10fa": round(recall) }),
            );
        }
    }
    calibration(&judged);
    Ok(line)
}

fn of(judged: &[Judged<'_>], kind: &str) -> Vec<f64> {
    judged
        .iter()
        .filter(|one| one.row.novel == kind)
        .map(|one| one.newness)
        .collect()
}

/// How sure guesses are and how often they are right, and the share of known messages that the
/// fitted novelty calls new.
fn calibration(judged: &[Judged<'_>]) {
    for (low, high) in [
        (0.0, 0.25),
        (0.25, 0.5),
        (0.5, 0.75),
        (0.75, 0.9),
        (0.9, 1.01),
    ] {
        let inside = judged
            .iter()
            .filter(|one| (low..high).contains(&one.confidence));
        let (mut count, mut right, mut sure) = (0.0, 0.0, 0.0);
        for one in inside {
            count += 1.0;
            right += f64::from(u8::from(one.guessed && one.row.novel == "no"));
            sure += one.confidence;
        }
        if count > 0.0 {
            let (right, sure) = (right / count, sure / count);
            println!(
                "  guesses {low:.2} to {high:.2}: {count:4}, sure {sure:.2}, right {right:.2}"
            );
        }
    }
    let new = |kind: &str| {
        let all: Vec<f64> = of(judged, kind);
        let new = all.iter().filter(|at| {
            novelty(Nearness::Meaning(-**at)).is_some_and(|ratio| ratio.to_f64() >= 0.5)
        });
        new.count() as f64 / all.len().max(1) as f64
    };
    println!(
        "  novelty of 0.5 or more: known {:.3}, near {:.3}, far {:.3}",
        new("no"),
        new("near"),
        new("far")
    );
}

/// The chance that a novel message is newer than a known one, ties counted half.
fn auroc(novel: &[f64], known: &[f64]) -> f64 {
    let mut sorted = known.to_vec();
    sorted.sort_by(f64::total_cmp);
    let share = |at: &f64| {
        let below = sorted.partition_point(|other| other < at);
        let equal = sorted.partition_point(|other| other <= at) - below;
        below as f64 + equal as f64 / 2.0
    };
    novel.iter().map(share).sum::<f64>() / (novel.len() * known.len().max(1)) as f64
}

/// The share of novel messages that are flagged when one in ten known ones is.
fn recall_at_10fa(novel: &[f64], known: &[f64]) -> f64 {
    let mut sorted = known.to_vec();
    sorted.sort_by(f64::total_cmp);
    let bar = sorted
        .get(sorted.len() * 9 / 10)
        .copied()
        .unwrap_or(f64::MAX);
    novel.iter().filter(|at| **at > bar).count() as f64 / novel.len() as f64
}

fn round(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
