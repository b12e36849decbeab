//! Keys of a tenant's programs: made, listed, revoked. It must not keep one: only its hash is
//! stored, and it is shown once.

use crate::call::{Answer, Call};
use crate::people::Person;
use crate::problem::{Outcome, Problem};
use crate::storage::parsed;
use crate::tenant::Tenant;
use crate::tenants::check_text;
use crate::{bind, door, log, random, webhooks};
use countersign_policy::destination::{self, HOSTS_MAX};
use countersign_policy::invalid::Invalid;
use countersign_policy::key::{self, KeyKind};
use countersign_policy::log::Event;
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};

/// Keys of one tenant that work at once: one for each of a hundred programs.
const KEYS_MAX: u32 = 100;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum Purpose {
    /// An agent posts drafts with it.
    Agent,
    /// Automation writes policy with it.
    Policy,
}

/// The body of `POST /v1/keys`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// What it is for.
    kind: Purpose,
    /// As people call it.
    name: String,
    /// Hosts that drafts of it may call back; empty is every public one.
    #[serde(default)]
    callback_hosts: Vec<String>,
}

/// A key that was just made: shown once, here.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KeyMade {
    /// The whole key.
    key: String,
    /// As it is listed from now on.
    #[serde(flatten)]
    view: KeyView,
}

/// `GET /v1/keys`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KeyPage {
    /// Oldest first; revoked ones stay listed.
    keys: Vec<KeyView>,
}

/// A key without its secret.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KeyView {
    /// Its id: the audit log names it so.
    id: String,
    /// What it is for.
    kind: Purpose,
    /// As people call it.
    name: String,
    /// Hosts that drafts of it may call back; empty is every public one.
    callback_hosts: Vec<String>,
    /// When it was made.
    created_at: Millis,
    /// When it was last used, to the minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    used_at: Option<Millis>,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Millis>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    kind: Purpose,
    name: String,
    callback_hosts: String,
    created_at: u64,
    used_at: Option<u64>,
    revoked_at: Option<u64>,
}

/// `POST /v1/keys`.
pub fn create(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let new: NewKey = call.json()?;
    check_text("/name", &new.name)?;
    check_hosts(&new.callback_hosts)?;
    let live = rows(tenant)?
        .iter()
        .filter(|row| row.revoked_at.is_none())
        .count();
    if u32::try_from(live).unwrap_or(u32::MAX) >= KEYS_MAX {
        let detail = format!("{KEYS_MAX} keys work already: revoke one first");
        return Err(Invalid::field("", detail).into());
    }
    let id = random::id(call.now)?;
    let secret = random::bytes::<32>()?;
    let mac_key = door::secret(&tenant.env, "KEY_MAC_SECRET")?;
    let (kind, name) = match new.kind {
        Purpose::Agent => (KeyKind::Agent, "agent"),
        Purpose::Policy => (KeyKind::Policy, "policy"),
    };
    let key = key::issue(kind, &tenant.record()?.id, &secret, mac_key.as_bytes())
        .ok_or(Problem::from(Code::Internal))?;

    tenant.storage.run(
        "INSERT INTO keys (id, kind, secret_hash, name, callback_hosts, created_at)
         VALUES (?, ?, ?, ?, ?, ?)",
        bind![
            &id,
            name,
            &key::stored_hash(&secret),
            &new.name,
            &serde_json::to_string(&new.callback_hosts)?,
            call.now
        ],
    )?;
    let facts = [("kind", name.into())];
    log::append(
        tenant,
        call.now,
        Event::KeyCreated,
        person.actor(),
        Some(&id),
        facts,
    )?;
    let view = KeyView {
        id,
        kind: new.kind,
        name: new.name,
        callback_hosts: new.callback_hosts,
        created_at: call.now,
        used_at: None,
        revoked_at: None,
    };
    Answer::json(201, &KeyMade { key, view })
}

/// `GET /v1/keys`.
pub fn list(tenant: &Tenant) -> Outcome<Answer> {
    let keys = rows(tenant)?
        .into_iter()
        .map(KeyView::try_from)
        .collect::<Outcome<_>>()?;
    Answer::json(200, &KeyPage { keys })
}

/// `DELETE /v1/keys/{id}`: it stops working with this answer. Revoking it again changes nothing.
pub fn revoke(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let row = rows(tenant)?
        .into_iter()
        .find(|row| row.id == call.id)
        .ok_or(Problem::from(Code::NotFound))?;
    if row.revoked_at.is_none() {
        tenant.storage.run(
            "UPDATE keys SET revoked_at = ? WHERE id = ?",
            bind![call.now, &row.id],
        )?;
        log::append(
            tenant,
            call.now,
            Event::KeyRevoked,
            person.actor(),
            Some(&row.id),
            [],
        )?;
    }
    Ok(Answer::empty())
}

fn rows(tenant: &Tenant) -> Outcome<Vec<Row>> {
    tenant.storage.rows(
        "SELECT id, kind, name, callback_hosts, created_at, used_at, revoked_at FROM keys
         ORDER BY created_at, id",
        bind![],
    )
}

/// Whether a draft of this key may be called back there.
pub fn check_callback(tenant: &Tenant, key: &str, url: &str) -> Outcome<()> {
    let row = rows(tenant)?
        .into_iter()
        .find(|row| row.id == key)
        .ok_or(Problem::from(Code::KeyInvalid))?;
    let allowed: Vec<String> = parsed(&row.callback_hosts)?;
    destination::check(url, webhooks::REACH, &allowed)
        .map(|_| ())
        .map_err(|refused| webhooks::refuse("/callback_url", refused))
}

fn check_hosts(hosts: &[String]) -> Outcome<()> {
    if u32::try_from(hosts.len()).unwrap_or(u32::MAX) > HOSTS_MAX {
        return Err(Invalid::too_long("/callback_hosts", HOSTS_MAX, "hosts").into());
    }
    match hosts.iter().position(|host| !destination::is_host(host)) {
        None => Ok(()),
        Some(index) => {
            let pointer = format!("/callback_hosts/{index}");
            Err(Invalid::field(pointer, "not a host's name").into())
        }
    }
}

impl TryFrom<Row> for KeyView {
    type Error = Problem;

    fn try_from(row: Row) -> Outcome<Self> {
        Ok(Self {
            id: row.id,
            kind: row.kind,
            name: row.name,
            callback_hosts: parsed(&row.callback_hosts)?,
            created_at: Millis(row.created_at),
            used_at: row.used_at.map(Millis),
            revoked_at: row.revoked_at.map(Millis),
        })
    }
}
