//! What a draft can be, as far as a policy's conditions tell drafts apart: for each thing that a
//! condition asks, a finite list of values that stand for all others. It must not ask anything in
//! its own way: which values pass a test is found by the code that decides.

use super::doing::Doing;
use super::domain::{categories, channels, confidences, lengths, novelties, optional, with_fresh};
use super::mentions::Mentions;
use super::solve::{Formula, Implication, Set, Var};
use crate::document::Policy;
use crate::draft::Audience;
use crate::guardrail::{Condition, LocalTime, category_matches, is_one_of};
use crate::invalid::escape;
use crate::order;
use crate::ratio::Ratio;
use crate::said::plain_words;
use crate::signal::{SignalCode, is_key_tag, low_confidence};
use serde_json::Value;
use std::collections::BTreeSet;

/// Values of one variable: every bound and every name of a policy at its limits still fits, but
/// for a catalogue of hundreds of actions with hundreds of amounts.
const VALUES_MAX: usize = 20_000;

const AGENT: Var = 0;
const CHANNEL: Var = 1;
const CATEGORY: Var = 2;
const DOING: Var = 3;
const CONFIDENCE: Var = 4;
const LENGTH: Var = 5;
const TIME: Var = 6;
const PLAN: Var = 7;
const NOVELTY: Var = 8;
const KEY_ACCOUNT: Var = 9;
const OTHERS: Var = 10;

/// Every variable and its values; what looks most like an ordinary draft comes first.
pub(super) struct Space<'a> {
    policy: &'a Policy,
    pub agents: Vec<String>,
    pub channels: Vec<String>,
    pub categories: Vec<Option<String>>,
    pub doings: Vec<Doing>,
    pub confidences: Vec<Option<Ratio>>,
    pub lengths: Vec<u32>,
    pub times: Vec<LocalTime>,
    pub plans: Vec<Option<String>>,
    pub novelties: Vec<Option<Ratio>>,
    /// Variables of yes and no.
    pub words: Vec<String>,
    pub tags: Vec<String>,
    pub metadata: Vec<(String, Vec<Option<Value>>)>,
    /// Signals that are read from texts: taken as free, but for what is known of them.
    pub scores: Vec<(SignalCode, Vec<Option<Ratio>>)>,
}

/// Values chosen for every variable.
pub(super) struct Chosen<'s> {
    pub agent: &'s str,
    pub channel: &'s str,
    pub category: Option<&'s str>,
    pub doing: &'s Doing,
    pub confidence: Option<Ratio>,
    pub length: u32,
    pub time: LocalTime,
    pub plan: Option<&'s str>,
    pub novelty: Option<Ratio>,
    pub key_account: bool,
    pub words: Vec<&'s str>,
    pub tags: Vec<&'s str>,
    pub metadata: Vec<(&'s str, &'s Value)>,
    pub signals: Vec<SignalCode>,
    /// The score of `low_confidence`, where it is free.
    pub low_confidence: Option<Ratio>,
}

impl<'a> Space<'a> {
    /// Nothing when a variable would have too many values.
    pub fn new(policy: &'a Policy) -> Option<Self> {
        let mentions = Mentions::of(policy);
        let known = policy.categories.keys().cloned();
        let space = Self {
            policy,
            agents: with_fresh("agent", &mentions.agents),
            channels: channels(&mentions.channels),
            categories: categories(known, &mentions.categories),
            doings: super::doing::list(policy, &mentions),
            confidences: confidences(policy, &mentions),
            lengths: lengths(&mentions),
            times: mentions.times(),
            plans: optional(with_fresh("basic", &mentions.plans)),
            novelties: novelties(policy, &mentions),
            words: mentions.words.iter().cloned().collect(),
            tags: mentions.tags.iter().cloned().collect(),
            metadata: mentions.metadata(),
            scores: mentions.scores(policy),
        };
        let sizes = space.sizes();
        sizes
            .iter()
            .all(|size| *size <= VALUES_MAX)
            .then_some(space)
    }

