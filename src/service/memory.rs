//! The index of memory: what is asked of SQLite and of the vectors for a message, and how a
//! correction gets into it. It must not rank: `policy::memory` does, and says what is asked.

use crate::corrections::Correction;
use crate::embedder::{self, Neighbour};
use crate::problem::{Outcome, Problem};
use crate::routes::Operation;
use crate::storage::parsed;
use crate::tenant::Tenant;
use crate::vectors::{self, Kind};
use crate::{bind, refill};
use countersign_policy::digest::{from_hex, hex};
use countersign_policy::draft::Draft;
use countersign_policy::memory::{
    Asking, CANDIDATES_MAX, Candidate, HISTORY_MAX, Impression, Nearness, ROWS_SCORED_MAX,
    affordable_expression, asking, impression, nearest, remember, term_expression,
};
use countersign_policy::order;
use countersign_policy::problem::Code;
use countersign_policy::ratio::Ratio;
use countersign_policy::time::{DAY_MS, Millis};
use serde::Deserialize;
use std::rc::Rc;

/// Corrections without a vector that a request makes one for before it asks: what was learnt a
/// moment ago. The rest is the alarm's.
const MADE_AT_ONCE: u32 = 4;

/// What memory holds that is like a message.
#[derive(Default)]
pub struct Recalled {
    /// The message's vector, where one was worth making.
    pub vector: Option<Vec<u8>>,
    corrections: Vec<Found>,
    handled: Vec<Met>,
    /// Messages known at most.
    known: u32,
}

/// A correction that a search found.
struct Found {
    row: Row,
    cosine: Option<f64>,
    density: Option<f64>,
    bm25: Option<f64>,
}

/// A handled message that was near.
struct Met {
    category: Option<String>,
    cosine: f64,
    density: f64,
}

#[derive(Deserialize)]
struct Row {
    number: u32,
    id: String,
    category: Option<String>,
    created_at: u64,
    substantive: u32,
    agreements: u32,
    failures: u32,
    contradictions: u32,
    duplicate_of: Option<String>,
    slot: Option<u32>,
    #[serde(default)]
    score: Option<f64>,
}

#[derive(Deserialize)]
struct HandledRow {
    slot: u32,
    category: Option<String>,
}

/// How much there is to compare a message with.
#[derive(Clone, Copy, Deserialize)]
pub struct Holdings {
    /// The newest correction's number.
    corrections: u32,
    /// Messages known at most.
    known: u32,
    /// Whether any of them has a vector.
    vectors: u32,
    /// Whether a correction waits for its vector.
    waiting: u32,
}

const COLUMNS: &str = "number, id, category, created_at, edit_kind = 'substantive' AS substantive,
                       agreements, used - helped AS failures, contradictions, duplicate_of, slot";

/// Loads the embedder before an operation that asks memory, where there is anything to compare a
/// vector with: the first such request of an isolate waits for it, since what memory doesn't see
/// could let a draft out.
pub async fn wake(tenant: &Tenant, operation: Operation) -> Outcome<()> {
    let asks = matches!(
        operation,
        Operation::PostDraft
            | Operation::GetDraft
            | Operation::SimilarCorrections
            | Operation::ListCorrections
    );
    if !asks {
        return Ok(());
    }
    let holdings = holdings(tenant)?;
    let comparable = holdings.vectors == 1 || holdings.waiting == 1;
    if comparable && embedder::prepare(&tenant.env).await && holdings.waiting == 1 {
        tenant.transaction(|| refill::make_vectors(tenant, MADE_AT_ONCE).map(|_| ()))?;
    }
    Ok(())
}

/// What memory holds that is like a message; `vector` is its vector, where one was kept.
pub fn recall(tenant: &Tenant, message: &str, vector: Option<Vec<u8>>) -> Outcome<Recalled> {
    let holdings = holdings(tenant)?;
    if holdings.known == 0 {
        return Ok(Recalled::default());
    }
    let vector = match vector {
        None if holdings.vectors == 1 => tenant.held.embed(&tenant.env, message),
        known => known,
    };
    let mut found = Vec::new();
    let mut handled = Vec::new();
    if let Some(vector) = &vector {
        by_meaning(tenant, vector, &mut found)?;
        handled = met(tenant, vector)?;
    }
    by_words(
        tenant,
        message,
        holdings.corrections,
        vector.is_some(),
        &mut found,
    )?;
    order::by_key(&mut found, |one| one.row.number);
    Ok(Recalled {
        vector,
        corrections: found,
        handled,
        known: holdings.known,
    })
}

