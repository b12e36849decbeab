//! The labelled edits that `train-edits` learns from, as what the model weighs. Edits of one text are of
//! one group, so that they are kept together when the data is split. It must not learn.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a tool for development, over data of known size; a panic is a report"
)]

use crate::edits::{Labelled, SETS, file_of, is_own, read};
use countersign_policy::edit::{EditKind, settled, weighed};
use std::collections::BTreeMap;

/// What is learned from: a row of features, with its set, its kind and its group.
pub struct Row {
    pub features: Vec<u8>,
    /// The features of the edit undone.
    pub undone: Vec<u8>,
    pub grams: Vec<String>,
    pub grams_undone: Vec<String>,
    pub set: usize,
    pub substantive: bool,
    pub settled: Option<EditKind>,
    pub is_message: bool,
    pub group: usize,
}

/// The edits of all sets that change anything.
pub fn load() -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for (set, name) in SETS.iter().enumerate() {
        let edits = read(&file_of(name))?;
        let groups = groups(&edits);
        for (edit, group) in edits.iter().zip(groups) {
            if edit.before == edit.after {
                continue;
            }
            let (features, grams) = weighed(&edit.before, &edit.after);
            let (undone, grams_undone) = weighed(&edit.after, &edit.before);
            rows.push(Row {
                features,
                undone,
                grams,
                grams_undone,
                is_message: is_own(name),
                set,
                settled: settled(&edit.before, &edit.after),
                substantive: edit.kind == EditKind::Substantive,
                group: group * SETS.len() + set,
            });
        }
    }
    Ok(rows)
}

/// A number per edit: the same for edits whose texts begin alike, directly or over others, as
/// revisions of one sentence do.
fn groups(edits: &[Labelled]) -> Vec<usize> {
    let mut of_text: BTreeMap<String, usize> = BTreeMap::new();
    let mut parent: Vec<usize> = (0..edits.len()).collect();
    for (at, edit) in edits.iter().enumerate() {
        for text in [&edit.before, &edit.after] {
            let start: String = text.trim().chars().take(40).collect();
            let other = *of_text.entry(start).or_insert(at);
            let (a, b) = (root(&parent, at), root(&parent, other));
            parent[a.max(b)] = a.min(b);
        }
    }
    (0..edits.len()).map(|at| root(&parent, at)).collect()
}

fn root(parent: &[usize], mut at: usize) -> usize {
    while parent[at] != at {
        at = parent[at];
    }
    at
}
