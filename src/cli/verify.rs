//! `countersign verify`: an export of the audit log, or the proof of one entry, against checkpoints
//! that were kept. It must not compare: `policy::verify` and `policy::proof` do.

use countersign_policy::checkpoint::{Checkpoint, LogKey, Note};
use countersign_policy::proof::EntryProof;
use countersign_policy::verify::{Line, Verifier};
use serde::Deserialize;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::num::NonZero;
use std::thread;

/// Bytes of an export that are read at once: some ten thousand lines.
const BLOCK_BYTES: u64 = 8 * 1024 * 1024;

const USAGE: &str = "\
countersign verify FILE.ndjson --checkpoint FILE [--checkpoint FILE]... [--key KEY]
countersign verify --proof FILE [--checkpoint FILE] --key KEY
  FILE.ndjson is GET /v1/audit/export; a checkpoint is the answer of GET /v1/audit/checkpoint or the
  note within it; a proof is the answer of GET /v1/audit/SEQ/proof
  KEY is the log's key, as kept from the first checkpoint: without it no signature is checked";

/// The answer of the service that holds a checkpoint.
#[derive(Deserialize)]
struct Answer {
    checkpoint: String,
}

#[derive(Default)]
struct Asked {
    files: Vec<String>,
    checkpoints: Vec<String>,
    proof: Option<String>,
    key: Option<LogKey>,
}

/// What was found, a line each, and whether everything holds.
pub fn run(arguments: &[String]) -> Result<(String, bool), String> {
    let asked = read_arguments(arguments)?;
    let checkpoints = asked.checkpoints.iter().map(|file| {
        let note = note_in(&read(file)?);
        open(&note, asked.key.as_ref()).map_err(|fault| format!("{file}: {fault}"))
    });
    let checkpoints = checkpoints.collect::<Result<Vec<_>, _>>()?;
    match (&asked.proof, asked.files.as_slice()) {
        (Some(file), []) => prove(file, &checkpoints, asked.key.as_ref()),
        (None, [file]) if !checkpoints.is_empty() => export(file, &checkpoints, asked.key.as_ref()),
        _ => Err(USAGE.into()),
    }
}

fn read_arguments(arguments: &[String]) -> Result<Asked, String> {
    let mut asked = Asked::default();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().cloned().ok_or(USAGE);
        match argument.as_str() {
            "--checkpoint" => asked.checkpoints.push(value()?),
            "--proof" => asked.proof = Some(value()?),
            "--key" => {
                let key = value()?.parse::<LogKey>();
                asked.key = Some(key.map_err(|_| "--key is not a log's key".to_owned())?);
            }
            file if !file.starts_with("--") => asked.files.push(file.to_owned()),
            _ => return Err(USAGE.into()),
        }
    }
    Ok(asked)
}

fn export(
    file: &str,
    checkpoints: &[Checkpoint],
    key: Option<&LogKey>,
) -> Result<(String, bool), String> {
    let mut verifier = Verifier::new(checkpoints);
    read_export(file, &mut verifier).map_err(|error| format!("{file}: {error}"))?;
    let report = verifier.finish();
    let mut told: Vec<String> = report
        .findings
        .iter()
        .map(|one| format!("{file}: {one}"))
        .collect();
    let sound = report.findings.is_empty();
    let (entries, vouched) = (report.entries, report.vouched);
    if sound {
        told.push(format!(
            "{file}: {entries} entries, {vouched} of them as they were signed"
        ));
    }
    told.extend(unchecked(key));
    Ok((told.join("\n"), sound))
}

/// Has every line of a file taken in its order. Lines are hashed on all cores, block by block: that is
/// nearly all of the work, and takes no more memory for a longer log.
fn read_export(file: &str, verifier: &mut Verifier) -> io::Result<()> {
    let mut file = BufReader::new(File::open(file)?);
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    loop {
        let mut block = Vec::new();
        file.by_ref().take(BLOCK_BYTES).read_to_end(&mut block)?;
        file.read_until(b'\n', &mut block)?;
        let block = str::from_utf8(&block).map_err(io::Error::other)?;
        if block.is_empty() {
            return Ok(());
        }
        let lines: Vec<&str> = block.lines().collect();
        let share = lines.len().div_ceil(cores).max(1);
        thread::scope(|scope| {
            let parts = lines.chunks(share);
            let parts: Vec<_> = parts.map(|part| scope.spawn(|| read_lines(part))).collect();
            for part in parts {
                let part = part
                    .join()
                    .map_err(|_| io::Error::other("a thread failed"))?;
                part.iter().for_each(|line| verifier.take(line));
            }
            Ok::<(), io::Error>(())
        })?;
    }
}

fn read_lines<'a>(lines: &[&'a str]) -> Vec<Line<'a>> {
    lines.iter().map(|line| Line::read(line)).collect()
}

fn prove(
    file: &str,
    checkpoints: &[Checkpoint],
    key: Option<&LogKey>,
) -> Result<(String, bool), String> {
    let proof: EntryProof =
        serde_json::from_str(&read(file)?).map_err(|e| format!("{file}: {e}"))?;
    let own = open(&proof.checkpoint, key).map_err(|fault| format!("{file}: {fault}"))?;
    let proved = proof
        .holds_in(&own)
        .ok_or_else(|| format!("{file}: the proof holds something that is no hash"))?;
    let kept = checkpoints
        .iter()
        .all(|kept| kept.size != own.size || *kept == own);
    let holds = proved && kept;
    let (seq, size) = (proof.seq, own.size);
    let said = if holds { "is" } else { "is not" };
    let mut told = vec![format!(
        "{file}: entry {seq} {said} in the signed log of {size} entries"
    )];
    told.extend(unchecked(key));
    Ok((told.join("\n"), holds))
}

fn open(note: &str, key: Option<&LogKey>) -> Result<Checkpoint, String> {
    let note = Note::parse(note).map_err(|fault| fault.to_string())?;
    match key {
        None => Ok(note.checkpoint),
        Some(key) => note.open(key).map_err(|fault| fault.to_string()),
    }
}

/// A note, or the answer that holds one.
fn note_in(text: &str) -> String {
    serde_json::from_str::<Answer>(text)
        .map_or_else(|_| text.to_owned(), |answer| answer.checkpoint)
}

fn unchecked(key: Option<&LogKey>) -> Option<String> {
    let told = "no --key was given: nobody has checked who signed the checkpoints";
    key.is_none().then(|| told.to_owned())
}

fn read(file: &str) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))
}
