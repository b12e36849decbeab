//! Which corrections are shown as examples. It must not know how they were found.
//!
//! A candidate's score is its likeness to the message (cosine and words), small bonuses for what
//! makes it worth more, and the support of its category: where several neighbours of a category are
//! near, each of them is likelier right than one near stranger. How many a category holds must not
//! matter: one that was met once is as right as one that was met a hundred times. Then examples are picked one by
//! one. Each pick makes further ones of its category cost a little more: where the category is
//! plain, all examples are of it; in doubt, the second example is of the other category.

use super::candidate::{Candidate, WORDS_HALF_ALONE, lone_support, similarities, usual_supports};
use crate::order;
use std::collections::BTreeMap;

/// Examples shown at most: what fits a prompt beside the task itself.
pub const EXAMPLES_MAX: u32 = 8;
/// Bytes of all that are given with one answer, which holds the largest of them: an answer is remembered in one row, which
/// the platform limits to 2 MB, and JSON may write a byte in six.
pub const EXAMPLES_BYTES_MAX: u32 = 256 * 1024;

/// What vectors find less like the message than this, and only common words join to it, is of another subject. Of
/// CLINC150's queries whose intent is found one in 1,500 finds it below; asked of Banking77's
/// corrections, where nothing fits, one in nine finds nothing better.
const LIKENESS_MIN: f64 = 0.25;
/// How much a category's support counts beside a candidate's own likeness.
const SUPPORT_WEIGHT: f64 = 2.0;
/// What each picked example costs the next of its category.
const REPEAT_COST: f64 = 0.125;

// Bonuses and costs in units of cosine: near and merely similar messages differ by some 0.2, so
// that the largest of these moves a candidate past its equals, and none brings a stranger forward.

/// The draft names this category: a preference, not a wall.
const CATEGORY_BONUS: f64 = 0.10;
/// Made today; half of it after [`RECENCY_HALF_DAYS`].
const RECENCY_BONUS: f64 = 0.03;
/// Days after which recency counts half.
const RECENCY_HALF_DAYS: f64 = 90.0;
/// What endless agreement adds and endless failure takes; two verdicts of one mind are half of it.
const AGREEMENT_BONUS: f64 = 0.04;
/// Facts were changed: the example teaches more than one of tone.
const SUBSTANTIVE_BONUS: f64 = 0.02;
/// What endless contradiction takes; one contradiction takes half of it.
const CONTRADICTION_COST: f64 = 0.40;

/// What is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The draft's category, where the agent named one.
    pub category: Option<&'a str>,
    /// Examples wanted; never more than [`EXAMPLES_MAX`] are given.
    pub examples: u32,
}

/// A chosen candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked<'a> {
    /// What was chosen.
    pub candidate: Candidate<'a>,
    /// Likeness to the message, cosine and words fused: some 0.8 and more for the same question,
    /// below 0.3 for another subject.
    pub likeness: f64,
}

/// The examples to show, best first: near duplicates merged to their best, strangers left out where
/// vectors tell them, at most the number asked for. The same candidates in any order give the same examples.
#[must_use]
pub fn rank<'a>(asked: Asked<'_>, candidates: &[Candidate<'a>]) -> Vec<Ranked<'a>> {
    let mut found = scored(asked, candidates);
    if candidates.iter().any(|one| one.cosine.is_some()) {
        found.retain(|one| !is_stranger(&one.ranked));
    }
    let mut left = merged(found);
    let wanted = asked.examples.min(EXAMPLES_MAX);
    let mut picked: Vec<Ranked<'a>> = Vec::new();
    let mut repeats: BTreeMap<&str, f64> = BTreeMap::new();
    for _ in 0..wanted {
        let value = |one: &Scored<'a>| {
            let category = one
                .ranked
                .candidate
                .category
                .filter(|name| asked.category != Some(*name));
            let cost = category
                .and_then(|name| repeats.get(name))
                .copied()
                .unwrap_or(0.0);
            one.score - cost
        };
        let best = left.iter().enumerate().max_by(|(_, one), (_, other)| {
            let ids = other.ranked.candidate.id.cmp(one.ranked.candidate.id);
            value(one).total_cmp(&value(other)).then(ids)
        });
        let Some(place) = best.map(|(place, _)| place) else {
            break;
        };
        let best = left.swap_remove(place);
        if let Some(category) = best.ranked.candidate.category {
            *repeats.entry(category).or_default() += REPEAT_COST;
        }
        picked.push(best.ranked);
    }
    picked
}

