//! How well `policy::edit` tells cosmetic from substantive, on sets of labelled edits. It must
//! only measure: nothing is trained or tuned here (see `train_edits.rs`).
//!
//! The shipped model was trained on the sets of the default folder, so their figures here are
//! those of a pupil asked what it was taught; `train-edits` prints the honest ones.

use crate::options::Options;
use countersign_policy::edit::{EditKind, Learned, balanced_ppm, classify_by};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The sets that the model was trained on: public ones, and at last replies as reviewers edit them,
/// written for this project.
pub const SETS: [&str; 5] = ["iterater", "summedits", "argrewrite", "replies", "foreign"];

/// Sets of our own that it never sees: replies as reviewers naturally edit them; others written last, in
/// which edits of both kinds are as large as each other, and with which no rule was tried; replies meant to
/// mislead; replies in other languages, by whose look rules were made; others, seen by nobody who made rules;
/// and replies in languages of which no word is known.
const UNSEEN: [&str; 6] = [
    "natural",
    "fresh",
    "hard",
    "languages",
    "abroad",
    "elsewhere",
];

/// Whether a set is of our own: all are messages.
pub fn is_own(set: &str) -> bool {
    matches!(set, "replies" | "foreign") || UNSEEN.contains(&set)
}

/// Where a set lies.
pub fn file_of(set: &str) -> PathBuf {
    let here = || Path::new(env!("CARGO_MANIFEST_DIR")).join("edits");
    let public = || data_folder().join("edits");
    let folder = if is_own(set) { here() } else { public() };
    folder.join(format!("{set}.jsonl"))
}

/// A labelled edit.
#[derive(Debug, Deserialize)]
pub struct Labelled {
    /// The text before.
    pub before: String,
    /// The text after.
    pub after: String,
    /// What a person said it was: `cosmetic` or `substantive`.
    pub kind: EditKind,
}

/// Where the data sets lie: `COUNTERSIGN_DATA`, else `../shared/data` beside the repository.
pub fn data_folder() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    std::env::var_os("COUNTERSIGN_DATA").map_or_else(beside, PathBuf::from)
}

/// Reads a set, a JSON object a line.
pub fn read(path: &Path) -> Result<Vec<Labelled>, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let edit = |line: &str| serde_json::from_str(line).map_err(|e| format!("{line}: {e}"));
    text.lines()
        .filter(|line| !line.is_empty())
        .map(edit)
        .collect()
}

/// Prints the figures of each file, with `--messages 1` judged as messages, as our own sets are; `--json`
/// ends with those of the last one (of all, pooled, for the default sets).
pub fn run(options: &Options) -> Result<(), String> {
    let defaults = || SETS.into_iter().chain(UNSEEN).map(file_of).collect();
    let files = if options.data.is_empty() {
        defaults()
    } else {
        options.data.clone()
    };
    println!(
        "{:<14} {:>6} {:>7} {:>9} {:>7} {:>10} {:>7}",
        "set", "edits", "auroc", "balanced", "f1", "precision", "recall"
    );
    let messages = options.number("messages", 0)? == 1;
    let mut pooled = Vec::new();
    for file in files {
        if !file.exists() && options.data.is_empty() {
            println!("{}: not there, skipped", file.display());
            continue;
        }
        let name = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let learned = match messages || (options.data.is_empty() && is_own(&name)) {
            true => Learned::CARRIED.of_messages(),
            false => Learned::CARRIED,
        };
        let edits = read(&file)?;
        let judged = edits.iter().map(|edit| Judged::new(edit, learned));
        let judged: Vec<Judged> = judged.collect();
        Figures::of(&judged).print(&name, judged.len());
        pooled.extend(judged);
    }
    if options.json && !pooled.is_empty() {
        println!("{}", Figures::of(&pooled).json());
    }
    Ok(())
}

/// An edit as judged.
pub struct Judged {
    /// What a person said.
    pub substantive: bool,
    /// The model's score.
    pub score: u32,
    /// What was called substantive at the shipped operating point.
    pub called: bool,
    /// Whether the score reached the balanced threshold.
    pub balanced: bool,
}

impl Judged {
    fn new(edit: &Labelled, learned: Learned<'_>) -> Self {
        let found = classify_by(&edit.before, &edit.after, learned);
        Self {
            substantive: edit.kind == EditKind::Substantive,
            score: found.score_ppm,
            called: found.kind == EditKind::Substantive,
            balanced: found.score_ppm >= balanced_ppm(learned),
        }
    }
}

/// The figures of a set.
pub struct Figures {
    auroc: f64,
    balanced_accuracy: f64,
    f1: f64,
    precision: f64,
    recall: f64,
}

impl Figures {
    /// The figures of judged edits; a share of nothing is 0.
    pub fn of(judged: &[Judged]) -> Self {
        let count =
            |is: &dyn Fn(&Judged) -> bool| ratio(judged.iter().filter(|j| is(j)).count(), 1);
        let (positive, negative) = (count(&|j| j.substantive), count(&|j| !j.substantive));
        let hit = count(&|j| j.substantive && j.called);
        let called = count(&|j| j.called);
        let sensitivity = count(&|j| j.substantive && j.balanced) / positive.max(1.0);
        let specificity = count(&|j| !j.substantive && !j.balanced) / negative.max(1.0);
        let scores: Vec<(u32, bool)> = judged.iter().map(|j| (j.score, j.substantive)).collect();
        Self {
            auroc: auroc(&scores),
            balanced_accuracy: (sensitivity + specificity) / 2.0,
            f1: 2.0 * hit / (called + positive).max(1.0),
            precision: hit / called.max(1.0),
            recall: hit / positive.max(1.0),
        }
    }

    /// Prints a line of the table.
    pub fn print(&self, name: &str, edits: usize) {
        println!(
            "{name:<14} {edits:>6} {:>7.4} {:>9.4} {:>7.4} {:>10.4} {:>7.4}",
            self.auroc, self.balanced_accuracy, self.f1, self.precision, self.recall
        );
    }

    fn json(&self) -> String {
        format!(
            "{{\"auroc\":{:.4},\"balanced_accuracy\":{:.4},\"f1_substantive\":{:.4},\
             \"precision\":{:.4},\"recall\":{:.4}}}",
            self.auroc, self.balanced_accuracy, self.f1, self.precision, self.recall
        )
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of edits are far below 2^52"
)]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

/// The chance that a substantive edit scores above a cosmetic one, ties counting half.
pub fn auroc<S: Copy + Ord>(scores: &[(S, bool)]) -> f64 {
    let mut sorted = scores.to_vec();
    sorted.sort_unstable();
    let (mut wins, mut below, mut at) = (0.0, 0.0, 0);
    while let Some(&(score, _)) = sorted.get(at) {
        let tied = sorted.iter().skip(at).take_while(|(s, _)| *s == score);
        let (mut positive, mut negative) = (0.0, 0.0);
        for (_, substantive) in tied {
            at += 1;
            if *substantive {
                positive += 1.0
            } else {
                negative += 1.0
            }
        }
        wins += positive * (below + negative / 2.0);
        below += negative;
    }
    let positives = ratio(
        sorted
            .iter()
            .filter(|(_, substantive)| *substantive)
            .count(),
        1,
    );
    wins / (positives * below).max(1.0)
}
