//! What a reviewer says of a draft, and what trust counts of it. It must not change a draft:
//! `queue` says what follows.

use crate::catalogue::{Catalogue, edit_faults};
use crate::draft::{
    Content, Draft, Kind, LINE_BYTES_MAX, NAME_BYTES_MAX, TEXT_BYTES_MAX, content_faults,
};
use crate::invalid::{Invalid, bound_text};
use crate::signal::{Signal, SignalCode};
use crate::time::{DAY_MS, Millis};
use serde::{Deserialize, Serialize};

/// A draft is deferred by 31 days at most: longer is not waiting but forgetting.
pub const DEFER_MS_MAX: u64 = 31 * DAY_MS;
/// A lesson: one line, as long as a recipient's.
pub const LESSON_BYTES_MAX: u32 = LINE_BYTES_MAX;

/// A verdict as the page sends it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Verdict {
    /// Goes out as it is.
    Approve,
    /// Goes out as the reviewer wrote it.
    Edit {
        /// What leaves instead.
        draft: Content,
        /// One line that travels with the example.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lesson: Option<String>,
        /// True for an edit that must not become an example.
        #[serde(default)]
        one_off: bool,
    },
    /// Does not go out.
    Reject {
        /// One of the category's reasons, or the reviewer's own.
        reason: String,
        /// More, in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// Whether the agent may try again.
        #[serde(default)]
        may_retry: bool,
    },
    /// The reviewer wrote the answer to a message; the agent sends it.
    Respond {
        /// What leaves.
        draft: Content,
    },
    /// It was dealt with in another way; nothing leaves.
    HandledElsewhere {
        /// How, in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// The agent is to draft again.
    SendBack {
        /// What to do differently.
        instruction: String,
    },
    /// Comes back later; its deadline runs on.
    Defer {
        /// When.
        until: Millis,
        /// For whoever takes it then; the agent is not told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// What went out was right.
    Confirm,
    /// What went out was wrong.
    Correct {
        /// What is done about it.
        remedy: Remedy,
        /// What it should have been.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        draft: Option<Content>,
        /// More, in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
}

/// What is done about a draft that should not have gone out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// The agent writes again.
    FollowUp,
    /// The agent takes it back.
    Reversal,
    /// Nothing.
    None,
}

/// The names of the verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each stands with its meaning at `Verdict`")]
pub enum VerdictKind {
    Approve,
    Edit,
    Reject,
    Respond,
    HandledElsewhere,
    SendBack,
    Defer,
    Confirm,
    Correct,
}

impl VerdictKind {
    /// Whether something leaves by it, which no stop allows: what the agent drafted, or what the reviewer wrote
    /// instead.
    pub fn lets_out(self) -> bool {
        matches!(self, Self::Approve | Self::Edit | Self::Respond)
    }
}

/// Whether a reviewer would let out what came by a key of their `own`, be it in their own
/// words, where the policy doesn't allow that.
pub fn is_self_approval(kind: VerdictKind, own: bool, allowed: bool) -> bool {
    !allowed && kind.lets_out() && own
}

impl Verdict {
    /// Its name.
    pub fn kind(&self) -> VerdictKind {
        match self {
            Self::Approve => VerdictKind::Approve,
            Self::Edit { .. } => VerdictKind::Edit,
            Self::Reject { .. } => VerdictKind::Reject,
            Self::Respond { .. } => VerdictKind::Respond,
            Self::HandledElsewhere { .. } => VerdictKind::HandledElsewhere,
            Self::SendBack { .. } => VerdictKind::SendBack,
            Self::Defer { .. } => VerdictKind::Defer,
            Self::Confirm => VerdictKind::Confirm,
            Self::Correct { .. } => VerdictKind::Correct,
        }
    }

    /// The limits that it breaks for this draft; an edit obeys those of a draft.
    pub fn faults(&self, draft: &Draft) -> Vec<Invalid> {
        let mut faults = Vec::new();
        let words = match self {
            Self::Edit {
                draft: content,
                lesson,
                ..
            } => {
                content_faults(&mut faults, "/verdict/draft", content, draft.kind);
                lesson
                    .as_ref()
                    .map(|text| ("/verdict/lesson", text, LESSON_BYTES_MAX))
            }
            Self::Respond { draft: content } => {
                // Nobody writes an action past the catalogue and the policy.
                if draft.kind == Kind::Action {
                    let detail = "an action is not answered: edit it, or handle it elsewhere";
                    faults.push(Invalid::field("/verdict/kind", detail));
                }
                content_faults(&mut faults, "/verdict/draft", content, draft.kind);
                None
            }
            Self::Correct {
                draft: content,
                note,
                ..
            } => {
                if let Some(content) = content {
                    content_faults(&mut faults, "/verdict/draft", content, draft.kind);
                }
                note.as_ref()
                    .map(|text| ("/verdict/note", text, TEXT_BYTES_MAX))
            }
            Self::Reject { reason, note, .. } => {
                if reason.trim().is_empty() {
                    faults.push(Invalid::field("/verdict/reason", "empty"));
                }
                bound_text(&mut faults, "/verdict/reason", reason, NAME_BYTES_MAX);
                note.as_ref()
                    .map(|text| ("/verdict/note", text, TEXT_BYTES_MAX))
            }
            Self::SendBack { instruction } => {
                if instruction.trim().is_empty() {
                    faults.push(Invalid::field("/verdict/instruction", "empty"));
                }
                Some(("/verdict/instruction", instruction, TEXT_BYTES_MAX))
            }
            Self::HandledElsewhere { note } | Self::Defer { note, .. } => note
                .as_ref()
                .map(|text| ("/verdict/note", text, TEXT_BYTES_MAX)),
            Self::Approve | Self::Confirm => None,
        };
        if let Some((pointer, text, limit)) = words {
            bound_text(&mut faults, pointer, text, limit);
        }
        faults
    }

    /// The faults that depend on the moment and on the action catalogue: an edit of an action obeys
    /// the catalogue, and a draft is deferred by a month at most.
    pub fn faults_at(&self, draft: &Draft, catalogue: &Catalogue, now: Millis) -> Vec<Invalid> {
        match self {
            Self::Defer { until, .. } if *until <= now || until.since(now) > DEFER_MS_MAX => {
                let detail = "not within the next 31 days";
                vec![Invalid::field("/verdict/until", detail)]
            }
            Self::Edit { draft: edited, .. } => match (&draft.draft.action, &edited.action) {
                (Some(before), Some(after)) => {
                    let entry = catalogue.get(&before.name);
                    edit_faults(entry, before, after, "/verdict/draft/action")
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// Whether it may come in a batch: nothing that the reviewer wrote, and nothing where an error
    /// is dear. `signals` are those of the decision.
    pub fn fits_batch(&self, signals: &[Signal]) -> bool {
        let written = matches!(
            self,
            Self::Edit { .. } | Self::Respond { .. } | Self::Correct { .. }
        );
        let dear = signals.iter().any(|signal| {
            matches!(
                signal.code,
                SignalCode::HighStakes | SignalCode::Irreversible | SignalCode::UnlistedAction
            )
        });
        !written && !dear
    }

    /// The draft as the policy looks at it again before it leaves: with the action that the reviewer
    /// made of the agent's. What a reviewer writes in words is a person's own.
    pub fn applied_to(&self, draft: &Draft) -> Draft {
        match self {
            Self::Edit { draft: edited, .. } if draft.kind == Kind::Action => Draft {
                draft: edited.clone(),
                ..draft.clone()
            },
            _ => draft.clone(),
        }
    }

    /// Exactly what may leave once this verdict on `draft` settles; `None` when nothing may.
    pub fn outgoing(&self, draft: &Draft) -> Option<Content> {
        match self {
            Self::Approve => Some(draft.draft.clone()),
            Self::Edit { draft, .. } | Self::Respond { draft } => Some(draft.clone()),
            Self::Reject { .. }
            | Self::HandledElsewhere { .. }
            | Self::SendBack { .. }
            | Self::Defer { .. }
            | Self::Confirm
            | Self::Correct { .. } => None,
        }
    }
}
