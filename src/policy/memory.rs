//! Memory: which past corrections an agent should see for a message, how new a message is, and
//! which category it looks like. Pure: candidates, scores and ages come in, rankings go out. It
//! must never read the index itself; `service/memory.rs` asks SQLite and the vectors.

mod query;

pub use query::{FTS_TOKENIZER, TERM_CHARS_MAX, TERMS_MAX, match_expression};
