//! The rota: who is on call, who is away, and gaps that are said aloud. It must not decide who
//! answers: `policy::rota` does.

use crate::bind;
use crate::call::{Answer, Call};
use crate::people::{self, Person};
use crate::problem::Outcome;
use crate::situations;
use crate::storage::parsed;
use crate::tenant::{Tenant, system};
use countersign_policy::canonical::canonical;
use countersign_policy::digest::{hex, plain};
use countersign_policy::guardrail::LocalTime;
use countersign_policy::log::Event;
use countersign_policy::rota::{self, Duty, Member, Shift};
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// The body of `PUT /v1/rota`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewRota {
    /// In order: of those that cover a moment the first counts whose people are not all away.
    shifts: Vec<Shift>,
}

/// The rota as it is.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RotaView {
    /// Absent where the tenant never had one: then whom the policy names answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    shifts: Option<Vec<Shift>>,
    /// Who is on duty now for what no shift names.
    on_duty: Duty,
    /// Categories for which a draft found nobody on duty: the lead answers.
    gaps: Vec<Gap>,
}

/// A category without anybody on duty.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Gap {
    /// The category; empty for drafts without one.
    category: String,
    /// Since when, as milliseconds since 1970.
    since: u64,
}

/// Everybody who can answer, read once for a moment.
pub struct Desk {
    at: Millis,
    roster: Rc<Roster>,
    local: LocalTime,
}

/// Who can answer, and when.
pub struct Roster {
    shifts: Option<Vec<Shift>>,
    members: Vec<Member>,
}

#[derive(Deserialize)]
struct MemberRow {
    id: String,
    lead: u32,
    away_until: Option<u64>,
}

/// Who is on duty for a category.
pub fn duty(tenant: &Tenant, category: Option<&str>, now: Millis) -> Outcome<Duty> {
    let desk = desk(tenant, now)?;
    let Roster { shifts, members } = &*desk.roster;
    Ok(rota::duty(
        shifts.as_deref(),
        members,
        category,
        now,
        desk.local,
    ))
}

/// Whether somebody who can answer for drafts is away.
pub fn is_away(tenant: &Tenant, person: &str, now: Millis) -> Outcome<bool> {
    let desk = desk(tenant, now)?;
    let mut members = desk.roster.members.iter();
    Ok(members.any(|one| one.id == person && !one.is_there(now)))
}

fn desk(tenant: &Tenant, now: Millis) -> Outcome<Rc<Desk>> {
    if let Some(desk) = tenant.desk.borrow().as_ref().filter(|desk| desk.at == now) {
        return Ok(desk.clone());
    }
    let roster = tenant
        .recall
        .roster
        .or((), || roster(tenant).map(Rc::new))?;
    let local = match &roster.shifts {
        None => LocalTime::default(),
        Some(_) => {
            let version = tenant.record()?.policy_version;
            let zone = tenant.policy(version)?.policy().zone.clone();
            situations::local_time(&zone, now).unwrap_or_default()
        }
    };
    let at = now;
    let desk = Rc::new(Desk { at, roster, local });
    tenant.desk.replace(Some(desk.clone()));
    Ok(desk)
}

fn roster(tenant: &Tenant) -> Outcome<Roster> {
    let shifts = "SELECT shifts FROM rota";
    let shifts = tenant.storage.value::<String>(shifts, bind![])?;
    let members = tenant.storage.rows::<MemberRow>(
        "SELECT id, role = 'lead' AS lead, away_until FROM people
         WHERE removed_at IS NULL AND role <> 'auditor'
         ORDER BY created_at, rowid",
        bind![],
    )?;
    let members = members.into_iter().map(|row| Member {
        id: row.id,
        lead: row.lead == 1,
        away_until: row.away_until.map(Millis),
    });
    Ok(Roster {
        shifts: shifts.as_deref().map(parsed).transpose()?,
        members: members.collect(),
    })
}

/// Says aloud that nobody is on duty for a category, and that somebody is again: once each.
pub fn watch(tenant: &Tenant, duty: &Duty, category: Option<&str>, now: Millis) -> Outcome<()> {
    let category = category.unwrap_or_default();
    let known = tenant.recall.gaps.or((), || {
        let gaps = gaps(tenant)?.into_iter().map(|gap| gap.category);
        Ok(Rc::new(gaps.collect()))
    })?;
    let known = known.iter().any(|gap| gap == category);
    if duty.is_empty() == known {
        return Ok(());
    }
    tenant.recall.gaps.clear();
    let event = if known {
        tenant
            .storage
            .run("DELETE FROM rota_gaps WHERE category = ?", bind![category])?;
        Event::RotaCovered
    } else {
        tenant.storage.run(
            "INSERT INTO rota_gaps (category, since) VALUES (?, ?)",
            bind![category, now],
        )?;
        Event::RotaEmpty
    };
    let facts = [
        ("category", category.into()),
        ("lead", duty.lead.clone().unwrap_or_default().into()),
    ];
    tenant.log(now, event, system(), None, facts)
}

/// Categories for which nobody is on duty.
pub fn gaps(tenant: &Tenant) -> Outcome<Vec<Gap>> {
    tenant.storage.rows(
        "SELECT category, since FROM rota_gaps ORDER BY category",
        bind![],
    )
}

/// `GET /v1/rota`.
pub fn get(tenant: &Tenant, now: Millis) -> Outcome<Answer> {
    let desk = desk(tenant, now)?;
    let view = RotaView {
        shifts: desk.roster.shifts.clone(),
        on_duty: duty(tenant, None, now)?,
        gaps: gaps(tenant)?,
    };
    Answer::json(200, &view)
}

/// `PUT /v1/rota`.
pub fn put(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let new: NewRota = call.json()?;
    let known = people::reviewers(tenant)?;
    let faults = rota::faults(&new.shifts, |id| known.iter().any(|known| known == id));
    if let Some(fault) = faults.into_iter().next() {
        return Err(fault.into());
    }
    let shifts = canonical(&new.shifts);
    tenant.storage.run(
        "INSERT INTO rota (id, shifts, changed_at) VALUES (1, ?, ?)
         ON CONFLICT (id) DO UPDATE SET shifts = excluded.shifts, changed_at = excluded.changed_at",
        bind![&shifts, call.now],
    )?;
    forget(tenant);
    let facts = [("rota_hash", hex(&plain(&[&shifts])).into())];
    tenant.log(call.now, Event::RotaChanged, person.actor(), None, facts)?;
    look_again(tenant, call.now)?;
    get(tenant, call.now)
}

/// After a change of the rota or of who is away: whether gaps closed, or everything became one.
pub fn look_again(tenant: &Tenant, now: Millis) -> Outcome<()> {
    forget(tenant);
    for gap in gaps(tenant)? {
        let category = Some(gap.category.as_str()).filter(|name| !name.is_empty());
        watch(tenant, &duty(tenant, category, now)?, category, now)?;
    }
    watch(tenant, &duty(tenant, None, now)?, None, now)
}

fn forget(tenant: &Tenant) {
    tenant.desk.take();
    tenant.recall.roster.clear();
}
