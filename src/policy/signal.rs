//! Evidence found in a draft, with a score and where it stands. It must not decide: what follows
//! from a signal is `route`'s to say.

use crate::catalogue::ActionEntry;
use crate::document::{Policy, Rules};
use crate::draft::Draft;
use crate::ratio::Ratio;
use serde::{Deserialize, Serialize};

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SignalCode {
    /// The stated confidence is missing or below the category's threshold.
    LowConfidence,
    /// The draft has no category, or one that the policy doesn't know.
    UnknownCategory,
    /// The action changes data, moves money or involves a person.
    HighStakes,
    /// The action cannot be taken back. Forbidding.
    Irreversible,
    /// The action is not in the catalogue. Forbidding.
    UnlistedAction,
}

impl SignalCode {
    /// Whether nothing may go out by itself where this was found; a tenant can only add to these.
    pub fn forbids(self) -> bool {
        matches!(self, Self::Irreversible | Self::UnlistedAction)
    }
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Signal {
    /// What was found.
    pub code: SignalCode,
    /// How strong it is.
    pub score: Ratio,
    /// The words or fields that caused it.
    pub evidence: Vec<Evidence>,
}

/// A place in a draft: a field, and where it is a text, a range of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Evidence {
    /// JSON pointer into the body of the draft.
    pub pointer: String,
    /// First UTF-16 code unit, as browsers count; absent for the whole field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<u32>,
    /// The UTF-16 code unit after the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<u32>,
}

impl Evidence {
    /// A whole field.
    pub fn field(pointer: &str) -> Self {
        Self {
            pointer: pointer.to_owned(),
            start: None,
            end: None,
        }
    }
}

/// Every signal of a draft under the rules of its category, in the order of their codes.
pub fn find(policy: &Policy, rules: &Rules, draft: &Draft) -> Vec<Signal> {
    let mut signals = Vec::new();
    if let Some(score) = low_confidence(rules, draft) {
        signals.push(whole(SignalCode::LowConfidence, score, "/confidence"));
    }
    if !draft
        .category
        .as_ref()
        .is_some_and(|category| policy.knows(category))
    {
        signals.push(whole(SignalCode::UnknownCategory, Ratio::ONE, "/category"));
    }
    if let Some(action) = &draft.draft.action {
        let code = match policy.actions.get(&action.name) {
            None => Some(SignalCode::UnlistedAction),
            Some(entry) if entry.high_stakes() => {
                signals.push(whole(
                    SignalCode::HighStakes,
                    Ratio::ONE,
                    "/draft/action/name",
                ));
                entry.irreversible().then_some(SignalCode::Irreversible)
            }
            Some(entry) => ActionEntry::irreversible(entry).then_some(SignalCode::Irreversible),
        };
        signals.extend(code.map(|code| whole(code, Ratio::ONE, "/draft/action/name")));
    }
    signals
}

/// How far the stated confidence is below the threshold, as a share of it; a missing one is all.
fn low_confidence(rules: &Rules, draft: &Draft) -> Option<Ratio> {
    let threshold = rules.confidence_threshold;
    match draft.confidence {
        None => Some(Ratio::ONE),
        Some(confidence) if confidence < threshold => {
            Ratio::from_f64(1.0 - confidence.to_f64() / threshold.to_f64())
        }
        Some(_) => None,
    }
}

fn whole(code: SignalCode, score: Ratio, pointer: &str) -> Signal {
    Signal {
        code,
        score,
        evidence: vec![Evidence::field(pointer)],
    }
}
