//! Drafts that come together: those of one turn are posted one after the other in one transaction, since
//! a savepoint for each would copy the same pages again and again. One that is refused has written nothing;
//! where one breaks, all are undone, and each is posted again alone. It must not decide on a draft: `drafts`
//! does.

use crate::call::{Answer, Call};
use crate::caller::Caller;
use crate::clock::now;
use crate::problem::{Outcome, Problem};
use crate::routes::Entry;
use crate::stored::{self, Stored};
use crate::tenant::{Tenant, TenantRecord};
use crate::{drafts, idempotency, keys, pace, random};
use countersign_policy::compiled::Compiled;
use countersign_policy::digest::{self, hex};
use countersign_policy::draft::Draft;
use countersign_policy::grant::Scope;
use countersign_policy::invalid::Invalid;
use countersign_policy::memory::EXAMPLES_MAX;
use countersign_policy::problem::Code;
use countersign_policy::queue::may_have_left;
use countersign_policy::time::Millis;
use futures_channel::oneshot;
use futures_util::future::Either;
use std::rc::Rc;

/// A draft that waits for its turn, who posts it, and who waits for the answer.
pub struct Post {
    call: Call,
    entry: &'static Entry,
    key: Outcome<String>,
    asker: oneshot::Sender<Outcome<Answer>>,
}

/// A draft that may come, and under which rules.
pub struct Admitted {
    /// As it was read, and in its canonical form.
    pub draft: Draft,
    pub body: String,
    /// Under which its answer is remembered, with the hash of what was asked.
    pub idempotency_key: String,
    pub content_hash: String,
    /// What it replaces, where that is still here.
    pub replaced: Option<Stored>,
    /// How many examples its agent wants.
    pub examples: u32,
    /// The tenant, and its active policy.
    pub record: TenantRecord,
    pub policy: Rc<Compiled>,
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

    /// The inner problem is a refusal, and leaves nothing to undo.
    fn post_one(&self, Post { call, key, .. }: &Post) -> Outcome<Outcome<Answer>> {
        let key = match key {
            Ok(key) => key,
            Err(problem) => return Ok(Err(problem.clone())),
        };
        match admit(self, call, key) {
            Ok(Either::Left(answer)) => Ok(Ok(answer)),
            Ok(Either::Right(admitted)) => drafts::post(self, call, key, admitted).map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        }
    }
}

/// Whether a draft may come, or the answer that it got before. Nothing is written.
fn admit(tenant: &Tenant, call: &Call, key: &str) -> Outcome<Either<Answer, Admitted>> {
    let idempotency_key = call.idempotency_key()?;
    let draft = Draft::parse(&call.body)?;
    let examples = call.number("examples", 0, EXAMPLES_MAX)?;
    if let Some(pointer) = call.grant.outside(&draft) {
        return Err(Problem::new(
            Code::OutsideKey,
            format!("`{pointer}` is not what it is pinned to"),
        ));
    }
    if examples > 0 && !call.grant.allows(Scope::Corrections) {
        return Err(Problem::new(
            Code::OutsideKey,
            "its scopes lack `corrections`",
        ));
    }
    let body = draft.canonical();
    let content_hash = hex(&digest::plain(&["POST /v1/drafts", &body]));
    if let Some(answer) = idempotency::remembered(tenant, key, &idempotency_key, &content_hash)? {
        return Ok(Either::Left(answer));
    }
    draft.check_wanted(call.now)?;
    let replaced = match &draft.supersedes {
        Some(id) => replaced(tenant, id, key, call.now)?,
        None => None,
    };
    if let Some(url) = &draft.callback_url {
        keys::check_callback(tenant, key, url)?;
    }
    let record = tenant.record()?;
    let policy = tenant.policy(record.policy_version)?;
    pace::admit(tenant, policy.policy().limits, call.now)?;
    Ok(Either::Right(Admitted {
        draft,
        body,
        idempotency_key,
        content_hash,
        replaced,
        examples,
        record,
        policy,
    }))
}

/// The draft that a new one replaces: one of the same key, or one that may have left the object since.
fn replaced(tenant: &Tenant, id: &str, key: &str, now: Millis) -> Outcome<Option<Stored>> {
    let found = stored::find(tenant, id)?;
    let is_own = match &found {
        Some(stored) => stored.key_id == key,
        None => random::made_at(id).is_some_and(|made_at| may_have_left(made_at, now)),
    };
    match is_own {
        true => Ok(found),
        false => Err(Invalid::field("/supersedes", "no draft of this key has this id").into()),
    }
}
