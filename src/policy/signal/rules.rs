//! What a tenant's policy says about signals. It must only ever add: no field here can take a
//! signal away, or let out what the product forbids.

use super::SignalCode;
use super::lexicon::Lexicon;
use crate::draft::NAME_BYTES_MAX;
use crate::invalid::{Invalid, bound_list, bound_text};
use crate::ratio::Ratio;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Phrases of one topic: what a team writes by hand.
pub const PHRASES_MAX: u32 = 200;
/// Addresses, numbers and hosts of the tenant's own.
pub const OWN_CONTACTS_MAX: u32 = 100;
/// Languages of one tenant.
pub const LANGUAGES_MAX: u32 = 50;

/// The `signals` of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SignalRules {
    /// Signals that let nothing out by themselves, beside those that never do.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub forbidding: BTreeSet<SignalCode>,
    /// More phrases for a topic; tags for `key_account`; anything for `listed_words`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub lexicons: BTreeMap<SignalCode, Phrases>,
    /// Languages that messages are expected in (`en`, `de` …); empty means any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// The tenant's own addresses, numbers and hosts, which belong in any draft: `help@acme.com`,
    /// `+49 30 1234567`; `acme.com` covers its links and addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub own_contacts: Vec<String>,
    /// From this score of memory on a message is novel.
    pub novelty_threshold: Ratio,
}

impl Default for SignalRules {
    fn default() -> Self {
        Self {
            forbidding: BTreeSet::new(),
            lexicons: BTreeMap::new(),
            languages: Vec::new(),
            own_contacts: Vec::new(),
            novelty_threshold: Ratio::from_ppm(500_000),
        }
    }
}

impl SignalRules {
    /// Whether nothing may go out by itself where this was found.
    pub fn forbids(&self, code: SignalCode) -> bool {
        code.forbids() || self.forbidding.contains(&code)
    }

    /// Whether the same signals are found in any text under `other`: all but what the tenant
    /// forbids, the tags of key accounts, and the threshold of novelty.
    pub fn reads_texts_like(&self, other: &Self) -> bool {
        let topics = |rules: &Self| {
            let mut topics = rules.lexicons.clone();
            topics.remove(&SignalCode::KeyAccount);
            topics
        };
        self.languages == other.languages
            && self.own_contacts == other.own_contacts
            && topics(self) == topics(other)
    }

    /// Whether nothing is said.
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn faults(&self, faults: &mut Vec<Invalid>) {
        for (code, phrases) in &self.lexicons {
            let name = serde_json::to_value(code).unwrap_or_default();
            let pointer = format!("/signals/lexicons/{}", name.as_str().unwrap_or(""));
            if !super::topic::takes_phrases(*code) {
                faults.push(Invalid::field(&pointer, "not a topic with words"));
            }
            bound_list(faults, &pointer, &phrases.list, PHRASES_MAX);
            for (index, phrase) in phrases.list.iter().enumerate() {
                let pointer = format!("{pointer}/{index}");
                bound_text(faults, &pointer, phrase, NAME_BYTES_MAX);
                if !phrase.chars().any(char::is_alphanumeric) {
                    faults.push(Invalid::field(&pointer, "an entry without a word"));
                }
            }
        }
        for (name, list, limit) in [
            ("languages", &self.languages, LANGUAGES_MAX),
            ("own_contacts", &self.own_contacts, OWN_CONTACTS_MAX),
        ] {
            let pointer = format!("/signals/{name}");
            bound_list(faults, &pointer, list, limit);
            for (index, text) in list.iter().enumerate() {
                let pointer = format!("{pointer}/{index}");
                bound_text(faults, &pointer, text, NAME_BYTES_MAX);
                if text.trim().is_empty() {
                    faults.push(Invalid::field(&pointer, "empty"));
                }
            }
        }
    }
}

/// A tenant's phrases, compiled when the policy is read.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Phrases {
    list: Vec<String>,
    lexicon: Lexicon,
}

impl Phrases {
    /// As written.
    pub fn list(&self) -> &[String] {
        &self.list
    }

    pub(crate) fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }
}

impl PartialEq for Phrases {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl Eq for Phrases {}

impl From<Vec<String>> for Phrases {
    fn from(list: Vec<String>) -> Self {
        let mut lexicon = Lexicon::default();
        lexicon.add_plain(0, list.iter().map(String::as_str));
        Self { list, lexicon }
    }
}

impl From<Phrases> for Vec<String> {
    fn from(phrases: Phrases) -> Self {
        phrases.list
    }
}
