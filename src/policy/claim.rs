//! Which waiting draft a reviewer is given next. It must not know who claims what: only drafts that
//! are free for the reviewer are compared.
//!
//! In order: how far its deadline has come, what is at stake, the category that was served longest
//! ago (a fair share: none starves behind a busy one), how long the customer has waited, its age. A
//! draft's deadline brings everything to the front in time, whatever its stakes.

use crate::catalogue::{Catalogue, Stakes};
use crate::deadline::Stage;
use crate::draft::{Draft, Role};
use crate::rota::serves;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// What of a draft doesn't change while it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Weight {
    /// What an error costs.
    pub stakes: Stakes,
    /// Since when its customer waits.
    pub customer_since: Millis,
}

impl Weight {
    /// Of a draft that came at `created_at`.
    pub fn of(draft: &Draft, catalogue: &Catalogue, created_at: Millis) -> Self {
        Self {
            stakes: stakes(draft, catalogue),
            customer_since: customer_since(draft, created_at),
        }
    }
}

/// A draft that is free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its id.
    pub id: String,
    /// Its category; empty without one.
    pub category: String,
    /// How far its deadline has come.
    pub stage: Stage,
    /// What of it doesn't change.
    pub weight: Weight,
    /// When it came.
    pub created_at: Millis,
    /// When a draft of its category was last given to somebody.
    pub served_at: Option<Millis>,
}

/// The one to do next; ties go to the lower id.
pub fn next(waiting: &[Waiting]) -> Option<&Waiting> {
    waiting.iter().min_by_key(|draft| {
        let urgency = (Reverse(draft.stage), Reverse(draft.weight.stakes));
        let wait = (
            draft.served_at,
            draft.weight.customer_since,
            draft.created_at,
        );
        (urgency, wait, &draft.id)
    })
}

/// Whether a reviewer with these skills is given drafts of the category; without skills, all.
pub fn suits(skills: &[String], category: &str) -> bool {
    skills.is_empty() || serves(skills, category)
}

/// What an error costs; an action that the catalogue doesn't list may cost the most.
fn stakes(draft: &Draft, catalogue: &Catalogue) -> Stakes {
    let Some(action) = &draft.draft.action else {
        return Stakes::None;
    };
    catalogue
        .get(&action.name)
        .map_or(Stakes::Financial, |entry| entry.stakes)
}

/// Since when the customer waits: their last message, or the draft where that says no time.
fn customer_since(draft: &Draft, created_at: Millis) -> Millis {
    let messages = draft.conversation.messages.iter();
    messages
        .filter(|message| message.role == Role::Customer)
        .filter_map(|message| message.at)
        .max()
        .map_or(created_at, |at| at.min(created_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stage, stakes, when its category was served, since when the customer waits, when it came.
    type Measures = (Stage, Stakes, Option<u64>, u64, u64);

    fn waiting(id: &str, (stage, stakes, served, customer, created): Measures) -> Waiting {
        Waiting {
            id: id.into(),
            category: "a".into(),
            stage,
            weight: Weight {
                stakes,
                customer_since: Millis(customer),
            },
            created_at: Millis(created),
            served_at: served.map(Millis),
        }
    }

    fn check(better: Measures, worse: Measures) {
        let both = [waiting("1", worse), waiting("2", better)];
        assert_eq!(next(&both), both.last(), "{better:?} {worse:?}");
    }

    #[test]
    fn each_measure_counts_before_those_behind_it() {
        use Stage::{Backup, Waiting};
        use Stakes::{Financial, None as Nothing};
        check(
            (Backup, Nothing, Some(9), 9, 9),
            (Waiting, Financial, None, 1, 1),
        );
        check(
            (Waiting, Financial, Some(9), 9, 9),
            (Waiting, Nothing, None, 1, 1),
        );
        check(
            (Waiting, Nothing, Some(8), 9, 9),
            (Waiting, Nothing, Some(9), 1, 1),
        );
        check(
            (Waiting, Nothing, None, 8, 9),
            (Waiting, Nothing, None, 9, 1),
        );
        check(
            (Waiting, Nothing, None, 9, 8),
            (Waiting, Nothing, None, 9, 9),
        );
    }

    #[test]
    fn skills_are_categories() {
        let skills = ["billing.*".to_owned()];
        assert!(suits(&skills, "billing.refund"));
        assert!(!suits(&skills, "shipping"));
        assert!(suits(&[], "shipping"));
    }
}
