//! What is posted to webhooks and callbacks: the headers that sign it, the body of each type of event.

use super::parameter::header;
use super::shape::schema;
use crate::checkpoints::CheckpointView;
use crate::deliveries::DraftTold;
use crate::levels::LevelChange;
use countersign_policy::time::Millis;
use countersign_policy::webhook::EventType;
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

/// Every type of event, by its name.
pub(super) fn webhooks(generator: &mut SchemaGenerator) -> Map<String, Value> {
    let name = |event: EventType| (event.name().to_owned(), event);
    let events = EventType::ALL.into_iter().map(name);
    events
        .map(|(name, event)| (name, json!({ "post": post(event, generator) })))
        .collect()
}

fn post(event: EventType, g: &mut SchemaGenerator) -> Value {
    let (summary, data) = match event {
        EventType::DraftDecided => (
            "A verdict counts: what may leave, or that nothing may.",
            schema::<DraftTold>(g),
        ),
        EventType::DraftStale => (
            "A draft was overtaken, replaced or taken back.",
            schema::<DraftTold>(g),
        ),
        EventType::DraftExpired => (
            "Nobody answered in time: neither yes nor no.",
            schema::<DraftTold>(g),
        ),
        EventType::DraftCorrected => (
            "What left was wrong: `verdict.remedy` says what to do.",
            schema::<DraftTold>(g),
        ),
        EventType::CategoryLevelChanged => (
            "A category gained or lost autonomy; to webhooks only.",
            schema::<LevelChange>(g),
        ),
        EventType::AuditCheckpoint => (
            "A signed statement of the audit log; to webhooks only.",
            schema::<CheckpointView>(g),
        ),
    };
    let timestamp = schema::<Millis>(g);
    let body = json!({
        "type": "object",
        "properties": {
            "type": { "const": event.name() },
            "timestamp": timestamp,
            "data": data
        },
        "required": ["type", "timestamp", "data"]
    });
    json!({
        "operationId": format!("{event:?}"),
        "summary": summary,
        "description": "Signed by Standard Webhooks 1.0.0: its libraries verify it by the secret that the webhook \
                        was made with, or for a callback by that of `GET /v1/callback-secret`.",
        "security": [],
        "parameters": [
            header("webhook-id", "The same for every attempt and receiver: what came once is not to be done twice."),
            header("webhook-timestamp", "When this attempt was signed, in seconds since 1970."),
            header(
                "webhook-signature",
                "`v1,` and the base64 of the HMAC-SHA256 of `{webhook-id}.{webhook-timestamp}.{body}`; after a \
                 rotation one for each secret, a space between.",
            ),
        ],
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": body } }
        },
        "responses": {
            "2XX": { "description": "It arrived." },
            "410": { "description": "A webhook is turned off; a callback is not tried again." },
            "default": { "description": "It is tried again, for three days; so is what takes longer than 15 seconds." }
        }
    })
}
