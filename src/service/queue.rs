//! The queue as reviewers see it: listing, and one draft with everything beside it. It
//! must not show a reviewer anything without a digest of what was shown.

use crate::call::{Answer, Call};
use crate::examples::Example;
use crate::familiarity::{self, Familiarity};
use crate::notes::{self, Note};
use crate::owner::Owner;
use crate::people::Person;
use crate::problem::{Outcome, Problem};
use crate::sample::{self, PressureView};
use crate::stored::{self, Stored};
use crate::tenant::Tenant;
use crate::{bind, groups, log, pace, rota, sight};
use countersign_policy::catalogue::ActionEntry;
use countersign_policy::deadline::Stage;
use countersign_policy::digest::{from_hex, hex, keyed};
use countersign_policy::document::Rules;
use countersign_policy::draft::{Content, Draft, Kind};
use countersign_policy::problem::Code;
use countersign_policy::queue::{First, Lease, Pending, Status};
use countersign_policy::route::Decision;
use countersign_policy::sight::Sight;
use countersign_policy::time::Millis;
use countersign_policy::trust::alike;
use countersign_policy::verdict::Verdict;
use serde::Serialize;
use std::fmt;

/// Drafts of one page.
const PAGE_MAX: u32 = 200;
/// Characters of a draft in the list.
const SNIPPET_CHARS: usize = 160;

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
    pub look_owed: bool,
    /// Whether it left, or may have, so that it can be found wrong.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, schemars(default))]
    correctable: bool,
    /// Drafts of one turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    /// The same for drafts that are alike but for figures and a name.
    alike: String,
    /// Its conversation.
    conversation_id: String,
    /// The verdict that can still be taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<Pending>,
    /// Whom it was handed to; nobody else decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<String>,
    /// The first of two people who agree.
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<First>,
    /// How far it has come on the way to being late.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<Stage>,
    /// How often it was drafted again.
    round: u32,
}

/// `GET /v1/queue`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct QueuePage {
    /// Most urgent first; what is already out last.
    drafts: Vec<Summary>,
    /// Pass it as `cursor` for the next page: it goes on behind this page's last draft, whatever left the
    /// queue meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// How many there are.
    counts: pace::Counts,
    /// Whether somewhere nobody is on call, so that the lead answers.
    rota_empty: bool,
    /// How long a new draft waits at the rate of the last hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_wait_s: Option<u32>,
    /// How full the queue is, and whether sampling gives way to it.
    pressure: PressureView,
    /// The state of the log that this page shows; the live stream goes on from it.
    sequence: u64,
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
    /// What the first of two people would let leave: agree by giving a verdict with this content.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_content: Option<Content>,
    /// Corrections of similar messages.
    examples: Vec<Example>,
    /// How familiar its message is.
    familiarity: Familiarity,
    /// What reviewers told each other when it changed hands.
    notes: Vec<Note>,
    /// The drafts of its group that wait, this one among them, in the order in which they are
    /// answered; empty without a group.
    group_drafts: Vec<Summary>,
    /// The draft that this one replaces, where that was sent back.
    #[serde(skip_serializing_if = "Option::is_none")]
    redraft_of: Option<Redraft>,
}

/// What was sent back, and why.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Redraft {
    /// The earlier draft's id.
    id: String,
    /// What it said.
    draft: Content,
    /// What was to be done differently.
    instruction: String,
}

/// `GET /v1/queue`.
pub fn list(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let limit = call.number("limit", PAGE_MAX, PAGE_MAX)?;
    let after = call.cursor(Place::read)?;
    let listed = match call.query.get("status").map(String::as_str) {
        None => "visible = 1",
        Some("unconfirmed") => "status = 'unconfirmed'",
        Some(_) => {
            let detail = "`status` is `unconfirmed`, or missing";
            return Err(Problem::new(Code::InvalidParameter, detail));
        }
    };
    let page = format!(
        "{listed} AND {}
         AND (?3 = '' OR (look_owed, COALESCE(due_at, 0), created_at, id) > (?4, ?5, ?6, ?3))
         AND NOT EXISTS (SELECT 1 FROM second_looks WHERE draft_id = drafts.id AND reviewer = ?7)
         ORDER BY look_owed, due_at, created_at, id LIMIT ?2",
        sight::readable("category", 1)
    );
    let readable = sight::bound(&call.sight)?;
    let Place {
        look_owed,
        due_at,
        created_at,
        id,
    } = after.unwrap_or_default();
    let bound = bind![
        &readable, limit, &id, look_owed, due_at, created_at, &person.id
    ];
    let (stored, count) = stored::page_where(tenant, &page, bound)?;
    let full = u32::try_from(count).is_ok_and(|count| count == limit);
    let last = stored.last().filter(|_| full);
    let page = QueuePage {
        drafts: summaries(&stored, &call.sight, call.now),
        next_cursor: last.map(|last| Place::of(last).to_string()),
        counts: pace::counts(tenant)?,
        rota_empty: !rota::gaps(tenant)?.is_empty(),
        expected_wait_s: pace::ahead(tenant, call.now)?.wait_s(),
        pressure: sample::show(tenant, call.now)?,
        sequence: log::size(tenant)?,
    };
    Answer::json(200, &page)
}

/// Where a draft stands in the queue: what the list is ordered by.
#[derive(Default)]
struct Place {
    look_owed: bool,
    due_at: Millis,
    created_at: Millis,
    id: String,
}

impl Place {
    fn of(stored: &Stored) -> Self {
        Self {
            look_owed: stored.entry.look_owed,
            due_at: stored.due_at.unwrap_or_default(),
            created_at: stored.created_at,
            id: stored.id.clone(),
        }
    }

