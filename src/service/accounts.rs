//! What trust remembers, kept: accounts and weekly counts, fed by every draft that settles and every
//! look at what went out. It must not judge: `policy::trust` says what a label is worth.

use crate::problem::{Outcome, Problem};
use crate::storage::parsed;
use crate::stored::{Stored, StoredVerdict};
use crate::tenant::Tenant;
use crate::{bind, column, second_looks, situations};
use countersign_policy::calibrate::counts_for_threshold;
use countersign_policy::compiled::Compiled;
use countersign_policy::day;
use countersign_policy::draft::Draft;
use countersign_policy::level::Level;
use countersign_policy::problem::Code;
use countersign_policy::queue::Status;
use countersign_policy::ratio::Ratio;
use countersign_policy::route::{Route, Situation};
use countersign_policy::sample;
use countersign_policy::time::Millis;
use countersign_policy::trust::account::{self, Account, Counted, Labelled};
use countersign_policy::trust::evidence::{
    Observation, Reading, Spoke, held_by_confidence_alone, is_novel, shown_characters,
    wants_second_look,
};
use countersign_policy::trust::{Counts, CountsKey, CountsRow, Ending, Label, Settled, alike};
use serde::Deserialize;

/// Versions of one agent in one category that are remembered: more than anyone compares.
const VERSIONS_MAX: u32 = 20;

/// An account as it is kept.
#[derive(Deserialize)]
pub struct Kept {
    /// Its row.
    pub number: u64,
    /// The question type.
    pub category: String,
    /// Who drafts.
    pub agent: String,
    /// Its model and prompt; empty when it names none.
    pub agent_version: String,
    /// What is remembered.
    #[serde(deserialize_with = "column::json")]
    pub account: Account,
}

#[derive(Deserialize)]
struct Company {
    agents: u32,
    lowest: Option<u64>,
    own_lowest: Option<u64>,
}

#[derive(Deserialize)]
struct CountedRow {
    category: String,
    monday: i32,
    agent: String,
    agent_version: String,
    level: u64,
    counts: String,
}

const COLUMNS: &str = "number, category, agent, agent_version, account";

/// Today, in the tenant's zone.
pub fn today(policy: &Compiled, now: Millis) -> i32 {
    // In a zone that the platform doesn't know it is the day of UTC.
    let local = situations::local_time(&policy.policy().zone, now)
        .or_else(|| situations::local_time("UTC", now))
        .unwrap_or_default();
    day::local_day(now, local)
}

/// Whether a version of an agent gets an account in a category.
pub fn has_room(tenant: &Tenant, category: &str, agent: &str) -> Outcome<bool> {
    let company = company(tenant, category, agent)?;
    Ok(company.own_lowest.is_some() || account::has_room(company.agents))
}

/// The agents of a category, the lowest level of any, and of any version of this one, where it is one of them.
fn company(tenant: &Tenant, category: &str, agent: &str) -> Outcome<Company> {
    let row = tenant.storage.first(
        "SELECT COUNT(DISTINCT agent) AS agents, MIN(level) AS lowest,
           MIN(CASE WHEN agent = ? THEN level END) AS own_lowest FROM accounts WHERE category = ?",
        bind![agent, category],
    )?;
    row.ok_or(Problem::from(Code::Internal))
}

/// Begins the account of a version that was never seen.
pub fn begin(
    tenant: &Tenant,
    policy: &Compiled,
    category: &str,
    agent: &str,
    agent_version: &str,
    now: Millis,
) -> Outcome<Kept> {
    let start = situations::start_level(tenant, policy, category, now)?;
    let company = company(tenant, category, agent)?;
    let lowest = company.own_lowest.or(company.lowest);
    let start = account::start_of_new(start, lowest.and_then(Level::from_number));
    let before = newest(tenant, category, agent)?;
    let before = before.as_ref().map(|kept| &kept.account);
    let account = Account::begin(start, before, now, today(policy, now));
    tenant.storage.run(
        "INSERT INTO accounts (category, agent, agent_version, level, used_at, account)
         VALUES (?, ?, ?, ?, ?, ?)",
        bind![
            category,
            agent,
            agent_version,
            u32::from(account.standing.level.number()),
            now,
            &serde_json::to_string(&account)?
        ],
    )?;
    tenant.storage.run(
        "DELETE FROM accounts WHERE category = ?1 AND agent = ?2 AND number NOT IN (
           SELECT number FROM accounts WHERE category = ?1 AND agent = ?2
           ORDER BY used_at DESC, number DESC LIMIT ?3)",
        bind![category, agent, VERSIONS_MAX],
    )?;
    find(tenant, category, agent, agent_version)?.ok_or(Problem::from(Code::Internal))
}

/// The account of a category, agent and version.
pub fn find(
    tenant: &Tenant,
    category: &str,
    agent: &str,
    agent_version: &str,
) -> Outcome<Option<Kept>> {
    let condition = "category = ? AND agent = ? AND agent_version = ?";
    let found = select(tenant, condition, bind![category, agent, agent_version])?;
    Ok(found.into_iter().next())
}

