//! Which personal data stands in a text, and does it belong there? It must not guess names or
//! addresses of houses: only what has a form, and where there is a check digit, a right one.

mod coded;
mod number;

use super::grounds::Grounds;
use super::{Found, SignalCode, marks};
use crate::draft::Draft;
use crate::invalid::escape;
use crate::order;
use crate::ratio::Ratio;
use serde_json::Value;
use std::ops::Range;

/// Items of one text that are looked up in the grounds; a text with more is strange by itself.
const ASKED_MAX: usize = 100;
/// Strings of an action's arguments that are looked at: more than any catalogue lists.
const STRINGS_MAX: usize = 200;

/// What kind of personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An email address.
    Email,
    /// A telephone or fax number.
    Phone,
    /// A payment card's number with a right check digit.
    Card,
    /// An IPv4 or IPv6 address.
    IpAddress,
    /// A social security number of the USA.
    UsSsn,
    /// A number by which another state knows a person.
    NationalId,
    /// An international bank account number with right check digits.
    Iban,
}

/// A piece of personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// Bytes of the text.
    pub at: Range<usize>,
}

/// Every piece of personal data in a text, by where it begins; none overlap. Linear in its length.
pub fn read(text: &str) -> Vec<Item> {
    let mut items = coded::read(text);
    number::read(text, &mut items);
    order::by_key(&mut items, |item| {
        (item.at.start, usize::MAX.saturating_sub(item.at.end))
    });
    let mut end = 0;
    items.retain(|item| {
        let free = item.at.start >= end;
        end = if free { item.at.end } else { end };
        free
    });
    items
}

pub(crate) fn find(grounds: &Grounds<'_>, draft: &Draft, found: &mut Found) {
    for (pointer, text) in texts(draft) {
        let strange: Vec<_> = read(text)
            .into_iter()
            .enumerate()
            .filter(|(index, item)| {
                let value = text.get(item.at.clone()).unwrap_or("");
                *index >= ASKED_MAX || !belongs(item.kind, value, grounds)
            })
            .map(|(_, item)| item.at)
            .collect();
        if !strange.is_empty() {
            let places = marks(&pointer, text, strange);
            found.add(SignalCode::PersonalData, Ratio::ONE, places);
        }
    }
}

/// What is to leave: the words, the subject line, and every string of an action's arguments.
fn texts(draft: &Draft) -> Vec<(String, &str)> {
    let content = &draft.draft;
    let mut texts: Vec<(String, &str)> = Vec::new();
    for (pointer, text) in [
        ("/draft/text", &content.text),
        ("/draft/subject", &content.subject),
    ] {
        texts.extend(text.as_deref().map(|text| (pointer.to_owned(), text)));
    }
    let arguments = content.action.iter().flat_map(|action| &action.args);
    let mut open: Vec<(String, &Value)> = arguments
        .map(|(name, value)| (step("/draft/action/args", name), value))
        .collect();
    // Serde reads at most 128 levels, so that this ends.
    while let Some((pointer, value)) = open.pop() {
        match value {
            Value::String(text) if texts.len() < STRINGS_MAX => texts.push((pointer, text)),
            Value::Array(list) => {
                let items = list.iter().enumerate();
                open.extend(items.map(|(index, item)| (format!("{pointer}/{index}"), item)));
            }
            Value::Object(fields) => {
                open.extend(
                    fields
                        .iter()
                        .map(|(name, item)| (step(&pointer, name), item)),
                );
            }
            _ => {}
        }
    }
    texts
}

fn step(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", escape(name))
}

/// Whether the customer, the conversation, the sources or the tenant hold it already.
fn belongs(kind: Kind, value: &str, grounds: &Grounds<'_>) -> bool {
    match kind {
        Kind::Email => {
            let address = value.to_lowercase();
            let (name, host) = address.split_once('@').unwrap_or((&address, ""));
            coded::is_role(name) || grounds.is_own_host(host) || grounds.holds_text(&address)
        }
        Kind::IpAddress => coded::is_private(value) || grounds.holds_text(&value.to_lowercase()),
        Kind::Phone => grounds.holds_digits(value, 9),
        _ => grounds.holds_digits(value, usize::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(Kind, &str)]) {
        let items = read(text);
        let found: Vec<(Kind, &str)> = items
            .iter()
            .map(|item| (item.kind, text.get(item.at.clone()).unwrap()))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn forms_are_told_apart() {
        check(
            "Mail jo.d+x@a-b.co.uk.",
            &[(Kind::Email, "jo.d+x@a-b.co.uk")],
        );
        check(
            "Call +49 (0)30 1234 567.",
            &[(Kind::Phone, "+49 (0)30 1234 567")],
        );
        check("(579)888-3058x12", &[(Kind::Phone, "(579)888-3058x12")]);
        check(
            "card 4111 1111 1111 1111",
            &[(Kind::Card, "4111 1111 1111 1111")],
        );
        check("card 4111 1111 1111 1112", &[]);
        check("SSN 460-89-9847", &[(Kind::UsSsn, "460-89-9847")]);
        check("from 86.121.97.248|", &[(Kind::IpAddress, "86.121.97.248")]);
        check(
            "at ::ffff:192.0.2.128",
            &[(Kind::IpAddress, "::ffff:192.0.2.128")],
        );
        check(
            "at 2001:db8::ff00:42:8329",
            &[(Kind::IpAddress, "2001:db8::ff00:42:8329")],
        );
        check(
            "DE89 3704 0044 0532 0130 00",
            &[(Kind::Iban, "DE89 3704 0044 0532 0130 00")],
        );
        check("NINO QQ 12 34 56 C", &[(Kind::NationalId, "QQ 12 34 56 C")]);
        check("DNI 12345678Z", &[(Kind::NationalId, "12345678Z")]);
    }

    #[test]
    fn other_numbers_are_no_personal_data() {
        check("Order 12345678 of 2024-05-20 11:34:35, 12.03.2024", &[]);
        check("It costs 1,234,567.89 or 1 234 567 EUR", &[]);
        check("Version 10.15.7.2 at 12:30:45", &[]);
        check("zip 75534-030, call me about order 4500840", &[]);
        check(
            "Update to 10.0.19045.3570, (1861-1883), 0.123456789012",
            &[],
        );
        check("36.6 37.2 38.1 39.0 and ISBN 978-3-16-148410-0", &[]);
        check("flight HAT136 from 5 to 7, A@B, @home", &[]);
    }
}
