//! How alike are two passages in their letters? It compares runs of three letters, so that a word
//! said in another form still shows; it must not know words.

use super::evidence::Moved;

/// Places to count runs in: more than the runs of most passages that change at once.
const PLACES: usize = 512;

/// What is like letter by letter: 255.
const WHOLE: u32 = 255;

/// The runs of three letters of some words, counted by place; two runs may share one.
struct Runs(Vec<u16>);

impl Runs {
    fn of(words: &[Moved<'_, '_>]) -> Self {
        let mut places = vec![0_u16; PLACES];
        let mut run = 0_u32;
        let letters = words
            .iter()
            .flat_map(|moved| moved.word.said().bytes().chain(std::iter::once(b' ')));
        for letter in letters {
            // The three last bytes.
            run = (run << 8 | u32::from(letter)) & 0x00ff_ffff;
            // The upper bits of a product spread best (Knuth's multiplicative hashing).
            let at = usize::try_from(run.wrapping_mul(0x9e37_79b1) >> 23).unwrap_or(0);
            if let Some(count) = places.get_mut(at) {
                *count = count.saturating_add(1);
            }
        }
        Self(places)
    }
}

/// How many of the runs of either side the other has too: 0 (none) to 255 (all, or both empty).
pub(super) fn likeness(a: &[Moved<'_, '_>], b: &[Moved<'_, '_>]) -> usize {
    let (a, b) = (Runs::of(a), Runs::of(b));
    let (mut common, mut either) = (0_u32, 0_u32);
    for (x, y) in a.0.iter().zip(&b.0) {
        common = common.saturating_add(u32::from(*x.min(y)));
        either = either.saturating_add(u32::from(*x.max(y)));
    }
    let share = common.saturating_mul(WHOLE).checked_div(either);
    usize::try_from(share.unwrap_or(WHOLE)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::evidence::{Evidence, Reading};
    use super::likeness;

    fn between(before: &str, after: &str) -> usize {
        let reading = Reading::new(before, after);
        let evidence = Evidence::new(&reading);
        likeness(&evidence.removed, &evidence.added)
    }

    #[test]
    fn another_form_of_a_word_is_more_alike_than_another_word() {
        assert_eq!(likeness(&[], &[]), 255);
        assert_eq!(between("We modeled it", "We it"), 0);
        let (form, word) = (
            between("We modeling it", "We modelling it"),
            between("We modeling it", "We dropped it"),
        );
        assert!(form > 128 && word < 64, "{form} {word}");
    }
}
