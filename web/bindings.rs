//! The policy crate as the page calls it: texts in, JSON text out, `{"ok": …}` or `{"error": …}`.
//! It must hold no rule of its own and never throw: what it shows is a preview, and the service
//! decides again with the same code.

use countersign_policy::{diff, edit, route};
use serde::Serialize;
use serde_json::{Map, Number, Value};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

/// Nesting of an action's arguments: half of what the service reads.
const DEPTH_MAX: u32 = 64;
/// 2^53: what JavaScript counts exactly.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// What an edit of a text changed, and of which kind it is.
#[derive(Serialize)]
struct TextEdit {
    diff: diff::Diff,
    edit: edit::Edit,
}

/// What an edit of an action's arguments changed. The page has the values: only where they stand
/// is told.
#[derive(Serialize)]
struct ActionEdit<'a> {
    kind: edit::EditKind,
    changes: Vec<PointerEdit<'a>>,
}

#[derive(Serialize)]
struct PointerEdit<'a> {
    pointer: &'a str,
    kind: edit::EditKind,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer<T> {
    Ok(T),
    Error(&'static str),
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

/// What an edit of an action's arguments changed, both as JavaScript values: `{"ok": {kind,
/// changes}}`. The browser has parsed them already: a second parser here would weigh more than the
/// comparison itself.
#[wasm_bindgen]
pub fn action_edit(before: &JsValue, after: &JsValue) -> String {
    match (value(before, DEPTH_MAX), value(after, DEPTH_MAX)) {
        (Some(before), Some(after)) => {
            let edit = edit::action(&before, &after);
            let changes = edit.changes.iter();
            let changes = changes.map(|change| PointerEdit {
                pointer: &change.pointer,
                kind: change.kind,
            });
            written(&Answer::Ok(ActionEdit {
                kind: edit.kind,
                changes: changes.collect(),
            }))
        }
        _ => written(&Answer::<()>::Error("not a JSON value")),
    }
}

/// The version of the rules: another one than the service's means that the page is out of date.
#[wasm_bindgen]
pub fn engine_version() -> u32 {
    route::ENGINE_VERSION
}

fn written<T: Serialize>(answer: &Answer<T>) -> String {
    serde_json::to_string(answer).unwrap_or_else(|_| r#"{"error":"not written"}"#.into())
}

/// A JavaScript value as the JSON value that it would be written as; `None` for what is none, or
/// is nested too deep.
fn value(from: &JsValue, depth: u32) -> Option<Value> {
    let deeper = depth.checked_sub(1)?;
    if from.is_null() {
        return Some(Value::Null);
    }
    if let Some(truth) = from.as_bool() {
        return Some(Value::Bool(truth));
    }
    if let Some(number) = from.as_f64() {
        return number_value(number).map(Value::Number);
    }
    if let Some(text) = from.as_string() {
        return Some(Value::String(text));
    }
    if let Some(list) = from.dyn_ref::<js_sys::Array>() {
        let mut items = Vec::new();
        for item in list.iter() {
            items.push(value(&item, deeper)?);
        }
        return Some(Value::Array(items));
    }
    let mut members = Map::new();
    for entry in js_sys::Object::entries(from.dyn_ref::<js_sys::Object>()?) {
        let pair = entry.dyn_ref::<js_sys::Array>()?;
        members.insert(pair.get(0).as_string()?, value(&pair.get(1), deeper)?);
    }
    Some(Value::Object(members))
}

fn number_value(number: f64) -> Option<Number> {
    if number.trunc() == number && number.abs() <= WHOLE_MAX {
        #[expect(clippy::cast_possible_truncation, reason = "whole, and within 2^53")]
        return Some(Number::from(number as i64));
    }
    Number::from_f64(number)
}