fn holdings(tenant: &Tenant) -> Outcome<Holdings> {
    tenant.recall.holdings.or((), || {
        let row = tenant.storage.first(
            "SELECT corrections, corrections + handled AS known,
               EXISTS (SELECT 1 FROM vectors) AS vectors,
               EXISTS (SELECT 1 FROM corrections WHERE slot IS NULL) AS waiting
             FROM (SELECT COALESCE(MAX(number), 0) AS corrections FROM corrections),
               (SELECT COALESCE(MAX(slot) + 1, 0) AS handled FROM handled)",
            bind![],
        )?;
        row.ok_or(Problem::from(Code::Internal))
    })
}

/// The same for a draft on file, whose vector was kept with it.
pub fn recall_for(tenant: &Tenant, draft_id: &str, draft: &Draft) -> Outcome<Recalled> {
    recall(tenant, &draft.message, vector_of(tenant, draft_id)?)
}

fn by_meaning(tenant: &Tenant, vector: &[u8], found: &mut Vec<Found>) -> Outcome<()> {
    let near = vectors::scan(tenant, Kind::Correction, vector)?;
    let query =
        format!("SELECT {COLUMNS} FROM corrections WHERE slot IN (SELECT value FROM json_each(?))");
    let rows = tenant.storage.rows::<Row>(&query, bind![&slots(&near)?])?;
    found.extend(rows.into_iter().map(|row| {
        let at = row.slot.and_then(|slot| at_slot(&near, slot));
        Found {
            cosine: at.map(|at| at.cosine),
            density: at.map(|at| at.density),
            bm25: None,
            row,
        }
    }));
    Ok(())
}

fn by_words(
    tenant: &Tenant,
    message: &str,
    corrections: u32,
    beside_vectors: bool,
    found: &mut Vec<Found>,
) -> Outcome<()> {
    let expression = match asking(message, corrections, beside_vectors) {
        Asking::Nothing => None,
        Asking::Match(expression) => Some(expression),
        Asking::Count(terms) => affordable_expression(&counted(tenant, &terms)?),
    };
    let Some(expression) = expression else {
        return Ok(());
    };
    let query = format!(
        "SELECT {COLUMNS}, score FROM (
           SELECT rowid, rank AS score FROM corrections_text WHERE corrections_text MATCH ?
           ORDER BY rank LIMIT ?) AS matched
         JOIN corrections ON number = matched.rowid"
    );
    let rows = tenant
        .storage
        .rows::<Row>(&query, bind![&expression, CANDIDATES_MAX])?;
    for row in rows {
        let bm25 = row.score.map(|score| -score);
        match found.iter_mut().find(|one| one.row.number == row.number) {
            Some(known) => known.bm25 = bm25,
            None => found.push(Found {
                row,
                cosine: None,
                density: None,
                bm25,
            }),
        }
    }
    Ok(())
}

/// The terms with the number of texts that have each, counted up to one more than may be scored.
fn counted(tenant: &Tenant, terms: &[String]) -> Outcome<Vec<(String, u32)>> {
    let expressions: Vec<String> = terms.iter().map(|term| term_expression(term)).collect();
    let counts = tenant.storage.values::<u32>(
        "SELECT (SELECT COUNT(*) FROM (
             SELECT 1 FROM corrections_text WHERE corrections_text MATCH value LIMIT ?))
         FROM json_each(?) ORDER BY key",
        bind![
            ROWS_SCORED_MAX.saturating_add(1),
            &serde_json::to_string(&expressions)?
        ],
    )?;
    Ok(terms.iter().cloned().zip(counts).collect())
}

