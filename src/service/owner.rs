//! Who answers for a draft at each moment: never nobody. It must not decide who is on duty:
//! `policy::rota` does.

use crate::stored::Stored;
use countersign_policy::queue::Status;
use countersign_policy::rota::Part;
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};

/// The one accountable party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Owner {
    /// What they are.
    pub kind: OwnerKind,
    /// A name of the policy, a person's id, or the agent's name.
    pub id: String,
}

/// What an owner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OwnerKind {
    /// Whom the policy names for the category.
    Category,
    /// The reviewer who claims it or has decided.
    Reviewer,
    /// Who is on call for its category.
    OnCall,
    /// The backup of who is on call.
    Backup,
    /// The lead.
    Lead,
    /// The agent, which sends it.
    Agent,
}

impl Stored {
    /// The one who answers for the draft now: never nobody.
    pub fn owner(&self, now: Millis) -> Owner {
        let status = self.entry.status;
        let decided_by = self.verdict.as_ref().map(|verdict| &verdict.reviewer);
        match (status, self.entry.leased_by(now), decided_by) {
            (Status::Pending, _, Some(reviewer)) => Owner::reviewer(reviewer),
            (status, Some(reviewer), _) if status.is_open() => Owner::reviewer(reviewer),
            (status, None, _) if status.is_open() && self.entry.assignee.is_some() => {
                Owner::reviewer(self.entry.assignee.as_deref().unwrap_or_default())
            }
            (status, _, _) if status.is_open() => self.on_duty(),
            (Status::Released, _, _) => Owner::category(&self.decision.owner),
            (_, _, Some(reviewer)) => Owner::reviewer(reviewer),
            _ => Owner {
                kind: OwnerKind::Agent,
                id: self.draft.agent.clone(),
            },
        }
    }

    /// Who answers for it while nobody has it.
    fn on_duty(&self) -> Owner {
        match self.duty.answers(self.entry.stage()) {
            None => Owner::category(&self.decision.owner),
            Some((part, id)) => Owner {
                kind: match part {
                    Part::OnCall => OwnerKind::OnCall,
                    Part::Backup => OwnerKind::Backup,
                    Part::Lead => OwnerKind::Lead,
                },
                id: id.to_owned(),
            },
        }
    }
}

impl Owner {
    pub fn reviewer(id: &str) -> Self {
        Self {
            kind: OwnerKind::Reviewer,
            id: id.to_owned(),
        }
    }

    pub fn category(id: &str) -> Self {
        Self {
            kind: OwnerKind::Category,
            id: id.to_owned(),
        }
    }
}
