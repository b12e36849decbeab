//! Webhooks on their way: written with the change that they tell of, called in order for each
//! receiver and draft, and settled by what was answered. It must not decide when or whether to try
//! again: `policy::delivery` does.

use crate::clock::now;
use crate::drafts::{self, DraftAnswer, VerdictView};
use crate::problem::{Outcome, Problem};
use crate::storage::Storage;
use crate::stored::Stored;
use crate::tenant::{Tenant, system};
use crate::{bind, random, sealing, webhooks};
use countersign_policy::delivery::{self, Answer, Called, Next, TIMEOUT_MS};
use countersign_policy::destination;
use countersign_policy::log::Event;
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use countersign_policy::webhook::{self, BODY_BYTES_MAX, EventType, SECRET_BYTES, callback_secret};
use futures_util::future::{Either, select};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use wasm_bindgen::{JsCast, JsValue};
use worker::web_sys::{RequestInit, RequestRedirect};
use worker::worker_sys::DurableObjectState;
use worker::{AbortController, Delay, Env, Fetch, Headers, Request, State};

/// Answers whose consequences are drawn in one go.
const ANSWERS_MAX: u32 = 100;
/// A call whose end nobody noted (the object was evicted) counts as failed after this.
const LOST_MS: u64 = TIMEOUT_MS.saturating_add(5_000);

/// What an agent is told of its draft.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DraftTold {
    #[serde(flatten)]
    draft: DraftAnswer,
    /// The draft's version: of two messages the higher is the newer.
    version: u32,
    /// Who drafted.
    agent: String,
    /// The conversation that it belongs to.
    conversation_id: String,
    /// Set where what may leave is too long for a webhook: the draft is asked for instead.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, schemars(default))]
    outgoing_omitted: bool,
    /// The same of the verdict's words.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, schemars(default))]
    words_omitted: bool,
    /// The same of the places behind the reasons.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, schemars(default))]
    evidence_omitted: bool,
}

impl DraftTold {
    /// What may be left out of a message that is too long, in this order.
    const OMITTED: [fn(&mut Self); 3] = [
        |told| told.outgoing_omitted = told.draft.outgoing.take().is_some(),
        |told| {
            let verdict = told.draft.verdict.as_mut();
            told.words_omitted = verdict.is_some_and(VerdictView::omit_words);
        },
        |told| {
            for reason in &mut told.draft.reasons {
                told.evidence_omitted |= !std::mem::take(&mut reason.evidence).is_empty();
            }
        },
    ];
}

#[derive(Clone, Deserialize)]
struct Row {
    number: u64,
    message_id: String,
    about: String,
    receiver: String,
    key_id: Option<String>,
    url: Option<String>,
    body: String,
    attempts: u32,
    answer: Option<String>,
}

#[derive(Deserialize)]
struct Secrets {
    url: String,
    secret: String,
    secret_before: Option<String>,
    secret_before_until: Option<u64>,
}

const COLUMNS: &str = "number, message_id, about, receiver, key_id, url, body, attempts, answer";

/// Where a message goes beside the tenant's webhooks: a draft's own address, and the key that signs.
struct Callback<'a> {
    url: &'a str,
    host: String,
    key: &'a str,
}

/// Tells the tenant's webhooks what happened to `about` (a draft, a category, the log). To be called
/// in the transaction of the change itself.
pub fn event<T: Serialize>(
    tenant: &Tenant,
    now: Millis,
    event: EventType,
    about: &str,
    data: &T,
) -> Outcome<()> {
    let body = webhook::body(event, now, data)?;
    put(tenant, now, event, about, (&body, &[]), None)
}

