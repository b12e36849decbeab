//! The way to D1: rows in order, in batches that may be repeated. It must not lose a row: one goes
//! only when D1 has said that it has it.

use super::{OutboxState, Row};
use crate::checkpoints::TileNode;
use crate::corrections::{self, Change, Correction, Standing};
use crate::erasure::Gone;
use crate::log::Leaf;
use crate::policies::PolicyRow;
use crate::problem::{Outcome, describe};
use crate::storage::parsed;
use crate::stored::Settled;
use crate::tenant::Tenant;
use crate::tenants::{DATABASE, millis};
use crate::{archive, bind};
use countersign_policy::day::week;
use countersign_policy::time::Millis;
use countersign_policy::trust::CountsRow;
use wasm_bindgen::JsValue;
use worker::{D1Database, D1PreparedStatement};

/// Rows of one batch: a tenth of what one D1 batch may take, so that it stays well below its 30 s.
const BATCH_ROWS: u32 = 100;
/// The first row waits this long for company, so that one batch carries the traces of a request.
const GATHER_MS: u64 = 100;
/// Waits after 1, 2, 3 … failures; the last one repeats.
const BACKOFF_MS: [u64; 6] = [500, 1_000, 2_000, 5_000, 15_000, 30_000];

/// Sends what waits. A failure changes nothing but when it is tried again.
pub async fn fill(tenant: &Tenant, now: Millis) {
    match send(tenant, now).await {
        Ok(()) => {}
        Err(problem) => worker::console_error!("the outbox stays: {}", problem.code.name()),
    }
}

async fn send(tenant: &Tenant, now: Millis) -> Outcome<()> {
    let Some(state) = tenant
        .storage
        .first::<OutboxState>("SELECT next_at, failures FROM outbox_state", bind![])?
    else {
        return Ok(());
    };
    if Millis(state.next_at) > now {
        return Ok(());
    }
    loop {
        let rows = tenant.storage.rows::<Row>(
            "SELECT number, kind, payload FROM outbox WHERE broken_at IS NULL
             ORDER BY number LIMIT ?",
            bind![BATCH_ROWS],
        )?;
        let Some(last) = rows.last().map(|row| row.number) else {
            // D1 has everything that this object knows.
            archive::clear_out(tenant, now)?;
            break;
        };
        let tenant_id = tenant.record()?.id;
        let database = tenant.env.d1(DATABASE)?;
        let statements = statements(tenant, &database, &tenant_id, &rows, now)?;
        match write(&database, statements).await {
            // Numbers only rise and nothing else deletes, so this removes what was sent.
            Ok(()) => tenant.storage.run(
                "DELETE FROM outbox WHERE number <= ? AND broken_at IS NULL",
                bind![last],
            )?,
            Err(error) => return wait_after_failure(tenant, now, state.failures, &error),
        }
    }
    tenant.storage.run(
        "UPDATE outbox_state SET failures = 0, next_at = ?",
        bind![now.plus(GATHER_MS)],
    )
}

fn wait_after_failure(
    tenant: &Tenant,
    now: Millis,
    failures: u32,
    error: &worker::Error,
) -> Outcome<()> {
    worker::console_error!("D1 did not take the batch: {}", describe(error));
    let index = usize::try_from(failures).unwrap_or(usize::MAX);
    let wait_ms = BACKOFF_MS
        .get(index)
        .or(BACKOFF_MS.last())
        .copied()
        .unwrap_or(30_000);
    tenant.storage.run(
        "UPDATE outbox_state SET failures = ?, next_at = ?",
        bind![failures.saturating_add(1), now.plus(wait_ms)],
    )
}

/// A statement for each row. One that can't be read can never be sent: it is set aside, so that it
/// does not hold up the rest.
fn statements(
    tenant: &Tenant,
    database: &D1Database,
    tenant_id: &str,
    rows: &[Row],
    now: Millis,
) -> Outcome<Vec<D1PreparedStatement>> {
    let mut statements = Vec::new();
    for row in rows {
        match statement(database, tenant_id, row) {
            Ok(statement) => statements.push(statement),
            Err(error) => {
                worker::console_error!("outbox row {} is broken: {}", row.number, describe(&error));
                tenant.storage.run(
                    "UPDATE outbox SET broken_at = ? WHERE number = ?",
                    bind![now, row.number],
                )?;
            }
        }
    }
    Ok(statements)
}

