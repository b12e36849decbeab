//! What the object remembers of its own storage between posts, so that a draft doesn't ask for what
//! the last one knew. It must not outlive anything else that writes: every other transaction runs
//! without it and empties it.

use crate::problem::Outcome;
use crate::tenant::TenantRecord;
use countersign_policy::log::Frontier;
use countersign_policy::stop::Scope;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Accounts and agents that are remembered at once; one more begins anew.
const ENTRIES_MAX: usize = 1_000;

/// The memory of a run of posts.
#[derive(Default)]
pub struct Recall {
    /// The tenant's record.
    pub record: Known<(), TenantRecord>,
    /// The right edge of the log.
    pub frontier: Known<(), Frontier>,
    /// What is stopped, oldest first.
    pub stops: Known<(), Rc<Vec<(Scope, String)>>>,
    /// Whether an agent is only watched.
    pub shadows: Known<String, bool>,
}

/// Values by their key; `None` while nothing may be remembered.
pub struct Known<K, V>(RefCell<Option<BTreeMap<K, V>>>);

impl<K, V> Default for Known<K, V> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K: Ord, V: Clone> Known<K, V> {
    /// What is remembered, or what `load` gives, which then is.
    pub fn or(&self, key: K, load: impl FnOnce() -> Outcome<V>) -> Outcome<V> {
        let known = self
            .0
            .borrow()
            .as_ref()
            .and_then(|all| all.get(&key).cloned());
        if let Some(value) = known {
            return Ok(value);
        }
        let value = load()?;
        self.put(key, value.clone());
        Ok(value)
    }

    /// Remembers a value, while that may be.
    pub fn put(&self, key: K, value: V) {
        if let Some(known) = self.0.borrow_mut().as_mut() {
            if known.len() >= ENTRIES_MAX {
                known.clear();
            }
            known.insert(key, value);
        }
    }

    fn wake(&self) {
        self.0.borrow_mut().get_or_insert_default();
    }

    fn forget(&self) {
        self.0.replace(None);
    }
}

impl Recall {
    /// A post begins: what the last one knew still holds.
    pub fn wake(&self) {
        self.record.wake();
        self.frontier.wake();
        self.stops.wake();
        self.shadows.wake();
    }

    /// Something else begins or ended, or something changed: nothing is known any more.
    pub fn forget(&self) {
        self.record.forget();
        self.frontier.forget();
        self.stops.forget();
        self.shadows.forget();
    }
}
