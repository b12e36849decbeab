//! Laws of the edit kind.

use countersign_policy::edit::{
    EditKind, EditReason, Learned, SUBSTANTIVE_PPM, action, classify, classify_by,
};
use proptest::prelude::*;
use serde_json::json;

/// A plain sentence; its words are common, its numbers and names few.
const SENTENCE: [&str; 12] = [
    "we", "will", "send", "the", "parcel", "to", "your", "address", "and", "write", "you", "again",
];

fn sentence(at: usize, word: &str) -> String {
    let mut words = SENTENCE.map(str::to_owned);
    words[at] = word.to_owned();
    words.join(" ")
}

proptest! {
    /// Equal texts are no edit.
    #[test]
    fn equal_is_none(text in any::<String>()) {
        let edit = classify(&text, &text);
        prop_assert_eq!((edit.kind, edit.reasons.len()), (EditKind::None, 0));
    }

    /// Any two texts can be judged; an edit has a reason, and its kind agrees with its score.
    #[test]
    fn total(before in any::<String>(), after in any::<String>()) {
        let edit = classify(&before, &after);
        prop_assert_eq!(edit.kind == EditKind::None, before == after);
        prop_assert_eq!(edit.reasons.is_empty(), before == after);
        prop_assert_eq!(edit.kind == EditKind::Substantive, edit.score_ppm >= SUBSTANTIVE_PPM);
        prop_assert!(edit.score_ppm <= 1_000_000);
    }

    /// More or less blank space between words is never substantive.
    #[test]
    fn blank_space_is_cosmetic(words in prop::collection::vec("[a-zA-Z]{1,8}|[0-9]{1,4}|[.,!]", 2..20)) {
        let edit = classify(&words.join(" "), &words.join(" \n "));
        prop_assert_eq!(edit.kind, EditKind::Cosmetic);
    }

    /// Neither is case, nor the shape of quotes.
    #[test]
    fn case_and_quotes_are_cosmetic(text in "[a-zA-Z ]{0,40}\"[a-zA-Z ]{1,40}\"[a-z .]{0,20}") {
        let upper = text.to_uppercase();
        prop_assert!(classify(&text, &upper).kind <= EditKind::Cosmetic);
        let curly = text.replacen('"', "“", 1).replacen('"', "”", 1);
        prop_assert_eq!(classify(&text, &curly).kind, EditKind::Cosmetic);
    }

    /// A changed number always is, wherever it stands.
    #[test]
    fn a_changed_number_is_substantive(at in 0..12_usize, a in 0..100_000_u32, b in 0..100_000_u32) {
        prop_assume!(a != b);
        let edit = classify(&sentence(at, &a.to_string()), &sentence(at, &b.to_string()));
        prop_assert_eq!(edit.kind, EditKind::Substantive);
        prop_assert_eq!(edit.reasons[0].reason, EditReason::Number);
    }

    /// A changed name always is.
    #[test]
    fn a_changed_name_is_substantive(at in 1..12_usize) {
        let edit = classify(&sentence(at, "Olivia"), &sentence(at, "Marcus"));
        prop_assert_eq!(edit.kind, EditKind::Substantive);
        prop_assert!(edit.reasons.iter().any(|found| found.reason == EditReason::Name));
    }

    /// An action's amount is judged at its pointer.
    #[test]
    fn amounts_by_pointer(a in any::<i64>(), b in any::<i64>()) {
        let edit = action(&json!({"refund": {"minor": a}}), &json!({"refund": {"minor": b}}));
        let kind = if a == b { EditKind::None } else { EditKind::Substantive };
        prop_assert_eq!(edit.kind, kind);
        prop_assert!(edit.changes.iter().all(|change| change.pointer == "/refund/minor"));
    }
}

/// The golden cases, which also run as Wasm.
#[test]
fn golden() {
    let cases: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../cases/edit.json")).unwrap();
    for case in cases {
        let text = |key: &str| case[key].as_str().unwrap().to_owned();
        let learned = Learned::CARRIED.of_messages();
        let edit = classify_by(&text("before"), &text("after"), learned);
        let found = serde_json::to_value(&edit).unwrap();
        assert_eq!(found["kind"], case["kind"], "{}: {found}", text("name"));
        for reason in case["reasons"].as_array().into_iter().flatten() {
            let has = edit.reasons.iter().any(|r| json!(r.reason) == *reason);
            assert!(has, "{}: {reason} is missing in {found}", text("name"));
        }
        for reason in case["unsaid"].as_array().into_iter().flatten() {
            let has = edit.reasons.iter().any(|r| json!(r.reason) == *reason);
            assert!(!has, "{}: {reason} stands in {found}", text("name"));
        }
    }
}
