//! A policy made ready for many decisions: the rules of each category complete, the conditions as
//! short lists of what they really test, their phrases behind a filter. It must not mean anything
//! else than the policy does: `guardrail` says what a condition means, and a law holds both alike.

use crate::catalogue::Stakes;
use crate::document::{Policy, Rules};
use crate::draft::{Audience, Draft, Kind};
use crate::guardrail::{
    Amount, Condition, Facts, Guardrail, LocalTime, Range, WeekSpan, category_matches, is_one_of,
};
use crate::level::Level;
use crate::order;
use crate::ratio::Ratio;
use crate::route::{self, Decision, Guess, Reason, Route, Situation};
use crate::said::{Phrase, Said};
use crate::signal::{self, Signal, SignalCode};
use serde_json::Value;
use std::collections::BTreeMap;

/// A policy, compiled once per version.
#[derive(Clone, Debug)]
pub struct Compiled {
    policy: Policy,
    conditions: Vec<Vec<Test>>,
    reads_texts: bool,
    categories: BTreeMap<String, Prepared>,
    /// For a category that is missing or unknown.
    others: Prepared,
}

/// What a category settles by itself.
#[derive(Clone, Debug)]
struct Prepared {
    rules: Rules,
    /// The same for a draft that memory alone says is of this category.
    guessed: Rules,
    /// The guardrails that a message can meet there, by their place.
    of_messages: Vec<usize>,
    /// The guardrails that an action can meet there.
    of_actions: Vec<usize>,
}

/// What the rules come to, before it is put into words.
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
    /// Compiles a policy.
    pub fn new(policy: Policy) -> Self {
        let conditions: Vec<Vec<Test>> = policy
            .guardrails
            .iter()
            .map(|guardrail| compile(&guardrail.when))
            .collect();
        let names = policy.categories.keys();
        let prepare = |name| (String::clone(name), Prepared::of(&policy, Some(name)));
        Self {
            reads_texts: conditions.iter().flatten().any(Test::reads_texts),
            categories: order::gathered(names.map(prepare)),
            others: Prepared::of(&policy, None),
            conditions,
            policy,
        }
    }

    /// The policy it was made of.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The complete rules of a category, as [`Policy::rules`] gives them.
    pub fn rules(&self, category: Option<&str>) -> &Rules {
        &self.prepared(category).rules
    }

    /// The rules that a draft is under, as [`Policy::rules_for`] gives them.
    pub fn rules_for(&self, draft: &Draft, guess: Option<&Guess>) -> &Rules {
        let guessed = guess.filter(|guess| draft.category.is_none() && guess.is_likely());
        match guessed.and_then(|guess| self.categories.get(&guess.category)) {
            None => self.rules(draft.category.as_deref()),
            Some(prepared) => &prepared.guessed,
        }
    }

    fn prepared(&self, category: Option<&str>) -> &Prepared {
        category
            .and_then(|name| self.categories.get(name))
            .unwrap_or(&self.others)
    }

    /// Decides one draft as [`route::route`] does.
    pub fn route(&self, draft: &Draft, situation: &Situation) -> Decision {
        let rules = self.rules_for(draft, situation.guess.as_ref());
        let signals = signal::find(&self.policy, rules, draft, situation);
        self.decide(draft, situation, signals)
    }

    /// Decides one draft whose signals are known: those of [`signal::find`] under this policy.
    pub fn decide(&self, draft: &Draft, situation: &Situation, signals: Vec<Signal>) -> Decision {
        let said = match self.reads_texts {
            true => Said::of(draft),
            false => Said::default(),
        };
        let rules = self.rules_for(draft, situation.guess.as_ref());
        let facts = self.facts(draft, &said, &signals, situation.local_time);
        let matched = self.first(&facts);
        let matched = matched.map(|rule| (rule, Reason::guardrail(rule, &facts)));
        route::decide(&self.policy, rules, matched, signals, situation)
    }

    /// What the rules come to; allocates nothing but the amounts, once for the facts.
    pub fn rule<'a>(&'a self, facts: &Facts<'_>, situation: &Situation) -> Ruling<'a> {
        let rules = self.rules_for(facts.draft, situation.guess.as_ref());
        let level = situation.level.min(rules.ceiling);
        let guardrail = self.first(facts);
        let stopped = situation.stop.is_some();
        Ruling {
            route: route::strictest(&self.policy, guardrail, facts.signals, level, stopped),
            guardrail,
            level,
            rules,
        }
    }

    /// Whether any guardrail looks for phrases, so that [`Said::of`] is worth its while.
    pub fn reads_texts(&self) -> bool {
        self.reads_texts
    }

    /// The first guardrail whose condition holds.
    pub fn first_match(
        &self,
        draft: &Draft,
        said: &Said,
        signals: &[Signal],
        local_time: LocalTime,
    ) -> Option<&Guardrail> {
        self.first(&self.facts(draft, said, signals, local_time))
    }

    /// What guardrails are tested against.
    pub fn facts<'a>(
        &'a self,
        draft: &'a Draft,
        said: &'a Said,
        signals: &'a [Signal],
        local_time: LocalTime,
    ) -> Facts<'a> {
        Facts::of(&self.policy, draft, said, signals, local_time)
    }

    fn first(&self, facts: &Facts<'_>) -> Option<&Guardrail> {
        let prepared = self.prepared(facts.draft.category.as_deref());
        let mut places = match facts.draft.draft.action {
            None => prepared.of_messages.iter(),
            Some(_) => prepared.of_actions.iter(),
        };
        let holds = |place: &&usize| {
            let tests = self.conditions.get(**place);
            tests.is_some_and(|tests| all_hold(tests, facts))
        };
        self.policy.guardrails.get(*places.find(holds)?)
    }
}

