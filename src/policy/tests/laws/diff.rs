//! Laws of the diff.

use countersign_policy::diff::{Change, ChangeKind, Diff, words};
use proptest::prelude::*;

/// Texts that differ in little, so that there is something to keep.
fn texts() -> impl Strategy<Value = (String, String)> {
    let word = prop_oneof![
        "[a-c]{1,3}",
        "[0-9]{1,4}([.,][0-9]{2})?",
        "[ .,'\n]{1,2}",
        Just("e\u{301}".to_owned()),
        Just("退款".to_owned()),
        Just("👩‍👩‍👧".to_owned()),
        Just("नमस्ते".to_owned()),
        any::<char>().prop_map(String::from),
    ];
    let pieces = prop::collection::vec(word, 0..30);
    let edits = prop::collection::vec((any::<prop::sample::Index>(), "[a-c ]{0,3}"), 0..6);
    (pieces, edits).prop_map(|(pieces, edits)| {
        let mut changed = pieces.clone();
        for (at, text) in edits {
            if !changed.is_empty() {
                let at = at.index(changed.len());
                changed[at] = text;
            }
        }
        (pieces.concat(), changed.concat())
    })
}

fn side(diff: &Diff, skipped: ChangeKind) -> String {
    let kept = diff.changes.iter().filter(|change| change.kind != skipped);
    kept.map(|change| change.text.as_str()).collect()
}

fn shared(change: &Change) -> String {
    let shared = change.parts.iter().filter(|part| !part.changed);
    shared.map(|part| part.text.as_str()).collect()
}

proptest! {
    /// Applying a diff gives the new text, and its sides are the two texts.
    #[test]
    fn applying_gives_the_new_text((before, after) in texts()) {
        let diff = words(&before, &after);
        prop_assert_eq!(diff.apply(&before), Some(after.clone()));
        if before != after {
            prop_assert_eq!(side(&diff, ChangeKind::Insert), before);
            prop_assert_eq!(side(&diff, ChangeKind::Delete), after);
        }
    }

    /// The same for any two texts.
    #[test]
    fn any_two_texts(before in any::<String>(), after in any::<String>()) {
        prop_assert_eq!(words(&before, &after).apply(&before), Some(after));
    }

    /// A text has no changes against itself; different texts have some.
    #[test]
    fn empty_exactly_for_equal_texts((before, after) in texts()) {
        prop_assert!(words(&before, &before).is_empty());
        prop_assert_eq!(words(&before, &after).is_empty(), before == after);
    }

    /// Between two kept pieces stands at most one deletion, then at most one insertion; no piece
    /// is empty.
    #[test]
    fn changes_are_in_order((before, after) in texts()) {
        let changes = words(&before, &after).changes;
        prop_assert!(changes.iter().all(|change| !change.text.is_empty()));
        for pair in changes.windows(2) {
            let kinds = (pair[0].kind, pair[1].kind);
            prop_assert!(kinds.0 != kinds.1, "{changes:?}");
            prop_assert!(kinds != (ChangeKind::Insert, ChangeKind::Delete), "{changes:?}");
        }
    }

    /// The parts of a change are its text, and what a deletion shares with its insertion is the
    /// same text on both sides.
    #[test]
    fn parts_are_the_text((before, after) in texts()) {
        let changes = words(&before, &after).changes;
        for change in changes.iter().filter(|change| !change.parts.is_empty()) {
            let joined: String = change.parts.iter().map(|part| part.text.as_str()).collect();
            prop_assert_eq!(&joined, &change.text);
        }
        for pair in changes.windows(2).filter(|pair| pair[0].kind == ChangeKind::Delete) {
            if pair[1].kind == ChangeKind::Insert {
                prop_assert_eq!(shared(&pair[0]), shared(&pair[1]));
            }
        }
    }

    /// A diff survives being written and read.
    #[test]
    fn written_and_read((before, after) in texts()) {
        let diff = words(&before, &after);
        let text = serde_json::to_string(&diff).unwrap();
        prop_assert_eq!(serde_json::from_str::<Diff>(&text).unwrap(), diff);
    }
}

/// The golden cases, which also run as Wasm.
#[test]
fn golden() {
    let cases: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../cases/diff.json")).unwrap();
    for case in cases {
        let text = |key: &str| case[key].as_str().unwrap().to_owned();
        let diff = words(&text("before"), &text("after"));
        assert_eq!(
            serde_json::to_value(&diff.changes).unwrap(),
            case["changes"],
            "{}",
            text("name")
        );
    }
}
