//! The door: bounds a request, checks its credential's MAC, and passes it to the one object that
//! the credential names. It must not trust a header, a path or a body to name a tenant.

#[cfg(feature = "development")]
#[path = "../policy/tests/golden/trust.rs"]
mod golden_trust;

use crate::access;
use crate::call::{Answer, CREDENTIAL_HEADER, KNOWN, PASSED_HEADERS};
use crate::limits::{self, Rates};
use crate::problem::{Outcome, Problem};
use crate::routes::{self, Access, Match, Operation};
use crate::{departure, embedder, people, tenants};
use countersign_policy::depth;
use countersign_policy::digest;
use countersign_policy::draft::BODY_BYTES_MAX;
use countersign_policy::key::{self, Credential, KeyKind};
use countersign_policy::problem::Code;
use countersign_policy::rate;
use countersign_policy::route::ENGINE_VERSION;
use countersign_policy::time::Millis;
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use serde::Serialize;
use std::cell::RefCell;
use std::time::Duration;
use wasm_bindgen::JsValue;
use worker::{Date, Delay, Env, Headers, Request, RequestInit, Response};

/// The cookie that carries a session.
pub const SESSION_COOKIE: &str = "countersign_session";
/// Read on and dropped of a body that is too large: 32 times the limit.
const DROPPED_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A body has to be there after this long: 256 KiB over a slow telephone line.
const BODY_MS_MAX: u64 = 10_000;

thread_local! {
    /// What is left to each address of this minute, and of refused credentials.
    static ADDRESSES: RefCell<Rates> = RefCell::default();
    static REFUSALS: RefCell<Rates> = RefCell::default();
}

/// `GET /v1/health`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Health {
    /// Always `ok`: a service that can't answer doesn't.
    status: &'static str,
    /// The rules that decide.
    engine_version: u32,
    /// How corrections are retrieved: `bm25`, or `bm25+meaning` where the weights are there.
    retrieval: &'static str,
}

/// Answers one request.
pub async fn answer(mut request: Request, env: &Env) -> Outcome<Response> {
    // As it was sent: the crate takes a method that it doesn't know for GET.
    let method = request.inner().method();
    let path = request.path();
    let found = routes::find(&method, &path)
        .map_err(|code| Problem::new(code, format!("{method} {path}")))?;
    let address = request.headers().get("cf-connecting-ip")?;
    let now = Millis(Date::now().as_millis());
    check_address(env, address.as_deref(), now)?;
    let credential = match found.entry.access {
        Access::Open => Ok(None),
        Access::Operator => check_operator(&request, env).map(|()| None),
        access => credential(&request, env, access).map(Some),
    }
    .inspect_err(|problem| note_refusal(env, problem, address.as_deref(), now))?;
    let by_session = credential
        .as_ref()
        .is_some_and(|known| known.kind == KeyKind::Session);
    if by_session || found.entry.operation == Operation::OpenSession {
        check_origin(&request)?;
    }
    let body = timely(read_body(&mut request)).await?;
    if depth::is_too_deep(&body) {
        let detail = format!("more than {} levels", depth::DEPTH_MAX);
        return Err(Problem::new(Code::TooDeep, detail));
    }
    match (found.entry.operation, credential) {
        (Operation::Health, _) => health(env).await,
        (Operation::CreateTenant, _) => tenants::create(env, &body).await,
        (Operation::DeleteTenant, _) => departure::delete(env, &found.id).await,
        (Operation::Invite, _) => tenants::invite(env, &found.id, &body).await,
        (Operation::OpenSession, _) => {
            let Some(invitation) = people::invitation_in(&body)? else {
                return sign_in_known(env, &request, &found, body, now).await;
            };
            let credential = check_key(env, KeyKind::Invitation, &invitation)?
                .ok_or(Problem::from(Code::InvitationInvalid))?;
            pass(env, &credential, &request, &found, body).await
        }
        #[cfg(feature = "development")]
        (Operation::Decide, _) => decide(&body),
        #[cfg(feature = "development")]
        (Operation::AnswerTrust, _) => answer_trust(&body),
        (_, Some(credential)) => pass(env, &credential, &request, &found, body).await,
        (_, None) => Err(Problem::from(Code::Forbidden)),
    }
}

async fn health(env: &Env) -> Outcome<Response> {
    let retrieval = match embedder::available(env).await {
        true => "bm25+meaning",
        false => "bm25",
    };
    let health = Health {
        status: "ok",
        engine_version: ENGINE_VERSION,
        retrieval,
    };
    Ok(Answer::json(200, &health)?.response()?)
}

