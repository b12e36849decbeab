//! What leads and auditors work with, as the page calls it: linter, backtest and the check of the
//! audit log; texts in, JSON text out, `{"ok": …}` or `{"error": …}`. It must hold no rule of its
//! own and never throw: what it shows is a preview, and the service decides again with the same
//! code. It is a module of its own, so that no reviewer downloads it.

use countersign_policy::backtest::{Recorded, Replay as Rerun};
use countersign_policy::case;
use countersign_policy::checkpoint::{Checkpoint, LogKey, Note, NoteFault};
use countersign_policy::compiled::Compiled;
use countersign_policy::document::Policy;
use countersign_policy::invalid::Invalid;
use countersign_policy::level::Level;
use countersign_policy::lint::{self, Finding};
use countersign_policy::proof::EntryProof;
use countersign_policy::signal::SignalRules;
use countersign_policy::verify::{Line, Verifier};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wasm_bindgen::prelude::wasm_bindgen;

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer<T> {
    Ok(T),
    Error(String),
}

/// What is wrong with a policy document: as `POST /v1/policy:lint` answers.
#[derive(Serialize)]
struct Linted {
    findings: Vec<Finding>,
    faults: Vec<Fault>,
}

#[derive(Serialize)]
struct Fault {
    pointer: String,
    detail: String,
}

impl From<Invalid> for Fault {
    fn from(fault: Invalid) -> Self {
        let Invalid {
            pointer, detail, ..
        } = fault;
        Self { pointer, detail }
    }
}

/// What is wrong with a document: `{"ok": {findings, faults}}`.
#[wasm_bindgen]
pub fn lint_policy(document: &str) -> String {
    let (findings, faults) = match Policy::parse(document.as_bytes()) {
        Ok(policy) => (lint::lint(&policy), case::broken_faults(&policy)),
        Err(faults) => (Vec::new(), faults),
    };
    let faults = faults.into_iter().map(Fault::from).collect();
    written(Answer::Ok(Linted { findings, faults }))
}

/// Drafts on record, read once and replayed for every change of a policy.
#[wasm_bindgen]
#[derive(Default)]
pub struct Replay {
    drafts: Vec<Recorded>,
    versions: BTreeMap<u32, SignalRules>,
}

/// One page of `GET /v1/policy/records`, as far as it is needed here.
#[derive(Deserialize)]
struct Page {
    records: Vec<Recorded>,
    versions: BTreeMap<u32, SignalRules>,
}

#[wasm_bindgen]
impl Replay {
    /// Nothing on record.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one page of the record: `{"ok": drafts}`, how many there are now.
    pub fn add(&mut self, page: &str) -> String {
        let page: Page = match serde_json::from_str(page) {
            Ok(page) => page,
            Err(error) => return failed(&error),
        };
        self.drafts.extend(page.records);
        self.versions.extend(page.versions);
        written(Answer::Ok(self.drafts.len()))
    }

    /// What `document`, and these levels by category, would have done with them: `{"ok": backtest}`.
    pub fn run(&self, document: &str, levels: &str) -> String {
        let policy = match Policy::parse(document.as_bytes()) {
            Ok(policy) => Compiled::new(policy),
            Err(_) => return written(Answer::<()>::Error("policy_invalid".into())),
        };
        let levels: BTreeMap<String, Level> = match serde_json::from_str(levels) {
            Ok(levels) => levels,
            Err(error) => return failed(&error),
        };
        let mut rerun = Rerun::new(&policy, &levels);
        for (version, signals) in &self.versions {
            rerun.recorded_under(*version, signals);
        }
        for draft in &self.drafts {
            rerun.add(draft);
        }
        written(Answer::Ok(rerun.finish()))
    }
}

/// Reads an exported audit log line by line against signed checkpoints.
#[wasm_bindgen]
#[derive(Default)]
pub struct LogCheck {
    checkpoints: Vec<Checkpoint>,
    verifier: Option<Verifier>,
    /// The beginning of a line whose end has not come yet.
    rest: String,
    lines: u64,
}

#[wasm_bindgen]
impl LogCheck {
    /// A check that has read nothing.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more checkpoint that the log must agree with, once its signature is right: `{"ok": size}`.
    pub fn trust(&mut self, note: &str, key: &str) -> String {
        match opened(note, key) {
            Ok(checkpoint) => {
                let size = checkpoint.size;
                self.checkpoints.push(checkpoint);
                written(Answer::Ok(size))
            }
            Err(fault) => written(Answer::<()>::Error(fault.to_string())),
        }
    }

    /// Reads on, wherever the text was cut: `{"ok": lines}`, how many were read so far.
    pub fn add(&mut self, text: &str) -> String {
        let verifier = self
            .verifier
            .get_or_insert_with(|| Verifier::new(&self.checkpoints));
        self.rest.push_str(text);
        let whole = self.rest.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let rest = self.rest.split_off(whole);
        for line in self.rest.lines() {
            verifier.take(&Line::read(line));
            self.lines = self.lines.saturating_add(1);
        }
        self.rest = rest;
        written(Answer::Ok(self.lines))
    }

    /// What the log was found to be: `{"ok": report}`.
    pub fn finish(&mut self) -> String {
        if !self.rest.is_empty() {
            self.add("\n");
        }
        let checkpoints = std::mem::take(&mut self.checkpoints);
        let verifier = self.verifier.take();
        let verifier = verifier.unwrap_or_else(|| Verifier::new(&checkpoints));
        written(Answer::Ok(verifier.finish()))
    }
}

/// Whether a signed log holds an entry: `{"ok": true}` or why it isn't proved.
#[wasm_bindgen]
pub fn check_proof(proof: &str, key: &str) -> String {
    let proof: EntryProof = match serde_json::from_str(proof) {
        Ok(proof) => proof,
        Err(error) => return failed(&error),
    };
    let signed = match opened(&proof.checkpoint, key) {
        Ok(signed) => signed,
        Err(fault) => return written(Answer::<()>::Error(fault.to_string())),
    };
    written(Answer::Ok(proof.holds_in(&signed).unwrap_or(false)))
}

fn opened(note: &str, key: &str) -> Result<Checkpoint, NoteFault> {
    let key: LogKey = key.parse()?;
    Note::parse(note)?.open(&key)
}

fn written<T: Serialize>(answer: Answer<T>) -> String {
    serde_json::to_string(&answer).unwrap_or_else(|_| r#"{"error":"not written"}"#.into())
}

fn failed(error: &serde_json::Error) -> String {
    written(Answer::<()>::Error(error.to_string()))
}
