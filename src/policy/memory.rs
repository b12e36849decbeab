//! Memory: which past corrections an agent should see for a message, how new a message is, and
//! which category it looks like. Pure: candidates, scores and ages come in, rankings go out. It
//! must never read the index itself: `service/memory.rs` asks SQLite and the vectors.
//!
//! A message is handled in this order, each step a function of values:
//! 1. [`asking`] makes the full-text query, of every word or, beside vectors, of content words; in
//!    a large memory [`affordable_expression`] bounds what it costs.
//! 2. [`impression`] says how novel the message is and which category it looks like.
//! 3. [`rank`] fuses what words and vectors found, and picks the examples; [`masked`] takes another
//!    customer's personal data out of them, and [`prompt`] makes them one block of text.
//! 4. [`kinship`] says, when a correction is stored, what it does to the ones like it.

mod candidate;
mod guess;
mod impression;
mod kinship;
mod mask;
mod novelty;
mod prompt;
mod query;
mod rank;

pub use candidate::{CANDIDATES_MAX, Candidate};
pub use guess::{Guess, guess};
pub use impression::{Impression, impression, remember};
pub use kinship::{
    Kinship, NEAR_DUPLICATE_COSINE, Taught, Word, differs, kinship, outweighs, shared_words,
};
pub use mask::masked;
pub(crate) use mask::masked_value;
pub use novelty::{HISTORY_MAX, Nearness, nearest, nearness, novelty, strangeness};
pub use prompt::{PROMPT_TOKENS, PROMPT_TOKENS_MAX, Quoted, prompt};
pub use query::{
    Asking, CONTENT_TERMS_MAX, FTS_TOKENIZER, ROWS_SCORED_MAX, TERM_CHARS_MAX, TERMS_MAX,
    affordable_expression, asking, content_expression, content_terms, match_expression,
    term_expression,
};
pub use rank::{Asked, EXAMPLES_BYTES_MAX, EXAMPLES_MAX, Ranked, alike, rank};
