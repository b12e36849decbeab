//! When a draft was shown to whom, so that a verdict's time can be told. It must not say how fast one
//! can read: `policy::trust::evidence` does.

use crate::bind;
use crate::people::Person;
use crate::problem::Outcome;
use crate::storage::Bind;
use crate::tenant::Tenant;
use countersign_policy::time::Millis;
use countersign_policy::trust::evidence::verdict_ms;

/// Notes that a draft is shown to a person; the first time counts.
pub fn shown(tenant: &Tenant, draft: &str, person: &Person, now: Millis) -> Outcome<()> {
    tenant.storage.run(
        "INSERT INTO shown (draft_id, person_id, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        bind![draft, &person.id, now],
    )
}

/// How long the person's verdict on the draft took at most; it is their newest from now on.
pub fn took_ms(tenant: &Tenant, draft: &str, person: &Person, now: Millis) -> Outcome<u64> {
    let at = |query: &str, values: &[Bind<'_>]| -> Outcome<Option<Millis>> {
        let at = tenant.storage.value::<Option<u64>>(query, values)?;
        Ok(at.flatten().map(Millis))
    };
    let shown = at(
        "SELECT at FROM shown WHERE draft_id = ? AND person_id = ?",
        bind![draft, &person.id],
    )?;
    let before = at(
        "SELECT decided_at FROM people WHERE id = ?",
        bind![&person.id],
    )?;
    tenant.storage.run(
        "UPDATE people SET decided_at = ? WHERE id = ?",
        bind![now, &person.id],
    )?;
    Ok(verdict_ms(now, shown, before))
}

/// Forgets whom a settled draft was shown to.
pub fn forget(tenant: &Tenant, draft: &str) -> Outcome<()> {
    tenant
        .storage
        .run("DELETE FROM shown WHERE draft_id = ?", bind![draft])
}
