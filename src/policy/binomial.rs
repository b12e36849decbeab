//! Binomial tails and the intervals made of them: how sure counts of successes make us. It must
//! not know what is counted, nor round anything for people.
//!
//! All counts are whole trials (0 to 2^32 - 1), all probabilities lie in 0 to 1. Logarithms and
//! the gamma function come from `libm`, so that every platform gets the same bits.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "float arithmetic, and integers that a comparison just bounded"
)]

use serde::{Deserialize, Serialize};

/// The 97.5 % point of the normal distribution: two-sided 95 %.
pub const Z_TWO_SIDED_95: f64 = 1.959_963_984_540_054;

/// Halvings of an interval of length 1: enough to reach the spacing of f64 near 1.
const HALVINGS: u32 = 60;

/// Terms of a tail's series at most. Past the mode they shrink at least geometrically within
/// some 40 standard deviations; 4,000,000 covers the widest, sqrt(2^32) / 2 * 40 < 1.4 million.
const TERMS_MAX: u32 = 4_000_000;

/// An interval of a probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Interval {
    /// Lower end, 0 to 1.
    pub lower: f64,
    /// Upper end, 0 to 1.
    pub upper: f64,
}

/// Natural logarithm of "`trials` over `successes`"; 0 when there are more successes than trials.
pub fn ln_choose(trials: u32, successes: u32) -> f64 {
    if successes > trials {
        return 0.0;
    }
    let (n, k) = (f64::from(trials), f64::from(successes));
    libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0)
}

/// Natural logarithm of P(X = k) for X binomial with n trials of probability p; p strictly inside.
fn ln_mass(n: u32, k: u32, p: f64) -> f64 {
    let failures = f64::from(n) - f64::from(k);
    ln_choose(n, k) + f64::from(k) * libm::log(p) + failures * libm::log1p(-p)
}

/// Natural logarithm of P(X <= k), X binomial with `n` trials of probability `p`.
///
/// The series runs away from the mode, starting at the boundary (Johnson, Kemp & Kotz,
/// *Univariate Discrete Distributions*, 3.2); on the mode's other side it is the complement.
pub fn ln_at_most(n: u32, k: u32, p: f64) -> f64 {
    if k >= n || p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return f64::NEG_INFINITY;
    }
    if f64::from(k) > f64::from(n) * p {
        return libm::log1p(-libm::exp(ln_upper_series(n, k + 1, p)).min(1.0));
    }
    let odds = (1.0 - p) / p;
    let (mut sum, mut term, mut at) = (1.0, 1.0, k);
    for _ in 0..TERMS_MAX {
        if at == 0 || term < sum * 1e-18 {
            break;
        }
        term *= f64::from(at) / (f64::from(n) - f64::from(at) + 1.0) * odds;
        sum += term;
        at -= 1;
    }
    (ln_mass(n, k, p) + libm::log(sum)).min(0.0)
}

/// The series of P(X >= k) upwards from k, for k above the mean and p strictly inside.
fn ln_upper_series(n: u32, k: u32, p: f64) -> f64 {
    let odds = p / (1.0 - p);
    let (mut sum, mut term, mut at) = (1.0, 1.0, k);
    for _ in 0..TERMS_MAX {
        if at >= n || term < sum * 1e-18 {
            break;
        }
        term *= (f64::from(n) - f64::from(at)) / (f64::from(at) + 1.0) * odds;
        sum += term;
        at += 1;
    }
    (ln_mass(n, k, p) + libm::log(sum)).min(0.0)
}

/// P(X <= k), X binomial with `n` trials of probability `p`: 0 to 1.
pub fn at_most(n: u32, k: u32, p: f64) -> f64 {
    libm::exp(ln_at_most(n, k, p))
}

/// P(X >= k), X binomial with `n` trials of probability `p`: 0 to 1.
pub fn at_least(n: u32, k: u32, p: f64) -> f64 {
    match k {
        0 => 1.0,
        _ if k > n => 0.0,
        // X at least k is n - X at most n - k, whose trials have probability 1 - p.
        _ => at_most(n, n - k, 1.0 - p),
    }
}

