//! Performs. The Worker: it finds the operation and the tenant of a request and hands both to the
//! tenant's object. It must not hold a rule of its own, and must not wake an object for a
//! credential that it did not issue.

mod access;
mod accounts;
mod admission;
mod alarm;
mod archive;
mod backtests;
mod body;
mod call;
mod caller;
mod checkpoints;
mod claim;
mod clock;
mod column;
mod conversations;
mod corrections;
mod d1;
mod dead_letters;
mod deadlines;
mod deliveries;
mod departure;
mod door;
mod dossier;
mod drafts;
mod embedder;
mod erasure;
mod examples;
mod familiarity;
mod groups;
mod handovers;
mod history;
mod holds;
mod idempotency;
mod import;
mod keys;
mod learning;
mod levels;
mod limits;
mod live;
mod log;
mod looks;
mod memory;
mod notes;
#[cfg(test)]
mod openapi;
mod outbox;
mod outcomes;
mod owner;
mod pace;
#[cfg(feature = "development")]
mod past;
mod people;
mod policies;
mod posts;
mod problem;
mod proposals;
mod queue;
mod random;
mod reading;
mod recall;
mod records;
mod refill;
mod reroute;
mod roster;
mod rota;
mod rounds;
mod routes;
mod sample;
mod schema;
mod sealing;
mod second_lead;
mod second_looks;
mod seeds;
mod settlements;
mod sight;
mod situations;
mod staff;
mod standing;
mod stops;
mod storage;
mod stored;
mod tenant;
mod tenants;
mod training;
mod trust;
mod turn;
mod undo;
mod vectors;
mod verdict_times;
mod verdicts;
mod versions;
mod webcrypto;
mod webhooks;

use worker::web_sys::{Request, Response};
use worker::{Context, Env, ScheduleContext, ScheduledEvent, event};

#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// One request.
#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> worker::Result<Response> {
    match door::answer(request, &env).await {
        Ok(response) => Ok(response),
        Err(problem) => Ok(problem.response()?.into()),
    }
}

/// Every few minutes: wakes each tenant, so that an alarm that got lost is set again.
#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    if let Err(problem) = tenants::wake_all(&env).await {
        worker::console_error!("the round of the tenants failed: {}", problem.code.name());
    }
}
