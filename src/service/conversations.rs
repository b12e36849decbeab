//! The head of each conversation, and the drafts that it leaves behind. It must not decide which
//! head is newer: `policy::conversation` does.

use crate::bind;
use crate::call::{Answer, Call};
use crate::problem::{Outcome, Problem};
use crate::stored::{self, Stored};
use crate::tenant::Tenant;
use countersign_policy::conversation::{Advance, Head, advance, sequence_fault};
use countersign_policy::draft::{Conversation, NAME_BYTES_MAX};
use countersign_policy::invalid::Invalid;
use countersign_policy::log::{Actor, Event};
use countersign_policy::problem::Code;
use countersign_policy::queue::Command;
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};

/// The body of `PUT /v1/conversations/{id}/head`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewHead {
    /// The newest message.
    head: String,
    /// Counts the heads of this conversation, up to 2^53; an older one never goes back.
    #[serde(default)]
    sequence: Option<u64>,
}

/// The head as it is afterwards.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HeadView {
    /// The conversation.
    conversation_id: String,
    /// Its newest message.
    head: String,
    /// Its count.
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    /// The drafts that became stale, of those that the key is not pinned away from.
    stale: Vec<String>,
}

/// What the tenant knows of a conversation's head.
pub fn known(tenant: &Tenant, conversation: &str) -> Outcome<Option<Head>> {
    tenant.storage.first(
        "SELECT head, sequence FROM conversations WHERE id = ?",
        bind![conversation],
    )
}

/// Forgets conversations that nothing was heard of since, and of which no draft is open: how many. What comes of one after
/// that is its newest, whatever was said so long ago.
pub fn forget(tenant: &Tenant, since: Millis, most: usize) -> Outcome<usize> {
    let gone = tenant.storage.values::<u64>(
        "DELETE FROM conversations WHERE rowid IN (
           SELECT rowid FROM conversations AS idle WHERE updated_at < ? AND NOT EXISTS (
             SELECT 1 FROM drafts WHERE conversation_id = idle.id
               AND status IN ('held', 'with_human', 'pending')) LIMIT ?)
         RETURNING rowid",
        bind![since, u32::try_from(most).unwrap_or(u32::MAX)],
    )?;
    Ok(gone.len())
}

/// `PUT /v1/conversations/{id}/head`.
pub fn put_head(tenant: &Tenant, call: &Call, key: &str) -> Outcome<Answer> {
    let new: NewHead = call.json()?;
    let bytes_max = usize::try_from(NAME_BYTES_MAX).unwrap_or(0);
    if new.head.is_empty() || new.head.len() > bytes_max {
        return Err(Invalid::field("/head", "empty or too long").into());
    }
    if call.id.len() > bytes_max {
        let detail = format!("no conversation's id has more than {NAME_BYTES_MAX} bytes");
        return Err(Problem::new(Code::InvalidParameter, detail));
    }
    if let Some(fault) = sequence_fault("/sequence", new.sequence) {
        return Err(fault.into());
    }
    let before = known(tenant, &call.id)?;
    let step = advance(before.as_ref(), &new.head, new.sequence);
    let conversation = Conversation {
        id: call.id.clone(),
        head: new.head,
        sequence: new.sequence,
        messages: Vec::new(),
    };
    let left = apply(tenant, &conversation, step, before.is_some(), call.now, key)?;
    // Of other agents' drafts a key that is pinned is told nothing.
    let told = left
        .into_iter()
        .filter(|left| call.grant.outside(&left.draft).is_none());
    let stale = told.map(|left| left.id).collect();
    let after = known(tenant, &call.id)?;
    let (head, sequence) =
        after.map_or((conversation.head, None), |head| (head.head, head.sequence));
    Answer::json(
        200,
        &HeadView {
            conversation_id: call.id.clone(),
            head,
            sequence,
            stale,
        },
    )
}

/// Stores a newer head and takes the drafts that it leaves behind off the queue; a conversation that
/// was not `known` has none.
pub fn apply(
    tenant: &Tenant,
    conversation: &Conversation,
    advance: Advance,
    known: bool,
    now: Millis,
    key: &str,
) -> Outcome<Vec<Stored>> {
    if advance != Advance::Newer {
        hear(tenant, conversation, now)?;
        return Ok(Vec::new());
    }
    tenant.storage.run(
        "INSERT INTO conversations (id, head, sequence, updated_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET head = excluded.head,
           sequence = COALESCE(excluded.sequence, sequence), updated_at = excluded.updated_at",
        bind![
            &conversation.id,
            &conversation.head,
            conversation.sequence,
            now
        ],
    )?;
    if !known {
        return Ok(Vec::new());
    }
    let open = stored::readable_where(
        tenant,
        "conversation_id = ? AND status IN ('held', 'with_human', 'pending')",
        bind![&conversation.id],
    )?;
    let mut stale = Vec::new();
    for mut draft in open
        .into_iter()
        .filter(|draft| draft.entry.head != conversation.head)
    {
        let command = Command::AdvanceHead {
            head: conversation.head.clone(),
        };
        if draft.step(&command, now).is_err() {
            continue;
        }
        stored::save(tenant, &mut draft, now)?;
        let actor = Actor::agent(key);
        tenant.log(now, Event::DraftStale, actor, Some(&draft.id), [])?;
        stale.push(draft);
    }
    Ok(stale)
}

/// Notes that a conversation was heard of, once a day, and that the count of its head went on.
fn hear(tenant: &Tenant, conversation: &Conversation, now: Millis) -> Outcome<()> {
    tenant.storage.run(
        "UPDATE conversations SET updated_at = ?1,
           sequence = MAX(COALESCE(?2, sequence), COALESCE(sequence, ?2))
         WHERE id = ?3 AND (updated_at < ?4 OR COALESCE(sequence, 0) < ?2)",
        bind![
            now,
            conversation.sequence,
            &conversation.id,
            now.days_before(1)
        ],
    )
}
