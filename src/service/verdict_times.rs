//! How long verdicts take, counted by hour, so that leads see the median of the last day. It must not
//! say whose: `pace` tells who rushes.

use crate::bind;
use crate::problem::Outcome;
use crate::tenant::Tenant;
use countersign_policy::pace;
use countersign_policy::time::{HOUR_MS, Millis};
use countersign_policy::verdict::VerdictKind;
use serde::Deserialize;

/// How long a time counts, in hours.
const KEPT_HOURS: u64 = 24;
/// Times are kept to a tenth of a second, and none as longer than an hour: whoever takes that long
/// went away.
const TENTH_MS: u64 = 100;
const TENTHS_MAX: u64 = 36_000;

#[derive(Deserialize)]
struct Row {
    tenths: u32,
    count: u32,
}

/// Notes how long a person's verdict took that was given by itself; putting a draft off is none.
pub fn note(tenant: &Tenant, kind: VerdictKind, took_ms: u64, now: Millis) -> Outcome<()> {
    if kind == VerdictKind::Defer || !pace::is_a_persons(took_ms) {
        return Ok(());
    }
    let tenths = took_ms.checked_div(TENTH_MS).unwrap_or(0).min(TENTHS_MAX);
    tenant.storage.run(
        "INSERT INTO verdict_times (hour, tenths, count) VALUES (?, ?, 1)
         ON CONFLICT DO UPDATE SET count = count + 1",
        bind![hour_of(now), tenths],
    )?;
    tenant.storage.run(
        "DELETE FROM verdict_times WHERE hour < ?",
        bind![hour_of(now).saturating_sub(KEPT_HOURS)],
    )
}

/// How long half of them took at most, in milliseconds; `None` before the first.
pub fn median_ms(tenant: &Tenant, now: Millis) -> Outcome<Option<u32>> {
    let rows = tenant.storage.rows::<Row>(
        "SELECT tenths, SUM(count) AS count FROM verdict_times
         WHERE hour > ? GROUP BY tenths ORDER BY tenths",
        bind![hour_of(now).saturating_sub(KEPT_HOURS)],
    )?;
    let times: Vec<(u32, u32)> = rows.iter().map(|row| (row.tenths, row.count)).collect();
    let tenth_ms = u32::try_from(TENTH_MS).unwrap_or(u32::MAX);
    Ok(pace::median(&times).map(|tenths| tenths.saturating_mul(tenth_ms)))
}

fn hour_of(now: Millis) -> u64 {
    now.0 / HOUR_MS
}
