//! A policy that lets more out waits for a second lead, where the tenant asks for one. It must not
//! judge what lets more out: `policy::widen` does.

use crate::call::{Answer, Call};
use crate::caller::Caller;
use crate::people::Person;
use crate::policies;
use crate::problem::{Outcome, Problem};
use crate::storage::parsed;
use crate::tenant::Tenant;
use crate::{bind, keys, random};
use countersign_policy::canonical::canonical;
use countersign_policy::digest::{hex, plain};
use countersign_policy::document::Policy;
use countersign_policy::log::Event;
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use countersign_policy::widen::Widening;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Row {
    id: String,
    base_version: u32,
    document: String,
    author: String,
    reason: String,
    widens: String,
    created_at: u64,
}

/// A document that waits for a second lead.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WaitingPolicyView {
    /// Its id, the `ETag` of an answer to it.
    id: String,
    /// The version that it would follow.
    base_version: u32,
    /// The document.
    document: Policy,
    /// Who made it: a person's or key's id.
    author: String,
    /// Why.
    reason: String,
    /// What it lets out.
    widens: Vec<Widening>,
    /// When.
    created_at: Millis,
}

/// The body of `PUT /v1/policy/waiting`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecondAnswer {
    /// Whether it becomes the active version; otherwise it is dropped.
    confirm: bool,
}

/// Puts a document aside until a second lead has looked; one that waited before goes.
pub fn put_aside(
    tenant: &Tenant,
    call: &Call,
    caller: &Caller,
    policy: &Policy,
    reason: String,
    widens: &[Widening],
) -> Outcome<Answer> {
    let actor = caller.actor();
    let row = Row {
        id: random::id(call.now)?,
        base_version: tenant.record()?.policy_version,
        document: canonical(policy),
        author: actor.id.clone(),
        reason,
        widens: serde_json::to_string(widens)?,
        created_at: call.now.0,
    };
    drop_waiting(tenant)?;
    tenant.storage.run(
        "INSERT INTO waiting_policy
           (id, base_version, document, author, reason, widens, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        bind![
            &row.id,
            row.base_version,
            &row.document,
            &row.author,
            &row.reason,
            &row.widens,
            row.created_at,
        ],
    )?;
    let facts = [
        ("policy_version", row.base_version.into()),
        ("document_hash", hex(&plain(&[&row.document])).into()),
    ];
    tenant.log(call.now, Event::PolicyProposed, actor, None, facts)?;
    shown(&row, 202)
}

/// `GET /v1/policy/waiting`.
pub fn get(tenant: &Tenant) -> Outcome<Answer> {
    shown(&waiting(tenant)?, 200)
}

/// `PUT /v1/policy/waiting`.
pub fn answer(tenant: &Tenant, call: &Call, lead: &Person) -> Outcome<Answer> {
    let expected = call.if_match()?;
    let SecondAnswer { confirm } = call.json()?;
    let row = waiting(tenant)?;
    let active = tenant.record()?.policy_version;
    if expected != etag(&row.id) || row.base_version != active {
        let detail = "another policy waits, or became active since";
        return Err(Problem::new(Code::PolicyConflict, detail));
    }
    // What a lead's own key puts is that lead's.
    let put_at = Millis(row.created_at);
    let own = row.author == lead.id || keys::held(tenant, &row.author, &lead.id, put_at)?;
    if confirm && own {
        return Err(Code::SecondLeadNeeded.into());
    }

    drop_waiting(tenant)?;
    if !confirm {
        let facts = [("document_hash", hex(&plain(&[&row.document])).into())];
        let actor = lead.actor();
        tenant.log(call.now, Event::PolicyDeclined, actor, None, facts)?;
        return policies::shown(&policies::row(tenant, active)?);
    }
    let policy: Policy = parsed(&row.document)?;
    let stored = policies::store(
        tenant,
        &policy,
        &row.author,
        &row.reason,
        lead.actor(),
        call.now,
    )?;
    policies::shown(&stored)
}

/// Nothing waits any longer: it was answered, or another version became active.
pub fn drop_waiting(tenant: &Tenant) -> Outcome<()> {
    tenant.storage.run("DELETE FROM waiting_policy", bind![])
}

/// Whether a version waits.
pub fn waits(tenant: &Tenant) -> Outcome<bool> {
    Ok(find(tenant)?.is_some())
}

fn waiting(tenant: &Tenant) -> Outcome<Row> {
    find(tenant)?.ok_or(Problem::from(Code::NotFound))
}

fn find(tenant: &Tenant) -> Outcome<Option<Row>> {
    tenant.storage.first(
        "SELECT id, base_version, document, author, reason, widens, created_at FROM waiting_policy",
        bind![],
    )
}

fn shown(row: &Row, status: u16) -> Outcome<Answer> {
    let view = WaitingPolicyView {
        id: row.id.clone(),
        base_version: row.base_version,
        document: parsed(&row.document)?,
        author: row.author.clone(),
        reason: row.reason.clone(),
        widens: parsed(&row.widens)?,
        created_at: Millis(row.created_at),
    };
    Ok(Answer::json(status, &view)?.with("etag", etag(&row.id)))
}

fn etag(id: &str) -> String {
    format!("\"{id}\"")
}
