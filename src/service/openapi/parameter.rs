//! Parameters beside the path, as the document describes them.

use serde_json::{Value, json};

pub(super) fn query(name: &str, maximum: u32, description: &str) -> Value {
    json!({
        "name": name, "in": "query", "required": false, "description": description,
        "schema": { "type": "integer", "minimum": 0, "maximum": maximum }
    })
}

pub(super) fn text(name: &str, description: &str) -> Value {
    json!({
        "name": name, "in": "query", "required": false, "description": description,
        "schema": { "type": "string" }
    })
}

/// A header that the request must have.
pub(super) fn header(name: &str, description: &str) -> Value {
    in_header(name, description, true)
}

/// The key under which something is made once.
pub(super) fn once() -> Value {
    let description =
        "After a lost answer the same key and content make nothing more, and give the same answer.";
    in_header("Idempotency-Key", description, false)
}

fn in_header(name: &str, description: &str, required: bool) -> Value {
    json!({
        "name": name, "in": "header", "required": required, "description": description,
        "schema": { "type": "string", "minLength": 1, "maxLength": 255 }
    })
}
