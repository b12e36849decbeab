//! What another policy would have done with drafts that are on record: how many more it would have
//! released, sampled or held, and what reviewers had done to those. It must not ask for anything
//! that was not recorded, and never guesses a label.
//!
//! A draft's texts are read again only where the new policy reads texts differently (lexicons,
//! languages, the tenant's own contacts, or another engine); otherwise the signals that were found
//! in them stand, and what needs no text (confidence, stakes, category) is looked at anew.

use crate::compiled::Compiled;
use crate::draft::Draft;
use crate::edit::EditKind;
use crate::level::Level;
use crate::order;
use crate::queue::Status;
use crate::ratio::Ratio;
use crate::route::{ENGINE_VERSION, Route, Situation, strictest};
use crate::said::Said;
use crate::sample::probability;
use crate::signal::{SignalCode, SignalRules, find, find_again};
use crate::trust::{Ending, Label};
use crate::verdict::VerdictKind;
use serde::{Deserialize, Serialize};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// Drafts named for each category: enough to see what they have in common.
pub const EXAMPLES_MAX: usize = 5;
/// Categories that are told apart; what agents name beyond them counts with the nameless.
pub const CATEGORIES_MAX: usize = 1_000;

/// One draft on record, with all that a decision about it depends on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Recorded {
    /// The draft's id.
    pub id: String,
    /// As it was posted.
    pub draft: Draft,
    /// As it was routed.
    pub situation: Situation,
    /// What was decided.
    pub decision: Recap,
    /// The policy version that decided.
    pub policy_version: u32,
    /// What trust counts of it; absent where nobody decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
    /// Its words as guardrails look for them, once any guardrail asked.
    #[serde(skip)]
    said: OnceCell<Said>,
}

/// As much of a decision as a backtest reads; a whole one will do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Recap {
    /// Where it went.
    pub route: Route,
    /// Whether it was to be looked at afterwards.
    pub sampled: bool,
    /// What was found in it.
    pub signals: Vec<Mark>,
    /// The version of the rules that decided.
    pub engine_version: u32,
}

/// A signal without the words that caused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Mark {
    /// What was found.
    pub code: SignalCode,
    /// How strong it is.
    pub score: Ratio,
}

/// What a backtest found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Backtest {
    /// What would have changed, in plain words.
    pub sentence: String,
    /// All drafts together.
    pub total: Change,
    /// By category; under the empty name those without one.
    pub categories: BTreeMap<String, Change>,
    /// Newly released drafts that reviewers had changed in substance or stopped: the worst first.
    pub examples: Vec<Example>,
    /// Drafts whose texts had to be read again.
    pub read_again: u64,
}

/// What would have become of some drafts, beside what did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Change {
    /// Drafts replayed.
    pub drafts: u64,
    /// Where they went.
    pub now: Routes,
    /// Where they would have gone.
    pub then: Routes,
    /// Would go out by themselves and did not.
    pub newly_released: Labels,
    /// Went out by themselves and would not.
    pub newly_held: Labels,
}

/// Drafts by where they go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Routes {
    /// Out, by themselves.
    pub released: u64,
    /// Of these, to be looked at afterwards.
    pub sampled: u64,
    /// To a reviewer.
    pub held: u64,
    /// To a person.
    pub human: u64,
}

/// Drafts by what reviewers did to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Labels {
    /// All of them.
    pub drafts: u64,
    /// Approved or confirmed as they were.
    pub clean: u64,
    /// Edited in tone, grammar or formatting.
    pub cosmetic: u64,
    /// Edited in substance.
    pub substantive: u64,
    /// Rejected, rewritten, sent back or corrected.
    pub harmful: u64,
    /// Nobody decided: nothing is known.
    pub unlabelled: u64,
}

/// A draft that would go out by itself, and should not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "BacktestExample"))]
pub struct Example {
    /// The draft's id.
    pub id: String,
    /// Its category; empty for none.
    pub category: String,
    /// What reviewers had done to it.
    pub label: Label,
}

