//! The first of two people who must agree, and what their word took the place of. It must not say when
//! two agree: `decide` does.

use super::Lease;
use crate::time::Millis;
use crate::verdict::VerdictKind;
use serde::{Deserialize, Serialize};

/// First people's verdicts that are kept beneath the one that stands, each on other content, so that it
/// can be taken back: people who disagree as often talk to each other.
pub const FIRSTS_MAX: u32 = 8;

/// What the first of two people said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct First {
    /// The client-made id of the verdict.
    pub verdict_id: String,
    /// Which one.
    pub kind: VerdictKind,
    /// Who gave it.
    pub reviewer: String,
    /// Digest of exactly what would leave: other content starts anew.
    pub content: String,
    /// What it took the place of, for an exact undo.
    #[serde(default, skip_serializing_if = "Before::is_nothing")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub before: Before,
}

/// What a first person's verdict ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// Another first person's verdict, on other content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Box<First>>,
    /// Their claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// The person it was handed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// Until when it was hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deferred_until: Option<Millis>,
}

impl First {
    /// The same without what it took the place of.
    pub fn alone(&self) -> Self {
        Self {
            before: Before::default(),
            ..self.clone()
        }
    }

    /// How many stand, this one and those beneath it.
    pub(crate) fn depth(&self) -> u32 {
        let beneath = self.before.first.as_ref();
        beneath.map_or(1, |first| first.depth().saturating_add(1))
    }

    /// The same, with nobody to give the draft back to and nothing to hide it for.
    pub(super) fn of_nobody(&self) -> Self {
        let first = self.before.first.as_ref();
        Self {
            before: Before {
                first: first.map(|first| Box::new(first.of_nobody())),
                lease: self.before.lease.clone(),
                ..Before::default()
            },
            ..self.clone()
        }
    }
}

impl Before {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}
