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

use crate::canonical::written_in_order;
use crate::cause;
use crate::document::{Policy, Rules};
use crate::draft::Draft;
use crate::guardrail::{Facts, Guardrail, LocalTime};
use crate::level::Level;
use crate::ratio::Ratio;
use crate::said::Said;
use crate::sample::{self, Releases};
use crate::signal::{self, Evidence, Signal, SignalCode};
use crate::threshold::{ConfidenceThreshold, InForce, Learnt, in_force};
use serde::{Deserialize, Serialize};

/// Names this engine's rules: the same policy, draft and situation give the same decision only
/// under the same version. A change of what a golden case decides changes it; why, said better, doesn't.
/// It is 1 until a first release, since no record is kept of what was before.
pub const ENGINE_VERSION: u32 = 1;

/// Above this a guess of memory is more likely right than wrong.
const LIKELY_ABOVE: Ratio = Ratio::from_ppm(500_000);

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

impl Route {
    /// As JSON writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Review => "review",
            Self::Human => "human",
        }
    }
}

// Fields of this, of a decision and of all within them stand in the order of their names, as RFC 8785 wants it: the log
// commits to their canonical texts, written in one go. A law holds that to the general form.
/// Everything but policy and draft that a decision depends on; recorded with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Situation {
    /// The category that memory would give the message, where it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guess: Option<Guess>,
    /// The confidence threshold that the category's labels teach, where that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learnt_threshold: Option<Learnt>,
    /// The category's live level.
    pub level: Level,
    /// The tenant's local time.
    pub local_time: LocalTime,
    /// Whether the agent's version is new in the category, so that it is looked at more often.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new_version: bool,
    /// How unlike anything in memory the message is, where memory was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub novelty: Option<Ratio>,
    /// How full the queue is: open drafts against the policy's `queue_full_at`.
    #[serde(default, skip_serializing_if = "Ratio::is_zero")]
    pub pressure: Ratio,
    /// The tenant's keyed draw over conversation and head: below the rate means sampled.
    pub sample_draw: Ratio,
    /// The stop that covers this draft, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<String>,
    /// What went out of the category this week.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub week: Option<Releases>,
}

/// The category that memory would give a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Guess {
    /// The category.
    pub category: String,
    /// How likely it is the right one.
    pub confidence: Ratio,
}

impl Guess {
    /// Whether it is more likely right than wrong.
    pub fn is_likely(&self) -> bool {
        self.confidence > LIKELY_ABOVE
    }
}

impl Situation {
    /// Canonical JSON (RFC 8785), which the log commits to.
    pub fn canonical(&self) -> String {
        written_in_order(self)
    }

    /// The same in every run, for files and named cases: a Monday at ten, nothing stopped, not
    /// sampled, memory not asked.
    pub fn fixed(level: Level) -> Self {
        Self {
            level,
            stop: None,
            sample_draw: Ratio::ONE,
            local_time: LocalTime {
                weekday: 1,
                minute: 600,
            },
            novelty: None,
            guess: None,
            learnt_threshold: None,
            new_version: false,
            week: None,
            pressure: Ratio::ZERO,
        }
    }
}

/// What the policy says of one draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Decision {
    /// The version of these rules.
    pub engine_version: u32,
    /// The level that counted: the live one, capped by the ceiling.
    pub level: Level,
    /// Who answers for the draft now.
    pub owner: String,
    /// Never empty; the deciding one first.
    pub reasons: Vec<Reason>,
    /// Where it goes.
    pub route: Route,
    /// Whether a person looks at it after it went out.
    pub sampled: bool,
    /// The probability with which it was sampled; 0 for what was not released.
    pub sampling_probability: Ratio,
    /// What was found in the draft.
    pub signals: Vec<Signal>,
    /// The confidence threshold that counted, where the category asks for a learnt one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<InForce>,
}

impl Decision {
    /// Canonical JSON (RFC 8785), which the log commits to.
    pub fn canonical(&self) -> String {
        written_in_order(self)
    }
}

/// Why a draft goes where it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reason {
    /// Which step spoke.
    pub code: ReasonCode,
    /// The words or fields behind it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// The guardrail's name, where one spoke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardrail: Option<String>,
    /// The signal, where one spoke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<SignalCode>,
    /// A plain sentence for people.
    pub text: String,
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
    /// The agent is only watched: the route is what it would have been.
    Shadow,
}

/// Decides one draft. Total: whatever the draft says, there is a route, an owner and a reason.
pub fn route(policy: &Policy, draft: &Draft, situation: &Situation) -> Decision {
    let rules = policy.rules_for(draft, situation.guess.as_ref());
    let signals = signal::find(policy, &rules, draft, situation);
    let said = Said::of(draft);
    let facts = Facts::of(policy, draft, &said, &signals, situation.local_time);
    let matched = matches(policy, &facts).next();
    let matched = matched.map(|(_, rule)| (rule, Reason::guardrail(rule, &facts)));
    decide(policy, &rules, matched, signals, situation)
}

/// The decision, once the signals are known and the guardrail that matched, with its reason.
pub(crate) fn decide(
    policy: &Policy,
    rules: &Rules,
    matched: Option<(&Guardrail, Reason)>,
    signals: Vec<Signal>,
    situation: &Situation,
) -> Decision {
    let level = situation.level.min(rules.ceiling);
    let calibrated = rules.confidence_threshold == ConfidenceThreshold::Calibrated;
    let threshold = calibrated.then(|| in_force(policy, rules, situation.learnt_threshold));
    let owner = matched.as_ref().and_then(|(rule, _)| rule.owner.clone());
    let (route, mut reasons) = weigh(policy, matched, &signals, level, situation);
    for reason in &mut reasons {
        if let Some(threshold) =
            threshold.filter(|_| reason.signal == Some(SignalCode::LowConfidence))
        {
            reason.text = threshold.sentence();
        }
    }
    let sampling_probability = sample::probability(route, rules, situation);
    Decision {
        route,
        sampled: situation.sample_draw < sampling_probability,
        sampling_probability,
        threshold,
        reasons,
        signals,
        level,
        owner: owner.unwrap_or_else(|| rules.owner.clone()),
        engine_version: ENGINE_VERSION,
    }
}

