//! A guardrail's condition, compiled, and the facts it is tested against. Testing must allocate
//! nothing: what a test needs is made when the policy is compiled or when the facts are read.

use super::{Amount, Condition, LocalTime, WeekSpan};
use crate::catalogue::Stakes;
use crate::draft::{Action, Draft, Kind};
use crate::ratio::Ratio;
use crate::signal::{Signal, SignalCode};
use serde_json::Value;
use std::collections::BTreeMap;

/// What guardrails are tested against: read once for a draft, by `Compiled::facts`.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    pub(crate) draft: &'a Draft,
    pub(crate) stakes: Option<Stakes>,
    /// Money by currency; `None` where it can't be read or the action is unlisted.
    pub(crate) amounts: Option<BTreeMap<String, u64>>,
    pub(crate) signals: &'a [Signal],
    pub(crate) local_time: LocalTime,
    /// Message and draft text, each a line of `plain_words`.
    pub(crate) text: String,
}

/// What some guardrail of a policy asks for, so that nothing is read in vain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub amounts: bool,
    pub text: bool,
}

/// A condition: every check must hold. What its author left out costs nothing.
#[derive(Clone, Debug)]
pub(crate) struct Checks(Vec<Check>);

#[derive(Clone, Debug)]
enum Check {
    Agent(Vec<String>),
    Channel(Vec<String>),
    Kind(Kind),
    Category(Vec<String>),
    Action(Vec<String>),
    Stakes(Vec<Stakes>),
    AmountOver(Amount),
    AmountAtMost(Amount),
    ConfidenceBelow(Ratio),
    ConfidenceAtLeast(Ratio),
    /// As `plain_words`.
    Phrases(Vec<String>),
    ConversationAtLeast(u32),
    CustomerTags(Vec<String>),
    CustomerPlan(Vec<String>),
    Metadata(String, Vec<Value>),
    LocalTime(Vec<WeekSpan>),
    Signal(Vec<SignalCode>, Ratio),
    All(Checks),
    Any(Vec<Checks>),
    Not(Checks),
}

impl Checks {
    /// Compiles a condition; `asked` learns what it asks for.
    pub(crate) fn of(condition: &Condition, asked: &mut Asked) -> Self {
        asked.amounts |= condition.amount_over.is_some() || condition.amount_at_most.is_some();
        asked.text |= !condition.words.is_empty();
        let least = condition.signal_at_least.unwrap_or(Ratio::ZERO);
        let phrases: Vec<String> = condition
            .words
            .iter()
            .map(|text| plain_words(text))
            .collect();
        // In the order of cost: texts are searched last.
        let checks = [
            condition.kind.map(Check::Kind),
            condition.confidence_below.map(Check::ConfidenceBelow),
            condition.confidence_at_least.map(Check::ConfidenceAtLeast),
            condition
                .conversation_at_least
                .map(Check::ConversationAtLeast),
            given(&condition.stakes).map(Check::Stakes),
            given(&condition.local_time).map(Check::LocalTime),
            given(&condition.agent).map(Check::Agent),
            given(&condition.channel).map(Check::Channel),
            given(&condition.category).map(Check::Category),
            given(&condition.action).map(Check::Action),
            condition.amount_over.clone().map(Check::AmountOver),
            condition.amount_at_most.clone().map(Check::AmountAtMost),
            given(&condition.signal).map(|codes| Check::Signal(codes, least)),
            given(&condition.customer_tags).map(Check::CustomerTags),
            given(&condition.customer_plan).map(Check::CustomerPlan),
        ];
        let mut checks: Vec<Check> = checks.into_iter().flatten().collect();
        let metadata = condition.metadata.iter();
        checks.extend(metadata.map(|(name, values)| Check::Metadata(name.clone(), values.clone())));
        checks.extend(given(&phrases).map(Check::Phrases));
        checks.extend(
            condition
                .all
                .iter()
                .map(|inner| Check::All(Self::of(inner, asked))),
        );
        let any: Vec<Self> = condition
            .any
            .iter()
            .map(|inner| Self::of(inner, asked))
            .collect();
        checks.extend(given(&any).map(Check::Any));
        let not = condition.not.iter();
        checks.extend(not.map(|inner| Check::Not(Self::of(inner, asked))));
        Self(checks)
    }

    /// Whether the condition holds.
    pub(crate) fn hold(&self, facts: &Facts<'_>) -> bool {
        self.0.iter().all(|check| check.holds(facts))
    }
}

/// A list that says something.
fn given<T: Clone>(list: &[T]) -> Option<Vec<T>> {
    (!list.is_empty()).then(|| list.to_vec())
}

