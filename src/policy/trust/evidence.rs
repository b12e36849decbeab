//! Which labels count towards the next level, and why not. It must not weigh them: `ready.rs` does.
//!
//! A label counts when the next level would newly release the draft, and when somebody plainly
//! looked. Doubt works one way only: it withholds what is good, never what is bad, because
//! withholding a failure would help the agent.

use super::{Ending, Label};
use crate::canonical::canonical;
use crate::draft::Draft;
use crate::level::Level;
use crate::ratio::Ratio;
use crate::route::{Decision, Reason, ReasonCode};
use crate::signal::SignalCode;
use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// Characters a person reads a second at most: skimming at 600 words a minute (silent reading
/// averages 238, Brysbaert 2019), 6 characters a word with its space.
pub const READ_CHARACTERS_PER_SECOND_MAX: u64 = 60;

/// No verdict comes of reading in less, in milliseconds.
pub const READ_MS_MIN: u64 = 1_000;

/// What speaks in one draft, as far as releasing it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Spoke {
    /// No signal, no guardrail: level 2 would release it.
    Nothing,
    /// A signal that forbids nothing: level 3 would release it, level 2 would not.
    Signal,
    /// A forbidding signal, or a guardrail: no level changes its route.
    Beyond,
}

impl Spoke {
    /// What speaks in a draft that was decided. A stop says nothing about the draft.
    pub fn of(decision: &Decision) -> Self {
        let beyond = |reason: &Reason| {
            matches!(
                reason.code,
                ReasonCode::Guardrail | ReasonCode::ForbiddingSignal
            )
        };
        if decision.reasons.iter().any(beyond) {
            Self::Beyond
        } else if decision.signals.is_empty() {
            Self::Nothing
        } else {
            Self::Signal
        }
    }

    /// Whether a level lets such a draft out.
    pub fn goes_out_at(self, level: Level) -> bool {
        match self {
            Self::Nothing => level >= Level::ReviewEdgeCases,
            Self::Signal => level >= Level::MonitorAndCorrect,
            Self::Beyond => false,
        }
    }
}

/// How a verdict came about, as far as it shows whether anybody looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reading {
    /// Whether the verdict was one of several given at once.
    #[serde(default)]
    pub batch: bool,
    /// From the draft being shown to the verdict, in milliseconds.
    pub verdict_ms: u64,
    /// Characters shown that had to be read: the message and the draft.
    pub shown_characters: u32,
}

impl Reading {
    /// Why nobody can have read the draft, if so.
    pub fn unread(&self) -> Option<NotEvidence> {
        if self.batch {
            Some(NotEvidence::BatchUnchecked)
        } else {
            let too_fast = self.verdict_ms < read_ms_min(self.shown_characters);
            too_fast.then_some(NotEvidence::TooFast)
        }
    }
}

/// One settled draft, as far as evidence goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Observation {
    /// How it ended.
    pub ending: Ending,
    /// What spoke in it.
    pub spoke: Spoke,
    /// The account's level now, whatever ceiling is over it: evidence is for the next one.
    pub level: Level,
    /// Whether its agent was in shadow mode.
    #[serde(default)]
    pub shadow: bool,
    /// How the verdict came about.
    #[serde(flatten)]
    pub reading: Reading,
    /// What a second reviewer said, who read the draft and did not see the first verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_look: Option<Label>,
    /// The label that its group of near-identical drafts was counted with, when it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_counted: Option<Label>,
}

/// Why a draft is no evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NotEvidence {
    /// It ended without a label.
    NoLabel,
    /// Its agent was in shadow mode.
    Shadow,
    /// The next level would not newly release it; or there is no next level.
    NotNewlyReleased,
    /// A near-identical draft was counted, with a label as bad or worse.
    NearIdentical,
    /// Approved with others, and nobody looked a second time.
    BatchUnchecked,
    /// Approved faster than it can be read, and nobody looked a second time.
    TooFast,
}

