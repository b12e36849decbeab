//! How fast the queue is served: what waits and what came and went, as kept, and what an agent is
//! told of it. It must not judge: `policy::pace` says what follows.

use crate::call::{Answer, Call};
use crate::caller::Caller;
use crate::people::{Person, PersonRole};
use crate::problem::{Outcome, Problem};
use crate::rota::Gap;
use crate::seeds::ReviewerVigilance;
use crate::tenant::Tenant;
use crate::{bind, dead_letters, levels, proposals, rota, second_lead, seeds, verdict_times};
use countersign_policy::draft::Draft;
use countersign_policy::limits::Limits;
use countersign_policy::pace::{self, Flow, Strain};
use countersign_policy::problem::Code;
use countersign_policy::time::{HOUR_MS, MINUTE_MS, Millis};
use countersign_policy::trust::evidence::{read_ms_min, shown_characters};
use countersign_policy::verdict::VerdictKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Deadlines that the forecast looks at: the most urgent of a queue that takes days.
const DUES_MAX: u32 = 1_000;
/// How long somebody's pace is kept, in hours.
const REVIEWER_HOURS: u64 = 24;

/// The span over which the rate of verdicts is measured, in minutes.
const RATE_MINUTES: u64 = 60;

/// How many drafts wait.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "QueueCounts"))]
pub struct Counts {
    /// For a verdict.
    held: u32,
    /// For a person to do it.
    with_human: u32,
    /// In their undo window.
    pending: u32,
    /// Out, and to be looked at.
    look_owed: u32,
    /// Out, and their agents never said what became of them.
    unconfirmed: u32,
}

/// `GET /v1/queue/health`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HealthView {
    /// The state in a word.
    strain: Strain,
    /// What waits.
    counts: Counts,
    /// What came and went within the last hour.
    flow: Flow,
    /// Drafts that come in an hour, at this pace.
    arrived_per_hour: u32,
    /// Drafts that are decided in an hour, at this pace.
    decided_per_hour: u32,
    /// How long a new draft waits; absent while nobody decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_wait_s: Option<u32>,
    /// Open drafts whose deadline is over.
    late: u32,
    /// The first deadline that is missed at this pace; absent while each is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    breaks_at: Option<Millis>,
    /// When the queue is too long for what comes, should it keep growing so.
    #[serde(skip_serializing_if = "Option::is_none")]
    overflows_at: Option<Millis>,
    /// Categories for which nobody is on duty: the lead answers.
    rota_gaps: Vec<Gap>,
    /// For leads and keys for policy: messages that nobody took, and rows that D1 refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    dead_letters: Option<u32>,
    /// For leads: steps up that wait for an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    proposals: Option<u32>,
    /// For leads: categories that lost a level by themselves within the last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    levels_lost: Option<BTreeSet<String>>,
    /// For leads: whether a version of the policy waits for a second one.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_waits: Option<bool>,
    /// For leads: who met known-bad drafts, and caught them.
    #[serde(skip_serializing_if = "Option::is_none")]
    vigilance: Option<Vec<ReviewerVigilance>>,
    /// For leads: how long half of the verdicts of the last day took at most, those given together left
    /// out; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    median_verdict_ms: Option<u32>,
    /// For leads: who gave verdicts within the last day, and how fast.
    #[serde(skip_serializing_if = "Option::is_none")]
    reviewers: Option<Vec<ReviewerPace>>,
}

/// Somebody's pace within the last day.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ReviewerPace {
    /// The person's id.
    person_id: String,
    /// As others call them.
    name: String,
    /// Approvals and confirmations.
    approved: u32,
    /// Of these, faster than one can read.
    fast: u32,
    /// Whether these are too many.
    rushes: bool,
}

#[derive(Deserialize)]
struct PaceRow {
    person_id: String,
    name: String,
    decided: u32,
    fast: u32,
}

#[derive(Deserialize)]
struct Waiting {
    status: String,
    count: u32,
}

