//! The life of a draft as one state machine: what may happen to it next, and what it then is. It
//! must not hold texts, and must not know how anything is stored or sent.
//!
//! ```text
//!              ┌────────────── undo ──────────────┐
//!              ▼                                  │
//!  held ───────┬─ approve, edit, reject … ──▶ pending ── settles ──▶ approved, edited, rejected,
//!  with_human ─┘                                  │                  responded, handled_elsewhere,
//!   │  ▲  └─ defer: stays held until then         │                  sent_back
//!   │  └── escalate (held ▶ with_human)           │                      │
//!   └───── withdraw, supersede, head moves ───────┴──▶ withdrawn, superseded, stale
//!   └───── expire ──▶ expired                                           │
//!  released, approved, edited, responded ── outcome ──▶ done, failed, skipped, unconfirmed
//!        └─ confirm: looked at;  correct ──▶ corrected
//! ```

use crate::refusal::Refusal;
use crate::route::Route;
use crate::time::Millis;
use crate::verdict::VerdictKind;
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

/// The live state of one draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Entry {
    /// What it is.
    pub status: Status,
    /// Raised by every step that a verdict must have seen; from 1.
    pub version: u32,
    /// The conversation's head when the draft was made.
    pub head: String,
    /// Whether a look at what went out is still owed.
    pub look_owed: bool,
    /// Who claims it, and until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// The verdict that can still be taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
    /// Hidden from the queue until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deferred_until: Option<Millis>,
}

/// A reviewer's time-limited claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Lease {
    /// The reviewer's id.
    pub reviewer: String,
    /// After this it is anybody's.
    pub until: Millis,
}

/// A verdict within its undo window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Pending {
    /// The client-made id of the verdict.
    pub verdict_id: String,
    /// Which one.
    pub kind: VerdictKind,
    /// Who gave it.
    pub reviewer: String,
    /// From then on it counts.
    pub settles_at: Millis,
    /// What the draft was before, for an exact undo.
    pub from: Status,
}

/// Something that happens to a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A reviewer claims it, or renews the claim.
    Lease {
        /// Who.
        reviewer: String,
        /// Until when.
        until: Millis,
    },
    /// A reviewer lets it go.
    Unlease {
        /// Who.
        reviewer: String,
    },
    /// A reviewer decides.
    Decide {
        /// The verdict's id, kind, author and the end of its undo window.
        pending: NewVerdict,
        /// The version that the reviewer saw.
        version: u32,
        /// The head that the reviewer saw.
        head: String,
    },
    /// A reviewer takes a verdict back.
    Undo {
        /// Who.
        reviewer: String,
        /// Which one.
        verdict_id: String,
    },
    /// The undo window is over.
    Settle,
    /// The agent takes the draft back.
    Withdraw,
    /// A newer draft replaces it.
    Supersede,
    /// The conversation has a newer head.
    AdvanceHead {
        /// The newest message.
        head: String,
    },
    /// The deadline passed and the policy says that the agent is told "no answer".
    Expire,
    /// A draft that was held becomes a person's.
    Escalate,
    /// A stop or a stricter policy takes back a verdict that has not settled.
    Hold,
    /// The agent says what became of it.
    Report {
        /// Done, failed or skipped.
        outcome: Outcome,
    },
    /// The agent did not say in time.
    Forget,
}

/// A verdict as it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVerdict {
    /// The client-made id.
    pub verdict_id: String,
    /// Which one.
    pub kind: VerdictKind,
    /// Who gives it.
    pub reviewer: String,
    /// End of the undo window; for `defer`, when the draft comes back.
    pub settles_at: Millis,
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

impl Entry {
    /// A draft as it comes from the policy.
    pub fn new(route: Route, sampled: bool, head: &str) -> Self {
        let status = match route {
            Route::Release => Status::Released,
            Route::Review => Status::Held,
            Route::Human => Status::WithHuman,
        };
        Self {
            status,
            version: 1,
            head: head.to_owned(),
            look_owed: sampled,
            lease: None,
            pending: None,
            deferred_until: None,
        }
    }

    /// The reviewer whose claim counts at `now`.
    pub fn leased_by(&self, now: Millis) -> Option<&str> {
        self.lease
            .as_ref()
            .filter(|lease| lease.until > now)
            .map(|lease| lease.reviewer.as_str())
    }

    /// When something falls due by itself: a verdict settles or a deferred draft comes back.
    pub fn due_at(&self) -> Option<Millis> {
        match &self.pending {
            Some(pending) => Some(pending.settles_at),
            None => self.deferred_until,
        }
    }
}

