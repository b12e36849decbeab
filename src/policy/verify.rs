//! Verifies an export of the audit log against what its tenant keeps: checkpoints that were signed
//! earlier. It must not trust the export: everything is hashed again.
//!
//! A line is `{"entry":<canonical JSON>,"leaf_hash":"<64 hex>"}`. What is found is named:
//!
//! | done to the log | found |
//! | --- | --- |
//! | a field of an entry is changed | [`Finding::Changed`], with its number |
//! | it is changed and hashed again | [`Finding::Forked`], between which checkpoints |
//! | entries are left out | [`Finding::Missing`], which |
//! | entries change places | [`Finding::Misplaced`], which |
//! | the end is cut off | [`Finding::Truncated`], where |
//! | another history is told | [`Finding::Forked`], since when |

use crate::checkpoint::Checkpoint;
use crate::digest::from_hex;
use crate::log::{ENTRY_FORM, Frontier, Hash, leaf_hash};
use crate::members;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Findings that are told; more would say nothing new.
pub const FINDINGS_MAX: usize = 100;

/// What stands before the entry of a line, between entry and hash, and behind the hash.
const BEFORE: &str = "{\"entry\":";
const BETWEEN: &str = ",\"leaf_hash\":\"";
const BEHIND: &str = "\"}";

/// One thing that is wrong with an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "found", rename_all = "snake_case")]
pub enum Finding {
    /// The line (from 1) is not one of an export.
    Malformed {
        /// Which line.
        line: u64,
    },
    /// The entry is another tenant's than the log's.
    Foreign {
        /// Which entry.
        seq: u64,
    },
    /// The entry's form is not one that this program knows.
    UnknownForm {
        /// Which entry.
        seq: u64,
    },
    /// The entry is not what its leaf hash was made of.
    Changed {
        /// Which entry.
        seq: u64,
    },
    /// Entries are left out.
    Missing {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
    /// The entry stands behind a later one, or twice.
    Misplaced {
        /// Which entry.
        seq: u64,
    },
    /// The export ends before a checkpoint does.
    Truncated {
        /// Entries here.
        entries: u64,
        /// Entries when the checkpoint was signed.
        signed: u64,
    },
    /// The first entries are not those that a checkpoint was signed for: another history.
    Forked {
        /// They were still the same at this size.
        after: u64,
        /// They are others at this one.
        before: u64,
    },
    /// A checkpoint is another log's than the export.
    AnotherLog {
        /// The log that the checkpoint speaks of.
        origin: String,
    },
}

/// What an export was found to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The tenant whose log it is; empty where no entry could be read.
    pub tenant: String,
    /// Lines.
    pub entries: u64,
    /// Entries that a checkpoint vouches for.
    pub vouched: u64,
    /// What is wrong, in the order of the export; at most [`FINDINGS_MAX`].
    pub findings: Vec<Finding>,
}

/// Reads an export line by line, in constant memory.
pub struct Verifier {
    /// By size.
    checkpoints: BTreeMap<u64, Vec<Checkpoint>>,
    frontier: Frontier,
    tenant: String,
    lines: u64,
    expected: u64,
    vouched: u64,
    /// Entries that were passed over and may still come.
    gaps: BTreeMap<u64, u64>,
    forked: bool,
    findings: Vec<Finding>,
}

/// What of an entry is looked at beside its hash.
#[derive(Deserialize)]
struct Head<'a> {
    v: u32,
    #[serde(borrow)]
    tenant: Cow<'a, str>,
    seq: u64,
}

impl<'a> Head<'a> {
    /// Read from the end, where RFC 8785 puts these names; the whole entry is only read where that
    /// fails. (Reading it all takes ten times as long as hashing it.)
    fn of(entry: &'a str) -> Option<Self> {
        Self::at_end(entry).or_else(|| members::read(entry.as_bytes()).ok())
    }

    fn at_end(entry: &'a str) -> Option<Self> {
        let (_, end) = entry.rsplit_once(",\"seq\":")?;
        let (seq, end) = end.split_once(",\"tenant\":\"")?;
        let (tenant, v) = end.strip_suffix('}')?.split_once("\",\"v\":")?;
        let plain = !tenant.contains('\\');
        let (seq, v) = (seq.parse().ok()?, v.parse().ok()?);
        let tenant = Cow::Borrowed(tenant);
        plain.then_some(Self { v, tenant, seq })
    }
}

/// What one line of an export says, read and hashed by itself: lines can be read in any order, or side
/// by side, and are then taken in theirs.
pub struct Line<'a>(Said<'a>);

enum Said<'a> {
    /// No word: an editor or a shell adds such a line at the end.
    Nothing,
    /// An entry, its leaf hash, and whether the two belong together.
    Entry(Head<'a>, Hash, bool),
    Malformed,
}

impl<'a> Line<'a> {
    /// Reads a line, with or without its end.
    pub fn read(line: &'a str) -> Self {
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            return Self(Said::Nothing);
        }
        let entry = split(line).and_then(|(entry, hash)| {
            let holds = leaf_hash(entry.as_bytes()) == hash;
            Some(Said::Entry(Head::of(entry)?, hash, holds))
        });
        Self(entry.unwrap_or(Said::Malformed))
    }
}

/// A line of an export.
pub fn export_line(canonical_entry: &str, leaf_hash_hex: &str) -> String {
    format!("{BEFORE}{canonical_entry}{BETWEEN}{leaf_hash_hex}{BEHIND}\n")
}

