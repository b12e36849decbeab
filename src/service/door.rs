//! The door: makes credentials and checks their MAC, and passes a request to the one object that its
//! credential names. It must not trust a header, a path or a body to name a tenant.

#[cfg(feature = "development")]
#[path = "../policy/tests/golden/trust.rs"]
mod golden_trust;

use crate::access;
use crate::call::{Answer, CREDENTIAL_HEADER, KNOWN, PERSON_HEADERS, PROGRAM_HEADERS};
use crate::limits::{self, Rates};
use crate::problem::{Outcome, Problem};
use crate::routes::{self, Access, Match, Operation};
use crate::{body, clock, departure, embedder, people, random, tenants};
use countersign_policy::digest;
use countersign_policy::key::{self, Credential, KeyKind};
use countersign_policy::problem::Code;
use countersign_policy::rate;
use countersign_policy::route::ENGINE_VERSION;
use countersign_policy::time::Millis;
use serde::Serialize;
use std::cell::{OnceCell, RefCell};
use wasm_bindgen::JsValue;
use worker::js_sys::{Object, Reflect};
use worker::{Env, Request, Response, web_sys};

/// The cookie that carries a session.
pub const SESSION_COOKIE: &str = "countersign_session";
thread_local! {
    /// What is left to each address of this minute, and of refused credentials.
    static ADDRESSES: RefCell<Rates> = RefCell::default();
    static REFUSALS: RefCell<Rates> = RefCell::default();
    /// The Worker's MAC key and the one before it, which stay as long as the isolate.
    static MAC_KEYS: OnceCell<[String; 2]> = const { OnceCell::new() };
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
pub async fn answer(request: web_sys::Request, env: &Env) -> Outcome<web_sys::Response> {
    // As it was sent: the crate takes a method that it doesn't know for GET.
    let method = request.method();
    let mut request = Request::from(request);
    let path = request.path();
    let found = match routes::find(&method, &path) {
        Ok(found) => found,
        Err(code) => {
            let page = missing_page(&request, env).await;
            return page.ok_or_else(|| nowhere(code, &method, &path));
        }
    };
    let address = request.headers().get("cf-connecting-ip")?;
    let now = clock::now();
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
    if let Some(credential) = credential {
        return pass(env, &credential, &mut request, &found).await;
    }
    let body = body::read(&mut request).await?;
    let answer = match found.entry.operation {
        Operation::Health => health(env).await,
        Operation::CreateTenant => tenants::create(env, &body).await,
        Operation::DeleteTenant => departure::delete(env, &found.id).await,
        Operation::Invite => tenants::invite(env, &found.id, &body).await,
        Operation::OpenSession => return open_session(env, &request, &found, &body, now).await,
        #[cfg(feature = "development")]
        Operation::Decide => decide(&body),
        #[cfg(feature = "development")]
        Operation::AnswerTrust => answer_trust(&body),
        _ => Err(Problem::from(Code::Forbidden)),
    };
    Ok(answer?.into())
}

/// What is answered to a method and path that the table doesn't have.
fn nowhere(code: Code, method: &str, path: &str) -> Problem {
    match routes::methods(path) {
        allowed if code == Code::MethodNotAllowed => {
            Problem::new(code, format!("{method} {path}: it has {allowed}")).allowing(allowed)
        }
        _ => Problem::new(code, format!("{method} {path}")),
    }
}

/// The page that stands where nothing is, for who reads pages; a program, and whoever asks the API, gets a problem.
async fn missing_page(request: &Request, env: &Env) -> Option<web_sys::Response> {
    let accepted = request.headers().get("accept").ok()??;
    if request.path().starts_with("/v1/") || !accepted.contains("text/html") {
        return None;
    }
    let assets = env.assets("ASSETS").ok()?;
    let page = assets
        .fetch("https://assets.invalid/404", None)
        .await
        .ok()?;
    Some(page.with_status(404).into())
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
    Ok(Answer::json(200, &answer.ok_or(Code::NotFound)?)?.response()?)
}

/// The credential that fits the access; the MAC is right, the tenant has not been asked.
fn credential(request: &Request, env: &Env, access: Access) -> Outcome<Credential> {
    let bearer = bearer(request)?;
    let session = cookie(request, SESSION_COOKIE)?;
    let (by_key, by_session) = match access {
        Access::Agent => (Some(KeyKind::Agent), false),
        Access::AgentOrPerson => (Some(KeyKind::Agent), true),
        Access::LeadOrPolicyKey | Access::PersonOrPolicyKey | Access::OverseerOrPolicyKey => {
            (Some(KeyKind::Policy), true)
        }
        _ => (None, true),
    };
    match (by_key, bearer, session) {
        (Some(kind), Some(text), _) => check_key(env, kind, &text)?
            .ok_or_else(|| Problem::new(Code::KeyInvalid, key::advice(kind, Some(&text)))),
        (_, _, Some(text)) if by_session => check_key(env, KeyKind::Session, &text)?
            .ok_or_else(|| Problem::from(Code::SessionRequired)),
        (Some(kind), None, _) if !by_session => {
            Err(Problem::new(Code::KeyMissing, key::advice(kind, None)))
        }
        (_, given, _) => {
            let advice = key::advice(KeyKind::Session, given.as_deref());
            Err(Problem::new(Code::SessionRequired, advice))
        }
    }
}

/// Checks a credential under the Worker's MAC key, or the one before it.
fn check_key(env: &Env, kind: KeyKind, text: &str) -> Outcome<Option<Credential>> {
    MAC_KEYS.with(|known| {
        let [current, before] = match known.get() {
            Some(keys) => keys,
            None => {
                let before = env.secret("KEY_MAC_SECRET_PREVIOUS");
                let before = before.map(|value| value.to_string()).unwrap_or_default();
                let current = secret(env, "KEY_MAC_SECRET")?;
                known.get_or_init(|| [current, before])
            }
        };
        let keys = [current.as_bytes(), before.as_bytes()];
        Ok(key::check(kind, text, &keys))
    })
}

/// A new credential for a tenant, and the hash by which its object knows it.
pub fn issue(env: &Env, kind: KeyKind, tenant: &str) -> Outcome<(String, String)> {
    let secret = random::bytes()?;
    let credential = credential_with(env, kind, tenant, &secret)?;
    Ok((credential, key::stored_hash(&secret)))
}

/// The credential for a tenant that has this secret.
pub fn credential_with(
    env: &Env,
    kind: KeyKind,
    tenant: &str,
    given: &[u8; 32],
) -> Outcome<String> {
    let mac_key = secret(env, "KEY_MAC_SECRET")?;
    let credential = key::issue(kind, tenant, given, mac_key.as_bytes());
    Ok(credential.ok_or(Code::Internal)?)
}

/// A Worker secret; without it nothing can be checked.
pub fn secret(env: &Env, name: &str) -> Outcome<String> {
    match env.secret(name).map(|value| value.to_string()) {
        Ok(value) if value.len() >= 32 => Ok(value),
        _ => Err(Problem::new(
            Code::NotConfigured,
            format!("the secret {name} is not set"),
        )),
    }
}

fn check_operator(request: &Request, env: &Env) -> Outcome<()> {
    let secret = secret(env, "OPERATOR_SECRET")?;
    let refused = |code| {
        Problem::new(
            code,
            "send the operator's secret: `authorization: Bearer …`",
        )
    };
    let given = bearer(request)?.ok_or_else(|| refused(Code::KeyMissing))?;
    // Hashes are compared, so that the time taken tells nothing about the secret or its length.
    let matches = digest::equal(&digest::plain(&[&given]), &digest::plain(&[&secret]));
    if matches {
        Ok(())
    } else {
        Err(refused(Code::KeyInvalid))
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

/// Signs somebody in by an invitation, or one whom Cloudflare Access knows.
async fn open_session(
    env: &Env,
    request: &Request,
    found: &Match,
    body: &[u8],
    now: Millis,
) -> Outcome<web_sys::Response> {
    let (tenant, who) = match people::invitation_in(body)? {
        Some(invitation) => {
            let known = check_key(env, KeyKind::Invitation, &invitation)?;
            let known = known.ok_or(Code::InvitationInvalid)?;
            (known.tenant.clone(), named(&known))
        }
        None => {
            let token = request.headers().get(access::TOKEN_HEADER)?;
            let token = token.ok_or(Code::InvitationInvalid)?;
            let (identity, tenant) = access::identify(env, &token, now).await?;
            let who = format!("{KNOWN} {} {}", identity.until.0, identity.mail);
            (tenant, who)
        }
    };
    let body = Some(js_sys::Uint8Array::from(body).into());
    hand_over(env, &tenant, request, (&who, PERSON_HEADERS), body, found).await
}

/// Passes a request on to the object of its credential's tenant, with its body as it comes where that is
/// known to be within the limit.
async fn pass(
    env: &Env,
    credential: &Credential,
    request: &mut Request,
    found: &Match,
) -> Outcome<web_sys::Response> {
    let passed = match credential.kind {
        KeyKind::Agent | KeyKind::Policy => PROGRAM_HEADERS,
        KeyKind::Session | KeyKind::Invitation => PERSON_HEADERS,
    };
    let body = match body::is_within_limit(request)? {
        true => request.inner().body().map(JsValue::from),
        false => {
            let body = body::read(request).await?;
            Some(js_sys::Uint8Array::from(body.as_slice()).into())
        }
    };
    // What a GET carries means nothing, and the platform passes none on.
    let body = body.filter(|_| request.method() != worker::Method::Get);
    let (tenant, who) = (&credential.tenant, named(credential));
    hand_over(env, tenant, request, (&who, passed), body, found).await
}

/// As the object knows a credential.
fn named(credential: &Credential) -> String {
    format!("{} {}", credential.kind.prefix(), credential.secret_hash)
}

/// Hands a request to the tenant's object, with nothing of it but what the object needs: of its headers
/// those that are `passed`, and `who` asks.
async fn hand_over(
    env: &Env,
    tenant: &str,
    request: &Request,
    (who, passed): (&str, &[&str]),
    body: Option<JsValue>,
    found: &Match,
) -> Outcome<web_sys::Response> {
    let headers = Object::new();
    let set = |name: &str, value: &str| {
        let set = Reflect::set(&headers, &name.into(), &value.into());
        set.map_err(worker::Error::from)
    };
    set(CREDENTIAL_HEADER, who)?;
    for name in passed {
        if let Some(value) = request.headers().get(name)? {
            set(name, &value)?;
        }
    }
    let init = web_sys::RequestInit::new();
    init.set_method(request.method().as_ref());
    init.set_headers(&headers);
    if let Some(body) = body {
        init.set_body(&body);
    }
    let url = request.inner().url();
    tenants::send(env, tenant, &url, &init)
        .await
        .map_err(|error| {
            worker::console_error!(
                "{:?} failed in its object: {error:?}",
                found.entry.operation
            );
            Problem::from(Code::Internal)
        })
}
