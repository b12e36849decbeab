//! Who is told of what happens: a tenant's webhooks, and the secret of an agent's callbacks. It must
//! not show a secret twice, nor keep one in the clear.

use crate::call::{Answer, Call};
use crate::caller::Caller;
use crate::idempotency::Making;
use crate::people::Person;
use crate::problem::{Outcome, Problem};
use crate::storage::parsed;
use crate::tenant::Tenant;
use crate::{bind, random, sealing};
use countersign_policy::destination::{self, Reach, Refused};
use countersign_policy::invalid::Invalid;
use countersign_policy::log::{Actor, Event};
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use countersign_policy::webhook::{
    EventType, OVERLAP_MS, SECRET_BYTES, WEBHOOKS_MAX, callback_secret, secret_text,
};
use serde::{Deserialize, Serialize};

/// How far this build may call.
pub const REACH: Reach = match cfg!(feature = "development") {
    true => Reach::ThisMachineToo,
    false => Reach::Public,
};

/// The body of `POST /v1/webhooks`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// Where it is posted: https, on the public internet.
    url: String,
    /// What it is told; empty is everything.
    #[serde(default)]
    events: Vec<EventType>,
    /// Whether its receiver shows or keeps what it is told, as a chat or a log does: personal data is
    /// masked.
    #[serde(default)]
    masked: bool,
}

/// A webhook that was just made, or whose secret was just rotated: the secret is shown once, here.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WebhookMade {
    /// `whsec_…`, as libraries of Standard Webhooks take it.
    secret: String,
    #[serde(flatten)]
    view: WebhookView,
}

/// `GET /v1/webhooks`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WebhookPage {
    /// Oldest first.
    webhooks: Vec<WebhookView>,
}

/// A webhook without its secret.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WebhookView {
    /// Its id.
    id: String,
    /// Where it is posted.
    url: String,
    /// What it is told; empty is everything.
    events: Vec<EventType>,
    /// Whether personal data is masked in what it is told.
    masked: bool,
    /// When it was made.
    created_at: Millis,
    /// Until then the secret before signs, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_before_until: Option<Millis>,
    /// When its receiver answered 410: it is told nothing since.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_at: Option<Millis>,
}

/// `GET /v1/callback-secret`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CallbackSecret {
    /// What signs every callback for drafts of this key: `whsec_…`.
    secret: String,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    url: String,
    events: String,
    masked: u32,
    created_at: u64,
    secret_before_until: Option<u64>,
    disabled_at: Option<u64>,
}

/// A webhook that is told of an event.
#[derive(Deserialize)]
pub struct Listening {
    /// Its id.
    pub id: String,
    events: String,
    masked: u32,
}

impl Listening {
    /// Whether personal data is masked in what it is told.
    pub fn is_masked(&self) -> bool {
        self.masked == 1
    }
}

/// `POST /v1/webhooks`.
pub async fn create(tenant: &Tenant, call: &Call, caller: &Caller) -> Outcome<Answer> {
    let making = Making::of(tenant, call, &caller.person()?.id)?;
    let new: NewWebhook = call.json()?;
    destination::check(&new.url, REACH, &[]).map_err(|refused| refuse("/url", refused))?;
    let id = random::id(call.now)?;
    let sealed = sealing::seal(&tenant.env, &id, &making.secret).await?;

    tenant.transaction(|| {
        if let Some((view, secret)) = making.before(tenant)? {
            return made(201, view, &secret);
        }
        let known = u32::try_from(rows(tenant)?.len()).unwrap_or(u32::MAX);
        if known >= WEBHOOKS_MAX {
            let detail = format!("{WEBHOOKS_MAX} webhooks are there already: delete one first");
            return Err(Invalid::field("", detail).into());
        }
        tenant.storage.run(
            "INSERT INTO webhooks (id, url, events, masked, secret, created_at) VALUES (?, ?, ?, ?, ?, ?)",
            bind![
                &id,
                &new.url,
                &serde_json::to_string(&new.events)?,
                new.masked,
                &sealed,
                call.now
            ],
        )?;
        append(tenant, call, caller.actor(), Event::WebhookCreated, &id)?;
        let view = WebhookView {
            id: id.clone(),
            url: new.url.clone(),
            events: new.events.clone(),
            masked: new.masked,
            created_at: call.now,
            secret_before_until: None,
            disabled_at: None,
        };
        making.remember(tenant, &view, call.now)?;
        made(201, view, &making.secret)
    })
}

/// A webhook with its secret: shown here alone.
fn made(status: u16, view: WebhookView, secret: &[u8; SECRET_BYTES]) -> Outcome<Answer> {
    let secret = secret_text(secret);
    Answer::json(status, &WebhookMade { secret, view })
}

