//! Who has a draft: claimed for a while, let go, handed to a named person. It must not know who may
//! take one from somebody else: that is an argument.

use super::{Entry, Lease};
use crate::refusal::Refusal;
use crate::time::Millis;

/// A claim, or one renewed: on what waits, or on what is to be looked at.
pub(super) fn lease(
    entry: &Entry,
    reviewer: &str,
    until: Millis,
    now: Millis,
) -> Result<Entry, Refusal> {
    if !entry.status.is_open() && !entry.awaits_look() {
        return Err(Refusal::NotOpen);
    }
    free_for(entry, reviewer, now)?;
    let lease = Lease {
        reviewer: reviewer.to_owned(),
        until,
    };
    Ok(Entry {
        lease: Some(lease),
        ..entry.clone()
    })
}

/// Nobody else claims it, and it was handed to nobody else.
pub(super) fn free_for(entry: &Entry, reviewer: &str, now: Millis) -> Result<(), Refusal> {
    let other = |holder: &str| holder != reviewer;
    if entry.leased_by(now).is_some_and(other) {
        Err(Refusal::LeasedByOther)
    } else if entry.assignee.as_deref().is_some_and(other) {
        Err(Refusal::AssignedToOther)
    } else {
        Ok(())
    }
}

/// Let go by whoever claims it. A claim that has lapsed, or that a verdict holds until it settles, stays
/// as it is, so that taking the verdict back finds the draft as it was.
pub(super) fn unlease(entry: &Entry, reviewer: &str, now: Millis) -> Result<Entry, Refusal> {
    match entry.leased_by(now) {
        Some(holder) if holder != reviewer => Err(Refusal::LeasedByOther),
        Some(_) if entry.pending.is_none() => Ok(Entry {
            lease: None,
            ..entry.clone()
        }),
        _ => Ok(entry.clone()),
    }
}

/// Handed to a person, or back to everybody; who may take it asks nobody.
pub(super) fn assign(
    entry: &Entry,
    by: &str,
    may_take: bool,
    to: Option<&String>,
    now: Millis,
) -> Result<Entry, Refusal> {
    if !entry.status.is_open() {
        return Err(Refusal::NotOpen);
    }
    if !may_take {
        free_for(entry, by, now)?;
    }
    Ok(Entry {
        lease: None,
        deferred_until: None,
        assignee: to.cloned(),
        ..entry.clone()
    })
}
