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
    pub(crate) text: Text,
}

/// Texts as lines of `plain_words`, and which words may be among them: most phrases are not, and
/// then nothing is searched.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    lines: String,
    /// A bit for every word, by its hash: 2,048 bits for texts of some hundred words.
    words: [u64; 32],
}

/// A phrase to look for, and the hashes of its words.
#[derive(Clone, Debug)]
struct Phrase {
    plain: String,
    hashes: Vec<u64>,
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
    Phrases(Vec<Phrase>),
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
        let words = condition.words.iter();
        let phrases: Vec<Phrase> = words.map(|text| Phrase::of(text)).collect();
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

impl Condition {
    /// Whether it can hold in this category at all.
    pub(crate) fn allows_category(&self, category: &str) -> bool {
        let mut patterns = self.category.iter();
        self.category.is_empty() || patterns.any(|pattern| category_matches(pattern, category))
    }

    /// Whether it can only hold for an action.
    pub(crate) fn needs_action(&self) -> bool {
        let amount = self.amount_over.is_some() || self.amount_at_most.is_some();
        amount || !self.action.is_empty() || !self.stakes.is_empty()
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
            Self::Phrases(list) => list.iter().any(|phrase| facts.text.holds(phrase)),
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

impl Text {
    /// A line more, so that no phrase is found across two texts.
    pub(crate) fn add(&mut self, text: &str) {
        let start = self.lines.len();
        self.lines.reserve(text.len().saturating_add(3));
        self.lines.push_str(if start == 0 { " " } else { "\n " });
        add_plain_words(text, &mut self.lines);
        let line = self.lines.get(start..).unwrap_or("");
        for hash in hashes(line) {
            if let Some(bits) = self.words.get_mut(block(hash)) {
                *bits |= 1 << (hash & 63);
            }
        }
    }

    fn holds(&self, phrase: &Phrase) -> bool {
        let known = |hash: &u64| {
            let bits = self.words.get(block(*hash)).copied().unwrap_or(0);
            bits & (1 << (hash & 63)) != 0
        };
        phrase.hashes.iter().all(known) && self.lines.contains(&phrase.plain)
    }
}

impl Phrase {
    fn of(text: &str) -> Self {
        let plain = plain_words(text);
        Self {
            hashes: hashes(&plain).collect(),
            plain,
        }
    }
}

/// A hash of each word of plain words, of its first eight bytes and its length.
fn hashes(plain: &str) -> impl Iterator<Item = u64> {
    let words = plain.as_bytes().split(|byte| matches!(byte, b' ' | b'\n'));
    words.filter(|word| !word.is_empty()).map(|word| {
        let (mut first, mut length) = (0_u64, 0_u64);
        for byte in word {
            first = if length < 8 {
                first << 8 | u64::from(*byte)
            } else {
                first
            };
            length = length.wrapping_add(1);
        }
        // Fibonacci hashing: the high bits are mixed best.
        (first ^ length).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 53
    })
}

/// Which of the 32 words of a filter a hash of 11 bits belongs to.
fn block(hash: u64) -> usize {
    usize::try_from(hash >> 6 & 31).unwrap_or(0)
}

/// Lower-case words between single spaces, with one at either end, so that a phrase is found only
/// as whole words.
pub(crate) fn plain_words(text: &str) -> String {
    let mut plain = String::with_capacity(text.len().saturating_add(2));
    plain.push(' ');
    add_plain_words(text, &mut plain);
    plain
}

fn add_plain_words(text: &str, plain: &mut String) {
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
        let mut text = Text::default();
        text.add("See my lawyer");
        text.add("He said: “Schadenersatzforderungen”");
        for (phrase, expected) in [
            ("my lawyer", true),
            ("he said", true),
            ("schadenersatzforderungen", true),
            ("lawyer he", false),
            ("lawyers", false),
            ("schadenersatzforderung", false),
        ] {
            assert_eq!(text.holds(&Phrase::of(phrase)), expected, "{phrase}");
        }
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
