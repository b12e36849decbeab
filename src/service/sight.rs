//! What the person who asks may read: found out once for a request, and asked wherever a text leaves.
//! It must not decide: `policy::sight` does.

use crate::people::{Person, PersonRole};
use crate::problem::{Outcome, Problem};
use crate::tenant::Tenant;
use crate::{bind, staff};
use countersign_policy::problem::Code;
use countersign_policy::sight::Sight;

/// What a person may read, by the active policy and the categories that they serve.
pub fn of(tenant: &Tenant, person: &Person) -> Outcome<Sight> {
    let policy = tenant.policy(tenant.record()?.policy_version)?;
    if !policy.policy().reads_by_category {
        return Ok(Sight::All);
    }
    let is_reviewer = person.role == PersonRole::Reviewer;
    Ok(Sight::of(true, is_reviewer, staff::skills(tenant, person)?))
}

/// The condition under which a row of that category may be read, by the parameter of that number.
pub fn readable(category: &str, parameter: u8) -> String {
    format!(
        "(?{parameter} = '' OR EXISTS (SELECT 1 FROM json_each(?{parameter}) AS stretch
         WHERE {category} BETWEEN stretch.value->>0 AND stretch.value->>1))"
    )
}

/// What to bind to that parameter.
pub fn bound(sight: &Sight) -> Outcome<String> {
    let stretches = sight.stretches();
    Ok(stretches.map_or(Ok(String::new()), |some| serde_json::to_string(&some))?)
}

/// Refuses the draft of a path as if it did not exist, where the person may not read it.
pub fn check(tenant: &Tenant, sight: &Sight, path: &str, id: &str) -> Outcome<()> {
    match path.starts_with("/v1/drafts/{id}") {
        true => check_row(tenant, sight, "drafts", id),
        false => Ok(()),
    }
}

/// The same of a row of `drafts` or `corrections`.
pub fn check_row(tenant: &Tenant, sight: &Sight, table: &str, id: &str) -> Outcome<()> {
    if *sight == Sight::All {
        return Ok(());
    }
    let query = format!("SELECT category FROM {table} WHERE id = ?");
    let category = tenant.storage.value::<Option<String>>(&query, bind![id])?;
    match category.is_none_or(|category| sight.covers(category.as_deref())) {
        true => Ok(()),
        false => Err(Problem::from(Code::NotFound)),
    }
}
