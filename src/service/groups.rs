//! Drafts of one turn: found together, answered in order. It must not decide whose turn it is:
//! `policy::queue` refuses what comes too early.

use crate::bind;
use crate::problem::Outcome;
use crate::stored::{self, Stored};
use crate::tenant::Tenant;

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

/// Whether a draft of the group that came before this one still waits for a verdict.
pub fn earlier_open(tenant: &Tenant, stored: &Stored) -> Outcome<bool> {
    let members = open_members(tenant, stored)?;
    let mut earlier = members.iter().take_while(|other| other.id != stored.id);
    Ok(earlier.any(|other| other.entry.status.is_open()))
}
