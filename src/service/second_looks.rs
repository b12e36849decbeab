//! Approvals that nobody can have read: another person looks at some of these drafts without knowing of
//! the first, and only then they are evidence. It must not say which: `policy::trust::evidence` does.

use crate::accounts::{self, Kept};
use crate::people::Person;
use crate::problem::{Outcome, Problem};
use crate::stored::{self, Stored};
use crate::tenant::Tenant;
use crate::{bind, column};
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use countersign_policy::trust::account::Counted;
use countersign_policy::trust::evidence::Observation;
use countersign_policy::verdict::VerdictKind;
use serde::Deserialize;

/// Notes that a second look at a settled draft is owed.
pub fn owe(
    tenant: &Tenant,
    kept: &Kept,
    stored: &Stored,
    observation: &Observation,
) -> Outcome<()> {
    let reviewer = stored.newest().map_or("", |verdict| &verdict.reviewer);
    tenant.storage.run(
        "INSERT INTO second_looks (draft_id, account, reviewer, observation) VALUES (?, ?, ?, ?)
         ON CONFLICT DO NOTHING",
        bind![
            &stored.id,
            kept.number,
            reviewer,
            &serde_json::to_string(observation)?
        ],
    )
}

/// Whether a second look at a draft is owed: then nobody is shown the first.
pub fn is_owed(tenant: &Tenant, draft: &str) -> Outcome<bool> {
    Ok(first_reviewer(tenant, draft)?.is_some())
}

/// Refuses the first reviewer as the second who agrees; what they got wrong they may say at any time.
pub fn check(tenant: &Tenant, draft: &str, kind: VerdictKind, person: &Person) -> Outcome<()> {
    match first_reviewer(tenant, draft)? {
        Some(first) if kind == VerdictKind::Confirm && first == person.id => {
            Err(Problem::from(Code::SameReviewer))
        }
        _ => Ok(()),
    }
}

/// A second look that is no longer owed.
#[derive(Deserialize)]
pub struct Owed {
    account: u64,
    #[serde(deserialize_with = "column::json")]
    observation: Observation,
}

/// Takes a draft's second look off the list, if one is owed.
pub fn take(tenant: &Tenant, draft: &str) -> Outcome<Option<Owed>> {
    tenant.storage.first(
        "DELETE FROM second_looks WHERE draft_id = ? RETURNING account, observation",
        bind![draft],
    )
}

/// Counts that somebody agrees with what a person had let out, where that was owed.
pub fn agreed(
    tenant: &Tenant,
    stored: &mut Stored,
    owed: Option<Owed>,
    here: Counted,
) -> Outcome<()> {
    let day = here.day;
    let Some(owed) = owed else {
        return Ok(());
    };
    let Some(mut kept) = accounts::by_number(tenant, owed.account)? else {
        return Ok(());
    };
    let first = Observation {
        group_counted: accounts::group_counted(tenant, &kept, &stored.draft, day)?,
        ..owed.observation
    };
    let reading = accounts::reading(stored, stored.look.as_ref());
    let account = &mut kept.account;
    if let Ok(label) = account.second_look(&stored.id, &first, &reading, day) {
        accounts::remember_alike(tenant, &kept, stored, label, day)?;
        accounts::save(tenant, &kept)?;
        if let Some(verdict) = &mut stored.verdict {
            verdict.evidence = Some(here);
        }
        stored::save(tenant, stored, here.at)?;
    }
    Ok(())
}

/// Gives up looks at what was settled before that time: nobody took them, and what reviewers did not
/// look at stays no evidence.
pub fn give_up(tenant: &Tenant, before: Millis, now: Millis) -> Outcome<()> {
    let missed = stored::readable_where(
        tenant,
        "id IN (SELECT draft_id FROM second_looks) AND settled_at < ?",
        bind![before],
    )?;
    for mut stored in missed {
        stored.entry.look_owed = false;
        stored::save(tenant, &mut stored, now)?;
    }
    tenant.storage.run(
        "DELETE FROM second_looks
         WHERE draft_id NOT IN
           (SELECT id FROM drafts WHERE settled_at IS NULL OR settled_at >= ? OR look_owed = 1)",
        bind![before],
    )
}

/// Who looked first at a draft whose second look is owed.
fn first_reviewer(tenant: &Tenant, draft: &str) -> Outcome<Option<String>> {
    let query = "SELECT reviewer FROM second_looks WHERE draft_id = ?";
    tenant.storage.value(query, bind![draft])
}
