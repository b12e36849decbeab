//! What can be done to an export, and that each is found and named.

use super::*;
use crate::digest::hex;
use crate::log::{Actor, ActorKind, AuditEntry, Event, Fact};

const TENANT: &str = "0198c0de-0000-7000-8000-000000000001";

fn entry(seq: u64) -> AuditEntry {
    AuditEntry {
        v: ENTRY_FORM,
        tenant: TENANT.into(),
        seq,
        at_ms: 1_795_315_320_123_u64.saturating_add(seq),
        event: Event::DraftDecided,
        actor: Actor {
            kind: ActorKind::Reviewer,
            id: "r1".into(),
        },
        about: Some(format!("d{seq}")),
        facts: BTreeMap::from([
            ("verdict".to_owned(), Fact::from("edit")),
            ("version".to_owned(), Fact::from(seq)),
            ("sampled".to_owned(), Fact::from(false)),
            ("reasons".to_owned(), Fact::from(vec!["level".to_owned()])),
        ]),
    }
}

fn line(entry: &AuditEntry) -> String {
    export_line(&entry.canonical(), &hex(&entry.leaf_hash()))
}

fn lines(size: u64) -> Vec<String> {
    (0..size).map(|seq| line(&entry(seq))).collect()
}

fn checkpoint(size: u64) -> Checkpoint {
    let frontier = (0..size).fold(Frontier::default(), |tree, seq| {
        tree.with(entry(seq).leaf_hash())
    });
    Checkpoint {
        origin: crate::checkpoint::origin(TENANT),
        size,
        root: frontier.root(),
    }
}

fn check(lines: &[String], sizes: &[u64], expected: &[Finding]) {
    let checkpoints: Vec<Checkpoint> = sizes.iter().map(|size| checkpoint(*size)).collect();
    let report = verify(&lines.concat(), &checkpoints);
    assert_eq!(report.findings, expected);
}

#[test]
fn an_export_that_nobody_touched_is_vouched_for() {
    let checkpoints = [checkpoint(20), checkpoint(50)];
    let report = verify(&lines(60).concat(), &checkpoints);
    assert_eq!(
        report,
        Report {
            tenant: TENANT.into(),
            entries: 60,
            vouched: 50,
            findings: vec![]
        }
    );
}

#[test]
fn lines_without_a_word_say_nothing() {
    let blank = ["\n".to_owned(), "\r\n".to_owned()];
    let crlf = line(&entry(2)).replace('\n', "\r\n");
    check(
        &[&lines(2)[..], &blank, &[crlf], &blank].concat(),
        &[3],
        &[],
    );
}

#[test]
fn every_field_that_is_changed_is_named() {
    let canonical = entry(7).canonical();
    let changes = [
        ("\"d7\"", "\"d8\""),
        ("\"r1\"", "\"r2\""),
        ("reviewer", "operator"),
        ("1795315320130", "1795315320131"),
        ("draft.decided", "draft.settled"),
        ("\"edit\"", "\"approve\""),
        ("\"version\":7", "\"version\":8"),
        ("\"sampled\":false", "\"sampled\":true"),
        ("\"level\"", "\"signal\""),
        ("\"facts\":{", "\"facts\": {"),
    ];
    for (before, after) in changes {
        assert!(canonical.contains(before), "{before}");
        let mut changed = lines(20);
        changed[7] = export_line(
            &canonical.replacen(before, after, 1),
            &hex(&entry(7).leaf_hash()),
        );
        check(&changed, &[20], &[Finding::Changed { seq: 7 }]);
        // With a new leaf hash the line agrees with itself, but not with what was signed.
        let entry = canonical.replacen(before, after, 1);
        changed[7] = export_line(&entry, &hex(&leaf_hash(entry.as_bytes())));
        check(
            &changed,
            &[4, 12, 20],
            &[Finding::Forked {
                after: 4,
                before: 12,
            }],
        );
    }
    for (before, after, finding) in [
        (TENANT, "another", Finding::Foreign { seq: 7 }),
        ("\"v\":1", "\"v\":2", Finding::UnknownForm { seq: 7 }),
    ] {
        let mut changed = lines(20);
        changed[7] = export_line(
            &canonical.replacen(before, after, 1),
            &hex(&entry(7).leaf_hash()),
        );
        check(&changed, &[20], &[finding, Finding::Changed { seq: 7 }]);
    }
    let mut hashed = lines(20);
    hashed[7] = export_line(&canonical, &hex(&entry(8).leaf_hash()));
    check(
        &hashed,
        &[20],
        &[
            Finding::Changed { seq: 7 },
            Finding::Forked {
                after: 0,
                before: 20,
            },
        ],
    );
}

