//! Verdicts: taking one or many. It must not let anything leave: a verdict
//! counts when it settles, in `settlements`.

use crate::call::{Answer, Call};
use crate::people::Person;
use crate::problem::{Outcome, Problem};
use crate::storage::parsed;
use crate::stored::{self, Stored, StoredVerdict};
use crate::tenant::Tenant;
use crate::{
    bind, groups, keys, log, notes, pace, queue, reading, reroute, second_looks, settlements,
    sight, situations, verdict_times,
};
use countersign_policy::canonical::canonical;
use countersign_policy::compiled::Compiled;
use countersign_policy::digest::{hex, plain};
use countersign_policy::draft::{Content, Draft, NAME_BYTES_MAX};
use countersign_policy::edit::{self, ActionEdit, Edit, EditKind};
use countersign_policy::invalid::Invalid;
use countersign_policy::log::Event;
use countersign_policy::problem::Code;
use countersign_policy::queue::{Command, NewVerdict, Status};
use countersign_policy::route::{Route, Situation};
use countersign_policy::time::Millis;
use countersign_policy::verdict::{Verdict, VerdictKind};
use serde::{Deserialize, Serialize};

/// Verdicts of one batch.
const BATCH_MAX: usize = 100;

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

/// The body of `POST /v1/verdicts`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// At most 100; each is taken or refused by itself, in this order.
    verdicts: Vec<BatchItem>,
}

/// One verdict of a batch: no edit, and nothing high-stakes.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BatchItem {
    /// The draft.
    id: String,
    /// As for one draft.
    given: GivenVerdict,
}

/// What became of each, in the same order.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BatchAnswer {
    answers: Vec<BatchResult>,
}

/// What became of one verdict of a batch.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct BatchResult {
    /// The draft.
    id: String,
    /// As it would be for one draft: 200, or that of the problem.
    status: u16,
    /// What it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<VerdictAnswer>,
    /// Why it was refused, with the draft as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<crate::problem::ProblemView<'static>>"))]
    problem: Option<serde_json::Value>,
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
    /// Whether a second person must now agree.
    #[serde(default)]
    second_person_needed: bool,
    /// What kind of edit it was, of a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edit: Option<Edit>,
    /// The same of an action, by argument.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    action_edit: Option<ActionEdit>,
}

#[derive(Deserialize)]
struct Remembered {
    content_hash: String,
    answer: String,
}

impl VerdictAnswer {
    /// What a draft is now, and nothing of how it came to that.
    pub fn of(stored: &Stored) -> Self {
        Self {
            id: stored.id.clone(),
            status: stored.entry.status,
            version: stored.entry.version,
            settles_at: None,
            second_person_needed: false,
            edit: None,
            action_edit: None,
        }
    }
}

/// What a reviewer changed: of a text, or of an action.
#[derive(Default)]
struct Changes {
    text: Option<Edit>,
    action: Option<ActionEdit>,
}

impl Changes {
    fn kind(&self) -> Option<EditKind> {
        let of_action = self.action.as_ref().map(|edit| edit.kind);
        self.text.as_ref().map(|edit| edit.kind).or(of_action)
    }
}

/// `PUT /v1/drafts/{id}/verdict`.
pub fn put(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let given: GivenVerdict = call.json()?;
    Answer::json(
        200,
        &decide(tenant, &call.id, &given, person, false, call.now)?,
    )
}

/// `POST /v1/verdicts`: each by itself, so that a refusal spares the others.
pub fn put_batch(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let batch: Batch = call.json()?;
    if batch.verdicts.is_empty() || batch.verdicts.len() > BATCH_MAX {
        return Err(Invalid::field("/verdicts", "not between 1 and 100").into());
    }
    let answers = batch.verdicts.into_iter().map(|BatchItem { id, given }| {
        let mut answer = None;
        let taken = tenant.storage.transaction(&mut || {
            sight::check_row(tenant, &call.sight, "drafts", &id)?;
            answer = Some(decide(tenant, &id, &given, person, true, call.now)?);
            Ok(())
        });
        match taken {
            Ok(()) => BatchResult {
                id,
                status: 200,
                answer,
                problem: None,
            },
            Err(problem) => BatchResult {
                id,
                status: problem.code.status(),
                answer: None,
                problem: Some(problem.json()),
            },
        }
    });
    let answers = answers.collect();
    Answer::json(200, &BatchAnswer { answers })
}

