//! When a webhook is tried, what its answer means, and to whom no more goes at the moment. It must
//! not send anything.

use crate::time::Millis;
use serde::Deserialize;
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
/// Of these to addresses that drafts name, so that what agents name can't hold up the tenant's webhooks.
const CALLBACKS_MAX: usize = 3;
/// Of these for one key, so that none can hold up the callbacks of all others.
const CALLBACKS_PER_KEY_MAX: usize = 2;

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

/// Whom a call is for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Called {
    /// A webhook, or the host of a callback.
    pub receiver: String,
    /// Of a callback: the key whose draft named it.
    pub key_id: Option<String>,
}

/// Who takes no further call at the moment.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Full<'a> {
    /// These receivers.
    pub receivers: Vec<&'a str>,
    /// Callbacks of these keys.
    pub keys: Vec<&'a str>,
    /// Callbacks of any key.
    pub callbacks: bool,
}

/// Who takes no further call beside those `in_flight`; `None` where nobody does.
pub fn full(in_flight: &[Called]) -> Option<Full<'_>> {
    let receivers = in_flight.iter().map(|call| call.receiver.as_str());
    let keys: Vec<&str> = in_flight
        .iter()
        .filter_map(|call| call.key_id.as_deref())
        .collect();
    (in_flight.len() < IN_FLIGHT_MAX).then(|| Full {
        callbacks: keys.len() >= CALLBACKS_MAX,
        receivers: called_often(receivers, IN_FLIGHT_PER_RECEIVER_MAX),
        keys: called_often(keys.into_iter(), CALLBACKS_PER_KEY_MAX),
    })
}

/// Those that are named at least that often.
fn called_often<'a>(names: impl Iterator<Item = &'a str>, often: usize) -> Vec<&'a str> {
    let mut calls: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        let count = calls.entry(name).or_default();
        *count = count.saturating_add(1);
    }
    calls.retain(|_, count| *count >= often);
    calls.into_keys().collect()
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

    /// Webhooks by their names; callbacks as `host<key`.
    fn check(in_flight: &[&str], expected: Option<(&[&str], &[&str], bool)>) {
        let called = in_flight.iter().map(|call| {
            let (receiver, key) = call.split_once('<').unzip();
            Called {
                receiver: receiver.unwrap_or(call).to_owned(),
                key_id: key.map(str::to_owned),
            }
        });
        let called: Vec<_> = called.collect();
        let expected = expected.map(|(receivers, keys, callbacks)| Full {
            receivers: receivers.to_vec(),
            keys: keys.to_vec(),
            callbacks,
        });
        assert_eq!(full(&called), expected, "{in_flight:?}");
    }

    #[test]
    fn one_receiver_never_takes_every_connection() {
        check(&[], Some((&[], &[], false)));
        check(&["a", "b"], Some((&[], &[], false)));
        check(&["a", "b", "a"], Some((&["a"], &[], false)));
        check(&["a", "b", "b", "a"], Some((&["a", "b"], &[], false)));
        check(&["a", "b", "c", "d", "e"], None);
    }

    #[test]
    fn callbacks_leave_room_for_webhooks_and_one_key_for_the_others() {
        check(&["a<k", "b<k"], Some((&[], &["k"], false)));
        check(&["a<k", "a<l"], Some((&["a"], &[], false)));
        check(&["a<k", "b<k", "c<l"], Some((&[], &["k"], true)));
        check(&["a<k", "b<l", "c<m", "d"], Some((&[], &[], true)));
    }
}
