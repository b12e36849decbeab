//! The policy crate as the page calls it: texts in, JSON text out, `{"ok": …}` or `{"error": …}`.
//! It must hold no rule of its own and never throw: what it shows is a preview, and the service
//! decides again with the same code.

use countersign_policy::{diff, edit, route};
use serde::Serialize;
use serde_json::Value;
use wasm_bindgen::prelude::wasm_bindgen;

/// What an edit of a text changed, and of which kind it is.
#[derive(Serialize)]
struct TextEdit {
    diff: diff::Diff,
    edit: edit::Edit,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer<T> {
    Ok(T),
    Error(String),
}

/// The word diff between two texts and the kind of the edit: `{"ok": {diff, edit}}`.
#[wasm_bindgen]
pub fn text_edit(before: &str, after: &str) -> String {
    let diff = diff::words(before, after);
    let edit = edit::classify(before, after);
    written(&Answer::Ok(TextEdit { diff, edit }))
}

/// The word diff between two texts alone: `{"ok": {changes}}`.
#[wasm_bindgen]
pub fn text_diff(before: &str, after: &str) -> String {
    written(&Answer::Ok(diff::words(before, after)))
}

/// What an edit of an action's arguments changed, both as JSON objects: `{"ok": {kind, changes}}`,
/// or `{"error": …}` where one of them is no JSON.
#[wasm_bindgen]
pub fn action_edit(before: &str, after: &str) -> String {
    let read = |text| serde_json::from_str::<Value>(text).map_err(|error| error.to_string());
    written(&match (read(before), read(after)) {
        (Ok(before), Ok(after)) => Answer::Ok(edit::action(&before, &after)),
        (Err(error), _) | (_, Err(error)) => Answer::Error(error),
    })
}

/// The version of the rules: another one than the service's means that the page is out of date.
#[wasm_bindgen]
pub fn engine_version() -> u32 {
    route::ENGINE_VERSION
}

fn written<T: Serialize>(answer: &Answer<T>) -> String {
    serde_json::to_string(answer).unwrap_or_else(|_| r#"{"error":"not written"}"#.into())
}
