//! What a tenant takes along and what is left when it goes: all its data as a file, and its deletion
//! with a receipt. It must not delete a tenant whose receipt is not written.

use crate::archive::Erased;
use crate::call::{self, Answer};
use crate::checkpoints::{self, CheckpointView};
use crate::d1::{DATABASE, Rows, millis};
use crate::problem::{Outcome, Problem};
use crate::storage::{Storage, parsed};
use crate::tenant::Tenant;
use crate::tenants::{tell, told};
use crate::{bind, clock, holds, live, schema};
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use futures_util::stream;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::rc::Rc;
use worker::{D1Database, Env, Response};

/// Rows of one read of the object: at most 25 MiB of bodies.
const PAGE_ROWS: u32 = 100;
/// Bytes of one read of D1, and rows of it: 2 GB with as many queries as D1 takes of a request (1,000).
const PAGE_BYTES: u32 = 2_000_000;
const PAGE_ROWS_MAX: u32 = 5_000;
/// Rows that D1 deletes at once: well below the 30 s that it gives a statement.
const DELETED_AT_ONCE: u32 = 5_000;

/// What D1 has of a tenant, by what tells its rows apart, and which of its columns are long.
const IN_DATABASE: [(&str, &str, &[&str]); 5] = [
    (
        "drafts",
        "id",
        &["body", "situation", "decision", "verdict", "look", "entry"],
    ),
    (
        "corrections",
        "id",
        &["message", "draft", "corrected", "vector"],
    ),
    ("policies", "version", &["document"]),
    (
        "trust",
        "category, week, agent, agent_version, level",
        &["counts"],
    ),
    ("audit", "seq", &["entry"]),
];

/// What the object has of it, without a secret or the hash of one; a row has its place beside it.
const IN_OBJECT: [(&str, &str); 21] = [
    (
        "tenant",
        "SELECT rowid AS place, id, name, policy_version, created_at, texts_days, answers_days FROM tenant",
    ),
    (
        "people",
        "SELECT rowid AS place, id, mail, name, role, created_at FROM people",
    ),
    (
        "keys",
        "SELECT rowid AS place, id, kind, name, callback_hosts, grant_text, created_at, used_at, revoked_at FROM keys",
    ),
    ("key_holders", "SELECT rowid AS place, * FROM key_holders"),
    ("levels", "SELECT rowid AS place, * FROM levels"),
    (
        "open_drafts",
        "SELECT rowid AS place, * FROM drafts WHERE settled_at IS NULL OR visible = 1",
    ),
    (
        "conversations",
        "SELECT rowid AS place, * FROM conversations",
    ),
    ("stops", "SELECT rowid AS place, * FROM stops"),
    ("stop_changes", "SELECT rowid AS place, * FROM stop_changes"),
    ("shadows", "SELECT rowid AS place, * FROM shadows"),
    ("proposals", "SELECT rowid AS place, * FROM proposals"),
    (
        "level_changes",
        "SELECT rowid AS place, * FROM level_changes",
    ),
    (
        "webhooks",
        "SELECT rowid AS place, id, url, events, masked, created_at, disabled_at FROM webhooks",
    ),
    ("holds", "SELECT rowid AS place, * FROM holds"),
    ("seeds", "SELECT rowid AS place, * FROM seeds"),
    ("seeds_ended", "SELECT rowid AS place, * FROM seeds_ended"),
    ("notes", "SELECT rowid AS place, * FROM notes"),
    ("rota", "SELECT rowid AS place, * FROM rota"),
    ("accounts", "SELECT rowid AS place, * FROM accounts"),
    (
        "waiting_policy",
        "SELECT rowid AS place, * FROM waiting_policy",
    ),
    (
        "on_the_way_to_d1",
        "SELECT rowid AS place, kind, payload FROM outbox",
    ),
];

/// `DELETE /v1/tenants/{id}`.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Receipt {
    /// The tenant that was.
    tenant_id: String,
    /// When it was deleted.
    deleted_at: Millis,
    /// Entries that its log had.
    size: u64,
    /// Their Merkle tree hash.
    root: String,
    /// The last checkpoint: with it an export that was kept can still be verified.
    checkpoint: String,
    /// The key that opens it.
    key: String,
}

