//! A webhook by Standard Webhooks 1.0.0: its types, its id, its body and its signature. It must not
//! send it: `delivery` says when.

use crate::digest::keyed;
use crate::memory;
use crate::queue::Status;
use crate::time::{DAY_MS, Millis};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;

/// Bytes of a body: the specification asks for less than some 20 kB.
pub const BODY_BYTES_MAX: usize = 20_000;
/// Bytes of a secret: the specification asks for 24 to 64.
pub const SECRET_BYTES: usize = 32;
/// Receivers of one tenant: each event is written once for each.
pub const WEBHOOKS_MAX: u32 = 20;
/// After a rotation the secret before signs for another day, too.
pub const OVERLAP_MS: u64 = DAY_MS;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum EventType {
    /// A verdict counts: what may leave, or that nothing may.
    #[serde(rename = "draft.decided")]
    DraftDecided,
    /// The draft was overtaken: by a newer message, a newer draft, or by its agent's own wish.
    #[serde(rename = "draft.stale")]
    DraftStale,
    /// Nobody answered in time; neither approval nor rejection.
    #[serde(rename = "draft.expired")]
    DraftExpired,
    /// It left, and was wrong.
    #[serde(rename = "draft.corrected")]
    DraftCorrected,
    /// A category gained or lost autonomy.
    #[serde(rename = "category.level_changed")]
    CategoryLevelChanged,
    /// A signed statement of the audit log's size and root.
    #[serde(rename = "audit.checkpoint")]
    AuditCheckpoint,
}

impl EventType {
    /// Every type.
    pub const ALL: [Self; 6] = [
        Self::DraftDecided,
        Self::DraftStale,
        Self::DraftExpired,
        Self::DraftCorrected,
        Self::CategoryLevelChanged,
        Self::AuditCheckpoint,
    ];

    /// As it stands in a body.
    pub fn name(self) -> &'static str {
        match self {
            Self::DraftDecided => "draft.decided",
            Self::DraftStale => "draft.stale",
            Self::DraftExpired => "draft.expired",
            Self::DraftCorrected => "draft.corrected",
            Self::CategoryLevelChanged => "category.level_changed",
            Self::AuditCheckpoint => "audit.checkpoint",
        }
    }

    /// What is told when a draft that was `before` becomes `after`; `None` where its agent knows, or
    /// where nothing is decided.
    pub fn of_step(before: Status, after: Status) -> Option<Self> {
        if before == after {
            return None;
        }
        match after {
            Status::Approved
            | Status::Edited
            | Status::Rejected
            | Status::Responded
            | Status::HandledElsewhere
            | Status::SentBack => Some(Self::DraftDecided),
            Status::Stale | Status::Superseded | Status::Withdrawn => Some(Self::DraftStale),
            Status::Expired => Some(Self::DraftExpired),
            Status::Corrected => Some(Self::DraftCorrected),
            Status::Released
            | Status::Held
            | Status::WithHuman
            | Status::Pending
            | Status::Done
            | Status::Failed
            | Status::Skipped
            | Status::Unconfirmed => None,
        }
    }
}

/// The body, as it is signed.
pub fn body<T: Serialize>(
    event: EventType,
    at: Millis,
    data: &T,
) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Body<'a, T> {
        r#type: &'a str,
        timestamp: Millis,
        data: &'a T,
    }
    serde_json::to_string(&Body {
        r#type: event.name(),
        timestamp: at,
        data,
    })
}

/// Members of an event's data that hold people's words; the others are ids, times and numbers.
const WORDS: [&str; 5] = ["outgoing", "verdict", "reasons", "examples", "correlation"];

/// The body for a receiver that shows or keeps it, such as a chat or a log: the same without personal
/// data, and without the customer's `names`.
pub fn masked(body: &str, names: &[&str]) -> String {
    let mut told: Value = serde_json::from_slice(body.as_bytes()).unwrap_or_default();
    for member in WORDS {
        if let Some(words) = told.pointer_mut(&format!("/data/{member}")) {
            *words = memory::masked_value(words.take(), names);
        }
    }
    told.to_string()
}

/// A secret as its receiver keeps it: `whsec_` and base64.
pub fn secret_text(secret: &[u8; SECRET_BYTES]) -> String {
    format!("whsec_{}", STANDARD.encode(secret))
}

