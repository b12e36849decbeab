//! Laws that hold for every input, one module per noun. They must not repeat the examples.

#[cfg(test)]
#[path = "laws/memory.rs"]
mod memory;
#[cfg(test)]
#[path = "laws/queue.rs"]
mod queue;
#[cfg(test)]
#[path = "laws/route.rs"]
mod route;
#[cfg(test)]
#[path = "laws/signal.rs"]
mod signal;
#[cfg(test)]
#[path = "laws/trust.rs"]
mod trust;
