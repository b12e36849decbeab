//! What an agent wants to say or do, with the conversation it belongs to. It must not decide
//! anything: it is read once into a shape that cannot be wrong, and never checked again.

use crate::canonical::{canonical, is_ordered, written_in_order};
use crate::conversation::sequence_fault;
use crate::exact::value_fault;
use crate::invalid::{Invalid, bound_list, bound_text};
use crate::ratio::Ratio;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A whole request body: 256 KiB, an eighth of the 2 MB that one SQLite row may hold, so that a
/// draft, its decision and its verdict fit one row together.
pub const BODY_BYTES_MAX: u32 = 256 * 1024;
/// One text (message, draft, quote): 64 KiB, a quarter of a body.
pub const TEXT_BYTES_MAX: u32 = 64 * 1024;
/// Names, ids, tags: enough for a UUID, an address or a slug, four times over.
pub const NAME_BYTES_MAX: u32 = 256;
/// A recipient, or a subject line: a mail header's 78 characters, folded a dozen times.
pub const LINE_BYTES_MAX: u32 = 1024;
/// `correlation`: 1 KB, as the contract says.
pub const CORRELATION_BYTES_MAX: u32 = 1024;
/// Messages of a conversation: more than a reviewer reads; agents send the newest.
pub const MESSAGES_MAX: u32 = 200;
/// Lists beside the draft: recipients, sources, tags, facts, metadata, examples used.
pub const LIST_ITEMS_MAX: u32 = 100;

/// The body of `POST /v1/drafts`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// The program that posts it.
    pub agent: String,
    /// Model and prompt; part of the agent's identity for trust.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_version: Option<String>,
    /// Where what becomes of it is posted, as to a webhook: `draft.decided`, `draft.stale`, `draft.expired`,
    /// `draft.corrected`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<String>,
    /// The question type; guessed where missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Where it goes out: `email`, `chat`, `social`, `crm`, `billing`, `internal` or another text.
    pub channel: String,
    /// The agent's own confidence; missing is never high.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Ratio>,
    /// The messages around it.
    pub conversation: Conversation,
    /// Opaque, echoed in every answer and webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// Who it goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Customer>,
    /// What is to leave.
    pub draft: Content,
    /// Corrections that the agent was shown and used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples_used: Vec<String>,
    /// After this the agent no longer wants an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Millis>,
    /// Drafts of one turn: shown together, answered in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// A message to say or an action to do.
    pub kind: Kind,
    /// The customer's text that triggered it.
    pub message: String,
    /// Anything else that guardrails may test.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, Value>,
    /// Why the agent wants this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rationale: Option<String>,
    /// What the claims rest on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// The record that an action touches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// The draft of the same key that this one replaces: one that is open, or was sent back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<String>,
}

/// What a draft is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Something to say.
    Message,
    /// Something to do.
    Action,
}

/// Who sees what leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// The tenant's own people and records: the channels `internal`, `crm` and `billing`.
    Internal,
    /// A customer or prospect: `email`, `chat` and every channel that is not named here.
    Customer,
    /// Anybody: `social`.
    Public,
}

/// The channels whose audience is not a customer, and one whose is.
pub(crate) const AUDIENCES: [(&str, Audience); 5] = [
    ("chat", Audience::Customer),
    ("internal", Audience::Internal),
    ("crm", Audience::Internal),
    ("billing", Audience::Internal),
    ("social", Audience::Public),
];

impl Audience {
    /// Who sees what leaves by a channel.
    pub fn of_channel(channel: &str) -> Self {
        let mut known = AUDIENCES.iter();
        let known = known.find(|(name, _)| *name == channel);
        known.map_or(Self::Customer, |(_, audience)| *audience)
    }
}

/// What is to leave: a text with its recipients, or an action.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// What to do; of an `action`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// Recipients of a copy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<String>,
    /// `plain`, `markdown` or `html`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Subject line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The words; of a `message`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Recipients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
}

/// An action's name and arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// A JSON object.
    pub args: serde_json::Map<String, Value>,
    /// As the action catalogue lists it.
    pub name: String,
}