#[derive(Deserialize)]
struct Kept {
    receipt: String,
}

/// Lines of a table, and the place of the last row; none behind the last row of all.
type Page = (String, Option<String>);

/// `GET /v1/export`: a line for each row, `{"table": …, "row": …}`. It is read a page at a time: a tenant may be
/// larger than an object's memory.
pub fn export(tenant: &Tenant) -> Outcome<Response> {
    let tenant_id = tenant.record()?.id;
    let (storage, database) = (tenant.storage.clone(), Rc::new(tenant.env.d1(DATABASE)?));
    // First what the object has, then what D1 has, table by table.
    let pages = stream::try_unfold((0_usize, String::new()), move |(step, after)| {
        let (storage, database) = (storage.clone(), database.clone());
        let tenant_id = tenant_id.clone();
        async move {
            let index = step.saturating_sub(IN_OBJECT.len());
            let page = match (IN_OBJECT.get(step), IN_DATABASE.get(index)) {
                (Some(table), _) => of_object(&storage, table, &after),
                (None, Some(table)) => {
                    of_database(&storage, &database, table, (&tenant_id, &after)).await
                }
                (None, None) => return Ok(None),
            };
            let (text, last) = page.map_err(broken)?;
            let next = last.map_or((step.saturating_add(1), String::new()), |last| (step, last));
            Ok::<_, worker::Error>(Some((text.into_bytes(), next)))
        }
    });
    call::lines("tenant", Box::pin(pages))
}

fn of_object(storage: &Storage, (name, query): &(&str, &str), after: &str) -> Outcome<Page> {
    let query =
        format!("SELECT * FROM ({query}) WHERE place > CAST(? AS INTEGER) ORDER BY place LIMIT ?");
    let rows = storage.rows::<Value>(&query, bind![after, PAGE_ROWS])?;
    Ok(lines(name, rows, |_| true))
}

/// Without what is erased by now.
async fn of_database(
    storage: &Storage,
    database: &D1Database,
    (table, keys, long): &(&str, &str, &[&str]),
    (tenant_id, after): (&str, &str),
) -> Outcome<Page> {
    let mut values = vec![tenant_id.into(), PAGE_ROWS_MAX.into(), PAGE_BYTES.into()];
    let mut beyond = String::new();
    if !after.is_empty() {
        values.push(after.into());
        let places = (0..keys.split(',').count()).map(|place| format!("?4 ->> {place}"));
        let places: Vec<String> = places.collect();
        beyond = format!("AND ({keys}) > ({})", places.join(", "));
    }
    let size: Vec<String> = long
        .iter()
        .map(|column| format!("COALESCE(octet_length({column}), 0)"))
        .collect();
    let size = size.join(" + ");
    // By its key: the rows of one tenant lie side by side there. Sizes first, as for the outbox.
    let query = format!(
        "SELECT json_array({keys}) AS place, * FROM {table} WHERE rowid IN (
           SELECT row FROM (
             SELECT row, size, SUM(size) OVER (ORDER BY {keys}) AS total FROM (
               SELECT rowid AS row, {keys}, {size} AS size FROM {table}
               WHERE tenant_id = ?1 {beyond} ORDER BY {keys} LIMIT ?2))
           WHERE total <= ?3 OR total = size)
         ORDER BY {keys}"
    );
    let erased = Erased::now(storage)?;
    let rows = database.prepare(&query).bind(&values)?;
    let rows = rows.rows::<Value>().await?;
    let erased = erased.and_now(storage)?;
    Ok(lines(table, rows, |row| {
        let id = row.get("id").and_then(Value::as_str);
        !id.is_some_and(|id| erased.holds(id))
    }))
}

fn lines(table: &str, rows: Vec<Value>, shown: impl Fn(&Value) -> bool) -> Page {
    let mut last = None;
    let mut text = String::new();
    for mut row in rows {
        let place = row.as_object_mut().and_then(|row| row.remove("place"));
        last = place.map(|place| match place {
            Value::String(place) => place,
            place => place.to_string(),
        });
        if shown(&row) {
            text.push_str(&format!("{}\n", json!({ "table": table, "row": row })));
        }
    }
    (text, last)
}

