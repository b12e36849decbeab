//! One request as the tenant's object sees it, and its answer. It must not decide whether the
//! caller may ask: `tenant` checks that once, for every operation.

use crate::body;
use crate::problem::{Outcome, Problem};
use countersign_policy::grant::Grant;
use countersign_policy::order;
use countersign_policy::problem::Code;
use countersign_policy::sight::Sight;
use countersign_policy::time::Millis;
use futures_util::stream::LocalBoxStream;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::thread::LocalKey;
use worker::{Headers, Request, Response, ResponseBuilder};

/// The header in which the Worker hands a checked credential to the object.
pub const CREDENTIAL_HEADER: &str = "countersign-credential";
/// What stands before the time and the mail address of somebody whom Access knows, in that header.
pub const KNOWN: &str = "access";
/// Headers that reach the object beside the credential, of a program and of a person.
pub const PROGRAM_HEADERS: &[&str] = &["idempotency-key", "if-match"];
/// See [`PROGRAM_HEADERS`].
pub const PERSON_HEADERS: &[&str] = &["idempotency-key", "if-match", "upgrade", "origin"];

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
    /// The request, whose headers the door passed on.
    request: Request,
    /// The body.
    pub body: Vec<u8>,
    /// When it came, or its turn did; read once.
    pub now: Millis,
    /// What the key that asks is limited to.
    pub grant: Grant,
    /// What the person who asks may read.
    pub sight: Sight,
    /// Whether the session that asks is to get a new secret with the answer.
    pub wants_new_secret: bool,
}

impl Call {
    /// A request that came at `now`, read whole.
    pub async fn read(mut request: Request, now: Millis) -> Outcome<Self> {
        let body = body::arrived(&mut request).await?;
        let query = match request.inner().url().contains('?') {
            true => order::gathered(request.url()?.query_pairs().into_owned()),
            false => BTreeMap::new(),
        };
        Ok(Self {
            method: request.method().as_ref().to_owned(),
            path: request.path(),
            id: String::new(),
            query,
            body,
            now,
            grant: Grant::default(),
            sight: Sight::default(),
            wants_new_secret: false,
            request,
        })
    }

    /// The body as `T`; a fault names its field.
    pub fn json<T: DeserializeOwned>(&self) -> Outcome<T> {
        Ok(countersign_policy::invalid::parse(&self.body)?)
    }

    /// A header, where it was sent.
    pub fn header(&self, name: &str) -> Option<String> {
        self.request.headers().get(name).ok().flatten()
    }

    /// The key under which the answer is remembered. One in another encoding than UTF-8 has lost what told it from others.
    pub fn idempotency_key(&self) -> Outcome<String> {
        self.header("idempotency-key")
            .filter(|text| (1..=255).contains(&text.len()))
            .filter(|text| !text.contains(char::REPLACEMENT_CHARACTER))
            .ok_or_else(|| {
                let detail = "of 1 to 255 bytes of ASCII or UTF-8";
                Problem::new(Code::IdempotencyKeyMissing, detail)
            })
    }

    /// The `ETag` that a change follows. A proxy that compresses an answer calls its tag weak (`W/`), and leaves its text.
    pub fn if_match(&self) -> Outcome<String> {
        let tag = self.header("if-match").ok_or(Code::PreconditionRequired)?;
        Ok(tag.strip_prefix("W/").unwrap_or(&tag).to_owned())
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

    /// The place in a list that `cursor` names, as `read` finds it in the text.
    pub fn cursor<T>(&self, read: impl FnOnce(&str) -> Option<T>) -> Outcome<Option<T>> {
        let unknown = || Problem::new(Code::InvalidParameter, "`cursor` is none that a page gave");
        let cursor = self.query.get("cursor");
        cursor
            .map(|text| read(text).ok_or_else(unknown))
            .transpose()
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
        let builder = ResponseBuilder::new().with_status(self.status);
        if self.headers.is_empty() && !self.body.is_empty() {
            let builder = builder.with_headers(guarded_json()?);
            return Ok(builder.fixed(self.body.into_bytes()));
        }
        let mut builder = guarded(builder)?;
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

/// What every answer of the API carries: nothing of it is kept, shown in a frame, or taken for what it
/// is not, and browsers come back by TLS only.
const GUARDS: [(&str, &str); 5] = [
    ("cache-control", "no-store"),
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'",
    ),
    ("referrer-policy", "no-referrer"),
    (
        "strict-transport-security",
        "max-age=63072000; includeSubDomains",
    ),
    ("x-content-type-options", "nosniff"),
];

thread_local! {
    /// [`GUARDS`], made once: each header that is set crosses into JavaScript alone.
    static GUARDED: OnceCell<Headers> = const { OnceCell::new() };
    /// The same with the type of most answers.
    static GUARDED_JSON: OnceCell<Headers> = const { OnceCell::new() };
}

/// The builder with [`GUARDS`], and no other header yet.
pub fn guarded(builder: ResponseBuilder) -> worker::Result<ResponseBuilder> {
    let headers = made_once(&GUARDED, &GUARDS)?;
    Ok(builder.with_headers(headers.clone()))
}

/// A file of JSON lines, as its pages come.
pub fn lines(
    name: &str,
    pages: LocalBoxStream<'static, worker::Result<Vec<u8>>>,
) -> Outcome<Response> {
    let attachment = format!("attachment; filename=\"{name}.ndjson\"");
    Ok(guarded(ResponseBuilder::new())?
        .with_header("content-type", "application/x-ndjson")?
        .with_header("content-disposition", &attachment)?
        .from_stream(pages)?)
}

/// What most answers carry; an answer copies what it is given, so that all can share it.
fn guarded_json() -> worker::Result<Headers> {
    let json = ("content-type", "application/json");
    made_once(&GUARDED_JSON, &[&GUARDS[..], &[json]].concat())
}

fn made_once(
    cell: &'static LocalKey<OnceCell<Headers>>,
    all: &[(&str, &str)],
) -> worker::Result<Headers> {
    let shared = |headers: &Headers| Headers(headers.0.clone());
    cell.with(|made| match made.get() {
        Some(headers) => Ok(shared(headers)),
        None => {
            let headers = Headers::new();
            for (name, value) in all {
                headers.set(name, value)?;
            }
            Ok(shared(made.get_or_init(|| headers)))
        }
    })
}