/// Tells a draft's agent, and the tenant's webhooks, what the draft became.
pub fn tell_agent(tenant: &Tenant, stored: &Stored, event: EventType, now: Millis) -> Outcome<()> {
    let mut data = DraftTold {
        draft: drafts::view(tenant, stored, now)?,
        version: stored.entry.version,
        agent: stored.draft.agent.clone(),
        conversation_id: stored.draft.conversation.id.clone(),
        outgoing_omitted: false,
        words_omitted: false,
        evidence_omitted: false,
    };
    let mut body = webhook::body(event, now, &data)?;
    for omit in DraftTold::OMITTED {
        if body.len() > BODY_BYTES_MAX {
            omit(&mut data);
            body = webhook::body(event, now, &data)?;
        }
    }
    let address = stored.draft.callback_url.as_deref();
    let callback = address.and_then(|url| {
        let address = destination::check(url, webhooks::REACH, &[]).ok()?;
        Some(Callback {
            url,
            host: address.host()?.to_string(),
            key: &stored.key_id,
        })
    });
    let customer = stored.draft.customer.as_ref();
    let names = customer.map(|customer| [Some(&customer.id), customer.name.as_ref()]);
    let names: Vec<&str> = names
        .iter()
        .flatten()
        .filter_map(|name| name.map(String::as_str))
        .collect();
    put(tenant, now, event, &stored.id, (&body, &names), callback)
}

fn put(
    tenant: &Tenant,
    now: Millis,
    event: EventType,
    about: &str,
    (body, names): (&str, &[&str]),
    callback: Option<Callback<'_>>,
) -> Outcome<()> {
    let webhooks = webhooks::listening(tenant, event)?;
    if webhooks.is_empty() && callback.is_none() {
        return Ok(());
    }
    tenant.called_by.take();
    let id = format!("msg_{}", random::id(now)?);
    let insert = |receiver: &str, body: &str, key: Option<&str>, url: Option<&str>| {
        tenant.storage.run(
            "INSERT INTO deliveries (message_id, event, about, receiver, key_id, url, body,
               created_at, next_at)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, CASE WHEN EXISTS (
               SELECT 1 FROM deliveries WHERE receiver = ?4 AND about = ?3 AND dead_at IS NULL)
               THEN NULL ELSE ?8 END",
            bind![&id, event.name(), about, receiver, key, url, body, now],
        )
    };
    for listening in webhooks {
        match listening.is_masked() {
            true => insert(&listening.id, &webhook::masked(body, names), None, None)?,
            false => insert(&listening.id, body, None, None)?,
        }
    }
    if let Some(Callback { url, host, key }) = callback {
        insert(&host, body, Some(key), Some(url))?;
    }
    Ok(())
}

/// Draws the consequences of what was answered, then calls those that are due.
pub fn send_due(tenant: &Tenant, now: Millis) -> Outcome<()> {
    for row in tenant.transaction(|| begin_calls(tenant, now))? {
        let call = Call {
            storage: tenant.storage.clone(),
            env: tenant.env.clone(),
            state: JsValue::from(tenant.state.as_raw()),
            tenant: tenant.record()?.id,
            row,
        };
        // The alarm does not wait: a receiver that hangs would hold up everything else in it.
        worker::wasm_bindgen_futures::spawn_local(call.run());
    }
    // What is still due waits for a call to end, and that wakes the object.
    tenant.called_by.set(Some(now));
    Ok(())
}

/// Up to when nothing due need wake the object: it waits for a call to end, which does.
pub fn called_by(tenant: &Tenant) -> Millis {
    tenant.called_by.get().unwrap_or_default()
}

fn begin_calls(tenant: &Tenant, now: Millis) -> Outcome<Vec<Row>> {
    conclude(tenant, now)?;
    let mut under_way = tenant.storage.rows::<Called>(
        "SELECT receiver, key_id FROM deliveries WHERE calling = 1",
        bind![],
    )?;
    let query = format!(
        "SELECT {COLUMNS} FROM deliveries WHERE number = (
           SELECT number FROM deliveries WHERE next_at <= ? AND calling = 0
             AND receiver NOT IN (SELECT value FROM json_each(?))
             AND (key_id IS NULL OR NOT ? AND key_id NOT IN (SELECT value FROM json_each(?)))
           ORDER BY next_at, number LIMIT 1)"
    );

    let mut calls = Vec::new();
    while let Some(full) = delivery::full(&under_way) {
        let receivers = serde_json::to_string(&full.receivers)?;
        let keys = serde_json::to_string(&full.keys)?;
        let values = bind![now, &receivers, full.callbacks, &keys];
        let Some(mut row) = tenant.storage.first::<Row>(&query, values)? else {
            break;
        };
        row.attempts = row.attempts.saturating_add(1);
        tenant.storage.run(
            "UPDATE deliveries SET calling = 1, attempts = ?, next_at = ? WHERE number = ?",
            bind![row.attempts, now.plus(LOST_MS), row.number],
        )?;
        under_way.push(Called {
            receiver: row.receiver.clone(),
            key_id: row.key_id.clone(),
        });
        calls.push(row);
    }
    Ok(calls)
}

