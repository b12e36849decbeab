//! What a tenant takes along and what is left when it goes: all its data as a file, and its deletion
//! with a receipt. It must not delete a tenant whose receipt is not written.

use crate::archive::Erased;
use crate::call::{self, Answer};
use crate::checkpoints::{self, CheckpointView};
use crate::d1::Rows;
use crate::problem::{Outcome, Problem};
use crate::storage::{Storage, parsed};
use crate::tenant::Tenant;
use crate::tenants::{DATABASE, millis, tell, told};
use crate::{bind, clock, holds, live, schema};
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::rc::Rc;
use worker::{D1Database, Env, Response};

/// Rows of one read: at most 25 MiB of bodies.
const PAGE_ROWS: u32 = 100;

/// What D1 has of a tenant.
const IN_DATABASE: [&str; 5] = ["drafts", "corrections", "policies", "trust", "audit"];

/// What the object has of it, without a secret or the hash of one.
const IN_OBJECT: [(&str, &str); 21] = [
    (
        "tenant",
        "SELECT id, name, policy_version, created_at, texts_days, answers_days FROM tenant",
    ),
    (
        "people",
        "SELECT id, mail, name, role, created_at FROM people",
    ),
    (
        "keys",
        "SELECT id, kind, name, callback_hosts, grant_text, created_at, used_at, revoked_at FROM keys",
    ),
    ("key_holders", "SELECT * FROM key_holders"),
    ("levels", "SELECT * FROM levels"),
    (
        "open_drafts",
        "SELECT * FROM drafts WHERE settled_at IS NULL OR visible = 1",
    ),
    ("conversations", "SELECT * FROM conversations"),
    ("stops", "SELECT * FROM stops"),
    ("stop_changes", "SELECT * FROM stop_changes"),
    ("shadows", "SELECT * FROM shadows"),
    ("proposals", "SELECT * FROM proposals"),
    ("level_changes", "SELECT * FROM level_changes"),
    (
        "webhooks",
        "SELECT id, url, events, masked, created_at, disabled_at FROM webhooks",
    ),
    ("holds", "SELECT * FROM holds"),
    ("seeds", "SELECT * FROM seeds"),
    ("seeds_ended", "SELECT * FROM seeds_ended"),
    ("notes", "SELECT * FROM notes"),
    ("rota", "SELECT * FROM rota"),
    ("accounts", "SELECT * FROM accounts"),
    ("waiting_policy", "SELECT * FROM waiting_policy"),
    (
        "on_the_way_to_d1",
        "SELECT kind, payload FROM outbox ORDER BY number",
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

/// `GET /v1/export`: a line for each row, `{"table": …, "row": …}`.
pub fn export(tenant: &Tenant) -> Outcome<Response> {
    let tenant_id = tenant.record()?.id;
    let (storage, database) = (tenant.storage.clone(), Rc::new(tenant.env.d1(DATABASE)?));
    // First what the object has, then table by table what D1 has.
    let lines = stream::try_unfold((0_usize, 0_u64), move |(step, after)| {
        let (storage, database) = (storage.clone(), database.clone());
        let tenant_id = tenant_id.clone();
        async move {
            if let Some((name, query)) = IN_OBJECT.get(step) {
                let text = of_object(&storage, name, query).map_err(broken)?;
                return Ok(Some((text.into_bytes(), (step.saturating_add(1), 0))));
            }
            let index = step.saturating_sub(IN_OBJECT.len());
            let Some(table) = IN_DATABASE.get(index) else {
                return Ok(None);
            };
            let (text, last) = of_database(&storage, &database, table, (&tenant_id, after))
                .await
                .map_err(broken)?;
            let next = last.map_or((step.saturating_add(1), 0), |last| (step, last));
            Ok::<_, worker::Error>(Some((text.into_bytes(), next)))
        }
    });
    call::lines("tenant", Box::pin(lines))
}

fn of_object(storage: &Storage, name: &str, query: &str) -> Outcome<String> {
    let rows = storage.rows::<Value>(query, bind![])?;
    Ok(rows.iter().map(|row| line(name, row)).collect())
}

/// A page of a table, without what is erased by now, and the number of its last row unless it was the last page.
async fn of_database(
    storage: &Storage,
    database: &D1Database,
    table: &str,
    (tenant_id, after): (&str, u64),
) -> Outcome<(String, Option<u64>)> {
    let query = format!(
        "SELECT rowid AS row_number, * FROM {table} WHERE tenant_id = ? AND rowid > ?
         ORDER BY rowid LIMIT ?"
    );
    let values = [tenant_id.into(), millis(Millis(after)), PAGE_ROWS.into()];
    let erased = Erased::now(storage)?;
    let rows = database
        .prepare(query)
        .bind(&values)?
        .rows::<Value>()
        .await?;
    let erased = erased.and_now(storage)?;
    let mut last = None;
    let mut text = String::new();
    for mut row in rows {
        let number = row.as_object_mut().and_then(|row| row.remove("row_number"));
        last = number.and_then(|number| number.as_u64());
        let id = row.get("id").and_then(Value::as_str);
        if !id.is_some_and(|id| erased.holds(id)) {
            text.push_str(&line(table, &row));
        }
    }
    Ok((text, last))
}

fn line(table: &str, row: &Value) -> String {
    format!("{}\n", json!({ "table": table, "row": row }))
}

fn broken(problem: Problem) -> worker::Error {
    worker::Error::from(problem.code.name())
}

/// `DELETE /v1/tenants/{id}`: writes the receipt, then forgets the object, then D1. It can be asked
/// again where it broke off; the receipt stays the same. A legal hold keeps all of it.
pub async fn delete(env: &Env, tenant: &str) -> Outcome<Response> {
    let database = env.d1(DATABASE)?;
    let kept = receipt(&database, tenant).await?;
    let receipt = match kept {
        Some(receipt) => receipt,
        None => write_receipt(env, &database, tenant).await?,
    };

    tell(env, tenant, "forget", &()).await?;
    let tables = IN_DATABASE.iter().chain(&["audit_tiles"]);
    let mut statements = Vec::new();
    for table in tables {
        let statement = database.prepare(format!("DELETE FROM {table} WHERE tenant_id = ?"));
        statements.push(statement.bind(&[tenant.into()])?);
    }
    let registry = database.prepare("DELETE FROM tenants WHERE id = ?");
    statements.push(registry.bind(&[tenant.into()])?);
    for result in database.batch(statements).await? {
        if let Some(error) = result.error() {
            return Err(Problem::from(worker::Error::from(error)));
        }
    }
    Ok(Answer::json(200, &receipt)?.response()?)
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
        .run()
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
