//! What can be proved of the guardrails, one question of each finding after the other. It must not
//! search or evaluate by itself.

mod release;

use super::solve::{Answer, Formula, Set, Solver};
use super::space::Space;
use super::witness::{Example, Seen, show};
use super::{FINDINGS_MAX, Finding, FindingCode, Severity};
use crate::document::Policy;
use crate::invalid::escape;
use crate::order;
use crate::ratio::Ratio;
use crate::route::Route;

/// A guardrail, read.
struct Rule<'a> {
    name: &'a str,
    route: Route,
    parts: Vec<(String, Formula)>,
    holds: Formula,
    fails: Formula,
    /// Whether some draft matches it, as far as can be told.
    can_match: bool,
    /// Whether some draft is decided by it, as far as can be told.
    can_decide: bool,
}

struct Prover<'a> {
    policy: &'a Policy,
    space: Space<'a>,
    solver: Solver,
    rules: Vec<Rule<'a>>,
    findings: Vec<Finding>,
}

/// The findings about guardrails.
pub(super) fn guardrails(policy: &Policy) -> Vec<Finding> {
    let Some(space) = Space::new(policy) else {
        let text = "The policy names too many values to be analysed.";
        return vec![not_analysed(Vec::new(), "/guardrails", text)];
    };
    let solver = Solver::new(space.sizes(), space.implications());
    let rules = policy.guardrails.iter().map(|guardrail| {
        let parts = space.parts(&guardrail.when);
        let holds = Formula::All(parts.iter().map(|(_, part)| part.clone()).collect());
        Rule {
            name: &guardrail.name,
            route: guardrail.route,
            fails: holds.negated(),
            parts,
            holds,
            can_match: true,
            can_decide: true,
        }
    });
    let rules = rules.collect();
    let mut prover = Prover {
        policy,
        space,
        solver,
        rules,
        findings: Vec::new(),
    };
    let count = prover.rules.len();
    (0..count).for_each(|index| prover.can_match(index));
    (0..count).for_each(|index| prover.can_decide(index));
    (0..count).for_each(|index| prover.lets_out(index));
    (0..count).for_each(|index| prover.never_releases(index));
    (0..count).for_each(|index| prover.parts_matter(index));
    for later in 0..count {
        (0..later).for_each(|earlier| prover.contradicts(earlier, later));
    }
    if prover.solver.is_spent() {
        let text = "The guardrails take more work than the bound allows; some were not analysed.";
        let finding = not_analysed(Vec::new(), "/guardrails", text);
        prover.findings.insert(0, finding);
    }
    order::by_key(&mut prover.findings, |finding| place(&finding.pointer));
    prover.findings
}

/// The guardrail that a pointer points into.
fn place(pointer: &str) -> usize {
    let step = pointer.split('/').nth(2);
    step.and_then(|step| step.parse().ok()).unwrap_or(0)
}

fn not_analysed(rules: Vec<String>, pointer: &str, text: &str) -> Finding {
    Finding {
        code: FindingCode::NotAnalysed,
        severity: Severity::Note,
        rules,
        pointer: pointer.to_owned(),
        text: text.to_owned(),
        example: None,
    }
}

/// Asks whether `goals` can hold, by a draft of which the policy really says `wanted`.
fn ask(
    solver: &mut Solver,
    policy: &Policy,
    space: &Space<'_>,
    goals: &[&Formula],
    wanted: &dyn Fn(&Seen) -> bool,
) -> Answer<Example> {
    solver.solve(goals, &mut |domains: &[Set]| {
        let chosen = space.choose(domains)?;
        let (example, seen) = show(policy, space, &chosen)?;
        wanted(&seen).then_some(example)
    })
}

