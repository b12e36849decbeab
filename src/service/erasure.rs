//! Erases texts: a person's when that is asked, everyone's when they are too old. The log stays as it
//! is, since it holds commitments only, and says that something was erased. It must not touch what a
//! hold keeps.

use crate::bind;
use crate::call::{Answer, Call};
use crate::d1::{DATABASE, Rows, millis};
use crate::people::Person;
use crate::problem::{Outcome, Problem};
use crate::tenant::{Tenant, system};
use crate::tenants::check_text;
use crate::{archive, conversations, holds, memory, outbox};
use countersign_policy::log::{Actor, Event};
use countersign_policy::order;
use countersign_policy::problem::Code;
use countersign_policy::retention::{ROUND_MS, is_held};
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;

/// Drafts, and corrections, that are erased at once; what is beyond follows with the next round.
const AT_ONCE: u32 = 1_000;
/// Conversations that are forgotten at once, likewise: rows of a hundred bytes.
const IDLE_AT_ONCE: usize = 10_000;

/// The body of `POST /v1/erasure`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ErasureRequest {
    /// Whose data is erased.
    customer_id: String,
}

/// What was erased.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ErasureAnswer {
    /// Drafts with everything that was said of them.
    drafts: u32,
    /// Corrections that had been learnt from them.
    corrections: u32,
    /// Whether there is more than one request erases: ask again.
    more: bool,
}

/// What D1 is told to delete; see `outbox/database.rs`.
#[derive(Serialize)]
pub struct Gone {
    /// Drafts by id, as a JSON list.
    pub drafts: String,
    /// Corrections by id, as a JSON list.
    pub corrections: String,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

/// What is to go.
struct Found {
    drafts: Vec<String>,
    corrections: Vec<String>,
}

/// `POST /v1/erasure`.
pub async fn erase(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let ErasureRequest { customer_id } = call.json()?;
    check_text("/customer_id", &customer_id)?;
    let found = of_customer(tenant, &customer_id).await?;

    tenant.transaction(|| {
        if is_held(&holds::held(tenant)?, &customer_id) {
            return Err(Problem::from(Code::OnHold));
        }
        forget(tenant, &found)?;
        for statement in OF_SEEDS {
            tenant.storage.run(statement, bind![&customer_id])?;
        }
        // By customer as well: a correction may have been indexed under the person alone.
        let facts = [
            ("customer", holds::pseudonym(tenant, &customer_id)?.into()),
            ("drafts", count(&found.drafts).into()),
            ("corrections", count(&found.corrections).into()),
        ];
        tenant.log(call.now, Event::DataErased, person.actor(), None, facts)?;
        tell_each(tenant, &found, Event::DataErased, &person.actor(), call.now)
    })?;

    let answer = ErasureAnswer {
        drafts: count(&found.drafts),
        corrections: count(&found.corrections),
        more: found.is_full(),
    };
    Answer::json(200, &answer)
}

/// Once a day: what is older than the tenant keeps it.
pub async fn expire(tenant: &Tenant, now: Millis) -> Outcome<()> {
    let expired_at = "SELECT expired_at FROM tenant";
    let expired_at = tenant.storage.value(expired_at, bind![])?.map(Millis);
    if expired_at.is_none_or(|at| now.since(at) < ROUND_MS) {
        return Ok(());
    }
    let kept_for = holds::kept_for(tenant)?;
    let held = holds::held(tenant)?;
    let found = older_than(tenant, &held, kept_for.texts_before(now)).await?;

    tenant.transaction(|| {
        if holds::held(tenant)? != held {
            // What was found may be held since: the next wake looks again.
            return Ok(());
        }
        tenant.storage.run(
            "DELETE FROM idempotency WHERE created_at < ?",
            bind![kept_for.answers_before(now)],
        )?;
        forget(tenant, &found)?;
        forget_seeds(tenant, kept_for.texts_before(now))?;
        let idle = conversations::forget(tenant, kept_for.texts_before(now), IDLE_AT_ONCE)?;
        // A full batch is followed by the next one with the next wake.
        if !found.is_full() && idle < IDLE_AT_ONCE {
            tenant
                .storage
                .run("UPDATE tenant SET expired_at = ?", bind![now])?;
        }
        if found.drafts.is_empty() && found.corrections.is_empty() {
            return Ok(());
        }
        let facts = [
            ("drafts", count(&found.drafts).into()),
            ("corrections", count(&found.corrections).into()),
            ("before_ms", kept_for.texts_before(now).0.into()),
        ];
        tenant.log(now, Event::DataExpired, system(), None, facts)?;
        tell_each(tenant, &found, Event::DataExpired, &system(), now)
    })
}

/// Known-bad drafts that were taken back before then; those that are in use stay, unless erased.
fn forget_seeds(tenant: &Tenant, before: Millis) -> Outcome<()> {
    let held = serde_json::to_string(&holds::held(tenant)?)?;
    tenant.storage.run(
        "DELETE FROM seeds WHERE removed_at < ?1 AND NOT EXISTS (SELECT 1 FROM json_each(?2)
           WHERE value IS NULL OR value = json_extract(draft, '$.customer.id'))",
        bind![before, &held],
    )
}

