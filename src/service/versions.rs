//! The versions that a policy had, each with who made it and why. It must not change one: going
//! back is putting an old document again, as a new version.

use crate::call::{Answer, Call};
use crate::d1::Rows;
use crate::policies::{self, PolicyRow};
use crate::problem::{Outcome, Problem};
use crate::tenant::Tenant;
use crate::tenants::DATABASE;
use crate::{bind, outbox};
use countersign_policy::order;
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Versions of one page.
const PAGE_MAX: u32 = 200;

/// `GET /v1/policy/versions`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VersionPage {
    /// Newest first.
    versions: Vec<VersionView>,
    /// Pass it as `cursor` for older ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<u32>,
}

/// One version, without its document.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct VersionView {
    /// Counts from 1.
    version: u32,
    /// Whether it is the active one.
    active: bool,
    /// Who made it: a person's or key's id.
    author: String,
    /// Why.
    reason: String,
    /// When.
    created_at: Millis,
}

/// The columns of a version but its document.
#[derive(Deserialize)]
struct Head {
    version: u32,
    author: String,
    reason: String,
    created_at: u64,
}

/// `GET /v1/policy/versions`: what D1 has, and what is still on its way there.
pub async fn list(tenant: &Tenant, call: &Call) -> Outcome<Answer> {
    let limit = call.number("limit", 50, PAGE_MAX)?;
    let before = call.number("cursor", u32::MAX, u32::MAX)?;
    let record = tenant.record()?;
    let waiting = outbox::waiting::<Head>(
        &tenant.storage,
        "policy",
        "payload ->> '$.version' < ? ORDER BY payload ->> '$.version' DESC LIMIT ?",
        bind![before, limit],
    )?;
    let waiting = waiting.into_iter().map(|head| (head.version, head));
    let mut heads: BTreeMap<u32, Head> = order::gathered(waiting);
    let rows = tenant
        .env
        .d1(DATABASE)?
        .prepare(
            "SELECT version, author, reason, created_at FROM policies
             WHERE tenant_id = ? AND version < ? ORDER BY version DESC LIMIT ?",
        )
        .bind(&[record.id.as_str().into(), before.into(), limit.into()])?
        .rows::<Head>()
        .await?;
    for head in rows {
        heads.insert(head.version, head);
    }
    let view = |head: Head| VersionView {
        version: head.version,
        active: head.version == record.policy_version,
        author: head.author,
        reason: head.reason,
        created_at: Millis(head.created_at),
    };
    let shown = usize::try_from(limit).unwrap_or(0);
    let versions: Vec<VersionView> = heads.into_values().rev().take(shown).map(view).collect();
    let next_cursor = versions
        .last()
        .map(|last| last.version)
        .filter(|version| *version > 1);
    Answer::json(
        200,
        &VersionPage {
            versions,
            next_cursor,
        },
    )
}

/// `GET /v1/policy/versions/{id}`.
pub async fn get(tenant: &Tenant, call: &Call) -> Outcome<Answer> {
    let version: u32 = call.id.parse().map_err(|_| Problem::from(Code::NotFound))?;
    let row = match policies::row(tenant, version) {
        Ok(row) => row,
        Err(_) => archived(tenant, version).await?,
    };
    policies::shown(&row)
}

/// A version that the object no longer holds.
async fn archived(tenant: &Tenant, version: u32) -> Outcome<PolicyRow> {
    tenant
        .env
        .d1(DATABASE)?
        .prepare(
            "SELECT version, document, author, reason, created_at FROM policies
             WHERE tenant_id = ? AND version = ?",
        )
        .bind(&[tenant.record()?.id.as_str().into(), version.into()])?
        .first_row::<PolicyRow>()
        .await?
        .ok_or(Problem::from(Code::NotFound))
}
