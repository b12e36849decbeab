//! What benches need of the policy as Wasm: the diff and the edit kind for Node, so that `bench
//! diff` measures the crossing into JavaScript as well; deciding for workerd; and golden cases of trust
//! for a browser, which nothing of the page computes. It must hold no logic.

#[path = "../../src/policy/tests/golden/trust.rs"]
mod golden_trust;
#[path = "../random.rs"]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "128 bits hold the product of two words"
)]
#[expect(dead_code, reason = "the other benches shuffle")]
mod random;
#[path = "../route/workload.rs"]
mod workload;

use countersign_policy::compiled::Compiled;
use std::hint::black_box;
use wasm_bindgen::prelude::wasm_bindgen;

/// The changes between two texts, as JSON.
#[wasm_bindgen]
pub fn diff(before: &str, after: &str) -> String {
    serde_json::to_string(&countersign_policy::diff::words(before, after)).unwrap_or_default()
}

/// The judgement of an edit, as JSON.
#[wasm_bindgen]
pub fn classify(before: &str, after: &str) -> String {
    serde_json::to_string(&countersign_policy::edit::classify(before, after)).unwrap_or_default()
}

/// What trust answers to a golden case, as JSON; empty for a case of another form.
#[wasm_bindgen]
pub fn trust(call: &str, input: &str) -> String {
    let input = serde_json::from_str(input).unwrap_or_default();
    let answer = golden_trust::answer(call, &input);
    answer.map_or_else(String::new, |answer| answer.to_string())
}

/// The work of `bench route`.
#[wasm_bindgen]
pub struct RouteBench {
    policy: Compiled,
    cases: Vec<workload::Case>,
}

#[wasm_bindgen]
impl RouteBench {
    /// Makes `drafts` drafts.
    #[wasm_bindgen(constructor)]
    pub fn new(drafts: u32) -> Self {
        let policy = workload::policy();
        let cases = workload::cases(&policy, usize::try_from(drafts).unwrap_or(0));
        Self { policy, cases }
    }

    /// Reads the facts of every draft once and rules `rounds` times.
    pub fn rule(&self, rounds: u32) {
        let mut ready = Vec::with_capacity(self.cases.len());
        for case in &self.cases {
            let local_time = case.situation.local_time;
            let facts = self
                .policy
                .facts(&case.draft, &case.said, &case.signals, local_time);
            ready.push((facts, &case.situation));
        }
        for _ in 0..rounds {
            for (facts, situation) in &ready {
                black_box(self.policy.rule(black_box(facts), situation));
            }
        }
    }

    /// Decides every draft `rounds` times, its signals given.
    pub fn decide(&self, rounds: u32) {
        for _ in 0..rounds {
            for case in &self.cases {
                let signals = case.signals.clone();
                black_box(
                    self.policy
                        .decide(black_box(&case.draft), &case.situation, signals),
                );
            }
        }
    }

    /// Decides every draft `rounds` times, its signals found first.
    pub fn route(&self, rounds: u32) {
        for _ in 0..rounds {
            for case in &self.cases {
                black_box(self.policy.route(black_box(&case.draft), &case.situation));
            }
        }
    }
}
