//! Drafts that come together: those of one turn are posted one after the other in one transaction, since
//! a savepoint for each would copy the same pages again and again. Where one of them has to be undone, all
//! are, and each is posted again alone. It must not decide on a draft: `drafts` does.

use crate::call::{Answer, Call};
use crate::clock::now;
use crate::drafts;
use crate::problem::{Outcome, Problem};
use crate::routes::Entry;
use crate::tenant::{Caller, Tenant};
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use futures_channel::oneshot;

/// A draft that waits for its turn, who posts it, and who waits for the answer.
pub struct Post {
    call: Call,
    entry: &'static Entry,
    key: Outcome<String>,
    asker: oneshot::Sender<Outcome<Answer>>,
}

impl Tenant {
    /// Posts a draft in the next turn, with all that come by then.
    pub async fn post(&self, call: Call, entry: &'static Entry) -> Outcome<Answer> {
        let came = call.now;
        let (asker, answer) = oneshot::channel();
        let key = Err(Problem::from(Code::KeyMissing));
        let post = Post {
            call,
            entry,
            key,
            asker,
        };
        if let Some(mut posts) = self.posting.next(post, came).await {
            let now = now();
            self.admit_posts(&mut posts, now);
            let outcomes = self.post_all(&posts);
            // Nobody is told before the alarm is set; where it can't be, whoever asks is left alone.
            self.arm(now).await?;
            for (post, outcome) in posts.into_iter().zip(outcomes) {
                // One that hung up is nothing to report.
                let _ = post.asker.send(outcome);
            }
        }
        answer.await.map_err(|_| Problem::from(Code::Internal))?
    }

    /// Finds out who posts, as at this moment.
    fn admit_posts(&self, posts: &mut [Post], now: Millis) {
        let settled = self.settle_due(now);
        for post in posts {
            post.call.now = now;
            let caller = settled
                .clone()
                .and_then(|()| self.admitted(&mut post.call, post.entry));
            post.key = caller.and_then(|caller| match caller {
                Caller::Key(key) => Ok(key),
                _ => Err(Problem::from(Code::Forbidden)),
            });
        }
    }

    fn post_all(&self, posts: &[Post]) -> Vec<Outcome<Answer>> {
        let counted = self.posts.borrow().clone();
        let together = || posts.iter().map(|post| self.post_one(post)).collect();
        if let [_, _, ..] = posts {
            if let Ok(outcomes) = self.post_transaction(together) {
                return outcomes;
            }
            self.posts.replace(counted);
        }
        let alone = |post| self.post_transaction(|| self.post_one(post)).flatten();
        posts.iter().map(alone).collect()
    }

    /// The inner problem is one of who posts, and leaves nothing to undo.
    fn post_one(&self, post: &Post) -> Outcome<Outcome<Answer>> {
        match &post.key {
            Ok(key) => drafts::post(self, &post.call, key).map(Ok),
            Err(problem) => Ok(Err(problem.clone())),
        }
    }
}
