//! Known-bad drafts: kept by leads, put among those that wait, and what reviewers made of them. It must
//! not let one reach an agent, a receiver, D1, memory or trust; when one comes and whether it was caught
//! `policy::vigilance` says.

use crate::call::{Answer, Call};
use crate::idempotency::Making;
use crate::people::Person;
use crate::problem::{Outcome, Problem};
use crate::storage::parsed;
use crate::stored::{self, Stored};
use crate::tenant::{Tenant, system};
use crate::{bind, column, deadlines, drafts, random};
use countersign_policy::claim::Weight;
use countersign_policy::compiled::Compiled;
use countersign_policy::document::{OnExpiry, Rules};
use countersign_policy::draft::{Conversation, Draft, NAME_BYTES_MAX};
use countersign_policy::invalid::{Invalid, bound_text};
use countersign_policy::log::{Event, Fact};
use countersign_policy::problem::Code;
use countersign_policy::queue::Entry;
use countersign_policy::ratio::Ratio;
use countersign_policy::route::{Route, Situation};
use countersign_policy::time::{DAY_MS, Millis};
use countersign_policy::vigilance::{SEEDS_MAX, caught, choose};
use serde::{Deserialize, Serialize};

/// What became of them is kept for three months.
const ENDED_KEEP_MS: u64 = 90 * DAY_MS;
/// Bytes of what is wrong with one.
const FLAW_BYTES_MAX: u32 = NAME_BYTES_MAX * 4;

/// The body of `POST /v1/seeds`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewSeed {
    /// As an agent would post it. Agent and conversation become those of a draft that waits.
    draft: Draft,
    /// What is wrong with it; leads see it.
    flaw: String,
}

/// `GET /v1/seeds`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SeedList {
    seeds: Vec<SeedView>,
}

/// A known-bad draft.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SeedView {
    /// Its id.
    id: String,
    /// What is shown to reviewers.
    #[serde(deserialize_with = "column::json")]
    draft: Draft,
    /// What is wrong with it.
    flaw: String,
    /// Who wrote it.
    person_id: String,
    /// When.
    #[serde(deserialize_with = "column::time")]
    created_at: Millis,
    /// How often somebody decided on it within three months.
    met: u32,
    /// Of these, how often they caught it.
    caught: u32,
}

/// How often somebody met known-bad drafts within three months.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ReviewerVigilance {
    /// The person's id.
    person_id: String,
    /// As others call them.
    name: String,
    /// Known-bad drafts that they decided on.
    met: u32,
    /// Of these, those that they caught.
    caught: u32,
}

#[derive(Deserialize)]
struct Kept {
    count: u32,
    waiting: u32,
}

#[derive(Deserialize)]
struct Picked {
    id: String,
    draft: String,
}

/// `POST /v1/seeds`.
pub fn create(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let making = Making::of(tenant, call, &person.id)?;
    if let Some((id, _)) = making.before::<String>(tenant)? {
        let made = seeds(tenant)?.into_iter().find(|seed| seed.id == id);
        return Answer::json(201, &made.ok_or(Code::NotFound)?);
    }
    let new: NewSeed = call.json()?;
    let mut faults = new.draft.faults();
    bound_text(&mut faults, "/flaw", &new.flaw, FLAW_BYTES_MAX);
    if new.flaw.trim().is_empty() {
        faults.push(Invalid::field("/flaw", "empty"));
    }
    if kept(tenant)?.count >= SEEDS_MAX {
        faults.push(Invalid::too_long("", SEEDS_MAX, "known-bad drafts"));
    }
    if let Some(fault) = faults.into_iter().next() {
        return Err(fault.into());
    }

    let id = random::id(call.now)?;
    let draft = new.draft.canonical();
    tenant.storage.run(
        "INSERT INTO seeds (id, draft, flaw, person_id, created_at) VALUES (?, ?, ?, ?, ?)",
        bind![&id, &draft, &new.flaw, &person.id, call.now],
    )?;
    let actor = person.actor();
    tenant.log(call.now, Event::SeedCreated, actor, Some(&id), [])?;
    let seed = SeedView {
        id,
        draft: new.draft,
        flaw: new.flaw,
        person_id: person.id.clone(),
        created_at: call.now,
        met: 0,
        caught: 0,
    };
    making.remember(tenant, &seed.id, call.now)?;
    Answer::json(201, &seed)
}

