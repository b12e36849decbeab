//! Two texts, apart by a zero, as what was drafted and what a reviewer made of it: the changes lead from one
//! to the other, and the same texts are no edit. The same of an action's arguments.

#![no_main]

use countersign_policy::diff::words;
use countersign_policy::edit::{EditKind, action, classify};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    let Some((before, after)) = text.split_once('\0') else {
        return;
    };
    assert_eq!(words(before, after).apply(before).as_deref(), Some(after));
    let edit = classify(before, after);
    assert_eq!(classify(before, after), edit);
    assert!(before != after || edit.kind == EditKind::None);
    let read = |text| serde_json::from_str::<Value>(text);
    if let (Ok(before), Ok(after)) = (read(before), read(after)) {
        let edit = action(&before, &after);
        assert_eq!(edit.changes.is_empty(), before == after);
        assert!(before != after || edit.kind == EditKind::None);
    }
});
