//! Writes that come together share one commit: each waits for the next turn of the event loop, and those
//! that came by then run in it one after the other. What a turn wrote the platform commits when it ends,
//! and lets no answer out before. It must not drop one, or reorder them.

use countersign_policy::time::Millis;
use futures_channel::oneshot;
use std::cell::RefCell;
use std::time::Duration;
use worker::Delay;

/// A turn comes at once. When it hasn't after this long, whoever was to begin it is gone.
const LOST_MS: u64 = 500;

/// The turn that comes next: since when it is awaited, and what waits for it.
pub struct Turn<T>(RefCell<Option<(Millis, Vec<T>)>>);

impl<T> Default for Turn<T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<T> Turn<T> {
    /// Puts `one` behind what waits. The first to come waits for the event loop, and begins the turn with
    /// all that came by then; the others have nothing to begin.
    pub async fn next(&self, one: T, now: Millis) -> Option<Vec<T>> {
        if !self.join(one, now) {
            return None;
        }
        Delay::from(Duration::ZERO).await;
        self.0.take().map(|(_, all)| all)
    }

    /// Whether it is up to whoever came to begin the turn.
    fn join(&self, one: T, now: Millis) -> bool {
        let mut awaited = self.0.borrow_mut();
        let known = awaited.as_ref().map(|(since, _)| *since);
        let is_near = |since: Millis| now.0.abs_diff(since.0) < LOST_MS;
        let (since, waiting) = awaited.get_or_insert((now, Vec::new()));
        waiting.push(one);
        let begins = !known.is_some_and(is_near);
        if begins {
            *since = now;
        }
        begins
    }
}

impl Turn<oneshot::Sender<()>> {
    /// Waits for the turn.
    pub async fn wait(&self, now: Millis) {
        let (sender, turn) = oneshot::channel();
        for waiting in self.next(sender, now).await.unwrap_or_default() {
            // One that hung up is nothing to report.
            let _ = waiting.send(());
        }
        // A sender goes only with its message.
        let _ = turn.await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_whose_first_never_came_back_is_begun_by_the_next() {
        let turn = Turn::default();
        assert!(turn.join(1, Millis(1_000)), "the first begins it");
        assert!(!turn.join(2, Millis(1_499)), "the second waits");
        assert!(turn.join(3, Millis(1_500)), "the first is gone");
        assert!(!turn.join(4, Millis(1_501)), "and has a successor");
        assert!(turn.join(5, Millis(10)), "a clock set back is no wait");
        let all = turn.0.take().map(|(_, all)| all);
        assert_eq!(all, Some(vec![1, 2, 3, 4, 5]), "nobody is forgotten");
    }
}
