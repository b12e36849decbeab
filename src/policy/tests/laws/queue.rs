//! Laws of a draft's life, against a plain list: nothing is decided twice, one claimant, undo is
//! exact, nothing leaves before its verdict has settled.

use countersign_policy::queue::{Command, Entry, NewVerdict, Outcome, Status, step};
use countersign_policy::refusal::Refusal;
use countersign_policy::route::Route;
use countersign_policy::time::Millis;
use countersign_policy::verdict::VerdictKind;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Move {
    Wait(u64),
    Do(Command, bool),
}

fn reviewer() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["mia".to_owned(), "tom".to_owned()])
}

fn kind() -> impl Strategy<Value = VerdictKind> {
    prop::sample::select(vec![
        VerdictKind::Approve,
        VerdictKind::Edit,
        VerdictKind::Reject,
        VerdictKind::Respond,
        VerdictKind::HandledElsewhere,
        VerdictKind::SendBack,
        VerdictKind::Defer,
        VerdictKind::Confirm,
        VerdictKind::Correct,
    ])
}

fn moves() -> impl Strategy<Value = Move> {
    let outcome = prop::sample::select(vec![Outcome::Done, Outcome::Failed, Outcome::Skipped]);
    let lease = reviewer().prop_map(|reviewer| Command::Lease {
        reviewer,
        until: Millis(0),
    });
    let unlease = reviewer().prop_map(|reviewer| Command::Unlease { reviewer });
    let undo = (reviewer(), 0..4_u32).prop_map(|(reviewer, id)| Command::Undo {
        reviewer,
        verdict_id: format!("v{id}"),
    });
    let decide = (reviewer(), kind(), 0..4_u32).prop_map(|(reviewer, kind, id)| Command::Decide {
        pending: NewVerdict {
            verdict_id: format!("v{id}"),
            kind,
            reviewer,
            settles_at: Millis(0),
            content: None,
            four_eyes: false,
            earlier_open: false,
        },
        version: 0,
        head: "m1".into(),
    });
    let plain = prop::sample::select(vec![
        Command::Settle,
        Command::Withdraw,
        Command::Supersede,
        Command::AdvanceHead { head: "m1".into() },
        Command::AdvanceHead { head: "m2".into() },
        Command::Expire,
        Command::Escalate,
        Command::Hold,
        Command::Forget,
    ]);
    prop_oneof![
        2 => (0..20_000_u64).prop_map(Move::Wait),
        2 => (lease, any::<bool>()).prop_map(|(command, current)| Move::Do(command, current)),
        1 => unlease.prop_map(|command| Move::Do(command, true)),
        2 => undo.prop_map(|command| Move::Do(command, true)),
        4 => (decide, any::<bool>()).prop_map(|(command, current)| Move::Do(command, current)),
        2 => plain.prop_map(|command| Move::Do(command, true)),
        1 => outcome.prop_map(|outcome| Move::Do(Command::Report { outcome }, true)),
    ]
}

/// Fills in what depends on the moment: the version that is seen, and the ends of windows.
fn at(command: Command, entry: &Entry, now: Millis, current: bool) -> Command {
    match command {
        Command::Lease { reviewer, .. } => Command::Lease {
            reviewer,
            until: now.plus(10_000),
        },
        Command::Decide { pending, head, .. } => Command::Decide {
            pending: NewVerdict {
                settles_at: now.plus(8_000),
                ..pending
            },
            version: if current {
                entry.version
            } else {
                entry.version.saturating_sub(1)
            },
            head,
        },
        other => other,
    }
}

proptest! {
    #[test]
    fn a_draft_is_never_lost_nor_decided_twice(
        route in prop::sample::select(vec![Route::Release, Route::Review, Route::Human]),
        sampled: bool,
        moves in prop::collection::vec(moves(), 0..60),
    ) {
        let mut entry = Entry::new(route, sampled && route == Route::Release, "m1");
        let mut now = Millis(1_000_000);
        // The plain list: every step that was taken.
        let mut history = vec![entry.clone()];
        for step_taken in moves {
            let (command, current) = match step_taken {
                Move::Wait(ms) => { now = now.plus(ms); continue }
                Move::Do(command, current) => (command, current),
            };
            let command = at(command, &entry, now, current);
            let Ok(next) = step(&entry, &command, now) else { continue };
            prop_assert!(next.version >= entry.version);
            if let (Some(holder), Command::Decide { pending, .. }) =
                (entry.leased_by(now), &command)
            {
                prop_assert_eq!(holder, &pending.reviewer, "one claimant");
            }
            prop_assert_eq!(next.pending.is_some(), next.status == Status::Pending);
            if matches!(next.status, Status::Approved | Status::Edited) && next.status != entry.status {
                let pending = entry.pending.as_ref().expect("only a verdict approves");
                prop_assert!(matches!(command, Command::Settle) && pending.settles_at <= now);
                prop_assert_ne!(pending.from, Status::WithHuman, "a person's draft is never approved");
            }
            if let Command::Undo { .. } = command {
                let before = history.iter().rev().find(|past| past.status != Status::Pending).unwrap();
                prop_assert_eq!(next.status, before.status, "undo is exact");
                prop_assert_eq!(next.look_owed, before.look_owed);
            }
            if let Command::Report { .. } = command {
                prop_assert_eq!(step(&next, &command, now), Ok(next.clone()), "a repeat says nothing new");
            }
            if entry.status.is_decided() {
                prop_assert!(next.status.is_decided(), "nothing comes back: {:?}", command);
            }
            history.push(next.clone());
            entry = next;
        }
        let settlements = history
            .windows(2)
            .filter(|pair| !pair[0].status.is_decided() && pair[1].status.is_decided())
            .count();
        prop_assert!(settlements <= 1, "decided {settlements} times");
    }

    #[test]
    fn a_stale_view_decides_nothing(kind in kind(), version in 2..9_u32) {
        let entry = Entry::new(Route::Review, false, "m1");
        let pending = NewVerdict {
            verdict_id: "v".into(), kind, reviewer: "mia".into(), settles_at: Millis(9),
            content: None, four_eyes: false, earlier_open: false,
        };
        let command = Command::Decide { pending, version, head: "m1".into() };
        let refusal = step(&entry, &command, Millis(1)).unwrap_err();
        prop_assert!(matches!(refusal, Refusal::VersionConflict | Refusal::VerdictNotApplicable));
    }
}
