//! Random bytes and the ids made of them. It must not be called by anything that decides.

use crate::problem::{Outcome, Problem};
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;

/// `N` bytes from the platform's generator.
pub fn bytes<const N: usize>() -> Outcome<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Problem::new(Code::Internal, "no random numbers"))?;
    Ok(bytes)
}

/// A new id: UUIDv7, so that ids sort by their time.
pub fn id(now: Millis) -> Outcome<String> {
    let random = bytes::<10>()?;
    Ok(uuid::Builder::from_unix_timestamp_millis(now.0, &random)
        .into_uuid()
        .to_string())
}

/// When an id was made; `None` of a text that `id` never makes.
pub fn made_at(id: &str) -> Option<Millis> {
    let id = uuid::Uuid::try_parse(id).ok()?;
    let (seconds, nanoseconds) = id.get_timestamp()?.to_unix();
    let rest_ms = u64::from(nanoseconds / 1_000_000);
    Some(Millis(seconds.checked_mul(1_000)?.checked_add(rest_ms)?))
}
