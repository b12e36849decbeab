//! Drafts as agents post, read, withdraw and report them. It must not decide where one goes:
//! `policy::route` does, and `policy::queue` says what may happen next.

use crate::call::{Answer, Call};
use crate::caller::Caller;
use crate::examples::{self, Example};
use crate::owner::Owner;
use crate::posts::Admitted;
use crate::problem::{Outcome, Problem};
use crate::queue;
use crate::stored::{self, Stored};
use crate::tenant::Tenant;
use crate::{
    conversations, deadlines, idempotency, log, memory, pace, random, reading, rota, sample, seeds,
    situations, stops,
};
use countersign_policy::claim::Weight;
use countersign_policy::conversation::{Advance, advance};
use countersign_policy::draft::Content;
use countersign_policy::log::{Actor, Event};
use countersign_policy::pace::retry_after_s;
use countersign_policy::problem::Code;
use countersign_policy::queue::{Command, Entry, Status};
use countersign_policy::route::{Guess, Reason, Route, Situation};
use countersign_policy::time::Millis;
use countersign_policy::verdict::{Verdict, VerdictKind};
use futures_util::future::{Either, select};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use worker::Delay;

/// The longest a GET waits: below the 30 s after which proxies give up.
const WAIT_S_MAX: u32 = 25;

/// A draft as its agent sees it. Whether it is sampled is not told.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DraftAnswer {
    /// The draft's id.
    pub id: String,
    /// What it is now.
    pub status: Status,
    /// Where the policy sent it.
    pub route: Route,
    /// Why; never empty.
    pub reasons: Vec<Reason>,
    /// Who answers for it now.
    pub owner: Owner,
    /// The policy version that decided.
    pub policy_version: u32,
    /// How long a verdict takes at the moment, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_wait_s: Option<u32>,
    /// Seconds after which it is worth asking again, while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
    /// Exactly what may leave; absent while nothing may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outgoing: Option<Content>,
    /// The verdict, once it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictView>,
    /// Corrections of similar messages, where `examples=k` asked for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub examples: Option<Vec<Example>>,
    /// As the agent sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
}

/// What the agent learns of a verdict.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VerdictView {
    /// Which one.
    pub kind: VerdictKind,
    /// Of a rejection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// More, in the reviewer's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Of a rejection: whether the agent may try again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub may_retry: Option<bool>,
    /// Of a draft that was sent back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction: Option<String>,
    /// Of something that should not have gone out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<countersign_policy::verdict::Remedy>,
    /// What should have gone out instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<Content>,
}

impl VerdictView {
    /// Leaves out what a reviewer wrote at length; whether there was any.
    pub fn omit_words(&mut self) -> bool {
        let words = [&mut self.note, &mut self.instruction].map(Option::take);
        self.draft.take().is_some() | words.iter().any(Option::is_some)
    }
}