impl Prepared {
    /// For a category that the policy knows, or for any other, which meets all guardrails.
    fn of(policy: &Policy, category: Option<&str>) -> Self {
        let places = |action: bool| {
            let guardrails = policy.guardrails.iter().enumerate();
            let can_hold = guardrails.filter(|(_, guardrail)| {
                let allowed = category.is_none_or(|name| allows(&guardrail.when, name));
                allowed && (action || !needs_action(&guardrail.when))
            });
            can_hold.map(|(place, _)| place).collect()
        };
        Self {
            rules: policy.rules(category),
            guessed: policy.rules(category).without_autonomy(),
            of_messages: places(false),
            of_actions: places(true),
        }
    }
}

/// Whether a condition can hold in a category at all.
fn allows(condition: &Condition, category: &str) -> bool {
    let mut patterns = condition.category.iter();
    condition.category.is_empty() || patterns.any(|pattern| category_matches(pattern, category))
}

/// Whether a condition can hold for an action only.
fn needs_action(condition: &Condition) -> bool {
    let amount = condition.amount_over.is_some() || condition.amount_at_most.is_some();
    amount || !condition.action.is_empty() || !condition.stakes.is_empty()
}

/// One field of a condition, and what it compares with.
#[derive(Clone, Debug)]
enum Test {
    Kind(Kind),
    Agent(Vec<String>),
    Channel(Vec<String>),
    Audience(Vec<Audience>),
    Category(Vec<String>),
    Action(Vec<String>),
    Stakes(Vec<Stakes>),
    ConfidenceBelow(Ratio),
    ConfidenceAtLeast(Ratio),
    ConversationAtLeast(u32),
    LocalTime(Vec<WeekSpan>),
    Signal(Vec<SignalCode>, Ratio),
    CustomerTags(Vec<String>),
    CustomerPlan(Vec<String>),
    Metadata(BTreeMap<String, Vec<Value>>),
    MetadataRange(BTreeMap<String, Range>),
    AmountOver(Amount),
    AmountAtMost(Amount),
    Words(Vec<Phrase>),
    All(Vec<Test>),
    Any(Vec<Vec<Test>>),
    Not(Vec<Test>),
}

/// What a condition really tests, the cheap first: a rule mostly fails at its first.
fn compile(condition: &Condition) -> Vec<Test> {
    let mut tests = Vec::new();
    let listed = |list: &Vec<String>, test: fn(Vec<String>) -> Test| {
        (!list.is_empty()).then(|| test(list.clone()))
    };
    tests.extend(condition.kind.map(Test::Kind));
    tests.extend(listed(&condition.agent, Test::Agent));
    tests.extend(listed(&condition.channel, Test::Channel));
    if !condition.audience.is_empty() {
        tests.push(Test::Audience(condition.audience.clone()));
    }
    tests.extend(listed(&condition.category, Test::Category));
    tests.extend(listed(&condition.action, Test::Action));
    if !condition.stakes.is_empty() {
        tests.push(Test::Stakes(condition.stakes.clone()));
    }
    tests.extend(condition.confidence_below.map(Test::ConfidenceBelow));
    tests.extend(condition.confidence_at_least.map(Test::ConfidenceAtLeast));
    tests.extend(
        condition
            .conversation_at_least
            .map(Test::ConversationAtLeast),
    );
    if !condition.local_time.is_empty() {
        tests.push(Test::LocalTime(condition.local_time.clone()));
    }
    if !condition.signal.is_empty() {
        let least = condition.signal_at_least.unwrap_or(Ratio::ZERO);
        tests.push(Test::Signal(condition.signal.clone(), least));
    }
    tests.extend(listed(&condition.customer_tags, Test::CustomerTags));
    tests.extend(listed(&condition.customer_plan, Test::CustomerPlan));
    if !condition.metadata.is_empty() {
        tests.push(Test::Metadata(condition.metadata.clone()));
    }
    if !condition.metadata_range.is_empty() {
        tests.push(Test::MetadataRange(condition.metadata_range.clone()));
    }
    tests.extend(condition.amount_over.clone().map(Test::AmountOver));
    tests.extend(condition.amount_at_most.clone().map(Test::AmountAtMost));
    if !condition.words.is_empty() {
        let phrases = condition.words.iter().map(|words| Phrase::new(words));
        tests.push(Test::Words(phrases.collect()));
    }
    if !condition.all.is_empty() {
        tests.push(Test::All(condition.all.iter().flat_map(compile).collect()));
    }
    if !condition.any.is_empty() {
        tests.push(Test::Any(condition.any.iter().map(compile).collect()));
    }
    tests.extend(
        condition
            .not
            .as_ref()
            .map(|inner| Test::Not(compile(inner))),
    );
    tests
}

