//! Laws of the policy document: whatever the bytes say, they are refused with faults, or they are a
//! policy that says itself again and can be linted. (`fuzz/` asks the same with worse input.)

use countersign_policy::case::broken_faults;
use countersign_policy::document::Policy;
use countersign_policy::lint::{FindingCode, lint};
use proptest::prelude::*;
use serde_json::{Value, json};

const EVERYTHING: &str = include_str!("../../../../fuzz/corpus/policy/everything.json");

fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    match Policy::parse(bytes) {
        Err(faults) => prop_assert!(!faults.is_empty()),
        Ok(policy) => {
            let again = serde_json::to_vec(&policy).unwrap();
            let again = Policy::parse(&again);
            prop_assert_eq!(again.as_ref(), Ok(&policy));
            let mut faults = broken_faults(&policy).into_iter();
            prop_assert!(faults.all(|fault| fault.pointer.starts_with("/cases/")));
            for finding in lint(&policy) {
                let sound = finding
                    .example
                    .is_none_or(|example| example.draft.faults().is_empty());
                prop_assert!(sound);
            }
        }
    }
    Ok(())
}

/// Every place of a document, by its pointer.
fn places(value: &Value, pointer: &str, places: &mut Vec<String>) {
    places.push(pointer.to_owned());
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let step = name.replace('~', "~0").replace('/', "~1");
                self::places(value, &format!("{pointer}/{step}"), places);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                self::places(value, &format!("{pointer}/{index}"), places);
            }
        }
        _ => {}
    }
}

fn odd() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!(null),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("."),
        json!(".*"),
        json!("\u{0}"),
        json!("billing.*"),
        json!("refund"),
        json!("review"),
        json!("/*/*"),
        json!([]),
        json!({}),
        json!([{}]),
        json!({ "not": {} }),
        json!(true),
    ])
}

#[test]
fn the_example_is_sound() {
    assert!(Policy::parse(EVERYTHING.as_bytes()).is_ok());
}

/// A policy at its limits is answered within the bounds, and says what it left out.
#[test]
fn a_policy_at_its_limits_is_linted() {
    let mut document: Value = serde_json::from_str(EVERYTHING).unwrap();
    let rules = (0..200_u32).map(|index| {
        let of = |part: u32| format!("{}", index.wrapping_mul(part).checked_rem(17).unwrap());
        let routes = ["release", "review", "human"];
        let route = routes[usize::try_from(index % 3).unwrap()];
        let when = json!({
            "any": [{ "agent": [of(3)], "words": [of(5), of(7)] }, { "customer_tags": [of(11)] }],
            "not": { "channel": [of(13)], "confidence_below": f64::from(index) / 200.0 }
        });
        json!({ "name": index.to_string(), "when": when, "route": route, "because": "so" })
    });
    document["guardrails"] = rules.collect();
    let policy = Policy::parse(document.to_string().as_bytes()).unwrap();
    let findings = lint(&policy);
    assert!(
        findings
            .iter()
            .any(|finding| finding.code == FindingCode::Contradiction)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn odd_values_are_refused_or_sound(changes in prop::collection::vec((any::<u16>(), odd()), 1..4)) {
        let mut document: Value = serde_json::from_str(EVERYTHING).unwrap();
        for (place, value) in changes {
            let mut pointers = Vec::new();
            places(&document, "", &mut pointers);
            let index = usize::from(place).checked_rem(pointers.len()).unwrap();
            if let Some(place) = document.pointer_mut(&pointers[index]) {
                *place = value;
            }
        }
        check(document.to_string().as_bytes())?;
    }

    #[test]
    fn broken_bytes_are_refused_or_sound(place in any::<u16>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = EVERYTHING.as_bytes().to_vec();
        let index = usize::from(place).checked_rem(bytes.len()).unwrap();
        bytes[index] = byte;
        if cut {
            bytes.truncate(index);
        }
        check(&bytes)?;
    }
}
