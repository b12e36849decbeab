//! What became of something that was allowed to leave, as its agent says. It must not believe anybody
//! else's agent.

use crate::call::{Answer, Call};
use crate::drafts::{step, view};
use crate::problem::Outcome;
use crate::stored;
use crate::tenant::Tenant;
use countersign_policy::log::{Actor, Event};
use countersign_policy::queue::{Command, Outcome as Reported};
use serde::Deserialize;

/// The body of `PUT /v1/drafts/{id}/outcome`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OutcomeReport {
    /// What became of it.
    outcome: Reported,
}

/// `PUT /v1/drafts/{id}/outcome`.
pub fn put(tenant: &Tenant, call: &Call, key: &str) -> Outcome<Answer> {
    let OutcomeReport { outcome } = call.json()?;
    let mut stored = stored::load_own(tenant, &call.id, key)?;
    let before = stored.entry.clone();
    step(tenant, &mut stored, &Command::Report { outcome }, call.now)?;
    if stored.entry != before {
        stored::save(tenant, &mut stored, call.now)?;
        let facts = [("outcome", outcome.status().name().into())];
        tenant.log(
            call.now,
            Event::DraftReported,
            Actor::agent(key),
            Some(&stored.id),
            facts,
        )?;
    }
    Answer::json(200, &view(tenant, &stored, call.now)?)
}
