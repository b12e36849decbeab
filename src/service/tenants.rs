//! The registry of tenants, for the operator: making one, inviting to it, waking all. It must not
//! read what a tenant holds.

use crate::call::Answer;
use crate::d1::{DATABASE, Rows, millis};
use crate::door::issue;
use crate::problem::{Outcome, Problem};
use crate::storage::parsed;
use crate::{clock, random};
use countersign_policy::draft::NAME_BYTES_MAX;
use countersign_policy::invalid::{Invalid, check_length};
use countersign_policy::key::KeyKind;
use countersign_policy::problem::Code;
use countersign_policy::starting::Team;
use futures_util::{StreamExt, stream};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;
use worker::js_sys::Promise;
use worker::js_sys::futures::JsFuture;
use worker::web_sys::{RequestInit, Response};
use worker::worker_sys::DurableObjectNamespace;
use worker::{D1Database, Env};

/// The binding of the tenants' objects.
const OBJECTS: &str = "TENANT";
/// The variable that keeps all objects in a jurisdiction, such as `eu`; empty or absent: anywhere.
const JURISDICTION: &str = "JURISDICTION";
/// Tenants that are woken at once: as many connections as the platform opens for one request.
const WOKEN_AT_ONCE: usize = 6;
/// The only shard so far; a tenant beyond one object is sharded by conversation.
const SHARD: u32 = 0;

/// The body of `POST /v1/tenants`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewTenant {
    /// Unique within the deployment.
    name: String,
    /// The first lead's mail address.
    lead: String,
    /// The kind of team whose policy it starts with; `blank` reviews everything.
    #[serde(default)]
    team: Team,
    /// Whether the invitation can be used again and again; development builds only.
    #[serde(default)]
    reusable_invitation: bool,
}

/// The answer: the key and the invitation are shown once, here.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TenantMade {
    tenant_id: String,
    name: String,
    agent_key: String,
    invitation: String,
    sign_in_path: String,
}

/// The body of `POST /v1/tenants/{id}/invitations`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// Who is invited.
    mail: String,
    /// What they may do.
    role: crate::people::PersonRole,
    /// Development builds only.
    #[serde(default)]
    reusable: bool,
}

/// The answer: the invitation is shown once, here.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct InvitationMade {
    invitation: String,
    sign_in_path: String,
}

impl InvitationMade {
    /// The invitation and where it is opened: in the fragment, which no server ever sees.
    pub fn new(invitation: String) -> Self {
        let sign_in_path = sign_in_path(&invitation);
        Self {
            invitation,
            sign_in_path,
        }
    }
}

/// What the registry tells a tenant's object to begin with.
#[derive(Serialize, Deserialize)]
pub struct Founding {
    /// The tenant's id.
    pub tenant_id: String,
    /// Its name.
    pub name: String,
    /// Keys what the tenant keeps from its agents: 64 hex.
    pub secret: String,
    /// Hash of the first agent key.
    pub agent_key_hash: String,
    /// The first lead.
    pub invitation: Invitation,
    /// The kind of team whose policy it starts with.
    #[serde(default)]
    pub team: Team,
}

/// What the registry tells a tenant's object of an invitation.
#[derive(Serialize, Deserialize)]
pub struct Invitation {
    /// Hash of its secret.
    pub secret_hash: String,
    /// Who is invited.
    pub mail: String,
    /// What they may do.
    pub role: crate::people::PersonRole,
    /// Development builds only.
    pub reusable: bool,
}

#[derive(Deserialize)]
struct Registered {
    id: String,
}

#[wasm_bindgen(wasm_bindgen = worker::wasm_bindgen)]
extern "C" {
    /// The namespace of the objects, for what the `worker` crate doesn't have.
    type Objects;

    #[wasm_bindgen(method, catch, js_name = jurisdiction)]
    fn within(this: &Objects, jurisdiction: &str) -> Result<JsValue, JsValue>;

    /// An object, which makes the request itself of what it is given.
    type Object;

    #[wasm_bindgen(method, catch)]
    fn fetch(this: &Object, url: &str, init: &RequestInit) -> Result<Promise, JsValue>;
}

