//! A verdict is taken back: within its undo window, or, where it hid a draft, as long as it does. It must not decide
//! whether that is still possible: `policy::queue` does.

use crate::bind;
use crate::call::{Answer, Call};
use crate::people::Person;
use crate::problem::Outcome;
use crate::stored::{self, Stored, StoredVerdict};
use crate::tenant::Tenant;
use crate::verdicts::VerdictAnswer;
use countersign_policy::log::Event;
use countersign_policy::queue::Command;
use countersign_policy::time::Millis;
use serde::Deserialize;

/// The body of `DELETE /v1/drafts/{id}/verdict`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TakenBack {
    /// The verdict that is taken back.
    verdict_id: String,
}

/// `DELETE /v1/drafts/{id}/verdict`. One that was taken back already stays so.
pub fn undo(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let TakenBack { verdict_id } = call.json()?;
    let mut stored = stored::load(tenant, &call.id)?;
    if !was_undone(tenant, &stored, &verdict_id)? {
        take_back(tenant, &mut stored, &verdict_id, person, call.now)?;
    }
    Answer::json(200, &VerdictAnswer::of(&stored))
}

fn was_undone(tenant: &Tenant, stored: &Stored, verdict_id: &str) -> Outcome<bool> {
    tenant.storage.finds(
        "SELECT 1 FROM verdicts WHERE id = ? AND draft_id = ? AND undone_at IS NOT NULL",
        bind![verdict_id, &stored.id],
    )
}

fn take_back(
    tenant: &Tenant,
    stored: &mut Stored,
    verdict_id: &str,
    person: &Person,
    now: Millis,
) -> Outcome<()> {
    let command = Command::Undo {
        reviewer: person.id.clone(),
        verdict_id: verdict_id.to_owned(),
    };
    stored.step(&command, now)?;
    // What was said before the draft was deferred stands.
    let is_it = |given: &mut StoredVerdict| given.id == verdict_id;
    if let Some(taken_back) = stored.verdict.take_if(is_it) {
        stored.verdict = taken_back.first.map(|first| *first);
    }
    stored::save(tenant, stored, now)?;
    tenant.storage.run(
        "UPDATE verdicts SET undone_at = ? WHERE id = ?",
        bind![now, verdict_id],
    )?;
    let facts = [
        ("verdict_id", verdict_id.into()),
        ("version", stored.entry.version.into()),
    ];
    let actor = person.actor();
    let about = Some(stored.id.as_str());
    tenant.log(now, Event::DraftUndone, actor, about, facts)
}
