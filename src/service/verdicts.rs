//! Verdicts: taking one, taking it back, and settling it when its undo window is over. It must not
//! let anything leave before then.

use crate::call::{Answer, Call};
use crate::people::Person;
use crate::problem::{Outcome, Problem};
use crate::stored::{self, Stored, StoredVerdict};
use crate::tenant::{Tenant, system};
use crate::{accounts, bind, corrections, log, queue, reading, reroute, situations};
use countersign_policy::digest::{hex, plain};
use countersign_policy::draft::{Content, Draft, NAME_BYTES_MAX};
use countersign_policy::edit::{self, Edit, EditKind};
use countersign_policy::invalid::Invalid;
use countersign_policy::log::{Event, canonical, commitment};
use countersign_policy::problem::Code;
use countersign_policy::queue::{Command, NewVerdict, Status, step};
use countersign_policy::stop;
use countersign_policy::time::Millis;
use countersign_policy::verdict::{Verdict, VerdictKind};
use serde::{Deserialize, Serialize};

/// Verdicts settled in one go; the rest follows with the next request or alarm.
const SETTLE_MAX: u32 = 200;

/// The body of `PUT /v1/drafts/{id}/verdict`.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GivenVerdict {
    /// Made by the page; the same one can be sent again.
    verdict_id: String,
    /// The version that was shown.
    version: u32,
    /// The conversation's head that was shown.
    head: String,
    /// As the service issued it with what was shown.
    view_digest: String,
    /// What is said.
    verdict: Verdict,
    /// The reviewer's own edit kind, where it differs from the policy's.
    #[serde(default)]
    edit_kind: Option<EditKind>,
}

/// The body of `DELETE /v1/drafts/{id}/verdict`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TakenBack {
    /// The verdict that is taken back.
    verdict_id: String,
}

/// What a verdict did.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VerdictAnswer {
    /// The draft.
    id: String,
    /// What it is now.
    status: Status,
    /// Its version now.
    version: u32,
    /// From then on the verdict counts; until then it can be taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settles_at: Option<Millis>,
    /// What kind of edit it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edit: Option<Edit>,
}

#[derive(Deserialize)]
struct Remembered {
    content_hash: String,
    answer: String,
}

/// `PUT /v1/drafts/{id}/verdict`.
pub fn put(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let given: GivenVerdict = call.json()?;
    let limit = usize::try_from(NAME_BYTES_MAX).unwrap_or(0);
    if given.verdict_id.is_empty() || given.verdict_id.len() > limit {
        return Err(Invalid::field("/verdict_id", "empty or too long").into());
    }
    let content_hash = hex(&plain(&[&call.id, &person.id, &canonical(&given)]));
    if let Some(answer) = remembered(tenant, &given.verdict_id, &content_hash)? {
        return Ok(answer);
    }
    let mut stored = stored::load(tenant, &call.id)?;
    reroute::catch_up(tenant, &mut stored, call.now)?;
    if stop::blocks(given.verdict.kind()) && situations::stop(tenant, &stored.draft)?.is_some() {
        return Err(Problem::from(Code::Stopped));
    }
    if let Some(fault) = given.verdict.faults(&stored.draft).into_iter().next() {
        return Err(fault.into());
    }
    let undo_window_s = tenant
        .policy(tenant.record()?.policy_version)?
        .policy()
        .undo_window_s;

    let settles_at = match &given.verdict {
        Verdict::Defer { until } => *until,
        _ => call
            .now
            .plus(u64::from(undo_window_s).saturating_mul(1_000)),
    };
    let pending = NewVerdict {
        verdict_id: given.verdict_id.clone(),
        kind: given.verdict.kind(),
        reviewer: person.id.clone(),
        settles_at,
    };
    let command = Command::Decide {
        pending,
        version: given.version,
        head: given.head.clone(),
    };
    let decided = step(&stored.entry, &command, call.now)
        .map_err(|refusal| stored::refused(refusal, &stored, call.now))?;
    if given.view_digest != queue::view_digest(tenant, &stored)? {
        return Err(stored::refused(Code::ViewConflict, &stored, call.now));
    }
    let edit = edit_of(&stored.draft, &given.verdict);
    let took_ms = reading::took_ms(tenant, &stored.id, person, call.now)?;
    let look_owed = stored.entry.look_owed;

    stored.entry = decided;
    if given.verdict.kind() != VerdictKind::Defer {
        stored.verdict = Some(StoredVerdict {
            id: given.verdict_id.clone(),
            verdict: given.verdict.clone(),
            reviewer: person.id.clone(),
            at: call.now,
            edit_kind: edit.as_ref().map(|edit| edit.kind),
            edit_kind_overruled: given.edit_kind,
            took_ms: Some(took_ms),
            batch: false,
        });
    }
    stored::save(tenant, &stored, call.now)?;
    log_decided(tenant, &stored, &given, edit.as_ref(), person, call.now)?;
    if matches!(given.verdict, Verdict::Confirm | Verdict::Correct { .. }) {
        accounts::looked(tenant, &stored, look_owed, call.now)?;
    }
    if undo_window_s == 0 && stored.entry.status == Status::Pending {
        settle(tenant, &mut stored, call.now)?;
    }
    let answer = VerdictAnswer {
        id: stored.id.clone(),
        status: stored.entry.status,
        version: stored.entry.version,
        settles_at: stored
            .entry
            .pending
            .as_ref()
            .map(|pending| pending.settles_at),
        edit,
    };
    let answer = Answer::json(200, &answer)?;
    tenant.storage.run(
        "INSERT INTO verdicts (id, draft_id, content_hash, answer, created_at)
         VALUES (?, ?, ?, ?, ?)",
        bind![
            &given.verdict_id,
            &stored.id,
            &content_hash,
            &answer.body,
            call.now
        ],
    )?;
    Ok(answer)
}