/// The ordered messages around a draft.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Conversation {
    /// The newest message that the agent saw.
    pub head: String,
    /// The agent's id for it.
    pub id: String,
    /// Oldest first.
    #[serde(default)]
    pub messages: Vec<Message>,
    /// Counts the heads of this conversation, where the agent counts them; at most 2^53.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// When it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
    /// The agent's id for it.
    pub id: String,
    /// Who said it.
    pub role: Role,
    /// The words.
    pub text: String,
}

/// Who said a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The customer or prospect.
    Customer,
    /// The agent.
    Agent,
    /// A person of the tenant.
    Human,
    /// A program.
    System,
}

/// The record that an action touches, so that a reviewer sees before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The record's id in its own system.
    pub id: String,
    /// Where a person sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Such as `subscription`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The values as they are now.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub values: serde_json::Map<String, Value>,
    /// The record's version; another one makes the draft stale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Who a draft goes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Customer {
    /// Short facts for the reviewer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, Value>,
    /// The agent's id for the customer.
    pub id: String,
    /// As people call them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What they pay for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Such as `vip` or `at_risk`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// What a claim rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The words that matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// As people call it.
    pub title: String,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Draft {
    /// RFC 8785 canonical JSON. Fields are declared in the order of their names, so that most drafts are
    /// canonical as they are written.
    pub fn canonical(&self) -> String {
        let action = self.draft.action.iter().flat_map(|action| &action.args);
        let values = self.subject.iter().flat_map(|subject| &subject.values);
        let facts = self.customer.iter().flat_map(|customer| &customer.facts);
        let mut members = action.chain(values).chain(facts).chain(&self.metadata);
        match members.all(is_ordered) {
            true => written_in_order(self),
            false => canonical(self),
        }
    }

    /// Reads and checks a body; the first fault is returned, and then nothing may be stored.
    pub fn parse(body: &[u8]) -> Result<Self, Invalid> {
        let draft: Self = crate::invalid::parse(body)?;
        match draft.faults().into_iter().next() {
            None => Ok(draft),
            Some(fault) => Err(fault),
        }
    }

    /// Refuses a draft whose agent no longer wants an answer: it would only expire.
    pub fn check_wanted(&self, now: Millis) -> Result<(), Invalid> {
        match self.expires_at {
            Some(at) if at <= now => Err(Invalid::field("/expires_at", "already over")),
            _ => Ok(()),
        }
    }

    /// Every limit that this draft breaks, in the order of its fields.
    pub fn faults(&self) -> Vec<Invalid> {
        let mut faults = Vec::new();
        for (pointer, name) in [("/agent", &self.agent), ("/channel", &self.channel)] {
            require(&mut faults, pointer, name);
        }
        let names = [
            ("/agent_version", &self.agent_version),
            ("/category", &self.category),
            ("/supersedes", &self.supersedes),
            ("/group", &self.group),
        ];
        for (pointer, name) in names {
            if let Some(name) = name {
                require(&mut faults, pointer, name);
            }
        }
        bound_text(&mut faults, "/message", &self.message, TEXT_BYTES_MAX);
        content_faults(&mut faults, "/draft", &self.draft, self.kind);
        self.conversation_faults(&mut faults);
        self.context_faults(&mut faults);
        faults
    }

    fn conversation_faults(&self, faults: &mut Vec<Invalid>) {
        let conversation = &self.conversation;
        require(faults, "/conversation/id", &conversation.id);
        require(faults, "/conversation/head", &conversation.head);
        faults.extend(sequence_fault(
            "/conversation/sequence",
            conversation.sequence,
        ));
        bound_list(
            faults,
            "/conversation/messages",
            &conversation.messages,
            MESSAGES_MAX,
        );
        for (index, message) in conversation.messages.iter().enumerate() {
            let pointer = format!("/conversation/messages/{index}");
            require(faults, &format!("{pointer}/id"), &message.id);
            bound_text(
                faults,
                &format!("{pointer}/text"),
                &message.text,
                TEXT_BYTES_MAX,
            );
        }
    }

    fn context_faults(&self, faults: &mut Vec<Invalid>) {
        if let Some(subject) = &self.subject {
            require(faults, "/subject/type", &subject.kind);
            require(faults, "/subject/id", &subject.id);
            bound_each(faults, "/subject/version", &subject.version, NAME_BYTES_MAX);
            faults.extend(value_fault("/subject/values", &subject.values));
        }
        if let Some(customer) = &self.customer {
            require(faults, "/customer/id", &customer.id);
            bound_each(faults, "/customer/name", &customer.name, NAME_BYTES_MAX);
            bound_each(faults, "/customer/plan", &customer.plan, NAME_BYTES_MAX);
            bound_list(faults, "/customer/tags", &customer.tags, LIST_ITEMS_MAX);
            bound_each(faults, "/customer/tags", &customer.tags, NAME_BYTES_MAX);
            faults.extend(value_fault("/customer/facts", &customer.facts));
        }
        if let Some(rationale) = &self.rationale {
            bound_text(faults, "/rationale", rationale, TEXT_BYTES_MAX);
        }
        bound_list(faults, "/sources", &self.sources, LIST_ITEMS_MAX);
        bound_list(
            faults,
            "/examples_used",
            &self.examples_used,
            LIST_ITEMS_MAX,
        );
        bound_each(
            faults,
            "/examples_used",
            &self.examples_used,
            NAME_BYTES_MAX,
        );
        if let Some(correlation) = &self.correlation {
            bound_text(faults, "/correlation", correlation, CORRELATION_BYTES_MAX);
        }
        if self.metadata.len() > usize::try_from(LIST_ITEMS_MAX).unwrap_or(usize::MAX) {
            faults.push(Invalid::too_long("/metadata", LIST_ITEMS_MAX, "items"));
        }
        faults.extend(value_fault("/metadata", &self.metadata));
    }
}

