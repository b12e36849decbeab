//! Codes: IP addresses, IBAN, and identity numbers with letters. It must not read plain
//! runs of digits, which are `number`'s.

use super::{Item, Kind, address, number};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// ISO 13616: 34 letters and digits.
const IBAN_MAX: usize = 34;
const IBAN_MIN: usize = 15;
/// Letters at which a code is no longer one that states give people.
const LABELLED_MAX: usize = 21;
/// Letters before an address in which `version` may stand.
const VERSION_BYTES: usize = 16;
/// Names before the sign that stand for a desk and not for a person.
const ROLES: [&str; 24] = [
    "support",
    "help",
    "helpdesk",
    "info",
    "contact",
    "hello",
    "service",
    "customerservice",
    "customer.service",
    "sales",
    "billing",
    "invoices",
    "accounts",
    "team",
    "office",
    "privacy",
    "security",
    "legal",
    "press",
    "abuse",
    "feedback",
    "returns",
    "noreply",
    "no-reply",
];

/// Everything with a sign or a letter in it.
pub(super) fn read(text: &str) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    items.extend(address::read(text).map(|at| Item {
        kind: Kind::Email,
        at,
    }));
    let mut starts = Vec::new();
    for token in tokens(text) {
        let word = text.get(token.clone()).unwrap_or("");
        if let Some(length) = ip_address(word, text.get(..token.start).unwrap_or("")) {
            let at = token.start..token.start.saturating_add(length);
            items.push(Item {
                kind: Kind::IpAddress,
                at,
            });
        } else {
            starts.push(token);
        }
    }
    // `IBAN:DE89…` is one token, and a code begins behind the colon.
    let starts = starts.into_iter().map(|token| {
        let word = text.get(token.clone()).unwrap_or("");
        let label = word.rfind(':').map_or(0, |colon| colon.saturating_add(1));
        token.start.saturating_add(label)..token.end
    });
    for token in starts {
        let rest = text.get(token.start..).unwrap_or("");
        let found = iban(rest)
            .map(|length| (Kind::Iban, length))
            .or_else(|| identity(rest).map(|length| (Kind::NationalId, length)))
            .or_else(|| {
                let length = labelled(rest)?;
                number::is_identity(text, token.start).then_some((Kind::NationalId, length))
            });
        items.extend(found.map(|(kind, length)| Item {
            kind,
            at: token.start..token.start.saturating_add(length),
        }));
    }
    items
}

/// Whether the name before the sign stands for a desk.
pub(super) fn is_role(name: &str) -> bool {
    ROLES.contains(&name)
}

/// Whether an address is of a private network, and so of nobody.
pub(super) fn is_private(address: &str) -> bool {
    match (address.parse::<Ipv4Addr>(), address.parse::<Ipv6Addr>()) {
        (Ok(four), _) => {
            four.is_private() || four.is_loopback() || four.is_link_local() || four.is_unspecified()
        }
        (_, Ok(six)) => six.is_loopback() || six.is_unspecified(),
        _ => false,
    }
}

/// Runs of ASCII letters, digits, dots and colons that hold a digit or colon, from their first
/// letter or digit on.
fn tokens(text: &str) -> Vec<Range<usize>> {
    let mut tokens = Vec::new();
    let mut start: Option<usize> = None;
    let mut worth = false;
    let characters = text.char_indices().chain([(text.len(), ' ')]);
    for (at, character) in characters {
        // A letter of another alphabet is no boundary, but never part of a code.
        if number::joins(character) || matches!(character, '.' | ':') {
            worth |= character.is_ascii_digit() || character == ':';
            start = start.or(Some(at));
        } else if let Some(first) = start.take() {
            let mut range = first..at;
            let word = text.get(range.clone()).unwrap_or("");
            range.end = first.saturating_add(word.trim_end_matches(['.', ':']).len());
            // The letters that open an IBAN with spaces have its check digits beside them; those
            // of a British number stand alone.
            if (worth || range.len() == 2) && word.is_ascii() && !range.is_empty() {
                tokens.push(range);
            }
            worth = false;
        }
    }
    tokens
}

/// The bytes of an address at the front of a token.
fn ip_address(token: &str, before: &str) -> Option<usize> {
    let four = token.split_once(':').map_or(token, |(host, _port)| host);
    if four.parse::<Ipv4Addr>().is_ok() {
        let from = before.len().saturating_sub(VERSION_BYTES);
        let near = before.get(from..).unwrap_or("");
        let previous = near.split_whitespace().next_back().unwrap_or("");
        let version = [
            "version", "v", "release", "build", "firmware", "section", "clause",
        ]
        .iter()
        .any(|word| previous.trim_end_matches(':').eq_ignore_ascii_case(word));
        return (!version).then_some(four.len());
    }
    let groups = token.split(':').filter(|group| !group.is_empty()).count();
    ((groups > 2 || token.contains('.')) && token.parse::<Ipv6Addr>().is_ok())
        .then_some(token.len())
}

