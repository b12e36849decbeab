//! The policy crate as the page calls it first: texts in, JSON text out, `{"ok": …}` or `{"error": …}`.
//! What an edit means is told by `judge`, which is fetched after the first view.
//! It must hold no rule of its own and never throw: what it shows is a preview, and the service
//! decides again with the same code. It must not read JSON either: the browser has a parser, and a
//! second one would be downloaded with every first view.

use countersign_policy::{diff, route};
use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;

#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

#[derive(Serialize)]
struct Answer<T> {
    ok: T,
}

/// The word diff between two texts: `{"ok": {changes}}`.
#[wasm_bindgen]
pub fn text_diff(before: &str, after: &str) -> String {
    written(diff::words(before, after))
}

/// The version of the rules: another one than the service's means that the page is out of date.
#[wasm_bindgen]
pub fn engine_version() -> u32 {
    route::ENGINE_VERSION
}

fn written<T: Serialize>(ok: T) -> String {
    serde_json::to_string(&Answer { ok }).unwrap_or_else(|_| r#"{"error":"not written"}"#.into())
}
