//! People of a tenant: invitations, sessions, roles, and the orders of the registry. It must not
//! decide what a role may do: `tenant` checks that.

use crate::call::{Answer, Call};
use crate::door::SESSION_COOKIE;
use crate::problem::{Outcome, Problem};
use crate::tenant::{Tenant, system};
use crate::tenants::{Founding, Invitation};
use crate::{bind, door, live, policies, random, roster, tenants};
use countersign_policy::key::KeyKind;
use countersign_policy::log::{Actor, ActorKind, Event};
use countersign_policy::problem::Code;
use countersign_policy::route::ENGINE_VERSION;
use countersign_policy::session::{Ages, OVERLAP_MS, SESSION_MS, Shown};
use countersign_policy::starting;
use countersign_policy::time::{DAY_MS, Millis};
use serde::{Deserialize, Serialize};

/// An invitation waits this long: a week, so that it survives a holiday.
const INVITATION_MS: u64 = 7 * DAY_MS;

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PersonRole {
    /// Decides on drafts.
    Reviewer,
    /// Also policy, levels, people.
    Lead,
    /// Reads.
    Auditor,
}

/// A person of the tenant.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Person {
    /// The person's id.
    pub id: String,
    /// Their mail address.
    pub mail: String,
    /// As others call them.
    pub name: String,
    /// What they may do.
    pub role: PersonRole,
}

/// The body of `POST /v1/sessions`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The whole invitation, `csi_…`; absent behind Cloudflare Access, which says who it is.
    #[serde(default)]
    invitation: Option<String>,
}

