//! Small domains of drafts, enumerated whole: for each thing that conditions ask, values that stand
//! for all others. They must not be taken from the linter, which finds its own.

use countersign_policy::draft::Draft;
use countersign_policy::lint::Example;
use countersign_policy::route::Situation;
use serde_json::{Value, json};

/// Conditions about one thing, and changes of a body that stand for all there is of it.
struct Facet {
    conditions: Vec<Value>,
    changes: Vec<Value>,
}

fn facet(conditions: Value, changes: Vec<Value>) -> Facet {
    Facet {
        conditions: conditions.as_array().unwrap().clone(),
        changes,
    }
}

fn pairs(left: &[Value], right: &[Value]) -> Vec<Value> {
    let all = left.iter().flat_map(|one| {
        right.iter().map(move |other| {
            let mut both = one.clone();
            merge(&mut both, other);
            both
        })
    });
    all.collect()
}

fn of(field: &str, values: Value) -> Vec<Value> {
    let values = values.as_array().unwrap();
    values.iter().map(|value| json!({ field: value })).collect()
}

fn merge(body: &mut Value, change: &Value) {
    for (name, value) in change.as_object().unwrap() {
        match (body.get_mut(name), value) {
            (Some(known @ Value::Object(_)), Value::Object(_)) if name != "draft" => {
                merge(known, value);
            }
            _ => body[name] = value.clone(),
        }
    }
}

fn names() -> Facet {
    facet(
        json!([
            { "agent": ["a"] }, { "agent": ["a", "b"] }, { "channel": ["chat"] },
            { "channel": ["email", "chat"] }, { "agent": ["b"], "channel": ["email"] },
            { "audience": ["customer"] }, { "audience": ["internal", "public"] }
        ]),
        pairs(
            &of("agent", json!(["a", "b", "c"])),
            &of("channel", json!(["chat", "email", "social", "crm", "sms"])),
        ),
    )
}

fn category() -> Facet {
    let sure = json!({ "guess": { "category": "another", "confidence": 1 } });
    let guesses = of("situation", json!([{}, sure]));
    facet(
        json!([
            { "category": ["billing.*"] }, { "category": ["billing"] }, { "category": ["crm", "x"] },
            { "category": ["billing.refund.*"] }, { "signal": ["unknown_category"] },
            { "category": ["billing.refund"] }, { "signal": ["category_in_doubt"] }
        ]),
        pairs(
            &guesses,
            &of(
                "category",
                json!([
                    null,
                    "faq",
                    "billing",
                    "billing.refund",
                    "billing.refund.big",
                    "billing.other",
                    "crm",
                    "crm.x",
                    "x",
                    "y"
                ]),
            ),
        ),
    )
}

fn doing() -> Facet {
    let act = |name: &str, args: Value| json!({ "kind": "action", "draft": { "action": { "name": name, "args": args } } });
    let usd = |number: f64| act("refund", json!({ "amount": number }));
    let either = |code: &str| act("pay", json!({ "sum": 5, "in": code }));
    facet(
        json!([
            { "kind": "message" }, { "kind": "action" }, { "action": ["refund"] },
            { "action": ["drop", "read"] }, { "stakes": ["financial"] },
            { "amount_over": { "minor": 5_000, "currency": "USD" } },
            { "amount_at_most": { "minor": 5_000, "currency": "USD" } },
            { "amount_over": { "minor": 10_000, "currency": "USD" } },
            { "amount_at_most": { "minor": 10_000, "currency": "EUR" } },
            { "stakes": ["data_change", "none"] }, { "signal": ["high_stakes"] },
            { "signal": ["unlisted_action", "irreversible"] }
        ]),
        vec![
            json!({}),
            usd(10.0),
            usd(70.0),
            usd(1_000.0),
            act("refund", json!({})),
            act("refund", json!({ "amount": "lots" })),
            act("read", json!({})),
            act("write", json!({})),
            act("drop", json!({})),
            act("else", json!({})),
            either("USD"),
            either("EUR"),
            act("pay", json!({ "sum": 5_001, "in": "USD" })),
            act("pay", json!({ "sum": 10_001, "in": "USD" })),
            act("pay", json!({ "sum": 10_001, "in": "EUR" })),
            act("pay", json!({ "in": "USD" })),
            act("pay", json!({})),
        ],
    )
}

fn confidence() -> Facet {
    let learnt = json!([
        {}, { "from": 0 }, { "from": 0.11 }, { "from": 0.3 }, { "from": 0.6 }, { "from": 0.9 }
    ]);
    let learnt = of("learnt_threshold", learnt);
    let learnt = learnt
        .iter()
        .map(|change| json!({ "category": "faq", "situation": change }));
    let mut categories = of("category", json!([null, "billing", "crm"]));
    categories.extend(learnt);
    facet(
        json!([
            { "confidence_below": 0.2 }, { "confidence_at_least": 0.5 }, { "confidence_below": 0.8 },
            { "confidence_at_least": 0.2, "confidence_below": 0.5 }, { "confidence_at_least": 0 },
            { "signal": ["low_confidence"] },
            { "signal": ["low_confidence"], "signal_at_least": 0.5 }
        ]),
        pairs(
            &categories,
            &of(
                "confidence",
                json!([
                    null, 0.0, 0.1, 0.2, 0.25, 0.250_001, 0.4, 0.400_001, 0.5, 0.8, 1.0
                ]),
            ),
        ),
    )
}

