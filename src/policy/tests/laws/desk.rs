//! The whole desk against a plain list: many reviewers, agents, a clock and crashes on many drafts at
//! once. Nothing is lost, nothing decided twice, one claimant, one owner, undo exact, two people where
//! two must agree, and time alone lets nothing out.

use countersign_policy::deadline::{Deadline, Hours, Stage};
use countersign_policy::document::OnExpiry;
use countersign_policy::guardrail::LocalTime;
use countersign_policy::queue::{Command, Entry, NewVerdict, Outcome, ROUNDS_MAX, Status, step};
use countersign_policy::rota::{Member, Shift, duty};
use countersign_policy::route::Route;
use countersign_policy::stop::blocks;
use countersign_policy::time::Millis;
use countersign_policy::verdict::VerdictKind;
use proptest::prelude::*;

const PEOPLE: [&str; 3] = ["mia", "tom", "ada"];
const UNDO_MS: u64 = 8_000;
const LEASE_MS: u64 = 120_000;

/// What somebody tries; the draft is one of the list, modulo its length.
#[derive(Clone, Debug)]
enum Try {
    Post {
        route: Route,
        four_eyes: bool,
        late: OnExpiry,
        group: bool,
    },
    Wait(u64),
    Lease(usize),
    Unlease(usize),
    Assign {
        by: usize,
        lead: bool,
        to: Option<usize>,
    },
    Decide {
        by: usize,
        kind: VerdictKind,
        content: u8,
        current: bool,
    },
    Undo(usize),
    Agent(Command),
    Hold,
    Redraft,
    Away(usize, bool),
    /// The object dies: what was written is read again, what was not is gone.
    Crash {
        written: bool,
    },
}

/// The plain list: what the desk must amount to, kept without any of its rules.
#[derive(Clone, Debug)]
struct Plain {
    entry: Entry,
    four_eyes: bool,
    group: bool,
    /// Who let exactly this content out, in order, since the draft last became open.
    agreed: Vec<(String, String)>,
    /// As it was before the verdict that can be taken back.
    before: Option<Entry>,
    ended: u32,
}

fn tries() -> impl Strategy<Value = Try> {
    use VerdictKind::{
        Approve, Confirm, Correct, Defer, Edit, HandledElsewhere, Reject, Respond, SendBack,
    };
    let who = 0..PEOPLE.len();
    let kind = prop::sample::select(vec![
        Approve,
        Approve,
        Edit,
        Reject,
        Respond,
        HandledElsewhere,
        SendBack,
        Defer,
        Confirm,
        Correct,
    ]);
    let route = prop::sample::select(vec![
        Route::Release,
        Route::Review,
        Route::Review,
        Route::Human,
    ]);
    let late = prop::sample::select(vec![OnExpiry::Expire, OnExpiry::Human]);
    let agent = prop::sample::select(vec![
        Command::Withdraw,
        Command::Supersede,
        Command::AdvanceHead { head: "m1".into() },
        Command::AdvanceHead { head: "m2".into() },
        Command::Report {
            outcome: Outcome::Done,
        },
        Command::Report {
            outcome: Outcome::Skipped,
        },
    ]);
    prop_oneof![
        3 => (route, any::<bool>(), late, any::<bool>())
            .prop_map(|(route, four_eyes, late, group)| Try::Post { route, four_eyes, late, group }),
        4 => prop_oneof![0..20_000_u64, 0..4_000_000_u64].prop_map(Try::Wait),
        3 => who.clone().prop_map(Try::Lease),
        1 => who.clone().prop_map(Try::Unlease),
        2 => (who.clone(), any::<bool>(), prop::option::of(0..PEOPLE.len()))
            .prop_map(|(by, lead, to)| Try::Assign { by, lead, to }),
        8 => (who.clone(), kind, 0..2_u8, prop::bool::weighted(0.8))
            .prop_map(|(by, kind, content, current)| Try::Decide { by, kind, content, current }),
        3 => who.clone().prop_map(Try::Undo),
        2 => agent.prop_map(Try::Agent),
        1 => Just(Try::Hold),
        1 => Just(Try::Redraft),
        1 => (who, any::<bool>()).prop_map(|(who, away)| Try::Away(who, away)),
        1 => any::<bool>().prop_map(|written| Try::Crash { written }),
    ]
}

