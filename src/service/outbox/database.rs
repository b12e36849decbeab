//! The way to D1: rows in order, in batches that may be repeated. It must not lose a row: one goes
//! only when D1 has said that it has it, and one that D1 refuses is set aside for a lead to see, with
//! what changes the same thing after it.

use super::{OutboxState, Row};
use crate::d1::DATABASE;
use crate::problem::{Outcome, describe};
use crate::tenant::{Tenant, system};
use crate::{archive, bind, random};
use countersign_policy::copy::{suspects_a_row, wait_ms};
use countersign_policy::log::Event;
use countersign_policy::time::Millis;
use std::cell::Cell;
use worker::{D1Database, D1PreparedStatement};

/// Rows of one batch: a fifth of what one D1 batch may take, so that it stays well below its 30 s.
const BATCH_ROWS: u32 = 200;
/// Bytes of one batch: half of what one text may hold, since leaves travel in one.
const BATCH_BYTES: u32 = 1_000_000;
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

/// All other kinds: a statement for each row, since a later one may change what an earlier one wrote. `?2` is its
/// payload; a time in it is text, and a number here.
const EACH: [(&str, &str); 7] = [
    (
        "draft",
        "INSERT INTO drafts (tenant_id, id, version, status, conversation_id, category, agent,
           created_at, settled_at, policy_version, body, salt, situation, decision, verdict, look,
           key_id, entry, shadow)
         VALUES (?1, ?2->>'id', ?2->>'version', ?2->>'status', ?2->>'conversation_id',
           ?2->>'category', ?2->>'agent',
           CAST(ROUND(unixepoch(?2->>'created_at', 'subsec') * 1000) AS INTEGER),
           CAST(ROUND(unixepoch(?2->>'settled_at', 'subsec') * 1000) AS INTEGER),
           ?2->>'policy_version', ?2->>'body', ?2->>'salt', ?2->>'situation', ?2->>'decision',
           ?2->>'verdict', ?2->>'look', ?2->>'key_id', ?2->>'entry', COALESCE(?2->>'shadow', 0))
         ON CONFLICT (tenant_id, id) DO UPDATE SET version = excluded.version,
           status = excluded.status, settled_at = excluded.settled_at,
           verdict = excluded.verdict, look = excluded.look, entry = excluded.entry
         WHERE excluded.version > drafts.version",
    ),
    (
        "correction",
        "INSERT INTO corrections (tenant_id, id, draft_id, agent, category, action, message, draft,
           corrected, edit_kind, edit_kind_found, lesson, one_off, injection, customer_id,
           customer_name, reviewer, created_at, duplicate_of, contradictions, imported)
         VALUES (?1, ?2->>'id', ?2->>'draft_id', ?2->>'agent', ?2->>'category', ?2->>'action',
           ?2->>'message', ?2->>'draft', ?2->>'corrected', ?2->>'edit_kind',
           ?2->>'edit_kind_found', ?2->>'lesson', ?2->>'one_off', COALESCE(?2->>'injection', 0),
           ?2->>'customer_id', ?2->>'customer_name', ?2->>'reviewer',
           CAST(ROUND(unixepoch(?2->>'at', 'subsec') * 1000) AS INTEGER), ?2->>'duplicate_of',
           COALESCE(?2->>'contradictions', 0), ?2->'imported')
         ON CONFLICT DO NOTHING",
    ),
    // Absolute values, so that it can be repeated; what is not said stays.
    (
        "correction_change",
        "UPDATE corrections SET
           duplicate_of = COALESCE(?2->>'$.standing.duplicate_of', duplicate_of),
           agreements = COALESCE(?2->>'$.standing.agreements', agreements),
           contradictions = COALESCE(?2->>'$.standing.contradictions', contradictions),
           used = COALESCE(?2->>'$.standing.used', used),
           helped = COALESCE(?2->>'$.standing.helped', helped),
           retired_at = COALESCE(CAST(ROUND(
             unixepoch(?2->>'$.standing.retired_at', 'subsec') * 1000) AS INTEGER), retired_at),
           vector = COALESCE(unhex(?2->>'vector'), vector)
         WHERE tenant_id = ?1 AND id = ?2->>'id'",
    ),
    (
        "erase_drafts",
        "DELETE FROM drafts
         WHERE tenant_id = ?1 AND id IN (SELECT value FROM json_each(?2->>'drafts'))",
    ),
    (
        "erase_corrections",
        "DELETE FROM corrections
         WHERE tenant_id = ?1 AND id IN (SELECT value FROM json_each(?2->>'corrections'))",
    ),
    (
        "policy",
        "INSERT INTO policies (tenant_id, version, document, author, reason, created_at)
         VALUES (?1, ?2->>'version', ?2->>'document', ?2->>'author', ?2->>'reason',
           ?2->>'created_at')
         ON CONFLICT DO NOTHING",
    ),
    // A week's counts as they stand; what comes later in the outbox is newer.
    (
        "trust",
        "INSERT INTO trust (tenant_id, category, week, agent, agent_version, level, counts)
         VALUES (?1, ?2->>'category', strftime('%G-W%V', ?2->>'monday' * 86400, 'unixepoch'),
           ?2->>'agent', ?2->>'agent_version', ?2->>'level',
           json_remove(?2, '$.category', '$.monday', '$.agent', '$.agent_version', '$.level'))
         ON CONFLICT DO UPDATE SET counts = excluded.counts",
    ),
];