impl Check {
    fn holds(&self, facts: &Facts<'_>) -> bool {
        let draft = facts.draft;
        match self {
            Self::Kind(kind) => *kind == draft.kind,
            Self::ConfidenceBelow(bound) => draft.confidence.is_none_or(|value| value < *bound),
            Self::ConfidenceAtLeast(bound) => draft.confidence.is_some_and(|value| value >= *bound),
            Self::ConversationAtLeast(least) => {
                let messages = draft.conversation.messages.len();
                u32::try_from(messages).unwrap_or(u32::MAX) >= *least
            }
            Self::Stakes(list) => facts.stakes.is_some_and(|stakes| list.contains(&stakes)),
            Self::LocalTime(spans) => spans.iter().any(|span| span.contains(facts.local_time)),
            Self::Agent(list) => list.contains(&draft.agent),
            Self::Channel(list) => list.contains(&draft.channel),
            Self::Category(patterns) => draft.category.as_ref().is_some_and(|category| {
                let mut patterns = patterns.iter();
                patterns.any(|pattern| category_matches(pattern, category))
            }),
            Self::Action(list) => action(facts).is_some_and(|action| list.contains(&action.name)),
            Self::AmountOver(over) => {
                let more = |amounts| over.exceeded_by(amounts);
                action(facts).is_some() && facts.amounts.as_ref().is_none_or(more)
            }
            Self::AmountAtMost(most) => {
                let covers = |amounts| most.covers(amounts);
                action(facts).is_some() && facts.amounts.as_ref().is_some_and(covers)
            }
            Self::Signal(codes, least) => {
                let counts =
                    |signal: &Signal| codes.contains(&signal.code) && signal.score >= *least;
                facts.signals.iter().any(counts)
            }
            Self::CustomerTags(list) => draft.customer.as_ref().is_some_and(|customer| {
                let mut tags = customer.tags.iter();
                tags.any(|tag| list.contains(tag))
            }),
            Self::CustomerPlan(list) => {
                let plan = draft
                    .customer
                    .as_ref()
                    .and_then(|customer| customer.plan.as_ref());
                plan.is_some_and(|plan| list.contains(plan))
            }
            Self::Metadata(name, values) => {
                let value = draft.metadata.get(name);
                value.is_some_and(|value| values.contains(value))
            }
            Self::Phrases(list) => list
                .iter()
                .any(|phrase| facts.text.contains(phrase.as_str())),
            Self::All(checks) => checks.hold(facts),
            Self::Any(list) => list.iter().any(|checks| checks.hold(facts)),
            Self::Not(checks) => !checks.hold(facts),
        }
    }
}

fn action<'a>(facts: &Facts<'a>) -> Option<&'a Action> {
    facts.draft.draft.action.as_ref()
}

impl Amount {
    /// Whether more than this moves; money in another currency can't be compared, so it is more.
    fn exceeded_by(&self, amounts: &BTreeMap<String, u64>) -> bool {
        amounts
            .iter()
            .any(|(currency, minor)| *currency != self.currency || *minor > self.minor)
    }

    fn covers(&self, amounts: &BTreeMap<String, u64>) -> bool {
        !amounts.is_empty() && !self.exceeded_by(amounts)
    }
}

impl WeekSpan {
    fn contains(self, time: LocalTime) -> bool {
        (self.from_day..=self.to_day).contains(&time.weekday)
            && (self.from_minute..self.to_minute).contains(&time.minute)
    }
}

/// Lower-case words between single spaces, with one at either end, so that a phrase is found only
/// as whole words.
pub(crate) fn plain_words(text: &str) -> String {
    let mut plain = String::with_capacity(text.len().saturating_add(2));
    add_plain_words(text, &mut plain);
    plain
}

/// The same behind what is there: a line of its own, so that no phrase is found across two.
pub(crate) fn add_plain_words(text: &str, plain: &mut String) {
    plain.push_str(if plain.is_empty() { " " } else { "\n " });
    for character in text.chars() {
        if character.is_ascii() {
            add_plain(character.to_ascii_lowercase(), plain);
        } else {
            character
                .to_lowercase()
                .for_each(|lower| add_plain(lower, plain));
        }
    }
    if !plain.ends_with(' ') {
        plain.push(' ');
    }
}

fn add_plain(character: char, plain: &mut String) {
    if character.is_alphanumeric() {
        plain.push(character);
    } else if !matches!(character, '\'' | '’') && !plain.ends_with(' ') {
        plain.push(' ');
    }
}

fn category_matches(pattern: &str, category: &str) -> bool {
    match pattern.strip_suffix(".*") {
        None => pattern == category,
        Some(prefix) => category
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_match_whole_words_in_any_case() {
        for (text, phrase, expected) in [
            ("I will SUE you!", "sue", true),
            ("an issue", "sue", false),
            ("My lawyer—he said", "lawyer he", true),
            ("don’t", "don't", true),
            ("ÄRGER im Büro", "ärger", true),
        ] {
            assert_eq!(
                plain_words(text).contains(&plain_words(phrase)),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn no_phrase_is_found_across_two_texts() {
        let mut text = plain_words("see my lawyer");
        add_plain_words("he said", &mut text);
        assert!(text.contains(&plain_words("lawyer")) && text.contains(&plain_words("he")));
        assert!(!text.contains(&plain_words("lawyer he")));
    }

    #[test]
    fn a_category_prefix_ends_at_a_dot() {
        assert!(category_matches("billing.*", "billing"));
        assert!(category_matches("billing.*", "billing.refund"));
        assert!(!category_matches("billing.*", "billings"));
        assert!(!category_matches("billing", "billing.refund"));
    }

    #[test]
    fn money_in_another_currency_is_more() {
        let over = Amount {
            minor: 10_000,
            currency: "USD".into(),
        };
        let amounts = |currency: &str, minor| BTreeMap::from([(currency.to_owned(), minor)]);
        assert!(!over.exceeded_by(&amounts("USD", 10_000)));
        assert!(over.exceeded_by(&amounts("USD", 10_001)));
        assert!(over.exceeded_by(&amounts("EUR", 1)));
        assert!(!over.covers(&BTreeMap::new()));
    }
}
