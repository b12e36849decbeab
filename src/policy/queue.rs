//! The life of a draft as one state machine: what may happen to it next, and what it then is. It
//! must not hold texts, and must not know how anything is stored or sent.
//!
//! ```text
//!              ┌────────────── undo ──────────────┐
//!              ▼                                  │
//!  held ───────┬─ approve, edit, reject … ──▶ pending ── settles ──▶ approved, edited, rejected,
//!  with_human ─┘                                  │                  responded, handled_elsewhere,
//!   │  ▲  ├─ first of two people: stays open      │                  sent_back
//!   │  │  ├─ defer: stays open, hidden until then │                      │
//!   │  │  └─ warn, backup, lead: stays open       │                      │
//!   │  └── late: held ▶ with_human                │                      │
//!   ├───── withdraw, supersede, head moves ───────┴──▶ withdrawn, superseded, stale
//!   └───── late or no longer wanted ─────────────────▶ expired           │
//!  released, approved, edited, responded ── outcome ──▶ done, failed, skipped, unconfirmed
//!        │                              failed, unconfirmed ──▶ done, skipped
//!        └─ confirm: looked at;  correct ──▶ corrected
//! ```
//!
//! Time alone never approves and never rejects: of what falls due by itself ([`Entry::next_due`])
//! only [`Command::Settle`] lets something out, and that is a verdict somebody gave.

mod decide;
mod first;
mod handover;
mod status;

use crate::claim::Weight;
use crate::deadline::{Deadline, Stage};
use crate::document::OnExpiry;
use crate::refusal::Refusal;
use crate::route::Route;
use crate::time::{DAY_MS, HOUR_MS, Millis};
use crate::verdict::VerdictKind;
pub use decide::Deferral;
pub use first::{Before, FIRSTS_MAX, First};
use serde::{Deserialize, Serialize};
pub use status::{Outcome, Status};

/// A draft is sent back at most this often; then a person decides otherwise.
pub const ROUNDS_MAX: u32 = 3;
/// A settled draft rests this long where it was decided: while agents ask for it, report what became
/// of it, and redraft what was sent back. Then the copy in D1 stands for it.
pub const SETTLED_KEEP_MS: u64 = HOUR_MS;
/// What rests longer: what was sent back for a week, since its redraft is linked to it and counts its
/// round; what nobody confirmed until somebody says what became of it.
pub const KEPT_LONGER: [(Status, u64); 2] = [
    (Status::SentBack, 7 * DAY_MS),
    (Status::Unconfirmed, u64::MAX),
];

