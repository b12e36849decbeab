//! What a text says in an encoding that models read at sight: base64, hexadecimal, percent signs, character
//! references. It must not judge what it says.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::ops::Range;

/// Letters of a code at least: no name or number is as long, and eighteen letters give orders.
const CODE_MIN: usize = 24;
/// Letters that have to be escaped before a text counts as encoded.
const ESCAPES_MIN: usize = 4;
/// Letters of a character reference: `x10ffff;`.
const REFERENCE_MAX: usize = 8;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The letter that an escape at the front of a text stands for, and its bytes.
type Unescape = fn(&str) -> Option<(char, usize)>;

/// A text in another.
pub(super) struct Veiled {
    /// Bytes of the text around it.
    pub at: Range<usize>,
    /// What it says.
    pub text: String,
}

/// Every text that stands encoded in a text; linear in its length.
pub(super) fn read(text: &str) -> Vec<Veiled> {
    let mut found: Vec<Veiled> = codes(text)
        .into_iter()
        .filter_map(|at| {
            let code = text.get(at.clone())?;
            let bytes = hexadecimal(code).or_else(|| base64(code))?;
            let text = String::from_utf8(bytes).ok().filter(|text| is_said(text))?;
            Some(Veiled { at, text })
        })
        .collect();
    let escapes: [(&str, Unescape); 2] = [("%", percent), ("&#", reference)];
    for (mark, unescape) in escapes {
        found.extend(unescaped(text, mark, unescape).map(|unescaped| Veiled {
            at: 0..text.len(),
            text: unescaped,
        }));
    }
    found
}

/// Runs of letters that are long enough for a code.
fn codes(text: &str) -> Vec<Range<usize>> {
    let inside = |letter: char| letter.is_ascii_alphanumeric() || "+/-_=".contains(letter);
    let mut codes = Vec::new();
    let mut start: Option<usize> = None;
    for (at, letter) in text.char_indices().chain([(text.len(), ' ')]) {
        if inside(letter) {
            start = start.or(Some(at));
        } else if let Some(from) = start.take()
            && at.saturating_sub(from) >= CODE_MIN
        {
            codes.push(from..at);
        }
    }
    codes
}

fn hexadecimal(code: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = code
        .chars()
        .map(|digit| u8::try_from(digit.to_digit(16)?).ok())
        .collect();
    let pairs = digits?;
    let bytes = pairs.chunks_exact(2).map(|pair| match pair {
        [high, low] => high << 4 | low,
        _ => 0,
    });
    Some(bytes.collect())
}

fn base64(code: &str) -> Option<Vec<u8>> {
    let plain = code.replace('-', "+").replace('_', "/");
    BASE64.decode(plain).ok()
}

/// Whether a decoded text is one: words, and nothing that can't be written.
fn is_said(text: &str) -> bool {
    text.contains(' ')
        && !text
            .chars()
            .any(|letter| letter.is_control() && !letter.is_whitespace())
}

/// A text without its escapes, where it has enough of them.
fn unescaped(text: &str, mark: &str, unescape: Unescape) -> Option<String> {
    if text.matches(mark).count() < ESCAPES_MIN {
        return None;
    }
    let mut plain = String::new();
    let mut escapes = 0_usize;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (letter, bytes) = match unescape(rest) {
            Some(escape) => {
                escapes = escapes.saturating_add(1);
                escape
            }
            None => (first, first.len_utf8()),
        };
        plain.push(letter);
        rest = rest.get(bytes..)?;
    }
    (escapes >= ESCAPES_MIN).then_some(plain)
}

/// `%20`
fn percent(text: &str) -> Option<(char, usize)> {
    let code = text.strip_prefix('%')?.get(..2)?;
    let byte = u8::from_str_radix(code, 16).ok().filter(u8::is_ascii)?;
    Some((char::from(byte), 3))
}

/// `&#32;` and `&#x20;`
fn reference(text: &str) -> Option<(char, usize)> {
    let code = text.strip_prefix("&#")?;
    let end = code
        .bytes()
        .take(REFERENCE_MAX)
        .position(|byte| byte == b';')?;
    let code = code.get(..end)?;
    let number = match code.strip_prefix(['x', 'X']) {
        Some(code) => u32::from_str_radix(code, 16).ok()?,
        None => code.parse().ok()?,
    };
    Some((char::from_u32(number)?, code.len().checked_add(3)?))
}
