//! Does a change of the policy let more out? It must not say no where it can't be sure: whatever it
//! doesn't understand counts as more.
//!
//! **Why nothing more goes out where nothing is found**, the same situation given: signals are found
//! and forbid as before or more, and no guardrail reads one that changed. Every rule that held or
//! gave to a person still does, so that what falls through to its level fell through before. And a
//! rule that releases stands behind every such rule that it stood behind, so that what it takes it
//! took before, or another that releases. What a person alone could do stays so for the same reason: rules
//! that give to a person still do, and none that holds for review comes before one that it did not.

use crate::document::{Policy, Rules};
use crate::guardrail::{Condition, Guardrail};
use crate::invalid::escape;
use crate::level::Level;
use crate::order;
use crate::route::Route;
use crate::signal::{SignalCode, SignalRules};
use crate::threshold;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One way in which a policy may let more out than the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Widening {
    /// JSON pointer into the new document.
    pub pointer: String,
    /// A plain sentence for people.
    pub text: String,
}

/// Everything by which `after` may let out what `before` held; empty only where it surely doesn't.
pub fn widens(before: &Policy, after: &Policy) -> Vec<Widening> {
    let mut found = Found {
        list: Vec::new(),
        after,
    };
    if before.second_lead && !after.second_lead {
        found.push("/second_lead", "One lead alone could let more out.");
    }
    if after.self_approval && !before.self_approval {
        found.push(
            "/self_approval",
            "Whoever made an agent's key could let out its drafts.",
        );
    }
    found.guardrails(before);
    found.actions(before);
    let names = before.categories.keys().chain(after.categories.keys());
    for name in order::gathered::<BTreeSet<_>, _>(names) {
        found.category(before, name);
    }
    found.rules("/defaults", &before.rules(None), &after.rules(None), before);
    found.signals(&before.signals, &after.signals);
    if before.zone != after.zone && after.reads(&|part| !part.local_time.is_empty()) {
        found.push("/zone", "Rules on local time hold at other times.");
    }
    found.list
}

struct Found<'a> {
    list: Vec<Widening>,
    after: &'a Policy,
}

