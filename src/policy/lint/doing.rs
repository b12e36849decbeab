//! What drafts do, as far as conditions tell it apart, and arguments that do it. It must not read
//! money in its own way: `catalogue` confirms the arguments.

use super::domain::fresh;
use super::mentions::Mentions;
use crate::catalogue::{ActionEntry, Money, Unit};
use crate::document::Policy;
use crate::draft::{Action, Kind};
use crate::guardrail::Amount;
use crate::order;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A sum in a currency that no condition mentions.
const SOME_MINOR: u64 = 100;

/// A message, or an action with the money that it moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Doing {
    /// Its name; a message has none.
    pub action: Option<String>,
    /// As `catalogue` reads it; nothing where it can't be read.
    pub amounts: Option<BTreeMap<String, u64>>,
}

impl Doing {
    pub fn kind(&self) -> Kind {
        match self.action {
            None => Kind::Message,
            Some(_) => Kind::Action,
        }
    }

    pub fn is_over(&self, over: &Amount) -> bool {
        let amounts = self.amounts.as_ref();
        self.action.is_some() && amounts.is_none_or(|amounts| over.exceeded_by(amounts))
    }

    pub fn is_at_most(&self, most: &Amount) -> bool {
        let amounts = self.amounts.as_ref();
        self.action.is_some() && amounts.is_some_and(|amounts| most.covers(amounts))
    }
}

/// A message; every action that is named or like no other, with each sum that matters; and one
/// action that is not listed.
pub(super) fn list(policy: &Policy, mentions: &Mentions) -> Vec<Doing> {
    let mut doings = vec![Doing {
        action: None,
        amounts: None,
    }];
    let mut kinds = BTreeSet::new();
    for (name, entry) in &policy.actions {
        let sums = sums(entry, mentions);
        let flags = [entry.irreversible(), entry.money.is_empty()];
        let kind = (entry.stakes, flags, sums.clone());
        if !mentions.actions.contains(name) && !kinds.insert(kind) {
            continue;
        }
        let unreadable = (!entry.money.is_empty()).then_some(None);
        let amounts = sums.into_iter().map(Some).chain(unreadable);
        doings.extend(amounts.map(|amounts| Doing {
            action: Some(name.clone()),
            amounts,
        }));
    }
    let mut taken: BTreeSet<String> = order::gathered(policy.actions.keys().cloned());
    taken.extend(mentions.actions.iter().cloned());
    let named = mentions.actions.iter();
    let unlisted = named.filter(|name| !policy.actions.contains_key(*name));
    for name in unlisted.cloned().chain([fresh("other_action", &taken)]) {
        doings.push(Doing {
            action: Some(name),
            amounts: None,
        });
    }
    doings
}

/// What an action may move: in each currency the highest sum below every bound and one above all;
/// nothing, where none of its fields is money. Sums in several currencies at once pass the same tests as one that can't be read.
fn sums(entry: &ActionEntry, mentions: &Mentions) -> Vec<BTreeMap<String, u64>> {
    let mut currencies: BTreeSet<String> = BTreeSet::new();
    for money in &entry.money {
        currencies.extend(money.currency.clone());
        if money.currency_pointer.is_some() {
            let named = mentions.amounts.keys();
            let upper = named.filter(|code| code.to_ascii_uppercase() == **code);
            currencies.extend(upper.cloned());
        }
    }
    let mut sums = Vec::new();
    for currency in currencies {
        let sum = |minor| order::gathered([(currency.clone(), minor)]);
        match mentions.amounts.get(&currency) {
            None => sums.push(sum(SOME_MINOR)),
            Some(bounds) => {
                let above = bounds.last().and_then(|last| last.checked_add(1));
                sums.extend(bounds.iter().copied().chain(above).map(sum));
            }
        }
    }
    if entry.money.is_empty() {
        sums.push(BTreeMap::new());
    }
    sums
}

/// The action, with arguments that move that money as far as such can be found.
pub(super) fn action(policy: &Policy, name: &str, doing: &Doing) -> Action {
    let with = |args| Action {
        name: name.to_owned(),
        args,
    };
    let Some(entry) = policy.actions.get(name) else {
        return with(Map::new());
    };
    let moves = |args: &Map<String, Value>| entry.amounts(&with(args.clone())) == doing.amounts;
    let tries = entry.money.iter().flat_map(|money| match &doing.amounts {
        None => vec![arguments(entry, money, None, json!("not a number"))],
        Some(amounts) => {
            let sums = amounts.iter().flat_map(|(currency, minor)| {
                let values = values(money, *minor);
                values.map(move |value| arguments(entry, money, Some(currency), value))
            });
            sums.collect()
        }
    });
    let mut tries = std::iter::once(Map::new()).chain(tries);
    with(tries.find(moves).unwrap_or_default())
}

/// Numbers that may be read as that many minor units: currencies have 2, 0 or 3 digits.
fn values(money: &Money, minor: u64) -> impl Iterator<Item = Value> + use<> {
    let digits = match money.unit {
        Unit::Minor => vec![0],
        Unit::Major => vec![2, 0, 3],
    };
    digits.into_iter().map(move |digits| {
        let scale = 10_u64.pow(digits);
        let (whole, rest) = (minor.checked_div(scale), minor.checked_rem(scale));
        let (whole, rest) = (whole.unwrap_or(0), rest.unwrap_or(0));
        if rest == 0 {
            return json!(whole);
        }
        let text = format!(
            "{whole}.{rest:0width$}",
            width = usize::try_from(digits).unwrap_or(0)
        );
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    })
}

/// Arguments with one value of money, and every currency that they must name.
fn arguments(
    entry: &ActionEntry,
    money: &Money,
    currency: Option<&String>,
    value: Value,
) -> Map<String, Value> {
    let mut args = json!({});
    for other in &entry.money {
        if let Some(pointer) = &other.currency_pointer {
            let code = currency.or(other.currency.as_ref());
            let code = code.cloned().unwrap_or_else(|| "USD".into());
            put(&mut args, pointer, code.into());
        }
    }
    put(&mut args, &money.pointer, value);
    match args {
        Value::Object(args) => args,
        _ => Map::new(),
    }
}

/// Puts a value where the pointer says; `*` is the first item of a list.
fn put(place: &mut Value, pointer: &str, value: Value) {
    let mut place = place;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        if step == "*" {
            if !place.is_array() {
                *place = json!([null]);
            }
            let Some(first) = place.as_array_mut().and_then(|items| items.first_mut()) else {
                return;
            };
            place = first;
        } else {
            if !place.is_object() {
                *place = json!({});
            }
            let Some(fields) = place.as_object_mut() else {
                return;
            };
            place = fields.entry(step).or_insert(Value::Null);
        }
    }
    *place = value;
}

/// A message.
pub(super) fn message() -> Doing {
    Doing {
        action: None,
        amounts: None,
    }
}
