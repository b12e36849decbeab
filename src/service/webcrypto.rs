//! The platform's own cryptography, for what the Worker would otherwise carry code for: signing with
//! Ed25519, verifying RS256, encrypting with AES-256-GCM. It must not decide what is signed or kept secret, nor
//! whose key counts.

use crate::problem::{Outcome, Problem};
use countersign_policy::digest::from_hex;
use countersign_policy::problem::Code;
use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use worker::wasm_bindgen_futures::JsFuture;

#[wasm_bindgen(wasm_bindgen = worker::wasm_bindgen)]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = importKey)]
    fn import_key(
        format: &str,
        data: &JsValue,
        algorithm: &JsValue,
        extractable: bool,
        usages: &Array,
    ) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = exportKey)]
    fn export_key(format: &str, key: &JsValue) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"])]
    fn sign(algorithm: &str, key: &JsValue, data: &Uint8Array) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"])]
    fn verify(
        algorithm: &str,
        key: &JsValue,
        signature: &Uint8Array,
        data: &Uint8Array,
    ) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = encrypt)]
    fn encrypt_data(
        algorithm: &JsValue,
        key: &JsValue,
        data: &Uint8Array,
    ) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = decrypt)]
    fn decrypt_data(
        algorithm: &JsValue,
        key: &JsValue,
        data: &Uint8Array,
    ) -> Result<Promise, JsValue>;
}

/// What stands before the 32 bytes of an Ed25519 secret in PKCS #8 (RFC 8410, section 7).
const PKCS8_BEFORE: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// An Ed25519 key that can sign.
pub struct SigningKey {
    key: JsValue,
    /// Its public half.
    pub public: [u8; 32],
}

impl SigningKey {
    /// The key whose secret is written as 64 hex digits.
    pub async fn from_secret(secret: &str) -> Outcome<Self> {
        let secret = from_hex(secret)
            .filter(|bytes| bytes.len() == 32)
            .ok_or_else(|| Problem::new(Code::NotConfigured, "the signing key is not 64 hex"))?;
        let bytes = Uint8Array::from([PKCS8_BEFORE.as_slice(), &secret].concat().as_slice());
        let usages = Array::of1(&"sign".into());
        let key = settled(import_key(
            "pkcs8",
            &bytes,
            &"Ed25519".into(),
            true,
            &usages,
        ))
        .await?;
        // A JSON Web Key holds the public half, too; nothing else tells it.
        let jwk = settled(export_key("jwk", &key)).await?;
        let public = Reflect::get(&jwk, &"x".into()).map_err(worker::Error::from)?;
        let public = public.as_string().and_then(|x| from_base64url(&x));
        let public = public.and_then(|bytes| bytes.try_into().ok());
        let public = public.ok_or(Code::Internal)?;
        Ok(Self { key, public })
    }

    /// The signature of a text; the same text gives the same one.
    pub async fn sign(&self, text: &str) -> Outcome<[u8; 64]> {
        let data = Uint8Array::from(text.as_bytes());
        let signature = settled(sign("Ed25519", &self.key, &data)).await?;
        let signature = Uint8Array::new(&signature).to_vec();
        signature
            .try_into()
            .map_err(|_| Problem::from(Code::Internal))
    }
}

/// The only kind of token signature that is taken.
const RSA: &str = "RSASSA-PKCS1-v1_5";

/// Whether a signature by RSASSA-PKCS1-v1_5 with SHA-256 is that public key's; modulus and exponent as
/// a JSON Web Key writes them.
pub async fn verify_rs256(n: &str, e: &str, text: &str, signature: &[u8]) -> Outcome<bool> {
    let jwk = object(&[("kty", "RSA".into()), ("n", n.into()), ("e", e.into())])?;
    let algorithm = object(&[("name", RSA.into()), ("hash", "SHA-256".into())])?;
    let usages = Array::of1(&"verify".into());
    let key = settled(import_key("jwk", &jwk, &algorithm, false, &usages)).await?;
    let (signature, data) = (
        Uint8Array::from(signature),
        Uint8Array::from(text.as_bytes()),
    );
    let genuine = settled(verify(RSA, &key, &signature, &data)).await?;
    Ok(genuine.is_truthy())
}

/// The only cipher.
const CIPHER: &str = "AES-GCM";

/// `plain`, encrypted by AES-256-GCM with a nonce that is used once; it is bound to a `place`.
pub async fn encrypt(key: &[u8; 32], nonce: &[u8], place: &str, plain: &[u8]) -> Outcome<Vec<u8>> {
    let (key, algorithm) = cipher(key, "encrypt", nonce, place).await?;
    let encrypted = settled(encrypt_data(&algorithm, &key, &Uint8Array::from(plain))).await?;
    Ok(Uint8Array::new(&encrypted).to_vec())
}

/// What was encrypted with that key and nonce for that place; `None` for anything else.
pub async fn decrypt(
    key: &[u8; 32],
    nonce: &[u8],
    place: &str,
    encrypted: &[u8],
) -> Outcome<Option<Vec<u8>>> {
    let (key, algorithm) = cipher(key, "decrypt", nonce, place).await?;
    let promise = decrypt_data(&algorithm, &key, &Uint8Array::from(encrypted));
    let plain = JsFuture::from(promise.map_err(worker::Error::from)?).await;
    Ok(plain.ok().map(|plain| Uint8Array::new(&plain).to_vec()))
}

async fn cipher(
    key: &[u8; 32],
    usage: &str,
    nonce: &[u8],
    place: &str,
) -> Outcome<(JsValue, Object)> {
    let key = Uint8Array::from(key.as_slice());
    let usages = Array::of1(&usage.into());
    let key = settled(import_key("raw", &key, &CIPHER.into(), false, &usages)).await?;
    let algorithm = object(&[
        ("name", CIPHER.into()),
        ("iv", Uint8Array::from(nonce).into()),
        ("additionalData", Uint8Array::from(place.as_bytes()).into()),
    ])?;
    Ok((key, algorithm))
}

fn object(pairs: &[(&str, JsValue)]) -> Outcome<Object> {
    let object = Object::new();
    for (name, value) in pairs {
        Reflect::set(&object, &(*name).into(), value).map_err(worker::Error::from)?;
    }
    Ok(object)
}

async fn settled(promise: Result<Promise, JsValue>) -> Outcome<JsValue> {
    let promise = promise.map_err(worker::Error::from)?;
    Ok(JsFuture::from(promise).await.map_err(worker::Error::from)?)
}

/// The bytes of base64url without padding; `None` for anything else.
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(text)
        .ok()
}
