//! How long does it take to verify an export of a million audit entries? On one core, from a file,
//! every entry read and hashed and the root compared with a checkpoint.
//!
//! `--entries N` (1,000,000), `--rounds N` (3): the best round counts.

#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

use crate::options::Options;
use countersign_policy::checkpoint::{Checkpoint, origin};
use countersign_policy::digest::hex;
use countersign_policy::log::{Actor, ActorKind, AuditEntry, ENTRY_FORM, Event, Fact, Frontier};
use countersign_policy::verify::{Verifier, export_line};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::time::Instant;

const TENANT: &str = "0198c0de-0000-7000-8000-000000000001";

#[derive(serde::Serialize)]
struct Figures {
    entries: u64,
    megabytes: f64,
    seconds: f64,
    entries_per_second: f64,
}

/// Measures.
pub fn run(options: &Options) -> Result<(), String> {
    let entries = options.number("entries", 1_000_000_u64)?;
    let rounds = options.number("rounds", 3_u32)?;
    let file =
        std::env::temp_dir().join(format!("countersign-verify-{}.ndjson", std::process::id()));
    let outcome = measure(&file, entries, rounds);
    let _ = std::fs::remove_file(&file);
    let figures = outcome.map_err(|error| error.to_string())?;
    let Figures {
        megabytes,
        seconds,
        entries_per_second,
        ..
    } = figures;
    println!(
        "{entries} entries, {megabytes:.0} MB: {seconds:.2} s, {entries_per_second:.0} a second"
    );
    if options.json {
        println!("{}", serde_json::to_string(&figures).unwrap_or_default());
    }
    Ok(())
}

fn measure(file: &Path, entries: u64, rounds: u32) -> std::io::Result<Figures> {
    let checkpoint = write(file, entries)?;
    let megabytes = std::fs::metadata(file)?.len() as f64 / 1e6;
    let mut seconds = f64::INFINITY;
    for _ in 0..rounds {
        let started = Instant::now();
        let mut verifier = Verifier::new(std::slice::from_ref(&checkpoint));
        let mut lines = BufReader::with_capacity(1 << 20, File::open(file)?);
        let mut line = String::new();
        while lines.read_line(&mut line)? > 0 {
            verifier.line(line.trim_end_matches('\n'));
            line.clear();
        }
        let report = verifier.finish();
        if !report.findings.is_empty() || report.vouched != entries {
            return Err(std::io::Error::other(format!("{report:?}")));
        }
        seconds = seconds.min(started.elapsed().as_secs_f64());
    }
    let entries_per_second = entries as f64 / seconds;
    Ok(Figures {
        entries,
        megabytes,
        seconds,
        entries_per_second,
    })
}

/// Entries as routing and deciding write them.
fn write(file: &Path, entries: u64) -> std::io::Result<Checkpoint> {
    let mut out = BufWriter::new(File::create(file)?);
    let mut frontier = Frontier::default();
    for seq in 0..entries {
        let commitment =
            || Fact::from(hex(&countersign_policy::digest::plain(&[&seq.to_string()])));
        let entry = AuditEntry {
            v: ENTRY_FORM,
            tenant: TENANT.into(),
            seq,
            at_ms: 1_795_315_320_123 + seq * 40,
            event: if seq % 2 == 0 {
                Event::DraftRouted
            } else {
                Event::DraftDecided
            },
            actor: Actor {
                kind: ActorKind::Reviewer,
                id: TENANT.into(),
            },
            about: Some(TENANT.into()),
            facts: BTreeMap::from([
                ("status".to_owned(), "held".into()),
                ("policy_version".to_owned(), 3_u32.into()),
                (
                    "reasons".to_owned(),
                    vec!["level".to_owned(), "signal".to_owned()].into(),
                ),
                ("body_commitment".to_owned(), commitment()),
                ("decision_commitment".to_owned(), commitment()),
                ("view_digest".to_owned(), commitment()),
            ]),
        };
        let leaf = entry.leaf_hash();
        out.write_all(export_line(&entry.canonical(), &hex(&leaf)).as_bytes())?;
        frontier = frontier.with(leaf);
    }
    out.flush()?;
    Ok(Checkpoint {
        origin: origin(TENANT),
        size: entries,
        root: frontier.root(),
    })
}
