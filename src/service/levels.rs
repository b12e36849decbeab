//! Levels that change: every step goes through here, is written down, and takes open drafts along. It
//! must not decide one: `policy::trust` does.

use crate::accounts::{self, Kept, level_number};
use crate::call::{Answer, Call};
use crate::people::Person;
use crate::problem::{Outcome, Problem};
use crate::proposals::answerer;
use crate::storage::{Bind, parsed};
use crate::tenant::{Tenant, system};
use crate::{bind, column, outbox, reroute};
use countersign_policy::draft::NAME_BYTES_MAX;
use countersign_policy::invalid::{Invalid, check_length};
use countersign_policy::level::Level;
use countersign_policy::log::Event;
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use countersign_policy::trust::account::Overlap;
use countersign_policy::trust::demote::Cause;
use countersign_policy::trust::propose::{self, Answerer, Refusal};
use countersign_policy::webhook::EventType;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// Steps that one answer shows: more than a quarter of a busy tenant.
const CHANGES_MAX: u32 = 200;

/// A step that an account took.
#[derive(Clone, Serialize, Deserialize)]
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
    #[serde(deserialize_with = "column::time")]
    pub at: Millis,
    /// `confirmed`, `confirmed_by_policy`, `lowered`, `declared_equivalent`, or the code of a cause:
    /// `harmful_high_stakes`, `failure_rate`, `drift`, `too_few_labels`.
    pub cause: String,
    /// The cause with its figures.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "column::json_if_any"
    )]
    #[cfg_attr(test, schemars(with = "Option<Cause>"))]
    pub detail: Option<Value>,
    /// Who did it, by their id; absent where nobody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person_id: Option<String>,
    /// Why, in their words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The steps that a request took.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LevelChanges {
    /// Newest first.
    changes: Vec<LevelChange>,
}

/// The body of `PUT /v1/levels`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewLevel {
    /// The question type.
    category: String,
    /// Who drafts.
    agent: String,
    /// Its model and prompt; absent when it names none.
    #[serde(default)]
    agent_version: Option<String>,
    /// The level; lower than now.
    level: Level,
    /// Why.
    #[serde(default)]
    reason: String,
}

