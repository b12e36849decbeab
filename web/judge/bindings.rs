//! The judge of edits as the page calls it, once its first view is there: texts in, JSON text out,
//! `{"ok": …}` or `{"error": …}`. It must hold no rule of its own and never throw: what it shows is a
//! preview, and the service judges again with the same code.

use countersign_policy::edit::{Learned, argument_kind_by, classify_by};
use serde::Serialize;
use std::sync::OnceLock;
use wasm_bindgen::prelude::wasm_bindgen;

#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// The word pairs and the weights that kinds are judged by.
static LEARNED: OnceLock<(Vec<u8>, Vec<u8>)> = OnceLock::new();

/// Takes in the service's `pairs.bin` and `weights.bin`; before that, no kind is told.
#[wasm_bindgen]
pub fn learn(pairs: Vec<u8>, weights: Vec<u8>) {
    let _ = LEARNED.set((pairs, weights));
}

#[derive(Serialize)]
struct Answer<T> {
    ok: T,
}

/// Of which kind the edit of a message is, and why: `{"ok": edit}`, null before `learn`.
#[wasm_bindgen]
pub fn text_edit(before: &str, after: &str) -> String {
    written(learned().map(|learned| classify_by(before, after, learned.of_messages())))
}

/// The kind of a change of one argument of an action, nothing standing for a value that is no
/// text: `{"ok": kind}`, null before `learn`. Which arguments changed, the page knows.
#[wasm_bindgen]
pub fn argument_kind(before: Option<String>, after: Option<String>) -> String {
    let kind = |learned| argument_kind_by(before.as_deref(), after.as_deref(), learned);
    written(learned().map(kind))
}

fn learned() -> Option<Learned<'static>> {
    let (pairs, weights) = LEARNED.get()?;
    Some(Learned::new(pairs, weights))
}

fn written<T: Serialize>(ok: T) -> String {
    serde_json::to_string(&Answer { ok }).unwrap_or_else(|_| r#"{"error":"not written"}"#.into())
}