    /// The place that a cursor names. 0 is the beginning: cursors were numbers once.
    fn read(cursor: &str) -> Option<Self> {
        if cursor == "0" {
            return Some(Self::default());
        }
        let mut parts = cursor.splitn(4, '.');
        Some(Self {
            look_owed: parts.next()? == "1",
            due_at: Millis(parts.next()?.parse().ok()?),
            created_at: Millis(parts.next()?.parse().ok()?),
            id: parts.next().filter(|id| !id.is_empty())?.to_owned(),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            look_owed,
            due_at,
            created_at,
            id,
        } = self;
        write!(
            text,
            "{}.{}.{}.{id}",
            u8::from(*look_owed),
            due_at.0,
            created_at.0
        )
    }
}

/// Those of the drafts that may be read, for a list.
fn summaries(drafts: &[Stored], sight: &Sight, now: Millis) -> Vec<Summary> {
    let readable = drafts.iter().filter(|stored| may_read(sight, stored));
    readable.map(|stored| summary(stored, now)).collect()
}

/// Whether a person may read a draft.
pub fn may_read(sight: &Sight, stored: &Stored) -> bool {
    sight.covers(stored.draft.category.as_deref())
}

/// `GET /v1/drafts/{id}` for a person.
pub fn show(tenant: &Tenant, stored: &Stored, sight: &Sight, now: Millis) -> Outcome<Answer> {
    let policy = tenant.policy(stored.policy_version)?;
    let action = stored.draft.draft.action.as_ref();
    let (examples, familiarity) = familiarity::beside(tenant, stored, sight, now)?;
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
        outgoing: stored.left(),
        first_content: stored.verdict.as_ref().and_then(|first| {
            let first = stored.entry.awaits_second(&first.id).then_some(first)?;
            first.verdict.outgoing(&stored.draft)
        }),
        examples,
        familiarity,
        notes: if is_blind(stored) {
            Vec::new()
        } else {
            notes::of(tenant, &stored.id)?
        },
        group_drafts: summaries(&groups::open_members(tenant, stored)?, sight, now),
        redraft_of: redraft_of(tenant, stored, sight)?,
    };
    Answer::json(200, &view)
}

fn is_blind(stored: &Stored) -> bool {
    stored.entry.is_blind_look(stored.verdict.is_some())
}

/// Whether a draft is to be looked at a second time, and this person was the first.
pub fn is_own_look(stored: &Stored, person: &str) -> bool {
    is_blind(stored)
        && stored
            .newest()
            .is_some_and(|first| first.reviewer == person)
}

fn redraft_of(tenant: &Tenant, stored: &Stored, sight: &Sight) -> Outcome<Option<Redraft>> {
    let Some(earlier) = stored.draft.supersedes.as_deref() else {
        return Ok(None);
    };
    let earlier = stored::find(tenant, earlier)?;
    Ok(earlier
        .filter(|earlier| earlier.key_id == stored.key_id && may_read(sight, earlier))
        .and_then(|earlier| match &earlier.verdict?.verdict {
            Verdict::SendBack { instruction } => Some(Redraft {
                id: earlier.id,
                draft: earlier.draft.draft,
                instruction: instruction.clone(),
            }),
            _ => None,
        }))
}

/// A draft in the list.
pub fn summary(stored: &Stored, now: Millis) -> Summary {
    let draft = &stored.draft;
    let action = draft
        .draft
        .action
        .as_ref()
        .map(|action| action.name.clone());
    let (status, owner) = match is_blind(stored) {
        true => (Status::Released, Owner::category(&stored.decision.owner)),
        false => (stored.entry.status, stored.owner(now)),
    };
    Summary {
        id: stored.id.clone(),
        version: stored.entry.version,
        status,
        kind: draft.kind,
        channel: draft.channel.clone(),
        agent: draft.agent.clone(),
        category: draft.category.clone(),
        customer_name: draft
            .customer
            .as_ref()
            .and_then(|customer| customer.name.clone()),
        subject: draft.draft.subject.clone().or(action),
        snippet: beginning(&draft.message),
        owner,
        lease: stored.entry.lease.clone().filter(|lease| lease.until > now),
        created_at: stored.created_at,
        due_at: stored.due_at,
        deferred_until: stored.entry.deferred_until,
        look_owed: stored.entry.awaits_look(),
        correctable: status.is_out(),
        group: draft.group.clone(),
        alike: alike::together(draft),
        conversation_id: draft.conversation.id.clone(),
        pending: stored.entry.pending.clone(),
        assignee: stored.entry.assignee.clone(),
        first: stored.entry.first.as_ref().map(First::alone),
        stage: stored.entry.status.is_open().then(|| stored.entry.stage()),
        round: stored.entry.round,
    }
}

/// The beginning of a text, for a list.
pub fn beginning(text: &str) -> String {
    text.chars().take(SNIPPET_CHARS).collect()
}

/// The service's seal on what a reviewer is shown: of this draft, in this version, with this
/// decision. A verdict carries it, so that it can be proved what was seen.
pub fn view_digest(tenant: &Tenant, stored: &Stored) -> Outcome<String> {
    let record = tenant.record()?;
    let secret = from_hex(&record.secret).ok_or(Code::Internal)?;
    let version = stored.entry.version.to_string();
    // Rules and the catalogue that stand beside the draft are this version's.
    let policy_version = stored.policy_version.to_string();
    let parts = [
        "countersign view v1",
        &stored.id,
        &version,
        &stored.body,
        &stored.decision_text,
        &policy_version,
    ];
    // What the first of two people would let leave is seen, too.
    let first = stored.entry.first.as_ref().map(|first| &*first.content);
    let parts: Vec<&str> = parts.into_iter().chain(first).collect();
    Ok(hex(&keyed(&secret, &parts)))
}
