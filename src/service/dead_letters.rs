//! What could not be delivered: messages that their receivers did not take, and rows that D1 refused.
//! Both are listed for leads and replayed. It must not show the text of a draft: what it is about is
//! named, not shown.

use crate::call::{Answer, Call};
use crate::people::Person;
use crate::problem::{Outcome, Problem};
use crate::tenant::Tenant;
use crate::{bind, column, webhooks};
use countersign_policy::log::Event;
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};

/// Rows of one page.
const PAGE_MAX: u32 = 200;

/// `GET /v1/dead-letters`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DeadLetterPage {
    /// Oldest first.
    dead_letters: Vec<DeadLetter>,
    /// Rows that D1 refused, oldest first; on the first page only.
    copies: Vec<SetAside>,
    /// Pass it as `cursor` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<u32>,
}

/// A message that its receiver did not take.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DeadLetter {
    /// Its number in the outbox.
    id: String,
    /// What its receiver saw as `webhook-id`.
    message_id: String,
    /// What happened.
    event: String,
    /// To what: a draft's id, a category.
    about: String,
    /// A webhook's id, or the host that was called back.
    receiver: String,
    /// How often it was tried.
    attempts: u32,
    /// The last answer: a status, `timeout` or `unreachable`.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    /// When it happened.
    created_at: Millis,
    /// When it was given up.
    dead_at: Millis,
}

/// A row that D1 refused: the copy of the record lacks it, and what changed the same thing since, until it is
/// replayed.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SetAside {
    /// As it is replayed by.
    id: String,
    /// What it holds: `audit`, `draft`, `correction`, …
    kind: String,
    /// The id of what it is, where that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    /// Why D1 refused it, up to the first thing that it quotes.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// When it was set aside.
    #[serde(deserialize_with = "column::time")]
    set_aside_at: Millis,
}

#[derive(Deserialize)]
struct Row {
    number: u32,
    message_id: String,
    event: String,
    about: String,
    receiver: String,
    url: Option<String>,
    attempts: u32,
    answer: Option<String>,
    created_at: u64,
    dead_at: u64,
}

/// What stands before the number of a row that D1 refused.
const COPY: &str = "copy-";

const QUERY: &str = "SELECT number, message_id, event, about, receiver, url, attempts, answer,
                       created_at, dead_at FROM deliveries WHERE dead_at IS NOT NULL";

/// `GET /v1/dead-letters`.
pub fn list(tenant: &Tenant, call: &Call) -> Outcome<Answer> {
    let limit = call.number("limit", 50, PAGE_MAX)?;
    let after = call.number("cursor", 0, u32::MAX)?;
    let query = format!("{QUERY} AND number > ? ORDER BY number LIMIT ?");
    let rows = tenant.storage.rows::<Row>(&query, bind![after, limit])?;
    let full = u32::try_from(rows.len()).unwrap_or(u32::MAX) == limit;
    let page = DeadLetterPage {
        next_cursor: rows.last().filter(|_| full).map(|row| row.number),
        dead_letters: rows.into_iter().map(DeadLetter::from).collect(),
        copies: match after {
            0 => copies(tenant)?,
            _ => Vec::new(),
        },
    };
    Answer::json(200, &page)
}

/// How many there are of both.
pub fn count(tenant: &Tenant) -> Outcome<u32> {
    let count = tenant.storage.value(
        "SELECT (SELECT COUNT(*) FROM deliveries WHERE dead_at IS NOT NULL)
           + (SELECT COUNT(*) FROM outbox WHERE broken_at IS NOT NULL AND behind IS NULL)",
        bind![],
    )?;
    Ok(count.unwrap_or(0))
}

fn copies(tenant: &Tenant) -> Outcome<Vec<SetAside>> {
    tenant.storage.rows(
        "SELECT ? || number AS id, kind, COALESCE(payload->>'id', payload->>'about') AS about, error,
           broken_at AS set_aside_at
         FROM outbox WHERE broken_at IS NOT NULL AND behind IS NULL ORDER BY number LIMIT ?",
        bind![COPY, PAGE_MAX],
    )
}

