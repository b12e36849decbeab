//! A step up: proposed on evidence, confirmed by a lead, one level at a time. It must not raise a
//! level by itself, unless the policy says so for the category, and never above the ceiling.
//!
//! ```text
//!   earned ──propose──▶ open ──confirm──▶ the next level
//!                        │ └───decline──▶ the same level, 14 days of rest
//!                        └──anything changed, or 14 days──▶ stale, proposed anew if still earned
//! ```
//!
//! Going up takes longer the more often a level was lost (hysteresis): the rest after a demotion is
//! 14 days, doubled for each earlier one within 180 days, 112 at most; and the record starts again
//! (`Record::restart`). Level 3 is not proposed before 60 days at level 2: sampling comes only after
//! months of record.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "constants of days, in milliseconds"
)]

use super::demote::Cause;
use super::ready::{Readiness, Record, WeekOfLabels, assess, ready};
use crate::level::Level;
use crate::time::{DAY_MS, Millis};
use serde::{Deserialize, Serialize};

/// How long a proposal waits for an answer.
pub const PROPOSAL_MS: u64 = 14 * DAY_MS;
/// The rest after a declined proposal.
pub const DECLINED_REST_MS: u64 = 14 * DAY_MS;
/// The rest after a first demotion.
pub const DEMOTED_REST_MS: u64 = 14 * DAY_MS;
/// Demotions within this time double the rest.
pub const DEMOTIONS_REMEMBERED_MS: u64 = 180 * DAY_MS;
/// The rest after a step up.
pub const PROMOTED_REST_MS: u64 = 60 * DAY_MS;
/// Doublings of the rest at most: 14 * 2^3 = 112 days.
const DOUBLINGS_MAX: u32 = 3;

/// Where a category stands. Stored as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Standing {
    /// Its level, before the ceiling caps it.
    pub level: Level,
    /// Since when.
    pub since: Millis,
    /// No step up is proposed or confirmed before.
    pub rest_until: Millis,
    /// When it was last demoted.
    pub demoted_at: Millis,
    /// Demotions in a row, each within 180 days of the one before.
    pub demotions: u32,
}

/// What a proposal is about, and what must not have changed when it is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Basis {
    /// The question type.
    pub category: String,
    /// Who drafts.
    pub agent: String,
    /// Its model and prompt.
    pub agent_version: String,
    /// The active policy's version.
    pub policy_version: u64,
    /// The highest level that the policy allows.
    pub ceiling: Level,
}

/// A step up, open for an answer. The service adds its id, the edits themselves and the backtest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Proposal {
    /// What it is about.
    pub basis: Basis,
    /// The level now.
    pub from: Level,
    /// The level proposed: the next one.
    pub to: Level,
    /// When it was made.
    pub proposed_at: Millis,
    /// When it is stale.
    pub expires_at: Millis,
    /// Both rules with their figures.
    pub readiness: Readiness,
    /// The labels behind them, week by week.
    pub weeks: Vec<WeekOfLabels>,
}

/// Why nothing is proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NotProposed {
    /// There is no higher level.
    TopLevel,
    /// The policy allows no higher level.
    AtCeiling,
    /// It rests after a step, a demotion or a declined proposal.
    Resting,
    /// The rules do not hold.
    NotReady,
}

/// Who answers a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Answerer {
    /// A lead.
    Lead,
    /// The policy, where it confirms steps of this category itself.
    Policy,
    /// Anybody else: a reviewer, an auditor, an agent's key.
    Other,
}

/// Why an answer was refused; the state is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Only a lead answers proposals.
    WrongRole,
    /// Its 14 days are over.
    Expired,
    /// The level is not the one that it starts from.
    LevelChanged,
    /// Another policy is active.
    PolicyChanged,
    /// The agent has another version.
    VersionChanged,
    /// The ceiling is now below the level proposed.
    AboveCeiling,
    /// The category was demoted or declined since, and rests.
    Resting,
    /// Labels came in since, and the rules no longer hold.
    EvidenceChanged,
    /// A declined proposal, or a level lowered by hand, needs a reason.
    ReasonMissing,
    /// By hand a level is only lowered.
    NotLower,
}

