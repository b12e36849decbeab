//! Stored vectors, one after another in rows of a kind: adding one, and the exact scan over all. It
//! must not know what a vector is of: memory keeps the slots.
//!
//! A row that is added to is small, so that a new vector writes 25 kB at most; full ones are joined
//! to rows of a megabyte, so that a scan of 100,000 reads 38. The embedder holds what a scan has read:
//! the next one reads what was added since. What else is written has to be forgotten there.

use crate::bind;
use crate::embedder::{self, Neighbour};
use crate::problem::Outcome;
use crate::tenant::Tenant;
use countersign_policy::digest::{hex, plain};
use countersign_policy::memory::CANDIDATES_MAX;
use serde::Deserialize;
use std::cell::{Cell, OnceCell, RefCell};
use worker::Env;
use worker::js_sys::Array;

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

/// The slots of a kind.
#[derive(Deserialize)]
struct Slots {
    first: u32,
    next: u32,
}

/// What is at hand of an object's vectors; most of it the embedder holds.
#[derive(Default)]
pub struct Held {
    owners: [OnceCell<u32>; 2],
    /// Whether the transaction under way added vectors.
    added: Cell<bool>,
    /// The vector made last, and the digest of its text.
    last: RefCell<Option<([u8; 32], Vec<u8>)>>,
}

impl Held {
    /// The owner's number of a kind; `None` without an embedder.
    fn owner(&self, env: &Env, kind: Kind) -> Option<u32> {
        let [correction, handled] = &self.owners;
        let owner = match kind {
            Kind::Correction => correction,
            Kind::Handled => handled,
        };
        match owner.get() {
            Some(number) => Some(*number),
            None => embedder::owner(env).map(|number| *owner.get_or_init(|| number)),
        }
    }

    /// The vector of a text; `None` where the weights are not loaded. The last one made is at hand: who
    /// asks for examples posts a draft for the same message next.
    pub fn embed(&self, env: &Env, text: &str) -> Option<Vec<u8>> {
        let of = plain(&[text]);
        if let Some((known, vector)) = &*self.last.borrow()
            && *known == of
        {
            return Some(vector.clone());
        }
        let vector = embedder::embed(env, text)?;
        self.last.replace(Some((of, vector.clone())));
        Some(vector)
    }

    fn forget(&self, env: &Env, kind: Kind) {
        if let Some(owner) = self.owner(env, kind) {
            embedder::forget(env, owner);
        }
    }

    /// Forgets all.
    pub fn forget_all(&self, env: &Env) {
        self.forget(env, Kind::Correction);
        self.forget(env, Kind::Handled);
    }

    /// A transaction was refused: what was read of the vectors that it had added is no more.
    pub fn roll_back(&self, env: &Env) {
        if self.added.take() {
            self.forget_all(env);
        }
    }

    /// A transaction was kept.
    pub fn commit(&self) {
        self.added.set(false);
    }
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
    tenant.held.added.set(true);
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
    tenant.held.forget(&tenant.env, kind);
    tenant.storage.run(
        "UPDATE vectors SET bytes = CAST(substr(bytes, 1, (?2 - first) * ?3) || zeroblob(?3)
           || substr(bytes, (?2 - first + 1) * ?3 + 1) AS BLOB)
         WHERE kind = ?1 AND first = (
           SELECT MAX(first) FROM vectors WHERE kind = ?1 AND first <= ?2)",
        bind![kind.name(), slot, VECTOR_BYTES],
    )
}

/// Deletes all.
pub fn empty(tenant: &Tenant, kind: Kind) -> Outcome<()> {
    tenant.held.forget(&tenant.env, kind);
    tenant
        .storage
        .run("DELETE FROM vectors WHERE kind = ?", bind![kind.name()])
}

/// The nearest to a vector, nearest first, each with its slot as position.
pub fn scan(tenant: &Tenant, kind: Kind, vector: &[u8]) -> Outcome<Vec<Neighbour>> {
    let name = kind.name();
    let slots = tenant.storage.first::<Slots>(
        "SELECT (SELECT MIN(first) FROM vectors WHERE kind = ?1) AS first,
           first + length(bytes) / ?2 AS next
         FROM vectors WHERE kind = ?1 ORDER BY vectors.first DESC LIMIT 1",
        bind![name, VECTOR_BYTES],
    )?;
    let (Some(Slots { first, next }), Some(owner)) = (slots, tenant.held.owner(&tenant.env, kind))
    else {
        return Ok(Vec::new());
    };
    let held_to = embedder::prepare_scan(&tenant.env, owner, first, next).unwrap_or(first);
    let rows = match held_to < next {
        true => tenant.storage.raw_rows(
            "SELECT first - ?2, bytes FROM vectors WHERE kind = ?1 AND first >= (
               SELECT MAX(first) FROM vectors WHERE kind = ?1 AND first <= ?3)
             ORDER BY first",
            bind![name, first, held_to],
        )?,
        false => Array::new().into(),
    };
    let mut found = embedder::scan(&tenant.env, vector, &rows, CANDIDATES_MAX);
    for neighbour in &mut found {
        neighbour.position = neighbour.position.saturating_add(first);
    }
    Ok(found)
}
