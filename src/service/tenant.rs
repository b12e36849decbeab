//! One tenant's object: finds out who asks, does what they ask in one transaction, tells those who
//! wait, and sets the alarm. It must not hold live state outside its storage, but for those who
//! wait for an answer at this moment.

use crate::call::{Answer, Call};
use crate::caller::Caller;
use crate::clock::now;
use crate::limits::Rates;
#[cfg(feature = "development")]
use crate::past;
use crate::posts::Post;
use crate::problem::{Outcome, Problem};
use crate::recall::Recall;
use crate::routes::{self, Entry, Operation};
use crate::storage::Storage;
use crate::turn::Turn;
use crate::{
    admission, archive, backtests, bind, checkpoints, claim, conversations, corrections,
    dead_letters, deadlines, departure, dossier, drafts, erasure, examples, handovers, history,
    holds, import, keys, levels, live, log, memory, outbox, outcomes, pace, people, policies,
    proposals, queue, records, refill, reroute, roster, rota, rounds, schema, second_lead, seeds,
    sight, staff, stops, stored, training, trust, undo, vectors, verdicts, versions, webhooks,
};
use countersign_policy::compiled::Compiled;
use countersign_policy::log::{Actor, ActorKind};
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use futures_channel::oneshot;
use serde::Deserialize;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use worker::{
    DurableObject, Env, Request, Response, State, WebSocket, WebSocketIncomingMessage,
    durable_object,
};

/// Versions of the policy that are remembered: the active one, and that of the draft at hand.
const POLICIES_MAX: usize = 2;

/// The object of a tenant.
#[durable_object]
pub struct Tenant {
    /// The platform's handle.
    pub(crate) state: State,
    /// Bindings and secrets.
    pub(crate) env: Env,
    /// The object's database.
    pub(crate) storage: Storage,
    /// Agents that wait for a verdict, by draft.
    waiting: RefCell<BTreeMap<String, Vec<oneshot::Sender<()>>>>,
    /// Drafts that changed in the transaction under way.
    changed: RefCell<Vec<String>>,
    /// What posts know of the storage.
    pub(crate) recall: Recall,
    /// What the embedder holds of its vectors.
    pub(crate) held: vectors::Held,
    /// When the alarm is set for, as far as this instance knows.
    pub(crate) alarm_at: Cell<Option<Millis>>,
    /// The time by which everything due was called that could be: the rest waits for a call to end.
    pub(crate) called_by: Cell<Option<Millis>>,
    /// Whether open drafts follow the engine of this deployment.
    pub(crate) engine_followed: Cell<bool>,
    /// How far they have followed the rules.
    pub(crate) rerouting: Cell<reroute::Round>,
    /// Versions of the policy, compiled, the one that was asked for last first.
    policies: RefCell<Vec<(u32, Rc<Compiled>)>>,
    /// What is left of this minute to each key, and to all of them to post.
    pub(crate) rates: RefCell<Rates>,
    pub(crate) posts: RefCell<Rates>,
    /// What writes wait for, so that they share a commit, and posts a transaction.
    turn: Turn<oneshot::Sender<()>>,
    pub(crate) posting: Turn<Post>,
    /// Who can answer for drafts, read once for a moment.
    pub(crate) desk: RefCell<Option<Rc<rota::Desk>>>,
}

/// The tenant's own record.
#[derive(Clone, Deserialize)]
pub struct TenantRecord {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// 64 hex: keys the sampling draw and the view digests.
    pub secret: String,
    /// The active policy version.
    pub policy_version: u32,
    /// Raised by every change of policy, level, stop or engine.
    pub rules_version: u32,
    /// Whether leads know that the queue is full.
    pub pressed: u32,
}

