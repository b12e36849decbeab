//! Laws of the linter, held against brute force: small policies over domains of drafts that are
//! enumerated whole. What it calls impossible never happens; what never happens it finds; and every
//! draft that it shows does what is said of it.

#[path = "lint/domain.rs"]
mod domain;

use countersign_policy::document::Policy;
use countersign_policy::lint::{Example, Finding, FindingCode, Severity, lint};
use countersign_policy::route::{Decision, Route, route};
use countersign_policy::signal::SignalCode;
use domain::{examples, facets};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Every condition of the facets, alone and nested.
fn condition(leaves: Vec<Value>) -> impl Strategy<Value = Value> {
    let leaf = prop::sample::select(leaves);
    leaf.prop_recursive(2, 6, 3, |inner| {
        let some = prop::collection::vec(inner.clone(), 1..=3);
        prop_oneof![
            some.clone().prop_map(|list| json!({ "all": list })),
            some.prop_map(|list| json!({ "any": list })),
            inner.clone().prop_map(|one| json!({ "not": one })),
            (inner.clone(), inner).prop_map(|(mut one, other)| {
                one["not"] = other;
                one
            }),
        ]
    })
}

/// Facets that are enumerated whole, and conditions over them with their routes.
fn case() -> impl Strategy<Value = (Vec<Value>, Vec<(Value, &'static str)>)> {
    prop::sample::subsequence((0..8).collect::<Vec<usize>>(), 1..=2).prop_flat_map(|which| {
        let (conditions, changes) = facets(&which);
        let routes = prop::sample::select(vec!["release", "review", "human"]);
        let rules = prop::collection::vec((condition(conditions), routes), 1..=5);
        (Just(changes), rules)
    })
}

fn policy(rules: &[(Value, &str)]) -> Policy {
    let guardrails: Vec<Value> = rules
        .iter()
        .enumerate()
        .map(|(index, (when, route))| {
            json!({ "name": index.to_string(), "when": when, "route": route, "because": "so" })
        })
        .collect();
    let mut policy = serde_json::to_value(Policy::starting("mia@example.com")).unwrap();
    policy["guardrails"] = guardrails.into();
    policy["categories"] = json!({
        "billing": { "confidence_threshold": 0.5 }, "billing.refund": {}, "crm": {},
        "faq": { "confidence_threshold": "calibrated" }
    });
    policy["actions"] = json!({
        "refund": {
            "stakes": "financial", "undoable": true,
            "money": [{ "pointer": "/amount", "unit": "major", "currency": "USD" }]
        },
        "pay": {
            "stakes": "financial",
            "money": [{ "pointer": "/sum", "unit": "minor", "currency_pointer": "/in" }]
        },
        "read": { "stakes": "none" },
        "write": { "stakes": "data_change", "undoable": true }
    });
    Policy::parse(policy.to_string().as_bytes()).unwrap()
}

/// The index of the guardrail that matched first.
fn decided_by(decision: &Decision) -> Option<usize> {
    let mut names = decision
        .reasons
        .iter()
        .filter_map(|reason| reason.guardrail.as_ref());
    names.next().map(|name| name.parse().unwrap())
}

fn decide(policy: &Policy, example: &Example) -> Decision {
    route(policy, &example.draft, &example.situation)
}

/// What really happens: each rule alone, and which of them decides.
struct Truth {
    alone: Vec<Policy>,
    whole: Policy,
    /// By draft: the rules that match, and the decision.
    drafts: Vec<(Vec<usize>, Decision)>,
}

impl Truth {
    fn of(rules: &[(Value, &str)], examples: &[Example]) -> Self {
        let alone: Vec<Policy> = rules
            .iter()
            .map(|rule| policy(std::slice::from_ref(rule)))
            .collect();
        let whole = policy(rules);
        let drafts = examples.iter().map(|example| {
            let matching = |(index, policy): (usize, &Policy)| {
                decided_by(&decide(policy, example)).map(|_| index)
            };
            let matches = alone.iter().enumerate().filter_map(matching).collect();
            (matches, decide(&whole, example))
        });
        let drafts = drafts.collect();
        Self {
            alone,
            whole,
            drafts,
        }
    }

    fn decides(&self, rule: usize) -> bool {
        let mut drafts = self.drafts.iter();
        drafts.any(|(matches, _)| matches.first() == Some(&rule))
    }

    fn within(&self, inner: usize, outer: usize) -> bool {
        let mut drafts = self.drafts.iter();
        drafts.all(|(matches, _)| !matches.contains(&inner) || matches.contains(&outer))
    }

    fn only_order_decides(&self, earlier: usize, later: usize) -> bool {
        let both = |(matches, _): &(Vec<usize>, Decision)| {
            matches.first() == Some(&earlier) && matches.contains(&later)
        };
        let route = |rule: usize| self.whole.guardrails[rule].route;
        route(earlier) != route(later)
            && self.drafts.iter().any(both)
            && self.decides(later)
            && !self.within(earlier, later)
            && !self.within(later, earlier)
    }

    fn lets_high_stakes_out(&self, rule: usize) -> bool {
        let mut drafts = self.drafts.iter();
        drafts
            .any(|(matches, decision)| matches.first() == Some(&rule) && is_risky_release(decision))
    }

    /// Whether a rule that releases decides some drafts, and none of these goes out.
    fn never_releases(&self, rule: usize) -> bool {
        let decided = self.drafts.iter();
        let mut decided = decided.filter(|(matches, _)| matches.first() == Some(&rule));
        self.whole.guardrails[rule].route == Route::Release
            && self.decides(rule)
            && decided.all(|(_, decision)| decision.route != Route::Release)
    }

    fn matches(&self, rule: usize, example: &Example) -> bool {
        decided_by(&decide(&self.alone[rule], example)).is_some()
    }
}

fn is_risky_release(decision: &Decision) -> bool {
    let mut signals = decision.signals.iter();
    decision.route == Route::Release && signals.any(|signal| signal.code == SignalCode::HighStakes)
}

fn indices(finding: &Finding) -> Vec<usize> {
    finding
        .rules
        .iter()
        .map(|name| name.parse().unwrap())
        .collect()
}

/// Whether the draft of a finding does what the finding says.
fn shows(truth: &Truth, finding: &Finding) -> bool {
    let rules = indices(finding);
    let (Some(example), Some(last)) = (&finding.example, rules.last().copied()) else {
        return false;
    };
    let decision = decide(&truth.whole, example);
    let by = decided_by(&decision);
    match finding.code {
        FindingCode::NeverMatches => !truth.matches(last, example),
        FindingCode::Hidden => truth.matches(last, example) && by.is_some_and(|by| by < last),
        FindingCode::Contradiction => by == rules.first().copied() && truth.matches(last, example),
        FindingCode::ReleasesHighStakes => by == Some(last) && is_risky_release(&decision),
        FindingCode::NeverReleases => by == Some(last) && decision.route != Route::Release,
        FindingCode::PartNeverHolds | FindingCode::PartWithoutEffect => {
            truth.matches(last, example)
        }
        _ => true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_proved_is_true_and_what_is_true_is_proved((changes, rules) in case()) {
        let acts = changes.iter().any(|change| change["kind"] == "action");
        let truth = Truth::of(&rules, &examples(&changes));
        let findings = lint(&truth.whole);
        let said = |code: FindingCode, rules: &[usize]| {
            findings.iter().any(|finding| finding.code == code && indices(finding) == rules)
        };
        prop_assert!(findings.iter().all(|finding| finding.code != FindingCode::NotAnalysed));
        for rule in 0..rules.len() {
            let mut about = findings.iter().filter(|finding| {
                matches!(finding.code, FindingCode::NeverMatches | FindingCode::Hidden)
                    && indices(finding).last() == Some(&rule)
            });
            prop_assert_eq!(about.next().is_none(), truth.decides(rule), "rule {}: {:#?}", rule, findings);
            let risky = truth.lets_high_stakes_out(rule);
            // Where no action was enumerated, the finding's own draft is the proof.
            if risky || acts {
                let said = said(FindingCode::ReleasesHighStakes, &[rule]);
                prop_assert_eq!(said, risky, "rule {}", rule);
            }
            let idle = findings.iter().any(|finding| {
                finding.code == FindingCode::NeverReleases
                    && finding.severity == Severity::Error
                    && indices(finding) == [rule]
            });
            prop_assert_eq!(idle, truth.never_releases(rule), "rule {}: {:#?}", rule, findings);
            for earlier in 0..rule {
                let contradicts = truth.only_order_decides(earlier, rule);
                let pair = [earlier, rule];
                prop_assert_eq!(said(FindingCode::Contradiction, &pair), contradicts, "{:?}", pair);
            }
        }
        let guardrails = findings.iter().filter(|finding| !finding.rules.is_empty());
        for finding in guardrails {
            prop_assert!(shows(&truth, finding), "{:#?}", finding);
        }
    }

    #[test]
    fn rules_that_hide_one_are_no_more_than_it_takes((_, rules) in case()) {
        let whole = policy(&rules);
        for finding in lint(&whole).iter().filter(|finding| finding.code == FindingCode::Hidden) {
            let taking: Vec<usize> = indices(finding);
            for left_out in 0..taking.len().saturating_sub(1) {
                let mut kept = taking.clone();
                kept.remove(left_out);
                let fewer: Vec<(Value, &str)> = kept.iter().map(|index| rules[*index].clone()).collect();
                let last = kept.len().saturating_sub(1);
                let hidden = lint(&policy(&fewer)).iter().any(|finding| {
                    finding.code == FindingCode::Hidden && indices(finding).last() == Some(&last)
                });
                prop_assert!(!hidden, "{:?} without {}", taking, left_out);
            }
        }
    }
}

fn check(guardrails: Value, expected: &[(FindingCode, Severity, &[&str])]) {
    let mut document = serde_json::to_value(policy(&[])).unwrap();
    document["guardrails"] = guardrails;
    let policy = Policy::parse(document.to_string().as_bytes()).unwrap();
    let findings = lint(&policy);
    let about: Vec<_> = findings
        .iter()
        .filter(|finding| !finding.rules.is_empty())
        .collect();
    let found: Vec<(FindingCode, Severity, Vec<&str>)> = about
        .iter()
        .map(|finding| {
            let rules = finding.rules.iter().map(String::as_str).collect();
            (finding.code, finding.severity, rules)
        })
        .collect();
    let expected: Vec<(FindingCode, Severity, Vec<&str>)> = expected
        .iter()
        .map(|(code, severity, rules)| (*code, *severity, rules.to_vec()))
        .collect();
    assert_eq!(found, expected, "{findings:#?}");
    assert!(
        about.iter().all(|finding| finding.example.is_some()),
        "{findings:#?}"
    );
}

fn rule(name: &str, when: Value, route: &str) -> Value {
    json!({ "name": name, "when": when, "route": route, "because": "so" })
}

#[test]
fn what_leads_get_wrong() {
    use FindingCode::*;
    use Severity::*;
    check(
        json!([
            rule(
                "both halves",
                json!({ "confidence_below": 0.2, "confidence_at_least": 0.5 }),
                "human"
            ),
            rule(
                "a message that acts",
                json!({ "kind": "message", "action": ["refund"] }),
                "human"
            )
        ]),
        &[
            (NeverMatches, Error, &["both halves"]),
            (NeverMatches, Error, &["a message that acts"]),
        ],
    );
    check(
        json!([
            rule("unsure", json!({ "confidence_below": 0.5 }), "review"),
            rule("sure", json!({ "confidence_at_least": 0.5 }), "human"),
            rule("lawyers", json!({ "signal": ["legal_threat"] }), "human")
        ]),
        &[(Hidden, Error, &["unsure", "sure", "lawyers"])],
    );
    check(
        json!([
            rule(
                "small",
                json!({ "action": ["refund"],
                "amount_at_most": { "minor": 2_000, "currency": "USD" } }),
                "release"
            ),
            rule("refunds", json!({ "action": ["refund"] }), "human")
        ]),
        &[(ReleasesHighStakes, Warning, &["small"])],
    );
    check(
        json!([rule(
            "internal",
            json!({ "channel": ["internal"] }),
            "release"
        )]),
        &[(ReleasesHighStakes, Error, &["internal"])],
    );
    check(
        json!([
            rule("payments", json!({ "action": ["pay"] }), "release"),
            rule(
                "reads",
                json!({ "action": ["read", "pay", "drop"] }),
                "release"
            ),
            rule("odd", json!({ "signal": ["injection"] }), "release")
        ]),
        &[
            (NeverReleases, Error, &["payments"]),
            (NeverReleases, Warning, &["reads"]),
            (NeverReleases, Error, &["odd"]),
        ],
    );
    check(
        json!([
            rule("lawyers", json!({ "signal": ["legal_threat"] }), "human"),
            rule("chat", json!({ "channel": ["chat"] }), "review")
        ]),
        &[(Contradiction, Note, &["lawyers", "chat"])],
    );
    check(
        json!([rule(
            "words",
            json!({ "signal": ["listed_words", "press"] }),
            "human"
        )]),
        &[(PartNeverHolds, Warning, &["words"])],
    );
    check(
        json!([rule("moon", json!({ "category": ["moon.*"] }), "human")]),
        &[(CategoryWithoutRules, Warning, &["moon"])],
    );
    check(
        json!([rule(
            "refunds",
            json!({ "any": [{ "action": ["refnud"] }, { "action": ["refund"] }] }),
            "human"
        )]),
        &[(ActionNotListed, Warning, &["refunds"])],
    );
}

/// Signals that are read from texts: a draft can be shown for each.
#[test]
fn every_signal_can_be_shown() {
    use SignalCode::*;
    let codes = [
        LowConfidence,
        Novel,
        UnknownCategory,
        CategoryInDoubt,
        HighStakes,
        Irreversible,
        UnlistedAction,
        KeyAccount,
        LegalThreat,
        Complaint,
        Churn,
        SelfHarm,
        Discrimination,
        SecurityIncident,
        Press,
        Minor,
        Medical,
        UnsupportedFigure,
        UnsupportedDate,
        UnsupportedLink,
        UnsupportedDiscount,
        UnsupportedPromise,
        PersonalData,
        Injection,
        Shouting,
        MissingApology,
        LanguageMismatch,
        LanguageWithoutLexicons,
    ];
    for code in codes {
        let when = json!({ "signal": [code] });
        let rules = [
            rule("one", when.clone(), "review"),
            rule("two", when, "human"),
        ];
        check(
            json!(rules),
            &[(FindingCode::Hidden, Severity::Error, &["one", "two"])],
        );
    }
}
