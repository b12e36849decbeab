//! Memory: which past corrections an agent should see for a message, how new a message is, and
//! which category it looks like. Pure: candidates, scores and ages come in, rankings go out. It
//! must never read the index itself: `service/memory.rs` asks SQLite and the vectors.
//!
//! A message is handled in this order, each step a function of values:
//! 1. [`match_expression`] (words alone) or [`content_expression`] (beside vectors) makes the
//!    full-text query; in a large memory [`affordable_expression`] bounds what it costs.
//! 2. [`rank`] fuses what words and vectors found, and picks the examples.
//! 3. [`nearness`], [`novelty`] and [`strangeness`] say how new the message is.
//! 4. [`guess`] says which category it looks like, and how sure that is.
//! 5. [`kinship`] says, when a correction is stored, what it does to the ones like it.

mod candidate;
mod guess;
mod kinship;
mod novelty;
mod query;
mod rank;

pub use candidate::{CANDIDATES_MAX, Candidate};
pub use guess::{Guess, guess};
pub use kinship::{Kinship, NEAR_DUPLICATE_COSINE, kinship, shared_words};
pub use novelty::{HISTORY_MAX, Nearness, nearness, novelty, strangeness};
pub use query::{
    CONTENT_TERMS_MAX, FTS_TOKENIZER, ROWS_SCORED_ALONE_MAX, ROWS_SCORED_MAX, TERM_CHARS_MAX,
    TERMS_MAX, affordable_expression, content_expression, content_terms, match_expression,
    term_expression,
};
pub use rank::{Asked, EXAMPLES_MAX, Ranked, rank};
