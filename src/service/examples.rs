//! Corrections as examples: for the agent that writes the next draft, and beside it for the
//! reviewer. It must not rank or mask by a rule of its own: `policy::memory` does.

use crate::call::{Answer, Call};
use crate::memory::{self, Recalled};
use crate::problem::Outcome;
use crate::tenant::Tenant;
use crate::{bind, column};
use countersign_policy::draft::{Draft, TEXT_BYTES_MAX};
use countersign_policy::edit::EditKind;
use countersign_policy::grant::Grant;
use countersign_policy::invalid::{Invalid, check_length};
use countersign_policy::memory::{
    Asked, EXAMPLES_BYTES_MAX, EXAMPLES_MAX, PROMPT_TOKENS, PROMPT_TOKENS_MAX, Quoted, Taught,
    Word, masked, prompt, rank,
};
use countersign_policy::sight::Sight;
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};

/// A correction as an agent or reviewer gets it.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Example {
    /// The correction's id; say it in `examples_used`.
    pub id: String,
    /// The customer's message.
    pub message: String,
    /// What was drafted.
    pub draft: String,
    /// What it should have been.
    pub corrected: String,
    /// Whether the meaning changed.
    pub edit_kind: EditKind,
    /// Its category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The reviewer's line of lesson.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lesson: Option<String>,
    /// When it was learnt.
    pub at: Millis,
}

/// Who sees an example.
#[derive(Clone, Copy)]
pub enum Viewer<'a> {
    /// A person of the tenant: everything that they may read.
    Reviewer(&'a Sight),
    /// An agent that serves this customer, with a key: what came from another customer is masked, what
    /// belongs to a category beyond the key's is not there.
    AgentOf(Option<&'a str>, &'a Grant),
}

/// The body of `POST /v1/corrections/similar`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SimilarRequest {
    /// The message to find others like.
    message: String,
    /// Preferred, not required.
    #[serde(default)]
    category: Option<String>,
    /// Whom the answer is for: what came from another customer is masked.
    #[serde(default)]
    customer_id: Option<String>,
    /// At most this many, 1 to 8; 3 where absent.
    #[serde(default)]
    limit: Option<u32>,
    /// Tokens of the text block, 1 to 16000; 1500 where absent. Examples that don't fit are left
    /// out of it.
    #[serde(default)]
    token_budget: Option<u32>,
}

/// Its answer.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SimilarAnswer {
    /// Most similar first.
    examples: Vec<Example>,
    /// The same, fenced, ready to put into a prompt; empty without examples.
    prompt: String,
}

/// A correction as the index has it.
#[derive(Deserialize)]
pub struct ExampleRow {
    id: String,
    message: String,
    draft: String,
    corrected: String,
    edit_kind: EditKind,
    category: Option<String>,
    lesson: Option<String>,
    customer_id: Option<String>,
    customer_name: Option<String>,
    created_at: u64,
    #[serde(deserialize_with = "column::truth")]
    imported: bool,
}

/// Examples for a message, best first.
pub fn find(
    tenant: &Tenant,
    recalled: &Recalled,
    asked: Asked<'_>,
    viewer: Viewer<'_>,
    now: Millis,
) -> Outcome<Vec<Example>> {
    let mut candidates = recalled.corrections(now);
    candidates.retain(|known| match viewer {
        Viewer::Reviewer(sight) => sight.covers(known.category),
        Viewer::AgentOf(_, grant) => grant.covers(known.category),
    });
    let ranked = rank(asked, &candidates);
    let ids: Vec<&str> = ranked.iter().map(|one| one.candidate.id).collect();
    let rows = load(tenant, &ids)?;
    let in_order = ids.into_iter().filter_map(|id| of_id(&rows, id));
    Ok(in_order.map(|row| row.seen_by(viewer)).collect())
}

