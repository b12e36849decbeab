//! Why an input was refused before anything was stored. It must not hold the input's text beyond
//! the name of the field at fault.

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
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer_of(error.path());
        let inner = error.into_inner();
        let detail = inner.to_string();
        let fault = match inner.classify() {
            serde_json::error::Category::Data if detail.starts_with("unknown field") => {
                Fault::UnknownField
            }
            serde_json::error::Category::Data => Fault::InvalidField,
            _ => Fault::Malformed,
        };
        Invalid {
            fault,
            pointer,
            detail,
        }
    })?;
    deserializer.end().map_err(|error| Invalid {
        fault: Fault::Malformed,
        pointer: String::new(),
        detail: error.to_string(),
    })?;
    Ok(value)
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path.iter() {
        let step = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => escape(key),
            Segment::Enum { variant } => variant.clone(),
            Segment::Unknown => continue,
        };
        pointer.push('/');
        pointer.push_str(&step);
    }
    pointer
}

/// A name as one step of a JSON pointer (RFC 6901, section 3).
pub(crate) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Pushes a fault when `text` is above `limit` bytes.
pub(crate) fn bound_text(faults: &mut Vec<Invalid>, pointer: &str, text: &str, limit: u32) {
    if u32::try_from(text.len()).unwrap_or(u32::MAX) > limit {
        faults.push(Invalid::too_long(pointer, limit, "bytes"));
    }
}

/// Pushes a fault when a list is above `limit` items.
pub(crate) fn bound_list<T>(faults: &mut Vec<Invalid>, pointer: &str, list: &[T], limit: u32) {
    if u32::try_from(list.len()).unwrap_or(u32::MAX) > limit {
        faults.push(Invalid::too_long(pointer, limit, "items"));
    }
}
