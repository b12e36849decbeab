//! Why a step in a draft's life is not possible. It must not hold what was asked: `queue` says when
//! each is given, `problem` which code it becomes.

/// Why a command is not possible now. Nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It no longer waits for a person.
    NotOpen,
    /// Another reviewer claims it.
    LeasedByOther,
    /// It changed since the reviewer saw it.
    VersionConflict,
    /// The conversation went on since the reviewer saw it.
    HeadConflict,
    /// It belongs to a person: what the agent wrote can't be approved.
    BelongsToHuman,
    /// This verdict is for drafts that wait, and this one is out, or the other way round.
    VerdictNotApplicable,
    /// It was handed to somebody else.
    AssignedToOther,
    /// Two people must agree on what leaves, and this one was the first.
    SecondPersonNeeded,
    /// A draft of the same group that comes first is still open.
    NotItsTurn,
    /// It was sent back as often as it may be.
    RoundsExhausted,
    /// There is no verdict to take back.
    NothingToUndo,
    /// The undo window is over.
    TooLateToUndo,
    /// Somebody else gave it.
    NotYours,
    /// The undo window is not over yet.
    NotYetSettled,
    /// Nothing of this draft may leave, so it has no outcome.
    NothingLeft,
}