/// The body of `PUT /v1/agents/{id}/version`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewEquivalent {
    /// The version that goes on where the other was.
    agent_version: String,
    /// The version that it is as good as; empty for the one without a name.
    equivalent_to: String,
    /// Why.
    #[serde(default)]
    reason: String,
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
    tenant.log(now, Event::LevelChanged, actor, None, facts)?;
    let change = LevelChange {
        category: kept.category.clone(),
        agent: kept.agent.clone(),
        agent_version: kept.agent_version.clone(),
        from: before,
        to: after,
        at: now,
        cause: because.cause.to_owned(),
        detail: detail.as_deref().map(parsed).transpose()?,
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

/// `PUT /v1/levels`: a lead lowers a level by hand. What is refused changes nothing and is on record
/// all the same.
pub fn put(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let new: NewLevel = call.json()?;
    check_length("/reason", &new.reason, NAME_BYTES_MAX)?;
    let lowered = tenant.transaction(|| lower(tenant, &new, person, call.now));
    on_record(tenant, lowered, None, person, call.now)
}

fn lower(tenant: &Tenant, new: &NewLevel, person: &Person, now: Millis) -> Outcome<Answer> {
    let policy = tenant.policy(tenant.record()?.policy_version)?;
    let ceiling = policy.rules(Some(&new.category)).ceiling;
    let day = accounts::today(&policy, now);
    let version = new.agent_version.as_deref().unwrap_or("");
    let mut kept =
        accounts::find(tenant, &new.category, &new.agent, version)?.ok_or(Code::NotFound)?;

    let before = kept.account.standing.level;
    let by = answerer(person);
    let standing = propose::lower(
        &kept.account.standing,
        new.level,
        ceiling,
        by,
        &new.reason,
        now,
    )?;
    kept.account.step(standing, day);

    let because = Because {
        cause: "lowered",
        detail: None,
        person: Some(person),
        reason: Some(&new.reason),
    };
    changed(tenant, &kept, before, &because, now)?;
    changes(tenant, now)
}

/// `PUT /v1/agents/{id}/version`: a lead says that a version of an agent is as good as an earlier one.
pub fn put_equivalent(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let new: NewEquivalent = call.json()?;
    check_length("/reason", &new.reason, NAME_BYTES_MAX)?;
    let declared = tenant.transaction(|| declare(tenant, &call.id, &new, person, call.now));
    on_record(tenant, declared, None, person, call.now)
}

fn declare(
    tenant: &Tenant,
    agent: &str,
    new: &NewEquivalent,
    person: &Person,
    now: Millis,
) -> Outcome<Answer> {
    if answerer(person) != Answerer::Lead {
        return Err(Refusal::WrongRole.into());
    }
    if new.reason.trim().is_empty() {
        return Err(Refusal::ReasonMissing.into());
    }
    if new.agent_version == new.equivalent_to {
        return Err(Invalid::field("/equivalent_to", "the same version").into());
    }
    let policy = tenant.policy(tenant.record()?.policy_version)?;
    let condition = "agent = ? AND agent_version = ? ORDER BY category";
    let earlier = accounts::select(tenant, condition, bind![agent, &new.equivalent_to])?;
    if earlier.is_empty() {
        return Err(Problem::from(Code::NotFound));
    }

    for earlier in earlier {
        let (category, version) = (&earlier.category, &new.agent_version);
        let mut kept = match accounts::find(tenant, category, agent, version)? {
            Some(kept) => kept,
            None => accounts::begin(tenant, &policy, category, agent, version, now)?,
        };
        let before = kept.account.standing.level;
        kept.account = kept
            .account
            .equivalent(version, &earlier.account, &new.equivalent_to, now)
            .map_err(|Overlap| {
                let detail = "labels of one version would count twice";
                Invalid::field("/equivalent_to", detail)
            })?;
        let because = Because {
            cause: "declared_equivalent",
            detail: None,
            person: Some(person),
            reason: Some(&new.reason),
        };
        changed(tenant, &kept, before, &because, now)?;
    }

    let facts = [
        ("agent", agent.into()),
        ("agent_version", new.agent_version.clone().into()),
        ("equivalent_to", new.equivalent_to.clone().into()),
    ];
    let event = Event::VersionDeclaredEquivalent;
    tenant.log(now, event, person.actor(), None, facts)?;
    changes(tenant, now)
}

fn changes(tenant: &Tenant, now: Millis) -> Outcome<Answer> {
    let changes = changes_since(tenant, now)?;
    Answer::json(200, &LevelChanges { changes })
}

/// Writes down what was refused of a step, in a transaction of its own: the refused one left nothing.
pub fn on_record<T>(
    tenant: &Tenant,
    answered: Outcome<T>,
    about: Option<&str>,
    person: &Person,
    now: Millis,
) -> Outcome<T> {
    if let Err(problem) = &answered {
        let facts = [("code", problem.code.name().into())];
        tenant.transaction(|| {
            let facts = facts.clone();
            tenant.log(now, Event::LevelRefused, person.actor(), about, facts)
        })?;
    }
    answered
}

/// The newest steps since a moment, newest first.
pub fn changes_since(tenant: &Tenant, since: Millis) -> Outcome<Vec<LevelChange>> {
    let condition = "at >= ? ORDER BY at DESC, number DESC LIMIT ?";
    select(tenant, condition, bind![since, CHANGES_MAX])
}

/// The categories that lost a level by themselves since a moment.
pub fn lost_since(tenant: &Tenant, since: Millis) -> Outcome<BTreeSet<String>> {
    let changes = changes_since(tenant, since)?.into_iter();
    let lost = changes.filter(|change| change.to < change.from && change.person_id.is_none());
    Ok(lost.map(|change| change.category).collect())
}

/// Every step from one moment up to another, oldest first.
pub fn changes_between(tenant: &Tenant, since: Millis, until: Millis) -> Outcome<Vec<LevelChange>> {
    let condition = "at >= ? AND at < ? ORDER BY at, number";
    select(tenant, condition, bind![since, until])
}

fn select(tenant: &Tenant, condition: &str, values: &[Bind<'_>]) -> Outcome<Vec<LevelChange>> {
    let query = format!(
        "SELECT category, agent, agent_version, level_before AS \"from\", level_after AS \"to\", at, cause,
           detail, person_id, reason FROM level_changes WHERE {condition}"
    );
    tenant.storage.rows(&query, values)
}
