//! What proves the audit log to someone who doesn't trust us: signed checkpoints, proofs, the whole
//! log as a file. It must not compute a tree: `policy::proof` says which hashes are needed.

use crate::call::{self, Answer, Call};
use crate::d1::{DATABASE, Rows, millis};
use crate::log;
use crate::problem::{Outcome, Problem};
use crate::storage::{Storage, parsed};
use crate::tenant::Tenant;
use crate::webcrypto::SigningKey;
use crate::{bind, door, outbox};
use countersign_policy::checkpoint::{Checkpoint, LogKey, is_due, origin};
use countersign_policy::digest::{from_hex, hex};
use countersign_policy::log::AuditEntry;
use countersign_policy::problem::Code;
use countersign_policy::proof::{self, Hashes, Node, Plan, TILE_HASHES, Tile};
use countersign_policy::time::Millis;
use countersign_policy::verify::export_line;
use countersign_policy::webhook::EventType;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::rc::Rc;
use worker::Response;

/// Leaves of one read of an export: some 2 MB, and five million with as many queries as D1 takes of a request.
const EXPORT_PAGE: u32 = 5_000;

/// `GET /v1/audit/checkpoint`.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CheckpointView {
    /// Entries in the log.
    pub size: u64,
    /// The Merkle tree hash of all of them, in hexadecimal.
    pub root: String,
    /// The signed note (C2SP tlog-checkpoint): keep it.
    pub checkpoint: String,
    /// The key that opens it, as a verifier key of C2SP signed notes: keep it once.
    pub key: String,
    /// With `since`: that the log of that size is the beginning of this one (RFC 6962, 2.1.2), each
    /// hash in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    consistency: Option<Vec<String>>,
}

/// `GET /v1/audit/{seq}/proof`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProofView {
    /// The entry's index.
    seq: u64,
    /// The entry.
    entry: AuditEntry,
    /// Its leaf hash.
    leaf_hash: String,
    /// Entries in the log that it is proved to be in.
    size: u64,
    /// The audit path (RFC 6962, 2.1.1), each hash in hexadecimal.
    inclusion: Vec<String>,
    /// The signed note of that log.
    checkpoint: String,
    /// The key that opens it.
    key: String,
}

#[derive(Deserialize)]
struct Published {
    size: u64,
    at: u64,
}

/// A leaf or a stored node: as D1 has it, or on its way there.
#[derive(Deserialize)]
struct NodeRow {
    idx: u64,
    hash: String,
}

/// A stored node on its way to D1.
#[derive(Serialize, Deserialize)]
pub struct TileNode {
    /// Its level: a multiple of eight.
    pub level: u32,
    /// Its position.
    pub idx: u64,
    /// Its hash, in hexadecimal.
    pub hash: String,
}

/// The signed statement of the log as it is now.
struct Signed {
    checkpoint: Checkpoint,
    note: String,
    key: LogKey,
}

/// `GET /v1/audit/checkpoint`.
pub async fn current(tenant: &Tenant, call: &Call) -> Outcome<Answer> {
    let since = call.number("since", 0, u32::MAX)?;
    let now = statement(tenant).await?;

    let size = now.size;
    let consistency = match since {
        0 => None,
        since => {
            let plan = proof::consistency(u64::from(since), size).ok_or_else(|| {
                Problem::new(Code::InvalidParameter, format!("`since` is above {size}"))
            })?;
            Some(prove(tenant, &plan).await?)
        }
    };

    Answer::json(200, &CheckpointView { consistency, ..now })
}

/// `GET /v1/audit/{seq}/proof`.
pub async fn prove_entry(tenant: &Tenant, call: &Call) -> Outcome<Answer> {
    let seq: u64 = call.id.parse().map_err(|_| Code::NotFound)?;
    let signed = sign(tenant).await?;
    let size = signed.checkpoint.size;
    let plan = proof::inclusion(size, seq).ok_or(Code::NotFound)?;
    let database = tenant.env.d1(DATABASE)?;
    let tenant_id = tenant.record()?.id;
    let own = seq..seq.saturating_add(1);
    let own = log::run(&tenant.storage, &database, &tenant_id, &own).await?;
    let leaf = own.into_iter().next();
    let leaf = leaf.ok_or(Code::Unavailable)?;

    let inclusion = prove(tenant, &plan).await?;

    Answer::json(
        200,
        &ProofView {
            seq,
            entry: parsed(&leaf.entry)?,
            leaf_hash: leaf.leaf_hash,
            size,
            inclusion,
            checkpoint: signed.note,
            key: signed.key.to_string(),
        },
    )
}

