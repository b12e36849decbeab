//! When a webhook is tried, what its answer means, and to whom no more goes at the moment. It must
//! not send anything.

use crate::time::Millis;
use std::collections::BTreeMap;

/// Waits before each attempt, by Standard Webhooks 1.0.0 ("Deliverability and reliability"): at
/// once, then 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h. After the last it is a dead
/// letter.
const SCHEDULE_S: [u64; 10] = [
    0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400,
];
/// Up to a tenth of a wait is added by chance, so that what failed together is not tried together.
const JITTER_PPM: u64 = 100_000;
/// A receiver has this long to answer; the specification asks for 15 to 30 s.
pub const TIMEOUT_MS: u64 = 15_000;
/// Calls under way at once: the platform allows six connections.
const IN_FLIGHT_MAX: usize = 5;
/// Of these to one receiver, so that one that hangs can't hold up all others.
const IN_FLIGHT_PER_RECEIVER_MAX: usize = 2;

/// What a receiver said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An HTTP status.
    Status(u16),
    /// Nothing within [`TIMEOUT_MS`].
    Silence,
    /// No connection.
    Unreachable,
}

impl Answer {
    /// The answer of that [`Answer::name`].
    pub fn from_name(name: &str) -> Self {
        match name.parse() {
            Ok(status) => Self::Status(status),
            Err(_) if name == "timeout" => Self::Silence,
            Err(_) => Self::Unreachable,
        }
    }

    /// As it is shown and stored: a status, `timeout` or `unreachable`.
    pub fn name(self) -> String {
        match self {
            Self::Status(status) => status.to_string(),
            Self::Silence => "timeout".to_owned(),
            Self::Unreachable => "unreachable".to_owned(),
        }
    }
}

/// What follows from an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It arrived.
    Done,
    /// It is tried again then.
    Again(Millis),
    /// The schedule is used up: a lead may replay it.
    Dead,
    /// The receiver wants no more of anything: it is disabled.
    Gone,
}

/// What follows the answer to attempt number `attempts` (from 1), with a random `draw`. Only 2xx is
/// success; a redirect is a failure and is never followed; 410 disables the receiver.
pub fn next(answer: Answer, attempts: u32, now: Millis, draw: u32) -> Next {
    match answer {
        Answer::Status(200..=299) => Next::Done,
        Answer::Status(410) => Next::Gone,
        _ => wait_ms(attempts, draw).map_or(Next::Dead, |wait| Next::Again(now.plus(wait))),
    }
}

/// Milliseconds before the attempt that follows `attempts` others; `None` after the last.
fn wait_ms(attempts: u32, draw: u32) -> Option<u64> {
    let seconds = SCHEDULE_S.get(usize::try_from(attempts).ok()?)?;
    Some(with_jitter(seconds.saturating_mul(1_000), JITTER_PPM, draw))
}

/// A wait with up to that share of it, in millionths, added by a random `draw`.
pub fn with_jitter(wait_ms: u64, share_ppm: u64, draw: u32) -> u64 {
    let most = wait_ms.saturating_mul(share_ppm) / 1_000_000;
    let jitter = most.saturating_mul(u64::from(draw));
    let jitter = jitter.checked_div(u64::from(u32::MAX)).unwrap_or(0);
    wait_ms.saturating_add(jitter)
}

/// The receivers that take no further call beside those to `in_flight`; `None` where nobody does.
pub fn full<'a>(in_flight: &[&'a str]) -> Option<Vec<&'a str>> {
    let mut calls: BTreeMap<&str, usize> = BTreeMap::new();
    for receiver in in_flight {
        let count = calls.entry(receiver).or_default();
        *count = count.saturating_add(1);
    }
    calls.retain(|_, count| *count >= IN_FLIGHT_PER_RECEIVER_MAX);
    (in_flight.len() < IN_FLIGHT_MAX).then(|| calls.into_keys().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_000_000);

    #[test]
    fn only_2xx_is_success() {
        for status in [200, 202, 204, 299] {
            assert_eq!(next(Answer::Status(status), 1, NOW, 0), Next::Done);
        }
        let again = Next::Again(NOW.plus(5_000));
        for status in [100, 301, 302, 307, 308, 400, 404, 429, 500, 503] {
            assert_eq!(next(Answer::Status(status), 1, NOW, 0), again, "{status}");
        }
        assert_eq!(next(Answer::Silence, 1, NOW, 0), again);
        assert_eq!(next(Answer::Unreachable, 1, NOW, 0), again);
        assert_eq!(next(Answer::Status(410), 1, NOW, 0), Next::Gone);
        for answer in [Answer::Status(204), Answer::Silence, Answer::Unreachable] {
            assert_eq!(Answer::from_name(&answer.name()), answer);
        }
    }

    #[test]
    fn the_schedule_is_the_specifications_and_ends() {
        let waits: Vec<_> = (0..10)
            .map(|attempts| wait_ms(attempts, 0).unwrap() / 1_000)
            .collect();
        assert_eq!(waits, SCHEDULE_S);
        assert_eq!(next(Answer::Status(500), 10, NOW, 0), Next::Dead);
        assert_eq!(next(Answer::Status(500), u32::MAX, NOW, 0), Next::Dead);
    }

    #[test]
    fn chance_adds_up_to_a_tenth() {
        assert_eq!(wait_ms(2, u32::MAX), Some(330_000));
        assert_eq!(wait_ms(2, u32::MAX / 2), Some(314_999));
        assert_eq!(wait_ms(0, u32::MAX), Some(0));
    }

    #[test]
    fn one_receiver_never_takes_every_connection() {
        assert_eq!(full(&[]), Some(vec![]));
        assert_eq!(full(&["a", "b"]), Some(vec![]));
        assert_eq!(full(&["a", "b", "a"]), Some(vec!["a"]));
        assert_eq!(full(&["a", "b", "b", "a"]), Some(vec!["a", "b"]));
        assert_eq!(full(&["a", "b", "c", "d", "e"]), None);
    }
}
