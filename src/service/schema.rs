//! The tables of a tenant's object, as numbered steps that are only ever appended. It must not
//! change a step that has run anywhere, released or not: objects are at each of them, and a deployment may go back.

use crate::bind;
use crate::problem::Outcome;
use crate::storage::Storage;

/// Each step runs once per object, in order.
const STEPS: &[&str] = &[
    include_str!("schema/0001_first.sql"),
    include_str!("schema/0002_stops.sql"),
    include_str!("schema/0003_trust.sql"),
    include_str!("schema/0004_webhooks.sql"),
    include_str!("schema/0005_desk.sql"),
    include_str!("schema/0006_releases.sql"),
    include_str!("schema/0007_rota.sql"),
    include_str!("schema/0008_memory.sql"),
    include_str!("schema/0009_roster.sql"),
    include_str!("schema/0010_second_lead.sql"),
    include_str!("schema/0011_pace.sql"),
    include_str!("schema/0012_boundary.sql"),
    include_str!("schema/0013_copies.sql"),
    include_str!("schema/0014_seeds.sql"),
    include_str!("schema/0015_verdict_times.sql"),
    include_str!("schema/0016_privacy.sql"),
    include_str!("schema/0017_nearness.sql"),
    include_str!("schema/0018_undone.sql"),
    include_str!("schema/0019_stop_changes.sql"),
    include_str!("schema/0020_statements.sql"),
    include_str!("schema/0021_engine.sql"),
    include_str!("schema/0022_key_holders.sql"),
    include_str!("schema/0023_due.sql"),
    include_str!("schema/0024_backlog.sql"),
    include_str!("schema/0025_skipped.sql"),
    include_str!("schema/0026_behind.sql"),
    include_str!("schema/0027_import.sql"),
];

/// Brings the object's tables up to date.
pub fn migrate(storage: &Storage) -> Outcome<()> {
    storage.run(
        "CREATE TABLE IF NOT EXISTS schema (version INTEGER NOT NULL) STRICT",
        bind![],
    )?;
    let version = "SELECT COALESCE(MAX(version), 0) FROM schema";
    let version = storage.value(version, bind![])?.unwrap_or(0);
    for (step, number) in STEPS
        .iter()
        .zip(1_u32..)
        .filter(|(_, number)| *number > version)
    {
        storage.transaction(&mut || {
            storage.run(step, bind![])?;
            storage.run("INSERT INTO schema (version) VALUES (?)", bind![number])
        })?;
    }
    Ok(())
}