/// The draft after `command`, or why that is not possible at `now`.
pub fn step(entry: &Entry, command: &Command, now: Millis) -> Result<Entry, Refusal> {
    match command {
        Command::Lease { reviewer, until } => lease(entry, reviewer, *until, now),
        Command::Unlease { reviewer } => match entry.leased_by(now) {
            Some(holder) if holder != reviewer => Err(Refusal::LeasedByOther),
            _ => Ok(Entry {
                lease: None,
                ..entry.clone()
            }),
        },
        Command::Decide {
            pending,
            version,
            head,
        } => decide(entry, pending, *version, head, now),
        Command::Undo {
            reviewer,
            verdict_id,
        } => undo(entry, reviewer, verdict_id, now),
        Command::Settle => settle(entry, now),
        Command::Withdraw => leave_queue(entry, Status::Withdrawn),
        Command::Supersede => leave_queue(entry, Status::Superseded),
        Command::AdvanceHead { head } if *head == entry.head => Ok(entry.clone()),
        Command::AdvanceHead { .. } => leave_queue(entry, Status::Stale),
        Command::Expire if entry.status.is_open() => leave_queue(entry, Status::Expired),
        Command::Escalate if entry.status == Status::Held => Ok(entry.changed(Status::WithHuman)),
        Command::Expire | Command::Escalate => Err(Refusal::NotOpen),
        Command::Hold => match &entry.pending {
            Some(pending) => Ok(entry.changed(pending.from)),
            None => Err(Refusal::NothingToUndo),
        },
        Command::Report { outcome } => report(entry, *outcome),
        Command::Forget if entry.status.may_leave() => Ok(entry.changed(Status::Unconfirmed)),
        Command::Forget => Err(Refusal::NothingLeft),
    }
}

fn lease(entry: &Entry, reviewer: &str, until: Millis, now: Millis) -> Result<Entry, Refusal> {
    if !entry.status.is_open() {
        return Err(Refusal::NotOpen);
    }
    if entry
        .leased_by(now)
        .is_some_and(|holder| holder != reviewer)
    {
        return Err(Refusal::LeasedByOther);
    }
    let lease = Lease {
        reviewer: reviewer.to_owned(),
        until,
    };
    Ok(Entry {
        lease: Some(lease),
        ..entry.clone()
    })
}

fn decide(
    entry: &Entry,
    verdict: &NewVerdict,
    version: u32,
    head: &str,
    now: Millis,
) -> Result<Entry, Refusal> {
    let after_the_fact = matches!(verdict.kind, VerdictKind::Confirm | VerdictKind::Correct);
    match (after_the_fact, entry.status) {
        (true, status) if status.is_open() || status == Status::Pending => {
            return Err(Refusal::VerdictNotApplicable);
        }
        (false, status) if !status.is_open() => return Err(Refusal::NotOpen),
        _ => {}
    }
    if entry
        .leased_by(now)
        .is_some_and(|holder| holder != verdict.reviewer)
    {
        return Err(Refusal::LeasedByOther);
    }
    if version != entry.version {
        return Err(Refusal::VersionConflict);
    }
    if head != entry.head {
        return Err(Refusal::HeadConflict);
    }
    match verdict.kind {
        VerdictKind::Approve | VerdictKind::Edit if entry.status == Status::WithHuman => {
            Err(Refusal::BelongsToHuman)
        }
        VerdictKind::Confirm | VerdictKind::Correct => look(entry, verdict.kind),
        VerdictKind::Defer => Ok(Entry {
            deferred_until: Some(verdict.settles_at),
            ..entry.changed(entry.status)
        }),
        _ => Ok(Entry {
            pending: Some(Pending {
                verdict_id: verdict.verdict_id.clone(),
                kind: verdict.kind,
                reviewer: verdict.reviewer.clone(),
                settles_at: verdict.settles_at,
                from: entry.status,
            }),
            ..entry.changed(Status::Pending)
        }),
    }
}

/// A look at something that is already out.
fn look(entry: &Entry, kind: VerdictKind) -> Result<Entry, Refusal> {
    let left = entry.status.may_leave()
        || matches!(
            entry.status,
            Status::Done | Status::Failed | Status::Unconfirmed
        );
    match (left, kind) {
        (false, _) => Err(Refusal::VerdictNotApplicable),
        (true, VerdictKind::Correct) => Ok(Entry {
            look_owed: false,
            ..entry.changed(Status::Corrected)
        }),
        (true, _) => Ok(Entry {
            look_owed: false,
            ..entry.changed(entry.status)
        }),
    }
}

fn undo(entry: &Entry, reviewer: &str, verdict_id: &str, now: Millis) -> Result<Entry, Refusal> {
    let Some(pending) = &entry.pending else {
        let settled = entry.status.is_decided();
        return Err(if settled {
            Refusal::TooLateToUndo
        } else {
            Refusal::NothingToUndo
        });
    };
    if pending.verdict_id != verdict_id {
        Err(Refusal::NothingToUndo)
    } else if pending.reviewer != reviewer {
        Err(Refusal::NotYours)
    } else if pending.settles_at <= now {
        Err(Refusal::TooLateToUndo)
    } else {
        Ok(entry.changed(pending.from))
    }
}

fn settle(entry: &Entry, now: Millis) -> Result<Entry, Refusal> {
    let pending = entry.pending.as_ref().ok_or(Refusal::NothingToUndo)?;
    if pending.settles_at > now {
        return Err(Refusal::NotYetSettled);
    }
    Ok(entry.changed(match pending.kind {
        VerdictKind::Approve => Status::Approved,
        VerdictKind::Edit => Status::Edited,
        VerdictKind::Reject => Status::Rejected,
        VerdictKind::Respond => Status::Responded,
        VerdictKind::HandledElsewhere => Status::HandledElsewhere,
        VerdictKind::SendBack => Status::SentBack,
        // These never wait; a stored one goes back to a person rather than out.
        VerdictKind::Defer | VerdictKind::Confirm | VerdictKind::Correct => pending.from,
    }))
}

