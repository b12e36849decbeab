//! How often somebody may ask, as this instance has seen it: each object counts its keys and people, each
//! instance of the Worker the addresses. It must not decide how often that is: `policy::rate` does.

use crate::problem::{Outcome, Problem};
use crate::tenant::Tenant;
use countersign_policy::problem::Code;
use countersign_policy::rate::{self, Bucket, REMEMBERED_MAX};
use countersign_policy::time::Millis;
use std::cell::RefCell;
use std::collections::BTreeMap;
use worker::Env;

/// What is left to each.
#[derive(Clone, Default)]
pub struct Rates(BTreeMap<String, Bucket>);

impl Rates {
    /// Counts a request; a refusal where it is too much.
    pub fn take(&mut self, who: &str, per_minute: u32, now: Millis) -> Outcome<()> {
        let bucket = self.bucket(who, per_minute, now);
        let taken = bucket.take(per_minute, now);
        self.0.insert(who.to_owned(), taken.unwrap_or(bucket));
        taken.map(drop).ok_or(Problem::from(Code::TooManyRequests))
    }

    /// Refuses without counting.
    pub fn check(&self, who: &str, per_minute: u32, now: Millis) -> Outcome<()> {
        let empty = |bucket: &Bucket| bucket.is_empty(per_minute, now);
        match self.0.get(who).is_some_and(empty) {
            true => Err(Problem::from(Code::TooManyRequests)),
            false => Ok(()),
        }
    }

    fn bucket(&mut self, who: &str, per_minute: u32, now: Millis) -> Bucket {
        if self.0.len() >= usize::try_from(REMEMBERED_MAX).unwrap_or(usize::MAX) {
            self.0.clear();
        }
        let known = self.0.get(who).copied();
        known.unwrap_or_else(|| Bucket::new(per_minute, now))
    }
}

/// Counts something that a person asks or says.
pub fn count_person(tenant: &Tenant, person: &str, now: Millis) -> Outcome<()> {
    let per_minute = configured(&tenant.env, "RATE_PER_PERSON", rate::PER_PERSON);
    tenant.rates.borrow_mut().take(person, per_minute, now)
}

/// Counts a search of a person.
pub fn count_search(tenant: &Tenant, person: &str, now: Millis) -> Outcome<()> {
    let who = format!("{person} searches");
    let mut rates = tenant.rates.borrow_mut();
    rates.take(&who, rate::SEARCHES_PER_PERSON, now)
}

thread_local! {
    /// What the deployment's variables say, which stays as long as the isolate.
    static CONFIGURED: RefCell<BTreeMap<&'static str, u32>> = RefCell::default();
}

/// Requests a minute, as the deployment's variable says or as the policy does.
pub fn configured(env: &Env, variable: &'static str, otherwise: u32) -> u32 {
    let read = || {
        let said = env.var(variable).ok()?.to_string().parse().ok();
        said.filter(|per_minute| *per_minute > 0)
    };
    CONFIGURED.with_borrow_mut(|known| {
        let known = known.entry(variable);
        *known.or_insert_with(|| read().unwrap_or(otherwise))
    })
}