/// The guardrails whose conditions hold, each by its index: the first of them is the one that decides.
pub(crate) fn matches<'a>(
    policy: &'a Policy,
    facts: &Facts<'_>,
) -> impl Iterator<Item = (usize, &'a Guardrail)> {
    let guardrails = policy.guardrails.iter().enumerate();
    guardrails.filter(|(_, guardrail)| guardrail.when.holds(facts))
}

/// The steps of the table above, without their words: the most careful that spoke wins.
pub(crate) fn strictest(
    policy: &Policy,
    matched: Option<&Guardrail>,
    signals: &[Signal],
    level: Level,
    stopped: bool,
) -> Route {
    let forbidden = signals
        .iter()
        .any(|signal| policy.signals.forbids(signal.code));
    let by_rule = match (matched, level) {
        (Some(guardrail), _) => guardrail.route,
        (None, Level::ReviewEverything) => Route::Review,
        (None, Level::ReviewEdgeCases) if !signals.is_empty() => Route::Review,
        (None, Level::ReviewEdgeCases | Level::MonitorAndCorrect) => Route::Release,
    };
    if stopped || forbidden {
        by_rule.max(Route::Review)
    } else {
        by_rule
    }
}

/// The same steps with their reasons; the deciding one first, then every other that spoke.
fn weigh(
    policy: &Policy,
    matched: Option<(&Guardrail, Reason)>,
    signals: &[Signal],
    level: Level,
    situation: &Situation,
) -> (Route, Vec<Reason>) {
    let mut routes: Vec<(Route, Reason)> = Vec::new();
    if let Some(stop) = &situation.stop {
        let text = format!("Everything is on hold: {stop}.");
        routes.push((Route::Review, Reason::plain(ReasonCode::Stop, text)));
    }
    let guardrail = matched.as_ref().map(|(guardrail, _)| *guardrail);
    if let Some((guardrail, reason)) = matched {
        routes.push((guardrail.route, reason));
    }
    let (forbidding, speaking): (Vec<_>, Vec<_>) = signals
        .iter()
        .partition(|signal| policy.signals.forbids(signal.code));
    for signal in forbidding {
        routes.push((
            Route::Review,
            Reason::signal(ReasonCode::ForbiddingSignal, signal),
        ));
    }
    if guardrail.is_none() {
        routes.extend(by_level(level, &speaking, signals.is_empty()));
    }
    let strictest = strictest(policy, guardrail, signals, level, situation.stop.is_some());
    let (mut reasons, others): (Vec<_>, Vec<_>) = routes
        .into_iter()
        .partition(|(route, _)| *route == strictest);
    reasons.extend(others);
    (
        strictest,
        reasons.into_iter().map(|(_, reason)| reason).collect(),
    )
}

fn by_level(level: Level, speaking: &[&Signal], quiet: bool) -> Vec<(Route, Reason)> {
    let held = |signal: &&Signal| (Route::Review, Reason::signal(ReasonCode::Signal, signal));
    match level {
        Level::ReviewEverything => {
            let text = "Every draft of this category is reviewed for now (level 1).";
            let mut routes = vec![(Route::Review, Reason::plain(ReasonCode::Level, text))];
            routes.extend(speaking.iter().map(held));
            routes
        }
        Level::ReviewEdgeCases if !quiet => speaking.iter().map(held).collect(),
        Level::ReviewEdgeCases => {
            let text = "Nothing unusual, and this category may answer by itself (level 2).";
            vec![(Route::Release, Reason::plain(ReasonCode::Level, text))]
        }
        Level::MonitorAndCorrect => {
            let text = "This category answers by itself and is sampled (level 3).";
            vec![(Route::Release, Reason::plain(ReasonCode::Level, text))]
        }
    }
}

impl Reason {
    /// What an agent in shadow mode is told.
    pub fn shadow() -> Self {
        Self::plain(ReasonCode::Shadow, "This agent is only watched for now.")
    }

    fn plain(code: ReasonCode, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
            guardrail: None,
            signal: None,
            evidence: Vec::new(),
        }
    }

    /// Why a guardrail that holds speaks, and where the draft meets it.
    pub(crate) fn guardrail(guardrail: &Guardrail, facts: &Facts<'_>) -> Self {
        let because = &guardrail.because;
        let text = match cause::unlimited(facts, &guardrail.when) {
            None => because.clone(),
            Some(why) if because.ends_with(['.', '!', '?']) => format!("{because} {why}"),
            Some(why) => format!("{because}. {why}"),
        };
        Self {
            evidence: cause::evidence(facts, &guardrail.when),
            guardrail: Some(guardrail.name.clone()),
            ..Self::plain(ReasonCode::Guardrail, text)
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
            Self::LowConfidence => "The agent does not say that it is confident enough.",
            Self::Novel => "Nothing like this message was seen before.",
            Self::UnknownCategory => "The category is missing or not in the policy.",
            Self::CategoryInDoubt => "Messages like this one were of another category.",
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

/// A decision on an open draft that was made again because policy, level or stop changed: only ever
/// towards more care, so `None` unless the new route is stricter.
pub fn stricter(before: &Decision, after: Decision) -> Option<Decision> {
    (after.route > before.route).then_some(after)
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
