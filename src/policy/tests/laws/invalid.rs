//! A fault's pointer, read off the place where the parser stopped, is the path that the parser was on.

use countersign_policy::document::Policy;
use countersign_policy::draft::Draft;
use countersign_policy::invalid::{Fault, Invalid, parse};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use serde_path_to_error::Segment;

/// The reference: the same parser, with every step of its path noted.
fn path<T: DeserializeOwned>(text: &str) -> Option<String> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let error = serde_path_to_error::deserialize::<_, T>(&mut deserializer).err()?;
    let steps = error.path().iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { variant } => Some(variant.clone()),
        Segment::Unknown => None,
    });
    Some(steps.flat_map(|step| ["/".to_owned(), step]).collect())
}

fn check<T: DeserializeOwned>(text: &str) {
    match parse::<T>(text.as_bytes()) {
        Ok(_) => assert_eq!(path::<T>(text), None, "{text}"),
        Err(invalid) if invalid.fault == Fault::Malformed => {}
        // The reference reads a record from the list of its values; ours refuses the list.
        Err(invalid) if is_list_for_a_record::<T>(text, &invalid) => {}
        // Where the reference stops at an enumeration, ours may name the unknown variant inside it.
        Err(invalid) => {
            let path = path::<T>(text).unwrap();
            let inside = invalid.pointer.strip_prefix(&path);
            assert!(
                inside.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
                "{} is not {path}: {} in {text}",
                invalid.pointer,
                invalid.detail
            );
        }
    }
}

/// Whether a list is refused that the reference takes, or goes into.
fn is_list_for_a_record<T: DeserializeOwned>(text: &str, invalid: &Invalid) -> bool {
    let document: Value = serde_json::from_str(text).unwrap();
    document
        .pointer(&invalid.pointer)
        .is_some_and(Value::is_array)
        && invalid.detail.ends_with("expected an object")
        && path::<T>(text).is_none_or(|path| path.starts_with(&invalid.pointer))
}

fn policy() -> Value {
    serde_json::from_str(include_str!("../../starting/support.json")).unwrap()
}

fn draft() -> Value {
    json!({
        "agent": "desk", "kind": "action", "channel": "billing", "category": "billing.refund",
        "message": "I want \"my\" money\\back\nnow",
        "draft": {"action": {"name": "refund", "args": {"amount": 12000, "currency": "EUR"}}},
        "conversation": {"id": "c1", "head": "m1", "messages": [
            {"id": "m0", "role": "human", "text": "[{\"a\": 1}]"},
            {"id": "m1", "role": "customer", "text": "ünï, köd"},
        ]},
        "customer": {"id": "u1", "tags": ["vip", "eu"], "facts": {"a/b~c": "d"}},
        "confidence": 0.5, "sources": [{"title": "Terms", "quote": "14 days"}],
        "metadata": {"queue": "eu"},
    })
}

/// Every value inside, as JSON pointers.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointers(item, &format!("{at}/{index}"), all);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                pointers(member, &format!("{at}/{}", escaped(name)), all);
            }
        }
        _ => {}
    }
}

/// The document with one fault in it, somewhere.
fn broken(whole: Value) -> impl Strategy<Value = String> {
    let mut all = Vec::new();
    pointers(&whole, "", &mut all);
    let wrong = prop::sample::select(vec![
        json!(null),
        json!(true),
        json!(-7),
        json!(1.5),
        json!(7),
        json!("of another kind"),
        json!([]),
        json!([[1]]),
        json!({}),
        json!({ "x": { "y": [] } }),
    ]);
    let damage = prop_oneof![
        wrong.prop_map(|value| (Some(value), false)),
        Just((None, true)),
        Just((None, false)),
    ];
    (prop::sample::select(all), damage, any::<bool>()).prop_map(
        move |(at, (value, added), pretty)| {
            let mut document = whole.clone();
            match (document.pointer_mut(&at), value) {
                (Some(target), Some(value)) => *target = value,
                (Some(Value::Object(members)), None) if added => {
                    members.insert("mystery".to_owned(), json!({ "a": 1 }));
                }
                (Some(Value::Object(members)), None) => {
                    let first = members.keys().next().cloned();
                    first.map(|name| members.remove(&name));
                }
                _ => {}
            }
            if pretty {
                serde_json::to_string_pretty(&document).unwrap()
            } else {
                document.to_string()
            }
        },
    )
}

proptest! {
    #[test]
    fn a_policys_fault_is_named_where_it_is(text in broken(policy())) {
        check::<Policy>(&text);
    }

    #[test]
    fn a_drafts_fault_is_named_where_it_is(text in broken(draft())) {
        check::<Draft>(&text);
    }
}

#[test]
fn a_record_is_no_list_of_its_values() {
    let refused = parse::<Draft>(br#"["desk"]"#).unwrap_err();
    assert_eq!(
        (refused.fault, refused.pointer.as_str()),
        (Fault::InvalidField, "")
    );
    let mut draft = draft();
    draft["conversation"]["messages"][1] = json!(["m1", "customer", "text", null]);
    let refused = parse::<Draft>(draft.to_string().as_bytes()).unwrap_err();
    assert_eq!(refused.pointer, "/conversation/messages/1");
}

#[test]
fn a_last_member_out_of_its_range_is_named() {
    check::<std::collections::BTreeMap<String, countersign_policy::level::Level>>(r#"{"a": 7}"#);
    check::<std::collections::BTreeMap<String, countersign_policy::ratio::Ratio>>(r#"{"a": 7}"#);
    check::<std::collections::BTreeMap<String, countersign_policy::time::Millis>>(r#"{"a": "7"}"#);
}
