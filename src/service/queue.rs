//! The queue as reviewers see it: listing, claiming, and one draft with everything beside it. It
//! must not show a reviewer anything without a digest of what was shown.

use crate::call::{Answer, Call};
use crate::corrections::{self, Example};
use crate::people::Person;
use crate::problem::{Outcome, Problem};
use crate::stored::{self, Owner, Stored};
use crate::tenant::Tenant;
use crate::{bind, log};
use countersign_policy::catalogue::ActionEntry;
use countersign_policy::digest::{from_hex, hex, keyed};
use countersign_policy::document::Rules;
use countersign_policy::draft::{Content, Draft, Kind};
use countersign_policy::log::Event;
use countersign_policy::pace;
use countersign_policy::problem::Code;
use countersign_policy::queue::{Command, Lease, Pending, Status, step};
use countersign_policy::route::Decision;
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};

/// Drafts of one page.
const PAGE_MAX: u32 = 200;
/// A claim lasts two minutes; the page renews it while someone reads or types.
const LEASE_MS: u64 = 120_000;
/// Characters of a draft in the list.
const SNIPPET_CHARS: usize = 160;
/// Examples beside a draft.
const EXAMPLES: u32 = 3;
/// The span over which the rate of verdicts is measured.
const RATE_MS: u64 = 3_600_000;

/// A draft in the list.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Summary {
    /// The draft's id.
    id: String,
    /// Its version.
    version: u32,
    /// What it is.
    status: Status,
    /// A message or an action.
    kind: Kind,
    /// Where it goes out.
    channel: String,
    /// Who made it.
    agent: String,
    /// Its category.
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    /// Who it goes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_name: Option<String>,
    /// Its subject line, or the action's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// The beginning of the message that triggered it.
    snippet: String,
    /// Who answers for it now.
    owner: Owner,
    /// Who claims it.
    #[serde(skip_serializing_if = "Option::is_none")]
    lease: Option<Lease>,
    /// When it came.
    created_at: Millis,
    /// When it is late.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<Millis>,
    /// Hidden until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    deferred_until: Option<Millis>,
    /// Whether it is out and to be looked at.
    look_owed: bool,
    /// Drafts of one turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    /// Its conversation.
    conversation_id: String,
    /// The verdict that can still be taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<Pending>,
}

/// `GET /v1/queue`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct QueuePage {
    /// Most urgent first; what is already out last.
    drafts: Vec<Summary>,
    /// Pass it as `cursor` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<u32>,
    /// How many there are.
    counts: Counts,
    /// How long a new draft waits at the rate of the last hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_wait_s: Option<u32>,
    /// The state of the log that this page shows; the live stream goes on from it.
    sequence: u64,
}

/// How many drafts wait.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Counts {
    /// For a verdict.
    held: u32,
    /// For a person to do it.
    with_human: u32,
    /// In their undo window.
    pending: u32,
    /// Out, and to be looked at.
    look_owed: u32,
}

/// One draft with everything beside it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DraftView {
    #[serde(flatten)]
    summary: Summary,
    /// What the agent posted.
    draft: Draft,
    /// What the policy said of it.
    decision: Decision,
    /// The policy version that decided.
    policy_version: u32,
    /// The rules of its category.
    rules: Rules,
    /// The action's row of the catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<ActionEntry>,
    /// Binds a verdict to what is shown here.
    view_digest: String,
    /// What may leave, or left.
    #[serde(skip_serializing_if = "Option::is_none")]
    outgoing: Option<Content>,
    /// Corrections of similar messages.
    examples: Vec<Example>,
}

#[derive(Deserialize)]
struct Count {
    count: u32,
}

/// `GET /v1/queue`.
pub fn list(tenant: &Tenant, call: &Call) -> Outcome<Answer> {
    let limit = call.number("limit", PAGE_MAX, PAGE_MAX)?;
    let offset = call.number("cursor", 0, u32::MAX)?;
    let stored = stored::select_where(
        tenant,
        "visible = 1 ORDER BY look_owed, due_at, created_at, id LIMIT ? OFFSET ?",
        bind![limit, offset],
    )?;
    let shown = u32::try_from(stored.len()).unwrap_or(u32::MAX);
    let page = QueuePage {
        drafts: stored
            .iter()
            .map(|stored| summary(stored, call.now))
            .collect(),
        next_cursor: (shown == limit && limit > 0).then(|| offset.saturating_add(shown)),
        counts: Counts {
            held: count(tenant, "visible = 1 AND status = 'held'")?,
            with_human: count(tenant, "visible = 1 AND status = 'with_human'")?,
            pending: count(tenant, "visible = 1 AND status = 'pending'")?,
            look_owed: count(tenant, "visible = 1 AND look_owed = 1")?,
        },
        expected_wait_s: expected_wait_s(tenant, call.now)?,
        sequence: log::size(tenant)?,
    };
    Answer::json(200, &page)
}

/// `GET /v1/drafts/{id}` for a person.
pub fn show(tenant: &Tenant, stored: &Stored, now: Millis) -> Outcome<Answer> {
    let policy = tenant.policy(stored.policy_version)?;
    let action = stored.draft.draft.action.as_ref();
    let view = DraftView {
        summary: summary(stored, now),
        draft: stored.draft.clone(),
        decision: stored.decision.clone(),
        policy_version: stored.policy_version,
        rules: policy.rules(stored.draft.category.as_deref()).clone(),
        action: action
            .and_then(|action| policy.policy().actions.get(&action.name))
            .cloned(),
        view_digest: view_digest(tenant, stored)?,
        outgoing: stored.outgoing(),
        examples: corrections::find(tenant, &stored.draft, EXAMPLES)?,
    };
    Answer::json(200, &view)
}