/// `GET /v1/seeds`.
pub fn list(tenant: &Tenant) -> Outcome<Answer> {
    let seeds = seeds(tenant)?;
    Answer::json(200, &SeedList { seeds })
}

/// Those that nobody removed, the oldest first.
fn seeds(tenant: &Tenant) -> Outcome<Vec<SeedView>> {
    tenant.storage.rows(
        "SELECT id, draft, flaw, person_id, created_at,
           (SELECT COUNT(caught) FROM seeds_ended WHERE seed_id = seeds.id) AS met,
           (SELECT COALESCE(SUM(caught), 0) FROM seeds_ended WHERE seed_id = seeds.id) AS caught
         FROM seeds WHERE removed_at IS NULL ORDER BY created_at, id",
        bind![],
    )
}

/// `DELETE /v1/seeds/{id}`: it comes no more; one that waits is decided as any other.
pub fn remove(tenant: &Tenant, call: &Call, person: &Person) -> Outcome<Answer> {
    let known = tenant.storage.first::<Picked>(
        "SELECT id, draft FROM seeds WHERE id = ? AND removed_at IS NULL",
        bind![&call.id],
    )?;
    let known = known.ok_or(Code::NotFound)?;
    tenant.storage.run(
        "UPDATE seeds SET removed_at = ? WHERE id = ?",
        bind![call.now, &known.id],
    )?;
    let actor = person.actor();
    let about = Some(known.id.as_str());
    tenant.log(call.now, Event::SeedRemoved, actor, about, [])?;
    Ok(Answer::empty())
}

/// Puts a known-bad draft beside one that is held, where the policy wants one now. It is routed in the
/// situation of that draft: one that would not be held tells nothing of reviewers.
pub fn plant(
    tenant: &Tenant,
    policy: &Compiled,
    beside: &Stored,
    situation: &Situation,
    now: Millis,
) -> Outcome<()> {
    let vigilance = policy.policy().vigilance;
    if vigilance.is_off() || beside.decision.route != Route::Review || beside.shadow {
        return Ok(());
    }
    let kept = kept(tenant)?;
    if kept.count == 0 || !vigilance.plants(kept.waiting, draw()?) {
        return Ok(());
    }
    let picked = tenant.storage.first::<Picked>(
        "SELECT id, draft FROM seeds WHERE removed_at IS NULL ORDER BY created_at, id
         LIMIT 1 OFFSET ?",
        bind![choose(kept.count, draw()?)],
    )?;
    let Some(seed) = picked else { return Ok(()) };
    let draft = disguised(parsed(&seed.draft)?, &beside.draft, now)?;
    let decision = policy.route(&draft, situation);
    if decision.route != Route::Review {
        return Ok(());
    }

    let rules = Rules {
        on_expiry: OnExpiry::Expire,
        ..policy.rules_for(&draft, None).clone()
    };
    let deadline = deadlines::of(policy, &rules, now);
    let due_at = Some(deadline.late_at);
    let entry = Entry {
        deadline: Some(deadline),
        weight: Some(Weight::of(&draft, &policy.policy().actions, now)),
        ..Entry::new(Route::Review, false, &draft.conversation.head)
    };
    let mut stored = Stored {
        id: random::id(now)?,
        entry,
        body: draft.canonical(),
        decision_text: decision.canonical(),
        decision,
        verdict: None,
        look: None,
        key_id: String::new(),
        created_at: now,
        due_at,
        policy_version: beside.policy_version,
        rules_version: beside.rules_version,
        shadow: false,
        salt: random::bytes()?,
        situation: situation.canonical(),
        duty: beside.duty.clone(),
        seed: Some(seed.id),
        draft,
    };
    stored::insert(tenant, &mut stored, now)?;
    drafts::log_routed(tenant, &stored, system(), now)
}

