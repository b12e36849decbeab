//! Where a draft goes. It must not fail, and must not read anything but its arguments.
//!
//! The steps, in order; each that spoke is a reason:
//!
//! | step | holds when | route |
//! | --- | --- | --- |
//! | stop | a stop covers the draft | review, whatever else says release |
//! | guardrail | the first whose conditions hold | its own; `release` gives way to a forbidding signal |
//! | forbidding signal | irreversible, unlisted … | review |
//! | level 1 | always | review |
//! | level 2 | any signal | review, else release |
//! | level 3 | always | release |
//! | sampling | released, and the keyed draw is below the category's rate | release, looked at afterwards |

use crate::compiled::Compiled;
use crate::document::{Policy, Rules};
use crate::draft::Draft;
use crate::guardrail::check::Facts;
use crate::guardrail::{Guardrail, LocalTime};
use crate::level::Level;
use crate::ratio::Ratio;
use crate::signal::{self, Evidence, Signal, SignalCode};
use serde::{Deserialize, Serialize};

/// Names this engine's rules: the same policy, draft and situation give the same decision only
/// under the same version. A change of any golden case changes it.
pub const ENGINE_VERSION: u32 = 1;

/// Where a draft goes, in order of care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// It may go out now.
    Release,
    /// It waits for a verdict.
    Review,
    /// A person does it; the draft is background only.
    Human,
}

/// Everything but policy and draft that a decision depends on; recorded with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Situation {
    /// The category's live level.
    pub level: Level,
    /// The stop that covers this draft, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<String>,
    /// The tenant's keyed draw over conversation and head: below the rate means sampled.
    pub sample_draw: Ratio,
    /// The tenant's local time.
    pub local_time: LocalTime,
    /// How unlike anything in memory the message is, where memory was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub novelty: Option<Ratio>,
}

/// What the policy says of one draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Decision {
    /// Where it goes.
    pub route: Route,
    /// Whether a person looks at it after it went out.
    pub sampled: bool,
    /// The probability with which it was sampled; 0 for what was not released.
    pub sampling_probability: Ratio,
    /// Never empty; the deciding one first.
    pub reasons: Vec<Reason>,
    /// What was found in the draft.
    pub signals: Vec<Signal>,
    /// The level that counted: the live one, capped by the ceiling.
    pub level: Level,
    /// Who answers for the draft now.
    pub owner: String,
    /// The version of these rules.
    pub engine_version: u32,
}

/// Why a draft goes where it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reason {
    /// Which step spoke.
    pub code: ReasonCode,
    /// A plain sentence for people.
    pub text: String,
    /// The guardrail's name, where one spoke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardrail: Option<String>,
    /// The signal, where one spoke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<SignalCode>,
    /// The words or fields behind it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
}

/// The steps that can speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// A stop covers the draft.
    Stop,
    /// A guardrail matched.
    Guardrail,
    /// A signal that lets nothing out by itself.
    ForbiddingSignal,
    /// A signal at a level that holds such drafts.
    Signal,
    /// The category's level alone.
    Level,
}

/// Decides one draft. Total: whatever the draft says, there is a route, an owner and a reason. It
/// compiles the policy first: who decides more than once keeps a [`Compiled`].
pub fn route(policy: &Policy, draft: &Draft, situation: &Situation) -> Decision {
    Compiled::new(policy.clone()).route(draft, situation)
}

/// What the rules come to, before it is put into words; see [`Compiled::rule`].
#[derive(Clone, Copy, Debug)]
pub struct Ruling<'a> {
    /// Where the draft goes.
    pub route: Route,
    /// The guardrail that matched.
    pub guardrail: Option<&'a Guardrail>,
    /// The level that counted: the live one, capped by the ceiling.
    pub level: Level,
    /// The category's rules.
    pub rules: &'a Rules,
}

impl Compiled {
    /// Decides one draft, see [`route`].
    pub fn route(&self, draft: &Draft, situation: &Situation) -> Decision {
        let rules = self.rules(draft.category.as_deref());
        let signals = signal::find(self.policy(), rules, draft, situation.novelty);
        self.decide(draft, situation, signals)
    }

