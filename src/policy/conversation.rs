//! The newest message of a conversation, and which of two is newer. It must not know drafts: what
//! becomes of those on an older head, `queue` says.

use crate::invalid::Invalid;
use serde::{Deserialize, Serialize};

/// 2^53: what JavaScript counts exactly.
pub const SEQUENCE_MAX: u64 = 1 << 53;

/// What is wrong with a count, where something is.
pub fn sequence_fault(pointer: &str, sequence: Option<u64>) -> Option<Invalid> {
    let above = sequence.is_some_and(|sequence| sequence > SEQUENCE_MAX);
    above.then(|| Invalid::field(pointer, "above 2^53"))
}

/// What is known of a conversation's newest message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its id.
    pub head: String,
    /// Its count, where the agent counts.
    pub sequence: Option<u64>,
}

/// What a head is to the one that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    /// The same message.
    Same,
    /// A newer one: open drafts on another head are stale.
    Newer,
    /// An older one: nothing moves, and a draft on it is stale.
    Older,
}

/// What `head` is to the known one. With counts the higher one is newer; without, another head is.
pub fn advance(known: Option<&Head>, head: &str, sequence: Option<u64>) -> Advance {
    match known {
        None => Advance::Newer,
        Some(known) => match (known.sequence, sequence) {
            (Some(known), Some(new)) if new < known => Advance::Older,
            _ if known.head == head => Advance::Same,
            (Some(known), Some(new)) if new == known => Advance::Older,
            _ => Advance::Newer,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(known: (&str, Option<u64>), new: (&str, Option<u64>), expected: Advance) {
        let head = Head {
            head: known.0.into(),
            sequence: known.1,
        };
        assert_eq!(
            advance(Some(&head), new.0, new.1),
            expected,
            "{known:?} {new:?}"
        );
    }

    #[test]
    fn counts_decide_where_both_have_one() {
        check(("m1", Some(1)), ("m2", Some(2)), Advance::Newer);
        check(("m2", Some(2)), ("m1", Some(1)), Advance::Older);
        check(("m2", Some(2)), ("m2", Some(2)), Advance::Same);
        check(("m2", Some(2)), ("mx", Some(2)), Advance::Older);
        check(("m1", None), ("m1", None), Advance::Same);
        check(("m1", None), ("m2", None), Advance::Newer);
        check(("m1", Some(5)), ("m2", None), Advance::Newer);
        assert_eq!(advance(None, "m1", None), Advance::Newer);
    }
}
