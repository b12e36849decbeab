//! Laws that hold for every input, one module per noun. They must not repeat the examples.

#[path = "laws/memory.rs"]
mod memory;

#[path = "laws/queue.rs"]
mod queue;
#[path = "laws/route.rs"]
mod route;
#[cfg(test)]
#[path = "laws/signal.rs"]
mod signal;
#[path = "laws/trust.rs"]
mod trust;
