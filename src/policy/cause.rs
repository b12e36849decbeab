//! What in a draft made a guardrail hold: the words, the fields, and money that none of its limits fits.
//! It must not judge whether one holds: `guardrail` does.

use crate::guardrail::{Amount, Condition, Facts};
use crate::invalid::escape;
use crate::said::{add_plain, plain_words};
use crate::signal::{EVIDENCE_MAX, Evidence, marks};
use std::ops::Range;

/// Where the draft meets a condition that holds: its words, then the fields that it asks for, each
/// once. What must not hold is met nowhere, and the hour stands in no draft.
pub(crate) fn evidence(facts: &Facts<'_>, when: &Condition) -> Vec<Evidence> {
    let parts = parts(facts, when);
    let words = parts.iter().flat_map(|part| &part.words);
    let phrases: Vec<String> = words.map(|words| plain_words(words)).collect();
    let fields = parts.iter().flat_map(|part| fields(facts, part));
    let draft = facts.draft;
    let mut places = in_text("/message", &draft.message, &phrases);
    if let Some(text) = &draft.draft.text {
        places.extend(in_text("/draft/text", text, &phrases));
    }
    for field in fields {
        if !places.contains(&field) {
            places.push(field);
        }
    }
    places.truncate(EVIDENCE_MAX);
    places
}

/// That an amount made a condition hold though it is over no limit: because it can't be read, or is in
/// currencies that can't be compared with the limit's.
pub(crate) fn unlimited(facts: &Facts<'_>, when: &Condition) -> Option<String> {
    let parts = parts(facts, when);
    let limits: Vec<&Amount> = parts
        .iter()
        .filter_map(|part| part.amount_over.as_ref())
        .collect();
    if limits.is_empty() {
        return None;
    }
    let Some(amounts) = facts.amounts() else {
        return Some("The amount can't be read.".into());
    };
    let sum = |limit: &&Amount| amounts.get(&limit.currency).copied();
    if limits.iter().any(|limit| sum(limit) > Some(limit.minor)) {
        return None;
    }
    let currencies: Vec<&str> = amounts.keys().map(String::as_str).collect();
    let currencies = currencies.join(" and ");
    Some(format!("No limit of this rule fits money in {currencies}."))
}

/// A condition that holds and those that it is made of: all, and of alternatives those that hold.
fn parts<'a>(facts: &Facts<'_>, when: &'a Condition) -> Vec<&'a Condition> {
    let any = when.any.iter().filter(|part| part.holds(facts));
    let inner = when.all.iter().chain(any);
    std::iter::once(when)
        .chain(inner.flat_map(|part| parts(facts, part)))
        .collect()
}

/// The fields that one condition asks for, without those that it is made of.
fn fields(facts: &Facts<'_>, when: &Condition) -> Vec<Evidence> {
    let metadata = when.metadata.keys().chain(when.metadata_range.keys());
    let metadata = metadata.map(|name| Evidence::field(&format!("/metadata/{}", escape(name))));
    let least = when.signal_at_least.unwrap_or_default();
    let signals = facts.signals.iter();
    let counted = signals.filter(|found| when.signal.contains(&found.code) && found.score >= least);
    let asked = asked(when).map(Evidence::field);
    asked
        .chain(money(facts, when))
        .chain(metadata)
        .chain(counted.flat_map(|signal| signal.evidence.clone()))
        .collect()
}

/// The fields of a draft's body that a condition asks for by a fixed name.
fn asked(when: &Condition) -> impl Iterator<Item = &'static str> {
    let confidence = when.confidence_below.or(when.confidence_at_least);
    [
        (
            "/draft/action/name",
            !(when.action.is_empty() && when.stakes.is_empty()),
        ),
        ("/confidence", confidence.is_some()),
        ("/category", !when.category.is_empty()),
        (
            "/channel",
            !(when.channel.is_empty() && when.audience.is_empty()),
        ),
        ("/agent", !when.agent.is_empty()),
        ("/kind", when.kind.is_some()),
        (
            "/conversation/messages",
            when.conversation_at_least.is_some(),
        ),
        ("/customer/tags", !when.customer_tags.is_empty()),
        ("/customer/plan", !when.customer_plan.is_empty()),
    ]
    .into_iter()
    .filter(|(_, is_asked)| *is_asked)
    .map(|(pointer, _)| pointer)
}

