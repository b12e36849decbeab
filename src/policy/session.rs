//! How long a session and its secret last. It must not read a clock.

use crate::time::{DAY_MS, HOUR_MS, Millis};

/// A session ends for good after a week.
pub const SESSION_MS: u64 = 7 * DAY_MS;
/// A session ends after this much silence: it outlasts the night between two working days, and no weekend.
pub const IDLE_MS: u64 = DAY_MS;
/// A secret is this old before it is changed, with whatever its session asks.
pub const SECRET_MS: u64 = HOUR_MS;
/// The secret before works on for requests that are under way, once the new one was shown.
pub const OVERLAP_MS: u64 = 60_000;
/// The last use is written at most once a minute.
pub const SEEN_MS: u64 = 60_000;

/// When a session began, was last used, and got its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ages {
    /// When somebody signed in.
    pub created_at: Millis,
    /// When it was last used.
    pub seen_at: Millis,
    /// When it ends at the latest; absent for a week after it began.
    pub ends_at: Option<Millis>,
    /// When its secret was last changed.
    pub rotated_at: Option<Millis>,
}

/// What a secret that somebody shows is to its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Its newest.
    Newest,
    /// The one before, which counts until then; without an end until somebody shows the newest, since an
    /// answer may get lost.
    Before(Option<Millis>),
}

impl Shown {
    /// Whether it counts. The one before, after its time, says that two have it: whoever holds the session,
    /// and whoever stole it.
    pub fn counts(self, now: Millis) -> bool {
        match self {
            Self::Newest | Self::Before(None) => true,
            Self::Before(Some(until)) => now < until,
        }
    }
}

impl Ages {
    /// Whether it still counts.
    pub fn count(&self, now: Millis) -> bool {
        now.since(self.seen_at) <= IDLE_MS && now < self.ends_at()
    }

    /// Sessions that were last used before this have ended of silence.
    pub fn silent_before(now: Millis) -> Millis {
        Millis(now.0.saturating_sub(IDLE_MS))
    }

    /// When it ends, however much it is used.
    pub fn ends_at(&self) -> Millis {
        self.ends_at.unwrap_or(self.created_at.plus(SESSION_MS))
    }

    /// Whether whoever shows this secret is to be given a new one: after an hour, or where the new one never
    /// arrived.
    pub fn wants_new_secret(&self, shown: Shown, now: Millis) -> bool {
        let age_ms = now.since(self.rotated_at.unwrap_or(self.created_at));
        match shown {
            Shown::Newest => age_ms >= SECRET_MS,
            Shown::Before(None) => age_ms >= OVERLAP_MS,
            Shown::Before(Some(_)) => false,
        }
    }

    /// Whether this use of it is to be written down.
    pub fn wants_writing(&self, now: Millis) -> bool {
        now.since(self.seen_at) > SEEN_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGUN: Millis = Millis(1_000);

    fn used_at(seen_at: Millis) -> Ages {
        Ages {
            created_at: BEGUN,
            seen_at,
            ends_at: None,
            rotated_at: None,
        }
    }

    #[test]
    fn silence_and_age_end_a_session() {
        assert!(used_at(BEGUN).count(BEGUN.plus(IDLE_MS)));
        assert!(!used_at(BEGUN).count(BEGUN.plus(IDLE_MS + 1)));
        // From five in the afternoon to nine in the morning; from Friday to Monday.
        assert!(used_at(BEGUN).count(BEGUN.plus(16 * HOUR_MS)));
        assert!(!used_at(BEGUN).count(BEGUN.plus(64 * HOUR_MS)));
        let last = BEGUN.plus(SESSION_MS - 1);
        assert!(used_at(last).count(last));
        assert!(!used_at(last).count(BEGUN.plus(SESSION_MS)));
        let token = Ages {
            ends_at: Some(BEGUN.plus(5)),
            ..used_at(BEGUN)
        };
        assert!(token.count(BEGUN.plus(4)) && !token.count(BEGUN.plus(5)));
    }

    #[test]
    fn a_secret_lasts_an_hour_from_its_last_change() {
        let session = used_at(BEGUN);
        let newest = Shown::Newest;
        assert!(!session.wants_new_secret(newest, BEGUN.plus(SECRET_MS - 1)));
        assert!(session.wants_new_secret(newest, BEGUN.plus(SECRET_MS)));
        let changed = Ages {
            rotated_at: Some(BEGUN.plus(SECRET_MS)),
            ..session
        };
        assert!(!changed.wants_new_secret(newest, BEGUN.plus(SECRET_MS)));
        assert!(!session.wants_writing(BEGUN.plus(SEEN_MS)));
        assert!(session.wants_writing(BEGUN.plus(SEEN_MS + 1)));
    }

    #[test]
    fn the_secret_before_counts_until_the_new_one_has_arrived() {
        let changed = Ages {
            rotated_at: Some(BEGUN),
            ..used_at(BEGUN)
        };
        let later = BEGUN.plus(OVERLAP_MS);
        let lost = Shown::Before(None);
        assert!(lost.counts(later) && changed.wants_new_secret(lost, later));
        assert!(!changed.wants_new_secret(lost, BEGUN), "it is on its way");
        let over = Shown::Before(Some(later));
        assert!(over.counts(BEGUN) && !over.counts(later));
        assert!(!changed.wants_new_secret(over, BEGUN.plus(SECRET_MS)));
    }
}
