//! How unlike everything handled a message is. It must not decide what follows from that: the
//! `novel` signal compares the answer with the policy's threshold.
//!
//! Measured on public sets of support messages, the nearest three of the best *category* tell an
//! unseen question from a known one better than the nearest three of all: a new question lies
//! between categories, near to one message of each. Two corrections make it comparable: messages
//! of a crowded neighbourhood are near to everything, and long messages are near to nothing.

use super::candidate::{Candidate, finite, mean_of_best, supports};
use crate::order;
use crate::ratio::Ratio;
use serde::{Deserialize, Serialize};

/// Nearest messages of a category that count.
const NEAREST_COUNT: usize = 3;
/// Nearest messages whose neighbourhood is looked at.
const DENSITY_COUNT: usize = 5;
/// How much of the neighbourhood's density is taken off.
const DENSITY_WEIGHT: f64 = 0.4;
/// What each doubling of length (in natural logarithm of words) is allowed; known messages lose
/// 0.010 and 0.027 on the two sets.
const LENGTH_WEIGHT: f64 = 0.025;
/// A logistic fit over both sets, each side weighing the same: even odds at nearness 0.366.
const NOVELTY_AT_ZERO: f64 = 3.81;
const NOVELTY_SLOPE: f64 = -10.42;

/// Past nearness values worth keeping for [`strangeness`]: with 512, one in a hundred is five of
/// them.
pub const HISTORY_MAX: u32 = 512;

/// How near a message is to what was handled; larger is nearer. The two kinds of scale must not
/// be mixed in one history.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nearness {
    /// Nothing was handled yet, or nothing shares a word.
    Nothing,
    /// From vectors: some 0.5 for the usual question, 0 for another subject.
    Meaning(f64),
    /// From BM25 alone, whose scale depends on the tenant's texts.
    Words(f64),
}

impl Nearness {
    /// Whether a later message can be compared with it, so that it is worth keeping.
    #[must_use]
    pub fn says_something(self) -> bool {
        self != Self::Nothing
    }
}

/// The nearness of a message of `words` words to its candidates: those of both searches, of every
/// category.
#[must_use]
pub fn nearness(candidates: &[Candidate<'_>], words: u32) -> Nearness {
    let with: Vec<Candidate<'_>> = candidates
        .iter()
        .filter(|one| one.cosine.is_some())
        .copied()
        .collect();
    if with.is_empty() {
        return words_alone(candidates);
    }
    let cosines: Vec<f64> = with
        .iter()
        .filter_map(|one| one.cosine)
        .map(finite)
        .collect();
    let nearest = best_category(&with, &cosines);
    let mut closest: Vec<(f64, f64)> = with
        .iter()
        .zip(&cosines)
        .map(|(one, at)| (*at, one.density.map_or(*at, finite)))
        .collect();
    order::by(&mut closest, |one, other| {
        other.0.total_cmp(&one.0).then(other.1.total_cmp(&one.1))
    });
    let densities: Vec<f64> = closest
        .iter()
        .take(DENSITY_COUNT)
        .map(|(_, at)| *at)
        .collect();
    let counted = densities.len();
    let density = mean_of_best(densities, counted, 0.0);
    let length = libm::log(f64::from(words) + 1.0);
    Nearness::Meaning(nearest - DENSITY_WEIGHT * density + LENGTH_WEIGHT * length)
}

/// How likely such a message is a question that was never handled, fitted on public sets: 0 for
/// the usual, 1 for another subject or an empty memory. Words alone give no such scale: `None`.
#[must_use]
pub fn novelty(nearness: Nearness) -> Option<Ratio> {
    match nearness {
        Nearness::Nothing => Some(Ratio::ONE),
        Nearness::Words(_) => None,
        Nearness::Meaning(at) => {
            let odds = libm::exp(-(NOVELTY_AT_ZERO + NOVELTY_SLOPE * finite(at)));
            Ratio::from_f64(1.0 / (1.0 + odds))
        }
    }
}

/// The share of handled messages that were nearer than this one when they came, the tenant's own
/// calibration: of messages like the past ones, only one in twenty has 0.95 or more. `history`
/// holds the nearness of past messages in any order; other scales in it are passed over. `None`
/// below 20 comparable ones: one in twenty has no meaning yet.
#[must_use]
pub fn strangeness(nearness: Nearness, history: &[Nearness]) -> Option<Ratio> {
    /// The fewest that can show one in twenty.
    const HISTORY_MIN: u32 = 20;
    let nearer = |past: &Nearness| match (nearness, *past) {
        (Nearness::Nothing, Nearness::Meaning(_) | Nearness::Words(_)) => Some(true),
        (Nearness::Meaning(now), Nearness::Meaning(then))
        | (Nearness::Words(now), Nearness::Words(then)) => Some(finite(then) > finite(now)),
        _ => None,
    };
    let (mut nearer_count, mut count) = (0_u32, 0_u32);
    for is_nearer in history.iter().filter_map(nearer) {
        count = count.saturating_add(1);
        nearer_count = nearer_count.saturating_add(u32::from(is_nearer));
    }
    if count < HISTORY_MIN {
        return None;
    }
    // The message itself is one of them: never more than count in count + 1.
    Ratio::from_f64(f64::from(nearer_count) / f64::from(count.saturating_add(1)))
}

/// The known message that is nearest: by meaning, with how like it is from 0 to 1; by words alone where
/// no vectors are, and then without a number, since their scale depends on the tenant's texts.
#[must_use]
pub fn nearest<'a>(candidates: &[Candidate<'a>]) -> Option<(Candidate<'a>, Option<Ratio>)> {
    let best = |of: fn(&Candidate<'_>) -> Option<f64>| {
        candidates
            .iter()
            .filter_map(|one| of(one).map(|at| (finite(at), *one)))
            .max_by(|(one, a), (other, b)| one.total_cmp(other).then(b.id.cmp(a.id)))
    };
    let by_meaning = best(|one| one.cosine);
    let likeness = by_meaning.and_then(|(at, _)| Ratio::from_f64(at.clamp(0.0, 1.0)));
    let (_, nearest) = by_meaning.or_else(|| best(|one| one.bm25))?;
    Some((nearest, likeness))
}

