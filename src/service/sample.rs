//! What sampling depends on: what went out this week, and how full the queue is. It must not say
//! how much is sampled: `policy::sample` does.

use crate::accounts::day_number;
use crate::bind;
use crate::pace;
use crate::problem::Outcome;
use crate::stored::Stored;
use crate::tenant::{Tenant, TenantRecord, system};
use countersign_policy::compiled::Compiled;
use countersign_policy::day::{local_day, monday_of};
use countersign_policy::draft::Draft;
use countersign_policy::guardrail::LocalTime;
use countersign_policy::log::Event;
use countersign_policy::ratio::Ratio;
use countersign_policy::route::{Route, Situation};
use countersign_policy::sample::{self, Releases};
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Row {
    monday: i32,
    released: u32,
    looks: u32,
    released_before: u32,
}

/// Whether the queue is so full that less of what went out is sampled.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PressureView {
    /// Drafts that wait, counted up to `full_at`.
    open: u32,
    /// Where the queue counts as full, by the policy.
    full_at: u32,
    /// Whether sampling gives way.
    eases_sampling: bool,
}

/// What went out of the draft's category in the local week.
pub fn releases(
    tenant: &Tenant,
    draft: &Draft,
    local_time: LocalTime,
    now: Millis,
) -> Outcome<Releases> {
    let category = draft.category.as_deref().unwrap_or_default();
    let monday = monday_of(local_day(now, local_time));
    let (counted, then) = tenant.recall.releases.or(category.to_owned(), || {
        let row = tenant.storage.first::<Row>(
            "SELECT monday, released, looks, released_before FROM releases WHERE category = ?",
            bind![category],
        )?;
        Ok(row.map_or((monday, Releases::default()), |row| {
            let then = Releases {
                released: row.released,
                looks: row.looks,
                released_before: row.released_before,
            };
            (row.monday, then)
        }))
    })?;
    Ok(then.in_week(counted, monday))
}

/// Counts a draft that went out by itself; one of an agent that is only watched does not.
pub fn count(tenant: &Tenant, stored: &Stored, situation: &Situation, now: Millis) -> Outcome<()> {
    let decision = &stored.decision;
    if stored.shadow || decision.route != Route::Release {
        return Ok(());
    }
    let so_far = situation.week.unwrap_or_default().plus(decision.sampled);
    let category = stored.draft.category.as_deref().unwrap_or_default();
    let monday = monday_of(local_day(now, situation.local_time));
    tenant
        .recall
        .releases
        .put(category.to_owned(), (monday, so_far));
    tenant.storage.run(
        "INSERT INTO releases (category, monday, released, looks, released_before)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (category) DO UPDATE SET
           monday = ?2, released = ?3, looks = ?4, released_before = ?5",
        bind![
            category,
            day_number(monday),
            so_far.released,
            so_far.looks,
            so_far.released_before,
        ],
    )
}

/// How full the queue is.
pub fn pressure(tenant: &Tenant, policy: &Compiled, now: Millis) -> Outcome<Ratio> {
    let full_at = policy.policy().queue_full_at;
    Ok(sample::pressure(pace::ahead(tenant, now)?.open, full_at))
}

/// The same for leads, who see it beside the queue.
pub fn show(tenant: &Tenant, now: Millis) -> Outcome<PressureView> {
    let record = tenant.record()?;
    let policy = tenant.policy(record.policy_version)?;
    let full_at = policy.policy().queue_full_at;
    let open = pace::ahead(tenant, now)?.open.min(full_at);
    Ok(PressureView {
        open,
        full_at,
        eases_sampling: sample::presses(sample::pressure(open, full_at), record.pressed == 1),
    })
}

/// Puts it on record when the queue begins to press, and when it no longer does.
pub fn notice(tenant: &Tenant, record: &TenantRecord, pressure: Ratio, now: Millis) -> Outcome<()> {
    let before = record.pressed == 1;
    let presses = sample::presses(pressure, before);
    if presses == before {
        return Ok(());
    }
    tenant.recall.forget();
    tenant
        .storage
        .run("UPDATE tenant SET pressed = ?", bind![presses])?;
    let facts = [
        ("eases_sampling", presses.into()),
        ("pressure_ppm", pressure.ppm().into()),
    ];
    tenant.log(now, Event::PressureChanged, system(), None, facts)
}