/// What makes room in D1 and so comes first. What waits of what is erased is gone: `erasure` takes it out.
const ERASURES: &str = "kind IN ('erase_drafts', 'erase_corrections') AND kind <> 'audit'";

/// What a row is about, where others may change it.
const THING: &str =
    "COALESCE(payload ->> 'id', json_array(payload ->> 'category', payload ->> 'monday',
  payload ->> 'agent', payload ->> 'agent_version', payload ->> 'level'))";

/// A version of the service that knows nothing of `behind` replays a row under another number.
const RELEASE: &str = "UPDATE outbox SET broken_at = NULL, behind = NULL
    WHERE broken_at IS NOT NULL AND behind NOT IN (
      SELECT number FROM outbox WHERE broken_at IS NOT NULL AND behind IS NULL)";

/// However long a row stays set aside, one state waits for it: counts take its place, and of a correction's standings
/// the newest stays, beside its vectors.
const ONLY_NEWEST: [&str; 3] = [
    "UPDATE outbox SET payload = newest.payload FROM (
       SELECT behind, payload, MAX(number) FROM outbox
       WHERE broken_at IS NOT NULL AND behind IS NOT NULL AND kind = 'trust' GROUP BY behind) AS newest
     WHERE number = newest.behind",
    "DELETE FROM outbox WHERE broken_at IS NOT NULL AND behind IS NOT NULL AND kind = 'trust'",
    "DELETE FROM outbox WHERE broken_at IS NOT NULL AND behind IS NOT NULL
       AND payload ->> 'vector' IS NULL AND number NOT IN (
         SELECT MAX(number) FROM outbox WHERE broken_at IS NOT NULL AND behind IS NOT NULL
           AND payload ->> 'vector' IS NULL GROUP BY behind)",
];

/// Where the rows go.
struct Copy {
    database: D1Database,
    tenant_id: String,
    /// Whether D1 took any this time.
    took: Cell<bool>,
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
    let copy = Copy {
        database: tenant.env.d1(DATABASE)?,
        tenant_id: tenant.record()?.id,
        took: Cell::default(),
    };
    let mut failures = state.failures;
    tenant.storage.run(RELEASE, bind![])?;
    let mut looked_to = 0;
    for _ in 0..BATCHES_MAX {
        looked_to = hold_back(tenant, looked_to)?;
        let mut rows = waiting(tenant, ERASURES)?;
        if rows.is_empty() {
            rows = waiting(tenant, "TRUE")?;
        }
        if rows.is_empty() {
            break;
        }
        let sent = match suspects_a_row(failures) {
            true => one_by_one(tenant, &copy, &rows, now).await?,
            false => take(tenant, &copy, &rows).await?,
        };
        if let Err(error) = sent {
            wait_after_failure(tenant, now, failures, &error)?;
            // A full D1 takes a few at a time: they leave all the same.
            return match copy.took.get() {
                true => archive::clear_out(tenant, now),
                false => Ok(()),
            };
        }
        failures = 0;
    }
    archive::clear_out(tenant, now)?;
    tenant.storage.run(
        "UPDATE outbox_state SET failures = 0, next_at = ?",
        bind![now.plus(GATHER_MS)],
    )
}

/// The next rows that a condition finds, in order: as many as a batch may hold, and however large it is, the first.
fn waiting(tenant: &Tenant, condition: &str) -> Outcome<Vec<Row>> {
    // Sizes first: 200 drafts of the largest size would be more than an object's memory.
    let query = format!(
        "SELECT number, kind, payload FROM outbox WHERE number IN (
           SELECT number FROM (
             SELECT number, size, SUM(size) OVER (ORDER BY number) AS total FROM (
               SELECT number, octet_length(payload) AS size FROM outbox
               WHERE broken_at IS NULL AND {condition} ORDER BY number LIMIT ?))
           WHERE total <= ? OR total = size) ORDER BY number"
    );
    tenant.storage.rows(&query, bind![BATCH_ROWS, BATCH_BYTES])
}

