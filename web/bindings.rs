//! The policy crate as the page calls it: texts in, JSON text out, `{"ok": …}` or `{"error": …}`.
//! It must hold no rule of its own and never throw: what it shows is a preview, and the service
//! decides again with the same code. It must not read JSON either: the browser has a parser, and a
//! second one would be downloaded with every first view.

use countersign_policy::{diff, edit, route};
use serde::Serialize;
use std::sync::OnceLock;
use wasm_bindgen::prelude::wasm_bindgen;

#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// The word pairs and the weights that kinds are judged by, fetched after the first view.
static LEARNED: OnceLock<(Vec<u8>, Vec<u8>)> = OnceLock::new();

/// Takes in the service's `pairs.bin` and `weights.bin`; before that, no kind is told.
#[wasm_bindgen]
pub fn learn(pairs: Vec<u8>, weights: Vec<u8>) {
    let _ = LEARNED.set((pairs, weights));
}

/// What an edit of a text changed, and of which kind it is.
#[derive(Serialize)]
struct TextEdit {
    diff: diff::Diff,
    /// Nothing before `learn`.
    edit: Option<edit::Edit>,
}

#[derive(Serialize)]
struct Answer<T> {
    ok: T,
}

/// The word diff between two texts and the kind of the edit: `{"ok": {diff, edit}}`.
#[wasm_bindgen]
pub fn text_edit(before: &str, after: &str) -> String {
    let diff = diff::words(before, after);
    let edit = learned().map(|learned| edit::classify_by(before, after, learned));
    written(TextEdit { diff, edit })
}

/// The word diff between two texts alone: `{"ok": {changes}}`.
#[wasm_bindgen]
pub fn text_diff(before: &str, after: &str) -> String {
    written(diff::words(before, after))
}

/// The kind of a change of one argument of an action, nothing standing for a value that is no
/// text: `{"ok": kind}`, null before `learn`. Which arguments changed, the page knows.
#[wasm_bindgen]
pub fn argument_kind(before: Option<String>, after: Option<String>) -> String {
    let kind = |learned| edit::argument_kind_by(before.as_deref(), after.as_deref(), learned);
    written(learned().map(kind))
}

/// The version of the rules: another one than the service's means that the page is out of date.
#[wasm_bindgen]
pub fn engine_version() -> u32 {
    route::ENGINE_VERSION
}

fn learned() -> Option<edit::Learned<'static>> {
    let (pairs, weights) = LEARNED.get()?;
    Some(edit::Learned::new(pairs, weights))
}

fn written<T: Serialize>(ok: T) -> String {
    serde_json::to_string(&Answer { ok }).unwrap_or_else(|_| r#"{"error":"not written"}"#.into())
}
