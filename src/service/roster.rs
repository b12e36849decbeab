//! The people of a tenant as leads change them: invited, given another role, removed; and the agents
//! that post. It must not decide who has to stay: `policy::roster` does.

use crate::call::{Answer, Call};
use crate::people::{self, Person, PersonRole};
use crate::problem::{Outcome, Problem};
use crate::tenant::Tenant;
use crate::tenants::{Invitation, InvitationMade, check_mail};
use crate::{bind, column, door, handovers, live, staff};
use countersign_policy::invalid::Invalid;
use countersign_policy::key::KeyKind;
use countersign_policy::log::{Actor, Event};
use countersign_policy::problem::Code;
use countersign_policy::roster::{self, PEOPLE_MAX};
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};

/// The body of `POST /v1/people`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewPerson {
    /// Their mail address; someone who was removed comes back under it.
    mail: String,
    /// What they may do.
    role: PersonRole,
}

/// The body of `PUT /v1/people/{id}/role`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    /// What they may do from now on.
    role: PersonRole,
}

/// `GET /v1/agents`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AgentPage {
    /// By name: those with drafts that are still open or recent, and those that are only watched.
    agents: Vec<AgentView>,
}

/// An agent that posts.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct AgentView {
    /// As it names itself.
    agent: String,
    /// Whether it is only watched.
    #[serde(deserialize_with = "column::truth")]
    shadow: bool,
    /// When it last posted, as far as is still known here.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "column::time_if_any"
    )]
    posted_at: Option<Millis>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    mail: String,
    role: PersonRole,
    removed_at: Option<u64>,
}

impl Row {
    fn is_lead(&self) -> bool {
        self.role == PersonRole::Lead
    }
}

/// `POST /v1/people`: invites somebody, or makes a new invitation for somebody who is there, and who has the role
/// that it names from then on.
pub fn invite(tenant: &Tenant, call: &Call, lead: &Person) -> Outcome<Answer> {
    let NewPerson { mail, role } = call.json()?;
    check_mail("/mail", &mail)?;
    let (text, secret_hash) = door::issue(&tenant.env, KeyKind::Invitation, &tenant.record()?.id)?;
    let invitation = Invitation {
        secret_hash,
        mail,
        role,
        reusable: false,
    };
    welcome(tenant, &invitation, &lead.actor(), call.now)?;
    Answer::json(201, &InvitationMade::new(text))
}

/// Makes an invitation; who is here already gets its role at once.
pub fn welcome(tenant: &Tenant, invitation: &Invitation, by: &Actor, now: Millis) -> Outcome<()> {
    let mail = people::as_known(tenant, &invitation.mail)?;
    let rows = rows(tenant)?;
    let known = rows.iter().find(|row| row.mail == mail);
    if known.is_none() && !roster::has_room(count(&rows, |_| true)) {
        return Err(Invalid::too_long("", PEOPLE_MAX, "people").into());
    }
    if let Some(row) = known.filter(|row| row.removed_at.is_none()) {
        change_role(tenant, &rows, row, invitation.role, by, now)?;
    }
    people::invite(tenant, invitation, by.clone(), now)
}

/// `PUT /v1/people/{id}/role`. Giving the role that they have changes nothing.
pub fn put_role(tenant: &Tenant, call: &Call, lead: &Person) -> Outcome<Answer> {
    let NewRole { role } = call.json()?;
    let rows = rows(tenant)?;
    let row = present(&rows, &call.id)?;
    change_role(tenant, &rows, row, role, &lead.actor(), call.now)?;
    staff::list(tenant, call.now)
}

fn change_role(
    tenant: &Tenant,
    rows: &[Row],
    row: &Row,
    role: PersonRole,
    by: &Actor,
    now: Millis,
) -> Outcome<()> {
    stays(rows, row, role == PersonRole::Lead)?;
    if row.role == role {
        return Ok(());
    }
    let name = people::role_name(role);
    tenant.storage.run(
        "UPDATE people SET role = ? WHERE id = ?",
        bind![name, &row.id],
    )?;
    if role == PersonRole::Auditor
        && let Some(person) = people::by_id(tenant, &row.id)?
    {
        handovers::leave(tenant, &person, by, now)?;
    }
    // What a page was opened for may be more than its person may still see.
    live::close(tenant, &row.id);
    let (event, facts) = (Event::PersonRoleChanged, [("role", name.into())]);
    tenant.log(now, event, by.clone(), Some(&row.id), facts)
}

/// `DELETE /v1/people/{id}`: their sessions and invitations end with this answer; what they decided
/// stays theirs. Removing them again changes nothing.
pub fn remove(tenant: &Tenant, call: &Call, lead: &Person) -> Outcome<Answer> {
    let rows = rows(tenant)?;
    let row = rows
        .iter()
        .find(|row| row.id == call.id)
        .ok_or(Code::NotFound)?;
    if row.removed_at.is_some() {
        return Ok(Answer::empty());
    }
    stays(&rows, row, false)?;

    for table in ["sessions", "invitations"] {
        tenant.storage.run(
            &format!("DELETE FROM {table} WHERE person_id = ?"),
            bind![&row.id],
        )?;
    }
    live::close(tenant, &row.id);
    if let Some(gone) = people::by_id(tenant, &row.id)? {
        handovers::leave(tenant, &gone, &lead.actor(), call.now)?;
    }
    tenant.storage.run(
        "UPDATE people SET removed_at = ? WHERE id = ?",
        bind![call.now, &row.id],
    )?;
    let event = Event::PersonRemoved;
    tenant.log(call.now, event, lead.actor(), Some(&row.id), [])?;
    Ok(Answer::empty())
}

/// `GET /v1/agents`.
pub fn agents(tenant: &Tenant) -> Outcome<Answer> {
    let agents = tenant.storage.rows(
        "SELECT agent, MAX(shadow) AS shadow, MAX(posted_at) AS posted_at FROM (
           SELECT agent, 0 AS shadow, created_at AS posted_at FROM drafts
           UNION ALL SELECT agent, 1, NULL FROM shadows
         ) GROUP BY agent ORDER BY agent",
        bind![],
    )?;
    Answer::json(200, &AgentPage { agents })
}

/// Refuses a change that would leave the tenant without a lead.
fn stays(rows: &[Row], row: &Row, stays_lead: bool) -> Outcome<()> {
    let leads = count(rows, Row::is_lead);
    if roster::keeps_a_lead(leads, row.is_lead(), stays_lead) {
        Ok(())
    } else {
        Err(Problem::from(Code::LastLead))
    }
}

fn present<'a>(rows: &'a [Row], id: &str) -> Outcome<&'a Row> {
    rows.iter()
        .find(|row| row.id == id && row.removed_at.is_none())
        .ok_or(Problem::from(Code::NotFound))
}

/// Those who are there and of a kind.
fn count(rows: &[Row], is: impl Fn(&Row) -> bool) -> u32 {
    let found = rows
        .iter()
        .filter(|row| row.removed_at.is_none() && is(row));
    u32::try_from(found.count()).unwrap_or(u32::MAX)
}

fn rows(tenant: &Tenant) -> Outcome<Vec<Row>> {
    tenant.storage.rows(
        "SELECT id, mail, role, removed_at FROM people ORDER BY mail",
        bind![],
    )
}
