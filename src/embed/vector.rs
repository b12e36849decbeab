//! A sentence as 384 small integers. It must not know the model that made it.

#![expect(
    clippy::cast_possible_truncation,
    reason = "values are scaled into the range of their type before each cast"
)]

/// Dimensions of a sentence embedding.
pub const DIMENSIONS: usize = 384;

/// Bytes of a stored vector: one per dimension, then the inverse of its length as `f32`, little
/// endian.
pub const VECTOR_BYTES: usize = DIMENSIONS + 4;

/// A direction in int8: cosines between two are exact integer sums over their lengths.
#[derive(Clone, Debug, PartialEq)]
pub struct Vector {
    values: [i8; DIMENSIONS],
    inverse_length: f32,
}

impl Vector {
    /// The nearest int8 direction, with the largest component at ±127. A zero or non-finite
    /// direction becomes the zero vector, whose cosine with anything is 0.
    #[must_use]
    pub fn quantise(direction: &[f32; DIMENSIONS]) -> Self {
        let largest = direction
            .iter()
            .fold(0.0_f32, |most, value| most.max(value.abs()));
        let mut values = [0_i8; DIMENSIONS];
        if largest > 0.0 && largest.is_finite() {
            let scale = 127.0 / largest;
            for (slot, value) in values.iter_mut().zip(direction) {
                *slot = (value * scale).round() as i8;
            }
        }
        Self::from_values(values)
    }

    /// Reads a stored vector; `None` where the bytes are not [`VECTOR_BYTES`] long. The length is
    /// computed again, so that a damaged one cannot bend a ranking.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; VECTOR_BYTES] = bytes.try_into().ok()?;
        let mut values = [0_i8; DIMENSIONS];
        for (slot, byte) in values.iter_mut().zip(bytes) {
            *slot = byte.cast_signed();
        }
        Some(Self::from_values(values))
    }

    /// The stored form.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; VECTOR_BYTES] {
        let mut bytes = [0; VECTOR_BYTES];
        let length = self.inverse_length.to_le_bytes();
        let values = self.values.iter().map(|value| value.cast_unsigned());
        for (slot, byte) in bytes.iter_mut().zip(values.chain(length)) {
            *slot = byte;
        }
        bytes
    }

    /// The cosine, from -1 to 1; 0 where either is the zero vector.
    #[must_use]
    pub fn cosine(&self, other: &Self) -> f32 {
        let sum = crate::kernel::dot(&self.widened(), &other.bytes());
        sum as f32 * (self.inverse_length * other.inverse_length)
    }

    /// The components.
    #[must_use]
    pub fn values(&self) -> &[i8; DIMENSIONS] {
        &self.values
    }

    pub(crate) fn inverse_length(&self) -> f32 {
        self.inverse_length
    }

    pub(crate) fn widened(&self) -> [i16; DIMENSIONS] {
        self.values.map(i16::from)
    }

    fn bytes(&self) -> [u8; DIMENSIONS] {
        self.values.map(i8::cast_unsigned)
    }

    fn from_values(values: [i8; DIMENSIONS]) -> Self {
        // At most 384 · 128² < 2^23: exact in f32.
        let squares: f32 = values
            .iter()
            .map(|value| f32::from(*value) * f32::from(*value))
            .sum();
        let inverse_length = if squares > 0.0 {
            1.0 / squares.sqrt()
        } else {
            0.0
        };
        Self {
            values,
            inverse_length,
        }
    }
}
