//! Which kind of edit was made to a message: to its words, and to who gets it under which subject.

use super::{
    Edit, EditKind, EditReason, EditReasonFound, Learned, REASONS_MAX, SUBSTANTIVE_PPM, classify_by,
};
use crate::draft::Content;

/// What was changed in a message. Another recipient is substantive like another name; a subject is read
/// as the first line of the text where it differs.
pub fn message(before: &Content, after: &Content) -> Edit {
    let same_subject = before.subject == after.subject;
    let (old, new) = (read(before, same_subject), read(after, same_subject));
    let edit = classify_by(&old, &new, Learned::CARRIED.of_messages());
    let (gone, come) = (missing(before, after), missing(after, before));
    if gone.is_empty() && come.is_empty() {
        return edit;
    }
    let recipients = EditReasonFound {
        reason: EditReason::Link,
        before: gone,
        after: come,
    };
    let others = edit
        .reasons
        .into_iter()
        .filter(|found| found.reason != EditReason::Link);
    Edit {
        kind: EditKind::Substantive,
        reasons: [recipients]
            .into_iter()
            .chain(others)
            .take(REASONS_MAX)
            .collect(),
        score_ppm: edit.score_ppm.max(SUBSTANTIVE_PPM),
    }
}

fn read(content: &Content, text_only: bool) -> String {
    let text = content.text.as_deref().unwrap_or_default();
    match &content.subject {
        Some(subject) if !text_only => format!("{subject}\n\n{text}"),
        _ => text.to_owned(),
    }
}

/// The recipients of `one`, each as it is addressed, that `other` does not have.
fn missing(one: &Content, other: &Content) -> String {
    let to = one.to.iter().filter(|address| !other.to.contains(address));
    let cc = one.cc.iter().filter(|address| !other.cc.contains(address));
    let addresses: Vec<&str> = to.chain(cc).map(String::as_str).collect();
    addresses
        .join(", ")
        .chars()
        .take(super::EVIDENCE_CHARS_MAX)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl Fn(&mut Content), kind: EditKind) {
        let before = Content {
            text: Some("Your parcel is on its way.".to_owned()),
            to: vec!["ada@example.com".to_owned()],
            cc: Vec::new(),
            subject: Some("Your parcel".to_owned()),
            format: None,
            action: None,
        };
        let mut after = before.clone();
        change(&mut after);
        assert_eq!(message(&before, &after).kind, kind, "{after:?}");
    }

    #[test]
    fn another_recipient_is_never_cosmetic() {
        check(|_| (), EditKind::None);
        check(
            |new| new.to = vec!["eve@example.com".to_owned()],
            EditKind::Substantive,
        );
        check(
            |new| new.to.push("eve@example.com".to_owned()),
            EditKind::Substantive,
        );
        check(|new| new.to.clear(), EditKind::Substantive);
        check(
            |new| new.cc.push("eve@example.com".to_owned()),
            EditKind::Substantive,
        );
    }

    #[test]
    fn a_subject_counts_like_the_words() {
        check(
            |new| new.subject = Some("Your  parcel".to_owned()),
            EditKind::Cosmetic,
        );
        check(
            |new| new.subject = Some("Your refund of 20 EUR".to_owned()),
            EditKind::Substantive,
        );
        check(
            |new| new.text = Some("Your parcel is not on its way.".to_owned()),
            EditKind::Substantive,
        );
    }
}
