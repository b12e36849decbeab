//! The body of a request: whole, within its limit, in time. It must not say what it means.

use crate::problem::{Outcome, Problem};
use countersign_policy::draft::BODY_BYTES_MAX;
use countersign_policy::problem::Code;
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use std::time::Duration;
use worker::{Delay, Request};

/// Read on and dropped of a body that is too large: 32 times the limit.
const DROPPED_BYTES_MAX: usize = 8 * 1024 * 1024;
/// A body has to be there after this long: 256 KiB over a slow telephone line.
const BODY_MS_MAX: u64 = 10_000;

/// A body of whatever length: refused above the limit, before anybody reads it.
pub async fn read(request: &mut Request) -> Outcome<Vec<u8>> {
    match is_within_limit(request)? {
        true => arrived(request).await,
        false => checked(bounded(request)).await,
    }
}

/// A body that is known to be within the limit, once all of it is there.
pub async fn arrived(request: &mut Request) -> Outcome<Vec<u8>> {
    match request.inner().body() {
        None => Ok(Vec::new()),
        Some(_) => checked(async { Ok(request.bytes().await?) }).await,
    }
}

/// Whether a body's length is told, and within the limit: the platform reads no more than it was told.
pub fn is_within_limit(request: &Request) -> Outcome<bool> {
    if request.inner().body().is_none() {
        return Ok(true);
    }
    let told = request.headers().get("content-length")?;
    Ok(told.is_some_and(|told| told.parse().is_ok_and(|bytes: u32| bytes <= BODY_BYTES_MAX)))
}

/// A body that trickles in is cut off: it would hold a request open for nothing.
async fn checked(body: impl Future<Output = Outcome<Vec<u8>>>) -> Outcome<Vec<u8>> {
    let patience = Delay::from(Duration::from_millis(BODY_MS_MAX));
    match select(Box::pin(body), Box::pin(patience)).await {
        Either::Left((body, _)) => body,
        Either::Right(_) => Err(Problem::from(Code::BodyTooSlow)),
    }
}

/// The whole body, or a refusal when it is above the limit. What is above it is read on and dropped for
/// a while: a client that is still sending when the connection closes would never see why.
async fn bounded(request: &mut Request) -> Outcome<Vec<u8>> {
    let limit = usize::try_from(BODY_BYTES_MAX).unwrap_or(usize::MAX);
    let (mut body, mut bytes) = (Vec::new(), 0_usize);
    let mut stream = request.stream()?;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        bytes = bytes.saturating_add(chunk.len());
        match bytes {
            bytes if bytes <= limit => body.extend(chunk),
            bytes if bytes <= DROPPED_BYTES_MAX => body.clear(),
            _ => break,
        }
    }
    if bytes > limit {
        return Err(Problem::new(
            Code::BodyTooLarge,
            format!("more than {BODY_BYTES_MAX} bytes"),
        ));
    }
    Ok(body)
}