/// `GET /v1/webhooks`.
pub fn list(tenant: &Tenant) -> Outcome<Answer> {
    let webhooks = rows(tenant)?
        .into_iter()
        .map(view)
        .collect::<Outcome<_>>()?;
    Answer::json(200, &WebhookPage { webhooks })
}

/// `DELETE /v1/webhooks/{id}`: what is on its way there goes with it.
pub fn delete(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    find(tenant, &call.id)?;
    for statement in [
        "DELETE FROM webhooks WHERE id = ?",
        "DELETE FROM deliveries WHERE receiver = ?",
    ] {
        tenant.storage.run(statement, bind![&call.id])?;
    }
    append(
        tenant,
        call,
        person.actor(),
        Event::WebhookDeleted,
        &call.id,
    )?;
    Ok(Answer::empty())
}

/// `POST /v1/webhooks/{id}/secret`: a new one; the one before signs, too, for another day. Whoever
/// takes the new one has a receiver again, so a disabled webhook starts to work.
pub async fn rotate(tenant: &Tenant, call: &Call, caller: &Caller) -> Outcome<Answer> {
    find(tenant, &call.id)?;
    let making = Making::of(tenant, call, &caller.person()?.id)?;
    let sealed = sealing::seal(&tenant.env, &call.id, &making.secret).await?;

    tenant.transaction(|| {
        if let Some((view, secret)) = making.before(tenant)? {
            return made(200, view, &secret);
        }
        tenant.storage.run(
            "UPDATE webhooks SET secret_before = secret, secret_before_until = ?, secret = ?,
               disabled_at = NULL WHERE id = ?",
            bind![call.now.plus(OVERLAP_MS), &sealed, &call.id],
        )?;
        append(
            tenant,
            call,
            caller.actor(),
            Event::WebhookRotated,
            &call.id,
        )?;
        let view = view(find(tenant, &call.id)?)?;
        making.remember(tenant, &view, call.now)?;
        made(200, view, &making.secret)
    })
}

/// `GET /v1/callback-secret`: for the key that asks.
pub fn callback(tenant: &Tenant, key: &str) -> Outcome<Answer> {
    let secrets = sealing::worker_secrets(&tenant.env)?;
    let newest = secrets.first().ok_or(Code::NotConfigured)?;
    let secret = callback_secret(newest.as_bytes(), &tenant.record()?.id, key);
    let secret = secret_text(&secret);
    Answer::json(200, &CallbackSecret { secret })
}

/// The webhooks that are told of an event.
pub fn listening(tenant: &Tenant, event: EventType) -> Outcome<Vec<Listening>> {
    let rows = tenant.storage.rows::<Listening>(
        "SELECT id, events, masked FROM webhooks WHERE disabled_at IS NULL ORDER BY id",
        bind![],
    )?;
    let mut listening = Vec::new();
    for row in rows {
        let events: Vec<EventType> = parsed(&row.events)?;
        if events.is_empty() || events.contains(&event) {
            listening.push(row);
        }
    }
    Ok(listening)
}

/// Tells a webhook nothing more.
pub fn disable(tenant: &Tenant, id: &str, now: Millis) -> Outcome<()> {
    tenant.storage.run(
        "UPDATE webhooks SET disabled_at = ? WHERE id = ? AND disabled_at IS NULL",
        bind![now, id],
    )
}

/// Whether a webhook takes messages.
pub fn is_enabled(tenant: &Tenant, id: &str) -> Outcome<bool> {
    Ok(rows(tenant)?
        .iter()
        .any(|row| row.id == id && row.disabled_at.is_none()))
}

/// An address that must not be called.
pub fn refuse(pointer: &str, refused: Refused) -> Problem {
    Problem::new(Code::DestinationRefused, refused.detail()).at(pointer)
}

fn find(tenant: &Tenant, id: &str) -> Outcome<Row> {
    rows(tenant)?
        .into_iter()
        .find(|row| row.id == id)
        .ok_or(Problem::from(Code::NotFound))
}

fn rows(tenant: &Tenant) -> Outcome<Vec<Row>> {
    tenant.storage.rows(
        "SELECT id, url, events, masked, created_at, secret_before_until, disabled_at FROM webhooks
         ORDER BY created_at, id",
        bind![],
    )
}

fn view(row: Row) -> Outcome<WebhookView> {
    Ok(WebhookView {
        id: row.id,
        url: row.url,
        events: parsed(&row.events)?,
        masked: row.masked == 1,
        created_at: Millis(row.created_at),
        secret_before_until: row.secret_before_until.map(Millis),
        disabled_at: row.disabled_at.map(Millis),
    })
}

fn append(tenant: &Tenant, call: &Call, actor: Actor, event: Event, id: &str) -> Outcome<()> {
    tenant.log(call.now, event, actor, Some(id), [])
}
