//! What memory learns from a draft whose verdict has settled: a correction, a known question, and
//! whether the examples that it was written with helped. It must not judge an edit:
//! `policy::edit` and the reviewer have.

use crate::corrections::{Change, Correction, Standing};
use crate::problem::Outcome;
use crate::stored::{Stored, StoredVerdict};
use crate::tenant::{Tenant, system};
use crate::verdicts::text_of;
use crate::{bind, examples, memory, outbox, random};
use countersign_policy::digest::hex;
use countersign_policy::edit::EditKind;
use countersign_policy::log::{Actor, Event};
use countersign_policy::memory::{Kinship, differs, kinship, outweighs, shared_words};
use countersign_policy::order;
use countersign_policy::signal::SignalCode;
use countersign_policy::time::Millis;
use countersign_policy::verdict::Verdict;
use std::collections::BTreeSet;

/// Learns from a draft whose verdict has settled: each example that it was written with knows
/// whether it helped, an edit becomes a correction, and anything else a known question.
pub fn learn(tenant: &Tenant, stored: &Stored, now: Millis) -> Outcome<()> {
    let Some(verdict) = stored.look.as_ref().or(stored.verdict.as_ref()) else {
        return Ok(());
    };
    // A look at what a person had decided, or looked at, is a second word on the same use.
    let is_first = match (&stored.verdict, &stored.look) {
        (Some(_), Some(_)) => false,
        (_, Some(look)) => look.before.is_none(),
        _ => true,
    };
    let helped = match &verdict.verdict {
        Verdict::Approve | Verdict::Confirm => true,
        Verdict::Edit { .. } => kind_of(verdict) != EditKind::Substantive,
        Verdict::Reject { .. }
        | Verdict::Respond { .. }
        | Verdict::SendBack { .. }
        | Verdict::Correct { .. } => false,
        Verdict::HandledElsewhere { .. } | Verdict::Defer { .. } => return Ok(()),
    };
    let used: BTreeSet<&String> = order::gathered(stored.draft.examples_used.iter());
    for id in used.into_iter().filter(|_| is_first) {
        let by = Standing {
            used: 1,
            helped: u32::from(helped),
            agreements: u32::from(helped),
            ..Standing::default()
        };
        raise(tenant, id, by)?;
    }
    match store(tenant, stored, verdict, now)? {
        true => Ok(()),
        false => memory::handled(tenant, &stored.id, stored.draft.category.as_deref()),
    }
}

/// What kind of edit it was: the reviewer's word counts.
fn kind_of(verdict: &StoredVerdict) -> EditKind {
    let found = verdict.edit_kind.unwrap_or(EditKind::Substantive);
    verdict.edit_kind_overruled.unwrap_or(found)
}

/// Stores what an edit taught; one that changed nothing teaches nothing. Whether it is now an
/// example for others.
fn store(tenant: &Tenant, stored: &Stored, verdict: &StoredVerdict, now: Millis) -> Outcome<bool> {
    let (corrected, lesson, one_off) = match &verdict.verdict {
        Verdict::Edit {
            draft,
            lesson,
            one_off,
        } => (draft, lesson.clone(), *one_off),
        // What should have left instead of what did.
        Verdict::Correct {
            draft: Some(draft), ..
        } => (draft, None, false),
        _ => return Ok(false),
    };
    let customer = stored.draft.customer.as_ref();
    let edit_kind = kind_of(verdict);
    let mut signals = stored.decision.signals.iter();
    let correction = Correction {
        id: random::id(now)?,
        draft_id: stored.id.clone(),
        agent: Some(stored.draft.agent.clone()),
        category: stored.draft.category.clone(),
        action: corrected.action.as_ref().map(|action| action.name.clone()),
        message: stored.draft.message.clone(),
        draft: text_of(&stored.draft.draft),
        corrected: text_of(corrected),
        edit_kind,
        edit_kind_found: verdict.edit_kind.filter(|found| *found != edit_kind),
        lesson,
        one_off,
        injection: signals.any(|signal| signal.code == SignalCode::Injection),
        customer_id: customer.map(|customer| customer.id.clone()),
        customer_name: customer.and_then(|customer| customer.name.clone()),
        reviewer: verdict.reviewer.clone(),
        at: now,
        imported: None,
        standing: Standing::default(),
    };
    if correction.draft == correction.corrected {
        return Ok(false);
    }
    let teaches = correction.teaches();
    let vector = memory::vector_of(tenant, &stored.id)?;
    keep(tenant, correction, vector, system(), now)?;
    Ok(teaches)
}

