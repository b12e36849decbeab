//! What could not be delivered: messages that their receivers did not take, and rows that D1 refused.
//! Both are listed for leads and replayed. It must not show the text of a draft: what it is about is
//! named, not shown.

use crate::call::{Answer, Call};
use crate::people::Person;
use crate::problem::{Outcome, Problem};
use crate::tenant::Tenant;
use crate::{bind, webhooks};
use countersign_policy::log::Event;
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Rows of one page.
const PAGE_MAX: u32 = 200;

/// `GET /v1/dead-letters`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DeadLetterPage {
    /// Oldest first.
    dead_letters: Vec<DeadLetter>,
    /// Rows that D1 refused, oldest first; as many as of the others at most.
    copies: Vec<SetAside>,
    /// Pass it as `cursor` for the next page of both.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
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
#[derive(Serialize)]
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
    set_aside_at: Millis,
}

#[derive(Deserialize)]
struct CopyRow {
    number: u32,
    kind: String,
    about: Option<String>,
    error: Option<String>,
    broken_at: u64,
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
    let Place { letter, copy } = call.cursor(Place::read)?.unwrap_or_default();
    let query = format!("{QUERY} AND number > ? ORDER BY number LIMIT ?");
    let letters = tenant.storage.rows::<Row>(&query, bind![letter, limit])?;
    let copies = copies(tenant, copy, limit)?;
    let full = |rows: usize| u32::try_from(rows).is_ok_and(|rows| rows == limit);
    let more = full(letters.len()) || full(copies.len());
    let last = Place {
        letter: letters.last().map_or(letter, |row| row.number),
        copy: copies.last().map_or(copy, |row| row.number),
    };
    let page = DeadLetterPage {
        next_cursor: more.then(|| last.to_string()),
        dead_letters: letters.into_iter().map(DeadLetter::from).collect(),
        copies: copies.into_iter().map(SetAside::from).collect(),
    };
    Answer::json(200, &page)
}

/// How far a page goes in both lists.
#[derive(Default)]
struct Place {
    letter: u32,
    copy: u32,
}

impl Place {
    /// The place that a cursor names. Cursors were numbers once, of the first list alone.
    fn read(cursor: &str) -> Option<Self> {
        let (letter, copy) = cursor.split_once('.').unwrap_or((cursor, "0"));
        Some(Self {
            letter: letter.parse().ok()?,
            copy: copy.parse().ok()?,
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(text, "{}.{}", self.letter, self.copy)
    }
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

fn copies(tenant: &Tenant, after: u32, most: u32) -> Outcome<Vec<CopyRow>> {
    tenant.storage.rows(
        "SELECT number, kind, COALESCE(payload->>'id', payload->>'about') AS about, error, broken_at
         FROM outbox WHERE broken_at IS NOT NULL AND behind IS NULL AND number > ?
         ORDER BY number LIMIT ?",
        bind![after, most],
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
    let next = copies(tenant, number.saturating_sub(1), 1)?
        .into_iter()
        .next();
    let row = next.filter(|row| row.number == number);
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

impl From<CopyRow> for SetAside {
    fn from(row: CopyRow) -> Self {
        Self {
            id: format!("{COPY}{}", row.number),
            kind: row.kind,
            about: row.about,
            error: row.error,
            set_aside_at: Millis(row.broken_at),
        }
    }
}
