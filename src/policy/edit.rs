//! Which kind of edit is this? It reads a diff and says whether a reviewer changed what a draft
//! *says* or only how it says it, and why. It must never look at anything but the two texts.
//!
//! | kind | when | example |
//! | --- | --- | --- |
//! | `none` | the texts are equal | |
//! | `cosmetic` | blank space, quotes, case, a mended misspelling; rewording that keeps the meaning | `recieve` → `receive` |
//! | `substantive` | an amount, a date, an order number or a name was changed; a statement turned around; claims were added, removed or altered | `within 5 days` → `within 10 days` |
//!
//! Hard rules settle what the table states outright (`rule`); all else is weighed by a small
//! model (`model`) over what changed (`feature`), never over how much alone. To miss a
//! substantive edit costs more than the opposite, and the shipped threshold leans that way.

mod action;
mod actor;
mod bag;
mod bound;
mod case;
mod evidence;
mod feature;
mod gram;
mod lexicon;
mod likeness;
mod message;
mod model;
mod moment;
mod number;
mod quantity;
mod reason;
mod relation;
mod rule;
mod shelf;
mod tongue;
mod turn;
mod word;

pub use action::{ActionEdit, PointerEdit, action, argument_kind, argument_kind_by};
use evidence::{Evidence, Reading};
pub use message::message;
pub use model::{GRAM_UNIT, grams_file};
use relation::Pairs;
pub use relation::{Link, files as relation_files};
use rule::Findings;
use serde::{Deserialize, Serialize};
use tongue::Tongue;

/// What an edit did to the meaning. Ordered by how much it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EditKind {
    /// The texts are equal.
    None,
    /// Only how it is said changed: tone, grammar, spelling, format.
    Cosmetic,
    /// What is said changed: facts, numbers, promises, names, negation.
    Substantive,
}

/// Why an edit is of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EditReason {
    /// An amount, a count, an order number or another number differs.
    Number,
    /// A date, a time, a weekday or a month differs.
    Date,
    /// The name of a person, product, place or company differs.
    Name,
    /// A web or mail address differs.
    Link,
    /// A `not`, `never`, `without` came or went, or a word became its opposite.
    Negation,
    /// What may, must, can or might be differs.
    Modality,
    /// Something promised, guaranteed or offered differs.
    Promise,
    /// Something is said that was not said before.
    ClaimAdded,
    /// Something is no longer said.
    ClaimRemoved,
    /// What is said differs in its words, so that it may say something else.
    Wording,
    /// Courtesy, warmth, emphasis.
    Tone,
    /// A misspelt word was mended, or a word inflected otherwise.
    Spelling,
    /// Blank space, quotes, case, punctuation.
    Format,
}

/// A reason and the words that show it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EditReasonFound {
    /// The reason.
    pub reason: EditReason,
    /// The words before, empty where something was added; at most `EVIDENCE_CHARS_MAX` characters.
    pub before: String,
    /// The words after, empty where something was removed; at most `EVIDENCE_CHARS_MAX`.
    pub after: String,
}

/// The judgement of an edit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Edit {
    /// What it did to the meaning.
    pub kind: EditKind,
    /// Why, the weightiest first; at most `REASONS_MAX`. Empty only for `none`.
    pub reasons: Vec<EditReasonFound>,
    /// How likely the meaning changed, in millionths; at least `SUBSTANTIVE_PPM` exactly when the kind is
    /// substantive: there nineteen of twenty substantive edits of messages were found, and nine of ten of other
    /// texts, by a model that had not seen them. A rank, not a frequency.
    pub score_ppm: u32,
}

/// The least `score_ppm` of a substantive edit.
pub const SUBSTANTIVE_PPM: u32 = 500_000;

/// The most characters of text shown on one side of a reason.
pub const EVIDENCE_CHARS_MAX: usize = 80;

/// The most reasons given for one edit: one of each.
pub const REASONS_MAX: usize = 13;