/// Whether the draft did something that is dear or hard to put right.
pub fn high_stakes(decision: &Decision) -> bool {
    decision.signals.iter().any(|signal| {
        matches!(
            signal.code,
            SignalCode::HighStakes | SignalCode::Irreversible | SignalCode::UnlistedAction
        )
    })
}

/// Whether memory holds nothing like the message.
pub fn is_novel(decision: &Decision) -> bool {
    let novel = SignalCode::Novel;
    decision.signals.iter().any(|signal| signal.code == novel)
}

/// Whether nothing but its confidence could have held the draft, so that its label says what the
/// confidence was worth.
pub fn held_by_confidence_alone(decision: &Decision) -> bool {
    Spoke::of(decision) != Spoke::Beyond
        && decision
            .signals
            .iter()
            .all(|signal| signal.code == SignalCode::LowConfidence)
}

/// Characters that a reviewer had to read: the message, and what was to leave.
pub fn shown_characters(draft: &Draft) -> u32 {
    let arguments = draft
        .draft
        .action
        .as_ref()
        .map(|action| canonical(&action.args));
    let text = draft.draft.text.as_deref().unwrap_or("");
    let texts = [
        draft.message.as_str(),
        text,
        arguments.as_deref().unwrap_or(""),
    ];
    let characters = texts.map(|text| text.chars().count());
    u32::try_from(
        characters
            .iter()
            .fold(0_usize, |sum, more| sum.saturating_add(*more)),
    )
    .unwrap_or(u32::MAX)
}

/// How long a verdict took at most, in milliseconds: since the draft was first shown to this
/// reviewer, and since their verdict before, for nobody reads two drafts at once. 0 for a draft that
/// was never shown.
pub fn verdict_ms(now: Millis, shown_at: Option<Millis>, decided_before: Option<Millis>) -> u64 {
    let since = |then: Millis| now.since(then);
    let reading = shown_at.map_or(0, since);
    reading.min(decided_before.map_or(u64::MAX, since))
}

/// Whether another person is to look, blindly, at a draft whose approval was no evidence: `draw` is
/// the draft's own, `rate` the category's.
pub fn wants_second_look(counted: Result<Label, NotEvidence>, draw: Ratio, rate: Ratio) -> bool {
    let unread = matches!(
        counted,
        Err(NotEvidence::BatchUnchecked | NotEvidence::TooFast)
    );
    unread && draw < rate
}

/// The shortest time in which `characters` can be read, in milliseconds.
pub fn read_ms_min(characters: u32) -> u64 {
    u64::from(characters)
        .saturating_mul(1_000)
        .checked_div(READ_CHARACTERS_PER_SECOND_MAX)
        .unwrap_or(0)
        .max(READ_MS_MIN)
}