/// Verifies a whole export.
pub fn verify(export: &str, checkpoints: &[Checkpoint]) -> Report {
    let mut verifier = Verifier::new(checkpoints);
    for line in export.lines() {
        verifier.take(&Line::read(line));
    }
    verifier.finish()
}

impl Verifier {
    /// A verifier against checkpoints whose signatures were checked.
    pub fn new(checkpoints: &[Checkpoint]) -> Self {
        let mut by_size: BTreeMap<u64, Vec<Checkpoint>> = BTreeMap::new();
        for checkpoint in checkpoints {
            by_size
                .entry(checkpoint.size)
                .or_default()
                .push(checkpoint.clone());
        }
        Self {
            checkpoints: by_size,
            frontier: Frontier::default(),
            tenant: String::new(),
            lines: 0,
            expected: 0,
            vouched: 0,
            gaps: BTreeMap::new(),
            forked: false,
            findings: Vec::new(),
        }
    }

    /// The next line.
    pub fn take(&mut self, line: &Line<'_>) {
        self.lines = self.lines.saturating_add(1);
        let (head, hash, holds) = match &line.0 {
            Said::Nothing => return,
            Said::Malformed => return self.find(Finding::Malformed { line: self.lines }),
            Said::Entry(head, hash, holds) => (head, hash, holds),
        };
        if self.tenant.is_empty() {
            self.tenant = head.tenant.to_string();
        }
        if head.tenant != self.tenant {
            self.find(Finding::Foreign { seq: head.seq });
        }
        if head.v != ENTRY_FORM {
            self.find(Finding::UnknownForm { seq: head.seq });
        }
        if !holds {
            self.find(Finding::Changed { seq: head.seq });
        }
        self.place(head.seq);
        self.frontier.push(*hash);
        self.compare();
    }

    /// What was found, when the export is over.
    pub fn finish(mut self) -> Report {
        for (from, to) in std::mem::take(&mut self.gaps) {
            self.find(Finding::Missing { from, to });
        }
        let last = self.checkpoints.keys().next_back().copied().unwrap_or(0);
        if last > self.expected {
            self.find(Finding::Truncated {
                entries: self.expected,
                signed: last,
            });
        }
        let origin = crate::checkpoint::origin(&self.tenant);
        let others: Vec<String> = self
            .checkpoints
            .values()
            .flatten()
            .map(|checkpoint| checkpoint.origin.clone())
            .filter(|other| *other != origin && !self.tenant.is_empty())
            .collect();
        for origin in others {
            self.find(Finding::AnotherLog { origin });
        }
        Report {
            tenant: self.tenant,
            entries: self.lines,
            vouched: self.vouched,
            findings: self.findings,
        }
    }

    /// Compares the entry's number with the one that belongs here.
    fn place(&mut self, seq: u64) {
        if let Some(last) = seq.checked_sub(1).filter(|last| *last >= self.expected) {
            self.gaps.insert(self.expected, last);
        } else if seq < self.expected {
            self.fill(seq);
            self.find(Finding::Misplaced { seq });
        }
        self.expected = self.expected.max(seq.saturating_add(1));
    }

    /// An entry that was passed over came after all.
    fn fill(&mut self, seq: u64) {
        let gap = self
            .gaps
            .range(..=seq)
            .next_back()
            .map(|(from, to)| (*from, *to));
        let Some((from, to)) = gap.filter(|(_, to)| *to >= seq) else {
            return;
        };
        self.gaps.remove(&from);
        if let Some(before) = seq.checked_sub(1).filter(|before| *before >= from) {
            self.gaps.insert(from, before);
        }
        if seq < to {
            self.gaps.insert(seq.saturating_add(1), to);
        }
    }

    /// Compares the root with the checkpoints of this size.
    fn compare(&mut self) {
        let size = self.frontier.size;
        let Some(signed) = self.checkpoints.get(&size) else {
            return;
        };
        let root = self.frontier.root();
        if signed.iter().all(|checkpoint| checkpoint.root == root) && !self.forked {
            self.vouched = size;
        } else if !self.forked {
            self.forked = true;
            self.find(Finding::Forked {
                after: self.vouched,
                before: size,
            });
        }
    }

    fn find(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }
}

/// The entry's bytes and the leaf hash of a line.
fn split(line: &str) -> Option<(&str, Hash)> {
    let rest = line.strip_prefix(BEFORE)?.strip_suffix(BEHIND)?;
    let (entry, hash) = rest.rsplit_once(BETWEEN)?;
    Some((entry, from_hex(hash)?.try_into().ok()?))
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { line } => write!(f, "line {line} is not a line of an export"),
            Self::Foreign { seq } => write!(f, "entry {seq} belongs to another tenant"),
            Self::UnknownForm { seq } => write!(f, "entry {seq} has a form that is not known"),
            Self::Changed { seq } => write!(f, "entry {seq} was changed"),
            Self::Missing { from, to } if from == to => write!(f, "entry {from} is missing"),
            Self::Missing { from, to } => write!(f, "entries {from} to {to} are missing"),
            Self::Misplaced { seq } => write!(f, "entry {seq} stands in another place, or twice"),
            Self::Truncated { entries, signed } => {
                write!(f, "it is cut off: {entries} entries of at least {signed}")
            }
            Self::Forked { after, before } => write!(
                f,
                "another history: between entry {after} and entry {before} it is not what was signed"
            ),
            Self::AnotherLog { origin } => write!(f, "a checkpoint is of another log: {origin}"),
        }
    }
}

#[cfg(test)]
mod tests;
