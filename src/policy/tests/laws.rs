//! Laws that hold for every input, one module per noun. They must not repeat the examples; what a
//! failure found becomes a golden case.

#[path = "laws/diff.rs"]
mod diff;
#[path = "laws/edit.rs"]
mod edit;
#[path = "laws/memory.rs"]
mod memory;
#[path = "laws/queue.rs"]
mod queue;
#[path = "laws/route.rs"]
mod route;
#[path = "laws/trust.rs"]
mod trust;
