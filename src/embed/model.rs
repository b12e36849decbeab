//! The transformer: word pieces to one direction. It must not know where its weights came from.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "indices stay inside buffers sized from the same numbers; \
              values are scaled into the range of their type before each cast"
)]

use crate::kernel::{GROUP, multiply_group};
use crate::math::{gelu, normalise, softmax};
use crate::vector::{DIMENSIONS, Vector};
use crate::weights::{HEAD, HEADS, Layer, Matrix, Weights};

/// Quantised activations reach ±8191: 8191 · 127 · 1536 inputs stay below 2^31.
const ACTIVATION_MAX: f32 = 8191.0;

/// Turns texts into vectors.
#[derive(Debug)]
pub struct Model<'a> {
    weights: Weights<'a>,
}

/// Rows of quantised activations, one per token, each with its scale.
#[derive(Default)]
struct Quantised {
    values: Vec<i16>,
    scales: Vec<f32>,
}

impl<'a> Model<'a> {
    /// A model over these weights.
    #[must_use]
    pub fn new(weights: Weights<'a>) -> Self {
        Self { weights }
    }

    /// The vector of a text, of which at most `tokens_max` word pieces are read. Never fails:
    /// an empty text has a vector too.
    #[must_use]
    pub fn embed(&self, text: &str, tokens_max: usize) -> Vector {
        Vector::quantise(&self.direction(text, tokens_max))
    }

    /// The same before it is rounded to int8, with length one.
    #[must_use]
    pub fn direction(&self, text: &str, tokens_max: usize) -> [f32; DIMENSIONS] {
        let ids = self.weights.vocabulary.tokenise(text, tokens_max);
        let mut states = self.words(&ids);
        let mut work = Work::new(ids.len());
        for layer in &self.weights.layers {
            work.layer(layer, &mut states);
        }
        pool(&states)
    }

    /// The weights it reads.
    #[must_use]
    pub fn weights(&self) -> &Weights<'a> {
        &self.weights
    }

    /// Rows of the word pieces, with their positions, normalised.
    fn words(&self, ids: &[u16]) -> Vec<f32> {
        let weights = &self.weights;
        let mut states = Vec::with_capacity(ids.len() * DIMENSIONS);
        for (id, position) in ids.iter().zip(weights.positions.chunks_exact(DIMENSIONS)) {
            let id = usize::from(*id);
            let start = id * DIMENSIONS;
            let row = weights.words.get(start..start + DIMENSIONS).unwrap_or(&[]);
            let scale = weights.word_scales.get(id).copied().unwrap_or(0.0);
            let row = row.iter().zip(position);
            states.extend(row.map(|(word, at)| f32::from(word.cast_signed()) * scale + at));
        }
        for row in states.chunks_exact_mut(DIMENSIONS) {
            normalise(row, &weights.norm.gain, &weights.norm.bias);
        }
        states
    }
}

/// Buffers that layers share.
struct Work {
    tokens: usize,
    quantised: Quantised,
    wide: Vec<f32>,
    narrow: Vec<f32>,
    keys: Vec<f32>,
    scores: Vec<f32>,
}

impl Work {
    fn new(tokens: usize) -> Self {
        Self {
            tokens,
            quantised: Quantised::default(),
            wide: Vec::new(),
            narrow: vec![0.0; tokens * DIMENSIONS],
            keys: vec![0.0; tokens * HEAD],
            scores: vec![0.0; tokens],
        }
    }

    /// One layer, in place.
    fn layer(&mut self, layer: &Layer<'_>, states: &mut [f32]) {
        self.quantised.fill(states, DIMENSIONS);
        multiply(&self.quantised, &layer.attend, &mut self.wide);
        for head in 0..HEADS {
            self.attend(head);
        }
        self.quantised.fill(&self.narrow, DIMENSIONS);
        multiply(&self.quantised, &layer.output, &mut self.wide);
        add_normalised(
            states,
            &self.wide,
            &layer.output_norm.gain,
            &layer.output_norm.bias,
        );

        self.quantised.fill(states, DIMENSIONS);
        multiply(&self.quantised, &layer.rise, &mut self.wide);
        for value in &mut self.wide {
            *value = gelu(*value);
        }
        self.quantised.fill(&self.wide, layer.fall.inputs);
        multiply(&self.quantised, &layer.fall, &mut self.wide);
        add_normalised(
            states,
            &self.wide,
            &layer.fall_norm.gain,
            &layer.fall_norm.bias,
        );
    }