/// The correction that said the same, whatever has become of it since; or that this one is an export of, though it was
/// learnt before digests were kept.
pub fn known(tenant: &Tenant, correction: &Correction) -> Outcome<Option<String>> {
    let elsewhere = correction.imported.as_ref();
    tenant.storage.value(
        "SELECT correction_id FROM imported WHERE digest = ?
         UNION ALL SELECT id FROM corrections WHERE id = ? LIMIT 1",
        bind![
            &correction.digest(&tenant.record()?.secret),
            elsewhere.and_then(|it| it.id.as_ref())
        ],
    )
}

/// Keeps a correction: as an example where it may be one, for D1, and on the log. What it says is known from then on: no
/// import brings it once more, or back.
pub fn keep(
    tenant: &Tenant,
    mut correction: Correction,
    vector: Option<Vec<u8>>,
    by: Actor,
    now: Millis,
) -> Outcome<()> {
    tenant.storage.run(
        "INSERT INTO imported (digest, correction_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
        bind![&correction.digest(&tenant.record()?.secret), &correction.id],
    )?;
    if correction.teaches() {
        relate(tenant, &mut correction, vector.clone())?;
        memory::index(tenant, &correction, vector.as_deref())?;
    }
    outbox::put(tenant, "correction", &correction)?;
    if let Some(vector) = &vector {
        tell_vector(tenant, &correction.id, vector)?;
    }
    let origin = match correction.imported {
        None => ("draft_id", correction.draft_id.as_str().into()),
        Some(_) => ("imported", true.into()),
    };
    let facts = [
        origin,
        ("edit_kind", correction.edit_kind_name().into()),
        ("overruled", correction.edit_kind_found.is_some().into()),
        ("one_off", correction.one_off.into()),
    ];
    tenant.log(
        now,
        Event::CorrectionStored,
        by,
        Some(&correction.id),
        facts,
    )
}

/// What a new correction does to those of the same question: those it repeats merge with it and, unless it was
/// made elsewhere, are confirmed; of what contradicts it the one or the other fades.
fn relate(tenant: &Tenant, correction: &mut Correction, vector: Option<Vec<u8>>) -> Outcome<()> {
    let recalled = memory::recall(tenant, &correction.message, vector)?;
    let candidates = recalled.corrections(correction.at);
    let mut same = candidates.clone();
    same.retain(|one| one.category == correction.category.as_deref());
    let ids: Vec<&str> = same.iter().map(|one| one.id).collect();
    let older = examples::load(tenant, &ids)?;
    for candidate in same {
        let Some(row) = examples::of_id(&older, candidate.id) else {
            continue;
        };
        let taught = row.taught();
        let shared = shared_words(&correction.message, taught.message);
        let alike = kinship(candidate.cosine, shared, false) != Kinship::Unrelated;
        let differs = alike && differs(correction.taught(), taught);
        match kinship(candidate.cosine, shared, differs) {
            Kinship::Unrelated => {}
            Kinship::Repeats => {
                let first = candidate.duplicate_of.unwrap_or(candidate.id);
                correction.standing.duplicate_of = Some(first.to_owned());
                // What was made elsewhere is no verdict on what is here.
                if correction.imported.is_none() {
                    let by = Standing {
                        agreements: 1,
                        ..Standing::default()
                    };
                    raise(tenant, candidate.id, by)?;
                }
            }
            Kinship::Contradicts if !outweighs(correction.word(), row.word()) => {
                let standing = &mut correction.standing;
                standing.contradictions = standing.contradictions.saturating_add(1);
            }
            Kinship::Contradicts => {
                let by = Standing {
                    contradictions: 1,
                    ..Standing::default()
                };
                raise(tenant, candidate.id, by)?;
            }
        }
    }
    Ok(())
}

/// Raises the counts of a correction, here and in D1; one that is gone stays so.
fn raise(tenant: &Tenant, id: &str, by: Standing) -> Outcome<()> {
    let raised = tenant.storage.first(
        "UPDATE corrections SET agreements = agreements + ?, contradictions = contradictions + ?,
           used = used + ?, helped = helped + ? WHERE id = ?
         RETURNING duplicate_of, agreements, contradictions, used, helped",
        bind![by.agreements, by.contradictions, by.used, by.helped, id],
    )?;
    match raised {
        Some(standing) => tell(tenant, id, standing),
        None => Ok(()),
    }
}

/// Tells D1 what became of a correction.
pub fn tell(tenant: &Tenant, id: &str, standing: Standing) -> Outcome<()> {
    let change = Change {
        id: id.to_owned(),
        standing: Some(standing),
        vector: None,
    };
    outbox::put(tenant, "correction_change", &change)
}

/// Keeps a vector in D1, so that an index made anew need not make it.
pub fn tell_vector(tenant: &Tenant, id: &str, vector: &[u8]) -> Outcome<()> {
    let change = Change {
        id: id.to_owned(),
        standing: None,
        vector: Some(hex(vector)),
    };
    outbox::put(tenant, "correction_change", &change)
}
