//! What reviewers did, counted: the label of a draft's ending and the counts of a category's week.
//! It must not decide a level: `trust/ready.rs` and `trust/demote.rs` do, from evidence that
//! `trust/evidence.rs` let through, and `trust/propose.rs` turns it into a step.
//!
//! | ending | label |
//! | --- | --- |
//! | approve, confirm, edit without a difference | clean |
//! | edit of tone, grammar, formatting | cosmetic |
//! | edit of facts, numbers, promises, names, negation | substantive |
//! | reject, respond, send_back, correct | harmful |
//! | all others | none |
//!
//! What was let out and is found wrong later on turns harmful where it was counted, and once.

pub mod account;
pub mod alike;
pub mod demote;
pub mod evidence;
pub mod propose;
pub mod ready;
pub mod report;

use crate::edit::EditKind;
use crate::level::Level;
use crate::queue::Status;
use crate::ratio::Ratio;
use crate::route::Route;
use crate::verdict::VerdictKind;
use serde::{Deserialize, Serialize};

/// What JavaScript counts exactly: 2^53. Sums stop there.
pub const COUNT_MAX: u64 = 9_007_199_254_740_992;

/// The weight of a draft that was certain to be looked at: thousandths, so 1.
pub const WEIGHT_ONE: u64 = 1_000;

/// What trust counts of one draft, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// Could leave, or left, as the agent wrote it.
    Clean,
    /// Tone, grammar or formatting was changed.
    Cosmetic,
    /// A fact, number, promise, name or negation was changed.
    Substantive,
    /// Should not leave, or should not have left.
    Harmful,
}

impl Label {
    /// True for clean and cosmetic: nobody would have been harmed by releasing it.
    pub fn acceptable(self) -> bool {
        matches!(self, Self::Clean | Self::Cosmetic)
    }

    /// The letter that stands for it in stored strings.
    pub fn letter(self) -> char {
        match self {
            Self::Clean => 'c',
            Self::Cosmetic => 't',
            Self::Substantive => 's',
            Self::Harmful => 'h',
        }
    }

    /// The label of a letter; anything unknown is harmful, so that damage never earns trust.
    pub fn from_letter(letter: char) -> Self {
        match letter {
            'c' => Self::Clean,
            't' => Self::Cosmetic,
            's' => Self::Substantive,
            _ => Self::Harmful,
        }
    }
}

/// How a draft ended, in every way that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Approved as it was.
    Approved,
    /// Edited, but the result is the same.
    EditedNothing,
    /// Edited in tone, grammar or formatting.
    EditedCosmetic,
    /// Edited in substance.
    EditedSubstantive,
    /// Rejected.
    Rejected,
    /// A reviewer wrote the answer.
    Responded,
    /// Sent back to be drafted again.
    SentBack,
    /// Already out, and right.
    Confirmed,
    /// Already out, and wrong.
    Corrected,
    /// Dealt with in another way.
    HandledElsewhere,
    /// Put off.
    Deferred,
    /// The verdict was taken back.
    Undone,
    /// Nobody answered in time.
    Expired,
    /// The conversation went on.
    Stale,
    /// A newer draft took its place.
    Superseded,
    /// The agent took it back.
    Withdrawn,
    /// Released, and nobody looked.
    Unseen,
}

impl Ending {
    /// The ending that a settled verdict is; `edit` is the kind of an edit, and is not looked at
    /// for any other verdict.
    pub fn of(verdict: VerdictKind, edit: EditKind) -> Self {
        match (verdict, edit) {
            (VerdictKind::Approve, _) => Self::Approved,
            (VerdictKind::Edit, EditKind::None) => Self::EditedNothing,
            (VerdictKind::Edit, EditKind::Cosmetic) => Self::EditedCosmetic,
            (VerdictKind::Edit, EditKind::Substantive) => Self::EditedSubstantive,
            (VerdictKind::Reject, _) => Self::Rejected,
            (VerdictKind::Respond, _) => Self::Responded,
            (VerdictKind::HandledElsewhere, _) => Self::HandledElsewhere,
            (VerdictKind::SendBack, _) => Self::SentBack,
            (VerdictKind::Defer, _) => Self::Deferred,
            (VerdictKind::Confirm, _) => Self::Confirmed,
            (VerdictKind::Correct, _) => Self::Corrected,
        }
    }

