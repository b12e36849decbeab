//! How long a tenant keeps texts, and what a legal hold keeps for longer. It must not erase.

use crate::call::{Answer, Call};
use crate::people::Person;
use crate::problem::{Outcome, Problem};
use crate::tenant::Tenant;
use crate::tenants::check_text;
use crate::{bind, column};
use countersign_policy::digest::{hex, keyed};
use countersign_policy::log::Event;
use countersign_policy::problem::Code;
use countersign_policy::retention::Retention;
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};

/// The body of `PUT /v1/holds`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewHold {
    /// Whose data is kept; absent for all of the tenant's.
    #[serde(default)]
    customer_id: Option<String>,
    /// Whether it is held from now on.
    held: bool,
    /// Why.
    reason: String,
}

/// `GET /v1/holds`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HoldList {
    /// Oldest first.
    holds: Vec<HoldView>,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct HoldView {
    /// Whose data is kept; absent for all of the tenant's.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<String>,
    /// Why.
    reason: String,
    /// Who said so.
    person_id: String,
    /// Since when.
    #[serde(deserialize_with = "column::time")]
    since: Millis,
}

/// `GET /v1/holds`.
pub fn list(tenant: &Tenant) -> Outcome<Answer> {
    let holds = holds(tenant)?;
    Answer::json(200, &HoldList { holds })
}

/// `PUT /v1/holds`.
pub fn put(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let new: NewHold = call.json()?;
    check_text("/reason", &new.reason)?;
    if let Some(customer) = &new.customer_id {
        check_text("/customer_id", customer)?;
    }
    let customer = new.customer_id.as_deref().unwrap_or_default();

    if new.held {
        tenant.storage.run(
            "INSERT INTO holds (customer_id, reason, person_id, since) VALUES (?, ?, ?, ?)
             ON CONFLICT (customer_id) DO UPDATE SET reason = excluded.reason",
            bind![customer, &new.reason, &person.id, call.now],
        )?;
    } else {
        let statement = "DELETE FROM holds WHERE customer_id = ?";
        tenant.storage.run(statement, bind![customer])?;
    }
    let whose = new
        .customer_id
        .as_deref()
        .map(|id| pseudonym(tenant, id))
        .transpose()?;
    let facts = [
        ("held", new.held.into()),
        (
            "customer",
            whose.unwrap_or_else(|| "everyone".into()).into(),
        ),
    ];
    tenant.log(call.now, Event::HoldChanged, person.actor(), None, facts)?;
    list(tenant)
}

/// `GET /v1/retention`.
pub fn retention(tenant: &Tenant) -> Outcome<Answer> {
    Answer::json(200, &kept_for(tenant)?)
}

/// `PUT /v1/retention`.
pub fn put_retention(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let retention: Retention = call.json()?;
    if let Some(fault) = retention.fault() {
        return Err(fault.into());
    }
    let Retention {
        texts_days,
        answers_days,
    } = retention;
    tenant.storage.run(
        "UPDATE tenant SET texts_days = ?, answers_days = ?",
        bind![texts_days, answers_days],
    )?;
    let facts = [
        ("texts_days", texts_days.into()),
        ("answers_days", answers_days.into()),
    ];
    tenant.log(
        call.now,
        Event::RetentionChanged,
        person.actor(),
        None,
        facts,
    )?;
    Answer::json(200, &retention)
}

/// Whose data is held: `None` stands for everyone's.
pub fn held(tenant: &Tenant) -> Outcome<Vec<Option<String>>> {
    let holds = holds(tenant)?.into_iter();
    Ok(holds.map(|hold| hold.customer_id).collect())
}

/// The tenant's retention.
pub fn kept_for(tenant: &Tenant) -> Outcome<Retention> {
    tenant
        .storage
        .first("SELECT texts_days, answers_days FROM tenant", bind![])?
        .ok_or(Problem::from(Code::NotFound))
}

/// A customer as the log names them: only who knows the id can tell who it is, and only here.
pub fn pseudonym(tenant: &Tenant, customer_id: &str) -> Outcome<String> {
    let secret = tenant.record()?.secret;
    Ok(hex(&keyed(
        secret.as_bytes(),
        &["countersign customer v1", customer_id],
    )))
}

fn holds(tenant: &Tenant) -> Outcome<Vec<HoldView>> {
    tenant.storage.rows(
        "SELECT NULLIF(customer_id, '') AS customer_id, reason, person_id, since FROM holds
         ORDER BY since, holds.customer_id",
        bind![],
    )
}
