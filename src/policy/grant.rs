//! What a key may be used for, beyond whose tenant's it is. It must not know who holds it.

use crate::draft::{Draft, Kind, NAME_BYTES_MAX};
use crate::invalid::Invalid;
use serde::{Deserialize, Serialize};

/// Categories that one key can be pinned to.
pub const CATEGORIES_MAX: u32 = 100;
/// The longest that two secrets of one key work at once: a week, in seconds.
pub const OVERLAP_S_MAX: u32 = 7 * 24 * 3_600;

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "KeyScope"))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Posting drafts, reading and reporting one's own, moving a conversation's head.
    Drafts,
    /// Corrections of similar messages.
    Corrections,
}

/// A key's limits; empty is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// What it may ask for; empty is everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Scope>,
    /// The only agent that posts with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The only categories that it posts in, and is given examples of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// The only kinds of drafts that it posts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<Kind>,
}

impl Grant {
    /// What is wrong with it as someone wrote it.
    pub fn fault(&self) -> Option<Invalid> {
        let bytes_max = usize::try_from(NAME_BYTES_MAX).unwrap_or(usize::MAX);
        let bad = |name: &String| name.is_empty() || name.len() > bytes_max;
        if self.agent.as_ref().is_some_and(bad) {
            return Some(Invalid::field("/agent", "empty or too long"));
        }
        if u32::try_from(self.categories.len()).unwrap_or(u32::MAX) > CATEGORIES_MAX {
            return Some(Invalid::too_long(
                "/categories",
                CATEGORIES_MAX,
                "categories",
            ));
        }
        let index = self.categories.iter().position(bad)?;
        Some(Invalid::field(
            format!("/categories/{index}"),
            "empty or too long",
        ))
    }

    /// Whether it may ask for this.
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.is_empty() || self.scopes.contains(&scope)
    }

    /// Whether what belongs to a category is within: without one it lies outside of every pinned one.
    pub fn covers(&self, category: Option<&str>) -> bool {
        let within = |category| self.categories.iter().any(|pinned| pinned == category);
        self.categories.is_empty() || category.is_some_and(within)
    }

    /// The field of a draft that lies outside, if any.
    pub fn outside(&self, draft: &Draft) -> Option<&'static str> {
        if self
            .agent
            .as_ref()
            .is_some_and(|agent| *agent != draft.agent)
        {
            Some("/agent")
        } else if !self.covers(draft.category.as_deref()) {
            Some("/category")
        } else if !self.kinds.is_empty() && !self.kinds.contains(&draft.kind) {
            Some("/kind")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(agent: &str, category: Option<&str>) -> Draft {
        let body = serde_json::json!({
            "agent": agent, "kind": "message", "channel": "email", "category": category,
            "message": "hi", "draft": { "text": "hello" },
            "conversation": { "id": "c", "head": "m", "messages": [] }
        });
        Draft::parse(body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_key_without_limits_may_everything() {
        let grant = Grant::default();
        assert!(grant.allows(Scope::Drafts) && grant.allows(Scope::Corrections));
        assert_eq!(grant.outside(&draft("bot", None)), None);
        assert_eq!(grant.fault(), None);
    }

    #[test]
    fn pins_name_the_field_that_lies_outside() {
        let grant = Grant {
            scopes: vec![Scope::Drafts],
            agent: Some("bot".into()),
            categories: vec!["billing".into()],
            kinds: vec![],
        };
        assert!(!grant.allows(Scope::Corrections));
        assert_eq!(grant.outside(&draft("bot", Some("billing"))), None);
        assert_eq!(
            grant.outside(&draft("other", Some("billing"))),
            Some("/agent")
        );
        assert_eq!(
            grant.outside(&draft("bot", Some("sales"))),
            Some("/category")
        );
        assert_eq!(grant.outside(&draft("bot", None)), Some("/category"));
        let actions = Grant {
            kinds: vec![Kind::Action],
            ..Grant::default()
        };
        assert_eq!(actions.outside(&draft("bot", None)), Some("/kind"));
        let empty = Grant {
            agent: Some(String::new()),
            ..Grant::default()
        };
        assert_eq!(empty.fault().unwrap().pointer, "/agent");
    }
}