/// The secret that signs what is called back for one key: the Worker can make it again at any time,
/// so it is stored nowhere, and it ends with the key.
pub fn callback_secret(worker_secret: &[u8], tenant: &str, key: &str) -> [u8; SECRET_BYTES] {
    keyed(worker_secret, &["countersign callback v1", tenant, key])
}

/// The header `webhook-signature`: one for each secret, the newest first.
pub fn signature(id: &str, at: Millis, body: &str, secrets: &[[u8; SECRET_BYTES]]) -> String {
    let signed = format!("{id}.{}.{body}", seconds(at));
    let signatures = secrets.iter().filter_map(|secret| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
        mac.update(signed.as_bytes());
        Some(format!(
            "v1,{}",
            STANDARD.encode(mac.finalize().into_bytes())
        ))
    });
    signatures.collect::<Vec<_>>().join(" ")
}

/// The header `webhook-timestamp`: seconds since 1970.
pub fn seconds(at: Millis) -> u64 {
    at.0.checked_div(1_000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_the_specifications_form_and_their_own_name() {
        for event in EventType::ALL {
            let name = event.name();
            assert_eq!(serde_json::to_value(event).unwrap(), name);
            assert!(
                name.chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
            );
        }
    }

    #[test]
    fn an_agent_is_told_what_it_could_not_know() {
        use EventType::{DraftCorrected, DraftDecided, DraftExpired, DraftStale};
        let told = EventType::of_step;
        assert_eq!(told(Status::Pending, Status::Approved), Some(DraftDecided));
        assert_eq!(told(Status::Held, Status::Stale), Some(DraftStale));
        assert_eq!(told(Status::WithHuman, Status::Expired), Some(DraftExpired));
        assert_eq!(told(Status::Done, Status::Corrected), Some(DraftCorrected));
        assert_eq!(told(Status::Held, Status::Pending), None);
        assert_eq!(told(Status::Approved, Status::Approved), None);
        assert_eq!(told(Status::Approved, Status::Done), None);
    }

    #[test]
    fn a_masked_body_names_nobody() {
        let data = serde_json::json!({
            "id": "0198c0de-0000-7000-8000-000000000001",
            "outgoing": { "text": "Dear Ada Lovelace, we wrote to ada@example.com.", "to": ["ada@example.com"] },
            "verdict": { "kind": "edit", "note": "Call Ada first." },
            "expected_wait_s": 60
        });
        let body = body(EventType::DraftDecided, Millis(0), &data).unwrap();
        let hidden: Value = serde_json::from_str(&masked(&body, &["Ada Lovelace"])).unwrap();
        assert_eq!(
            hidden["data"]["outgoing"],
            serde_json::json!({ "text": "Dear [name], we wrote to [email].", "to": ["[email]"] })
        );
        assert_eq!(hidden["data"]["verdict"]["note"], "Call [name] first.");
        for member in ["id", "expected_wait_s"] {
            assert_eq!(hidden["data"][member], data[member]);
        }
        assert_eq!(masked("not JSON", &[]), "null");
    }

    #[test]
    fn a_masked_body_names_nobody_in_arguments() {
        let args = serde_json::json!({ "card": 4_111_111_111_111_111_u64, "for": { "ada@example.com": 20 } });
        let data = serde_json::json!({ "outgoing": { "action": { "name": "pay", "args": args } } });
        let body = body(EventType::DraftDecided, Millis(0), &data).unwrap();
        let hidden: Value = serde_json::from_str(&masked(&body, &[])).unwrap();
        assert_eq!(
            hidden["data"]["outgoing"]["action"],
            serde_json::json!({ "name": "pay", "args": { "card": "[card]", "for": { "[email]": 20 } } })
        );
    }

    /// The example of the specification's reference libraries.
    #[test]
    fn the_signature_is_the_specifications() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}";
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
        mac.update(signed.as_bytes());
        let expected = "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(STANDARD.encode(mac.finalize().into_bytes()), expected);
    }

    #[test]
    fn each_secret_signs() {
        let at = Millis(1_614_265_330_999);
        let header = signature("msg_1", at, "{}", &[[1; 32], [2; 32]]);
        let one = signature("msg_1", at, "{}", &[[2; 32]]);
        assert_eq!(header.split(' ').nth(1), Some(one.as_str()));
        assert!(one.starts_with("v1,") && one.len() == 47);
        assert!(secret_text(&[0; 32]).starts_with("whsec_AAAA"));
    }
}
