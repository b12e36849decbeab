//! Which personal data stands in a text, and does it belong there? It must not guess names or
//! addresses of houses: only what has a form, and where there is a check digit, a right one.

mod address;
mod coded;
mod number;

pub(crate) use number::{digit, joins};

use super::grounds::Grounds;
use super::{Found, SignalCode, marks};
use crate::draft::Draft;
use crate::invalid::escape;
use crate::order;
use crate::ratio::Ratio;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::ops::Range;

/// Items of one draft that are looked up in the grounds, each in all of them; one with more is strange by
/// itself.
const ASKED_MAX: usize = 100;

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

/// Looks at all that is to leave: the words, in which the `items` were read, what stands above them, and an
/// action's arguments.
pub(crate) fn find<'b>(
    grounds: &'b Grounds<'_>,
    draft: &'b Draft,
    items: Vec<Item>,
    found: &'b mut Found,
) {
    let mut search = Search {
        grounds,
        found,
        asked: 0,
        at: Vec::new(),
    };
    let content = &draft.draft;
    if let Some(text) = &content.text {
        search.within("text", |search| search.items(text, items));
    }
    for (name, text) in [("subject", &content.subject), ("format", &content.format)] {
        if let Some(text) = text {
            search.within(name, |search| search.text(text));
        }
    }
    if let Some(action) = &content.action {
        search.within("action", |search| {
            search.within("args", |search| search.fields(&action.args));
        });
    }
}

/// One look through a draft.
struct Search<'a, 'b> {
    grounds: &'b Grounds<'a>,
    found: &'b mut Found,
    /// Items that were looked up so far.
    asked: usize,
    /// The names that lead to where it is: only what is found is worth a pointer.
    at: Vec<Cow<'b, str>>,
}

impl<'b> Search<'_, 'b> {
    /// Serde reads at most 128 levels, so that this ends.
    fn value(&mut self, value: &'b Value) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => {
                let digits = number.to_string();
                // `4111111111111111.0` is the same number.
                self.whole(digits.strip_suffix(".0").unwrap_or(&digits));
            }
            Value::String(text) => self.text(text),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.within(index.to_string(), |search| search.value(item));
                }
            }
            Value::Object(fields) => self.fields(fields),
        }
    }

    fn fields(&mut self, fields: &'b Map<String, Value>) {
        for (name, value) in fields {
            self.within(name, |search| {
                search.whole(name);
                search.value(value);
            });
        }
    }

    fn within(&mut self, name: impl Into<Cow<'b, str>>, look: impl FnOnce(&mut Self)) {
        self.at.push(name.into());
        look(self);
        self.at.pop();
    }

    /// A text that evidence can point into.
    fn text(&mut self, text: &str) {
        if !self.is_full() {
            self.items(text, read(text));
        }
    }

    /// What was read in such a text.
    fn items(&mut self, text: &str, items: Vec<Item>) {
        let strange = self.strange(text, items);
        if !strange.is_empty() {
            let places = marks(&self.pointer(), text, strange);
            self.found.add(SignalCode::PersonalData, Ratio::ONE, places);
        }
    }

    /// A name or a number, of which evidence shows the whole field.
    fn whole(&mut self, text: &str) {
        if !self.is_full() && !self.strange(text, read(text)).is_empty() {
            let pointer = self.pointer();
            self.found
                .field(SignalCode::PersonalData, Ratio::ONE, &pointer);
        }
    }

    /// Whether there is as much as is ever shown.
    fn is_full(&self) -> bool {
        self.found.is_full(SignalCode::PersonalData)
    }

    /// What doesn't belong.
    fn strange(&mut self, text: &str, mut items: Vec<Item>) -> Vec<Range<usize>> {
        items.retain(|item| {
            self.asked = self.asked.saturating_add(1);
            let value = text.get(item.at.clone()).unwrap_or("");
            self.asked > ASKED_MAX || !belongs(item.kind, value, self.grounds)
        });
        items.into_iter().map(|item| item.at).collect()
    }

    fn pointer(&self) -> String {
        let steps = self.at.iter().map(|name| format!("/{}", escape(name)));
        steps.fold(String::from("/draft"), |pointer, step| pointer + &step)
    }
}

