//! Known-bad drafts among those that wait, which measure whether reviewers look: when one is put there,
//! and whether it was caught. It must not make one up: a lead wrote it, and says what is wrong with it.

use crate::edit::EditKind;
use crate::ratio::Ratio;
use crate::verdict::VerdictKind;
use serde::{Deserialize, Serialize};

/// Known-bad drafts that wait at once: reviewers' time is for real ones.
const WAITING_MAX: u32 = 3;
/// Known-bad drafts that a tenant keeps to choose from.
pub const SEEDS_MAX: u32 = 200;

/// How often known-bad drafts come; by default never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Vigilance {
    /// Share of drafts held for review beside which a known-bad one is put.
    pub seed_rate: Ratio,
}

impl Vigilance {
    /// Whether there are none.
    pub fn is_off(&self) -> bool {
        self.seed_rate.is_zero()
    }

    /// Whether one is put beside a draft that is held, with `waiting` others of its kind and a random
    /// `draw` below 1.
    pub fn plants(&self, waiting: u32, draw: Ratio) -> bool {
        waiting < WAITING_MAX && draw < self.seed_rate
    }
}

/// Which of `count` known-bad drafts a random `draw` below 1 picks.
pub fn choose(count: u32, draw: Ratio) -> u32 {
    let place = u64::from(count).saturating_mul(u64::from(draw.ppm()));
    let place = place.checked_div(1_000_000).unwrap_or(0);
    u32::try_from(place)
        .unwrap_or(0)
        .min(count.saturating_sub(1))
}

/// Whether the verdict on a known-bad draft caught what is wrong with it: it must not have left as it
/// was, or with nothing but its tone changed. `None` for one that says nothing.
pub fn caught(verdict: VerdictKind, edit: Option<EditKind>) -> Option<bool> {
    match verdict {
        VerdictKind::Approve | VerdictKind::Confirm => Some(false),
        VerdictKind::Edit => Some(edit == Some(EditKind::Substantive)),
        VerdictKind::Reject
        | VerdictKind::Respond
        | VerdictKind::HandledElsewhere
        | VerdictKind::SendBack
        | VerdictKind::Correct => Some(true),
        VerdictKind::Defer => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_put_as_often_as_the_policy_says_and_never_many_at_once() {
        let tenth = Vigilance {
            seed_rate: Ratio::from_ppm(100_000),
        };
        assert!(tenth.plants(0, Ratio::from_ppm(99_999)));
        assert!(!tenth.plants(0, Ratio::from_ppm(100_000)));
        assert!(tenth.plants(WAITING_MAX - 1, Ratio::ZERO));
        assert!(!tenth.plants(WAITING_MAX, Ratio::ZERO));
        assert!(!Vigilance::default().plants(0, Ratio::ZERO));
    }

    #[test]
    fn every_one_is_picked_by_some_draw() {
        let picked = [0, 333_333, 333_334, 666_667, 999_999];
        let picked = picked.map(|ppm| choose(3, Ratio::from_ppm(ppm)));
        assert_eq!(picked, [0, 0, 1, 2, 2]);
        assert_eq!(choose(0, Ratio::ONE), 0);
    }

    #[test]
    fn what_leaves_as_it_was_is_missed() {
        assert_eq!(caught(VerdictKind::Approve, None), Some(false));
        assert_eq!(
            caught(VerdictKind::Edit, Some(EditKind::Cosmetic)),
            Some(false)
        );
        assert_eq!(
            caught(VerdictKind::Edit, Some(EditKind::Substantive)),
            Some(true)
        );
        assert_eq!(caught(VerdictKind::Reject, None), Some(true));
        assert_eq!(caught(VerdictKind::Defer, None), None);
    }
}
