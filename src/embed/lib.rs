//! Text to vector. all-MiniLM-L6-v2 (384 dimensions, mean pooled, normalised) from one int8 file,
//! and the exact scan over stored vectors. It must never fetch, wait, or read a clock: the caller
//! brings the bytes of the weights.
//!
//! * [`Weights`] reads the one file, without copying its large tables.
//! * [`Vocabulary`] splits text into word pieces as the reference tokenizer does.
//! * [`Model`] turns text into a [`Vector`].
//! * [`Scan`] finds the nearest of many stored vectors, block by block; [`Held`] keeps blocks in
//!   memory between scans.
//!
//! Weights are int8 with a scale per output channel. Activations are quantised per token to 14
//! bits, which costs nothing over 8 because SIMD multiplies 16-bit lanes, and leaves the weights
//! as the only loss. All integers are exact and all floats use `+ - * /`, square root and our own
//! polynomial in a fixed order, so a vector is the same to the bit natively and in Wasm.

#[cfg(any(test, feature = "convert"))]
mod assemble;
mod held;
mod kernel;
mod math;
mod model;
#[cfg(feature = "module")]
mod module;
mod scan;
mod tokenizer;
mod vector;
mod weights;

#[cfg(any(test, feature = "convert"))]
pub use assemble::assemble;
pub use held::Held;
pub use model::Model;
pub use scan::{Neighbour, Scan};
pub use tokenizer::{TOKENS_MAX, Vocabulary};
pub use vector::{DIMENSIONS, VECTOR_BYTES, Vector};
pub use weights::{WEIGHTS_BYTES_MAX, Weights, WeightsError};
