//! `countersign lint`: every fault of a policy by its JSON pointer. It must not change the file.

use countersign_policy::document::Policy;

/// Nothing when the policy is sound; otherwise its faults, a line each, as the error.
pub fn run(arguments: &[String]) -> Result<String, String> {
    let [file] = arguments else {
        return Err("usage: countersign lint FILE".into());
    };
    read(file).map(|policy| format!("{file}: sound, {} guardrails", policy.guardrails.len()))
}

/// A policy from a file.
pub fn read(file: &str) -> Result<Policy, String> {
    let text = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    Policy::parse(&text).map_err(|faults| {
        let lines = faults
            .iter()
            .map(|fault| format!("{file}{}: {}", fault.pointer, fault.detail));
        lines.collect::<Vec<_>>().join("\n")
    })
}
