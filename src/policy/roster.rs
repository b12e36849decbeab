//! Who may belong to a tenant, and who must. It must not know a person: only how many there are.

/// People of one tenant: a department, not a company.
pub const PEOPLE_MAX: u32 = 500;

/// Whether a tenant still has a lead once a person who is one, or is none, becomes one, or none. A
/// tenant without a lead could never be given one again.
pub fn keeps_a_lead(leads: u32, is_lead: bool, stays_lead: bool) -> bool {
    leads
        .saturating_sub(u32::from(is_lead))
        .saturating_add(u32::from(stays_lead))
        > 0
}

/// Whether one more person may be invited.
pub fn has_room(people: u32) -> bool {
    people < PEOPLE_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lead_stays() {
        for (leads, is_lead, stays_lead, expected) in [
            (1, true, false, false),
            (1, true, true, true),
            (2, true, false, true),
            (1, false, false, true),
            (0, false, true, true),
        ] {
            assert_eq!(keeps_a_lead(leads, is_lead, stays_lead), expected);
        }
    }
}
