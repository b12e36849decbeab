//! Golden cases: named, real-looking, the same natively and in every Wasm build. Changing what one
//! of them decides needs a new engine version and a line with a star in the changelog.

#[cfg(test)]
#[path = "golden/signal.rs"]
mod signal;

use countersign_policy::document::Policy;
use countersign_policy::draft::Draft;
use countersign_policy::route::{Situation, route};
use serde_json::Value;
use std::path::Path;

/// With `UPDATE=1` in the environment the decisions are written instead.
#[test]
fn routes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/route.json");
    let mut cases: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert!(!cases.is_empty());
    let update = std::env::var_os("UPDATE").is_some();
    for case in &mut cases {
        let policy = Policy::parse(case["policy"].to_string().as_bytes()).unwrap();
        let draft = Draft::parse(case["draft"].to_string().as_bytes()).unwrap();
        let situation: Situation = serde_json::from_value(case["situation"].clone()).unwrap();
        let decision = serde_json::to_value(route(&policy, &draft, &situation)).unwrap();
        if update {
            case["decision"] = decision;
        } else {
            assert_eq!(case["decision"], decision, "{}", case["name"]);
        }
    }
    if update {
        std::fs::write(path, serde_json::to_string_pretty(&cases).unwrap() + "\n").unwrap();
    }
}