/// What follows from the answers that came, and from the calls whose end nobody noted.
fn conclude(tenant: &Tenant, now: Millis) -> Outcome<()> {
    let query = format!(
        "SELECT {COLUMNS} FROM deliveries
         WHERE calling = 1 AND (answered_at IS NOT NULL OR next_at <= ?) ORDER BY number LIMIT ?"
    );
    for row in tenant
        .storage
        .rows::<Row>(&query, bind![now, ANSWERS_MAX])?
    {
        let draw = u32::from_be_bytes(random::bytes()?);
        let answer = row
            .answer
            .as_deref()
            .map_or(Answer::Silence, Answer::from_name);
        match delivery::next(answer, row.attempts, now, draw) {
            Next::Again(at) => {
                // One that was replayed meanwhile comes first; then this one waits behind it.
                tenant.storage.run(
                    "UPDATE deliveries SET calling = 0, answered_at = NULL, next_at = CASE
                       WHEN number = (SELECT MIN(number) FROM deliveries
                         WHERE receiver = ? AND about = ? AND dead_at IS NULL) THEN ? END
                     WHERE number = ?",
                    bind![&row.receiver, &row.about, at, row.number],
                )?;
                let_next_go(tenant, &row, now)?;
            }
            Next::Done => {
                tenant
                    .storage
                    .run("DELETE FROM deliveries WHERE number = ?", bind![row.number])?;
                let_next_go(tenant, &row, now)?;
            }
            Next::Dead => {
                bury(tenant, "number = ?", bind![row.number], now)?;
                let_next_go(tenant, &row, now)?;
            }
            Next::Gone => gone(tenant, &row, now)?,
        }
    }
    Ok(())
}

/// Makes dead letters of the rows of a condition.
fn bury(
    tenant: &Tenant,
    condition: &str,
    values: &[crate::storage::Bind<'_>],
    now: Millis,
) -> Outcome<()> {
    let update = format!(
        "UPDATE deliveries SET calling = 0, answered_at = NULL, next_at = NULL, dead_at = {}
         WHERE dead_at IS NULL AND {condition}",
        now.0
    );
    tenant.storage.run(&update, values)
}

/// The receiver wants no more: a webhook is disabled, a callback is over.
fn gone(tenant: &Tenant, row: &Row, now: Millis) -> Outcome<()> {
    if row.url.is_some() {
        bury(tenant, "number = ?", bind![row.number], now)?;
        return let_next_go(tenant, row, now);
    }
    bury(tenant, "receiver = ?", bind![&row.receiver], now)?;
    webhooks::disable(tenant, &row.receiver, now)?;
    let facts = [("answer", 410_u32.into())];
    let about = Some(row.receiver.as_str());
    tenant.log(now, Event::WebhookDisabled, system(), about, facts)
}

/// The first one in the lane of `row` is due now, unless it waits for its time.
fn let_next_go(tenant: &Tenant, row: &Row, now: Millis) -> Outcome<()> {
    tenant.storage.run(
        "UPDATE deliveries SET next_at = ? WHERE next_at IS NULL AND number = (
           SELECT MIN(number) FROM deliveries
           WHERE receiver = ? AND about = ? AND dead_at IS NULL)",
        bind![now, &row.receiver, &row.about],
    )
}

/// One call, and all it needs: it outlives the alarm that began it.
struct Call {
    storage: Storage,
    env: Env,
    state: JsValue,
    tenant: String,
    row: Row,
}

