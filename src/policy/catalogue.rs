//! What each action is: its stakes, whether it can be undone, which of its fields are money. It
//! must not decide: an action that is not listed is high-stakes, and `route` says what follows.

use crate::draft::Action;
use crate::edit;
use crate::invalid::Invalid;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Actions by name.
pub type Catalogue = BTreeMap<String, ActionEntry>;

/// 2^53: what JavaScript counts exactly.
const MINOR_MAX: f64 = 9_007_199_254_740_992.0;

/// What can go wrong when an action is done in error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Stakes {
    /// Nothing changes.
    None,
    /// A record changes.
    DataChange,
    /// A person is involved, or not.
    Escalation,
    /// Money moves.
    Financial,
}

/// One action of the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ActionEntry {
    /// What is at stake.
    pub stakes: Stakes,
    /// Whether it can be taken back; absent means only where nothing is at stake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoable: Option<bool>,
    /// The fields by JSON pointer into the arguments.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Field>,
    /// The fields that are money.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub money: Vec<Money>,
    /// JSON pointers that a reviewer may edit; absent means every field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub editable: Option<Vec<String>>,
}

/// One argument of an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its JSON type.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// As people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The smallest allowed number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// The largest allowed number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
}

/// The JSON type of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Text.
    String,
    /// Any number.
    Number,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// A calendar date, as text.
    Date,
    /// A list.
    Array,
    /// An object.
    Object,
}

/// Where an action's money stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// JSON pointer into the arguments; `*` stands for every item of a list.
    pub pointer: String,
    /// Whether 120 means 120.00 (`major`) or 1.20 (`minor`).
    pub unit: Unit,
    /// ISO 4217 code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// JSON pointer to the currency, where the arguments name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency_pointer: Option<String>,
}

/// What one unit of a money field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Euros, dollars.
    Major,
    /// Cents.
    Minor,
}

impl ActionEntry {
    /// Whether doing it in error can hurt.
    pub fn high_stakes(&self) -> bool {
        self.stakes != Stakes::None
    }

    /// Whether it cannot be taken back.
    pub fn irreversible(&self) -> bool {
        !self.undoable.unwrap_or(self.stakes == Stakes::None)
    }

    /// Money that `action` moves, in minor units by currency (absolute amounts, added up); `None`
    /// where a field that should be money can't be read as such, an item of a list lacks it, or none
    /// of them is there.
    pub fn amounts(&self, action: &Action) -> Option<BTreeMap<String, u64>> {
        let args = Value::Object(action.args.clone());
        let mut amounts = BTreeMap::new();
        for money in &self.money {
            let currency = money.currency_in(&args)?;
            for value in values_at(&args, &money.pointer)? {
                let minor = minor_units(value, money.unit, &currency)?;
                let sum: &mut u64 = amounts.entry(currency.clone()).or_default();
                *sum = sum.saturating_add(minor);
            }
        }
        // A refund that names no amount may well be one of everything.
        (self.money.is_empty() || !amounts.is_empty()).then_some(amounts)
    }

    /// Whether a reviewer may change the value at `pointer`: it, or something that it stands in, is
    /// listed; `*` stands for every item of a list.
    fn is_editable(&self, pointer: &str) -> bool {
        self.editable.as_ref().is_none_or(|listed| {
            listed.iter().any(|pattern| {
                let mut steps = pointer.split('/');
                pattern.split('/').all(|wanted| {
                    steps
                        .next()
                        .is_some_and(|step| wanted == "*" || wanted == step)
                })
            })
        })
    }

    pub(crate) fn faults(&self, pointer: &str, faults: &mut Vec<Invalid>) {
        for (index, money) in self.money.iter().enumerate() {
            let pointer = format!("{pointer}/money/{index}");
            let mut code = money.currency.iter();
            if money.currency.is_none() && money.currency_pointer.is_none() {
                faults.push(Invalid::field(
                    pointer,
                    "needs `currency` or `currency_pointer`",
                ));
            } else if code.any(|code| !is_currency(code)) {
                faults.push(Invalid::field(format!("{pointer}/currency"), NO_CURRENCY));
            } else if !money.pointer.starts_with('/') {
                faults.push(Invalid::field(
                    format!("{pointer}/pointer"),
                    "not a JSON pointer",
                ));
            }
        }
    }
}

