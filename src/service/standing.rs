//! What a draft's account says when it is routed. It must not change an account beyond when it was last
//! used: `accounts` does.

use crate::problem::Outcome;
use crate::storage::parsed;
use crate::tenant::Tenant;
use crate::{accounts, bind};
use countersign_policy::compiled::Compiled;
use countersign_policy::draft::Draft;
use countersign_policy::level::Level;
use countersign_policy::threshold::Learnt;
use countersign_policy::time::Millis;
use countersign_policy::trust::account::Account;
use serde::Deserialize;

/// An account's last use is written at most once a minute.
const USED_MS: u64 = 60_000;

/// As much of an account as a decision depends on.
#[derive(Clone)]
pub struct Standing {
    /// Its level, before the ceiling.
    pub level: Level,
    /// The confidence threshold that its labels teach.
    pub learnt: Option<Learnt>,
    /// Whether it is looked at more often because it is new.
    pub is_new: bool,
}

/// What a run of drafts asks of an account.
#[derive(Clone)]
pub struct Known {
    /// None where the category has no room for one more agent.
    number: Option<u64>,
    used_at: Millis,
    standing: Standing,
}

#[derive(Deserialize)]
struct Head {
    number: u64,
    used_at: u64,
    account: String,
}

/// What a draft's account says of it now; with the first draft the account begins, where there is room.
pub fn of(
    tenant: &Tenant,
    policy: &Compiled,
    draft: &Draft,
    category: &str,
    now: Millis,
) -> Outcome<Standing> {
    let key = [category, &draft.agent, accounts::version(draft)].map(str::to_owned);
    let known = tenant.recall.accounts.or(key.clone(), || {
        let [category, agent, version] = &key;
        let head = tenant.storage.first::<Head>(
            "SELECT number, used_at, account FROM accounts
             WHERE category = ? AND agent = ? AND agent_version = ?",
            bind![category, agent, version],
        )?;
        Ok(match head {
            Some(head) => Known {
                number: Some(head.number),
                used_at: Millis(head.used_at),
                standing: Standing::of(&parsed(&head.account)?),
            },
            None if !accounts::has_room(tenant, category, agent)? => Known {
                number: None,
                used_at: now,
                standing: Standing::of(&Account::default()),
            },
            None => {
                let begun = accounts::begin(tenant, policy, category, agent, version, now)?;
                Known {
                    number: Some(begun.number),
                    used_at: now,
                    standing: Standing::of(&begun.account),
                }
            }
        })
    })?;
    if let Some(number) = known.number.filter(|_| now.since(known.used_at) > USED_MS) {
        tenant.storage.run(
            "UPDATE accounts SET used_at = ? WHERE number = ?",
            bind![now, number],
        )?;
        let change = |known: &mut Known| known.used_at = now;
        tenant.recall.accounts.change(&key, change);
    }
    Ok(known.standing)
}

impl Standing {
    fn of(account: &Account) -> Self {
        Self {
            level: account.standing.level,
            learnt: account.learnt(),
            is_new: account.is_new(),
        }
    }
}
