//! Signing in by Cloudflare Access: the issuer's keys, fetched once and kept by their id, and the
//! tenant that an application of Access belongs to. It must not decide what a token is worth:
//! `policy::access` does.

use crate::problem::{Outcome, Problem};
use crate::storage::parsed;
use crate::webcrypto;
use countersign_policy::access::{Identity, Token};
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use serde::Deserialize;
use std::cell::RefCell;
use std::collections::BTreeMap;
use worker::{Env, Fetch, Url};

/// The header in which Access hands on who it is.
pub const TOKEN_HEADER: &str = "cf-access-jwt-assertion";
/// A key that is not known is asked for at most this often: whoever makes one up must not make us ask.
const ASK_MS: u64 = 10_000;
/// Keys are asked for again after an hour, so that one that was withdrawn ends.
const KEYS_MS: u64 = 3_600_000;

/// A deployment's variable ACCESS: the issuer, and the tenant of each application's audience.
#[derive(Deserialize)]
struct Access {
    issuer: String,
    tenants: BTreeMap<String, String>,
}

/// One of the issuer's public keys, as RFC 7517 writes it.
#[derive(Clone, Deserialize)]
struct Key {
    kid: String,
    kty: String,
    n: String,
    e: String,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Key>,
}

#[derive(Default)]
struct Cache {
    keys: Vec<Key>,
    asked_at: Millis,
}

impl Cache {
    fn key(&self, kid: &str) -> Option<Key> {
        self.keys.iter().find(|key| key.kid == kid).cloned()
    }
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
}

/// Who a token is for, and their tenant.
pub async fn identify(env: &Env, token: &str, now: Millis) -> Outcome<(Identity, String)> {
    let access: Access = match env.var("ACCESS") {
        Ok(text) => parsed(&text.to_string())?,
        Err(_) => return Err(Problem::from(Code::SessionRequired)),
    };
    let refused = || Problem::from(Code::SessionRequired);
    let token = Token::parse(token).ok_or_else(refused)?;
    let known: Vec<&str> = access.tenants.keys().map(String::as_str).collect();
    let identity = token
        .identity(&access.issuer, &known, now)
        .ok_or_else(refused)?;
    let key = key(&access.issuer, &token.kid, now)
        .await?
        .ok_or_else(refused)?;
    let genuine = webcrypto::verify_rs256(&key.n, &key.e, &token.signed, &token.signature).await?;
    let tenant = access.tenants.get(&identity.audience).cloned();
    match tenant.filter(|_| genuine) {
        Some(tenant) => Ok((identity, tenant)),
        None => Err(refused()),
    }
}

/// The issuer's key of that id; asked for where it is not known, since Access changes keys.
async fn key(issuer: &str, kid: &str, now: Millis) -> Outcome<Option<Key>> {
    let (found, asked_ago) = CACHE.with_borrow(|cache| (cache.key(kid), now.since(cache.asked_at)));
    let fresh = found.is_some() && asked_ago < KEYS_MS;
    if fresh || asked_ago < ASK_MS {
        return Ok(found);
    }
    CACHE.with_borrow_mut(|cache| cache.asked_at = now);
    let url = format!("{issuer}/cdn-cgi/access/certs");
    let url = Url::parse(&url).map_err(|_| Problem::from(Code::NotConfigured))?;
    let mut answer = Fetch::Url(url).send().await?;
    if answer.status_code() != 200 {
        return Err(Problem::new(
            Code::Unavailable,
            "the issuer's keys can't be read",
        ));
    }
    let keys: Keys = parsed(&answer.text().await?)?;
    let keys = keys.keys.into_iter().filter(|key| key.kty == "RSA");
    CACHE.with_borrow_mut(|cache| {
        cache.keys = keys.collect();
        Ok(cache.key(kid))
    })
}
