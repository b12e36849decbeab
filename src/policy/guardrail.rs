//! Explicit, named rules: when these conditions hold, this route, because. Conditions are typed
//! data and must never become a language: a form shows them, a linter proves things about them.
//! `check` tests them.

pub mod check;

use crate::catalogue::Stakes;
use crate::draft::Kind;
use crate::invalid::{Invalid, bound_list, bound_text};
use crate::ratio::Ratio;
use crate::route::Route;
use crate::signal::SignalCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
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
    /// A message or an action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// One of these action names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub action: Vec<String>,
    /// One of these stakes, by the action catalogue.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stakes: Vec<Stakes>,
    /// The action moves more than this; an amount that can't be read counts as more.
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
    /// 1 (Monday) to 7 (Sunday).
    pub weekday: u8,
    /// 0 to 1439.
    pub minute: u16,
}

impl Condition {
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
                if check::plain_words(text).trim().is_empty() {
                    faults.push(Invalid::field(&pointer, "an entry without a word"));
                }
            }
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

impl WeekSpan {
    fn is_sound(self) -> bool {
        (1..=7).contains(&self.from_day)
            && (self.from_day..=7).contains(&self.to_day)
            && self.to_minute <= 1440
            && self.from_minute < self.to_minute
    }
}
