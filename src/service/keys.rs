//! Keys of a tenant's programs: made, listed, rotated, revoked. It must not keep one: only its hash is
//! stored, and it is shown once.

use crate::call::{Answer, Call};
use crate::idempotency::Making;
use crate::people::Person;
use crate::problem::{Outcome, Problem};
use crate::storage::parsed;
use crate::stored::Stored;
use crate::tenant::Tenant;
use crate::tenants::check_text;
use crate::{bind, door, log, random, webhooks};
use countersign_policy::destination::{self, HOSTS_MAX};
use countersign_policy::grant::{Grant, OVERLAP_S_MAX};
use countersign_policy::invalid::Invalid;
use countersign_policy::key::{self, KeyKind};
use countersign_policy::log::Event;
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use countersign_policy::verdict::{VerdictKind, is_self_approval};
use serde::{Deserialize, Serialize};

/// Keys of one tenant that work at once: one for each of a hundred programs.
const KEYS_MAX: u32 = 100;
/// A key's last use is written at most once a minute: a write per draft would cost more than it tells.
const KEY_USE_MS: u64 = 60_000;

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
    /// What it is limited to.
    #[serde(default)]
    grant: Grant,
}

/// The body of `POST /v1/keys/{id}/rotation`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// Seconds for which the secret before works, too: 0 to 604,800.
    overlap_s: u32,
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
#[derive(Serialize, Deserialize)]
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
    /// What it is limited to.
    grant: Grant,
    /// Until then the secret before works, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_before_until: Option<Millis>,
    /// When it was made.
    created_at: Millis,
    /// When it was last used, to the minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    used_at: Option<Millis>,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Millis>,
}

/// A key that works.
#[derive(Clone)]
pub struct Live {
    id: String,
    kind: String,
    grant: Grant,
    used_at: Millis,
    /// Of the secret before: until then.
    until: Option<Millis>,
}

#[derive(Deserialize)]
struct LiveRow {
    id: String,
    kind: String,
    used_at: Option<u64>,
    grant_text: String,
    until: Option<u64>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    kind: Purpose,
    name: String,
    callback_hosts: String,
    grant_text: String,
    secret_hash: String,
    secret_before_until: Option<u64>,
    created_at: u64,
    used_at: Option<u64>,
    revoked_at: Option<u64>,
}

/// `POST /v1/keys`.
pub fn create(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let making = Making::of(tenant, call, &person.id)?;
    if let Some((view, secret)) = making.before(tenant)? {
        return made(tenant, view, &secret);
    }
    let new: NewKey = call.json()?;
    check_text("/name", &new.name)?;
    check_hosts(&new.callback_hosts)?;
    if let Some(Invalid {
        pointer,
        fault,
        detail,
    }) = new.grant.fault()
    {
        let pointer = format!("/grant{pointer}");
        return Err(Invalid {
            pointer,
            fault,
            detail,
        }
        .into());
    }
    let live = rows(tenant)?
        .iter()
        .filter(|row| row.revoked_at.is_none())
        .count();
    if u32::try_from(live).unwrap_or(u32::MAX) >= KEYS_MAX {
        let detail = format!("{KEYS_MAX} keys work already: revoke one first");
        return Err(Invalid::field("", detail).into());
    }
    let id = random::id(call.now)?;
    let secret_hash = key::stored_hash(&making.secret);
    let name = log::name_of(&new.kind)?;

    hold(tenant, &id, &person.id, call.now)?;
    tenant.storage.run(
        "INSERT INTO keys (id, kind, secret_hash, name, callback_hosts, grant_text, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        bind![
            &id,
            &name,
            &secret_hash,
            &new.name,
            &serde_json::to_string(&new.callback_hosts)?,
            &serde_json::to_string(&new.grant)?,
            call.now
        ],
    )?;
    let facts = [("kind", name.into())];
    tenant.log(
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
        grant: new.grant,
        secret_before_until: None,
        created_at: call.now,
        used_at: None,
        revoked_at: None,
    };
    making.remember(tenant, &view, call.now)?;
    made(tenant, view, &making.secret)
}

