//! A draft changes hands: claimed, let go, handed to a named person. It must not decide who may:
//! `policy::queue` does.

use crate::call::{Answer, Call};
use crate::people::{self, Person, PersonRole};
use crate::problem::Outcome;
use crate::stored::{self, Stored};
use crate::tenant::Tenant;
use crate::{bind, groups, notes, queue, rota, sight};
use countersign_policy::invalid::Invalid;
use countersign_policy::log::{Actor, Event};
use countersign_policy::queue::Command;
use countersign_policy::time::Millis;
use serde::Deserialize;

/// A claim lasts two minutes; the page renews it while someone reads or types.
const LEASE_MS: u64 = 120_000;

/// The body of `PUT /v1/drafts/{id}/assignee`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewAssignee {
    /// The person; null gives it back to everybody.
    person_id: Option<String>,
    /// For them alone; the agent is not told.
    #[serde(default)]
    note: Option<String>,
}

/// The body of `DELETE /v1/drafts/{id}/lease`; it may be missing.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LetGo {
    /// For whoever takes it next; the agent is not told.
    #[serde(default)]
    note: Option<String>,
}

/// `PUT /v1/drafts/{id}/lease`.
pub fn lease(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let mut stored = stored::load(tenant, &call.id)?;
    take(tenant, &mut stored, person, call.now)?;
    Answer::json(200, &queue::summary(&stored, call.now))
}

/// Claims a draft, and with it what waits of its group: one turn is answered by one person.
pub fn take(tenant: &Tenant, stored: &mut Stored, person: &Person, now: Millis) -> Outcome<()> {
    claim(tenant, stored, person, now)?;
    for mut other in groups::open_members(tenant, stored)? {
        if other.id != stored.id && other.entry.status.is_open() {
            unless_refused(claim(tenant, &mut other, person, now))?;
        }
    }
    Ok(())
}

/// What others of a group are asked as well: one that somebody else has stays theirs.
fn unless_refused(done: Outcome<()>) -> Outcome<()> {
    match done {
        Err(problem) if problem.code.status() < 500 => Ok(()),
        done => done,
    }
}

fn claim(tenant: &Tenant, stored: &mut Stored, person: &Person, now: Millis) -> Outcome<()> {
    let renewed = stored.entry.leased_by(now) == Some(person.id.as_str());
    let command = Command::Lease {
        reviewer: person.id.clone(),
        until: now.plus(LEASE_MS),
    };
    stored.step(&command, now)?;
    stored::save(tenant, stored, now)?;
    if !renewed {
        let actor = person.actor();
        tenant.log(now, Event::DraftLeased, actor, Some(&stored.id), [])?;
    }
    Ok(())
}

/// `DELETE /v1/drafts/{id}/lease`.
pub fn unlease(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let LetGo { note } = match call.body.is_empty() {
        true => LetGo::default(),
        false => call.json()?,
    };
    let mut stored = stored::load(tenant, &call.id)?;
    let mut members = groups::open_members(tenant, &stored)?;
    members.retain(|other| {
        other.id != stored.id && other.entry.leased_by(call.now) == Some(person.id.as_str())
    });
    let_go(tenant, &mut stored, person, call.now)?;
    for mut other in members {
        let_go(tenant, &mut other, person, call.now)?;
    }
    notes::add(tenant, &stored.id, person, note.as_ref(), call.now)?;
    Answer::json(200, &queue::summary(&stored, call.now))
}

fn let_go(tenant: &Tenant, stored: &mut Stored, person: &Person, now: Millis) -> Outcome<()> {
    let before = stored.entry.clone();
    let command = Command::Unlease {
        reviewer: person.id.clone(),
    };
    stored.step(&command, now)?;
    if stored.entry != before {
        stored::save(tenant, stored, now)?;
        let actor = person.actor();
        tenant.log(now, Event::DraftUnleased, actor, Some(&stored.id), [])?;
    }
    Ok(())
}

/// `PUT /v1/drafts/{id}/assignee`.
pub fn assign(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let new: NewAssignee = call.json()?;
    let mut stored = stored::load(tenant, &call.id)?;
    let again = is_handed(tenant, &stored, &new, person, call.now)?;
    if let Some(id) = new.person_id.as_ref().filter(|_| !again) {
        let to = people::by_id(tenant, id)?.filter(|to| to.role != PersonRole::Auditor);
        let to = to.ok_or(Invalid::field("/person_id", "nobody who reviews"))?;
        if !queue::may_read(&sight::of(tenant, &to)?, &stored) {
            return Err(Invalid::field("/person_id", "reads nothing of this category").into());
        }
        if rota::is_away(tenant, &to.id, call.now)? {
            return Err(Invalid::field("/person_id", "away").into());
        }
    }
    let to = new.person_id;
    if !again {
        hand_over(tenant, &mut stored, person, to.clone(), call.now)?;
    }
    // Also one that joined the group since.
    for mut other in groups::open_members(tenant, &stored)? {
        if other.id != stored.id && !(again && other.entry.assignee == to) {
            unless_refused(hand_over(tenant, &mut other, person, to.clone(), call.now))?;
        }
    }
    notes::add(tenant, &stored.id, person, new.note.as_ref(), call.now)?;
    Answer::json(200, &queue::summary(&stored, call.now))
}

/// Whether they handed it to that person, with that note, before: their answer got lost.
fn is_handed(
    tenant: &Tenant,
    stored: &Stored,
    new: &NewAssignee,
    person: &Person,
    now: Millis,
) -> Outcome<bool> {
    let has = new.person_id.is_some() && stored.entry.assignee == new.person_id;
    let said = |text: &String| notes::is_said(tenant, &stored.id, person, text, now);
    Ok(has && new.note.as_ref().map(said).transpose()?.unwrap_or(true))
}

fn hand_over(
    tenant: &Tenant,
    stored: &mut Stored,
    person: &Person,
    to: Option<String>,
    now: Millis,
) -> Outcome<()> {
    let command = Command::Assign {
        by: person.id.clone(),
        may_take: person.role == PersonRole::Lead,
        to,
    };
    stored.step(&command, now)?;
    stored::save(tenant, stored, now)?;
    let to = stored.entry.assignee.clone().unwrap_or_default();
    let facts = [("to", to.into())];
    let actor = person.actor();
    tenant.log(now, Event::DraftAssigned, actor, Some(&stored.id), facts)
}

/// Somebody goes away: what they claimed or were handed is everybody's again.
pub fn leave(tenant: &Tenant, gone: &Person, by: &Actor, now: Millis) -> Outcome<()> {
    let theirs = stored::readable_where(
        tenant,
        "status IN ('held', 'with_human') AND ? IN
           (json_extract(entry, '$.assignee'), json_extract(entry, '$.lease.reviewer'))",
        bind![&gone.id],
    )?;
    for mut stored in theirs {
        let command = Command::Assign {
            by: by.id.clone(),
            may_take: true,
            to: None,
        };
        stored.step(&command, now)?;
        stored::save(tenant, &mut stored, now)?;
        let facts = [("to", "".into()), ("from", gone.id.clone().into())];
        tenant.log(
            now,
            Event::DraftAssigned,
            by.clone(),
            Some(&stored.id),
            facts,
        )?;
    }
    Ok(())
}
