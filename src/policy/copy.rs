//! When the way to D1 is tried again, and when a single row is to blame. It must not send anything.

/// Waits in milliseconds after 1, 2, 3 … failures; the last one repeats.
const BACKOFF_MS: [u64; 6] = [500, 1_000, 2_000, 5_000, 15_000, 30_000];
/// After as many failures of a batch its rows are tried one by one: D1 that is away comes back within
/// these 3.5 s more often than not, and a row that it refuses holds up the rest no longer.
const SUSPECTED_AFTER: u32 = 3;

/// Milliseconds before the next try, after `failures` in a row (from 1).
pub fn wait_ms(failures: u32) -> u64 {
    let place = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
    let wait = BACKOFF_MS.get(place).or(BACKOFF_MS.last());
    wait.copied().unwrap_or_default()
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
            [1, 2, 6, 7, u32::MAX].map(wait_ms),
            [500, 1_000, 30_000, 30_000, 30_000]
        );
    }

    #[test]
    fn a_row_is_suspected_once_a_batch_failed_again_and_again() {
        assert!(!suspects_a_row(2) && suspects_a_row(3));
    }
}