/// What kinds are judged by: word pairs and the weights of the model. Whoever judges an edit is
/// told, since a browser has them fetched only when somebody begins to edit.
#[derive(Clone, Copy)]
pub struct Learned<'b> {
    pairs: Pairs<'b>,
    weights: &'b [u8],
    /// Whether the texts are messages, written to somebody.
    is_message: bool,
}

impl Learned<'static> {
    /// What this crate carries; a program that never asks for it doesn't grow by it.
    pub const CARRIED: Self = Self::new(include_bytes!("edit/pairs.bin"), model::WEIGHTS);
}

impl<'b> Learned<'b> {
    /// What is in copies of `pairs.bin` and `weights.bin`. Of bytes that are neither, nothing is
    /// known, and what no rule settles is substantive.
    pub const fn new(pairs: &'b [u8], weights: &'b [u8]) -> Self {
        Self {
            pairs: Pairs::new(pairs),
            weights,
            is_message: false,
        }
    }

    /// The same for messages: what is written to somebody is edited in other ways than articles and essays.
    #[must_use]
    pub const fn of_messages(self) -> Self {
        Self {
            is_message: true,
            ..self
        }
    }
}

/// What an edit did, and why. Total and deterministic: the same on every machine.
pub fn classify(before: &str, after: &str) -> Edit {
    classify_by(before, after, Learned::CARRIED)
}

/// The same, by what was learned elsewhere.
pub fn classify_by(before: &str, after: &str, learned: Learned<'_>) -> Edit {
    if before == after {
        return Edit {
            kind: EditKind::None,
            reasons: Vec::new(),
            score_ppm: 0,
        };
    }
    let reading = Reading::new(before, after);
    let evidence = Evidence::new(&reading);
    let found = Findings::of(&evidence);
    // Of messages in other languages than were learned from the other model misses less.
    let is_message = learned.is_message && reading.tongue != Tongue::Unknown;
    let weights = model::chosen(learned.weights, is_message);
    let row = feature::row(&evidence, &found, learned.pairs);
    let forest = model::forest_sum(weights, &row);
    let grams = model::grams_sum(weights, gram::grams(&evidence).iter());
    let weighed = forest.saturating_add(grams);
    let over = weighed.saturating_sub(model::operating_sum(weights));
    let sum = bounded(over, found.settled());
    let kind = if sum >= 0 {
        EditKind::Substantive
    } else {
        EditKind::Cosmetic
    };
    let score_ppm = model::score_ppm(sum);
    Edit {
        kind,
        reasons: reason::found(&evidence, &found, kind),
        score_ppm,
    }
}

/// How far a weighed sum is over the operating point, kept on the side of it that a rule puts the edit on,
/// so that the kind and the score never disagree; for the tool that trains the model, too.
pub fn bounded(over: i32, settled: Option<EditKind>) -> i32 {
    match settled {
        Some(EditKind::Substantive) => over.max(0),
        Some(_) => over.min(-1),
        None => over,
    }
}

/// What the rules alone say of an edit, for the tool that trains the model: `None` where it is
/// weighed.
pub fn settled(before: &str, after: &str) -> Option<EditKind> {
    Findings::of(&Evidence::new(&Reading::new(before, after))).settled()
}

/// What the model weighs, for the tool that trains it: features for the forest, and grams.
pub fn weighed(before: &str, after: &str) -> (Vec<u8>, Vec<String>) {
    let reading = Reading::new(before, after);
    let evidence = Evidence::new(&reading);
    let found = Findings::of(&evidence);
    let row = feature::row(&evidence, &found, Learned::CARRIED.pairs);
    (row, gram::grams(&evidence))
}

/// The score that divides the two kinds most evenly, for measuring.
pub fn balanced_ppm(learned: Learned<'_>) -> u32 {
    let weights = model::chosen(learned.weights, learned.is_message);
    let over = model::balanced_sum(weights).saturating_sub(model::operating_sum(weights));
    model::score_ppm(over)
}
