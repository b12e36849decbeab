//! Text to word pieces, as BERT's uncased tokenizer splits it. It must never give special meaning
//! to text: a customer who writes `[SEP]` gets brackets and a word.

use unicode_categories::UnicodeCategories;
use unicode_normalization::UnicodeNormalization;

/// Word pieces of one text, the two marks included. The published model reads 256; what follows
/// is cut off, there and here.
pub const TOKENS_MAX: usize = 256;

/// Letters of one word; a longer one is unknown, as in the reference.
const WORD_LETTERS_MAX: usize = 100;

/// Word pieces in byte order, so that a lookup is a binary search and loading builds nothing.
#[derive(Clone, Copy, Debug)]
pub struct Vocabulary<'a> {
    /// `u32` little endian: where each piece begins, and the end of the last.
    starts: &'a [u8],
    /// `u16` little endian: the id of each piece.
    ids: &'a [u8],
    text: &'a [u8],
    marks: Marks,
}

#[derive(Clone, Copy, Debug)]
struct Marks {
    first: u16,
    last: u16,
    unknown: u16,
}

impl<'a> Vocabulary<'a> {
    /// Takes the three tables of the file; `None` where a mark that every text needs is missing.
    pub(crate) fn new(starts: &'a [u8], ids: &'a [u8], text: &'a [u8]) -> Option<Self> {
        let none = Marks {
            first: 0,
            last: 0,
            unknown: 0,
        };
        let found = Self {
            starts,
            ids,
            text,
            marks: none,
        };
        let marks = Marks {
            first: found.find(b"[CLS]")?,
            last: found.find(b"[SEP]")?,
            unknown: found.find(b"[UNK]")?,
        };
        Some(Self { marks, ..found })
    }

    /// The ids of `text`'s word pieces between the two marks; at most `tokens_max`, and never more
    /// than [`TOKENS_MAX`] or fewer than the two.
    #[must_use]
    pub fn tokenise(&self, text: &str, tokens_max: usize) -> Vec<u16> {
        let last = tokens_max.clamp(2, TOKENS_MAX).saturating_sub(1);
        let mut ids = vec![self.marks.first];
        let mut word = String::new();
        let letters = text
            .chars()
            .filter(|letter| !is_dropped(*letter))
            .flat_map(spaced);
        let plain = letters.nfd().filter(|letter| !letter.is_mark_nonspacing());
        for letter in plain.flat_map(char::to_lowercase).chain([' ']) {
            let alone = is_punctuation(letter);
            if !alone && !is_space(letter) {
                word.push(letter);
                continue;
            }
            self.push_pieces(&word, &mut ids);
            word.clear();
            if alone {
                self.push_pieces(letter.encode_utf8(&mut [0; 4]), &mut ids);
            }
            if ids.len() >= last {
                break;
            }
        }
        ids.truncate(last);
        ids.push(self.marks.last);
        ids
    }

    /// The longest piece first, then the longest that continues it, and so on; one unknown where
    /// some part of the word is in no piece.
    fn push_pieces(&self, word: &str, ids: &mut Vec<u16>) {
        let known = ids.len();
        if word.chars().count() > WORD_LETTERS_MAX {
            ids.push(self.marks.unknown);
            return;
        }
        let mut rest = word;
        let mut piece: Vec<u8> = Vec::new();
        while !rest.is_empty() {
            let prefix: &[u8] = if ids.len() == known { b"" } else { b"##" };
            let ends = rest
                .char_indices()
                .skip(1)
                .map(|(start, _)| start)
                .chain([rest.len()]);
            let ends: Vec<usize> = ends.collect();
            let found = ends.iter().rev().find_map(|end| {
                piece.clear();
                piece.extend_from_slice(prefix);
                piece.extend_from_slice(rest.as_bytes().get(..*end)?);
                Some((*end, self.find(&piece)?))
            });
            let Some((end, id)) = found else {
                ids.truncate(known);
                ids.push(self.marks.unknown);
                return;
            };
            ids.push(id);
            rest = rest.get(end..).unwrap_or("");
        }
    }

    fn find(&self, piece: &[u8]) -> Option<u16> {
        let (starts, _) = self.starts.as_chunks::<4>();
        let (ids, _) = self.ids.as_chunks::<2>();
        let (mut low, mut high) = (0, ids.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            let start = u32::from_le_bytes(*starts.get(middle)?) as usize;
            let end = u32::from_le_bytes(*starts.get(middle.saturating_add(1))?) as usize;
            match self.text.get(start..end)?.cmp(piece) {
                core::cmp::Ordering::Equal => return Some(u16::from_le_bytes(*ids.get(middle)?)),
                core::cmp::Ordering::Less => low = middle.saturating_add(1),
                core::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }
}

/// Control and format characters, unassigned ones, and the mark of broken text.
fn is_dropped(letter: char) -> bool {
    let spacing = matches!(letter, '\t' | '\n' | '\r');
    letter == '\0' || letter == '\u{fffd}' || (!spacing && letter.is_other())
}

fn is_space(letter: char) -> bool {
    letter.is_whitespace()
}

fn is_punctuation(letter: char) -> bool {
    letter.is_ascii_punctuation() || (!letter.is_ascii() && letter.is_punctuation())
}

/// A character of a script without spaces stands alone.
fn spaced(letter: char) -> impl Iterator<Item = char> {
    let alone = is_ideograph(letter);
    let space = alone.then_some(' ');
    space.into_iter().chain([letter]).chain(space)
}

fn is_ideograph(letter: char) -> bool {
    matches!(
        u32::from(letter),
        0x4e00..=0x9fff
            | 0x3400..=0x4dbf
            | 0x2_0000..=0x2_a6df
            | 0x2_a700..=0x2_b73f
            | 0x2_b740..=0x2_b81f
            | 0x2_b920..=0x2_ceaf
            | 0xf900..=0xfaff
            | 0x2_f800..=0x2_fa1f
    )
}
