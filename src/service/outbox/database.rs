//! The way to D1: rows in order, in batches that may be repeated. It must not lose a row: one goes
//! only when D1 has said that it has it, and one that D1 refuses is set aside for a lead to see.

use super::{OutboxState, Row};
use crate::archive::Settled;
use crate::corrections::{self, Change, Correction, Standing};
use crate::erasure::Gone;
use crate::policies::PolicyRow;
use crate::problem::{Outcome, describe};
use crate::storage::parsed;
use crate::tenant::{Tenant, system};
use crate::tenants::{DATABASE, millis};
use crate::{archive, bind, log, random};
use countersign_policy::copy::{suspects_a_row, wait_ms};
use countersign_policy::day::week;
use countersign_policy::log::Event;
use countersign_policy::time::Millis;
use countersign_policy::trust::CountsRow;
use wasm_bindgen::JsValue;
use worker::{D1Database, D1PreparedStatement};

/// Rows of one batch: a fifth of what one D1 batch may take, so that it stays well below its 30 s.
const BATCH_ROWS: u32 = 200;
/// Bytes of one batch: half of what one text may hold, since leaves travel in one.
const BATCH_BYTES: usize = 1_000_000;
/// Batches of one alarm, some two seconds: webhooks and whatever else falls due wait for it, and where drafts come
/// all the time the outbox is never empty.
const BATCHES_MAX: u32 = 20;
/// The first row waits this long for company, so that one batch carries the traces of a request.
const GATHER_MS: u64 = 250;

/// Kinds of which there are many: all of a batch in one statement. `?2` is a JSON list of them.
const MANY: [(&str, &str); 2] = [
    (
        "audit",
        "INSERT INTO audit (tenant_id, seq, at_ms, event, about, entry, leaf_hash)
         SELECT ?1, value->>'seq', value->>'at_ms', value->>'event', value->>'about',
           value->>'entry', value->>'leaf_hash' FROM json_each(?2) WHERE TRUE
         ON CONFLICT DO NOTHING",
    ),
    (
        "audit_tile",
        "INSERT INTO audit_tiles (tenant_id, level, idx, hash)
         SELECT ?1, value->>'level', value->>'idx', value->>'hash' FROM json_each(?2) WHERE TRUE
         ON CONFLICT DO NOTHING",
    ),
];

/// Where the rows go.
struct Copy {
    database: D1Database,
    tenant_id: String,
}

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
    for _ in 0..BATCHES_MAX {
        let rows = waiting(tenant)?;
        let Some(last) = rows.last().map(|row| row.number) else {
            break;
        };
        let copy = Copy {
            database: tenant.env.d1(DATABASE)?,
            tenant_id: tenant.record()?.id,
        };
        let sent = match suspects_a_row(state.failures) {
            true => one_by_one(tenant, &copy, &rows, now).await?,
            false => copy.write(&rows).await,
        };
        match sent {
            // Numbers only rise, so this removes what was sent and nothing else.
            Ok(()) => tenant.storage.run(
                "DELETE FROM outbox WHERE number <= ? AND broken_at IS NULL",
                bind![last],
            )?,
            Err(error) => return wait_after_failure(tenant, now, state.failures, &error),
        }
    }
    archive::clear_out(tenant, now)?;
    tenant.storage.run(
        "UPDATE outbox_state SET failures = 0, next_at = ?",
        bind![now.plus(GATHER_MS)],
    )
}

/// The rows of the next batch, in order.
fn waiting(tenant: &Tenant) -> Outcome<Vec<Row>> {
    let rows = tenant.storage.rows::<Row>(
        "SELECT number, kind, payload FROM outbox WHERE broken_at IS NULL
         ORDER BY number LIMIT ?",
        bind![BATCH_ROWS],
    )?;
    let mut bytes = 0_usize;
    let fits = |row: &Row| {
        let first = bytes == 0;
        bytes = bytes.saturating_add(row.payload.len());
        first || bytes <= BATCH_BYTES
    };
    Ok(rows.into_iter().take_while(fits).collect())
}