impl DurableObject for Tenant {
    fn new(state: State, env: Env) -> Self {
        let storage = Storage::new(&state);
        if let Err(problem) = schema::migrate(&storage) {
            worker::console_error!("the tables could not be made: {}", problem.code.name());
        }
        live::answer_pings(&state);
        Self {
            state,
            env,
            storage,
            waiting: RefCell::default(),
            changed: RefCell::default(),
            recall: Recall::default(),
            held: vectors::Held::default(),
            alarm_at: Cell::default(),
            called_by: Cell::default(),
            engine_followed: Cell::default(),
            rerouting: Cell::default(),
            policies: RefCell::default(),
            rates: RefCell::default(),
            posts: RefCell::default(),
            turn: Turn::default(),
            posting: Turn::default(),
            desk: RefCell::default(),
        }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        match self.answer(request).await {
            Ok(response) => Ok(response),
            Err(problem) => problem.response(),
        }
    }

    async fn alarm(&self) -> worker::Result<Response> {
        // Re-arm first: whatever happens below, the next alarm is set. An error must not leave:
        // the platform would stop after six attempts.
        self.alarm_at.set(None);
        self.state
            .storage()
            .set_alarm(Duration::from_secs(30))
            .await?;
        let mut failed = false;
        let mut note = |what: &str, done: Outcome<()>| {
            if let Err(problem) = done {
                failed = true;
                worker::console_error!("{what}: {}", problem.code.name());
            }
        };
        let settled = self.settle_due(now());
        note(
            "due work failed",
            settled.and_then(|()| self.transaction(|| reroute::go_on(self, now()))),
        );
        note(
            "weekly counts wait",
            self.transaction(|| trust::publish(self)),
        );
        // Before what takes long: nobody waits for the day's work to hear of a draft.
        note("webhooks stay", outbox::deliver(self, now()).await);
        note("the day's round failed", rounds::go(self, now()).await);
        note("the index waits", refill::go_on(self, now()).await);
        if let Err(problem) = self.rearm(now(), failed).await {
            worker::console_error!("the alarm could not be set: {}", problem.code.name());
        }
        Response::empty()
    }

    async fn websocket_message(
        &self,
        socket: WebSocket,
        message: WebSocketIncomingMessage,
    ) -> worker::Result<()> {
        live::receive(self, &socket, &message);
        Ok(())
    }

    async fn websocket_close(
        &self,
        socket: WebSocket,
        code: usize,
        _reason: String,
        _was_clean: bool,
    ) -> worker::Result<()> {
        live::answer_close(&socket, code);
        live::leave(self, &socket);
        Ok(())
    }

    async fn websocket_error(
        &self,
        socket: WebSocket,
        _error: worker::Error,
    ) -> worker::Result<()> {
        live::leave(self, &socket);
        Ok(())
    }
}

