//! Laws of routing: total, explained, and never less careful for more trust.

use countersign_policy::canonical::canonical;
use countersign_policy::document::Policy;
use countersign_policy::draft::Draft;
use countersign_policy::guardrail::LocalTime;
use countersign_policy::level::Level;
use countersign_policy::ratio::Ratio;
use countersign_policy::route::{
    Decision, Guess, ReasonCode, Route, Situation, route, sample_draw,
};
use countersign_policy::sample::Releases;
use countersign_policy::threshold::Learnt;
use proptest::prelude::*;
use serde_json::{Value, json};

fn situation(level: u64, stop: bool, draw: u32) -> Situation {
    Situation {
        level: Level::from_number(level).unwrap(),
        stop: stop.then(|| "test".to_owned()),
        sample_draw: Ratio::from_ppm(draw),
        local_time: LocalTime {
            weekday: 3,
            minute: 600,
        },
        ..Situation::fixed(Level::ReviewEverything)
    }
}

fn draft() -> impl Strategy<Value = Draft> {
    let category = prop::option::of(prop::sample::select(vec![
        "billing.refund",
        "crm",
        "unheard",
    ]));
    let confidence = prop::option::of(0.0..=1.0_f64);
    let action = prop::option::of(prop::sample::select(vec!["refund", "read", "drop"]));
    (
        category,
        confidence,
        action,
        "\\PC{0,40}",
        prop::option::of(0.0..1e6_f64),
    )
        .prop_map(|(category, confidence, action, message, amount)| {
            let content = match action {
                None => json!({ "text": "Dear Ada" }),
                Some(name) => json!({ "action": { "name": name, "args": { "amount": amount } } }),
            };
            let kind = if action.is_some() {
                "action"
            } else {
                "message"
            };
            let mut body = json!({
                "agent": "bot", "kind": kind, "channel": "chat", "message": message,
                "draft": content, "conversation": { "id": "c", "head": "m" }
            });
            let object = body.as_object_mut().unwrap();
            object.extend(category.map(|text| ("category".to_owned(), Value::from(text))));
            object.extend(confidence.map(|number| ("confidence".to_owned(), Value::from(number))));
            Draft::parse(body.to_string().as_bytes()).unwrap()
        })
}

fn policy() -> impl Strategy<Value = Policy> {
    let condition = prop::sample::select(vec![
        json!({}),
        json!({ "category": ["billing.*"] }),
        json!({ "confidence_below": 0.5 }),
        json!({ "action": ["refund"], "amount_over": { "minor": 10_000, "currency": "USD" } }),
        json!({ "not": { "kind": "action" } }),
        json!({ "any": [{ "words": ["dear"] }, { "signal": ["unlisted_action"] }] }),
    ]);
    let guardrail = (
        condition,
        prop::sample::select(vec!["release", "review", "human"]),
    );
    prop::collection::vec(guardrail, 0..4).prop_map(|rules| {
        let guardrails: Vec<Value> = rules
            .into_iter()
            .enumerate()
            .map(|(index, (when, route))| {
                json!({ "name": format!("rule {index}"), "when": when, "route": route, "because": "so" })
            })
            .collect();
        let mut policy = serde_json::to_value(Policy::starting("mia@example.com")).unwrap();
        policy["guardrails"] = guardrails.into();
        policy["categories"] = json!({ "billing.refund": { "sample_rate": 0.5 }, "crm": {} });
        policy["actions"] = json!({
            "refund": {
                "stakes": "financial", "undoable": true,
                "money": [{ "pointer": "/amount", "unit": "major", "currency": "USD" }]
            },
            "read": { "stakes": "none" }
        });
        Policy::parse(policy.to_string().as_bytes()).unwrap()
    })
}

fn forbidden(decision: &Decision) -> bool {
    decision.signals.iter().any(|signal| signal.code.forbids())
}

