//! Drafts of before: a customer's, whichever agent wrote them, those that somebody decided, or those
//! that a correction was an example for. From the object and from D1, newest first. It must not
//! change any.

use crate::archive::Erased;
use crate::call::{Answer, Call};
use crate::d1::{DATABASE, Rows};
use crate::people::{Person, PersonRole};
use crate::problem::{Outcome, Problem};
use crate::queue::beginning;
use crate::storage::parsed;
use crate::stored::StoredVerdict;
use crate::tenant::Tenant;
use crate::{bind, limits, sight};
use countersign_policy::draft::{Draft, Kind};
use countersign_policy::edit::EditKind;
use countersign_policy::order;
use countersign_policy::problem::Code;
use countersign_policy::queue::{Entry, Pending, Status};
use countersign_policy::time::Millis;
use countersign_policy::verdict::VerdictKind;
use serde::{Deserialize, Serialize};
use worker::wasm_bindgen::JsValue;

/// Drafts of one answer: at most 25 MiB of bodies, a fifth of an object's memory.
const DRAFTS_MAX: u32 = 100;
/// Drafts where nothing else is said.
const DRAFTS: u32 = 20;
/// Words that are looked for; further ones are not.
const WORDS_MAX: usize = 16;
/// Both tables have these columns; what is to be found narrows them in either.
const FOUND: &str = "{readable} AND (?1 = '' OR json_extract(body, '$.customer.id') = ?1)
    AND (?2 = '' OR json_extract(verdict, '$.reviewer') = ?2 OR json_extract(look, '$.reviewer') = ?2)
    AND (?3 = '' OR EXISTS (SELECT 1 FROM json_each(body, '$.examples_used') WHERE value = ?3))
    AND NOT EXISTS (SELECT 1 FROM json_each(?4) WHERE instr(lower(body), value) = 0)
    ORDER BY COALESCE(json_extract({said}, '$.at'), '') DESC, created_at DESC, id DESC LIMIT ?5";
/// What is told of a draft: its verdict; to whoever is asked for what they said, their own look at it.
const SAID: &str = "CASE json_extract(look, '$.reviewer') WHEN ?2 THEN look ELSE verdict END";

/// What became of a known-bad draft, once its verdict counts: as JSON has it.
const KNOWN_BAD: &str = "(SELECT json_object(
      'flaw', COALESCE((SELECT flaw FROM seeds WHERE id = seed_id), ''),
      'caught', json(CASE caught WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END))
    FROM seeds_ended WHERE draft_id = drafts.id)";

/// `GET /v1/drafts`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DraftList {
    /// What was decided last comes first, then what came last.
    drafts: Vec<PastDraft>,
}

/// A draft as it is remembered.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PastDraft {
    /// The draft's id.
    id: String,
    /// Its version.
    version: u32,
    /// What it is by now.
    status: Status,
    /// A message or an action.
    kind: Kind,
    /// Who made it.
    agent: String,
    /// Its category.
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    /// Who it went to.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_name: Option<String>,
    /// Its subject line, or the action's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// The beginning of the message that triggered it.
    snippet: String,
    /// The beginning of what the agent drafted.
    text: String,
    /// When it came.
    created_at: Millis,
    /// What was said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<PastVerdict>,
    /// The verdict that can still be taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<Pending>,
    /// Whether it can be corrected: it is out, and its texts are at hand.
    correctable: bool,
    /// Whether somebody is yet to look at it, as if nobody had.
    #[serde(skip)]
    blind: bool,
    /// Set on a known-bad draft that was put among the others, once its verdict counts: told to whoever
    /// decided on it, and to leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    known_bad: Option<KnownBad>,
}

/// What became of a known-bad draft.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KnownBad {
    /// What was wrong with it.
    flaw: String,
    /// Whether the verdict caught it; absent where its own author decided, who knew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    caught: Option<bool>,
}

/// A verdict as it is remembered.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PastVerdict {
    /// What was said.
    kind: VerdictKind,
    /// Who said it.
    reviewer: String,
    /// When.
    at: Millis,
    /// Whether an edit changed the meaning.
    #[serde(skip_serializing_if = "Option::is_none")]
    edit_kind: Option<EditKind>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    version: u32,
    status: Status,
    created_at: u64,
    body: String,
    verdict: Option<String>,
    /// The state machine's; absent in D1 where it was given the draft before it kept that.
    entry: Option<String>,
    /// Of a known-bad draft, which never leaves the object.
    known_bad: Option<String>,
}

