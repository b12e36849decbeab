//! Corrections as people see them: listed, searched by meaning, retired. It must not rank:
//! `policy::memory` does.

use crate::archive::Erased;
use crate::call::{Answer, Call};
use crate::d1::{DATABASE, Rows};
use crate::people::Person;
use crate::problem::{Outcome, Problem};
use crate::storage::{Bind, Storage, parsed};
use crate::tenant::Tenant;
use crate::{bind, column, learning, memory, outbox, sight};
use countersign_policy::digest::{hex, keyed};
use countersign_policy::draft::TEXT_BYTES_MAX;
use countersign_policy::edit::EditKind;
use countersign_policy::log::Event;
use countersign_policy::memory::{CANDIDATES_MAX, Taught, Word, alike};
use countersign_policy::order;
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wasm_bindgen::JsValue;
use worker::D1Database;

/// Corrections of one page.
const PAGE_MAX: u32 = 200;

/// What an edit taught.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Correction {
    /// The correction's id.
    pub id: String,
    /// The draft that was edited; empty where it was imported.
    pub draft_id: String,
    /// Who drafted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Its category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The action's name, where the texts are its arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The customer's message.
    pub message: String,
    /// What the agent wanted to say, or the canonical arguments of its action.
    pub draft: String,
    /// What the reviewer made of it.
    pub corrected: String,
    /// Whether the meaning changed: the reviewer's word where they gave one.
    pub edit_kind: EditKind,
    /// What the rules had found, where the reviewer said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit_kind_found: Option<EditKind>,
    /// The reviewer's line of lesson.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lesson: Option<String>,
    /// Whether it must not become an example.
    pub one_off: bool,
    /// Whether the message, or any text of an imported one, tried to give orders of its own; never an example, either.
    #[serde(default)]
    pub injection: bool,
    /// Whom the message came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// Their name, which no other customer's agent sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_name: Option<String>,
    /// Who edited, or imported it.
    pub reviewer: String,
    /// When it counted, there or here.
    pub at: Millis,
    /// Where it comes from, if no reviewer made it here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<Imported>,
    /// What became of it.
    #[serde(flatten)]
    pub standing: Standing,
}

/// Where an imported correction comes from.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Imported {
    /// As whoever imported it named that.
    pub source: String,
    /// Its id there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// What became of a correction since it was learnt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Standing {
    /// The first correction that it nearly repeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<String>,
    /// Later verdicts that agree with it.
    pub agreements: u32,
    /// Later corrections of near-equal messages that say something else.
    pub contradictions: u32,
    /// Decided drafts that were written with it.
    pub used: u32,
    /// Those of them whose meaning was right.
    pub helped: u32,
    /// Since when it is no example any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<Millis>,
}

/// A change of a correction on its way to D1; everything that is not said stays.
#[derive(Serialize)]
pub struct Change {
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// In hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector: Option<String>,
}

/// What D1 has yet to be told of corrections.
pub struct Untold {
    erased: Erased,
    standings: BTreeMap<String, Standing>,
}

#[derive(Deserialize)]
struct StandingText {
    id: String,
    standing: String,
}

/// `GET /v1/corrections`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CorrectionPage {
    /// Newest first; with `q` the likest first.
    corrections: Vec<Correction>,
    /// What to send as `cursor` for the older ones; absent on the last page, and with `q`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A correction as D1 has it.
#[derive(Clone, Deserialize)]
pub struct CorrectionRow {
    id: String,
    draft_id: String,
    agent: Option<String>,
    category: Option<String>,
    action: Option<String>,
    message: String,
    draft: String,
    corrected: String,
    edit_kind: EditKind,
    edit_kind_found: Option<EditKind>,
    lesson: Option<String>,
    one_off: u32,
    injection: u32,
    customer_id: Option<String>,
    customer_name: Option<String>,
    reviewer: String,
    created_at: u64,
    #[serde(deserialize_with = "column::json_if_any")]
    imported: Option<Imported>,
    duplicate_of: Option<String>,
    agreements: u32,
    contradictions: u32,
    used: u32,
    helped: u32,
    retired_at: Option<u64>,
    /// In hexadecimal, where it was asked for.
    pub vector: Option<String>,
}

/// D1's columns of a [`CorrectionRow`].
pub const COLUMNS: &str =
    "id, draft_id, agent, category, action, message, draft, corrected, edit_kind, edit_kind_found, lesson,
     one_off, injection, customer_id, customer_name, reviewer, created_at, imported, duplicate_of,
     agreements, contradictions, used, helped, retired_at";

