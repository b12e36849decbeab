//! What memory knows that is like a draft's message, shown beside it: how novel the message was, the
//! nearest one known, corrections to follow. It must not rank or judge: `policy::memory` does.

use crate::examples::{self, Example, Viewer};
use crate::memory;
use crate::problem::Outcome;
use crate::storage::parsed;
use crate::stored::Stored;
use crate::tenant::Tenant;
use countersign_policy::memory::{Asked, Candidate};
use countersign_policy::ratio::Ratio;
use countersign_policy::route::Situation;
use countersign_policy::sight::Sight;
use countersign_policy::time::Millis;
use serde::Serialize;

/// Examples beside a draft.
const EXAMPLES: u32 = 3;

/// How familiar a draft's message is.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Familiarity {
    /// How novel the message was when it came; absent where memory knew too little to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    novelty: Option<Ratio>,
    /// The nearest message that is known by now; absent while none shares a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest: Option<NearestMessage>,
}

/// A known message.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct NearestMessage {
    /// What it said; absent for one whose draft was right as it was: of these no text is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Its category.
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    /// How like it is in meaning, from 0 to 1; absent where only words could be compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    likeness: Option<Ratio>,
}

/// What stands beside a draft: corrections of similar messages, and how familiar its own is.
pub fn beside(
    tenant: &Tenant,
    stored: &Stored,
    sight: &Sight,
    now: Millis,
) -> Outcome<(Vec<Example>, Familiarity)> {
    let recalled = memory::recall_for(tenant, &stored.id, &stored.draft)?;
    let asked = Asked {
        category: stored.draft.category.as_deref(),
        examples: EXAMPLES,
    };
    let examples = examples::find(tenant, &recalled, asked, Viewer::Reviewer(sight), now)?;

    let situation: Situation = parsed(&stored.situation)?;
    let readable = |known: &Candidate<'_>| sight.covers(known.category);
    let nearest = match recalled.nearest(now).filter(|(known, _)| readable(known)) {
        Some((known, likeness)) => Some(NearestMessage {
            message: examples::message_of(tenant, known.id)?,
            category: known.category.map(str::to_owned),
            likeness,
        }),
        None => None,
    };
    let novelty = situation.novelty;
    Ok((examples, Familiarity { novelty, nearest }))
}