/// The level after this one; `None` after the last.
pub fn next_level(level: Level) -> Option<Level> {
    match level {
        Level::ReviewEverything => Some(Level::ReviewEdgeCases),
        Level::ReviewEdgeCases => Some(Level::MonitorAndCorrect),
        Level::MonitorAndCorrect => None,
    }
}

impl Standing {
    /// A category that begins at the policy's start level.
    pub fn begin(level: Level, now: Millis) -> Self {
        Self {
            level,
            since: now,
            rest_until: now,
            ..Self::default()
        }
    }

    /// The level that counts under a ceiling.
    pub fn effective(&self, ceiling: Level) -> Level {
        self.level.min(ceiling)
    }

    /// The standing after a demotion, with its rest; the same when there is nothing to lose.
    pub fn demote(&self, cause: Cause, now: Millis) -> Self {
        let level = cause.level_after(self.level).min(self.level);
        if level == self.level {
            return self.clone();
        }
        let again = self.demotions > 0 && now.since(self.demoted_at) <= DEMOTIONS_REMEMBERED_MS;
        let demotions = if again {
            self.demotions.saturating_add(1)
        } else {
            1
        };
        let doublings = (demotions - 1).min(DOUBLINGS_MAX);
        let rest_until = now.plus(DEMOTED_REST_MS << doublings);
        Self {
            level,
            since: now,
            rest_until,
            demoted_at: now,
            demotions,
        }
    }

    /// The standing after a declined proposal: the same level, and a rest.
    fn rest(&self, now: Millis) -> Self {
        let rest_until = self.rest_until.max(now.plus(DECLINED_REST_MS));
        Self {
            rest_until,
            ..self.clone()
        }
    }

    /// The standing one level up.
    fn promote(&self, to: Level, now: Millis) -> Self {
        let rest_until = now.plus(PROMOTED_REST_MS);
        Self {
            level: to,
            since: now,
            rest_until,
            ..self.clone()
        }
    }
}

/// Why no step up is proposed, if so.
pub fn not_proposed(
    standing: &Standing,
    record: &Record,
    ceiling: Level,
    now: Millis,
) -> Option<NotProposed> {
    if standing.level > ceiling {
        return Some(NotProposed::AtCeiling);
    }
    let Some(to) = next_level(standing.level) else {
        return Some(NotProposed::TopLevel);
    };
    if to > ceiling {
        Some(NotProposed::AtCeiling)
    } else if now < standing.rest_until {
        Some(NotProposed::Resting)
    } else {
        (!ready(record)).then_some(NotProposed::NotReady)
    }
}

/// Proposes the next level when it is earned.
pub fn propose(
    standing: &Standing,
    record: &Record,
    basis: &Basis,
    now: Millis,
) -> Result<Proposal, NotProposed> {
    if let Some(why_not) = not_proposed(standing, record, basis.ceiling, now) {
        return Err(why_not);
    }
    let to = next_level(standing.level).ok_or(NotProposed::TopLevel)?;
    Ok(Proposal {
        basis: basis.clone(),
        from: standing.level,
        to,
        proposed_at: now,
        expires_at: now.plus(PROPOSAL_MS),
        readiness: assess(record),
        weeks: record.weeks.clone(),
    })
}

/// Why the proposal no longer stands, if so; the state it is compared with is the one of now.
pub fn stale(
    proposal: &Proposal,
    standing: &Standing,
    record: &Record,
    basis: &Basis,
    now: Millis,
) -> Option<Refusal> {
    if standing.level != proposal.from || next_level(proposal.from) != Some(proposal.to) {
        return Some(Refusal::LevelChanged);
    }
    if proposal.to > basis.ceiling {
        return Some(Refusal::AboveCeiling);
    }
    if proposal.basis.agent_version != basis.agent_version {
        return Some(Refusal::VersionChanged);
    }
    if proposal.basis.policy_version != basis.policy_version {
        return Some(Refusal::PolicyChanged);
    }
    if now >= proposal.expires_at {
        return Some(Refusal::Expired);
    }
    if now < standing.rest_until {
        return Some(Refusal::Resting);
    }
    (!ready(record)).then_some(Refusal::EvidenceChanged)
}