fn leave_queue(entry: &Entry, status: Status) -> Result<Entry, Refusal> {
    if entry.status.is_open() || entry.status == Status::Pending {
        Ok(entry.changed(status))
    } else {
        Err(Refusal::NotOpen)
    }
}

fn report(entry: &Entry, outcome: Outcome) -> Result<Entry, Refusal> {
    if !entry.status.may_leave() && entry.status != Status::Unconfirmed {
        return Err(Refusal::NothingLeft);
    }
    Ok(entry.changed(match outcome {
        Outcome::Done => Status::Done,
        Outcome::Failed => Status::Failed,
        Outcome::Skipped => Status::Skipped,
    }))
}

impl Entry {
    /// The next version, in `status`, claimed by nobody and with no verdict waiting.
    fn changed(&self, status: Status) -> Self {
        Self {
            status,
            version: self.version.saturating_add(1),
            head: self.head.clone(),
            look_owed: self.look_owed,
            lease: None,
            pending: None,
            deferred_until: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_000_000);

    fn held() -> Entry {
        Entry::new(Route::Review, false, "m1")
    }

    fn verdict(kind: VerdictKind, reviewer: &str, version: u32) -> Command {
        let settles_at = NOW.plus(8_000);
        let (verdict_id, reviewer) = ("v1".to_owned(), reviewer.to_owned());
        let pending = NewVerdict {
            verdict_id,
            kind,
            reviewer,
            settles_at,
        };
        Command::Decide {
            pending,
            version,
            head: "m1".into(),
        }
    }

    fn check(entry: &Entry, command: &Command, now: Millis, expected: Result<Status, Refusal>) {
        assert_eq!(
            step(entry, command, now).map(|entry| entry.status),
            expected,
            "{command:?}"
        );
    }

    #[test]
    fn a_verdict_waits_out_its_window_and_then_counts() {
        let pending = step(&held(), &verdict(VerdictKind::Approve, "mia", 1), NOW).unwrap();
        assert_eq!(pending.status, Status::Pending);
        check(
            &pending,
            &Command::Settle,
            NOW.plus(7_999),
            Err(Refusal::NotYetSettled),
        );
        check(
            &pending,
            &Command::Settle,
            NOW.plus(8_000),
            Ok(Status::Approved),
        );
        let undo = Command::Undo {
            reviewer: "mia".into(),
            verdict_id: "v1".into(),
        };
        check(&pending, &undo, NOW.plus(7_999), Ok(Status::Held));
        check(
            &pending,
            &undo,
            NOW.plus(8_000),
            Err(Refusal::TooLateToUndo),
        );
        let other = Command::Undo {
            reviewer: "tom".into(),
            verdict_id: "v1".into(),
        };
        check(&pending, &other, NOW, Err(Refusal::NotYours));
    }

    #[test]
    fn the_loser_of_a_race_is_refused() {
        let pending = step(&held(), &verdict(VerdictKind::Approve, "mia", 1), NOW).unwrap();
        check(
            &pending,
            &verdict(VerdictKind::Reject, "tom", 1),
            NOW,
            Err(Refusal::NotOpen),
        );
        let lease = Command::Lease {
            reviewer: "mia".into(),
            until: NOW.plus(60_000),
        };
        let leased = step(&held(), &lease, NOW).unwrap();
        let reject = verdict(VerdictKind::Reject, "tom", 1);
        check(&leased, &reject, NOW, Err(Refusal::LeasedByOther));
        check(&leased, &reject, NOW.plus(60_000), Ok(Status::Pending));
        check(
            &held(),
            &verdict(VerdictKind::Approve, "mia", 2),
            NOW,
            Err(Refusal::VersionConflict),
        );
    }

    #[test]
    fn what_belongs_to_a_person_is_never_approved() {
        let human = Entry::new(Route::Human, false, "m1");
        check(
            &human,
            &verdict(VerdictKind::Approve, "mia", 1),
            NOW,
            Err(Refusal::BelongsToHuman),
        );
        check(
            &human,
            &verdict(VerdictKind::Edit, "mia", 1),
            NOW,
            Err(Refusal::BelongsToHuman),
        );
        check(
            &human,
            &verdict(VerdictKind::Respond, "mia", 1),
            NOW,
            Ok(Status::Pending),
        );
    }

    #[test]
    fn a_newer_head_takes_the_draft_away_even_in_its_undo_window() {
        let pending = step(&held(), &verdict(VerdictKind::Approve, "mia", 1), NOW).unwrap();
        let head = |head: &str| Command::AdvanceHead { head: head.into() };
        check(&pending, &head("m2"), NOW, Ok(Status::Stale));
        check(&pending, &head("m1"), NOW, Ok(Status::Pending));
    }
}
