//! A policy made ready: compiled once per version, asked for every draft. It must never say
//! anything that the policy alone would not say.

use crate::document::{Policy, Rules};
use crate::draft::Draft;
use crate::guardrail::check::{Asked, Checks, Facts, Text};
use crate::guardrail::{Guardrail, LocalTime};
use crate::signal::Signal;
use std::collections::BTreeMap;

/// A policy whose conditions are lists of checks, whose phrases are in lower case and whose
/// categories' rules are complete. `route.rs` decides with it.
#[derive(Clone, Debug)]
pub struct Compiled {
    policy: Policy,
    /// One for each guardrail, in their order.
    checks: Vec<Checks>,
    asked: Asked,
    rules: BTreeMap<String, Rules>,
    /// Of a category that is missing or unknown.
    other_rules: Rules,
}

impl Compiled {
    /// Compiles a policy; cannot fail, since what can be wrong was refused when it was parsed.
    pub fn new(policy: Policy) -> Self {
        let mut asked = Asked::default();
        let guardrails = policy.guardrails.iter();
        let checks = guardrails.map(|guardrail| Checks::of(&guardrail.when, &mut asked));
        let names = policy.categories.keys();
        Self {
            checks: checks.collect(),
            asked,
            rules: names
                .map(|name| (name.clone(), policy.rules(Some(name))))
                .collect(),
            other_rules: policy.rules(None),
            policy,
        }
    }

    /// The policy itself.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// See [`Policy::rules`]: the same, without a copy.
    pub fn rules(&self, category: Option<&str>) -> &Rules {
        category
            .and_then(|category| self.rules.get(category))
            .unwrap_or(&self.other_rules)
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
        let mut pairs = self.policy.guardrails.iter().zip(&self.checks);
        pairs
            .find(|(_, checks)| checks.hold(facts))
            .map(|(guardrail, _)| guardrail)
    }
}