impl Tenant {
    async fn answer(&self, request: Request) -> Outcome<Response> {
        let mut call = Call::read(request, now()).await?;
        if let Some(order) = call.path.strip_prefix("/registry/") {
            if let Some(answer) = departure::obey(self, order).await {
                return Ok(answer?.response()?);
            }
            let answer = self.transaction(|| people::obey(self, order, &call))?;
            if order == "wake" {
                self.look_after(call.now).await;
            }
            self.arm(call.now).await?;
            return Ok(answer.response()?);
        }
        let found = routes::find(&call.method, &call.path)?;
        call.id = found.id;
        if found.entry.operation == Operation::PostDraft {
            memory::wake(self, Operation::PostDraft).await?;
            return Ok(self.post(call, found.entry).await?.response()?);
        }
        if call.method != "GET" {
            self.turn.wait(call.now).await;
            call.now = now();
        }
        self.settle_due(call.now)?;
        let caller = self.admitted(&mut call, found.entry)?;
        memory::wake(self, found.entry.operation).await?;
        archive::take_up(self, found.entry.path, &call.id).await?;
        sight::check(self, &call.sight, found.entry.path, &call.id)?;
        let answer = match found.entry.operation {
            Operation::GetLive => return live::open(self, &call, &caller),
            Operation::ExportCorrections => return training::export(self, &call),
            Operation::ExportAudit => return checkpoints::export(self),
            Operation::ExportTenant => return departure::export(self),
            Operation::GetDossier => dossier::get(self, &call).await,
            Operation::GetCheckpoint => checkpoints::current(self, &call).await,
            Operation::ProveEntry => checkpoints::prove_entry(self, &call).await,
            Operation::GetDraft => drafts::get(self, &call, &caller).await,
            Operation::ListDrafts => history::list(self, &call, caller.person()?).await,
            Operation::GetAudit => log::list(self, &call).await,
            Operation::ListCorrections => corrections::list(self, &call).await,
            Operation::ImportCorrections => import::import(self, &call, &caller).await,
            Operation::BacktestPolicy => backtests::run(self, &call).await,
            Operation::ListRecords => records::list(self, &call).await,
            Operation::CreateWebhook => webhooks::create(self, &call, &caller).await,
            Operation::RotateWebhook => webhooks::rotate(self, &call, &caller).await,
            Operation::AnswerProposal => proposals::answer(self, &call, caller.person()?),
            Operation::PutLevel => levels::put(self, &call, caller.person()?),
            Operation::DeclareEquivalent => levels::put_equivalent(self, &call, caller.person()?),
            #[cfg(feature = "development")]
            Operation::DoRound => past::round(self, call.now).await,
            Operation::Erase => erasure::erase(self, &call, caller.person()?).await,
            operation => self.transaction(|| self.perform(operation, &call, &caller)),
        }?;
        let answer = match call.wants_new_secret {
            true => people::with_new_secret(self, &call, answer)?,
            false => answer,
        };
        self.arm(call.now).await?;
        Ok(answer.response()?)
    }

    /// What a wake sees to beside the alarm: ended sessions, checkpoints, what is too old. One that
    /// fails does not keep the others.
    async fn look_after(&self, now: Millis) {
        live::sweep(self, now);
        for (what, done) in [
            ("checkpoint", checkpoints::publish(self, now).await),
            ("retention", erasure::expire(self, now).await),
        ] {
            if let Err(problem) = done {
                worker::console_error!("{what} waits: {}", problem.code.name());
            }
        }
    }

