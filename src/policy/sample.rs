//! How likely a released draft is looked at afterwards. It must not draw: the tenant's keyed draw
//! is compared with what is said here, and both are recorded.
//!
//! The category's rate counts, and what trust needs to say anything of it; where this week's looks lag
//! behind the minimum the rate that makes up for it; and where the queue is full less, so that what is
//! held is not held up by what has already gone out. Not below the policy's floor, though, nor below
//! trust's: a level that nobody looks at would be lost for want of labels.

use crate::document::Rules;
use crate::guardrail::LocalTime;
use crate::ratio::Ratio;
use crate::route::{Route, Situation};
use crate::trust::demote::{sampling, sampling_floor};
use serde::{Deserialize, Serialize};

/// From this share of its capacity on a queue presses.
pub const PRESSURE_FROM: Ratio = Ratio::from_ppm(500_000);
/// A queue that pressed no longer does at this share.
pub const RELIEF_AT: Ratio = Ratio::from_ppm(400_000);
const MINUTES_OF_DAY: u64 = 24 * 60;
const MINUTES_OF_WEEK: u64 = 7 * MINUTES_OF_DAY;
const ONE_PPM: u64 = 1_000_000;

/// What went out of a category in the local week, so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Releases {
    /// Of these, sampled.
    pub looks: u32,
    /// Drafts released since Monday.
    pub released: u32,
    /// Drafts released in the week before.
    pub released_before: u32,
}

impl Releases {
    /// These counts as they stand in the week from `monday`, when they were made in the week from
    /// `counted` (local days): a week later they are last week's, and after that forgotten.
    #[must_use]
    pub fn in_week(self, counted: i32, monday: i32) -> Self {
        match monday.saturating_sub(counted) {
            0 => self,
            7 => Self {
                released_before: self.released,
                ..Self::default()
            },
            _ => Self::default(),
        }
    }

    /// With one more draft.
    #[must_use]
    pub fn plus(self, sampled: bool) -> Self {
        Self {
            released: self.released.saturating_add(1),
            looks: self.looks.saturating_add(u32::from(sampled)),
            ..self
        }
    }
}

/// The chance of a look afterwards: of what is released only.
pub fn probability(route: Route, rules: &Rules, situation: &Situation) -> Ratio {
    match route {
        Route::Release => {
            let catch_up = situation.week.map_or(Ratio::ZERO, |week| {
                catch_up(rules.weekly_looks_min, week, situation.local_time)
            });
            let before = situation.week.map(|week| week.released_before);
            let known = before.filter(|released| *released > 0);
            let wanted = sampling(rules.sample_rate, known, situation.new_version).max(catch_up);
            let floor = rules
                .sample_floor
                .max(known.map_or(Ratio::ZERO, sampling_floor));
            eased(wanted, floor, situation.pressure)
        }
        Route::Review | Route::Human => Ratio::ZERO,
    }
}

/// Whether the tenant's draw picks a draft for a look, had it been released: the same question for
/// those that were and those that were not.
pub fn picks(rules: &Rules, situation: &Situation) -> bool {
    situation.sample_draw < probability(Route::Release, rules, situation)
}

/// The rate at which the looks still missing this week come together: missing looks ÷ drafts still
/// expected. These are the fewer of two guesses, last week's and this week's own pace, so that a
/// quiet week is looked at more closely rather than missed; 1 where neither knows of any.
fn catch_up(looks_min: u32, week: Releases, now: LocalTime) -> Ratio {
    let missing = u64::from(looks_min.saturating_sub(week.looks));
    if missing == 0 {
        return Ratio::ZERO;
    }
    let day = u64::from(now.weekday.clamp(1, 7)).saturating_sub(1);
    let gone = day
        .saturating_mul(MINUTES_OF_DAY)
        .saturating_add(u64::from(now.minute));
    let rest = MINUTES_OF_WEEK.saturating_sub(gone);
    let scaled = |drafts: u32, over: u64| {
        let drafts = u64::from(drafts).saturating_mul(rest);
        drafts.checked_div(over).filter(|_| drafts > 0)
    };
    let guesses = [
        scaled(week.released_before, MINUTES_OF_WEEK),
        scaled(week.released, gone),
    ];
    // The draft at hand is one of those still to come.
    let expected = guesses.into_iter().flatten().min().unwrap_or(0).max(1);
    let ppm = missing.saturating_mul(ONE_PPM).checked_div(expected);
    Ratio::from_ppm(
        ppm.and_then(|ppm| u32::try_from(ppm).ok())
            .unwrap_or(u32::MAX),
    )
}

