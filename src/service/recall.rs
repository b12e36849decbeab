//! What the object remembers of its own storage between posts, so that a draft doesn't ask for what
//! the last one knew. It must not outlive anything else that writes: every other transaction runs
//! without it and empties it.

use crate::problem::Outcome;
use crate::tenant::TenantRecord;
use countersign_policy::log::Frontier;
use countersign_policy::stop::Scope;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Accounts and agents that are remembered at once; one more begins anew.
const ENTRIES_MAX: usize = 1_000;

/// The memory of a run of posts.
#[derive(Default)]
pub struct Recall {
    /// Whether it may be asked: while drafts are posted, and nothing they do changed what it holds.
    awake: Cell<bool>,
    /// The tenant's record.
    pub record: Known<(), TenantRecord>,
    /// The right edge of the log.
    pub frontier: Known<(), Frontier>,
    /// What is stopped, oldest first.
    pub stops: Known<(), Rc<Vec<(Scope, String)>>>,
    /// Whether an agent is only watched.
    pub shadows: Known<String, bool>,
}

/// Values by their key.
pub struct Known<K, V>(RefCell<BTreeMap<K, V>>);

impl<K, V> Default for Known<K, V> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K: Ord, V: Clone> Known<K, V> {
    /// What is remembered, or what `load` gives, which then is.
    pub fn or(&self, key: K, load: impl FnOnce() -> Outcome<V>) -> Outcome<V> {
        if let Some(value) = self.0.borrow().get(&key) {
            return Ok(value.clone());
        }
        let value = load()?;
        self.put(key, value.clone());
        Ok(value)
    }

    /// Remembers a value.
    pub fn put(&self, key: K, value: V) {
        let mut known = self.0.borrow_mut();
        if known.len() >= ENTRIES_MAX {
            known.clear();
        }
        known.insert(key, value);
    }

    fn forget(&self) {
        self.0.borrow_mut().clear();
    }
}

impl Recall {
    /// A post begins: what the last one knew still holds.
    pub fn wake(&self) {
        self.awake.set(true);
    }

    /// Something else begins or ended, or something changed: nothing is known any more.
    pub fn forget(&self) {
        self.awake.set(false);
        self.record.forget();
        self.frontier.forget();
        self.stops.forget();
        self.shadows.forget();
    }

    /// `known`, where it may be asked now.
    pub fn ask<'a, T>(&self, known: &'a T) -> Option<&'a T> {
        self.awake.get().then_some(known)
    }
}

/// What is remembered where that may be asked, and what `load` gives otherwise.
pub fn known<K: Ord, V: Clone>(
    recall: &Recall,
    values: &Known<K, V>,
    key: K,
    load: impl FnOnce() -> Outcome<V>,
) -> Outcome<V> {
    match recall.ask(values) {
        Some(values) => values.or(key, load),
        None => load(),
    }
}
