//! The float parts: norm, softmax, GELU. Loops are written so that the compiler vectorises them
//! without changing any order of additions: the same bits natively and in Wasm.

use crate::vector::DIMENSIONS;

/// Lanes summed side by side, then folded in order.
const LANES: usize = 8;

/// e^x for x in [-87, 88], to 2 in the last place; clamped outside. No table, no branch.
#[inline]
pub(crate) fn exp(x: f32) -> f32 {
    /// 1.5 · 2^23: adding it rounds to an integer that stands in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * core::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    // ln 2 in two parts, so that the remainder keeps its bits (Cephes).
    let rest = x - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    let series = ((((1.987_569_1e-4 * rest + 1.398_199_9e-3) * rest + 8.333_452e-3) * rest
        + 4.166_579_6e-2)
        * rest
        + 1.666_666_5e-1)
        * rest
        + 0.5;
    let fraction = series * rest * rest + rest + 1.0;
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    fraction * power
}

/// x · Φ(x) with the error function of Abramowitz and Stegun 7.1.26 (1.5e-7).
#[inline]
pub(crate) fn gelu(x: f32) -> f32 {
    let z = x.abs() * core::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let series = ((((1.061_405_4 * t - 1.453_152) * t + 1.421_413_7) * t - 0.284_496_74) * t
        + 0.254_829_6)
        * t;
    let erf = (1.0 - series * exp(-z * z)).copysign(x);
    0.5 * x * (1.0 + erf)
}

/// Subtracts the mean, divides by the deviation, applies gain and bias.
pub(crate) fn normalise(row: &mut [f32], gain: &[f32], bias: &[f32]) {
    let scale = 1.0 / DIMENSIONS as f32;
    let mean = sum(row, |value| value) * scale;
    let variance = sum(row, |value| (value - mean) * (value - mean)) * scale;
    let inverse = 1.0 / (variance + 1e-12).sqrt();
    for ((value, gain), bias) in row.iter_mut().zip(gain).zip(bias) {
        *value = (*value - mean) * inverse * gain + bias;
    }
}

/// Turns scores into weights that sum to one.
pub(crate) fn softmax(row: &mut [f32]) {
    let largest = row.iter().copied().fold(f32::MIN, f32::max);
    for value in row.iter_mut() {
        *value = exp(*value - largest);
    }
    let inverse = 1.0 / sum(row, |value| value);
    for value in row.iter_mut() {
        *value *= inverse;
    }
}

/// The sum of `of(value)` over a row, in [`LANES`] running sums.
pub(crate) fn sum(row: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let (chunks, rest) = row.as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for chunk in chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += of(*value);
        }
    }
    for (sum, value) in sums.iter_mut().zip(rest) {
        *sum += of(*value);
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_close_everywhere_it_is_used() {
        for step in -8_700..=8_700_i16 {
            let x = f32::from(step) / 100.0;
            let expected = libm::exp(f64::from(x));
            let got = f64::from(exp(x));
            assert!(
                (got / expected - 1.0).abs() < 5e-7,
                "exp({x}) = {got}, not {expected}"
            );
        }
        assert_eq!(exp(0.0).to_bits(), 1.0_f32.to_bits());
        assert!(exp(-1e9) < 1e-37);
    }

    #[test]
    fn gelu_has_its_known_values() {
        for (x, expected) in [
            (0.0, 0.0),
            (1.0, 0.841_344_7),
            (-1.0, -0.158_655_3),
            (3.0, 2.995_95),
        ] {
            assert!((gelu(x) - expected).abs() < 1e-5, "gelu({x}) = {}", gelu(x));
        }
    }

    #[test]
    fn softmax_sums_to_one() {
        let mut row = [1.0, 2.0, 3.0, -50.0, 80.0];
        softmax(&mut row);
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