/// `GET /v1/audit/export`: every entry so far, oldest first, a line each, as it is read from D1.
pub fn export(tenant: &Tenant) -> Outcome<Response> {
    let (tenant_id, size) = (tenant.record()?.id, log::size(tenant)?);
    let (storage, database) = (tenant.storage.clone(), Rc::new(tenant.env.d1(DATABASE)?));
    let pages = stream::try_unfold(0_u64, move |next| {
        let (storage, database) = (storage.clone(), database.clone());
        let tenant_id = tenant_id.clone();
        async move {
            if next >= size {
                return Ok(None);
            }
            let end = next.saturating_add(u64::from(EXPORT_PAGE)).min(size);
            let leaves = log::run(&storage, &database, &tenant_id, &(next..end)).await;
            let leaves = leaves.map_err(|problem| worker::Error::from(problem.code.name()))?;
            let lines = leaves
                .iter()
                .map(|leaf| export_line(&leaf.entry, &leaf.leaf_hash));
            let text: String = lines.collect();
            Ok::<_, worker::Error>(Some((text.into_bytes(), end)))
        }
    });
    call::lines("audit", Box::pin(pages))
}

/// Publishes a checkpoint to the webhooks that listen, when one is due.
pub async fn publish(tenant: &Tenant, now: Millis) -> Outcome<()> {
    let published = tenant
        .storage
        .first::<Published>("SELECT size, at FROM published_checkpoint", bind![])?
        .map(|row| (row.size, Millis(row.at)));
    let size = log::size(tenant)?;
    if tenant.record().is_err() || !is_due(published, size, now) {
        return Ok(());
    }

    let view = statement(tenant).await?;
    let log = origin(&tenant.record()?.id);

    tenant.transaction(|| {
        tenant.storage.run(
            "INSERT INTO published_checkpoint (id, size, at) VALUES (1, ?, ?)
             ON CONFLICT (id) DO UPDATE SET size = excluded.size, at = excluded.at",
            bind![view.size, now],
        )?;
        outbox::event(tenant, now, EventType::AuditCheckpoint, &log, &view)
    })
}

/// The signed statement of the log as it is now.
pub async fn statement(tenant: &Tenant) -> Outcome<CheckpointView> {
    let signed = sign(tenant).await?;
    Ok(CheckpointView {
        size: signed.checkpoint.size,
        root: hex(&signed.checkpoint.root),
        checkpoint: signed.note,
        key: signed.key.to_string(),
        consistency: None,
    })
}

async fn sign(tenant: &Tenant) -> Outcome<Signed> {
    let frontier = log::frontier(tenant)?;
    let checkpoint = Checkpoint {
        origin: origin(&tenant.record()?.id),
        size: frontier.size,
        root: frontier.root(),
    };
    let secret = door::secret(&tenant.env, "AUDIT_SIGNING_KEY")?;
    let signing = SigningKey::from_secret(&secret).await?;
    let signature = signing.sign(&checkpoint.text()).await?;
    let key = LogKey {
        name: checkpoint.origin.clone(),
        public: signing.public,
    };
    let note = checkpoint.note(&key, &signature);
    Ok(Signed {
        checkpoint,
        note,
        key,
    })
}

async fn prove(tenant: &Tenant, plan: &Plan) -> Outcome<Vec<String>> {
    let mut hashes = Hashes::new();
    for tile in plan.tiles() {
        read_tile(tenant, tile, &mut hashes).await?;
    }
    let proof = plan.proof(&hashes).ok_or_else(|| {
        Problem::new(
            Code::Unavailable,
            "a part of the log is on its way: ask again",
        )
    })?;
    Ok(proof.iter().map(|hash| hex(hash)).collect())
}

/// What D1 has of a tile, and what is still on its way there.
async fn read_tile(tenant: &Tenant, tile: Tile, hashes: &mut Hashes) -> Outcome<()> {
    let Tile { level, first } = tile;
    let end = first.saturating_add(TILE_HASHES);
    let tenant_id = tenant.record()?.id;
    let database = tenant.env.d1(DATABASE)?;
    // Level 0 is the log itself.
    let query = match level {
        0 => {
            "SELECT seq AS idx, leaf_hash AS hash FROM audit
              WHERE tenant_id = ?1 AND seq >= ?2 AND seq < ?3"
        }
        _ => {
            "SELECT idx, hash FROM audit_tiles
              WHERE tenant_id = ?1 AND idx >= ?2 AND idx < ?3 AND level = ?4"
        }
    };
    let mut values = vec![tenant_id.into(), millis(Millis(first)), millis(Millis(end))];
    values.extend((level > 0).then(|| level.into()));
    let mut rows = waiting(&tenant.storage, level, first..end)?;
    rows.extend(
        database
            .prepare(query)
            .bind(&values)?
            .rows::<NodeRow>()
            .await?,
    );
    for row in rows {
        if let Some(hash) = from_hex(&row.hash).and_then(|hash| hash.try_into().ok()) {
            hashes.insert(
                Node {
                    level,
                    index: row.idx,
                },
                hash,
            );
        }
    }
    Ok(())
}

fn waiting(storage: &Storage, level: u32, run: Range<u64>) -> Outcome<Vec<NodeRow>> {
    match level {
        0 => Ok(log::waiting_run(storage, &run)?
            .into_iter()
            .map(|leaf| NodeRow {
                idx: leaf.seq,
                hash: leaf.leaf_hash,
            })
            .collect()),
        _ => outbox::waiting(
            storage,
            "audit_tile",
            "payload ->> '$.level' = ? AND payload ->> '$.idx' >= ? AND payload ->> '$.idx' < ?",
            bind![level, run.start, run.end],
        ),
    }
}
