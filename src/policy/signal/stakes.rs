//! How sure is the agent, how new is the question, what is at stake, and for whom? It must not
//! read any text.

use super::{Evidence, Found, SignalCode};
use crate::catalogue::ActionEntry;
use crate::document::{Policy, Rules};
use crate::draft::Draft;
use crate::ratio::Ratio;
use crate::route::Situation;
use crate::threshold::in_force;

/// Tags that many customer systems use; spelled in lower case with underscores.
const KEY_TAGS: &str = include_str!("../lexicons/key_account_tags.txt");

/// A guess of memory that contradicts the agent counts from here on: of guesses this sure some 80
/// in 100 are right (see `memory::guess`).
const DOUBT_FROM: Ratio = Ratio::from_ppm(800_000);

/// Whether the code is found here, and so needs no text.
pub(crate) fn reads(code: SignalCode) -> bool {
    matches!(
        code,
        SignalCode::LowConfidence
            | SignalCode::Novel
            | SignalCode::UnknownCategory
            | SignalCode::CategoryInDoubt
            | SignalCode::HighStakes
            | SignalCode::Irreversible
            | SignalCode::UnlistedAction
            | SignalCode::KeyAccount
    )
}

pub(crate) fn find(
    policy: &Policy,
    rules: &Rules,
    draft: &Draft,
    situation: &Situation,
    found: &mut Found,
) {
    let threshold = in_force(policy, rules, situation.learnt_threshold);
    if let Some(score) = low_confidence(threshold.from, draft.confidence) {
        found.field(SignalCode::LowConfidence, score, "/confidence");
    }
    let novelty = situation.novelty;
    if let Some(score) = novelty.filter(|score| *score >= policy.signals.novelty_threshold) {
        found.field(SignalCode::Novel, score, "/message");
    }
    let known = |category: &String| policy.knows(category);
    if !draft.category.as_ref().is_some_and(known) {
        found.field(SignalCode::UnknownCategory, Ratio::ONE, "/category");
    }
    let doubt = situation.guess.as_ref().filter(|guess| {
        let other = draft
            .category
            .as_ref()
            .is_some_and(|own| *own != guess.category);
        other && guess.confidence >= DOUBT_FROM
    });
    if let Some(guess) = doubt {
        found.field(SignalCode::CategoryInDoubt, guess.confidence, "/category");
    }
    action(policy, draft, found);
    key_account(policy, draft, found);
}

fn action(policy: &Policy, draft: &Draft, found: &mut Found) {
    let Some(action) = &draft.draft.action else {
        return;
    };
    let entry = policy.actions.get(&action.name);
    for (code, holds) in [
        (
            SignalCode::HighStakes,
            entry.is_some_and(ActionEntry::high_stakes),
        ),
        (
            SignalCode::Irreversible,
            entry.is_some_and(ActionEntry::irreversible),
        ),
        (SignalCode::UnlistedAction, entry.is_none()),
    ] {
        if holds {
            found.field(code, Ratio::ONE, "/draft/action/name");
        }
    }
}

fn key_account(policy: &Policy, draft: &Draft, found: &mut Found) {
    let Some(customer) = &draft.customer else {
        return;
    };
    for (index, tag) in customer.tags.iter().enumerate() {
        if is_key_tag(policy, tag) {
            let place = Evidence::field(&format!("/customer/tags/{index}"));
            found.add(SignalCode::KeyAccount, Ratio::ONE, [place]);
        }
    }
}

/// Whether a customer with this tag is a key account.
pub(crate) fn is_key_tag(policy: &Policy, tag: &str) -> bool {
    let own = policy.signals.lexicons.get(&SignalCode::KeyAccount);
    let tag = spelled(tag);
    KEY_TAGS.lines().any(|line| line == tag)
        || own.is_some_and(|own| own.list().iter().any(|other| spelled(other) == tag))
}

fn spelled(tag: &str) -> String {
    tag.trim().to_lowercase().replace([' ', '-'], "_")
}

/// How far the stated confidence is below the threshold, as a share of it; all of it where none is
/// stated, or none is enough.
pub(crate) fn low_confidence(threshold: Option<Ratio>, stated: Option<Ratio>) -> Option<Ratio> {
    let (Some(threshold), Some(confidence)) = (threshold, stated) else {
        return Some(Ratio::ONE);
    };
    match confidence {
        confidence if confidence < threshold => {
            Ratio::from_f64(1.0 - confidence.to_f64() / threshold.to_f64())
        }
        _ => None,
    }
}