/// Decides a golden case, so that a test can hold the Wasm build to the native one.
#[cfg(feature = "development")]
fn decide(body: &[u8]) -> Outcome<Response> {
    #[derive(serde::Deserialize)]
    struct Case {
        policy: countersign_policy::document::Policy,
        draft: countersign_policy::draft::Draft,
        situation: countersign_policy::route::Situation,
    }
    let case: Case = countersign_policy::invalid::parse(body)?;
    let decision = countersign_policy::route::route(&case.policy, &case.draft, &case.situation);
    Ok(Answer::json(200, &decision)?.response()?)
}

/// Answers a golden case of trust, for the same end.
#[cfg(feature = "development")]
fn answer_trust(body: &[u8]) -> Outcome<Response> {
    #[derive(serde::Deserialize)]
    struct Case {
        call: String,
        input: serde_json::Value,
    }
    let case: Case = countersign_policy::invalid::parse(body)?;
    let answer = golden_trust::answer(&case.call, &case.input);
    Ok(Answer::json(200, &answer.ok_or(Problem::from(Code::NotFound))?)?.response()?)
}

/// The credential that fits the access; the MAC is right, the tenant has not been asked.
fn credential(request: &Request, env: &Env, access: Access) -> Outcome<Credential> {
    let bearer = bearer(request)?;
    let session = cookie(request, SESSION_COOKIE)?;
    let (by_key, by_session) = match access {
        Access::Agent => (Some(KeyKind::Agent), false),
        Access::AgentOrPerson => (Some(KeyKind::Agent), true),
        Access::LeadOrPolicyKey | Access::PersonOrPolicyKey => (Some(KeyKind::Policy), true),
        _ => (None, true),
    };
    match (by_key, bearer, session) {
        (Some(kind), Some(text), _) => {
            check_key(env, kind, &text)?.ok_or_else(|| Problem::from(Code::KeyInvalid))
        }
        (_, _, Some(text)) if by_session => check_key(env, KeyKind::Session, &text)?
            .ok_or_else(|| Problem::from(Code::SessionRequired)),
        (Some(_), None, _) if !by_session => Err(Problem::from(Code::KeyMissing)),
        _ => Err(Problem::from(Code::SessionRequired)),
    }
}

/// Checks a credential under the Worker's MAC key, or the one before it.
fn check_key(env: &Env, kind: KeyKind, text: &str) -> Outcome<Option<Credential>> {
    let current = secret(env, "KEY_MAC_SECRET")?;
    let before = env
        .secret("KEY_MAC_SECRET_PREVIOUS")
        .map(|value| value.to_string());
    let before = before.unwrap_or_default();
    Ok(key::check(
        kind,
        text,
        &[current.as_bytes(), before.as_bytes()],
    ))
}

/// A Worker secret; without it nothing can be checked.
pub fn secret(env: &Env, name: &str) -> Outcome<String> {
    match env.secret(name).map(|value| value.to_string()) {
        Ok(value) if value.len() >= 32 => Ok(value),
        _ => Err(Problem::new(
            Code::Unavailable,
            format!("the secret {name} is not set"),
        )),
    }
}

fn check_operator(request: &Request, env: &Env) -> Outcome<()> {
    let secret = secret(env, "OPERATOR_SECRET")?;
    let given = bearer(request)?.ok_or(Problem::from(Code::KeyMissing))?;
    // Hashes are compared, so that the time taken tells nothing about the secret or its length.
    let matches = digest::equal(&digest::plain(&[&given]), &digest::plain(&[&secret]));
    if matches {
        Ok(())
    } else {
        Err(Problem::from(Code::KeyInvalid))
    }
}

/// Addresses that ask too much, or show too many credentials that nobody issued, wait.
fn check_address(env: &Env, address: Option<&str>, now: Millis) -> Outcome<()> {
    let Some(address) = address else {
        return Ok(());
    };
    let per_minute = limits::configured(env, "RATE_PER_ADDRESS", rate::PER_ADDRESS);
    ADDRESSES.with_borrow_mut(|rates| rates.take(address, per_minute, now))?;
    let refusals = refusals_per_minute(env);
    REFUSALS.with_borrow(|rates| rates.check(address, refusals, now))
}

fn note_refusal(env: &Env, problem: &Problem, address: Option<&str>, now: Millis) {
    if let (401, Some(address)) = (problem.code.status(), address) {
        let refusals = refusals_per_minute(env);
        // The refusal that the caller gets says which credential was wrong.
        let _ = REFUSALS.with_borrow_mut(|rates| rates.take(address, refusals, now));
    }
}

fn refusals_per_minute(env: &Env) -> u32 {
    limits::configured(env, "RATE_OF_REFUSALS", rate::REFUSALS_PER_ADDRESS)
}

/// A body that trickles in is cut off: it would hold a request open for nothing.
async fn timely(body: impl Future<Output = Outcome<Vec<u8>>>) -> Outcome<Vec<u8>> {
    let patience = Delay::from(Duration::from_millis(BODY_MS_MAX));
    match select(Box::pin(body), Box::pin(patience)).await {
        Either::Left((body, _)) => body,
        Either::Right(_) => Err(Problem::from(Code::BodyTooSlow)),
    }
}

