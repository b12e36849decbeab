//! How many recorded drafts a second does a backtest replay on one core? On the drafts of a stream
//! (`--data FILE`, or `streams/tau_airline_drafts.jsonl` below COUNTERSIGN_DATA), recorded under one
//! policy and replayed under another with 50 guardrails. Three figures: with what was read in the
//! texts on record, with every text read again, and from JSON with the parsing.
//!
//! `--rounds N` (200): how often the stream is replayed.

use crate::options::Options;
use countersign_policy::backtest::{Backtest, Recap, Recorded, backtest};
use countersign_policy::compiled::Compiled;
use countersign_policy::document::Policy;
use countersign_policy::draft::Draft;
use countersign_policy::guardrail::LocalTime;
use countersign_policy::level::Level;
use countersign_policy::ratio::Ratio;
use countersign_policy::route::{Situation, route, sample_draw};
use countersign_policy::signal::SignalRules;
use countersign_policy::trust::Label;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

const GUARDRAILS: usize = 50;
const CATEGORIES: [&str; 4] = ["booking", "cancellation", "baggage", "other"];

#[derive(serde::Serialize)]
struct Figures {
    /// With the signals on record: what the service and the page do.
    drafts_per_second: f64,
    /// Every text read again: after a change of lexicons, languages or own contacts.
    drafts_per_second_read_again: f64,
    /// With the signals on record, from JSON lines.
    drafts_per_second_from_json: f64,
    /// One whole decision with its reasons, signals included.
    route_us: f64,
    /// The guardrails alone, phrases prepared.
    guardrails_us: f64,
    drafts: u64,
    guardrails: u64,
}

/// Measures.
pub fn run(options: &Options) -> Result<(), String> {
    let file = match options.data.first() {
        Some(file) => file.clone(),
        None => default_data()?,
    };
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let rounds = options.number("rounds", 200_u32)?;
    let (old, new) = (policy(0)?, policy(GUARDRAILS)?);
    let drafts = record(&old, &text)?;
    let compiled = Compiled::new(new);
    let levels = BTreeMap::new();
    let versions = BTreeMap::from([(1, old.signals.clone())]);
    let count = drafts.len() as f64;

    let first = backtest(&compiled, &levels, &versions, &drafts);
    let replayed = per_second(rounds, count, || {
        backtest(&compiled, &levels, &versions, &drafts)
    });
    let nothing: BTreeMap<u32, SignalRules> = BTreeMap::new();
    let again = per_second(rounds.div_ceil(20), count, || {
        backtest(&compiled, &levels, &nothing, &drafts)
    });
    let lines: Vec<String> = drafts
        .iter()
        .map(|recorded| serde_json::to_string(recorded).map_err(|e| e.to_string()))
        .collect::<Result<_, _>>()?;
    let parsed = per_second(rounds.div_ceil(20), count, || {
        let drafts: Vec<Recorded> = lines
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        backtest(&compiled, &levels, &versions, &drafts)
    });
    let route_us = 1e6
        / per_second(rounds.div_ceil(20), count, || {
            drafts
                .iter()
                .filter(|r| compiled.route(&r.draft, &r.situation).sampled)
                .count()
        });
    let said: Vec<_> = drafts
        .iter()
        .map(|r| (r, countersign_policy::said::Said::of(&r.draft)))
        .collect();
    let signals: Vec<_> = drafts
        .iter()
        .map(|r| compiled.route(&r.draft, &r.situation).signals)
        .collect();
    let guardrails_us = 1e6
        / per_second(rounds, count, || {
            said.iter()
                .zip(&signals)
                .filter(|((r, said), signals)| {
                    let time = r.situation.local_time;
                    compiled
                        .first_match(&r.draft, said, signals, time)
                        .is_some()
                })
                .count()
        });
    let figures = Figures {
        drafts_per_second: replayed,
        drafts_per_second_read_again: again,
        drafts_per_second_from_json: parsed,
        route_us,
        guardrails_us,
        drafts: first.total.drafts,
        guardrails: GUARDRAILS as u64,
    };
    print(&first, &figures);
    if options.json {
        println!(
            "{}",
            serde_json::to_string(&figures).map_err(|e| e.to_string())?
        );
    }
    Ok(())
}

fn print(found: &Backtest, figures: &Figures) {
    println!("{}", found.sentence);
    println!(
        "{} drafts, {} guardrails, one core",
        figures.drafts, figures.guardrails
    );
    println!(
        "  signals on record      {:>12.0} drafts a second",
        figures.drafts_per_second
    );
    println!(
        "  texts read again       {:>12.0}",
        figures.drafts_per_second_read_again
    );
    println!(
        "  on record, from JSON   {:>12.0}",
        figures.drafts_per_second_from_json
    );
    println!("  one decision whole     {:>12.2} µs", figures.route_us);
    println!(
        "  its guardrails alone   {:>12.2} µs",
        figures.guardrails_us
    );
}

