//! Laws that hold for every input, one module per noun. They must not repeat the examples.

#[path = "laws/memory.rs"]
mod memory;
