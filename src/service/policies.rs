//! The active policy and its versions. It must not judge a document: `policy::document` lists its
//! faults.

use crate::call::{Answer, Call};
use crate::caller::Caller;
use crate::problem::{FaultView, Outcome, Problem};
use crate::storage::parsed;
use crate::tenant::Tenant;
use crate::{bind, outbox, reroute, second_lead};
use countersign_policy::canonical::canonical;
use countersign_policy::case;
use countersign_policy::digest::{hex, plain};
use countersign_policy::document::Policy;
use countersign_policy::invalid::Invalid;
use countersign_policy::lint::{self, Finding};
use countersign_policy::log::{Actor, Event};
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use countersign_policy::widen::{Widening, widens};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A version as it is stored, here and in D1: the columns of `policies`.
#[derive(Serialize, Deserialize)]
pub struct PolicyRow {
    pub version: u32,
    pub document: String,
    pub author: String,
    pub reason: String,
    pub created_at: u64,
}

/// A version as it is shown.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PolicyView {
    /// Counts from 1.
    version: u32,
    /// The document.
    document: Policy,
    /// Who made it: a person's or key's id.
    author: String,
    /// Why.
    reason: String,
    /// When.
    created_at: Millis,
    /// Of a dry run: what it lets out that the active version does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    widens: Option<Vec<Widening>>,
    /// Of a dry run: whether it would wait for a second lead.
    #[serde(skip_serializing_if = "Option::is_none")]
    needs_second_lead: Option<bool>,
    /// Of the active version, as it is read: whether another one waits for a second lead.
    #[serde(skip_serializing_if = "Option::is_none")]
    other_waits: Option<bool>,
}

/// The body of `PUT /v1/policy`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewPolicy {
    /// The whole document.
    #[cfg_attr(test, schemars(with = "Policy"))]
    document: Value,
    /// Why it changes.
    reason: String,
    /// Check it, change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// The body of `POST /v1/policy:lint`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LintRequest {
    /// The whole document; one with faults is answered with these.
    #[cfg_attr(test, schemars(with = "Policy"))]
    document: Value,
}

/// What is wrong with a document.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LintAnswer {
    /// Of a document without faults: what can be proved of it.
    findings: Vec<Finding>,
    /// Why it would not be saved, broken cases among them.
    faults: Vec<FaultView>,
}

/// The document of a version.
pub fn load(tenant: &Tenant, version: u32) -> Outcome<Policy> {
    Ok(parsed(&row(tenant, version)?.document)?)
}

/// `GET /v1/policy`.
pub fn get(tenant: &Tenant) -> Outcome<Answer> {
    let row = row(tenant, tenant.record()?.policy_version)?;
    let view = PolicyView {
        other_waits: Some(second_lead::waits(tenant)?),
        ..view(&row)?
    };
    Ok(Answer::json(200, &view)?.with("etag", etag(row.version)))
}

/// `PUT /v1/policy`. Putting the active document again changes nothing.
pub fn put(tenant: &Tenant, call: &Call, caller: &Caller) -> Outcome<Answer> {
    let expected = call.if_match()?;
    let new: NewPolicy = call.json()?;
    let policy = Policy::parse(new.document.to_string().as_bytes())
        .map_err(|faults| Problem::policy(&faults))?;
    let broken = case::broken_faults(&policy);
    if !broken.is_empty() {
        return Err(Problem::policy(&broken));
    }
    if new.reason.trim().is_empty() {
        return Err(Invalid::field("/reason", "empty").into());
    }
    let active = row(tenant, tenant.record()?.policy_version)?;
    if active.document == canonical(&policy) {
        return shown(&active);
    }
    if expected != etag(active.version) {
        let detail = format!("version {} is active", active.version);
        return Err(Problem::new(Code::PolicyConflict, detail));
    }
    let before: Policy = parsed(&active.document)?;
    let widens = widens(&before, &policy);
    let needs_second_lead = before.second_lead && !widens.is_empty();
    let actor = caller.actor();
    if new.dry_run {
        let row = PolicyRow {
            version: active.version,
            document: canonical(&policy),
            author: actor.id,
            reason: new.reason,
            created_at: call.now.0,
        };
        let view = PolicyView {
            widens: Some(widens),
            needs_second_lead: Some(needs_second_lead),
            ..view(&row)?
        };
        return Ok(Answer::json(200, &view)?.with("etag", etag(row.version)));
    }
    if needs_second_lead {
        return second_lead::put_aside(tenant, call, caller, &policy, new.reason, &widens);
    }
    let author = actor.id.clone();
    shown(&store(
        tenant,
        &policy,
        &author,
        &new.reason,
        actor,
        call.now,
    )?)
}

/// `POST /v1/policy:lint`. Changes nothing.
pub fn lint(call: &Call) -> Outcome<Answer> {
    let request: LintRequest = call.json()?;
    let (findings, faults) = match Policy::parse(request.document.to_string().as_bytes()) {
        Ok(policy) => (lint::lint(&policy), case::broken_faults(&policy)),
        Err(faults) => (Vec::new(), faults),
    };
    let faults = faults.iter().map(FaultView::from).collect();
    Answer::json(200, &LintAnswer { findings, faults })
}

/// Stores a version and makes it the active one.
pub fn store(
    tenant: &Tenant,
    policy: &Policy,
    author: &str,
    reason: &str,
    actor: Actor,
    now: Millis,
) -> Outcome<PolicyRow> {
    let version = tenant.record()?.policy_version.saturating_add(1);
    let row = PolicyRow {
        version,
        document: canonical(policy),
        author: author.to_owned(),
        reason: reason.to_owned(),
        created_at: now.0,
    };
    tenant.storage.run(
        "INSERT INTO policies (version, document, author, reason, created_at)
         VALUES (?, ?, ?, ?, ?)",
        bind![
            version,
            &row.document,
            &row.author,
            &row.reason,
            row.created_at
        ],
    )?;
    tenant
        .storage
        .run("UPDATE tenant SET policy_version = ?", bind![version])?;
    outbox::put(tenant, "policy", &row)?;
    second_lead::drop_waiting(tenant)?;
    reroute::begin(tenant, now)?;
    let facts = [
        ("policy_version", version.into()),
        ("document_hash", hex(&plain(&[&row.document])).into()),
    ];
    tenant.log(now, Event::PolicyChanged, actor, None, facts)?;
    Ok(row)
}

/// A version, as far as the object holds it.
pub fn row(tenant: &Tenant, version: u32) -> Outcome<PolicyRow> {
    tenant
        .storage
        .first(
            "SELECT version, document, author, reason, created_at FROM policies WHERE version = ?",
            bind![version],
        )?
        .ok_or(Problem::from(Code::NotFound))
}

/// A version as an answer.
pub fn shown(row: &PolicyRow) -> Outcome<Answer> {
    Ok(Answer::json(200, &view(row)?)?.with("etag", etag(row.version)))
}

fn view(row: &PolicyRow) -> Outcome<PolicyView> {
    Ok(PolicyView {
        version: row.version,
        document: parsed(&row.document)?,
        author: row.author.clone(),
        reason: row.reason.clone(),
        created_at: Millis(row.created_at),
        widens: None,
        needs_second_lead: None,
        other_waits: None,
    })
}

fn etag(version: u32) -> String {
    format!("\"{version}\"")
}
