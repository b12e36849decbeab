//! What a draft is at each moment of its life, and what became of it once it left. It must not say
//! how one status follows another: `queue` does.

use serde::{Deserialize, Serialize};

/// What a draft is at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It may go out; the policy said so.
    Released,
    /// It waits for a verdict.
    Held,
    /// A person does it.
    WithHuman,
    /// It has a verdict that can still be taken back.
    Pending,
    /// It may go out as it is; a reviewer said so.
    Approved,
    /// It may go out as the reviewer wrote it.
    Edited,
    /// It does not go out.
    Rejected,
    /// The reviewer wrote the answer.
    Responded,
    /// It was dealt with in another way.
    HandledElsewhere,
    /// The agent is to draft again.
    SentBack,
    /// Nobody answered in time; neither approval nor rejection.
    Expired,
    /// The agent took it back.
    Withdrawn,
    /// The conversation went on without it.
    Stale,
    /// A newer draft replaced it.
    Superseded,
    /// It left, and worked.
    Done,
    /// It left, and failed.
    Failed,
    /// The agent did not send it.
    Skipped,
    /// The agent never said what became of it.
    Unconfirmed,
    /// It left, and was wrong.
    Corrected,
}

impl Status {
    /// Whether it waits for a person.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Held | Self::WithHuman)
    }

    /// Whether the agent has its answer: what may leave, or that nothing may.
    pub fn is_decided(self) -> bool {
        !self.is_open() && self != Self::Pending
    }

    /// Whether something may leave, or left.
    pub fn may_leave(self) -> bool {
        matches!(
            self,
            Self::Released | Self::Approved | Self::Edited | Self::Responded
        )
    }

    /// Whether it left, or may have: somebody can still look at it and call it wrong.
    pub fn is_out(self) -> bool {
        self.may_leave() || matches!(self, Self::Done | Self::Failed | Self::Unconfirmed)
    }

    /// As it stands in JSON and SQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::Held => "held",
            Self::WithHuman => "with_human",
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Edited => "edited",
            Self::Rejected => "rejected",
            Self::Responded => "responded",
            Self::HandledElsewhere => "handled_elsewhere",
            Self::SentBack => "sent_back",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Stale => "stale",
            Self::Superseded => "superseded",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Unconfirmed => "unconfirmed",
            Self::Corrected => "corrected",
        }
    }
}

/// What became of something that was allowed to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It left, and worked.
    Done,
    /// It left or was tried, and failed.
    Failed,
    /// The agent did not send it.
    Skipped,
}

impl Outcome {
    /// What a draft is of which it is said.
    pub fn status(self) -> Status {
        match self {
            Self::Done => Status::Done,
            Self::Failed => Status::Failed,
            Self::Skipped => Status::Skipped,
        }
    }
}
