//! Writes that come together share one commit: each waits for the next turn of the event loop, and those
//! that came by then run in it one after the other, each in a transaction of its own. What a turn wrote
//! the platform commits when it ends, and lets no answer out before. It must not drop one, or reorder them.

use futures_channel::oneshot;
use std::cell::RefCell;
use std::time::Duration;
use worker::Delay;

/// The turn that comes next.
#[derive(Default)]
pub struct Turn(RefCell<Option<Vec<oneshot::Sender<()>>>>);

impl Turn {
    /// Waits for it. The first to come waits for the event loop, the others for the first.
    pub async fn next(&self) {
        let others = self.0.borrow_mut().as_mut().map(|others| {
            let (sender, receiver) = oneshot::channel();
            others.push(sender);
            receiver
        });
        if let Some(first) = others {
            // A first one that went away lets the others go on at once.
            let _ = first.await;
            return;
        }
        self.0.replace(Some(Vec::new()));
        Delay::from(Duration::ZERO).await;
        for other in self.0.take().unwrap_or_default() {
            // One that hung up is nothing to report.
            let _ = other.send(());
        }
    }
}