/// The bytes of an IBAN at the front of `rest`: whole, or in groups between single spaces or hyphens.
fn iban(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let [a, b, c, d, ..] = bytes else { return None };
    let opens = a.is_ascii_uppercase() | a.is_ascii_lowercase()
        && b.is_ascii_alphabetic()
        && c.is_ascii_digit()
        && d.is_ascii_digit();
    if !opens {
        return None;
    }
    let mut code: Vec<u8> = Vec::with_capacity(IBAN_MAX);
    let mut longest = None;
    let mut parted = false;
    let mut rest = rest.char_indices().peekable();
    while let Some((at, character)) = rest.next() {
        let parts = matches!(
            character,
            ' ' | '-' | '.' | '\u{a0}' | '\u{202f}' | '\u{2011}'
        );
        if character.is_ascii_alphanumeric() && code.len() < IBAN_MAX {
            code.extend(u8::try_from(character));
            let ends = rest.peek().is_none_or(|(_, next)| !number::joins(*next));
            if ends && code.len() >= IBAN_MIN && iban_checks(&code) {
                longest = Some(at.saturating_add(1));
            }
        } else if !parts || parted {
            break;
        }
        parted = parts;
    }
    longest
}

/// The bytes of a code of letters and digits at the front of `rest`, as states give people: only a word
/// beside it says that it is one.
fn labelled(rest: &str) -> Option<usize> {
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let length = rest.bytes().take(LABELLED_MAX).take_while(inside).count();
    let code = rest.get(..length)?;
    let code = code.trim_end_matches('-');
    let digits = code.bytes().filter(u8::is_ascii_digit).count();
    ((7..LABELLED_MAX).contains(&code.len()) && digits > 4).then_some(code.len())
}

/// ISO 7064: the code with its first four at the end, letters as 10 to 35, leaves 1 of 97.
fn iban_checks(code: &[u8]) -> bool {
    let (head, tail) = code.split_at_checked(4).unwrap_or((code, &[]));
    let rest = tail.iter().chain(head).fold(0_u32, |rest, byte| {
        let digit = char::from(*byte).to_digit(36).unwrap_or(0);
        let places: u32 = if digit > 9 { 100 } else { 10 };
        rest.saturating_mul(places).saturating_add(digit) % 97
    });
    rest == 1
}

/// The bytes of an identity number with letters at the front of `rest`.
fn identity(rest: &str) -> Option<usize> {
    let mut shape = String::new();
    let mut code: Vec<u8> = Vec::new();
    for (at, byte) in rest.bytes().enumerate() {
        if !byte.is_ascii_alphanumeric() || code.len() > 16 {
            if byte == b' ' && british(&shape) == Some(false) {
                continue;
            }
            break;
        }
        shape.push(if byte.is_ascii_digit() { '9' } else { 'A' });
        code.push(byte.to_ascii_uppercase());
        let next = rest.as_bytes().get(at.saturating_add(1));
        let ends = next.is_none_or(|next| !next.is_ascii_alphanumeric());
        if ends
            && (british(&shape) == Some(true) && british_letters(&code) || checked(&shape, &code))
        {
            return Some(at.saturating_add(1));
        }
    }
    None
}

/// Whether a shape is a British number, or could become one: two letters, six digits, a letter.
fn british(shape: &str) -> Option<bool> {
    let whole = "AA999999A";
    if shape == whole {
        Some(true)
    } else {
        (shape.len() > 1 && whole.starts_with(shape)).then_some(false)
    }
}

/// The last letter is A to D, and some first letters are never given out.
fn british_letters(code: &[u8]) -> bool {
    let unused = |byte: &u8| matches!(byte, b'D' | b'F' | b'I' | b'U' | b'V');
    code.last().is_some_and(|last| (b'A'..=b'D').contains(last)) && !code.iter().take(2).any(unused)
}

/// Spanish numbers by their check letter; Italian ones by their shape, which nothing else has.
fn checked(shape: &str, code: &[u8]) -> bool {
    let digits = |prefix: u32, code: &[u8]| {
        code.iter()
            .filter_map(|byte| char::from(*byte).to_digit(10))
            .fold(prefix, |number, digit| {
                number.saturating_mul(10).saturating_add(digit)
            })
    };
    let letter = |number: u32| {
        let at = usize::try_from(number % 23).unwrap_or(0);
        b"TRWAGMYFPDXBNJZSQVHLCKE".get(at) == code.last()
    };
    match (shape, code.first()) {
        ("99999999A", _) => letter(digits(0, code)),
        ("A9999999A", Some(first @ (b'X' | b'Y' | b'Z'))) => {
            letter(digits(u32::from(first.saturating_sub(b'X')), code))
        }
        ("AAAAAA99A99A999A", _) => true,
        _ => false,
    }
}
