//! Appends to the tenant's audit log and lists it. It must not change or drop an entry, and must
//! not put a text into one.

use crate::call::{Answer, Call};
use crate::checkpoints::TileNode;
use crate::d1::Rows;
use crate::problem::{Outcome, Problem};
use crate::storage::{Bind, Storage, parsed};
use crate::tenant::Tenant;
use crate::tenants::DATABASE;
use crate::{bind, outbox};
use countersign_policy::digest::hex;
use countersign_policy::log::{Actor, AuditEntry, ENTRY_FORM, Event, Fact, Frontier, leaf_hash};
use countersign_policy::order;
use countersign_policy::problem::Code;
use countersign_policy::proof::Node;
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wasm_bindgen::JsValue;
use worker::D1Database;

/// Entries of one page.
const PAGE_MAX: u32 = 200;

/// A leaf on its way to D1: its columns there.
#[derive(Serialize)]
struct NewLeaf {
    seq: u64,
    at_ms: u64,
    event: String,
    about: Option<String>,
    entry: String,
    leaf_hash: String,
}

/// A leaf as it is read.
#[derive(Deserialize)]
pub struct Leaf {
    /// Its index.
    pub seq: u64,
    /// The leaf's bytes.
    pub entry: String,
    /// Their hash, in hexadecimal.
    pub leaf_hash: String,
}

/// `GET /v1/audit`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AuditPage {
    /// Newest first.
    entries: Vec<LeafView>,
    /// Pass it as `cursor` for older ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<u64>,
    /// Leaves in the log.
    size: u64,
    /// The Merkle tree hash of all of them, in hexadecimal.
    root: String,
}

/// One leaf.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LeafView {
    /// What happened.
    entry: AuditEntry,
    /// SHA-256 of 0x00 and the canonical JSON of the entry (RFC 6962, RFC 8785).
    leaf_hash: String,
}

#[derive(Deserialize)]
struct FrontierRow {
    size: u64,
    peaks: String,
}

/// Appends one entry: a leaf of the tree, and a row for D1.
pub fn append<const N: usize>(
    tenant: &Tenant,
    now: Millis,
    event: Event,
    actor: Actor,
    about: Option<&str>,
    facts: [(&str, Fact); N],
) -> Outcome<()> {
    let facts = facts.into_iter();
    let facts = order::gathered(facts.map(|(name, fact)| (name.to_owned(), fact)));
    add(tenant, now, event, actor, about, facts)
}

fn add(
    tenant: &Tenant,
    now: Millis,
    event: Event,
    actor: Actor,
    about: Option<&str>,
    facts: BTreeMap<String, Fact>,
) -> Outcome<()> {
    let mut frontier = tenant.recall.frontier.or((), || frontier(tenant))?;
    let entry = AuditEntry {
        v: ENTRY_FORM,
        tenant: tenant.record()?.id,
        seq: frontier.size,
        at_ms: now.0,
        event,
        actor,
        about: about.map(str::to_owned),
        facts,
    };
    let canonical = entry.canonical();
    let hash = leaf_hash(canonical.as_bytes());
    let tiles = frontier.push(hash);
    tenant.storage.run(
        "UPDATE frontier SET size = ?, peaks = ?",
        bind![frontier.size, &serde_json::to_string(&frontier.to_hex())?],
    )?;
    tenant.recall.frontier.put((), frontier);
    let leaf = NewLeaf {
        seq: entry.seq,
        at_ms: entry.at_ms,
        event: name_of(&event)?,
        about: entry.about.clone(),
        entry: canonical,
        leaf_hash: hex(&hash),
    };
    outbox::put(tenant, "audit", &leaf)?;
    for (Node { level, index: idx }, hash) in tiles {
        let hash = hex(&hash);
        outbox::put(tenant, "audit_tile", &TileNode { level, idx, hash })?;
    }
    Ok(())
}

/// The name that an enum has in JSON, for a fact.
pub fn name_of<T: Serialize>(value: &T) -> Outcome<String> {
    Ok(serde_json::to_string(value)?.trim_matches('"').to_owned())
}

/// The number of leaves: it rises with every change, so the live stream counts by it.
pub fn size(tenant: &Tenant) -> Outcome<u64> {
    Ok(frontier(tenant)?.size)
}

/// The right edge of the log's tree.
pub fn frontier(tenant: &Tenant) -> Outcome<Frontier> {
    let row = tenant
        .storage
        .first::<FrontierRow>("SELECT size, peaks FROM frontier", bind![])?
        .ok_or(Problem::from(Code::Internal))?;
    let peaks: Vec<String> = parsed(&row.peaks)?;
    Frontier::from_hex(row.size, &peaks).ok_or(Problem::from(Code::Internal))
}

/// Which leaves are read: a condition on `seq` and `about`, with an order and a limit, and its values.
pub type Wanted<'a> = (&'a str, &'a [Bind<'a>]);

/// The leaves that are wanted, each once and in the log's order: those that D1 has, and those that are still on
/// their way there.
pub async fn leaves(
    storage: &Storage,
    database: &D1Database,
    tenant_id: &str,
    (condition, values): Wanted<'_>,
) -> Outcome<Vec<Leaf>> {
    // Those on their way first: what reaches D1 in between is then in both.
    let mut leaves = storage.rows::<Leaf>(
        &format!(
            "SELECT seq, entry, leaf_hash FROM (
               SELECT payload ->> '$.seq' AS seq, payload ->> '$.about' AS about,
                 payload ->> '$.entry' AS entry, payload ->> '$.leaf_hash' AS leaf_hash
               FROM outbox WHERE kind = 'audit')
             WHERE {condition}"
        ),
        values,
    )?;
    let values = values.iter().map(JsValue::from);
    let values: Vec<JsValue> = std::iter::once(tenant_id.into()).chain(values).collect();
    let query =
        format!("SELECT seq, entry, leaf_hash FROM audit WHERE tenant_id = ? AND {condition}");
    let query = database.prepare(query).bind(&values)?;
    leaves.extend(query.rows::<Leaf>().await?);
    Ok(order::each_once(leaves, |leaf| leaf.seq))
}

impl Leaf {
    /// As it is shown.
    pub fn view(self) -> Outcome<LeafView> {
        Ok(LeafView {
            entry: parsed(&self.entry)?,
            leaf_hash: self.leaf_hash,
        })
    }
}

/// `GET /v1/audit`.
pub async fn list(tenant: &Tenant, call: &Call) -> Outcome<Answer> {
    let limit = call.number("limit", 50, PAGE_MAX)?;
    let before = call.number("cursor", u32::MAX, u32::MAX)?;
    let tenant_id = tenant.record()?.id;
    let frontier = frontier(tenant)?;
    let database = tenant.env.d1(DATABASE)?;
    let wanted = ("seq < ? ORDER BY seq DESC LIMIT ?", bind![before, limit]);
    let leaves = leaves(&tenant.storage, &database, &tenant_id, wanted).await?;

    let shown = usize::try_from(limit).unwrap_or(0);
    let shown: Vec<Leaf> = leaves.into_iter().rev().take(shown).collect();
    let last = shown.last().map(|leaf| leaf.seq);
    let page = AuditPage {
        next_cursor: last.filter(|seq| *seq > 0),
        entries: shown.into_iter().map(Leaf::view).collect::<Outcome<_>>()?,
        size: frontier.size,
        root: hex(&frontier.root()),
    };
    Answer::json(200, &page)
}
