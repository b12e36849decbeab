//! Open drafts are routed again when policy, level or a stop changes, or the engine that reads them. It must not decide: only what
//! `policy::route` calls stricter moves a draft, and a draft never moves towards less care.

use crate::problem::Outcome;
use crate::storage::parsed;
use crate::stored::{self, Stored};
use crate::tenant::{Tenant, TenantRecord, system};
use crate::{bind, situations};
use countersign_policy::log::{Event, Fact};
use countersign_policy::queue::{Command, Status};
use countersign_policy::route::{ENGINE_VERSION, Route, Situation, stricter};
use countersign_policy::time::Millis;
use serde::Deserialize;

/// Drafts routed again in one go; the rest follows with the next alarm.
const BATCH: u32 = 50;
/// One that could not be is tried again after this, and after twice as long each time that it fails.
const AGAIN_MS: u64 = 60_000;
/// But no later than this.
const AGAIN_MS_MAX: u64 = 3_600_000;

/// How far the alarm has come with the drafts that are behind.
#[derive(Clone, Copy, Default)]
pub struct Round {
    /// The rules and the row of the last one that was looked at.
    after: (u32, u64),
    /// Whether one of them failed.
    failed: bool,
    /// When the next round begins, or this one goes on.
    from: Millis,
    /// How long it waits for that, where one of the round before failed.
    waits_ms: u64,
}

#[derive(Deserialize)]
struct Behind {
    rules_version: u32,
    row: u64,
    id: String,
}

/// A change of policy, level or stop: what is in its undo window is looked at now, the rest by the alarm, so
/// that no agent's drafts keep a lead's stop waiting. Nothing is decided under the old rules in between: a
/// verdict looks again, and so does the end of an undo window.
pub fn begin(tenant: &Tenant, now: Millis) -> Outcome<()> {
    tenant.recall.forget();
    tenant.storage.run(
        "UPDATE tenant SET rules_version = rules_version + 1",
        bind![],
    )?;
    tenant.rerouting.take();
    let pending = tenant.storage.rows::<Behind>(
        "SELECT rules_version, rowid AS row, id FROM drafts WHERE status = 'pending' LIMIT ?",
        bind![BATCH],
    )?;
    route_again(tenant, &pending, now).map(drop)
}

/// A deployment brought another engine: from the first turn under it, open drafts follow it as they follow a
/// change of rules. What the engine before it would have let out is held if this one holds it, never the reverse.
pub fn follow_engine(tenant: &Tenant, now: Millis) -> Outcome<()> {
    if tenant.engine_followed.get() {
        return Ok(());
    }
    let behind = "SELECT 1 FROM tenant WHERE engine_version <> ?";
    if tenant.storage.finds(behind, bind![ENGINE_VERSION])? {
        tenant.transaction(|| {
            tenant.storage.run(
                "UPDATE tenant SET engine_version = ?",
                bind![ENGINE_VERSION],
            )?;
            begin(tenant, now)
        })?;
    }
    tenant.engine_followed.set(true);
    Ok(())
}

/// The next batch of drafts that were last routed under older rules.
pub fn go_on(tenant: &Tenant, now: Millis) -> Outcome<()> {
    let mut round = tenant.rerouting.get();
    if round.from > now {
        return Ok(());
    }
    // In the order of their index: in that of their rows, every alarm would read all drafts.
    let (rules_version, row) = round.after;
    let behind = tenant.storage.rows::<Behind>(
        "SELECT rules_version, rowid AS row, id FROM drafts
         WHERE status IN ('held', 'pending') AND rules_version < (SELECT rules_version FROM tenant)
           AND (rules_version, rowid) > (?, ?) ORDER BY rules_version, rowid LIMIT ?",
        bind![rules_version, row, BATCH],
    )?;
    round.failed |= !route_again(tenant, &behind, now)?;
    tenant.rerouting.set(match behind.last() {
        Some(last) => Round {
            after: (last.rules_version, last.row),
            ..round
        },
        None => {
            let waits_ms = match round.failed {
                true => round
                    .waits_ms
                    .saturating_mul(2)
                    .clamp(AGAIN_MS, AGAIN_MS_MAX),
                false => 0,
            };
            Round {
                from: now.plus(waits_ms),
                waits_ms,
                ..Round::default()
            }
        }
    });
    Ok(())
}

/// When the alarm looks at drafts that are behind, where there are any.
pub fn due_at(tenant: &Tenant) -> Millis {
    tenant.rerouting.get().from
}

/// Whether each could be routed again. One that could not stays as it was, so that no draft keeps a lead's
/// stop, or others, waiting: nothing lets it out before it can be.
fn route_again(tenant: &Tenant, drafts: &[Behind], now: Millis) -> Outcome<bool> {
    if drafts.is_empty() {
        return Ok(true);
    }
    let record = tenant.record()?;
    let mut all = true;
    for Behind { id, .. } in drafts {
        let one = &mut || follow(tenant, &record, &mut stored::load(tenant, id)?, now);
        if let Err(problem) = tenant.storage.transaction(one) {
            all = false;
            worker::console_error!("{id} was not routed again: {}", problem.code.name());
        }
    }
    Ok(all)
}

/// Routes one draft again if it was last routed under older rules.
pub fn catch_up(tenant: &Tenant, draft: &mut Stored, now: Millis) -> Outcome<()> {
    follow(tenant, &tenant.record()?, draft, now)
}

fn follow(tenant: &Tenant, record: &TenantRecord, draft: &mut Stored, now: Millis) -> Outcome<()> {
    let open = matches!(draft.entry.status, Status::Held | Status::Pending);
    if !open || draft.rules_version >= record.rules_version {
        return Ok(());
    }
    let policy = tenant.policy(record.policy_version)?;
    let leaving = draft.as_it_would_leave();
    let before: Situation = parsed(&draft.situation)?;
    // What memory said when it came still holds: it has only learnt since.
    let situation = Situation {
        novelty: before.novelty,
        guess: before.guess,
        ..situations::gather(tenant, record, &policy, &leaving, now)?
    };
    let stopped = situation.stop.is_some();
    let decision = stricter(&draft.decision, policy.route(&leaving, &situation));
    let given = draft.verdict.as_ref().map(|given| given.verdict.kind());
    let four_eyes = policy
        .rules_for(&leaving, situation.guess.as_ref())
        .four_eyes;
    let held_back = given.is_some_and(|kind| decision.is_some() || (stopped && kind.lets_out()))
        || draft.entry.lacks_second(four_eyes);

    draft.rules_version = record.rules_version;
    if held_back {
        draft.step(&Command::Hold, now)?;
    }
    if let Some(decision) = decision {
        if decision.route == Route::Human {
            draft.step(&Command::Escalate, now)?;
        }
        draft.policy_version = record.policy_version;
        draft.situation = situation.canonical();
        draft.decision_text = decision.canonical();
        draft.decision = decision;
        stored::save_decision(tenant, draft)?;
    }
    stored::save(tenant, draft, now)?;
    if held_back || draft.entry.status == Status::WithHuman {
        let facts: [(&str, Fact); 7] = [
            ("status", draft.entry.status.name().into()),
            ("version", draft.entry.version.into()),
            ("policy_version", draft.policy_version.into()),
            ("engine_version", draft.decision.engine_version.into()),
            ("stopped", stopped.into()),
            ("decision_commitment", draft.bound(&draft.decision_text)),
            ("situation_commitment", draft.bound(&draft.situation)),
        ];
        tenant.log(now, Event::DraftRerouted, system(), Some(&draft.id), facts)?;
    }
    Ok(())
}