/// `POST /v1/drafts`: decides on a draft that may come, and keeps both.
pub fn post(tenant: &Tenant, call: &Call, key: &str, admitted: Admitted) -> Outcome<Answer> {
    let Admitted {
        draft,
        body,
        idempotency_key,
        content_hash,
        replaced,
        examples,
        record,
        policy,
    } = admitted;
    let recalled = memory::recall(tenant, &draft.message, None)?;
    let past = memory::past(tenant, &recalled)?;
    let impression = recalled.impression(&draft.message, call.now, &past);
    let situation = Situation {
        novelty: impression.novelty,
        guess: impression.guess.map(|guess| Guess {
            category: guess.category.to_owned(),
            confidence: guess.confidence,
        }),
        ..situations::gather(tenant, &record, &policy, &draft, call.now)?
    };
    let shadow = situation.stop.is_none() && stops::is_shadow(tenant, &draft.agent)?;
    let head = conversations::known(tenant, &draft.conversation.id)?;
    let examples = match examples {
        0 => None,
        k => {
            let wanted = (k, &call.grant);
            Some(examples::for_draft(
                tenant, &recalled, &draft, wanted, call.now,
            )?)
        }
    };

    let decision = policy.route(&draft, &situation);
    // Of an agent that is only watched everything goes out; what would have waited is looked at.
    let would_wait = decision.route != Route::Release;
    let mut entry = match shadow {
        true => Entry::new(Route::Release, would_wait, &draft.conversation.head),
        false => Entry::new(decision.route, decision.sampled, &draft.conversation.head),
    };
    let moved = advance(
        head.as_ref(),
        &draft.conversation.head,
        draft.conversation.sequence,
    );

    let id = random::id(call.now)?;
    let known = head.is_some();
    conversations::apply(tenant, &draft.conversation, moved, known, call.now, key)?;
    if moved == Advance::Older {
        entry.status = Status::Stale;
    }
    let rules = policy.rules_for(&draft, situation.guess.as_ref());
    let entry = Entry {
        round: replaced.map_or(0, |replaced| replaced.entry.next_round()),
        deadline: Some(deadlines::of(&policy, rules, call.now)),
        expires_at: draft.expires_at,
        weight: Some(Weight::of(&draft, &policy.policy().actions, call.now)),
        outcome_ms: u64::from(rules.outcome_s).saturating_mul(1_000),
        ..entry
    }
    .released_at(call.now);
    let due_at = entry
        .deadline
        .as_ref()
        .filter(|_| entry.status.is_open())
        .map(|deadline| deadline.late_at);
    let mut stored = Stored {
        id: id.clone(),
        entry,
        decision_text: decision.canonical(),
        decision,
        body,
        verdict: None,
        look: None,
        key_id: key.to_owned(),
        created_at: call.now,
        due_at,
        policy_version: record.policy_version,
        rules_version: record.rules_version,
        shadow,
        salt: random::bytes()?,
        situation: situation.canonical(),
        duty: rota::duty(tenant, draft.category.as_deref(), call.now)?,
        seed: None,
        draft,
    };
    stored::insert(tenant, &mut stored, call.now)?;
    let vector = recalled.vector.as_deref();
    memory::keep(tenant, &stored.id, vector, impression.nearness)?;
    if stored.entry.status.is_open() {
        rota::watch(
            tenant,
            &stored.duty,
            stored.draft.category.as_deref(),
            call.now,
        )?;
    }
    let agent = Actor::agent(key);
    log_routed(tenant, &stored, agent, call.now)?;
    sample::count(tenant, &stored, &situation, call.now)?;
    sample::notice(tenant, &record, situation.pressure, call.now)?;
    if let Some(replaced) = &stored.draft.supersedes {
        supersede(tenant, replaced, key, call.now)?;
    }
    let mut answer = view(tenant, &stored, call.now)?;
    answer.examples = examples;
    seeds::plant(tenant, &policy, &stored, &situation, call.now)?;
    let answer = Answer::json(201, &answer)?;
    idempotency::remember(
        tenant,
        key,
        &idempotency_key,
        &content_hash,
        &answer,
        call.now,
    )?;
    Ok(answer)
}

/// Puts on record where a draft was sent, and on what grounds.
pub fn log_routed(tenant: &Tenant, stored: &Stored, actor: Actor, now: Millis) -> Outcome<()> {
    let decision = &stored.decision;
    let reasons = decision
        .reasons
        .iter()
        .map(|reason| log::name_of(&reason.code));
    let signals = decision
        .signals
        .iter()
        .map(|signal| log::name_of(&signal.code));
    let facts = [
        ("status", stored.entry.status.name().into()),
        ("route", decision.route.name().into()),
        ("reasons", reasons.collect::<Outcome<Vec<_>>>()?.into()),
        ("signals", signals.collect::<Outcome<Vec<_>>>()?.into()),
        ("level", u32::from(decision.level.number()).into()),
        ("sampled", decision.sampled.into()),
        ("shadow", stored.shadow.into()),
        ("sampling_ppm", decision.sampling_probability.ppm().into()),
        ("policy_version", stored.policy_version.into()),
        ("engine_version", decision.engine_version.into()),
        ("body_commitment", stored.bound(&stored.body)),
        ("decision_commitment", stored.bound(&stored.decision_text)),
        ("situation_commitment", stored.bound(&stored.situation)),
    ];
    tenant.log(now, Event::DraftRouted, actor, Some(&stored.id), facts)
}

/// `GET /v1/drafts/{id}`: for the agent that posted it, or for a person.
pub async fn get(tenant: &Tenant, call: &Call, caller: &Caller) -> Outcome<Answer> {
    let key = match caller {
        Caller::Key(key) => key,
        Caller::Person(person) => {
            let stored = stored::load(tenant, &call.id)?;
            reading::shown(tenant, &stored.id, person, call.now)?;
            return queue::show(tenant, &stored, &call.sight, call.now);
        }
        Caller::Invited(_) | Caller::Known(..) => return Err(Problem::from(Code::Forbidden)),
    };
    let wait_s = call.number("wait", 0, WAIT_S_MAX)?;
    let until = call.now.plus(u64::from(wait_s) * 1_000);
    loop {
        let now = crate::clock::now();
        tenant.settle_due(now)?;
        let stored = stored::load_own(tenant, &call.id, key)?;
        if stored.entry.status.is_decided() || now >= until {
            return Answer::json(200, &view(tenant, &stored, now)?);
        }
        // A pending verdict settles by the clock alone, so the wait ends there at the latest.
        let wake = stored
            .entry
            .pending
            .as_ref()
            .map_or(until, |pending| pending.settles_at.min(until));
        let changed = tenant.wait_for(&call.id);
        let pause = Delay::from(Duration::from_millis(wake.since(now).max(1)));
        match select(changed, Box::pin(pause)).await {
            Either::Left(_) | Either::Right(_) => {}
        }
    }
}

