//! Appends to the tenant's audit log and lists it. It must not change or drop an entry, and must
//! not put a text into one.

use crate::call::{Answer, Call};
use crate::checkpoints::TileNode;
use crate::d1::{DATABASE, Rows};
use crate::problem::{Outcome, Problem};
use crate::storage::{Bind, Storage, parsed};
use crate::tenant::Tenant;
use crate::{bind, outbox};
use countersign_policy::digest::hex;
use countersign_policy::log::{Actor, AuditEntry, ENTRY_FORM, Event, Fact, Frontier, leaf_hash};
use countersign_policy::order;
use countersign_policy::problem::Code;
use countersign_policy::proof::Node;
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;
use wasm_bindgen::JsValue;
use worker::{D1Database, Delay};

/// Entries of one page.
const PAGE_MAX: u32 = 200;
/// Numbers of the outbox are below: as large as one may be towards JavaScript.
const NUMBER_MAX: u64 = 1 << 53;
/// Waiting leaves that are looked at in one go: a few milliseconds, in which nobody else is answered.
const LOOK_MAX: u32 = 5_000;

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

/// What some of the waiting leaves say of something, up to the number of the last of them.
#[derive(Deserialize)]
struct Look {
    last: Option<u64>,
    found: String,
}

/// Where a leaf waits.
#[derive(Deserialize)]
struct Place {
    number: u64,
    seq: u64,
}

#[derive(Deserialize)]
struct FrontierRow {
    size: u64,
    peaks: String,
}

impl Tenant {
    /// Appends one entry to the audit log: a leaf of the tree, and a row for D1.
    pub fn log<const N: usize>(
        &self,
        now: Millis,
        event: Event,
        actor: Actor,
        about: Option<&str>,
        facts: [(&str, Fact); N],
    ) -> Outcome<()> {
        let facts = facts.into_iter();
        let facts = order::gathered(facts.map(|(name, fact)| (name.to_owned(), fact)));
        append(self, now, event, actor, about, facts)
    }
}

fn append(
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
        .ok_or(Code::Internal)?;
    let peaks: Vec<String> = parsed(&row.peaks)?;
    Frontier::from_hex(row.size, &peaks).ok_or(Problem::from(Code::Internal))
}

/// The leaves of a run, each once, in the log's order and without a gap: those that D1 has, and those that are still on
/// their way there. However many are, it reads no more of them than the run is long.
pub async fn run(
    storage: &Storage,
    database: &D1Database,
    tenant_id: &str,
    run: &Range<u64>,
) -> Outcome<Vec<Leaf>> {
    let waiting = waiting_run(storage, run)?;
    let wanted = ("seq >= ? AND seq < ?", bind![run.start, run.end]);
    let leaves = with_copied(waiting, database, tenant_id, wanted).await?;
    if u64::try_from(leaves.len()).ok() == Some(run.end.saturating_sub(run.start)) {
        Ok(leaves)
    } else {
        Err(Problem::new(
            Code::Unavailable,
            "a part of the log is on its way: ask again",
        ))
    }
}

/// The first leaves about something, likewise. Those on their way are all looked at, others being answered in between:
/// an index by what they are about would be written for every draft, and is asked for a few. What reaches D1 meanwhile is
/// found there.
pub async fn about(
    storage: &Storage,
    database: &D1Database,
    tenant_id: &str,
    (about, most): (&str, u32),
) -> Outcome<Vec<Leaf>> {
    let mut waiting = Vec::new();
    let mut after = 0;
    while u32::try_from(waiting.len()).is_ok_and(|found| found < most) {
        let look = storage.first::<Look>(
            "SELECT MAX(number) AS last,
               json_group_array(json(payload)) FILTER (WHERE payload ->> '$.about' = ?) AS found
             FROM (SELECT number, payload FROM outbox
               WHERE kind = 'audit' AND number > ? ORDER BY number LIMIT ?)",
            bind![about, after, LOOK_MAX],
        )?;
        let Some((last, found)) = look.and_then(|look| Some((look.last?, look.found))) else {
            break;
        };
        waiting.extend(parsed::<Vec<Leaf>>(&found)?);
        after = last;
        Delay::from(Duration::ZERO).await;
    }
    let wanted = ("about = ? ORDER BY seq LIMIT ?", bind![about, most]);
    with_copied(waiting, database, tenant_id, wanted).await
}

/// The leaves of a run that are still on their way to D1, newest first.
pub fn waiting_run(storage: &Storage, run: &Range<u64>) -> Outcome<Vec<Leaf>> {
    let most = run.end.saturating_sub(run.start);
    storage.rows(
        "SELECT seq, entry, leaf_hash FROM (
           SELECT payload ->> '$.seq' AS seq, payload ->> '$.entry' AS entry,
             payload ->> '$.leaf_hash' AS leaf_hash
           FROM outbox WHERE kind = 'audit' AND number < ? ORDER BY number DESC LIMIT ?)
         WHERE seq >= ? AND seq < ?",
        bind![place_of(storage, run.end)?, most, run.start, run.end],
    )
}

/// The number in the outbox below which leaves before `end` wait, and no other. Leaves wait in the log's order, but for
/// one that a version before `behind` replayed, and beside rows of other kinds: one that comes `n` before another waits
/// at least `n` rows before it, so that a few steps find it among any number.
fn place_of(storage: &Storage, end: u64) -> Outcome<u64> {
    let mut below = NUMBER_MAX;
    loop {
        let last = storage.rows::<Place>(
            "SELECT number, payload ->> '$.seq' AS seq FROM outbox
             WHERE kind = 'audit' AND number < ? ORDER BY number DESC LIMIT 2",
            bind![below],
        )?;
        below = match last.as_slice() {
            [replayed, before] if replayed.seq < before.seq => replayed.number,
            [place, ..] if place.seq >= end => {
                place.number.saturating_sub(place.seq.saturating_sub(end))
            }
            _ => return Ok(below),
        };
    }
}

/// Those that D1 has put in order with those on their way there, which are read first: what reaches D1 in between is
/// then in both.
async fn with_copied(
    mut leaves: Vec<Leaf>,
    database: &D1Database,
    tenant_id: &str,
    (condition, values): (&str, &[Bind<'_>]),
) -> Outcome<Vec<Leaf>> {
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
    let end = u64::from(before).min(frontier.size);
    let start = end.saturating_sub(u64::from(limit));
    let leaves = run(&tenant.storage, &database, &tenant_id, &(start..end)).await?;

    let newest_first = leaves.into_iter().rev();
    let page = AuditPage {
        next_cursor: Some(start).filter(|start| (1..end).contains(start)),
        entries: newest_first.map(Leaf::view).collect::<Outcome<_>>()?,
        size: frontier.size,
        root: hex(&frontier.root()),
    };
    Answer::json(200, &page)
}
