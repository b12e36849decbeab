//! Steps up that wait for a lead. It must not say when one is earned or stale:
//! `policy::trust::propose` does.

use crate::problem::Outcome;
use crate::storage::parsed;
use crate::tenant::Tenant;
use crate::{accounts, bind};
use countersign_policy::backtest::Backtest;
use countersign_policy::compiled::Compiled;
use countersign_policy::edit::EditKind;
use countersign_policy::time::Millis;
use countersign_policy::trust::propose::{Basis, Proposal, Refusal, stale};
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// What became of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProposalStatus {
    /// It waits for an answer.
    Open,
    /// The level was raised.
    Confirmed,
    /// The level stays.
    Declined,
    /// Time or events have overtaken it.
    Stale,
}

/// A step up with its evidence.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProposalView {
    id: String,
    status: ProposalStatus,
    /// From which level to which, on what: weeks, counts, bound.
    #[serde(flatten)]
    proposal: Proposal,
    /// The edits that reviewers made to these drafts, newest first.
    edits: Vec<EditView>,
    /// What the new level would have done with recorded drafts; absent until it was computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    backtest: Option<Backtest>,
    /// Why it can't be confirmed as things stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    stale: Option<&'static str>,
    /// When it was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_at: Option<Millis>,
    /// Who answered, by their id; absent where the policy did.
    #[serde(skip_serializing_if = "Option::is_none")]
    person_id: Option<String>,
    /// Why, in their words.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// One edit behind a proposal.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct EditView {
    /// The draft that was edited.
    draft_id: String,
    /// The customer's message.
    message: String,
    /// What was drafted.
    draft: String,
    /// What it became.
    corrected: String,
    /// Whether the meaning changed.
    edit_kind: EditKind,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    status: ProposalStatus,
    proposal: String,
    edits: String,
    backtest: Option<String>,
    answered_at: Option<u64>,
    person_id: Option<String>,
    reason: Option<String>,
}

const COLUMNS: &str = "id, status, proposal, edits, backtest, answered_at, person_id, reason";

/// The proposals that wait, oldest first.
pub fn open(tenant: &Tenant, now: Millis) -> Outcome<Vec<ProposalView>> {
    let record = tenant.record()?;
    let policy = tenant.policy(record.policy_version)?;
    let query =
        format!("SELECT {COLUMNS} FROM proposals WHERE status = 'open' ORDER BY made_at, id");
    let rows = tenant.storage.rows::<Row>(&query, bind![])?;
    rows.into_iter()
        .map(|row| view(tenant, &policy, record.policy_version, row, now))
        .collect()
}

fn view(
    tenant: &Tenant,
    policy: &Rc<Compiled>,
    policy_version: u32,
    row: Row,
    now: Millis,
) -> Outcome<ProposalView> {
    let proposal: Proposal = parsed(&row.proposal)?;
    let stale = match row.status {
        ProposalStatus::Open => refusal(tenant, policy, policy_version, &proposal, now)?,
        _ => None,
    };
    Ok(ProposalView {
        id: row.id,
        status: row.status,
        edits: edits(tenant, &row.edits)?,
        backtest: row.backtest.as_deref().map(parsed).transpose()?,
        stale: stale.map(Refusal::code),
        answered_at: row.answered_at.map(Millis),
        person_id: row.person_id,
        reason: row.reason,
        proposal,
    })
}

/// Why a proposal no longer stands, if so.
fn refusal(
    tenant: &Tenant,
    policy: &Compiled,
    policy_version: u32,
    proposal: &Proposal,
    now: Millis,
) -> Outcome<Option<Refusal>> {
    let about = &proposal.basis;
    let Some(kept) = accounts::find(tenant, &about.category, &about.agent, &about.agent_version)?
    else {
        return Ok(Some(Refusal::VersionChanged));
    };
    let newest = accounts::newest(tenant, &about.category, &about.agent)?;
    let basis = Basis {
        agent_version: newest.map_or(String::new(), |newest| newest.agent_version),
        policy_version: u64::from(policy_version),
        ceiling: policy.rules(Some(&about.category)).ceiling,
        ..about.clone()
    };
    let account = &kept.account;
    Ok(stale(
        proposal,
        &account.standing,
        &account.record,
        &basis,
        now,
    ))
}

/// The edits of drafts by their ids, as memory holds them; what was erased is gone here, too.
fn edits(tenant: &Tenant, ids: &str) -> Outcome<Vec<EditView>> {
    tenant.storage.rows(
        "SELECT draft_id, message, draft, corrected, edit_kind FROM corrections
         WHERE draft_id IN (SELECT value FROM json_each(?)) ORDER BY number DESC",
        bind![ids],
    )
}
