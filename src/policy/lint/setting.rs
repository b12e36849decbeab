//! Settings that do something else than they seem to: of categories, thresholds and signals. It
//! must not report what no draft shows.

use super::prove::category_pointer;
use super::witness::{Example, Seen, acting, plain, see};
use super::{Finding, FindingCode, Severity};
use crate::document::{Policy, Rules};
use crate::guardrail::{Condition, Guardrail, category_matches};
use crate::level::Level;
use crate::ratio::Ratio;
use crate::route::Route;
use crate::signal::SignalCode;

/// The findings about settings, in the order of the document.
pub(super) fn all(policy: &Policy) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, guardrail) in policy.guardrails.iter().enumerate() {
        let pointer = format!("/guardrails/{index}/when");
        names(policy, guardrail, &guardrail.when, &pointer, &mut findings);
    }
    if policy.signals.novelty_threshold == Ratio::ZERO {
        findings.extend(everything_is_novel(policy));
    }
    for (name, own) in &policy.categories {
        let rules = policy.rules(Some(name));
        let pointer = category_pointer(name);
        if rules.ceiling > Level::ReviewEverything {
            if own.owner.is_none() {
                findings.extend(without_owner(policy, name, &rules, &pointer));
            }
            findings.extend(unseen(policy, name, &rules, &pointer));
        }
        findings.extend(thresholds(policy, name, &rules, &pointer));
    }
    findings
}

fn finding(
    code: FindingCode,
    severity: Severity,
    pointer: String,
    text: String,
    example: Example,
) -> Finding {
    Finding {
        code,
        severity,
        rules: Vec::new(),
        pointer,
        text,
        example: Some(example),
    }
}

fn has(seen: &Seen, code: SignalCode) -> bool {
    seen.decision
        .signals
        .iter()
        .any(|signal| signal.code == code)
}

/// What a guardrail names and the rest of the policy doesn't know.
fn names(
    policy: &Policy,
    guardrail: &Guardrail,
    condition: &Condition,
    pointer: &str,
    findings: &mut Vec<Finding>,
) {
    let rule = &guardrail.name;
    categories_named(policy, rule, condition, pointer, findings);
    // Of a rule that releases it is said that it never does (`never_releases`).
    if guardrail.route != Route::Release {
        actions_named(policy, rule, condition, pointer, findings);
    }
    for (name, list) in [("all", &condition.all), ("any", &condition.any)] {
        for (index, inner) in list.iter().enumerate() {
            let pointer = format!("{pointer}/{name}/{index}");
            names(policy, guardrail, inner, &pointer, findings);
        }
    }
    if let Some(inner) = &condition.not {
        names(
            policy,
            guardrail,
            inner,
            &format!("{pointer}/not"),
            findings,
        );
    }
}

/// Actions that a guardrail names and the catalogue doesn't list: a rule for others than were meant.
fn actions_named(
    policy: &Policy,
    rule: &str,
    condition: &Condition,
    pointer: &str,
    findings: &mut Vec<Finding>,
) {
    for (index, action) in condition.action.iter().enumerate() {
        if policy.actions.contains_key(action) {
            continue;
        }
        let example = acting(policy, action);
        if has(&see(policy, &example), SignalCode::UnlistedAction) {
            let text = format!(
                "“{rule}” names the action `{action}`, which the catalogue does not list: \
                 a draft that takes it is never released."
            );
            let pointer = format!("{pointer}/action/{index}");
            let code = FindingCode::ActionNotListed;
            let mut found = finding(code, Severity::Warning, pointer, text, example);
            found.rules.push(rule.to_owned());
            findings.push(found);
        }
    }
}

