//! Evidence found in a draft, with a score and where it stands. It must not decide: what follows
//! from a signal is `route`'s to say.
//!
//! | question | file | fields it reads |
//! | --- | --- | --- |
//! | how sure, how new, how much is at stake, who is it for? | `stakes` | confidence, category, action, customer tags |
//! | does it touch a sensitive topic? | `topic` | message, draft |
//! | does the message try to give the orders? | `injection` | message, earlier customer messages, quotes of sources |
//! | does the draft say what nothing supports? | `claim` | draft, against its `grounds` |
//! | does it give away personal data? | `personal` | draft, against its `grounds` |
//! | how does it sound? | `tone` | draft, message |
//! | which language is it in? | `language` | message, draft |

mod claim;
mod grounds;
pub mod injection;
mod language;
pub mod learned;
mod lexicon;
pub mod personal;
mod rules;
mod stakes;
mod tone;
mod topic;
mod vocabulary;
pub(crate) mod words;

pub use rules::{Phrases, SignalRules};
pub(crate) use stakes::{is_key_tag, low_confidence};

use crate::document::{Policy, Rules};
use crate::draft::Draft;
use crate::order;
use crate::ratio::Ratio;
use crate::route::Situation;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use words::Words;

/// Places shown for one signal: more than a reviewer looks at.
pub const EVIDENCE_MAX: usize = 20;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SignalCode {
    /// The stated confidence is missing or below the category's threshold.
    LowConfidence,
    /// Memory holds nothing like the message.
    Novel,
    /// The draft has no category, or one that the policy doesn't know.
    UnknownCategory,
    /// Memory is sure that messages like this one are of another category.
    CategoryInDoubt,
    /// The action changes data, moves money or involves a person.
    HighStakes,
    /// The action cannot be taken back. Forbidding.
    Irreversible,
    /// The action is not in the catalogue. Forbidding.
    UnlistedAction,
    /// The customer is an executive, a key account, or at risk of leaving, by their tags.
    KeyAccount,
    /// Somebody threatens or mentions legal steps.
    LegalThreat,
    /// The customer complains.
    Complaint,
    /// The customer wants to cancel or leave.
    Churn,
    /// Somebody may be about to harm themselves. Forbidding.
    SelfHarm,
    /// Somebody speaks of discrimination or harassment.
    Discrimination,
    /// Somebody reports an account taken over, data lost, or fraud.
    SecurityIncident,
    /// The press or a public shaming is involved.
    Press,
    /// A child is involved.
    Minor,
    /// It is about somebody's health.
    Medical,
    /// A word that the tenant's policy lists stands in it.
    ListedWords,
    /// The draft names a figure that neither conversation nor sources hold.
    UnsupportedFigure,
    /// The draft names a day that neither conversation nor sources hold.
    UnsupportedDate,
    /// The draft links to a place that neither conversation nor sources hold.
    UnsupportedLink,
    /// The draft grants a discount that neither conversation nor sources hold.
    UnsupportedDiscount,
    /// The draft promises what neither conversation nor sources hold.
    UnsupportedPromise,
    /// The draft holds personal data that doesn't belong there. Forbidding.
    PersonalData,
    /// A text tries to give the agent orders of its own. Forbidding.
    Injection,
    /// The draft shouts.
    Shouting,
    /// The draft answers a complaint without an apology.
    MissingApology,
    /// The draft is not in the language of the message.
    LanguageMismatch,
    /// The message is in a language that the policy doesn't expect.
    UnexpectedLanguage,
    /// The text is in a language that no lexicon covers, so that topics may go unseen.
    LanguageWithoutLexicons,
}

impl SignalCode {
    /// What forbids for every tenant.
    pub const FORBIDDING: [Self; 5] = [
        Self::Irreversible,
        Self::UnlistedAction,
        Self::SelfHarm,
        Self::PersonalData,
        Self::Injection,
    ];

    /// Whether nothing may go out by itself where this was found; a tenant can only add to these
    /// (see [`SignalRules::forbids`]).
    pub fn forbids(self) -> bool {
        Self::FORBIDDING.contains(&self)
    }
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Signal {
    /// What was found.
    pub code: SignalCode,
    /// The words or fields that caused it.
    pub evidence: Vec<Evidence>,
    /// How strong it is.
    pub score: Ratio,
}

/// A place in a draft: a field, and where it is a text, a range of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Evidence {
    /// The UTF-16 code unit after the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<u32>,
    /// JSON pointer into the body of the draft.
    pub pointer: String,
    /// First UTF-16 code unit, as browsers count; absent for the whole field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<u32>,
}

impl Evidence {
    /// A whole field.
    pub fn field(pointer: &str) -> Self {
        Self {
            pointer: pointer.to_owned(),
            start: None,
            end: None,
        }
    }
}

