//! Lists of phrases and where a text holds them. It must not know what a phrase stands for.
//!
//! A lexicon file has one phrase a line; `#` opens a comment. `[name 80]` opens a family whose
//! phrases weigh 80 of 100; families of one text add up, phrases of one family don't.
//!
//! | in a phrase | stands for |
//! | --- | --- |
//! | `refund` | the word, folded as `words` folds it |
//! | `lawyer*` | any word that begins so, at least three letters |
//! | `sue\|court` | either |
//! | `the?` | the word or nothing |
//! | `..3` | up to three words of the same sentence |
//! | `@name` | any word of the lines `@name = …` above it, which may name others |
//! | `^` | the next word begins a sentence, a line, a quote, or what stands in brackets or behind a colon |

use super::words::Words;
use crate::order;
use crate::ratio::Ratio;
use std::collections::BTreeMap;
use std::ops::Range;

/// Letters of a word by which phrases are found.
const KEY_LETTERS: usize = 3;
/// What one text's families must add up to before they count.
pub(crate) const ENOUGH: Ratio = Ratio::from_ppm(500_000);

/// A compiled list of phrases.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lexicon {
    phrases: Vec<Phrase>,
    families: Vec<Family>,
    /// First letters of a phrase's first word, and the phrase; sorted.
    index: Vec<(u32, u32)>,
}

#[derive(Clone, Debug)]
struct Family {
    tag: u16,
    weight: Ratio,
}

#[derive(Clone, Debug)]
struct Phrase {
    family: u32,
    opens: bool,
    elements: Vec<Element>,
}

#[derive(Clone, Debug, Default)]
struct Element {
    stems: Vec<Stem>,
    /// Words of the same sentence that may stand before it.
    gap: u8,
    optional: bool,
}

#[derive(Clone, Debug)]
struct Stem {
    letters: Box<str>,
    prefix: bool,
}

/// A phrase that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    /// As the file was added.
    pub tag: u16,
    /// Which family; equal numbers are the same one.
    pub family: u32,
    /// The family's weight.
    pub weight: Ratio,
    /// Indices of words.
    pub words: Range<usize>,
}

impl Lexicon {
    /// Adds a file under a tag; returns the lines that are no phrase, for a test to refuse.
    pub fn add<'a>(&mut self, tag: u16, file: &'a str) -> Vec<&'a str> {
        let mut faults = Vec::new();
        let mut classes: BTreeMap<&str, Vec<Stem>> = BTreeMap::new();
        self.open_family(tag, 80);
        for line in file.lines() {
            let line = line.split('#').next().unwrap_or("").trim();
            if line.is_empty() {
                continue;
            }
            if let Some((name, words)) = line.strip_prefix('@').and_then(|l| l.split_once(" = ")) {
                let mut stems = Vec::new();
                for word in words.split_whitespace() {
                    match word.strip_prefix('@') {
                        Some(other) => {
                            stems.extend(classes.get(other).into_iter().flatten().cloned())
                        }
                        None => stems.extend(Stem::read(word)),
                    }
                }
                classes.entry(name.trim()).or_default().extend(stems);
            } else if let Some(head) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
                match head.split_once(' ').map(|(_, weight)| weight.parse()) {
                    Some(Ok(weight)) => self.open_family(tag, weight),
                    _ => faults.push(line),
                }
            } else {
                match Phrase::read(line, &classes) {
                    Some(phrase) => self.push(phrase),
                    None => faults.push(line),
                }
            }
        }
        order::by(&mut self.index, Ord::cmp);
        self.index.dedup();
        faults
    }

    /// Adds phrases of plain words.
    pub fn add_plain<'a>(&mut self, tag: u16, phrases: impl Iterator<Item = &'a str>) {
        self.open_family(tag, 80);
        for phrase in phrases {
            let elements: Vec<Element> = plain_elements(phrase);
            if !elements.is_empty() {
                self.push(Phrase {
                    family: 0,
                    opens: false,
                    elements,
                });
            }
        }
        order::by(&mut self.index, Ord::cmp);
    }

    /// Every phrase of a text, by where it begins; linear in the text's words.
    pub fn find(&self, words: &Words) -> Vec<Hit> {
        let mut hits = Vec::new();
        for (at, (word, folded)) in words.iter().enumerate() {
            let key = key(folded);
            let first = self.index.partition_point(|(other, _)| *other < key);
            let candidates = self.index.iter().skip(first);
            for (_, phrase) in candidates.take_while(|(other, _)| *other == key) {
                let Some(phrase) = usize::try_from(*phrase)
                    .ok()
                    .and_then(|p| self.phrases.get(p))
                else {
                    continue;
                };
                if phrase.opens && !word.begins {
                    continue;
                }
                if let Some(end) = phrase.end(words, at) {
                    hits.extend(self.hit(phrase, at..end));
                }
            }
        }
        hits
    }

    fn hit(&self, phrase: &Phrase, words: Range<usize>) -> Option<Hit> {
        let family = self.families.get(usize::try_from(phrase.family).ok()?)?;
        Some(Hit {
            tag: family.tag,
            family: phrase.family,
            weight: family.weight,
            words,
        })
    }

    fn open_family(&mut self, tag: u16, percent: u32) {
        let weight = Ratio::from_ppm(percent.saturating_mul(10_000));
        self.families.push(Family { tag, weight });
    }

    fn push(&mut self, mut phrase: Phrase) {
        phrase.family = count(self.families.len()).saturating_sub(1);
        let at = count(self.phrases.len());
        let stems = phrase
            .elements
            .iter()
            .take(1)
            .flat_map(|first| &first.stems);
        self.index
            .extend(stems.map(|stem| (key(&stem.letters), at)));
        self.phrases.push(phrase);
    }
}

