//! What leaves the object: rows for D1, and webhooks. Both are written with the change that they
//! tell of, in one transaction, and leave only from here. It must not forget one: a row goes when
//! its receiver has said that it has it.

use crate::bind;
use crate::deliveries;
use crate::problem::Outcome;
use crate::reroute;
use crate::storage::{Bind, Storage, parsed};
use crate::tenant::Tenant;
use countersign_policy::time::Millis;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

mod database;

pub use deliveries::{event, tell_agent};

#[derive(Deserialize)]
struct Row {
    number: u64,
    kind: String,
    payload: String,
}

#[derive(Deserialize)]
struct OutboxState {
    next_at: u64,
    failures: u32,
}

/// Puts a row behind those that wait.
pub fn put<T: Serialize>(tenant: &Tenant, kind: &str, payload: &T) -> Outcome<()> {
    tenant.storage.run(
        "INSERT INTO outbox (kind, payload) VALUES (?, ?)",
        bind![kind, &serde_json::to_string(payload)?],
    )
}

/// The rows of a kind, not of the log, that have not reached D1, as far as a condition finds them in their payload and in
/// its order. However many wait, or how long one that was set aside, none is missed.
pub fn waiting<T: DeserializeOwned>(
    storage: &Storage,
    kind: &str,
    condition: &str,
    values: &[Bind<'_>],
) -> Outcome<Vec<T>> {
    let query = format!(
        "SELECT payload FROM outbox WHERE kind = '{kind}' AND kind <> 'audit' AND {condition}"
    );
    let payloads = storage.values::<String>(&query, values)?.into_iter();
    payloads.map(|payload| Ok(parsed(&payload)?)).collect()
}

/// When the object has to wake next: for the outbox, or for a draft; `None` when nothing is due.
pub fn next_due(tenant: &Tenant) -> Outcome<Option<Millis>> {
    // Drafts, rules, trust, copies, memory, calls and answers. `MIN` over a table would not use an index of
    // rows that have a time, but read all of it; a compound takes five at most.
    let next = tenant.storage.value::<Option<u64>>(
        "SELECT MIN(value) FROM json_each(json_array(
           (SELECT wake_at FROM drafts WHERE wake_at IS NOT NULL ORDER BY wake_at LIMIT 1),
           (SELECT ?2 FROM tenant WHERE EXISTS (
             SELECT 1 FROM drafts WHERE status IN ('held', 'pending')
               AND rules_version < tenant.rules_version)),
           (SELECT trust_at FROM tenant WHERE EXISTS (SELECT 1 FROM accounts)),
           (SELECT next_at FROM outbox_state WHERE EXISTS (
             SELECT 1 FROM outbox WHERE broken_at IS NULL)),
           (SELECT due_at FROM memory WHERE EXISTS (SELECT 1 FROM tenant)),
           (SELECT next_at FROM deliveries WHERE next_at > ?1 ORDER BY next_at LIMIT 1),
           (SELECT answered_at FROM deliveries WHERE answered_at IS NOT NULL
            ORDER BY answered_at LIMIT 1)))",
        bind![deliveries::called_by(tenant), reroute::due_at(tenant)],
    )?;
    Ok(next.flatten().map(Millis))
}

/// Sends what waits. A failure changes nothing but when it is tried again.
pub async fn deliver(tenant: &Tenant, now: Millis) -> Outcome<()> {
    let called = deliveries::send_due(tenant, now);
    database::fill(tenant, now).await;
    called
}