/// Who is signed in, and where.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SessionView {
    /// The tenant.
    tenant: TenantView,
    /// The person.
    person: Person,
    /// Seconds within which a verdict can be taken back.
    undo_window_s: u32,
    /// The active policy version.
    policy_version: u32,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct TenantView {
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct InvitationRow {
    person_id: String,
    expires_at: u64,
    used_at: Option<u64>,
    reusable: u32,
}

#[derive(Deserialize)]
struct SessionRow {
    #[serde(flatten)]
    person: Person,
    #[serde(flatten)]
    times: Times,
    session_id: String,
    secret_hash: String,
    secret_before: Option<String>,
    secret_before_until: Option<u64>,
}

/// A session's times as they are stored.
#[derive(Deserialize)]
struct Times {
    created_at: u64,
    seen_at: u64,
    ends_at: Option<u64>,
    rotated_at: Option<u64>,
}

impl Person {
    /// As the audit log names them.
    pub fn actor(&self) -> Actor {
        Actor {
            kind: ActorKind::Reviewer,
            id: self.id.clone(),
        }
    }
}

/// The invitation in a sign-in's body.
pub fn invitation_in(body: &[u8]) -> Outcome<Option<String>> {
    Ok(countersign_policy::invalid::parse::<SignIn>(body)?.invitation)
}

/// An order of the registry: found the tenant, invite someone, or just wake up.
pub fn obey(tenant: &Tenant, order: &str, call: &Call) -> Outcome<Answer> {
    match order {
        "found" => found(tenant, &call.json()?, call.now),
        "invite" => roster::welcome(tenant, &call.json()?, &system(), call.now),
        "wake" => Ok(()),
        _ => Err(Problem::from(Code::NotFound)),
    }?;
    Ok(Answer::empty())
}

fn found(tenant: &Tenant, founding: &Founding, now: Millis) -> Outcome<()> {
    let name = tenant.state.id().name();
    if name.as_deref().and_then(tenants::tenant_of) != Some(founding.tenant_id.as_str()) {
        return Err(Problem::from(Code::NotFound));
    }
    tenant.storage.run(
        "INSERT INTO tenant (id, name, secret, policy_version, engine_version, created_at)
         VALUES (?, ?, ?, 0, ?, ?)",
        bind![
            &founding.tenant_id,
            &founding.name,
            &founding.secret,
            ENGINE_VERSION,
            now
        ],
    )?;
    tenant.log(now, Event::TenantCreated, system(), None, [])?;
    let key_id = random::id(now)?;
    tenant.storage.run(
        "INSERT INTO keys (id, kind, secret_hash, name, created_at)
         VALUES (?, 'agent', ?, 'first', ?)",
        bind![&key_id, &founding.agent_key_hash, now],
    )?;
    tenant.log(now, Event::KeyCreated, system(), Some(&key_id), [])?;
    invite(tenant, &founding.invitation, system(), now)?;
    let policy = starting::policy(founding.team, &founding.invitation.mail);
    policies::store(
        tenant,
        &policy,
        "countersign",
        "the starting policy",
        system(),
        now,
    )?;
    Ok(())
}

/// Makes an invitation, and the person where it is the first.
pub fn invite(tenant: &Tenant, invitation: &Invitation, by: Actor, now: Millis) -> Outcome<()> {
    let mail = as_known(tenant, &invitation.mail)?;
    let name = mail.split('@').next().unwrap_or(&mail);
    tenant.storage.run(
        "INSERT INTO people (id, mail, name, role, created_at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (mail) DO UPDATE SET role = excluded.role, removed_at = NULL",
        bind![
            &random::id(now)?,
            &mail,
            name,
            role_name(invitation.role),
            now
        ],
    )?;
    let person = tenant
        .storage
        .value::<String>("SELECT id FROM people WHERE mail = ?", bind![&mail])?
        .ok_or(Code::Internal)?;
    // The newest counts alone: a link that was sent before may lie anywhere.
    tenant.storage.run(
        "DELETE FROM invitations WHERE person_id = ? AND used_at IS NULL AND reusable = 0",
        bind![&person],
    )?;
    tenant.storage.run(
        "INSERT INTO invitations (secret_hash, person_id, expires_at, reusable)
         VALUES (?, ?, ?, ?)",
        bind![
            &invitation.secret_hash,
            &person,
            now.plus(INVITATION_MS),
            invitation.reusable
        ],
    )?;
    let facts = [("role", role_name(invitation.role).into())];
    tenant.log(now, Event::InvitationCreated, by, Some(&person), facts)
}

/// A mail address as a person here has it: in small letters or capitals it is the same person's.
pub fn as_known(tenant: &Tenant, mail: &str) -> Outcome<String> {
    let known = tenant.storage.value(
        "SELECT mail FROM people WHERE LOWER(mail) = LOWER(?1) ORDER BY mail <> ?1 LIMIT 1",
        bind![mail],
    )?;
    Ok(known.unwrap_or_else(|| mail.to_owned()))
}

/// `POST /v1/sessions`.
pub fn sign_in(tenant: &Tenant, call: &Call, invitation_hash: &str) -> Outcome<Answer> {
    let row = tenant
        .storage
        .first::<InvitationRow>(
            "SELECT person_id, expires_at, used_at, reusable FROM invitations
             WHERE secret_hash = ?",
            bind![invitation_hash],
        )?
        .ok_or(Code::InvitationInvalid)?;
    let reusable = cfg!(feature = "development") && row.reusable == 1;
    let usable = reusable || (row.used_at.is_none() && Millis(row.expires_at) > call.now);
    if !usable {
        return Err(Problem::from(Code::InvitationInvalid));
    }
    tenant.storage.run(
        "UPDATE invitations SET used_at = ? WHERE secret_hash = ?",
        bind![call.now, invitation_hash],
    )?;
    open_session(tenant, call, &row.person_id, call.now.plus(SESSION_MS))
}

/// `POST /v1/sessions` of somebody whom Access knows: a person of the tenant, until the token ends.
pub fn sign_in_known(tenant: &Tenant, call: &Call, mail: &str, until: Millis) -> Outcome<Answer> {
    let person = tenant
        .storage
        .value::<String>(
            "SELECT id FROM people WHERE LOWER(mail) = ? AND removed_at IS NULL",
            bind![mail],
        )?
        .ok_or(Code::SessionRequired)?;
    let ends_at = until.min(call.now.plus(SESSION_MS));
    open_session(tenant, call, &person, ends_at)
}

fn open_session(tenant: &Tenant, call: &Call, person: &str, ends_at: Millis) -> Outcome<Answer> {
    let (session, hash) = issue_session(tenant)?;
    let id = random::id(call.now)?;
    tenant.storage.run(
        "DELETE FROM sessions WHERE seen_at < ?",
        bind![Ages::silent_before(call.now)],
    )?;
    tenant.storage.run(
        "INSERT INTO sessions (id, secret_hash, person_id, created_at, seen_at, ends_at)
         VALUES (?, ?, ?, ?, ?, ?)",
        bind![&id, &hash, person, call.now, call.now, ends_at],
    )?;
    let (person, _) = by_session(tenant, &hash, call.now)?;
    tenant.log(
        call.now,
        Event::SessionOpened,
        person.actor(),
        Some(&person.id),
        [],
    )?;
    let cookie = session_cookie(call, &session, ends_at.since(call.now));
    Ok(view(tenant, person, 201)?.with("set-cookie", cookie))
}

/// `GET /v1/session`.
pub fn current(tenant: &Tenant, person: &Person) -> Outcome<Answer> {
    view(tenant, person.clone(), 200)
}

/// The answer with a new secret for the session that asked.
pub fn with_new_secret(tenant: &Tenant, call: &Call, answer: Answer) -> Outcome<Answer> {
    let hash = &credential_hash(call);
    // Another answer may have brought one meanwhile, or the session has ended.
    let Ok(row) = session(tenant, hash, call.now) else {
        return Ok(answer);
    };
    let shown = row.shown(hash);
    if !row.times.ages().wants_new_secret(shown, call.now) {
        return Ok(answer);
    }
    // One that seems lost counts no more: whoever shows it has it all the same.
    let (before, until) = match shown {
        Shown::Newest => (hash, None),
        Shown::Before(_) => (&row.secret_hash, Some(call.now)),
    };
    let (secret, new_hash) = issue_session(tenant)?;
    tenant.storage.run(
        "UPDATE sessions SET secret_hash = ?, secret_before = ?, secret_before_until = ?,
           rotated_at = ? WHERE secret_hash = ?",
        bind![&new_hash, before, until, call.now, &row.secret_hash],
    )?;
    let left_ms = row.times.ages().ends_at().since(call.now);
    Ok(answer.with("set-cookie", session_cookie(call, &secret, left_ms)))
}

/// The lasting id of the session that asks: its secret changes.
pub fn session_of(tenant: &Tenant, call: &Call) -> Outcome<String> {
    session(tenant, &credential_hash(call), call.now).map(|row| row.session_id)
}

/// Whether a session still counts.
pub fn is_live(tenant: &Tenant, session_id: &str, now: Millis) -> bool {
    let query = "SELECT created_at, seen_at, ends_at, rotated_at FROM sessions WHERE COALESCE(id, secret_hash) = ?";
    let times = tenant.storage.first::<Times>(query, bind![session_id]);
    let times = times.ok().flatten();
    times.is_some_and(|times| times.ages().count(now))
}

fn credential_hash(call: &Call) -> String {
    let header = call.header(crate::call::CREDENTIAL_HEADER);
    let hash = header
        .as_deref()
        .and_then(|header| header.split_once(' '))
        .map(|(_, hash)| hash.to_owned());
    hash.unwrap_or_default()
}

fn issue_session(tenant: &Tenant) -> Outcome<(String, String)> {
    door::issue(&tenant.env, KeyKind::Session, &tenant.record()?.id)
}

/// `Secure` is left out only where the page itself came over http: in development.
fn session_cookie(call: &Call, session: &str, lasts_ms: u64) -> String {
    let over_http = call
        .header("origin")
        .is_some_and(|origin| origin.starts_with("http:"));
    let secure = if over_http { "" } else { " Secure;" };
    let seconds = lasts_ms.wrapping_div(1_000);
    format!(
        "{SESSION_COOKIE}={session}; Path=/; HttpOnly;{secure} SameSite=Strict; Max-Age={seconds}"
    )
}

/// `DELETE /v1/session`.
pub fn sign_out(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let hash = &credential_hash(call);
    tenant.storage.run(
        "DELETE FROM sessions WHERE secret_hash = ?1 OR secret_before = ?1",
        bind![hash],
    )?;
    live::sweep(tenant, call.now);
    tenant.log(
        call.now,
        Event::SessionClosed,
        person.actor(),
        Some(&person.id),
        [],
    )?;
    let cookie = format!("{SESSION_COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    Ok(Answer::empty().with("set-cookie", cookie))
}

/// The person of a live session, and whether its secret is to be changed with the answer.
pub fn by_session(tenant: &Tenant, hash: &str, now: Millis) -> Outcome<(Person, bool)> {
    let row = session(tenant, hash, now)?;
    let (ages, shown) = (row.times.ages(), row.shown(hash));
    if !shown.counts(now) {
        return Err(end_shared(tenant, &row, now)?);
    }
    if ages.wants_writing(now) {
        tenant.storage.run(
            "UPDATE sessions SET seen_at = ? WHERE secret_hash = ?",
            bind![now, &row.secret_hash],
        )?;
    }
    if shown == Shown::Newest && row.before_counts() {
        tenant.storage.run(
            "UPDATE sessions SET secret_before_until = ? WHERE secret_hash = ?",
            bind![now.plus(OVERLAP_MS), &row.secret_hash],
        )?;
    }
    Ok((row.person, ages.wants_new_secret(shown, now)))
}

/// Two have the secret of a session, and nobody knows whose it is: it ends for both.
fn end_shared(tenant: &Tenant, row: &SessionRow, now: Millis) -> Outcome<Problem> {
    tenant.transaction(|| {
        tenant.storage.run(
            "DELETE FROM sessions WHERE secret_hash = ?",
            bind![&row.secret_hash],
        )?;
        let facts = [("cause", "secret_shown_again".into())];
        let about = Some(row.person.id.as_str());
        tenant.log(now, Event::SessionClosed, system(), about, facts)
    })?;
    live::sweep(tenant, now);
    Ok(Problem::from(Code::SessionRequired))
}

/// A person by their id.
pub fn by_id(tenant: &Tenant, id: &str) -> Outcome<Option<Person>> {
    tenant.storage.first(
        "SELECT id, mail, name, role FROM people WHERE id = ? AND removed_at IS NULL",
        bind![id],
    )
}

fn session(tenant: &Tenant, hash: &str, now: Millis) -> Outcome<SessionRow> {
    let row = tenant.storage.first::<SessionRow>(
        "SELECT people.id, mail, name, role, sessions.created_at, seen_at, ends_at, secret_hash, rotated_at,
           secret_before, secret_before_until, COALESCE(sessions.id, secret_hash) AS session_id
         FROM sessions JOIN people ON people.id = person_id
         WHERE secret_hash = ?1 OR secret_before = ?1",
        bind![hash],
    )?;
    row.filter(|row| row.times.ages().count(now))
        .ok_or(Problem::from(Code::SessionRequired))
}

impl SessionRow {
    /// What a secret of it is that somebody shows.
    fn shown(&self, hash: &str) -> Shown {
        match self.secret_hash == hash {
            true => Shown::Newest,
            false => Shown::Before(self.secret_before_until.map(Millis)),
        }
    }

    /// Whether nobody has shown the newest secret yet.
    fn before_counts(&self) -> bool {
        self.secret_before.is_some() && self.secret_before_until.is_none()
    }
}

impl Times {
    fn ages(&self) -> Ages {
        Ages {
            created_at: Millis(self.created_at),
            seen_at: Millis(self.seen_at),
            ends_at: self.ends_at.map(Millis),
            rotated_at: self.rotated_at.map(Millis),
        }
    }
}

/// The ids of everybody who reviews.
pub fn reviewers(tenant: &Tenant) -> Outcome<Vec<String>> {
    tenant.storage.values(
        "SELECT id FROM people WHERE role <> 'auditor' AND removed_at IS NULL",
        bind![],
    )
}

fn view(tenant: &Tenant, person: Person, status: u16) -> Outcome<Answer> {
    let record = tenant.record()?;
    let undo_window_s = tenant.policy(record.policy_version)?.policy().undo_window_s;
    let view = SessionView {
        tenant: TenantView {
            id: record.id,
            name: record.name,
        },
        person,
        undo_window_s,
        policy_version: record.policy_version,
    };
    Answer::json(status, &view)
}

/// A role as it is stored and logged.
pub fn role_name(role: PersonRole) -> &'static str {
    match role {
        PersonRole::Reviewer => "reviewer",
        PersonRole::Lead => "lead",
        PersonRole::Auditor => "auditor",
    }
}
