//! The one place where errors become HTTP: problem+json with a stable code. It must not let the
//! text of a draft or the inside of a failure out.

use crate::call::guarded;
use crate::storage::parsed;
use countersign_policy::invalid::Invalid;
use countersign_policy::problem::Code;
use countersign_policy::refusal::Refusal;
use countersign_policy::trust::propose;
use serde::Serialize;
use serde_json::Value;
use worker::{Response, ResponseBuilder};

/// A request that was refused, or that broke.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Stable; clients may branch on it.
    pub code: Code,
    detail: String,
    /// What only some problems have; boxed, since every answer carries the room for it.
    beside: Option<Box<Beside>>,
}

#[derive(Clone, Debug, Default)]
struct Beside {
    pointer: Option<String>,
    faults: Vec<FaultView>,
    draft: Option<Value>,
    allow: Option<String>,
}

/// A problem as it is written.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Problem"))]
pub struct ProblemView<'a> {
    /// Always `about:blank`: the code says which problem it is.
    #[serde(rename = "type")]
    kind: &'a str,
    /// What the code means.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// Stable; clients may branch on it.
    code: Code,
    /// What is wrong with this request, for people.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[cfg_attr(test, schemars(default))]
    detail: &'a str,
    /// JSON pointer of the field at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'a str>,
    /// Every fault, where there are several.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[cfg_attr(test, schemars(default))]
    faults: &'a [FaultView],
    /// The draft as it is now, where the caller saw another state of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    draft: Option<&'a Value>,
}

/// One fault of a document.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FaultView {
    /// JSON pointer of the field at fault.
    pointer: String,
    /// What is wrong with it, for people.
    detail: String,
}

impl From<&Invalid> for FaultView {
    fn from(fault: &Invalid) -> Self {
        Self {
            pointer: fault.pointer.clone(),
            detail: fault.detail.clone(),
        }
    }
}

/// What a handler gives back.
pub type Outcome<T> = Result<T, Problem>;

impl Problem {
    /// A problem with a sentence about this request.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            beside: None,
        }
    }

    /// A policy that was refused whole, with all its faults.
    pub fn policy(faults: &[Invalid]) -> Self {
        let faults = faults.iter().map(FaultView::from).collect();
        Self::from(Code::PolicyInvalid).with(|beside| beside.faults = faults)
    }

    /// The same problem with the JSON pointer of the field at fault.
    pub fn at(self, pointer: &str) -> Self {
        self.with(|beside| beside.pointer = Some(pointer.to_owned()))
    }

    /// The same problem with the draft as it is now.
    pub fn with_draft(self, draft: &impl Serialize) -> Self {
        self.with(|beside| beside.draft = Some(as_json(draft)))
    }

    /// The same problem with the methods that the path has.
    pub fn allowing(self, methods: String) -> Self {
        self.with(|beside| beside.allow = Some(methods))
    }

    fn with(mut self, add: impl FnOnce(&mut Beside)) -> Self {
        add(self.beside.get_or_insert_default());
        self
    }

    /// As it is written beside other answers.
    pub fn json(&self) -> Value {
        as_json(&self.view())
    }

    /// The HTTP answer.
    pub fn response(&self) -> worker::Result<Response> {
        let response = guarded(ResponseBuilder::new().with_status(self.code.status()))?
            .with_header("content-type", "application/problem+json")?;
        let allow = self.beside.as_ref().and_then(|it| it.allow.as_deref());
        let response = match (self.code.retry_after_s(), allow) {
            (Some(seconds), _) => response.with_header("retry-after", &seconds.to_string())?,
            (None, Some(methods)) => response.with_header("allow", methods)?,
            (None, None) => response,
        };
        Ok(response.fixed(serde_json::to_vec(&self.view()).unwrap_or_default()))
    }

    fn view(&self) -> ProblemView<'_> {
        let beside = self.beside.as_deref();
        ProblemView {
            kind: "about:blank",
            title: self.code.title(),
            status: self.code.status(),
            code: self.code,
            detail: &self.detail,
            pointer: beside.and_then(|beside| beside.pointer.as_deref()),
            faults: beside.map_or(&[], |beside| &beside.faults),
            draft: beside.and_then(|beside| beside.draft.as_ref()),
        }
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code, "")
    }
}

impl From<Invalid> for Problem {
    fn from(fault: Invalid) -> Self {
        let problem = Self::new(Code::from(fault.fault), fault.detail);
        match fault.pointer.is_empty() {
            true => problem,
            false => problem.with(|beside| beside.pointer = Some(fault.pointer)),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::from(Code::from(refusal))
    }
}

impl From<propose::Refusal> for Problem {
    fn from(refusal: propose::Refusal) -> Self {
        Self::from(Code::from(refusal))
    }
}

impl From<worker::Error> for Problem {
    /// Something broke on our side: it is logged once, here, and its inside stays here.
    fn from(error: worker::Error) -> Self {
        worker::console_error!("internal error: {}", describe(&error));
        Self::from(Code::Internal)
    }
}

impl From<serde_json::Error> for Problem {
    /// Only for what we wrote ourselves; input is read by `countersign_policy::invalid::parse`.
    fn from(error: serde_json::Error) -> Self {
        worker::console_error!(
            "stored JSON is broken: {:?} at {}",
            error.classify(),
            error.column()
        );
        Self::from(Code::Internal)
    }
}

/// By its text, so that each type has one serializer.
fn as_json(value: &impl Serialize) -> Value {
    let text = serde_json::to_string(value).unwrap_or_default();
    parsed(&text).unwrap_or_default()
}

/// What a platform error says, up to the first quotation: what is quoted there may be a draft's text.
/// D1's own `Display` panics, so its cause is taken.
pub fn describe(error: &worker::Error) -> String {
    let text = match error {
        worker::Error::D1(error) => error.cause(),
        worker::Error::UnknownJsError { name, message, .. } => {
            format!("{}: {message}", name.as_deref().unwrap_or("error"))
        }
        other => format!("{other:?}"),
    };
    text.chars()
        .take_while(|character| !matches!(character, '"' | '`' | '\n'))
        .take(200)
        .collect()
}
