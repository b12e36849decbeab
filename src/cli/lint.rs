//! `countersign lint`: every fault of a policy by its JSON pointer, and what can be proved of one
//! without faults. It must not change the file.

use countersign_policy::case;
use countersign_policy::document::Policy;
use countersign_policy::invalid::Invalid;
use countersign_policy::lint::{Finding, FindingCode, Severity, lint, worst};

/// The findings, a paragraph each or as JSON, and whether the document has neither a fault nor a
/// finding that is an error.
pub fn run(arguments: &[String]) -> Result<(String, bool), String> {
    let json = arguments.iter().any(|argument| argument == "--json");
    let files: Vec<&String> = arguments.iter().filter(|a| *a != "--json").collect();
    let [file] = files.as_slice() else {
        return Err("usage: countersign lint [--json] FILE".into());
    };
    let (findings, faults, count) = match parse(file)? {
        Ok(policy) => {
            let faults = case::broken_faults(&policy);
            (lint(&policy), faults, policy.guardrails.len())
        }
        Err(faults) => (Vec::new(), faults, 0),
    };
    let sound = faults.is_empty() && worst(&findings) < Some(Severity::Error);
    let text = if json {
        as_json(&findings, &faults)
    } else {
        let mut lines: Vec<String> = faults.iter().map(|fault| line(file, fault)).collect();
        lines.extend(findings.iter().map(|finding| paragraph(file, finding)));
        if lines.is_empty() {
            lines.push(format!("{file}: sound, {count} guardrails"));
        }
        lines.join("\n")
    };
    Ok((text, sound))
}

/// A policy from a file.
pub fn read(file: &str) -> Result<Policy, String> {
    parse(file)?.map_err(|faults| {
        let lines = faults.iter().map(|fault| line(file, fault));
        lines.collect::<Vec<_>>().join("\n")
    })
}

fn parse(file: &str) -> Result<Result<Policy, Vec<Invalid>>, String> {
    let text = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    Ok(Policy::parse(&text))
}

fn line(file: &str, fault: &Invalid) -> String {
    format!("{file}{}: {}", fault.pointer, fault.detail)
}

fn paragraph(file: &str, finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let code = name(finding.code);
    let head = format!(
        "{file}{}: {severity} ({code}): {}",
        finding.pointer, finding.text
    );
    let example = finding.example.as_ref();
    let example = example.and_then(|example| serde_json::to_string(example).ok());
    match example {
        Some(example) => format!("{head}\n    {example}"),
        None => head,
    }
}

fn name(code: FindingCode) -> String {
    let value = serde_json::to_value(code).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn as_json(findings: &[Finding], faults: &[Invalid]) -> String {
    let view =
        |fault: &Invalid| serde_json::json!({ "pointer": fault.pointer, "detail": fault.detail });
    let faults: Vec<serde_json::Value> = faults.iter().map(view).collect();
    serde_json::json!({ "findings": findings, "faults": faults }).to_string()
}
