//! Of the words that two texts share, keeps those that are most text. The shortest script in words
//! may keep three commas and give up a long name for them; where changes stand close together, this
//! looks again. Bounded by size; it must not know text, only how long each word is.

/// A stretch is looked at again where its sides, multiplied, are no more than this: 128 words
/// against 128.
const CELLS_MAX: usize = 128 * 128;

/// So many words kept in a row end a stretch: changes on their two sides have nothing to do with
/// each other.
const RUN_MAX: usize = 16;

/// The kept pairs of two sequences, strictly increasing on both sides, made heavier: within every
/// stretch where changes stand close, those kept weigh as much as can be. `weights` are by number.
pub(crate) fn heavier(
    pairs: &[(usize, usize)],
    before: &[u32],
    after: &[u32],
    weights: &[u32],
) -> Vec<(usize, usize)> {
    let mut found = Vec::with_capacity(pairs.len());
    let mut table = Vec::new();
    let mut from = 0_usize;
    loop {
        let start = end_of(from.checked_sub(1).and_then(|at| pairs.get(at)));
        let Some(count) = stretch(pairs.get(from..).unwrap_or_default(), start) else {
            return found;
        };
        let to = from.saturating_add(count);
        let inner = pairs.get(from..to).unwrap_or_default();
        let end = pairs
            .get(to)
            .copied()
            .unwrap_or((before.len(), after.len()));
        let old = before.get(start.0..end.0).unwrap_or_default();
        let new = after.get(start.1..end.1).unwrap_or_default();
        let cells = old.len().saturating_mul(new.len());
        // What is kept whole on one side can't become more.
        if cells > CELLS_MAX || count >= old.len() || count >= new.len() {
            found.extend(inner);
        } else {
            let kept = heaviest(old, new, weights, &mut table);
            let placed = |(i, j)| (start.0.saturating_add(i), start.1.saturating_add(j));
            found.extend(kept.into_iter().map(placed));
        }
        from = to;
    }
}

fn end_of(pair: Option<&(usize, usize)>) -> (usize, usize) {
    pair.map_or((0, 0), |(i, j)| (i.saturating_add(1), j.saturating_add(1)))
}

/// How many of the pairs belong to the first stretch, which begins at `start`: up to a long run,
/// which stays with it, and no more than half of what may be looked at again.
fn stretch(pairs: &[(usize, usize)], start: (usize, usize)) -> Option<usize> {
    pairs.first()?;
    let mut run = 0_usize;
    let mut next = start;
    for (at, pair) in pairs.iter().enumerate() {
        run = if *pair == next {
            run.saturating_add(1)
        } else {
            1
        };
        next = end_of(Some(pair));
        let (width, height) = (
            next.0.saturating_sub(start.0),
            next.1.saturating_sub(start.1),
        );
        if run >= RUN_MAX || width.saturating_mul(height) > CELLS_MAX / 2 {
            return Some(at.saturating_add(1));
        }
    }
    Some(pairs.len())
}

/// The pairs of equal numbers that weigh most together, by the plain table of best remainders.
fn heaviest(
    old: &[u32],
    new: &[u32],
    weights: &[u32],
    table: &mut Vec<u32>,
) -> Vec<(usize, usize)> {
    let width = new.len().saturating_add(1);
    let place = |i: usize, j: usize| i.saturating_mul(width).saturating_add(j);
    table.clear();
    table.resize(place(old.len().saturating_add(1), 0), 0);
    let weight = |id: u32| {
        let at = usize::try_from(id).unwrap_or(usize::MAX);
        weights.get(at).copied().unwrap_or(0)
    };
    for (i, a) in old.iter().enumerate().rev() {
        let (upper, lower) = table.split_at_mut(place(i.saturating_add(1), 0));
        let row = upper.get_mut(place(i, 0)..).unwrap_or_default();
        let worth = weight(*a);
        let mut right = 0;
        let cells = row.iter_mut().zip(lower.iter().zip(lower.iter().skip(1)));
        for (b, (cell, (under, corner))) in new.iter().zip(cells).rev() {
            let both = if a == b {
                corner.saturating_add(worth)
            } else {
                0
            };
            right = both.max(*under).max(right);
            *cell = right;
        }
    }
    let best = |i: usize, j: usize| table.get(place(i, j)).copied().unwrap_or(0);
    let mut found = Vec::new();
    let (mut i, mut j) = (0_usize, 0_usize);
    while let (Some(a), Some(b)) = (old.get(i), new.get(j)) {
        let (under, corner) = (i.saturating_add(1), j.saturating_add(1));
        if a == b && best(i, j) == best(under, corner).saturating_add(weight(*a)) {
            found.push((i, j));
            (i, j) = (under, corner);
        } else if best(i, j) == best(under, j) {
            i = under;
        } else {
            j = corner;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::align::kept_pairs;

    fn total(pairs: &[(usize, usize)], before: &[u32], weights: &[u32]) -> u32 {
        let weight = |(i, _): &(usize, usize)| weights[before[*i] as usize];
        pairs.iter().map(weight).sum()
    }

    #[test]
    fn a_long_word_outweighs_two_commas() {
        // `, , name` and `name , ,`.
        let (before, after, weights) = ([0, 0, 1], [1, 0, 0], [1, 9]);
        assert_eq!(kept_pairs(&before, &after), [(0, 1), (1, 2)]);
        let found = heavier(&kept_pairs(&before, &after), &before, &after, &weights);
        assert_eq!(found, [(2, 0)]);
    }

    #[test]
    fn never_lighter_and_in_order() {
        let weights = [1, 5, 2, 7, 3];
        let sequence = |seed: u64, length: usize| -> Vec<u32> {
            let mut state = seed;
            let mut next = || {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (state >> 33) as u32 % 5
            };
            (0..length).map(|_| next()).collect()
        };
        for seed in 0..300 {
            let (a, b) = (sequence(seed, 40), sequence(seed * 7 + 1, 150));
            let pairs = kept_pairs(&a, &b);
            let found = heavier(&pairs, &a, &b, &weights);
            assert!(found.iter().all(|&(i, j)| a[i] == b[j]));
            assert!(found.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 < w[1].1));
            assert!(total(&found, &a, &weights) >= total(&pairs, &a, &weights));
        }
    }
}