/// What waits for somebody, and what came and was decided within the last hour.
#[derive(Clone, Copy, Deserialize)]
pub struct Ahead {
    /// Drafts that wait for somebody.
    pub open: u32,
    arrived: u32,
    decided: u32,
}

impl Ahead {
    fn flow(self) -> Flow {
        Flow {
            arrived: self.arrived,
            decided: self.decided,
            minutes: u32::try_from(RATE_MINUTES).unwrap_or(u32::MAX),
        }
    }

    /// How long a new draft waits; `None` while nobody decides.
    pub fn wait_s(self) -> Option<u32> {
        pace::expected_wait_s(self.open, self.decided)
    }
}

/// What waits, by what it waits for.
pub fn counts(tenant: &Tenant) -> Outcome<Counts> {
    let mut counts = Counts {
        held: 0,
        with_human: 0,
        pending: 0,
        look_owed: 0,
        unconfirmed: tenant
            .storage
            .value(
                "SELECT COUNT(*) FROM drafts WHERE status = 'unconfirmed'",
                bind![],
            )?
            .unwrap_or(0),
    };
    let rows = tenant
        .storage
        .rows::<Waiting>("SELECT status, count FROM waiting", bind![])?;
    for row in rows {
        let count = match row.status.as_str() {
            "held" => &mut counts.held,
            "with_human" => &mut counts.with_human,
            "pending" => &mut counts.pending,
            // What is visible and waits for nobody is out.
            _ => &mut counts.look_owed,
        };
        *count = count.saturating_add(row.count);
    }
    Ok(counts)
}

/// What a new draft finds before it.
pub fn ahead(tenant: &Tenant, now: Millis) -> Outcome<Ahead> {
    let minute = now.0 / MINUTE_MS;
    let count = || {
        let row = tenant.storage.first::<Ahead>(
            "SELECT
               (SELECT COALESCE(SUM(count), 0) FROM waiting WHERE status IN ('held', 'with_human'))
                 AS open,
               COALESCE(SUM(arrived), 0) AS arrived, COALESCE(SUM(decided), 0) AS decided
             FROM pace WHERE minute > ?",
            bind![minute.saturating_sub(RATE_MINUTES)],
        )?;
        Ok((minute, row.ok_or(Code::Internal)?))
    };
    match tenant.recall.ahead.or((), count)? {
        (counted, ahead) if counted == minute => Ok(ahead),
        _ => {
            tenant.recall.ahead.clear();
            Ok(tenant.recall.ahead.or((), count)?.1)
        }
    }
}

/// One more draft waits for somebody.
pub fn one_more(tenant: &Tenant) {
    let more = |(_, ahead): &mut (u64, Ahead)| ahead.open = ahead.open.saturating_add(1);
    tenant.recall.ahead.change(&(), more);
}

/// Whether one more draft may come, within the tenant's limits.
pub fn admit(tenant: &Tenant, limits: Limits, now: Millis) -> Outcome<()> {
    if !limits.admits(ahead(tenant, now)?.open) {
        return Err(Problem::from(Code::QueueFull));
    }
    let mut posts = tenant.posts.borrow_mut();
    let taken = posts.take("", limits.posts_per_minute, now);
    taken.map_err(|_| Problem::from(Code::PostRateExceeded))
}

/// Notes how fast somebody approved; other verdicts say by themselves that something was read.
pub fn note(
    tenant: &Tenant,
    draft: &Draft,
    kind: VerdictKind,
    person: &Person,
    took_ms: u64,
    now: Millis,
) -> Outcome<()> {
    if !matches!(kind, VerdictKind::Approve | VerdictKind::Confirm) {
        return Ok(());
    }
    let hour = now.0 / HOUR_MS;
    let fast = took_ms < read_ms_min(shown_characters(draft));
    tenant.storage.run(
        "INSERT INTO reviewer_pace (person_id, hour, decided, fast) VALUES (?, ?, 1, ?)
         ON CONFLICT DO UPDATE SET decided = decided + 1, fast = fast + excluded.fast",
        bind![&person.id, hour, fast],
    )?;
    tenant.storage.run(
        "DELETE FROM reviewer_pace WHERE hour < ?",
        bind![hour.saturating_sub(REVIEWER_HOURS)],
    )
}