/// Asks the one object of a tenant. Its answer is not taken apart: most of them only pass through.
pub async fn send(
    env: &Env,
    tenant: &str,
    url: &str,
    init: &RequestInit,
) -> worker::Result<Response> {
    let object = objects(env)?.get_by_name(&object_name(tenant, SHARD))?;
    let answer = object.unchecked_ref::<Object>().fetch(url, init)?;
    Ok(JsFuture::from(answer).await?.unchecked_into())
}

/// The objects of this deployment, within its jurisdiction: there a name is of another object than
/// elsewhere, so that one which lies outside is never met.
fn objects(env: &Env) -> worker::Result<DurableObjectNamespace> {
    let all = env.durable_object(OBJECTS)?;
    let handle: &JsValue = all.as_ref();
    let wanted = env.var(JURISDICTION).map(|value| value.to_string());
    let Some(wanted) = wanted.ok().filter(|wanted| !wanted.is_empty()) else {
        return Ok(handle.clone().unchecked_into());
    };
    let within = handle.unchecked_ref::<Objects>().within(&wanted)?;
    Ok(within.unchecked_into())
}

/// The name of a tenant's object. Renaming one would lose its data.
fn object_name(tenant: &str, shard: u32) -> String {
    format!("tenant/{tenant}/{shard}")
}

/// The tenant whose object has this name.
pub fn tenant_of(object_name: &str) -> Option<&str> {
    object_name
        .strip_prefix("tenant/")?
        .rsplit_once('/')
        .map(|(tenant, _)| tenant)
}

/// `POST /v1/tenants`.
pub async fn create(env: &Env, body: &[u8]) -> Outcome<worker::Response> {
    let wanted: NewTenant = countersign_policy::invalid::parse(body)?;
    check_text("/name", &wanted.name)?;
    check_mail("/lead", &wanted.lead)?;
    let now = clock::now();
    let database = env.d1(DATABASE)?;
    if let Some(taken) = taken(&database, &wanted.name).await? {
        return Err(taken);
    }
    let tenant_id = random::id(now)?;
    let (agent_key, agent_key_hash) = issue(env, KeyKind::Agent, &tenant_id)?;
    let (invitation, secret_hash) = issue(env, KeyKind::Invitation, &tenant_id)?;
    let founding = Founding {
        tenant_id: tenant_id.clone(),
        name: wanted.name.clone(),
        secret: countersign_policy::digest::hex(&random::bytes::<32>()?),
        agent_key_hash,
        invitation: Invitation {
            secret_hash,
            mail: wanted.lead,
            role: crate::people::PersonRole::Lead,
            reusable: reusable(wanted.reusable_invitation)?,
        },
        team: wanted.team,
    };
    tell(env, &tenant_id, "found", &founding).await?;
    // The object without a row here is unreachable; the unique name settles a race.
    let values: [JsValue; 3] = [
        tenant_id.as_str().into(),
        wanted.name.as_str().into(),
        millis(now),
    ];
    let registered = database
        .prepare(
            "INSERT INTO tenants (id, name, created_at) VALUES (?, ?, ?)
             ON CONFLICT (name) DO NOTHING RETURNING id",
        )
        .bind(&values)?
        .first_row::<Registered>()
        .await?;
    if registered.is_none() {
        let taken = taken(&database, &wanted.name).await?;
        return Err(taken.unwrap_or(Code::Unavailable.into()));
    }
    let sign_in_path = sign_in_path(&invitation);
    let made = TenantMade {
        tenant_id,
        name: wanted.name,
        agent_key,
        invitation,
        sign_in_path,
    };
    Ok(Answer::json(201, &made)?.response()?)
}

/// Why there can be no other tenant of a name. Whoever never got the answer to their own goes on by its id.
async fn taken(database: &D1Database, name: &str) -> Outcome<Option<Problem>> {
    let known = database
        .prepare("SELECT id FROM tenants WHERE name = ?")
        .bind(&[name.into()])?
        .first_row::<Registered>()
        .await?;
    Ok(known.map(|Registered { id }| {
        let detail = format!("`{name}` is {id}, whose people /v1/tenants/{id}/invitations invites");
        Problem::new(Code::TenantExists, detail)
    }))
}