impl Phrase {
    fn read(line: &str, classes: &BTreeMap<&str, Vec<Stem>>) -> Option<Self> {
        let mut elements: Vec<Element> = Vec::new();
        let mut gap = 0;
        let (opens, line) = match line.strip_prefix('^') {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        for part in line.split_whitespace() {
            if let Some(words) = part.strip_prefix("..") {
                gap = words.parse().ok()?;
                continue;
            }
            let (part, optional) = match part.strip_suffix('?') {
                Some(rest) => (rest, true),
                None => (part, false),
            };
            let mut stems = Vec::new();
            for alternative in part.split('|') {
                match (alternative.strip_prefix('@'), Stem::read(alternative)) {
                    (Some(class), _) => stems.extend(classes.get(class)?.iter().cloned()),
                    (None, Some(stem)) => stems.push(stem),
                    (None, None) if part.contains(['|', '*']) => return None,
                    (None, None) => {}
                }
            }
            let mut element = Element {
                stems,
                gap,
                optional,
            };
            gap = 0;
            if element.stems.is_empty() {
                // Words that are no single word: Chinese, or parted by a hyphen.
                let mut several = plain_elements(part).into_iter();
                element.stems = several.next()?.stems;
                elements.push(element);
                elements.extend(several);
            } else {
                elements.push(element);
            }
        }
        let sound = elements
            .first()
            .is_some_and(|first| !first.optional && first.gap == 0);
        (sound && gap == 0).then_some(Self {
            family: 0,
            opens,
            elements,
        })
    }

    /// The index after the last word, where the phrase begins at `at`.
    fn end(&self, words: &Words, at: usize) -> Option<usize> {
        let (first, rest) = self.elements.split_first()?;
        first
            .holds(words.get(at)?)
            .then(|| follow(rest, words, at.saturating_add(1)))?
    }
}

/// Matches the rest of a phrase; its depth is the phrase's length, its breadth the gaps in it.
fn follow(elements: &[Element], words: &Words, at: usize) -> Option<usize> {
    let Some((element, rest)) = elements.split_first() else {
        return Some(at);
    };
    let last = at.saturating_add(usize::from(element.gap));
    for next in at..=last {
        let Some((word, folded)) = words.word(next).zip(words.get(next)) else {
            break;
        };
        if word.opens {
            break;
        }
        if element.holds(folded)
            && let Some(end) = follow(rest, words, next.saturating_add(1))
        {
            return Some(end);
        }
    }
    if element.optional {
        follow(rest, words, at)
    } else {
        None
    }
}

impl Element {
    fn holds(&self, word: &str) -> bool {
        self.stems.iter().any(|stem| {
            if stem.prefix {
                word.starts_with(&*stem.letters)
            } else {
                *stem.letters == *word
            }
        })
    }
}

impl Stem {
    /// One word; `None` for anything else.
    fn read(text: &str) -> Option<Self> {
        let (text, prefix) = match text.strip_suffix('*') {
            Some(stem) => (stem, true),
            None => (text, false),
        };
        let words = Words::read(text);
        let letters = words.get(0).filter(|_| words.len() == 1)?;
        // A shorter stem would not fill its key.
        (!prefix || letters.len() >= KEY_LETTERS).then(|| Self {
            letters: letters.into(),
            prefix,
        })
    }
}

fn plain_elements(text: &str) -> Vec<Element> {
    let stem = |folded: &str| Stem {
        letters: folded.into(),
        prefix: false,
    };
    Words::read(text)
        .iter()
        .map(|(_, folded)| Element {
            stems: vec![stem(folded)],
            ..Element::default()
        })
        .collect()
}

fn key(word: &str) -> u32 {
    word.bytes()
        .take(KEY_LETTERS)
        .fold(0, |key, byte| (key << 8) | u32::from(byte))
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// What the families of some hits add up to: each adds its share of what the others left open.
pub(crate) fn weigh<'a>(hits: impl Iterator<Item = &'a Hit>) -> Ratio {
    let mut families: BTreeMap<u32, Ratio> = BTreeMap::new();
    for hit in hits {
        families.insert(hit.family, hit.weight);
    }
    add_up(families.into_values())
}

/// Each weight takes its share of what the ones before it left open.
pub(crate) fn add_up(weights: impl Iterator<Item = Ratio>) -> Ratio {
    let one = u64::from(Ratio::ONE.ppm());
    let open = weights.fold(one, |open, weight| {
        let left = one.saturating_sub(u64::from(weight.ppm()));
        open.saturating_mul(left).checked_div(one).unwrap_or(0)
    });
    Ratio::from_ppm(u32::try_from(one.saturating_sub(open)).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str, text: &str, expected: &[&str]) {
        let mut lexicon = Lexicon::default();
        assert_eq!(lexicon.add(7, file), Vec::<&str>::new());
        let words = Words::read(text);
        let found: Vec<&str> = lexicon
            .find(&words)
            .into_iter()
            .map(|hit| text.get(words.span(hit.words).unwrap()).unwrap())
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn phrases_are_found() {
        check("sue you", "I'll SUE you.", &["SUE you"]);
        check("sue you", "an issue, you", &[]);
        check("lawyer*|attorney", "My lawyers", &["lawyers"]);
        check(
            "ignore the? rules",
            "ignore rules; ignore the rules",
            &["ignore rules", "ignore the rules"],
        );
        check(
            "@a = ignore skip\n@a ..2 rules",
            "Skip all of rules",
            &["Skip all of rules"],
        );
        check("ignore ..3 rules", "Ignore it. These rules", &[]);
        check("^now", "Now, and now", &["Now"]);
        check("忽略指令", "请忽略指令。", &["忽略指令"]);
        check("e-mail", "an e-mail", &["e-mail"]);
    }

    #[test]
    fn families_add_up() {
        let hit = |family, percent: u32| Hit {
            tag: 0,
            family,
            weight: Ratio::from_ppm(percent * 10_000),
            words: 0..1,
        };
        let total = |hits: &[Hit]| weigh(hits.iter()).ppm();
        assert_eq!(total(&[]), 0);
        assert_eq!(total(&[hit(1, 40), hit(1, 40)]), 400_000);
        assert_eq!(total(&[hit(1, 50), hit(2, 50)]), 750_000);
    }

    #[test]
    fn odd_lines_are_returned() {
        let mut lexicon = Lexicon::default();
        let file = "[nameless]\nab*\n@none x\n..2 word\nword ..2\ne-mail|mail";
        assert_eq!(lexicon.add(0, file).len(), 6);
    }
}