/// `GET /v1/drafts?customer=ID`, `?reviewer=me` or `?example=ID`, with `q` to search.
pub async fn list(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let limit = call.number("limit", DRAFTS, DRAFTS_MAX)?;
    let asked = |name: &str| call.query.get(name).cloned().unwrap_or_default();
    let customer = asked("customer");
    let reviewer = match asked("reviewer") {
        me if me == "me" => person.id.clone(),
        other => other,
    };
    let example = asked("example");
    if customer.is_empty() && reviewer.is_empty() && example.is_empty() {
        return Err(Problem::new(
            Code::InvalidParameter,
            "say a `customer`, a `reviewer` or an `example`",
        ));
    }
    let words = asked("q").to_ascii_lowercase();
    if !words.is_empty() {
        limits::count_search(tenant, &person.id, call.now)?;
    }
    let words: Vec<&str> = words.split_whitespace().take(WORDS_MAX).collect();
    let words = serde_json::to_string(&words)?;
    let found = FOUND.replace("{readable}", &sight::readable("category", 6));
    let found = found.replace("{said}", SAID);
    let sight = sight::bound(&call.sight)?;

    let live = tenant.storage.rows::<Row>(
        &format!("SELECT id, json_extract(entry, '$.version') AS version, status, created_at, body, {SAID} AS verdict, entry,
           {KNOWN_BAD} AS known_bad FROM drafts WHERE {found}"),
        bind![&customer, &reviewer, &example, &words, limit, &sight],
    )?;
    let erased = Erased::now(&tenant.storage)?;
    let values = [customer, reviewer, example, words].map(JsValue::from);
    let others = [limit.into(), sight.into(), tenant.record()?.id.into()];
    let kept = tenant
        .env
        .d1(DATABASE)?
        .prepare(format!(
            "SELECT id, version, status, created_at, body, {SAID} AS verdict, entry, NULL AS known_bad
             FROM drafts WHERE tenant_id = ?7 AND {found}"
        ))
        .bind(&[&values[..], &others[..]].concat())?
        .rows::<Row>()
        .await?;

    let erased = erased.and_now(&tenant.storage)?;
    let live = live.into_iter().map(past);
    let mut drafts: Vec<PastDraft> = live.collect::<Result<_, _>>()?;
    for row in kept {
        if !erased.holds(&row.id) && drafts.iter().all(|known| known.id != row.id) {
            drafts.push(past(row)?);
        }
    }
    order::by_key(&mut drafts, |past| std::cmp::Reverse(past.rank()));
    drafts.truncate(usize::try_from(limit).unwrap_or(0));
    for past in &mut drafts {
        past.hide_from(person);
    }
    // Whose it was would say that it was somebody's.
    drafts.retain(|past| past.verdict.is_some() || asked("reviewer").is_empty());
    Answer::json(200, &DraftList { drafts })
}

impl PastDraft {
    /// How watchful somebody was is theirs and the leads' to know; whoever may look a second time is
    /// told nothing of the first.
    fn hide_from(&mut self, person: &Person) {
        let own = |given: &PastVerdict| given.reviewer == person.id;
        if self.verdict.as_ref().is_some_and(own) {
            return;
        }
        if person.role != PersonRole::Lead {
            self.known_bad = None;
        }
        if self.blind {
            self.verdict = None;
            self.status = Status::Released;
        }
    }

    fn rank(&self) -> (Option<Millis>, Millis, String) {
        let decided = self.verdict.as_ref().map(|verdict| verdict.at);
        (decided, self.created_at, self.id.clone())
    }
}

fn past(row: Row) -> worker::Result<PastDraft> {
    let known_bad: Option<KnownBad> = row.known_bad.as_deref().map(parsed).transpose()?;
    let draft: Draft = parsed(&row.body)?;
    let entry: Option<Entry> = row.entry.as_deref().map(parsed).transpose()?;
    let verdict: Option<StoredVerdict> = row.verdict.as_deref().map(parsed).transpose()?;
    let action = draft
        .draft
        .action
        .as_ref()
        .map(|action| action.name.clone());
    Ok(PastDraft {
        id: row.id,
        version: row.version,
        status: row.status,
        kind: draft.kind,
        agent: draft.agent.clone(),
        category: draft.category.clone(),
        customer_name: draft
            .customer
            .as_ref()
            .and_then(|customer| customer.name.clone()),
        subject: draft.draft.subject.clone().or(action),
        snippet: beginning(&draft.message),
        text: beginning(draft.draft.text.as_deref().unwrap_or("")),
        created_at: Millis(row.created_at),
        blind: entry
            .as_ref()
            .is_some_and(|entry| entry.is_blind_look(verdict.is_some())),
        correctable: entry.is_some() && row.status.is_out() && known_bad.is_none(),
        known_bad,
        pending: entry.and_then(|entry| entry.pending),
        verdict: verdict.map(|given| PastVerdict {
            kind: given.verdict.kind(),
            edit_kind: given.edit_kind(),
            reviewer: given.reviewer,
            at: given.at,
        }),
    })
}
