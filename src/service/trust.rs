//! What trust has found, shown: by category and by who drafts in it. It must not compute a share or
//! an interval: `policy::trust` does.

use crate::accounts::{self, Kept, day_number};
use crate::call::{Answer, Call};
use crate::levels::{self, LevelChange};
use crate::outbox;
use crate::problem::{Outcome, Problem};
use crate::proposals::{self, ProposalView};
use crate::tenant::Tenant;
use countersign_policy::compiled::Compiled;
use countersign_policy::day::{date, monday_of, monday_of_week, week};
use countersign_policy::document::Rules;
use countersign_policy::level::Level;
use countersign_policy::order;
use countersign_policy::problem::Code;
use countersign_policy::ratio::Ratio;
use countersign_policy::threshold::{self, InForce};
use countersign_policy::time::{DAY_MS, Millis};
use countersign_policy::trust::CountsRow;
use countersign_policy::trust::account::Calibration;
use countersign_policy::trust::demote::{LABELS_MIN, POINTS_MAX};
use countersign_policy::trust::evidence::NotEvidence;
use countersign_policy::trust::propose::{NotProposed, next_level, not_proposed};
use countersign_policy::trust::ready::{Readiness, assess};
use countersign_policy::trust::report::{
    self, Escalation, Line, Moved, OnTheWay, Report, Rule, Week, escalation, line,
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Weeks looked back on where nothing else is asked: a quarter.
const WEEKS: u32 = 13;
/// Weeks that the object keeps.
const WEEKS_MAX: u32 = 53;
/// Weeks that a category's own figures are about, this one included.
const LATELY_WEEKS: u32 = 4;

/// `GET /v1/trust`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TrustView {
    /// Today in the tenant's zone, such as `2026-11-22`.
    today: String,
    /// Its ISO 8601 week, such as `2026-W47`.
    week: String,
    /// The last four weeks of all categories together.
    all: Line,
    /// All categories together, week by week, oldest first.
    weeks: Vec<WeekView>,
    /// Every category that the policy knows or that had drafts.
    categories: Vec<CategoryTrust>,
    /// Steps up that wait for a lead.
    proposals: Vec<ProposalView>,
    /// Levels that were raised, lowered or lost, newest first.
    changes: Vec<LevelChange>,
}

/// One week from Monday.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WeekView {
    /// ISO 8601, such as `2026-W47`.
    week: String,
    /// Its first day.
    monday: String,
    /// What was counted, with shares and intervals.
    #[serde(flatten)]
    line: Line,
}

/// One category.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CategoryTrust {
    /// The question type; empty for drafts without one that the policy knows.
    category: String,
    /// How far it may ever go.
    ceiling: Level,
    /// Share of released drafts that may be wrong.
    error_budget: Ratio,
    /// The last four weeks.
    lately: Line,
    /// Whether people are asked too often or too rarely, in these four weeks.
    escalation: Escalation,
    /// Week by week, oldest first.
    weeks: Vec<WeekView>,
    /// Who drafts in it, with the versions that posted last first.
    agents: Vec<AgentTrust>,
}

/// One agent's version in one category.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct AgentTrust {
    agent: String,
    /// Its model and prompt; empty when it names none.
    agent_version: String,
    /// Whether it is the version that the agent posted with last.
    current: bool,
    /// The level that counts: its own under the category's ceiling.
    level: Level,
    /// Since when it has its own level.
    since: Millis,
    /// The level that it could have next; absent at the top.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_level: Option<Level>,
    /// Why no step up is proposed; absent while one is, or will be with the next day's look.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_proposed: Option<NotProposed>,
    /// Until then no step up is proposed.
    rest_until: Millis,
    /// How far it is from its next level, and what is missing.
    readiness: Readiness,
    /// Labels that were no evidence, by the reason why not.
    left_out: BTreeMap<NotEvidence, u32>,
    /// What its releases were found to be.
    watch: WatchView,
    /// Labels of any kind so far.
    labels: u32,
    /// Whether it is looked at more often because it is new.
    is_new: bool,
    /// The version that a lead declared it equivalent to.
    #[serde(skip_serializing_if = "Option::is_none")]
    equivalent_to: Option<String>,
    /// The confidence threshold learnt from its labels; absent before the first day's work.
    #[serde(skip_serializing_if = "Option::is_none")]
    calibration: Option<Calibration>,
    /// The threshold that its drafts are held to: the policy's number, or what was learnt.
    threshold: InForce,
    /// That threshold in words: `confidence carries no information` where nothing is released by it.
    threshold_note: &'static str,
}

