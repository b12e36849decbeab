//! Drafts that have left the object: taken out once D1 has them, and taken up again when somebody
//! asks. It must not decide when one has rested long enough: `policy::queue` says so.

use crate::d1::{DATABASE, Rows};
use crate::problem::Outcome;
use crate::storage::Storage;
use crate::stored::Stored;
use crate::tenant::Tenant;
use crate::{bind, column};
use countersign_policy::digest::hex;
use countersign_policy::order;
use countersign_policy::queue::{KEPT_LONGER, SETTLED_KEEP_MS, Status};
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Drafts taken out in one go: a batch of D1 five times over.
const OUT_MAX: u32 = 500;

/// A decided draft on its way to D1; the columns of its `drafts`.
#[derive(Serialize, Deserialize)]
pub struct Settled {
    pub id: String,
    pub version: u32,
    pub status: Status,
    pub conversation_id: String,
    pub category: Option<String>,
    pub agent: String,
    #[serde(deserialize_with = "column::time")]
    pub created_at: Millis,
    #[serde(deserialize_with = "column::time")]
    pub settled_at: Millis,
    pub policy_version: u32,
    pub body: String,
    pub salt: String,
    pub situation: String,
    pub decision: String,
    pub verdict: Option<String>,
    pub look: Option<String>,
    pub key_id: String,
    pub entry: String,
    #[serde(deserialize_with = "column::truth")]
    pub shadow: bool,
}

/// Drafts and corrections that are erased, of which D1 has yet to be told. To be asked before D1 and after it: what
/// reaches it meanwhile is missed by neither.
#[derive(Serialize)]
pub struct Erased(BTreeSet<String>);

impl Erased {
    /// As the outbox has it now.
    pub fn now(storage: &Storage) -> Outcome<Self> {
        let ids = storage.values(
            "SELECT value FROM outbox, json_each(payload ->> '$.drafts')
             WHERE kind = 'erase_drafts' AND kind <> 'audit'
             UNION ALL SELECT value FROM outbox, json_each(payload ->> '$.corrections')
             WHERE kind = 'erase_corrections' AND kind <> 'audit'",
            bind![],
        )?;
        Ok(Self(order::gathered(ids)))
    }

    /// Those of both moments.
    pub fn and_now(mut self, storage: &Storage) -> Outcome<Self> {
        self.append(&mut Self::now(storage)?);
        Ok(self)
    }

    /// Takes over those of another moment.
    pub fn append(&mut self, other: &mut Self) {
        self.0.append(&mut other.0);
    }

    /// Whether a draft or a correction is one of them.
    pub fn holds(&self, id: &str) -> bool {
        self.0.contains(id)
    }
}

/// Takes out what is settled, looked at, needed for nothing that falls due by itself, and in D1 as it stands.
pub fn clear_out(tenant: &Tenant, now: Millis) -> Outcome<()> {
    let before = |kept_ms: u64| now.0.saturating_sub(kept_ms);
    let kept_longer = KEPT_LONGER.map(|(status, kept_ms)| (status.name(), before(kept_ms)));
    tenant.storage.run(
        "DELETE FROM drafts WHERE id IN (
           SELECT id FROM drafts
           WHERE settled_at <= ?1 AND look_owed = 0 AND visible = 0 AND wake_at IS NULL
             AND settled_at <= COALESCE((SELECT value->>1 FROM json_each(?2) WHERE value->>0 = status), ?1)
             AND NOT EXISTS (SELECT 1 FROM second_looks WHERE draft_id = drafts.id)
             AND NOT EXISTS (SELECT 1 FROM seeds_ended WHERE draft_id = drafts.id)
             AND id NOT IN (
               SELECT payload->>'id' FROM outbox WHERE kind = 'draft' AND kind <> 'audit')
           ORDER BY settled_at LIMIT ?3)",
        bind![
            before(SETTLED_KEEP_MS),
            &serde_json::to_string(&kept_longer)?,
            OUT_MAX
        ],
    )
}

/// Makes sure that the draft of a path is in the object, if it ever was. One that D1 doesn't have
/// either is not there: the caller finds out as for any other. Nor is one that D1 was given before it kept entries.
pub async fn take_up(tenant: &Tenant, path: &str, id: &str) -> Outcome<()> {
    if !path.starts_with("/v1/drafts/{id}") {
        return Ok(());
    }
    let here = "SELECT 1 FROM drafts WHERE id = ?";
    if tenant.storage.finds(here, bind![id])? {
        return Ok(());
    }
    let erased = Erased::now(&tenant.storage)?;
    let row = tenant
        .env
        .d1(DATABASE)?
        .prepare(
            "SELECT id, version, status, conversation_id, category, agent, created_at, settled_at,
               policy_version, body, salt, situation, decision, verdict, look, key_id,
               entry, shadow
             FROM drafts WHERE tenant_id = ? AND id = ? AND entry IS NOT NULL",
        )
        .bind(&[tenant.record()?.id.as_str().into(), id.into()])?
        .first_row::<Settled>()
        .await?;
    let erased = erased.and_now(&tenant.storage)?;
    match row.filter(|row| !erased.holds(&row.id)) {
        Some(settled) => tenant.transaction(|| restore(tenant, &settled)),
        None => Ok(()),
    }
}

/// A decided draft as it goes to D1.
pub fn settled(
    stored: &Stored,
    settled_at: Millis,
    verdict: Option<String>,
    look: Option<String>,
) -> Outcome<Settled> {
    Ok(Settled {
        id: stored.id.clone(),
        version: stored.entry.version,
        status: stored.entry.status,
        conversation_id: stored.draft.conversation.id.clone(),
        category: stored.draft.category.clone(),
        agent: stored.draft.agent.clone(),
        created_at: stored.created_at,
        settled_at,
        policy_version: stored.policy_version,
        body: stored.body.clone(),
        salt: hex(&stored.salt),
        situation: stored.situation.clone(),
        decision: stored.decision_text.clone(),
        verdict,
        look,
        key_id: stored.key_id.clone(),
        entry: serde_json::to_string(&stored.entry)?,
        shadow: stored.shadow,
    })
}

/// Puts back a draft that had left the object, as it was then: nothing follows from that.
fn restore(tenant: &Tenant, settled: &Settled) -> Outcome<()> {
    tenant.storage.run(
        "INSERT INTO drafts (id, status, visible, look_owed, conversation_id, category, agent,
           key_id, created_at, settled_at, policy_version, shadow, entry, body, salt, situation,
           decision, verdict, look)
         VALUES (?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        bind![
            &settled.id,
            settled.status.name(),
            &settled.conversation_id,
            settled.category.as_ref(),
            &settled.agent,
            &settled.key_id,
            settled.created_at,
            settled.settled_at,
            settled.policy_version,
            settled.shadow,
            &settled.entry,
            &settled.body,
            &settled.salt,
            &settled.situation,
            &settled.decision,
            settled.verdict.as_ref(),
            settled.look.as_ref(),
        ],
    )
}
