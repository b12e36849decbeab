//! What is wrong with a policy that has no fault: rules that never decide, rules that contradict
//! each other, releases that let too much out. It must prove what it says, and say where it could
//! not: nothing here is a guess.
//!
//! | finding | proved by |
//! | --- | --- |
//! | `never_matches` | nothing satisfies the rule's own conditions |
//! | `hidden` | nothing satisfies them and none of the rules before |
//! | `contradiction` | a draft that both rules match, which only their order decides; neither holds the other |
//! | `releases_high_stakes` | a high-stakes draft that really goes out by this rule |
//! | `never_releases` | no draft that the rule decides is free of forbidding signals |
//! | `part_never_holds` | nothing satisfies this part and the rest of its rule |
//! | `part_without_effect` | nothing satisfies the rest of the rule and not this part, which always holds |
//! | the rest | a draft that the policy decides in this way |
//!
//! Conditions are turned into formulas over finite domains (`space`), and a complete search
//! (`solve`) answers whether they can hold together. Signals that are read from texts are free:
//! "never" is only said where it holds whatever they are, and a draft is only shown after the real
//! evaluation has confirmed it (`witness`).

mod doing;
mod domain;
mod mentions;
mod prove;
mod setting;
mod solve;
mod space;
mod witness;

pub use witness::Example;

use crate::document::Policy;
use serde::{Deserialize, Serialize};

/// Findings of one policy: more than anybody works through before looking again.
pub const FINDINGS_MAX: usize = 500;

/// One thing that is wrong, or worth a look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Which one; stable.
    pub code: FindingCode,
    /// How bad it is.
    pub severity: Severity,
    /// The guardrails that take part, in the policy's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// JSON pointer to what should change.
    pub pointer: String,
    /// A plain sentence for people.
    pub text: String,
    /// A draft that shows it. Absent only where none could be made: `not_analysed`, and what needs
    /// a text that could not be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<Example>,
}

/// How bad a finding is, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It may be meant.
    Note,
    /// It is rarely meant.
    Warning,
    /// It can't be meant.
    Error,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FindingCode {
    /// A guardrail whose conditions can't hold together. The draft meets all but one of them.
    NeverMatches,
    /// A guardrail that never decides: those before it take every draft that it matches. The draft
    /// is one of these.
    Hidden,
    /// Two guardrails overlap with different routes, and neither is an exception within the other:
    /// their order alone decides. The draft matches both.
    Contradiction,
    /// A rule that releases lets a high-stakes action out. The draft is one that goes out.
    ReleasesHighStakes,
    /// A guardrail that releases, where a forbidding signal holds all that it decides, or all of one
    /// action that it names. The draft is decided by it, and held.
    NeverReleases,
    /// A part of a guardrail that can't hold with the rest of it. The draft meets the rest.
    PartNeverHolds,
    /// A part of a guardrail that holds for every draft. The draft meets the guardrail.
    PartWithoutEffect,
    /// A guardrail names a category that has no rules. The draft is of that category.
    CategoryWithoutRules,
    /// A guardrail names an action that the catalogue does not list: such a draft is held whatever the
    /// rule says. The draft is one.
    ActionNotListed,
    /// A category may release and has no owner of its own. The draft goes out for the default's.
    CategoryWithoutOwner,
    /// A category may release, and nobody ever looks at what went out. The draft goes out.
    ReleasesUnseen,
    /// A threshold that every draft passes, or none. The draft is one that it should tell apart.
    ThresholdWithoutEffect,
    /// The question was too hard for the bounds: nothing is claimed.
    NotAnalysed,
}

/// Everything that is wrong with a policy, in the order of its parts. The document must be without
/// faults (see [`Policy::faults`]). Total, and bounded in work.
pub fn lint(policy: &Policy) -> Vec<Finding> {
    let mut findings = prove::guardrails(policy);
    findings.extend(setting::all(policy));
    findings.truncate(FINDINGS_MAX);
    findings
}

/// The worst severity of these.
pub fn worst(findings: &[Finding]) -> Option<Severity> {
    findings.iter().map(|finding| finding.severity).max()
}
