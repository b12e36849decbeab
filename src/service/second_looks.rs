//! Approvals that nobody can have read: another person looks at some of these drafts without knowing of
//! the first, and only then they are evidence. It must not say which: `policy::trust::evidence` does.

use crate::accounts::{self, Kept};
use crate::bind;
use crate::people::Person;
use crate::problem::{Outcome, Problem};
use crate::storage::parsed;
use crate::stored::{self, Stored};
use crate::tenant::Tenant;
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use countersign_policy::trust::Label;
use countersign_policy::trust::evidence::Observation;
use countersign_policy::verdict::VerdictKind;
use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    account: u64,
    reviewer: String,
    observation: String,
}

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
    Ok(row(tenant, draft)?.is_some())
}

/// Refuses the first reviewer as the second who agrees; what they got wrong they may say at any time.
pub fn check(tenant: &Tenant, draft: &str, kind: VerdictKind, person: &Person) -> Outcome<()> {
    match row(tenant, draft)? {
        Some(row) if kind == VerdictKind::Confirm && row.reviewer == person.id => {
            Err(Problem::from(Code::SameReviewer))
        }
        _ => Ok(()),
    }
}

/// Counts a look at what a person had let out: as the second one where it was owed. A draft that is
/// found wrong later on is evidence against its agent all the same, near-identical ones once a day.
pub fn looked(tenant: &Tenant, stored: &Stored, label: Label, day: i32) -> Outcome<()> {
    let Some(row) = row(tenant, &stored.id)? else {
        let kept = accounts::of_draft(tenant, &stored.draft)?;
        let Some(mut kept) = kept.filter(|_| !label.acceptable()) else {
            return Ok(());
        };
        let counted = accounts::group_counted(tenant, &kept, &stored.draft, day)?;
        if counted.is_none_or(|counted| counted < label) {
            kept.account.add_evidence(&stored.id, label, day);
            accounts::remember_alike(tenant, &kept, stored, label, day)?;
            accounts::save(tenant, &kept)?;
        }
        return Ok(());
    };
    tenant.storage.run(
        "DELETE FROM second_looks WHERE draft_id = ?",
        bind![&stored.id],
    )?;
    let Some(mut kept) = accounts::by_number(tenant, row.account)? else {
        return Ok(());
    };
    let first = Observation {
        group_counted: accounts::group_counted(tenant, &kept, &stored.draft, day)?,
        ..parsed(&row.observation)?
    };
    let reading = accounts::reading(stored);
    let account = &mut kept.account;
    if let Ok(label) = account.second_look(&stored.id, &first, label, &reading, day) {
        accounts::remember_alike(tenant, &kept, stored, label, day)?;
        accounts::save(tenant, &kept)?;
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
        stored::save(tenant, &stored, now)?;
    }
    tenant.storage.run(
        "DELETE FROM second_looks
         WHERE draft_id NOT IN
           (SELECT id FROM drafts WHERE settled_at IS NULL OR settled_at >= ? OR look_owed = 1)",
        bind![before],
    )
}

fn row(tenant: &Tenant, draft: &str) -> Outcome<Option<Row>> {
    tenant.storage.first(
        "SELECT account, reviewer, observation FROM second_looks WHERE draft_id = ?",
        bind![draft],
    )
}
