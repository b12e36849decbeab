//! Puts things in order, all of them through one sort: the standard library's is some four kilobytes
//! of Wasm for each type that is sorted, and so is collecting into an ordered map or set, which sorts
//! first. It must not know what is ordered.

use std::cmp::Ordering;
use std::mem::replace;

/// Sorts a list; equals stay in the order that they were in.
pub fn by<T>(list: &mut [T], mut compare: impl FnMut(&T, &T) -> Ordering) {
    let places = places(
        list.len(),
        &mut |one, other| match (list.get(one), list.get(other)) {
            (Some(one), Some(other)) => compare(one, other),
            _ => Ordering::Equal,
        },
    );
    rearrange(places, &mut |one, other| list.swap(one, other));
}

/// Sorts a list by a key; equals stay in the order that they were in.
pub fn by_key<T, K: Ord>(list: &mut [T], key: impl Fn(&T) -> K) {
    by(list, |one, other| key(one).cmp(&key(other)));
}

/// The list by a key, each of which is there once: of equals the first counts.
pub fn each_once<T, K: Ord>(mut list: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    by_key(&mut list, &key);
    list.dedup_by(|later, first| key(later) == key(first));
    list
}

/// An ordered map or set of what comes; of equal keys the later counts.
pub fn gathered<C: Default + Extend<T>, T>(items: impl IntoIterator<Item = T>) -> C {
    let mut all = C::default();
    all.extend(items);
    all
}

/// For each place in order, the place where what belongs there is now.
fn places(count: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    places.sort_by(|one, other| compare(*one, *other));
    places
}

/// Follows each cycle of the permutation: every swap brings one item to its place.
fn rearrange(mut places: Vec<usize>, swap: &mut dyn FnMut(usize, usize)) {
    for first in 0..places.len() {
        let mut here = first;
        while let Some(from) = places.get_mut(here).map(|from| replace(from, here)) {
            if from == first {
                break;
            }
            swap(here, from);
            here = from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn order_is_that_of_the_standard_sort(list: Vec<(u8, u16)>) {
            let (mut ours, mut theirs) = (list.clone(), list);
            by_key(&mut ours, |item| item.0 % 7);
            theirs.sort_by_key(|item| item.0 % 7);
            prop_assert_eq!(ours, theirs);
        }

        #[test]
        fn each_key_is_there_once_with_what_came_first(list: Vec<(u8, u16)>) {
            let backwards: BTreeMap<u8, u16> = list.iter().rev().copied().collect();
            let once = each_once(list, |item| item.0);
            prop_assert_eq!(once, backwards.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn gathering_is_collecting(list: Vec<(u8, u16)>) {
            let ours: BTreeMap<u8, u16> = gathered(list.clone());
            prop_assert_eq!(ours, list.into_iter().collect::<BTreeMap<_, _>>());
        }
    }
}