    /// One head: reads query, key and value rows from `wide`, writes its part of `narrow`.
    fn attend(&mut self, head: usize) {
        let Self {
            tokens,
            wide,
            narrow,
            keys,
            scores,
            ..
        } = self;
        let width = 3 * DIMENSIONS;
        let part = |row: usize, kind: usize| {
            let start = row * width + kind * DIMENSIONS + head * HEAD;
            wide.get(start..start + HEAD).unwrap_or(&[])
        };
        // Keys with a dimension per row, so that scores of all tokens are computed side by side.
        for token in 0..*tokens {
            for (dimension, value) in part(token, 1).iter().enumerate() {
                if let Some(slot) = keys.get_mut(dimension * *tokens + token) {
                    *slot = *value;
                }
            }
        }
        let scale = 1.0 / (HEAD as f32).sqrt();
        for token in 0..*tokens {
            scores.fill(0.0);
            for (query, keys) in part(token, 0).iter().zip(keys.chunks_exact(*tokens)) {
                for (score, key) in scores.iter_mut().zip(keys) {
                    *score += query * key;
                }
            }
            scores.iter_mut().for_each(|score| *score *= scale);
            softmax(scores);
            let mut mixed = [0.0_f32; HEAD];
            for (other, score) in scores.iter().enumerate() {
                for (sum, value) in mixed.iter_mut().zip(part(other, 2)) {
                    *sum += score * value;
                }
            }
            let start = token * DIMENSIONS + head * HEAD;
            if let Some(slot) = narrow.get_mut(start..start + HEAD) {
                slot.copy_from_slice(&mixed);
            }
        }
    }
}

impl Quantised {
    fn fill(&mut self, states: &[f32], width: usize) {
        /// 1.5 · 2^23: adding it rounds to an integer that stands in the low bits.
        const ROUND: f32 = 12_582_912.0;
        self.values.clear();
        self.scales.clear();
        for row in states.chunks_exact(width) {
            let largest = largest(row);
            let inverse = if largest > 0.0 {
                ACTIVATION_MAX / largest
            } else {
                0.0
            };
            self.scales.push(largest / ACTIVATION_MAX);
            let rounded = row
                .iter()
                .map(|value| (value * inverse + ROUND).to_bits() as u16);
            self.values.extend(rounded.map(u16::cast_signed));
        }
    }
}

/// The largest magnitude of a row.
fn largest(row: &[f32]) -> f32 {
    let (chunks, rest) = row.as_chunks::<8>();
    let mut lanes = [0.0_f32; 8];
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            let value = value.abs();
            *lane = if value > *lane { value } else { *lane };
        }
    }
    lanes
        .iter()
        .chain(rest)
        .fold(0.0, |most: f32, value| most.max(value.abs()))
}

/// Every token's row times the matrix, scaled back to floats, plus bias.
fn multiply(inputs: &Quantised, matrix: &Matrix<'_>, outputs: &mut Vec<f32>) {
    let width = matrix.scales.len();
    outputs.clear();
    outputs.resize(inputs.scales.len() * width, 0.0);
    let (scales, _) = matrix.scales.as_chunks::<GROUP>();
    let (bias, _) = matrix.bias.as_chunks::<GROUP>();
    let groups = matrix.weights.chunks_exact(matrix.inputs * GROUP);
    for (index, ((group, scales), bias)) in groups.zip(scales).zip(bias).enumerate() {
        multiply_group(&inputs.values, matrix.inputs, group, |token, sums| {
            let start = token * width + index * GROUP;
            let scale = inputs.scales.get(token).copied().unwrap_or(0.0);
            let Some(slots) = outputs.get_mut(start..start + GROUP) else {
                return;
            };
            for (((slot, sum), channel), bias) in slots.iter_mut().zip(sums).zip(scales).zip(bias) {
                *slot = *sum as f32 * (scale * channel) + bias;
            }
        });
    }
}

/// Adds what a step computed to the states and normalises them.
fn add_normalised(states: &mut [f32], step: &[f32], gain: &[f32], bias: &[f32]) {
    let rows = states
        .chunks_exact_mut(DIMENSIONS)
        .zip(step.chunks_exact(DIMENSIONS));
    for (row, step) in rows {
        for (value, step) in row.iter_mut().zip(step) {
            *value += step;
        }
        normalise(row, gain, bias);
    }
}

/// The mean over tokens, with length one.
fn pool(states: &[f32]) -> [f32; DIMENSIONS] {
    let mut sums = [0.0_f32; DIMENSIONS];
    for row in states.chunks_exact(DIMENSIONS) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
    let length = crate::math::sum(&sums, |value| value * value).sqrt();
    if length > 0.0 {
        sums.iter_mut().for_each(|sum| *sum /= length);
    }
    sums
}
