//! The grams that topics are learned by: words and their stems, each alone, two in a row, and those that a sentence
//! begins with; each counts once in a sentence.

use super::super::words::Words;
use super::{Sentence, forms, gram, sentences};
use std::ops::Range;

pub(super) fn grams(words: &Words) -> Vec<Sentence> {
    let forms: Vec<[Option<u32>; 2]> = words.iter().map(|(_, folded)| forms(folded)).collect();
    let of = |sentence: Range<usize>| {
        let mut found = Vec::new();
        let mut before: Option<&[Option<u32>; 2]> = None;
        for own in forms.get(sentence.clone()).into_iter().flatten() {
            for form in own.iter().flatten() {
                found.push(gram(*form, 0, 1));
                match before {
                    None => found.push(gram(*form, 0, 2)),
                    Some(before) => {
                        found.extend(before.iter().flatten().map(|first| gram(*first, *form, 3)));
                    }
                }
            }
            before = Some(own);
        }
        found.sort_unstable();
        found.dedup();
        (sentence, found)
    };
    sentences(words).into_iter().map(of).collect()
}
