//! A stop: everything of a tenant, an agent, a category or an action is held at once. It must not
//! know when it was given or by whom.

use crate::draft::Draft;
use serde::{Deserialize, Serialize};

/// What a stop covers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "StopScope"))]
#[serde(
    tag = "scope",
    content = "name",
    rename_all = "snake_case",
    deny_unknown_fields
)]
pub enum Scope {
    /// Every draft of the tenant.
    Tenant,
    /// Drafts of one agent.
    Agent(String),
    /// Drafts of one category.
    Category(String),
    /// Drafts of one action.
    Action(String),
}

impl Scope {
    /// Whether it covers the draft.
    pub fn covers(&self, draft: &Draft) -> bool {
        match self {
            Self::Tenant => true,
            Self::Agent(name) => *name == draft.agent,
            Self::Category(name) => draft.category.as_ref() == Some(name),
            Self::Action(name) => draft
                .draft
                .action
                .as_ref()
                .is_some_and(|action| action.name == *name),
        }
    }
}
