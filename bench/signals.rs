//! Measures how well signals find what they are for: `--set injection` and `--set topics` by labelled texts,
//! `--set personal` by labelled spans; `--set drafts` prints how often each signal is found in real
//! drafts, and how long it takes. It must not hold a rule of its own about any. The shared set of injections is learned
//! from; `bench/signals/injection-unseen.jsonl` and `topics-unseen.jsonl` are not.
//!
//! | figure | injection, topics | personal |
//! | --- | --- | --- |
//! | precision, recall, f1 | of texts labelled so | of spans of the five types below, each found when at least half of it overlaps with one of the same type |
//! | false_alarms | share of the other texts that were flagged | share of texts without such a span in which one was found |

use crate::edits::data_folder;
use crate::options::Options;
use countersign_policy::document::Policy;
use countersign_policy::draft::Draft;
use countersign_policy::level::Level;
use countersign_policy::route::Situation;
use countersign_policy::signal;
use countersign_policy::signal::learned::TOPICS;
use countersign_policy::signal::personal::Kind;
use countersign_policy::signal::{injection, personal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Instant;

/// The types that count, as the set names them.
const TYPES: [(&str, Kind); 5] = [
    ("CREDIT_CARD", Kind::Card),
    ("EMAIL_ADDRESS", Kind::Email),
    ("IP_ADDRESS", Kind::IpAddress),
    ("PHONE_NUMBER", Kind::Phone),
    ("US_SSN", Kind::UsSsn),
];

/// A labelled text of `injection.jsonl`.
#[derive(Deserialize)]
struct Labelled {
    set: String,
    text: String,
    injection: bool,
}

/// A text of `topics-unseen.jsonl`.
#[derive(Deserialize)]
struct Topical {
    text: String,
    topics: Vec<String>,
}

/// A text of `personal.jsonl` with its spans.
#[derive(Deserialize)]
struct Spanned {
    text: String,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Span {
    #[serde(rename = "type")]
    kind: String,
    /// Unicode code points.
    start: usize,
    end: usize,
}

/// What was counted.
#[derive(Clone, Copy, Default)]
struct Counts {
    right: u32,
    wrong: u32,
    missed: u32,
    clean: u32,
    alarms: u32,
}

/// Fractions; one that has nothing below its line is left out.
#[derive(Serialize)]
struct Figures {
    #[serde(skip_serializing_if = "Option::is_none")]
    precision: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recall: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    f1: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    false_alarms: Option<f64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    by: BTreeMap<String, Figures>,
}

/// Runs one `--set`, or all where none is named and `--json` is not asked; `--show all` names what
/// was wrong.
pub fn run(options: &Options) -> Result<(), String> {
    let sets = match options.text("set") {
        Some(set) => vec![set],
        None if options.json => {
            return Err("`--json` needs `--set injection|topics|personal`".into());
        }
        None => vec!["injection", "personal", "drafts"],
    };
    for set in sets {
        let Some(rows) = rows(options, set)? else {
            continue;
        };
        let show = options.text("show").is_some();
        let by = match set {
            "drafts" => {
                drafts(&rows)?;
                continue;
            }
            "injection" => injections(&rows, show)?,
            "personal" => spans(&rows, show)?,
            "topics" => topics(&rows, show)?,
            other => return Err(format!("there is no set called `{other}`")),
        };
        print(set, &by, options.json)?;
    }
    Ok(())
}

/// The lines of the files given, or of the shared set; `None`, and said so, where that is absent.
fn rows(options: &Options, set: &str) -> Result<Option<Vec<String>>, String> {
    let mut files = options.data.clone();
    if files.is_empty() {
        let file = data_folder().join(match set {
            "drafts" => "streams/tau_airline_drafts.jsonl".to_owned(),
            other => format!("signals/{other}.jsonl"),
        });
        if !file.exists() {
            println!("signals: skipped, there is no {}", file.display());
            return Ok(None);
        }
        files.push(file);
    }
    let mut rows = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file)
            .map_err(|error| format!("{}: {error}", file.display()))?;
        rows.extend(
            text.lines()
                .filter(|line| !line.trim().is_empty())
                .map(str::to_owned),
        );
    }
    Ok(Some(rows))
}