    /// Everything that needs nothing but the object's storage.
    fn perform(&self, operation: Operation, call: &Call, caller: &Caller) -> Outcome<Answer> {
        match (operation, caller) {
            (Operation::OpenSession, Caller::Invited(hash)) => people::sign_in(self, call, hash),
            (Operation::OpenSession, Caller::Known(mail, until)) => {
                people::sign_in_known(self, call, mail, *until)
            }
            (Operation::GetSession, Caller::Person(person)) => people::current(self, person),
            (Operation::CloseSession, Caller::Person(person)) => {
                people::sign_out(self, call, person)
            }
            (Operation::WithdrawDraft, Caller::Key(key)) => drafts::withdraw(self, call, key),
            (Operation::PutOutcome, Caller::Key(key)) => outcomes::put(self, call, key),
            (Operation::PutHead, Caller::Key(key)) => conversations::put_head(self, call, key),
            (Operation::SimilarCorrections, Caller::Key(_)) => examples::similar(self, call),
            (Operation::RetireCorrection, Caller::Person(person)) => {
                corrections::retire(self, call, person)
            }
            (Operation::ReindexCorrections, Caller::Person(_)) => refill::restart(self),
            (Operation::GetQueue, Caller::Person(person)) => queue::list(self, call, person),
            (Operation::GetQueueHealth, _) => pace::health(self, call, caller),
            (Operation::ClaimNext, Caller::Person(person)) => claim::claim_next(self, call, person),
            (Operation::PutLease, Caller::Person(person)) => handovers::lease(self, call, person),
            (Operation::DeleteLease, Caller::Person(person)) => {
                handovers::unlease(self, call, person)
            }
            (Operation::PutAssignee, Caller::Person(person)) => {
                handovers::assign(self, call, person)
            }
            (Operation::PostVerdicts, Caller::Person(person)) => {
                verdicts::put_batch(self, call, person)
            }
            (Operation::PutVerdict, Caller::Person(person)) => verdicts::put(self, call, person),
            (Operation::UndoVerdict, Caller::Person(person)) => undo::undo(self, call, person),
            (Operation::ListHolds, _) => holds::list(self),
            (Operation::PutHold, Caller::Person(lead)) => holds::put(self, call, lead),
            (Operation::GetRetention, _) => holds::retention(self),
            (Operation::PutRetention, Caller::Person(lead)) => {
                holds::put_retention(self, call, lead)
            }
            (Operation::ListPeople, _) => staff::list(self, call.now),
            (Operation::PutDuty, Caller::Person(person)) => staff::put_duty(self, call, person),
            (Operation::GetRota, _) => rota::get(self, call.now),
            (Operation::PutRota, Caller::Person(person)) => rota::put(self, call, person),
            (Operation::GetStop, _) => stops::list(self),
            (Operation::PutStop, Caller::Person(person)) => stops::put(self, call, person),
            (Operation::PutShadow, Caller::Person(person)) => stops::put_shadow(self, call, person),
            (Operation::GetTrust, _) => trust::get(self, call),
            (Operation::GetTrustReport, _) => trust::report(self, call),
            (Operation::GetPolicy, _) => policies::get(self),
            (Operation::ListPolicyVersions, _) => versions::list(self, call),
            (Operation::GetPolicyVersion, _) => versions::get(self, call),
            (Operation::LintPolicy, _) => policies::lint(call),
            (Operation::PutPolicy, _) => policies::put(self, call, caller),
            (Operation::InvitePerson, Caller::Person(lead)) => roster::invite(self, call, lead),
            (Operation::PutRole, Caller::Person(lead)) => roster::put_role(self, call, lead),
            (Operation::RemovePerson, Caller::Person(lead)) => roster::remove(self, call, lead),
            (Operation::ListAgents, _) => roster::agents(self),
            (Operation::GetWaitingPolicy, _) => second_lead::get(self),
            (Operation::AnswerWaitingPolicy, Caller::Person(lead)) => {
                second_lead::answer(self, call, lead)
            }
            (Operation::CreateKey, Caller::Person(person)) => keys::create(self, call, person),
            (Operation::ListKeys, _) => keys::list(self),
            (Operation::RotateKey, Caller::Person(person)) => keys::rotate(self, call, person),
            (Operation::RevokeKey, Caller::Person(person)) => keys::revoke(self, call, person),
            (Operation::ListWebhooks, _) => webhooks::list(self),
            (Operation::DeleteWebhook, Caller::Person(lead)) => webhooks::delete(self, call, lead),
            (Operation::GetCallbackSecret, Caller::Key(key)) => webhooks::callback(self, key),
            (Operation::ListDeadLetters, _) => dead_letters::list(self, call),
            (Operation::ReplayDeadLetter, Caller::Person(lead)) => {
                dead_letters::replay(self, call, lead)
            }
            (Operation::DropDeadLetter, Caller::Person(lead)) => {
                dead_letters::drop(self, call, lead)
            }
            (Operation::CreateSeed, Caller::Person(lead)) => seeds::create(self, call, lead),
            (Operation::ListSeeds, _) => seeds::list(self),
            (Operation::RemoveSeed, Caller::Person(lead)) => seeds::remove(self, call, lead),
            #[cfg(feature = "development")]
            (Operation::GivePast, _) => past::give(self, call),
            #[cfg(feature = "development")]
            #[expect(clippy::panic, reason = "a test sees what follows a panic")]
            (Operation::Panic, _) => panic!("asked to panic"),
            _ => Err(Problem::from(Code::Forbidden)),
        }
    }

