//! The dossier of one draft: what was seen, which policy and reasons, the verdict, what was sent and
//! what became of it, with the entries of the log that bind all of it. It must not leave out that
//! something was erased.

use crate::archive::Erased;
use crate::call::{Answer, Call};
use crate::d1::Rows;
use crate::log::Leaf;
use crate::problem::{Outcome, Problem};
use crate::storage::parsed;
use crate::stored::{self, StoredVerdict};
use crate::tenant::Tenant;
use crate::tenants::DATABASE;
use crate::{bind, outbox, policies};
use countersign_policy::digest::hex;
use countersign_policy::document::Policy;
use countersign_policy::draft::{Content, Draft};
use countersign_policy::log::AuditEntry;
use countersign_policy::order;
use countersign_policy::problem::Code;
use countersign_policy::queue::Status;
use countersign_policy::route::Decision;
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Entries of the log about one draft: its life has some twenty steps, leases aside.
const ENTRIES_MAX: u32 = 500;

/// `GET /v1/drafts/{id}/dossier`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Dossier {
    /// The draft.
    id: String,
    /// Its texts and what was decided; absent once they are erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<Record>,
    /// Whether the texts were erased: on request, or because they were too old.
    erased: bool,
    /// Everything that the log says of it, oldest first.
    entries: Vec<EntryView>,
}

/// The texts.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Record {
    /// When it came.
    created_at: Millis,
    /// What it is now, or became.
    status: Status,
    /// What the reviewer saw: the message, the conversation, the draft.
    seen: Draft,
    /// The route, and the reasons for it.
    decision: Decision,
    /// The version of the policy that decided.
    policy_version: u32,
    /// Its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<Policy>,
    /// What a person said.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<VerdictRecord>,
    /// Exactly what was allowed to leave.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<Content>,
    /// 64 hex: with it the commitments of the entries can be made again.
    salt: String,
}

/// A verdict on record.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct VerdictRecord {
    /// What was said.
    verdict: countersign_policy::verdict::Verdict,
    /// Who said it.
    reviewer: String,
    /// When.
    at: Millis,
    /// Whether the edit changed the meaning.
    #[serde(skip_serializing_if = "Option::is_none")]
    edit_kind: Option<countersign_policy::edit::EditKind>,
}

/// One entry of the log.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct EntryView {
    /// What happened.
    entry: AuditEntry,
    /// Its leaf hash; `GET /v1/audit/{seq}/proof` proves it.
    leaf_hash: String,
}

#[derive(Deserialize)]
struct Row {
    status: Status,
    created_at: u64,
    policy_version: u32,
    body: String,
    salt: String,
    decision: String,
    verdict: Option<String>,
}

/// `GET /v1/drafts/{id}/dossier`.
pub async fn get(tenant: &Tenant, call: &Call) -> Outcome<Answer> {
    let entries = entries(tenant, &call.id).await?;
    let record = match live(tenant, &call.id)? {
        Some(record) => Some(record),
        None => settled(tenant, &call.id).await?,
    };
    if entries.is_empty() && record.is_none() {
        return Err(Problem::from(Code::NotFound));
    }
    let dossier = Dossier {
        id: call.id.clone(),
        erased: record.is_none(),
        record,
        entries,
    };
    Answer::json(200, &dossier)
}

/// A draft that the object still has.
fn live(tenant: &Tenant, id: &str) -> Outcome<Option<Record>> {
    let stored = match stored::load(tenant, id) {
        Ok(stored) => stored,
        Err(problem) if problem.code == Code::NotFound => return Ok(None),
        Err(problem) => return Err(problem),
    };
    Ok(Some(Record {
        created_at: stored.created_at,
        status: stored.entry.status,
        sent: sent(stored.entry.status, stored.verdict.as_ref(), &stored.draft),
        decision: stored.decision.clone(),
        policy_version: stored.policy_version,
        policy: policies::load(tenant, stored.policy_version).ok(),
        verdict: stored.verdict.map(VerdictRecord::from),
        salt: hex(&stored.salt),
        seen: stored.draft,
    }))
}

/// A settled draft that only D1 has.
async fn settled(tenant: &Tenant, id: &str) -> Outcome<Option<Record>> {
    let erased = Erased::now(&tenant.storage)?;
    let row = tenant
        .env
        .d1(DATABASE)?
        .prepare(
            "SELECT status, created_at, policy_version, body, salt, decision, verdict FROM drafts
             WHERE tenant_id = ? AND id = ?",
        )
        .bind(&[tenant.record()?.id.into(), id.into()])?
        .first_row::<Row>()
        .await?;
    let erased = erased.and_now(&tenant.storage)?;
    let Some(row) = row.filter(|_| !erased.holds(id)) else {
        return Ok(None);
    };
    let seen: Draft = parsed(&row.body)?;
    let verdict: Option<StoredVerdict> = row.verdict.as_deref().map(parsed).transpose()?;
    Ok(Some(Record {
        created_at: Millis(row.created_at),
        status: row.status,
        sent: sent(row.status, verdict.as_ref(), &seen),
        decision: parsed(&row.decision)?,
        policy_version: row.policy_version,
        policy: policies::load(tenant, row.policy_version).ok(),
        verdict: verdict.map(VerdictRecord::from),
        salt: row.salt,
        seen,
    }))
}

/// What was allowed to leave, also when it has been reported since.
fn sent(status: Status, verdict: Option<&StoredVerdict>, draft: &Draft) -> Option<Content> {
    let left = status.may_leave()
        || matches!(
            status,
            Status::Done
                | Status::Failed
                | Status::Skipped
                | Status::Unconfirmed
                | Status::Corrected
        );
    let of_verdict = verdict.and_then(|stored| stored.verdict.outgoing(draft));
    left.then(|| of_verdict.unwrap_or_else(|| draft.draft.clone()))
}

/// What the log says of a draft, from D1 and from what is on its way there.
async fn entries(tenant: &Tenant, id: &str) -> Outcome<Vec<EntryView>> {
    let waiting = outbox::waiting::<Leaf>(
        &tenant.storage,
        "audit",
        "payload ->> '$.about' = ? ORDER BY number LIMIT ?",
        bind![id, ENTRIES_MAX],
    )?;
    let copied = tenant
        .env
        .d1(DATABASE)?
        .prepare(
            "SELECT seq, at_ms, event, about, entry, leaf_hash FROM audit
             WHERE tenant_id = ? AND about = ? ORDER BY seq LIMIT ?",
        )
        .bind(&[tenant.record()?.id.into(), id.into(), ENTRIES_MAX.into()])?
        .rows::<Leaf>()
        .await?;
    let leaves = copied.into_iter().chain(waiting);
    let leaves: BTreeMap<u64, Leaf> = order::gathered(leaves.map(|leaf| (leaf.seq, leaf)));
    let view = |leaf: Leaf| {
        Ok(EntryView {
            entry: parsed(&leaf.entry)?,
            leaf_hash: leaf.leaf_hash,
        })
    };
    leaves.into_values().map(view).collect()
}

impl From<StoredVerdict> for VerdictRecord {
    fn from(stored: StoredVerdict) -> Self {
        Self {
            edit_kind: stored.edit_kind(),
            verdict: stored.verdict,
            reviewer: stored.reviewer,
            at: stored.at,
        }
    }
}
