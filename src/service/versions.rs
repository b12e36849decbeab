//! The versions that a policy had, each with who made it and why. It must not change one: going
//! back is putting an old document again, as a new version.

use crate::call::{Answer, Call};
use crate::problem::{Outcome, Problem};
use crate::tenant::Tenant;
use crate::{bind, column, policies};
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};

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
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct VersionView {
    /// Counts from 1.
    version: u32,
    /// Whether it is the active one.
    #[serde(deserialize_with = "column::truth")]
    active: bool,
    /// Who made it: a person's or key's id.
    author: String,
    /// Why.
    reason: String,
    /// When.
    #[serde(deserialize_with = "column::time")]
    created_at: Millis,
}

/// `GET /v1/policy/versions`.
pub fn list(tenant: &Tenant, call: &Call) -> Outcome<Answer> {
    let limit = call.number("limit", 50, PAGE_MAX)?;
    let before = call.number("cursor", u32::MAX, u32::MAX)?;
    let versions = tenant.storage.rows::<VersionView>(
        "SELECT version, version = (SELECT policy_version FROM tenant) AS active, author, reason,
           created_at FROM policies WHERE version < ? ORDER BY version DESC LIMIT ?",
        bind![before, limit],
    )?;
    let last = versions.last().map(|last| last.version);
    let page = VersionPage {
        versions,
        next_cursor: last.filter(|version| *version > 1),
    };
    Answer::json(200, &page)
}

/// `GET /v1/policy/versions/{id}`.
pub fn get(tenant: &Tenant, call: &Call) -> Outcome<Answer> {
    let version: u32 = call.id.parse().map_err(|_| Problem::from(Code::NotFound))?;
    policies::shown(&policies::row(tenant, version)?)
}
