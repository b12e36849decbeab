//! One request as the tenant's object sees it, and its answer. It must not decide whether the
//! caller may ask: `tenant` checks that once, for every operation.

use crate::problem::{Outcome, Problem};
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use worker::{Request, Response, ResponseBuilder};

/// The header in which the Worker hands a checked credential to the object.
pub const CREDENTIAL_HEADER: &str = "countersign-credential";
/// Headers that reach the object beside the credential.
pub const PASSED_HEADERS: [&str; 4] = ["idempotency-key", "if-match", "upgrade", "origin"];

/// A request.
pub struct Call {
    /// The method.
    pub method: String,
    /// The path, with its leading slash.
    pub path: String,
    /// The segment at `{id}`.
    pub id: String,
    /// Query parameters; of a repeated one the last.
    pub query: BTreeMap<String, String>,
    /// Headers by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
    /// When it came; read once.
    pub now: Millis,
}

impl Call {
    /// A request that came at `now`, read whole.
    pub async fn read(mut request: Request, now: Millis) -> Outcome<Self> {
        let url = request.url()?;
        let body = match request.inner().body() {
            None => Vec::new(),
            Some(_) => request.bytes().await?,
        };
        Ok(Self {
            method: request.method().to_string(),
            path: url.path().to_owned(),
            id: String::new(),
            query: url.query_pairs().into_owned().collect(),
            headers: request.headers().entries().collect(),
            body,
            now,
        })
    }

    /// The body as `T`; a fault names its field.
    pub fn json<T: DeserializeOwned>(&self) -> Outcome<T> {
        Ok(countersign_policy::invalid::parse(&self.body)?)
    }

    /// A header, where it was sent.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// A whole number from the query between 0 and `most`, or `default`.
    pub fn number(&self, name: &str, default: u32, most: u32) -> Outcome<u32> {
        let Some(text) = self.query.get(name) else {
            return Ok(default);
        };
        text.parse()
            .ok()
            .filter(|number| *number <= most)
            .ok_or_else(|| {
                let detail = format!("`{name}` is not a number from 0 to {most}");
                Problem::new(Code::InvalidParameter, detail)
            })
    }
}

/// What a handler answers.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// JSON, or empty.
    pub body: String,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
}

impl Answer {
    /// JSON with a status.
    pub fn json<T: Serialize>(status: u16, value: &T) -> Outcome<Self> {
        Ok(Self {
            status,
            body: serde_json::to_string(value)?,
            headers: Vec::new(),
        })
    }

    /// 204.
    pub fn empty() -> Self {
        Self {
            status: 204,
            body: String::new(),
            headers: Vec::new(),
        }
    }

    /// The same answer with one more header.
    pub fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The HTTP answer.
    pub fn response(self) -> worker::Result<Response> {
        let mut builder = ResponseBuilder::new()
            .with_status(self.status)
            .with_header("cache-control", "no-store")?;
        for (name, value) in &self.headers {
            builder = builder.with_header(name, value)?;
        }
        if self.body.is_empty() {
            return Ok(builder.empty());
        }
        Ok(builder
            .with_header("content-type", "application/json")?
            .fixed(self.body.into_bytes()))
    }
}