impl Field {
    /// What is wrong with a value, where something is.
    fn fault(&self, value: &Value) -> Option<&'static str> {
        let of_kind = match self.kind {
            FieldKind::String | FieldKind::Date => value.is_string(),
            FieldKind::Number => value.is_number(),
            FieldKind::Integer => value.is_i64() || value.is_u64(),
            FieldKind::Boolean => value.is_boolean(),
            FieldKind::Array => value.is_array(),
            FieldKind::Object => value.is_object(),
        };
        let number = value.as_f64();
        let below = |least: f64| number.is_some_and(|number| number < least);
        let above = |most: f64| number.is_some_and(|number| number > most);
        if !of_kind {
            Some("of another type")
        } else if self.minimum.is_some_and(below) || self.maximum.is_some_and(above) {
            Some("outside its range")
        } else {
            None
        }
    }
}

/// Every fault of a reviewer's edit of an action: another action, a field that the catalogue does
/// not let a reviewer edit, a value that is not of the field's type and range.
pub fn edit_faults(
    entry: Option<&ActionEntry>,
    before: &Action,
    after: &Action,
    pointer: &str,
) -> Vec<Invalid> {
    if before.name != after.name {
        let detail = "an edit does not make it another action";
        return vec![Invalid::field(format!("{pointer}/name"), detail)];
    }
    let Some(entry) = entry else {
        return Vec::new();
    };
    let args = |action: &Action| Value::Object(action.args.clone());
    let changes = edit::action(&args(before), &args(after)).changes;
    let locked = changes
        .iter()
        .filter(|change| !entry.is_editable(&change.pointer))
        .map(|change| (change.pointer.as_str(), "not for a reviewer to edit"));
    let changed = args(after);
    let unfit = entry.fields.iter().filter_map(|(at, field)| {
        let touched = changes
            .iter()
            .any(|change| is_within(&change.pointer, at) || is_within(at, &change.pointer));
        let value = changed.pointer(at).filter(|_| touched)?;
        Some((at.as_str(), field.fault(value)?))
    });
    locked
        .chain(unfit)
        .map(|(at, detail)| Invalid::field(format!("{pointer}/args{at}"), detail))
        .collect()
}

/// Whether a JSON pointer names the value of another, or one that stands in it.
fn is_within(pointer: &str, outer: &str) -> bool {
    let below = pointer.strip_prefix(outer);
    below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
}

impl Money {
    fn currency_in(&self, args: &Value) -> Option<String> {
        match (&self.currency_pointer, &self.currency) {
            (Some(pointer), _) => match args.pointer(pointer) {
                Some(Value::String(code)) => Some(code.to_ascii_uppercase()),
                _ => self.currency.clone(),
            },
            (None, currency) => currency.clone(),
        }
    }
}

/// What is said of a text that is none.
pub(crate) const NO_CURRENCY: &str = "not a currency's code: three capital letters";

/// Whether a text can be a code of ISO 4217.
pub(crate) fn is_currency(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Minor units in one of a currency (ISO 4217); 100 unless listed.
fn minor_per_major(currency: &str) -> f64 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX"
        | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 1.0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 1_000.0,
        _ => 100.0,
    }
}

fn minor_units(value: &Value, unit: Unit, currency: &str) -> Option<u64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => number(text.trim())?,
        _ => return None,
    };
    let scale = match unit {
        Unit::Minor => 1.0,
        Unit::Major => minor_per_major(currency),
    };
    let minor = if number < 0.0 { -number } else { number } * scale + 0.5;
    if !(0.0..=MINOR_MAX).contains(&minor) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was checked: 0.5 to 2^53"
    )]
    Some(minor as u64)
}