/// The draft as it would come from the agent that just posted, in a conversation of its own.
fn disguised(seed: Draft, beside: &Draft, now: Millis) -> Outcome<Draft> {
    let conversation = Conversation {
        id: random::id(now)?,
        head: random::id(now)?,
        sequence: None,
        ..seed.conversation
    };
    Ok(Draft {
        agent: beside.agent.clone(),
        agent_version: beside.agent_version.clone(),
        conversation,
        supersedes: None,
        group: None,
        callback_url: None,
        expires_at: None,
        correlation: None,
        examples_used: Vec::new(),
        ..seed
    })
}

/// What became of one that waited: whoever wrote it knew, and is not counted.
pub fn ended(tenant: &Tenant, stored: &Stored, seed: &str, now: Millis) -> Outcome<()> {
    let verdict = stored.verdict.as_ref();
    let found =
        verdict.and_then(|given| caught(given.verdict.kind(), given.edit_kind()).zip(Some(given)));
    let reviewer = found.map(|(_, given)| given.reviewer.as_str());
    tenant.storage.run(
        "INSERT INTO seeds_ended (draft_id, seed_id, person_id, caught, at)
         SELECT ?1, ?2, ?3, CASE WHEN person_id IS NOT ?3 THEN ?4 END, ?5 FROM seeds WHERE id = ?2
         ON CONFLICT DO NOTHING",
        bind![
            &stored.id,
            seed,
            reviewer,
            found.map(|(caught, _)| caught),
            now
        ],
    )?;
    tenant.storage.run(
        "DELETE FROM seeds_ended WHERE at < ?",
        bind![now.0.saturating_sub(ENDED_KEEP_MS)],
    )?;
    let outcome = match found {
        None => "unanswered",
        Some((true, _)) => "caught",
        Some((false, _)) => "missed",
    };
    let facts: [(&str, Fact); 4] = [
        ("seed", seed.into()),
        ("outcome", outcome.into()),
        ("reviewer", reviewer.unwrap_or_default().into()),
        ("body_commitment", stored.bound(&stored.body)),
    ];
    let about = Some(stored.id.as_str());
    tenant.log(now, Event::SeedEnded, system(), about, facts)
}

/// How watchful reviewers were; nobody who met none.
pub fn vigilance(tenant: &Tenant) -> Outcome<Vec<ReviewerVigilance>> {
    tenant.storage.rows(
        "SELECT person_id, name, COUNT(caught) AS met, SUM(caught) AS caught
         FROM seeds_ended JOIN people ON people.id = person_id
         WHERE caught IS NOT NULL GROUP BY person_id ORDER BY person_id",
        bind![],
    )
}

fn kept(tenant: &Tenant) -> Outcome<Kept> {
    let row = tenant.storage.first(
        "SELECT (SELECT COUNT(*) FROM seeds WHERE removed_at IS NULL) AS count,
           (SELECT COUNT(*) FROM drafts WHERE seed_id IS NOT NULL AND visible = 1) AS waiting",
        bind![],
    )?;
    row.ok_or(Problem::from(Code::Internal))
}

/// A random number below 1.
fn draw() -> Outcome<Ratio> {
    let random = u64::from(u32::from_be_bytes(random::bytes()?));
    // The upper 32 bits of the product are even over the range, to a quarter of a thousandth.
    let ppm = random.saturating_mul(1_000_000) >> 32;
    Ok(Ratio::from_ppm(u32::try_from(ppm).unwrap_or(0)))
}