/// A key with its secret: shown here alone.
fn made(tenant: &Tenant, view: KeyView, secret: &[u8; 32]) -> Outcome<Answer> {
    let kind = match view.kind {
        Purpose::Agent => KeyKind::Agent,
        Purpose::Policy => KeyKind::Policy,
    };
    let key = door::credential_with(&tenant.env, kind, &tenant.record()?.id, secret)?;
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

/// `POST /v1/keys/{id}/rotation`: a new secret for the same key, so that its drafts stay its own. Whoever is
/// shown it holds the key from now on; whoever held it before does so for as long as their secret works.
pub fn rotate(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let making = Making::of(tenant, call, &person.id)?;
    if let Some((view, secret)) = making.before(tenant)? {
        return made(tenant, view, &secret);
    }
    let Rotation { overlap_s } = call.json()?;
    if overlap_s > OVERLAP_S_MAX {
        let detail = format!("not a number from 0 to {OVERLAP_S_MAX}");
        return Err(Invalid::field("/overlap_s", detail).into());
    }
    let row = rows(tenant)?
        .into_iter()
        .find(|row| row.id == call.id && row.revoked_at.is_none())
        .ok_or(Code::NotFound)?;
    let secret_hash = key::stored_hash(&making.secret);
    let until = call.now.plus(u64::from(overlap_s).saturating_mul(1_000));

    tenant.storage.run(
        "UPDATE key_holders SET until_at = CASE WHEN until_at IS NULL THEN ?1 ELSE MIN(until_at, ?2) END
         WHERE key_id = ?3",
        bind![until, call.now, &row.id],
    )?;
    hold(tenant, &row.id, &person.id, call.now)?;
    tenant.storage.run(
        "UPDATE keys SET secret_hash = ?, secret_before = ?, secret_before_until = ? WHERE id = ?",
        bind![&secret_hash, &row.secret_hash, until, &row.id],
    )?;
    let facts = [("overlap_s", overlap_s.into())];
    let id = Some(row.id.as_str());
    tenant.log(call.now, Event::KeyRotated, person.actor(), id, facts)?;
    let mut view = KeyView::try_from(row)?;
    view.secret_before_until = Some(until);
    making.remember(tenant, &view, call.now)?;
    made(tenant, view, &making.secret)
}

/// The key that a secret belongs to, and what it is limited to.
pub fn by_secret(tenant: &Tenant, kind: &str, hash: &str, now: Millis) -> Outcome<(String, Grant)> {
    let live = tenant
        .recall
        .keys
        .or(hash.to_owned(), || live(tenant, hash))?;
    if live.kind != kind || live.until.is_some_and(|until| until <= now) {
        return Err(Problem::from(Code::KeyInvalid));
    }
    if now.since(live.used_at) > KEY_USE_MS {
        tenant.storage.run(
            "UPDATE keys SET used_at = ? WHERE id = ?",
            bind![now, &live.id],
        )?;
        let change = |live: &mut Live| live.used_at = now;
        tenant.recall.keys.change(&hash.to_owned(), change);
    }
    Ok((live.id, live.grant))
}

fn live(tenant: &Tenant, hash: &str) -> Outcome<Live> {
    let row = tenant
        .storage
        .first::<LiveRow>(
            "SELECT id, kind, used_at, grant_text,
               CASE WHEN secret_hash = ?1 THEN NULL ELSE secret_before_until END AS until
             FROM keys WHERE (secret_hash = ?1 OR secret_before = ?1) AND revoked_at IS NULL",
            bind![hash],
        )?
        .ok_or(Code::KeyInvalid)?;
    Ok(Live {
        id: row.id,
        kind: row.kind,
        grant: parsed(&row.grant_text)?,
        used_at: Millis(row.used_at.unwrap_or(0)),
        until: row.until.map(Millis),
    })
}

/// Refuses to let out what one's own agent drafted, unless the policy allows that.
pub fn check_holder(
    tenant: &Tenant,
    posted: &Stored,
    verdict: VerdictKind,
    reviewer: &str,
    allowed: bool,
) -> Outcome<()> {
    let own = held(tenant, &posted.key_id, reviewer, posted.created_at)?;
    match is_self_approval(verdict, own, allowed) {
        true => Err(Problem::from(Code::SelfApproval)),
        false => Ok(()),
    }
}

/// Whether a person had been shown a secret of the key that worked at that time. Nobody had of a tenant's first
/// one, until it is rotated.
pub fn held(tenant: &Tenant, id: &str, person: &str, at: Millis) -> Outcome<bool> {
    tenant.storage.finds(
        "SELECT 1 FROM key_holders WHERE key_id = ?1 AND person_id = ?2
           AND from_at <= ?3 AND COALESCE(until_at, ?3) >= ?3",
        bind![id, person, at],
    )
}

/// A person is shown a new secret.
fn hold(tenant: &Tenant, id: &str, person: &str, at: Millis) -> Outcome<()> {
    tenant.storage.run(
        "INSERT INTO key_holders (key_id, person_id, from_at) VALUES (?, ?, ?)",
        bind![id, person, at],
    )
}

/// `DELETE /v1/keys/{id}`: it stops working with this answer. Revoking it again changes nothing.
pub fn revoke(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let row = rows(tenant)?
        .into_iter()
        .find(|row| row.id == call.id)
        .ok_or(Code::NotFound)?;
    if row.revoked_at.is_none() {
        tenant.storage.run(
            "UPDATE keys SET revoked_at = ? WHERE id = ?",
            bind![call.now, &row.id],
        )?;
        tenant.log(
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
        "SELECT id, kind, name, callback_hosts, grant_text, secret_hash, secret_before_until,
           created_at, used_at, revoked_at FROM keys ORDER BY created_at, id",
        bind![],
    )
}

/// Whether a draft of this key may be called back there.
pub fn check_callback(tenant: &Tenant, key: &str, url: &str) -> Outcome<()> {
    let hosts = "SELECT callback_hosts FROM keys WHERE id = ?";
    let hosts = tenant.storage.value::<String>(hosts, bind![key])?;
    let hosts = hosts.ok_or(Code::KeyInvalid)?;
    let allowed: Vec<String> = parsed(&hosts)?;
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
            grant: parsed(&row.grant_text)?,
            secret_before_until: row.secret_before_until.map(Millis),
            created_at: Millis(row.created_at),
            used_at: row.used_at.map(Millis),
            revoked_at: row.revoked_at.map(Millis),
        })
    }
}
