//! What a draft says, spelt so that the phrases of a policy are found in it as whole words, in any
//! case. It must not say what follows from one.

use crate::draft::Draft;

/// Bits of the filter over a text's words: a text of 100 words passes one word in eleven that it
/// doesn't hold.
const FILTER_BITS: u64 = 1_024;
const FILTER_WORDS: usize = 16;

/// The texts of a draft as phrases are looked for in them; made once per draft.
#[derive(Clone, Debug, Default)]
pub struct Said {
    texts: Vec<String>,
    filter: [u64; FILTER_WORDS],
}

impl Said {
    /// Message and draft text.
    pub fn of(draft: &Draft) -> Self {
        let mut said = Self::default();
        let texts = [Some(&draft.message), draft.draft.text.as_ref()];
        for text in texts.into_iter().flatten() {
            let plain = plain_words(text);
            for bit in bits(&plain) {
                let (word, mask) = place(bit);
                if let Some(word) = said.filter.get_mut(word) {
                    *word |= mask;
                }
            }
            said.texts.push(plain);
        }
        said
    }

    /// Whether a phrase stands in one of them, spelt as [`plain_words`] does.
    pub(crate) fn holds(&self, plain: &str) -> bool {
        self.texts.iter().any(|text| text.contains(plain))
    }

    fn may_hold(&self, bits: &[u64]) -> bool {
        bits.iter().all(|bit| {
            let (word, mask) = place(*bit);
            self.filter.get(word).is_some_and(|word| word & mask != 0)
        })
    }
}

/// The words of a plain text, each as a bit of the filter.
fn bits(plain: &str) -> impl Iterator<Item = u64> {
    let words = plain.split(' ').filter(|word| !word.is_empty());
    words.map(|word| word_hash(word) % FILTER_BITS)
}

/// FNV-1a of a word, folded: only its low bits are looked at.
pub(crate) fn word_hash(word: &str) -> u64 {
    let hash = word.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash ^ (hash >> 32)
}

fn place(bit: u64) -> (usize, u64) {
    let word = usize::try_from(bit / 64).unwrap_or(usize::MAX);
    (
        word,
        1_u64.rotate_left(u32::try_from(bit % 64).unwrap_or(0)),
    )
}

/// A phrase of a guardrail, made ready to be looked for in many drafts.
#[derive(Clone, Debug)]
pub(crate) struct Phrase {
    plain: String,
    bits: Vec<u64>,
}

impl Phrase {
    pub fn new(text: &str) -> Self {
        let plain = plain_words(text);
        Self {
            bits: bits(&plain).collect(),
            plain,
        }
    }

    pub fn stands_in(&self, said: &Said) -> bool {
        said.may_hold(&self.bits) && said.holds(&self.plain)
    }
}

/// Lower-case words between single spaces, with one at either end, so that a phrase is found only
/// as whole words.
pub(crate) fn plain_words(text: &str) -> String {
    let mut plain = String::with_capacity(text.len().saturating_add(2));
    plain.push(' ');
    for character in text.chars() {
        if character.is_ascii() {
            add_plain(character.to_ascii_lowercase(), &mut plain);
        } else {
            let lower = character.to_lowercase();
            lower.for_each(|character| add_plain(character, &mut plain));
        }
    }
    if !plain.ends_with(' ') {
        plain.push(' ');
    }
    plain
}

/// One character of a text, as [`plain_words`] spells it.
pub(crate) fn add_plain(character: char, plain: &mut String) {
    if character.is_alphanumeric() {
        plain.push(character);
    } else if !matches!(character, '\'' | '’') && !plain.ends_with(' ') {
        plain.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_match_whole_words_in_any_case() {
        for (text, phrase, expected) in [
            ("I will SUE you!", "sue", true),
            ("an issue", "sue", false),
            ("My lawyer—he said", "lawyer he", true),
            ("don’t", "don't", true),
        ] {
            assert_eq!(
                plain_words(text).contains(&plain_words(phrase)),
                expected,
                "{text}"
            );
        }
    }
}