fn customer() -> Facet {
    let tags = json!([
        [],
        ["new"],
        ["old"],
        ["vip"],
        ["new", "vip"],
        ["new", "old"],
        ["exec"],
        ["exec", "new"],
        ["old", "vip"],
        ["old", "exec"],
        ["new", "old", "vip"],
        ["new", "old", "exec"]
    ]);
    let tags: Vec<Value> = tags
        .as_array()
        .unwrap()
        .iter()
        .map(|tags| json!({ "customer": { "id": "7", "tags": tags } }))
        .collect();
    let plans = [json!({}), json!({ "plan": "pro" }), json!({ "plan": "x" })];
    let plans = plans.map(|plan| json!({ "customer": plan }));
    facet(
        json!([
            { "customer_tags": ["vip"] }, { "customer_tags": ["new", "old"] },
            { "customer_plan": ["pro"] }, { "signal": ["key_account"] }, { "customer_tags": ["new"] }
        ]),
        pairs(&tags, &plans),
    )
}

fn beside() -> Facet {
    let metadata = json!([
        {}, { "region": "eu" }, { "region": 1 }, { "region": "x" }, { "region": 0.5 },
        { "region": -7 }, { "region": 2 }, { "region": 2.5 }, { "region": 3 }, { "region": 9 }
    ]);
    let messages = |count: usize| {
        let message = json!({ "id": "m", "role": "agent", "text": "" });
        json!({ "conversation": { "messages": vec![message; count] } })
    };
    let lengths = [0, 2, 6].map(messages);
    facet(
        json!([
            { "metadata": { "region": ["eu"] } }, { "metadata": { "region": ["eu", 1] } },
            { "conversation_at_least": 2 }, { "conversation_at_least": 6 },
            { "conversation_at_least": 500 },
            { "metadata_range": { "region": { "at_least": 1, "at_most": 2 } } },
            { "metadata_range": { "region": { "at_least": 3 } } }
        ]),
        pairs(&of("metadata", metadata), &lengths),
    )
}

fn words() -> Facet {
    let texts = json!([
        "",
        "refund",
        "refund now",
        "now, refund",
        "now",
        "refund me: refund now",
        "please",
        "now please",
        "please refund",
        "refund now please",
        "now please refund"
    ]);
    facet(
        json!([
            { "words": ["refund"] }, { "words": ["refund now"] }, { "words": ["NOW", "please"] },
            { "words": ["please"] }
        ]),
        of("message", texts),
    )
}

fn around() -> Facet {
    let mut times = Vec::new();
    for weekday in [1, 5, 6] {
        for minute in [0, 600, 1_200] {
            times.push(
                json!({ "situation": { "local_time": { "weekday": weekday, "minute": minute } } }),
            );
        }
    }
    let scores = json!([{}, { "novelty": 0 }, { "novelty": 0.5 }, { "novelty": 0.9 }]);
    let span = |from_day: u8, to_day: u8, from_minute: u16, to_minute: u16| {
        json!([{
            "from_day": from_day, "to_day": to_day, "from_minute": from_minute, "to_minute": to_minute
        }])
    };
    facet(
        json!([
            { "local_time": span(1, 5, 0, 1440) }, { "local_time": span(6, 7, 540, 1080) },
            { "local_time": span(1, 7, 540, 1080) }, { "signal": ["novel"] },
            { "signal": ["novel"], "signal_at_least": 0.75 }
        ]),
        pairs(&times, &of("situation", scores)),
    )
}

pub fn facets(which: &[usize]) -> (Vec<Value>, Vec<Value>) {
    let all = [
        confidence, category, names, doing, customer, beside, words, around,
    ];
    let mut conditions = vec![json!({})];
    let mut changes = vec![json!({})];
    for (index, facet) in all.into_iter().enumerate() {
        if which.contains(&index) {
            let facet = facet();
            conditions.extend(facet.conditions);
            changes = pairs(&changes, &facet.changes);
        }
    }
    (conditions, changes)
}

/// A situation and draft for each change; a null takes a field away.
pub fn examples(changes: &[Value]) -> Vec<Example> {
    let read = |change: &Value| {
        let mut body = json!({
            "agent": "a", "kind": "message", "channel": "chat", "category": "crm", "message": "",
            "draft": { "text": "Done." }, "confidence": 1.0,
            "conversation": { "id": "c", "head": "m" },
            "situation": {
                "level": 1, "sample_draw": 1.0, "local_time": { "weekday": 1, "minute": 600 }
            }
        });
        merge(&mut body, change);
        let object = body.as_object_mut().unwrap();
        object.retain(|_, value| !value.is_null());
        let situation = object.remove("situation").unwrap();
        Example {
            draft: Draft::parse(body.to_string().as_bytes()).unwrap(),
            situation: serde_json::from_value::<Situation>(situation).unwrap(),
        }
    };
    changes.iter().map(read).collect()
}
