//! Explicit, named rules: when these conditions hold, this route, because. Conditions are typed
//! data and must never become a language: a form shows them, a linter proves things about them.

use crate::catalogue::{ActionEntry, NO_CURRENCY, Stakes, is_currency};
use crate::document::Policy;
use crate::draft::{Audience, Draft, Kind};
use crate::invalid::{Invalid, bound_list, bound_text, escape};
use crate::ratio::Ratio;
use crate::route::Route;
use crate::said::{Said, plain_words};
use crate::signal::{Signal, SignalCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// Nesting of `all`, `any` and `not`: deeper than a person reads aloud.
pub const CONDITION_DEPTH_MAX: u32 = 4;
/// Entries of any one list in a condition.
pub const CONDITION_ITEMS_MAX: u32 = 100;

/// One rule; the first that matches wins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Guardrail {
    /// Unique within the policy; shown with every decision that it makes.
    pub name: String,
    /// What must hold.
    pub when: Condition,
    /// Where a matching draft goes.
    pub route: Route,
    /// Why, in a plain sentence for people.
    pub because: String,
    /// Who answers for it; absent means the category's owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// Every field that is there must hold; an empty condition holds always.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Condition {
    /// One of these agents.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agent: Vec<String>,
    /// One of these categories; `billing.*` is `billing` and all below it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub category: Vec<String>,
    /// One of these channels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channel: Vec<String>,
    /// One of these sees what leaves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<Audience>,
    /// A message or an action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// One of these action names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub action: Vec<String>,
    /// One of these stakes, by the action catalogue.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stakes: Vec<Stakes>,
    /// The action moves more than this; an amount that can't be read, or in another currency, counts as more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_over: Option<Amount>,
    /// The action moves at most this, in this currency only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_at_most: Option<Amount>,
    /// The stated confidence is below this, or missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence_below: Option<Ratio>,
    /// The stated confidence is at least this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence_at_least: Option<Ratio>,
    /// One of these words or phrases stands in the message or the draft, in any case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// The conversation has at least this many messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_at_least: Option<u32>,
    /// The customer has one of these tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub customer_tags: Vec<String>,
    /// The customer is on one of these plans.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub customer_plan: Vec<String>,
    /// Each of these metadata fields has one of its values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, Vec<Value>>,
    /// Each of these metadata fields is a number within its range.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata_range: BTreeMap<String, Range>,
    /// Local time is within one of these spans of the week.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub local_time: Vec<WeekSpan>,
    /// One of these signals was found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signal: Vec<SignalCode>,
    /// The signals that count for `signal` have at least this score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal_at_least: Option<Ratio>,
    /// All of these hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub all: Vec<Condition>,
    /// At least one of these holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub any: Vec<Condition>,
    /// This does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not: Option<Box<Condition>>,
}

/// Money in minor units of one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// Cents of euros or dollars, yen of yen.
    pub minor: u64,
    /// ISO 4217 code.
    pub currency: String,
}

/// A range of numbers; one end may be open.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The lowest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// The highest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
}

/// A span of the local week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WeekSpan {
    /// First weekday, 1 (Monday) to 7 (Sunday).
    pub from_day: u8,
    /// Last weekday, included.
    pub to_day: u8,
    /// First minute of each day, 0 to 1439.
    pub from_minute: u16,
    /// First minute that no longer counts, 1 to 1440.
    pub to_minute: u16,
}

/// The tenant's local time, read by the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LocalTime {
    /// 0 to 1439.
    pub minute: u16,
    /// 1 (Monday) to 7 (Sunday).
    pub weekday: u8,
}

/// What conditions are tested against, read from a draft once.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    pub(crate) draft: &'a Draft,
    pub(crate) said: &'a Said,
    pub(crate) signals: &'a [Signal],
    pub(crate) local_time: LocalTime,
    /// The action's entry in the catalogue.
    pub(crate) entry: Option<&'a ActionEntry>,
    amounts: OnceCell<Option<BTreeMap<String, u64>>>,
}

impl<'a> Facts<'a> {
    /// Those of a draft under a policy; what was said is asked only where a condition looks for phrases.
    pub fn of(
        policy: &'a Policy,
        draft: &'a Draft,
        said: &'a Said,
        signals: &'a [Signal],
        local_time: LocalTime,
    ) -> Self {
        let action = draft.draft.action.as_ref();
        Self {
            draft,
            said,
            signals,
            local_time,
            entry: action.and_then(|action| policy.actions.get(&action.name)),
            amounts: OnceCell::new(),
        }
    }

    /// Money by currency; `None` where it can't be read or the action is unlisted.
    pub(crate) fn amounts(&self) -> Option<&BTreeMap<String, u64>> {
        let action = self.draft.draft.action.as_ref();
        let read = || {
            let (entry, action) = self.entry.zip(action)?;
            entry.amounts(action)
        };
        self.amounts.get_or_init(read).as_ref()
    }
}

