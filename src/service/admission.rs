//! Who may ask what: roles and keys against the table of routes. It must not look anything up.

use crate::caller::Caller;
use crate::people::PersonRole;
use crate::problem::{Outcome, Problem};
use crate::routes::{Access, Operation};
use countersign_policy::grant::{Grant, Scope};
use countersign_policy::problem::Code;

/// The one place where roles are checked, but for what is also put on record when it is refused.
pub fn admit(caller: &Caller, access: Access) -> Outcome<()> {
    let admitted = match (caller, access) {
        (Caller::Invited(_) | Caller::Known(..), Access::Open) => true,
        (
            Caller::Key(_),
            Access::Agent
            | Access::AgentOrPerson
            | Access::LeadOrPolicyKey
            | Access::PersonOrPolicyKey
            | Access::OverseerOrPolicyKey,
        ) => true,
        (Caller::Person(_), Access::Person | Access::AgentOrPerson | Access::PersonOrPolicyKey) => {
            true
        }
        (Caller::Person(person), Access::Reviewer) => person.role != PersonRole::Auditor,
        (Caller::Person(_), Access::Overseer | Access::OverseerOrPolicyKey) => true,
        (Caller::Person(person), Access::Lead | Access::LeadOrPolicyKey) => {
            person.role == PersonRole::Lead
        }
        _ => false,
    };
    if admitted {
        Ok(())
    } else {
        Err(Problem::from(Code::Forbidden))
    }
}

/// Whether a policy that measures how reviewers look keeps something from whom it measures.
pub fn is_measured(caller: &Caller, access: Access) -> bool {
    let overseen = matches!(access, Access::Overseer | Access::OverseerOrPolicyKey);
    overseen && matches!(caller, Caller::Person(person) if person.role == PersonRole::Reviewer)
}

/// The one place where what a key is limited to is checked; its pins are a draft's to be compared with.
pub fn admit_key(grant: &Grant, operation: Operation) -> Outcome<()> {
    let scope = match operation {
        Operation::SimilarCorrections => Scope::Corrections,
        _ => Scope::Drafts,
    };
    match grant.allows(scope) {
        true => Ok(()),
        false => Err(Problem::from(Code::OutsideKey)),
    }
}