/// Every signal of a draft under the rules of its category, in the order of their codes. Of the
/// situation only what memory says and the learnt threshold are read.
pub fn find(policy: &Policy, rules: &Rules, draft: &Draft, situation: &Situation) -> Vec<Signal> {
    let mut found = Found::default();
    stakes::find(policy, rules, draft, situation, &mut found);
    in_texts(&policy.signals, draft, &mut found);
    order::by_key(&mut found.list, |signal| signal.code);
    found.list
}

/// The same where the texts have been read before: `known` is what was found in them then.
pub(crate) fn find_again(
    policy: &Policy,
    rules: &Rules,
    draft: &Draft,
    situation: &Situation,
    known: impl Iterator<Item = (SignalCode, Ratio)>,
) -> Vec<Signal> {
    let mut found = Found::default();
    stakes::find(policy, rules, draft, situation, &mut found);
    for (code, score) in known.filter(|(code, _)| !stakes::reads(*code)) {
        found.add(code, score, []);
    }
    order::by_key(&mut found.list, |signal| signal.code);
    found.list
}

fn in_texts(settings: &SignalRules, draft: &Draft, found: &mut Found) {
    let message = Field::read("/message", &draft.message);
    let text = draft.draft.text.as_deref().unwrap_or("");
    let text = Field::read("/draft/text", text);
    topic::find(settings, &message, &text, found);
    injection::find(draft, &message, found);
    if !text.text.is_empty() || draft.draft.action.is_some() {
        let grounds = grounds::Grounds::read(draft, &message, settings);
        let personal = personal::read(text.text);
        claim::find(&grounds, &text, &personal, found);
        personal::find(&grounds, draft, personal, found);
    }
    tone::find(&text, found);
    language::find(settings, &message, &text, found);
}

/// A text of the draft's body, its words read once for every question.
pub(crate) struct Field<'a> {
    pointer: &'a str,
    text: &'a str,
    words: Words,
}

impl<'a> Field<'a> {
    fn read(pointer: &'a str, text: &'a str) -> Self {
        Self {
            pointer,
            text,
            words: Words::read(text),
        }
    }
}

/// The signals found so far.
#[derive(Default)]
pub(crate) struct Found {
    list: Vec<Signal>,
}

impl Found {
    /// A whole field.
    fn field(&mut self, code: SignalCode, score: Ratio, pointer: &str) {
        self.add(code, score, [Evidence::field(pointer)]);
    }

    /// Ranges of bytes of one text.
    fn ranges(&mut self, code: SignalCode, score: Ratio, at: &Field<'_>, bytes: Vec<Range<usize>>) {
        if !bytes.is_empty() {
            self.add(code, score, marks(at.pointer, at.text, bytes));
        }
    }

    /// A code stands once: the higher score counts, places are gathered.
    fn add(&mut self, code: SignalCode, score: Ratio, places: impl IntoIterator<Item = Evidence>) {
        let known = self.list.iter_mut().find(|signal| signal.code == code);
        let evidence = match known {
            Some(signal) => {
                signal.score = signal.score.max(score);
                &mut signal.evidence
            }
            None => {
                self.list.push(Signal {
                    code,
                    score,
                    evidence: Vec::new(),
                });
                let Some(signal) = self.list.last_mut() else {
                    return;
                };
                &mut signal.evidence
            }
        };
        let room = EVIDENCE_MAX.saturating_sub(evidence.len());
        evidence.extend(places.into_iter().take(room));
    }

    fn has(&self, code: SignalCode) -> bool {
        self.list.iter().any(|signal| signal.code == code)
    }

    /// Whether one more place would not be shown.
    fn is_full(&self, code: SignalCode) -> bool {
        let mut found = self.list.iter();
        found.any(|signal| signal.code == code && signal.evidence.len() >= EVIDENCE_MAX)
    }
}

/// Ranges in order, overlapping and touching ones as one.
fn merge(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    order::by_key(&mut ranges, |range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// Whether one of the ranges, merged before, holds a byte.
fn holds(merged: &[Range<usize>], byte: usize) -> bool {
    let next = merged.partition_point(|range| range.end <= byte);
    merged.get(next).is_some_and(|range| range.contains(&byte))
}

/// Ranges of bytes as places in a field.
pub(crate) fn marks(pointer: &str, text: &str, bytes: Vec<Range<usize>>) -> Vec<Evidence> {
    let mut merged = merge(bytes);
    merged.truncate(EVIDENCE_MAX);
    let (mut at, mut units) = (0_usize, 0_u32);
    let mut advance = |to: usize| {
        let between = text.get(at..to).unwrap_or("");
        let more = between.encode_utf16().count();
        units = units.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
        at = to;
        units
    };
    merged
        .into_iter()
        .map(|range| Evidence {
            pointer: pointer.to_owned(),
            start: Some(advance(range.start)),
            end: Some(advance(range.end)),
        })
        .collect()
}