/// `DELETE /v1/drafts/{id}`.
pub fn withdraw(tenant: &Tenant, call: &Call, key: &str) -> Outcome<Answer> {
    let mut stored = stored::load_own(tenant, &call.id, key)?;
    if stored.entry.status != Status::Withdrawn {
        step(tenant, &mut stored, &Command::Withdraw, call.now)?;
        stored::save(tenant, &mut stored, call.now)?;
        let actor = Actor::agent(key);
        tenant.log(call.now, Event::DraftWithdrawn, actor, Some(&stored.id), [])?;
    }
    Answer::json(200, &view(tenant, &stored, call.now)?)
}

/// A step that an agent asks for. A refusal carries the draft as its agent sees it: what reviewers see
/// beside it, whether it is sampled above all, is not the agent's to know.
pub fn step(tenant: &Tenant, stored: &mut Stored, command: &Command, now: Millis) -> Outcome<()> {
    let Err(refused) = stored.step(command, now) else {
        return Ok(());
    };
    Err(refused.with_draft(&view(tenant, stored, now)?))
}

fn supersede(tenant: &Tenant, replaced: &str, key: &str, now: Millis) -> Outcome<()> {
    // One that is decided stays as it is.
    let Some(mut stored) = stored::find_own(tenant, replaced, key)? else {
        return Ok(());
    };
    if stored.step(&Command::Supersede, now).is_err() {
        return Ok(());
    }
    stored::save(tenant, &mut stored, now)?;
    let actor = Actor::agent(key);
    tenant.log(now, Event::DraftSuperseded, actor, Some(replaced), [])
}

/// A draft as its agent sees it now.
pub fn view(tenant: &Tenant, stored: &Stored, now: Millis) -> Outcome<DraftAnswer> {
    let status = stored.entry.status;
    let (expected_wait_s, retry_after_s) = match status.is_open() {
        true => {
            let wait = pace::ahead(tenant, now)?.wait_s();
            (wait, Some(retry_after_s(wait)))
        }
        false => (None, None),
    };
    Ok(DraftAnswer {
        id: stored.id.clone(),
        // Until it settles a verdict can be taken back: the agent is not told of it.
        status,
        route: if stored.shadow {
            Route::Release
        } else {
            stored.decision.route
        },
        reasons: match stored.shadow {
            true => vec![Reason::shadow()],
            false => stored.decision.reasons.clone(),
        },
        owner: stored.owner(now),
        policy_version: stored.policy_version,
        expected_wait_s,
        retry_after_s,
        outgoing: stored.outgoing(),
        verdict: verdict_view(stored),
        examples: None,
        correlation: stored.draft.correlation.clone(),
    })
}

/// What the agent learns of the verdict, once it counts.
fn verdict_view(stored: &Stored) -> Option<VerdictView> {
    let wrong = stored
        .look
        .as_ref()
        .filter(|look| look.verdict.kind() == VerdictKind::Correct);
    let verdict = &wrong.or(stored.verdict.as_ref())?.verdict;
    if !stored.entry.status.is_decided() {
        return None;
    }
    let mut view = VerdictView {
        kind: verdict.kind(),
        reason: None,
        note: None,
        may_retry: None,
        instruction: None,
        remedy: None,
        draft: None,
    };
    match verdict.clone() {
        Verdict::Reject {
            reason,
            note,
            may_retry,
        } => {
            (view.reason, view.note, view.may_retry) = (Some(reason), note, Some(may_retry));
        }
        Verdict::SendBack { instruction } => view.instruction = Some(instruction),
        Verdict::Correct {
            remedy,
            note,
            draft,
        } => (view.remedy, view.note, view.draft) = (Some(remedy), note, draft),
        Verdict::HandledElsewhere { note } => view.note = note,
        Verdict::Approve
        | Verdict::Edit { .. }
        | Verdict::Respond { .. }
        | Verdict::Defer { .. }
        | Verdict::Confirm => {}
    }
    Some(view)
}