/// The number that a text says, without its sign: what `str::parse` takes, read by JSON's parser, since
/// the standard library's is ten kilobytes of powers more.
fn number(text: &str) -> Option<f64> {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (digits, exponent) = text.split_at(text.find(['e', 'E']).unwrap_or(text.len()));
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(rest) || whole.len().max(rest.len()) == 0 {
        return None;
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    serde_json::from_str(&format!("{whole}.{rest}0{exponent}")).ok()
}

/// The values at a pointer in which `*` stands for every item of a list: none where the arguments lack the
/// field, `None` where an item of a list lacks it or something else stands in its place.
fn values_at<'a>(args: &'a Value, pointer: &str) -> Option<Vec<&'a Value>> {
    let (mut found, mut of_list) = (vec![args], false);
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        let mut next = Vec::with_capacity(found.len());
        for value in found {
            let inner = match value {
                Value::Array(items) if step == "*" => {
                    of_list = true;
                    next.extend(items);
                    continue;
                }
                Value::Array(items) => step.parse().ok().and_then(|index: usize| items.get(index)),
                Value::Object(fields) => fields.get(&step),
                _ => return None,
            };
            if inner.is_none() && of_list {
                return None;
            }
            next.extend(inner);
        }
        found = next;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn check(unit: Unit, currency: &str, args: Value, expected: Option<u64>) {
        let entry: ActionEntry = serde_json::from_value(json!({
            "stakes": "financial",
            "money": [{ "pointer": "/items/*/amount", "unit": unit, "currency": currency }]
        }))
        .unwrap();
        let action = Action {
            name: "pay".into(),
            args: args.as_object().unwrap().clone(),
        };
        let amounts = entry.amounts(&action).map(|amounts| amounts.values().sum());
        assert_eq!(amounts, expected, "{args}");
    }

    proptest! {
        #[test]
        fn a_number_in_a_text_is_what_parse_says(
            text in "[+-]?[0-9]{0,3}\\.?[0-9]{0,20}([eE][+-]?[0-9]{0,3})?|[0-9]{1,30}|[-+.0-9eEinfa ]{0,6}",
        ) {
            let parsed = text.trim().parse::<f64>().ok();
            let parsed = parsed.filter(|number| number.is_finite()).map(f64::abs);
            prop_assert_eq!(number(text.trim()), parsed, "{}", text);
        }
    }

    #[test]
    fn money_is_added_up_in_minor_units() {
        let two = json!({ "items": [{ "amount": 120.1 }, { "amount": "-0.90" }] });
        check(Unit::Major, "USD", two.clone(), Some(12_100));
        check(Unit::Major, "JPY", two.clone(), Some(121));
        check(Unit::Major, "VUV", two.clone(), Some(121));
        check(Unit::Major, "KWD", two, Some(121_000));
        check(
            Unit::Minor,
            "USD",
            json!({ "items": [{ "amount": 5 }] }),
            Some(5),
        );
        check(Unit::Minor, "USD", json!({ "items": [] }), None);
        check(
            Unit::Minor,
            "USD",
            json!({ "items": [{ "amount": "lots" }] }),
            None,
        );
        check(
            Unit::Major,
            "USD",
            json!({ "items": [{ "amount": 1e300 }] }),
            None,
        );
    }

    #[test]
    fn no_item_of_a_list_goes_uncounted() {
        let mut items = vec![json!({ "amount": 0 }); 1_000];
        items.push(json!({ "amount": 7 }));
        check(Unit::Minor, "USD", json!({ "items": items }), Some(7));
        for items in [
            json!([{ "amount": 1 }, {}]),
            json!([{ "amount": 1 }, 5]),
            json!([{ "amount": 1 }, { "amount": [5] }]),
            json!({ "0": { "amount": 1 } }),
            json!("all"),
        ] {
            check(Unit::Minor, "USD", json!({ "items": items }), None);
        }
    }

    #[test]
    fn what_cannot_be_undone_is_so_unless_the_catalogue_says_otherwise() {
        let entry = |json| serde_json::from_value::<ActionEntry>(json).unwrap();
        assert!(!entry(json!({ "stakes": "none" })).irreversible());
        assert!(entry(json!({ "stakes": "financial" })).irreversible());
        assert!(!entry(json!({ "stakes": "data_change", "undoable": true })).irreversible());
    }

    #[test]
    fn an_edit_stays_within_the_catalogue() {
        let entry: ActionEntry = serde_json::from_value(json!({
            "stakes": "financial",
            "fields": {
                "/amount": { "type": "number", "minimum": 0, "maximum": 100 },
                "/fee": { "type": "number" },
                "/amounts/net": { "type": "number", "maximum": 10 }
            },
            "editable": ["/amount", "/amounts", "/fee_note", "/items/*/note"]
        }))
        .unwrap();
        let action = |name: &str, args: Value| Action {
            name: name.into(),
            args: args.as_object().unwrap().clone(),
        };
        let before =
            json!({ "amount": 5, "fee": "none", "order": "A", "items": [{ "note": "x" }] });
        let check = |name: &str, change: Value, expected: &[&str]| {
            let mut args = before.clone();
            for (key, value) in change.as_object().unwrap() {
                args[key] = value.clone();
            }
            let (before, after) = (action("pay", before.clone()), action(name, args));
            let faults = edit_faults(Some(&entry), &before, &after, "");
            let pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
            assert_eq!(pointers, expected, "{change}");
        };
        check("pay", json!({ "amount": 7 }), &[]);
        check("pay", json!({ "items": [{ "note": "y" }] }), &[]);
        check("pay", json!({ "amount": 101 }), &["/args/amount"]);
        check("pay", json!({ "amount": "7" }), &["/args/amount"]);
        check("pay", json!({ "order": "B" }), &["/args/order"]);
        // A field within what is added counts; one whose name only begins alike does not.
        check("pay", json!({ "amounts": { "net": 7 } }), &[]);
        let added = json!({ "amounts": { "net": 70 } });
        check("pay", added, &["/args/amounts/net"]);
        check("pay", json!({ "fee_note": "waived" }), &[]);
        check("void", json!({}), &["/name"]);
    }
}
