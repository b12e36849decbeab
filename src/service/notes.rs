//! What one reviewer tells the next when a draft changes hands. It must not reach an agent, nor the
//! audit log, which holds only that there is a note.

use crate::people::Person;
use crate::problem::Outcome;
use crate::tenant::Tenant;
use crate::{bind, column};
use countersign_policy::draft::TEXT_BYTES_MAX;
use countersign_policy::invalid::check_length;
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};

/// Notes beside one draft; the newest count.
const NOTES_MAX: u32 = 50;
/// The same words within this are an answer that got lost, and later they are said again.
const AGAIN_MS: u64 = 600_000;

/// A note as reviewers see it.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Note {
    /// Who wrote it.
    person_id: String,
    /// The words.
    text: String,
    /// When.
    #[serde(deserialize_with = "column::time")]
    at: Millis,
}

/// Stores a note, where there is one.
pub fn add(
    tenant: &Tenant,
    draft_id: &str,
    person: &Person,
    text: Option<&String>,
    now: Millis,
) -> Outcome<()> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
        return Ok(());
    };
    check_length("/note", text, TEXT_BYTES_MAX)?;
    if is_said(tenant, draft_id, person, text, now)? {
        return Ok(());
    }
    tenant.storage.run(
        "INSERT INTO notes (draft_id, person_id, text, created_at) VALUES (?, ?, ?, ?)",
        bind![draft_id, &person.id, text, now],
    )
}

/// Whether it is the newest note of a draft already, of just now, as after an answer that got lost.
pub fn is_said(
    tenant: &Tenant,
    draft_id: &str,
    person: &Person,
    text: &str,
    now: Millis,
) -> Outcome<bool> {
    Ok(newest(tenant, draft_id, 1)?.first().is_some_and(|newest| {
        let is_recent = now.since(newest.at) <= AGAIN_MS;
        is_recent && newest.person_id == person.id && newest.text == text
    }))
}

/// The notes of a draft, oldest first.
pub fn of(tenant: &Tenant, draft_id: &str) -> Outcome<Vec<Note>> {
    let mut notes = newest(tenant, draft_id, NOTES_MAX)?;
    notes.reverse();
    Ok(notes)
}

fn newest(tenant: &Tenant, draft_id: &str, most: u32) -> Outcome<Vec<Note>> {
    tenant.storage.rows(
        "SELECT person_id, text, created_at AS at FROM notes WHERE draft_id = ?
         ORDER BY number DESC LIMIT ?",
        bind![draft_id, most],
    )
}
