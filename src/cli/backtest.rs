//! `countersign backtest`: what another policy would have done with drafts of a file. It must not
//! count: `policy::backtest` does.

use countersign_policy::backtest::{Recap, Recorded, backtest};
use countersign_policy::compiled::Compiled;
use countersign_policy::document::Policy;
use countersign_policy::draft::Draft;
use countersign_policy::level::Level;
use countersign_policy::route::{Situation, route};
use countersign_policy::trust::Label;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

const USAGE: &str = "\
countersign backtest --policy FILE --drafts FILE.jsonl [--against FILE] [--verdicts FILE.jsonl]
                     [--level CATEGORY=1|2|3]...
  a line of --drafts is a draft on record ({id, draft, situation, decision, policy_version, label?})
  or, with --against (the policy that decides today), just the body of a draft; its id is its line
  a line of --verdicts is {id, label}, with clean, cosmetic, substantive or harmful";

#[derive(Deserialize)]
struct Verdict {
    id: String,
    label: Label,
}

/// Replays the file; JSON, with the sentence first.
pub fn run(arguments: &[String]) -> Result<String, String> {
    let mut named: BTreeMap<&str, &str> = BTreeMap::new();
    let mut levels = BTreeMap::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let value = arguments.next().ok_or(USAGE)?;
        match argument.as_str() {
            "--level" => {
                let (category, level) = level(value)?;
                levels.insert(category, level);
            }
            "--policy" | "--drafts" | "--against" | "--verdicts" => {
                named.insert(argument, value);
            }
            _ => return Err(USAGE.into()),
        }
    }
    let policy = crate::lint::read(named.get("--policy").ok_or(USAGE)?)?;
    let against = named.get("--against").map(|file| crate::lint::read(file));
    let against = against.transpose()?;
    let mut labels = BTreeMap::new();
    if let Some(file) = named.get("--verdicts") {
        for (number, line) in lines(file)? {
            let verdict: Verdict = read(file, number, &line)?;
            labels.insert(verdict.id, verdict.label);
        }
    }
    let file = named.get("--drafts").ok_or(USAGE)?;
    let mut drafts = Vec::new();
    for (number, line) in lines(file)? {
        let mut recorded = recorded(file, number, &line, against.as_ref())?;
        recorded.label = labels.get(&recorded.id).copied().or(recorded.label);
        drafts.push(recorded);
    }
    // Which lexicons a recorded version had is not in the file, so every text is read again.
    let found = backtest(&Compiled::new(policy), &levels, &BTreeMap::new(), &drafts);
    serde_json::to_string_pretty(&found).map_err(|error| error.to_string())
}

fn level(text: &str) -> Result<(String, Level), String> {
    let parts = text.rsplit_once('=');
    let parts = parts.and_then(|(category, level)| {
        let level = level.parse().ok().and_then(Level::from_number)?;
        Some((category.to_owned(), level))
    });
    parts.ok_or(format!("`--level {text}` is not CATEGORY=1, 2 or 3"))
}

fn lines(file: &str) -> Result<Vec<(usize, String)>, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let lines = text.lines().map(str::to_owned).enumerate();
    Ok(lines
        .map(|(index, line)| (index.saturating_add(1), line))
        .filter(|(_, line)| !line.trim().is_empty())
        .collect())
}

fn read<T: serde::de::DeserializeOwned>(
    file: &str,
    number: usize,
    line: &str,
) -> Result<T, String> {
    serde_json::from_str(line).map_err(|error| format!("{file}:{number}: {error}"))
}

fn recorded(
    file: &str,
    number: usize,
    line: &str,
    against: Option<&Policy>,
) -> Result<Recorded, String> {
    let value: Value = read(file, number, line)?;
    if value.get("decision").is_some() {
        return read(file, number, line);
    }
    let policy = against.ok_or(format!(
        "{file}:{number}: not on record: `--against FILE` names the policy that decides today"
    ))?;
    let draft = Draft::parse(line.as_bytes())
        .map_err(|fault| format!("{file}:{number}{}: {}", fault.pointer, fault.detail))?;
    let situation = Situation::fixed(policy.rules(draft.category.as_deref()).start_level);
    let decision = serde_json::to_value(route(policy, &draft, &situation));
    let recap: Recap = decision
        .and_then(serde_json::from_value)
        .map_err(|error| error.to_string())?;
    Ok(Recorded::new(
        number.to_string(),
        draft,
        situation,
        recap,
        0,
        None,
    ))
}
