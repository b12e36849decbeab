//! `bench route`, the native part: the same 50 guardrails and 10,000 drafts through Countersign,
//! Cedar, Rego and CEL in one run, on one thread. It must not time what an engine lets its users do
//! once: policies are compiled and requests, inputs, contexts and facts are made before (of an
//! action's facts the amounts are read on first use, which is the comparison of verdicts).
//!
//! Of every engine the same is timed: the first guardrail that holds, and what follows from it, from
//! forbidding signals and from the level (for the peers `settle`, some nanoseconds; ours does it in
//! `Compiled::rule`). Every verdict of every draft is compared before anything is timed; the compiled
//! Rego, one of two ways to run the same module, is left out where it differs, and that is printed.
//! Signals are given to all of them. Beside it, of ours alone:
//!
//! - `decision`: facts read from the draft, the ruling, and the reasons in words (`Compiled::decide`);
//! - `with_signals`: the same with the signals found first (`Compiled::route`), as the service does it.

mod cedar;
mod cel;
#[path = "../random.rs"]
#[expect(dead_code, reason = "the other benches shuffle")]
mod random;
mod rego;
mod terms;
#[path = "../route/workload.rs"]
mod workload;

use countersign_policy::compiled::Compiled;
use countersign_policy::level::Level;
use countersign_policy::route::Route;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;
use workload::Case;

const DRAFTS: usize = 10_000;
const ROUNDS: usize = 9;

type Verdict = (Option<usize>, Route);

fn main() {
    let policy = workload::policy();
    let cases = workload::cases(&policy, DRAFTS);
    assert_eq!(
        (policy.policy().guardrails.len(), cases.len()),
        (50, DRAFTS)
    );
    let all_facts: Vec<Value> = cases
        .iter()
        .map(|case| terms::facts(&policy, case))
        .collect();
    let settling: Vec<Settling> = cases
        .iter()
        .map(|case| Settling::of(&policy, case))
        .collect();
    let settle = |at: usize, first| settling[at].settle(&policy, first);

    let ready: Vec<_> = cases
        .iter()
        .map(|case| {
            let local_time = case.situation.local_time;
            policy.facts(&case.draft, &case.said, &case.signals, local_time)
        })
        .collect();
    let cedar = cedar::Cedar::new(&policy, &all_facts);
    let requests: Vec<_> = all_facts.iter().map(cedar::Cedar::request).collect();
    let rego = std::cell::RefCell::new(rego::Rego::new(&policy));
    let inputs: Vec<_> = all_facts.iter().map(rego::Rego::input).collect();
    let cel = cel::Cel::new(&policy);
    let contexts: Vec<_> = all_facts.iter().map(|facts| cel.context(facts)).collect();

    let ours = |at: usize| -> Verdict {
        let ruling = policy.rule(&ready[at], &cases[at].situation);
        let first = ruling.guardrail.map(|rule| index_of(&policy, rule));
        (first, ruling.route)
    };
    let engines: [(&str, &dyn Fn(usize) -> Verdict); 5] = [
        ("countersign", &ours),
        ("cedar", &|at| settle(at, cedar.first(&requests[at]))),
        ("rego_interpreted", &|at| {
            settle(at, rego.borrow_mut().first_interpreted(&inputs[at]))
        }),
        ("rego_compiled", &|at| {
            settle(at, rego.borrow_mut().first_compiled(&inputs[at]))
        }),
        ("cel", &|at| settle(at, cel.first(&contexts[at]))),
    ];
    let expected: Vec<Verdict> = (0..DRAFTS).map(ours).collect();
    let differing = |engine: &dyn Fn(usize) -> Verdict| -> Vec<usize> {
        (0..DRAFTS)
            .filter(|at| engine(*at) != expected[*at])
            .collect()
    };
    let mut agreeing = Vec::new();
    let mut left_out = BTreeMap::new();
    for (name, engine) in engines {
        match &differing(engine)[..] {
            [] => agreeing.push((name, engine)),
            drafts if name == "rego_compiled" => {
                left_out.insert(name, drafts.len());
            }
            [first, ..] => panic!("{name} disagrees on draft {first}: {}", all_facts[*first]),
        }
    }

    let decision = |at: usize| {
        let case = &cases[at];
        black_box(policy.decide(&case.draft, &case.situation, case.signals.clone()));
    };
    let with_signals = |at: usize| {
        black_box(policy.route(&cases[at].draft, &cases[at].situation));
    };
    let mut rounds: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for _ in 0..ROUNDS {
        for (name, engine) in &agreeing {
            let ns = nanoseconds(|at| {
                black_box(engine(black_box(at)));
            });
            rounds.entry(name).or_default().push(ns);
        }
        rounds
            .entry("decision")
            .or_default()
            .push(nanoseconds(decision));
        rounds
            .entry("with_signals")
            .or_default()
            .push(nanoseconds(with_signals));
    }
    let ns: BTreeMap<&str, f64> = rounds
        .into_iter()
        .map(|(name, list)| (name, median(list)))
        .collect();
    println!(
        "{}",
        json!({ "ns": ns, "left_out": left_out, "verdicts": tally(&expected) })
    );
}

/// Which of the policy's guardrails this is, by its address.
fn index_of(policy: &Compiled, rule: &countersign_policy::guardrail::Guardrail) -> usize {
    let start = policy.policy().guardrails.as_ptr();
    (std::ptr::from_ref(rule) as usize - start as usize) / size_of_val(rule)
}

/// What else a verdict rests on, for engines that only test guardrails.
struct Settling {
    forbidding: bool,
    quiet: bool,
    level: Level,
}

impl Settling {
    fn of(policy: &Compiled, case: &Case) -> Self {
        let ceiling = policy.rules(case.draft.category.as_deref()).ceiling;
        let rules = &policy.policy().signals;
        Self {
            forbidding: case.signals.iter().any(|signal| rules.forbids(signal.code)),
            quiet: case.signals.is_empty(),
            level: case.situation.level.min(ceiling),
        }
    }

    fn settle(&self, policy: &Compiled, first: Option<usize>) -> Verdict {
        let route = match (first, self.level) {
            (Some(index), _) => policy.policy().guardrails[index].route,
            (None, Level::MonitorAndCorrect) => Route::Release,
            (None, Level::ReviewEdgeCases) if self.quiet => Route::Release,
            (None, _) => Route::Review,
        };
        let floor = if self.forbidding {
            Route::Review
        } else {
            Route::Release
        };
        (first, route.max(floor))
    }
}

fn nanoseconds(run: impl Fn(usize)) -> f64 {
    let start = Instant::now();
    (0..DRAFTS).for_each(run);
    start.elapsed().as_nanos() as f64 / DRAFTS as f64
}

fn median(mut list: Vec<f64>) -> f64 {
    list.sort_by(f64::total_cmp);
    list[list.len() / 2].round()
}

/// How the drafts fall: shares of each route, and of those that no guardrail caught.
fn tally(verdicts: &[Verdict]) -> Value {
    let share = |test: &dyn Fn(&Verdict) -> bool| {
        verdicts.iter().filter(|verdict| test(verdict)).count() as f64 / verdicts.len() as f64
    };
    let rules: std::collections::BTreeSet<_> =
        verdicts.iter().filter_map(|verdict| verdict.0).collect();
    json!({
        "release": share(&|verdict| verdict.1 == Route::Release),
        "review": share(&|verdict| verdict.1 == Route::Review),
        "human": share(&|verdict| verdict.1 == Route::Human),
        "no_guardrail": share(&|verdict| verdict.0.is_none()),
        "guardrails_that_spoke": rules.len(),
    })
}