fn lets_out(status: Status) -> bool {
    matches!(
        status,
        Status::Approved | Status::Edited | Status::Responded
    )
}

struct Desk {
    list: Vec<Plain>,
    now: Millis,
    away: [bool; 3],
    counter: u32,
}

impl Desk {
    fn post(&mut self, route: Route, late: OnExpiry, round: u32, four_eyes: bool, group: bool) {
        let deadline = Deadline::new(self.now, 3_600, late, Hours::All);
        let entry = Entry {
            round,
            deadline: Some(deadline),
            outcome_ms: 1_000_000,
            ..Entry::new(route, true, "m1")
        }
        .released_at(self.now);
        let agreed = Vec::new();
        let plain = Plain {
            entry,
            four_eyes,
            group,
            agreed,
            before: None,
            ended: 0,
        };
        self.list.push(plain);
    }

    /// Drafts of a group come in the order of the list.
    fn earlier_open(&self, at: usize) -> bool {
        self.list[at].group
            && self.list[..at]
                .iter()
                .any(|other| other.group && other.entry.status.is_open())
    }

    fn command(&mut self, at: usize, tried: &Try) -> Option<Command> {
        let entry = &self.list[at].entry;
        let name = |who: &usize| PEOPLE[*who].to_owned();
        Some(match tried {
            Try::Lease(who) => Command::Lease {
                reviewer: name(who),
                until: self.now.plus(LEASE_MS),
            },
            Try::Unlease(who) => Command::Unlease {
                reviewer: name(who),
            },
            Try::Assign { by, lead, to } => Command::Assign {
                by: name(by),
                may_take: *lead,
                to: to.as_ref().map(name),
            },
            Try::Decide {
                by,
                kind,
                content,
                current,
            } => {
                self.counter = self.counter.saturating_add(1);
                // What the agent wrote is content 0; an edit may make it another.
                let content = if *kind == VerdictKind::Approve {
                    0
                } else {
                    *content
                };
                let wait = if *kind == VerdictKind::Defer {
                    600_000
                } else {
                    UNDO_MS
                };
                let pending = NewVerdict {
                    verdict_id: format!("v{}", self.counter),
                    kind: *kind,
                    reviewer: name(by),
                    settles_at: self.now.plus(wait),
                    content: blocks(*kind).then(|| content.to_string()),
                    four_eyes: self.list[at].four_eyes,
                    earlier_open: self.earlier_open(at),
                };
                let version = entry.version.saturating_sub(u32::from(!current));
                Command::Decide {
                    pending,
                    version,
                    head: entry.head.clone(),
                }
            }
            Try::Undo(who) => {
                let pending = entry.pending.as_ref().map(|pending| &pending.verdict_id);
                let first = entry.first.as_ref().map(|first| &first.verdict_id);
                let verdict_id = pending.or(first)?.clone();
                Command::Undo {
                    reviewer: name(who),
                    verdict_id,
                }
            }
            Try::Agent(command) => command.clone(),
            Try::Hold => Command::Hold,
            _ => return None,
        })
    }

    /// Everything whose time has come, as the alarm and every request take it.
    fn pass(&mut self) {
        for at in 0..self.list.len() {
            while let Some((due, command)) = self.list[at].entry.next_due() {
                if due > self.now {
                    break;
                }
                let early = command == Command::Settle && self.earlier_open(at);
                let command = if early { Command::Hold } else { command };
                assert!(
                    self.take(at, &command),
                    "what is due is possible: {command:?}"
                );
            }
        }
    }

    fn take(&mut self, at: usize, command: &Command) -> bool {
        let earlier_open = self.earlier_open(at);
        let (now, plain) = (self.now, &mut self.list[at]);
        let before = plain.entry.clone();
        let Ok(next) = step(&before, command, now) else {
            return false;
        };
        check(plain, &before, &next, command, now, earlier_open);
        plain.entry = next;
        true
    }

