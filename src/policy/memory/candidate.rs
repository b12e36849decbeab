//! A stored correction as words and vectors found it, and how like the message it is. It must not
//! decide which candidates are shown.

use crate::order;
use std::collections::BTreeMap;

/// Candidates of each search, by words and by vectors. Of 100,000 corrections the nearest 64
/// hold ten of each of six categories.
pub const CANDIDATES_MAX: u32 = 64;

/// What shared words add to a cosine, at most: enough to order equals, too little to bring a
/// stranger forward.
const WORDS_WEIGHT: f64 = 0.15;
/// A best BM25 score of this much counts half: below it, only common words were shared, or the memory is so
/// small that none are rare. Beside vectors it is the score of three rare words: with fewer they know better.
const WORDS_HALF: f64 = 12.0;
/// The same where words alone speak.
pub(super) const WORDS_HALF_ALONE: f64 = 5.0;
/// The best scores of a category that speak for it.
const SUPPORT_COUNT: usize = 3;
/// How far behind its category's best a score that it lacks is taken to be: a category of one
/// example is new, not wrong. In units of cosine, whose best three lie about as far apart.
const MEANING_GAP: f64 = 0.07;
/// The same where words alone speak, whose scores are spread three times as wide.
const WORDS_GAP: f64 = 0.2;

/// One stored correction that a search found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Candidate<'a> {
    /// The correction's id: breaks ties.
    pub id: &'a str,
    /// Its category, where it has one.
    pub category: Option<&'a str>,
    /// Cosine of the messages, from -1 to 1; `None` where vectors did not find it or are absent.
    pub cosine: Option<f64>,
    /// Mean cosine of its message with the five nearest of the other candidates, as the scan
    /// gives it; `None` without vectors.
    pub density: Option<f64>,
    /// BM25 of the messages, larger is better: the negative of what SQLite's `bm25()` gives.
    /// `None` where words did not find it.
    pub bm25: Option<f64>,
    /// Whole days since it was made.
    pub age_days: u32,
    /// Whether facts were changed, and not only tone.
    pub substantive: bool,
    /// Verdicts since then that agree with it, its near duplicates included.
    pub agreements: u32,
    /// Drafts written with it that a person then changed in substance or refused.
    pub failures: u32,
    /// Later corrections of near-equal messages that say something else.
    pub contradictions: u32,
    /// The first correction that this one nearly repeats; its own id or `None` where there is none.
    pub duplicate_of: Option<&'a str>,
}

/// How like the message each candidate is, cosine and words fused, in the order of the input.
///
/// Where vectors found some candidates, one that only words found counts as far as the farthest
/// of those. Without any vectors, words alone speak, from 0 to 1.
pub(crate) fn similarities(candidates: &[Candidate<'_>]) -> Vec<f64> {
    let found = |of: fn(&Candidate<'_>) -> Option<f64>| {
        candidates
            .iter()
            .filter_map(of)
            .map(finite)
            .collect::<Vec<f64>>()
    };
    let (cosines, scores) = (found(|one| one.cosine), found(|one| one.bm25));
    let farthest = cosines.iter().copied().fold(1.0, f64::min);
    let best = scores.iter().copied().fold(0.0, f64::max);
    // A full list was cut: what is not in it may still share as many words as its last.
    let cut = scores.len() >= CANDIDATES_MAX as usize;
    let last = if cut {
        scores.iter().copied().fold(best, f64::min)
    } else {
        0.0
    };
    let half = match cosines.is_empty() {
        true => WORDS_HALF_ALONE,
        false => WORDS_HALF,
    };
    let words = |one: &Candidate<'_>| one.bm25.map_or(last, finite).max(0.0) / (best + half);
    let similarity = |one: &Candidate<'_>| {
        if cosines.is_empty() {
            words(one)
        } else {
            one.cosine.map_or(farthest, finite) + WORDS_WEIGHT * words(one)
        }
    };
    candidates.iter().map(similarity).collect()
}

/// How strongly the candidates speak for each category: the mean of its `count` best scores. Those
/// that it lacks count as `gap` less than its best, but no less than the lowest of all.
pub(crate) fn supports<'a>(
    candidates: &[Candidate<'a>],
    scores: &[f64],
    count: usize,
    gap: f64,
) -> BTreeMap<&'a str, f64> {
    let lowest = lowest(scores);
    let mut groups: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (candidate, score) in candidates.iter().zip(scores) {
        if let Some(category) = candidate.category {
            groups.entry(category).or_default().push(*score);
        }
    }
    let support = |scores: Vec<f64>| {
        let best = scores.iter().copied().fold(lowest, f64::max);
        mean_of_best(scores, count, lowest.max(best - gap))
    };
    let groups = groups.into_iter();
    order::gathered(groups.map(|(category, scores)| (category, support(scores))))
}

/// The supports that ranking and guessing use.
pub(crate) fn usual_supports<'a>(
    candidates: &[Candidate<'a>],
    scores: &[f64],
) -> BTreeMap<&'a str, f64> {
    supports(candidates, scores, SUPPORT_COUNT, usual_gap(candidates))
}

/// The support of a candidate that has no category: that of one which is alone in it.
pub(crate) fn lone_support(candidates: &[Candidate<'_>], score: f64, scores: &[f64]) -> f64 {
    let missing = lowest(scores).max(score - usual_gap(candidates));
    mean_of_best(vec![score], SUPPORT_COUNT, missing)
}

fn usual_gap(candidates: &[Candidate<'_>]) -> f64 {
    match candidates.iter().any(|one| one.cosine.is_some()) {
        true => MEANING_GAP,
        false => WORDS_GAP,
    }
}

/// The mean of the `count` best scores, `missing` standing in for those that there are too few.
pub(crate) fn mean_of_best(mut scores: Vec<f64>, count: usize, missing: f64) -> f64 {
    order::by(&mut scores, |one, other| other.total_cmp(one));
    let padded = scores
        .into_iter()
        .chain(std::iter::repeat(missing))
        .take(count);
    let sum: f64 = padded.sum();
    sum / f64::from(u32::try_from(count.max(1)).unwrap_or(u32::MAX))
}

fn lowest(scores: &[f64]) -> f64 {
    scores.iter().copied().reduce(f64::min).unwrap_or(0.0)
}

/// A damaged score is no score.
pub(crate) fn finite(score: f64) -> f64 {
    if score.is_finite() { score } else { 0.0 }
}