fn met(tenant: &Tenant, vector: &[u8]) -> Outcome<Vec<Met>> {
    let near = vectors::scan(tenant, Kind::Handled, vector)?;
    let rows = tenant.storage.rows::<HandledRow>(
        "SELECT slot, category FROM handled WHERE slot IN (SELECT value FROM json_each(?))",
        bind![&slots(&near)?],
    )?;
    let met = rows.into_iter().filter_map(|row| {
        at_slot(&near, row.slot).map(|at| Met {
            category: row.category,
            cosine: at.cosine,
            density: at.density,
        })
    });
    Ok(met.collect())
}

fn slots(near: &[Neighbour]) -> Outcome<String> {
    let slots: Vec<u32> = near.iter().map(|at| at.position).collect();
    Ok(serde_json::to_string(&slots)?)
}

/// The neighbour of a slot: there are a few dozen at the most.
fn at_slot(near: &[Neighbour], slot: u32) -> Option<&Neighbour> {
    near.iter().find(|at| at.position == slot)
}

impl Found {
    fn candidate(&self, now: Millis) -> Candidate<'_> {
        let row = &self.row;
        let age_days = now.since(Millis(row.created_at)) / DAY_MS;
        Candidate {
            id: &row.id,
            category: row.category.as_deref(),
            cosine: self.cosine,
            density: self.density,
            bm25: self.bm25,
            age_days: u32::try_from(age_days).unwrap_or(u32::MAX),
            substantive: row.substantive == 1,
            agreements: row.agreements,
            failures: row.failures,
            contradictions: row.contradictions,
            duplicate_of: row.duplicate_of.as_deref(),
        }
    }
}

impl Recalled {
    /// The corrections, as `policy::memory` ranks them.
    pub fn corrections(&self, now: Millis) -> Vec<Candidate<'_>> {
        let found = self.corrections.iter();
        found.map(|found| found.candidate(now)).collect()
    }

    /// What memory says of the message, against `past` ones.
    pub fn impression(&self, message: &str, now: Millis, past: &[Nearness]) -> Impression<'_> {
        impression(message, &self.all(now), self.known, past)
    }

    /// The known message that is nearest, and how like it is; one that was merely handled has no id.
    pub fn nearest(&self, now: Millis) -> Option<(Candidate<'_>, Option<Ratio>)> {
        nearest(&self.all(now))
    }

    /// The corrections, and the messages that were handled without one.
    fn all(&self, now: Millis) -> Vec<Candidate<'_>> {
        let mut known = self.corrections(now);
        known.extend(self.handled.iter().map(|met| Candidate {
            category: met.category.as_deref(),
            cosine: Some(met.cosine),
            density: Some(met.density),
            ..Candidate::default()
        }));
        known
    }
}

/// The nearness of the latest messages; none is asked for where there is nothing to be near to.
pub fn past(tenant: &Tenant, recalled: &Recalled) -> Outcome<Rc<Vec<Nearness>>> {
    if recalled.known == 0 {
        return Ok(Rc::default());
    }
    tenant.recall.past.or((), || {
        let past = tenant.storage.value::<Option<String>>(
            "SELECT '[' || group_concat(at) || ']' FROM nearness",
            bind![],
        )?;
        Ok(parsed(past.flatten().as_deref().unwrap_or("[]")).map(Rc::new)?)
    })
}

/// Keeps what a posted draft's message was like: its nearness for those that follow, its vector for
/// the correction that it may become.
pub fn keep(
    tenant: &Tenant,
    draft_id: &str,
    vector: Option<&[u8]>,
    nearness: Nearness,
) -> Outcome<()> {
    if nearness.says_something() {
        tenant.storage.run(
            "INSERT INTO nearness (at) VALUES (?)",
            bind![&serde_json::to_string(&nearness)?],
        )?;
        tenant.storage.run(
            "DELETE FROM nearness WHERE number <= (SELECT MAX(number) FROM nearness) - ?",
            bind![HISTORY_MAX],
        )?;
        let add = |past: &mut Rc<Vec<Nearness>>| *past = Rc::new(remember(past.to_vec(), nearness));
        tenant.recall.past.change(&(), add);
    }
    let Some(vector) = vector else { return Ok(()) };
    tenant.storage.run(
        "UPDATE drafts SET vector = unhex(?) WHERE id = ?",
        bind![&hex(vector), draft_id],
    )
}

