//! What is asked for twice under one `Idempotency-Key` is done once, and answered as before. It must not keep a
//! secret that was shown: under a key it is derived, and so can be shown again.

use crate::call::{Answer, Call};
use crate::problem::{Outcome, Problem};
use crate::storage::parsed;
use crate::tenant::Tenant;
use crate::{bind, random, sealing};
use countersign_policy::digest::{hex, keyed, plain};
use countersign_policy::key::stored_hash;
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Remembered {
    content_hash: String,
    status: u32,
    answer: String,
}

/// Something that a person has made, with or without an `Idempotency-Key`.
pub struct Making {
    /// 32 bytes for what is made.
    pub secret: [u8; 32],
    place: Option<Place>,
}

/// Where it is remembered: by who asks, their key, and what they asked for.
struct Place {
    scope: String,
    key: String,
    content_hash: String,
    /// From which the Worker, and nobody else, derives the secret.
    nonce: String,
}

/// What is remembered of it.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    nonce: String,
    secret_hash: String,
    made: T,
}

impl Making {
    /// What a person asks for now.
    pub fn of(tenant: &Tenant, call: &Call, person: &str) -> Outcome<Self> {
        if call.header("idempotency-key").is_none() {
            let (secret, place) = (random::bytes()?, None);
            return Ok(Self { secret, place });
        }
        let body = String::from_utf8_lossy(&call.body);
        let place = Place {
            scope: person.to_owned(),
            key: call.idempotency_key()?,
            content_hash: hex(&plain(&[&call.path, &body])),
            nonce: hex(&random::bytes::<32>()?),
        };
        let secrets = secrets(tenant, &place.nonce)?.into_iter().next();
        Ok(Self {
            secret: secrets.ok_or(Code::NotConfigured)?,
            place: Some(place),
        })
    }

    /// What was made when it was asked for before, and its secret.
    pub fn before<T: DeserializeOwned>(&self, tenant: &Tenant) -> Outcome<Option<(T, [u8; 32])>> {
        let Some(place) = &self.place else {
            return Ok(None);
        };
        let Some(answer) = remembered(tenant, &place.scope, &place.key, &place.content_hash)?
        else {
            return Ok(None);
        };
        let kept: Kept<T> = parsed(&answer.body)?;
        let mut secrets = secrets(tenant, &kept.nonce)?.into_iter();
        let secret = secrets.find(|secret| stored_hash(secret) == kept.secret_hash);
        // The Worker's own secrets were changed twice since.
        let secret = secret.ok_or(Code::IdempotencyConflict)?;
        Ok(Some((kept.made, secret)))
    }

    /// Remembers what is made now, to be called in its transaction.
    pub fn remember<T: Serialize>(&self, tenant: &Tenant, made: &T, now: Millis) -> Outcome<()> {
        let Some(place) = &self.place else {
            return Ok(());
        };
        let kept = Kept {
            nonce: place.nonce.clone(),
            secret_hash: stored_hash(&self.secret),
            made,
        };
        let Place {
            scope,
            key,
            content_hash,
            ..
        } = place;
        remember(
            tenant,
            scope,
            key,
            content_hash,
            &Answer::json(201, &kept)?,
            now,
        )
    }
}

/// What the Worker's secrets make of a nonce, the newest first.
fn secrets(tenant: &Tenant, nonce: &str) -> Outcome<Vec<[u8; 32]>> {
    let tenant_id = tenant.record()?.id;
    let derived = |secret: String| {
        let parts = ["countersign made v1", &tenant_id, nonce];
        keyed(secret.as_bytes(), &parts)
    };
    let secrets = sealing::worker_secrets(&tenant.env)?;
    Ok(secrets.into_iter().map(derived).collect())
}

/// The answer to what was asked for before; a problem where the same key came with other content.
pub fn remembered(
    tenant: &Tenant,
    scope: &str,
    key: &str,
    content_hash: &str,
) -> Outcome<Option<Answer>> {
    let row = tenant.storage.first::<Remembered>(
        "SELECT content_hash, status, answer FROM idempotency WHERE scope = ? AND key = ?",
        bind![scope, key],
    )?;
    match row {
        None => Ok(None),
        Some(row) if row.content_hash == content_hash => Ok(Some(Answer {
            status: u16::try_from(row.status).unwrap_or(201),
            body: row.answer,
            headers: vec![("idempotent-replayed", "true".into())],
        })),
        Some(_) => Err(Problem::from(Code::IdempotencyConflict)),
    }
}

/// Remembers an answer, to be called in the transaction of what it answers.
pub fn remember(
    tenant: &Tenant,
    scope: &str,
    key: &str,
    content_hash: &str,
    answer: &Answer,
    now: Millis,
) -> Outcome<()> {
    tenant.storage.run(
        "INSERT INTO idempotency (scope, key, content_hash, status, answer, created_at)
         VALUES (?, ?, ?, ?, ?, ?)",
        bind![
            scope,
            key,
            content_hash,
            u32::from(answer.status),
            &answer.body,
            now
        ],
    )
}