impl Recorded {
    /// A draft on record.
    pub fn new(
        id: String,
        draft: Draft,
        situation: Situation,
        decision: Recap,
        policy_version: u32,
        label: Option<Label>,
    ) -> Self {
        Self {
            id,
            draft,
            situation,
            decision,
            policy_version,
            label,
            said: OnceCell::new(),
        }
    }
}

/// What trust counts of a settled draft. An edit of unknown kind counts as one of substance; what
/// belonged to a person could not be approved, so that what they wrote says nothing of the draft.
pub fn label(
    route: Route,
    status: Status,
    verdict: Option<VerdictKind>,
    edit: Option<EditKind>,
) -> Option<Label> {
    Ending::after(route, status, verdict, edit).label()
}

/// Replays drafts one after another; they need not be there at once.
#[derive(Clone, Debug)]
pub struct Replay<'a> {
    policy: &'a Compiled,
    levels: &'a BTreeMap<String, Level>,
    read_alike: BTreeSet<u32>,
    total: Change,
    categories: BTreeMap<String, Change>,
    examples: BTreeMap<String, Vec<Example>>,
    read_again: u64,
}

impl<'a> Replay<'a> {
    /// Replays under `policy`; a category in `levels` counts as being at that level, every other
    /// at the level it had when the draft came.
    pub fn new(policy: &'a Compiled, levels: &'a BTreeMap<String, Level>) -> Self {
        Self {
            policy,
            levels,
            read_alike: BTreeSet::new(),
            total: Change::default(),
            categories: BTreeMap::new(),
            examples: BTreeMap::new(),
            read_again: 0,
        }
    }

    /// Says what version `version` of the recorded policies told about signals. Drafts of a version
    /// that was never told have their texts read again.
    pub fn recorded_under(&mut self, version: u32, signals: &SignalRules) {
        if signals.reads_texts_like(&self.policy.policy().signals) {
            self.read_alike.insert(version);
        }
    }

    /// Replays one draft.
    pub fn add(&mut self, recorded: &Recorded) {
        let (route, sampled) = self.route(recorded);
        let category = recorded.draft.category.as_deref().unwrap_or("");
        let known = self.categories.contains_key(category);
        let category = if known || self.categories.len() < CATEGORIES_MAX {
            category
        } else {
            ""
        };
        self.total.add(recorded, route, sampled);
        match self.categories.get_mut(category) {
            Some(change) => change.add(recorded, route, sampled),
            None => {
                let mut change = Change::default();
                change.add(recorded, route, sampled);
                self.categories.insert(category.to_owned(), change);
            }
        }
        let out = route == Route::Release && recorded.decision.route != Route::Release;
        if let Some(label) = recorded.label.filter(|label| out && !label.acceptable()) {
            let examples = self.examples.entry(category.to_owned()).or_default();
            // A harmful one is worth more than a substantive one; the first seen stays.
            let at = examples.partition_point(|other| other.label >= label);
            if at < EXAMPLES_MAX {
                let (id, category) = (recorded.id.clone(), category.to_owned());
                examples.insert(
                    at,
                    Example {
                        id,
                        category,
                        label,
                    },
                );
                examples.truncate(EXAMPLES_MAX);
            }
        }
    }

