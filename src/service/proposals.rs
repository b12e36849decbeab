//! Steps up: made, shown with their evidence, and answered by a lead. It must not say when one is
//! earned or stale: `policy::trust::propose` does.

use crate::accounts::{self, Kept, level_number};
use crate::backtests::{self, Tried};
use crate::call::{Answer, Call};
use crate::levels::{self, Because};
use crate::people::{Person, PersonRole};
use crate::problem::{Outcome, Problem};
use crate::storage::parsed;
use crate::tenant::{Tenant, TenantRecord, system};
use crate::{bind, log, random};
use countersign_policy::compiled::Compiled;
use countersign_policy::draft::NAME_BYTES_MAX;
use countersign_policy::edit::EditKind;
use countersign_policy::invalid::check_length;
use countersign_policy::log::Event;
use countersign_policy::order;
use countersign_policy::problem::Code;
use countersign_policy::sight::Sight;
use countersign_policy::time::Millis;
use countersign_policy::trust::propose::{self, Answerer, Basis, Proposal, Refusal};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A backtest of a new level looks back a quarter, as far as any does.
const BACKTEST_DAYS: u32 = backtests::DAYS_MAX;

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
    #[cfg_attr(test, schemars(with = "Option<backtests::BacktestView>"))]
    backtest: Option<Value>,
    /// Why it can't be confirmed as things stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    stale: Option<Code>,
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

/// The body of `PUT /v1/proposals/{id}`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GivenAnswer {
    /// Whether the level is raised.
    answer: Choice,
    /// Why; a declined proposal needs a reason.
    #[serde(default)]
    reason: String,
}

/// How a proposal is answered.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum Choice {
    /// The level is raised.
    Confirm,
    /// The level stays.
    Decline,
}

/// How many wait.
pub fn waiting(tenant: &Tenant) -> Outcome<u32> {
    let count = "SELECT COUNT(*) FROM proposals WHERE status = 'open'";
    Ok(tenant.storage.value(count, bind![])?.unwrap_or(0))
}

/// The proposals that wait, oldest first; with the edits that may be read.
pub fn open(tenant: &Tenant, sight: &Sight, now: Millis) -> Outcome<Vec<ProposalView>> {
    let query =
        format!("SELECT {COLUMNS} FROM proposals WHERE status = 'open' ORDER BY made_at, id");
    let rows = tenant.storage.rows::<Row>(&query, bind![])?;
    let views = rows.into_iter().map(|row| {
        let mut shown = view(tenant, row, now)?;
        let category = Some(shown.proposal.basis.category.as_str());
        shown.edits.retain(|_| sight.covers(category));
        Ok(shown)
    });
    views.collect()
}

/// `PUT /v1/proposals/{id}`. What is refused changes nothing and is on record all the same.
pub fn answer(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let given: GivenAnswer = call.json()?;
    check_length("/reason", &given.reason, NAME_BYTES_MAX)?;
    let answered = tenant.transaction(|| decide(tenant, call, person, &given));
    levels::on_record(tenant, answered, Some(&call.id), person, call.now)
}

fn decide(tenant: &Tenant, call: &Call, person: &Person, given: &GivenAnswer) -> Outcome<Answer> {
    let row = row(tenant, &call.id)?;
    let wanted = match given.answer {
        Choice::Confirm => ProposalStatus::Confirmed,
        Choice::Decline => ProposalStatus::Declined,
    };
    let by = answerer(person);
    match row.status {
        _ if by != Answerer::Lead => return Err(Refusal::WrongRole.into()),
        ProposalStatus::Open => {}
        status if status == wanted => return Answer::json(200, &view(tenant, row, call.now)?),
        ProposalStatus::Stale => return Err(Problem::from(Code::ProposalExpired)),
        _ => return Err(Problem::from(Code::ProposalAnswered)),
    }
    let proposal: Proposal = parsed(&row.proposal)?;

    match given.answer {
        Choice::Confirm => {
            let because = Because {
                cause: "confirmed",
                detail: None,
                person: Some(person),
                reason: Some(given.reason.as_str()).filter(|reason| !reason.is_empty()),
            };
            confirm(tenant, &proposal, by, &because, call.now)?;
        }
        Choice::Decline => {
            let mut kept = of(tenant, &proposal)?.ok_or(Refusal::VersionChanged)?;
            let standing = &kept.account.standing;
            kept.account.standing =
                propose::decline(&proposal, standing, by, &given.reason, call.now)?;
            accounts::save(tenant, &kept)?;
        }
    }

    close(
        tenant,
        &row.id,
        wanted,
        Some((person, &given.reason)),
        call.now,
    )?;
    Answer::json(200, &view(tenant, self::row(tenant, &row.id)?, call.now)?)
}

