//! A past for an account, and a day's work of trust at once: tests and demonstrations need not wait for
//! weeks. It must not be built into what is deployed.

use crate::accounts;
use crate::bind;
use crate::call::{Answer, Call};
use crate::problem::Outcome;
use crate::rounds;
use crate::tenant::Tenant;
use countersign_policy::ratio::Ratio;
use countersign_policy::time::Millis;
use countersign_policy::trust::Label;
use countersign_policy::trust::account::Seen;
use countersign_policy::trust::demote::Look;
use countersign_policy::trust::evidence::Spoke;
use serde::Deserialize;

/// What an account is to have seen.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Past {
    category: String,
    agent: String,
    #[serde(default)]
    agent_version: String,
    /// Evidence, oldest first: days ago, and a letter for each label (c, t, s, h).
    #[serde(default)]
    labels: Vec<(u32, String)>,
    /// The same of looks at releases.
    #[serde(default)]
    looks: Vec<(u32, String)>,
    /// Labels by confidence: confidence, right, wrong.
    #[serde(default)]
    scores: Vec<(Ratio, u32, u32)>,
    /// Messages by days ago: how many, and how many of them novel.
    #[serde(default)]
    messages: Vec<(u32, u32, u32)>,
    /// How many days ago it took its level, with no rest left of it.
    #[serde(default)]
    since_days: Option<u32>,
}

/// `POST /v1/development/past`.
pub fn give(tenant: &Tenant, call: &Call) -> Outcome<Answer> {
    let past: Past = call.json()?;
    let policy = tenant.policy(tenant.record()?.policy_version)?;
    let today = accounts::today(&policy, call.now);
    let day = |ago: u32| today.saturating_sub(i32::try_from(ago).unwrap_or(0));
    let (category, agent, version) = (&past.category, &past.agent, &past.agent_version);
    let mut kept = match accounts::find(tenant, category, agent, version)? {
        Some(kept) => kept,
        None => accounts::begin(tenant, &policy, category, agent, version, call.now)?,
    };
    let account = &mut kept.account;

    if let Some(ago) = past.since_days {
        let then = call.now.days_before(ago);
        (account.standing.since, account.standing.rest_until) = (then, then);
        account.watch.since_day = day(ago);
    }
    for (ago, letters) in &past.labels {
        for letter in letters.chars() {
            account.labels = account.labels.saturating_add(1);
            account.record.add(Label::from_letter(letter), day(*ago));
        }
    }
    for (ago, letters) in &past.looks {
        for letter in letters.chars() {
            let look = Look {
                label: Label::from_letter(letter),
                sampling: Ratio::ONE,
                usual: Ratio::ONE,
                high_stakes: false,
                day: day(*ago),
            };
            // What a look costs is for the day on which it really is one.
            let _ = account.look(
                &look,
                Seen {
                    own: true,
                    spoke: Spoke::Nothing,
                    sampled: true,
                    read: true,
                    replaces: None,
                    representative: false,
                    confidence: None,
                },
            );
        }
    }
    for (confidence, right, wrong) in &past.scores {
        (0..*right).for_each(|_| account.scores.add(Some(*confidence), true));
        (0..*wrong).for_each(|_| account.scores.add(Some(*confidence), false));
    }
    for (ago, messages, novel) in &past.messages {
        (0..*messages).for_each(|message| account.message(message < *novel, day(*ago)));
    }
    accounts::save(tenant, &kept)?;
    Ok(Answer::empty())
}

/// `POST /v1/development/round`.
pub async fn round(tenant: &Tenant, now: Millis) -> Outcome<Answer> {
    tenant
        .storage
        .run("UPDATE tenant SET trust_at = 0", bind![])?;
    rounds::go(tenant, now).await?;
    Ok(Answer::empty())
}