/// A customer's drafts and corrections, here and in D1.
async fn of_customer(tenant: &Tenant, customer_id: &str) -> Outcome<Found> {
    let tenant_id = tenant.record()?.id;
    let drafts = "json_extract(body, '$.customer.id') = ?2";
    let corrections = "(customer_id = ?2 OR draft_id IN (SELECT id FROM drafts
        WHERE tenant_id = ?1 AND json_extract(body, '$.customer.id') = ?2))";
    let values = [tenant_id.as_str().into(), customer_id.into()];
    let waiting = || {
        on_the_way(
            tenant,
            "payload ->> '$.customer_id' = ?",
            bind![customer_id],
        )
    };
    // Before every wait and after it: what reaches D1 in between is found, and what came in between.
    let waited = waiting()?;
    let mut found = Found {
        drafts: in_database(tenant, "drafts", drafts, &values).await?,
        corrections: in_database(tenant, "corrections", corrections, &values).await?,
    };
    found.corrections.extend(waited);
    found.corrections.extend(waiting()?);
    found.drafts.extend(ids(
        tenant,
        "SELECT id FROM drafts WHERE json_extract(body, '$.customer.id') = ? LIMIT ?",
        bind![customer_id, AT_ONCE],
    )?);
    found.corrections.extend(ids(
        tenant,
        "SELECT id FROM corrections WHERE customer_id = ?1 OR draft_id IN (
           SELECT id FROM drafts WHERE json_extract(body, '$.customer.id') = ?1) LIMIT ?2",
        bind![customer_id, AT_ONCE],
    )?);
    found.sort();
    Ok(found)
}

/// Settled drafts and corrections that are too old and not held, here and in D1.
async fn older_than(tenant: &Tenant, held: &[Option<String>], before: Millis) -> Outcome<Found> {
    let mut found = Found {
        drafts: Vec::new(),
        corrections: Vec::new(),
    };
    if held.iter().any(Option::is_none) {
        return Ok(found);
    }
    let tenant_id = tenant.record()?.id;
    let except = serde_json::to_string(held)?;
    let except = except.as_str();
    let values = [tenant_id.as_str().into(), millis(before), except.into()];
    let too_old = |customer: &str| {
        format!(
            "created_at < ?2
               AND COALESCE({customer}, '') NOT IN (SELECT value FROM json_each(?3))"
        )
    };
    let drafts = too_old("json_extract(body, '$.customer.id')");
    found.drafts = in_database(tenant, "drafts", &drafts, &values).await?;
    let corrections = too_old("customer_id");
    found.corrections = in_database(tenant, "corrections", &corrections, &values).await?;
    found.drafts.extend(ids(
        tenant,
        "SELECT id FROM drafts WHERE settled_at < ?1 AND visible = 0
           AND COALESCE(json_extract(body, '$.customer.id'), '') NOT IN (
             SELECT value FROM json_each(?2)) LIMIT ?3",
        bind![before, except, AT_ONCE],
    )?);
    found.corrections.extend(on_the_way(
        tenant,
        "payload ->> '$.at' < ? AND COALESCE(payload ->> '$.customer_id', '') NOT IN (
           SELECT value FROM json_each(?))",
        bind![&before.to_rfc3339(), except],
    )?);
    found.corrections.extend(ids(
        tenant,
        "SELECT id FROM corrections WHERE created_at < ?1
           AND COALESCE(customer_id, '') NOT IN (SELECT value FROM json_each(?2)) LIMIT ?3",
        bind![before, except, AT_ONCE],
    )?);
    found.sort();
    Ok(found)
}

/// Deletes drafts and corrections, and everything that was made of their texts; D1 is told to.
fn forget(tenant: &Tenant, found: &Found) -> Outcome<()> {
    let drafts = serde_json::to_string(&found.drafts)?;
    let corrections = serde_json::to_string(&found.corrections)?;
    for statement in OF_DRAFTS {
        tenant.storage.run(statement, bind![&drafts])?;
    }
    for statement in OF_CORRECTIONS {
        tenant.storage.run(statement, bind![&corrections])?;
    }
    for id in &found.corrections {
        memory::forget(tenant, id)?;
    }
    if !found.corrections.is_empty() {
        memory::purge(tenant)?;
    }
    for id in &found.drafts {
        memory::forget_handled(tenant, id)?;
        tenant.touch(id);
    }
    outbox::put(
        tenant,
        "erase_drafts",
        &Gone {
            drafts: drafts.clone(),
            corrections: corrections.clone(),
        },
    )?;
    outbox::put(
        tenant,
        "erase_corrections",
        &Gone {
            drafts,
            corrections,
        },
    )
}