/// One batch is one transaction of D1; each statement may be repeated.
async fn write(database: &D1Database, statements: Vec<D1PreparedStatement>) -> worker::Result<()> {
    if statements.is_empty() {
        return Ok(());
    }
    for result in database.batch(statements).await? {
        if let Some(error) = result.error() {
            return Err(worker::Error::from(error));
        }
    }
    Ok(())
}

fn statement(
    database: &D1Database,
    tenant: &str,
    row: &Row,
) -> worker::Result<D1PreparedStatement> {
    match row.kind.as_str() {
        "erase_drafts" => erase(
            database,
            tenant,
            "drafts",
            &parsed::<Gone>(&row.payload)?.drafts,
        ),
        "erase_corrections" => erase(
            database,
            tenant,
            "corrections",
            &parsed::<Gone>(&row.payload)?.corrections,
        ),
        "audit" => audit(database, tenant, &parsed(&row.payload)?),
        "audit_tile" => audit_tile(database, tenant, &parsed(&row.payload)?),
        "correction" => correction(database, tenant, &parsed(&row.payload)?),
        "correction_change" => correction_change(database, tenant, &parsed(&row.payload)?),
        "draft" => draft(database, tenant, &parsed(&row.payload)?),
        "policy" => policy(database, tenant, &parsed(&row.payload)?),
        "trust" => trust(database, tenant, &parsed(&row.payload)?),
        other => Err(worker::Error::from(format!("unknown kind `{other}`"))),
    }
}