/// The test that takes a level away.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WatchView {
    /// Thousandths of a point so far.
    points: u64,
    /// Thousandths of a point at which the level is lost.
    points_max: u64,
    /// Looks of the last 13 weeks.
    labels: u32,
    /// Below this number the level is lost, once it is 13 weeks old.
    labels_min: u32,
    /// Lower bound of the rate of acceptable releases, 95 %, of those looks; 0 to 1.
    lower_bound: f64,
}

/// `GET /v1/trust/report`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ReportView {
    /// ISO 8601, such as `2026-W47`.
    week: String,
    /// Its Monday.
    first_day: String,
    /// Its Sunday.
    last_day: String,
    #[serde(flatten)]
    report: Report,
}

/// `GET /v1/trust`.
pub fn get(tenant: &Tenant, call: &Call) -> Outcome<Answer> {
    let weeks = call.number("weeks", WEEKS, WEEKS_MAX)?.max(1);
    let policy = tenant.policy(tenant.record()?.policy_version)?;
    let today = accounts::today(&policy, call.now);
    let mondays = mondays(today, weeks.max(LATELY_WEEKS).saturating_add(1));
    let since = mondays.first().copied().unwrap_or(today);
    let rows = accounts::rows_since(tenant, since)?;
    let kept = accounts::select(
        tenant,
        "1 ORDER BY category, used_at DESC, number DESC",
        &[],
    )?;

    let known = policy.policy().categories.keys().map(String::as_str);
    let counted = rows.iter().map(|row| row.key.category.as_str());
    let names: BTreeSet<&str> = order::gathered(known.chain(counted));
    let shown = mondays
        .iter()
        .rev()
        .take(usize::try_from(weeks).unwrap_or(1));
    let shown: Vec<i32> = shown.rev().copied().collect();
    let categories = names.into_iter().map(|name| {
        let of_category = kept.iter().filter(|kept| kept.category == name);
        category(&policy, name, &rows, &shown, of_category, (today, call.now))
    });
    let all = |_: &CountsRow| true;
    let view = TrustView {
        today: date(today),
        week: week(today),
        all: lately(&rows, today, all),
        weeks: by_week(&rows, &shown, all),
        categories: categories.collect(),
        proposals: proposals::open(tenant, &call.sight, call.now)?,
        changes: levels::changes_since(tenant, call.now.days_before(weeks.saturating_mul(7)))?,
    };
    Answer::json(200, &view)
}

/// `GET /v1/trust/report`: the report of a week, this one where none is asked for.
pub fn report(tenant: &Tenant, call: &Call) -> Outcome<Answer> {
    let policy = tenant.policy(tenant.record()?.policy_version)?;
    let today = accounts::today(&policy, call.now);
    let monday = match call.query.get("week") {
        None => monday_of(today),
        Some(text) => monday_of_week(text).ok_or(Problem::new(
            Code::InvalidParameter,
            "`week` is not an ISO 8601 week such as 2026-W47",
        ))?,
    };
    let rows = accounts::rows_since(tenant, monday.saturating_sub(7))?;
    let kept = accounts::select(tenant, "1 ORDER BY category, agent, number", &[])?;
    // No zone is a day from UTC.
    let of_utc = |day: i32| Millis(u64::from(day_number(day)).saturating_mul(DAY_MS));
    let (since, until) = (monday.saturating_sub(1), monday.saturating_add(8));
    let changes = levels::changes_between(tenant, of_utc(since), of_utc(until))?;

    let local_day = |at| accounts::today(&policy, at);
    let moved = changes
        .into_iter()
        .filter(|change| monday_of(local_day(change.at)) == monday)
        .map(|change| Moved {
            category: change.category,
            from: change.from,
            to: change.to,
            at: change.at,
            cause: change.cause,
        });
    let on_the_way = kept.iter().filter(|kept| {
        let ceiling = policy.rules(Some(&kept.category)).ceiling;
        next_level(kept.account.standing.level).is_some_and(|next| next <= ceiling)
    });
    let rules = kept.iter().map(|kept| {
        let rule = rule_of(&policy, kept);
        (kept.category.clone(), rule)
    });
    let report = report::report(&Week {
        monday,
        rows,
        moved: moved.collect(),
        on_the_way: on_the_way.map(on_the_way_of).collect(),
        rules: order::gathered(rules),
    });
    Answer::json(
        200,
        &ReportView {
            week: week(monday),
            first_day: date(monday),
            last_day: date(monday.saturating_add(6)),
            report,
        },
    )
}

fn on_the_way_of(kept: &Kept) -> OnTheWay {
    OnTheWay {
        category: kept.category.clone(),
        agent: kept.agent.clone(),
        agent_version: kept.agent_version.clone(),
        readiness: assess(&kept.account.record),
    }
}

