//! Writes that come together share one commit: each waits for the next turn of the event loop, and those
//! that came by then run in it one after the other, each in a transaction of its own. What a turn wrote
//! the platform commits when it ends, and lets no answer out before. It must not drop one, or reorder them.

use countersign_policy::time::Millis;
use futures_channel::oneshot;
use std::cell::RefCell;
use std::time::Duration;
use worker::Delay;

/// A turn comes at once. When it hasn't after this long, whoever was to begin it is gone.
const LOST_MS: u64 = 500;

/// The turn that comes next: since when it is awaited, and by whom beside the first.
#[derive(Default)]
pub struct Turn(RefCell<Option<(Millis, Vec<oneshot::Sender<()>>)>>);

impl Turn {
    /// Waits for it. The first to come waits for the event loop, the others for the first, or for
    /// whoever takes its place.
    pub async fn next(&self, now: Millis) {
        if let Some(turn) = self.join(now) {
            // The sender goes only with its message.
            let _ = turn.await;
            return;
        }
        Delay::from(Duration::ZERO).await;
        for other in self.0.take().map(|(_, others)| others).unwrap_or_default() {
            // One that hung up is nothing to report.
            let _ = other.send(());
        }
    }

    /// What to wait for, if somebody else begins the turn.
    fn join(&self, now: Millis) -> Option<oneshot::Receiver<()>> {
        let mut awaited = self.0.borrow_mut();
        match awaited.as_mut() {
            Some((since, others)) if now.0.abs_diff(since.0) < LOST_MS => {
                let (sender, receiver) = oneshot::channel();
                others.push(sender);
                Some(receiver)
            }
            Some((since, _)) => {
                *since = now;
                None
            }
            None => {
                *awaited = Some((now, Vec::new()));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_whose_first_never_came_back_is_begun_by_the_next() {
        let turn = Turn::default();
        assert!(turn.join(Millis(1_000)).is_none(), "the first begins it");
        assert!(turn.join(Millis(1_499)).is_some(), "the second waits");
        assert!(turn.join(Millis(1_500)).is_none(), "the first is gone");
        assert!(turn.join(Millis(1_501)).is_some(), "and has a successor");
        assert!(
            turn.join(Millis(10)).is_none(),
            "a clock set back is no wait"
        );
        let others = turn.0.take().map(|(_, others)| others.len());
        assert_eq!(others, Some(2), "nobody is forgotten");
    }
}