fn decide(
    tenant: &Tenant,
    id: &str,
    given: &GivenVerdict,
    person: &Person,
    batch: bool,
    now: Millis,
) -> Outcome<VerdictAnswer> {
    let limit = usize::try_from(NAME_BYTES_MAX).unwrap_or(0);
    if given.verdict_id.is_empty() || given.verdict_id.len() > limit {
        return Err(Invalid::field("/verdict_id", "empty or too long").into());
    }
    let content_hash = hex(&plain(&[id, &person.id, &canonical(given)]));
    if let Some(answer) = remembered(tenant, &given.verdict_id, &content_hash)? {
        return Ok(answer);
    }
    let mut stored = stored::load(tenant, id)?;
    reroute::catch_up(tenant, &mut stored, now)?;
    let policy = tenant.policy(tenant.record()?.policy_version)?;

    check(tenant, &policy, &stored, given, batch, now)?;
    let allowed = policy.policy().self_approval;
    keys::check_holder(tenant, &stored, given.verdict.kind(), &person.id, allowed)?;
    second_looks::check(tenant, id, given.verdict.kind(), person)?;
    let command = command(tenant, &policy, &stored, given, person, now)?;
    let seen = given.view_digest == queue::view_digest(tenant, &stored)?;
    let before = stored.entry.clone();
    stored.step(&command, now)?;
    if !seen {
        stored.entry = before;
        return Err(stored::refused(Code::ViewConflict, &stored, now));
    }
    let changes = changes_of(&stored.draft, &given.verdict);
    let was_looked_at = stored.look.is_some();

    keep(tenant, &mut stored, given, &changes, person, batch, now)?;
    stored::save(tenant, &mut stored, now)?;
    log_decided(tenant, &stored, given, &changes, person, now)?;
    match (given.verdict.kind(), stored.entry.status) {
        // What was looked at and is right once more says nothing new.
        (VerdictKind::Confirm, _) if was_looked_at => {}
        (VerdictKind::Confirm | VerdictKind::Correct, _) => {
            settlements::looked(tenant, &mut stored, now)?;
        }
        (_, Status::Pending) => settlements::settle(tenant, &mut stored, now)?,
        _ => {}
    }
    let pending = stored.entry.pending.as_ref();
    let answer = VerdictAnswer {
        settles_at: pending.map(|pending| pending.settles_at),
        second_person_needed: stored.entry.awaits_second(&given.verdict_id),
        edit: changes.text,
        action_edit: changes.action,
        ..VerdictAnswer::of(&stored)
    };
    tenant.storage.run(
        "INSERT INTO verdicts (id, draft_id, content_hash, answer, created_at)
         VALUES (?, ?, ?, ?, ?)",
        bind![
            &given.verdict_id,
            &stored.id,
            &content_hash,
            &serde_json::to_string(&answer)?,
            now
        ],
    )?;
    Ok(answer)
}

/// What keeps this verdict from this draft, whoever gives it.
fn check(
    tenant: &Tenant,
    policy: &Compiled,
    stored: &Stored,
    given: &GivenVerdict,
    batch: bool,
    now: Millis,
) -> Outcome<()> {
    let verdict = &given.verdict;
    if batch && !verdict.fits_batch(&stored.decision.signals) {
        return Err(stored::refused(Code::NotInBatch, stored, now));
    }
    if verdict.kind().lets_out() && situations::stop(tenant, &stored.draft)?.is_some() {
        return Err(Problem::from(Code::Stopped));
    }
    let faults = verdict.faults(&stored.draft).into_iter();
    let catalogue = &policy.policy().actions;
    let mut faults = faults.chain(verdict.faults_at(&stored.draft, catalogue, now));
    if let Some(fault) = faults.next() {
        return Err(fault.into());
    }
    let leaving = verdict.applied_to(&stored.draft);
    if leaving != stored.draft {
        // The policy looks at an edited action as if the agent had posted it.
        let situation = situations::gather(tenant, &tenant.record()?, policy, &leaving, now)?;
        let decision = policy.route(&leaving, &situation);
        if decision.route == Route::Human {
            let because = decision
                .reasons
                .into_iter()
                .next()
                .map(|reason| reason.text);
            let problem = Problem::new(Code::BelongsToHuman, because.unwrap_or_default());
            return Err(stored::refused(problem, stored, now));
        }
    }
    Ok(())
}

fn command(
    tenant: &Tenant,
    policy: &Compiled,
    stored: &Stored,
    given: &GivenVerdict,
    person: &Person,
    now: Millis,
) -> Outcome<Command> {
    let undo_window_ms = u64::from(policy.policy().undo_window_s).saturating_mul(1_000);
    let earlier = groups::earlier(tenant, stored)?;
    let settles_at = match &given.verdict {
        Verdict::Defer { until, .. } => *until,
        _ => now.plus(undo_window_ms).max(earlier.settle_at),
    };
    let content = given.verdict.outgoing(&stored.draft);
    let routed: Situation = parsed(&stored.situation)?;
    let rules = policy.rules_for(&stored.draft, routed.guess.as_ref());
    let pending = NewVerdict {
        verdict_id: given.verdict_id.clone(),
        kind: given.verdict.kind(),
        reviewer: person.id.clone(),
        settles_at,
        content: content.map(|content| hex(&plain(&[&canonical(&content)]))),
        four_eyes: rules.four_eyes,
        earlier_open: earlier.open,
    };
    Ok(Command::Decide {
        pending,
        version: given.version,
        head: given.head.clone(),
    })
}

