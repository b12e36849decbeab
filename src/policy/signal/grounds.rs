//! What a draft may rest on: the conversation, the customer card, the subject, the sources, the
//! recipients, and the tenant's own contacts. It must not say what a draft claims.

use super::personal::{digit, joins};
use super::words::Words;
use super::{Field, SignalRules};
use crate::draft::Draft;
use serde_json::Value;
use std::borrow::Cow;
use std::cell::OnceCell;

/// Every text that a draft may rest on.
pub(crate) struct Grounds<'a> {
    rules: &'a SignalRules,
    message: &'a Field<'a>,
    /// All but the message.
    texts: Vec<String>,
    lower: OnceCell<String>,
    squeezed: OnceCell<String>,
}

impl<'a> Grounds<'a> {
    /// Gathers the texts; what is made of them waits until it is asked for.
    pub fn read(draft: &Draft, message: &'a Field<'a>, rules: &'a SignalRules) -> Self {
        let said = draft.conversation.messages.iter();
        let mut texts: Vec<String> = said.map(|said| said.text.clone()).collect();
        for source in &draft.sources {
            texts.push(source.title.clone());
            texts.extend([&source.url, &source.quote].into_iter().flatten().cloned());
        }
        if let Some(customer) = &draft.customer {
            texts.push(customer.id.clone());
            texts.extend(
                [&customer.name, &customer.plan]
                    .into_iter()
                    .flatten()
                    .cloned(),
            );
            texts.extend(customer.facts.values().map(plain));
        }
        if let Some(subject) = &draft.subject {
            texts.push(subject.id.clone());
            texts.extend(subject.link.clone());
            texts.extend(subject.values.values().map(plain));
        }
        texts.extend(draft.draft.to.iter().chain(&draft.draft.cc).cloned());
        Self {
            rules,
            message,
            texts,
            lower: OnceCell::new(),
            squeezed: OnceCell::new(),
        }
    }

    /// Each text with its words; the message's were read before.
    pub fn words(&self) -> impl Iterator<Item = (&str, Cow<'_, Words>)> {
        let message = (self.message.text, Cow::Borrowed(&self.message.words));
        let read = |text| (text, Cow::Owned(Words::read(text)));
        [message].into_iter().chain(self.others().map(read))
    }

    /// Each text, as it was written.
    fn texts(&self) -> impl Iterator<Item = &str> {
        [self.message.text].into_iter().chain(self.others())
    }

    fn others(&self) -> impl Iterator<Item = &str> {
        let own = self.rules.own_contacts.iter();
        self.texts.iter().chain(own).map(String::as_str)
    }

    /// Whether `text`, in lower case, stands in one of them as a whole word.
    pub fn holds_text(&self, text: &str) -> bool {
        let all = self.lower.get_or_init(|| {
            let texts: Vec<&str> = self.texts().collect();
            texts.join("\n").to_lowercase()
        });
        let inside = |character: Option<char>| character.is_some_and(joins);
        all.match_indices(text).any(|(at, _)| {
            let before = all.get(..at).unwrap_or("").chars().next_back();
            let after = all.get(at.saturating_add(text.len())..).unwrap_or("");
            !inside(before) && !inside(after.chars().next())
        })
    }

    /// Whether the letters and digits of `value`, or its last `most`, stand in one of them, however
    /// they are parted.
    pub fn holds_digits(&self, value: &str, most: usize) -> bool {
        let all = self.squeezed.get_or_init(|| {
            self.texts().fold(String::new(), |mut all, text| {
                all.push(' ');
                all.push_str(&squeeze(text));
                all
            })
        });
        let value = squeeze(value);
        let from = value.len().saturating_sub(most);
        all.contains(value.get(from..).unwrap_or(&value))
    }

    /// Whether a host is the tenant's own, or below it.
    pub fn is_own_host(&self, host: &str) -> bool {
        let host = host.strip_prefix("www.").unwrap_or(host);
        self.rules.own_contacts.iter().any(|own| {
            let own = own.trim().trim_start_matches('@').to_lowercase();
            host == own
                || host
                    .strip_suffix(&own)
                    .is_some_and(|rest| rest.ends_with('.'))
        })
    }
}

/// ASCII letters and digits only, in lower case; digits of every alphabet.
fn squeeze(text: &str) -> String {
    let plain = |character: char| match digit(character) {
        Some(value) => Some(char::from(value.saturating_add(b'0'))),
        None => Some(character.to_ascii_lowercase()).filter(char::is_ascii_alphanumeric),
    };
    text.chars().filter_map(plain).collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
