//! Every way in which a request can be refused: stable codes, their HTTP status and title. It must
//! not hold details of one request: those stand beside the code.

use crate::invalid::Fault;
use crate::refusal::Refusal;
use crate::trust::propose;
use serde::{Deserialize, Serialize};

/// Seconds after which something that was too much fits: what is counted is counted by the minute.
const TOO_MUCH_S: u32 = 60;
/// Seconds after which what can't be reached is worth asking for again: a database that is busy, rows on their
/// way to it. As long as the keys of an issuer that didn't answer are not asked for anew.
const AWAY_S: u32 = 10;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident => $name:literal, $status:literal, $title:literal;)*) => {
        /// A stable problem code. Clients may branch on it; it is never renamed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum Code {
            $(#[doc = $title] #[serde(rename = $name)] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As it stands in `code`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The HTTP status.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status),* }
            }

            /// What it means, for people.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }
        }
    };
}

codes! {
    MalformedJson => "malformed_json", 400, "The body is not JSON.";
    InvalidParameter => "invalid_parameter", 400, "A path or query parameter has no such form.";
    TooDeep => "too_deep", 400, "The body is nested too deeply.";
    IdempotencyKeyMissing => "idempotency_key_missing", 400, "The request needs an Idempotency-Key header.";
    KeyMissing => "key_missing", 401, "The request has no API key.";
    KeyInvalid => "key_invalid", 401, "The API key is wrong or revoked.";
    SessionRequired => "session_required", 401, "The request needs a reviewer's session.";
    InvitationInvalid => "invitation_invalid", 401, "The invitation is wrong, used or expired.";
    Forbidden => "forbidden", 403, "The role or key may not do this.";
    WrongRole => "wrong_role", 403, "Only a lead answers proposals and changes levels.";
    OutsideKey => "outside_key", 403, "The key may not ask for this.";
    SelfApproval => "self_approval", 403, "The draft is your own agent's, and the policy wants somebody else to let it out.";
    SecondLeadNeeded => "second_lead_needed", 403, "Another lead than its author confirms it.";
    OriginRefused => "origin_refused", 403, "The request comes from another site.";
    NotFound => "not_found", 404, "There is no such thing.";
    MethodNotAllowed => "method_not_allowed", 405, "This path has no such method.";
    BodyTooSlow => "body_too_slow", 408, "The body did not arrive in time.";
    IdempotencyConflict => "idempotency_conflict", 409, "The same key came with other content.";
    NotOpen => "not_open", 409, "The draft no longer waits for a verdict.";
    LeasedByOther => "leased_by_other", 409, "Another reviewer claims the draft.";
    VersionConflict => "version_conflict", 409, "The draft changed since it was shown.";
    HeadConflict => "head_conflict", 409, "The conversation went on since the draft was shown.";
    ViewConflict => "view_conflict", 409, "What was shown is not what the service holds.";
    BelongsToHuman => "belongs_to_human", 409, "The draft belongs to a person and can't be approved.";
    VerdictNotApplicable => "verdict_not_applicable", 409, "This verdict does not fit the draft's status.";
    AssignedToOther => "assigned_to_other", 409, "The draft was handed to somebody else.";
    SecondPersonNeeded => "second_person_needed", 409, "A second person must agree on what leaves.";
    NotItsTurn => "not_its_turn", 409, "An earlier draft of the same group is still open.";
    RoundsExhausted => "rounds_exhausted", 409, "The draft was sent back as often as it may be.";
    SameReviewer => "same_reviewer", 409, "Another person than the first has to look a second time.";
    NotInBatch => "not_in_batch", 409, "This is decided one at a time, not in a batch.";
    NothingToUndo => "nothing_to_undo", 409, "There is no such verdict to take back.";
    TooLateToUndo => "too_late_to_undo", 409, "The undo window is over.";
    NotYours => "not_yours", 409, "Somebody else gave the verdict.";
    NothingLeft => "nothing_left", 409, "Nothing of the draft may leave, or another outcome of it was reported before.";
    Stopped => "stopped", 409, "A stop covers the draft: nothing of it may leave now.";
    WebhookDisabled => "webhook_disabled", 409, "The webhook's receiver wanted no more: rotate its secret first.";
    CopyNeeded => "copy_needed", 409, "The record lacks this row: it can be replayed, not dropped.";
    TenantExists => "tenant_exists", 409, "A tenant of that name exists.";
    LevelChanged => "level_changed", 409, "The level is not the one that the proposal starts from.";
    PolicyChanged => "policy_changed", 409, "Another policy version is active than when it was proposed.";
    VersionChanged => "version_changed", 409, "The agent posts with another version now.";
    AboveCeiling => "above_ceiling", 409, "The category's ceiling is below this level.";
    Resting => "resting", 409, "No step up so soon after a step, a demotion or a declined proposal.";
    EvidenceChanged => "evidence_changed", 409, "Labels came in since, and the rules for this level no longer hold.";
    ProposalExpired => "proposal_expired", 409, "The proposal waited too long.";
    ProposalAnswered => "proposal_answered", 409, "The proposal was answered in another way before.";
    NotLower => "not_lower", 409, "By hand a level is only lowered; it rises by a confirmed proposal.";
    OnHold => "on_hold", 409, "A legal hold keeps this.";
    LastLead => "last_lead", 409, "A tenant keeps at least one lead.";
    PolicyConflict => "policy_conflict", 412, "Another policy version is active.";
    BodyTooLarge => "body_too_large", 413, "The body is above its limit.";
    UnknownField => "unknown_field", 422, "The body has a field that the contract doesn't know.";
    InvalidField => "invalid_field", 422, "A field is missing, of another type, or outside its range.";
    TooLong => "too_long", 422, "A text or list is above its limit.";
    PolicyInvalid => "policy_invalid", 422, "The policy has faults; the active one stays.";
    DestinationRefused => "destination_refused", 422, "This address may not be called.";
    ReasonMissing => "reason_missing", 422, "This needs a reason.";
    PreconditionRequired => "precondition_required", 428, "The request needs an If-Match header.";
    TooManyRequests => "too_many_requests", 429, "Slow down.";
    PostRateExceeded => "post_rate_exceeded", 429, "The tenant's agents post more in a minute than its policy allows.";
    QueueFull => "queue_full", 429, "Too many drafts wait for people: post again later.";
    Internal => "internal", 500, "Something broke on our side.";
    NotConfigured => "not_configured", 500, "The deployment lacks a setting: its operator has to make it.";
    Unavailable => "unavailable", 503, "A part of the service can't be reached now.";
}