impl Correction {
    /// As it stands in SQL.
    pub fn edit_kind_name(&self) -> &'static str {
        name_of(self.edit_kind)
    }

    /// Whether it may become an example.
    pub fn teaches(&self) -> bool {
        !self.one_off && !self.injection
    }

    /// What makes two the same, in a form that tells nobody who lacks the tenant's secret what that is.
    pub fn digest(&self, secret: &str) -> String {
        let names = [&self.category, &self.action, &self.customer_id];
        let [category, action, customer] = names.map(|name| name.as_deref().unwrap_or_default());
        hex(&keyed(
            secret.as_bytes(),
            &[
                "countersign import v1",
                &self.message,
                &self.draft,
                &self.corrected,
                category,
                action,
                customer,
            ],
        ))
    }

    /// Whose word it is.
    pub fn word(&self) -> Word {
        Word {
            imported: self.imported.is_some(),
            at: self.at,
        }
    }

    /// What it taught.
    pub fn taught(&self) -> Taught<'_> {
        Taught {
            message: &self.message,
            draft: &self.draft,
            corrected: &self.corrected,
        }
    }
}

/// An edit kind as it stands in SQL.
pub fn name_of(kind: EditKind) -> &'static str {
    match kind {
        EditKind::None => "none",
        EditKind::Cosmetic => "cosmetic",
        EditKind::Substantive => "substantive",
    }
}

/// `GET /v1/corrections`: what D1 has; what is still on its way there comes first. With `q`, what
/// memory finds like it.
pub async fn list(tenant: &Tenant, call: &Call) -> Outcome<Answer> {
    let limit = call.number("limit", 50, PAGE_MAX)?;
    let page = match call.query.get("q").filter(|text| !text.trim().is_empty()) {
        Some(text) => CorrectionPage {
            corrections: search(tenant, text, limit.min(CANDIDATES_MAX), call).await?,
            next_cursor: None,
        },
        None => newest(tenant, limit, call).await?,
    };
    Answer::json(200, &page)
}

async fn newest(tenant: &Tenant, limit: u32, call: &Call) -> Outcome<CorrectionPage> {
    let Place(at, id) = call.cursor(Place::read)?.unwrap_or_else(Place::end);
    let sight = sight::bound(&call.sight)?;
    let condition = format!(
        "{} AND (payload ->> '$.at', payload ->> '$.id') < (?2, ?3)
         ORDER BY payload ->> '$.at' DESC, payload ->> '$.id' DESC LIMIT ?4",
        sight::readable("payload ->> '$.category'", 1)
    );
    let learnt = Millis(at).to_rfc3339();
    let waiting = (condition.as_str(), bind![&sight, &learnt, &id, limit]);
    let query = format!(
        "SELECT {COLUMNS} FROM corrections WHERE tenant_id = ?1 AND {}
         AND (created_at, id) < (CAST(?4 AS INTEGER), ?5)
         ORDER BY created_at DESC, id DESC LIMIT ?2",
        sight::readable("category", 3)
    );
    let bound = [
        tenant.record()?.id.into(),
        limit.into(),
        sight.as_str().into(),
        at.to_string().into(),
        id.as_str().into(),
    ];
    let database = tenant.env.d1(DATABASE)?;
    let found = read(&tenant.storage, &database, waiting, (&query, &bound)).await?;
    let mut corrections = found.corrections;
    order::by_key(&mut corrections, |one| std::cmp::Reverse(Place::of(one)));
    let limit = usize::try_from(limit).unwrap_or(0);
    corrections.truncate(limit);
    // What was read and is erased by now shortens the page, and not the list.
    let last = corrections.last().filter(|_| corrections.len() == limit);
    let last = last.map(Place::of);
    let told = corrections.into_iter();
    Ok(CorrectionPage {
        corrections: told.filter_map(|one| found.untold.told(one)).collect(),
        next_cursor: last.map(|Place(at, id)| format!("{at}.{id}")),
    })
}

/// Where a correction stands in the list: when it was learnt, in milliseconds since 1970, and its id.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Place(u64, String);

impl Place {
    fn of(correction: &Correction) -> Self {
        Self(correction.at.0, correction.id.clone())
    }

    /// Before the newest.
    fn end() -> Self {
        Self(Millis::MAX.0, String::new())
    }

    /// The place that a cursor names.
    fn read(cursor: &str) -> Option<Self> {
        let (at, id) = cursor.split_once('.').filter(|(_, id)| !id.is_empty())?;
        Some(Self(at.parse().ok()?, id.to_owned()))
    }
}

/// Corrections as they were written, and what D1 has yet to be told of them.
pub struct Found {
    /// By their ids.
    pub corrections: Vec<Correction>,
    /// To be asked about each.
    pub untold: Untold,
}