proptest! {
    #[test]
    fn there_is_always_a_reason_and_an_owner(
        policy in policy(), draft in draft(), level in 1..=3_u64, stop: bool, draw in 0..1_000_000_u32,
    ) {
        let decision = route(&policy, &draft, &situation(level, stop, draw));
        prop_assert!(!decision.reasons.is_empty());
        prop_assert!(!decision.owner.is_empty());
        prop_assert!(!decision.sampled || decision.route == Route::Release);
        let again = route(&policy, &draft, &situation(level, stop, draw));
        prop_assert_eq!(decision, again);
    }

    #[test]
    fn what_the_log_commits_to_is_canonical(
        policy in policy(), draft in draft(), level in 1..=3_u64, stop: bool, draw in 0..1_000_000_u32,
    ) {
        let situation = Situation {
            novelty: Some(Ratio::from_ppm(draw)),
            guess: Some(Guess { category: "crm".into(), confidence: Ratio::from_ppm(draw / 7) }),
            learnt_threshold: Some(Learnt { from: Some(Ratio::ONE) }),
            new_version: true,
            week: Some(Releases { released: 3, looks: 1, released_before: draw }),
            pressure: Ratio::from_ppm(1),
            ..situation(level, stop, draw)
        };
        let mut policy = serde_json::to_value(policy).unwrap();
        policy["defaults"]["confidence_threshold"] = "calibrated".into();
        let policy = Policy::parse(policy.to_string().as_bytes()).unwrap();
        let decision = route(&policy, &draft, &situation);
        prop_assert_eq!(situation.canonical(), canonical(&situation));
        prop_assert_eq!(decision.canonical(), canonical(&decision));
    }

    #[test]
    fn nothing_forbidden_and_nothing_stopped_goes_out(
        policy in policy(), draft in draft(), level in 1..=3_u64, stop: bool,
    ) {
        let decision = route(&policy, &draft, &situation(level, stop, 0));
        if stop || forbidden(&decision) {
            prop_assert!(decision.route != Route::Release, "{:?}", decision.reasons);
        }
        if stop {
            prop_assert!(decision.reasons.iter().any(|reason| reason.code == ReasonCode::Stop));
        }
    }

    #[test]
    fn more_trust_never_routes_stricter(policy in policy(), draft in draft(), level in 1..=2_u64) {
        let less = route(&policy, &draft, &situation(level, false, 0)).route;
        let more = route(&policy, &draft, &situation(level.saturating_add(1), false, 0)).route;
        prop_assert!(more <= less);
    }

    #[test]
    fn a_guessed_category_never_raises_autonomy(
        policy in policy(), draft in draft(), level in 1..=3_u64, sure in 0..=1_000_000_u32,
        category in prop::sample::select(vec!["billing.refund", "crm", "unheard"]),
    ) {
        let plain = situation(level, false, 0);
        let guess = Guess { category: category.to_owned(), confidence: Ratio::from_ppm(sure) };
        let guessed = Situation { guess: Some(guess), ..plain.clone() };
        let (with, without) = (route(&policy, &draft, &guessed), route(&policy, &draft, &plain));
        prop_assert!(with.route >= without.route, "{:?} {:?}", with.reasons, without.reasons);
        prop_assert!(with.level <= without.level);
    }

    #[test]
    fn a_ceiling_beats_any_level(policy in policy(), draft in draft()) {
        let mut capped = policy;
        capped.guardrails.clear();
        capped.defaults.ceiling = Level::ReviewEverything;
        capped.defaults.start_level = Level::ReviewEverything;
        let decision = route(&capped, &draft, &situation(3, false, 0));
        prop_assert_eq!(decision.route, Route::Review);
        prop_assert_eq!(decision.level, Level::ReviewEverything);
    }

    #[test]
    fn the_draw_depends_on_secret_conversation_and_head(a in "\\PC{0,8}", b in "\\PC{0,8}") {
        prop_assert_eq!(sample_draw(b"s", &a, &b), sample_draw(b"s", &a, &b));
        // The lengths are hashed too: moving a letter across the border is another input.
        let (longer, moved) = (format!("x{b}"), format!("{a}x"));
        prop_assert_ne!(sample_draw(b"s", &a, &longer), sample_draw(b"s", &moved, &b));
    }
}

#[test]
fn a_rate_samples_about_its_share() {
    let rate = Ratio::from_ppm(100_000);
    let sampled = (0..20_000)
        .filter(|index| sample_draw(b"secret", &format!("c{index}"), "m") < rate)
        .count();
    // 2,000 expected; five standard deviations are 212.
    assert!((1_788..=2_212).contains(&sampled), "{sampled}");
}