/// Confirms a proposal: the new standing. The caller starts a new record and a new watch.
pub fn confirm(
    proposal: &Proposal,
    standing: &Standing,
    record: &Record,
    basis: &Basis,
    by: Answerer,
    now: Millis,
) -> Result<Standing, Refusal> {
    if by == Answerer::Other {
        return Err(Refusal::WrongRole);
    }
    match stale(proposal, standing, record, basis, now) {
        Some(refusal) => Err(refusal),
        None => Ok(standing.promote(proposal.to, now)),
    }
}

/// Declines a proposal, with a reason: the same level, resting. The record is kept.
pub fn decline(
    proposal: &Proposal,
    standing: &Standing,
    by: Answerer,
    reason: &str,
    now: Millis,
) -> Result<Standing, Refusal> {
    if by == Answerer::Other {
        return Err(Refusal::WrongRole);
    }
    if reason.trim().is_empty() {
        return Err(Refusal::ReasonMissing);
    }
    if standing.level != proposal.from {
        return Err(Refusal::LevelChanged);
    }
    if now >= proposal.expires_at {
        return Err(Refusal::Expired);
    }
    Ok(standing.rest(now))
}

/// Lowers a level by hand, with a reason: the new standing, resting as after a declined proposal.
pub fn lower(
    standing: &Standing,
    level: Level,
    ceiling: Level,
    by: Answerer,
    reason: &str,
    now: Millis,
) -> Result<Standing, Refusal> {
    if by != Answerer::Lead {
        return Err(Refusal::WrongRole);
    }
    if reason.trim().is_empty() {
        return Err(Refusal::ReasonMissing);
    }
    if level > ceiling {
        return Err(Refusal::AboveCeiling);
    }
    if level >= standing.level {
        return Err(Refusal::NotLower);
    }
    Ok(Standing {
        level,
        since: now,
        ..standing.rest(now)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::Label;

    const NOW: Millis = Millis(1_800_000_000_000);

    fn good() -> Record {
        let mut record = Record::default();
        for index in 0..140 {
            record.add(Label::Clean, 20_833 + index / 10);
        }
        record
    }

    fn basis(ceiling: Level) -> Basis {
        Basis {
            category: "billing.refund".into(),
            agent: "desk".into(),
            agent_version: "7".into(),
            policy_version: 3,
            ceiling,
        }
    }

    fn check(change: impl Fn(&mut Standing, &mut Record, &mut Basis), expected: Refusal) {
        let (mut standing, mut record, mut basis) = (
            Standing::begin(Level::ReviewEverything, NOW),
            good(),
            basis(Level::ReviewEdgeCases),
        );
        let proposal = propose(&standing, &record, &basis, NOW).unwrap();
        change(&mut standing, &mut record, &mut basis);
        let answer = confirm(&proposal, &standing, &record, &basis, Answerer::Lead, NOW);
        assert_eq!(answer, Err(expected));
    }

    #[test]
    fn a_lead_confirms_one_step() {
        let (standing, basis) = (
            Standing::begin(Level::ReviewEverything, NOW),
            basis(Level::MonitorAndCorrect),
        );
        let proposal = propose(&standing, &good(), &basis, NOW).unwrap();
        assert_eq!(proposal.to, Level::ReviewEdgeCases);
        let other = confirm(&proposal, &standing, &good(), &basis, Answerer::Other, NOW);
        assert_eq!(other, Err(Refusal::WrongRole));
        let raised = confirm(&proposal, &standing, &good(), &basis, Answerer::Lead, NOW).unwrap();
        assert_eq!(raised.level, Level::ReviewEdgeCases);
        // Twice is stale, and the next step waits for months of record.
        let twice = confirm(&proposal, &raised, &good(), &basis, Answerer::Lead, NOW);
        assert_eq!(twice, Err(Refusal::LevelChanged));
        let soon = propose(&raised, &good(), &basis, NOW.plus(59 * DAY_MS));
        assert_eq!(soon, Err(NotProposed::Resting));
        assert!(propose(&raised, &good(), &basis, NOW.plus(60 * DAY_MS)).is_ok());
    }

    #[test]
    fn what_changed_makes_a_proposal_stale() {
        check(
            |_, _, basis| basis.ceiling = Level::ReviewEverything,
            Refusal::AboveCeiling,
        );
        check(
            |_, _, basis| basis.policy_version = 4,
            Refusal::PolicyChanged,
        );
        check(
            |_, _, basis| basis.agent_version = "8".into(),
            Refusal::VersionChanged,
        );
        check(
            |_, record, _| record.add(Label::Harmful, 30_000),
            Refusal::EvidenceChanged,
        );
        check(
            |standing, _, _| standing.level = Level::ReviewEdgeCases,
            Refusal::LevelChanged,
        );
        check(
            |standing, _, _| *standing = standing.rest(NOW),
            Refusal::Resting,
        );
    }

    #[test]
    fn nothing_is_proposed_above_a_ceiling_or_without_evidence() {
        let standing = Standing::begin(Level::ReviewEverything, NOW);
        let capped = propose(&standing, &good(), &basis(Level::ReviewEverything), NOW);
        assert_eq!(capped, Err(NotProposed::AtCeiling));
        let top = Standing::begin(Level::MonitorAndCorrect, NOW);
        for (ceiling, why) in [
            (Level::ReviewEverything, NotProposed::AtCeiling),
            (Level::MonitorAndCorrect, NotProposed::TopLevel),
        ] {
            assert_eq!(propose(&top, &good(), &basis(ceiling), NOW), Err(why));
        }
        let unearned = propose(
            &standing,
            &Record::default(),
            &basis(Level::ReviewEdgeCases),
            NOW,
        );
        assert_eq!(unearned, Err(NotProposed::NotReady));
    }

    #[test]
    fn the_rest_doubles_with_each_demotion() {
        let mut standing = Standing::begin(Level::MonitorAndCorrect, NOW);
        let cause = Cause::FailureRate {
            points: 60_000,
            points_max: 60_000,
        };
        standing = standing.demote(cause, NOW);
        assert_eq!(standing.rest_until, NOW.plus(14 * DAY_MS));
        let later = NOW.plus(30 * DAY_MS);
        standing = standing.demote(cause, later);
        assert_eq!(
            (standing.level, standing.demotions),
            (Level::ReviewEverything, 2)
        );
        assert_eq!(standing.rest_until, later.plus(28 * DAY_MS));
        assert_eq!(standing.demote(cause, later), standing);
    }

    #[test]
    fn declining_needs_a_reason_and_rests() {
        let standing = Standing::begin(Level::ReviewEverything, NOW);
        let basis = basis(Level::ReviewEdgeCases);
        let proposal = propose(&standing, &good(), &basis, NOW).unwrap();
        let silent = decline(&proposal, &standing, Answerer::Lead, " ", NOW);
        assert_eq!(silent, Err(Refusal::ReasonMissing));
        let rested = decline(&proposal, &standing, Answerer::Lead, "season", NOW).unwrap();
        assert_eq!(
            propose(&rested, &good(), &basis, NOW),
            Err(NotProposed::Resting)
        );
    }

    #[test]
    fn by_hand_a_level_only_falls() {
        let standing = Standing::begin(Level::ReviewEdgeCases, NOW);
        let (one, two, three) = (
            Level::ReviewEverything,
            Level::ReviewEdgeCases,
            Level::MonitorAndCorrect,
        );
        let check = |level, ceiling, by, reason, expected| {
            assert_eq!(
                lower(&standing, level, ceiling, by, reason, NOW),
                Err(expected)
            );
        };
        check(one, three, Answerer::Other, "season", Refusal::WrongRole);
        check(one, three, Answerer::Lead, "", Refusal::ReasonMissing);
        check(three, two, Answerer::Lead, "season", Refusal::AboveCeiling);
        check(two, three, Answerer::Lead, "season", Refusal::NotLower);
        let lowered = lower(&standing, one, three, Answerer::Lead, "season", NOW).unwrap();
        assert_eq!(lowered.level, one);
        assert_eq!(lowered.rest_until, NOW.plus(DECLINED_REST_MS));
    }
}