/// How often each signal is found, and how long all of them take.
fn drafts(rows: &[String]) -> Result<(), String> {
    let drafts: Result<Vec<Draft>, _> = rows
        .iter()
        .map(|row| Draft::parse(row.as_bytes()))
        .collect();
    let drafts = drafts.map_err(|fault| format!("{}: {}", fault.pointer, fault.detail))?;
    let policy = Policy::starting("lead");
    let situation = Situation::fixed(Level::ReviewEverything);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    #[expect(clippy::disallowed_methods, reason = "a bench measures time")]
    let start = Instant::now();
    for draft in &drafts {
        let rules = policy.rules(draft.category.as_deref());
        for found in signal::find(&policy, &rules, draft, &situation) {
            *counts.entry(format!("{:?}", found.code)).or_default() += 1;
        }
    }
    let nanoseconds = start.elapsed().as_nanos();
    for (code, count) in counts {
        println!("{code:>24} {:.3}", share(count, drafts.len()));
    }
    let all = u128::try_from(drafts.len().max(1)).unwrap_or(1);
    println!("{} drafts, {} ns each", drafts.len(), nanoseconds / all);
    Ok(())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of rows are far below 2^53"
)]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

fn injections(rows: &[String], show: bool) -> Result<BTreeMap<String, Counts>, String> {
    let mut by: BTreeMap<String, Counts> = BTreeMap::new();
    for row in rows {
        let row: Labelled = serde_json::from_str(row).map_err(|error| error.to_string())?;
        let found = injection::read(&row.text);
        let counts = by.entry(row.set.clone()).or_default();
        counts.add(row.injection, found.is_some());
        if show && row.injection != found.is_some() {
            let words: Vec<&str> = found
                .iter()
                .flat_map(|(_, ranges)| ranges.iter().filter_map(|at| row.text.get(at.clone())))
                .collect();
            let kind = if row.injection { "missed" } else { "alarm" };
            println!("{kind} {}: {:.200?} {words:?}", row.set, row.text);
        }
    }
    Ok(by)
}

/// Texts of `{"text", "topics"}`, each topic a set of its own, by what the whole of the signals finds in a message.
fn topics(rows: &[String], show: bool) -> Result<BTreeMap<String, Counts>, String> {
    let policy = Policy::starting("lead");
    let situation = Situation::fixed(Level::ReviewEverything);
    let mut by: BTreeMap<String, Counts> = BTreeMap::new();
    let mut any = Counts::default();
    for row in rows {
        let row: Topical = serde_json::from_str(row).map_err(|error| error.to_string())?;
        let draft = serde_json::json!({
            "agent": "bench", "kind": "message", "channel": "chat", "message": row.text,
            "draft": { "text": "Thank you." },
            "conversation": { "id": "bench", "head": "1", "messages": [{ "id": "1", "role": "customer", "text": row.text }] },
        });
        let draft = Draft::parse(draft.to_string().as_bytes())
            .map_err(|fault| format!("{}: {}", fault.pointer, fault.detail))?;
        let found = signal::find(&policy, &policy.rules(None), &draft, &situation);
        let mut some = false;
        for topic in TOPICS.labels.iter().copied() {
            let code = serde_json::to_value(topic).map_err(|error| error.to_string())?;
            let name = code.as_str().unwrap_or_default();
            let flagged = found.iter().any(|signal| signal.code == topic);
            let labelled = row.topics.iter().any(|topic| topic == name);
            let counts = by.entry(name.to_owned()).or_default();
            counts.add(labelled, flagged);
            some |= flagged;
            if show && flagged != labelled {
                println!(
                    "{name} {}: {:.200?}",
                    if labelled { "missed" } else { "alarm" },
                    row.text
                );
            }
        }
        any.add(!row.topics.is_empty(), some);
    }
    let Counts {
        right,
        missed,
        alarms,
        clean,
        ..
    } = any;
    let of = right.saturating_add(missed);
    println!(
        "some topic is found in {right} of {of} texts that have one, and in {alarms} of {clean} others"
    );
    Ok(by)
}

impl Counts {
    fn add(&mut self, labelled: bool, flagged: bool) {
        self.right += u32::from(labelled && flagged);
        self.missed += u32::from(labelled && !flagged);
        self.clean += u32::from(!labelled);
        self.wrong += u32::from(!labelled && flagged);
        self.alarms += u32::from(!labelled && flagged);
    }
}