/// What changes the same thing as a row that is set aside waits behind it: D1 would have nothing to change, or the
/// older state after the newer one. Rows up to `after` have been looked at; it says up to where they now are.
fn hold_back(tenant: &Tenant, after: u64) -> Outcome<u64> {
    let storage = &tenant.storage;
    let newest = storage.value::<Option<u64>>("SELECT MAX(number) FROM outbox", bind![])?;
    let newest = newest.flatten().unwrap_or(after);
    let refused = "broken_at IS NOT NULL AND behind IS NULL
        AND kind IN ('correction', 'correction_change', 'trust')";
    let any = format!("SELECT 1 FROM outbox WHERE {refused}");
    if !storage.finds(&any, bind![])? {
        return Ok(newest);
    }
    let statement = format!(
        "WITH refused AS MATERIALIZED (
           SELECT number, broken_at, {THING} AS thing FROM outbox WHERE {refused})
         UPDATE outbox SET broken_at = refused.broken_at, behind = refused.number FROM refused
         WHERE outbox.number > ? AND outbox.broken_at IS NULL
           AND kind IN ('correction_change', 'trust') AND kind <> 'audit'
           AND outbox.number > refused.number AND {THING} = refused.thing"
    );
    storage.run(&statement, bind![after])?;
    for statement in ONLY_NEWEST {
        storage.run(statement, bind![])?;
    }
    Ok(newest)
}

/// Sends rows as one batch; they go when D1 has them.
async fn take(tenant: &Tenant, copy: &Copy, rows: &[Row]) -> Outcome<worker::Result<()>> {
    if let Err(error) = copy.write(rows).await {
        return Ok(Err(error));
    }
    copy.took.set(true);
    let numbers: Vec<u64> = rows.iter().map(|row| row.number).collect();
    tenant.storage.run(
        "DELETE FROM outbox WHERE number IN (SELECT value FROM json_each(?))",
        bind![&serde_json::to_string(&numbers)?],
    )?;
    Ok(Ok(()))
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

/// After batches failed: each row alone. One that is refused twice, though D1 has room, is set aside; where D1 is
/// away or full, everything waits.
async fn one_by_one(
    tenant: &Tenant,
    copy: &Copy,
    rows: &[Row],
    now: Millis,
) -> Outcome<worker::Result<()>> {
    let waits = "SELECT 1 FROM outbox WHERE number = ? AND broken_at IS NULL";
    for row in rows {
        if !tenant.storage.finds(waits, bind![row.number])? {
            continue;
        }
        let one = std::slice::from_ref(row);
        if take(tenant, copy, one).await?.is_ok() {
            continue;
        }
        if let Err(error) = copy.find_room().await {
            return Ok(Err(error));
        }
        if let Err(error) = take(tenant, copy, one).await? {
            set_aside(tenant, row, &error, now)?;
            hold_back(tenant, row.number)?;
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
        tenant.log(now, Event::CopySetAside, system(), None, facts)
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
        for row in rows {
            if MANY.iter().all(|(kind, _)| row.kind != *kind) {
                statements.push(self.statement(row)?);
            }
        }
        self.batch(statements).await
    }

    fn statement(&self, row: &Row) -> worker::Result<D1PreparedStatement> {
        let known = EACH.iter().find(|(kind, _)| row.kind == *kind);
        let unknown = || worker::Error::from(format!("unknown kind `{}`", row.kind));
        let (_, statement) = known.ok_or_else(unknown)?;
        let values = [self.tenant_id.as_str().into(), row.payload.as_str().into()];
        self.database.prepare(*statement).bind(&values)
    }

    /// Whether D1 has room for a batch: it takes a row as large, which is gone again when its transaction ends.
    async fn find_room(&self) -> worker::Result<()> {
        let insert = "INSERT INTO audit_tiles (tenant_id, level, idx, hash)
                      VALUES (?1, -1, 0, hex(zeroblob(?2 / 2)))";
        let delete = "DELETE FROM audit_tiles WHERE tenant_id = ?1 AND level = -1";
        let tenant_id = || self.tenant_id.as_str().into();
        let insert = self.database.prepare(insert);
        let delete = self.database.prepare(delete);
        self.batch(vec![
            insert.bind(&[tenant_id(), BATCH_BYTES.into()])?,
            delete.bind(&[tenant_id()])?,
        ])
        .await
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
