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

pub(super) fn header(name: &str, description: &str) -> Value {
    json!({
        "name": name, "in": "header", "required": true, "description": description,
        "schema": { "type": "string", "minLength": 1, "maxLength": 255 }
    })
}
