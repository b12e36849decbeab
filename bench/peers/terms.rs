//! The conditions of a policy as terms over flat facts, which each engine writes in its own
//! language, and those facts of each draft. It must not favour anybody: every engine is given the
//! same facts, prepared the same way.

use crate::workload::Case;
use countersign_policy::compiled::Compiled;
use countersign_policy::guardrail::{Condition, WeekSpan};
use serde_json::{Value, json};

/// One test; those of a list must all hold.
pub enum Term {
    /// A text field is one of these.
    OneOf(&'static str, Vec<String>),
    /// A list field holds one of these.
    AnyOf(&'static str, Vec<String>),
    /// The category matches one of these patterns.
    Category(Vec<String>),
    /// A whole number is below this.
    Below(&'static str, u64),
    /// A whole number is at least this.
    AtLeast(&'static str, u64),
    /// More money than this moves, or money that can't be read or compared.
    AmountOver(u64, String),
    /// Money that can be read moves, and at most this much.
    AmountAtMost(u64, String),
    /// The text holds one of these, as whole words.
    Phrases(Vec<String>),
    /// Local time is within one of these spans.
    LocalTime(Vec<WeekSpan>),
    /// One of these lists holds.
    Any(Vec<Vec<Term>>),
    /// This list does not hold.
    Not(Vec<Term>),
}

/// The terms of a condition, cheap ones first. Fields that the policy of the bench does not use
/// are refused.
pub fn terms(condition: &Condition) -> Vec<Term> {
    assert!(
        condition.signal_at_least.is_none(),
        "no engine is told scores"
    );
    let names = |values: Vec<Value>| -> Vec<String> {
        let names = values.into_iter();
        names
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect()
    };
    let mut terms = Vec::new();
    let mut one_of = |field, list: Vec<String>| {
        if !list.is_empty() {
            terms.push(Term::OneOf(field, list));
        }
    };
    one_of(
        "kind",
        names(condition.kind.iter().map(|kind| json!(kind)).collect()),
    );
    one_of("agent", condition.agent.clone());
    one_of("channel", condition.channel.clone());
    one_of("action", condition.action.clone());
    one_of(
        "stakes",
        names(
            condition
                .stakes
                .iter()
                .map(|stakes| json!(stakes))
                .collect(),
        ),
    );
    one_of("plan", condition.customer_plan.clone());
    for (name, values) in &condition.metadata {
        let field = ["region", "feature_stage"]
            .into_iter()
            .find(|field| field == name);
        one_of(
            field.expect("a known metadata field"),
            names(values.clone()),
        );
    }
    let below = condition
        .confidence_below
        .map(|bound| u64::from(bound.ppm()));
    terms.extend(below.map(|bound| Term::Below("confidence", bound)));
    let least = condition
        .confidence_at_least
        .map(|bound| u64::from(bound.ppm()));
    terms.extend(least.map(|bound| Term::AtLeast("confidence", bound)));
    let length = condition.conversation_at_least.map(u64::from);
    terms.extend(length.map(|least| Term::AtLeast("conversation_length", least)));
    let given = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
    terms.extend(given(&condition.category).map(Term::Category));
    let over = condition.amount_over.clone();
    terms.extend(over.map(|amount| Term::AmountOver(amount.minor, amount.currency)));
    let most = condition.amount_at_most.clone();
    terms.extend(most.map(|amount| Term::AmountAtMost(amount.minor, amount.currency)));
    if !condition.local_time.is_empty() {
        terms.push(Term::LocalTime(condition.local_time.clone()));
    }
    let signals = names(condition.signal.iter().map(|code| json!(code)).collect());
    terms.extend(given(&signals).map(|list| Term::AnyOf("signals", list)));
    terms.extend(given(&condition.customer_tags).map(|list| Term::AnyOf("tags", list)));
    let phrases: Vec<String> = condition.words.iter().map(|text| plain(text)).collect();
    terms.extend(given(&phrases).map(Term::Phrases));
    terms.extend(condition.all.iter().flat_map(self::terms));
    if !condition.any.is_empty() {
        terms.push(Term::Any(condition.any.iter().map(self::terms).collect()));
    }
    terms.extend(
        condition
            .not
            .iter()
            .map(|inner| Term::Not(self::terms(inner))),
    );
    terms
}

/// The facts of a case as one flat object. Missing texts are empty, a missing confidence is -1,
/// fractions are whole millionths (Cedar has no fractions).
pub fn facts(policy: &Compiled, case: &Case) -> Value {
    let draft = &case.draft;
    let customer = draft.customer.as_ref();
    let action = draft.draft.action.as_ref();
    let entry = action.and_then(|action| policy.policy().actions.get(&action.name));
    let amounts = entry
        .zip(action)
        .and_then(|(entry, action)| entry.amounts(action));
    let first = amounts.iter().flatten().next();
    assert!(
        amounts.iter().all(|amounts| amounts.len() < 2),
        "one currency a draft"
    );
    let mut text = plain(&draft.message);
    if let Some(draft) = &draft.draft.text {
        text.push('\n');
        text.push_str(&plain(draft));
    }
    let codes: Vec<Value> = case
        .signals
        .iter()
        .map(|signal| json!(signal.code))
        .collect();
    json!({
        "agent": draft.agent,
        "kind": draft.kind,
        "channel": draft.channel,
        "category": draft.category.as_deref().unwrap_or(""),
        "action": action.map_or("", |action| &action.name),
        "stakes": entry.map_or(json!(""), |entry| json!(entry.stakes)),
        "amount_known": amounts.is_some(),
        "amount_currency": first.map_or("", |(currency, _)| currency),
        "amount_minor": first.map_or(0, |(_, minor)| *minor),
        "confidence": draft.confidence.map_or(-1, |value| i64::from(value.ppm())),
        "conversation_length": draft.conversation.messages.len(),
        "text": text,
        "tags": customer.map_or(&[][..], |customer| &customer.tags),
        "plan": customer.and_then(|customer| customer.plan.as_deref()).unwrap_or(""),
        "region": draft.metadata.get("region").cloned().unwrap_or(json!("")),
        "feature_stage": draft.metadata.get("feature_stage").cloned().unwrap_or(json!("")),
        "weekday": case.situation.local_time.weekday,
        "minute": case.situation.local_time.minute,
        "signals": codes,
    })
}

/// Lower-case words between single spaces; the texts of the bench are ASCII.
fn plain(text: &str) -> String {
    let lower = text.to_ascii_lowercase().replace('\'', "");
    let words = lower.split(|character: char| !character.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    format!(" {} ", words.join(" "))
}

/// A text as all three languages write it.
pub fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// A list of texts, without its brackets.
pub fn listed(list: &[String]) -> String {
    let quoted: Vec<String> = list.iter().map(|text| quoted(text)).collect();
    quoted.join(", ")
}
