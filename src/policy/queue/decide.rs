//! A verdict on a draft: given, taken back, settled. It must not look at what a verdict says: only
//! at its kind and at the digest of what would leave.
//!
//! This is the one place where two people are made to agree: whatever lets something leave, alone
//! or in a batch, goes through [`decide`].

use super::handover::free_for;
use super::{Before, Entry, FIRSTS_MAX, First, Lease, NewVerdict, Pending, ROUNDS_MAX, Status};
use crate::refusal::Refusal;
use crate::time::Millis;
use crate::verdict::VerdictKind;
use serde::{Deserialize, Serialize};

/// A verdict that hides a draft for a while. It takes effect at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Deferral {
    /// The client-made id of the verdict.
    pub verdict_id: String,
    /// Who gave it.
    pub reviewer: String,
    /// Who claimed the draft until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
}

pub(super) fn decide(
    entry: &Entry,
    verdict: &NewVerdict,
    version: u32,
    head: &str,
    now: Millis,
) -> Result<Entry, Refusal> {
    let after_the_fact = matches!(verdict.kind, VerdictKind::Confirm | VerdictKind::Correct);
    match (after_the_fact, entry.status) {
        (true, status) if status.is_open() || status == Status::Pending => {
            return Err(Refusal::VerdictNotApplicable);
        }
        (false, status) if !status.is_open() => return Err(Refusal::NotOpen),
        _ => {}
    }
    free_for(entry, &verdict.reviewer, now)?;
    if version != entry.version {
        return Err(Refusal::VersionConflict);
    }
    if head != entry.head {
        return Err(Refusal::HeadConflict);
    }
    match verdict.kind {
        VerdictKind::Confirm | VerdictKind::Correct => look(entry, verdict.kind),
        VerdictKind::Defer => Ok(Entry {
            deferred_until: Some(verdict.settles_at),
            deferral: Some(Deferral {
                verdict_id: verdict.verdict_id.clone(),
                reviewer: verdict.reviewer.clone(),
                lease: entry.lease.clone(),
            }),
            ..entry.changed(entry.status)
        }),
        _ if verdict.earlier_open => Err(Refusal::NotItsTurn),
        VerdictKind::Approve | VerdictKind::Edit if entry.status == Status::WithHuman => {
            Err(Refusal::BelongsToHuman)
        }
        VerdictKind::SendBack if entry.round >= ROUNDS_MAX => Err(Refusal::RoundsExhausted),
        _ => agreed(entry, verdict),
    }
}

/// Waits for its undo window, or first for a second person.
fn agreed(entry: &Entry, verdict: &NewVerdict) -> Result<Entry, Refusal> {
    let same = entry
        .first
        .as_ref()
        .filter(|first| Some(&first.content) == verdict.content.as_ref());
    match (&verdict.content, same) {
        (Some(_), Some(first)) if verdict.four_eyes && first.reviewer == verdict.reviewer => {
            return Err(Refusal::SecondPersonNeeded);
        }
        (Some(content), None) if verdict.four_eyes => {
            let beneath = entry.first.as_ref();
            let beneath = beneath.filter(|first| first.depth() < FIRSTS_MAX);
            let first = First {
                verdict_id: verdict.verdict_id.clone(),
                kind: verdict.kind,
                reviewer: verdict.reviewer.clone(),
                content: content.clone(),
                before: Before {
                    first: beneath.cloned().map(Box::new),
                    lease: entry.lease.clone(),
                    assignee: entry.assignee.clone(),
                    deferred_until: entry.deferred_until,
                },
            };
            return Ok(Entry {
                first: Some(first),
                assignee: None,
                deferred_until: None,
                ..entry.changed(entry.status)
            });
        }
        _ => {}
    }
    Ok(Entry {
        lease: entry.lease.clone(),
        pending: Some(Pending {
            verdict_id: verdict.verdict_id.clone(),
            kind: verdict.kind,
            reviewer: verdict.reviewer.clone(),
            settles_at: verdict.settles_at,
            from: entry.status,
        }),
        ..entry.changed(Status::Pending)
    })
}

