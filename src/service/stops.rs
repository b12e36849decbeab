//! Stops and shadow mode: what a lead holds at once, and which agents are only watched. It must not
//! decide what a stop covers: `policy::stop` does.

use crate::call::{Answer, Call};
use crate::people::Person;
use crate::problem::{Outcome, Problem};
use crate::tenant::Tenant;
use crate::{bind, column, random, reroute};
use countersign_policy::canonical::canonical;
use countersign_policy::digest::hex;
use countersign_policy::draft::NAME_BYTES_MAX;
use countersign_policy::invalid::{Invalid, check_length};
use countersign_policy::log::{Event, commitment};
use countersign_policy::problem::Code;
use countersign_policy::stop::Scope;
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};

/// Changes that are told: a page.
const CHANGES_MAX: u32 = 200;

/// The body of `PUT /v1/stop`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewStop {
    /// What it covers.
    covers: Scope,
    /// False lifts it.
    stopped: bool,
    /// Why; agents and reviewers are told of a stop's.
    #[serde(default)]
    reason: String,
}

/// Every stop that is in force, and what led there.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StopList {
    stops: Vec<StopView>,
    /// The newest that were given or lifted, the last one first; at most 200.
    changes: Vec<StopChange>,
}

/// A stop that was given or lifted.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct StopChange {
    #[serde(deserialize_with = "column::json")]
    covers: Scope,
    /// Whether it was given.
    #[serde(deserialize_with = "column::truth")]
    stopped: bool,
    /// Why; the log has a commitment to it.
    reason: String,
    /// The salt of the commitment, in hexadecimal.
    salt: String,
    /// Who did it.
    person_id: String,
    #[serde(deserialize_with = "column::time")]
    at: Millis,
}

/// One stop.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct StopView {
    #[serde(deserialize_with = "column::json")]
    covers: Scope,
    reason: String,
    /// Who gave it.
    person_id: String,
    #[serde(deserialize_with = "column::time")]
    since: Millis,
}

/// The body of `PUT /v1/agents/{id}/shadow`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewShadow {
    /// True: the agent is answered `release`, and only watched; refused where the policy has `second_lead`.
    shadow: bool,
}

/// The agents that are only watched.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ShadowList {
    shadows: Vec<String>,
}

/// `PUT /v1/stop`. Giving the same stop again, or lifting one that isn't there, changes nothing.
pub fn put(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let new: NewStop = call.json()?;
    if new.stopped && new.reason.trim().is_empty() {
        return Err(Invalid::field("/reason", "a stop says why").into());
    }
    check_length("/reason", &new.reason, NAME_BYTES_MAX)?;
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
        let salt: [u8; 32] = random::bytes()?;
        tenant.storage.run(
            "INSERT INTO stop_changes (scope, stopped, reason, salt, person_id, at)
             VALUES (?, ?, ?, ?, ?, ?)",
            bind![
                &scope,
                new.stopped,
                &new.reason,
                &hex(&salt),
                &person.id,
                call.now
            ],
        )?;
        let facts = [
            ("scope", scope.into()),
            ("stopped", new.stopped.into()),
            (
                "reason_commitment",
                hex(&commitment(&salt, &new.reason)).into(),
            ),
        ];
        tenant.log(call.now, Event::StopChanged, person.actor(), None, facts)?;
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
            changes: changes(tenant)?,
        },
    )
}

fn changes(tenant: &Tenant) -> Outcome<Vec<StopChange>> {
    tenant.storage.rows(
        "SELECT scope AS covers, stopped, reason, salt, person_id, at FROM stop_changes
         ORDER BY number DESC LIMIT ?",
        bind![CHANGES_MAX],
    )
}

fn stops(tenant: &Tenant) -> Outcome<Vec<StopView>> {
    tenant.storage.rows(
        "SELECT scope AS covers, reason, person_id, since FROM stops ORDER BY since, scope",
        bind![],
    )
}

/// `PUT /v1/agents/{id}/shadow`.
pub fn put_shadow(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let NewShadow { shadow } = call.json()?;
    if shadow != is_shadow(tenant, &call.id)? {
        if shadow {
            let policy = tenant.policy(tenant.record()?.policy_version)?;
            if policy.policy().second_lead {
                let detail = "an agent in shadow may send everything: under this policy no lead begins that alone";
                return Err(Problem::new(Code::SecondLeadNeeded, detail));
            }
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
        tenant.log(call.now, Event::ShadowChanged, person.actor(), agent, facts)?;
    }
    let shadows = "SELECT agent FROM shadows ORDER BY agent";
    let shadows = tenant.storage.values(shadows, bind![])?;
    Answer::json(200, &ShadowList { shadows })
}

/// Whether an agent is only watched.
pub fn is_shadow(tenant: &Tenant, agent: &str) -> Outcome<bool> {
    tenant.recall.shadows.or(agent.to_owned(), || {
        let watched = "SELECT 1 FROM shadows WHERE agent = ?";
        tenant.storage.finds(watched, bind![agent])
    })
}