impl Code {
    /// Seconds after which the same request may get another answer; none where it gets this one again, or
    /// nobody knows.
    pub fn retry_after_s(self) -> Option<u32> {
        match self.status() {
            429 => Some(TOO_MUCH_S),
            503 => Some(AWAY_S),
            _ => None,
        }
    }
}

impl From<Fault> for Code {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Malformed => Self::MalformedJson,
            Fault::TooDeep => Self::TooDeep,
            Fault::UnknownField => Self::UnknownField,
            Fault::InvalidField => Self::InvalidField,
            Fault::TooLong => Self::TooLong,
        }
    }
}

impl From<propose::Refusal> for Code {
    fn from(refusal: propose::Refusal) -> Self {
        match refusal {
            propose::Refusal::WrongRole => Self::WrongRole,
            propose::Refusal::Expired => Self::ProposalExpired,
            propose::Refusal::LevelChanged => Self::LevelChanged,
            propose::Refusal::PolicyChanged => Self::PolicyChanged,
            propose::Refusal::VersionChanged => Self::VersionChanged,
            propose::Refusal::AboveCeiling => Self::AboveCeiling,
            propose::Refusal::Resting => Self::Resting,
            propose::Refusal::EvidenceChanged => Self::EvidenceChanged,
            propose::Refusal::ReasonMissing => Self::ReasonMissing,
            propose::Refusal::NotLower => Self::NotLower,
        }
    }
}

impl From<Refusal> for Code {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotOpen => Self::NotOpen,
            Refusal::LeasedByOther => Self::LeasedByOther,
            Refusal::VersionConflict => Self::VersionConflict,
            Refusal::HeadConflict => Self::HeadConflict,
            Refusal::BelongsToHuman => Self::BelongsToHuman,
            Refusal::VerdictNotApplicable => Self::VerdictNotApplicable,
            Refusal::AssignedToOther => Self::AssignedToOther,
            Refusal::SecondPersonNeeded => Self::SecondPersonNeeded,
            Refusal::NotItsTurn => Self::NotItsTurn,
            Refusal::RoundsExhausted => Self::RoundsExhausted,
            Refusal::NothingToUndo | Refusal::NotYetSettled => Self::NothingToUndo,
            Refusal::TooLateToUndo => Self::TooLateToUndo,
            Refusal::NotYours => Self::NotYours,
            Refusal::NothingLeft => Self::NothingLeft,
        }
    }
}
