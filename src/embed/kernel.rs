//! The integer kernels: where the time goes. They must not allocate and know nothing of layers.
//!
//! Three forms of one sum: simd128 in Wasm, AVX2 where the processor has it, plain Rust
//! elsewhere. All three give the same integers; a test holds them to it.
//!
//! A matrix is stored in groups of [`GROUP`] output channels; within a group come the weights of
//! inputs 0 and 1 for each of its channels, then of inputs 2 and 3, and so on. One 16-byte load
//! then feeds eight channels with two inputs each, and no sum across lanes is ever needed.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "index sums are bounded by slice lengths checked at entry; \
              sums of products stay below 2^31: 8191 · 127 · 1536 = 1.6e9"
)]

/// Output channels that are computed together.
pub(crate) const GROUP: usize = 8;

/// Tokens that are computed together: ten sums of four lanes, two rows of weights and a pair fit
/// the sixteen registers of a processor.
const ROWS: usize = 5;

type Sums = [[i32; GROUP]; ROWS];

/// Sums of products of rows of quantised inputs with one group of channels. `inputs` holds a row
/// of `width` for each token; `group` holds `width · GROUP` weights. Calls `store(token, sums)`
/// once for each token, in order.
pub(crate) fn multiply_group(
    inputs: &[i16],
    width: usize,
    group: &[u8],
    mut store: impl FnMut(usize, &[i32; GROUP]),
) {
    if width == 0 || !width.is_multiple_of(2) || group.len() != width * GROUP {
        return;
    }
    let mut token = 0;
    let mut rest = inputs;
    while rest.len() >= width {
        let rows = (rest.len() / width).min(ROWS);
        let (block, after) = rest.split_at(rows * width);
        let mut sums = [[0; GROUP]; ROWS];
        match rows {
            1 => multiply_rows::<1>(block, width, group, &mut sums),
            2 => multiply_rows::<2>(block, width, group, &mut sums),
            3 => multiply_rows::<3>(block, width, group, &mut sums),
            4 => multiply_rows::<4>(block, width, group, &mut sums),
            _ => multiply_rows::<ROWS>(block, width, group, &mut sums),
        }
        for sum in sums.iter().take(rows) {
            store(token, sum);
            token += 1;
        }
        rest = after;
    }
}

/// The dot product of 16-bit and 8-bit vectors of the same length.
pub(crate) fn dot(left: &[i16; 384], right: &[u8; 384]) -> i32 {
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    return wasm::dot(left, right);
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "the processor was just asked for AVX2")]
        return unsafe { avx2::dot(left, right) };
    }
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    plain_dot(left, right)
}

/// Sums of `R` rows of `width` inputs, which follow one another in `block`.
#[inline(always)]
fn multiply_rows<const R: usize>(block: &[i16], width: usize, group: &[u8], sums: &mut Sums) {
    let row = |index: usize| block.get(index * width..(index + 1) * width).unwrap_or(&[]);
    let rows: [&[i16]; R] = core::array::from_fn(row);
    if rows.iter().any(|row| row.len() != width) {
        return;
    }
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    return wasm::multiply_rows(rows, group, sums);
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "the processor was just asked for AVX2")]
        return unsafe { avx2::multiply_rows(rows, group, sums) };
    }
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    plain_multiply_rows(rows, group, sums);
}

#[cfg(any(test, not(all(target_arch = "wasm32", target_feature = "simd128"))))]
fn plain_dot(left: &[i16; 384], right: &[u8; 384]) -> i32 {
    left.iter()
        .zip(right)
        .map(|(a, b)| i32::from(*a) * i32::from(b.cast_signed()))
        .sum()
}