    /// Decides one draft whose signals are known; under the same version they are those of
    /// [`signal::find`].
    pub fn decide(&self, draft: &Draft, situation: &Situation, signals: Vec<Signal>) -> Decision {
        let facts = self.facts(draft, &signals, situation.local_time);
        let ruling = self.rule(&facts, situation);
        let Ruling { rules, .. } = ruling;
        let sampling_probability = if ruling.route == Route::Release {
            rules.sample_rate
        } else {
            Ratio::ZERO
        };
        let own = ruling.guardrail.and_then(|rule| rule.owner.as_ref());
        Decision {
            route: ruling.route,
            sampled: situation.sample_draw < sampling_probability,
            sampling_probability,
            reasons: self.reasons(&ruling, &signals, situation),
            level: ruling.level,
            owner: own.unwrap_or(&rules.owner).clone(),
            engine_version: ENGINE_VERSION,
            signals,
        }
    }

    /// What the rules come to; allocates nothing.
    pub fn rule<'a>(&'a self, facts: &Facts<'a>, situation: &'a Situation) -> Ruling<'a> {
        let rules = self.rules(facts.draft.category.as_deref());
        let guardrail = self.first_match(facts);
        let level = situation.level.min(rules.ceiling);
        let steps = self.steps(guardrail, level, facts.signals, situation);
        Ruling {
            route: steps.map(Step::route).max().unwrap_or(Route::Review),
            guardrail,
            level,
            rules,
        }
    }

    /// Every step of the table above that spoke, in words; the deciding ones first.
    fn reasons(&self, ruling: &Ruling, signals: &[Signal], situation: &Situation) -> Vec<Reason> {
        let steps = || self.steps(ruling.guardrail, ruling.level, signals, situation);
        let decide = |step: &Step| step.route() == ruling.route;
        let deciding = steps().filter(decide);
        let others = steps().filter(|step| !decide(step));
        deciding.chain(others).map(Step::reason).collect()
    }

    /// The steps of the table above that speak, in its order.
    fn steps<'a>(
        &'a self,
        matched: Option<&'a Guardrail>,
        level: Level,
        signals: &'a [Signal],
        situation: &'a Situation,
    ) -> impl Iterator<Item = Step<'a>> {
        let stop = situation.stop.as_deref().map(Step::Stop);
        let forbids = |signal: &&Signal| self.policy().signals.forbids(signal.code);
        let forbidding = signals.iter().filter(forbids).map(Step::Forbidding);
        let by_level = matched.is_none().then_some(level);
        let alone = by_level.filter(|level| match level {
            Level::ReviewEverything | Level::MonitorAndCorrect => true,
            Level::ReviewEdgeCases => signals.is_empty(),
        });
        let heeded = match by_level {
            Some(Level::ReviewEverything | Level::ReviewEdgeCases) => signals,
            Some(Level::MonitorAndCorrect) | None => &[],
        };
        let speaking = heeded.iter().filter(move |signal| !forbids(signal));
        stop.into_iter()
            .chain(matched.map(Step::Guardrail))
            .chain(forbidding)
            .chain(alone.map(Step::Level))
            .chain(speaking.map(Step::Signal))
    }
}