/// The label that counts towards the next level, or why none does.
///
/// Where a second reviewer looked blindly, the worse of the two labels counts: agreement keeps the
/// label, disagreement never earns trust.
pub fn counts_as_evidence(draft: &Observation) -> Result<Label, NotEvidence> {
    let first = draft.ending.label().ok_or(NotEvidence::NoLabel)?;
    if draft.shadow {
        return Err(NotEvidence::Shadow);
    }
    let newly_released = match draft.level {
        Level::ReviewEverything => draft.spoke == Spoke::Nothing,
        Level::ReviewEdgeCases => draft.spoke == Spoke::Signal,
        Level::MonitorAndCorrect => false,
    };
    if !newly_released {
        return Err(NotEvidence::NotNewlyReleased);
    }
    let label = first.max(draft.second_look.unwrap_or(first));
    if draft.group_counted.is_some_and(|counted| label <= counted) {
        return Err(NotEvidence::NearIdentical);
    }
    if label.acceptable() && draft.second_look.is_none() {
        return draft.reading.unread().map_or(Ok(label), Err);
    }
    Ok(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: Observation = Observation {
        ending: Ending::Approved,
        spoke: Spoke::Nothing,
        level: Level::ReviewEverything,
        shadow: false,
        reading: Reading {
            batch: false,
            verdict_ms: 20_000,
            shown_characters: 600,
        },
        second_look: None,
        group_counted: None,
    };

    const TOGETHER: Observation = Observation {
        reading: Reading {
            batch: true,
            ..READ.reading
        },
        ..READ
    };

    fn took(verdict_ms: u64) -> Observation {
        Observation {
            reading: Reading {
                verdict_ms,
                ..READ.reading
            },
            ..READ
        }
    }

    fn check(draft: Observation, expected: Result<Label, NotEvidence>) {
        assert_eq!(counts_as_evidence(&draft), expected, "{draft:?}");
    }

    #[test]
    fn a_read_approval_counts_and_an_unread_one_does_not() {
        check(READ, Ok(Label::Clean));
        check(took(10_000), Ok(Label::Clean));
        check(took(9_999), Err(NotEvidence::TooFast));
        check(TOGETHER, Err(NotEvidence::BatchUnchecked));
        let agreed = Observation {
            second_look: Some(Label::Clean),
            ..TOGETHER
        };
        check(agreed, Ok(Label::Clean));
        let disagreed = Observation {
            second_look: Some(Label::Substantive),
            ..READ
        };
        check(disagreed, Ok(Label::Substantive));
        // A fast rejection is still a rejection.
        check(
            Observation {
                ending: Ending::Rejected,
                ..took(1)
            },
            Ok(Label::Harmful),
        );
    }

    #[test]
    fn nobody_reads_two_drafts_at_once() {
        let took = |shown: Option<u64>, before: Option<u64>| {
            verdict_ms(Millis(10_000), shown.map(Millis), before.map(Millis))
        };
        assert_eq!(took(Some(4_000), None), 6_000);
        assert_eq!(took(Some(4_000), Some(9_000)), 1_000);
        assert_eq!(took(Some(4_000), Some(1_000)), 6_000);
        assert_eq!(took(None, None), 0);
    }

    #[test]
    fn only_what_nobody_read_is_looked_at_again() {
        let rate = Ratio::from_ppm(500_000);
        let wants = |counted, draw| wants_second_look(counted, Ratio::from_ppm(draw), rate);
        assert!(wants(Err(NotEvidence::TooFast), 499_999));
        assert!(wants(Err(NotEvidence::BatchUnchecked), 0));
        assert!(!wants(Err(NotEvidence::TooFast), 500_000));
        assert!(!wants(Err(NotEvidence::Shadow), 0));
        assert!(!wants(Ok(Label::Clean), 0));
    }

    #[test]
    fn only_what_the_next_level_would_release_counts() {
        check(
            Observation {
                spoke: Spoke::Signal,
                ..READ
            },
            Err(NotEvidence::NotNewlyReleased),
        );
        let edge = Observation {
            level: Level::ReviewEdgeCases,
            ..READ
        };
        check(edge, Err(NotEvidence::NotNewlyReleased));
        check(
            Observation {
                spoke: Spoke::Signal,
                ..edge
            },
            Ok(Label::Clean),
        );
        check(
            Observation {
                spoke: Spoke::Beyond,
                ..edge
            },
            Err(NotEvidence::NotNewlyReleased),
        );
        check(
            Observation {
                shadow: true,
                ..READ
            },
            Err(NotEvidence::Shadow),
        );
        check(
            Observation {
                ending: Ending::Undone,
                ..READ
            },
            Err(NotEvidence::NoLabel),
        );
    }

    #[test]
    fn a_group_counts_once_unless_it_turns_out_worse() {
        let again = Observation {
            group_counted: Some(Label::Clean),
            ..READ
        };
        check(again, Err(NotEvidence::NearIdentical));
        check(
            Observation {
                ending: Ending::Rejected,
                ..again
            },
            Ok(Label::Harmful),
        );
    }
}
