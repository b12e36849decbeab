//! Laws of memory: queries that cannot be broken out of, rankings that depend on nothing but
//! their candidates, and scores that stay in range whatever comes in.

use countersign_policy::memory::{
    Asked, CONTENT_TERMS_MAX, Candidate, EXAMPLES_MAX, TERMS_MAX, content_expression, guess,
    match_expression, nearness, novelty, rank, shared_words, strangeness,
};
use countersign_policy::ratio::Ratio;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

const CATEGORIES: [&str; 3] = ["billing.refund", "login", "order.status"];
const IDS: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];

fn score() -> impl Strategy<Value = Option<f64>> {
    option::of(prop_oneof![9 => -1.0..1.0_f64, 1 => any::<f64>()])
}

/// Up to twelve candidates with ids of their own and everything else at random.
fn candidates() -> impl Strategy<Value = Vec<Candidate<'static>>> {
    let one = (
        option::of(select(CATEGORIES.as_slice())),
        (score(), score(), score()),
        (
            any::<u32>(),
            any::<bool>(),
            any::<u32>(),
            any::<u32>(),
            any::<u32>(),
        ),
        option::of(select(IDS.as_slice())),
    );
    vec(one, 0..IDS.len()).prop_map(|rows| {
        let with_ids = IDS.into_iter().zip(rows);
        with_ids
            .map(
                |(id, (category, scores, standing, duplicate_of))| Candidate {
                    id,
                    category,
                    cosine: scores.0,
                    density: scores.1,
                    bm25: scores.2,
                    age_days: standing.0,
                    substantive: standing.1,
                    agreements: standing.2,
                    contradictions: standing.3,
                    failures: standing.4,
                    duplicate_of,
                },
            )
            .collect()
    })
}

fn ids<'a>(asked: Asked<'_>, candidates: &[Candidate<'a>]) -> Vec<&'a str> {
    rank(asked, candidates)
        .iter()
        .map(|one| one.candidate.id)
        .collect()
}

proptest! {
    #[test]
    fn a_query_is_quoted_words_joined_by_or(text in any::<String>()) {
        let queries = [
            (match_expression(&text), TERMS_MAX),
            (content_expression(&text), CONTENT_TERMS_MAX),
        ];
        for (expression, terms_max) in queries {
            let Some(expression) = expression else { continue };
            let terms: Vec<&str> = expression.split(" OR ").collect();
            prop_assert!(terms.len() <= terms_max);
            for term in terms {
                let inner = term.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
                let inner = inner.ok_or(TestCaseError::fail(format!("unquoted {term}")))?;
                prop_assert!(!inner.is_empty());
                prop_assert!(inner.chars().all(char::is_alphanumeric), "{}", inner);
            }
        }
    }

    #[test]
    fn a_ranking_has_each_group_once_and_no_more_than_asked(
        found in candidates(),
        examples in 0_u32..20,
    ) {
        let asked = Asked { category: Some(CATEGORIES[0]), examples };
        let ranked = rank(asked, &found);
        prop_assert!(ranked.len() <= examples.min(EXAMPLES_MAX) as usize);
        let group = |one: &Candidate<'static>| one.duplicate_of.unwrap_or(one.id);
        let mut groups: Vec<&str> = ranked.iter().map(|one| group(&one.candidate)).collect();
        let all = groups.len();
        groups.sort_unstable();
        groups.dedup();
        prop_assert_eq!(groups.len(), all);
        let mut groups: Vec<&str> = found.iter().map(group).collect();
        groups.sort_unstable();
        groups.dedup();
        let most = groups.len().min(examples.min(EXAMPLES_MAX) as usize);
        let by_meaning = found.iter().any(|one| one.cosine.is_some());
        prop_assert!(all == most || (by_meaning && all < most));
        prop_assert!(ranked.iter().all(|one| one.likeness.is_finite()));
    }

    #[test]
    fn the_order_of_candidates_changes_nothing(found in candidates()) {
        let asked = Asked { category: None, examples: EXAMPLES_MAX };
        let mut turned = found.clone();
        turned.reverse();
        prop_assert_eq!(ids(asked, &found), ids(asked, &turned));
        prop_assert_eq!(guess(&found, None), guess(&turned, None));
    }

    #[test]
    fn one_more_contradiction_never_brings_a_correction_forward(
        found in candidates(),
        place in 0..IDS.len(),
    ) {
        let mut found: Vec<Candidate<'_>> = found
            .into_iter()
            .map(|one| Candidate { duplicate_of: None, category: None, ..one })
            .collect();
        let asked = Asked { category: None, examples: EXAMPLES_MAX };
        let Some(id) = found.get(place).map(|one| one.id) else { return Ok(()) };
        let at = |found: &[Candidate<'_>]| {
            ids(asked, found).iter().position(|one| *one == id).unwrap_or(usize::MAX)
        };
        let before = at(&found);
        found[place].contradictions = found[place].contradictions.saturating_add(1);
        prop_assert!(at(&found) >= before);
    }

    #[test]
    fn scores_stay_in_range_and_a_missing_memory_is_new(
        found in candidates(),
        words in any::<u32>(),
        past in vec(candidates(), 0..40),
    ) {
        let now = nearness(&found, words);
        let past: Vec<_> = past.iter().map(|found| nearness(found, words)).collect();
        for ratio in [novelty(now), strangeness(now, &past)].into_iter().flatten() {
            prop_assert!(ratio <= Ratio::ONE);
        }
        if let Some(guess) = guess(&found, novelty(now)) {
            prop_assert!(guess.confidence <= Ratio::ONE);
            prop_assert!(found.iter().any(|one| one.category == Some(guess.category)));
        }
        prop_assert_eq!(novelty(nearness(&[], words)), Some(Ratio::ONE));
    }

    #[test]
    fn shared_words_are_mutual(one in "[a-d ]{0,12}", other in "[a-d ]{0,12}") {
        prop_assert_eq!(shared_words(&one, &other), shared_words(&other, &one));
        prop_assert!((0.0..=1.0).contains(&shared_words(&one, &other)));
    }
}
