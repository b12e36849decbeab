//! Laws of canonical JSON.

use countersign_policy::canonical::canonical;
use countersign_policy::draft::Draft;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A name, also one whose place in UTF-16 is another than in UTF-8.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9_ \"\\\\\n\u{7f}\u{80}é]{0,6}",
        "[\u{d7ff}\u{e000}\u{ffff}\u{10000}\u{10ffff}]{0,3}",
        any::<String>(),
    ]
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-30..30).prop_map(|power| Value::from(format!("1e{power}").parse::<f64>().unwrap())),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number(),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            members(inner).prop_map(Value::from),
        ]
    })
}

fn members(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    btree_map(name(), value, 0..4).prop_map(|members| members.into_iter().collect())
}

prop_compose! {
    fn draft()(
        text in any::<String>(),
        confidence in option::of(0..=1_000_000_u32),
        sequence in option::of(any::<u64>()),
        args in members(value()),
        values in members(value()),
        facts in members(value()),
        metadata in members(value()),
    ) -> Draft {
        let body = json!({
            "agent": text, "agent_version": "1", "kind": "action", "channel": "crm", "message": text,
            "category": "billing", "correlation": text, "supersedes": "d1", "group": "g",
            "draft": { "action": { "name": text, "args": args }, "to": [text], "cc": [text],
                "subject": text, "format": "plain", "text": text },
            "conversation": { "id": "c", "head": "m", "sequence": sequence, "messages": [
                { "id": "m", "role": "customer", "text": text, "at": "2026-11-01T00:00:00Z" }] },
            "subject": { "type": "t", "id": "i", "version": "1", "link": text, "values": values },
            "customer": { "id": "u", "name": text, "plan": "p", "tags": [text], "facts": facts },
            "confidence": confidence.map(|ppm| f64::from(ppm) / 1e6), "rationale": text,
            "sources": [{ "title": text, "url": text, "quote": text }], "examples_used": [text],
            "callback_url": text, "expires_at": "2026-11-02T00:00:00Z", "metadata": metadata,
        });
        serde_json::from_value(body).unwrap()
    }
}

proptest! {
    #[test]
    fn a_draft_is_written_in_its_canonical_form(draft in draft()) {
        prop_assert_eq!(draft.canonical(), canonical(&draft));
    }
}