fn words_alone(candidates: &[Candidate<'_>]) -> Nearness {
    let with: Vec<Candidate<'_>> = candidates
        .iter()
        .filter(|one| one.bm25.is_some())
        .copied()
        .collect();
    let scores: Vec<f64> = with.iter().filter_map(|one| one.bm25).map(finite).collect();
    if with.is_empty() {
        Nearness::Nothing
    } else {
        Nearness::Words(best_of_all(scores))
    }
}

/// The nearest few of the category that is nearest.
fn best_category(candidates: &[Candidate<'_>], scores: &[f64]) -> f64 {
    let named = supports(candidates, scores, NEAREST_COUNT, f64::INFINITY).into_values();
    let best = named.reduce(f64::max);
    best.unwrap_or_else(|| best_of_all(scores.to_vec()))
}

/// The nearest few of all; fewer where there are fewer.
fn best_of_all(scores: Vec<f64>) -> f64 {
    let count = scores.len().min(NEAREST_COUNT);
    mean_of_best(scores, count, 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(category: &'a str, cosine: f64) -> Candidate<'a> {
        let (cosine, density) = (Some(cosine), Some(0.5));
        Candidate {
            category: Some(category),
            cosine,
            density,
            ..Candidate::default()
        }
    }

    fn check(candidates: &[Candidate<'_>], least: f64, most: f64) {
        let novelty = novelty(nearness(candidates, 10)).unwrap().to_f64();
        assert!((least..=most).contains(&novelty), "{novelty}");
    }

    #[test]
    fn an_empty_memory_has_seen_nothing() {
        check(&[], 1.0, 1.0);
    }

    #[test]
    fn a_known_question_is_not_new_and_another_subject_is() {
        check(
            &[
                found("refund", 0.9),
                found("refund", 0.85),
                found("refund", 0.8),
            ],
            0.0,
            0.2,
        );
        check(
            &[
                found("refund", 0.2),
                found("login", 0.15),
                found("order", 0.1),
            ],
            0.9,
            1.0,
        );
    }

    #[test]
    fn the_nearest_is_found_by_meaning_and_else_by_words() {
        let worded = |id, bm25| Candidate {
            id,
            bm25: Some(bm25),
            ..Candidate::default()
        };
        let (near, likeness) = nearest(&[
            found("login", 0.2),
            found("refund", 0.7),
            worded("words", 9.0),
        ])
        .unwrap();
        assert_eq!(
            (near.category, likeness),
            (Some("refund"), Ratio::from_f64(0.7))
        );
        let (near, likeness) = nearest(&[worded("b", 2.0), worded("a", 2.0)]).unwrap();
        assert_eq!((near.id, likeness), ("a", None), "the id breaks ties");
        assert_eq!(nearest(&[]), None);
    }

    #[test]
    fn a_question_between_categories_is_newer_than_one_within() {
        let within = [
            found("refund", 0.7),
            found("refund", 0.7),
            found("refund", 0.7),
        ];
        let between = [
            found("refund", 0.7),
            found("login", 0.7),
            found("order", 0.7),
        ];
        let between = [between.as_slice(), &[found("order", 0.3)]].concat();
        let within = [within.as_slice(), &[found("order", 0.3)]].concat();
        let of = |candidates: &[Candidate<'_>]| novelty(nearness(candidates, 10));
        assert!(of(&between) > of(&within));
    }

    #[test]
    fn strangeness_counts_only_its_own_scale() {
        let history: Vec<Nearness> = (0..99).map(|at| Nearness::Meaning(f64::from(at))).collect();
        let at = |nearness| strangeness(nearness, &history).map(Ratio::ppm);
        assert_eq!(at(Nearness::Meaning(-1.0)), Some(990_000));
        assert_eq!(at(Nearness::Meaning(98.0)), Some(0));
        assert_eq!(at(Nearness::Nothing), Some(990_000));
        assert_eq!(at(Nearness::Words(1.0)), None);
    }
}