/// Whether a draft that came at `came_at` may have left where it was decided: it was settled then, and
/// nothing of it is left to replace.
pub fn may_have_left(came_at: Millis, now: Millis) -> bool {
    now.since(came_at) >= SETTLED_KEEP_MS
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
    /// Who hid it last: while it is hidden they can take that back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deferral: Option<Deferral>,
    /// The person it was handed to; nobody else decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// The first of two people who agree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<First>,
    /// How often the agent drafted this again, because it was sent back.
    #[serde(default)]
    pub round: u32,
    /// When it is late, and how far its warnings have come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Deadline>,
    /// After this the agent no longer wants an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Millis>,
    /// What counts when somebody claims the next draft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<Weight>,
    /// Milliseconds within which the agent says what became of it; 0 asks for nothing.
    #[serde(default)]
    pub outcome_ms: u64,
    /// Until then the agent says what became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome_by: Option<Millis>,
    /// What the agent last said became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported: Option<Outcome>,
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
    /// It is handed to a named person, or to nobody in particular.
    Assign {
        /// Who hands it over.
        by: String,
        /// Whether they may take it from somebody else.
        may_take: bool,
        /// To whom.
        to: Option<String>,
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
    /// The time until which it was deferred has come.
    Return,
    /// Part of the deadline is over: someone else answers for it now.
    Reach(Stage),
    /// The agent takes the draft back.
    Withdraw,
    /// A newer draft replaces it.
    Supersede,
    /// The conversation has a newer head.
    AdvanceHead {
        /// The newest message.
        head: String,
    },
    /// Nobody answered in time, or the agent no longer wants an answer: it is told "no answer".
    Expire,
    /// A draft that was held becomes a person's.
    Escalate,
    /// A stop, a stricter policy or an undone earlier draft of its group takes back what has not
    /// settled.
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
    /// Digest of exactly what would leave; absent where nothing would.
    pub content: Option<String>,
    /// Whether two people must agree on what leaves.
    pub four_eyes: bool,
    /// Whether a draft of the same group that comes first is still open.
    pub earlier_open: bool,
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
            deferral: None,
            assignee: None,
            first: None,
            round: 0,
            deadline: None,
            expires_at: None,
            weight: None,
            outcome_ms: 0,
            outcome_by: None,
            reported: None,
        }
    }

    /// The reviewer whose claim counts at `now`.
    pub fn leased_by(&self, now: Millis) -> Option<&str> {
        self.lease
            .as_ref()
            .filter(|lease| lease.until > now)
            .map(|lease| lease.reviewer.as_str())
    }

    /// Whether `reviewer` can take it up at `now`: it waits, nobody else has it, and it isn't they
    /// who already agreed to what a second person must look at.
    pub fn is_free_for(&self, reviewer: &str, now: Millis) -> bool {
        let first = self.first.as_ref();
        self.status.is_open()
            && self.deferred_until.is_none_or(|until| until <= now)
            && first.is_none_or(|first| first.reviewer != reviewer)
            && handover::free_for(self, reviewer, now).is_ok()
    }

    /// Whether `reviewer` can look at it at `now`: it is out, and nobody else is looking.
    pub fn is_look_for(&self, reviewer: &str, now: Millis) -> bool {
        self.awaits_look() && handover::free_for(self, reviewer, now).is_ok()
    }

    /// Whether it is out and a person has yet to look at it.
    pub fn awaits_look(&self) -> bool {
        self.look_owed && self.status.is_out()
    }

    /// Whether somebody is to look a second time, at a draft that a person let out: they are shown it as
    /// if it had gone out by itself.
    pub fn is_blind_look(&self, decided: bool) -> bool {
        decided && self.awaits_look()
    }

    /// Whether this verdict waits for a second person to agree.
    pub fn awaits_second(&self, verdict_id: &str) -> bool {
        let first = self.first.as_ref();
        self.status.is_open() && first.is_some_and(|first| first.verdict_id == verdict_id)
    }

    /// Whether one person alone let out what waits for its undo window, where two must agree.
    pub fn lacks_second(&self, four_eyes: bool) -> bool {
        let alone = |pending: &Pending| {
            let first = self.first.as_ref();
            pending.kind.lets_out() && first.is_none_or(|first| first.reviewer == pending.reviewer)
        };
        four_eyes && self.pending.as_ref().is_some_and(alone)
    }

    /// How far its deadline has come.
    pub fn stage(&self) -> Stage {
        let deadline = self.deadline.as_ref();
        deadline.map_or(Stage::Waiting, |deadline| deadline.stage)
    }

    /// The round of a draft that replaces this one.
    pub fn next_round(&self) -> u32 {
        match self.status {
            Status::SentBack => self.round.saturating_add(1),
            _ => self.round,
        }
    }

    /// What falls due by itself, and when: the earliest first.
    pub fn next_due(&self) -> Option<(Millis, Command)> {
        let expires = self.expires_at.map(|at| (at, Command::Expire));
        if let Some(pending) = &self.pending {
            let settles = (pending.settles_at, Command::Settle);
            // What the agent no longer wants does not leave, though somebody approved it.
            return Some(match expires {
                Some(expires) if expires.0 <= settles.0 => expires,
                _ => settles,
            });
        }
        if self.status.may_leave() {
            return self.outcome_by.map(|at| (at, Command::Forget));
        }
        if !self.status.is_open() {
            return None;
        }
        let returns = self.deferred_until.map(|at| (at, Command::Return));
        let deadline = self.deadline.as_ref().and_then(|deadline| {
            let (at, stage) = deadline.next()?;
            let command = match (stage, deadline.on_late) {
                (Stage::Late, OnExpiry::Expire) => Command::Expire,
                (Stage::Late, OnExpiry::Human) => Command::Escalate,
                (stage, _) => Command::Reach(stage),
            };
            Some((at, command))
        });
        [expires, deadline, returns]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at)
    }

    /// When something falls due by itself.
    pub fn due_at(&self) -> Option<Millis> {
        self.next_due().map(|(at, _)| at)
    }

    /// The next version, in `status`, claimed by nobody and with no verdict waiting.
    fn changed(&self, status: Status) -> Self {
        Self {
            status,
            version: self.version.saturating_add(1),
            lease: None,
            pending: None,
            ..self.clone()
        }
    }

    /// The next version, in a status in which it waits for nobody.
    fn ended(&self, status: Status) -> Self {
        Self {
            deferred_until: None,
            assignee: None,
            first: None,
            outcome_by: None,
            ..self.changed(status)
        }
    }

    /// The next version, in a status in which what it says may leave from `now` on.
    fn let_out(&self, status: Status, now: Millis) -> Self {
        Self {
            outcome_by: (self.outcome_ms > 0).then(|| now.plus(self.outcome_ms)),
            ..self.ended(status)
        }
    }

    /// The same with the outcome awaited from `now` on, where it may leave at once.
    pub fn released_at(self, now: Millis) -> Self {
        match self.status {
            Status::Released => Self {
                outcome_by: (self.outcome_ms > 0).then(|| now.plus(self.outcome_ms)),
                ..self
            },
            _ => self,
        }
    }
}