/// The rate under pressure: in even steps from all of it at [`PRESSURE_FROM`] to the floor where the
/// queue is full; a rate below the floor stays.
fn eased(rate: Ratio, floor: Ratio, pressure: Ratio) -> Ratio {
    let floor = u64::from(floor.min(rate).ppm());
    let span = ONE_PPM.saturating_sub(u64::from(PRESSURE_FROM.ppm()));
    let room = ONE_PPM.saturating_sub(u64::from(pressure.ppm())).min(span);
    let above = u64::from(rate.ppm())
        .saturating_sub(floor)
        .saturating_mul(room);
    let kept = floor.saturating_add(above.checked_div(span).unwrap_or(0));
    Ratio::from_ppm(u32::try_from(kept).unwrap_or(u32::MAX))
}

/// How full a queue is: open drafts against those at which it counts as full, at most 1.
pub fn pressure(open: u32, full_at: u32) -> Ratio {
    let ppm = u64::from(open).saturating_mul(ONE_PPM);
    let ppm = ppm.checked_div(u64::from(full_at)).unwrap_or(ONE_PPM);
    Ratio::from_ppm(u32::try_from(ppm).unwrap_or(u32::MAX))
}

/// Whether sampling gives way at this pressure, so that leads are told; once it does until
/// [`RELIEF_AT`], so that they are not told at every draft.
pub fn presses(pressure: Ratio, before: bool) -> bool {
    match before {
        true => pressure > RELIEF_AT,
        false => pressure > PRESSURE_FROM,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Policy;
    use crate::level::Level;

    const RATE: u32 = 100_000;

    fn check(week: Option<Releases>, (weekday, minute): (u8, u16), pressure: u32, expected: u32) {
        let mut rules = Policy::starting("mia@example.com").rules(None);
        rules.sample_rate = Ratio::from_ppm(RATE);
        rules.sample_floor = Ratio::from_ppm(20_000);
        rules.weekly_looks_min = 20;
        let situation = Situation {
            week,
            local_time: LocalTime { weekday, minute },
            pressure: Ratio::from_ppm(pressure),
            ..Situation::fixed(Level::MonitorAndCorrect)
        };
        let found = probability(Route::Release, &rules, &situation);
        assert_eq!(
            found,
            Ratio::from_ppm(expected),
            "{week:?} {weekday} {minute}"
        );
        assert_eq!(probability(Route::Review, &rules, &situation), Ratio::ZERO);
        let drawn = |ppm: u32| Situation {
            sample_draw: Ratio::from_ppm(ppm),
            ..situation.clone()
        };
        assert!(!picks(&rules, &drawn(expected)));
        assert!(
            picks(&rules, &drawn(expected.saturating_sub(1))),
            "a held draft, too"
        );
    }

    fn week(released: u32, looks: u32, released_before: u32) -> Option<Releases> {
        Some(Releases {
            released,
            looks,
            released_before,
        })
    }

    #[test]
    fn looks_that_lag_raise_the_rate() {
        check(None, (4, 0), 0, RATE);
        // Monday morning, 1,000 a week: the rate brings 100 looks.
        check(week(0, 0, 1_000), (1, 0), 0, RATE);
        // A tenth of that: 20 looks of 100 drafts.
        check(week(0, 0, 100), (1, 0), 0, 200_000);
        // Half the week is gone, 50 still to come, 15 looks missing.
        check(week(50, 5, 100), (4, 720), 0, 300_000);
        // The week is quieter than the last: 10 more are expected.
        check(week(10, 5, 100), (4, 720), 0, 1_000_000);
        // Enough looks: the rate again.
        check(week(90, 20, 100), (7, 0), 0, RATE);
        // Nobody knows how many will come.
        check(week(0, 0, 0), (1, 0), 0, 1_000_000);
        check(week(1, 1, 0), (7, 1_439), 0, 1_000_000);
    }

    #[test]
    fn a_full_queue_lowers_the_rate_to_its_floor() {
        check(None, (1, 0), 500_000, RATE);
        check(None, (1, 0), 750_000, 60_000);
        check(None, (1, 0), 1_000_000, 20_000);
        // What trust needs of 100 releases a week stays, and of 10,000 less than the policy's floor.
        check(week(0, 20, 100), (1, 0), 1_000_000, 45_385);
        check(week(0, 20, 10_000), (1, 0), 1_000_000, 20_000);
        assert_eq!(pressure(50, 100), Ratio::from_ppm(500_000));
        assert_eq!(pressure(500, 100), Ratio::ONE);
        let presses = |ppm, before| presses(Ratio::from_ppm(ppm), before);
        assert!(!presses(450_000, false) && presses(450_000, true) && !presses(400_000, true));
    }

    #[test]
    fn counts_are_of_their_week() {
        let counted = week(5, 2, 9).unwrap().plus(true);
        assert_eq!(counted.in_week(0, 0), week(6, 3, 9).unwrap());
        assert_eq!(counted.in_week(0, 7), week(0, 0, 6).unwrap());
        assert_eq!(counted.in_week(0, 14), Releases::default());
    }
}
