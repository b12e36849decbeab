//! What leads and auditors work with, as the page calls it: linter, backtest and the check of the
//! audit log; texts in, JSON text out, `{"ok": …}` or `{"error": …}`. It must hold no rule of its
//! own and never throw: what it shows is a preview, and the service decides again with the same
//! code. It is a module of its own, so that no reviewer downloads it.

use countersign_policy::backtest::{Recorded, Replay as Rerun};
use countersign_policy::case;
use countersign_policy::compiled::Compiled;
use countersign_policy::digest::hex;
use countersign_policy::document::Policy;
use countersign_policy::invalid::Invalid;
use countersign_policy::level::Level;
use countersign_policy::lint::{self, Finding};
use countersign_policy::log::{AuditEntry, Frontier};
use countersign_policy::signal::SignalRules;
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

/// Reads an audit log from its first entry on, and says what its tree's root must be.
#[wasm_bindgen]
#[derive(Default)]
pub struct LogCheck {
    frontier: Frontier,
}

/// One leaf as `GET /v1/audit` gives it.
#[derive(Deserialize)]
struct Leaf {
    entry: AuditEntry,
    leaf_hash: String,
}

/// How far a check got.
#[derive(Serialize)]
struct Checked {
    size: u64,
    root: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<LogFault>,
}

/// The first entry that isn't what it should be.
#[derive(Serialize)]
struct LogFault {
    seq: u64,
    fault: &'static str,
}

#[wasm_bindgen]
impl LogCheck {
    /// A check that has read nothing.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads on, in order: `{"ok": {size, root, fault?}}`, after what was read so far.
    pub fn add(&mut self, leaves: &str) -> String {
        let leaves: Vec<Leaf> = match serde_json::from_str(leaves) {
            Ok(leaves) => leaves,
            Err(error) => return failed(&error),
        };
        let fault = leaves.iter().find_map(|leaf| {
            let fault = self.read(leaf)?;
            let seq = leaf.entry.seq;
            Some(LogFault { seq, fault })
        });
        written(Answer::Ok(Checked {
            size: self.frontier.size,
            root: hex(&self.frontier.root()),
            fault,
        }))
    }

    fn read(&mut self, leaf: &Leaf) -> Option<&'static str> {
        if leaf.entry.seq != self.frontier.size {
            return Some("out_of_order");
        }
        let hash = leaf.entry.leaf_hash();
        if hex(&hash) != leaf.leaf_hash {
            return Some("changed");
        }
        self.frontier = self.frontier.with(hash);
        None
    }
}

fn written<T: Serialize>(answer: Answer<T>) -> String {
    serde_json::to_string(&answer).unwrap_or_else(|_| r#"{"error":"not written"}"#.into())
}

fn failed(error: &serde_json::Error) -> String {
    written(Answer::<()>::Error(error.to_string()))
}
