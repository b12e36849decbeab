//! What a rule that releases lets out: high stakes, or nothing at all. It must not say what forbids:
//! the policy's signals do.

use super::{Prover, Rest, Rule, found};
use crate::lint::solve::{Answer, Formula};
use crate::lint::witness::Seen;
use crate::lint::{FindingCode, Severity};
use crate::ratio::Ratio;
use crate::route::Route;
use crate::signal::SignalCode;

impl Prover<'_> {
    fn releasing(&self, index: usize) -> Option<&Rule<'_>> {
        let releases = |rule: &&Rule<'_>| rule.can_decide && rule.route == Route::Release;
        self.rules.get(index).filter(releases)
    }

    /// Does a rule that releases let out an action in which something is at stake?
    pub(super) fn lets_out(&mut self, index: usize) {
        let Some(rule) = self.releasing(index) else {
            return;
        };
        let (holds, name) = (rule.holds.clone(), rule.name.to_owned());
        let entry = |name: &Option<String>| self.policy.actions.get(name.as_ref()?);
        let risky = |name: &Option<String>| entry(name).is_some_and(|entry| entry.high_stakes());
        // One that can't be undone is held by a forbidding signal, whatever a rule says.
        let stakes = self.space.doing(|doing| {
            risky(&doing.action) && entry(&doing.action).is_some_and(|entry| !entry.irreversible())
        });
        let harmless = self.space.doing(|doing| !risky(&doing.action));
        let goes_out = |seen: &Seen| {
            seen.decision.route == Route::Release
                && seen.matches.first() == Some(&index)
                && has(seen, SignalCode::HighStakes)
        };
        let answer = self.ask_without(&[&holds, &stakes], 0..index, &goes_out);
        let example = match answer {
            Answer::Found(example) => example,
            Answer::TooMuch => return self.too_much(&[index], index),
            Answer::Impossible | Answer::Open => return,
        };
        let action = example.draft.draft.action.as_ref();
        let action = action.map_or("an action", |action| action.name.as_str());
        let decides = |seen: &Seen| seen.matches.first() == Some(&index);
        let only = self.ask_without(&[&holds, &harmless], 0..index, &decides);
        let (severity, manner) = match only {
            Answer::Impossible => (Severity::Warning, ""),
            _ => (Severity::Error, ", beside what is harmless"),
        };
        let text = format!(
            "“{name}” lets high-stakes actions out without a look{manner}: `{action}` for one."
        );
        let rest = Rest::new(format!("/guardrails/{index}"), text, Some(example));
        self.report(FindingCode::ReleasesHighStakes, severity, &[index], rest);
    }

    /// Does a forbidding signal stand in the way of all that a rule would release, or of all that it
    /// would release of one action?
    pub(super) fn never_releases(&mut self, index: usize) {
        let Some(rule) = self.releasing(index) else {
            return;
        };
        let (holds, name) = (rule.holds.clone(), rule.name.to_owned());
        let pointer = format!("/guardrails/{index}");
        let text = format!(
            "“{name}” releases nothing: a signal that forbids it is found in all that it matches."
        );
        if self.is_always_forbidden(index, &[&holds]) {
            let rest = Rest::new(pointer, text, self.held(index, &[&holds]));
            self.report(FindingCode::NeverReleases, Severity::Error, &[index], rest);
            return;
        }
        let actions = self.policy.guardrails.get(index);
        let actions = actions.map(|guardrail| guardrail.when.action.clone());
        for (at, action) in actions.unwrap_or_default().iter().enumerate() {
            let does = self
                .space
                .doing(|doing| doing.action.as_ref() == Some(action));
            let goals = [&holds, &does];
            if !self.is_always_forbidden(index, &goals) {
                continue;
            }
            // What it never decides is told as such.
            let Some(example) = self.held(index, &goals) else {
                continue;
            };
            let pointer = format!("{pointer}/when/action/{at}");
            let text = format!("“{name}” never releases `{action}`: a signal forbids it.");
            let rest = Rest::new(pointer, text, Some(example));
            self.report(
                FindingCode::NeverReleases,
                Severity::Warning,
                &[index],
                rest,
            );
        }
    }

    /// Whether no draft that a rule decides and that meets the goals is free of forbidding signals.
    fn is_always_forbidden(&mut self, index: usize, goals: &[&Formula]) -> bool {
        let forbidding = SignalCode::FORBIDDING.iter();
        let forbidding = forbidding.chain(&self.policy.signals.forbidding);
        let allowed = forbidding.map(|code| self.space.signal(*code, Ratio::ZERO).negated());
        let allowed = Formula::All(allowed.collect());
        let goals: Vec<&Formula> = goals.iter().copied().chain([&allowed]).collect();
        let goes_out = |seen: &Seen| {
            seen.decision.route == Route::Release && seen.matches.first() == Some(&index)
        };
        match self.ask_without(&goals, 0..index, &goes_out) {
            Answer::Impossible => true,
            Answer::TooMuch => {
                self.too_much(&[index], index);
                false
            }
            Answer::Found(_) | Answer::Open => false,
        }
    }

    /// A draft that the rule decides, and that is held all the same.
    fn held(&mut self, index: usize, goals: &[&Formula]) -> Option<super::Example> {
        let held = |seen: &Seen| {
            seen.decision.route != Route::Release && seen.matches.first() == Some(&index)
        };
        found(self.ask_without(goals, 0..index, &held))
    }
}

fn has(seen: &Seen, code: SignalCode) -> bool {
    seen.decision
        .signals
        .iter()
        .any(|signal| signal.code == code)
}
