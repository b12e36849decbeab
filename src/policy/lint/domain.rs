//! The values that stand for all others, one list for each thing that a condition asks. It must not
//! know how conditions are combined: `space` does.

use super::mentions::Mentions;
use crate::document::Policy;
use crate::ratio::Ratio;
use crate::signal::{SignalCode, low_confidence};
use std::collections::BTreeSet;

/// A name that is none of these.
pub(super) fn fresh(name: &str, taken: &BTreeSet<String>) -> String {
    let numbered = (2_u32..).map(|number| format!("{name}_{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names
        .find(|name| !taken.contains(name))
        .unwrap_or_else(|| name.to_owned())
}

/// One name that nobody mentions stands for all of those.
pub(super) fn with_fresh(name: &str, mentioned: &BTreeSet<String>) -> Vec<String> {
    let fresh = fresh(name, mentioned);
    std::iter::once(fresh)
        .chain(mentioned.iter().cloned())
        .collect()
}

pub(super) fn optional(list: Vec<String>) -> Vec<Option<String>> {
    std::iter::once(None)
        .chain(list.into_iter().map(Some))
        .collect()
}

/// Every name, for each prefix one more below it, one outside of all, and none. Two categories
/// that are no names of the policy and have the same longest prefix pass the same tests.
pub(super) fn categories(
    known: impl Iterator<Item = String>,
    patterns: &BTreeSet<String>,
) -> Vec<Option<String>> {
    let mut names: Vec<String> = known.collect();
    let prefixes: Vec<&str> = patterns
        .iter()
        .filter_map(|pattern| pattern.strip_suffix(".*"))
        .collect();
    let exact = patterns.iter().filter(|pattern| !pattern.ends_with(".*"));
    names.extend(exact.cloned());
    names.extend(prefixes.iter().map(|prefix| (*prefix).to_owned()));
    let taken: BTreeSet<String> = names.iter().cloned().collect();
    for prefix in prefixes {
        names.push(fresh(&format!("{prefix}.other"), &taken));
    }
    names.push(fresh("other", &taken));
    let mut seen = BTreeSet::new();
    names.retain(|name| !name.is_empty() && seen.insert(name.clone()));
    names.into_iter().map(Some).chain([None]).collect()
}

/// The lowest confidence of every span between two bounds, highest first, then none.
pub(super) fn confidences(policy: &Policy, mentions: &Mentions) -> Vec<Option<Ratio>> {
    let mut bounds = mentions.confidences.clone();
    bounds.insert(Ratio::ZERO);
    let own = policy
        .categories
        .keys()
        .map(|name| policy.rules(Some(name)));
    let thresholds: BTreeSet<Ratio> = std::iter::once(policy.rules(None))
        .chain(own)
        .map(|rules| rules.confidence_threshold)
        .collect();
    for least in mentions.signal_scores(SignalCode::LowConfidence) {
        for threshold in &thresholds {
            bounds.insert(first_too_high(*threshold, least));
        }
    }
    let bounds = bounds.into_iter().rev();
    bounds.map(Some).chain([None]).collect()
}

/// The lowest confidence that is not low enough for this score; scores fall as confidence rises.
fn first_too_high(threshold: Ratio, least: Ratio) -> Ratio {
    let (mut low, mut high) = (0_u32, threshold.ppm());
    while low < high {
        let middle = low.midpoint(high);
        let stated = Some(Ratio::from_ppm(middle));
        if low_confidence(threshold, stated).is_some_and(|score| score >= least) {
            low = middle.saturating_add(1);
        } else {
            high = middle;
        }
    }
    Ratio::from_ppm(low)
}

pub(super) fn novelties(policy: &Policy, mentions: &Mentions) -> Vec<Option<Ratio>> {
    let mut bounds: BTreeSet<Ratio> = mentions.signal_scores(SignalCode::Novel).collect();
    bounds.insert(policy.signals.novelty_threshold);
    bounds.insert(Ratio::ZERO);
    std::iter::once(None)
        .chain(bounds.into_iter().map(Some))
        .collect()
}