/// Everything in the object that holds a text of these drafts, or was answered with one.
const OF_DRAFTS: &[&str] = &[
    "DELETE FROM idempotency WHERE json_valid(answer)
       AND json_extract(answer, '$.id') IN (SELECT value FROM json_each(?))",
    "DELETE FROM verdicts WHERE draft_id IN (SELECT value FROM json_each(?))",
    "DELETE FROM deliveries WHERE about IN (SELECT value FROM json_each(?))",
    "DELETE FROM shown WHERE draft_id IN (SELECT value FROM json_each(?))",
    "DELETE FROM notes WHERE draft_id IN (SELECT value FROM json_each(?))",
    "DELETE FROM second_looks WHERE draft_id IN (SELECT value FROM json_each(?))",
    "DELETE FROM outbox WHERE kind = 'draft' AND kind <> 'audit'
       AND json_extract(payload, '$.id') IN (SELECT value FROM json_each(?))",
    "DELETE FROM drafts WHERE id IN (SELECT value FROM json_each(?))",
];

/// The same of a customer's known-bad drafts.
const OF_SEEDS: &[&str] = &[
    "DELETE FROM idempotency WHERE json_valid(answer) AND json_extract(answer, '$.made') IN
       (SELECT id FROM seeds WHERE json_extract(draft, '$.customer.id') = ?)",
    "DELETE FROM seeds WHERE json_extract(draft, '$.customer.id') = ?",
];

/// The same of these corrections, and answers that quoted one as an example: looked for in each answer once, since
/// there may be a million of them.
const OF_CORRECTIONS: &[&str] = &[
    "DELETE FROM idempotency WHERE instr(answer, '\"examples\":[{') > 0 AND EXISTS (
       SELECT 1 FROM json_each(answer, '$.examples')
       WHERE value ->> 'id' IN (SELECT value FROM json_each(?)))",
    "DELETE FROM outbox WHERE kind IN ('correction', 'correction_change') AND kind <> 'audit'
       AND json_extract(payload, '$.id') IN (SELECT value FROM json_each(?))",
];

/// Says of each draft that its texts are gone.
fn tell_each(tenant: &Tenant, found: &Found, event: Event, by: &Actor, now: Millis) -> Outcome<()> {
    found
        .drafts
        .iter()
        .try_for_each(|id| tenant.log(now, event, by.clone(), Some(id), []))
}

/// Rows of the tenant in D1 that a condition finds, but for those that D1 is already told to delete.
async fn in_database(
    tenant: &Tenant,
    table: &str,
    condition: &str,
    values: &[JsValue],
) -> Outcome<Vec<String>> {
    let told = serde_json::to_string(&archive::Erased::now(&tenant.storage)?)?;
    let query = format!(
        "SELECT id FROM {table} WHERE tenant_id = ?1 AND {condition}
           AND id NOT IN (SELECT value FROM json_each(?{})) LIMIT {AT_ONCE}",
        values.len().saturating_add(1)
    );
    let values = [values, &[told.into()]].concat();
    let database = tenant.env.d1(DATABASE)?;
    let rows = database.prepare(query).bind(&values)?.rows::<Id>().await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Corrections that D1 has yet to get: those that teach nothing are nowhere else.
fn on_the_way(
    tenant: &Tenant,
    condition: &str,
    values: &[crate::storage::Bind<'_>],
) -> Outcome<Vec<String>> {
    let query = format!(
        "SELECT payload ->> 'id' FROM outbox
         WHERE kind = 'correction' AND kind <> 'audit' AND {condition} LIMIT {AT_ONCE}"
    );
    ids(tenant, &query, values)
}

fn ids(tenant: &Tenant, query: &str, values: &[crate::storage::Bind<'_>]) -> Outcome<Vec<String>> {
    tenant.storage.values(query, values)
}

fn count(ids: &[String]) -> u32 {
    u32::try_from(ids.len()).unwrap_or(u32::MAX)
}

impl Found {
    /// Whether there may be more of them.
    fn is_full(&self) -> bool {
        count(&self.drafts).max(count(&self.corrections)) >= AT_ONCE
    }

    /// What is here and in D1 counts once.
    fn sort(&mut self) {
        for ids in [&mut self.drafts, &mut self.corrections] {
            order::by(ids, Ord::cmp);
            ids.dedup();
        }
    }
}
