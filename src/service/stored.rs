//! A draft as the object keeps it: read, written, found, and who answers for it. It must not decide
//! what it becomes: `policy::queue` does.

use crate::clock::now;
use crate::problem::{Outcome, Problem};
use crate::storage::{Bind, parsed};
use crate::tenant::Tenant;
use crate::{accounts, archive, bind, outbox, pace, queue, reading, rota, seeds};
use countersign_policy::digest::{from_hex, hex};
use countersign_policy::draft::{Content, Draft};
use countersign_policy::log::{Fact, commitment};
use countersign_policy::problem::Code;
use countersign_policy::queue::{Command, Entry, Status, step};
use countersign_policy::rota::Duty;
use countersign_policy::route::Decision;
use countersign_policy::time::Millis;
use countersign_policy::trust::account::Counted;
use countersign_policy::verdict::Verdict;
use countersign_policy::webhook::EventType;
use serde::{Deserialize, Serialize};

/// A draft as it is stored.
pub struct Stored {
    /// Its id.
    pub id: String,
    /// The state machine's.
    pub entry: Entry,
    /// What the agent posted.
    pub draft: Draft,
    /// The same, canonical.
    pub body: String,
    /// What the policy said.
    pub decision: Decision,
    /// The same, as it was written.
    pub decision_text: String,
    /// The verdict that decided it, or waits to.
    pub verdict: Option<StoredVerdict>,
    /// What a person said of it after it was out.
    pub look: Option<StoredVerdict>,
    /// The key that posted it.
    pub key_id: String,
    /// When it came.
    pub created_at: Millis,
    /// When it is late.
    pub due_at: Option<Millis>,
    /// The policy version that decided.
    pub policy_version: u32,
    /// The rules under which it was last routed.
    pub rules_version: u32,
    /// Whether its agent is only watched.
    pub shadow: bool,
    /// Salt of every commitment to its texts.
    pub salt: [u8; 32],
    /// What the decision depended on, as it was written.
    pub situation: String,
    /// Who is on duty for it while nobody has it.
    pub duty: Duty,
    /// The known-bad draft that it is.
    pub seed: Option<String>,
}

/// A verdict as it is stored with its draft.
#[derive(Clone, Serialize, Deserialize)]
pub struct StoredVerdict {
    /// Made by the reviewer's page.
    pub id: String,
    /// What was said.
    pub verdict: Verdict,
    /// Who said it.
    pub reviewer: String,
    /// When.
    pub at: Millis,
    /// The edit kind that the policy found, and the reviewer's own where it differs.
    pub edit_kind: Option<countersign_policy::edit::EditKind>,
    /// The edit kind that the reviewer chose instead.
    pub edit_kind_overruled: Option<countersign_policy::edit::EditKind>,
    /// Milliseconds that reading and deciding took at most.
    #[serde(default)]
    pub took_ms: Option<u64>,
    /// When it settled, and the week of that day counted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Counted>,
    /// When its account took it as evidence, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Counted>,
    /// What the first of two people said, who agreed on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Box<StoredVerdict>>,
    /// Of a look, the one before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Box<StoredVerdict>>,
    /// Whether it was one of several given at once.
    #[serde(default)]
    pub batch: bool,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    key_id: String,
    created_at: u64,
    due_at: Option<u64>,
    policy_version: u32,
    rules_version: u32,
    shadow: u32,
    entry: String,
    body: String,
    salt: String,
    situation: String,
    decision: String,
    verdict: Option<String>,
    look: Option<String>,
    seed_id: Option<String>,
}

const COLUMNS: &str =
    "id, key_id, created_at, due_at, policy_version, rules_version, shadow, entry, body, salt,
                       situation, decision, verdict, look, seed_id";

/// A draft by its id; 404 where there is none.
pub fn load(tenant: &Tenant, id: &str) -> Outcome<Stored> {
    find(tenant, id)?.ok_or(Problem::from(Code::NotFound))
}

/// A draft by its id, where there is one.
pub fn find(tenant: &Tenant, id: &str) -> Outcome<Option<Stored>> {
    let query = format!("SELECT {COLUMNS} FROM drafts WHERE id = ?");
    let row = tenant.storage.first::<Row>(&query, bind![id])?;
    row.map(|row| read(tenant, row)).transpose()
}