/// Faults of what is to leave: also asked of a reviewer's edit, which obeys the same limits.
pub fn content_faults(faults: &mut Vec<Invalid>, pointer: &str, content: &Content, kind: Kind) {
    match (kind, &content.text, &content.action) {
        (Kind::Message, Some(text), None) => {
            if text.trim().is_empty() {
                faults.push(Invalid::field(format!("{pointer}/text"), "empty"));
            }
            bound_text(faults, &format!("{pointer}/text"), text, TEXT_BYTES_MAX);
        }
        (Kind::Action, None, Some(action)) => {
            require(faults, &format!("{pointer}/action/name"), &action.name);
            faults.extend(value_fault(&format!("{pointer}/action/args"), &action.args));
        }
        (Kind::Message, _, _) => {
            faults.push(Invalid::field(
                pointer,
                "a message has `text` and no `action`",
            ));
        }
        (Kind::Action, _, _) => {
            faults.push(Invalid::field(
                pointer,
                "an action has `action` and no `text`",
            ));
        }
    }
    for (member, recipients) in [("to", &content.to), ("cc", &content.cc)] {
        let pointer = format!("{pointer}/{member}");
        bound_list(faults, &pointer, recipients, LIST_ITEMS_MAX);
        bound_each(faults, &pointer, recipients, LINE_BYTES_MAX);
    }
    for (member, line) in [("subject", &content.subject), ("format", &content.format)] {
        bound_each(faults, &format!("{pointer}/{member}"), line, LINE_BYTES_MAX);
    }
}

/// Pushes a fault for a name that is empty or above its limit.
pub(crate) fn require(faults: &mut Vec<Invalid>, pointer: &str, name: &str) {
    if name.is_empty() {
        faults.push(Invalid::field(pointer, "empty"));
    }
    bound_text(faults, pointer, name, NAME_BYTES_MAX);
}

/// Pushes a fault for each text above `limit` bytes.
fn bound_each<'a>(
    faults: &mut Vec<Invalid>,
    pointer: &str,
    texts: impl IntoIterator<Item = &'a String>,
    limit: u32,
) {
    for text in texts {
        bound_text(faults, pointer, text, limit);
    }
}
