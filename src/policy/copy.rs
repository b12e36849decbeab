//! When the way to D1 is tried again, and when a single row is to blame. It must not send anything.

use crate::delivery::with_jitter;

/// Waits in milliseconds after 1, 2, 3 … failures; the last one repeats.
const BACKOFF_MS: [u64; 6] = [500, 1_000, 2_000, 5_000, 15_000, 30_000];
/// Up to half of a wait is added by chance, so that tenants do not all come at once when D1 is back.
const JITTER_PPM: u64 = 500_000;
/// After as many failures of a batch its rows are tried one by one: D1 that is away comes back within
/// these 3.5 s more often than not, and a row that it refuses holds up the rest no longer.
const SUSPECTED_AFTER: u32 = 3;

/// Milliseconds before the next try, after `failures` in a row (from 1), with a random `draw`.
pub fn wait_ms(failures: u32, draw: u32) -> u64 {
    let place = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
    let wait = BACKOFF_MS.get(place).or(BACKOFF_MS.last());
    with_jitter(wait.copied().unwrap_or_default(), JITTER_PPM, draw)
}

/// Whether rows are tried one by one, so that the one that is refused is found.
pub fn suspects_a_row(failures: u32) -> bool {
    failures >= SUSPECTED_AFTER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_last_and_stay_there() {
        assert_eq!(
            [1, 2, 6, 7, u32::MAX].map(|failures| wait_ms(failures, 0)),
            [500, 1_000, 30_000, 30_000, 30_000]
        );
    }

    #[test]
    fn chance_adds_up_to_a_half() {
        assert_eq!(wait_ms(1, u32::MAX), 750);
        assert_eq!(wait_ms(7, u32::MAX), 45_000);
    }

    #[test]
    fn a_row_is_suspected_once_a_batch_failed_again_and_again() {
        assert!(!suspects_a_row(2) && suspects_a_row(3));
    }
}
