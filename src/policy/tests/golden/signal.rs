//! Golden cases of signals: named, real-looking drafts and exactly what must be found in them.
//! Changing one needs a new engine version.

use countersign_policy::document::Policy;
use countersign_policy::draft::Draft;
use countersign_policy::level::Level;
use countersign_policy::ratio::Ratio;
use countersign_policy::route::Situation;
use countersign_policy::signal;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Case {
    name: String,
    /// The policy's `signals`.
    #[serde(default)]
    signals: Option<Value>,
    #[serde(default)]
    novelty: Option<f64>,
    /// What a chat draft of a known category says differently.
    draft: Value,
    /// Per code, the places: a pointer, or a pointer and the words.
    expected: BTreeMap<String, Vec<Vec<String>>>,
}

fn found(case: &Case) -> BTreeMap<String, Vec<Vec<String>>> {
    let mut policy = serde_json::to_value(Policy::starting("mia@example.com")).unwrap();
    policy["categories"] = json!({ "support": {} });
    policy["actions"] =
        json!({ "read": { "stakes": "none" }, "refund": { "stakes": "financial" } });
    if let Some(signals) = &case.signals {
        policy["signals"] = signals.clone();
    }
    let policy = Policy::parse(policy.to_string().as_bytes()).unwrap();
    let mut body = json!({
        "agent": "bot", "kind": "message", "channel": "chat", "category": "support",
        "message": "Hello", "draft": { "text": "Hello" }, "confidence": 0.9,
        "conversation": { "id": "c", "head": "m" }
    });
    for (name, value) in case.draft.as_object().unwrap() {
        body[name] = value.clone();
    }
    let draft = Draft::parse(body.to_string().as_bytes()).unwrap();
    let situation = Situation {
        novelty: case.novelty.and_then(Ratio::from_f64),
        ..Situation::fixed(Level::ReviewEverything)
    };
    let rules = policy.rules(draft.category.as_deref());
    let signals = signal::find(&policy, &rules, &draft, &situation);
    let code = |found: &signal::Signal| serde_json::to_value(found.code).unwrap();
    let place = |evidence: &signal::Evidence| {
        let mut place = vec![evidence.pointer.clone()];
        if let (Some(start), Some(end)) = (evidence.start, evidence.end) {
            let text = body.pointer(&evidence.pointer).unwrap().as_str().unwrap();
            let units: Vec<u16> = text.encode_utf16().collect();
            let range = usize::try_from(start).unwrap()..usize::try_from(end).unwrap();
            place.push(String::from_utf16(&units[range]).unwrap());
        }
        place
    };
    signals
        .iter()
        .map(|found| {
            let places = found.evidence.iter().map(place).collect();
            (code(found).as_str().unwrap().to_owned(), places)
        })
        .collect()
}

#[test]
fn signals_find_what_the_cases_say() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../cases/signal.json")).unwrap();
    for case in &cases {
        assert_eq!(found(case), case.expected, "{}", case.name);
    }
}
