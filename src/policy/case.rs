//! Named cases of a policy: a draft and the route that it must get. They must not be taken for
//! law: a case that breaks says that the policy changed, and a person says which of the two is
//! right.

use crate::document::Policy;
use crate::draft::{Draft, NAME_BYTES_MAX};
use crate::invalid::{Invalid, bound_text};
use crate::level::Level;
use crate::route::{Decision, Route, Situation, route};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Cases of one policy: as many as guardrails.
pub const CASES_MAX: u32 = 200;

/// A draft and the route that it must get.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Unique within the policy; said where it breaks.
    pub name: String,
    /// As an agent would post it.
    pub draft: Draft,
    /// The category's live level; absent means the one where it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Where it must go.
    pub route: Route,
}

/// A case that gets another route than it must.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its place among the cases.
    pub index: u32,
    /// The route that it must get.
    pub expected: Route,
    /// What the policy says.
    pub decision: Decision,
}

impl Case {
    /// What the policy says of its draft on a Monday at ten, without a stop or a look afterwards.
    pub fn decide(&self, policy: &Policy) -> Decision {
        let start = policy.rules(self.draft.category.as_deref()).start_level;
        let situation = Situation::fixed(self.level.unwrap_or(start));
        route(policy, &self.draft, &situation)
    }
}

impl Broken {
    /// As a fault of the document.
    pub fn fault(&self, policy: &Policy) -> Invalid {
        let index = usize::try_from(self.index).unwrap_or(usize::MAX);
        let name = policy.cases.get(index).map_or("", |case| &case.name);
        let reason = self.decision.reasons.first();
        let detail = format!(
            "`{name}` must get {}, and gets {}: {}",
            self.expected.name(),
            self.decision.route.name(),
            reason.map_or("", |reason| reason.text.trim_end_matches('.'))
        );
        Invalid::field(format!("/cases/{}", self.index), detail)
    }
}

/// Every case that gets another route than it must.
pub fn broken(policy: &Policy) -> Vec<Broken> {
    let cases = (0..).zip(&policy.cases).filter_map(|(index, case)| {
        let decision = case.decide(policy);
        (decision.route != case.route).then_some(Broken {
            index,
            expected: case.route,
            decision,
        })
    });
    cases.collect()
}

/// The same, as faults of the document: a policy with one is not saved.
pub fn broken_faults(policy: &Policy) -> Vec<Invalid> {
    let broken = broken(policy);
    broken.iter().map(|broken| broken.fault(policy)).collect()
}

pub(crate) fn faults(cases: &[Case], faults: &mut Vec<Invalid>) {
    crate::invalid::bound_list(faults, "/cases", cases, CASES_MAX);
    let mut names = BTreeSet::new();
    for (index, case) in cases.iter().enumerate() {
        let pointer = format!("/cases/{index}");
        let name = format!("{pointer}/name");
        if case.name.trim().is_empty() {
            faults.push(Invalid::field(&name, "empty"));
        }
        bound_text(faults, &name, &case.name, NAME_BYTES_MAX);
        if !names.insert(&case.name) {
            let detail = format!("`{}` stands twice", case.name);
            faults.push(Invalid::field(&name, detail));
        }
        faults.extend(case.draft.faults().into_iter().map(|fault| Invalid {
            pointer: format!("{pointer}/draft{}", fault.pointer),
            ..fault
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn policy(cases: Value) -> Result<Policy, Vec<Invalid>> {
        let mut document = serde_json::to_value(Policy::starting("mia@example.com")).unwrap();
        document["cases"] = cases;
        document["categories"] = json!({ "billing": {} });
        Policy::parse(document.to_string().as_bytes())
    }

    fn case(name: &str, level: u8, agent: &str, route: &str) -> Value {
        let draft = json!({
            "agent": agent, "kind": "message", "channel": "chat", "category": "billing",
            "message": "Where is it?", "draft": { "text": "On its way." }, "confidence": 1,
            "conversation": { "id": "c", "head": "m" }
        });
        json!({ "name": name, "level": level, "draft": draft, "route": route })
    }

    #[test]
    fn a_broken_case_is_named_with_both_routes() {
        let policy = policy(json!([
            case("kept", 2, "bot", "release"),
            case("broken", 1, "bot", "release"),
        ]))
        .unwrap();
        let found: Vec<(String, String)> = broken_faults(&policy)
            .into_iter()
            .map(|fault| (fault.pointer, fault.detail))
            .collect();
        let detail = "`broken` must get release, and gets review: \
                      Every draft of this category is reviewed for now (level 1)";
        assert_eq!(found, [("/cases/1".to_owned(), detail.to_owned())]);
    }

    #[test]
    fn a_case_obeys_the_limits_of_a_draft() {
        let faults = policy(json!([
            case("x", 1, "", "review"),
            case("x", 1, "bot", "review")
        ]));
        let pointers: Vec<String> = faults
            .unwrap_err()
            .into_iter()
            .map(|fault| fault.pointer)
            .collect();
        assert_eq!(pointers, ["/cases/0/draft/agent", "/cases/1/name"]);
    }
}