/// `POST /v1/tenants/{id}/invitations`.
pub async fn invite(env: &Env, tenant: &str, body: &[u8]) -> Outcome<worker::Response> {
    let wanted: NewInvitation = countersign_policy::invalid::parse(body)?;
    check_mail("/mail", &wanted.mail)?;
    let known = env
        .d1(DATABASE)?
        .prepare("SELECT id FROM tenants WHERE id = ?")
        .bind(&[tenant.into()])?
        .first_row::<Registered>()
        .await?
        .ok_or(Code::NotFound)?;
    let (invitation, secret_hash) = issue(env, KeyKind::Invitation, &known.id)?;
    let told = Invitation {
        secret_hash,
        mail: wanted.mail,
        role: wanted.role,
        reusable: reusable(wanted.reusable)?,
    };
    let answer = order(env, &known.id, "invite", &told).await?;
    if answer.status() >= 400 {
        // Why is for the operator to know.
        return Ok(answer.into());
    }
    Ok(Answer::json(201, &InvitationMade::new(invitation))?.response()?)
}

/// Wakes every tenant's object, some at once; one that fails or is slow does not keep the others asleep. Who comes first
/// is left to chance: where the platform cuts a long round off, nobody is always behind.
pub async fn wake_all(env: &Env) -> Outcome<()> {
    let tenants = env
        .d1(DATABASE)?
        .prepare("SELECT id FROM tenants ORDER BY random()")
        .rows::<Registered>()
        .await?;
    let wake = |tenant: Registered| async move {
        if tell(env, &tenant.id, "wake", &()).await.is_err() {
            worker::console_error!("tenant {} did not wake", tenant.id);
        }
    };
    let round = stream::iter(tenants).for_each_concurrent(WOKEN_AT_ONCE, wake);
    round.await;
    Ok(())
}

/// Sends an order of the registry to a tenant's object, on a path that no outside request reaches.
pub async fn tell<T: Serialize>(env: &Env, tenant: &str, order: &str, content: &T) -> Outcome<()> {
    ask(env, tenant, order, content).await.map(drop)
}

/// The same for an order that is answered.
pub async fn told<T: DeserializeOwned>(env: &Env, tenant: &str, order: &str) -> Outcome<T> {
    let mut answer = worker::Response::from(ask(env, tenant, order, &()).await?);
    Ok(parsed(&answer.text().await?)?)
}

async fn ask<T: Serialize>(env: &Env, tenant: &str, order: &str, content: &T) -> Outcome<Response> {
    let response = self::order(env, tenant, order, content).await?;
    match response.status() {
        200..=299 => Ok(response),
        status => Err(Problem::from(worker::Error::from(format!(
            "the object answered {status}"
        )))),
    }
}

/// The same, whatever is answered.
async fn order<T: Serialize>(
    env: &Env,
    tenant: &str,
    order: &str,
    content: &T,
) -> Outcome<Response> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&JsValue::from(serde_json::to_string(content)?));
    let url = format!("https://tenant/registry/{order}");
    Ok(send(env, tenant, &url, &init).await?)
}

/// The secret of an invitation stands in the fragment, which no server ever sees.
fn sign_in_path(invitation: &str) -> String {
    format!("/#invitation={invitation}")
}

fn reusable(wanted: bool) -> Outcome<bool> {
    if wanted && !cfg!(feature = "development") {
        let fault = Invalid::field("/reusable_invitation", "only in development builds");
        return Err(fault.into());
    }
    Ok(wanted)
}

/// A name of a tenant, person or key: neither empty nor long.
pub fn check_text(pointer: &str, text: &str) -> Outcome<()> {
    if text.trim().is_empty() {
        return Err(Invalid::field(pointer, "empty").into());
    }
    Ok(check_length(pointer, text, NAME_BYTES_MAX)?)
}

/// What can be a mail address, and nothing beside it. Whether it reaches anybody is seen when they come.
pub fn check_mail(pointer: &str, text: &str) -> Outcome<()> {
    check_text(pointer, text)?;
    let sides = text.split_once('@');
    let whole = sides.is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty());
    match whole && !text.contains(char::is_whitespace) {
        true => Ok(()),
        false => Err(Invalid::field(pointer, "not a mail address").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_names_are_fixed() {
        assert_eq!(object_name("0198c0de", 0), "tenant/0198c0de/0");
        assert_eq!(tenant_of("tenant/0198c0de/0"), Some("0198c0de"));
        assert_eq!(tenant_of("other"), None);
    }
}