/// `POST /v1/dead-letters/{id}/replay`: it is tried again from the beginning of its schedule, before
/// what waits behind it and after what is under way.
pub fn replay(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    if let Some(number) = call.id.strip_prefix(COPY) {
        return replay_copy(tenant, call, person, number);
    }
    let row = find(tenant, &call.id)?;
    if row.url.is_none() && !webhooks::is_enabled(tenant, &row.receiver)? {
        return Err(Problem::from(Code::WebhookDisabled));
    }
    tenant.storage.run(
        "UPDATE deliveries SET next_at = NULL WHERE receiver = ? AND about = ? AND calling = 0
           AND number > ? AND dead_at IS NULL",
        bind![&row.receiver, &row.about, row.number],
    )?;
    tenant.storage.run(
        "UPDATE deliveries SET dead_at = NULL, attempts = 0, next_at = CASE WHEN EXISTS (
           SELECT 1 FROM deliveries WHERE receiver = ?1 AND about = ?2 AND dead_at IS NULL
             AND next_at IS NOT NULL)
           THEN NULL ELSE ?3 END WHERE number = ?4",
        bind![&row.receiver, &row.about, call.now, row.number],
    )?;
    tenant.called_by.take();
    append(tenant, call, person, Event::DeadLetterReplayed, &row)?;
    Ok(Answer::empty())
}

/// The row keeps its place, and what waits behind it goes along.
fn replay_copy(tenant: &Tenant, call: &Call, person: &Person, number: &str) -> Outcome<Answer> {
    let number: u32 = number.parse().map_err(|_| Problem::from(Code::NotFound))?;
    let mut copies = copies(tenant)?.into_iter();
    let row = copies.find(|row| row.id == call.id);
    let row = row.ok_or(Code::NotFound)?;
    tenant.storage.run(
        "UPDATE outbox SET broken_at = NULL, error = NULL, behind = NULL
         WHERE broken_at IS NOT NULL AND (number = ?1 OR behind = ?1)",
        bind![number],
    )?;
    let facts = [("kind", row.kind.into()), ("number", number.into())];
    tenant.log(call.now, Event::CopyReplayed, person.actor(), None, facts)?;
    Ok(Answer::empty())
}

/// `DELETE /v1/dead-letters/{id}`: nobody wants it any more.
pub fn drop(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    if call.id.starts_with(COPY) {
        return Err(Problem::from(Code::CopyNeeded));
    }
    let row = find(tenant, &call.id)?;
    let delete = "DELETE FROM deliveries WHERE number = ?";
    tenant.storage.run(delete, bind![row.number])?;
    append(tenant, call, person, Event::DeadLetterDropped, &row)?;
    Ok(Answer::empty())
}

fn append(tenant: &Tenant, call: &Call, person: &Person, event: Event, row: &Row) -> Outcome<()> {
    let facts = [
        ("message_id", row.message_id.clone().into()),
        ("receiver", row.receiver.clone().into()),
    ];
    let about = Some(row.about.as_str());
    tenant.log(call.now, event, person.actor(), about, facts)
}

fn find(tenant: &Tenant, id: &str) -> Outcome<Row> {
    let number: u32 = id.parse().map_err(|_| Problem::from(Code::NotFound))?;
    let query = format!("{QUERY} AND number = ?");
    tenant
        .storage
        .first::<Row>(&query, bind![number])?
        .ok_or(Problem::from(Code::NotFound))
}

impl From<Row> for DeadLetter {
    fn from(row: Row) -> Self {
        Self {
            id: row.number.to_string(),
            message_id: row.message_id,
            event: row.event,
            about: row.about,
            receiver: row.receiver,
            attempts: row.attempts,
            answer: row.answer,
            created_at: Millis(row.created_at),
            dead_at: Millis(row.dead_at),
        }
    }
}
