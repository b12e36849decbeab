//! The grams that orders to the agent are learned by: the words of a sentence, their stems and the classes of
//! `injection.txt` that they are in, each alone, two in a row, two around a third, those of the first word, and those of
//! the words around the sentence.

use super::super::injection::INJECTION;
use super::super::words::Words;
use super::{Sentence, forms, gram, hash, sentences};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

/// Words after a sentence that count.
const AHEAD: usize = 12;
/// Classes of one word that count.
const CLASSES: usize = 3;

/// A word's hash, that of its stem, and those of its classes.
type Forms = [Option<u32>; 2 + CLASSES];

/// The classes of each word that has any.
static CLASSES_OF: LazyLock<BTreeMap<String, Vec<u32>>> = LazyLock::new(|| {
    let mut classes_of: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for line in INJECTION.lines() {
        let Some((name, members)) = line.strip_prefix('@').and_then(|l| l.split_once(" = ")) else {
            continue;
        };
        let class = hash("@", name);
        for member in members.split_whitespace() {
            if let Some(other) = member.strip_prefix('@') {
                let other = hash("@", other);
                let those = classes_of.values_mut();
                those
                    .filter(|classes| classes.contains(&other))
                    .for_each(|classes| classes.push(class));
            } else if let Some(word) = Words::read(member).get(0) {
                classes_of.entry(word.to_owned()).or_default().push(class);
            }
        }
    }
    for classes in classes_of.values_mut() {
        classes.dedup();
    }
    classes_of
});

pub(super) fn grams(words: &Words) -> Vec<Sentence> {
    let forms: Vec<Forms> = words
        .iter()
        .map(|(_, folded)| with_classes(folded))
        .collect();
    let mut before = 0..0;
    let mut of = |sentence: Range<usize>| {
        let found = of_sentence(&forms, &before, &sentence);
        before = sentence.clone();
        (sentence, found)
    };
    sentences(words).into_iter().map(&mut of).collect()
}

fn with_classes(folded: &str) -> Forms {
    let [own, stem] = forms(folded);
    let classes = CLASSES_OF.get(folded).into_iter().flatten().copied();
    let found = [own, stem].into_iter().flatten();
    let found = found.chain(classes.take(CLASSES));
    let mut forms = [None; 2 + CLASSES];
    for (slot, form) in forms.iter_mut().zip(found) {
        *slot = Some(form);
    }
    forms
}

fn of_sentence(forms: &[Forms], before: &Range<usize>, sentence: &Range<usize>) -> Vec<u32> {
    let of = |at: usize| {
        let within = sentence.contains(&at).then(|| forms.get(at)).flatten();
        within.into_iter().flatten().flatten().copied()
    };
    let mut found: Vec<u32> = of(sentence.start).map(|form| gram(form, 0, 1)).collect();
    for at in sentence.clone() {
        for form in of(at) {
            found.push(gram(form, 0, 2));
            found.extend(of(at.saturating_add(1)).map(|next| gram(form, next, 3)));
            found.extend(of(at.saturating_add(2)).map(|next| gram(form, next, 4)));
        }
    }
    let next = sentence.end..sentence.end.saturating_add(AHEAD).min(forms.len());
    for (around, shape) in [(before.clone(), 5), (next, 6)] {
        let around = forms.get(around).into_iter().flatten().flatten().flatten();
        found.extend(around.map(|form| gram(*form, 0, shape)));
    }
    found
}
