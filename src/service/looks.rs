//! What a look at something that is out counts for: the week's figures, and the accounts that its label
//! belongs to. It must not judge: `policy::trust` says what a label is worth.

use crate::accounts::{self, Kept};
use crate::problem::Outcome;
use crate::stored::{Stored, StoredVerdict};
use crate::tenant::Tenant;
use crate::{bind, levels, second_looks};
use countersign_policy::compiled::Compiled;
use countersign_policy::draft::Draft;
use countersign_policy::edit::EditKind;
use countersign_policy::time::Millis;
use countersign_policy::trust::account::{Counted, Known, Seen};
use countersign_policy::trust::demote::Look;
use countersign_policy::trust::evidence::{Spoke, held_by_confidence_alone, high_stakes};
use countersign_policy::trust::{Counts, Ending, Label, Settled};

/// Somebody looked at what is already out. What an earlier look or verdict had been counted as turns, where
/// this one finds it wrong.
pub fn count(tenant: &Tenant, stored: &mut Stored, now: Millis) -> Outcome<()> {
    let Some(verdict) = stored.look.as_ref().filter(|_| !stored.shadow) else {
        return Ok(());
    };
    let policy = tenant.policy(tenant.record()?.policy_version)?;
    let day = accounts::today(&policy, now);
    let ending = Ending::of(verdict.verdict.kind(), EditKind::None);
    let Some(label) = ending.label() else {
        return Ok(());
    };
    let Some(sampling) = accounts::released_at(stored) else {
        let owed = second_looks::take(tenant, &stored.id)?;
        return match label.acceptable() {
            true => second_looks::agreed(tenant, stored, owed, Counted { at: now, day }),
            false => found_wrong(tenant, stored, &policy, day),
        };
    };

    let earlier = verdict.before.as_deref();
    let counted_on = earlier.map(|earlier| accounts::today(&policy, earlier.at));
    let sampled = stored.decision.sampled;
    if sampled {
        let seen = Settled {
            ending,
            released_at: Some(sampling),
            verdict_ms: verdict.took_ms,
        };
        let kept = accounts::of_draft(tenant, &stored.draft)?;
        let week_of = counted_on.unwrap_or(day);
        accounts::count(tenant, stored, kept.as_ref(), week_of, |counted| {
            if counted_on.is_some() {
                return turned(counted, &seen);
            }
            let mut counts = counted.unwrap_or_default();
            counts.look(&seen);
            Some(counts)
        })?;
    }
    let spoke = Spoke::of(&stored.decision);
    if spoke == Spoke::Beyond {
        return Ok(());
    }
    let look = Look {
        label,
        sampling,
        usual: sampling,
        high_stakes: high_stakes(&stored.decision),
        day,
    };
    let was_read = |look: &StoredVerdict| accounts::reading(stored, Some(look)).unread().is_none();
    let seen = Seen {
        own: true,
        spoke,
        sampled,
        read: was_read(verdict),
        replaces: counted_on.filter(|_| earlier.is_some_and(was_read)),
        representative: held_by_confidence_alone(&stored.decision),
        confidence: stored.draft.confidence,
    };
    let version = accounts::version(&stored.draft);
    for mut kept in including(tenant, &stored.draft)? {
        let own = kept.agent_version == version;
        match kept.account.look(&look, Seen { own, ..seen }) {
            Some(cause) => levels::lose(tenant, kept, cause, now, day)?,
            None => accounts::save(tenant, &kept)?,
        }
    }
    Ok(())
}

/// What a person let out as its agent had drafted it is found wrong. What that person had changed in
/// substance, or written, says nothing more of its agent.
fn found_wrong(tenant: &Tenant, stored: &Stored, policy: &Compiled, day: i32) -> Outcome<()> {
    let Some(verdict) = &stored.verdict else {
        return Ok(());
    };
    let before = accounts::ending(stored);
    if !before.label().is_some_and(Label::acceptable) {
        return Ok(());
    }
    let seen = Settled {
        ending: before,
        released_at: None,
        verdict_ms: None,
    };
    let settled = verdict.settled.unwrap_or(Counted {
        at: verdict.at,
        day: accounts::today(policy, verdict.at),
    });
    let kept = accounts::of_draft(tenant, &stored.draft)?;
    accounts::count(tenant, stored, kept.as_ref(), settled.day, |counted| {
        turned(counted, &seen)
    })?;
    let version = accounts::version(&stored.draft);
    let was_read = accounts::reading(stored, Some(verdict)).unread().is_none();
    for mut kept in including(tenant, &stored.draft)? {
        let evidence = verdict
            .evidence
            .filter(|counted| kept.account.has(version, *counted));
        let known = Known {
            label: was_read && kept.account.has(version, settled),
            evidence: before.label().zip(evidence.map(|counted| counted.day)),
        };
        let first = accounts::labelled(tenant, stored, &kept, settled.day)?;
        let group = accounts::group_counted(tenant, &kept, &stored.draft, day)?;
        if let Ok(label) = kept.account.found_wrong(&first, known, group, day) {
            accounts::remember_alike(tenant, &kept, stored, label, day)?;
        }
        accounts::save(tenant, &kept)?;
    }
    Ok(())
}

/// The counts of a week with a label that turned; nothing where they are no longer kept.
fn turned(counted: Option<Counts>, draft: &Settled) -> Option<Counts> {
    let mut counts = counted?;
    counts.turn(draft);
    Some(counts)
}

/// The accounts that the labels of a draft belong to: its version's, and those of later versions that a lead
/// declared as good as that one.
fn including(tenant: &Tenant, draft: &Draft) -> Outcome<Vec<Kept>> {
    let Some(category) = &draft.category else {
        return Ok(Vec::new());
    };
    let condition = "category = ?1 AND agent = ?2 AND (agent_version = ?3
        OR EXISTS (SELECT 1 FROM json_each(account, '$.includes') WHERE value = ?3))";
    accounts::select(
        tenant,
        condition,
        bind![category, &draft.agent, accounts::version(draft)],
    )
}