/// `GET /v1/queue/health`.
pub fn health(tenant: &Tenant, call: &Call, caller: &Caller) -> Outcome<Answer> {
    let ahead = ahead(tenant, call.now)?;
    let flow = ahead.flow();
    let dues = tenant.storage.values(
        "SELECT due_at FROM drafts WHERE visible = 1 AND status IN ('held', 'with_human')
           AND look_owed IN (0, 1) AND due_at IS NOT NULL ORDER BY due_at LIMIT ?",
        bind![DUES_MAX],
    )?;
    let dues: Vec<Millis> = dues.into_iter().map(Millis).collect();
    let late = late(tenant, call.now)?;
    let counts = counts(tenant)?;
    let policy = tenant.policy(tenant.record()?.policy_version)?;

    let decided_per_hour = pace::per_hour(flow.decided, flow.minutes);
    let breaks_at = pace::breaks_at(&dues, decided_per_hour, call.now);
    let deadline_s = policy.rules(None).deadline_s;
    let overflows_at = pace::overflows_at(ahead.open, flow, deadline_s, call.now);
    let lead = matches!(caller, Caller::Person(person) if person.role == PersonRole::Lead);
    let watcher = matches!(caller, Caller::Key(_));
    let view = HealthView {
        strain: pace::strain(breaks_at, overflows_at, late),
        arrived_per_hour: pace::per_hour(flow.arrived, flow.minutes),
        expected_wait_s: ahead.wait_s(),
        rota_gaps: rota::gaps(tenant)?,
        dead_letters: (lead || watcher)
            .then(|| dead_letters::count(tenant))
            .transpose()?,
        proposals: lead.then(|| proposals::waiting(tenant)).transpose()?,
        levels_lost: lead
            .then(|| levels::lost_since(tenant, call.now.days_before(1)))
            .transpose()?,
        policy_waits: lead.then(|| second_lead::waits(tenant)).transpose()?,
        vigilance: lead.then(|| seeds::vigilance(tenant)).transpose()?,
        median_verdict_ms: lead
            .then(|| verdict_times::median_ms(tenant, call.now))
            .transpose()?
            .flatten(),
        reviewers: lead.then(|| reviewers(tenant, call.now)).transpose()?,
        counts,
        flow,
        decided_per_hour,
        late,
        breaks_at,
        overflows_at,
    };
    Answer::json(200, &view)
}

/// Open drafts whose deadline is over, all of them.
fn late(tenant: &Tenant, now: Millis) -> Outcome<u32> {
    let late = tenant.storage.value(
        "SELECT COUNT(*) FROM drafts WHERE visible = 1 AND look_owed IN (0, 1)
           AND due_at <= ? AND status IN ('held', 'with_human')",
        bind![now],
    )?;
    Ok(late.unwrap_or(0))
}

fn reviewers(tenant: &Tenant, now: Millis) -> Outcome<Vec<ReviewerPace>> {
    let hour = now.0 / HOUR_MS;
    let rows = tenant.storage.rows::<PaceRow>(
        "SELECT person_id, name, SUM(decided) AS decided, SUM(fast) AS fast
         FROM reviewer_pace JOIN people ON people.id = person_id
         WHERE hour > ? GROUP BY person_id ORDER BY fast DESC, decided DESC, person_id",
        bind![hour.saturating_sub(REVIEWER_HOURS)],
    )?;
    let pace = rows.into_iter().map(|row| ReviewerPace {
        rushes: pace::rushes(row.decided, row.fast),
        person_id: row.person_id,
        name: row.name,
        approved: row.decided,
        fast: row.fast,
    });
    Ok(pace.collect())
}