    /// Who asks, where they may.
    pub fn admitted(&self, call: &mut Call, entry: &Entry) -> Outcome<Caller> {
        let caller = Caller::of(self, call)?;
        admission::admit(&caller, entry.access)?;
        if admission::is_measured(&caller, entry.access) {
            let policy = self.policy(self.record()?.policy_version)?;
            if policy.policy().measures_looks() {
                let detail = "it would tell which drafts are looked at to measure reviewers";
                return Err(Problem::new(Code::Forbidden, detail));
            }
        }
        admission::admit_key(&call.grant, entry.operation)?;
        Ok(caller)
    }

    /// Does `work` whole or not at all; afterwards tells everyone who watches what changed.
    pub fn transaction<T>(&self, work: impl FnMut() -> Outcome<T>) -> Outcome<T> {
        self.recall.forget();
        self.commit(work)
    }

    /// The same for drafts that come, which may ask what the last one knew.
    pub fn post_transaction<T>(&self, work: impl FnMut() -> Outcome<T>) -> Outcome<T> {
        self.recall.wake();
        self.commit(work)
    }

    fn commit<T>(&self, mut work: impl FnMut() -> Outcome<T>) -> Outcome<T> {
        let mut value = None;
        self.commit_all(&mut || {
            value = Some(work()?);
            Ok(())
        })?;
        value.ok_or(Problem::from(Code::Internal))
    }

    /// One for all kinds of work: what is generic is copied for each of them.
    fn commit_all(&self, work: &mut dyn FnMut() -> Outcome<()>) -> Outcome<()> {
        self.changed.borrow_mut().clear();
        // What a refused transaction read of its own writes must not be remembered.
        self.storage.transaction(work).inspect_err(|_| {
            self.forget();
            self.held.roll_back(&self.env);
        })?;
        self.held.commit();
        let changed = self.changed.take();
        for id in &changed {
            for waiter in self.waiting.borrow_mut().remove(id).unwrap_or_default() {
                // A waiter that hung up is nothing to report.
                let _ = waiter.send(());
            }
        }
        live::tell(self, &changed);
        Ok(())
    }

    /// Forgets what is known of the storage: it has to be read again.
    pub fn forget(&self) {
        self.policies.take();
        self.desk.take();
        self.recall.forget();
    }

    /// Notes that a draft changed in the transaction under way.
    pub fn touch(&self, id: &str) {
        self.changed.borrow_mut().push(id.to_owned());
    }

    /// Resolves when the draft changes.
    pub fn wait_for(&self, id: &str) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.waiting.borrow_mut();
        let waiting = waiting.entry(id.to_owned()).or_default();
        // Who waited in vain is gone.
        waiting.retain(|waiter| !waiter.is_canceled());
        waiting.push(sender);
        receiver
    }

    /// Takes every step whose time has come; asked on every request and by the alarm.
    pub fn settle_due(&self, now: Millis) -> Outcome<()> {
        reroute::follow_engine(self, now)?;
        if stored::nothing_due(self, now)? {
            return Ok(());
        }
        deadlines::pass(self, now)
    }

    /// The tenant's record; 404 for an object that was never founded.
    pub fn record(&self) -> Outcome<TenantRecord> {
        self.recall.record.or((), || {
            self.storage
                .first(
                    "SELECT id, name, secret, policy_version, rules_version, pressed FROM tenant",
                    bind![],
                )?
                .ok_or(Problem::from(Code::NotFound))
        })
    }

    /// A version of the policy, ready to decide.
    pub fn policy(&self, version: u32) -> Outcome<Rc<Compiled>> {
        let mut known = self.policies.take();
        let policy = match known.iter().position(|(known, _)| *known == version) {
            Some(place) => known.remove(place).1,
            None => Rc::new(Compiled::new(policies::load(self, version)?)),
        };
        known.truncate(POLICIES_MAX.saturating_sub(1));
        known.insert(0, (version, policy.clone()));
        self.policies.replace(known);
        Ok(policy)
    }
}

/// Countersign itself, as the audit log names it.
pub fn system() -> Actor {
    Actor {
        kind: ActorKind::System,
        id: "countersign".into(),
    }
}