/// A look at something that is already out.
fn look(entry: &Entry, kind: VerdictKind) -> Result<Entry, Refusal> {
    if !entry.status.is_out() {
        return Err(Refusal::VerdictNotApplicable);
    }
    let looked = match kind {
        VerdictKind::Correct => entry.ended(Status::Corrected),
        _ => entry.changed(entry.status),
    };
    Ok(Entry {
        look_owed: false,
        ..looked
    })
}

pub(super) fn undo(
    entry: &Entry,
    reviewer: &str,
    verdict_id: &str,
    now: Millis,
) -> Result<Entry, Refusal> {
    let first = entry.first.as_ref();
    let hidden = entry.deferral.as_ref();
    let hidden = hidden.filter(|_| entry.deferred_until.is_some());
    match (&entry.pending, first) {
        (Some(pending), _) if pending.verdict_id == verdict_id => {
            if pending.reviewer != reviewer {
                Err(Refusal::NotYours)
            } else if pending.settles_at <= now {
                Err(Refusal::TooLateToUndo)
            } else {
                Ok(Entry {
                    lease: entry.lease.clone(),
                    ..entry.changed(pending.from)
                })
            }
        }
        (None, Some(first)) if entry.status.is_open() && first.verdict_id == verdict_id => {
            if first.reviewer != reviewer {
                Err(Refusal::NotYours)
            } else {
                Ok(without(entry, first, now))
            }
        }
        (None, _) if entry.status.is_decided() => Err(Refusal::TooLateToUndo),
        (None, _) => match hidden.filter(|hidden| hidden.verdict_id == verdict_id) {
            Some(hidden) if hidden.reviewer == reviewer => Ok(shown_again(entry, hidden)),
            Some(_) => Err(Refusal::NotYours),
            None => Err(Refusal::NothingToUndo),
        },
        _ => Err(Refusal::NothingToUndo),
    }
}

/// As it was before it was hidden, but for what others did with it since.
fn shown_again(entry: &Entry, hidden: &Deferral) -> Entry {
    Entry {
        deferred_until: None,
        deferral: None,
        lease: entry.lease.clone().or(hidden.lease.clone()),
        ..entry.changed(entry.status)
    }
}

/// As it was before the first of two people spoke, but for what others did with it since.
fn without(entry: &Entry, first: &First, now: Millis) -> Entry {
    let before = first.before.clone();
    let claimed = entry.leased_by(now).is_some();
    Entry {
        first: before.first.map(|first| *first),
        lease: entry.lease.clone().filter(|_| claimed).or(before.lease),
        assignee: entry.assignee.clone().or(before.assignee),
        deferred_until: entry.deferred_until.or(before.deferred_until),
        ..entry.changed(entry.status)
    }
}

pub(super) fn settle(entry: &Entry, now: Millis) -> Result<Entry, Refusal> {
    let pending = entry.pending.as_ref().ok_or(Refusal::NothingToUndo)?;
    if pending.settles_at > now {
        return Err(Refusal::NotYetSettled);
    }
    Ok(match pending.kind {
        VerdictKind::Approve => entry.let_out(Status::Approved, now),
        VerdictKind::Edit => entry.let_out(Status::Edited, now),
        VerdictKind::Respond => entry.let_out(Status::Responded, now),
        VerdictKind::Reject => entry.ended(Status::Rejected),
        VerdictKind::HandledElsewhere => entry.ended(Status::HandledElsewhere),
        VerdictKind::SendBack => entry.ended(Status::SentBack),
        // These never wait; a stored one goes back to a person rather than out.
        VerdictKind::Defer | VerdictKind::Confirm | VerdictKind::Correct => {
            entry.changed(pending.from)
        }
    })
}