/// The vector of a draft's message, where one was made when it came.
pub fn vector_of(tenant: &Tenant, draft_id: &str) -> Outcome<Option<Vec<u8>>> {
    let text = tenant.storage.value::<String>(
        "SELECT hex(vector) FROM drafts WHERE id = ? AND vector IS NOT NULL",
        bind![draft_id],
    )?;
    Ok(text.and_then(|text| from_hex(&text.to_lowercase())))
}

/// Remembers a message that a person handled without teaching anything: a known question.
pub fn handled(tenant: &Tenant, draft_id: &str, category: Option<&str>) -> Outcome<()> {
    let Some(vector) = vector_of(tenant, draft_id)? else {
        return Ok(());
    };
    let slot = vectors::add(tenant, Kind::Handled, &vector)?;
    tenant.storage.run(
        "INSERT OR REPLACE INTO handled (slot, category, draft_id) VALUES (?, ?, ?)",
        bind![slot, category, draft_id],
    )?;
    tenant.storage.run(
        "DELETE FROM handled WHERE slot < (SELECT MIN(first) FROM vectors WHERE kind = 'handled')",
        bind![],
    )
}

/// Forgets the message of a draft that a person handled.
pub fn forget_handled(tenant: &Tenant, draft_id: &str) -> Outcome<()> {
    let forgotten = tenant.storage.values(
        "DELETE FROM handled WHERE draft_id = ? RETURNING slot",
        bind![draft_id],
    )?;
    forgotten
        .into_iter()
        .try_for_each(|slot| vectors::clear(tenant, Kind::Handled, slot))
}

/// Writes the full-text index anew without what was taken out of it, whose words it holds until then.
pub fn purge(tenant: &Tenant) -> Outcome<()> {
    tenant.storage.run(
        "INSERT INTO corrections_text (corrections_text) VALUES ('optimize')",
        bind![],
    )
}

/// Puts a correction into the index unless it is there; its vector follows where none is known.
pub fn index(tenant: &Tenant, correction: &Correction, vector: Option<&[u8]>) -> Outcome<()> {
    let standing = &correction.standing;
    let number = tenant.storage.value::<u32>(
        "INSERT INTO corrections (id, draft_id, category, message, draft, corrected, edit_kind,
           lesson, customer_id, customer_name, reviewer, created_at, duplicate_of, agreements,
           contradictions, used, helped)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO NOTHING RETURNING number",
        bind![
            &correction.id,
            &correction.draft_id,
            correction.category.as_ref(),
            &correction.message,
            &correction.draft,
            &correction.corrected,
            correction.edit_kind_name(),
            correction.lesson.as_ref(),
            correction.customer_id.as_ref(),
            correction.customer_name.as_ref(),
            &correction.reviewer,
            correction.at,
            standing.duplicate_of.as_ref(),
            standing.agreements,
            standing.contradictions,
            standing.used,
            standing.helped,
        ],
    )?;
    let Some(number) = number else {
        return Ok(());
    };
    tenant.storage.run(
        "INSERT INTO corrections_text (rowid, message) VALUES (?, ?)",
        bind![number, &correction.message],
    )?;
    match vector {
        Some(vector) => place(tenant, &correction.id, vector),
        None => refill::wait(tenant),
    }
}

/// Gives a correction the vector of its message.
pub fn place(tenant: &Tenant, id: &str, vector: &[u8]) -> Outcome<()> {
    let slot = vectors::add(tenant, Kind::Correction, vector)?;
    tenant.storage.run(
        "UPDATE corrections SET slot = ? WHERE id = ?",
        bind![slot, id],
    )
}

/// Takes a correction out of the index for good; whether it was there.
pub fn forget(tenant: &Tenant, id: &str) -> Outcome<bool> {
    let query = format!("SELECT {COLUMNS} FROM corrections WHERE id = ?");
    let Some(row) = tenant.storage.first::<Row>(&query, bind![id])? else {
        return Ok(false);
    };
    tenant.storage.run(
        "DELETE FROM corrections_text WHERE rowid = ?",
        bind![row.number],
    )?;
    tenant
        .storage
        .run("DELETE FROM corrections WHERE id = ?", bind![id])?;
    if let Some(slot) = row.slot {
        vectors::clear(tenant, Kind::Correction, slot)?;
    }
    Ok(true)
}