#[cfg(any(test, not(all(target_arch = "wasm32", target_feature = "simd128"))))]
fn plain_multiply_rows<const R: usize>(rows: [&[i16]; R], group: &[u8], sums: &mut Sums) {
    for (row, sums) in rows.iter().zip(sums) {
        let (pairs, _) = row.as_chunks::<2>();
        let (weights, _) = group.as_chunks::<{ 2 * GROUP }>();
        for ([first, second], weights) in pairs.iter().zip(weights) {
            let (weights, _) = weights.as_chunks::<2>();
            for (sum, [a, b]) in sums.iter_mut().zip(weights) {
                *sum += i32::from(*first) * i32::from(a.cast_signed())
                    + i32::from(*second) * i32::from(b.cast_signed());
            }
        }
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm {
    //! simd128: one load widens eight weights, one instruction multiplies and adds pairs.
    #![expect(
        unsafe_code,
        reason = "every pointer comes from a chunk of the length read"
    )]

    use super::{GROUP, Sums};
    use core::arch::wasm32::{
        i16x8_load_extend_i8x8, i32x4_add, i32x4_dot_i16x8, i32x4_extract_lane, i32x4_splat, v128,
        v128_load, v128_load32_splat, v128_store,
    };

    /// Every row has as many pairs as `group` has 16-byte chunks: the caller checked.
    #[inline(always)]
    pub(super) fn multiply_rows<const R: usize>(rows: [&[i16]; R], group: &[u8], sums: &mut Sums) {
        let zero = i32x4_splat(0);
        let mut low = [zero; R];
        let mut high = [zero; R];
        let starts = rows.map(<[i16]>::as_ptr);
        let (weights, _) = group.as_chunks::<{ 2 * GROUP }>();
        for (pair, weights) in weights.iter().enumerate() {
            // SAFETY: `weights` has 16 bytes, each row a pair for it; Wasm loads need no alignment.
            unsafe {
                let first = i16x8_load_extend_i8x8(weights.as_ptr().cast());
                let second = i16x8_load_extend_i8x8(weights.as_ptr().add(GROUP).cast());
                for ((low, high), start) in low.iter_mut().zip(&mut high).zip(starts) {
                    let inputs = v128_load32_splat(start.add(2 * pair).cast());
                    *low = i32x4_add(*low, i32x4_dot_i16x8(inputs, first));
                    *high = i32x4_add(*high, i32x4_dot_i16x8(inputs, second));
                }
            }
        }
        for ((sums, low), high) in sums.iter_mut().zip(low).zip(high) {
            // SAFETY: a row of sums is two vectors of four.
            unsafe {
                v128_store(sums.as_mut_ptr().cast(), low);
                v128_store(sums.as_mut_ptr().add(4).cast(), high);
            }
        }
    }

    pub(super) fn dot(left: &[i16; 384], right: &[u8; 384]) -> i32 {
        let mut sums: [v128; 2] = [i32x4_splat(0); 2];
        let (left, _) = left.as_chunks::<16>();
        let (right, _) = right.as_chunks::<16>();
        for (a, b) in left.iter().zip(right) {
            // SAFETY: `a` has 32 bytes and `b` 16; Wasm loads need no alignment.
            unsafe {
                let first = i16x8_load_extend_i8x8(b.as_ptr().cast());
                let second = i16x8_load_extend_i8x8(b.as_ptr().add(8).cast());
                let (near, far) = (
                    v128_load(a.as_ptr().cast()),
                    v128_load(a.as_ptr().add(8).cast()),
                );
                sums = [
                    i32x4_add(sums[0], i32x4_dot_i16x8(near, first)),
                    i32x4_add(sums[1], i32x4_dot_i16x8(far, second)),
                ];
            }
        }
        let sum = i32x4_add(sums[0], sums[1]);
        i32x4_extract_lane::<0>(sum)
            + i32x4_extract_lane::<1>(sum)
            + i32x4_extract_lane::<2>(sum)
            + i32x4_extract_lane::<3>(sum)
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    //! AVX2: the same sums, eight channels to a register.
    #![expect(
        unsafe_code,
        reason = "every pointer comes from a chunk of the length read"
    )]

    use super::{GROUP, Sums};
    use core::arch::x86_64::{
        __m256i, _mm_loadu_si128, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_loadu_si256,
        _mm256_madd_epi16, _mm256_set1_epi32, _mm256_setzero_si256, _mm256_storeu_si256,
    };

    /// Every row has as many pairs as `group` has 16-byte chunks: the caller checked.
    #[target_feature(enable = "avx2")]
    pub(super) fn multiply_rows<const R: usize>(rows: [&[i16]; R], group: &[u8], sums: &mut Sums) {
        let mut totals: [__m256i; R] = [_mm256_setzero_si256(); R];
        let starts = rows.map(<[i16]>::as_ptr);
        let (weights, _) = group.as_chunks::<{ 2 * GROUP }>();
        for (pair, weights) in weights.iter().enumerate() {
            // SAFETY: `weights` has 16 bytes; unaligned load.
            let weights = unsafe { _mm_loadu_si128(weights.as_ptr().cast()) };
            let weights = _mm256_cvtepi8_epi16(weights);
            for (total, start) in totals.iter_mut().zip(starts) {
                // SAFETY: each row has a pair for each chunk of weights; unaligned load.
                let inputs = unsafe { start.add(2 * pair).cast::<i32>().read_unaligned() };
                let product = _mm256_madd_epi16(_mm256_set1_epi32(inputs), weights);
                *total = _mm256_add_epi32(*total, product);
            }
        }
        for (sums, total) in sums.iter_mut().zip(totals) {
            // SAFETY: a row of sums is 32 bytes; unaligned store.
            unsafe { _mm256_storeu_si256(sums.as_mut_ptr().cast(), total) };
        }
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn dot(left: &[i16; 384], right: &[u8; 384]) -> i32 {
        let mut total = _mm256_setzero_si256();
        let (left, _) = left.as_chunks::<16>();
        let (right, _) = right.as_chunks::<16>();
        for (a, b) in left.iter().zip(right) {
            // SAFETY: `a` has 32 bytes and `b` 16; unaligned loads.
            let (a, b) = unsafe {
                (
                    _mm256_loadu_si256(a.as_ptr().cast()),
                    _mm_loadu_si128(b.as_ptr().cast()),
                )
            };
            let product = _mm256_madd_epi16(a, _mm256_cvtepi8_epi16(b));
            total = _mm256_add_epi32(total, product);
        }
        let mut lanes = [0_i32; 8];
        // SAFETY: eight lanes are 32 bytes; unaligned store.
        unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), total) };
        lanes.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_form_gives_the_same_sums(
            values in vec(-8191_i16..=8191, 7 * 64),
            group in vec(any::<u8>(), 64 * GROUP),
        ) {
            let mut token_next = 0;
            multiply_group(&values, 64, &group, |token, sums| {
                let mut expected = [[0; GROUP]; ROWS];
                plain_multiply_rows([&values[token * 64..][..64]], &group, &mut expected);
                assert_eq!(token, token_next);
                assert_eq!(sums, &expected[0]);
                token_next += 1;
            });
            prop_assert_eq!(token_next, 7);
        }

        #[test]
        fn every_form_gives_the_same_dot(
            left in vec(-128_i16..=127, 384),
            right in vec(any::<u8>(), 384),
        ) {
            let (left, right) = (left.try_into().unwrap(), right.try_into().unwrap());
            prop_assert_eq!(dot(&left, &right), plain_dot(&left, &right));
        }
    }

    #[test]
    fn a_group_of_another_size_gives_nothing() {
        multiply_group(&[1; 4], 4, &[1; 8], |_, _| panic!("stored"));
        multiply_group(&[], 4, &[1; 32], |_, _| panic!("stored"));
    }
}
