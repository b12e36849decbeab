//! The next draft for whoever asks: what waits, then what is out and to be looked at. It must not decide
//! which comes first: `policy::claim` does.

use crate::call::{Answer, Call};
use crate::people::Person;
use crate::problem::Outcome;
use crate::queue::summary;
use crate::storage::parsed;
use crate::tenant::Tenant;
use crate::{bind, handovers, staff, stored};
use countersign_policy::catalogue::Stakes;
use countersign_policy::claim::{self, Waiting, Weight};
use countersign_policy::queue::Entry;
use countersign_policy::time::Millis;
use serde::Deserialize;

/// Drafts looked at in one go.
const PAGE_MAX: u32 = 200;
/// Categories looked at.
const CATEGORIES_MAX: u32 = 200;

/// `POST /v1/leases`.
pub fn claim_next(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let skills = staff::skills(tenant, person)?;
    let mut free = Vec::new();
    for served in categories(tenant)? {
        if claim::suits(&skills, served.category.as_deref().unwrap_or_default()) {
            free.extend(free_of(tenant, served, person, call.now)?);
        }
    }
    let (mut stored, category) = loop {
        let Some(next) = claim::next(&free) else {
            return claim_look(tenant, &skills, person, call.now);
        };
        let id = next.id.clone();
        match stored::load(tenant, &id) {
            Ok(stored) => break (stored, next.category.clone()),
            // Whoever reads the log is told of it by the list; here it is not the next one.
            Err(_) => free.retain(|waiting| waiting.id != id),
        }
    };
    handovers::take(tenant, &mut stored, person, call.now)?;
    tenant.storage.run(
        "INSERT INTO served (category, at) VALUES (?, ?)
         ON CONFLICT (category) DO UPDATE SET at = excluded.at",
        bind![&category, call.now],
    )?;
    Answer::json(200, &summary(&stored, call.now))
}

/// Where nothing waits: what went out and is still to be looked at, oldest first, and by somebody else
/// than who let it out.
fn claim_look(tenant: &Tenant, skills: &[String], person: &Person, now: Millis) -> Outcome<Answer> {
    let mut offset = 0_u32;
    loop {
        let owed = tenant.storage.rows::<LookRow>(
            "SELECT id, category, entry FROM drafts
             WHERE visible = 1 AND look_owed = 1 AND status NOT IN ('held', 'with_human', 'pending')
               AND NOT EXISTS (SELECT 1 FROM second_looks WHERE draft_id = drafts.id AND reviewer = ?)
             ORDER BY due_at, created_at, id LIMIT ? OFFSET ?",
            bind![&person.id, PAGE_MAX, offset],
        )?;
        if owed.is_empty() {
            return Ok(Answer::empty());
        }
        for row in owed {
            let Ok(entry) = parsed::<Entry>(&row.entry) else {
                continue;
            };
            let category = row.category.as_deref().unwrap_or_default();
            if claim::suits(skills, category)
                && entry.is_look_for(&person.id, now)
                && let Ok(mut stored) = stored::load(tenant, &row.id)
            {
                handovers::take(tenant, &mut stored, person, now)?;
                return Answer::json(200, &summary(&stored, now));
            }
        }
        offset = offset.saturating_add(PAGE_MAX);
    }
}

/// A category of which drafts wait, and when one was last given to somebody.
#[derive(Deserialize)]
struct Served {
    category: Option<String>,
    at: Option<u64>,
}

#[derive(Deserialize)]
struct LookRow {
    id: String,
    category: Option<String>,
    entry: String,
}

#[derive(Deserialize)]
struct OpenRow {
    id: String,
    created_at: u64,
    entry: String,
}

fn categories(tenant: &Tenant) -> Outcome<Vec<Served>> {
    // From one category to the next by the index: `DISTINCT` would read every draft that waits.
    tenant.storage.rows(
        "WITH RECURSIVE named (category) AS (
           SELECT * FROM (SELECT category FROM drafts
             WHERE status IN ('held', 'with_human') AND category >= '' ORDER BY category LIMIT 1)
           UNION ALL
           SELECT (SELECT category FROM drafts
             WHERE status IN ('held', 'with_human') AND category > named.category
             ORDER BY category LIMIT 1)
           FROM named WHERE category IS NOT NULL
           LIMIT ?)
         SELECT open.category, served.at FROM (
           SELECT category FROM named WHERE category IS NOT NULL
           UNION ALL
           SELECT NULL WHERE EXISTS (SELECT 1 FROM drafts
             WHERE status IN ('held', 'with_human') AND category IS NULL)) AS open
         LEFT JOIN served ON served.category = COALESCE(open.category, '')",
        bind![CATEGORIES_MAX],
    )
}

/// The drafts of a category that are free for a person, the first to be late first.
fn free_of(tenant: &Tenant, served: Served, person: &Person, now: Millis) -> Outcome<Vec<Waiting>> {
    let rows = tenant.storage.rows::<OpenRow>(
        // However many are hidden, handed to others, or have this person's own word: others come.
        "SELECT id, created_at, entry FROM drafts
         WHERE category IS ?1 AND status IN ('held', 'with_human')
           AND entry ->> '$.deferred_until' IS NULL
           AND COALESCE(entry ->> '$.assignee', ?2) = ?2
           AND entry ->> '$.first.reviewer' IS NOT ?2
         ORDER BY due_at, created_at LIMIT ?3",
        bind![served.category.as_ref(), &person.id, PAGE_MAX],
    )?;
    let mut free = Vec::new();
    for row in rows {
        let Ok(entry) = parsed::<Entry>(&row.entry) else {
            continue;
        };
        if entry.is_free_for(&person.id, now) {
            let created_at = Millis(row.created_at);
            free.push(Waiting {
                id: row.id,
                category: served.category.clone().unwrap_or_default(),
                stage: entry.stage(),
                weight: entry.weight.unwrap_or(Weight {
                    stakes: Stakes::None,
                    customer_since: created_at,
                }),
                created_at,
                served_at: served.at.map(Millis),
            });
        }
    }
    Ok(free)
}