fn all_hold(tests: &[Test], facts: &Facts<'_>) -> bool {
    tests.iter().all(|test| test.holds(facts))
}

impl Test {
    fn reads_texts(&self) -> bool {
        match self {
            Self::Words(_) => true,
            Self::All(tests) | Self::Not(tests) => tests.iter().any(Self::reads_texts),
            Self::Any(several) => several.iter().flatten().any(Self::reads_texts),
            _ => false,
        }
    }

    fn holds(&self, facts: &Facts<'_>) -> bool {
        let draft = facts.draft;
        let action = draft.draft.action.as_ref();
        let customer = draft.customer.as_ref();
        match self {
            Self::Kind(kind) => *kind == draft.kind,
            Self::Agent(list) => list.contains(&draft.agent),
            Self::Channel(list) => list.contains(&draft.channel),
            Self::Audience(list) => list.contains(&Audience::of_channel(&draft.channel)),
            Self::Category(patterns) => draft.category.as_ref().is_some_and(|category| {
                patterns
                    .iter()
                    .any(|pattern| category_matches(pattern, category))
            }),
            Self::Action(list) => action.is_some_and(|action| list.contains(&action.name)),
            Self::Stakes(list) => facts
                .entry
                .is_some_and(|entry| list.contains(&entry.stakes)),
            Self::ConfidenceBelow(bound) => draft.confidence.is_none_or(|value| value < *bound),
            Self::ConfidenceAtLeast(bound) => draft.confidence.is_some_and(|value| value >= *bound),
            Self::ConversationAtLeast(least) => {
                let messages = draft.conversation.messages.len();
                u32::try_from(messages).unwrap_or(u32::MAX) >= *least
            }
            Self::LocalTime(spans) => spans.iter().any(|span| span.contains(facts.local_time)),
            Self::Signal(codes, least) => facts
                .signals
                .iter()
                .any(|signal| codes.contains(&signal.code) && signal.score >= *least),
            Self::CustomerTags(list) => {
                customer.is_some_and(|customer| customer.tags.iter().any(|tag| list.contains(tag)))
            }
            Self::CustomerPlan(list) => customer
                .and_then(|customer| customer.plan.as_ref())
                .is_some_and(|plan| list.contains(plan)),
            Self::Metadata(fields) => fields.iter().all(|(name, values)| {
                let value = draft.metadata.get(name);
                value.is_some_and(|value| is_one_of(value, values))
            }),
            Self::MetadataRange(fields) => fields.iter().all(|(name, range)| {
                let value = draft.metadata.get(name);
                value.is_some_and(|value| range.holds(value))
            }),
            Self::AmountOver(over) => {
                action.is_some()
                    && facts
                        .amounts()
                        .is_none_or(|amounts| over.exceeded_by(amounts))
            }
            Self::AmountAtMost(most) => {
                action.is_some() && facts.amounts().is_some_and(|amounts| most.covers(amounts))
            }
            Self::Words(phrases) => phrases.iter().any(|phrase| phrase.stands_in(facts.said)),
            Self::All(tests) => all_hold(tests, facts),
            Self::Any(several) => several.iter().any(|tests| all_hold(tests, facts)),
            Self::Not(tests) => !all_hold(tests, facts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(category: Option<&str>, expected: [&[usize]; 2]) {
        let rule = |name: &str, when| json!({ "name": name, "when": when, "route": "review", "because": "so" });
        let mut policy = serde_json::to_value(Policy::starting("mia@example.com")).unwrap();
        policy["categories"] = json!({ "billing.refund": {}, "crm": {} });
        policy["guardrails"] = json!([
            rule("family", json!({ "category": ["billing.*"] })),
            rule("inner", json!({ "not": { "category": ["crm"] } })),
            rule("action", json!({ "action": ["refund"] })),
            rule("both", json!({ "category": ["crm"], "stakes": ["none"] })),
        ]);
        let policy = Policy::parse(policy.to_string().as_bytes()).unwrap();
        let compiled = Compiled::new(policy);
        let prepared = compiled.prepared(category);
        let found = [&prepared.of_messages[..], &prepared.of_actions[..]];
        assert_eq!(found, expected, "{category:?}");
    }

    #[test]
    fn a_category_passes_over_only_what_cannot_hold_there() {
        check(Some("billing.refund"), [&[0, 1], &[0, 1, 2]]);
        check(Some("crm"), [&[1], &[1, 2, 3]]);
        check(Some("billing.unheard"), [&[0, 1], &[0, 1, 2, 3]]);
        check(None, [&[0, 1], &[0, 1, 2, 3]]);
    }
}