/// Raises the level that a proposal asks for.
fn confirm(
    tenant: &Tenant,
    proposal: &Proposal,
    by: Answerer,
    because: &Because<'_>,
    now: Millis,
) -> Outcome<()> {
    let mut kept = of(tenant, proposal)?.ok_or(Refusal::VersionChanged)?;
    let policy = tenant.policy(tenant.record()?.policy_version)?;
    let basis = basis(tenant, &tenant.record()?, &policy, &kept)?;
    let account = &kept.account;
    let (before, day) = (account.standing.level, accounts::today(&policy, now));
    let standing = propose::confirm(
        proposal,
        &account.standing,
        &account.record,
        &basis,
        by,
        now,
    )?;
    kept.account.step(standing, day);
    levels::changed(tenant, &kept, before, because, now)
}

/// Proposes the next level of the version that an agent posts with, where it is earned and nothing
/// is proposed yet.
pub fn make(tenant: &Tenant, record: &TenantRecord, kept: &Kept, now: Millis) -> Outcome<()> {
    let policy = tenant.policy(record.policy_version)?;
    let basis = basis(tenant, record, &policy, kept)?;
    if basis.agent_version != kept.agent_version || is_open(tenant, kept)? {
        return Ok(());
    }
    let account = &kept.account;
    let Ok(proposal) = propose::propose(&account.standing, &account.record, &basis, now) else {
        return Ok(());
    };
    let id = random::id(now)?;
    tenant.storage.run(
        "INSERT INTO proposals (id, category, agent, agent_version, status, proposal, edits, made_at)
         VALUES (?, ?, ?, ?, 'open', ?, ?, ?)",
        bind![
            &id,
            &kept.category,
            &kept.agent,
            &kept.agent_version,
            &serde_json::to_string(&proposal)?,
            &serde_json::to_string(&account.edits)?,
            now
        ],
    )?;
    let facts = [
        ("category", kept.category.clone().into()),
        ("agent", kept.agent.clone().into()),
        ("agent_version", kept.agent_version.clone().into()),
        ("from", level_number(proposal.from).into()),
        ("to", level_number(proposal.to).into()),
    ];
    tenant.log(now, Event::ProposalMade, system(), Some(&id), facts)?;
    if policy.rules(Some(&kept.category)).confirms_levels {
        let because = Because {
            cause: "confirmed_by_policy",
            detail: None,
            person: None,
            reason: None,
        };
        confirm(tenant, &proposal, Answerer::Policy, &because, now)?;
        close(tenant, &id, ProposalStatus::Confirmed, None, now)?;
    }
    Ok(())
}

/// Takes proposals off the list that time or events have overtaken.
pub fn expire(tenant: &Tenant, now: Millis) -> Outcome<()> {
    for open in open(tenant, &Sight::All, now)? {
        if open.stale.is_some() {
            close(tenant, &open.id, ProposalStatus::Stale, None, now)?;
        }
    }
    Ok(())
}

/// Computes the backtests that open proposals lack; D1 has the drafts.
pub async fn add_backtests(tenant: &Tenant, now: Millis) -> Outcome<()> {
    let policy = tenant.policy(tenant.record()?.policy_version)?;
    let since = now.days_before(BACKTEST_DAYS);
    let query =
        format!("SELECT {COLUMNS} FROM proposals WHERE status = 'open' AND backtest IS NULL");
    let lacking = tenant.storage.rows::<Row>(&query, bind![])?;
    if lacking.is_empty() {
        return Ok(());
    }
    let mut tried = Vec::new();
    for row in &lacking {
        let Proposal { basis, to, .. } = parsed(&row.proposal)?;
        tried.push(Tried {
            levels: order::gathered([(basis.category.clone(), to)]),
            account: Some([basis.category, basis.agent, basis.agent_version]),
        });
    }
    let found = backtests::replay(tenant, &policy, &tried, (since, now)).await?;
    for (row, found) in lacking.iter().zip(found) {
        tenant.storage.run(
            "UPDATE proposals SET backtest = ? WHERE id = ?",
            bind![&serde_json::to_string(&found)?, &row.id],
        )?;
    }
    Ok(())
}