fn broken(problem: Problem) -> worker::Error {
    worker::Error::from(problem.code.name())
}

/// `DELETE /v1/tenants/{id}`: writes the receipt, then forgets the object, then D1. It can be asked
/// again and goes on where it broke off; the receipt stays the same. A legal hold keeps all of it.
pub async fn delete(env: &Env, tenant: &str) -> Outcome<Response> {
    let database = env.d1(DATABASE)?;
    let kept = receipt(&database, tenant).await?;
    let receipt = match kept {
        Some(receipt) => receipt,
        None => write_receipt(env, &database, tenant).await?,
    };

    tell(env, tenant, "forget", &()).await?;
    for table in IN_DATABASE
        .map(|(table, ..)| table)
        .into_iter()
        .chain(["audit_tiles"])
    {
        delete_all(&database, table, tenant).await?;
    }
    let registry = database.prepare("DELETE FROM tenants WHERE id = ?");
    registry.bind(&[tenant.into()])?.done().await?;
    Ok(Answer::json(200, &receipt)?.response()?)
}

/// Deletes a tenant's rows a few at a time: what is gone stays gone where it breaks off.
async fn delete_all(database: &D1Database, table: &str, tenant: &str) -> Outcome<()> {
    let query = format!(
        "DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} WHERE tenant_id = ? LIMIT ?)
         RETURNING 1"
    );
    let values = [tenant.into(), DELETED_AT_ONCE.into()];
    let some = database.prepare(&query).bind(&values)?;
    while !some.rows::<IgnoredAny>().await?.is_empty() {}
    Ok(())
}

async fn receipt(database: &D1Database, tenant: &str) -> Outcome<Option<Receipt>> {
    let row = database
        .prepare("SELECT receipt FROM deletions WHERE tenant_id = ?")
        .bind(&[tenant.into()])?
        .first_row::<Kept>()
        .await?;
    Ok(row.map(|row| parsed(&row.receipt)).transpose()?)
}

async fn write_receipt(env: &Env, database: &D1Database, tenant: &str) -> Outcome<Receipt> {
    let known = database
        .prepare("SELECT id FROM tenants WHERE id = ?")
        .bind(&[tenant.into()])?
        .first_row::<Value>()
        .await?;
    if known.is_none() {
        return Err(Problem::from(Code::NotFound));
    }
    let held: Vec<Option<String>> = told(env, tenant, "holds").await?;
    if !held.is_empty() {
        return Err(Problem::from(Code::OnHold));
    }
    let last: CheckpointView = told(env, tenant, "checkpoint").await?;
    let receipt = Receipt {
        tenant_id: tenant.to_owned(),
        deleted_at: clock::now(),
        size: last.size,
        root: last.root,
        checkpoint: last.checkpoint,
        key: last.key,
    };
    let values = [
        tenant.into(),
        serde_json::to_string(&receipt)?.into(),
        millis(receipt.deleted_at),
    ];
    database
        .prepare("INSERT INTO deletions (tenant_id, receipt, deleted_at) VALUES (?, ?, ?)")
        .bind(&values)?
        .done()
        .await?;
    Ok(receipt)
}

/// What the registry asks a tenant's object of its own going.
pub async fn obey(tenant: &Tenant, order: &str) -> Option<Outcome<Answer>> {
    match order {
        "checkpoint" => Some(match checkpoints::statement(tenant).await {
            Ok(view) => Answer::json(200, &view),
            Err(problem) => Err(problem),
        }),
        "holds" => Some(holds::held(tenant).and_then(|held| Answer::json(200, &held))),
        "forget" => Some(forget(tenant).await),
        _ => None,
    }
}

/// Empties the object.
async fn forget(tenant: &Tenant) -> Outcome<Answer> {
    live::close_all(tenant);
    let storage = tenant.state.storage();
    storage.delete_alarm().await?;
    storage.delete_all().await?;
    tenant.held.forget_all(&tenant.env);
    tenant.forget();
    // A request that comes after finds empty tables, and so no key of its own.
    schema::migrate(&tenant.storage)?;
    Ok(Answer::empty())
}