    /// The ending of a draft in this status: of its verdict, where it has one. An edit of unknown
    /// kind counts as one of substance; what belonged to a person says nothing of the agent.
    pub fn after(
        route: Route,
        status: Status,
        verdict: Option<VerdictKind>,
        edit: Option<EditKind>,
    ) -> Self {
        match (status, verdict) {
            (Status::Expired, _) => Self::Expired,
            (Status::Withdrawn, _) => Self::Withdrawn,
            (Status::Stale, _) => Self::Stale,
            (Status::Superseded, _) => Self::Superseded,
            (_, None) => Self::Unseen,
            (_, Some(_)) if route == Route::Human => Self::HandledElsewhere,
            (_, Some(verdict)) => Self::of(verdict, edit.unwrap_or(EditKind::Substantive)),
        }
    }

    /// What trust counts of it; `None` for an ending that says nothing about the draft.
    pub fn label(self) -> Option<Label> {
        match self {
            Self::Approved | Self::EditedNothing | Self::Confirmed => Some(Label::Clean),
            Self::EditedCosmetic => Some(Label::Cosmetic),
            Self::EditedSubstantive => Some(Label::Substantive),
            Self::Rejected | Self::Responded | Self::SentBack | Self::Corrected => {
                Some(Label::Harmful)
            }
            Self::HandledElsewhere
            | Self::Deferred
            | Self::Undone
            | Self::Expired
            | Self::Stale
            | Self::Superseded
            | Self::Withdrawn
            | Self::Unseen => None,
        }
    }
}

/// What one row of counts is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CountsKey {
    /// The question type.
    pub category: String,
    /// Days from 1970-01-01 to the week's Monday, in the tenant's zone.
    pub monday: i32,
    /// Who drafted.
    pub agent: String,
    /// Its model and prompt; empty when it names none.
    pub agent_version: String,
    /// The category's level when the draft was routed.
    pub level: Level,
}

/// One draft as it is counted, once it is settled (and again, when a released one is labelled,
/// through [`Counts::look`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Settled {
    /// How it ended.
    pub ending: Ending,
    /// For a draft that was released: the probability with which it was to be looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<Ratio>,
    /// From the draft being shown to the verdict, in milliseconds; absent without a verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict_ms: Option<u64>,
}

/// Counts of a category's week: sums only, so that any order of merging gives the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "WeekCounts"))]
#[serde(default)]
pub struct Counts {
    /// All drafts.
    pub drafts: u64,
    /// Of these, those that went out without waiting.
    pub released: u64,
    /// Held drafts with a label.
    pub reviewed: u64,
    /// Reviewed and approved without an edit.
    pub approved_unedited: u64,
    /// Reviewed and edited in tone, grammar or formatting.
    pub cosmetic: u64,
    /// Reviewed and edited in substance.
    pub substantive: u64,
    /// Reviewed and rejected or sent back, or let out and found wrong later on.
    pub rejected: u64,
    /// Reviewed, and a person wrote the answer.
    pub responded: u64,
    /// Released drafts with a label.
    pub sampled: u64,
    /// Of these, those that should not have gone out.
    pub sampled_failed: u64,
    /// Sum over the sampled of 1 / sampling probability, in thousandths: how many released drafts
    /// they stand for (Horvitz & Thompson 1952).
    pub sampled_weight: u64,
    /// The same over those that should not have gone out.
    pub sampled_failed_weight: u64,
    /// Sum over the sampled of the squares of 1 / sampling probability, in thousandths: how far their
    /// weights differ.
    pub sampled_weight_squares: u64,
    /// Time from shown to verdict, summed, in milliseconds.
    pub verdict_ms: u64,
    /// Verdicts in that sum.
    pub verdicts_timed: u64,
}