/// Where the action's money stands, by the catalogue.
fn money(facts: &Facts<'_>, when: &Condition) -> Vec<Evidence> {
    let asked = when.amount_over.is_some() || when.amount_at_most.is_some();
    let entry = facts.entry.filter(|_| asked);
    let money = entry.iter().flat_map(|entry| &entry.money);
    money
        .map(|money| Evidence::field(&format!("/draft/action/args{}", money.pointer)))
        .collect()
}

fn in_text(pointer: &str, text: &str, phrases: &[String]) -> Vec<Evidence> {
    if phrases.is_empty() {
        return Vec::new();
    }
    let spelt = Spelt::read(text);
    let places = phrases.iter().flat_map(|phrase| spelt.places(phrase));
    marks(pointer, text, places.collect())
}

/// A text as [`plain_words`] spells it, and for each of its bytes the character that it came from.
struct Spelt {
    plain: String,
    from: Vec<Range<usize>>,
}

impl Spelt {
    fn read(text: &str) -> Self {
        let mut spelt = Self {
            plain: String::from(" "),
            from: std::iter::once(0..0).collect(),
        };
        for (at, character) in text.char_indices() {
            let lower = character.to_lowercase();
            lower.for_each(|character| add_plain(character, &mut spelt.plain));
            let here = at..at.saturating_add(character.len_utf8());
            spelt.from.resize(spelt.plain.len(), here);
        }
        if !spelt.plain.ends_with(' ') {
            spelt.plain.push(' ');
        }
        spelt
    }