/// Categories that a guardrail names and that have no rules: their drafts never get beyond level 1.
fn categories_named(
    policy: &Policy,
    rule: &str,
    condition: &Condition,
    pointer: &str,
    findings: &mut Vec<Finding>,
) {
    for (index, pattern) in condition.category.iter().enumerate() {
        let mut known = policy.categories.keys();
        if known.any(|category| category_matches(pattern, category)) {
            continue;
        }
        let category = pattern.strip_suffix(".*").unwrap_or(pattern);
        let example = plain(policy, category, Level::MonitorAndCorrect);
        let seen = see(policy, &example);
        if has(&seen, SignalCode::UnknownCategory) && seen.decision.level == Level::ReviewEverything
        {
            let text = format!(
                "“{rule}” names the category `{pattern}`, which has no rules: \
                 its drafts stay at level 1."
            );
            let pointer = format!("{pointer}/category/{index}");
            let code = FindingCode::CategoryWithoutRules;
            let mut found = finding(code, Severity::Warning, pointer, text, example);
            found.rules.push(rule.to_owned());
            findings.push(found);
        }
    }
}

fn everything_is_novel(policy: &Policy) -> Option<Finding> {
    let category = policy
        .categories
        .keys()
        .next()
        .map_or("other", String::as_str);
    let mut example = plain(policy, category, Level::ReviewEdgeCases);
    example.situation.novelty = Some(Ratio::ZERO);
    has(&see(policy, &example), SignalCode::Novel).then(|| {
        finding(
            FindingCode::ThresholdWithoutEffect,
            Severity::Warning,
            "/signals/novelty_threshold".into(),
            "Every message counts as novel, even one that memory holds word for word.".into(),
            example,
        )
    })
}

/// Drafts of a category that may release by itself answer to whoever answers for everything.
fn without_owner(policy: &Policy, name: &str, rules: &Rules, pointer: &str) -> Option<Finding> {
    let example = plain(policy, name, rules.ceiling);
    let seen = see(policy, &example);
    let inherited = seen.decision.owner == policy.defaults.owner;
    (inherited && seen.decision.route == Route::Release).then(|| {
        let text = format!(
            "`{name}` may go out by itself, and nobody but `{}` answers for it.",
            rules.owner
        );
        let code = FindingCode::CategoryWithoutOwner;
        finding(
            code,
            Severity::Note,
            format!("{pointer}/owner"),
            text,
            example,
        )
    })
}

/// Nothing that goes out is looked at: no label, so neither trust nor harm is ever seen.
fn unseen(policy: &Policy, name: &str, rules: &Rules, pointer: &str) -> Option<Finding> {
    let example = plain(policy, name, rules.ceiling);
    let seen = see(policy, &example);
    let goes_out = seen.decision.route == Route::Release;
    (goes_out && seen.decision.sampling_probability == Ratio::ZERO).then(|| {
        let text =
            format!("`{name}` may go out by itself, and nobody ever looks at what went out.");
        let pointer = format!("{pointer}/sample_rate");
        finding(
            FindingCode::ReleasesUnseen,
            Severity::Warning,
            pointer,
            text,
            example,
        )
    })
}

fn thresholds(policy: &Policy, name: &str, rules: &Rules, pointer: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut push = |field: &str, text: String, example| {
        let pointer = format!("{pointer}/{field}");
        let code = FindingCode::ThresholdWithoutEffect;
        findings.push(finding(code, Severity::Warning, pointer, text, example));
    };
    let mut example = plain(policy, name, rules.ceiling);
    if rules.confidence_threshold.number() == Some(Ratio::ZERO) {
        example.draft.confidence = Some(Ratio::ZERO);
        if !has(&see(policy, &example), SignalCode::LowConfidence) {
            let text = format!("No confidence that an agent states is too low for `{name}`.");
            push("confidence_threshold", text, example.clone());
        }
    }
    if rules.confidence_threshold.number() == Some(Ratio::ONE) {
        example.draft.confidence = Some(Ratio::from_ppm(999_999));
        if has(&see(policy, &example), SignalCode::LowConfidence) {
            let text = format!("Only complete certainty is confident enough for `{name}`.");
            push("confidence_threshold", text, example.clone());
        }
    }
    example.draft.confidence = Some(Ratio::ONE);
    let goes_out = see(policy, &example).decision.route == Route::Release;
    if goes_out && rules.error_budget == Ratio::ZERO {
        let text = format!("`{name}` may release, but not one error: no category keeps that.");
        push("error_budget", text, example.clone());
    }
    if goes_out && rules.error_budget == Ratio::ONE {
        let text = format!("`{name}` may release, and every release may be wrong.");
        push("error_budget", text, example);
    }
    findings
}