impl Condition {
    /// Whether it holds.
    pub(crate) fn holds(&self, facts: &Facts<'_>) -> bool {
        self.names_hold(facts)
            && self.action_holds(facts)
            && self.confidence_holds(facts)
            && self.texts_hold(facts)
            && self.customer_holds(facts)
            && self.signals_hold(facts)
            && self.all.iter().all(|condition| condition.holds(facts))
            && (self.any.is_empty() || self.any.iter().any(|condition| condition.holds(facts)))
            && self
                .not
                .as_ref()
                .is_none_or(|condition| !condition.holds(facts))
    }

    /// Whether it, or anything that it is made of, passes `test`.
    pub(crate) fn any_part(&self, test: &dyn Fn(&Self) -> bool) -> bool {
        let inner = self.all.iter().chain(&self.any);
        let mut inner = inner.chain(self.not.as_deref());
        test(self) || inner.any(|part| part.any_part(test))
    }

    fn names_hold(&self, facts: &Facts<'_>) -> bool {
        let draft = facts.draft;
        one_of(&self.agent, &draft.agent)
            && one_of(&self.channel, &draft.channel)
            && (self.audience.is_empty()
                || self
                    .audience
                    .contains(&Audience::of_channel(&draft.channel)))
            && self.kind.is_none_or(|kind| kind == draft.kind)
            && (self.category.is_empty()
                || draft.category.as_ref().is_some_and(|category| {
                    self.category
                        .iter()
                        .any(|pattern| category_matches(pattern, category))
                }))
    }

    fn action_holds(&self, facts: &Facts<'_>) -> bool {
        let action = facts.draft.draft.action.as_ref();
        (self.action.is_empty() || action.is_some_and(|action| one_of(&self.action, &action.name)))
            && (self.stakes.is_empty()
                || facts
                    .entry
                    .is_some_and(|entry| self.stakes.contains(&entry.stakes)))
            && self.amount_over.as_ref().is_none_or(|over| {
                action.is_some()
                    && facts
                        .amounts()
                        .is_none_or(|amounts| over.exceeded_by(amounts))
            })
            && self.amount_at_most.as_ref().is_none_or(|most| {
                action.is_some() && facts.amounts().is_some_and(|amounts| most.covers(amounts))
            })
    }

    fn confidence_holds(&self, facts: &Facts<'_>) -> bool {
        let stated = facts.draft.confidence;
        self.confidence_below
            .is_none_or(|bound| stated.is_none_or(|value| value < bound))
            && self
                .confidence_at_least
                .is_none_or(|bound| stated.is_some_and(|value| value >= bound))
    }

    fn texts_hold(&self, facts: &Facts<'_>) -> bool {
        let messages = facts.draft.conversation.messages.len();
        (self.words.is_empty()
            || self
                .words
                .iter()
                .any(|words| facts.said.holds(&plain_words(words))))
            && self
                .conversation_at_least
                .is_none_or(|least| u32::try_from(messages).unwrap_or(u32::MAX) >= least)
            && (self.local_time.is_empty()
                || self
                    .local_time
                    .iter()
                    .any(|span| span.contains(facts.local_time)))
    }

    fn customer_holds(&self, facts: &Facts<'_>) -> bool {
        let customer = facts.draft.customer.as_ref();
        (self.customer_tags.is_empty()
            || customer.is_some_and(|customer| {
                customer
                    .tags
                    .iter()
                    .any(|tag| self.customer_tags.contains(tag))
            }))
            && (self.customer_plan.is_empty()
                || customer
                    .and_then(|customer| customer.plan.as_ref())
                    .is_some_and(|plan| self.customer_plan.contains(plan)))
            && self.metadata.iter().all(|(name, values)| {
                let value = facts.draft.metadata.get(name);
                value.is_some_and(|value| is_one_of(value, values))
            })
            && self.metadata_range.iter().all(|(name, range)| {
                let value = facts.draft.metadata.get(name);
                value.is_some_and(|value| range.holds(value))
            })
    }

    fn signals_hold(&self, facts: &Facts<'_>) -> bool {
        let least = self.signal_at_least.unwrap_or(Ratio::ZERO);
        self.signal.is_empty()
            || facts
                .signals
                .iter()
                .any(|signal| self.signal.contains(&signal.code) && signal.score >= least)
    }