impl Found<'_> {
    fn push(&mut self, pointer: impl Into<String>, text: impl Into<String>) {
        self.list.push(Widening {
            pointer: pointer.into(),
            text: text.into(),
        });
    }

    fn guardrails(&mut self, before: &Policy) {
        let after = &self.after.guardrails;
        let now: Vec<&Condition> = holding(after).collect();
        for rule in before.guardrails.iter().filter(|rule| holds(rule)) {
            if !now.contains(&&rule.when) {
                let text = format!("“{}” no longer holds what it held.", rule.name);
                self.push("/guardrails", text);
            }
        }
        for (index, rule) in after.iter().enumerate().filter(|(_, rule)| !holds(rule)) {
            let ahead: Vec<&Condition> = holding(after.get(..index).unwrap_or_default()).collect();
            let stood = before.guardrails.iter().enumerate().any(|(place, old)| {
                let mut before = holding(before.guardrails.get(..place).unwrap_or_default());
                !holds(old) && old.when == rule.when && before.all(|when| ahead.contains(&when))
            });
            if !stood {
                let text = format!("“{}” releases, and did not, or comes earlier.", rule.name);
                self.push(format!("/guardrails/{index}"), text);
            }
        }
        self.persons(before);
    }

    /// What was a person's to do, and a reviewer could now approve: the rule says so no longer, or another
    /// takes the draft first.
    fn persons(&mut self, before: &Policy) {
        let after = &self.after.guardrails;
        let is_person = |rule: &&Guardrail| rule.route == Route::Human;
        let persons: Vec<&Condition> = conditions(after, is_person).collect();
        let held: Vec<&Condition> = holding(after).collect();
        for rule in before.guardrails.iter().filter(is_person) {
            if held.contains(&&rule.when) && !persons.contains(&&rule.when) {
                let text = format!("“{}” let nobody approve, and now does.", rule.name);
                self.push("/guardrails", text);
            }
        }
        let reviews = |(_, rule): &(usize, &Guardrail)| rule.route == Route::Review;
        for (index, rule) in after.iter().enumerate().filter(reviews) {
            let ahead = after.get(..index).unwrap_or_default();
            let ahead: Vec<&Condition> = conditions(ahead, is_person).collect();
            let behind = |old: &[Guardrail]| {
                let mut still = conditions(old, is_person).filter(|when| persons.contains(when));
                still.all(|when| ahead.contains(&when))
            };
            let mut old = before.guardrails.iter().enumerate();
            let stood = old.any(|(place, old)| {
                let before = before.guardrails.get(..place).unwrap_or_default();
                !is_person(&old) && old.when == rule.when && behind(before)
            });
            if !stood && !behind(&before.guardrails) {
                let text = format!("“{}” comes before what nobody could approve.", rule.name);
                self.push(format!("/guardrails/{index}"), text);
            }
        }
    }

    fn actions(&mut self, before: &Policy) {
        let after = self.after;
        for (name, entry) in &after.actions {
            let same = before.actions.get(name).is_some_and(|old| {
                old.stakes == entry.stakes
                    && old.undoable == entry.undoable
                    && old.money == entry.money
            });
            if !same {
                let pointer = format!("/actions/{}", escape(name));
                self.push(
                    pointer,
                    format!("The action `{name}` is another than it was."),
                );
            }
        }
    }

    fn category(&mut self, before: &Policy, name: &str) {
        let after = self.after;
        let pointer = format!("/categories/{}", escape(name));
        let (old, new) = (before.rules(Some(name)), after.rules(Some(name)));
        if before.knows(name) != after.knows(name) {
            let forbidden = before.signals.forbids(SignalCode::UnknownCategory);
            if forbidden || after.tests(SignalCode::UnknownCategory) {
                let text = format!("Rules on unknown categories read `{name}` another way.");
                self.push(&pointer, text);
            }
        }
        self.rules(&pointer, &old, &new, before);
    }

    fn rules(&mut self, pointer: &str, old: &Rules, new: &Rules, before: &Policy) {
        let after = self.after;
        if new.ceiling > old.ceiling {
            self.push(format!("{pointer}/ceiling"), "The ceiling is higher.");
        }
        if new.start_level > old.start_level {
            self.push(
                format!("{pointer}/start_level"),
                "It starts at a higher level.",
            );
        }
        if new.confirms_levels && !old.confirms_levels {
            self.push(
                format!("{pointer}/confirms_levels"),
                "A step up that was earned needs no lead.",
            );
        }
        if old.four_eyes && !new.four_eyes {
            self.push(
                format!("{pointer}/four_eyes"),
                "One person alone could approve.",
            );
        }
        let number = |policy, rules: &Rules| threshold::fixed(policy, rules);
        let fixed = (number(before, old), number(after, new));
        let other_kind = old.confidence_threshold.number().is_none()
            != new.confidence_threshold.number().is_none();
        let read = (other_kind || fixed.0 != fixed.1) && after.tests(SignalCode::LowConfidence);
        // At level 1 a threshold is read by rules and forbidding signals alone.
        let counts = new.ceiling > Level::ReviewEverything
            || before.signals.forbids(SignalCode::LowConfidence);
        if read || (counts && (other_kind || fixed.1 < fixed.0)) {
            let pointer = format!("{pointer}/confidence_threshold");
            self.push(pointer, "Less confidence is enough, or may be.");
        }
    }

    fn signals(&mut self, old: &SignalRules, new: &SignalRules) {
        if !new.forbidding.is_superset(&old.forbidding) {
            self.push("/signals/forbidding", "A signal no longer forbids.");
        }
        if old.novelty_threshold != new.novelty_threshold
            && (new.novelty_threshold > old.novelty_threshold
                || self.after.tests(SignalCode::Novel))
        {
            self.push(
                "/signals/novelty_threshold",
                "What is novel counts otherwise.",
            );
        }
        let codes = old.lexicons.keys().chain(new.lexicons.keys());
        for code in order::gathered::<BTreeSet<_>, _>(codes) {
            let phrases = |rules: &SignalRules| -> BTreeSet<String> {
                let phrases = rules.lexicons.get(code).map(|phrases| phrases.list());
                order::gathered(phrases.unwrap_or_default().iter().cloned())
            };
            let (was, is) = (phrases(old), phrases(new));
            if was != is && (!is.is_superset(&was) || self.after.tests(*code)) {
                let text = "Phrases of a topic are found otherwise.";
                self.push("/signals/lexicons", text);
            }
        }
        let fewer = |was: &[String], is: &[String]| is.iter().all(|item| was.contains(item));
        let languages = match old.languages.is_empty() {
            true => true,
            false => !new.languages.is_empty() && fewer(&old.languages, &new.languages),
        };
        let read = self.after.tests(SignalCode::UnexpectedLanguage);
        if old.languages != new.languages && (!languages || read) {
            self.push("/signals/languages", "More languages are expected.");
        }
        let reads = self.after.reads(&|part| !part.signal.is_empty());
        let contacts = fewer(&old.own_contacts, &new.own_contacts);
        if old.own_contacts != new.own_contacts && (!contacts || reads) {
            self.push("/signals/own_contacts", "More addresses count as your own.");
        }
    }
}

fn holds(rule: &Guardrail) -> bool {
    rule.route != Route::Release
}

/// The conditions of those that hold a draft, or give it to a person.
fn holding(rules: &[Guardrail]) -> impl Iterator<Item = &Condition> {
    conditions(rules, |rule| holds(rule))
}

