//! The values that stand for all others, one list for each thing that a condition asks. It must not
//! know how conditions are combined: `space` does.

use super::mentions::Mentions;
use crate::canonical::canonical;
use crate::document::Policy;
use crate::draft::{AUDIENCES, MESSAGES_MAX};
use crate::order;
use crate::ratio::Ratio;
use crate::signal::{SignalCode, low_confidence};
use crate::threshold::ConfidenceThreshold;
use serde_json::Value;
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

/// Of a conversation: none, and each number of messages that is asked for and can be.
pub(super) fn lengths(mentions: &Mentions) -> Vec<u32> {
    let mut lengths = mentions.lengths.clone();
    lengths.insert(0);
    lengths.retain(|length| *length <= MESSAGES_MAX);
    lengths.into_iter().collect()
}

/// Those that are mentioned, one for each audience, and one that nobody mentions.
pub(super) fn channels(mentioned: &BTreeSet<String>) -> Vec<String> {
    let mut list = with_fresh("chat", mentioned);
    let audiences = AUDIENCES.map(|(channel, _)| channel.to_owned());
    let others = audiences
        .into_iter()
        .filter(|name| !mentioned.contains(name));
    list.extend(others);
    list
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
    let taken: BTreeSet<String> = order::gathered(names.iter().cloned());
    for prefix in prefixes {
        names.push(fresh(&format!("{prefix}.other"), &taken));
    }
    names.push(fresh("other", &taken));
    let mut seen = BTreeSet::new();
    names.retain(|name| !name.is_empty() && seen.insert(name.clone()));
    names.into_iter().map(Some).chain([None]).collect()
}

/// The lowest confidence of every span between two bounds, highest first, then none. Where a
/// threshold is learnt one from within each span comes first: at its ends not every score is there.
pub(super) fn confidences(policy: &Policy, mentions: &Mentions) -> Vec<Option<Ratio>> {
    let mut bounds = mentions.confidences.clone();
    bounds.insert(Ratio::ZERO);
    let own = policy
        .categories
        .keys()
        .map(|name| policy.rules(Some(name)));
    let all = std::iter::once(policy.rules(None)).chain(own);
    let thresholds: BTreeSet<Ratio> =
        order::gathered(all.filter_map(|rules| rules.confidence_threshold.number()));
    for least in mentions.signal_scores(SignalCode::LowConfidence) {
        for threshold in &thresholds {
            bounds.insert(first_too_high(*threshold, least));
        }
    }
    let mut rules = policy
        .categories
        .keys()
        .map(|name| policy.rules(Some(name)));
    if rules.any(|rules| rules.confidence_threshold == ConfidenceThreshold::Calibrated) {
        let ends: Vec<Ratio> = bounds.iter().copied().chain([Ratio::ONE]).collect();
        let spans = ends.iter().zip(ends.iter().skip(1));
        let within = spans.map(|(low, high)| low.ppm().midpoint(high.ppm()));
        bounds.extend(within.map(Ratio::from_ppm));
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
        if low_confidence(Some(threshold), stated).is_some_and(|score| score >= least) {
            low = middle.saturating_add(1);
        } else {
            high = middle;
        }
    }
    Ratio::from_ppm(low)
}

/// Each bound, a number between two of them or two that are mentioned, one below and one above all;
/// nothing where no range asks.
pub(super) fn numbers(bounds: &[f64], mentioned: &[Value]) -> Vec<Value> {
    let (Some(lowest), Some(highest)) = (bounds.first(), bounds.last()) else {
        return Vec::new();
    };
    let mut ends = bounds.to_vec();
    ends.extend(mentioned.iter().filter_map(Value::as_f64));
    order::by(&mut ends, f64::total_cmp);
    let between = ends.iter().zip(ends.iter().skip(1));
    let mut numbers: Vec<f64> = between.map(|(low, high)| low.midpoint(*high)).collect();
    let below = ends.first().map_or(*lowest, |end| end.min(*lowest));
    let above = ends.last().map_or(*highest, |end| end.max(*highest));
    numbers.extend(bounds);
    numbers.extend([below - below.abs() - 1.0, above + above.abs() + 1.0]);
    numbers.into_iter().map(whole_where_it_is).collect()
}

/// As canonical JSON writes it: 1, not 1.0.
fn whole_where_it_is(number: f64) -> Value {
    let whole = canonical(&number).parse::<i64>();
    whole.map_or_else(|_| Value::from(number), Value::from)
}

pub(super) fn novelties(policy: &Policy, mentions: &Mentions) -> Vec<Option<Ratio>> {
    let mut bounds: BTreeSet<Ratio> = order::gathered(mentions.signal_scores(SignalCode::Novel));
    bounds.insert(policy.signals.novelty_threshold);
    bounds.insert(Ratio::ZERO);
    std::iter::once(None)
        .chain(bounds.into_iter().map(Some))
        .collect()
}
