//! The published model in plain 32-bit floats, as its own paper writes it down: what the int8
//! module is compared with. It shares no code with `src/embed`.

use safetensors::SafeTensors;
use std::collections::BTreeMap;

const WIDTH: usize = 384;
const HEADS: usize = 12;

/// Tensors by name.
pub struct Reference(BTreeMap<String, Vec<f32>>);

impl Reference {
    /// Reads `model.safetensors`.
    pub fn new(bytes: &[u8]) -> Result<Self, String> {
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
        let floats = |data: &[u8]| {
            let (chunks, _) = data.as_chunks::<4>();
            chunks
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .collect()
        };
        Ok(Self(
            tensors
                .iter()
                .map(|(name, view)| (name.to_owned(), floats(view.data())))
                .collect(),
        ))
    }

    fn get(&self, name: &str) -> &[f32] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// The normalised mean of the last layer.
    pub fn embed(&self, ids: &[u16]) -> Vec<f32> {
        let words = self.get("embeddings.word_embeddings.weight");
        let places = self.get("embeddings.position_embeddings.weight");
        let kind = self.get("embeddings.token_type_embeddings.weight");
        let mut states: Vec<Vec<f32>> = Vec::new();
        for (place, id) in ids.iter().enumerate() {
            let word = words.iter().skip(usize::from(*id) * WIDTH).take(WIDTH);
            let place = places.iter().skip(place * WIDTH).take(WIDTH);
            let row = word
                .zip(place)
                .zip(kind)
                .map(|((word, place), kind)| word + place + kind);
            states.push(self.norm("embeddings.LayerNorm", row.collect()));
        }
        for layer in 0..6 {
            states = self.layer(&format!("encoder.layer.{layer}"), &states);
        }
        let mut mean = vec![0.0_f32; WIDTH];
        for row in &states {
            mean.iter_mut()
                .zip(row)
                .for_each(|(sum, value)| *sum += value);
        }
        let length = mean.iter().map(|value| value * value).sum::<f32>().sqrt();
        mean.iter().map(|value| value / length).collect()
    }

    fn layer(&self, name: &str, states: &[Vec<f32>]) -> Vec<Vec<f32>> {
        let rows = |part: &str| -> Vec<Vec<f32>> {
            let name = format!("{name}.attention.self.{part}");
            states.iter().map(|row| self.linear(&name, row)).collect()
        };
        let (queries, keys, values) = (rows("query"), rows("key"), rows("value"));
        let size = WIDTH / HEADS;
        let mut next = Vec::new();
        for (query, state) in queries.iter().zip(states) {
            let mut mixed = Vec::new();
            for head in 0..HEADS {
                let part = |row: &'_ [f32]| {
                    row.iter()
                        .skip(head * size)
                        .take(size)
                        .copied()
                        .collect::<Vec<f32>>()
                };
                let query = part(query);
                let score = |key: &Vec<f32>| {
                    let dot: f32 = query.iter().zip(part(key)).map(|(a, b)| a * b).sum();
                    libm::expf(dot / libm::sqrtf(size as f32))
                };
                let scores: Vec<f32> = keys.iter().map(score).collect();
                let total: f32 = scores.iter().sum();
                let mut sums = vec![0.0_f32; size];
                for (score, value) in scores.iter().zip(&values) {
                    let value = part(value);
                    sums.iter_mut()
                        .zip(value)
                        .for_each(|(sum, value)| *sum += score / total * value);
                }
                mixed.extend(sums);
            }
            let added = add(
                self.linear(&format!("{name}.attention.output.dense"), &mixed),
                state,
            );
            let attended = self.norm(&format!("{name}.attention.output.LayerNorm"), added);
            let inner = self.linear(&format!("{name}.intermediate.dense"), &attended);
            let gelu = |x: &f32| 0.5 * x * (1.0 + libm::erff(x / std::f32::consts::SQRT_2));
            let inner: Vec<f32> = inner.iter().map(gelu).collect();
            let added = add(
                self.linear(&format!("{name}.output.dense"), &inner),
                &attended,
            );
            next.push(self.norm(&format!("{name}.output.LayerNorm"), added));
        }
        next
    }

    fn linear(&self, name: &str, row: &[f32]) -> Vec<f32> {
        let weights = self.get(&format!("{name}.weight")).chunks_exact(row.len());
        let bias = self.get(&format!("{name}.bias"));
        weights
            .zip(bias)
            .map(|(weights, bias)| dot(weights, row) + bias)
            .collect()
    }

    fn norm(&self, name: &str, row: Vec<f32>) -> Vec<f32> {
        let mean = row.iter().sum::<f32>() / WIDTH as f32;
        let spread = row
            .iter()
            .map(|value| (value - mean) * (value - mean))
            .sum::<f32>()
            / WIDTH as f32;
        let gain = self.get(&format!("{name}.weight"));
        let bias = self.get(&format!("{name}.bias"));
        let scaled = row
            .iter()
            .map(|value| (value - mean) / (spread + 1e-12).sqrt());
        scaled
            .zip(gain)
            .zip(bias)
            .map(|((value, gain), bias)| value * gain + bias)
            .collect()
    }
}

/// Eight sums side by side, so that the compiler can use vector instructions.
fn dot(one: &[f32], other: &[f32]) -> f32 {
    let (one, other) = (one.as_chunks::<8>().0, other.as_chunks::<8>().0);
    let mut sums = [0.0_f32; 8];
    for (one, other) in one.iter().zip(other) {
        for ((sum, one), other) in sums.iter_mut().zip(one).zip(other) {
            *sum += one * other;
        }
    }
    sums.iter().sum()
}

fn add(mut one: Vec<f32>, other: &[f32]) -> Vec<f32> {
    one.iter_mut()
        .zip(other)
        .for_each(|(sum, value)| *sum += value);
    one
}
