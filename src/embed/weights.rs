//! The one file of weights: what stands where. It must not compute with what it reads.
//!
//! Little endian, sections in this order, no padding: magic (8 bytes), number of word pieces
//! (`u32`), bytes of their text (`u32`); their starts (`u32`, one more than pieces), ids (`u16`),
//! text; word rows (int8) and their scales; position rows (`f32`, the token type's row added);
//! gain and bias of the first norm; then for each layer the matrices query-key-value, output,
//! rise and fall, each as weights (int8, in the order of `kernel.rs`), scales and bias, with the
//! gain and bias of the norm behind output and behind fall.

use crate::tokenizer::{TOKENS_MAX, Vocabulary};
use crate::vector::DIMENSIONS;

/// Layers of the model.
pub(crate) const LAYERS: usize = 6;
/// Attention heads of each layer.
pub(crate) const HEADS: usize = 12;
/// Dimensions of one head.
pub(crate) const HEAD: usize = DIMENSIONS / HEADS;
/// Width of the layer's inner step.
pub(crate) const INNER: usize = 4 * DIMENSIONS;

/// The first eight bytes: name and version of the form.
pub(crate) const MAGIC: [u8; 8] = *b"CSMINI01";

/// Bytes of the file: 30,522 words · 384 + 6 layers · 1,769,472 weights are 22.3 MB; scales,
/// biases, positions and vocabulary bring it to 23.4 MB. A static asset may have 25 MiB.
pub const WEIGHTS_BYTES_MAX: usize = 24_000_000;

/// Why bytes are not our weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightsError {
    /// They begin with something else, or with another version.
    Foreign,
    /// They end early, or go on too long: a download was cut, or two were mixed.
    Length,
    /// The vocabulary lacks the marks that every text begins and ends with.
    Vocabulary,
}

impl core::fmt::Display for WeightsError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str(match self {
            Self::Foreign => "not a file of weights of this version",
            Self::Length => "the file of weights is cut or too long",
            Self::Vocabulary => "the vocabulary lacks its marks",
        })
    }
}

/// The weights, borrowed where they are large.
#[derive(Debug)]
pub struct Weights<'a> {
    pub(crate) vocabulary: Vocabulary<'a>,
    pub(crate) words: &'a [u8],
    pub(crate) word_scales: Vec<f32>,
    pub(crate) positions: Vec<f32>,
    pub(crate) norm: Norm,
    pub(crate) layers: Vec<Layer<'a>>,
}

/// Gain and bias of a layer norm.
#[derive(Debug)]
pub(crate) struct Norm {
    pub(crate) gain: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

/// An int8 matrix with a scale and a bias for each output channel.
#[derive(Debug)]
pub(crate) struct Matrix<'a> {
    pub(crate) inputs: usize,
    pub(crate) weights: &'a [u8],
    pub(crate) scales: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

/// One transformer layer.
#[derive(Debug)]
pub(crate) struct Layer<'a> {
    pub(crate) attend: Matrix<'a>,
    pub(crate) output: Matrix<'a>,
    pub(crate) output_norm: Norm,
    pub(crate) rise: Matrix<'a>,
    pub(crate) fall: Matrix<'a>,
    pub(crate) fall_norm: Norm,
}

impl<'a> Weights<'a> {
    /// Reads the file.
    ///
    /// # Errors
    /// Where the bytes are not exactly one file of weights.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, WeightsError> {
        let mut reader = Reader { rest: bytes };
        if reader.take(MAGIC.len()) != Ok(MAGIC.as_slice()) {
            return Err(WeightsError::Foreign);
        }
        let (pieces, text) = (reader.number()?, reader.number()?);
        let starts = reader.take(pieces.saturating_add(1).saturating_mul(4))?;
        let ids = reader.take(pieces.saturating_mul(2))?;
        let vocabulary = Vocabulary::new(starts, ids, reader.take(text)?);
        let words = reader.take(pieces.saturating_mul(DIMENSIONS))?;
        let weights = Self {
            vocabulary: vocabulary.ok_or(WeightsError::Vocabulary)?,
            words,
            word_scales: reader.floats(pieces)?,
            positions: reader.floats(TOKENS_MAX * DIMENSIONS)?,
            norm: reader.norm()?,
            layers: (0..LAYERS)
                .map(|_| reader.layer())
                .collect::<Result<_, _>>()?,
        };
        if reader.rest.is_empty() {
            Ok(weights)
        } else {
            Err(WeightsError::Length)
        }
    }

    /// The vocabulary in the file.
    #[must_use]
    pub fn vocabulary(&self) -> &Vocabulary<'a> {
        &self.vocabulary
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], WeightsError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(WeightsError::Length)?;
        self.rest = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<usize, WeightsError> {
        let (chunks, _) = self.take(4)?.as_chunks::<4>();
        chunks
            .first()
            .map(|bytes| u32::from_le_bytes(*bytes) as usize)
            .ok_or(WeightsError::Length)
    }

    fn floats(&mut self, count: usize) -> Result<Vec<f32>, WeightsError> {
        let (chunks, _) = self.take(count.saturating_mul(4))?.as_chunks::<4>();
        Ok(chunks
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect())
    }

    fn norm(&mut self) -> Result<Norm, WeightsError> {
        Ok(Norm {
            gain: self.floats(DIMENSIONS)?,
            bias: self.floats(DIMENSIONS)?,
        })
    }

    fn matrix(&mut self, inputs: usize, outputs: usize) -> Result<Matrix<'a>, WeightsError> {
        Ok(Matrix {
            inputs,
            weights: self.take(inputs.saturating_mul(outputs))?,
            scales: self.floats(outputs)?,
            bias: self.floats(outputs)?,
        })
    }

    fn layer(&mut self) -> Result<Layer<'a>, WeightsError> {
        Ok(Layer {
            attend: self.matrix(DIMENSIONS, 3 * DIMENSIONS)?,
            output: self.matrix(DIMENSIONS, DIMENSIONS)?,
            output_norm: self.norm()?,
            rise: self.matrix(DIMENSIONS, INNER)?,
            fall: self.matrix(INNER, DIMENSIONS)?,
            fall_norm: self.norm()?,
        })
    }
}
