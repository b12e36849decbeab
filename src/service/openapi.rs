//! The OpenAPI document, generated from the table of routes and the types of the bodies, and held
//! against the committed one. It must not describe anything that is not in the table.

use crate::routes::{Access, Entry, Operation, TABLE};
use crate::{door, problem};
use countersign_policy::problem::Code;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use shape::shape;

mod parameter;
mod shape;
mod webhook;

const JSON: &str = "application/json";
/// A line of JSON each; the schema is of one.
const LINES: &str = "application/x-ndjson";
const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");

fn security(access: Access) -> Value {
    match access {
        Access::Open => json!([]),
        Access::Operator => json!([{ "operator": [] }]),
        Access::Agent => json!([{ "agent_key": [] }]),
        Access::AgentOrPerson => json!([{ "agent_key": [] }, { "session": [] }]),
        Access::LeadOrPolicyKey | Access::PersonOrPolicyKey | Access::OverseerOrPolicyKey => {
            json!([{ "session": [] }, { "policy_key": [] }])
        }
        Access::Person | Access::Reviewer | Access::Overseer | Access::Lead => {
            json!([{ "session": [] }])
        }
    }
}

fn operation(entry: &Entry, generator: &mut SchemaGenerator) -> Value {
    let shape = shape(entry.operation, generator);
    let mut parameters = shape.parameters;
    if entry.path.contains("{id}") {
        parameters.push(json!({
            "name": "id", "in": "path", "required": true, "schema": { "type": "string" }
        }));
    }
    let mut responses = Map::new();
    for (status, answer) in shape.answers {
        let media = match entry.operation {
            Operation::ExportAudit | Operation::ExportCorrections | Operation::ExportTenant => {
                LINES
            }
            _ => JSON,
        };
        let content = answer.map(|schema| json!({ media: { "schema": schema } }));
        let mut response = json!({ "description": "Done." });
        if let (Some(content), Some(response)) = (content, response.as_object_mut()) {
            response.insert("content".into(), content);
        }
        responses.insert(status.to_string(), response);
    }
    responses.insert(
        "default".into(),
        json!({ "$ref": "#/components/responses/Problem" }),
    );
    let mut object = json!({
        "operationId": format!("{:?}", entry.operation),
        "summary": entry.summary,
        "security": security(entry.access),
        "parameters": parameters,
        "responses": responses
    });
    if let (Some(body), Some(object)) = (shape.body, object.as_object_mut()) {
        let media = match entry.operation {
            Operation::ImportCorrections => LINES,
            _ => JSON,
        };
        let content = json!({ media: { "schema": body } });
        object.insert(
            "requestBody".into(),
            json!({ "required": true, "content": content }),
        );
    }
    object
}

fn document() -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .into_generator();
    let mut paths = Map::new();
    for entry in TABLE
        .iter()
        .filter(|entry| !entry.path.contains("/development/"))
    {
        let operation = operation(entry, &mut generator);
        let path = paths.entry(entry.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(entry.method.to_ascii_lowercase(), operation);
        }
    }
    let problem = generator
        .subschema_for::<problem::ProblemView<'static>>()
        .to_value();
    let webhooks = webhook::webhooks(&mut generator);
    let row = |code: &Code| {
        let (name, status, title) = (code.name(), code.status(), code.title());
        format!("| `{name}` | {status} | {title} |")
    };
    let codes: Vec<String> = Code::ALL.iter().map(row).collect();
    let bearer = |text: &str| json!({ "type": "http", "scheme": "bearer", "description": text });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Countersign",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": format!(
                "Human-in-the-loop review for AI agents. Times are RFC 3339 in UTC. Every problem \
                 has a stable `code`:\n\n| code | status | meaning |\n| --- | --- | --- |\n{}",
                codes.join("\n")
            )
        },
        "paths": paths,
        "webhooks": webhooks,
        "components": {
            "schemas": generator.take_definitions(true),
            "responses": {
                "Problem": {
                    "description": "Refused, or broken; nothing was stored.",
                    "headers": {
                        "Retry-After": {
                            "description": "Of 429 and 503: seconds after which the same request may be answered.",
                            "schema": { "type": "integer" }
                        }
                    },
                    "content": { "application/problem+json": { "schema": problem } }
                }
            },
            "securitySchemes": {
                "agent_key": bearer("An agent's key, `csa_…`."),
                "policy_key": bearer("A key for policy, `csp_…`."),
                "operator": bearer("The Worker's secret OPERATOR_SECRET."),
                "session": { "type": "apiKey", "in": "cookie", "name": door::SESSION_COOKIE }
            }
        }
    })
}

/// With `UPDATE=1` in the environment the document is written instead.
#[test]
fn the_committed_document_is_the_generated_one() {
    let mut generated = serde_json::to_string_pretty(&document()).unwrap();
    generated.push('\n');
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(PATH, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(PATH).unwrap();
    assert!(
        committed == generated,
        "openapi.json is stale: UPDATE=1 cargo test -p countersign-service"
    );
}

/// Of two types with one name the second would be numbered, by the order of the table.
#[test]
fn every_schema_has_a_name_of_its_own() {
    let document = document();
    let names = document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys();
    let numbered = |name: &&String| name.ends_with(|last: char| last.is_ascii_digit());
    assert_eq!(names.filter(numbered).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn every_operation_has_one_row() {
    let mut names: Vec<String> = TABLE
        .iter()
        .map(|entry| format!("{:?}", entry.operation))
        .collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}
