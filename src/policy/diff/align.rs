//! Finds which tokens of two sequences are kept: Myers' O(ND) in linear space, over numbers that
//! stand for words. Bounded by the size of its input, never by time; it must not know text.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "positions and diagonals are bounded by the lengths, which fit an i32 by TOKENS_MAX"
)]

/// More tokens than this on one side are compared as one block: 2^20 tokens are some 5 MB of
/// text, and a diagonal still fits an `i32`.
pub(crate) const TOKENS_MAX: usize = 1 << 20;

/// How many differences one search looks for before it settles for the furthest point reached:
/// texts that differ in up to 2 × 512 words get the shortest script; beyond it, each search costs
/// at most 512² steps and gets at least 512 tokens further, so the whole is linear in the size.
const DIFFERENCES_MAX: i32 = 512;

/// For each token of `before`, in order, the kept pairs `(before, after)` of equal tokens, both
/// strictly increasing.
pub(crate) fn kept_pairs(before: &[u32], after: &[u32]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::with_capacity(before.len().min(after.len()));
    if before.len() > TOKENS_MAX || after.len() > TOKENS_MAX {
        return pairs;
    }
    let mut search = Search::default();
    // A stack of what is left to compare, the earliest on top, so that pairs come out in order.
    let mut open = vec![Window {
        left: 0,
        right: before.len(),
        top: 0,
        bottom: after.len(),
    }];
    while let Some(window) = open.pop() {
        let rest = trim(before, after, window, &mut pairs, &mut open);
        let Some(rest) = rest else { continue };
        let (x, y) = search.split(before, after, rest);
        let corner = (x, y) == (rest.left, rest.top) || (x, y) == (rest.right, rest.bottom);
        debug_assert!(!corner, "a split always gets further");
        if corner {
            continue;
        }
        open.push(Window {
            left: x,
            top: y,
            ..rest
        });
        open.push(Window {
            right: x,
            bottom: y,
            ..rest
        });
    }
    pairs
}

/// A part of the two sequences: `before[left..right]` against `after[top..bottom]`.
#[derive(Clone, Copy)]
struct Window {
    left: usize,
    right: usize,
    top: usize,
    bottom: usize,
}

