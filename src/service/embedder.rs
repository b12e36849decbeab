//! The sentence embedder that `entry.js` keeps, one for the isolate, made on first need. It must
//! not decide when a vector is worth its time, nor what follows from one.

use wasm_bindgen::prelude::*;
use worker::Env;

/// The global that `entry.js` sets.
const GLOBAL: &str = "countersign_embedder";
/// The Worker's variable that says how corrections are found, and the value that forbids vectors.
const RETRIEVAL: &str = "RETRIEVAL";
const WORDS: &str = "words";
/// Word pieces read of one message: what the model was trained on, two long paragraphs.
const TOKENS_MAX: u32 = 256;

#[wasm_bindgen(wasm_bindgen = worker::wasm_bindgen, wasm_bindgen_futures = worker::wasm_bindgen_futures)]
extern "C" {
    /// `createEmbedder` of `src/embed/embed.js`.
    type Embedder;

    #[wasm_bindgen(method)]
    fn ready(this: &Embedder) -> bool;

    #[wasm_bindgen(method, catch)]
    async fn available(this: &Embedder, env: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    async fn prepare(this: &Embedder, env: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn embed(this: &Embedder, text: &str, tokens_max: u32) -> Result<Option<Vec<u8>>, JsValue>;

    #[wasm_bindgen(method)]
    fn owner(this: &Embedder) -> u32;

    #[wasm_bindgen(method)]
    fn forget(this: &Embedder, owner: u32);

    #[wasm_bindgen(method, catch, js_name = prepareScan)]
    fn prepare_scan(this: &Embedder, owner: u32, first: u32, end: u32) -> Result<u32, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn scan(
        this: &Embedder,
        query: &[u8],
        rows: &JsValue,
        nearest_max: u32,
    ) -> Result<Vec<f64>, JsValue>;
}

/// A stored vector that was near.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Where it stands: vectors are counted from 0 through all blocks.
    pub position: u32,
    /// Its cosine with what was asked for.
    pub cosine: f64,
    /// How crowded it is there.
    pub density: f64,
}

/// Whether messages are compared by meaning: the deployment wants it and the weights are there.
pub async fn available(env: &Env) -> bool {
    match global(env) {
        Some(embedder) => told(embedder.available(env.as_ref()).await),
        None => false,
    }
}

/// Loads the weights into the isolate unless that is done; whether texts can now be embedded.
pub async fn prepare(env: &Env) -> bool {
    match global(env) {
        Some(embedder) => embedder.ready() || told(embedder.prepare(env.as_ref()).await),
        None => false,
    }
}

/// The stored form of a text's vector; `None` where the weights are not loaded.
pub fn embed(env: &Env, text: &str) -> Option<Vec<u8>> {
    let embedder = global(env).filter(Embedder::ready)?;
    embedder.embed(text, TOKENS_MAX).ok().flatten()
}

/// A number for an owner of vectors: what is held of them between searches goes by it.
pub fn owner(env: &Env) -> Option<u32> {
    Some(global(env)?.owner())
}

/// Forgets what is held of an owner's vectors.
pub fn forget(env: &Env, owner: u32) {
    if let Some(embedder) = global(env) {
        embedder.forget(owner);
    }
}

/// Prepares for a [`scan`] among the vectors in an owner's slots from `first` up to `end`: the slot
/// from which on it has to be given them, the others being held.
pub fn prepare_scan(env: &Env, owner: u32, first: u32, end: u32) -> Option<u32> {
    global(env)?.prepare_scan(owner, first, end).ok()
}

/// The nearest of the vectors prepared for, nearest first; positions count from the first slot.
/// `rows` are those of a cursor's `raw()`, each the place of its first vector and a block.
pub fn scan(env: &Env, query: &[u8], rows: &JsValue, nearest_max: u32) -> Vec<Neighbour> {
    let found = global(env).and_then(|embedder| embedder.scan(query, rows, nearest_max).ok());
    let found = found.unwrap_or_default();
    let (triples, _) = found.as_chunks::<3>();
    let neighbour = |[position, cosine, density]: &[f64; 3]| Neighbour {
        position: whole(*position),
        cosine: *cosine,
        density: *density,
    };
    triples.iter().map(neighbour).collect()
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

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a position that `embed.js` read from a u32"
)]
fn whole(position: f64) -> u32 {
    position as u32
}
