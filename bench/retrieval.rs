//! `bench retrieval [--data FILE]… [--scale N]`: does memory find an example of the same intent?
//! Words alone, vectors alone and both fused, on each set; then how long a query takes among
//! `--scale` corrections (100,000; 0 leaves that out). `--json` ends with the figures of all queries.

#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

#[path = "retrieval/index.rs"]
pub mod index;

use crate::edits::data_folder;
use crate::options::Options;
use crate::random::Random;
use countersign_embed::{DIMENSIONS, Model, TOKENS_MAX, Vector};
use countersign_policy::memory::{Asked, CANDIDATES_MAX, EXAMPLES_MAX, rank};
use index::{Index, Row, Searches};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::time::Instant;

/// How well one way of searching does.
#[derive(Default)]
struct Figures {
    queries: f64,
    hit1: f64,
    hit3: f64,
    p3: f64,
    mrr10: f64,
}

/// The files asked for, or the default ones that are there; says which are missing.
pub fn files(options: &Options, folder: &str) -> Vec<PathBuf> {
    if !options.data.is_empty() {
        return options.data.clone();
    }
    let defaults = ["banking77", "clinc150"].map(|set| data_folder().join(folder).join(set));
    let mut files = Vec::new();
    for file in defaults.map(|file| file.with_extension("csv")) {
        if file.exists() {
            files.push(file);
        } else {
            println!(
                "left out: `{}` is not there (see COUNTERSIGN_DATA)",
                file.display()
            );
        }
    }
    files
}

/// Measures.
pub fn run(options: &Options) -> Result<(), String> {
    let bytes = index::weights();
    let model = index::model(bytes.as_deref())?;
    if model.is_none() {
        println!("without weights (`node scripts/weights.mjs` makes them): words only");
    }
    let files = files(options, "retrieval");
    let mut all = Figures::default();
    let mut texts: Vec<Row> = Vec::new();
    for file in &files {
        let rows = index::read(file)?;
        all.join(&measure(
            &file.display().to_string(),
            &rows,
            model.as_ref(),
        )?);
        texts.extend(rows);
    }
    let mut line = all.json();
    let scale: usize = options.number("scale", 100_000)?;
    if let Some(model) = model.as_ref().filter(|_| scale > 0 && !texts.is_empty()) {
        line.append(&mut speed(scale, &texts, model)?);
    }
    if options.json {
        println!("{}", serde_json::Value::Object(line));
    }
    Ok(())
}

fn measure(name: &str, rows: &[Row], model: Option<&Model<'_>>) -> Result<Figures, String> {
    let (queries, stored): (Vec<Row>, Vec<Row>) =
        rows.iter().cloned().partition(|row| row.is_query);
    if queries.is_empty() || stored.is_empty() {
        return Err(format!(
            "`{name}` needs rows of both splits, `index` and `query`"
        ));
    }
    let vectors = index::vectors(model, &stored);
    let asked = index::vectors(model, &queries);
    let pairs = stored.iter().zip(vectors);
    let index = Index::new(pairs.map(|(row, vector)| (&*row.text, &*row.intent, vector)))?;
    println!("{name}: {} stored, {} asked", stored.len(), queries.len());
    let ways = [
        ("words", Searches::Words),
        ("vectors", Searches::Vectors),
        ("both", Searches::Both),
    ];
    let mut last = Figures::default();
    for (way, searches) in ways {
        if searches != Searches::Words && model.is_none() {
            continue;
        }
        // Parts alone are ranked by their score alone; what ships is the fused ranking.
        let mut figures = Figures::default();
        for (query, vector) in queries.iter().zip(&asked) {
            let mut found = index.candidates(&query.text, vector.as_ref(), searches)?;
            let shipped = searches == Searches::Both || (model.is_none());
            let categories: Vec<&str> = if shipped {
                let wanted = Asked {
                    category: None,
                    examples: EXAMPLES_MAX,
                };
                let ranked = rank(wanted, &found);
                ranked
                    .iter()
                    .filter_map(|one| one.candidate.category)
                    .collect()
            } else {
                let score = |one: &countersign_policy::memory::Candidate<'_>| {
                    one.cosine.or(one.bm25).unwrap_or(0.0)
                };
                found.sort_by(|one, other| score(other).total_cmp(&score(one)));
                found
                    .iter()
                    .filter_map(|one| one.category)
                    .take(10)
                    .collect()
            };
            figures.add(&query.intent, &categories);
        }
        figures.print(way);
        last = figures;
    }
    Ok(last)
}

impl Figures {
    fn add(&mut self, intent: &str, found: &[&str]) {
        let hits: Vec<bool> = found.iter().map(|category| *category == intent).collect();
        let first = hits.iter().position(|hit| *hit);
        self.queries += 1.0;
        self.hit1 += f64::from(u8::from(first == Some(0)));
        self.hit3 += f64::from(u8::from(first.is_some_and(|place| place < 3)));
        self.p3 += hits
            .iter()
            .take(3)
            .map(|hit| f64::from(u8::from(*hit)))
            .sum::<f64>()
            / 3.0;
        let place = first.and_then(|place| u32::try_from(place).ok());
        self.mrr10 += place.map_or(0.0, |place| 1.0 / (f64::from(place) + 1.0));
    }

