//! A large set of words or word pairs in little space: it answers whether an entry was put in,
//! and with which mark. One entry in some 2^remainder that was not is found as well; who asks must
//! bear that. It must not know what the entries mean.
//!
//! In bytes: bits of a shelf's number, bits per place, bits of the Rice remainder, bits of the mark;
//! the shelves' ends (two bytes each, counted after the header); then per shelf the sorted places as
//! gaps, Rice coded, each followed by its mark.

/// Entries on one shelf, about: what one question reads.
const SHELF_ENTRIES: usize = 32;

/// The bytes before the shelves' ends.
const SIZES_BYTES: usize = 4;

/// A set as stored.
pub(super) struct Shelf<'b>(pub(super) &'b [u8]);

impl Shelf<'_> {
    /// The mark of an entry, if it was put in.
    pub(super) fn mark(&self, entry: &[&str]) -> Option<u32> {
        let &[shelf_bits, places, remainder, mark_bits, ..] = self.0 else {
            return None;
        };
        let shelves = 1_usize.checked_shl(u32::from(shelf_bits))?;
        let body = shelves.checked_mul(2)?.checked_add(SIZES_BYTES)?;
        let (shelf, wanted) = place(entry, u32::from(shelf_bits), u32::from(places));
        let end_of = |at: usize| -> Option<usize> {
            let at = at.saturating_mul(2).saturating_add(SIZES_BYTES);
            match self.0.get(at..at.saturating_add(2)) {
                Some(&[low, high]) => Some(usize::from(u16::from_le_bytes([low, high]))),
                _ => None,
            }
        };
        let start = if shelf == 0 {
            0
        } else {
            end_of(shelf.saturating_sub(1))?
        };
        let from = start.saturating_add(body);
        let to = end_of(shelf)?.saturating_add(body);
        let mut bits = Bits {
            bytes: self.0.get(from..to)?,
            at: 0,
        };
        let mut place: Option<u32> = None;
        loop {
            let gap = bits.rice(u32::from(remainder))?;
            let here = place.map_or(gap, |p| p.saturating_add(gap).saturating_add(1));
            let mark = bits.take(u32::from(mark_bits))?;
            if here == wanted {
                return Some(mark);
            }
            if here > wanted {
                return None;
            }
            place = Some(here);
        }
    }
}

/// Where an entry stands: its shelf, one of 2^`shelf_bits`, and its place there, one of 2^`places`.
pub(super) fn place(entry: &[&str], shelf_bits: u32, places: u32) -> (usize, u32) {
    // FNV-1a, then the finisher of SplitMix64.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for word in entry {
        for byte in word.bytes().chain(std::iter::once(0)) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^= hash >> 31;
    let below = |bits: u32| 1_u64.checked_shl(bits).unwrap_or(1).saturating_sub(1);
    let part = |value: u64, bits: u32| u32::try_from(value & below(bits)).unwrap_or(0);
    let shelf = usize::try_from(part(hash >> 40, shelf_bits)).unwrap_or(0);
    (shelf, part(hash, places))
}

/// Bits in a row, the lowest of a byte first.
struct Bits<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<u32> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = (byte >> (self.at % 8)) & 1;
        self.at = self.at.saturating_add(1);
        Some(u32::from(bit))
    }

    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0_u32;
        for at in 0..count {
            value |= self.bit()?.checked_shl(at).unwrap_or(0);
        }
        Some(value)
    }

    /// A number as so many ones as it holds 2^`remainder`, a zero, and the remainder. `None` at
    /// the end: a shelf is filled up with ones.
    fn rice(&mut self, remainder: u32) -> Option<u32> {
        let mut high = 0_u32;
        while self.bit()? == 1 {
            high = high.saturating_add(1);
        }
        let low = self.take(remainder)?;
        Some(high.checked_shl(remainder)?.saturating_add(low))
    }
}

/// The stored form of entries with their marks; the last one put at a place keeps it. The larger
/// `remainder`, the fewer others are found as well.
pub(super) fn stored(entries: &[(Vec<String>, u32)], mark_bits: u8, remainder: u8) -> Vec<u8> {
    // Powers of two: the first that leaves no more entries on a shelf than wanted, and the first
    // that leaves 1.5 times 2^remainder places for each entry.
    let shelf_bits = (0..13_u8)
        .find(|bits| (SHELF_ENTRIES << bits) >= entries.len())
        .unwrap_or(13);
    let shelves = 1_usize << shelf_bits;
    let places = (1..26_u8)
        .find(|places| (shelves << places) >= entries.len().saturating_mul(3 << remainder) / 2)
        .unwrap_or(26);
    let mut shelves = vec![std::collections::BTreeMap::new(); shelves];
    for (entry, mark) in entries {
        let words: Vec<&str> = entry.iter().map(String::as_str).collect();
        let (shelf, place) = place(&words, u32::from(shelf_bits), u32::from(places));
        if let Some(shelf) = shelves.get_mut(shelf) {
            shelf.insert(place, *mark);
        }
    }
    let (mut ends, mut body) = (Vec::new(), Vec::new());
    for shelf in shelves {
        let mut bits: Vec<bool> = Vec::new();
        let mut next = 0_u32;
        for (place, mark) in shelf {
            let gap = place.saturating_sub(next);
            let high = gap.checked_shr(u32::from(remainder)).unwrap_or(0);
            bits.extend((0..high).map(|_| true));
            bits.push(false);
            bits.extend((0..remainder).map(|at| (gap >> at) & 1 == 1));
            bits.extend((0..mark_bits).map(|at| (mark >> at) & 1 == 1));
            next = place.saturating_add(1);
        }
        body.extend(bits.chunks(8).map(|chunk| {
            (0..8).fold(0_u8, |byte, at| {
                byte | (u8::from(chunk.get(at).copied().unwrap_or(true)) << at)
            })
        }));
        ends.extend(u16::try_from(body.len()).unwrap_or(u16::MAX).to_le_bytes());
    }
    [vec![shelf_bits, places, remainder, mark_bits], ends, body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_found() {
        let entry = |at: u32| vec![format!("word{at}"), "other".to_owned()];
        let entries: Vec<_> = (0..2_000).map(|at| (entry(at), at % 4)).collect();
        let bytes = stored(&entries, 2, 4);
        let shelf = Shelf(&bytes);
        let found = |at: u32| shelf.mark(&[&format!("word{at}"), "other"]);
        let wrong = (0..2_000).filter(|at| found(*at) != Some(at % 4)).count();
        assert!(wrong < 60, "{wrong} places are shared");
        let invented = (2_000..4_000).filter(|at| found(*at).is_some()).count();
        assert!(invented < 80, "{invented}");
        assert_eq!(Shelf(&[]).mark(&["word"]), None);
    }
}
