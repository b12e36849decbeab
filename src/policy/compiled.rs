//! A policy made ready: compiled once per version, asked for every draft. It must never say
//! anything that the policy alone would not say.

use crate::document::{Policy, Rules};
use crate::draft::Draft;
use crate::guardrail::check::{Asked, Checks, Facts, Text};
use crate::guardrail::{Condition, Guardrail, LocalTime};
use crate::signal::Signal;
use std::collections::BTreeMap;

/// A policy whose conditions are lists of checks, whose phrases are in lower case and whose
/// categories' rules are complete. Each category knows which guardrails can hold there at all.
/// `route.rs` decides with it.
#[derive(Clone, Debug)]
pub struct Compiled {
    policy: Policy,
    /// One for each guardrail, in their order.
    checks: Vec<Checks>,
    asked: Asked,
    categories: BTreeMap<String, Prepared>,
    /// For a category that is missing or unknown.
    other: Prepared,
}

/// What a category alone settles.
#[derive(Clone, Debug)]
struct Prepared {
    rules: Rules,
    /// The guardrails that a message can meet, by their place.
    of_messages: Vec<usize>,
    /// The guardrails that an action can meet.
    of_actions: Vec<usize>,
}

impl Compiled {
    /// Compiles a policy; cannot fail, since what can be wrong was refused when it was parsed.
    pub fn new(policy: Policy) -> Self {
        let mut asked = Asked::default();
        let guardrails = policy.guardrails.iter();
        let checks = guardrails.map(|guardrail| Checks::of(&guardrail.when, &mut asked));
        let names = policy.categories.keys();
        let prepare = |name| (String::clone(name), Prepared::of(&policy, Some(name)));
        Self {
            checks: checks.collect(),
            asked,
            categories: names.map(prepare).collect(),
            other: Prepared::of(&policy, None),
            policy,
        }
    }

    /// The policy itself.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// See [`Policy::rules`]: the same, without a copy.
    pub fn rules(&self, category: Option<&str>) -> &Rules {
        &self.prepared(category).rules
    }

    fn prepared(&self, category: Option<&str>) -> &Prepared {
        category
            .and_then(|category| self.categories.get(category))
            .unwrap_or(&self.other)
    }

    /// What the guardrails are tested against, as far as they ask for it.
    pub fn facts<'a>(
        &self,
        draft: &'a Draft,
        signals: &'a [Signal],
        local_time: LocalTime,
    ) -> Facts<'a> {
        let action = draft.draft.action.as_ref();
        let entry = action.and_then(|action| self.policy.actions.get(&action.name));
        let mut text = Text::default();
        if self.asked.text {
            let texts = [Some(&draft.message), draft.draft.text.as_ref()];
            texts.into_iter().flatten().for_each(|one| text.add(one));
        }
        let amounts = entry.zip(action).filter(|_| self.asked.amounts);
        Facts {
            draft,
            stakes: entry.map(|entry| entry.stakes),
            amounts: amounts.and_then(|(entry, action)| entry.amounts(action)),
            signals,
            local_time,
            text,
        }
    }

    /// The first guardrail that holds.
    pub fn first_match(&self, facts: &Facts<'_>) -> Option<&Guardrail> {
        let prepared = self.prepared(facts.draft.category.as_deref());
        let mut places = match facts.draft.draft.action {
            None => prepared.of_messages.iter(),
            Some(_) => prepared.of_actions.iter(),
        };
        let holds = |place: &&usize| {
            let checks = self.checks.get(**place);
            checks.is_some_and(|checks| checks.hold(facts))
        };
        self.policy.guardrails.get(*places.find(holds)?)
    }
}

impl Prepared {
    /// For a category that the policy knows, or for any other.
    fn of(policy: &Policy, category: Option<&str>) -> Self {
        let can_hold = |when: &Condition| category.is_none_or(|name| when.allows_category(name));
        let places = |action: bool| {
            let guardrails = policy.guardrails.iter().enumerate();
            let able = guardrails.filter(|(_, guardrail)| {
                can_hold(&guardrail.when) && (action || !guardrail.when.needs_action())
            });
            able.map(|(place, _)| place).collect()
        };
        Self {
            rules: policy.rules(category),
            of_messages: places(false),
            of_actions: places(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(category: Option<&str>, expected: [&[usize]; 2]) {
        let rule = |name: &str, when| json!({ "name": name, "when": when, "route": "review", "because": "so" });
        let mut policy = serde_json::to_value(Policy::starting("mia@example.com")).unwrap();
        policy["categories"] = json!({ "billing.refund": {}, "crm": {} });
        policy["guardrails"] = json!([
            rule("family", json!({ "category": ["billing.*"] })),
            rule("inner", json!({ "not": { "category": ["crm"] } })),
            rule("action", json!({ "action": ["refund"] })),
            rule("both", json!({ "category": ["crm"], "stakes": ["none"] })),
        ]);
        let policy = Policy::parse(policy.to_string().as_bytes()).unwrap();
        let compiled = Compiled::new(policy);
        let prepared = compiled.prepared(category);
        let found = [&prepared.of_messages[..], &prepared.of_actions[..]];
        assert_eq!(found, expected, "{category:?}");
    }

    #[test]
    fn a_category_passes_over_only_what_cannot_hold_there() {
        check(Some("billing.refund"), [&[0, 1], &[0, 1, 2]]);
        check(Some("crm"), [&[1], &[1, 2, 3]]);
        check(Some("billing.unheard"), [&[0, 1], &[0, 1, 2, 3]]);
        check(None, [&[0, 1], &[0, 1, 2, 3]]);
    }
}