/// The largest p in 0 to 1 for which `holds`, which must be true below it and false above.
pub(crate) fn last_true(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = low + (high - low) / 2.0;
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// The exact one-sided lower bound of a probability after `successes` of `trials`: the p at which
/// that many or more have probability `alpha` (Clopper & Pearson 1934). 0 without a success.
pub fn clopper_pearson_lower(trials: u32, successes: u32, alpha: f64) -> f64 {
    if successes == 0 || trials == 0 {
        return 0.0;
    }
    last_true(|p| at_least(trials, successes, p) <= alpha)
}

/// The exact one-sided upper bound, as [`clopper_pearson_lower`]. 1 without a failure or a trial.
pub fn clopper_pearson_upper(trials: u32, successes: u32, alpha: f64) -> f64 {
    if successes >= trials {
        return 1.0;
    }
    last_true(|p| at_most(trials, successes, p) > alpha)
}

/// The score interval of a share, for showing (Wilson 1927), at `z` standard deviations. 0 to 1
/// without a trial. Never used to decide: it covers only on average.
pub fn wilson(trials: u64, successes: u64, z: f64) -> Interval {
    if trials == 0 {
        return Interval {
            lower: 0.0,
            upper: 1.0,
        };
    }
    let n = trials as f64;
    wilson_of_share(n, successes.min(trials) as f64 / n, z)
}

/// The same for a share (0 to 1) that is as sure as one of `n` trials, above 0 and not always whole.
pub fn wilson_of_share(n: f64, share: f64, z: f64) -> Interval {
    let z_squared = z * z;
    let scale = 1.0 + z_squared / n;
    let centre = (share + z_squared / (2.0 * n)) / scale;
    let half = z * (share * (1.0 - share) / n + z_squared / (4.0 * n * n)).sqrt() / scale;
    let lower = if share <= 0.0 {
        0.0
    } else {
        (centre - half).max(0.0)
    };
    let upper = if share >= 1.0 {
        1.0
    } else {
        (centre + half).min(1.0)
    };
    Interval { lower, upper }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: f64, expected: f64) {
        assert!((got - expected).abs() < 5e-10, "{got} is not {expected}");
    }

    #[test]
    fn intervals_agree_with_scipy() {
        // `binomial_interval_vectors.csv`: SciPy closed forms.
        near(wilson(10, 9, Z_TWO_SIDED_95).lower, 0.595_849_973_2);
        near(wilson(10, 9, Z_TWO_SIDED_95).upper, 0.982_123_786_9);
        near(clopper_pearson_lower(20, 19, 0.025), 0.751_267_237_2);
        near(clopper_pearson_upper(20, 19, 0.025), 0.998_734_910_5);
        near(clopper_pearson_lower(20, 20, 0.05), 0.860_891_659_3);
        near(clopper_pearson_upper(30, 0, 0.025), 0.115_703_308_2);
    }

    #[test]
    fn tails_add_up_and_survive_the_far_ends() {
        for (n, p) in [(1, 0.3), (7, 0.5), (100, 0.95), (5_000, 0.02)] {
            for k in [0, 1, n / 3, n / 2, n - 1] {
                near(at_most(n, k, p) + at_least(n, k + 1, p), 1.0);
            }
        }
        // (1/20)^1000 is far below the smallest f64, its logarithm is not.
        let ln = ln_at_most(1_000, 0, 0.95);
        assert!((ln + 2_995.732_273_553_991).abs() < 1e-6, "{ln}");
        assert_eq!(at_most(10, 10, 0.5), 1.0);
        assert_eq!(at_least(10, 11, 0.5), 0.0);
    }

    #[test]
    fn a_spotless_record_certifies_at_59() {
        // `promotion_sample_sizes.csv`: p0 0.95, confidence 0.95, no failure: n = 59.
        assert!(clopper_pearson_lower(59, 59, 0.05) > 0.95);
        assert!(clopper_pearson_lower(58, 58, 0.05) < 0.95);
    }
}
