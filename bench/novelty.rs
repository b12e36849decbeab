//! `bench novelty [--data FILE]…`: does memory notice a question that was never handled? `near`
//! ones are unseen intents of the same domain, `far` ones come from another domain. The queries come
//! one after another, in an order of their own, as to the service: each is judged by what memory holds
//! and by those before it. How far the confidence of guessed categories can be trusted is told, too.

use crate::options::Options;
use crate::random::Random;
use crate::retrieval::files;
use crate::retrieval::index::{self, Index, Row, Searches};
use countersign_embed::Model;
use countersign_policy::memory::{Nearness, impression, remember};
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
    /// Larger is newer; without what came before.
    newness: f64,
    /// Novel by the threshold that policies begin with.
    flagged: bool,
    /// Whether the guessed category is right; never so of a novel message.
    right: bool,
    confidence: f64,
}

/// From this score on a message is novel, where a policy says nothing else.
const NOVEL_FROM: f64 = 0.5;
/// Equal parts of the confidence over which its error is averaged.
const BINS: usize = 10;

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
    let known = u32::try_from(stored.len()).unwrap_or(u32::MAX);
    let mut past = Vec::new();
    let mut judged = Vec::new();
    let mut stream: Vec<_> = queries.iter().zip(&asked).collect();
    Random::new(0).shuffle(&mut stream);
    for (row, vector) in stream {
        let found = index.candidates(&row.text, vector.as_ref(), Searches::Both)?;
        let said = impression(&row.text, &found, known, &past);
        let newness = match said.nearness {
            Nearness::Nothing => f64::MAX,
            Nearness::Meaning(at) | Nearness::Words(at) => -at,
        };
        let guess = said.guess;
        let right = guess.is_some_and(|guess| guess.category == row.intent);
        judged.push(Judged {
            row,
            newness,
            flagged: said.novelty.is_some_and(|at| at.to_f64() >= NOVEL_FROM),
            right: right && row.novel == "no",
            confidence: guess.map_or(0.0, |guess| guess.confidence.to_f64()),
        });
        if said.nearness.says_something() {
            past = remember(past, said.nearness);
        }
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
    if let Some(line) = line.as_object_mut() {
        line.append(&mut calibration(&judged));
    }
    Ok(line)
}

fn of(judged: &[Judged<'_>], kind: &str) -> Vec<f64> {
    judged
        .iter()
        .filter(|one| one.row.novel == kind)
        .map(|one| one.newness)
        .collect()
}

/// How sure guesses are and how often they are right, and the share of messages that are flagged.
fn calibration(judged: &[Judged<'_>]) -> Map<String, Value> {
    let mean = |of: &dyn Fn(&Judged<'_>) -> f64, all: &[&Judged<'_>]| {
        all.iter().map(|one| of(one)).sum::<f64>() / all.len().max(1) as f64
    };
    let right = |one: &Judged<'_>| f64::from(u8::from(one.right));
    let mut error = 0.0;
    for bin in 0..BINS {
        let of = |one: &&Judged<'_>| ((one.confidence * BINS as f64) as usize).min(BINS - 1) == bin;
        let inside: Vec<&Judged<'_>> = judged.iter().filter(of).collect();
        if inside.is_empty() {
            continue;
        }
        let (right, sure) = (mean(&right, &inside), mean(&|one| one.confidence, &inside));
        error += (right - sure).abs() * inside.len() as f64 / judged.len() as f64;
        let (low, count) = (bin as f64 / BINS as f64, inside.len());
        println!("  guesses from {low:.1}: {count:4}, sure {sure:.2}, right {right:.2}");
    }
    let flagged = |kind: &str| {
        let all: Vec<_> = judged.iter().filter(|one| one.row.novel == kind).collect();
        mean(&|one| f64::from(u8::from(one.flagged)), &all)
    };
    let known = flagged("no");
    println!("  guesses off by {error:.3} on average (expected calibration error)");
    println!("  flagged as novel: known {known:.3}");
    let kinds = ["near", "far"].into_iter();
    for kind in kinds.filter(|kind| judged.iter().any(|one| one.row.novel == *kind)) {
        println!("                    {kind:5} {:.3}", flagged(kind));
    }
    let all: Vec<_> = judged.iter().collect();
    Map::from_iter([
        ("guess_right".to_owned(), json!(round(mean(&right, &all)))),
        ("guess_ece".to_owned(), json!(round(error))),
        ("known_flagged".to_owned(), json!(round(known))),
    ])
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
