//! What the index of memory still lacks: corrections that only D1 has, and vectors that wait for
//! the weights. It must not hold up a request: the alarm works it off, a batch at a time.

use crate::call::Answer;
use crate::corrections::{Correction, CorrectionRow, Untold};
use crate::d1::{DATABASE, Rows};
use crate::problem::Outcome;
use crate::storage::parsed;
use crate::tenant::Tenant;
use crate::vectors::Kind;
use crate::{bind, corrections, embedder, learning, memory, vectors};
use countersign_policy::digest::from_hex;
use countersign_policy::time::Millis;
use serde::Deserialize;

/// Corrections of one page, from D1 or on their way there: a megabyte at their usual size.
const PAGE_ROWS: u32 = 200;
/// Vectors of one alarm: some two seconds of work.
const VECTORS_AT_ONCE: u32 = 100;
/// After D1 failed.
const WAIT_MS: u64 = 30_000;

#[derive(Deserialize)]
struct State {
    filled_to: Option<String>,
    due_at: Option<u64>,
}

/// A correction that D1 has yet to get.
#[derive(Deserialize)]
struct Waiting {
    number: u64,
    payload: String,
}

#[derive(Deserialize)]
struct Message {
    id: String,
    message: String,
}

/// Whether a correction waits for its vector.
pub fn is_waiting(tenant: &Tenant) -> Outcome<bool> {
    Ok(!messages(tenant, 1)?.is_empty())
}

/// Says that something is left to do.
pub fn wait(tenant: &Tenant) -> Outcome<()> {
    tenant.storage.run(
        "UPDATE memory SET due_at = 0 WHERE due_at IS NULL OR due_at > 0",
        bind![],
    )
}

/// Empties the index, so that it is made anew from D1, and of what D1 has yet to get.
fn begin(tenant: &Tenant) -> Outcome<()> {
    for statement in [
        "DELETE FROM corrections",
        "INSERT INTO corrections_text (corrections_text) VALUES ('delete-all')",
        "UPDATE memory SET filled_to = '', due_at = 0",
    ] {
        tenant.storage.run(statement, bind![])?;
    }
    vectors::empty(tenant, Kind::Correction)?;
    let untold = Untold::now(&tenant.storage)?;
    let mut after = 0;
    loop {
        // A page at a time: all that gathered while D1 was away would be more than an object's memory.
        let page = tenant.storage.rows::<Waiting>(
            "SELECT number, payload FROM outbox
             WHERE kind = 'correction' AND kind <> 'audit' AND number > ? ORDER BY number LIMIT ?",
            bind![after, PAGE_ROWS],
        )?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = last.number;
        for row in page {
            let correction: Correction = parsed(&row.payload)?;
            if correction.teaches()
                && let Some(correction) = untold.taught(correction)
            {
                memory::index(tenant, &correction, None)?;
            }
        }
    }
}

/// `POST /v1/corrections:reindex`.
pub fn restart(tenant: &Tenant) -> Outcome<Answer> {
    begin(tenant)?;
    Ok(Answer::empty())
}

/// Goes on with what is due: a page of corrections, then vectors.
pub async fn go_on(tenant: &Tenant, now: Millis) -> Outcome<()> {
    let state = tenant.storage.first::<State>(
        "SELECT filled_to, due_at FROM memory WHERE due_at <= ? AND EXISTS (SELECT 1 FROM tenant)",
        bind![now],
    )?;
    let Some(state) = state.filter(|state| state.due_at.is_some()) else {
        return Ok(());
    };
    let again = now.plus(WAIT_MS);
    tenant
        .storage
        .run("UPDATE memory SET due_at = ?", bind![again])?;
    let left = match state.filled_to {
        Some(after) => fill(tenant, &after).await,
        None => vectors(tenant).await,
    }?;
    // Whoever asked meanwhile is heard.
    tenant.storage.run(
        "UPDATE memory SET due_at = ? WHERE due_at = ?",
        bind![left.then_some(now), again],
    )
}

/// One page of D1's corrections into the index; whether anything is left to do.
async fn fill(tenant: &Tenant, after: &str) -> Outcome<bool> {
    let query = format!(
        "SELECT {}, hex(vector) AS vector FROM corrections
         WHERE tenant_id = ? AND id > ? AND one_off = 0 AND injection = 0 AND retired_at IS NULL
         ORDER BY id LIMIT ?",
        corrections::COLUMNS
    );
    let before = Untold::now(&tenant.storage)?;
    let rows = tenant
        .env
        .d1(DATABASE)?
        .prepare(&query)
        .bind(&[tenant.record()?.id.into(), after.into(), PAGE_ROWS.into()])?
        .rows::<CorrectionRow>()
        .await?;
    tenant.transaction(|| {
        let now = tenant
            .storage
            .first::<State>("SELECT filled_to, due_at FROM memory", bind![])?;
        if now.and_then(|now| now.filled_to).as_deref() != Some(after) {
            // It was begun anew meanwhile.
            return Ok(());
        }
        let told = Untold::now(&tenant.storage)?;
        let mut last = None;
        for row in &rows {
            let correction = Correction::from(row.clone());
            last = Some(correction.id.clone());
            let Some(correction) = before.taught(correction).and_then(|one| told.taught(one))
            else {
                continue;
            };
            let vector = row.vector.as_deref().map(str::to_lowercase);
            let vector = vector.and_then(|text| from_hex(&text));
            let vector = vector.filter(|vector| !vector.is_empty());
            memory::index(tenant, &correction, vector.as_deref())?;
        }
        let full = u32::try_from(rows.len()).is_ok_and(|rows| rows == PAGE_ROWS);
        tenant.storage.run(
            "UPDATE memory SET filled_to = ?",
            bind![last.as_ref().filter(|_| full)],
        )
    })?;
    // Vectors come after the last page: an alarm of its own for each.
    Ok(!rows.is_empty())
}

async fn vectors(tenant: &Tenant) -> Outcome<bool> {
    if !is_waiting(tenant)? || !embedder::prepare(&tenant.env).await {
        // Without weights they wait for the next correction, which asks again.
        return Ok(false);
    }
    tenant.transaction(|| make_vectors(tenant, VECTORS_AT_ONCE))
}

/// Makes the vectors of some corrections that have none; whether more are left.
pub fn make_vectors(tenant: &Tenant, most: u32) -> Outcome<bool> {
    let waiting = messages(tenant, most)?;
    for correction in &waiting {
        let Some(vector) = embedder::embed(&tenant.env, &correction.message) else {
            return Ok(false);
        };
        memory::place(tenant, &correction.id, &vector)?;
        learning::tell_vector(tenant, &correction.id, &vector)?;
    }
    Ok(u32::try_from(waiting.len()).is_ok_and(|made| made == most))
}

fn messages(tenant: &Tenant, most: u32) -> Outcome<Vec<Message>> {
    tenant.storage.rows(
        "SELECT id, message FROM corrections WHERE slot IS NULL ORDER BY number LIMIT ?",
        bind![most],
    )
}
