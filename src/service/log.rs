//! Appends to the tenant's audit log and lists it. It must not change or drop an entry, and must
//! not put a text into one.

use crate::call::{Answer, Call};
use crate::checkpoints::TileNode;
use crate::d1::Rows;
use crate::problem::{Outcome, Problem};
use crate::storage::parsed;
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

/// Entries of one page.
const PAGE_MAX: u32 = 200;

/// A leaf on its way to D1.
#[derive(Serialize, Deserialize)]
pub struct Leaf {
    /// Its index.
    pub seq: u64,
    /// Its time.
    pub at_ms: u64,
    /// What happened, as its text.
    pub event: String,
    /// What it happened to.
    pub about: Option<String>,
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
struct LeafView {
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
    let leaf = Leaf {
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

/// `GET /v1/audit`: what D1 has, and what is still on its way there.
pub async fn list(tenant: &Tenant, call: &Call) -> Outcome<Answer> {
    let limit = call.number("limit", 50, PAGE_MAX)?;
    let before = call.number("cursor", u32::MAX, u32::MAX)?;
    let record = tenant.record()?;
    let frontier = frontier(tenant)?;
    let waiting = outbox::waiting::<Leaf>(
        &tenant.storage,
        "audit",
        "payload ->> '$.seq' < ? ORDER BY payload ->> '$.seq' DESC LIMIT ?",
        bind![before, limit],
    )?;
    let waiting = waiting.into_iter().map(|leaf| (leaf.seq, leaf));
    let mut leaves: BTreeMap<u64, Leaf> = order::gathered(waiting);
    let rows = tenant
        .env
        .d1(DATABASE)?
        .prepare(
            "SELECT seq, at_ms, event, about, entry, leaf_hash FROM audit
             WHERE tenant_id = ? AND seq < ? ORDER BY seq DESC LIMIT ?",
        )
        .bind(&[record.id.as_str().into(), before.into(), limit.into()])?
        .rows::<Leaf>()
        .await?;
    for leaf in rows {
        leaves.insert(leaf.seq, leaf);
    }
    let mut entries = Vec::new();
    let mut next_cursor = None;
    for leaf in leaves
        .into_values()
        .rev()
        .take(usize::try_from(limit).unwrap_or(0))
    {
        next_cursor = Some(leaf.seq).filter(|seq| *seq > 0);
        let entry = parsed(&leaf.entry)?;
        entries.push(LeafView {
            entry,
            leaf_hash: leaf.leaf_hash,
        });
    }
    let root = hex(&frontier.root());
    Answer::json(
        200,
        &AuditPage {
            entries,
            next_cursor,
            size: frontier.size,
            root,
        },
    )
}
