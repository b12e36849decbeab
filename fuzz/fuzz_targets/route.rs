//! A policy on the first line, a draft on the second: whatever they say, there is a reason and an
//! owner, and nothing that is forbidden or stopped goes out. The same as
//! `src/policy/tests/laws/route.rs`, from worse input.

#![no_main]

use countersign_policy::document::Policy;
use countersign_policy::draft::Draft;
use countersign_policy::guardrail::LocalTime;
use countersign_policy::level::Level;
use countersign_policy::ratio::Ratio;
use countersign_policy::route::{Route, Situation, route};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        return;
    };
    let (first, second) = bytes.split_at(end);
    let (Ok(policy), Ok(draft)) = (Policy::parse(first), Draft::parse(second)) else {
        return;
    };
    for level in [Level::ReviewEverything, Level::ReviewEdgeCases, Level::MonitorAndCorrect] {
        for stop in [None, Some("a test".to_owned())] {
            let stopped = stop.is_some();
            let situation = Situation {
                stop,
                sample_draw: Ratio::ZERO,
                local_time: LocalTime { weekday: 1, minute: 600 },
                novelty: Some(Ratio::ONE),
                ..Situation::fixed(level)
            };
            let decision = route(&policy, &draft, &situation);
            assert!(!decision.reasons.is_empty() && !decision.owner.is_empty());
            let forbidden = |code| policy.signals.forbids(code);
            let held = decision.signals.iter().any(|signal| forbidden(signal.code));
            assert!(!(stopped || held) || decision.route != Route::Release);
            assert_eq!(decision, route(&policy, &draft, &situation));
        }
    }
});
