//! Secrets that have to be read again, encrypted: AES-256-GCM of the platform under a key made from
//! the Worker's `SEALING_SECRET`. It must not keep a secret in the clear.

use crate::problem::{Outcome, Problem};
use crate::{door, random, webcrypto};
use countersign_policy::digest::{from_hex, hex, keyed};
use countersign_policy::problem::Code;
use worker::Env;

/// The name of the Worker's secret.
const SECRET: &str = "SEALING_SECRET";
/// The one before it, while it is being changed.
const SECRET_BEFORE: &str = "SEALING_SECRET_PREVIOUS";
/// Bytes of the nonce, as NIST SP 800-38D recommends; drawn anew for each sealing.
const NONCE_BYTES: usize = 12;

/// The Worker's secrets for sealing, the newest first; there is always one.
pub fn worker_secrets(env: &Env) -> Outcome<Vec<String>> {
    let mut secrets = vec![door::secret(env, SECRET)?];
    secrets.extend(door::secret(env, SECRET_BEFORE).ok());
    Ok(secrets)
}

/// `plain`, sealed for one place: it opens only for the same `place` (such as an id).
pub async fn seal(env: &Env, place: &str, plain: &[u8]) -> Outcome<String> {
    let nonce = random::bytes::<NONCE_BYTES>()?;
    let key = key(&door::secret(env, SECRET)?);
    let sealed = webcrypto::encrypt(&key, &nonce, place, plain).await?;
    Ok(format!("{}{}", hex(&nonce), hex(&sealed)))
}

/// What was sealed for that place, under the Worker's secret or the one before it.
pub async fn open(env: &Env, place: &str, sealed: &str) -> Outcome<Vec<u8>> {
    let bytes = from_hex(sealed).ok_or(Code::Internal)?;
    let (nonce, sealed) = bytes.split_at_checked(NONCE_BYTES).ok_or(Code::Internal)?;
    for secret in worker_secrets(env)? {
        if let Some(plain) = webcrypto::decrypt(&key(&secret), nonce, place, sealed).await? {
            return Ok(plain);
        }
    }
    Err(Problem::from(Code::Internal))
}

fn key(secret: &str) -> [u8; 32] {
    keyed(secret.as_bytes(), &["countersign sealing v1"])
}
