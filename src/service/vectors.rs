//! Stored vectors, one after another in rows of a kind: adding one, and the exact scan over all. It
//! must not know what a vector is of: memory keeps the slots.
//!
//! A row that is added to is small, so that a new vector writes 25 kB at most; full ones are joined
//! to rows of a megabyte, so that a scan of 100,000 reads 38.

use crate::bind;
use crate::embedder::{self, Neighbour};
use crate::problem::Outcome;
use crate::tenant::Tenant;
use countersign_policy::digest::hex;
use countersign_policy::memory::CANDIDATES_MAX;
use serde::Deserialize;

/// Bytes of one vector, as `src/embed` stores it.
const VECTOR_BYTES: u32 = 388;
/// Vectors of a row that is added to.
const OPEN_VECTORS: u32 = 64;
/// Full rows that are joined: 2,688 vectors, 1.04 MB, half of what one SQLite row may hold.
const JOINED_ROWS: u32 = 42;

/// What vectors are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The messages of corrections; every one is kept.
    Correction,
    /// Other messages that a person handled; the newest few thousand.
    Handled,
}

#[derive(Deserialize)]
struct Row {
    first: u32,
    count: u32,
}

#[derive(Deserialize)]
struct Small {
    rows: u32,
    first: Option<u32>,
}

#[derive(Deserialize)]
struct First {
    first: Option<u32>,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Correction => "correction",
            Self::Handled => "handled",
        }
    }
}

/// Adds one behind the others and gives its slot.
pub fn add(tenant: &Tenant, kind: Kind, vector: &[u8]) -> Outcome<u32> {
    let name = kind.name();
    let last = tenant.storage.first::<Row>(
        "SELECT first, length(bytes) / ? AS count FROM vectors WHERE kind = ?
         ORDER BY first DESC LIMIT 1",
        bind![VECTOR_BYTES, name],
    )?;
    let next = last
        .as_ref()
        .map_or(0, |row| row.first.saturating_add(row.count));
    let bytes = hex(vector);
    match last.filter(|row| row.count < OPEN_VECTORS) {
        Some(open) => tenant.storage.run(
            "UPDATE vectors SET bytes = CAST(bytes || unhex(?) AS BLOB)
             WHERE kind = ? AND first = ?",
            bind![&bytes, name, open.first],
        )?,
        None => {
            join(tenant, kind)?;
            tenant.storage.run(
                "INSERT INTO vectors (kind, first, bytes) VALUES (?, ?, unhex(?))",
                bind![name, next, &bytes],
            )?;
        }
    }
    Ok(next)
}

/// Joins full rows once there are enough of them; of handled messages the oldest row goes instead.
fn join(tenant: &Tenant, kind: Kind) -> Outcome<()> {
    let name = kind.name();
    let small = tenant.storage.first::<Small>(
        "SELECT COUNT(*) AS rows, MIN(first) AS first FROM vectors
         WHERE kind = ? AND length(bytes) <= ?",
        bind![name, OPEN_VECTORS.saturating_mul(VECTOR_BYTES)],
    )?;
    let Some(first) = small
        .filter(|small| small.rows >= JOINED_ROWS)
        .and_then(|small| small.first)
    else {
        return Ok(());
    };
    if kind == Kind::Handled {
        return tenant.storage.run(
            "DELETE FROM vectors WHERE kind = ? AND first = ?",
            bind![name, first],
        );
    }
    tenant.storage.run(
        "UPDATE vectors SET bytes = (
           SELECT CAST(group_concat(bytes, '') AS BLOB)
           FROM (SELECT bytes FROM vectors WHERE kind = ?1 AND first >= ?2 ORDER BY first))
         WHERE kind = ?1 AND first = ?2",
        bind![name, first],
    )?;
    tenant.storage.run(
        "DELETE FROM vectors WHERE kind = ? AND first > ?",
        bind![name, first],
    )
}

/// Writes zeros over one: it then is near to nothing.
pub fn clear(tenant: &Tenant, kind: Kind, slot: u32) -> Outcome<()> {
    tenant.storage.run(
        "UPDATE vectors SET bytes = CAST(substr(bytes, 1, (?2 - first) * ?3) || zeroblob(?3)
           || substr(bytes, (?2 - first + 1) * ?3 + 1) AS BLOB)
         WHERE kind = ?1 AND first = (
           SELECT MAX(first) FROM vectors WHERE kind = ?1 AND first <= ?2)",
        bind![kind.name(), slot, VECTOR_BYTES],
    )
}

/// The nearest to a vector, nearest first, each with its slot as position.
pub fn scan(tenant: &Tenant, kind: Kind, vector: &[u8]) -> Outcome<Vec<Neighbour>> {
    let name = kind.name();
    let first = tenant.storage.first::<First>(
        "SELECT MIN(first) AS first FROM vectors WHERE kind = ?",
        bind![name],
    )?;
    let Some(first) = first.and_then(|row| row.first) else {
        return Ok(Vec::new());
    };
    let rows = tenant.storage.raw_rows(
        "SELECT bytes FROM vectors WHERE kind = ? ORDER BY first",
        bind![name],
    )?;
    let mut found = embedder::scan(&tenant.env, vector, &rows, CANDIDATES_MAX);
    for neighbour in &mut found {
        neighbour.position = neighbour.position.saturating_add(first);
    }
    Ok(found)
}
