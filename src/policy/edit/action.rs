//! Which kind of edit was made to an action's arguments? Judged per JSON pointer on the canonical
//! arguments, so that the order of keys never counts. Its texts are judged like any text.

use super::{Edit, EditKind, Learned, classify_by};
use crate::invalid::escape;
use crate::order;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// Arguments nested deeper than this are compared as one value: the service takes less.
const DEPTH_MAX: usize = 64;

/// The judgement of an edit of an action's arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ActionEdit {
    /// The gravest of the changes.
    pub kind: EditKind,
    /// What changed, by pointer, in the order of the pointers' keys.
    pub changes: Vec<PointerEdit>,
}

/// A changed value of an action's arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PointerEdit {
    /// Where, as a JSON pointer (RFC 6901).
    pub pointer: String,
    /// The value before; absent where it was added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// The value after; absent where it was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// What the change did: a number, a truth value, a type, an id, a date, a value added or
    /// removed is substantive; between two texts, whatever [`classify`] says.
    pub kind: EditKind,
    /// The judgement of the text, where both values are texts in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Edit>,
}

/// What was changed in an action's arguments. Total; equal arguments give `none`.
pub fn action(before: &Value, after: &Value) -> ActionEdit {
    let mut changes = Vec::new();
    compare(Some(before), Some(after), "", 0, &mut changes);
    let kind = changes
        .iter()
        .map(|change| change.kind)
        .max()
        .unwrap_or(EditKind::None);
    ActionEdit { kind, changes }
}

fn compare(
    before: Option<&Value>,
    after: Option<&Value>,
    pointer: &str,
    depth: usize,
    changes: &mut Vec<PointerEdit>,
) {
    if before == after || same_number(before, after) {
        return;
    }
    let deeper = depth.saturating_add(1);
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) if depth < DEPTH_MAX => {
            let keys: BTreeSet<&String> = order::gathered(old.keys().chain(new.keys()));
            for key in keys {
                let escaped = escape(key);
                let inner = format!("{pointer}/{escaped}");
                compare(old.get(key), new.get(key), &inner, deeper, changes);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if depth < DEPTH_MAX => {
            for at in 0..old.len().max(new.len()) {
                compare(
                    old.get(at),
                    new.get(at),
                    &format!("{pointer}/{at}"),
                    deeper,
                    changes,
                );
            }
        }
        _ => changes.push(changed(before, after, pointer)),
    }
}

/// `50` and `50.0` are one amount.
fn same_number(before: Option<&Value>, after: Option<&Value>) -> bool {
    match (before, after) {
        (Some(Value::Number(old)), Some(Value::Number(new))) => {
            let whole = old.as_i64().is_none() || new.as_i64().is_none();
            whole && old.as_f64().is_some() && old.as_f64() == new.as_f64()
        }
        _ => false,
    }
}

fn changed(before: Option<&Value>, after: Option<&Value>, pointer: &str) -> PointerEdit {
    let text = prose_edit(
        before.and_then(Value::as_str),
        after.and_then(Value::as_str),
        Learned::CARRIED,
    );
    let kind = kind_of(text.as_ref());
    PointerEdit {
        pointer: pointer.to_owned(),
        before: before.cloned(),
        after: after.cloned(),
        kind,
        text,
    }
}

/// Of which kind the change of one argument is; `None` stands for a value that is no text. For who
/// compares the arguments elsewhere: it says of each change what [`action`] says.
pub fn argument_kind(before: Option<&str>, after: Option<&str>) -> EditKind {
    argument_kind_by(before, after, Learned::CARRIED)
}

/// The same, by what was learned elsewhere.
pub fn argument_kind_by(
    before: Option<&str>,
    after: Option<&str>,
    learned: Learned<'_>,
) -> EditKind {
    kind_of(prose_edit(before, after, learned).as_ref())
}

fn prose_edit(before: Option<&str>, after: Option<&str>, learned: Learned<'_>) -> Option<Edit> {
    match (before, after) {
        (Some(old), Some(new)) if is_prose(old) && is_prose(new) => {
            Some(classify_by(old, new, learned))
        }
        _ => None,
    }
}

fn kind_of(text: Option<&Edit>) -> EditKind {
    text.map_or(EditKind::Substantive, |edit| edit.kind)
}

/// Whether a text is words for people: at least three, not an id, a code, a name or a date.
fn is_prose(text: &str) -> bool {
    text.split_whitespace()
        .filter(|word| word.chars().all(char::is_alphabetic))
        .count()
        >= 3
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(before: Value, after: Value, kind: EditKind, pointers: &[&str]) {
        let edit = action(&before, &after);
        let found: Vec<&str> = edit.changes.iter().map(|c| c.pointer.as_str()).collect();
        assert_eq!(
            (edit.kind, found.as_slice()),
            (kind, pointers),
            "{before} {after}"
        );
        for change in &edit.changes {
            let before = change.before.as_ref().and_then(Value::as_str);
            let after = change.after.as_ref().and_then(Value::as_str);
            assert_eq!(argument_kind(before, after), change.kind, "{change:?}");
        }
    }

    #[test]
    fn by_pointer() {
        use EditKind::{Cosmetic, None, Substantive};
        check(json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1}), None, &[]);
        check(json!({"amount": 50}), json!({"amount": 50.0}), None, &[]);
        check(
            json!({"amount": 50}),
            json!({"amount": 75}),
            Substantive,
            &["/amount"],
        );
        check(
            json!({"id": "A-1"}),
            json!({"id": "a-1"}),
            Substantive,
            &["/id"],
        );
        check(json!({}), json!({"note": "x"}), Substantive, &["/note"]);
        check(
            json!({"a/b": [1, 2]}),
            json!({"a/b": [1]}),
            Substantive,
            &["/a~1b/1"],
        );
        let old = json!({"note": "we  recieve it soon"});
        check(
            old,
            json!({"note": "we receive it soon"}),
            Cosmetic,
            &["/note"],
        );
    }
}
