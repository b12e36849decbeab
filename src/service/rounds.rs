//! What trust does once a day, after the tenant's midnight: levels that time alone takes away, thresholds
//! learnt again, steps proposed, and what is too old forgotten. It must not decide any of it.

use crate::accounts::{self, day_number};
use crate::problem::Outcome;
use crate::tenant::{Tenant, TenantRecord};
use crate::{bind, levels, proposals, second_looks, situations};
use countersign_policy::compiled::Compiled;
use countersign_policy::day::monday_of;
use countersign_policy::threshold::fixed;
use countersign_policy::time::{HOUR_MS, MINUTE_MS, Millis};

/// When a round that failed is tried again.
const AGAIN_MS: u64 = HOUR_MS;
const DAY_MINUTES: u64 = 24 * 60;
/// Accounts that are read at once: each holds some kilobytes, and there may be ten thousand.
const ACCOUNTS_AT_ONCE: u32 = 100;
/// Weeks of counts that the object keeps; D1 has all.
const WEEKS_KEPT: i32 = 54;
/// Days after which it no longer matters to whom a draft was shown, or who should look a second time.
const DAYS_KEPT: u32 = 30;

/// Does the day's work, if it is due.
pub async fn go(tenant: &Tenant, now: Millis) -> Outcome<()> {
    let due = "SELECT trust_at FROM tenant";
    let due = tenant.storage.value(due, bind![])?.map(Millis);
    if due.is_none_or(|due| due > now) {
        return Ok(());
    }
    // A round that fails is tried again, but not at once.
    tenant
        .storage
        .run("UPDATE tenant SET trust_at = ?", bind![now.plus(AGAIN_MS)])?;
    let record = tenant.record()?;
    let policy = tenant.policy(record.policy_version)?;
    tenant.transaction(|| work(tenant, &record, &policy, now))?;
    proposals::add_backtests(tenant, now).await?;

    let local = situations::local_time(&policy.policy().zone, now).unwrap_or_default();
    let to_midnight = DAY_MINUTES.saturating_sub(u64::from(local.minute)).max(1);
    tenant.storage.run(
        "UPDATE tenant SET trust_at = ?",
        bind![now.plus(to_midnight.saturating_mul(MINUTE_MS))],
    )
}

/// What of it needs nothing but the object; done twice in a day it changes nothing.
fn work(tenant: &Tenant, record: &TenantRecord, policy: &Compiled, now: Millis) -> Outcome<()> {
    let today = accounts::today(policy, now);
    let mut after = 0;
    loop {
        let some = "number > ? ORDER BY number LIMIT ?";
        let some = accounts::select(tenant, some, bind![after, ACCOUNTS_AT_ONCE])?;
        let Some(last) = some.last() else {
            break;
        };
        after = last.number;
        for mut kept in some {
            let rules = policy.rules(Some(&kept.category));
            if kept
                .account
                .learn(rules.error_budget, fixed(policy.policy(), rules))
            {
                accounts::save(tenant, &kept)?;
            }
            match kept.account.check(rules.ceiling, today) {
                Some(cause) => levels::lose(tenant, kept, cause, now, today)?,
                None => proposals::make(tenant, record, &kept, now)?,
            }
        }
    }
    proposals::expire(tenant, now)?;
    forget(tenant, today, now)
}

fn forget(tenant: &Tenant, today: i32, now: Millis) -> Outcome<()> {
    let oldest = monday_of(today).saturating_sub(WEEKS_KEPT.saturating_mul(7));
    let storage = &tenant.storage;
    storage.run("DELETE FROM alike WHERE day < ?", bind![day_number(today)])?;
    storage.run(
        "DELETE FROM counts WHERE monday < ? AND sent = 1",
        bind![day_number(oldest)],
    )?;
    let before = now.days_before(DAYS_KEPT);
    storage.run("DELETE FROM shown WHERE at < ?", bind![before])?;
    second_looks::give_up(tenant, before, now)
}