/// Takes back a verdict that has not settled, and what one of two people said.
pub(super) fn hold(entry: &Entry) -> Result<Entry, Refusal> {
    let status = match &entry.pending {
        Some(pending) => pending.from,
        None if entry.status.is_open() && entry.first.is_some() => entry.status,
        None => return Err(Refusal::NothingToUndo),
    };
    Ok(Entry {
        first: None,
        ..entry.changed(status)
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Command, step};
    use super::*;
    use crate::route::Route;

    const NOW: Millis = Millis(1_000_000);

    fn held() -> Entry {
        Entry::new(Route::Review, false, "m1")
    }

    fn given(kind: VerdictKind, reviewer: &str) -> NewVerdict {
        NewVerdict {
            verdict_id: "v1".to_owned(),
            kind,
            reviewer: reviewer.to_owned(),
            settles_at: NOW.plus(8_000),
            content: Some("digest".into()),
            four_eyes: false,
            earlier_open: false,
        }
    }

    fn verdict(kind: VerdictKind, reviewer: &str, version: u32) -> Command {
        Command::Decide {
            pending: given(kind, reviewer),
            version,
            head: "m1".into(),
        }
    }
    fn check(entry: &Entry, command: &Command, now: Millis, expected: Result<Status, Refusal>) {
        assert_eq!(
            step(entry, command, now).map(|entry| entry.status),
            expected,
            "{command:?}"
        );
    }

    #[test]
    fn a_verdict_waits_out_its_window_and_then_counts() {
        let pending = step(&held(), &verdict(VerdictKind::Approve, "mia", 1), NOW).unwrap();
        assert_eq!(pending.status, Status::Pending);
        check(
            &pending,
            &Command::Settle,
            NOW.plus(7_999),
            Err(Refusal::NotYetSettled),
        );
        check(
            &pending,
            &Command::Settle,
            NOW.plus(8_000),
            Ok(Status::Approved),
        );
        let undo = Command::Undo {
            reviewer: "mia".into(),
            verdict_id: "v1".into(),
        };
        check(&pending, &undo, NOW.plus(7_999), Ok(Status::Held));
        check(
            &pending,
            &undo,
            NOW.plus(8_000),
            Err(Refusal::TooLateToUndo),
        );
        let other = Command::Undo {
            reviewer: "tom".into(),
            verdict_id: "v1".into(),
        };
        check(&pending, &other, NOW, Err(Refusal::NotYours));
    }

    #[test]
    fn the_loser_of_a_race_is_refused() {
        let pending = step(&held(), &verdict(VerdictKind::Approve, "mia", 1), NOW).unwrap();
        check(
            &pending,
            &verdict(VerdictKind::Reject, "tom", 1),
            NOW,
            Err(Refusal::NotOpen),
        );
        let lease = Command::Lease {
            reviewer: "mia".into(),
            until: NOW.plus(60_000),
        };
        let leased = step(&held(), &lease, NOW).unwrap();
        let reject = verdict(VerdictKind::Reject, "tom", 1);
        check(&leased, &reject, NOW, Err(Refusal::LeasedByOther));
        check(&leased, &reject, NOW.plus(60_000), Ok(Status::Pending));
        check(
            &held(),
            &verdict(VerdictKind::Approve, "mia", 2),
            NOW,
            Err(Refusal::VersionConflict),
        );
    }

    #[test]
    fn a_claim_that_lapsed_or_is_let_go_meanwhile_changes_no_undo() {
        let lease = Command::Lease {
            reviewer: "mia".into(),
            until: NOW.plus(4_000),
        };
        let leased = step(&held(), &lease, NOW).unwrap();
        for (by, now) in [("mia", NOW), ("tom", NOW.plus(4_000))] {
            let pending = step(&leased, &verdict(VerdictKind::Reject, by, 1), now).unwrap();
            let unlease = Command::Unlease {
                reviewer: "mia".into(),
            };
            let let_go = step(&pending, &unlease, now).unwrap();
            assert_eq!(let_go, pending);
            let undo = Command::Undo {
                reviewer: by.into(),
                verdict_id: "v1".into(),
            };
            let undone = step(&let_go, &undo, now).unwrap();
            let exact = Entry {
                version: undone.version,
                ..leased.clone()
            };
            assert_eq!(undone, exact);
        }
    }

    #[test]
    fn a_deferral_is_taken_back_by_who_gave_it_while_the_draft_is_hidden() {
        let lease = Command::Lease {
            reviewer: "mia".into(),
            until: NOW.plus(60_000),
        };
        let leased = step(&held(), &lease, NOW).unwrap();
        let hidden = step(&leased, &verdict(VerdictKind::Defer, "mia", 1), NOW).unwrap();
        assert!(!hidden.is_free_for("tom", NOW) && hidden.lease.is_none());
        let undo = |reviewer: &str, verdict_id: &str| Command::Undo {
            reviewer: reviewer.into(),
            verdict_id: verdict_id.into(),
        };
        check(&hidden, &undo("tom", "v1"), NOW, Err(Refusal::NotYours));
        let other = Err(Refusal::NothingToUndo);
        check(&hidden, &undo("mia", "v0"), NOW, other);
        let exact = Entry {
            version: 3,
            ..leased
        };
        assert_eq!(step(&hidden, &undo("mia", "v1"), NOW), Ok(exact));
        let back = step(&hidden, &Command::Return, NOW.plus(8_000)).unwrap();
        check(&back, &undo("mia", "v1"), NOW.plus(8_000), other);
    }

    #[test]
    fn what_belongs_to_a_person_is_never_approved() {
        let human = Entry::new(Route::Human, false, "m1");
        check(
            &human,
            &verdict(VerdictKind::Approve, "mia", 1),
            NOW,
            Err(Refusal::BelongsToHuman),
        );
        check(
            &human,
            &verdict(VerdictKind::Edit, "mia", 1),
            NOW,
            Err(Refusal::BelongsToHuman),
        );
        check(
            &human,
            &verdict(VerdictKind::Respond, "mia", 1),
            NOW,
            Ok(Status::Pending),
        );
    }

    #[test]
    fn a_newer_head_takes_the_draft_away_even_in_its_undo_window() {
        let pending = step(&held(), &verdict(VerdictKind::Approve, "mia", 1), NOW).unwrap();
        let head = |head: &str| Command::AdvanceHead { head: head.into() };
        check(&pending, &head("m2"), NOW, Ok(Status::Stale));
        check(&pending, &head("m1"), NOW, Ok(Status::Pending));
    }

    /// Two people on one draft: who says what with which content, and what follows.
    #[test]
    fn two_people_agree_on_the_same_content() {
        let say = |entry: &Entry, reviewer: &str, kind, content: &str| {
            let pending = NewVerdict {
                four_eyes: true,
                content: Some(content.into()),
                ..given(kind, reviewer)
            };
            let command = Command::Decide {
                pending,
                version: entry.version,
                head: "m1".into(),
            };
            step(entry, &command, NOW)
        };
        let first = say(&held(), "mia", VerdictKind::Approve, "a").unwrap();
        assert_eq!((first.status, first.version), (Status::Held, 2));
        for kind in [
            VerdictKind::Approve,
            VerdictKind::Edit,
            VerdictKind::Respond,
        ] {
            let same = say(&first, "mia", kind, "a");
            assert_eq!(same, Err(Refusal::SecondPersonNeeded), "{kind:?}");
        }
        let second = say(&first, "tom", VerdictKind::Approve, "a").unwrap();
        assert_eq!(second.status, Status::Pending);
        let edited = say(&first, "tom", VerdictKind::Edit, "b").unwrap();
        assert_eq!(edited.status, Status::Held, "an edit starts it anew");
        let again = say(&edited, "tom", VerdictKind::Edit, "b");
        assert_eq!(again, Err(Refusal::SecondPersonNeeded));
        let agreed = say(&edited, "mia", VerdictKind::Edit, "b").unwrap();
        assert_eq!(agreed.status, Status::Pending);
        let undo = |reviewer: &str| Command::Undo {
            reviewer: reviewer.into(),
            verdict_id: "v1".into(),
        };
        check(&first, &undo("tom"), NOW, Err(Refusal::NotYours));
        assert_eq!(step(&first, &undo("mia"), NOW).unwrap().first, None);
        let back = step(&second, &undo("tom"), NOW).unwrap();
        assert_eq!(back.first, first.first, "the first still stands");
    }

    #[test]
    fn a_draft_is_sent_back_three_times() {
        for (round, expected) in [
            (0, Ok(Status::Pending)),
            (2, Ok(Status::Pending)),
            (3, Err(Refusal::RoundsExhausted)),
        ] {
            let entry = Entry { round, ..held() };
            check(
                &entry,
                &verdict(VerdictKind::SendBack, "mia", 1),
                NOW,
                expected,
            );
        }
    }
}
