//! Are two drafts the same but for figures and a name? A burst of them is one piece of evidence, and
//! can be approved together where it goes to the same place. It must not judge meaning:
//! `memory::kinship` does, where vectors are.

use crate::canonical::canonical;
use crate::digest::{hex, plain};
use crate::draft::{Content, Draft};
use crate::order;
use std::collections::BTreeSet;

/// Bytes of a signature: a collision among a million drafts of a day is unlikelier than 2^-88.
const SIGNATURE_BYTES: usize = 16;

/// The same for near-identical drafts: SHA-256 of the words of message and draft, each once,
/// whatever their case, order and punctuation, without figures and without the customer's name.
/// 32 hexadecimal digits.
pub fn signature(draft: &Draft) -> String {
    let name = draft
        .customer
        .as_ref()
        .and_then(|customer| customer.name.as_deref());
    let name = words(name.unwrap_or(""));
    let arguments = draft
        .draft
        .action
        .as_ref()
        .map(canonical)
        .unwrap_or_default();
    let text = draft.draft.text.as_deref().unwrap_or("");
    let said = [draft.message.as_str(), text, arguments.as_str()].map(words);
    let parts: Vec<String> = said
        .iter()
        .map(|words| {
            words
                .difference(&name)
                .cloned()
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    hex(plain(&parts).get(..SIGNATURE_BYTES).unwrap_or_default())
}

/// The same for drafts that one look decides: near-identical ones with exactly the same recipients,
/// subject and format. Evidence is counted without those: a burst to many people is still one.
pub fn together(draft: &Draft) -> String {
    let Content {
        to,
        cc,
        subject,
        format,
        ..
    } = &draft.draft;
    let parts = canonical(&(signature(draft), to, cc, subject, format));
    hex(plain(&[&parts]).get(..SIGNATURE_BYTES).unwrap_or_default())
}

fn words(text: &str) -> BTreeSet<String> {
    let words = text
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty() && !word.chars().any(char::is_numeric));
    order::gathered(words.map(str::to_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(name: &str, message: &str, text: &str) -> String {
        let body = json!({
            "agent": "desk", "kind": "message", "channel": "email", "category": "billing",
            "message": message, "draft": { "text": text }, "customer": { "id": "1", "name": name },
            "conversation": { "id": "c", "head": "m",
                "messages": [{ "id": "m", "role": "customer", "text": message }] }
        });
        signature(&Draft::parse(body.to_string().as_bytes()).unwrap())
    }

    #[test]
    fn figures_and_names_make_no_difference_and_words_do() {
        let ada = of(
            "Ada Lovelace",
            "Where is order 17?",
            "Hi Ada, order 17 left today.",
        );
        assert_eq!(ada.len(), 32);
        assert_eq!(
            ada,
            of("Bob", "where is order 9", "Hi Bob! Order 9 left today.")
        );
        assert_ne!(
            ada,
            of("Bob", "where is order 9", "Hi Bob! Order 9 left yesterday.")
        );
        assert_ne!(
            ada,
            of("Bob", "where is my order 9", "Hi Bob! Order 9 left today.")
        );
    }

    #[test]
    fn what_goes_elsewhere_or_under_another_subject_is_not_approved_along() {
        let draft = |envelope: serde_json::Value| {
            let mut content = json!({ "text": "Your refund left today." });
            content
                .as_object_mut()
                .unwrap()
                .extend(envelope.as_object().unwrap().clone());
            let body = json!({
                "agent": "desk", "kind": "message", "channel": "email", "message": "My refund?",
                "draft": content, "conversation": { "id": "c", "head": "m",
                    "messages": [{ "id": "m", "role": "customer", "text": "My refund?" }] }
            });
            Draft::parse(body.to_string().as_bytes()).unwrap()
        };
        let first = json!({ "to": ["ada@customer.example"], "subject": "Refund" });
        let others = [
            json!({ "to": ["ada@elsewhere.example"], "subject": "Refund" }),
            json!({ "to": ["ada@customer.example"], "cc": ["eve@elsewhere.example"], "subject": "Refund" }),
            json!({ "cc": ["ada@customer.example"], "subject": "Refund" }),
            json!({ "to": ["ada@customer.example"], "subject": "Invoice" }),
        ];
        let first = draft(first);
        assert_eq!(together(&first), together(&first.clone()));
        for other in others.map(draft) {
            assert_ne!(together(&first), together(&other), "{:?}", other.draft);
            assert_eq!(
                signature(&first),
                signature(&other),
                "one piece of evidence"
            );
        }
    }
}
