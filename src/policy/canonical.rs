//! Canonical JSON (RFC 8785): one text for one value, whatever wrote it. It must not change: what is
//! hashed and committed to is this text.

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};
use std::io::{self, Write};

/// The first byte of U+E000 in UTF-8. Names are in the order of their UTF-16 code units, and texts of Rust
/// in that of their characters: below it the two are the same.
const FIRST_OF_ANOTHER_ORDER: u8 = 0xee;

/// The canonical form of any value; empty for a value that JSON can't write, which no type of this crate is.
pub fn canonical<T: Serialize>(value: &T) -> String {
    serde_jcs::to_string(value).unwrap_or_default()
}

/// The same of a value whose names come in their order, without gathering and sorting them.
pub(crate) fn written_in_order<T: Serialize>(value: &T) -> String {
    let mut text = Vec::with_capacity(1_024);
    let written = value.serialize(&mut Serializer::with_formatter(&mut text, Numbers));
    let text = written.ok().and_then(|()| String::from_utf8(text).ok());
    text.unwrap_or_default()
}

/// Whether a member and all below it come in the order of their names; a map of Rust has its own.
pub(crate) fn is_ordered((name, value): (&String, &Value)) -> bool {
    let known = name.bytes().all(|byte| byte < FIRST_OF_ANOTHER_ORDER);
    known && is_ordered_below(value)
}

fn is_ordered_below(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(is_ordered_below),
        Value::Object(members) => members.iter().all(is_ordered),
        _ => true,
    }
}

/// Writes numbers as ECMAScript does, and everything else as it comes.
struct Numbers;

impl Formatter for Numbers {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(ryu_js::Buffer::new().format(value).as_bytes())
    }

    #[expect(clippy::cast_precision_loss, reason = "a number of JSON is a double")]
    fn write_u64<W: ?Sized + Write>(&mut self, writer: &mut W, value: u64) -> io::Result<()> {
        self.write_f64(writer, value as f64)
    }

    #[expect(clippy::cast_precision_loss, reason = "a number of JSON is a double")]
    fn write_i64<W: ?Sized + Write>(&mut self, writer: &mut W, value: i64) -> io::Result<()> {
        self.write_f64(writer, value as f64)
    }
}