    /// One owner at every moment: whoever has it, or whoever is on duty.
    fn check_owners(&self) {
        let members: Vec<Member> = PEOPLE
            .iter()
            .zip(self.away)
            .map(|(id, away)| Member {
                id: (*id).to_owned(),
                lead: *id == "mia",
                away_until: away.then_some(Millis::MAX),
            })
            .collect();
        let shift = Shift {
            on_call: "tom".into(),
            backup: Some("ada".into()),
            categories: Vec::new(),
            hours: Vec::new(),
            from: None,
            until: None,
        };
        let duty = duty(
            Some(&[shift]),
            &members,
            None,
            self.now,
            LocalTime::default(),
        );
        for stage in [
            Stage::Waiting,
            Stage::Warned,
            Stage::Backup,
            Stage::Lead,
            Stage::Late,
        ] {
            let (_, id) = duty.answers(stage).expect("never nobody");
            let there = members
                .iter()
                .any(|member| member.id == id && member.away_until.is_none());
            assert!(there || self.away.iter().all(|away| *away) || id == "mia");
        }
    }
}

/// What must hold of every step, whatever it was.
fn check(
    plain: &mut Plain,
    before: &Entry,
    next: &Entry,
    command: &Command,
    now: Millis,
    earlier_open: bool,
) {
    assert!(next.version >= before.version);
    assert_eq!(next.pending.is_some(), next.status == Status::Pending);
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
                plain.before = Some(before.clone());
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
        } => {
            if let Some(pending) = &before.pending {
                assert_eq!(
                    (&pending.reviewer, &pending.verdict_id),
                    (reviewer, verdict_id)
                );
                let was = plain.before.take().expect("a verdict was given");
                let exact = Entry {
                    version: next.version,
                    ..was
                };
                assert_eq!(next, &exact, "undo is exact");
            }
            let pending = before.pending.as_ref().map(|pending| pending.kind);
            let kind = pending.or(before.first.as_ref().map(|first| first.kind));
            if kind.is_some_and(blocks) {
                plain.agreed.pop();
            }
        }
        Command::Hold => plain.agreed.clear(),
        Command::Escalate if before.status == Status::Held => plain.agreed.clear(),
        _ => {}
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
}

proptest! {
    #[test]
    fn the_desk_is_a_plain_list(tries in prop::collection::vec((tries(), 0..8_usize), 1..120)) {
        let mut desk = Desk { list: Vec::new(), now: Millis(1_000_000), away: [false; 3], counter: 0 };
        desk.post(Route::Review, OnExpiry::Human, 0, true, true);
        for (tried, at) in tries {
            desk.pass();
            let at = at.checked_rem(desk.list.len()).unwrap_or(0);
            let length = desk.list.len();
            match &tried {
                Try::Post { route, four_eyes, late, group } => {
                    desk.post(*route, *late, 0, *four_eyes, *group);
                }
                Try::Wait(ms) => desk.now = desk.now.plus(*ms),
                Try::Away(who, away) => desk.away[*who] = *away,
                Try::Redraft => {
                    let (round, four_eyes) = (desk.list[at].entry.next_round(), desk.list[at].four_eyes);
                    desk.take(at, &Command::Supersede);
                    desk.post(Route::Review, OnExpiry::Expire, round, four_eyes, false);
                }
                Try::Crash { written } => {
                    // A step that was not written never was; what was written is read as it stood.
                    if !written {
                        let lost = Command::Lease { reviewer: "tom".into(), until: desk.now };
                        let _ = step(&desk.list[at].entry, &lost, desk.now);
                    }
                    for plain in &mut desk.list {
                        let text = serde_json::to_string(&plain.entry).unwrap();
                        let read: Entry = serde_json::from_str(&text).unwrap();
                        prop_assert_eq!(&read, &plain.entry);
                        plain.entry = read;
                    }
                }
                tried => {
                    if let Some(command) = desk.command(at, tried) {
                        desk.take(at, &command);
                    }
                }
            }
            prop_assert!(desk.list.len() >= length, "nothing is lost");
            desk.check_owners();
        }
        // Time passes: everything that nobody ends becomes a person's or is answered "no answer".
        desk.now = desk.now.plus(40_000_000);
        desk.pass();
        desk.now = desk.now.plus(40_000_000);
        desk.pass();
        for plain in &desk.list {
            let status = plain.entry.status;
            prop_assert!(status.is_decided() || status == Status::WithHuman, "{:?}", plain.entry);
            prop_assert!(plain.entry.next_due().is_none());
        }
    }
}
