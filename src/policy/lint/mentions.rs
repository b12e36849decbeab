//! Every name, bound and phrase that the conditions of a policy ask for. It must not weigh them.

use crate::document::Policy;
use crate::guardrail::{Condition, LocalTime, WeekSpan};
use crate::order;
use crate::ratio::Ratio;
use crate::said::plain_words;
use crate::signal::SignalCode;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What is mentioned, anywhere.
#[derive(Default)]
pub(super) struct Mentions {
    pub agents: BTreeSet<String>,
    /// As written, with their `.*`.
    pub categories: BTreeSet<String>,
    pub channels: BTreeSet<String>,
    pub actions: BTreeSet<String>,
    /// Bounds in minor units by currency.
    pub amounts: BTreeMap<String, BTreeSet<u64>>,
    pub confidences: BTreeSet<Ratio>,
    /// As `plain_words` writes them.
    pub words: BTreeSet<String>,
    pub lengths: BTreeSet<u32>,
    pub tags: BTreeSet<String>,
    pub plans: BTreeSet<String>,
    values: BTreeMap<String, Vec<Value>>,
    /// Bounds of metadata, by name, in order.
    bounds: BTreeMap<String, Vec<f64>>,
    spans: Vec<WeekSpan>,
    signals: BTreeMap<SignalCode, BTreeSet<Ratio>>,
}

impl Mentions {
    pub fn of(policy: &Policy) -> Self {
        let mut mentions = Self::default();
        for guardrail in &policy.guardrails {
            mentions.read(&guardrail.when);
        }
        mentions
    }

    fn read(&mut self, condition: &Condition) {
        self.agents.extend(condition.agent.iter().cloned());
        self.categories.extend(condition.category.iter().cloned());
        self.channels.extend(condition.channel.iter().cloned());
        self.actions.extend(condition.action.iter().cloned());
        let amounts = [&condition.amount_over, &condition.amount_at_most];
        for amount in amounts.into_iter().flatten() {
            let bounds = self.amounts.entry(amount.currency.clone()).or_default();
            bounds.insert(amount.minor);
        }
        self.confidences.extend(condition.confidence_below);
        self.confidences.extend(condition.confidence_at_least);
        let words = condition.words.iter();
        self.words.extend(words.map(|phrase| plain_words(phrase)));
        self.lengths.extend(condition.conversation_at_least);
        self.tags.extend(condition.customer_tags.iter().cloned());
        self.plans.extend(condition.customer_plan.iter().cloned());
        for (name, values) in &condition.metadata {
            let known = self.values.entry(name.clone()).or_default();
            for value in values {
                if !known.contains(value) {
                    known.push(value.clone());
                }
            }
        }
        for (name, range) in &condition.metadata_range {
            let known = self.bounds.entry(name.clone()).or_default();
            known.extend(range.at_least.into_iter().chain(range.at_most));
            order::by(known, f64::total_cmp);
        }
        self.spans.extend(&condition.local_time);
        let least = condition.signal_at_least.unwrap_or(Ratio::ZERO);
        for code in &condition.signal {
            self.signals.entry(*code).or_default().insert(least);
        }
        let inner = condition.all.iter().chain(&condition.any);
        for condition in inner.chain(condition.not.as_deref()) {
            self.read(condition);
        }
    }

    /// The scores that a signal is asked for.
    pub fn signal_scores(&self, code: SignalCode) -> impl Iterator<Item = Ratio> {
        let scores = self.signals.get(&code);
        scores.into_iter().flatten().copied()
    }

    /// The first minute of each stretch in which all spans say the same, on every day.
    pub fn times(&self) -> Vec<LocalTime> {
        let ends = self.spans.iter().flat_map(|s| [s.from_minute, s.to_minute]);
        let minutes: BTreeSet<u16> =
            order::gathered(ends.chain([0]).filter(|minute| *minute < 1440));
        let days = if self.spans.is_empty() { 1..=1 } else { 1..=7 };
        let all = days.flat_map(|weekday| {
            let minutes = minutes.iter();
            minutes.map(move |minute| LocalTime {
                weekday,
                minute: *minute,
            })
        });
        all.collect()
    }

    /// By name: absent, each value, a number of each stretch in which all ranges say the same, and a
    /// word that nobody mentions.
    pub fn metadata(&self) -> Vec<(String, Vec<Option<Value>>)> {
        let names: BTreeSet<&String> =
            order::gathered(self.values.keys().chain(self.bounds.keys()));
        let all = names.into_iter().map(|name| {
            let values = self.values.get(name).map_or(&[][..], Vec::as_slice);
            let texts = values.iter().filter_map(Value::as_str);
            let taken: BTreeSet<String> = order::gathered(texts.map(str::to_owned));
            let fresh = Value::from(super::domain::fresh("other", &taken));
            let bounds = self.bounds.get(name).map_or(&[][..], Vec::as_slice);
            let numbers = super::domain::numbers(bounds, values);
            let values = values.iter().cloned().chain(numbers).chain([fresh]);
            (
                name.clone(),
                std::iter::once(None).chain(values.map(Some)).collect(),
            )
        });
        all.collect()
    }

    /// Of each signal that is read from texts: absent, and each score that is asked for.
    pub fn scores(&self, policy: &Policy) -> Vec<(SignalCode, Vec<Option<Ratio>>)> {
        let all = self.signals.iter().map(|(code, bounds)| {
            let mut bounds = bounds.clone();
            bounds.insert(Ratio::ZERO);
            let can_occur = match code {
                SignalCode::ListedWords => policy
                    .signals
                    .lexicons
                    .get(code)
                    .is_some_and(|phrases| !phrases.list().is_empty()),
                SignalCode::UnexpectedLanguage => !policy.signals.languages.is_empty(),
                _ => true,
            };
            // The highest score first: what is found for sure passes every bound.
            let bounds = bounds.into_iter().rev().map(Some);
            let bounds = bounds.filter(|_| can_occur);
            (*code, std::iter::once(None).chain(bounds).collect())
        });
        all.collect()
    }
}
