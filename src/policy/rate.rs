//! How often something may be asked: a token bucket. It must not read a clock.

use crate::time::{MINUTE_MS, Millis};

/// Requests a minute of one key, where nothing else is configured: a thousand a second.
pub const PER_KEY: u32 = 60_000;
/// Requests a minute of one person, where nothing else is configured, and what their pages say of where they
/// look: a hundred a second.
pub const PER_PERSON: u32 = 6_000;
/// Searches a minute of one person, which read every draft: as fast as anybody types words.
pub const SEARCHES_PER_PERSON: u32 = 60;
/// Pages of one person that listen at once.
const PAGES_PER_PERSON: usize = 50;
/// Requests a minute of one address; an office and its agents may share one.
pub const PER_ADDRESS: u32 = 120_000;
/// Refused credentials a minute of one address: an office whose agents all have an
/// old one stays below it.
pub const REFUSALS_PER_ADDRESS: u32 = 600;
/// Who is remembered at once; beyond it everyone starts anew.
pub const REMEMBERED_MAX: u32 = 10_000;

/// Whether one more page of a person may listen beside so many.
pub fn admits_page(listening: usize) -> bool {
    listening < PAGES_PER_PERSON
}

/// What is left to somebody: a minute's worth at once, and then as it comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// In requests times [`MINUTE_MS`], so that whole numbers do.
    left: u64,
    at: Millis,
}

impl Bucket {
    /// A full one.
    pub fn new(per_minute: u32, now: Millis) -> Self {
        let left = u64::from(per_minute).saturating_mul(MINUTE_MS);
        Self { left, at: now }
    }

    /// The bucket at `now`, before a request.
    #[must_use]
    fn filled(self, per_minute: u32, now: Millis) -> Self {
        let came_in = now.since(self.at).saturating_mul(u64::from(per_minute));
        let full = u64::from(per_minute).saturating_mul(MINUTE_MS);
        Self {
            left: self.left.saturating_add(came_in).min(full),
            at: now,
        }
    }

    /// The bucket after one more request; `None` when it is empty: the request is too much.
    pub fn take(self, per_minute: u32, now: Millis) -> Option<Self> {
        let filled = self.filled(per_minute, now);
        let left = filled.left.checked_sub(MINUTE_MS)?;
        Some(Self { left, ..filled })
    }

    /// Whether a request would be too much.
    pub fn is_empty(self, per_minute: u32, now: Millis) -> bool {
        self.take(per_minute, now).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minutes_worth_goes_at_once_and_comes_back_as_time_goes_by() {
        let mut bucket = Bucket::new(3, Millis(0));
        for _ in 0..3 {
            bucket = bucket.take(3, Millis(0)).unwrap();
        }
        assert_eq!(bucket.take(3, Millis(19_999)), None);
        bucket = bucket.take(3, Millis(20_000)).unwrap();
        assert!(bucket.is_empty(3, Millis(20_000)));
        let rested = bucket.filled(3, Millis(10_000_000));
        assert_eq!(rested, Bucket::new(3, Millis(10_000_000)));
    }
}
