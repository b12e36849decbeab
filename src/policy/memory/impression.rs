//! What memory says of a message before it is routed: how novel it is and which category it looks
//! like. It must not compare either with a threshold of the policy.

use super::candidate::Candidate;
use super::guess::{Guess, guess};
use super::novelty::{HISTORY_MAX, Nearness, nearness, novelty, strangeness};
use crate::ratio::Ratio;

/// Known messages below which memory has no opinion: a new tenant's first questions are all new,
/// and its levels say already what is held.
const KNOWN_MIN: u32 = 20;
/// The share of past messages that were as far when a far one is as likely new as not.
const RARE: f64 = 0.05;
/// How sure the fit over public sets may be that a message is known, or novel: it does not know the
/// tenant. Where every other message is far by it, those in the nearer half stay unflagged.
const FIT_RANGE: (f64, f64) = (0.001, 0.9);
/// How much sooner a message counts as known where its category is guessed, in logarithms of odds.
const GUESS_LEAN: f64 = 0.5;

/// What memory says of one message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Impression<'a> {
    /// How near it is; kept for the messages that follow.
    pub nearness: Nearness,
    /// How novel it is; `None` where memory knows too little to say.
    pub novelty: Option<Ratio>,
    /// The category that it looks like.
    pub guess: Option<Guess<'a>>,
}

/// The impression of a message against what was found for it among `known` messages, and the
/// nearness of `past` ones.
///
/// How novel it is say the fit over public sets ([`novelty`]) and how far it is for this tenant
/// ([`strangeness`]), and both weigh the same: a tenant whose messages are all unlike each other is
/// not told so of each one, and one whose messages are all alike not of the least alike. Where only
/// one of the two can say, it speaks alone. The lesser of the two would miss most of what is novel
/// as soon as more than one message in twenty is: they are then as far as each other.
///
/// Where a category is guessed the message counts as known a little sooner: measured on splits of public sets
/// with few, uneven and many examples, and one novel message in fifty to one in three, the guess's confidence is
/// then nearest to how often it is right.
#[must_use]
pub fn impression<'a>(
    message: &str,
    candidates: &[Candidate<'a>],
    known: u32,
    past: &[Nearness],
) -> Impression<'a> {
    let words = message.split_whitespace().count();
    let words = u32::try_from(words).unwrap_or(u32::MAX);
    let nearness = nearness(candidates, words);
    let fitted = novelty(nearness);
    let usual = strangeness(nearness, past).map(odds);
    let joined =
        |lean: f64| fitted.map(|fitted| usual.map_or(fitted, |usual| weighed(fitted, usual, lean)));
    Impression {
        nearness,
        novelty: joined(0.0).or(usual).filter(|_| known >= KNOWN_MIN),
        guess: guess(candidates, joined(GUESS_LEAN)),
    }
}

/// The mean of two chances, as logarithms of odds, and so much less.
fn weighed(fitted: Ratio, usual: Ratio, lean: f64) -> Ratio {
    let (least, most) = FIT_RANGE;
    let odds = |chance: f64| libm::log(chance / (1.0 - chance));
    let mean = (odds(fitted.to_f64().clamp(least, most)) + odds(usual.to_f64())) / 2.0 - lean;
    Ratio::from_f64(1.0 / (1.0 + libm::exp(-mean))).unwrap_or(Ratio::ONE)
}

/// Strangeness as a chance: one half where one in twenty was as far, 0.05 where every one was.
fn odds(strangeness: Ratio) -> Ratio {
    let rarity = 1.0 - strangeness.to_f64();
    Ratio::from_f64(RARE / (RARE + rarity)).unwrap_or(Ratio::ONE)
}

/// The past with one more message, the oldest forgotten beyond [`HISTORY_MAX`].
#[must_use]
pub fn remember(mut past: Vec<Nearness>, nearness: Nearness) -> Vec<Nearness> {
    past.push(nearness);
    let kept = usize::try_from(HISTORY_MAX).unwrap_or(usize::MAX);
    past.drain(..past.len().saturating_sub(kept));
    past
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cosine: f64, known: u32, past: &[Nearness], least: f64, most: f64) {
        let found: Vec<Candidate<'_>> = ["a", "b", "c"]
            .map(|id| Candidate {
                id,
                category: Some("refund"),
                cosine: Some(cosine),
                density: Some(0.5),
                ..Candidate::default()
            })
            .to_vec();
        let novelty = impression("where is my refund", &found, known, past).novelty;
        let novelty = novelty.map_or(-1.0, Ratio::to_f64);
        assert!((least..=most).contains(&novelty), "{novelty}");
    }

    #[test]
    fn a_small_memory_has_no_opinion() {
        check(0.1, KNOWN_MIN - 1, &[], -1.0, -1.0);
        check(0.1, KNOWN_MIN, &[], 0.9, 1.0);
    }

    #[test]
    fn the_fit_and_the_tenants_own_past_weigh_the_same() {
        let near = vec![Nearness::Meaning(0.6); 40];
        let far = vec![Nearness::Meaning(-0.5); 40];
        check(0.1, 100, &near, 0.6, 1.0);
        check(0.1, 100, &far, 0.0, 0.5);
        check(0.95, 100, &near, 0.0, 0.1);
    }

    #[test]
    fn what_is_novel_is_so_where_every_fifth_message_is() {
        let past = [
            vec![Nearness::Meaning(0.6); 80],
            vec![Nearness::Meaning(-0.1); 20],
        ]
        .concat();
        check(0.1, 100, &past, 0.5, 1.0);
        check(0.8, 100, &past, 0.0, 0.5);
    }

    #[test]
    fn words_are_judged_by_the_past_alone() {
        let found = [Candidate {
            id: "a",
            bm25: Some(1.0),
            ..Candidate::default()
        }];
        let past = vec![Nearness::Words(9.0); 60];
        let of = |past: &[Nearness]| impression("a b", &found, 100, past).novelty;
        assert_eq!(of(&[]), None);
        assert!(of(&past).is_some_and(|novelty| novelty.to_f64() > 0.5));
    }

    #[test]
    fn the_oldest_is_forgotten() {
        let past = vec![Nearness::Nothing; HISTORY_MAX as usize];
        let past = remember(past, Nearness::Words(1.0));
        assert_eq!(past.len(), HISTORY_MAX as usize);
        assert_eq!(past.last(), Some(&Nearness::Words(1.0)));
    }
}