/// Whether the customer, the conversation, the sources or the tenant hold it already.
fn belongs(kind: Kind, value: &str, grounds: &Grounds<'_>) -> bool {
    match kind {
        Kind::Email => {
            let address = address::plain(value);
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
        check("Passport No. C01X00T47", &[(Kind::NationalId, "C01X00T47")]);
        check(
            "CPF 529.982.247-25",
            &[(Kind::NationalId, "529.982.247-25")],
        );
    }

    #[test]
    fn another_dress_hides_nothing() {
        check(
            "IBAN:DE89-3704-0044-0532-0130-00",
            &[(Kind::Iban, "DE89-3704-0044-0532-0130-00")],
        );
        for card in [
            "4111.1111.1111.1111",
            "4111–1111–1111–1111",
            "4111\u{2011}1111\u{2011}1111\u{2011}1111",
            "4111  1111  1111  1111",
            "4111 - 1111 - 1111 - 1111",
            "4111_1111_1111_1111",
            "４１１１ １１１１ １１１１ １１１１",
        ] {
            check(&format!("card {card} there"), &[(Kind::Card, card)]);
        }
        check(
            "電話番号は03-1234-5678です",
            &[(Kind::Phone, "03-1234-5678")],
        );
        check("Phone ٠٥٠١٢٣٤٥٦٧", &[(Kind::Phone, "٠٥٠١٢٣٤٥٦٧")]);
        check(
            "at +1 (415) 555\u{2011}0132",
            &[(Kind::Phone, "+1 (415) 555\u{2011}0132")],
        );
        for address in [
            "jo [at] acme.com",
            "jo(at)acme(dot)com",
            "jo at acme dot co dot uk",
            "jo.d @ acme.com",
            "jo＠acme.com",
        ] {
            check(
                &format!("write {address}, please"),
                &[(Kind::Email, address)],
            );
        }
        check("look at acme.com, or at the dot on the i", &[]);
    }

    #[test]
    fn whose_a_number_is_says_what_it_is() {
        check("His number is 4155550132.", &[(Kind::Phone, "4155550132")]);
        check(
            "The customer's number: 01012345678",
            &[(Kind::Phone, "01012345678")],
        );
        check(
            "Seine Nummer lautet 015123456789",
            &[(Kind::Phone, "015123456789")],
        );
        check(
            "The number is 4155550132. Your order number is 4155550132",
            &[],
        );
        check(
            "Parcel 7489 1234 5678, VAT GB 123 4567 89, lotto 04 11 23 35 42 49",
            &[],
        );
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

    #[test]
    fn everyday_words_make_no_identity() {
        for text in [
            "Your security deposit was returned on 05/13/2024.",
            "Das Paket ist leider nie angekommen. Am 12.05.2025 haben wir es gesucht.",
            "Es kam nie an (Sendungsnummer 00340434161094).",
            "Das kam nie an: JJD01402993",
            "Paczka szła 5 dni, numer 12345678",
            "We are in a rut: 12345678",
            "Passport, 05/13/2024",
            "Your order's number is 4155550132",
            "The ticket's number: 4155550132",
            "The invoice's number is 4155550132",
            "There's number 4155550132 in the queue",
            "Ecco il numero 10234567",
            "Su número de cliente es 12345678",
            "Meet @ 5.pm, 2 items @ amazon.com",
        ] {
            check(text, &[]);
        }
        check("Mi NIE es Y7654321X", &[(Kind::NationalId, "Y7654321X")]);
        check("RUT 12.345.678-5", &[(Kind::NationalId, "12.345.678-5")]);
    }

    #[test]
    fn a_form_that_only_telephones_have_is_one_far_from_a_thing() {
        for (text, number) in [
            ("Please note: (415) 555-0132", "(415) 555-0132"),
            (
                "Your package is with the courier: 415-555-0132",
                "415-555-0132",
            ),
            ("Hier ist noch ein Kontakt: 030 123 45 67", "030 123 45 67"),
            (
                "About the invoice, Kim's number is 4155550132",
                "4155550132",
            ),
        ] {
            check(text, &[(Kind::Phone, number)]);
        }
        check("Ticket 415-555-0132, Rechnung Nr. 030 123 45 67", &[]);
    }
}