impl Prover<'_> {
    /// The goals, beside that each of these rules fails.
    fn ask_without(
        &mut self,
        goals: &[&Formula],
        without: impl IntoIterator<Item = usize>,
        wanted: &dyn Fn(&Seen) -> bool,
    ) -> Answer<Example> {
        let without = without
            .into_iter()
            .filter_map(|index| self.rules.get(index));
        // INVARIANT (covered): what a rule that never decides would take, those before it take.
        let fails = without
            .filter(|rule| rule.can_decide)
            .map(|rule| &rule.fails);
        let goals: Vec<&Formula> = goals.iter().copied().chain(fails).collect();
        ask(&mut self.solver, self.policy, &self.space, &goals, wanted)
    }

    fn report(&mut self, code: FindingCode, severity: Severity, rules: &[usize], rest: Rest) {
        let name = |index: &usize| self.rules.get(*index).map(|rule| rule.name.to_owned());
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding {
                code,
                severity,
                rules: rules.iter().filter_map(name).collect(),
                pointer: rest.pointer,
                text: rest.text,
                example: rest.example,
            });
        }
    }

    fn too_much(&mut self, rules: &[usize], index: usize) {
        // One sentence says it for all of them where the whole bound is used up.
        if !self.solver.is_spent() {
            let text = "This is too tangled to be analysed within the bounds.".to_owned();
            let rest = Rest::new(format!("/guardrails/{index}"), text, None);
            self.report(FindingCode::NotAnalysed, Severity::Note, rules, rest);
        }
    }

    /// Can the rule hold at all?
    fn can_match(&mut self, index: usize) {
        let Some(rule) = self.rules.get(index) else {
            return;
        };
        let (holds, name) = (rule.holds.clone(), rule.name);
        match self.ask_without(&[&holds], [], &|seen| seen.matches.contains(&index)) {
            Answer::Impossible => {}
            Answer::TooMuch => return self.too_much(&[index], index),
            Answer::Found(_) | Answer::Open => return,
        }
        let (part, example) = self.all_but_one(index);
        let reason = part
            .as_ref()
            .map_or("its conditions exclude each other".into(), |part| {
                format!("whatever meets the rest fails `{part}`")
            });
        let text = format!("No draft can ever match “{name}”: {reason}.");
        let pointer = format!("/guardrails/{index}/when");
        let rest = Rest::new(pointer, text, example);
        self.report(FindingCode::NeverMatches, Severity::Error, &[index], rest);
        if let Some(rule) = self.rules.get_mut(index) {
            rule.can_match = false;
            rule.can_decide = false;
        }
    }

    /// A draft that meets all of a rule's parts but one, and which part that is.
    fn all_but_one(&mut self, index: usize) -> (Option<String>, Option<Example>) {
        let parts = self.rules.get(index).map(|rule| rule.parts.clone());
        let parts = parts.unwrap_or_default();
        for left_out in 0..parts.len() {
            let others = parts.iter().enumerate();
            let others = others.filter(|(at, _)| *at != left_out);
            let goals: Vec<&Formula> = others.map(|(_, (_, part))| part).collect();
            let wanted = |seen: &Seen| !seen.matches.contains(&index);
            if let Answer::Found(example) = self.ask_without(&goals, [], &wanted) {
                let part = parts.get(left_out).map(|(name, _)| name.clone());
                return (part, Some(example));
            }
        }
        let all = Formula::All(Vec::new());
        match self.ask_without(&[&all], [], &|seen| !seen.matches.contains(&index)) {
            Answer::Found(example) => (None, Some(example)),
            _ => (None, None),
        }
    }

    /// Does some draft get past the rules before it?
    fn can_decide(&mut self, index: usize) {
        let Some(rule) = self.rules.get(index).filter(|rule| rule.can_match) else {
            return;
        };
        let (holds, name, own) = (rule.holds.clone(), rule.name, rule.route);
        let decides = |seen: &Seen| seen.matches.first() == Some(&index);
        match self.ask_without(&[&holds], 0..index, &decides) {
            Answer::Impossible => {}
            Answer::TooMuch => return self.too_much(&[index], index),
            Answer::Found(_) | Answer::Open => return,
        }
        // INVARIANT (least): without any one of these the rule could decide.
        let deciding = |at: &usize| self.rules.get(*at).is_some_and(|rule| rule.can_decide);
        let mut hiding: Vec<usize> = (0..index).filter(deciding).collect();
        for candidate in hiding.clone().into_iter().rev() {
            let others = hiding.iter().copied().filter(|other| *other != candidate);
            let others: Vec<usize> = others.collect();
            let answer = self.ask_without(&[&holds], others.iter().copied(), &|_| true);
            if answer == Answer::Impossible {
                hiding = others;
            }
        }
        let taken = |seen: &Seen| {
            seen.matches.contains(&index) && seen.matches.first().is_some_and(|at| *at < index)
        };
        let example = self.ask_without(&[&holds], [], &taken);
        let names: Vec<String> = hiding
            .iter()
            .filter_map(|at| self.rules.get(*at))
            .map(|rule| format!("“{}”", rule.name))
            .collect();
        let same = hiding
            .iter()
            .filter_map(|at| self.rules.get(*at))
            .all(|rule| rule.route == own);
        let (verb, severity) = match (hiding.len(), same) {
            (1, true) => ("takes", Severity::Warning),
            (1, false) => ("takes", Severity::Error),
            (_, true) => ("take together", Severity::Warning),
            (_, false) => ("take together", Severity::Error),
        };
        let text = format!(
            "“{name}” never decides: {} before it {verb} every draft that it matches.",
            names.join(" and ")
        );
        let rules: Vec<usize> = hiding.into_iter().chain([index]).collect();
        let rest = Rest::new(format!("/guardrails/{index}"), text, found(example));
        self.report(FindingCode::Hidden, severity, &rules, rest);
        if let Some(rule) = self.rules.get_mut(index) {
            rule.can_decide = false;
        }
    }

    /// Is there a part that can't hold with the rest, or one that always does?
    fn parts_matter(&mut self, index: usize) {
        let Some(rule) = self.rules.get(index).filter(|rule| rule.can_match) else {
            return;
        };
        let (parts, holds, name) = (rule.parts.clone(), rule.holds.clone(), rule.name);
        for (field, part) in &parts {
            let pointer = format!("/guardrails/{index}/when/{field}");
            if self.ask_without(&[&part.negated()], [], &|_| true) == Answer::Impossible {
                let matches = |seen: &Seen| seen.matches.contains(&index);
                let example = self.ask_without(&[&holds], [], &matches);
                let text = format!("`{field}` of “{name}” holds for every draft.");
                let rest = Rest::new(pointer, text, found(example));
                let code = FindingCode::PartWithoutEffect;
                self.report(code, Severity::Warning, &[index], rest);
                continue;
            }
            for (step, choice) in self.choices(index, field) {
                if self.ask_without(&[&holds, &choice], [], &|_| true) == Answer::Impossible {
                    let matches = |seen: &Seen| seen.matches.contains(&index);
                    let example = self.ask_without(&[&holds], [], &matches);
                    let text = format!("`{field}/{step}` of “{name}” can never hold there.");
                    let rest = Rest::new(format!("{pointer}/{step}"), text, found(example));
                    let code = FindingCode::PartNeverHolds;
                    self.report(code, Severity::Warning, &[index], rest);
                }
            }
        }
        self.score_without_signal(index);
    }

    /// The alternatives of a part, of which one is enough.
    fn choices(&self, index: usize, field: &str) -> Vec<(usize, Formula)> {
        let Some(guardrail) = self.policy.guardrails.get(index) else {
            return Vec::new();
        };
        let when = &guardrail.when;
        let list: Vec<Formula> = match field {
            "any" => when
                .any
                .iter()
                .map(|inner| self.space.formula(inner))
                .collect(),
            "signal" => {
                let least = when.signal_at_least.unwrap_or(Ratio::ZERO);
                let codes = when.signal.iter();
                codes.map(|code| self.space.signal(*code, least)).collect()
            }
            "stakes" => {
                let of = |stakes| {
                    self.space.doing(|doing| {
                        let name = doing.action.as_ref();
                        let entry = name.and_then(|name| self.policy.actions.get(name));
                        entry.is_some_and(|entry| entry.stakes == stakes)
                    })
                };
                when.stakes.iter().copied().map(of).collect()
            }
            _ => Vec::new(),
        };
        list.into_iter().enumerate().collect()
    }

    fn score_without_signal(&mut self, index: usize) {
        let Some(guardrail) = self.policy.guardrails.get(index) else {
            return;
        };
        if guardrail.when.signal.is_empty() && guardrail.when.signal_at_least.is_some() {
            let name = &guardrail.name;
            let holds = self.rules.get(index).map(|rule| rule.holds.clone());
            let holds = holds.unwrap_or(Formula::All(Vec::new()));
            let matches = |seen: &Seen| seen.matches.contains(&index);
            let example = self.ask_without(&[&holds], [], &matches);
            let text = format!("`signal_at_least` of “{name}” says nothing without `signal`.");
            let pointer = format!("/guardrails/{index}/when/signal_at_least");
            let rest = Rest::new(pointer, text, found(example));
            let code = FindingCode::PartWithoutEffect;
            self.report(code, Severity::Warning, &[index], rest);
        }
    }

    /// Does the order of two rules alone decide, where neither is an exception within the other?
    fn contradicts(&mut self, earlier: usize, later: usize) {
        let Some((first, second)) = self.rules.get(earlier).zip(self.rules.get(later)) else {
            return;
        };
        if first.route == second.route || !first.can_decide || !second.can_decide {
            return;
        }
        let (one, other) = (first.holds.clone(), second.holds.clone());
        let (not_one, not_other) = (first.fails.clone(), second.fails.clone());
        let careful = first.route > second.route;
        let text = format!(
            "“{}” ({}) and “{}” ({}) both match some drafts, and only their order decides.",
            first.name,
            first.route.name(),
            second.name,
            second.route.name()
        );
        let both =
            |seen: &Seen| seen.matches.first() == Some(&earlier) && seen.matches.contains(&later);
        let example = match self.ask_without(&[&one, &other], 0..earlier, &both) {
            Answer::Found(example) => example,
            Answer::TooMuch => return self.too_much(&[earlier, later], later),
            Answer::Impossible | Answer::Open => return,
        };
        // A rule within the other is an exception to it: that is what the order is for.
        for goals in [[&one, &not_other], [&other, &not_one]] {
            match self.ask_without(&goals, [], &|_| true) {
                Answer::Impossible => return,
                Answer::TooMuch => return self.too_much(&[earlier, later], later),
                Answer::Found(_) | Answer::Open => {}
            }
        }
        let severity = if careful {
            Severity::Note
        } else {
            Severity::Warning
        };
        let rest = Rest::new(format!("/guardrails/{later}"), text, Some(example));
        self.report(
            FindingCode::Contradiction,
            severity,
            &[earlier, later],
            rest,
        );
    }
}

/// What a finding says beside its code and rules.
struct Rest {
    pointer: String,
    text: String,
    example: Option<Example>,
}

impl Rest {
    fn new(pointer: String, text: String, example: Option<Example>) -> Self {
        Self {
            pointer,
            text,
            example,
        }
    }
}

fn found(answer: Answer<Example>) -> Option<Example> {
    match answer {
        Answer::Found(example) => Some(example),
        _ => None,
    }
}

/// JSON pointer of a category.
pub(super) fn category_pointer(name: &str) -> String {
    format!("/categories/{}", escape(name))
}