/// What a condition finds among corrections on their way to D1, and a query in D1, each once.
pub async fn read(
    storage: &Storage,
    database: &D1Database,
    (condition, values): (&str, &[Bind<'_>]),
    (query, bound): (&str, &[JsValue]),
) -> Outcome<Found> {
    // Asked before D1 and after it: what reaches it meanwhile is missed by neither.
    let waiting = outbox::waiting::<Correction>(storage, "correction", condition, values)?;
    let untold = Untold::now(storage)?;
    let rows = database.prepare(query).bind(bound)?;
    let rows = rows.rows::<CorrectionRow>().await?;
    let copied = rows.into_iter().map(Correction::from);
    Ok(Found {
        corrections: order::each_once(copied.chain(waiting).collect(), |one| one.id.clone()),
        untold: untold.and_now(storage)?,
    })
}

async fn search(tenant: &Tenant, text: &str, limit: u32, call: &Call) -> Outcome<Vec<Correction>> {
    if text.len() > usize::try_from(TEXT_BYTES_MAX).unwrap_or(usize::MAX) {
        return Err(Problem::from(Code::InvalidParameter));
    }
    let recalled = memory::recall(tenant, text, None)?;
    let mut candidates = recalled.corrections(call.now);
    candidates.retain(|known| call.sight.covers(known.category));
    let found = alike(&candidates);
    let found = found.iter().map(|one| one.candidate.id);
    let found: Vec<&str> = found.take(usize::try_from(limit).unwrap_or(0)).collect();
    let wanted = serde_json::to_string(&found)?;
    let query = format!(
        "SELECT {COLUMNS} FROM corrections
         WHERE tenant_id = ? AND id IN (SELECT value FROM json_each(?))"
    );
    let bound = [tenant.record()?.id.into(), wanted.as_str().into()];
    let waiting = (
        "payload ->> '$.id' IN (SELECT value FROM json_each(?))",
        bind![&wanted],
    );
    let database = tenant.env.d1(DATABASE)?;
    let known = read(&tenant.storage, &database, waiting, (&query, &bound)).await?;
    let of_id = |id: &str| known.corrections.iter().find(|one| one.id == id).cloned();
    let in_order = found.into_iter().filter_map(of_id);
    Ok(in_order.filter_map(|one| known.untold.told(one)).collect())
}

impl Untold {
    /// As the outbox has it now.
    pub fn now(storage: &Storage) -> Outcome<Self> {
        let changed = storage.rows::<StandingText>(
            "SELECT payload ->> '$.id' AS id, payload -> '$.standing' AS standing FROM outbox
             WHERE kind = 'correction_change' AND kind <> 'audit'
               AND payload -> '$.standing' IS NOT NULL
             ORDER BY number",
            bind![],
        )?;
        let mut standings = BTreeMap::new();
        for row in changed {
            standings.insert(row.id, parsed(&row.standing)?);
        }
        Ok(Self {
            erased: Erased::now(storage)?,
            standings,
        })
    }

    /// That of both moments.
    pub fn and_now(mut self, storage: &Storage) -> Outcome<Self> {
        let mut now = Self::now(storage)?;
        self.erased.append(&mut now.erased);
        self.standings.append(&mut now.standings);
        Ok(self)
    }

    /// The same as an example or a record: nothing of one that is retired, either.
    pub fn taught(&self, correction: Correction) -> Option<Correction> {
        let correction = self.told(correction)?;
        Some(correction).filter(|one| one.standing.retired_at.is_none())
    }

    /// A correction as it stands by now; nothing of one that is erased.
    pub fn told(&self, correction: Correction) -> Option<Correction> {
        if self.erased.holds(&correction.id) {
            return None;
        }
        let standing = self.standings.get(&correction.id).cloned();
        Some(Correction {
            standing: standing.unwrap_or(correction.standing),
            ..correction
        })
    }
}

/// `DELETE /v1/corrections/{id}`: it stays on record and is no example any more.
pub fn retire(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    sight::check_row(tenant, &call.sight, "corrections", &call.id)?;
    let standing = tenant.storage.first::<Standing>(
        "SELECT duplicate_of, agreements, contradictions, used, helped FROM corrections WHERE id = ?",
        bind![&call.id],
    )?;
    let standing = standing.ok_or(Code::NotFound)?;

    memory::forget(tenant, &call.id)?;
    let retired = Standing {
        retired_at: Some(call.now),
        ..standing
    };
    learning::tell(tenant, &call.id, retired)?;
    tenant.log(
        call.now,
        Event::CorrectionRetired,
        person.actor(),
        Some(&call.id),
        [],
    )?;
    Ok(Answer::empty())
}

impl From<CorrectionRow> for Correction {
    fn from(row: CorrectionRow) -> Self {
        Self {
            id: row.id,
            draft_id: row.draft_id,
            agent: row.agent,
            category: row.category,
            action: row.action,
            message: row.message,
            draft: row.draft,
            corrected: row.corrected,
            edit_kind: row.edit_kind,
            edit_kind_found: row.edit_kind_found,
            lesson: row.lesson,
            one_off: row.one_off == 1,
            injection: row.injection == 1,
            customer_id: row.customer_id,
            customer_name: row.customer_name,
            reviewer: row.reviewer,
            at: Millis(row.created_at),
            imported: row.imported,
            standing: Standing {
                duplicate_of: row.duplicate_of,
                agreements: row.agreements,
                contradictions: row.contradictions,
                used: row.used,
                helped: row.helped,
                retired_at: row.retired_at.map(Millis),
            },
        }
    }
}