/// A session only writes from its own page: browsers name the origin of every such request, and say
/// whether another site made it.
fn check_origin(request: &Request) -> Outcome<()> {
    let upgrade = request.headers().get("upgrade")?.is_some();
    if matches!(request.method(), worker::Method::Get | worker::Method::Head) && !upgrade {
        return Ok(());
    }
    let site = request.headers().get("sec-fetch-site")?;
    if site.is_some_and(|site| site == "cross-site" || site == "same-site") {
        return Err(Problem::from(Code::OriginRefused));
    }
    let own = request.url()?.origin().ascii_serialization();
    match request.headers().get("origin")? {
        Some(origin) if origin != own => Err(Problem::from(Code::OriginRefused)),
        _ => Ok(()),
    }
}

fn bearer(request: &Request) -> Outcome<Option<String>> {
    let header = request.headers().get("authorization")?;
    let key = header.as_deref().and_then(key::in_authorization);
    Ok(key.map(str::to_owned))
}

fn cookie(request: &Request, name: &str) -> Outcome<Option<String>> {
    let header = request.headers().get("cookie")?.unwrap_or_default();
    Ok(key::in_cookies(&header, name).map(str::to_owned))
}

/// The whole body, or a refusal when it is above the limit, whatever its length header says. What
/// is above it is read on and dropped for a while: a client that is still sending when the
/// connection closes would never see why.
async fn read_body(request: &mut Request) -> Outcome<Vec<u8>> {
    if request.inner().body().is_none() {
        return Ok(Vec::new());
    }
    let limit = usize::try_from(BODY_BYTES_MAX).unwrap_or(usize::MAX);
    let told = request.headers().get("content-length")?;
    if told.is_some_and(|told| told.parse().is_ok_and(|bytes: usize| bytes <= limit)) {
        // The platform reads no more than it was told.
        return Ok(request.bytes().await?);
    }
    let (mut body, mut bytes) = (Vec::new(), 0_usize);
    let mut stream = request.stream()?;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        bytes = bytes.saturating_add(chunk.len());
        match bytes {
            bytes if bytes <= limit => body.extend(chunk),
            bytes if bytes <= DROPPED_BYTES_MAX => body.clear(),
            _ => break,
        }
    }
    if bytes > limit {
        return Err(Problem::new(
            Code::BodyTooLarge,
            format!("more than {BODY_BYTES_MAX} bytes"),
        ));
    }
    Ok(body)
}

/// Signs somebody in whom Cloudflare Access knows.
async fn sign_in_known(
    env: &Env,
    request: &Request,
    found: &Match,
    body: Vec<u8>,
    now: Millis,
) -> Outcome<Response> {
    let token = request.headers().get(access::TOKEN_HEADER)?;
    let token = token.ok_or(Problem::from(Code::InvitationInvalid))?;
    let (identity, tenant) = access::identify(env, &token, now).await?;
    let who = format!("{KNOWN} {} {}", identity.until.0, identity.mail);
    pass_as(env, &tenant, &who, request, found, body).await
}

/// Hands the request to the tenant's object, with nothing of it but what the object needs.
async fn pass(
    env: &Env,
    credential: &Credential,
    request: &Request,
    found: &Match,
    body: Vec<u8>,
) -> Outcome<Response> {
    let who = format!("{} {}", credential.kind.prefix(), credential.secret_hash);
    pass_as(env, &credential.tenant, &who, request, found, body).await
}

async fn pass_as(
    env: &Env,
    tenant: &str,
    who: &str,
    request: &Request,
    found: &Match,
    body: Vec<u8>,
) -> Outcome<Response> {
    let headers = Headers::new();
    for name in PASSED_HEADERS {
        if let Some(value) = request.headers().get(name)? {
            headers.set(name, &value)?;
        }
    }
    headers.set(CREDENTIAL_HEADER, who)?;
    let mut init = RequestInit::new();
    init.with_method(request.method()).with_headers(headers);
    // What a GET carries means nothing, and the platform passes none on.
    if !body.is_empty() && request.method() != worker::Method::Get {
        let bytes = js_sys::Uint8Array::from(body.as_slice());
        init.with_body(Some(JsValue::from(bytes)));
    }
    let stub = tenants::object(env, tenant)?;
    let inner = Request::new_with_init(&request.inner().url(), &init)?;
    let response = stub.fetch_with_request(inner).await.map_err(|error| {
        worker::console_error!(
            "{:?} failed in its object: {error:?}",
            found.entry.operation
        );
        Problem::from(Code::Internal)
    })?;
    Ok(response)
}
