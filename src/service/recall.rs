//! What the object remembers of its own storage between posts, so that a draft doesn't ask for what
//! the last one knew. It must not outlive anything else that writes: every other transaction runs
//! without it and empties it.

use crate::keys::Live;
use crate::memory::Holdings;
use crate::pace::Ahead;
use crate::problem::Outcome;
use crate::rota::Roster;
use crate::standing;
use crate::tenant::TenantRecord;
use countersign_policy::log::Frontier;
use countersign_policy::memory::Nearness;
use countersign_policy::sample::Releases;
use countersign_policy::stop::Scope;
use countersign_policy::time::Millis;
use std::cell::RefCell;
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
    /// Keys that work, by the hash of their secret.
    pub keys: Known<String, Live>,
    /// Accounts by category, agent and its version.
    pub accounts: Known<[String; 3], standing::Known>,
    /// What went out of a category, and the Monday of that week.
    pub releases: Known<String, (i32, Releases)>,
    /// When the first draft falls due by itself.
    pub wake: Known<(), Option<Millis>>,
    /// How many wait, and the minute in which they were counted.
    pub ahead: Known<(), (u64, Ahead)>,
    /// How much there is to compare a message with.
    pub holdings: Known<(), Holdings>,
    /// How near the latest messages were to what was known.
    pub past: Known<(), Rc<Vec<Nearness>>>,
    /// Who can answer for drafts.
    pub roster: Known<(), Rc<Roster>>,
    /// Categories for which nobody is on duty.
    pub gaps: Known<(), Rc<Vec<String>>>,
}

/// Values by their key, in its order; `None` while nothing may be remembered. (A list: a map of the
/// standard library is some kilobytes of Wasm for each type, and most of these hold one value.)
pub struct Known<K, V>(RefCell<Option<Vec<(K, V)>>>);

impl<K, V> Default for Known<K, V> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K: Ord, V: Clone> Known<K, V> {
    /// What is remembered, or what `load` gives, which then is.
    pub fn or(&self, key: K, load: impl FnOnce() -> Outcome<V>) -> Outcome<V> {
        let mut known = None;
        self.change(&key, |value| known = Some(value.clone()));
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
            match place(known, &key) {
                Ok(at) => {
                    if let Some((_, known)) = known.get_mut(at) {
                        *known = value;
                    }
                }
                Err(at) => known.insert(at, (key, value)),
            }
        }
    }

    /// Changes what is remembered of a key, if anything is.
    pub fn change(&self, key: &K, change: impl FnOnce(&mut V)) {
        if let Some(known) = self.0.borrow_mut().as_mut()
            && let Ok(at) = place(known, key)
            && let Some((_, value)) = known.get_mut(at)
        {
            change(value);
        }
    }

    /// Forgets what is remembered; what comes next may be again.
    pub fn clear(&self) {
        if let Some(known) = self.0.borrow_mut().as_mut() {
            known.clear();
        }
    }
}

/// Where a key is, or would be.
fn place<K: Ord, V>(known: &[(K, V)], key: &K) -> Result<usize, usize> {
    known.binary_search_by(|(one, _)| one.cmp(key))
}

/// Something that is remembered for a while.
trait Fades {
    fn wake(&self);
    fn forget(&self);
}

impl<K, V> Fades for Known<K, V> {
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
        self.all().into_iter().for_each(Fades::wake);
    }

    /// Something else begins or ended, or something changed: nothing is known any more.
    pub fn forget(&self) {
        self.all().into_iter().for_each(Fades::forget);
    }

    fn all(&self) -> [&dyn Fades; 13] {
        [
            &self.record,
            &self.frontier,
            &self.stops,
            &self.shadows,
            &self.keys,
            &self.accounts,
            &self.releases,
            &self.wake,
            &self.ahead,
            &self.holdings,
            &self.past,
            &self.roster,
            &self.gaps,
        ]
    }
}