/// `POST /v1/leases`.
pub fn claim_next(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let open = stored::select_where(
        tenant,
        "visible = 1 AND status IN ('held', 'with_human')
         ORDER BY look_owed, due_at, created_at, id LIMIT ?",
        bind![PAGE_MAX],
    )?;
    let free = open.into_iter().find(|stored| {
        let holder = stored.entry.leased_by(call.now);
        let deferred = stored
            .entry
            .deferred_until
            .is_some_and(|until| until > call.now);
        holder.is_none_or(|holder| holder == person.id) && !deferred
    });
    match free {
        None => Ok(Answer::empty()),
        Some(mut stored) => {
            take(tenant, &mut stored, person, call.now)?;
            Answer::json(200, &summary(&stored, call.now))
        }
    }
}

/// `PUT /v1/drafts/{id}/lease`.
pub fn lease(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let mut stored = stored::load(tenant, &call.id)?;
    take(tenant, &mut stored, person, call.now)?;
    Answer::json(200, &summary(&stored, call.now))
}

/// `DELETE /v1/drafts/{id}/lease`.
pub fn unlease(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let mut stored = stored::load(tenant, &call.id)?;
    let held = stored.entry.leased_by(call.now).is_some();
    stored.entry = step(
        &stored.entry,
        &Command::Unlease {
            reviewer: person.id.clone(),
        },
        call.now,
    )
    .map_err(|refusal| stored::refused(refusal, &stored, call.now))?;
    if held {
        stored::save(tenant, &stored, call.now)?;
        log::append(
            tenant,
            call.now,
            Event::DraftUnleased,
            person.actor(),
            Some(&stored.id),
            [],
        )?;
    }
    Answer::json(200, &summary(&stored, call.now))
}

fn take(tenant: &Tenant, stored: &mut Stored, person: &Person, now: Millis) -> Outcome<()> {
    let renewed = stored.entry.leased_by(now) == Some(person.id.as_str());
    let command = Command::Lease {
        reviewer: person.id.clone(),
        until: now.plus(LEASE_MS),
    };
    stored.entry = step(&stored.entry, &command, now)
        .map_err(|refusal| stored::refused(refusal, stored, now))?;
    stored::save(tenant, stored, now)?;
    if !renewed {
        log::append(
            tenant,
            now,
            Event::DraftLeased,
            person.actor(),
            Some(&stored.id),
            [],
        )?;
    }
    Ok(())
}

/// How long a new draft waits; `None` while nobody decides.
pub fn expected_wait_s(tenant: &Tenant, now: Millis) -> Outcome<Option<u32>> {
    let ahead = count(tenant, "visible = 1 AND status IN ('held', 'with_human')")?;
    let since = now.0.saturating_sub(RATE_MS);
    let decided = tenant
        .storage
        .first::<Count>(
            "SELECT COUNT(*) AS count FROM drafts WHERE settled_at > ? AND verdict IS NOT NULL",
            bind![since],
        )?
        .map_or(0, |row| row.count);
    Ok(pace::expected_wait_s(ahead, decided))
}

/// A draft in the list.
pub fn summary(stored: &Stored, now: Millis) -> Summary {
    let draft = &stored.draft;
    let action = draft
        .draft
        .action
        .as_ref()
        .map(|action| action.name.clone());
    Summary {
        id: stored.id.clone(),
        version: stored.entry.version,
        status: stored.entry.status,
        kind: draft.kind,
        channel: draft.channel.clone(),
        agent: draft.agent.clone(),
        category: draft.category.clone(),
        customer_name: draft
            .customer
            .as_ref()
            .and_then(|customer| customer.name.clone()),
        subject: draft.draft.subject.clone().or(action),
        snippet: draft.message.chars().take(SNIPPET_CHARS).collect(),
        owner: stored.owner(now),
        lease: stored.entry.lease.clone().filter(|lease| lease.until > now),
        created_at: stored.created_at,
        due_at: stored.due_at,
        deferred_until: stored.entry.deferred_until,
        look_owed: stored.entry.look_owed && stored.entry.status.may_leave(),
        group: draft.group.clone(),
        conversation_id: draft.conversation.id.clone(),
        pending: stored.entry.pending.clone(),
    }
}

/// The service's seal on what a reviewer is shown: of this draft, in this version, with this
/// decision. A verdict carries it, so that it can be proved what was seen.
pub fn view_digest(tenant: &Tenant, stored: &Stored) -> Outcome<String> {
    let record = tenant.record()?;
    let secret = from_hex(&record.secret).ok_or(Problem::from(Code::Internal))?;
    let version = stored.entry.version.to_string();
    let parts = [
        "countersign view v1",
        &stored.id,
        &version,
        &stored.body,
        &stored.decision_text,
    ];
    Ok(hex(&keyed(&secret, &parts)))
}

fn count(tenant: &Tenant, condition: &str) -> Outcome<u32> {
    let query = format!("SELECT COUNT(*) AS count FROM drafts WHERE {condition}");
    Ok(tenant
        .storage
        .first::<Count>(&query, bind![])?
        .map_or(0, |row| row.count))
}