    pub(crate) fn faults(&self, pointer: &str, depth: u32, faults: &mut Vec<Invalid>) {
        if depth > CONDITION_DEPTH_MAX {
            faults.push(Invalid::too_long(
                pointer,
                CONDITION_DEPTH_MAX,
                "levels deep",
            ));
            return;
        }
        let lists = [
            ("agent", &self.agent),
            ("category", &self.category),
            ("channel", &self.channel),
            ("action", &self.action),
            ("words", &self.words),
            ("customer_tags", &self.customer_tags),
            ("customer_plan", &self.customer_plan),
        ];
        for (name, list) in lists {
            let pointer = format!("{pointer}/{name}");
            bound_list(faults, &pointer, list, CONDITION_ITEMS_MAX);
            for text in list {
                bound_text(faults, &pointer, text, crate::draft::NAME_BYTES_MAX);
                if plain_words(text).trim().is_empty() {
                    faults.push(Invalid::field(&pointer, "an entry without a word"));
                }
            }
        }
        let limits = [
            ("amount_over", &self.amount_over),
            ("amount_at_most", &self.amount_at_most),
        ];
        for (name, limit) in limits {
            if limit.iter().any(|limit| !is_currency(&limit.currency)) {
                let pointer = format!("{pointer}/{name}/currency");
                faults.push(Invalid::field(pointer, NO_CURRENCY));
            }
        }
        let ranges = self.metadata_range.iter();
        for (name, _) in ranges.filter(|(_, range)| !range.is_sound()) {
            let pointer = format!("{pointer}/metadata_range/{}", escape(name));
            let detail = "neither end, or the higher one first";
            faults.push(Invalid::field(pointer, detail));
        }
        for span in self.local_time.iter().filter(|span| !span.is_sound()) {
            let detail = format!("day {} to {} is not a span", span.from_day, span.to_day);
            faults.push(Invalid::field(format!("{pointer}/local_time"), detail));
        }
        let deeper = depth.saturating_add(1);
        for (name, list) in [("all", &self.all), ("any", &self.any)] {
            let pointer = format!("{pointer}/{name}");
            bound_list(faults, &pointer, list, CONDITION_ITEMS_MAX);
            for (index, condition) in list.iter().enumerate() {
                condition.faults(&format!("{pointer}/{index}"), deeper, faults);
            }
        }
        if let Some(condition) = &self.not {
            condition.faults(&format!("{pointer}/not"), deeper, faults);
        }
    }
}

impl Amount {
    /// Whether more than this moves; money in another currency can't be compared, so it is more.
    pub(crate) fn exceeded_by(&self, amounts: &BTreeMap<String, u64>) -> bool {
        amounts
            .iter()
            .any(|(currency, minor)| *currency != self.currency || *minor > self.minor)
    }

    pub(crate) fn covers(&self, amounts: &BTreeMap<String, u64>) -> bool {
        !amounts.is_empty() && !self.exceeded_by(amounts)
    }
}

impl Range {
    pub(crate) fn is_sound(self) -> bool {
        match (self.at_least, self.at_most) {
            (None, None) => false,
            (Some(least), Some(most)) => least <= most,
            _ => true,
        }
    }

    /// Whether a value is a number within it.
    pub(crate) fn holds(self, value: &Value) -> bool {
        value.as_f64().is_some_and(|number| {
            self.at_least.is_none_or(|least| number >= least)
                && self.at_most.is_none_or(|most| number <= most)
        })
    }
}

impl WeekSpan {
    pub(crate) fn is_sound(self) -> bool {
        (1..=7).contains(&self.from_day)
            && (self.from_day..=7).contains(&self.to_day)
            && self.to_minute <= 1440
            && self.from_minute < self.to_minute
    }

    pub(crate) fn contains(self, time: LocalTime) -> bool {
        (self.from_day..=self.to_day).contains(&time.weekday)
            && (self.from_minute..self.to_minute).contains(&time.minute)
    }
}

/// Whether a value is listed; numbers are equal as numbers, however they are written.
pub(crate) fn is_one_of(value: &Value, list: &[Value]) -> bool {
    list.iter().any(|listed| {
        let numbers = value.as_f64().zip(listed.as_f64());
        listed == value || numbers.is_some_and(|(one, other)| one.total_cmp(&other).is_eq())
    })
}

fn one_of(list: &[String], value: &str) -> bool {
    list.is_empty() || list.iter().any(|item| item == value)
}

pub(crate) fn category_matches(pattern: &str, category: &str) -> bool {
    match pattern.strip_suffix(".*") {
        None => pattern == category,
        Some(prefix) => category
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_prefix_ends_at_a_dot() {
        assert!(category_matches("billing.*", "billing"));
        assert!(category_matches("billing.*", "billing.refund"));
        assert!(!category_matches("billing.*", "billings"));
        assert!(!category_matches("billing", "billing.refund"));
    }

    #[test]
    fn money_in_another_currency_is_more() {
        let over = Amount {
            minor: 10_000,
            currency: "USD".into(),
        };
        let amounts = |currency: &str, minor| BTreeMap::from([(currency.to_owned(), minor)]);
        assert!(!over.exceeded_by(&amounts("USD", 10_000)));
        assert!(over.exceeded_by(&amounts("USD", 10_001)));
        assert!(over.exceeded_by(&amounts("EUR", 1)));
        assert!(!over.covers(&BTreeMap::new()));
    }
}