/// All candidates, the likest first, near duplicates merged: what a person looks for. Of equals the
/// smaller id.
#[must_use]
pub fn alike<'a>(candidates: &[Candidate<'a>]) -> Vec<Ranked<'a>> {
    let mut all = merged(scored(Asked::default(), candidates));
    order::by(&mut all, |one, other| {
        let ids = one.ranked.candidate.id.cmp(other.ranked.candidate.id);
        let likeness = other.ranked.likeness.total_cmp(&one.ranked.likeness);
        likeness.then(ids)
    });
    all.into_iter().map(|one| one.ranked).collect()
}

#[derive(Clone, Copy)]
struct Scored<'a> {
    ranked: Ranked<'a>,
    score: f64,
}

fn scored<'a>(asked: Asked<'_>, candidates: &[Candidate<'a>]) -> Vec<Scored<'a>> {
    let likeness = similarities(candidates);
    let worth = candidates.iter().zip(&likeness);
    let worth: Vec<f64> = worth
        .map(|(one, likeness)| likeness + standing(asked, one))
        .collect();
    let supports = usual_supports(candidates, &worth);
    let rows = candidates.iter().zip(likeness).zip(&worth);
    rows.map(|((candidate, likeness), own)| {
        let support = candidate
            .category
            .and_then(|name| supports.get(name))
            .copied();
        let support = support.unwrap_or_else(|| lone_support(candidates, *own, &worth));
        let ranked = Ranked {
            candidate: *candidate,
            likeness,
        };
        Scored {
            ranked,
            score: own + SUPPORT_WEIGHT * support,
        }
    })
    .collect()
}

/// Whether it is of another subject: far by its meaning, and only common words are shared.
fn is_stranger(one: &Ranked<'_>) -> bool {
    let shares_words = one
        .candidate
        .bm25
        .is_some_and(|score| score >= WORDS_HALF_ALONE);
    one.likeness < LIKENESS_MIN && !shares_words
}

/// What a correction is worth beside its likeness.
fn standing(asked: Asked<'_>, candidate: &Candidate<'_>) -> f64 {
    let share = |count: u32, half: f64| f64::from(count) / (f64::from(count) + half);
    let named = candidate.category.is_some() && candidate.category == asked.category;
    let recency = 1.0 - share(candidate.age_days, RECENCY_HALF_DAYS);
    RECENCY_BONUS * recency + AGREEMENT_BONUS * agreed(candidate)
        - CONTRADICTION_COST * share(candidate.contradictions, 1.0)
        + if named { CATEGORY_BONUS } else { 0.0 }
        + if candidate.substantive {
            SUBSTANTIVE_BONUS
        } else {
            0.0
        }
}

/// What verdicts say of a candidate, from -1 (nothing but failures) to 1.
fn agreed(candidate: &Candidate<'_>) -> f64 {
    let (for_it, against) = (
        f64::from(candidate.agreements),
        f64::from(candidate.failures),
    );
    (for_it - against) / (for_it + against + 2.0)
}

/// The best of each group of near duplicates, of equals the newer, then the smaller id.
fn merged(scored: Vec<Scored<'_>>) -> Vec<Scored<'_>> {
    let mut best: BTreeMap<&str, Scored<'_>> = BTreeMap::new();
    for one in scored {
        let candidate = one.ranked.candidate;
        let group = candidate.duplicate_of.unwrap_or(candidate.id);
        let better = best.get(group).is_none_or(|kept| {
            let other = kept.ranked.candidate;
            let newer = other.age_days.cmp(&candidate.age_days);
            let order = one.score.total_cmp(&kept.score).then(newer);
            order.then(other.id.cmp(candidate.id)).is_gt()
        });
        if better {
            best.insert(group, one);
        }
    }
    best.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(asked: Asked<'_>, candidates: &[Candidate<'_>], expected: &[&str]) {
        let ranked = rank(asked, candidates);
        let ids: Vec<&str> = ranked.iter().map(|one| one.candidate.id).collect();
        assert_eq!(ids, expected);
    }

    fn near<'a>(id: &'a str, category: &'a str, cosine: f64) -> Candidate<'a> {
        let category = Some(category);
        Candidate {
            id,
            category,
            cosine: Some(cosine),
            ..Candidate::default()
        }
    }

    const THREE: Asked<'_> = Asked {
        category: None,
        examples: 3,
    };

    #[test]
    fn nothing_gives_nothing() {
        check(THREE, &[], &[]);
        check(
            Asked {
                category: None,
                examples: 0,
            },
            &[near("a", "refund", 0.9)],
            &[],
        );
    }

    #[test]
    fn a_stranger_is_no_example_where_vectors_tell() {
        let (like, stranger) = (near("a", "refund", 0.6), near("b", "refund", 0.04));
        check(THREE, &[like, stranger], &["a"]);
        let worded = |id| Candidate {
            id,
            bm25: Some(0.1),
            ..Candidate::default()
        };
        check(THREE, &[worded("a"), worded("b")], &["a", "b"]);
    }

    #[test]
    fn a_plain_category_gives_all_examples_and_a_doubtful_one_shares() {
        let group = |ids: [&'static str; 3], category, cosine: f64| {
            ids.map(|id| near(id, category, cosine))
        };
        let refund = group(["a", "b", "c"], "refund", 0.90);
        let far = group(["d", "e", "f"], "login", 0.30);
        let close = group(["d", "e", "f"], "login", 0.88);
        check(THREE, &[refund, far].concat(), &["a", "b", "c"]);
        check(THREE, &[refund, close].concat(), &["a", "d", "b"]);
    }

    #[test]
    fn a_category_met_once_is_not_outdone_by_a_crowded_one() {
        let crowd = ["a", "b", "c", "d"].map(|id| near(id, "login", 0.80));
        let stranger = near("z", "order", 0.10);
        let alone = near("s", "refund", 0.88);
        let all = [crowd.as_slice(), &[alone, stranger]].concat();
        check(
            Asked {
                examples: 1,
                ..THREE
            },
            &all,
            &["s"],
        );
    }

    #[test]
    fn near_duplicates_merge_to_the_newer() {
        let repeat = |id, age_days| Candidate {
            age_days,
            duplicate_of: Some("a"),
            ..near(id, "refund", 0.9)
        };
        check(
            THREE,
            &[repeat("a", 30), repeat("b", 1), near("c", "refund", 0.5)],
            &["b", "c"],
        );
    }

    #[test]
    fn of_equals_the_newer_the_agreed_and_the_substantive_come_first() {
        let plain = Candidate {
            age_days: 400,
            ..near("plain", "refund", 0.8)
        };
        let changes: [fn(Candidate<'static>) -> Candidate<'static>; 3] = [
            |one| Candidate { age_days: 1, ..one },
            |one| Candidate {
                agreements: 3,
                ..one
            },
            |one| Candidate {
                substantive: true,
                ..one
            },
        ];
        for change in changes {
            let better = change(Candidate {
                id: "better",
                ..plain
            });
            check(THREE, &[plain, better], &["better", "plain"]);
            let stranger = near("far", "refund", 0.9);
            check(
                THREE,
                &[plain, better, stranger],
                &["far", "better", "plain"],
            );
        }
    }

    #[test]
    fn an_example_that_did_not_help_falls_behind_its_equals() {
        let fresh = near("fresh", "refund", 0.8);
        let failed = Candidate {
            failures: 1,
            ..near("failed", "refund", 0.8)
        };
        check(THREE, &[failed, fresh], &["fresh", "failed"]);
        let mostly = Candidate {
            agreements: 3,
            ..failed
        };
        check(THREE, &[mostly, fresh], &["failed", "fresh"]);
        let far = near("far", "refund", 0.7);
        check(THREE, &[failed, far], &["failed", "far"]);
    }

    #[test]
    fn a_contradicted_correction_falls_behind() {
        let old = Candidate {
            contradictions: 1,
            age_days: 9,
            ..near("old", "refund", 0.9)
        };
        check(THREE, &[old, near("new", "refund", 0.85)], &["new", "old"]);
    }

    #[test]
    fn the_named_category_is_preferred_and_not_a_wall() {
        let all = [
            near("a", "refund", 0.80),
            near("b", "billing", 0.76),
            near("c", "login", 0.2),
        ];
        check(
            Asked {
                category: Some("billing"),
                examples: 2,
            },
            &all,
            &["b", "a"],
        );
        let all = [near("a", "refund", 0.95), near("b", "billing", 0.30)];
        check(
            Asked {
                category: Some("billing"),
                examples: 2,
            },
            &all,
            &["a", "b"],
        );
    }

    #[test]
    fn words_alone_rank_where_there_are_no_vectors() {
        let found = |id, bm25| Candidate {
            id,
            bm25: Some(bm25),
            ..Candidate::default()
        };
        check(
            THREE,
            &[found("a", 2.0), found("b", 9.0), found("c", f64::NAN)],
            &["b", "a", "c"],
        );
    }
}