    /// Where a plain phrase stands, at most [`EVIDENCE_MAX`] times; the spaces around it don't count.
    fn places(&self, phrase: &str) -> Vec<Range<usize>> {
        let mut places = Vec::new();
        let mut from = 0_usize;
        while let Some(found) = self.plain.get(from..).and_then(|rest| rest.find(phrase)) {
            let first = from.saturating_add(found).saturating_add(1);
            let last = first.saturating_add(phrase.len()).saturating_sub(3);
            if let (Some(first), Some(last)) = (self.from.get(first), self.from.get(last)) {
                places.push(first.start..last.end);
            }
            if places.len() >= EVIDENCE_MAX {
                break;
            }
            from = first;
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use crate::compiled::Compiled;
    use crate::document::Policy;
    use crate::draft::Draft;
    use crate::level::Level;
    use crate::route::{Reason, Situation, route};
    use serde_json::{Value, json};

    /// Why a refund that says some text is held by a rule for the sake of a condition.
    fn reason(when: Value, message: &str, args: Value) -> Reason {
        let policy = json!({
            "name": "p", "defaults": {
                "start_level": 3, "ceiling": 3, "confidence_threshold": 0.8, "sample_rate": 0.1,
                "error_budget": 0.05, "deadline_s": 60, "on_expiry": "human", "owner": "mia@example.com"
            },
            "guardrails": [{ "name": "rule", "when": when, "route": "review", "because": "So" }],
            "actions": { "refund": {
                "stakes": "financial", "undoable": true,
                "money": [
                    { "pointer": "/amount", "unit": "major", "currency": "EUR", "currency_pointer": "/in" },
                    { "pointer": "/tip", "unit": "minor", "currency": "USD" }
                ]
            } }
        });
        let draft = json!({
            "agent": "a", "kind": "action", "channel": "billing", "message": message,
            "draft": { "action": { "name": "refund", "args": args } },
            "conversation": { "id": "c", "head": "m", "messages": [] }
        });
        let policy = Policy::parse(policy.to_string().as_bytes()).unwrap();
        let draft = Draft::parse(draft.to_string().as_bytes()).unwrap();
        let situation = Situation::fixed(Level::MonitorAndCorrect);
        let decision = route(&policy, &draft, &situation);
        assert_eq!(Compiled::new(policy).route(&draft, &situation), decision);
        decision.reasons.into_iter().next().unwrap()
    }

    /// The places by which a refund of 120 over some text meets a condition.
    fn check(when: Value, message: &str, expected: &[(&str, Option<&str>)]) {
        let reason = reason(when, message, json!({ "amount": 120 }));
        let units: Vec<u16> = message.encode_utf16().collect();
        let found: Vec<_> = reason
            .evidence
            .iter()
            .map(|place| {
                let range = place.start.zip(place.end);
                let words = range.map(|(start, end)| {
                    String::from_utf16(&units[start as usize..end as usize]).unwrap()
                });
                (place.pointer.as_str(), words)
            })
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(at, words)| (*at, words.map(str::to_owned)))
            .collect();
        assert_eq!(
            (reason.guardrail.as_deref(), found),
            (Some("rule"), expected)
        );
    }

    #[test]
    fn words_are_found_where_they_stand() {
        let when = json!({ "words": ["sue you", "lawyer", "absent"] });
        let message = "👋 I’ll SUE\n you: my lawyer, and a lawyer's";
        check(
            when,
            message,
            &[
                ("/message", Some("SUE\n you")),
                ("/message", Some("lawyer")),
            ],
        );
        check(
            json!({ "words": ["i̇stanbul"] }),
            "İstanbul",
            &[("/message", Some("İstanbul"))],
        );
    }

    #[test]
    fn fields_are_named_once() {
        let over = json!({ "minor": 10_000, "currency": "EUR" });
        check(
            json!({ "action": ["refund"], "all": [{ "amount_over": over }, { "action": ["refund"] }] }),
            "",
            &[
                ("/draft/action/name", None),
                ("/draft/action/args/amount", None),
                ("/draft/action/args/tip", None),
            ],
        );
    }

    #[test]
    fn money_that_no_limit_fits_is_held_and_said_so() {
        let over = |minor: u64, currency: &str| json!({ "amount_over": { "minor": minor, "currency": currency } });
        let euros = over(10_000, "EUR");
        let both = json!({ "all": [over(10_000, "EUR"), over(9_000, "JPY")] });
        for (when, args, expected) in [
            (&euros, json!({ "amount": 120 }), "So"),
            (&euros, json!({ "amount": 99 }), ""),
            (
                &euros,
                json!({ "amount": 1, "in": "jpy" }),
                "So. No limit of this rule fits money in JPY.",
            ),
            (
                &euros,
                json!({ "amount": 0.001, "in": "KWD" }),
                "So. No limit of this rule fits money in KWD.",
            ),
            (
                &euros,
                json!({ "amount": 1, "tip": 1 }),
                "So. No limit of this rule fits money in EUR and USD.",
            ),
            (&euros, json!({ "amount": 101, "tip": 1 }), "So"),
            (
                &euros,
                json!({ "amount": "much" }),
                "So. The amount can't be read.",
            ),
            (
                &euros,
                json!({ "all_of": true }),
                "So. The amount can't be read.",
            ),
            (&both, json!({ "amount": 9_000, "in": "JPY" }), ""),
            (&both, json!({ "amount": 9_001, "in": "JPY" }), "So"),
            (
                &both,
                json!({ "amount": 9_001, "in": "KRW" }),
                "So. No limit of this rule fits money in KRW.",
            ),
        ] {
            let reason = reason(when.clone(), "", args.clone());
            let said = reason.guardrail.map(|_| reason.text).unwrap_or_default();
            assert_eq!(said, expected, "{args}");
        }
    }

    #[test]
    fn of_alternatives_those_that_hold_are_shown_and_what_is_absent_is_not() {
        let when = json!({
            "any": [{ "words": ["press"] }, { "channel": ["billing"] }, { "agent": ["b"] }],
            "not": { "kind": "message" }
        });
        check(when, "no", &[("/channel", None)]);
    }
}
