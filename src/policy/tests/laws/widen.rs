//! Laws of widening: where it finds nothing, nothing goes out that did not go out before, and nobody can
//! approve what was a person's.

use super::backtest::{condition, draft, policy, situation};
use countersign_policy::document::Policy;
use countersign_policy::route::{Route, route};
use countersign_policy::widen::widens;
use proptest::prelude::*;
use serde_json::{Value, json};

/// One change of a document.
fn change() -> impl Strategy<Value = (u8, usize, Value, f64)> {
    (0..12_u8, 0..6_usize, condition(), 0.0..=1.0_f64)
}

fn changed(policy: &Policy, changes: &[(u8, usize, Value, f64)]) -> Option<Policy> {
    let mut document = serde_json::to_value(policy).unwrap();
    for (number, (what, place, when, ratio)) in changes.iter().enumerate() {
        let rule = |route: &str| json!({ "name": format!("new {number}"), "when": when, "route": route, "because": "so" });
        let rules = document["guardrails"].as_array_mut().unwrap();
        let place = *place.min(&rules.len());
        let last = rules.len().saturating_sub(1);
        match what {
            0 => rules.insert(place, rule("review")),
            1 => rules.insert(place, rule("human")),
            2 => rules.insert(place, rule("release")),
            3 if place < rules.len() => drop(rules.remove(place)),
            4 if place < rules.len() => rules[place]["route"] = "review".into(),
            5 if place < rules.len() => rules.swap(place, last),
            6 => document["defaults"]["confidence_threshold"] = (*ratio).into(),
            7 => document["categories"]["crm"] = json!({ "ceiling": place.clamp(1, 3) }),
            8 => drop(
                document["categories"]
                    .as_object_mut()
                    .unwrap()
                    .remove("crm"),
            ),
            9 => document["signals"]["forbidding"] = json!(["legal_threat", "low_confidence"]),
            10 => document["signals"]["lexicons"] = json!({ "press": ["hello", "dear"] }),
            11 => drop(document["actions"].as_object_mut().unwrap().remove("read")),
            _ => {}
        }
    }
    document["signals"]["novelty_threshold"] = 0.5.into();
    Policy::parse(document.to_string().as_bytes()).ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_not_named_lets_nothing_more_out(
        before in policy(),
        changes in prop::collection::vec(change(), 1..4),
        posted in prop::collection::vec((draft(), situation()), 24),
    ) {
        if let Some(after) = changed(&before, &changes)
            && widens(&before, &after).is_empty()
        {
            for (draft, situation) in &posted {
                let was = route(&before, draft, situation).route;
                let is = route(&after, draft, situation).route;
                let more = was != is && (is == Route::Release || was == Route::Human);
                prop_assert!(!more, "{changes:?} of {before:#?}");
            }
        }
    }

    #[test]
    fn a_policy_is_no_wider_than_itself(policy in policy()) {
        prop_assert_eq!(widens(&policy, &policy), Vec::new());
    }
}
