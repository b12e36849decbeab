//! The diff and the edit kind as Wasm for Node, so that `bench diff` measures the crossing into
//! JavaScript as well. It must hold no logic.

use wasm_bindgen::prelude::wasm_bindgen;

/// The changes between two texts, as JSON.
#[wasm_bindgen]
pub fn diff(before: &str, after: &str) -> String {
    serde_json::to_string(&countersign_policy::diff::words(before, after)).unwrap_or_default()
}

/// The judgement of an edit, as JSON.
#[wasm_bindgen]
pub fn classify(before: &str, after: &str) -> String {
    serde_json::to_string(&countersign_policy::edit::classify(before, after)).unwrap_or_default()
}