#[test]
fn a_renumbered_entry_is_named() {
    let mut changed = lines(20);
    changed[7] = line(&entry(9));
    let expected = [
        Finding::Misplaced { seq: 8 },
        Finding::Misplaced { seq: 9 },
        Finding::Forked {
            after: 0,
            before: 20,
        },
        Finding::Missing { from: 7, to: 7 },
    ];
    check(&changed, &[20], &expected);
}

#[test]
fn dropped_entries_are_named() {
    let mut dropped = lines(20);
    dropped.drain(5..8);
    check(&dropped, &[20], &[Finding::Missing { from: 5, to: 7 }]);
    check(
        &dropped,
        &[10],
        &[
            Finding::Forked {
                after: 0,
                before: 10,
            },
            Finding::Missing { from: 5, to: 7 },
        ],
    );
    check(
        &lines(20)[1..],
        &[20],
        &[Finding::Missing { from: 0, to: 0 }],
    );
}

#[test]
fn entries_that_changed_places_are_named() {
    let mut swapped = lines(20);
    swapped.swap(5, 6);
    check(
        &swapped,
        &[20],
        &[
            Finding::Misplaced { seq: 5 },
            Finding::Forked {
                after: 0,
                before: 20,
            },
        ],
    );
    let mut twice = lines(20);
    twice.insert(6, line(&entry(5)));
    check(&twice, &[], &[Finding::Misplaced { seq: 5 }]);
}

#[test]
fn an_export_that_is_cut_off_is_named() {
    check(
        &lines(15),
        &[10, 20],
        &[Finding::Truncated {
            entries: 15,
            signed: 20,
        }],
    );
    check(
        &[],
        &[20],
        &[Finding::Truncated {
            entries: 0,
            signed: 20,
        }],
    );
    let mut torn = lines(20);
    torn[19].truncate(40);
    check(
        &torn,
        &[20],
        &[
            Finding::Malformed { line: 20 },
            Finding::Truncated {
                entries: 19,
                signed: 20,
            },
        ],
    );
}

#[test]
fn another_history_is_named_by_where_it_begins() {
    let told: Vec<String> = (0..20)
        .map(|seq| {
            let mut entry = entry(seq);
            if seq >= 12 {
                entry.actor.id = "r2".into();
            }
            line(&entry)
        })
        .collect();
    check(
        &told,
        &[5, 10, 15, 20],
        &[Finding::Forked {
            after: 10,
            before: 15,
        }],
    );
}

#[test]
fn two_checkpoints_of_one_size_must_agree() {
    let mut other = checkpoint(10);
    other.root = [1; 32];
    let report = verify(&lines(20).concat(), &[checkpoint(10), other]);
    assert_eq!(
        report.findings,
        [Finding::Forked {
            after: 0,
            before: 10
        }]
    );
    let mut elsewhere = checkpoint(10);
    elsewhere.origin = "another".into();
    let report = verify(&lines(20).concat(), &[elsewhere]);
    assert_eq!(
        report.findings,
        [Finding::AnotherLog {
            origin: "another".into()
        }]
    );
}
