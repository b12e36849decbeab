//! Which category a message looks like. A guess never raises autonomy: it must not be used where
//! the agent named a category, only compared with it.

use super::candidate::{Candidate, similarities, usual_supports};
use crate::ratio::Ratio;

/// How much support tells two categories apart. With this the confidence is off by some 0.05 on
/// average (expected calibration error) on two public sets, and on splits of them with few or
/// uneven numbers of examples (`bench novelty` prints it).
const TEMPERATURE: f64 = 0.04;

/// The category that the candidates speak for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guess<'a> {
    /// The category.
    pub category: &'a str,
    /// How likely it is the right one: its share against the other categories, times how likely
    /// the message is of any known kind at all.
    pub confidence: Ratio,
}

/// The likeliest category of a message that is `novel` by so much; of equals the first by name.
/// `None` where no candidate has a category. Where nothing says how novel it is by meaning, the
/// confidence is 0: words alone were right in fewer than two thirds of the cases and don't know
/// which.
#[must_use]
pub fn guess<'a>(candidates: &[Candidate<'a>], novel: Option<Ratio>) -> Option<Guess<'a>> {
    let supports = usual_supports(candidates, &similarities(candidates));
    let (category, best) =
        supports
            .iter()
            .fold(None, |best: Option<(&str, f64)>, (name, at)| {
                best.filter(|(_, most)| most >= at).or(Some((name, *at)))
            })?;
    let total: f64 = supports
        .values()
        .map(|support| libm::exp((support - best) / TEMPERATURE))
        .sum();
    let known = novel.map_or(0.0, |novel| 1.0 - novel.to_f64());
    let confidence = Ratio::from_f64(known / total.max(1.0)).unwrap_or(Ratio::ZERO);
    Some(Guess {
        category,
        confidence,
    })
}

#[cfg(test)]
mod tests {
    use super::super::novelty::{nearness, novelty};
    use super::*;

    fn check(found: &[(&str, f64)], expected: Option<&str>, least: f64, most: f64) {
        let candidate = |(category, cosine): &(&'static str, f64)| Candidate {
            category: Some(*category),
            cosine: Some(*cosine),
            density: Some(0.5),
            ..Candidate::default()
        };
        let found: Vec<(&'static str, f64)> = found
            .iter()
            .map(|(name, at)| (if *name == "refund" { "refund" } else { "login" }, *at))
            .collect();
        let candidates: Vec<Candidate<'_>> = found.iter().map(candidate).collect();
        let guess = guess(&candidates, novelty(nearness(&candidates, 10)));
        assert_eq!(guess.map(|guess| guess.category), expected);
        let confidence = guess.map_or(0.0, |guess| guess.confidence.to_f64());
        assert!((least..=most).contains(&confidence), "{confidence}");
    }

    #[test]
    fn is_sure_of_a_plain_case_only() {
        check(&[], None, 0.0, 0.0);
        let refund = [
            ("refund", 0.9),
            ("refund", 0.88),
            ("refund", 0.86),
            ("login", 0.2),
        ];
        check(&refund, Some("refund"), 0.8, 1.0);
        check(&[("refund", 0.8), ("login", 0.8)], Some("login"), 0.0, 0.5);
        check(
            &[("refund", 0.1), ("login", 0.05)],
            Some("refund"),
            0.0,
            0.1,
        );
    }
}
