//! How long does `countersign verify` take for an export of a million audit entries? The program as it
//! is shipped, from its start to its word: the file is read, every entry hashed, and the root compared
//! with a checkpoint.
//!
//! `--entries N` (1,000,000), `--rounds N` (3): the best round counts.

#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

use crate::options::Options;
use countersign_policy::checkpoint::{Checkpoint, LogKey, origin};
use countersign_policy::digest::hex;
use countersign_policy::log::{Actor, ActorKind, AuditEntry, ENTRY_FORM, Event, Fact, Frontier};
use countersign_policy::verify::export_line;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Error, Result as Io, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
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
    let name = format!("countersign-verify-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let outcome = measure(&folder, entries, rounds);
    let _ = std::fs::remove_dir_all(&folder);
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

fn measure(folder: &Path, entries: u64, rounds: u32) -> Io<Figures> {
    let program = program()?;
    std::fs::create_dir_all(folder)?;
    let (file, note) = (folder.join("audit.ndjson"), folder.join("checkpoint"));
    let checkpoint = write(&file, entries)?;
    // Without its key the program doesn't ask who signed.
    let nobody = LogKey {
        name: checkpoint.origin.clone(),
        public: [0; 32],
    };
    std::fs::write(&note, checkpoint.note(&nobody, &[0; 64]))?;
    let megabytes = std::fs::metadata(&file)?.len() as f64 / 1e6;
    let expected = format!("{entries} entries, {entries} of them as they were signed");
    let mut seconds = f64::INFINITY;
    for _ in 0..rounds {
        let mut command = Command::new(&program);
        command.arg("verify").arg(&file);
        let started = Instant::now();
        let output = command.arg("--checkpoint").arg(&note).output()?;
        seconds = seconds.min(started.elapsed().as_secs_f64());
        let told = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() || !told.contains(&expected) {
            return Err(Error::other(told.into_owned()));
        }
    }
    let entries_per_second = entries as f64 / seconds;
    Ok(Figures {
        entries,
        megabytes,
        seconds,
        entries_per_second,
    })
}

/// The program, built as this bench was.
fn program() -> Io<PathBuf> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../src/cli/Cargo.toml");
    let build = [
        "build",
        "--release",
        "--locked",
        "--quiet",
        "--manifest-path",
    ];
    let built = Command::new("cargo").args(build).arg(manifest).status()?;
    if !built.success() {
        return Err(Error::other("the program `countersign` could not be built"));
    }
    Ok(std::env::current_exe()?.with_file_name("countersign"))
}

/// Entries as routing and deciding write them.
fn write(file: &Path, entries: u64) -> Io<Checkpoint> {
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
