//! The whole desk against a plain list: many reviewers, agents, a clock and crashes on many drafts at
//! once. Nothing is lost, nothing decided twice, one claimant, one owner, undo exact, two people where
//! two must agree, and time alone lets nothing out.

use countersign_policy::deadline::Offset;
use countersign_policy::deadline::{Deadline, Hours, Stage};
use countersign_policy::document::OnExpiry;
use countersign_policy::guardrail::{LocalTime, WeekSpan};
use countersign_policy::queue::{Command, Entry, NewVerdict, Outcome, Status, step};
use countersign_policy::rota::{Member, Shift, duty};
use countersign_policy::route::Route;
use countersign_policy::time::Millis;
use countersign_policy::verdict::VerdictKind;
use proptest::prelude::*;

#[path = "desk/every.rs"]
mod every;

use every::check;

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
        working: bool,
    },
    Wait(u64),
    /// Claims a draft and what waits of its group, or lets both go.
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
    /// Everything is held, what is in its undo window included; or goes on.
    Stop(bool),
    /// From now on two people must agree on it.
    FourEyes,
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
    /// The verdicts that can be taken back, the newest last.
    given: Vec<Given>,
    ended: u32,
}

/// As it was before a verdict that can be taken back.
#[derive(Clone, Debug)]
struct Given {
    entry: Entry,
    agreed: Vec<(String, String)>,
    /// Whether nothing else happened to it since.
    alone: bool,
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
        3 => (route, any::<bool>(), late, any::<bool>(), any::<bool>()).prop_map(
            |(route, four_eyes, late, group, working)| Try::Post { route, four_eyes, late, group, working },
        ),
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
        1 => any::<bool>().prop_map(Try::Stop),
        1 => Just(Try::FourEyes),
        1 => Just(Try::Redraft),
        1 => (who, any::<bool>()).prop_map(|(who, away)| Try::Away(who, away)),
        1 => any::<bool>().prop_map(|written| Try::Crash { written }),
    ]
}

/// A draft as it is posted.
struct New {
    route: Route,
    late: OnExpiry,
    round: u32,
    four_eyes: bool,
    group: bool,
    working: bool,
}

struct Desk {
    list: Vec<Plain>,
    now: Millis,
    away: [bool; 3],
    stopped: bool,
    counter: u32,
}

/// Every day from 9 to 17, an hour ahead of UTC.
const WEEK: [WeekSpan; 1] = [WeekSpan {
    from_day: 1,
    to_day: 7,
    from_minute: 540,
    to_minute: 1_020,
}];
const ZONE: [Offset; 1] = [Offset {
    from: Millis(0),
    minutes: 60,
}];

impl Desk {
    fn post(&mut self, new: New) {
        let New {
            route,
            late,
            round,
            four_eyes,
            group,
            working,
        } = new;
        let hours = match working {
            true => Hours::Working {
                week: &WEEK,
                zone: &ZONE,
            },
            false => Hours::All,
        };
        let deadline = Deadline::new(self.now, 3_600, late, hours);
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
            given: Vec::new(),
            ended: 0,
        };
        self.list.push(plain);
    }

    /// A draft with those that are claimed and let go with it.
    fn turn(&self, at: usize) -> Vec<usize> {
        let list = 0..self.list.len();
        list.filter(|other| *other == at || self.list[at].group && self.list[*other].group)
            .collect()
    }

    /// What the service takes back by itself: what is stopped, and what one person alone let out where
    /// two must agree.
    fn hold_back(&mut self) {
        for at in 0..self.list.len() {
            let Plain {
                entry, four_eyes, ..
            } = &self.list[at];
            let pending = entry.pending.as_ref().map(|pending| pending.kind);
            let kind = pending.or(entry.first.as_ref().map(|first| first.kind));
            if self.stopped && kind.is_some_and(VerdictKind::lets_out)
                || entry.lacks_second(*four_eyes)
            {
                assert!(self.take(at, &Command::Hold), "what was said is taken back");
            }
        }
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
                    content: kind.lets_out().then(|| content.to_string()),
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
                let hidden = entry.deferral.as_ref().map(|hidden| &hidden.verdict_id);
                let verdict_id = pending.or(first).or(hidden)?.clone();
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
        if let Command::Decide { pending, .. } = command
            && self.stopped
            && pending.kind.lets_out()
        {
            return false;
        }
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

proptest! {
    #[test]
    fn the_desk_is_a_plain_list(tries in prop::collection::vec((tries(), 0..8_usize), 1..120)) {
        let mut desk = Desk {
            list: Vec::new(), now: Millis(1_000_000), away: [false; 3], stopped: false, counter: 0,
        };
        let (route, late) = (Route::Review, OnExpiry::Human);
        desk.post(New { route, late, round: 0, four_eyes: true, group: true, working: false });
        for (tried, at) in tries {
            desk.pass();
            let at = at.checked_rem(desk.list.len()).unwrap_or(0);
            let length = desk.list.len();
            match &tried {
                &Try::Post { route, four_eyes, late, group, working } => {
                    desk.post(New { route, late, round: 0, four_eyes, group, working });
                }
                Try::Stop(stopped) => {
                    desk.stopped = *stopped;
                    desk.hold_back();
                }
                Try::FourEyes => {
                    desk.list[at].four_eyes = true;
                    desk.hold_back();
                }
                Try::Lease(_) | Try::Unlease(_) => {
                    for at in desk.turn(at) {
                        if let Some(command) = desk.command(at, &tried) {
                            desk.take(at, &command);
                        }
                    }
                }
                Try::Wait(ms) => desk.now = desk.now.plus(*ms),
                Try::Away(who, away) => desk.away[*who] = *away,
                Try::Redraft => {
                    let (round, four_eyes) = (desk.list[at].entry.next_round(), desk.list[at].four_eyes);
                    desk.take(at, &Command::Supersede);
                    let (route, late) = (Route::Review, OnExpiry::Expire);
                    desk.post(New { route, late, round, four_eyes, group: false, working: false });
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
        for _ in 0..4 {
            desk.now = desk.now.plus(40_000_000);
            desk.pass();
        }
        for plain in &desk.list {
            let status = plain.entry.status;
            prop_assert!(status.is_decided() || status == Status::WithHuman, "{:?}", plain.entry);
            prop_assert!(plain.entry.next_due().is_none());
        }
    }
}
