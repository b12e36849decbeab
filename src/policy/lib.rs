//! Decides. Values in, values out; it must never read a clock, draw a random number, wait, or
//! touch a network or a disk: time, ids, random numbers, levels and thresholds are arguments.

pub mod backtest;
pub mod binomial;
pub mod calibrate;
pub mod case;
pub mod catalogue;
pub mod compiled;
pub mod conversation;
pub mod day;
pub mod delivery;
pub mod destination;
pub mod diff;
pub mod digest;
pub mod document;
pub mod draft;
pub mod edit;
pub mod guardrail;
pub mod invalid;
pub mod key;
pub mod level;
pub mod lint;
pub mod log;
pub mod memory;
pub mod pace;
pub mod problem;
pub mod queue;
pub mod ratio;
pub mod refusal;
pub mod route;
pub mod signal;
pub mod starting;
pub mod stop;
pub mod time;
pub mod trust;
pub mod verdict;
pub mod webhook;
