//! The policies that a new tenant chooses from, one for each kind of team. They must not know a
//! tenant: the lead becomes the owner of everything that names no other.

use crate::document::Policy;
use serde::{Deserialize, Serialize};

/// The kinds of team that a starting policy is written for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Team {
    /// No rules but one: everything is reviewed.
    #[default]
    Blank,
    /// Customer support: replies, refunds, records.
    Support,
    /// Customer marketing: outreach, replies in public, campaigns.
    Marketing,
    /// Health, finance, law: qualified people decide, money never moves by itself.
    Regulated,
}

/// The policy that a team starts with; everything is reviewed at first in each of them.
pub fn policy(team: Team, lead: &str) -> Policy {
    let text = match team {
        Team::Blank => return Policy::starting(lead),
        Team::Support => include_str!("starting/support.json"),
        Team::Marketing => include_str!("starting/marketing.json"),
        Team::Regulated => include_str!("starting/regulated.json"),
    };
    // A test reads every one of them; should one ever not be read, everything is reviewed.
    let mut policy = Policy::parse(text.as_bytes()).unwrap_or_else(|_| Policy::starting(lead));
    policy.defaults.owner = lead.to_owned();
    policy
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Level;
    use crate::lint::{self, Severity};

    #[test]
    fn each_is_sound_and_starts_with_everything_reviewed() {
        for team in [Team::Support, Team::Marketing, Team::Regulated] {
            let policy = policy(team, "mia@example.com");
            assert!(!policy.guardrails.is_empty(), "{team:?} was not read");
            assert_eq!(policy.faults(), Vec::new(), "{team:?}");
            assert_eq!(policy.defaults.owner, "mia@example.com");
            let worst = lint::worst(&lint::lint(&policy));
            assert!(worst <= Some(Severity::Note), "{team:?}");
            for category in policy.categories.keys() {
                let rules = policy.rules(Some(category));
                assert_eq!(rules.start_level, Level::ReviewEverything, "{category}");
            }
        }
    }
}
