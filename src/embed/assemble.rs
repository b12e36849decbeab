//! The published float weights as our one file. Native only; it must not read files itself.

#![expect(
    clippy::cast_possible_truncation,
    clippy::arithmetic_side_effects,
    reason = "runs once at set-up, on tensors whose shapes are checked first"
)]

use crate::kernel::GROUP;
use crate::tokenizer::TOKENS_MAX;
use crate::vector::DIMENSIONS;
use crate::weights::{INNER, LAYERS, MAGIC};

/// The file of weights from the published tensors (`tensor` gives the one of a name, row major)
/// and the text of `vocab.txt`, one piece a line.
///
/// # Errors
/// Where a tensor is missing or of another size, or the vocabulary has more than 65,536 pieces.
pub fn assemble(
    vocabulary: &str,
    tensor: &impl Fn(&str) -> Result<Vec<f32>, String>,
) -> Result<Vec<u8>, String> {
    let mut file = File {
        bytes: MAGIC.to_vec(),
        tensor,
    };
    let pieces = file.vocabulary(vocabulary)?;
    let words = file.sized("embeddings.word_embeddings.weight", pieces * DIMENSIONS)?;
    let (rows, scales) = quantise(&words, DIMENSIONS);
    file.bytes
        .extend(rows.iter().map(|value| value.cast_unsigned()));
    file.floats(&scales);
    file.positions()?;
    file.norm("embeddings.LayerNorm")?;
    for layer in 0..LAYERS {
        let at = |part: &str| format!("encoder.layer.{layer}.{part}");
        let attend = ["query", "key", "value"].map(|part| at(&format!("attention.self.{part}")));
        file.matrix(&attend, DIMENSIONS, DIMENSIONS)?;
        file.matrix(&[at("attention.output.dense")], DIMENSIONS, DIMENSIONS)?;
        file.norm(&at("attention.output.LayerNorm"))?;
        file.matrix(&[at("intermediate.dense")], DIMENSIONS, INNER)?;
        file.matrix(&[at("output.dense")], INNER, DIMENSIONS)?;
        file.norm(&at("output.LayerNorm"))?;
    }
    Ok(file.bytes)
}

struct File<'a, T> {
    bytes: Vec<u8>,
    tensor: &'a T,
}

impl<T: Fn(&str) -> Result<Vec<f32>, String>> File<'_, T> {
    fn sized(&self, name: &str, size: usize) -> Result<Vec<f32>, String> {
        let values = (self.tensor)(name)?;
        if values.len() == size {
            Ok(values)
        } else {
            Err(format!("`{name}` has {} values, not {size}", values.len()))
        }
    }

    fn floats(&mut self, values: &[f32]) {
        self.bytes
            .extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }

    fn number(&mut self, value: usize) -> Result<(), String> {
        let value = u32::try_from(value).map_err(|_| "too many bytes".to_owned())?;
        self.bytes.extend(value.to_le_bytes());
        Ok(())
    }

    fn vocabulary(&mut self, text: &str) -> Result<usize, String> {
        let mut pieces = Vec::new();
        for (line, piece) in text.lines().enumerate() {
            let id = u16::try_from(line).map_err(|_| "more than 65,536 word pieces".to_owned())?;
            pieces.push((piece, id));
        }
        pieces.sort_unstable();
        self.number(pieces.len())?;
        self.number(pieces.iter().map(|(piece, _)| piece.len()).sum())?;
        let mut start = 0;
        self.number(start)?;
        for (piece, _) in &pieces {
            start += piece.len();
            self.number(start)?;
        }
        self.bytes
            .extend(pieces.iter().flat_map(|(_, id)| id.to_le_bytes()));
        self.bytes
            .extend(pieces.iter().flat_map(|(piece, _)| piece.bytes()));
        Ok(pieces.len())
    }

    fn positions(&mut self) -> Result<(), String> {
        let positions = (self.tensor)("embeddings.position_embeddings.weight")?;
        let kind = self.sized("embeddings.token_type_embeddings.weight", 2 * DIMENSIONS)?;
        let rows = positions.chunks_exact(DIMENSIONS).take(TOKENS_MAX);
        if rows.len() != TOKENS_MAX {
            return Err(format!("positions for {} tokens only", rows.len()));
        }
        let summed: Vec<f32> = rows
            .flat_map(|row| row.iter().zip(&kind).map(|(a, b)| a + b))
            .collect();
        self.floats(&summed);
        Ok(())
    }

    fn norm(&mut self, name: &str) -> Result<(), String> {
        for part in ["weight", "bias"] {
            let values = self.sized(&format!("{name}.{part}"), DIMENSIONS)?;
            self.floats(&values);
        }
        Ok(())
    }

    /// Matrices with the same inputs, their channels one after another.
    fn matrix(&mut self, names: &[String], inputs: usize, outputs: usize) -> Result<(), String> {
        let (mut weights, mut bias) = (Vec::new(), Vec::new());
        for name in names {
            weights.extend(self.sized(&format!("{name}.weight"), inputs * outputs)?);
            bias.extend(self.sized(&format!("{name}.bias"), outputs)?);
        }
        let (rows, scales) = quantise(&weights, inputs);
        for group in rows.chunks_exact(inputs * GROUP) {
            for pair in 0..inputs / 2 {
                for row in group.chunks_exact(inputs) {
                    let two = row.iter().skip(2 * pair).take(2);
                    self.bytes.extend(two.map(|value| value.cast_unsigned()));
                }
            }
        }
        self.floats(&scales);
        self.floats(&bias);
        Ok(())
    }
}

/// Rows in int8, each with the scale that brings its largest value to ±127.
fn quantise(values: &[f32], width: usize) -> (Vec<i8>, Vec<f32>) {
    let mut scales = Vec::new();
    let mut rows = Vec::with_capacity(values.len());
    for row in values.chunks_exact(width) {
        let largest = row
            .iter()
            .fold(0.0_f32, |most, value| most.max(value.abs()));
        let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        scales.push(scale);
        rows.extend(row.iter().map(|value| (value / scale).round() as i8));
    }
    (rows, scales)
}
