//! Why an input was refused before anything was stored. It must not hold the input's text beyond
//! the name of the field at fault.

use crate::depth;
use crate::members;
use crate::pointer::{offset_of, pointer_at};
use serde::de::DeserializeOwned;

/// One fault of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Which family the fault belongs to.
    pub fault: Fault,
    /// JSON pointer of the field at fault; empty for the whole document.
    pub pointer: String,
    /// What is wrong, for people: lower case, no full stop.
    pub detail: String,
}

/// The families of faults; each is one stable problem code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The bytes are not JSON.
    Malformed,
    /// Objects and lists within each other, more than anything here has.
    TooDeep,
    /// A field that the contract doesn't know.
    UnknownField,
    /// A field is missing, of another type, or outside its range.
    InvalidField,
    /// A text or list is longer than its limit.
    TooLong,
}

impl Invalid {
    /// A field outside its range.
    pub fn field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            fault: Fault::InvalidField,
            pointer: pointer.into(),
            detail: detail.into(),
        }
    }

    /// A text or list above its limit.
    pub fn too_long(pointer: impl Into<String>, limit: u32, unit: &str) -> Self {
        let detail = format!("longer than {limit} {unit}");
        Self {
            fault: Fault::TooLong,
            pointer: pointer.into(),
            detail,
        }
    }
}

/// Reads `T` from JSON text, naming the field at fault.
pub fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Invalid> {
    check_depth(text)?;
    members::read(text).map_err(|error| refused(text, &error))
}

fn check_depth(text: &[u8]) -> Result<(), Invalid> {
    match depth::is_too_deep(text) {
        false => Ok(()),
        true => Err(Invalid {
            fault: Fault::TooDeep,
            pointer: String::new(),
            detail: format!("more than {} levels", depth::DEPTH_MAX),
        }),
    }
}

/// One for all types: what is generic is copied for each of them.
fn refused(text: &[u8], error: &serde_json::Error) -> Invalid {
    let said = error.to_string();
    let fault = match error.classify() {
        serde_json::error::Category::Data if said.starts_with("unknown field") => {
            Fault::UnknownField
        }
        serde_json::error::Category::Data => Fault::InvalidField,
        _ => Fault::Malformed,
    };
    let (pointer, detail) = match fault {
        Fault::Malformed => (String::new(), said),
        _ => {
            let offset = offset_of(text, error.line(), error.column());
            (pointer_at(text, offset), in_words_of_json(&said))
        }
    };
    Invalid {
        fault,
        pointer,
        detail,
    }
}

/// What the parser says without its position, which the pointer tells, and without Rust's names.
fn in_words_of_json(said: &str) -> String {
    let said = said.rsplit_once(" at line ").map_or(said, |(said, _)| said);
    let Some((found, expected)) = said.rsplit_once(", expected ") else {
        return said.to_owned();
    };
    let found = match found {
        "invalid type: sequence" => "invalid type: list",
        "invalid type: map" => "invalid type: object",
        other => other,
    };
    let expected = match expected {
        "a sequence" => "a list",
        "a map" => "an object",
        record if record.starts_with("struct ") => "an object",
        other => other,
    };
    format!("{found}, expected {expected}")
}

/// A name as one step of a JSON pointer (RFC 6901, section 3).
pub(crate) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Refuses a text above `limit` bytes.
pub fn check_length(pointer: &str, text: &str, limit: u32) -> Result<(), Invalid> {
    match u32::try_from(text.len()).is_ok_and(|bytes| bytes <= limit) {
        true => Ok(()),
        false => Err(Invalid::too_long(pointer, limit, "bytes")),
    }
}

/// Pushes a fault when `text` is above `limit` bytes.
pub fn bound_text(faults: &mut Vec<Invalid>, pointer: &str, text: &str, limit: u32) {
    faults.extend(check_length(pointer, text, limit).err());
}

/// Pushes a fault when a list is above `limit` items.
pub(crate) fn bound_list<T>(faults: &mut Vec<Invalid>, pointer: &str, list: &[T], limit: u32) {
    if u32::try_from(list.len()).unwrap_or(u32::MAX) > limit {
        faults.push(Invalid::too_long(pointer, limit, "items"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::Draft;

    #[test]
    fn a_fault_of_type_is_told_in_words_of_json() {
        let check = |member: &str, pointer: &str, detail: &str| {
            let text = format!(r#"{{"agent": "a", {member}}}"#);
            let invalid = parse::<Draft>(text.as_bytes()).unwrap_err();
            assert_eq!(
                (invalid.pointer.as_str(), invalid.detail.as_str()),
                (pointer, detail)
            );
        };
        let to = r#""draft": {"to": "a@example.com"}"#;
        check(
            to,
            "/draft/to",
            r#"invalid type: string "a@example.com", expected a list"#,
        );
        let source = r#""sources": ["x, expected struct y at line 1"]"#;
        let told = r#"invalid type: string "x, expected struct y at line 1", expected an object"#;
        check(source, "/sources/0", told);
        check(
            r#""message": ["x"]"#,
            "/message",
            "invalid type: list, expected a string",
        );
        check(
            r#""kind": "mail""#,
            "/kind",
            "unknown variant `mail`, expected `message` or `action`",
        );
        let malformed = parse::<Draft>(b"{").unwrap_err();
        assert_eq!(
            malformed.detail,
            "EOF while parsing an object at line 1 column 1"
        );
    }
}
