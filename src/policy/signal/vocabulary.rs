//! Words that each stand for something, found by one or two looks at a table: signals ask for every
//! word of a text, and most are in no list. It must not know what a word stands for.

use crate::said::word_hash;

/// Slots for each word: so empty a table has a free one right where most other words would be.
const SLOTS_PER_WORD: usize = 4;

/// The words of a list, hashed with open addressing.
#[derive(Debug)]
pub(crate) struct Vocabulary<T> {
    /// As many as a power of two.
    slots: Vec<Option<(&'static str, T)>>,
}

impl<T: Copy + Default> Vocabulary<T> {
    /// Reads a list; what a word stands for may be put together from several entries.
    pub fn read(entries: impl Iterator<Item = (&'static str, T)>, join: fn(&mut T, T)) -> Self {
        let entries: Vec<(&str, T)> = entries.collect();
        let slots = entries.len().saturating_mul(SLOTS_PER_WORD);
        let mut words = Self {
            slots: vec![None; slots.next_power_of_two()],
        };
        for (word, value) in entries {
            let at = words.slot(word);
            if let Some(slot) = words.slots.get_mut(at) {
                join(&mut slot.get_or_insert((word, T::default())).1, value);
            }
        }
        words
    }

    /// What a word stands for.
    pub fn get(&self, word: &str) -> Option<T> {
        let (_, value) = self.slots.get(self.slot(word))?.as_ref()?;
        Some(*value)
    }

    /// The slot of a word, or the free one where it would be: there are more slots than words.
    fn slot(&self, word: &str) -> usize {
        let last = self.slots.len().saturating_sub(1);
        let mut at = usize::try_from(word_hash(word) & 0xffff).unwrap_or(0) & last;
        while let Some(Some((other, _))) = self.slots.get(at)
            && *other != word
        {
            at = at.saturating_add(1) & last;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn a_word_is_found_as_in_a_map(list in prop::collection::vec("[a-c]{0,3}", 0..60), asked in "[a-d]{0,4}") {
            let list: Vec<&'static str> = list.into_iter().map(|word| &*word.leak()).collect();
            let entries = list.iter().zip(0..).map(|(word, at)| (*word, 1_u64 << at));
            let words = Vocabulary::read(entries.clone(), |places, one| *places |= one);
            let mut map: BTreeMap<&str, u64> = BTreeMap::new();
            for (word, place) in entries {
                *map.entry(word).or_default() |= place;
            }
            for word in list.iter().copied().chain([asked.as_str()]) {
                prop_assert_eq!(words.get(word), map.get(word).copied());
            }
        }
    }
}
