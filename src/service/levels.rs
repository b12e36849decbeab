//! Levels that change: every step goes through here, is written down, and takes open drafts along. It
//! must not decide one: `policy::trust` does.

use crate::accounts::{self, Kept, level_number};
use crate::people::Person;
use crate::problem::{Outcome, Problem};
use crate::storage::parsed;
use crate::tenant::{Tenant, system};
use crate::{bind, log, outbox, reroute};
use countersign_policy::level::Level;
use countersign_policy::log::Event;
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use countersign_policy::trust::demote::Cause;
use countersign_policy::webhook::EventType;
use serde::{Deserialize, Serialize};

/// Steps that one answer shows: more than a quarter of a busy tenant.
const CHANGES_MAX: u32 = 200;

/// A step that an account took.
#[derive(Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LevelChange {
    /// The question type.
    pub category: String,
    /// Who drafts.
    pub agent: String,
    /// Its model and prompt; empty when it names none.
    pub agent_version: String,
    /// The level before.
    pub from: Level,
    /// The level after.
    pub to: Level,
    /// When.
    pub at: Millis,
    /// `confirmed`, `confirmed_by_policy`, `lowered`, `declared_equivalent`, or the code of a cause:
    /// `harmful_high_stakes`, `failure_rate`, `drift`, `too_few_labels`.
    pub cause: String,
    /// The cause with its figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Cause>,
    /// Who did it, by their id; absent where nobody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person_id: Option<String>,
    /// Why, in their words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Why and by whom a level changes.
pub struct Because<'a> {
    /// Its name.
    pub cause: &'a str,
    /// With its figures, where it came by itself.
    pub detail: Option<Cause>,
    /// Who did it.
    pub person: Option<&'a Person>,
    /// Why, in their words.
    pub reason: Option<&'a str>,
}

#[derive(Deserialize)]
struct Row {
    category: String,
    agent: String,
    agent_version: String,
    level_before: u64,
    level_after: u64,
    at: u64,
    cause: String,
    detail: Option<String>,
    person_id: Option<String>,
    reason: Option<String>,
}

/// A level is lost, by itself.
pub fn lose(tenant: &Tenant, mut kept: Kept, cause: Cause, now: Millis, day: i32) -> Outcome<()> {
    let before = kept.account.standing.level;
    kept.account.demote(cause, now, day);
    let because = Because {
        cause: cause.code(),
        detail: Some(cause),
        person: None,
        reason: None,
    };
    changed(tenant, &kept, before, &because, now)
}

/// Writes an account whose level may have changed, and all that follows from that.
pub fn changed(
    tenant: &Tenant,
    kept: &Kept,
    before: Level,
    because: &Because<'_>,
    now: Millis,
) -> Outcome<()> {
    accounts::save(tenant, kept)?;
    let after = kept.account.standing.level;
    if after == before {
        return Ok(());
    }
    let person = because.person.map(|person| person.id.as_str());
    let detail = because
        .detail
        .as_ref()
        .map(serde_json::to_string)
        .transpose()?;
    tenant.storage.run(
        "INSERT INTO level_changes (category, agent, agent_version, level_before, level_after, at,
           cause, detail, person_id, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        bind![
            &kept.category,
            &kept.agent,
            &kept.agent_version,
            level_number(before),
            level_number(after),
            now,
            because.cause,
            detail.as_ref(),
            person,
            because.reason
        ],
    )?;
    let actor = because.person.map_or_else(system, Person::actor);
    let facts = [
        ("category", kept.category.clone().into()),
        ("agent", kept.agent.clone().into()),
        ("agent_version", kept.agent_version.clone().into()),
        ("from", level_number(before).into()),
        ("to", level_number(after).into()),
        ("cause", because.cause.into()),
    ];
    log::append(tenant, now, Event::LevelChanged, actor, None, facts)?;
    let change = LevelChange {
        category: kept.category.clone(),
        agent: kept.agent.clone(),
        agent_version: kept.agent_version.clone(),
        from: before,
        to: after,
        at: now,
        cause: because.cause.to_owned(),
        detail: because.detail,
        person_id: person.map(str::to_owned),
        reason: because.reason.map(str::to_owned),
    };
    let event = EventType::CategoryLevelChanged;
    outbox::event(tenant, now, event, &kept.category, &change)?;
    if after < before {
        reroute::begin(tenant, now)?;
    }
    Ok(())
}

/// Steps since a moment, newest first.
pub fn changes_since(tenant: &Tenant, since: Millis) -> Outcome<Vec<LevelChange>> {
    let rows = tenant.storage.rows::<Row>(
        "SELECT category, agent, agent_version, level_before, level_after, at, cause, detail,
           person_id, reason FROM level_changes WHERE at >= ? ORDER BY at DESC, number DESC LIMIT ?",
        bind![since, CHANGES_MAX],
    )?;
    let level = |number| Level::from_number(number).ok_or(Problem::from(Code::Internal));
    rows.into_iter()
        .map(|row| {
            Ok(LevelChange {
                category: row.category,
                agent: row.agent,
                agent_version: row.agent_version,
                from: level(row.level_before)?,
                to: level(row.level_after)?,
                at: Millis(row.at),
                cause: row.cause,
                detail: row.detail.as_deref().map(parsed).transpose()?,
                person_id: row.person_id,
                reason: row.reason,
            })
        })
        .collect()
}