/// How many released drafts one stands for that was looked at with probability `sampling`, in
/// thousandths: 1,000 to 1,000,000,000. A probability of 0 counts as one millionth.
pub fn weight(sampling: Ratio) -> u64 {
    WEIGHT_ONE
        .saturating_mul(1_000_000)
        .checked_div(u64::from(sampling.ppm().max(1)))
        .unwrap_or(0)
}

fn add(sum: &mut u64, value: u64) {
    *sum = sum.saturating_add(value).min(COUNT_MAX);
}

impl Counts {
    /// Counts one draft when it settles: when its verdict does, or when it is released. The label
    /// that a sampled release gets afterwards is counted by [`Self::look`].
    pub fn settle(&mut self, draft: &Settled) {
        add(&mut self.drafts, 1);
        if draft.released_at.is_some() {
            add(&mut self.released, 1);
            self.look(draft);
            return;
        }
        self.time(draft);
        match draft.ending {
            Ending::Approved | Ending::EditedNothing => add(&mut self.approved_unedited, 1),
            Ending::EditedCosmetic => add(&mut self.cosmetic, 1),
            Ending::EditedSubstantive => add(&mut self.substantive, 1),
            Ending::Rejected | Ending::SentBack => add(&mut self.rejected, 1),
            Ending::Responded => add(&mut self.responded, 1),
            _ => return,
        }
        add(&mut self.reviewed, 1);
    }

    /// Counts the label of a draft whose release was counted before; nothing without a label.
    pub fn look(&mut self, draft: &Settled) {
        let (Some(sampling), Some(label)) = (draft.released_at, draft.ending.label()) else {
            return;
        };
        self.time(draft);
        let weight = weight(sampling);
        add(&mut self.sampled, 1);
        add(&mut self.sampled_weight, weight);
        let square = weight.saturating_mul(weight).checked_div(WEIGHT_ONE);
        add(&mut self.sampled_weight_squares, square.unwrap_or(0));
        if !label.acceptable() {
            add(&mut self.sampled_failed, 1);
            add(&mut self.sampled_failed_weight, weight);
        }
    }

    /// A draft that was counted as right is found wrong later on: its label turns, and it is counted no
    /// second time. `draft` is as it was counted.
    pub fn turn(&mut self, draft: &Settled) {
        if let Some(sampling) = draft.released_at {
            if self.sampled_failed < self.sampled {
                add(&mut self.sampled_failed, 1);
                add(&mut self.sampled_failed_weight, weight(sampling));
            }
            return;
        }
        let right = match draft.ending {
            Ending::Approved | Ending::EditedNothing => &mut self.approved_unedited,
            Ending::EditedCosmetic => &mut self.cosmetic,
            _ => return,
        };
        if let Some(fewer) = right.checked_sub(1) {
            *right = fewer;
            add(&mut self.rejected, 1);
        }
    }

    fn time(&mut self, draft: &Settled) {
        if let (Some(ms), Some(_)) = (draft.verdict_ms, draft.ending.label()) {
            add(&mut self.verdict_ms, ms);
            add(&mut self.verdicts_timed, 1);
        }
    }

    /// Both together; any order and grouping of merges gives the same.
    pub fn merge(&mut self, other: &Self) {
        for (sum, value) in self.fields_mut().into_iter().zip(other.fields()) {
            add(sum, value);
        }
    }

    fn fields(&self) -> [u64; 15] {
        let mut copy = *self;
        copy.fields_mut().map(|field| *field)
    }

    fn fields_mut(&mut self) -> [&mut u64; 15] {
        [
            &mut self.drafts,
            &mut self.released,
            &mut self.reviewed,
            &mut self.approved_unedited,
            &mut self.cosmetic,
            &mut self.substantive,
            &mut self.rejected,
            &mut self.responded,
            &mut self.sampled,
            &mut self.sampled_failed,
            &mut self.sampled_weight,
            &mut self.sampled_failed_weight,
            &mut self.sampled_weight_squares,
            &mut self.verdict_ms,
            &mut self.verdicts_timed,
        ]
    }
}

