//! How fast the queue is served, and what that means for a new draft. It must not promise anything
//! while nobody decides.

/// Seconds that a new draft waits behind `ahead` others at the rate of the last hour; `None` while
/// nobody decides, since then nothing can be promised.
pub fn expected_wait_s(ahead: u32, decided_last_hour: u32) -> Option<u32> {
    let places = u64::from(ahead).saturating_add(1).saturating_mul(3_600);
    let wait = places.checked_div(u64::from(decided_last_hour))?;
    Some(u32::try_from(wait).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_queue_takes_its_share_of_the_hour() {
        assert_eq!(expected_wait_s(0, 60), Some(60));
        assert_eq!(expected_wait_s(9, 60), Some(600));
        assert_eq!(expected_wait_s(9, 0), None);
        assert_eq!(expected_wait_s(u32::MAX, 1), Some(u32::MAX));
    }
}
