//! `countersign decide`: one decision for each draft of a file. It must not read a clock: the local
//! time and the draw are the same in every run.

use countersign_policy::compiled::Compiled;
use countersign_policy::draft::Draft;
use countersign_policy::level::Level;
use countersign_policy::route::Situation;
use std::io::Read;

/// Decides every line of the file, or of standard input; a line that is no draft is an error line.
pub fn run(arguments: &[String]) -> Result<String, String> {
    let (mut policy, mut level, mut file) = (None, None, None);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--policy" => policy = arguments.next(),
            "--level" => level = arguments.next(),
            _ => file = Some(argument),
        }
    }
    let policy = Compiled::new(crate::lint::read(
        policy.ok_or("`--policy FILE` is missing")?,
    )?);
    let level = level
        .map(|text| {
            let number = text.parse().ok().and_then(Level::from_number);
            number.ok_or(format!("`{text}` is not a level: 1, 2 or 3"))
        })
        .transpose()?;
    let mut text = String::new();
    match file {
        Some(file) => {
            text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
        }
        None => {
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| format!("standard input: {error}"))?;
        }
    }
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let decisions: Vec<String> = lines.map(|line| decide(&policy, level, line)).collect();
    Ok(decisions.join("\n"))
}

fn decide(policy: &Compiled, level: Option<Level>, line: &str) -> String {
    let draft = match Draft::parse(line.as_bytes()) {
        Ok(draft) => draft,
        Err(fault) => {
            let error = serde_json::json!({ "pointer": fault.pointer, "detail": fault.detail });
            return serde_json::json!({ "error": error }).to_string();
        }
    };
    let start = policy.rules(draft.category.as_deref()).start_level;
    let situation = Situation::fixed(level.unwrap_or(start));
    serde_json::to_string(&policy.route(&draft, &situation)).unwrap_or_default()
}
