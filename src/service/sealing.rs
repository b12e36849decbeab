//! Secrets that have to be read again, encrypted: AES-256-GCM of the platform under a key made from
//! the Worker's `SEALING_SECRET`. It must not keep a secret in the clear.

use crate::door;
use crate::problem::{Outcome, Problem};
use crate::random;
use countersign_policy::digest::{from_hex, hex, keyed};
use countersign_policy::problem::Code;
use wasm_bindgen::prelude::*;
use worker::Env;
use worker::wasm_bindgen_futures::JsFuture;

/// The name of the Worker's secret.
const SECRET: &str = "SEALING_SECRET";
/// The one before it, while it is being changed.
const SECRET_BEFORE: &str = "SEALING_SECRET_PREVIOUS";
/// Bytes of the nonce, as NIST SP 800-38D recommends; drawn anew for each sealing.
const NONCE_BYTES: usize = 12;

#[wasm_bindgen]
extern "C" {
    type Subtle;

    #[wasm_bindgen(thread_local_v2, js_namespace = crypto, js_name = subtle)]
    static SUBTLE: Subtle;

    #[wasm_bindgen(method, catch, js_name = importKey)]
    fn import_key(
        this: &Subtle,
        format: &str,
        key: &[u8],
        algorithm: &str,
        extractable: bool,
        usages: &js_sys::Array,
    ) -> Result<js_sys::Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn encrypt(
        this: &Subtle,
        algorithm: &JsValue,
        key: &JsValue,
        data: &[u8],
    ) -> Result<js_sys::Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn decrypt(
        this: &Subtle,
        algorithm: &JsValue,
        key: &JsValue,
        data: &[u8],
    ) -> Result<js_sys::Promise, JsValue>;
}

/// The Worker's secrets for sealing, the newest first; there is always one.
pub fn worker_secrets(env: &Env) -> Outcome<Vec<String>> {
    let mut secrets = vec![door::secret(env, SECRET)?];
    secrets.extend(door::secret(env, SECRET_BEFORE).ok());
    Ok(secrets)
}

/// `plain`, sealed for one place: it opens only for the same `place` (such as an id).
pub async fn seal(env: &Env, place: &str, plain: &[u8]) -> Outcome<String> {
    let nonce = random::bytes::<NONCE_BYTES>()?;
    let secret = door::secret(env, SECRET)?;
    let sealed = encrypt(&secret, &nonce, place, plain)
        .await
        .map_err(|_| Problem::from(Code::Internal))?;
    Ok(format!("{}{}", hex(&nonce), hex(&sealed)))
}

/// What was sealed for that place, under the Worker's secret or the one before it.
pub async fn open(env: &Env, place: &str, sealed: &str) -> Outcome<Vec<u8>> {
    let bytes = from_hex(sealed).ok_or(Problem::from(Code::Internal))?;
    let (nonce, sealed) = bytes
        .split_at_checked(NONCE_BYTES)
        .ok_or(Problem::from(Code::Internal))?;
    for secret in worker_secrets(env)? {
        if let Ok(plain) = decrypt(&secret, nonce, place, sealed).await {
            return Ok(plain);
        }
    }
    Err(Problem::from(Code::Internal))
}

async fn encrypt(
    secret: &str,
    nonce: &[u8],
    place: &str,
    plain: &[u8],
) -> Result<Vec<u8>, JsValue> {
    let key = key(secret, "encrypt").await?;
    let promise = SUBTLE.with(|subtle| subtle.encrypt(&algorithm(nonce, place)?, &key, plain))?;
    Ok(js_sys::Uint8Array::new(&JsFuture::from(promise).await?).to_vec())
}

async fn decrypt(
    secret: &str,
    nonce: &[u8],
    place: &str,
    sealed: &[u8],
) -> Result<Vec<u8>, JsValue> {
    let key = key(secret, "decrypt").await?;
    let promise = SUBTLE.with(|subtle| subtle.decrypt(&algorithm(nonce, place)?, &key, sealed))?;
    Ok(js_sys::Uint8Array::new(&JsFuture::from(promise).await?).to_vec())
}

async fn key(secret: &str, usage: &str) -> Result<JsValue, JsValue> {
    let bytes = keyed(secret.as_bytes(), &["countersign sealing v1"]);
    let usages = js_sys::Array::of1(&usage.into());
    let promise =
        SUBTLE.with(|subtle| subtle.import_key("raw", &bytes, "AES-GCM", false, &usages))?;
    JsFuture::from(promise).await
}

fn algorithm(nonce: &[u8], place: &str) -> Result<JsValue, JsValue> {
    let algorithm = js_sys::Object::new();
    for (name, value) in [
        ("name", JsValue::from("AES-GCM")),
        ("iv", js_sys::Uint8Array::from(nonce).into()),
        (
            "additionalData",
            js_sys::Uint8Array::from(place.as_bytes()).into(),
        ),
    ] {
        js_sys::Reflect::set(&algorithm, &name.into(), &value)?;
    }
    Ok(algorithm.into())
}