    /// Where the draft goes now, and whether it is to be looked at.
    fn route(&mut self, recorded: &Recorded) -> (Route, bool) {
        let (draft, situation) = (&recorded.draft, &recorded.situation);
        let (policy, name) = (self.policy.policy(), draft.category.as_deref());
        let rules = self.policy.rules_for(draft, situation.guess.as_ref());
        let decision = &recorded.decision;
        let stands = decision.engine_version == ENGINE_VERSION
            && self.read_alike.contains(&recorded.policy_version);
        let signals = if stands {
            let marks = decision.signals.iter().map(|mark| (mark.code, mark.score));
            find_again(policy, rules, draft, situation, marks)
        } else {
            self.read_again = self.read_again.saturating_add(1);
            find(policy, rules, draft, situation)
        };
        let nothing = Said::default();
        let said = match self.policy.reads_texts() {
            true => recorded.said.get_or_init(|| Said::of(draft)),
            false => &nothing,
        };
        let matched = self
            .policy
            .first_match(draft, said, &signals, situation.local_time);
        let level = name.and_then(|name| self.levels.get(name)).copied();
        let level = level.unwrap_or(situation.level).min(rules.ceiling);
        let stopped = situation.stop.is_some();
        let route = strictest(policy, matched, &signals, level, stopped);
        let sampled = situation.sample_draw < probability(route, rules, situation);
        (route, sampled)
    }

    /// What was found.
    pub fn finish(self) -> Backtest {
        let mut examples: Vec<Example> = self.examples.into_values().flatten().collect();
        order::by_key(&mut examples, |example| std::cmp::Reverse(example.label));
        Backtest {
            sentence: self.total.sentence(),
            total: self.total,
            categories: self.categories,
            examples,
            read_again: self.read_again,
        }
    }
}

/// Replays all of `drafts` under `policy`, reusing what was read under `recorded` versions.
pub fn backtest<'d>(
    policy: &Compiled,
    levels: &BTreeMap<String, Level>,
    versions: &BTreeMap<u32, SignalRules>,
    drafts: impl IntoIterator<Item = &'d Recorded>,
) -> Backtest {
    let mut replay = Replay::new(policy, levels);
    for (version, signals) in versions {
        replay.recorded_under(*version, signals);
    }
    for recorded in drafts {
        replay.add(recorded);
    }
    replay.finish()
}

impl Change {
    fn add(&mut self, recorded: &Recorded, route: Route, sampled: bool) {
        let now = recorded.decision.route;
        self.drafts = self.drafts.saturating_add(1);
        self.now.add(now, recorded.decision.sampled);
        self.then.add(route, sampled);
        match (now == Route::Release, route == Route::Release) {
            (false, true) => self.newly_released.add(recorded.label),
            (true, false) => self.newly_held.add(recorded.label),
            _ => {}
        }
    }

    /// What would have changed, in plain words.
    pub fn sentence(&self) -> String {
        let (out, back) = (&self.newly_released, &self.newly_held);
        let mut parts = Vec::new();
        if out.drafts > 0 {
            let mut known = vec![format!("{} of them substantively edited", out.substantive)];
            if out.harmful > 0 {
                known.push(format!("{} rejected or rewritten", out.harmful));
            }
            if out.unlabelled > 0 {
                known.push(format!("{} that nobody decided on", out.unlabelled));
            }
            let known = known.join(", ");
            parts.push(format!("would have released {} more, {known}", out.drafts));
        }
        if back.drafts > 0 {
            parts.push(format!("would have held {} that went out", back.drafts));
        }
        if parts.is_empty() {
            parts.push("would have released and held the same".to_owned());
        }
        format!("Of {} drafts it {}.", self.drafts, parts.join("; it "))
    }
}

impl Routes {
    fn add(&mut self, route: Route, sampled: bool) {
        let count = match route {
            Route::Release => &mut self.released,
            Route::Review => &mut self.held,
            Route::Human => &mut self.human,
        };
        *count = count.saturating_add(1);
        self.sampled = self.sampled.saturating_add(u64::from(sampled));
    }
}

impl Labels {
    fn add(&mut self, label: Option<Label>) {
        let count = match label {
            Some(Label::Clean) => &mut self.clean,
            Some(Label::Cosmetic) => &mut self.cosmetic,
            Some(Label::Substantive) => &mut self.substantive,
            Some(Label::Harmful) => &mut self.harmful,
            None => &mut self.unlabelled,
        };
        *count = count.saturating_add(1);
        self.drafts = self.drafts.saturating_add(1);
    }
}
