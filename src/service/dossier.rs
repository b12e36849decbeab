//! The dossier of one draft: what was seen, which policy and reasons, the verdict, what was sent and
//! what became of it, with the entries of the log that bind all of it. It must not leave out that
//! something was erased.

use crate::call::{Answer, Call};
use crate::d1::DATABASE;
use crate::log::{self, Leaf, LeafView};
use crate::policies;
use crate::problem::{Outcome, Problem};
use crate::storage::parsed;
use crate::stored::{self, Stored, StoredVerdict};
use crate::tenant::Tenant;
use countersign_policy::digest::hex;
use countersign_policy::document::Policy;
use countersign_policy::draft::{Content, Draft};
use countersign_policy::problem::Code;
use countersign_policy::queue::Status;
use countersign_policy::route::{Decision, Situation};
use countersign_policy::time::Millis;
use serde::Serialize;

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
    entries: Vec<LeafView>,
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
    /// What the decision depended on beside policy and draft.
    situation: Situation,
    /// The version of the policy that decided.
    policy_version: u32,
    /// Its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<Policy>,
    /// What a person said.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<VerdictRecord>,
    /// What a person said of it after it was out.
    #[serde(skip_serializing_if = "Option::is_none")]
    look: Option<VerdictRecord>,
    /// Exactly what was allowed to leave.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<Content>,
    /// 64 hex. A commitment of the entries is the SHA-256 of its 32 bytes and the canonical JSON (RFC 8785) of
    /// what it is about: `body_commitment` of `seen`, `decision_commitment` of `decision`,
    /// `situation_commitment` of `situation`, `outgoing_commitment` of `sent`, of no bytes where nothing
    /// may leave; of several the newest counts. `verdict_commitment` is of `verdict.verdict` or
    /// `look.verdict`, whichever has the entry's `verdict_id`.
    salt: String,
}

/// A verdict on record.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct VerdictRecord {
    /// The `verdict_id` of its entry.
    id: String,
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

/// `GET /v1/drafts/{id}/dossier`. A draft that had left the object is there again: `archive` takes up whatever
/// a path names.
pub async fn get(tenant: &Tenant, call: &Call) -> Outcome<Answer> {
    let stored = stored::find(tenant, &call.id)?;
    let record = stored
        .map(|stored| Record::of(tenant, stored))
        .transpose()?;
    let database = tenant.env.d1(DATABASE)?;
    let tenant_id = tenant.record()?.id;
    let wanted = (call.id.as_str(), ENTRIES_MAX);
    let leaves = log::about(&tenant.storage, &database, &tenant_id, wanted).await?;
    if leaves.is_empty() && record.is_none() {
        return Err(Problem::from(Code::NotFound));
    }
    let dossier = Dossier {
        id: call.id.clone(),
        erased: record.is_none(),
        record,
        entries: leaves.into_iter().map(Leaf::view).collect::<Outcome<_>>()?,
    };
    Answer::json(200, &dossier)
}

impl Record {
    fn of(tenant: &Tenant, stored: Stored) -> Outcome<Self> {
        Ok(Self {
            created_at: stored.created_at,
            status: stored.entry.status,
            sent: sent(&stored),
            decision: stored.decision,
            situation: parsed(&stored.situation)?,
            policy_version: stored.policy_version,
            policy: policies::load(tenant, stored.policy_version).ok(),
            verdict: stored.verdict.map(VerdictRecord::from),
            look: stored.look.map(VerdictRecord::from),
            salt: hex(&stored.salt),
            seen: stored.draft,
        })
    }
}

/// What was allowed to leave, also where its agent didn't send it.
fn sent(stored: &Stored) -> Option<Content> {
    match (stored.entry.status, &stored.verdict) {
        (Status::Skipped, Some(given)) => given.verdict.outgoing(&stored.draft),
        (Status::Skipped, None) => Some(stored.draft.draft.clone()),
        _ => stored.left(),
    }
}

impl From<StoredVerdict> for VerdictRecord {
    fn from(stored: StoredVerdict) -> Self {
        Self {
            edit_kind: stored.edit_kind(),
            id: stored.id,
            verdict: stored.verdict,
            reviewer: stored.reviewer,
            at: stored.at,
        }
    }
}
