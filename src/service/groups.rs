//! Drafts of one turn: found together, answered in order. It must not decide whose turn it is:
//! `policy::queue` refuses what comes too early.

use crate::bind;
use crate::problem::Outcome;
use crate::stored::{self, Stored};
use crate::tenant::Tenant;
use countersign_policy::time::Millis;

/// The open drafts of the same group, this one among them, in the order in which they came.
pub fn open_members(tenant: &Tenant, stored: &Stored) -> Outcome<Vec<Stored>> {
    if stored.draft.group.is_none() {
        return Ok(Vec::new());
    }
    let open = stored::select_where(
        tenant,
        "conversation_id = ? AND key_id = ? AND status IN ('held', 'with_human', 'pending')
         ORDER BY created_at, rowid",
        bind![&stored.draft.conversation.id, &stored.key_id],
    )?;
    let members = open
        .into_iter()
        .filter(|other| other.draft.group == stored.draft.group);
    Ok(members.collect())
}

/// What of a draft's group came before it.
#[derive(Default)]
pub struct Earlier {
    /// Whether one of it still waits for a verdict.
    pub open: bool,
    /// When the last verdict on it settles; this draft's does not before.
    pub settle_at: Millis,
}

/// What of the group came before this draft.
pub fn earlier(tenant: &Tenant, stored: &Stored) -> Outcome<Earlier> {
    let mut earlier = Earlier::default();
    let members = open_members(tenant, stored)?;
    for other in members.iter().take_while(|other| other.id != stored.id) {
        let settles_at = other.entry.pending.as_ref().map(|given| given.settles_at);
        earlier.open |= other.entry.status.is_open();
        earlier.settle_at = earlier.settle_at.max(settles_at.unwrap_or_default());
    }
    Ok(earlier)
}
