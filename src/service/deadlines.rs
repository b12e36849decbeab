//! Everything whose time has come: verdicts settle, deferred drafts come back, deadlines warn,
//! escalate and pass. It must not decide what falls due or when: `policy::queue` does.

use crate::bind;
use crate::problem::Outcome;
use crate::stored::{self, Stored};
use crate::tenant::{Tenant, system};
use crate::{log, reroute, rota, settlements, situations};
use countersign_policy::compiled::Compiled;
use countersign_policy::deadline::{Deadline, Hours, Stage, horizon_ms};
use countersign_policy::document::Rules;
use countersign_policy::log::{Event, Fact};
use countersign_policy::queue::Command;
use countersign_policy::time::Millis;

/// Drafts of one go; the rest follows with the next request or alarm.
const DUE_MAX: u32 = 200;
/// Steps of one draft in one go: every stage of its deadline, its end, and what follows.
const STEPS_MAX: u32 = 8;
/// A draft whose step failed is tried again after this.
const AGAIN_MS: u64 = 60_000;

/// The deadline of a draft that comes now.
pub fn of(policy: &Compiled, rules: &Rules, now: Millis) -> Deadline {
    let policy = policy.policy();
    if !rules.in_working_hours {
        return Deadline::new(now, rules.deadline_s, rules.on_expiry, Hours::All);
    }
    let until = now.plus(horizon_ms(rules.deadline_s));
    let hours = Hours::Working {
        week: &policy.working_hours,
        zone: &situations::offsets(&policy.zone, now, until),
    };
    Deadline::new(now, rules.deadline_s, rules.on_expiry, hours)
}

/// Takes every step that is due by `now`, in one transaction. Where one fails, each draft takes its own: the
/// one that can't is put off, so that it keeps back no request but its own.
pub fn pass(tenant: &Tenant, now: Millis) -> Outcome<()> {
    let due = tenant.storage.values::<String>(
        "SELECT id FROM drafts WHERE wake_at <= ? ORDER BY wake_at, rowid LIMIT ?",
        bind![now, DUE_MAX],
    )?;
    let together = || due.iter().try_for_each(|id| steps(tenant, id, now));
    if tenant.transaction(together).is_ok() {
        return Ok(());
    }
    for id in &due {
        if let Err(problem) = tenant.transaction(|| steps(tenant, id, now)) {
            worker::console_error!("what was due of {id} failed: {}", problem.code.name());
            let put_off = "UPDATE drafts SET wake_at = ? WHERE id = ?";
            tenant.storage.run(put_off, bind![now.plus(AGAIN_MS), id])?;
        }
    }
    Ok(())
}

fn steps(tenant: &Tenant, id: &str, now: Millis) -> Outcome<()> {
    let mut stored = stored::load(tenant, id)?;
    reroute::catch_up(tenant, &mut stored, now)?;
    for _ in 0..STEPS_MAX {
        match stored.entry.next_due() {
            Some((at, command)) if at <= now => take(tenant, &mut stored, &command, now)?,
            _ => break,
        }
    }
    Ok(())
}

fn take(tenant: &Tenant, stored: &mut Stored, command: &Command, now: Millis) -> Outcome<()> {
    if *command == Command::Settle {
        return settlements::settle(tenant, stored, now);
    }
    stored.step(command, now)?;
    stored::save(tenant, stored, now)?;
    if stored.entry.status.is_open() {
        rota::watch(tenant, &stored.duty, stored.draft.category.as_deref(), now)?;
    }
    let event = match command {
        Command::Return => Event::DraftReturned,
        Command::Reach(Stage::Warned) => Event::DraftWarned,
        Command::Expire => Event::DraftExpired,
        Command::Forget => Event::DraftUnconfirmed,
        _ => Event::DraftEscalated,
    };
    let owner = stored.owner(now);
    let facts: [(&str, Fact); 3] = [
        ("status", stored.entry.status.name().into()),
        ("owner_kind", log::name_of(&owner.kind)?.into()),
        ("owner", owner.id.into()),
    ];
    tenant.log(now, event, system(), Some(&stored.id), facts)
}