fn audit(database: &D1Database, tenant: &str, leaf: &Leaf) -> worker::Result<D1PreparedStatement> {
    database
        .prepare(
            "INSERT INTO audit (tenant_id, seq, at_ms, event, about, entry, leaf_hash)
             VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(&[
            tenant.into(),
            millis(Millis(leaf.seq)),
            millis(Millis(leaf.at_ms)),
            leaf.event.as_str().into(),
            optional(leaf.about.as_deref()),
            leaf.entry.as_str().into(),
            leaf.leaf_hash.as_str().into(),
        ])
}

fn erase(
    database: &D1Database,
    tenant: &str,
    table: &str,
    ids: &str,
) -> worker::Result<D1PreparedStatement> {
    let statement = format!(
        "DELETE FROM {table} WHERE tenant_id = ? AND id IN (SELECT value FROM json_each(?))"
    );
    database
        .prepare(statement)
        .bind(&[tenant.into(), ids.into()])
}

fn audit_tile(
    database: &D1Database,
    tenant: &str,
    node: &TileNode,
) -> worker::Result<D1PreparedStatement> {
    database
        .prepare(
            "INSERT INTO audit_tiles (tenant_id, level, idx, hash) VALUES (?, ?, ?, ?)
             ON CONFLICT DO NOTHING",
        )
        .bind(&[
            tenant.into(),
            node.level.into(),
            millis(Millis(node.idx)),
            node.hash.as_str().into(),
        ])
}

fn correction(
    database: &D1Database,
    tenant: &str,
    correction: &Correction,
) -> worker::Result<D1PreparedStatement> {
    database
        .prepare(
            "INSERT INTO corrections (tenant_id, id, draft_id, agent, category, action, message, draft,
               corrected, edit_kind, edit_kind_found, lesson, one_off, injection, customer_id,
               customer_name, reviewer, created_at, duplicate_of)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(&[
            tenant.into(),
            correction.id.as_str().into(),
            correction.draft_id.as_str().into(),
            optional(correction.agent.as_deref()),
            optional(correction.category.as_deref()),
            optional(correction.action.as_deref()),
            correction.message.as_str().into(),
            correction.draft.as_str().into(),
            correction.corrected.as_str().into(),
            correction.edit_kind_name().into(),
            optional(correction.edit_kind_found.map(corrections::name_of)),
            optional(correction.lesson.as_deref()),
            u32::from(correction.one_off).into(),
            u32::from(correction.injection).into(),
            optional(correction.customer_id.as_deref()),
            optional(correction.customer_name.as_deref()),
            correction.reviewer.as_str().into(),
            millis(correction.at),
            optional(correction.standing.duplicate_of.as_deref()),
        ])
}

/// Absolute values, so that it can be repeated; what is not said stays.
fn correction_change(
    database: &D1Database,
    tenant: &str,
    change: &Change,
) -> worker::Result<D1PreparedStatement> {
    let standing = change.standing.as_ref();
    let count = |of: fn(&Standing) -> u32| standing.map_or(JsValue::NULL, |now| of(now).into());
    let retired_at = standing.and_then(|standing| standing.retired_at);
    database
        .prepare(
            "UPDATE corrections SET
               duplicate_of = COALESCE(?, duplicate_of),
               agreements = COALESCE(?, agreements),
               contradictions = COALESCE(?, contradictions),
               used = COALESCE(?, used),
               helped = COALESCE(?, helped),
               retired_at = COALESCE(?, retired_at),
               vector = COALESCE(unhex(?), vector)
             WHERE tenant_id = ? AND id = ?",
        )
        .bind(&[
            optional(standing.and_then(|standing| standing.duplicate_of.as_deref())),
            count(|now| now.agreements),
            count(|now| now.contradictions),
            count(|now| now.used),
            count(|now| now.helped),
            retired_at.map_or(JsValue::NULL, millis),
            optional(change.vector.as_deref()),
            tenant.into(),
            change.id.as_str().into(),
        ])
}

fn draft(
    database: &D1Database,
    tenant: &str,
    row: &Settled,
) -> worker::Result<D1PreparedStatement> {
    database
        .prepare(
            "INSERT INTO drafts (tenant_id, id, version, status, conversation_id, category, agent,
               created_at, settled_at, policy_version, body, salt, situation, decision, verdict,
               look, key_id, entry, shadow)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (tenant_id, id) DO UPDATE SET version = excluded.version,
               status = excluded.status, settled_at = excluded.settled_at,
               verdict = excluded.verdict, look = excluded.look, entry = excluded.entry
             WHERE excluded.version > drafts.version",
        )
        .bind(&[
            tenant.into(),
            row.id.as_str().into(),
            row.version.into(),
            row.status.name().into(),
            row.conversation_id.as_str().into(),
            optional(row.category.as_deref()),
            row.agent.as_str().into(),
            millis(row.created_at),
            millis(row.settled_at),
            row.policy_version.into(),
            row.body.as_str().into(),
            row.salt.as_str().into(),
            row.situation.as_str().into(),
            row.decision.as_str().into(),
            optional(row.verdict.as_deref()),
            optional(row.look.as_deref()),
            optional(row.key_id.as_deref()),
            optional(row.entry.as_deref()),
            u32::from(row.shadow).into(),
        ])
}

fn policy(
    database: &D1Database,
    tenant: &str,
    row: &PolicyRow,
) -> worker::Result<D1PreparedStatement> {
    database
        .prepare(
            "INSERT INTO policies (tenant_id, version, document, author, reason, created_at)
             VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(&[
            tenant.into(),
            row.version.into(),
            row.document.as_str().into(),
            row.author.as_str().into(),
            row.reason.as_str().into(),
            millis(Millis(row.created_at)),
        ])
}

/// A week's counts as they stand; what comes later in the outbox is newer.
fn trust(
    database: &D1Database,
    tenant: &str,
    row: &CountsRow,
) -> worker::Result<D1PreparedStatement> {
    database
        .prepare(
            "INSERT INTO trust (tenant_id, category, week, agent, agent_version, level, counts)
             VALUES (?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET counts = excluded.counts",
        )
        .bind(&[
            tenant.into(),
            row.key.category.as_str().into(),
            week(row.key.monday).into(),
            row.key.agent.as_str().into(),
            row.key.agent_version.as_str().into(),
            u32::from(row.key.level.number()).into(),
            serde_json::to_string(&row.counts)?.into(),
        ])
}

fn optional(text: Option<&str>) -> JsValue {
    text.map_or(JsValue::NULL, JsValue::from_str)
}