fn wait_after_failure(
    tenant: &Tenant,
    now: Millis,
    failures: u32,
    error: &worker::Error,
) -> Outcome<()> {
    worker::console_error!("D1 did not take the batch: {}", describe(error));
    let failures = failures.saturating_add(1);
    let draw = u32::from_be_bytes(random::bytes()?);
    tenant.storage.run(
        "UPDATE outbox_state SET failures = ?, next_at = ?",
        bind![failures, now.plus(wait_ms(failures, draw))],
    )
}

/// After batches failed: each row alone. One that is refused twice, while D1 takes a write that changes
/// nothing, is set aside; where it takes none, it is away, and everything waits.
async fn one_by_one(
    tenant: &Tenant,
    copy: &Copy,
    rows: &[Row],
    now: Millis,
) -> Outcome<worker::Result<()>> {
    for row in rows {
        let one = std::slice::from_ref(row);
        if copy.write(one).await.is_ok() {
            continue;
        }
        if let Err(error) = copy.touch().await {
            return Ok(Err(error));
        }
        if let Err(error) = copy.write(one).await {
            set_aside(tenant, row, &error, now)?;
        }
    }
    Ok(Ok(()))
}

/// A row that can't be sent stays where a lead sees it, and holds up nothing.
fn set_aside(tenant: &Tenant, row: &Row, error: &worker::Error, now: Millis) -> Outcome<()> {
    let error = describe(error);
    worker::console_error!("outbox row {} is set aside: {error}", row.number);
    tenant.transaction(|| {
        tenant.storage.run(
            "UPDATE outbox SET broken_at = ?, error = ? WHERE number = ?",
            bind![now, &error, row.number],
        )?;
        let facts = [
            ("kind", row.kind.clone().into()),
            ("number", row.number.into()),
        ];
        log::append(tenant, now, Event::CopySetAside, system(), None, facts)
    })
}

impl Copy {
    /// Writes rows in one batch, which is one transaction of D1; each may be repeated.
    async fn write(&self, rows: &[Row]) -> worker::Result<()> {
        let mut statements = Vec::new();
        for (kind, statement) in MANY {
            let payloads = rows.iter().filter(|row| row.kind == kind);
            let payloads: Vec<&str> = payloads.map(|row| row.payload.as_str()).collect();
            if !payloads.is_empty() {
                let list = format!("[{}]", payloads.join(","));
                let values = [self.tenant_id.as_str().into(), list.into()];
                statements.push(self.database.prepare(statement).bind(&values)?);
            }
        }
        let single = |row: &&Row| MANY.iter().all(|(kind, _)| row.kind != *kind);
        for row in rows.iter().filter(single) {
            statements.push(statement(&self.database, &self.tenant_id, row)?);
        }
        self.batch(statements).await
    }

    /// Whether D1 takes writes: one that changes nothing.
    async fn touch(&self) -> worker::Result<()> {
        let statement = "UPDATE tenants SET id = id WHERE id = ?";
        let statement = self.database.prepare(statement);
        let statement = statement.bind(&[self.tenant_id.as_str().into()])?;
        self.batch(vec![statement]).await
    }

    async fn batch(&self, statements: Vec<D1PreparedStatement>) -> worker::Result<()> {
        for result in self.database.batch(statements).await? {
            if let Some(error) = result.error() {
                return Err(worker::Error::from(error));
            }
        }
        Ok(())
    }
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
        "correction" => correction(database, tenant, &parsed(&row.payload)?),
        "correction_change" => correction_change(database, tenant, &parsed(&row.payload)?),
        "draft" => draft(database, tenant, &parsed(&row.payload)?),
        "policy" => policy(database, tenant, &parsed(&row.payload)?),
        "trust" => trust(database, tenant, &parsed(&row.payload)?),
        other => Err(worker::Error::from(format!("unknown kind `{other}`"))),
    }
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
