//! When a verdict starts to count: the one place from which agents, memory and trust learn of it. It
//! must not take a verdict, and must not let anything leave before its undo window is over.

use crate::problem::Outcome;
use crate::stored::{self, Stored};
use crate::tenant::{Tenant, system};
use crate::{groups, learning, looks, second_looks};
use countersign_policy::canonical::canonical;
use countersign_policy::log::Event;
use countersign_policy::queue::Command;
use countersign_policy::time::Millis;

/// Settles a verdict whose undo window is over; one that comes too early in its group, since an
/// earlier draft is open again, goes back to the queue.
pub fn settle(tenant: &Tenant, stored: &mut Stored, now: Millis) -> Outcome<()> {
    let due = stored.entry.pending.as_ref();
    if due.is_none_or(|pending| pending.settles_at > now) {
        return Ok(());
    }
    if groups::earlier(tenant, stored)?.open {
        stored.step(&Command::Hold, now)?;
        stored::save(tenant, stored, now)?;
        let facts = [("version", stored.entry.version.into())];
        return tenant.log(now, Event::DraftUndone, system(), Some(&stored.id), facts);
    }
    stored.step(&Command::Settle, now)?;
    stored::save(tenant, stored, now)?;
    if second_looks::is_owed(tenant, &stored.id)? {
        stored.entry.look_owed = true;
        stored::save(tenant, stored, now)?;
    }
    let outgoing = stored
        .outgoing()
        .map(|content| canonical(&content))
        .unwrap_or_default();
    let verdict_id = stored
        .verdict
        .as_ref()
        .map(|verdict| verdict.id.clone())
        .unwrap_or_default();
    let facts = [
        ("status", stored.entry.status.name().into()),
        ("verdict_id", verdict_id.into()),
        ("version", stored.entry.version.into()),
        ("outgoing_commitment", stored.bound(&outgoing)),
    ];
    tenant.log(now, Event::DraftSettled, system(), Some(&stored.id), facts)?;
    count(tenant, stored, now)
}

/// A look at what is out counts at once.
pub fn looked(tenant: &Tenant, stored: &mut Stored, now: Millis) -> Outcome<()> {
    if stored.seed.is_some() {
        return Ok(());
    }
    looks::count(tenant, stored, now)?;
    count(tenant, stored, now)
}

/// A verdict counts from now on: one that settled, or a look. The newest is the draft's label.
fn count(tenant: &Tenant, stored: &Stored, now: Millis) -> Outcome<()> {
    if stored.seed.is_some() {
        return Ok(());
    }
    learning::learn(tenant, stored, now)
}