fn spans(rows: &[String], show: bool) -> Result<BTreeMap<String, Counts>, String> {
    let mut by: BTreeMap<String, Counts> = BTreeMap::new();
    for row in rows {
        let row: Spanned = serde_json::from_str(row).map_err(|error| error.to_string())?;
        let items = personal::read(&row.text);
        let clean = !row
            .spans
            .iter()
            .any(|span| TYPES.iter().any(|(name, _)| *name == span.kind));
        for (name, kind) in TYPES {
            let wanted: Vec<Range<usize>> = row
                .spans
                .iter()
                .filter(|span| span.kind == name)
                .map(|span| span.start..span.end)
                .collect();
            let found: Vec<Range<usize>> = items
                .iter()
                .filter(|item| item.kind == kind)
                .map(|item| characters(&row.text, item.at.clone()))
                .collect();
            let counts = by.entry(name.to_owned()).or_default();
            let hit = wanted
                .iter()
                .filter(|span| found.iter().any(|at| covers(at, span)))
                .count();
            let stray = found
                .iter()
                .filter(|at| !wanted.iter().any(|span| covers(at, span)));
            let stray = u32::try_from(stray.count()).unwrap_or(u32::MAX);
            let hit = u32::try_from(hit).unwrap_or(u32::MAX);
            let missed = u32::try_from(wanted.len()).unwrap_or(u32::MAX) - hit;
            counts.right += hit;
            counts.missed += missed;
            counts.wrong += stray;
            counts.clean += u32::from(clean);
            counts.alarms += u32::from(clean && stray > 0);
            if show && missed + stray > 0 {
                println!(
                    "{name} missed {missed} stray {stray}: {:?} {wanted:?} {found:?}",
                    row.text
                );
            }
        }
    }
    Ok(by)
}

/// Bytes as code points.
fn characters(text: &str, bytes: Range<usize>) -> Range<usize> {
    let count = |end: usize| text.get(..end).map_or(0, |front| front.chars().count());
    count(bytes.start)..count(bytes.end)
}

/// Whether at least half of `span` lies in `found`.
fn covers(found: &Range<usize>, span: &Range<usize>) -> bool {
    let overlap = found
        .end
        .min(span.end)
        .saturating_sub(found.start.max(span.start));
    overlap > 0 && overlap * 2 >= span.len()
}

fn print(set: &str, by: &BTreeMap<String, Counts>, json: bool) -> Result<(), String> {
    let mut all = Counts::default();
    for counts in by.values() {
        all.right += counts.right;
        all.wrong += counts.wrong;
        all.missed += counts.missed;
        // Every type sees every text; every set only its own.
        (all.clean, all.alarms) = if set == "personal" {
            (counts.clean, all.alarms + counts.alarms)
        } else {
            (all.clean + counts.clean, all.alarms + counts.alarms)
        };
    }
    let mut figures = all.figures();
    figures.by = by
        .iter()
        .map(|(name, counts)| (name.clone(), counts.figures()))
        .collect();
    println!("{set}: precision recall f1 false-alarms (found right, found wrong, missed, clean)");
    for (name, counts) in by
        .iter()
        .map(|(name, c)| (name.as_str(), c))
        .chain([("all", &all)])
    {
        let shown = counts.figures();
        let columns = [shown.precision, shown.recall, shown.f1, shown.false_alarms]
            .map(|figure| figure.map_or("-".to_owned(), |figure| format!("{figure:.3}")));
        let Counts {
            right,
            wrong,
            missed,
            clean,
            ..
        } = counts;
        println!(
            "{name:>16} {} ({right}, {wrong}, {missed}, {clean})",
            columns.join(" ")
        );
    }
    if json {
        println!(
            "{}",
            serde_json::to_string(&figures).map_err(|error| error.to_string())?
        );
    }
    Ok(())
}

impl Counts {
    fn figures(self) -> Figures {
        let share = |part: u32, rest: u32| {
            let whole = part + rest;
            (whole > 0).then(|| f64::from(part) / f64::from(whole))
        };
        let doubled = 2 * self.right;
        let positives = self.right + self.missed > 0;
        Figures {
            precision: share(self.right, self.wrong).filter(|_| positives),
            recall: share(self.right, self.missed),
            f1: share(doubled, self.wrong + self.missed).filter(|_| positives),
            false_alarms: (self.clean > 0)
                .then(|| f64::from(self.alarms.min(self.clean)) / f64::from(self.clean)),
            by: BTreeMap::new(),
        }
    }
}