/// Keeps what was said: beside the draft, as a look at what is out, or as a note.
fn keep(
    tenant: &Tenant,
    stored: &mut Stored,
    given: &GivenVerdict,
    changes: &Changes,
    person: &Person,
    batch: bool,
    now: Millis,
) -> Outcome<()> {
    let took_ms = reading::took_ms(tenant, &stored.id, person, now)?;
    let kind = given.verdict.kind();
    pace::note(tenant, &stored.draft, kind, person, took_ms, now)?;
    if !batch {
        verdict_times::note(tenant, kind, took_ms, now)?;
    }
    let said = StoredVerdict {
        id: given.verdict_id.clone(),
        verdict: given.verdict.clone(),
        reviewer: person.id.clone(),
        at: now,
        edit_kind: changes.kind(),
        edit_kind_overruled: given.edit_kind,
        took_ms: Some(took_ms),
        settled: None,
        evidence: None,
        first: None,
        before: None,
        batch,
    };
    match &given.verdict {
        Verdict::Defer { note, .. } => notes::add(tenant, &stored.id, person, note.as_ref(), now)?,
        Verdict::Confirm if stored.look.is_some() => {}
        Verdict::Confirm | Verdict::Correct { .. } => {
            let before = stored.look.take().map(Box::new);
            stored.look = Some(StoredVerdict { before, ..said });
        }
        _ => {
            let first = stored.entry.first.as_ref();
            let before = match stored.entry.pending {
                Some(_) => first.is_some(),
                None => first.is_some_and(|first| first.before.first.is_some()),
            };
            let first = stored.verdict.take().filter(|_| before).map(Box::new);
            stored.verdict = Some(StoredVerdict { first, ..said });
        }
    }
    Ok(())
}

fn remembered(tenant: &Tenant, id: &str, content_hash: &str) -> Outcome<Option<VerdictAnswer>> {
    let row = tenant.storage.first::<Remembered>(
        "SELECT content_hash, answer FROM verdicts WHERE id = ?",
        bind![id],
    )?;
    match row {
        None => Ok(None),
        Some(row) if row.content_hash == content_hash => Ok(Some(parsed(&row.answer)?)),
        Some(_) => Err(Problem::from(Code::IdempotencyConflict)),
    }
}

/// What a reviewer's words changed in the agent's; nothing for a verdict without any.
fn changes_of(draft: &Draft, verdict: &Verdict) -> Changes {
    let (Verdict::Edit { draft: new, .. }
    | Verdict::Correct {
        draft: Some(new), ..
    }) = verdict
    else {
        return Changes::default();
    };
    match (&draft.draft.action, &new.action) {
        (Some(before), Some(after)) => Changes {
            text: None,
            action: Some(edit::action(
                &before.args.clone().into(),
                &after.args.clone().into(),
            )),
        },
        _ => Changes {
            text: Some(edit::message(&draft.draft, new)),
            action: None,
        },
    }
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
    changes: &Changes,
    person: &Person,
    now: Millis,
) -> Outcome<()> {
    let entry = &stored.entry;
    let settles_at = entry
        .pending
        .as_ref()
        .map_or(now, |pending| pending.settles_at);
    let batch = stored.verdict.as_ref().is_some_and(|given| given.batch);
    let facts = [
        ("verdict_id", given.verdict_id.clone().into()),
        ("verdict", log::name_of(&given.verdict.kind())?.into()),
        ("version", given.version.into()),
        ("view_digest", given.view_digest.clone().into()),
        (
            "verdict_commitment",
            stored.bound(&canonical(&given.verdict)),
        ),
        (
            "edit_kind",
            log::name_of(&changes.kind().unwrap_or(EditKind::None))?.into(),
        ),
        ("settles_at_ms", settles_at.0.into()),
        ("batch", batch.into()),
        (
            "awaits_second",
            entry.awaits_second(&given.verdict_id).into(),
        ),
    ];
    let event = match given.verdict.kind() {
        VerdictKind::Confirm | VerdictKind::Correct => Event::DraftLookedAt,
        _ => Event::DraftDecided,
    };
    tenant.log(now, event, person.actor(), Some(&stored.id), facts)
}
