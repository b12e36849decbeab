//! The drafts on record with all that was decided about them, newest first: what a backtest replays,
//! here and in the browser. It must not judge one.

use crate::archive::Erased;
use crate::backtests::DAYS_MAX;
use crate::call::{Answer, Call};
use crate::d1::{DATABASE, Rows, millis};
use crate::policies;
use crate::problem::{Outcome, Problem, describe};
use crate::storage::parsed;
use crate::stored::StoredVerdict;
use crate::tenant::Tenant;
use countersign_policy::backtest::{Recap, Recorded, label};
use countersign_policy::problem::Code;
use countersign_policy::queue::Status;
use countersign_policy::signal::SignalRules;
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Records of one page: at most 25 MiB of bodies, a fifth of an object's memory.
const PAGE_MAX: u32 = 100;
/// Days that are looked back when nothing else is said: a month.
const DAYS: u32 = 30;

/// `GET /v1/policy/records`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RecordPage {
    /// Newest first.
    records: Vec<Recorded>,
    /// What the policy versions of these records told about signals, where it is still known.
    versions: BTreeMap<u32, SignalRules>,
    /// Pass it as `after` for older ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<String>,
}

/// A settled draft as D1 has it.
#[derive(Deserialize)]
pub struct Row {
    /// The draft's id.
    pub id: String,
    /// When it was posted.
    pub created_at: u64,
    /// The policy version that decided.
    pub policy_version: u32,
    status: Status,
    body: String,
    situation: String,
    decision: String,
    verdict: Option<String>,
}

/// `GET /v1/policy/records`: what settled within the last days.
pub async fn list(tenant: &Tenant, call: &Call) -> Outcome<Answer> {
    let days = call.number("days", DAYS, DAYS_MAX)?;
    let limit = call.number("limit", PAGE_MAX, PAGE_MAX)?;
    let below = match call.query.get("after") {
        None => (call.now.plus(1), String::new()),
        Some(text) => place(text).ok_or(Problem::new(
            Code::InvalidParameter,
            "`after` is not what `next_after` said",
        ))?,
    };
    let since = call.now.days_before(days);
    let Page { rows, next } = page(tenant, since, &below, limit).await?;
    let mut versions = BTreeMap::new();
    for row in &rows {
        if !versions.contains_key(&row.policy_version)
            && let Ok(policy) = policies::load(tenant, row.policy_version)
        {
            versions.insert(row.policy_version, policy.signals);
        }
    }
    let records = rows.into_iter().filter_map(recorded).collect();
    Answer::json(
        200,
        &RecordPage {
            records,
            versions,
            next_after: next.map(|(created_at, id)| format!("{}.{id}", created_at.0)),
        },
    )
}

/// Where a page ended: `{created_at}.{id}`.
fn place(text: &str) -> Option<(Millis, String)> {
    let (created_at, id) = text.split_once('.')?;
    Some((Millis(created_at.parse().ok()?), id.to_owned()))
}

/// A page of settled drafts.
pub struct Page {
    /// Without those that are erased by now.
    pub rows: Vec<Row>,
    /// Where the next one begins, unless this was the last.
    pub next: Option<(Millis, String)>,
}

/// Settled drafts from `since` on, newest first, from below one that was read.
pub async fn page(
    tenant: &Tenant,
    since: Millis,
    (before, before_id): &(Millis, String),
    limit: u32,
) -> Outcome<Page> {
    let erased = Erased::now(&tenant.storage)?;
    let mut rows = tenant
        .env
        .d1(DATABASE)?
        .prepare(
            "SELECT id, status, created_at, policy_version, body, situation, decision,
               COALESCE(CASE json_extract(look, '$.verdict.kind') WHEN 'correct' THEN look END, verdict, look) AS verdict
             FROM drafts WHERE tenant_id = ? AND created_at >= ? AND (created_at, id) < (?, ?)
             ORDER BY created_at DESC, id DESC LIMIT ?",
        )
        .bind(&[
            tenant.record()?.id.into(),
            millis(since),
            millis(*before),
            before_id.as_str().into(),
            limit.into(),
        ])?
        .rows::<Row>()
        .await?;
    let erased = erased.and_now(&tenant.storage)?;
    let full = rows.len() == usize::try_from(limit).unwrap_or(usize::MAX);
    let last = rows.last().filter(|_| full);
    let next = last.map(|row| (Millis(row.created_at), row.id.clone()));
    rows.retain(|row| !erased.holds(&row.id));
    Ok(Page { rows, next })
}

/// A row as it is replayed. One that another form of the service wrote says nothing, and is left out.
pub fn recorded(row: Row) -> Option<Recorded> {
    read(row)
        .inspect_err(|error| {
            worker::console_error!("a draft can't be replayed: {}", describe(error));
        })
        .ok()
}

fn read(row: Row) -> worker::Result<Recorded> {
    let verdict: Option<StoredVerdict> = match &row.verdict {
        None => None,
        Some(text) => Some(parsed(text)?),
    };
    let kind = verdict.as_ref().map(|given| given.verdict.kind());
    let edit = verdict.and_then(|given| given.edit_kind());
    let decision: Recap = parsed(&row.decision)?;
    let label = label(decision.route, row.status, kind, edit);
    Ok(Recorded::new(
        row.id,
        parsed(&row.body)?,
        parsed(&row.situation)?,
        decision,
        row.policy_version,
        label,
    ))
}
