//! Decides. Values in, values out; it must never read a clock, draw a random number, wait, or
//! touch a network or a disk: time, ids, random numbers, levels and thresholds are arguments.

pub mod diff;
pub mod edit;