/// A week's counts of one key, as they are stored and sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CountsRow {
    /// What it is about.
    #[serde(flatten)]
    pub key: CountsKey,
    /// What was counted.
    #[serde(flatten)]
    pub counts: Counts,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(endings: &[(Ending, Option<u32>)], expected: Counts) {
        let mut counts = Counts::default();
        for (ending, ppm) in endings {
            let released_at = ppm.map(Ratio::from_ppm);
            counts.settle(&Settled {
                ending: *ending,
                released_at,
                verdict_ms: Some(2_000),
            });
        }
        assert_eq!(counts, expected);
    }

    #[test]
    fn held_and_released_are_counted_apart() {
        check(
            &[
                (Ending::Approved, None),
                (Ending::SentBack, None),
                (Ending::Expired, None),
            ],
            Counts {
                drafts: 3,
                reviewed: 2,
                approved_unedited: 1,
                rejected: 1,
                verdict_ms: 4_000,
                verdicts_timed: 2,
                ..Counts::default()
            },
        );
        check(
            &[
                (Ending::Unseen, Some(100_000)),
                (Ending::Corrected, Some(100_000)),
                (Ending::Confirmed, Some(1_000_000)),
            ],
            Counts {
                drafts: 3,
                released: 3,
                sampled: 2,
                sampled_failed: 1,
                sampled_weight: 11_000,
                sampled_failed_weight: 10_000,
                sampled_weight_squares: 101_000,
                verdict_ms: 4_000,
                verdicts_timed: 2,
                ..Counts::default()
            },
        );
    }

    #[test]
    fn what_is_found_wrong_later_on_turns_where_it_was_counted() {
        let settled = |ending, ppm: Option<u32>| Settled {
            ending,
            released_at: ppm.map(Ratio::from_ppm),
            verdict_ms: None,
        };
        let mut turned = Counts::default();
        let mut from_the_start = Counts::default();
        for (was, ppm, is) in [
            (Ending::Approved, None, Ending::Rejected),
            (Ending::EditedCosmetic, None, Ending::Rejected),
            (Ending::EditedSubstantive, None, Ending::EditedSubstantive),
            (Ending::Confirmed, Some(100_000), Ending::Corrected),
        ] {
            turned.settle(&settled(was, ppm));
            turned.turn(&settled(was, ppm));
            from_the_start.settle(&settled(is, ppm));
        }
        assert_eq!(turned, from_the_start);
        turned.turn(&settled(Ending::Approved, None));
        turned.turn(&settled(Ending::Confirmed, Some(100_000)));
        assert_eq!(turned, from_the_start, "nothing is left to turn");
    }

    #[test]
    fn the_kind_of_an_edit_decides_its_label() {
        let label = |verdict, edit| Ending::of(verdict, edit).label();
        assert_eq!(label(VerdictKind::Edit, EditKind::None), Some(Label::Clean));
        assert_eq!(
            label(VerdictKind::Edit, EditKind::Cosmetic),
            Some(Label::Cosmetic)
        );
        assert_eq!(
            label(VerdictKind::Edit, EditKind::Substantive),
            Some(Label::Substantive)
        );
        assert_eq!(
            label(VerdictKind::SendBack, EditKind::None),
            Some(Label::Harmful)
        );
        assert_eq!(label(VerdictKind::HandledElsewhere, EditKind::None), None);
    }

    #[test]
    fn a_damaged_letter_earns_nothing() {
        for label in [
            Label::Clean,
            Label::Cosmetic,
            Label::Substantive,
            Label::Harmful,
        ] {
            assert_eq!(Label::from_letter(label.letter()), label);
        }
        assert_eq!(Label::from_letter('?'), Label::Harmful);
    }
}
