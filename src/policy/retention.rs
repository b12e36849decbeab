//! How long what is kept is kept, and what a legal hold keeps for longer. It must not delete.

use crate::invalid::Invalid;
use crate::time::{DAY_MS, Millis};
use serde::{Deserialize, Serialize};

/// The longest that a retention can be: ten years.
pub const DAYS_MAX: u32 = 3_660;
/// What is too old is looked for once a day.
pub const ROUND_MS: u64 = DAY_MS;

/// A tenant's retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Days for which the texts of settled drafts and corrections are kept: 1 to 3,660.
    pub texts_days: u32,
    /// Days for which answers to repeated requests are kept: 1 to 3,660.
    pub answers_days: u32,
}

impl Retention {
    /// What is wrong with it as someone wrote it.
    pub fn fault(self) -> Option<Invalid> {
        let outside = |days: u32| !(1..=DAYS_MAX).contains(&days);
        let pointer = match self {
            Self { texts_days, .. } if outside(texts_days) => "/texts_days",
            Self { answers_days, .. } if outside(answers_days) => "/answers_days",
            _ => return None,
        };
        Some(Invalid::field(
            pointer,
            format!("not a number from 1 to {DAYS_MAX}"),
        ))
    }

    /// Texts of before are too old.
    pub fn texts_before(self, now: Millis) -> Millis {
        now.days_before(self.texts_days)
    }

    /// Answers of before are too old.
    pub fn answers_before(self, now: Millis) -> Millis {
        now.days_before(self.answers_days)
    }
}

/// Whether a hold keeps a customer's data; a hold on nobody keeps everyone's.
pub fn is_held(holds: &[Option<String>], customer: &str) -> bool {
    holds
        .iter()
        .any(|held| held.as_deref().is_none_or(|held| held == customer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_its_days_is_too_old() {
        let retention = Retention {
            texts_days: 180,
            answers_days: 7,
        };
        assert_eq!(retention.fault(), None);
        assert_eq!(retention.texts_before(Millis(181 * DAY_MS)), Millis(DAY_MS));
        assert_eq!(retention.answers_before(Millis(DAY_MS)), Millis(0));
        let none = Retention {
            texts_days: 0,
            ..retention
        };
        assert_eq!(none.fault().unwrap().pointer, "/texts_days");
        let long = Retention {
            answers_days: DAYS_MAX + 1,
            ..retention
        };
        assert_eq!(long.fault().unwrap().pointer, "/answers_days");
    }

    #[test]
    fn a_hold_on_nobody_holds_everyone() {
        assert!(!is_held(&[], "ada"));
        assert!(is_held(&[Some("ada".into())], "ada"));
        assert!(!is_held(&[Some("ada".into())], "bob"));
        assert!(is_held(&[Some("bob".into()), None], "ada"));
    }
}
