//! Stops and shadow mode: what a lead holds at once, and which agents are only watched. It must not
//! decide what a stop covers: `policy::stop` does.

use crate::call::{Answer, Call};
use crate::people::Person;
use crate::problem::Outcome;
use crate::storage::parsed;
use crate::tenant::Tenant;
use crate::{bind, log, reroute};
use countersign_policy::draft::NAME_BYTES_MAX;
use countersign_policy::invalid::Invalid;
use countersign_policy::log::{Event, canonical};
use countersign_policy::stop::Scope;
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};

/// The body of `PUT /v1/stop`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewStop {
    /// What it covers.
    covers: Scope,
    /// False lifts it.
    stopped: bool,
    /// Why; agents and reviewers are told.
    #[serde(default)]
    reason: String,
}

/// Every stop that is in force.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StopList {
    stops: Vec<StopView>,
}

/// One stop.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct StopView {
    covers: Scope,
    reason: String,
    /// Who gave it.
    person_id: String,
    since: Millis,
}

/// The body of `PUT /v1/agents/{id}/shadow`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewShadow {
    /// True: the agent is answered `release`, and only watched.
    shadow: bool,
}

/// The agents that are only watched.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ShadowList {
    shadows: Vec<String>,
}

#[derive(Deserialize)]
struct StopRow {
    scope: String,
    reason: String,
    person_id: String,
    since: u64,
}

#[derive(Deserialize)]
struct ShadowRow {
    agent: String,
}

/// `PUT /v1/stop`. Giving the same stop again, or lifting one that isn't there, changes nothing.
pub fn put(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let new: NewStop = call.json()?;
    if new.stopped && new.reason.trim().is_empty() {
        return Err(Invalid::field("/reason", "a stop says why").into());
    }
    if new.reason.len() > usize::try_from(NAME_BYTES_MAX).unwrap_or(0) {
        return Err(Invalid::too_long("/reason", NAME_BYTES_MAX, "bytes").into());
    }
    let scope = canonical(&new.covers);
    let known = stops(tenant)?.iter().any(|stop| stop.covers == new.covers);
    if known != new.stopped {
        if new.stopped {
            tenant.storage.run(
                "INSERT INTO stops (scope, reason, person_id, since) VALUES (?, ?, ?, ?)",
                bind![&scope, &new.reason, &person.id, call.now],
            )?;
        } else {
            tenant
                .storage
                .run("DELETE FROM stops WHERE scope = ?", bind![&scope])?;
        }
        let facts = [("scope", scope.into()), ("stopped", new.stopped.into())];
        log::append(
            tenant,
            call.now,
            Event::StopChanged,
            person.actor(),
            None,
            facts,
        )?;
        reroute::begin(tenant, call.now)?;
    }
    list(tenant)
}

/// `GET /v1/stop`.
pub fn list(tenant: &Tenant) -> Outcome<Answer> {
    Answer::json(
        200,
        &StopList {
            stops: stops(tenant)?,
        },
    )
}

fn stops(tenant: &Tenant) -> Outcome<Vec<StopView>> {
    let rows = tenant.storage.rows::<StopRow>(
        "SELECT scope, reason, person_id, since FROM stops ORDER BY since, scope",
        bind![],
    )?;
    rows.into_iter()
        .map(|row| {
            Ok(StopView {
                covers: parsed(&row.scope)?,
                reason: row.reason,
                person_id: row.person_id,
                since: Millis(row.since),
            })
        })
        .collect()
}

/// `PUT /v1/agents/{id}/shadow`.
pub fn put_shadow(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let NewShadow { shadow } = call.json()?;
    if shadow != is_shadow(tenant, &call.id)? {
        if shadow {
            tenant.storage.run(
                "INSERT INTO shadows (agent, person_id, since) VALUES (?, ?, ?)",
                bind![&call.id, &person.id, call.now],
            )?;
        } else {
            tenant
                .storage
                .run("DELETE FROM shadows WHERE agent = ?", bind![&call.id])?;
        }
        let facts = [("shadow", shadow.into())];
        let agent = Some(call.id.as_str());
        log::append(
            tenant,
            call.now,
            Event::ShadowChanged,
            person.actor(),
            agent,
            facts,
        )?;
    }
    let rows = tenant
        .storage
        .rows::<ShadowRow>("SELECT agent FROM shadows ORDER BY agent", bind![])?;
    let shadows = rows.into_iter().map(|row| row.agent).collect();
    Answer::json(200, &ShadowList { shadows })
}

/// Whether an agent is only watched.
pub fn is_shadow(tenant: &Tenant, agent: &str) -> Outcome<bool> {
    tenant.recall.shadows.or(agent.to_owned(), || {
        let row = tenant
            .storage
            .first::<ShadowRow>("SELECT agent FROM shadows WHERE agent = ?", bind![agent])?;
        Ok(row.is_some())
    })
}