/// The draft after `command`, or why that is not possible at `now`.
pub fn step(entry: &Entry, command: &Command, now: Millis) -> Result<Entry, Refusal> {
    match command {
        Command::Lease { reviewer, until } => handover::lease(entry, reviewer, *until, now),
        Command::Unlease { reviewer } => handover::unlease(entry, reviewer, now),
        Command::Assign { by, may_take, to } => {
            handover::assign(entry, by, *may_take, to.as_ref(), now)
        }
        Command::Decide {
            pending,
            version,
            head,
        } => decide::decide(entry, pending, *version, head, now),
        Command::Undo {
            reviewer,
            verdict_id,
        } => decide::undo(entry, reviewer, verdict_id, now),
        Command::Settle => decide::settle(entry, now),
        Command::Hold => decide::hold(entry),
        Command::Return if entry.status.is_open() => Ok(Entry {
            deferred_until: None,
            ..entry.clone()
        }),
        Command::Reach(stage) if entry.status.is_open() => Ok(reach(entry, *stage)),
        Command::Withdraw => leave_queue(entry, Status::Withdrawn),
        Command::Supersede => leave_queue(entry, Status::Superseded),
        Command::AdvanceHead { head } if *head == entry.head => Ok(entry.clone()),
        Command::AdvanceHead { .. } => leave_queue(entry, Status::Stale),
        Command::Expire => leave_queue(entry, Status::Expired),
        Command::Escalate if entry.status.is_open() => Ok(escalate(entry)),
        Command::Escalate | Command::Return | Command::Reach(_) => Err(Refusal::NotOpen),
        Command::Report { outcome } => report(entry, *outcome),
        Command::Forget if entry.status.may_leave() => Ok(told(entry, Status::Unconfirmed)),
        Command::Forget => Err(Refusal::NothingLeft),
    }
}

/// Someone else answers for it: from the backup on it is neither deferred nor handed to anybody, so
/// that who answers can decide.
fn reach(entry: &Entry, stage: Stage) -> Entry {
    let deadline = entry.deadline.clone();
    let reached = Entry {
        deadline: deadline.map(|deadline| Deadline { stage, ..deadline }),
        ..entry.clone()
    };
    match stage < Stage::Backup {
        true => reached,
        false => Entry {
            deferred_until: None,
            assignee: None,
            first: reached.first.as_ref().map(First::of_nobody),
            ..reached
        },
    }
}

/// What was held becomes a person's, and what one of two people approved is undone with it.
fn escalate(entry: &Entry) -> Entry {
    let reached = reach(entry, Stage::Late);
    match entry.status {
        Status::WithHuman => reached,
        _ => Entry {
            first: None,
            ..reached.changed(Status::WithHuman)
        },
    }
}

fn leave_queue(entry: &Entry, status: Status) -> Result<Entry, Refusal> {
    if entry.status.is_open() || entry.status == Status::Pending {
        Ok(entry.ended(status))
    } else {
        Err(Refusal::NotOpen)
    }
}

/// A repeat changes nothing. What failed may have worked when it was tried again, and what was called
/// wrong stays so, whatever its agent still says of it.
fn report(entry: &Entry, outcome: Outcome) -> Result<Entry, Refusal> {
    let said = outcome.status();
    let status = match entry.status {
        status if status == said || entry.reported == Some(outcome) => return Ok(entry.clone()),
        Status::Corrected => Status::Corrected,
        Status::Unconfirmed | Status::Failed => said,
        status if status.may_leave() => said,
        _ => return Err(Refusal::NothingLeft),
    };
    Ok(Entry {
        reported: Some(outcome),
        ..told(entry, status)
    })
}

/// What became of it is known: whoever looks at it goes on. What never left needs no look.
fn told(entry: &Entry, status: Status) -> Entry {
    Entry {
        lease: entry.lease.clone(),
        look_owed: entry.look_owed && status.is_out(),
        ..entry.ended(status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a released draft becomes whose agent says one after the other.
    fn check(said: &[Outcome], expected: Result<Status, Refusal>) {
        let released = Entry::new(Route::Release, true, "m1");
        let report = |entry: Entry, outcome: &Outcome| {
            let outcome = *outcome;
            step(&entry, &Command::Report { outcome }, Millis(0))
        };
        let became = said.iter().try_fold(released, report);
        assert_eq!(became.map(|entry| entry.status), expected, "{said:?}");
    }

    #[test]
    fn what_failed_may_work_in_the_end_and_nothing_else_is_taken_back() {
        use Outcome::{Done, Failed, Skipped};
        check(&[Failed, Done], Ok(Status::Done));
        check(&[Failed, Failed, Skipped], Ok(Status::Skipped));
        check(&[Failed, Done, Failed], Err(Refusal::NothingLeft));
        check(&[Done, Skipped], Err(Refusal::NothingLeft));
        check(&[Skipped, Done], Err(Refusal::NothingLeft));
    }

    #[test]
    fn what_never_left_is_owed_no_look() {
        let released = Entry::new(Route::Release, true, "m1");
        for (outcome, owed) in [(Outcome::Failed, true), (Outcome::Skipped, false)] {
            let said = step(&released, &Command::Report { outcome }, Millis(0)).unwrap();
            assert_eq!(said.look_owed, owed, "{outcome:?}");
        }
    }
}
