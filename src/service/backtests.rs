//! Replays the drafts that are on record under another policy or other levels. It must not judge:
//! `policy::backtest` counts, and nothing is changed.

use crate::call::{Answer, Call};
use crate::policies;
use crate::problem::{Outcome, Problem};
use crate::records;
use crate::tenant::Tenant;
use countersign_policy::backtest::{Backtest, Recorded, Replay};
use countersign_policy::compiled::Compiled;
use countersign_policy::document::Policy;
use countersign_policy::invalid::Invalid;
use countersign_policy::level::Level;
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The longest look back: a quarter.
pub const DAYS_MAX: u32 = 90;
/// Drafts of one backtest, newest first: at 1 ms each for reading and replaying, a third of the
/// 30 s that an event of the object may compute.
const DRAFTS_MAX: u32 = 10_000;
/// Rows of one page: at most 25 MiB of bodies, a fifth of an object's memory.
const PAGE_ROWS: u32 = 100;

/// The body of `POST /v1/policy:backtest`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BacktestRequest {
    /// The policy to try; absent for the active one.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Option<Policy>"))]
    document: Option<Value>,
    /// Levels to try by category; every other draft counts at the level it had.
    #[serde(default)]
    levels: BTreeMap<String, Level>,
    /// How many days to look back, 1 to 90.
    #[cfg_attr(test, schemars(range(min = 1, max = 90)))]
    days: u32,
}

/// What a backtest found.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BacktestView {
    /// What would have changed.
    #[serde(flatten)]
    found: Backtest,
    /// The first moment that was looked at.
    since: Millis,
    /// Whether there were more drafts than one backtest replays; the newest were.
    truncated: bool,
}

/// `POST /v1/policy:backtest`.
pub async fn run(tenant: &Tenant, call: &Call) -> Outcome<Answer> {
    let asked: BacktestRequest = call.json()?;
    if asked.days == 0 || asked.days > DAYS_MAX {
        let detail = format!("not between 1 and {DAYS_MAX}");
        return Err(Invalid::field("/days", detail).into());
    }
    let record = tenant.record()?;
    let policy = match &asked.document {
        None => policies::load(tenant, record.policy_version)?,
        Some(document) => Policy::parse(document.to_string().as_bytes())
            .map_err(|faults| Problem::policy(&faults))?,
    };
    let since = call.now.days_before(asked.days);

    let tried = Tried {
        levels: asked.levels,
        account: None,
    };
    let compiled = Compiled::new(policy);
    let found = replay(tenant, &compiled, &[tried], (since, call.now)).await?;

    Answer::json(200, &found.first())
}

/// Levels to try, and whose drafts: of one category, agent and version, or everybody's.
pub struct Tried {
    /// By category; every other draft counts at the level it had.
    pub levels: BTreeMap<String, Level>,
    /// The one account whose drafts are replayed.
    pub account: Option<[String; 3]>,
}

impl Tried {
    fn wants(&self, recorded: &Recorded) -> bool {
        let draft = &recorded.draft;
        self.account
            .as_ref()
            .is_none_or(|[category, agent, version]| {
                draft.category.as_ref() == Some(category)
                    && draft.agent == *agent
                    && draft.agent_version.as_deref().unwrap_or("") == version
            })
    }
}

/// What a policy, or other levels, would have done with the drafts on record, which are read once for all that is
/// tried: reading takes most of the time.
pub async fn replay(
    tenant: &Tenant,
    policy: &Compiled,
    tried: &[Tried],
    (since, now): (Millis, Millis),
) -> Outcome<Vec<BacktestView>> {
    let begun = tried.iter().map(|tried| Replay::new(policy, &tried.levels));
    let mut replays: Vec<Replay<'_>> = begun.collect();
    let mut told = BTreeSet::new();
    let mut from = Some((now.plus(1), String::new()));
    let (mut seen, mut truncated) = (0_u32, false);
    while let Some(below) = from {
        let page = records::page(tenant, since, &below, PAGE_ROWS).await?;
        if seen >= DRAFTS_MAX {
            truncated = !page.rows.is_empty();
            break;
        }
        seen = seen.saturating_add(PAGE_ROWS);
        from = page.next;
        for row in page.rows {
            if told.insert(row.policy_version)
                && let Ok(recorded) = policies::load(tenant, row.policy_version)
            {
                for replay in &mut replays {
                    replay.recorded_under(row.policy_version, &recorded.signals);
                }
            }
            if let Some(recorded) = records::recorded(row) {
                let wanting = replays.iter_mut().zip(tried);
                for (replay, _) in wanting.filter(|(_, tried)| tried.wants(&recorded)) {
                    replay.add(&recorded);
                }
            }
        }
    }

    let view = |replay: Replay<'_>| BacktestView {
        found: replay.finish(),
        since,
        truncated,
    };
    Ok(replays.into_iter().map(view).collect())
}
