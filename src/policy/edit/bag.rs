//! How often a text has each word, to ask what another text lacks. It must not judge words.

use crate::diff::WordCounts;

/// Words with their counts.
#[derive(Default)]
pub(super) struct Bag<'t>(WordCounts<'t>);

impl<'t> Bag<'t> {
    pub(super) fn of<W: AsRef<str>>(words: &'t [W]) -> Self {
        let mut bag = Self::default();
        for word in words {
            let count = bag.0.entry(word.as_ref()).or_default();
            *count = count.saturating_add(1);
        }
        bag
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.0.contains_key(word)
    }

    /// Takes one of `word` out; whether there was one left.
    pub(super) fn take(&mut self, word: &str) -> bool {
        match self.0.get_mut(word) {
            Some(count) if *count > 0 => {
                *count = count.saturating_sub(1);
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted() {
        let words = ["to", "be", "to"];
        let mut bag = Bag::of(&words);
        assert!(bag.take("to") && bag.take("to") && !bag.take("to"));
        assert!(bag.has("be") && !bag.has("or"));
    }
}