    /// How many values each variable has, in the order of the variables.
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![
            self.agents.len(),
            self.channels.len(),
            self.categories.len(),
            self.doings.len(),
            self.confidences.len(),
            self.lengths.len(),
            self.times.len(),
            self.plans.len(),
            self.novelties.len(),
            2,
        ];
        sizes.extend(self.words.iter().chain(&self.tags).map(|_| 2));
        sizes.extend(self.metadata.iter().map(|(_, values)| values.len()));
        sizes.extend(self.scores.iter().map(|(_, values)| values.len()));
        sizes
    }

    /// What is known to go together.
    pub fn implications(&self) -> Vec<Implication> {
        let mut list = Vec::new();
        for (index, longer) in self.words.iter().enumerate() {
            for (other, shorter) in self.words.iter().enumerate() {
                if index != other && longer.contains(shorter.as_str()) {
                    let of = |index: usize| (OTHERS.saturating_add(index), yes());
                    list.push(Implication {
                        from: of(index),
                        to: of(other),
                    });
                }
            }
        }
        for (index, tag) in self.tags.iter().enumerate() {
            if is_key_tag(self.policy, tag) {
                list.push(Implication {
                    from: (self.tag_var(index), yes()),
                    to: (KEY_ACCOUNT, yes()),
                });
            }
        }
        let present = |code| {
            let (var, values) = self.score_var(code)?;
            Some((var, Set::collect(values.iter().map(Option::is_some))))
        };
        let message = Set::collect(self.doings.iter().map(|doing| doing.action.is_none()));
        for code in [
            SignalCode::Shouting,
            SignalCode::MissingApology,
            SignalCode::LanguageMismatch,
        ] {
            // These are read from the text of a draft, and an action has none.
            list.extend(present(code).map(|from| Implication {
                from,
                to: (DOING, message.clone()),
            }));
        }
        // Only a category that the agent named can be in doubt.
        let named = Set::collect(self.categories.iter().map(Option::is_some));
        list.extend(
            present(SignalCode::CategoryInDoubt).map(|from| Implication {
                from,
                to: (CATEGORY, named),
            }),
        );
        let apology = present(SignalCode::MissingApology);
        list.extend(
            apology
                .zip(present(SignalCode::Complaint))
                .map(|(from, to)| Implication { from, to }),
        );
        list
    }

    fn tag_var(&self, index: usize) -> Var {
        OTHERS
            .saturating_add(self.words.len())
            .saturating_add(index)
    }

    fn metadata_var(&self, index: usize) -> Var {
        self.tag_var(self.tags.len()).saturating_add(index)
    }

    fn score_var(&self, code: SignalCode) -> Option<(Var, &[Option<Ratio>])> {
        let mut scores = self.scores.iter().enumerate();
        let (index, (_, values)) = scores.find(|(_, (own, _))| *own == code)?;
        let var = self.metadata_var(self.metadata.len()).saturating_add(index);
        Some((var, values))
    }

    /// The first value that each variable may still take.
    pub fn choose(&self, domains: &[Set]) -> Option<Chosen<'_>> {
        let first = |var: Var| domains.get(var).and_then(Set::first);
        let is = |var: Var| first(var) == Some(1);
        let mut metadata = Vec::new();
        for (index, (name, values)) in self.metadata.iter().enumerate() {
            if let Some(value) = values.get(first(self.metadata_var(index))?)? {
                metadata.push((name.as_str(), value));
            }
        }
        let mut signals = Vec::new();
        for (code, values) in &self.scores {
            let (var, _) = self.score_var(*code)?;
            if values.get(first(var)?)?.is_some() {
                signals.push(*code);
            }
        }
        let low = self.score_var(SignalCode::LowConfidence);
        let low = low.and_then(|(var, values)| *values.get(first(var)?)?);
        let words = self.words.iter().enumerate();
        let tags = self.tags.iter().enumerate();
        Some(Chosen {
            agent: self.agents.get(first(AGENT)?)?,
            channel: self.channels.get(first(CHANNEL)?)?,
            category: self.categories.get(first(CATEGORY)?)?.as_deref(),
            doing: self.doings.get(first(DOING)?)?,
            confidence: *self.confidences.get(first(CONFIDENCE)?)?,
            length: *self.lengths.get(first(LENGTH)?)?,
            time: *self.times.get(first(TIME)?)?,
            plan: self.plans.get(first(PLAN)?)?.as_deref(),
            novelty: *self.novelties.get(first(NOVELTY)?)?,
            key_account: is(KEY_ACCOUNT),
            words: words
                .filter(|(index, _)| is(OTHERS.saturating_add(*index)))
                .map(|(_, phrase)| phrase.as_str())
                .collect(),
            tags: tags
                .filter(|(index, _)| is(self.tag_var(*index)))
                .map(|(_, tag)| tag.as_str())
                .collect(),
            metadata,
            signals,
            low_confidence: low,
        })
    }

    /// The formula of a condition, field by field.
    pub fn parts(&self, condition: &Condition) -> Vec<(String, Formula)> {
        let mut parts = self.name_parts(condition);
        parts.extend(self.number_parts(condition));
        if !condition.signal.is_empty() {
            let least = condition.signal_at_least.unwrap_or(Ratio::ZERO);
            let any = condition
                .signal
                .iter()
                .map(|code| self.signal(*code, least));
            parts.push(("signal".into(), Formula::Any(any.collect())));
        }
        for (index, inner) in condition.all.iter().enumerate() {
            parts.push((format!("all/{index}"), self.formula(inner)));
        }
        if !condition.any.is_empty() {
            let any = condition.any.iter().map(|inner| self.formula(inner));
            parts.push(("any".into(), Formula::Any(any.collect())));
        }
        if let Some(inner) = &condition.not {
            parts.push(("not".into(), self.formula(inner).negated()));
        }
        parts
    }

    /// The formula of a condition.
    pub fn formula(&self, condition: &Condition) -> Formula {
        let parts = self.parts(condition).into_iter();
        Formula::All(parts.map(|(_, formula)| formula).collect())
    }

    fn name_parts(&self, condition: &Condition) -> Vec<(String, Formula)> {
        let mut parts = Vec::new();
        let mut push = |name: &str, asked: bool, formula: &dyn Fn() -> Formula| {
            if asked {
                parts.push((name.to_owned(), formula()));
            }
        };
        push("agent", !condition.agent.is_empty(), &|| {
            is(AGENT, &self.agents, |name| condition.agent.contains(name))
        });
        push("category", !condition.category.is_empty(), &|| {
            is(CATEGORY, &self.categories, |category| {
                let category = category.as_ref();
                category.is_some_and(|category| {
                    let mut patterns = condition.category.iter();
                    patterns.any(|pattern| category_matches(pattern, category))
                })
            })
        });
        push("channel", !condition.channel.is_empty(), &|| {
            is(CHANNEL, &self.channels, |name| {
                condition.channel.contains(name)
            })
        });
        push("audience", !condition.audience.is_empty(), &|| {
            is(CHANNEL, &self.channels, |name| {
                condition.audience.contains(&Audience::of_channel(name))
            })
        });
        push("action", !condition.action.is_empty(), &|| {
            self.doing(|doing| {
                let name = doing.action.as_ref();
                name.is_some_and(|name| condition.action.contains(name))
            })
        });
        push("stakes", !condition.stakes.is_empty(), &|| {
            self.doing(|doing| {
                let entry = doing.action.as_ref();
                let entry = entry.and_then(|name| self.policy.actions.get(name));
                entry.is_some_and(|entry| condition.stakes.contains(&entry.stakes))
            })
        });
        push("words", !condition.words.is_empty(), &|| {
            let any = condition.words.iter().filter_map(|phrase| {
                let phrase = plain_words(phrase);
                let index = self.words.iter().position(|own| *own == phrase)?;
                Some(Formula::Is(OTHERS.saturating_add(index), yes()))
            });
            Formula::Any(any.collect())
        });
        push(
            "customer_tags",
            !condition.customer_tags.is_empty(),
            &|| {
                let any = condition.customer_tags.iter().filter_map(|tag| {
                    let index = self.tags.iter().position(|own| own == tag)?;
                    Some(Formula::Is(self.tag_var(index), yes()))
                });
                Formula::Any(any.collect())
            },
        );
        push(
            "customer_plan",
            !condition.customer_plan.is_empty(),
            &|| {
                is(PLAN, &self.plans, |plan| {
                    let plan = plan.as_ref();
                    plan.is_some_and(|plan| condition.customer_plan.contains(plan))
                })
            },
        );
        for (index, (name, values)) in self.metadata.iter().enumerate() {
            let var = self.metadata_var(index);
            let mut push = |field: &str, has: &dyn Fn(&Value) -> bool| {
                let has = |value: &Option<Value>| value.as_ref().is_some_and(has);
                parts.push((format!("{field}/{}", escape(name)), is(var, values, has)));
            };
            if let Some(wanted) = condition.metadata.get(name) {
                push("metadata", &|value| is_one_of(value, wanted));
            }
            if let Some(range) = condition.metadata_range.get(name) {
                push("metadata_range", &|value| range.holds(value));
            }
        }
        parts
    }

    fn number_parts(&self, condition: &Condition) -> Vec<(String, Formula)> {
        let mut parts = Vec::new();
        let mut push = |name: &str, formula: Formula| parts.push((name.to_owned(), formula));
        if let Some(kind) = condition.kind {
            push("kind", self.doing(|doing| doing.kind() == kind));
        }
        if let Some(over) = &condition.amount_over {
            push("amount_over", self.doing(|doing| doing.is_over(over)));
        }
        if let Some(most) = &condition.amount_at_most {
            push("amount_at_most", self.doing(|doing| doing.is_at_most(most)));
        }
        if let Some(bound) = condition.confidence_below {
            let below = |stated: &Option<Ratio>| stated.is_none_or(|value| value < bound);
            push("confidence_below", is(CONFIDENCE, &self.confidences, below));
        }
        if let Some(bound) = condition.confidence_at_least {
            let least = |stated: &Option<Ratio>| stated.is_some_and(|value| value >= bound);
            push(
                "confidence_at_least",
                is(CONFIDENCE, &self.confidences, least),
            );
        }
        if let Some(least) = condition.conversation_at_least {
            let enough = |length: &u32| *length >= least;
            push("conversation_at_least", is(LENGTH, &self.lengths, enough));
        }
        if !condition.local_time.is_empty() {
            let within = |time: &LocalTime| {
                let mut spans = condition.local_time.iter();
                spans.any(|span| span.contains(*time))
            };
            push("local_time", is(TIME, &self.times, within));
        }
        parts
    }

    /// That a draft is one of these.
    pub fn doing(&self, test: impl Fn(&Doing) -> bool) -> Formula {
        is(DOING, &self.doings, test)
    }

    /// That a signal is found with at least this score.
    pub fn signal(&self, code: SignalCode, least: Ratio) -> Formula {
        let entry = |doing: &Doing| {
            let name = doing.action.as_ref()?;
            Some(self.policy.actions.get(name))
        };
        match code {
            SignalCode::HighStakes => self.doing(|doing| {
                entry(doing)
                    .flatten()
                    .is_some_and(|entry| entry.high_stakes())
            }),
            SignalCode::Irreversible => self.doing(|doing| {
                entry(doing)
                    .flatten()
                    .is_some_and(|entry| entry.irreversible())
            }),
            SignalCode::UnlistedAction => self.doing(|doing| entry(doing) == Some(None)),
            SignalCode::UnknownCategory => is(CATEGORY, &self.categories, |category| {
                let category = category.as_ref();
                !category.is_some_and(|category| self.policy.knows(category))
            }),
            SignalCode::KeyAccount => Formula::Is(KEY_ACCOUNT, yes()),
            SignalCode::Novel => {
                let bound = self.policy.signals.novelty_threshold.max(least);
                is(NOVELTY, &self.novelties, |score| {
                    score.is_some_and(|score| score >= bound)
                })
            }
            SignalCode::LowConfidence => self.low_confidence(least),
            code => self.free(code, least),
        }
    }

    /// Each category's threshold with the confidences that it makes too low. What a category's
    /// labels teach is free, as signals of texts are; a missing confidence is always too low.
    fn low_confidence(&self, least: Ratio) -> Formula {
        let threshold = |category: &Option<String>| {
            let rules = self.policy.rules(category.as_deref());
            rules.confidence_threshold.number()
        };
        let thresholds: BTreeSet<Option<Ratio>> =
            order::gathered(self.categories.iter().map(threshold));
        let cases = thresholds.into_iter().map(|bound| {
            let low = |stated: &Option<Ratio>| match bound {
                None => stated.is_none(),
                bound => low_confidence(bound, *stated).is_some_and(|score| score >= least),
            };
            let learnt = match bound {
                None => self.free(SignalCode::LowConfidence, least),
                Some(_) => Formula::Any(Vec::new()),
            };
            Formula::All(vec![
                is(CATEGORY, &self.categories, |category| {
                    threshold(category) == bound
                }),
                Formula::Any(vec![is(CONFIDENCE, &self.confidences, low), learnt]),
            ])
        });
        Formula::Any(cases.collect())
    }

    /// A signal of which nothing is known but that it was asked for.
    fn free(&self, code: SignalCode, least: Ratio) -> Formula {
        match self.score_var(code) {
            None => Formula::Any(Vec::new()),
            Some((var, values)) => is(var, values, |score| {
                score.is_some_and(|score| score >= least)
            }),
        }
    }
}

fn is<T>(var: Var, values: &[T], test: impl Fn(&T) -> bool) -> Formula {
    Formula::Is(var, Set::collect(values.iter().map(test)))
}

/// Of no and yes.
fn yes() -> Set {
    Set::collect([false, true])
}