/// The threshold that an account's drafts are held to.
fn rule_of(policy: &Compiled, kept: &Kept) -> Rule {
    let rules = policy.rules(Some(&kept.category));
    let in_force = threshold::in_force(policy.policy(), rules, kept.account.learnt());
    Rule {
        budget: rules.error_budget,
        threshold: in_force.from,
        source: in_force.source,
    }
}

/// Puts the weeks that changed on their way to D1.
pub fn publish(tenant: &Tenant) -> Outcome<()> {
    for row in accounts::take_unsent(tenant)? {
        outbox::put(tenant, "trust", &row)?;
    }
    Ok(())
}

fn category<'a>(
    policy: &Compiled,
    name: &str,
    rows: &[CountsRow],
    mondays: &[i32],
    kept: impl Iterator<Item = &'a Kept>,
    (today, now): (i32, Millis),
) -> CategoryTrust {
    let rules = policy.rules(Some(name).filter(|name| !name.is_empty()));
    let here = |row: &CountsRow| row.key.category == name;
    let lately = lately(rows, today, here);
    let rule = rule(policy, rules);
    let mut seen = BTreeSet::new();
    let agents = kept.map(|kept| {
        let current = seen.insert(kept.agent.clone());
        agent(policy, kept, rules, current, (today, now))
    });
    CategoryTrust {
        category: name.to_owned(),
        ceiling: rules.ceiling,
        error_budget: rules.error_budget,
        escalation: escalation(&lately, Some(&rule)),
        lately,
        weeks: by_week(rows, mondays, here),
        agents: agents.collect(),
    }
}

fn agent(
    policy: &Compiled,
    kept: &Kept,
    rules: &Rules,
    current: bool,
    (today, now): (i32, Millis),
) -> AgentTrust {
    let account = &kept.account;
    let watch = &account.watch;
    let in_force = threshold::in_force(policy.policy(), rules, account.learnt());
    AgentTrust {
        agent: kept.agent.clone(),
        agent_version: kept.agent_version.clone(),
        current,
        level: account.standing.effective(rules.ceiling),
        since: account.standing.since,
        next_level: next_level(account.standing.level),
        not_proposed: not_proposed(&account.standing, &account.record, rules.ceiling, now),
        rest_until: account.standing.rest_until,
        readiness: assess(&account.record),
        left_out: account.left_out.clone(),
        watch: WatchView {
            points: watch.highest(),
            points_max: POINTS_MAX,
            labels: watch.labels(today),
            labels_min: LABELS_MIN,
            lower_bound: watch.lower_bound(today),
        },
        labels: account.labels,
        is_new: account.is_new(),
        equivalent_to: account.equivalent_to().map(str::to_owned),
        calibration: account.calibration,
        threshold_note: in_force.note(rules.confidence_threshold.number().is_none()),
        threshold: in_force,
    }
}

fn rule(policy: &Compiled, rules: &Rules) -> Rule {
    Rule {
        budget: rules.error_budget,
        threshold: Some(threshold::fixed(policy.policy(), rules)),
        source: countersign_policy::calibrate::Source::Fixed,
    }
}

/// Mondays of the last `weeks` weeks, oldest first, this one last.
fn mondays(today: i32, weeks: u32) -> Vec<i32> {
    let this = monday_of(today);
    let ago = |week: u32| i32::try_from(week).unwrap_or(0).saturating_mul(7);
    (0..weeks)
        .rev()
        .map(|week| this.saturating_sub(ago(week)))
        .collect()
}

/// The last weeks as one line.
fn lately(rows: &[CountsRow], today: i32, here: impl Fn(&CountsRow) -> bool) -> Line {
    let since = mondays(today, LATELY_WEEKS)
        .first()
        .copied()
        .unwrap_or(today);
    let lately = rows.iter().filter(|row| row.key.monday >= since);
    line(&lately.filter(|row| here(row)).collect::<Vec<_>>(), &[])
}

fn by_week(
    rows: &[CountsRow],
    mondays: &[i32],
    here: impl Fn(&CountsRow) -> bool,
) -> Vec<WeekView> {
    let of = |monday: i32| -> Vec<&CountsRow> {
        let week = rows.iter().filter(|row| row.key.monday == monday);
        week.filter(|row| here(row)).collect()
    };
    mondays
        .iter()
        .map(|monday| WeekView {
            week: week(*monday),
            monday: date(*monday),
            line: line(&of(*monday), &of(monday.saturating_sub(7))),
        })
        .collect()
}