/// A row with whoever is on duty for it.
fn read(tenant: &Tenant, row: Row) -> Outcome<Stored> {
    let mut stored = Stored::try_from(row)?;
    if stored.entry.status.is_open() {
        stored.duty = rota::duty(tenant, stored.draft.category.as_deref(), now())?;
    }
    Ok(stored)
}

/// A draft that this key posted: another key's is the same as none.
pub fn find_own(tenant: &Tenant, id: &str, key: &str) -> Outcome<Option<Stored>> {
    Ok(find(tenant, id)?.filter(|stored| stored.key_id == key))
}

/// The same; 404 where there is none.
pub fn load_own(tenant: &Tenant, id: &str, key: &str) -> Outcome<Stored> {
    find_own(tenant, id, key)?.ok_or(Problem::from(Code::NotFound))
}

/// Drafts of a condition, in its order; a problem where one of them can't be read.
pub fn select_where(tenant: &Tenant, condition: &str, values: &[Bind<'_>]) -> Outcome<Vec<Stored>> {
    let rows = rows_where(tenant, condition, values)?;
    rows.into_iter().map(|row| read(tenant, row)).collect()
}

/// The same without those that can't be read, as a later version may have left them: one keeps back no
/// other, and nothing lets it out.
pub fn readable_where(
    tenant: &Tenant,
    condition: &str,
    values: &[Bind<'_>],
) -> Outcome<Vec<Stored>> {
    Ok(page_where(tenant, condition, values)?.0)
}

/// The same, and how many there are with those that can't be read.
pub fn page_where(
    tenant: &Tenant,
    condition: &str,
    values: &[Bind<'_>],
) -> Outcome<(Vec<Stored>, usize)> {
    let rows = rows_where(tenant, condition, values)?;
    let count = rows.len();
    let mut drafts = Vec::with_capacity(count);
    for row in rows {
        let id = row.id.clone();
        match read(tenant, row) {
            Ok(stored) => drafts.push(stored),
            Err(problem) => {
                worker::console_error!("{id} can't be read: {}", problem.code.name());
            }
        }
    }
    Ok((drafts, count))
}

fn rows_where(tenant: &Tenant, condition: &str, values: &[Bind<'_>]) -> Outcome<Vec<Row>> {
    let query = format!("SELECT {COLUMNS} FROM drafts WHERE {condition}");
    tenant.storage.rows(&query, values)
}

/// Drafts that changed since the log had `after` entries; `None` where there are more than `most`, or
/// where some of them have left the object.
pub fn changed_since(tenant: &Tenant, after: u64, most: u32) -> Outcome<Option<Vec<Stored>>> {
    let left = "SELECT 1 FROM left_object WHERE changed_seq > ?";
    let left = tenant.storage.finds(left, bind![after])?;
    let (changed, count) = page_where(
        tenant,
        "changed_seq >= ? ORDER BY changed_seq, id LIMIT ?",
        bind![after, most.saturating_add(1)],
    )?;
    let few = u32::try_from(count).unwrap_or(u32::MAX) <= most;
    let whole = !left && few;
    Ok(whole.then_some(changed))
}

/// Whether no draft falls due by `now`.
pub fn nothing_due(tenant: &Tenant, now: Millis) -> Outcome<bool> {
    let first = tenant.recall.wake.or((), || {
        let first = tenant.storage.value(
            "SELECT wake_at FROM drafts WHERE wake_at IS NOT NULL ORDER BY wake_at LIMIT 1",
            bind![],
        )?;
        Ok(first.map(Millis))
    })?;
    Ok(first.is_none_or(|first| first > now))
}

/// What follows from a draft's state, as the columns that find it.
struct Traits {
    visible: bool,
    settled_at: Option<Millis>,
    verdict: Option<String>,
    look: Option<String>,
}

impl Traits {
    fn of(stored: &Stored, now: Millis) -> Outcome<Self> {
        let entry = &stored.entry;
        let verdict = stored.verdict.as_ref().map(serde_json::to_string);
        let look = stored.look.as_ref().map(serde_json::to_string);
        Ok(Self {
            visible: entry.status.is_open()
                || entry.status == Status::Pending
                || entry.awaits_look(),
            settled_at: entry.status.is_decided().then_some(now),
            verdict: verdict.transpose()?,
            look: look.transpose()?,
        })
    }
}

/// Stores a draft for the first time.
pub fn insert(tenant: &Tenant, stored: &mut Stored, now: Millis) -> Outcome<()> {
    count(tenant, stored, None, now)?;
    let (entry, draft) = (&stored.entry, &stored.draft);
    let traits = Traits::of(stored, now)?;
    // With `OR FAIL` it is the transaction that undoes it: SQLite copies no page for this statement alone.
    tenant.storage.run(
        "INSERT OR FAIL INTO drafts (id, status, visible, look_owed, due_at, wake_at, conversation_id,
           category, agent, key_id, created_at, settled_at, policy_version, rules_version, shadow,
           entry, body, salt, situation, decision, seed_id, changed_seq)
         SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, size FROM frontier",
        bind![
            &stored.id,
            entry.status.name(),
            traits.visible,
            entry.look_owed,
            stored.due_at,
            entry.due_at(),
            &draft.conversation.id,
            draft.category.as_ref(),
            &draft.agent,
            &stored.key_id,
            stored.created_at,
            traits.settled_at,
            stored.policy_version,
            stored.rules_version,
            stored.shadow,
            &serde_json::to_string(entry)?,
            &stored.body,
            &hex(&stored.salt),
            &stored.situation,
            &stored.decision_text,
            stored.seed.as_ref(),
        ],
    )?;
    tenant.recall.wake.change(&(), |first| {
        *first = first.iter().copied().chain(entry.due_at()).min();
    });
    if entry.status.is_open() {
        pace::one_more(tenant);
    }
    tell(tenant, stored, traits, None, now)
}

/// Writes the state that a draft has now, and everything that follows from it.
pub fn save(tenant: &Tenant, stored: &mut Stored, now: Millis) -> Outcome<()> {
    tenant.recall.wake.clear();
    tenant.recall.ahead.clear();
    let before = tenant
        .storage
        .value::<Status>("SELECT status FROM drafts WHERE id = ?", bind![&stored.id])?
        .ok_or(Code::NotFound)?;
    count(tenant, stored, Some(before), now)?;
    let entry = &stored.entry;
    let traits = Traits::of(stored, now)?;
    tenant.storage.run(
        "UPDATE OR FAIL drafts SET status = ?, visible = ?, look_owed = ?, wake_at = ?,
           settled_at = COALESCE(settled_at, ?), entry = ?, verdict = ?, look = ?,
           rules_version = ?, changed_seq = (SELECT size FROM frontier)
         WHERE id = ?",
        bind![
            entry.status.name(),
            traits.visible,
            entry.look_owed,
            entry.due_at(),
            traits.settled_at,
            &serde_json::to_string(entry)?,
            traits.verdict.as_ref(),
            traits.look.as_ref(),
            stored.rules_version,
            &stored.id,
        ],
    )?;
    tell(tenant, stored, traits, Some(before), now)
}

/// Counts a draft that ends now; its verdict remembers where. A known-bad one is nobody's.
fn count(tenant: &Tenant, stored: &mut Stored, before: Option<Status>, now: Millis) -> Outcome<()> {
    match ends(stored, before) && stored.seed.is_none() {
        true => accounts::settled(tenant, stored, now),
        false => Ok(()),
    }
}

/// Whether a draft is decided, and wasn't before.
fn ends(stored: &Stored, before: Option<Status>) -> bool {
    stored.entry.status.is_decided() && !before.is_some_and(Status::is_decided)
}

/// Tells who has to know what a draft became: its agent, D1 of what is decided, those who watch of
/// everything.
fn tell(
    tenant: &Tenant,
    stored: &Stored,
    traits: Traits,
    before: Option<Status>,
    now: Millis,
) -> Outcome<()> {
    let status = stored.entry.status;
    let ends = ends(stored, before);
    if ends {
        reading::forget(tenant, &stored.id)?;
    }
    tenant.touch(&stored.id);
    if let Some(seed) = &stored.seed {
        // A known-bad draft is nobody's but its reviewer's.
        return match ends {
            true => seeds::ended(tenant, stored, seed, now),
            false => Ok(()),
        };
    }
    if let Some(event) = before.and_then(|before| EventType::of_step(before, status)) {
        outbox::tell_agent(tenant, stored, event, now)?;
    }
    if let Some(settled_at) = traits.settled_at {
        outbox::put(
            tenant,
            "draft",
            &archive::settled(stored, settled_at, traits.verdict, traits.look)?,
        )?;
    }
    Ok(())
}

/// Writes the decision that a draft has now.
pub fn save_decision(tenant: &Tenant, stored: &Stored) -> Outcome<()> {
    tenant.storage.run(
        "UPDATE drafts SET policy_version = ?, situation = ?, decision = ? WHERE id = ?",
        bind![
            stored.policy_version,
            &stored.situation,
            &stored.decision_text,
            &stored.id
        ],
    )
}

/// A refusal with the draft as it is, so that the caller learns what it lost against.
pub fn refused(refusal: impl Into<Problem>, stored: &Stored, now: Millis) -> Problem {
    refusal.into().with_draft(&queue::summary(stored, now))
}

impl StoredVerdict {
    /// The edit kind that counts: the reviewer's own, where they chose one.
    pub fn edit_kind(&self) -> Option<countersign_policy::edit::EditKind> {
        self.edit_kind_overruled.or(self.edit_kind)
    }
}

impl Stored {
    /// What binds the log to one of its texts, which the dossier has with the salt.
    pub fn bound(&self, text: &str) -> Fact {
        hex(&commitment(&self.salt, text)).into()
    }

    /// Takes a step in its life; a refusal carries the draft as it is, so that the caller learns
    /// what it lost against. A verdict that no longer stands is forgotten.
    pub fn step(&mut self, command: &Command, now: Millis) -> Outcome<()> {
        self.entry =
            step(&self.entry, command, now).map_err(|refusal| refused(refusal, self, now))?;
        let entry = &self.entry;
        let given = entry.pending.is_some() || entry.first.is_some();
        let unanswered = matches!(
            entry.status,
            Status::Expired | Status::Withdrawn | Status::Stale | Status::Superseded
        );
        if unanswered || (entry.status.is_open() && !given) {
            self.verdict = None;
        }
        Ok(())
    }

    /// What a person said last: a look counts more than what it looked at.
    pub fn newest(&self) -> Option<&StoredVerdict> {
        self.look.as_ref().or(self.verdict.as_ref())
    }

    /// Exactly what may leave; nothing before a verdict has settled.
    pub fn outgoing(&self) -> Option<Content> {
        self.left().filter(|_| self.entry.status.may_leave())
    }

    /// What may leave, or left.
    pub fn left(&self) -> Option<Content> {
        match (self.entry.status, &self.verdict) {
            (status, _) if !status.is_out() && status != Status::Corrected => None,
            (_, Some(verdict)) => verdict.verdict.outgoing(&self.draft),
            (_, None) => Some(self.draft.draft.clone()),
        }
    }

    /// The draft with what a reviewer made of its action, where one did: that is routed again
    /// before it leaves.
    pub fn as_it_would_leave(&self) -> Draft {
        match self.verdict.as_ref().map(|given| &given.verdict) {
            Some(verdict) => verdict.applied_to(&self.draft),
            None => self.draft.clone(),
        }
    }
}

impl TryFrom<Row> for Stored {
    type Error = Problem;

    fn try_from(row: Row) -> Outcome<Self> {
        let salt = from_hex(&row.salt).and_then(|salt| salt.try_into().ok());
        Ok(Self {
            entry: parsed(&row.entry)?,
            draft: parsed(&row.body)?,
            decision: parsed(&row.decision)?,
            verdict: row.verdict.as_deref().map(parsed).transpose()?,
            look: row.look.as_deref().map(look).transpose()?,
            id: row.id,
            body: row.body,
            decision_text: row.decision,
            key_id: row.key_id,
            created_at: Millis(row.created_at),
            due_at: row.due_at.map(Millis),
            policy_version: row.policy_version,
            rules_version: row.rules_version,
            shadow: row.shadow == 1,
            salt: salt.ok_or(Code::Internal)?,
            situation: row.situation,
            duty: Duty::default(),
            seed: row.seed_id,
        })
    }
}

/// A look as it is kept. What is its `before` was kept as its `first` once.
fn look(text: &str) -> Outcome<StoredVerdict> {
    let mut look: StoredVerdict = parsed(text)?;
    look.before = look.before.or(look.first.take());
    Ok(look)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_knows_the_one_before_it_by_either_name() {
        let kept = |name: &str| {
            let said =
                r#""verdict":{"kind":"confirm"},"reviewer":"mia","at":"2026-01-01T00:00:00Z""#;
            format!(r#"{{"id":"v2",{said},"{name}":{{"id":"v1",{said}}}}}"#)
        };
        for name in ["first", "before"] {
            let look = look(&kept(name)).unwrap();
            let before = look.before.map(|before| before.id);
            assert_eq!(
                (before.as_deref(), look.first.is_none()),
                (Some("v1"), true)
            );
        }
    }
}