fn default_data() -> Result<PathBuf, String> {
    let folder = std::env::var_os("COUNTERSIGN_DATA")
        .ok_or("name a stream by `--data FILE`, or its folder by COUNTERSIGN_DATA")?;
    Ok(PathBuf::from(folder).join("streams/tau_airline_drafts.jsonl"))
}

/// The best of five, so that another program on the machine counts less.
fn per_second<T>(rounds: u32, count: f64, work: impl Fn() -> T) -> f64 {
    let mut best = f64::MAX;
    let rounds = rounds.div_ceil(5).max(1);
    for _ in 0..5 {
        #[expect(clippy::disallowed_methods, reason = "a bench measures")]
        let begin = Instant::now();
        for _ in 0..rounds {
            std::hint::black_box(work());
        }
        best = best.min(begin.elapsed().as_secs_f64() / f64::from(rounds));
    }
    count / best
}

/// The drafts as an agent of four categories posted them; reviewers said something of most.
fn record(policy: &Policy, text: &str) -> Result<Vec<Recorded>, String> {
    let labels = [
        Some(Label::Clean),
        Some(Label::Cosmetic),
        Some(Label::Clean),
        Some(Label::Substantive),
        None,
        Some(Label::Harmful),
    ];
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let recorded = lines.enumerate().map(|(index, line)| {
        let mut draft = Draft::parse(line.as_bytes()).map_err(|fault| fault.detail)?;
        draft.category = CATEGORIES.get(index % 4).map(|name| (*name).to_owned());
        draft.confidence = Ratio::from_f64((index % 10) as f64 / 10.0);
        let situation = Situation {
            sample_draw: sample_draw(b"bench", &draft.conversation.id, &draft.conversation.head),
            local_time: LocalTime {
                weekday: 3,
                minute: 600,
            },
            ..Situation::fixed(Level::from_number(1 + index as u64 % 3).unwrap_or_default())
        };
        let decision = route(policy, &draft, &situation);
        let recap: Recap = serde_json::to_value(&decision)
            .and_then(serde_json::from_value)
            .map_err(|e| e.to_string())?;
        let label = labels.get(index % labels.len()).copied().flatten();
        Ok(Recorded::new(
            index.to_string(),
            draft,
            situation,
            recap,
            1,
            label,
        ))
    });
    recorded.collect()
}

/// A policy with that many guardrails of every sort that people write; few of them ever match.
fn policy(guardrails: usize) -> Result<Policy, String> {
    let rules: Vec<Value> = (0..guardrails)
        .map(|index| {
            let when = match index % 10 {
                0 => json!({ "action": [format!("wire_{index}"), "send_certificate"], "amount_over": { "minor": 50_000 + index, "currency": "USD" } }),
                1 => json!({ "category": [format!("team{index}.*"), "legal"], "channel": ["email", "chat"] }),
                2 => json!({ "words": [format!("class action {index}"), "my lawyer", "small claims court", "cancel everything"] }),
                3 => json!({ "customer_tags": ["vip", "key"], "customer_plan": ["enterprise"] }),
                4 => json!({ "signal": ["press", "discrimination"], "signal_at_least": 0.7, "channel": ["social"] }),
                5 => json!({ "metadata": { "step": [1_000 + index], "write": [true] } }),
                6 => json!({ "all": [{ "kind": "action" }, { "stakes": ["financial"] }, { "confidence_below": 0.001 * index as f64 / 50.0 }] }),
                7 => json!({ "any": [{ "words": [format!("gift card {index}"), "wire transfer"] }, { "agent": [format!("bot-{index}")] }] }),
                8 => json!({ "not": { "channel": ["chat", "email"] }, "local_time": [{ "from_day": 6, "to_day": 7, "from_minute": 0, "to_minute": 1440 }] }),
                _ => json!({ "conversation_at_least": 150 + index, "confidence_at_least": 0.9 }),
            };
            let route = ["human", "review"].get(index % 2).copied().unwrap_or("review");
            json!({ "name": format!("rule {index}"), "when": when, "route": route, "because": "so" })
        })
        .collect();
    let mut document =
        serde_json::to_value(Policy::starting("mia@example.com")).map_err(|e| e.to_string())?;
    let categories: BTreeMap<&str, Value> = CATEGORIES.map(|name| (name, json!({}))).into();
    let fields = document.as_object_mut().ok_or("a policy is an object")?;
    fields.insert("guardrails".into(), rules.into());
    fields.insert("categories".into(), json!(categories));
    if guardrails > 0 {
        fields.insert(
            "actions".into(),
            json!({
                "send_certificate": { "stakes": "financial", "undoable": false, "money": [{ "pointer": "/amount", "unit": "major", "currency": "USD" }] },
                "get_user_details": { "stakes": "none" }, "think": { "stakes": "none" }, "calculate": { "stakes": "none" },
                "get_reservation_details": { "stakes": "none" }, "search_direct_flight": { "stakes": "none" }
            }),
        );
    }
    Policy::parse(document.to_string().as_bytes()).map_err(|faults| format!("{faults:?}"))
}