/// The account of the version that posted last.
pub fn newest(tenant: &Tenant, category: &str, agent: &str) -> Outcome<Option<Kept>> {
    let condition = "category = ? AND agent = ? ORDER BY used_at DESC, number DESC LIMIT 1";
    let found = select(tenant, condition, bind![category, agent])?;
    Ok(found.into_iter().next())
}

/// Accounts of a condition, in its order.
pub fn select(
    tenant: &Tenant,
    condition: &str,
    values: &[crate::storage::Bind<'_>],
) -> Outcome<Vec<Kept>> {
    let query = format!("SELECT {COLUMNS} FROM accounts WHERE {condition}");
    tenant.storage.rows(&query, values)
}

/// Writes what an account is now.
pub fn save(tenant: &Tenant, kept: &Kept) -> Outcome<()> {
    tenant.recall.accounts.clear();
    let level = u32::from(kept.account.standing.level.number());
    tenant.storage.run(
        "UPDATE accounts SET level = ?, account = ? WHERE number = ?",
        bind![level, &serde_json::to_string(&kept.account)?, kept.number],
    )
}

/// A draft is decided for the first time: it is counted, and its label goes to its account. Its verdict
/// remembers when, in case it is found wrong.
pub fn settled(tenant: &Tenant, stored: &mut Stored, now: Millis) -> Outcome<()> {
    if stored.shadow {
        return Ok(());
    }
    let policy = tenant.policy(tenant.record()?.policy_version)?;
    let day = today(&policy, now);
    let situation: Situation = parsed(&stored.situation)?;
    let verdict_ms = stored.verdict.as_ref().and_then(|verdict| verdict.took_ms);
    let here = Counted { at: now, day };
    if let Some(verdict) = &mut stored.verdict {
        verdict.settled = Some(here);
    }

    let drafted = Settled {
        ending: ending(stored),
        released_at: released_at(stored).filter(|_| stored.entry.status == Status::Released),
        verdict_ms,
    };
    let kept = of_draft(tenant, &stored.draft)?;
    count(tenant, stored, kept.as_ref(), day, |counted| {
        let mut counts = counted.unwrap_or_default();
        counts.settle(&drafted);
        Some(counts)
    })?;
    let Some(mut kept) = kept else {
        return Ok(());
    };
    if situation.novelty.is_some() {
        kept.account.message(is_novel(&stored.decision), day);
    }
    if drafted.released_at.is_none() && drafted.ending.label().is_some() {
        let mut labelled = labelled(tenant, stored, &kept, day)?;
        labelled.observation.group_counted = group_counted(tenant, &kept, &stored.draft, day)?;
        let counted = kept.account.settle(&labelled);
        if let Ok(label) = counted {
            remember_alike(tenant, &kept, stored, label, day)?;
        }
        let rate = policy.rules(Some(&kept.category)).second_look_rate;
        if wants_second_look(counted, situation.sample_draw, rate) {
            second_looks::owe(tenant, &kept, stored, &labelled.observation)?;
        }
        if let Some(verdict) = &mut stored.verdict {
            verdict.evidence = counted.is_ok().then_some(here);
        }
    }
    save(tenant, &kept)
}

/// The account of a row.
pub fn by_number(tenant: &Tenant, number: u64) -> Outcome<Option<Kept>> {
    Ok(select(tenant, "number = ?", bind![number])?
        .into_iter()
        .next())
}

/// The account that a draft belongs to; `None` where the policy doesn't know its category.
pub fn of_draft(tenant: &Tenant, draft: &Draft) -> Outcome<Option<Kept>> {
    match &draft.category {
        None => Ok(None),
        Some(category) => find(tenant, category, &draft.agent, version(draft)),
    }
}

pub fn version(draft: &Draft) -> &str {
    draft.agent_version.as_deref().unwrap_or("")
}

/// How a draft ended, whatever looks found afterwards.
pub fn ending(stored: &Stored) -> Ending {
    let verdict = stored.verdict.as_ref();
    Ending::after(
        stored.decision.route,
        stored.entry.status,
        verdict.map(|verdict| verdict.verdict.kind()),
        verdict.and_then(StoredVerdict::edit_kind),
    )
}

/// The chance of a look, of what went out by itself.
pub fn released_at(stored: &Stored) -> Option<Ratio> {
    let released = stored.decision.route == Route::Release;
    released.then_some(stored.decision.sampling_probability)
}

/// The label of a held draft, as its verdict gave it on a day.
pub fn labelled(tenant: &Tenant, stored: &Stored, kept: &Kept, day: i32) -> Outcome<Labelled> {
    let decided = tenant.policy(stored.policy_version)?;
    let situation: Situation = parsed(&stored.situation)?;
    let picked = sample::picks(decided.rules(Some(&kept.category)), &situation);
    Ok(Labelled {
        id: stored.id.clone(),
        observation: Observation {
            ending: ending(stored),
            spoke: Spoke::of(&stored.decision),
            level: kept.account.standing.level,
            shadow: stored.shadow,
            reading: reading(stored, stored.verdict.as_ref()),
            second_look: None,
            group_counted: None,
        },
        confidence: stored.draft.confidence,
        representative: counts_for_threshold(stored.decision.level, picked)
            && held_by_confidence_alone(&stored.decision),
        day,
    })
}

/// How a verdict on a draft came about.
pub fn reading(stored: &Stored, verdict: Option<&StoredVerdict>) -> Reading {
    Reading {
        batch: verdict.is_some_and(|verdict| verdict.batch),
        verdict_ms: verdict.and_then(|verdict| verdict.took_ms).unwrap_or(0),
        shown_characters: shown_characters(&stored.draft),
    }
}

/// The label that near-identical drafts were counted with on a day, if they were.
pub fn group_counted(
    tenant: &Tenant,
    kept: &Kept,
    draft: &Draft,
    day: i32,
) -> Outcome<Option<Label>> {
    let alike = tenant.storage.value::<String>(
        "SELECT label FROM alike WHERE account = ? AND day = ? AND signature = ?",
        bind![kept.number, day_number(day), &alike::signature(draft)],
    )?;
    let letter = alike.and_then(|label| label.chars().next());
    Ok(letter.map(Label::from_letter))
}

/// Notes that near-identical drafts of a day were counted, and with which label.
pub fn remember_alike(
    tenant: &Tenant,
    kept: &Kept,
    stored: &Stored,
    label: Label,
    day: i32,
) -> Outcome<()> {
    tenant.storage.run(
        "INSERT INTO alike (account, day, signature, label) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET label = excluded.label",
        bind![
            kept.number,
            day_number(day),
            &alike::signature(&stored.draft),
            &label.letter().to_string()
        ],
    )
}

/// Counts of a draft in the week of a day, changed and to be sent again; what changes to nothing stays. Agents
/// without an account are counted together: there may be any number of them.
pub fn count(
    tenant: &Tenant,
    stored: &Stored,
    kept: Option<&Kept>,
    day: i32,
    change: impl FnOnce(Option<Counts>) -> Option<Counts>,
) -> Outcome<()> {
    let policy = tenant.policy(stored.policy_version)?;
    let category = stored.draft.category.as_deref();
    let category = category
        .filter(|name| policy.policy().knows(name))
        .unwrap_or("");
    let (agent, version) = kept.map_or(("", ""), |kept| (&kept.agent, &kept.agent_version));
    let (monday, level) = (
        day_number(day::monday_of(day)),
        level_number(stored.decision.level),
    );
    let key = bind![category, monday, agent, version, level];
    let known = tenant.storage.value::<String>(
        "SELECT counts FROM counts
         WHERE category = ? AND monday = ? AND agent = ? AND agent_version = ? AND level = ?",
        key,
    )?;
    let known = known.as_deref().map(parsed).transpose()?;
    let Some(counts) = change(known) else {
        return Ok(());
    };
    tenant.storage.run(
        "INSERT INTO counts (category, monday, agent, agent_version, level, counts, sent)
         VALUES (?, ?, ?, ?, ?, ?, 0)
         ON CONFLICT DO UPDATE SET counts = excluded.counts, sent = 0",
        bind![
            category,
            monday,
            agent,
            version,
            level,
            &serde_json::to_string(&counts)?
        ],
    )
}

/// Rows of the weeks from a Monday on.
pub fn rows_since(tenant: &Tenant, monday: i32) -> Outcome<Vec<CountsRow>> {
    counted(
        tenant,
        "monday >= ? ORDER BY monday, category",
        bind![day_number(monday)],
    )
}

/// Rows that changed since they went to D1; from now on they count as sent.
pub fn take_unsent(tenant: &Tenant) -> Outcome<Vec<CountsRow>> {
    let rows = counted(tenant, "sent = 0", bind![])?;
    if !rows.is_empty() {
        tenant
            .storage
            .run("UPDATE counts SET sent = 1 WHERE sent = 0", bind![])?;
    }
    Ok(rows)
}

fn counted(
    tenant: &Tenant,
    condition: &str,
    values: &[crate::storage::Bind<'_>],
) -> Outcome<Vec<CountsRow>> {
    let query = format!(
        "SELECT category, monday, agent, agent_version, level, counts FROM counts WHERE {condition}"
    );
    let rows = tenant.storage.rows::<CountedRow>(&query, values)?;
    rows.into_iter()
        .map(|row| {
            Ok(CountsRow {
                key: CountsKey {
                    category: row.category,
                    monday: row.monday,
                    agent: row.agent,
                    agent_version: row.agent_version,
                    level: Level::from_number(row.level).ok_or(Code::Internal)?,
                },
                counts: parsed(&row.counts)?,
            })
        })
        .collect()
}

/// A day as SQLite takes it; none of ours lies before 1970.
pub fn day_number(day: i32) -> u32 {
    u32::try_from(day).unwrap_or(0)
}

/// A level as SQLite takes it.
pub fn level_number(level: Level) -> u32 {
    u32::from(level.number())
}