/// A step that spoke.
#[derive(Clone, Copy)]
enum Step<'a> {
    Stop(&'a str),
    Guardrail(&'a Guardrail),
    Forbidding(&'a Signal),
    Level(Level),
    Signal(&'a Signal),
}

impl Step<'_> {
    fn route(self) -> Route {
        match self {
            Self::Guardrail(guardrail) => guardrail.route,
            Self::Level(Level::ReviewEdgeCases | Level::MonitorAndCorrect) => Route::Release,
            Self::Stop(_) | Self::Forbidding(_) | Self::Signal(_) => Route::Review,
            Self::Level(Level::ReviewEverything) => Route::Review,
        }
    }

    fn reason(self) -> Reason {
        match self {
            Self::Stop(why) => {
                Reason::plain(ReasonCode::Stop, format!("Everything is on hold: {why}."))
            }
            Self::Guardrail(guardrail) => Reason::guardrail(guardrail),
            Self::Forbidding(signal) => Reason::signal(ReasonCode::ForbiddingSignal, signal),
            Self::Level(level) => Reason::plain(ReasonCode::Level, level_text(level)),
            Self::Signal(signal) => Reason::signal(ReasonCode::Signal, signal),
        }
    }
}

fn level_text(level: Level) -> &'static str {
    match level {
        Level::ReviewEverything => "Every draft of this category is reviewed for now (level 1).",
        Level::ReviewEdgeCases => {
            "Nothing unusual, and this category may answer by itself (level 2)."
        }
        Level::MonitorAndCorrect => "This category answers by itself and is sampled (level 3).",
    }
}

impl Reason {
    fn plain(code: ReasonCode, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
            guardrail: None,
            signal: None,
            evidence: Vec::new(),
        }
    }

    fn guardrail(guardrail: &Guardrail) -> Self {
        Self {
            guardrail: Some(guardrail.name.clone()),
            ..Self::plain(ReasonCode::Guardrail, guardrail.because.clone())
        }
    }

    fn signal(code: ReasonCode, signal: &Signal) -> Self {
        Self {
            signal: Some(signal.code),
            evidence: signal.evidence.clone(),
            ..Self::plain(code, signal.code.sentence())
        }
    }
}

impl SignalCode {
    /// What was found, in a plain sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::LowConfidence => "The agent is not confident enough.",
            Self::Novel => "Nothing like this message was seen before.",
            Self::UnknownCategory => "The category is missing or not in the policy.",
            Self::HighStakes => "The action changes data, moves money or involves a person.",
            Self::Irreversible => "The action cannot be taken back.",
            Self::UnlistedAction => {
                "The action is not in the catalogue, so it counts as high-stakes."
            }
            Self::KeyAccount => "The customer is an executive, a key account, or at risk.",
            Self::LegalThreat => "It is about lawyers, courts or other legal steps.",
            Self::Complaint => "The customer complains.",
            Self::Churn => "The customer wants to cancel or leave.",
            Self::SelfHarm => "Somebody may be about to harm themselves.",
            Self::Discrimination => "It is about discrimination or harassment.",
            Self::SecurityIncident => "It is about fraud, a break-in or leaked data.",
            Self::Press => "The press or a public review is involved.",
            Self::Minor => "A child is involved.",
            Self::Medical => "It is about somebody's health.",
            Self::ListedWords => "It holds words that your policy lists.",
            Self::UnsupportedFigure => "A figure is in neither the conversation nor the sources.",
            Self::UnsupportedDate => "A day is in neither the conversation nor the sources.",
            Self::UnsupportedLink => "A link is in neither the conversation nor the sources.",
            Self::UnsupportedDiscount => {
                "A discount is in neither the conversation nor the sources."
            }
            Self::UnsupportedPromise => {
                "A promise rests on neither the conversation nor the sources."
            }
            Self::PersonalData => {
                "It gives away personal data that nobody in the conversation named."
            }
            Self::Injection => "A text tries to give the agent orders of its own.",
            Self::Shouting => "The draft shouts.",
            Self::MissingApology => "The customer complains, and the draft doesn't apologise.",
            Self::LanguageMismatch => "The draft is not in the language of the message.",
            Self::UnexpectedLanguage => {
                "The message is in a language that your policy doesn't expect."
            }
            Self::LanguageWithoutLexicons => {
                "The language is one in which sensitive topics can't be seen."
            }
        }
    }
}

/// The keyed draw that decides about sampling: agents cannot tell who is looked at, and the same
/// conversation and head are always drawn alike. HMAC-SHA256 under the tenant's secret; the first
/// 8 bytes modulo 10^6 are biased by less than 2^-44.
pub fn sample_draw(secret: &[u8], conversation: &str, head: &str) -> Ratio {
    let digest = crate::digest::keyed(secret, &["countersign sample v1", conversation, head]);
    let draw = u64::from_be_bytes([
        digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7],
    ]);
    // The draw is below 10^6, so that a rate of 1 samples everything and a rate of 0 nothing.
    Ratio::from_ppm(u32::try_from(draw % 1_000_000).unwrap_or(0))
}