    fn print(&self, way: &str) {
        let share = |sum: f64| sum / self.queries;
        println!(
            "  {way:8} hit1 {:.4}  hit3 {:.4}  p3 {:.4}  mrr10 {:.4}",
            share(self.hit1),
            share(self.hit3),
            share(self.p3),
            share(self.mrr10)
        );
    }

    /// Takes another set's queries in.
    fn join(&mut self, other: &Self) {
        self.queries += other.queries;
        self.hit1 += other.hit1;
        self.hit3 += other.hit3;
        self.p3 += other.p3;
        self.mrr10 += other.mrr10;
    }

    fn json(&self) -> Map<String, Value> {
        let share = |sum: f64| json!((sum / self.queries.max(1.0) * 1e4).round() / 1e4);
        let figures = [
            ("hit1", self.hit1),
            ("hit3", self.hit3),
            ("p3", self.p3),
            ("mrr10", self.mrr10),
        ];
        let named = figures.map(|(name, sum)| (name.to_owned(), share(sum)));
        named.into_iter().collect()
    }
}

/// Times of 200 queries among `scale` corrections: texts joined from two of the sets' messages,
/// vectors those of the first, moved a little, so that none is equal.
fn speed(scale: usize, texts: &[Row], model: &Model<'_>) -> Result<Map<String, Value>, String> {
    let mut random = Random::new(7);
    let index = many(scale, texts, model, &mut random)?;
    let mut times: [Vec<f64>; 5] = Default::default();
    for _ in 0..200 {
        let Some(row) = texts.get(random.below(texts.len())) else {
            continue;
        };
        let started = Instant::now();
        let vector = model.embed(&row.text, TOKENS_MAX);
        let embedded = Instant::now();
        let nearest = index.nearest(&vector);
        let scanned = Instant::now();
        let query = index.content_query(&row.text)?;
        let words = query.map(|query| index.words(&query)).transpose()?;
        let searched = Instant::now();
        let found = index.candidates(&row.text, Some(&vector), Searches::Both)?;
        let fused = Instant::now();
        let ranked = rank(
            Asked {
                category: None,
                examples: EXAMPLES_MAX,
            },
            &found,
        );
        let ranking = fused.elapsed();
        let few = words.is_none_or(|words| words.len() <= CANDIDATES_MAX as usize);
        assert!(few && !nearest.is_empty() && !ranked.is_empty());
        let parts = [
            embedded - started,
            scanned - embedded,
            searched - scanned,
            ranking,
        ];
        let all = parts.iter().sum();
        for (slot, time) in times.iter_mut().zip(parts.into_iter().chain([all])) {
            slot.push(time.as_secs_f64() * 1e3);
        }
    }
    let mut line = Map::from_iter([("corrections".to_owned(), json!(scale))]);
    println!("a query among {scale} corrections, milliseconds:");
    for (name, mut times) in ["embed", "scan", "words", "rank", "query"]
        .into_iter()
        .zip(times)
    {
        times.sort_by(f64::total_cmp);
        let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or(0.0);
        println!(
            "  {name:6} best {:8.3}  median {:8.3}  p90 {:8.3}",
            at(0),
            at(50),
            at(90)
        );
        let rounded = |share: usize| json!((at(share) * 1e3).round() / 1e3);
        line.insert(format!("{name}_ms"), rounded(50));
        line.insert(format!("{name}_ms_best"), rounded(0));
    }
    Ok(line)
}

/// An index of `scale` made-up corrections.
fn many(
    scale: usize,
    texts: &[Row],
    model: &Model<'_>,
    random: &mut Random,
) -> Result<Index, String> {
    let vectors = index::vectors(Some(model), texts);
    let mut made: Vec<(String, &str, Option<Vector>)> = Vec::with_capacity(scale);
    for _ in 0..scale {
        let (one, other) = (random.below(texts.len()), random.below(texts.len()));
        let (Some(row), Some(with)) = (texts.get(one), texts.get(other)) else {
            continue;
        };
        let vector = vectors.get(one).and_then(Option::as_ref);
        let vector = vector.map(|vector| moved(vector, random));
        made.push((format!("{} {}", row.text, with.text), &row.intent, vector));
    }
    Index::new(
        made.iter()
            .map(|(text, intent, vector)| (&**text, *intent, vector.clone())),
    )
}

/// A vector moved a little.
fn moved(vector: &Vector, random: &mut Random) -> Vector {
    let mut moved = [0.0_f32; DIMENSIONS];
    for (slot, value) in moved.iter_mut().zip(vector.values()) {
        let step = i16::try_from(random.below(41)).unwrap_or(0) - 20;
        *slot = f32::from(i16::from(*value) + step);
    }
    Vector::quantise(&moved)
}