impl Call {
    /// Calls, notes the answer, and wakes the object to draw its consequences.
    async fn run(self) {
        let answer = self.answer().await;
        let noted = self.storage.run(
            "UPDATE deliveries SET answer = ?, answered_at = ?
             WHERE number = ? AND calling = 1 AND attempts = ?",
            bind![&answer.name(), now(), self.row.number, self.row.attempts],
        );
        let state = State::from(self.state.unchecked_into::<DurableObjectState>());
        let woken = state.storage().set_alarm(Duration::ZERO).await;
        if noted.is_err() || woken.is_err() {
            worker::console_error!("the answer to {} is lost", self.row.message_id);
        }
    }

    async fn answer(&self) -> Answer {
        let abort = AbortController::default();
        let signal = abort.signal();
        let call = Box::pin(async {
            let request = self.request().await?;
            let response = Fetch::Request(request).send_with_signal(&signal).await;
            // A receiver that can't be reached is no fault of ours, and no news for the log.
            response.map_err(|_| Problem::from(Code::Unavailable))
        });
        let limit = Box::pin(Delay::from(Duration::from_millis(TIMEOUT_MS)));
        let answer = match select(call, limit).await {
            Either::Left((Ok(response), _)) => Answer::Status(response.status_code()),
            Either::Left((Err(_), _)) => Answer::Unreachable,
            Either::Right(_) => Answer::Silence,
        };
        // Only the status counts: a body that nobody reads would keep one of few connections.
        abort.abort();
        answer
    }

    /// The request, signed for this moment.
    async fn request(&self) -> Outcome<Request> {
        let at = now();
        let (url, secrets) = match (&self.row.url, &self.row.key_id) {
            (Some(url), Some(key)) => (url.clone(), self.callback_secrets(key)?),
            _ => self.webhook_secrets(at).await?,
        };
        // Looked at again: rules may be stricter than when it was written.
        let url = destination::check(&url, webhooks::REACH, &[])
            .map_err(|refused| Problem::new(Code::DestinationRefused, refused.detail()))?;
        let id = &self.row.message_id;
        let body = &self.row.body;
        let headers = Headers::new();
        for (name, value) in [
            ("content-type", "application/json"),
            ("user-agent", "Countersign"),
            ("webhook-id", id),
            ("webhook-timestamp", &webhook::seconds(at).to_string()),
            (
                "webhook-signature",
                &webhook::signature(id, at, body, &secrets),
            ),
        ] {
            headers.set(name, value)?;
        }
        let init = RequestInit::new();
        init.set_method("POST");
        init.set_headers(headers.as_ref());
        init.set_redirect(RequestRedirect::Manual);
        init.set_body(&JsValue::from_str(body));
        let request = worker::web_sys::Request::new_with_str_and_init(url.as_str(), &init);
        Ok(request.map_err(worker::Error::from)?.into())
    }

    fn callback_secrets(&self, key: &str) -> Outcome<Vec<[u8; SECRET_BYTES]>> {
        let secrets = sealing::worker_secrets(&self.env)?;
        let secrets = secrets
            .iter()
            .map(|secret| callback_secret(secret.as_bytes(), &self.tenant, key));
        Ok(secrets.collect())
    }

    async fn webhook_secrets(&self, at: Millis) -> Outcome<(String, Vec<[u8; SECRET_BYTES]>)> {
        let id = self.row.receiver.as_str();
        let row = self
            .storage
            .first::<Secrets>(
                "SELECT url, secret, secret_before, secret_before_until FROM webhooks
                 WHERE id = ?",
                bind![id],
            )?
            .ok_or(Code::NotFound)?;
        let before = row.secret_before.filter(|_| {
            row.secret_before_until
                .is_some_and(|until| Millis(until) > at)
        });
        let mut secrets = Vec::new();
        for sealed in std::iter::once(row.secret).chain(before) {
            let secret = sealing::open(&self.env, id, &sealed).await?;
            secrets.extend(<[u8; SECRET_BYTES]>::try_from(secret));
        }
        Ok((row.url, secrets))
    }
}
