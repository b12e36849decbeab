//! The sentence embedder that `entry.js` keeps, one for the isolate, made on first need. It must
//! not decide when a vector is worth its time, nor what follows from one.

use wasm_bindgen::prelude::*;
use worker::Env;

/// The global that `entry.js` sets.
const GLOBAL: &str = "countersign_embedder";
/// The Worker's variable that says how corrections are found, and the value that forbids vectors.
const RETRIEVAL: &str = "RETRIEVAL";
const WORDS: &str = "words";

#[wasm_bindgen(wasm_bindgen = worker::wasm_bindgen, wasm_bindgen_futures = worker::wasm_bindgen_futures)]
extern "C" {
    /// `createEmbedder` of `src/embed/embed.js`.
    type Embedder;

    #[wasm_bindgen(method, catch)]
    async fn available(this: &Embedder, env: &JsValue) -> Result<JsValue, JsValue>;
}

/// Whether messages are compared by meaning: the deployment wants it and the weights are there.
pub async fn available(env: &Env) -> bool {
    match global(env) {
        Some(embedder) => told(embedder.available(env.as_ref()).await),
        None => false,
    }
}

fn global(env: &Env) -> Option<Embedder> {
    let wanted = env.var(RETRIEVAL).map(|value| value.to_string());
    if wanted.is_ok_and(|wanted| wanted == WORDS) {
        return None;
    }
    let value = js_sys::Reflect::get(&js_sys::global(), &GLOBAL.into()).ok()?;
    value.is_object().then(|| value.unchecked_into())
}

/// What a promise said. Weights that can't be fetched are no weights: words then speak alone.
fn told(answer: Result<JsValue, JsValue>) -> bool {
    match answer {
        Ok(value) => value.is_truthy(),
        Err(_) => {
            worker::console_error!("the sentence embedder could not be asked");
            false
        }
    }
}