/// Takes what is equal off both ends. What is equal at the end comes later than the rest, so it
/// is put back on the stack as a window of its own. `None` when nothing is left to compare.
fn trim(
    before: &[u32],
    after: &[u32],
    mut window: Window,
    pairs: &mut Vec<(usize, usize)>,
    open: &mut Vec<Window>,
) -> Option<Window> {
    let side = before.get(window.left..window.right)?;
    let other = after.get(window.top..window.bottom)?;
    let head = side.iter().zip(other).take_while(|(a, b)| a == b).count();
    pairs.extend((window.left..).zip(window.top..).take(head));
    window.left += head;
    window.top += head;
    let side = before.get(window.left..window.right)?;
    let other = after.get(window.top..window.bottom)?;
    if side.is_empty() || other.is_empty() {
        return None;
    }
    let tail = side
        .iter()
        .rev()
        .zip(other.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    if tail > 0 {
        let (left, top) = (window.right - tail, window.bottom - tail);
        open.push(Window {
            left,
            right: window.right,
            top,
            bottom: window.bottom,
        });
        window.right = left;
        window.bottom = top;
    }
    (window.left < window.right && window.top < window.bottom).then_some(window)
}

/// The furthest points reached on each diagonal, from both ends; kept between searches.
#[derive(Default)]
struct Search {
    forward: Vec<i32>,
    backward: Vec<i32>,
}

impl Search {
    /// A point through which a shortest script of `window` runs (or, past the bound, a good one);
    /// never a corner at which the window would stay whole.
    fn split(&mut self, before: &[u32], after: &[u32], window: Window) -> (usize, usize) {
        let a = before.get(window.left..window.right).unwrap_or_default();
        let b = after.get(window.top..window.bottom).unwrap_or_default();
        let (x, y) = self.middle(a, b);
        (window.left + x, window.top + y)
    }

    fn middle(&mut self, a: &[u32], b: &[u32]) -> (usize, usize) {
        let (n, m) = (signed(a.len()), signed(b.len()));
        let delta = n - m;
        let bound = ((n + m + 1) / 2).min(DIFFERENCES_MAX);
        let centre = bound + 1;
        let width = unsigned(2 * centre + 1);
        for side in [&mut self.forward, &mut self.backward] {
            side.clear();
            side.resize(width, 0);
        }
        for d in 0..=bound {
            let mut k = -d;
            while k <= d {
                let x = step(&self.forward, centre, d, k);
                let x = run(a, b, x, x - k);
                put(&mut self.forward, centre + k, x);
                // The two searches meet on an odd difference while going forward.
                let mirror = delta - k;
                if delta % 2 != 0
                    && mirror.abs() < d
                    && x + get(&self.backward, centre + mirror) >= n
                {
                    return (unsigned(x.min(n)), unsigned((x - k).clamp(0, m)));
                }
                k += 2;
            }
            let mut k = -d;
            while k <= d {
                let x = step(&self.backward, centre, d, k);
                let x = run_back(a, b, x, x - k);
                put(&mut self.backward, centre + k, x);
                let mirror = delta - k;
                if delta % 2 == 0
                    && mirror.abs() <= d
                    && x + get(&self.forward, centre + mirror) >= n
                {
                    return (
                        unsigned((n - x).max(0)),
                        unsigned((m - (x - k)).clamp(0, m)),
                    );
                }
                k += 2;
            }
        }
        self.furthest(centre, bound, n, m)
    }

    /// Of the points reached going forward, the one with most tokens behind it.
    fn furthest(&self, centre: i32, bound: i32, n: i32, m: i32) -> (usize, usize) {
        let mut best = (0, 0);
        let mut k = -bound;
        while k <= bound {
            let x = get(&self.forward, centre + k);
            let y = x - k;
            let inside = (0..=n).contains(&x) && (0..=m).contains(&y);
            if inside && x + y > best.0 + best.1 {
                best = (x, y);
            }
            k += 2;
        }
        (unsigned(best.0), unsigned(best.1))
    }
}

/// The start of diagonal `k` at difference `d`: one step right or down from a neighbour.
fn step(points: &[i32], centre: i32, d: i32, k: i32) -> i32 {
    if d == 0 {
        return 0;
    }
    let (under, over) = (get(points, centre + k - 1), get(points, centre + k + 1));
    if k == -d || (k != d && under < over) {
        over
    } else {
        under + 1
    }
}

/// Follows equal tokens forward from `(x, y)`.
fn run(a: &[u32], b: &[u32], x: i32, y: i32) -> i32 {
    if x < 0 || y < 0 {
        return x;
    }
    let (Some(a), Some(b)) = (a.get(unsigned(x)..), b.get(unsigned(y)..)) else {
        return x;
    };
    x + signed(a.iter().zip(b).take_while(|(a, b)| a == b).count())
}

/// Follows equal tokens backward, `(x, y)` counted from the ends.
fn run_back(a: &[u32], b: &[u32], x: i32, y: i32) -> i32 {
    if x < 0 || y < 0 {
        return x;
    }
    let (Some(left), Some(top)) = (
        a.len().checked_sub(unsigned(x)),
        b.len().checked_sub(unsigned(y)),
    ) else {
        return x;
    };
    let (Some(a), Some(b)) = (a.get(..left), b.get(..top)) else {
        return x;
    };
    x + signed(
        a.iter()
            .rev()
            .zip(b.iter().rev())
            .take_while(|(a, b)| a == b)
            .count(),
    )
}

fn get(points: &[i32], at: i32) -> i32 {
    points.get(unsigned(at)).copied().unwrap_or(0)
}

fn put(points: &mut [i32], at: i32, value: i32) {
    if let Some(point) = points.get_mut(unsigned(at)) {
        *point = value;
    }
}

/// INVARIANT (token count): lengths are at most `TOKENS_MAX`, so they fit.
fn signed(length: usize) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX / 4)
}

fn unsigned(position: i32) -> usize {
    usize::try_from(position).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest common subsequence by the plain table.
    fn longest(a: &[u32], b: &[u32]) -> usize {
        let mut row = vec![0; b.len() + 1];
        for x in a {
            let mut corner = 0;
            for (j, y) in b.iter().enumerate() {
                let above = row[j + 1];
                row[j + 1] = if x == y {
                    corner + 1
                } else {
                    above.max(row[j])
                };
                corner = above;
            }
        }
        row[b.len()]
    }

    fn check(a: &[u32], b: &[u32]) {
        let pairs = kept_pairs(a, b);
        assert!(pairs.iter().all(|&(i, j)| a[i] == b[j]));
        assert!(pairs.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 < w[1].1));
        assert_eq!(pairs.len(), longest(a, b), "{a:?} {b:?}");
    }

    #[test]
    fn shortest_script_for_every_short_pair() {
        let all: Vec<Vec<u32>> = (0..=5_u32)
            .flat_map(|n| {
                (0..3_u32.pow(n)).map(move |v| (0..n).map(|i| v / 3_u32.pow(i) % 3).collect())
            })
            .collect();
        for a in &all {
            for b in &all {
                check(a, b);
            }
        }
    }

    #[test]
    fn long_and_wholly_different_stays_linear() {
        let a: Vec<u32> = (0..20_000).map(|i| i * 7 % 31).collect();
        let b: Vec<u32> = (0..20_000).map(|i| i * 11 % 37).collect();
        let pairs = kept_pairs(&a, &b);
        assert!(pairs.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 < w[1].1));
        assert!(pairs.len() > 4_000, "{}", pairs.len());
    }
}
