//! What must hold of every step of a draft, beside the plain list. It must not take one.

use super::{Given, Plain};
use countersign_policy::deadline::Stage;
use countersign_policy::queue::{Command, Entry, FIRSTS_MAX, First, ROUNDS_MAX, Status};
use countersign_policy::time::Millis;
use countersign_policy::verdict::VerdictKind;

fn lets_out(status: Status) -> bool {
    matches!(
        status,
        Status::Approved | Status::Edited | Status::Responded
    )
}

/// What must hold of every step, whatever it was.
pub fn check(
    plain: &mut Plain,
    before: &Entry,
    next: &Entry,
    command: &Command,
    now: Millis,
    earlier_open: bool,
) {
    assert!(next.version >= before.version);
    assert_eq!(next.pending.is_some(), next.status == Status::Pending);
    let mut given = false;
    let other = |holder: Option<&str>, who: &str| holder.is_some_and(|holder| holder != who);
    match command {
        Command::Decide {
            pending, version, ..
        } => {
            assert_eq!(
                *version, before.version,
                "nobody decides on what they didn't see"
            );
            assert!(
                !other(before.leased_by(now), &pending.reviewer),
                "one claimant"
            );
            assert!(
                !other(before.assignee.as_deref(), &pending.reviewer),
                "one assignee"
            );
            if next.status == Status::Pending {
                assert!(!earlier_open, "a group is answered in order");
            }
            given = next.pending != before.pending || next.first != before.first;
            if given {
                plain.given.push(Given {
                    entry: before.clone(),
                    agreed: plain.agreed.clone(),
                    alone: true,
                });
            }
            if pending.kind == VerdictKind::SendBack {
                assert!(before.round < ROUNDS_MAX);
            }
            if let Some(content) = &pending.content {
                plain.agreed.retain(|(_, known)| known == content);
                plain
                    .agreed
                    .push((pending.reviewer.clone(), content.clone()));
            }
        }
        Command::Lease { reviewer, .. } => {
            assert!(!other(before.leased_by(now), reviewer), "one claimant");
        }
        Command::Undo {
            reviewer,
            verdict_id,
        } if before.pending.is_none() && before.first.is_none() => {
            let hidden = before.deferral.as_ref().expect("it was deferred");
            let by = (&hidden.reviewer, &hidden.verdict_id);
            assert_eq!(
                (by, before.deferred_until > Some(now)),
                ((reviewer, verdict_id), true)
            );
            let shown = Entry {
                version: next.version,
                lease: next.lease.clone(),
                deferred_until: None,
                deferral: None,
                ..before.clone()
            };
            assert_eq!(next, &shown, "nothing else is taken back");
        }
        Command::Undo {
            reviewer,
            verdict_id,
        } => {
            let pending = before.pending.as_ref();
            let pending = pending.map(|pending| (&pending.reviewer, &pending.verdict_id));
            let first = before.first.as_ref();
            let first = first.map(|first| (&first.reviewer, &first.verdict_id));
            assert_eq!(pending.or(first), Some((reviewer, verdict_id)));
            let depth = plain.given.len();
            let was = plain.given.pop().expect("a verdict was given");
            if depth <= FIRSTS_MAX as usize {
                let stands = |entry: &Entry| entry.first.as_ref().map(First::alone);
                assert_eq!(
                    stands(next),
                    stands(&was.entry),
                    "who spoke before stands as before"
                );
            }
            if was.alone && depth <= FIRSTS_MAX as usize {
                let exact = Entry {
                    version: next.version,
                    ..was.entry
                };
                assert_eq!(next, &exact, "undo is exact");
            }
            plain.agreed = match &next.first {
                Some(_) => was.agreed,
                None => Vec::new(),
            };
        }
        Command::Reach(stage) if *stage >= Stage::Backup => {
            assert_eq!((&next.assignee, next.deferred_until), (&None, None));
        }
        _ => {}
    }
    let takes_back = matches!(command, Command::Undo { .. });
    if !given && !takes_back && next != before {
        plain.given.iter_mut().for_each(|given| given.alone = false);
    }
    if !before.status.is_decided() && next.status.is_decided() {
        plain.ended = plain.ended.saturating_add(1);
        assert_eq!(plain.ended, 1, "decided twice");
    }
    assert!(
        !before.status.is_decided() || next.status.is_decided(),
        "nothing comes back"
    );
    if lets_out(next.status) && next.status != before.status {
        let pending = before
            .pending
            .as_ref()
            .expect("only a verdict lets something out");
        assert!(matches!(command, Command::Settle) && pending.settles_at <= now);
        assert!(next.status == Status::Responded || pending.from != Status::WithHuman);
        if plain.four_eyes {
            let content = &plain.agreed.last().expect("somebody agreed").1;
            let mut people: Vec<&String> = plain
                .agreed
                .iter()
                .filter(|(_, known)| known == content)
                .map(|(who, _)| who)
                .collect();
            people.sort();
            people.dedup();
            assert!(people.len() >= 2, "two people: {:?}", plain.agreed);
        }
    }
    let by_time = matches!(
        command,
        Command::Expire | Command::Escalate | Command::Reach(_) | Command::Return
    );
    assert!(!by_time || !lets_out(next.status) && next.status != Status::Rejected);
    if next.first.is_none() && next.pending.is_none() {
        plain.agreed.clear();
        plain.given.clear();
    }
}
