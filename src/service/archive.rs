//! Drafts that have left the object: taken out once D1 has them, and taken up again when somebody
//! asks. It must not decide when one has rested long enough: `policy::queue` says so.

use crate::bind;
use crate::problem::{Outcome, Problem, describe};
use crate::stored::{self, Settled};
use crate::tenant::Tenant;
use crate::tenants::DATABASE;
use countersign_policy::problem::Code;
use countersign_policy::queue::{SETTLED_KEEP_MS, Status};
use countersign_policy::time::Millis;
use serde::Deserialize;

/// Drafts taken out in one go: a batch of D1 five times over.
const OUT_MAX: u32 = 500;

#[derive(Deserialize)]
struct Found {
    id: String,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    version: u32,
    status: Status,
    conversation_id: String,
    category: Option<String>,
    agent: String,
    created_at: u64,
    settled_at: u64,
    policy_version: u32,
    body: String,
    salt: String,
    situation: String,
    decision: String,
    verdict: Option<String>,
    look: Option<String>,
    key_id: Option<String>,
    entry: Option<String>,
    shadow: u32,
}

/// Takes out what is settled, looked at, and needed for nothing that falls due by itself. To be called
/// when D1 has said that it has everything.
pub fn clear_out(tenant: &Tenant, now: Millis) -> Outcome<()> {
    let until = now.0.saturating_sub(SETTLED_KEEP_MS);
    tenant.storage.run(
        "DELETE FROM drafts WHERE id IN (
           SELECT id FROM drafts
           WHERE settled_at <= ? AND look_owed = 0 AND visible = 0 AND wake_at IS NULL
             AND status <> 'unconfirmed'
             AND NOT EXISTS (SELECT 1 FROM second_looks WHERE draft_id = drafts.id)
           ORDER BY settled_at LIMIT ?)",
        bind![until, OUT_MAX],
    )
}

/// Makes sure that the draft of a path is in the object, if it ever was. One that D1 doesn't have
/// either is not there: the caller finds out as for any other.
pub async fn take_up(tenant: &Tenant, path: &str, id: &str) -> Outcome<()> {
    if !path.starts_with("/v1/drafts/{id}") {
        return Ok(());
    }
    let here = tenant
        .storage
        .first::<Found>("SELECT id FROM drafts WHERE id = ?", bind![id])?;
    if here.is_some_and(|found| found.id == id) {
        return Ok(());
    }
    let row = tenant
        .env
        .d1(DATABASE)?
        .prepare(
            "SELECT id, version, status, conversation_id, category, agent, created_at, settled_at,
               policy_version, body, salt, situation, decision, verdict, look, key_id,
               entry, shadow
             FROM drafts WHERE tenant_id = ? AND id = ?",
        )
        .bind(&[tenant.record()?.id.as_str().into(), id.into()])?
        .first::<Row>(None)
        .await
        .map_err(|error| {
            worker::console_error!("D1 was not asked for a draft: {}", describe(&error));
            Problem::from(Code::Unavailable)
        })?;
    match row {
        None => Ok(()),
        Some(row) => tenant.transaction(|| stored::restore(tenant, &row.settled())),
    }
}

impl Row {
    fn settled(&self) -> Settled {
        Settled {
            id: self.id.clone(),
            version: self.version,
            status: self.status,
            conversation_id: self.conversation_id.clone(),
            category: self.category.clone(),
            agent: self.agent.clone(),
            created_at: Millis(self.created_at),
            settled_at: Millis(self.settled_at),
            policy_version: self.policy_version,
            body: self.body.clone(),
            salt: self.salt.clone(),
            situation: self.situation.clone(),
            decision: self.decision.clone(),
            verdict: self.verdict.clone(),
            look: self.look.clone(),
            key_id: self.key_id.clone(),
            entry: self.entry.clone(),
            shadow: self.shadow == 1,
        }
    }
}
