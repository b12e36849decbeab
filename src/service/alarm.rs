//! When the object wakes: its one alarm serves whatever falls due next. It must not do the work.

use crate::outbox;
use crate::problem::Outcome;
use crate::tenant::Tenant;
use countersign_policy::time::Millis;
use std::time::Duration;

/// An alarm that goes off this soon needs no earlier one: as long as rows for D1 are gathered.
const ALARM_NEAR_MS: u64 = 250;
/// One that is late by this much was lost.
const ALARM_LOST_MS: u64 = 2_000;
/// What failed is tried again after this, not at once.
const AGAIN_MS: u64 = 1_000;

impl Tenant {
    /// Sets the alarm for the next thing that falls due, unless it is set earlier.
    pub async fn arm(&self, now: Millis) -> Outcome<()> {
        // One that is about to go off looks at everything itself; one that should have is lost.
        let near = |at: Millis| at <= now.plus(ALARM_NEAR_MS) && now.since(at) < ALARM_LOST_MS;
        if self.alarm_at.get().is_some_and(near) {
            return Ok(());
        }
        let Some(next) = outbox::next_due(self)? else {
            return Ok(());
        };
        let next = next.max(now);
        let storage = self.state.storage();
        let set = storage.get_alarm().await?;
        let set = set.and_then(|ms| u64::try_from(ms).ok()).map(Millis);
        let earliest = set.map_or(next, |set| set.min(next));
        self.alarm_at.set(Some(earliest));
        if set != Some(earliest) {
            storage
                .set_alarm(Duration::from_millis(earliest.since(now)))
                .await?;
        }
        Ok(())
    }

    /// After an alarm: sets the next one for what falls due next, or none, so that an object that has
    /// nothing to do sleeps.
    pub async fn rearm(&self, now: Millis, failed: bool) -> Outcome<()> {
        let earliest = if failed { now.plus(AGAIN_MS) } else { now };
        // Nothing may come between the two: a call that ends sets the alarm, too.
        let next = outbox::next_due(self)?.map(|next| next.max(earliest));
        self.alarm_at.set(next);
        let storage = self.state.storage();
        match next {
            Some(next) => {
                let wait = Duration::from_millis(next.since(now));
                storage.set_alarm(wait).await?;
            }
            None => storage.delete_alarm().await?,
        }
        Ok(())
    }
}
