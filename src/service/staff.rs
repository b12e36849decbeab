//! People as those who share the work: who there is, who is away, who serves which categories. It must
//! not check roles beyond whose own affairs these are.

use crate::bind;
use crate::call::{Answer, Call};
use crate::people::{self, Person, PersonRole};
use crate::problem::{Outcome, Problem};
use crate::storage::parsed;
use crate::tenant::Tenant;
use crate::{handovers, rota};
use countersign_policy::canonical::canonical;
use countersign_policy::log::Event;
use countersign_policy::problem::Code;
use countersign_policy::rota::skill_faults;
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};

/// The body of `PUT /v1/people/{id}/duty`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewDuty {
    /// Away until then; null or a time that is over: there.
    away_until: Option<Millis>,
    /// Given drafts of these only; `billing.*` is `billing` and all below it, and none means all.
    /// Absent leaves it as it is. Leads say it.
    #[serde(default)]
    categories: Option<Vec<String>>,
}

/// Everybody of the tenant.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StaffList {
    people: Vec<StaffView>,
}

/// One person.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct StaffView {
    #[serde(flatten)]
    person: Person,
    /// Away until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    away_until: Option<Millis>,
    /// Given drafts of these only; none means all.
    categories: Vec<String>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    mail: String,
    name: String,
    role: PersonRole,
    away_until: Option<u64>,
    categories: String,
}

/// `GET /v1/people`.
pub fn list(tenant: &Tenant, now: Millis) -> Outcome<Answer> {
    let rows = tenant.storage.rows::<Row>(
        "SELECT id, mail, name, role, away_until, categories FROM people
         WHERE removed_at IS NULL ORDER BY created_at, rowid",
        bind![],
    )?;
    let people = rows.into_iter().map(|row| {
        Ok(StaffView {
            away_until: row.away_until.map(Millis).filter(|until| *until > now),
            categories: parsed(&row.categories)?,
            person: Person {
                id: row.id,
                mail: row.mail,
                name: row.name,
                role: row.role,
            },
        })
    });
    let people = people.collect::<Outcome<_>>()?;
    Answer::json(200, &StaffList { people })
}

/// `PUT /v1/people/{id}/duty`: of oneself, or by a lead.
pub fn put_duty(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let new: NewDuty = call.json()?;
    let lead = person.role == PersonRole::Lead;
    if !lead && (person.id != call.id || new.categories.is_some()) {
        return Err(Problem::from(Code::Forbidden));
    }
    let about = people::by_id(tenant, &call.id)?.ok_or(Code::NotFound)?;
    let categories = new.categories.as_ref();
    let faults = skill_faults(categories.map_or(&[], Vec::as_slice));
    if let Some(fault) = faults.into_iter().next() {
        return Err(fault.into());
    }

    tenant.storage.run(
        "UPDATE people SET away_until = ?, categories = COALESCE(?, categories) WHERE id = ?",
        bind![
            new.away_until,
            categories.map(canonical).as_ref(),
            &about.id
        ],
    )?;
    let (event, actor, id) = (Event::PersonChanged, person.actor(), Some(&*about.id));
    let away = new.away_until.unwrap_or_default().0;
    let away = ("away_until_ms", away.into());
    match categories {
        Some(served) => {
            let served = ("categories", served.clone().into());
            tenant.log(call.now, event, actor, id, [away, served])?;
        }
        None => tenant.log(call.now, event, actor, id, [away])?,
    }
    if new.away_until.is_some_and(|until| until > call.now) {
        handovers::leave(tenant, &about, &person.actor(), call.now)?;
    }
    rota::look_again(tenant, call.now)?;
    list(tenant, call.now)
}

/// The categories that a person serves; none means all.
pub fn skills(tenant: &Tenant, person: &Person) -> Outcome<Vec<String>> {
    let skills = "SELECT categories FROM people WHERE id = ?";
    let skills = tenant.storage.value::<String>(skills, bind![&person.id])?;
    Ok(skills
        .as_deref()
        .map(parsed)
        .transpose()?
        .unwrap_or_default())
}