/// As many examples as are wanted for the agent of a draft, and fit the answer.
pub fn for_draft(
    tenant: &Tenant,
    recalled: &Recalled,
    draft: &Draft,
    (wanted, grant): (u32, &Grant),
    now: Millis,
) -> Outcome<Vec<Example>> {
    let asked = Asked {
        category: draft.category.as_deref(),
        examples: wanted,
    };
    let customer = draft.customer.as_ref();
    let viewer = Viewer::AgentOf(customer.map(|customer| customer.id.as_str()), grant);
    let found = find(tenant, recalled, asked, viewer, now)?;
    let mut bytes = 0_usize;
    let fits = |example: &Example| {
        bytes = bytes.saturating_add(example.bytes());
        u32::try_from(bytes).is_ok_and(|bytes| bytes <= EXAMPLES_BYTES_MAX)
    };
    Ok(found.into_iter().take_while(fits).collect())
}

/// The corrections of these ids.
pub fn load(tenant: &Tenant, ids: &[&str]) -> Outcome<Vec<ExampleRow>> {
    let ids = serde_json::to_string(ids)?;
    tenant.storage.rows(
        "SELECT id, message, draft, corrected, edit_kind, category, lesson, customer_id,
           customer_name, created_at, draft_id = '' AS imported
         FROM corrections WHERE id IN (SELECT value FROM json_each(?))",
        bind![&ids],
    )
}

/// The one of that id.
pub fn of_id<'a>(rows: &'a [ExampleRow], id: &str) -> Option<&'a ExampleRow> {
    rows.iter().find(|row| row.id == id)
}

/// The message that a correction was made for.
pub fn message_of(tenant: &Tenant, id: &str) -> Outcome<Option<String>> {
    let rows = load(tenant, &[id])?;
    Ok(rows.into_iter().next().map(|row| row.message))
}

/// `POST /v1/corrections/similar`.
pub fn similar(tenant: &Tenant, call: &Call) -> Outcome<Answer> {
    let asked: SimilarRequest = call.json()?;
    check_length("/message", &asked.message, TEXT_BYTES_MAX)?;
    let limit = asked.limit.unwrap_or(3);
    if limit == 0 || limit > EXAMPLES_MAX {
        return Err(Invalid::field("/limit", "not between 1 and 8").into());
    }
    let tokens = asked.token_budget.unwrap_or(PROMPT_TOKENS);
    if tokens == 0 || tokens > PROMPT_TOKENS_MAX {
        return Err(Invalid::field("/token_budget", "not between 1 and 16000").into());
    }
    let recalled = memory::recall(tenant, &asked.message, None)?;
    let wanted = Asked {
        category: asked.category.as_deref(),
        examples: limit,
    };
    let viewer = Viewer::AgentOf(asked.customer_id.as_deref(), &call.grant);
    let examples = find(tenant, &recalled, wanted, viewer, call.now)?;
    let quoted = examples.iter().map(|example| Quoted {
        message: &example.message,
        draft: &example.draft,
        corrected: &example.corrected,
        lesson: example.lesson.as_deref(),
    });
    let prompt = prompt(quoted, tokens);
    Answer::json(200, &SimilarAnswer { examples, prompt })
}

impl Example {
    fn bytes(&self) -> usize {
        let lesson = self.lesson.as_deref().unwrap_or_default();
        let texts = [&self.message, &self.draft, &self.corrected, lesson];
        texts.map(str::len).into_iter().sum()
    }
}

impl ExampleRow {
    /// Whose word it is.
    pub fn word(&self) -> Word {
        Word {
            imported: self.imported,
            at: Millis(self.created_at),
        }
    }

    /// What it taught.
    pub fn taught(&self) -> Taught<'_> {
        Taught {
            message: &self.message,
            draft: &self.draft,
            corrected: &self.corrected,
        }
    }

    fn seen_by(&self, viewer: Viewer<'_>) -> Example {
        let names: Vec<&str> = [&self.customer_id, &self.customer_name]
            .into_iter()
            .filter_map(Option::as_deref)
            .collect();
        let own = match viewer {
            Viewer::Reviewer(_) => true,
            Viewer::AgentOf(customer, _) => {
                customer.is_some() && customer == self.customer_id.as_deref()
            }
        };
        let seen = |text: &str| match own {
            true => text.to_owned(),
            false => masked(text, &names),
        };
        Example {
            message: seen(&self.message),
            draft: seen(&self.draft),
            corrected: seen(&self.corrected),
            lesson: self.lesson.as_deref().map(seen),
            id: self.id.clone(),
            edit_kind: self.edit_kind,
            category: self.category.clone(),
            at: Millis(self.created_at),
        }
    }
}