fn conditions(
    rules: &[Guardrail],
    test: impl Fn(&&Guardrail) -> bool,
) -> impl Iterator<Item = &Condition> {
    rules.iter().filter(test).map(|rule| &rule.when)
}

impl Policy {
    /// Whether any guardrail asks for a signal.
    fn tests(&self, code: SignalCode) -> bool {
        self.reads(&|part| part.signal.contains(&code))
    }

    /// Whether any part of a guardrail passes `test`.
    fn reads(&self, test: &dyn Fn(&Condition) -> bool) -> bool {
        let mut rules = self.guardrails.iter();
        rules.any(|rule| rule.when.any_part(test))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn policy(change: &Value) -> Policy {
        let rule = |name: &str, when: Value, route: &str| json!({ "name": name, "when": when, "route": route, "because": "so" });
        let mut document = serde_json::to_value(Policy::starting("mia@example.com")).unwrap();
        document["categories"] = json!({ "billing": { "ceiling": 2 } });
        document["second_lead"] = true.into();
        document["actions"] = json!({ "pay": { "stakes": "financial" } });
        document["guardrails"] = json!([
            rule("lawyers", json!({ "signal": ["legal_threat"] }), "human"),
            rule("notes", json!({ "audience": ["internal"] }), "release")
        ]);
        for (pointer, value) in change.as_object().unwrap() {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            match document.pointer_mut(parent).unwrap() {
                Value::Array(items) => items.insert(name.parse().unwrap(), value.clone()),
                fields => fields[name] = value.clone(),
            }
        }
        Policy::parse(document.to_string().as_bytes()).unwrap()
    }

    fn check(change: Value, expected: &[&str]) {
        let found = widens(&policy(&json!({})), &policy(&change));
        let pointers: Vec<&str> = found.iter().map(|one| one.pointer.as_str()).collect();
        assert_eq!(pointers, expected, "{change}");
    }

    #[test]
    fn what_lets_more_out_is_named() {
        let open =
            json!({ "name": "x", "when": { "agent": ["a"] }, "route": "release", "because": "so" });
        let hold =
            json!({ "name": "x", "when": { "agent": ["a"] }, "route": "review", "because": "so" });
        check(json!({}), &[]);
        check(json!({ "/guardrails/1": hold }), &[]);
        check(json!({ "/guardrails/0": hold }), &["/guardrails/0"]);
        check(json!({ "/guardrails/0": open }), &["/guardrails/0"]);
        check(json!({ "/guardrails/2": open }), &["/guardrails/2"]);
        check(json!({ "/guardrails": [] }), &["/guardrails"]);
        check(json!({ "/guardrails/0/route": "review" }), &["/guardrails"]);
        check(json!({ "/guardrails/1/route": "review" }), &[]);
        check(
            json!({ "/guardrails/0/route": "release" }),
            &["/guardrails", "/guardrails/0", "/guardrails/1"],
        );
        check(json!({ "/second_lead": false }), &["/second_lead"]);
        check(json!({ "/self_approval": true }), &["/self_approval"]);
        check(
            json!({ "/actions/pay": { "stakes": "none" } }),
            &["/actions/pay"],
        );
        check(
            json!({ "/categories/billing/ceiling": 3 }),
            &["/categories/billing/ceiling"],
        );
        check(json!({ "/categories/billing/ceiling": 1 }), &[]);
        check(
            json!({ "/categories/billing/confirms_levels": true }),
            &["/categories/billing/confirms_levels"],
        );
        check(json!({ "/categories/new": { "ceiling": 1 } }), &[]);
        check(
            json!({ "/categories/new": {} }),
            &["/categories/new/ceiling"],
        );
        check(
            json!({ "/defaults/confidence_threshold": 0.5 }),
            &["/categories/billing/confidence_threshold"],
        );
        check(json!({ "/defaults/confidence_threshold": 0.95 }), &[]);
        check(
            json!({ "/categories/billing/confidence_threshold": "calibrated" }),
            &["/categories/billing/confidence_threshold"],
        );
        check(
            json!({ "/signals": { "lexicons": { "press": ["tabloid"] }, "forbidding": ["press"] } }),
            &[],
        );
        check(
            json!({ "/signals": { "lexicons": { "legal_threat": ["barrister"] } } }),
            &["/signals/lexicons"],
        );
        check(
            json!({ "/signals": { "own_contacts": ["acme.com"], "novelty_threshold": 0.6 } }),
            &["/signals/novelty_threshold", "/signals/own_contacts"],
        );
        check(
            json!({ "/zone": "Europe/Berlin", "/undo_window_s": 0 }),
            &[],
        );
    }

    #[test]
    fn an_order_that_takes_a_release_before_a_hold_lets_more_out() {
        let before = policy(&json!({}));
        let mut after = before.clone();
        after.guardrails.reverse();
        assert_eq!(widens(&before, &after).len(), 1);
        assert_eq!(widens(&after, &before), Vec::new());
    }
}
