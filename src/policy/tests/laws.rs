//! Laws that hold for every input, one module per noun. They must not repeat the examples; what a
//! failure found becomes a golden case. (`cfg(test)` tells the lints that a panic here is a report.)

#[cfg(test)]
#[path = "laws/backtest.rs"]
mod backtest;
#[cfg(test)]
#[path = "laws/canonical.rs"]
mod canonical;
#[cfg(test)]
#[path = "laws/desk.rs"]
mod desk;
#[cfg(test)]
#[path = "laws/diff.rs"]
mod diff;
#[cfg(test)]
#[path = "laws/document.rs"]
mod document;
#[cfg(test)]
#[path = "laws/edit.rs"]
mod edit;
#[cfg(test)]
#[path = "laws/invalid.rs"]
mod invalid;
#[cfg(test)]
#[path = "laws/lint.rs"]
mod lint;
#[cfg(test)]
#[path = "laws/log.rs"]
mod log;
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
#[cfg(test)]
#[path = "laws/widen.rs"]
mod widen;
