//! Laws that hold for every input, one module per noun. They must not repeat the examples.

#[path = "laws/memory.rs"]
mod memory;

#[path = "laws/queue.rs"]
mod queue;
#[path = "laws/route.rs"]
mod route;
#[path = "laws/trust.rs"]
mod trust;
//! Laws: what must hold for any input, by property test, and the golden cases. One module for each
//! file of the crate that they are about; a failure's seed becomes a golden case.
#![expect(clippy::indexing_slicing, reason = "a panic of a test is its report")]

#[path = "laws/diff.rs"]
mod diff;
#[path = "laws/edit.rs"]
mod edit;