/// `DELETE /v1/drafts/{id}/verdict`.
pub fn undo(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let TakenBack { verdict_id } = call.json()?;
    let mut stored = stored::load(tenant, &call.id)?;
    let command = Command::Undo {
        reviewer: person.id.clone(),
        verdict_id: verdict_id.clone(),
    };
    stored.entry = step(&stored.entry, &command, call.now)
        .map_err(|refusal| stored::refused(refusal, &stored, call.now))?;
    stored.verdict = None;
    stored::save(tenant, &stored, call.now)?;
    let facts = [
        ("verdict_id", verdict_id.into()),
        ("version", stored.entry.version.into()),
    ];
    log::append(
        tenant,
        call.now,
        Event::DraftUndone,
        person.actor(),
        Some(&stored.id),
        facts,
    )?;
    let answer = VerdictAnswer {
        id: stored.id.clone(),
        status: stored.entry.status,
        version: stored.entry.version,
        settles_at: None,
        edit: None,
    };
    Answer::json(200, &answer)
}

/// Everything whose time has come: verdicts settle, deferred drafts come back.
pub fn settle_due(tenant: &Tenant, now: Millis) -> Outcome<()> {
    let due = stored::select_where(
        tenant,
        "wake_at <= ? ORDER BY wake_at, id LIMIT ?",
        bind![now, SETTLE_MAX],
    )?;
    for mut stored in due {
        reroute::catch_up(tenant, &mut stored, now)?;
        if stored.entry.status == Status::Pending {
            settle(tenant, &mut stored, now)?;
        } else {
            stored.entry.deferred_until = None;
            stored::save(tenant, &stored, now)?;
        }
    }
    Ok(())
}

fn settle(tenant: &Tenant, stored: &mut Stored, now: Millis) -> Outcome<()> {
    let Ok(settled) = step(&stored.entry, &Command::Settle, now) else {
        return Ok(());
    };
    stored.entry = settled;
    stored::save(tenant, stored, now)?;
    let outgoing = stored
        .outgoing()
        .map(|content| canonical(&content))
        .unwrap_or_default();
    let verdict_id = stored
        .verdict
        .as_ref()
        .map(|verdict| verdict.id.clone())
        .unwrap_or_default();
    let facts = [
        ("status", stored.entry.status.name().into()),
        ("verdict_id", verdict_id.into()),
        ("version", stored.entry.version.into()),
        (
            "outgoing_commitment",
            hex(&commitment(&stored.salt, &outgoing)).into(),
        ),
    ];
    log::append(
        tenant,
        now,
        Event::DraftSettled,
        system(),
        Some(&stored.id),
        facts,
    )?;
    if stored.entry.status == Status::Edited {
        corrections::store(tenant, stored, now)?;
    }
    Ok(())
}

fn remembered(tenant: &Tenant, id: &str, content_hash: &str) -> Outcome<Option<Answer>> {
    let row = tenant.storage.first::<Remembered>(
        "SELECT content_hash, answer FROM verdicts WHERE id = ?",
        bind![id],
    )?;
    match row {
        None => Ok(None),
        Some(row) if row.content_hash == content_hash => Ok(Some(Answer {
            status: 200,
            body: row.answer,
            headers: Vec::new(),
        })),
        Some(_) => Err(Problem::from(Code::IdempotencyConflict)),
    }
}

/// What an edit changed; `None` for every other verdict.
fn edit_of(draft: &Draft, verdict: &Verdict) -> Option<Edit> {
    let Verdict::Edit { draft: edited, .. } = verdict else {
        return None;
    };
    Some(edit::classify(&text_of(&draft.draft), &text_of(edited)))
}

/// A content as one text: the words of a message, the canonical arguments of an action.
pub fn text_of(content: &Content) -> String {
    match (&content.text, &content.action) {
        (Some(text), _) => text.clone(),
        (None, Some(action)) => canonical(&action.args),
        (None, None) => String::new(),
    }
}

fn log_decided(
    tenant: &Tenant,
    stored: &Stored,
    given: &GivenVerdict,
    edit: Option<&Edit>,
    person: &Person,
    now: Millis,
) -> Outcome<()> {
    let edit_kind = edit.map_or(EditKind::None, |edit| edit.kind);
    let settles_at = stored
        .entry
        .pending
        .as_ref()
        .map_or(now, |pending| pending.settles_at);
    let facts = [
        ("verdict_id", given.verdict_id.clone().into()),
        ("verdict", log::name_of(&given.verdict.kind())?.into()),
        ("version", given.version.into()),
        ("view_digest", given.view_digest.clone().into()),
        (
            "verdict_commitment",
            hex(&commitment(&stored.salt, &canonical(&given.verdict))).into(),
        ),
        ("edit_kind", log::name_of(&edit_kind)?.into()),
        ("settles_at_ms", settles_at.0.into()),
    ];
    let event = match given.verdict.kind() {
        VerdictKind::Confirm | VerdictKind::Correct => Event::DraftLookedAt,
        _ => Event::DraftDecided,
    };
    log::append(tenant, now, event, person.actor(), Some(&stored.id), facts)
}
