//! How much a tenant's agents may ask of it. It must not count: how much they do is an argument.

use crate::invalid::Invalid;
use crate::pace::OPEN_MAX;
use crate::rate;
use serde::{Deserialize, Serialize};

/// Posts of a tenant in a minute: ten keys, each at its most.
pub const POSTS_PER_MINUTE_MAX: u32 = 10 * rate::PER_KEY;

/// Limits of one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Drafts that wait for people at once; one more is refused. 1 to 250,000.
    pub open_drafts: u32,
    /// Drafts that all agents together post in a minute; one more is refused. 1 to 600,000.
    pub posts_per_minute: u32,
}

impl Default for Limits {
    /// As much as one object takes.
    fn default() -> Self {
        Self {
            open_drafts: OPEN_MAX,
            posts_per_minute: POSTS_PER_MINUTE_MAX,
        }
    }
}

impl Limits {
    /// Whether nothing is limited beyond what one object takes.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether one more draft may wait beside `open` others.
    pub fn admits(&self, open: u32) -> bool {
        open < self.open_drafts
    }

    pub(crate) fn faults(&self, faults: &mut Vec<Invalid>) {
        if !(1..=OPEN_MAX).contains(&self.open_drafts) {
            let detail = "not between 1 and 250,000";
            faults.push(Invalid::field("/limits/open_drafts", detail));
        }
        if !(1..=POSTS_PER_MINUTE_MAX).contains(&self.posts_per_minute) {
            let detail = "not between 1 and 600,000";
            faults.push(Invalid::field("/limits/posts_per_minute", detail));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(open_drafts: u32, posts_per_minute: u32, expected: &[&str]) {
        let limits = Limits {
            open_drafts,
            posts_per_minute,
        };
        let mut faults = Vec::new();
        limits.faults(&mut faults);
        let found: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_limit_lets_something_through_and_no_more_than_an_object_takes() {
        check(1, 1, &[]);
        check(OPEN_MAX, POSTS_PER_MINUTE_MAX, &[]);
        check(0, 0, &["/limits/open_drafts", "/limits/posts_per_minute"]);
        check(OPEN_MAX + 1, 1, &["/limits/open_drafts"]);
    }

    #[test]
    fn the_last_that_is_admitted_fills_the_queue() {
        let limits = Limits {
            open_drafts: 2,
            ..Limits::default()
        };
        assert!(limits.admits(1) && !limits.admits(2));
    }
}
