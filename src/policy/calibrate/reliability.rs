//! How far stated confidence lies from what is true, and what it should have said. It must not
//! release anything: `calibrate.rs` does, from labels and not from these figures.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "float arithmetic, and counts of a slice"
)]

use crate::order;

/// Bins of the calibration error.
pub const BINS: usize = 10;

/// Expected calibration error (Naeini, Cooper & Hauskrecht 2015): over ten equal bins of
/// confidence, closed on the right (0 belongs to the first), the mean distance between stated
/// confidence and share right, weighted by drafts. 0 to 1; 0 without drafts.
pub fn calibration_error(drafts: &[(f64, bool)]) -> f64 {
    let mut bins = [(0.0, 0.0); BINS];
    for (confidence, right) in drafts {
        let bin = bins.iter_mut().enumerate().find(|(index, _)| {
            let edge = f64::from(u32::try_from(index + 1).unwrap_or(u32::MAX)) / BINS as f64;
            *confidence <= edge || index + 1 == BINS
        });
        if let Some((_, (stated, correct))) = bin {
            *stated += confidence;
            *correct += f64::from(u8::from(*right));
        }
    }
    let apart: f64 = bins
        .iter()
        .map(|(stated, correct)| (stated - correct).abs())
        .sum();
    apart / (drafts.len().max(1)) as f64
}

/// What a stated confidence has meant: a rising step function fitted to labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Isotonic {
    /// Lowest confidence of a step and the share right from there to the next, rising.
    steps: Vec<(f64, f64)>,
}

/// One block of pooled neighbours.
struct Block {
    from: f64,
    right: f64,
    drafts: f64,
}

impl Isotonic {
    /// Fits by pooling neighbours that break the order (Ayer et al. 1955), ties first. Confidences
    /// that are no numbers are left out.
    pub fn fit(drafts: &[(f64, bool)]) -> Self {
        let mut sorted: Vec<(f64, bool)> = drafts
            .iter()
            .copied()
            .filter(|(confidence, _)| !confidence.is_nan())
            .collect();
        order::by(&mut sorted, |left, right| left.0.total_cmp(&right.0));
        let mut blocks: Vec<Block> = Vec::new();
        for (confidence, right) in sorted {
            let right = f64::from(u8::from(right));
            match blocks.last_mut() {
                Some(block) if block.from >= confidence => {
                    block.right += right;
                    block.drafts += 1.0;
                }
                _ => {
                    pool(&mut blocks);
                    blocks.push(Block {
                        from: confidence,
                        right,
                        drafts: 1.0,
                    });
                }
            }
        }
        pool(&mut blocks);
        let steps = blocks
            .iter()
            .map(|block| (block.from, block.right / block.drafts))
            .collect();
        Self { steps }
    }

    /// The share right that a stated confidence has meant; itself before any label. 0 to 1.
    pub fn apply(&self, confidence: f64) -> f64 {
        let below = self.steps.partition_point(|(from, _)| *from <= confidence);
        let step = self.steps.get(below.saturating_sub(1));
        step.map_or(confidence, |(_, share)| *share)
    }
}

/// Pools the last block with those before it while it is not above them.
fn pool(blocks: &mut Vec<Block>) {
    while let [.., before, last] = blocks.as_mut_slice() {
        if last.right * before.drafts > before.right * last.drafts {
            return;
        }
        before.right += last.right;
        before.drafts += last.drafts;
        blocks.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_closed_on_the_right() {
        assert_eq!(calibration_error(&[]), 0.0);
        // 0.1 and 0.0 share the first bin: stated 0.05 on average, half are right.
        let error = calibration_error(&[(0.1, true), (0.0, false)]);
        assert!((error - 0.45).abs() < 1e-12, "{error}");
        // Apart, each is as wrong as it can be.
        let error = calibration_error(&[(0.11, true), (0.1, false)]);
        assert!((error - (0.89 + 0.1) / 2.0).abs() < 1e-12, "{error}");
    }

    #[test]
    fn neighbours_out_of_order_are_pooled() {
        let drafts = [
            (0.2, true),
            (0.5, false),
            (0.5, true),
            (0.9, true),
            (0.3, false),
        ];
        let fitted = Isotonic::fit(&drafts);
        assert_eq!(fitted.steps, vec![(0.2, 0.5), (0.9, 1.0)]);
        assert_eq!(
            (fitted.apply(0.1), fitted.apply(0.6), fitted.apply(1.0)),
            (0.5, 0.5, 1.0)
        );
        assert_eq!(Isotonic::default().apply(0.7), 0.7);
    }
}