fn close(
    tenant: &Tenant,
    id: &str,
    status: ProposalStatus,
    answer: Option<(&Person, &str)>,
    now: Millis,
) -> Outcome<()> {
    let name = log::name_of(&status)?;
    tenant.storage.run(
        "UPDATE proposals SET status = ?, answered_at = ?, person_id = ?, reason = ? WHERE id = ?",
        bind![
            &name,
            now,
            answer.map(|(person, _)| person.id.as_str()),
            answer.map(|(_, reason)| reason),
            id
        ],
    )?;
    let event = match status {
        ProposalStatus::Stale => Event::ProposalStale,
        _ => Event::ProposalAnswered,
    };
    let actor = answer.map_or_else(system, |(person, _)| person.actor());
    let facts = [("status", name.into())];
    tenant.log(now, event, actor, Some(id), facts)
}

fn row(tenant: &Tenant, id: &str) -> Outcome<Row> {
    let query = format!("SELECT {COLUMNS} FROM proposals WHERE id = ?");
    let row = tenant.storage.first(&query, bind![id])?;
    row.ok_or(Problem::from(Code::NotFound))
}

fn is_open(tenant: &Tenant, kept: &Kept) -> Outcome<bool> {
    tenant.storage.finds(
        "SELECT 1 FROM proposals
         WHERE status = 'open' AND category = ? AND agent = ? AND agent_version = ?",
        bind![&kept.category, &kept.agent, &kept.agent_version],
    )
}

fn view(tenant: &Tenant, row: Row, now: Millis) -> Outcome<ProposalView> {
    let proposal: Proposal = parsed(&row.proposal)?;
    let stale = match row.status {
        ProposalStatus::Open => stale(tenant, &proposal, now)?,
        _ => None,
    };
    Ok(ProposalView {
        id: row.id,
        status: row.status,
        edits: edits(tenant, &row.edits)?,
        backtest: row.backtest.as_deref().map(parsed).transpose()?,
        stale: stale.map(Code::from),
        answered_at: row.answered_at.map(Millis),
        person_id: row.person_id,
        reason: row.reason,
        proposal,
    })
}

/// Why a proposal no longer stands, if so.
fn stale(tenant: &Tenant, proposal: &Proposal, now: Millis) -> Outcome<Option<Refusal>> {
    let Some(kept) = of(tenant, proposal)? else {
        return Ok(Some(Refusal::VersionChanged));
    };
    let record = tenant.record()?;
    let policy = tenant.policy(record.policy_version)?;
    let basis = basis(tenant, &record, &policy, &kept)?;
    let account = &kept.account;
    Ok(propose::stale(
        proposal,
        &account.standing,
        &account.record,
        &basis,
        now,
    ))
}

/// The account that a proposal is about.
fn of(tenant: &Tenant, proposal: &Proposal) -> Outcome<Option<Kept>> {
    let about = &proposal.basis;
    accounts::find(tenant, &about.category, &about.agent, &about.agent_version)
}

/// What a proposal about an account rests on now.
fn basis(tenant: &Tenant, record: &TenantRecord, policy: &Compiled, kept: &Kept) -> Outcome<Basis> {
    let newest = accounts::newest(tenant, &kept.category, &kept.agent)?;
    Ok(Basis {
        category: kept.category.clone(),
        agent: kept.agent.clone(),
        agent_version: newest.map_or(String::new(), |newest| newest.agent_version),
        policy_version: u64::from(record.policy_version),
        ceiling: policy.rules(Some(&kept.category)).ceiling,
    })
}

/// The edits of drafts by their ids, as memory holds them; what was erased is gone here, too.
fn edits(tenant: &Tenant, ids: &str) -> Outcome<Vec<EditView>> {
    tenant.storage.rows(
        "SELECT draft_id, message, draft, corrected, edit_kind FROM corrections
         WHERE draft_id IN (SELECT value FROM json_each(?)) ORDER BY number DESC",
        bind![ids],
    )
}

/// What a person counts as when levels are at stake.
pub fn answerer(person: &Person) -> Answerer {
    match person.role {
        PersonRole::Lead => Answerer::Lead,
        PersonRole::Reviewer | PersonRole::Auditor => Answerer::Other,
    }
}
