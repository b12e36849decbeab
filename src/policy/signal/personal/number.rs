//! Runs of digits: payment cards, telephone numbers, social security numbers. It must not take a
//! date, an amount or an order number for one of them: what has no form of its own needs a word
//! beside it.

use super::super::words::is_ideograph;
use super::{Item, Kind};
use crate::order;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

const LABEL_LINES: &str = include_str!("../../lexicons/number_labels.txt");

/// Digits of a run: a card has up to 19; two more make sure that a longer one is none.
const DIGITS_MAX: usize = 21;
/// Letters before a number in which a word may say what it is.
const LABEL_BYTES: usize = 48;

/// What a word beside a number says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    Phone,
    Card,
    Ssn,
    Identity,
    Other,
    /// `number`: a person's is a telephone number, that of a thing is the thing's.
    Number,
    /// Whose number it is.
    Person,
    /// What may stand between such a word and its number: `is`.
    Joint,
}

/// A label, and whether nothing but `number is` stands between it and the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    label: Label,
    beside: bool,
}

static LABELS: LazyLock<BTreeMap<&str, Label>> = LazyLock::new(|| labels(LABEL_LINES));

fn labels(file: &str) -> BTreeMap<&str, Label> {
    let lines = file.lines().filter_map(|line| line.split_once(" = "));
    let words = lines.flat_map(|(name, words)| {
        let label = match name {
            "phone" => Label::Phone,
            "card" => Label::Card,
            "ssn" => Label::Ssn,
            "identity" => Label::Identity,
            "number" => Label::Number,
            "person" => Label::Person,
            "joint" => Label::Joint,
            _ => Label::Other,
        };
        words.split_whitespace().map(move |word| (word, label))
    });
    order::gathered(words)
}

/// A run of digits and what parts them.
struct Run<'a> {
    text: &'a str,
    reach: Reach,
    at: Range<usize>,
    digits: Vec<u8>,
    /// The length of each group of digits.
    groups: Vec<usize>,
    /// What stands before each group, each space as ` ` and each hyphen as `-`.
    parts: Vec<String>,
}

/// How far a run of digits goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Over whatever parts digits: only a card's check digit tells that they belong together.
    Wide,
    /// Over single spaces.
    Spaced,
    /// To the first space: `4111111111111111 12/26`.
    Tight,
}

/// Adds every number of a text that is personal data.
pub(super) fn read(text: &str, items: &mut Vec<Item>) {
    let taken: Vec<Range<usize>> = items.iter().map(|item| item.at.clone()).collect();
    let mut taken = taken.into_iter().peekable();
    let mut next = 0;
    let mut inside_word = false;
    for (at, character) in text.char_indices() {
        if at < next {
            continue;
        }
        while taken.next_if(|range| range.end <= at).is_some() {}
        let covered = taken.peek().is_some_and(|range| range.contains(&at));
        let opens = digit(character).is_some() || matches!(character, '+' | '(');
        if !opens || inside_word || covered {
            inside_word = joins(character) || character == '_';
            continue;
        }
        let reaches = [Reach::Wide, Reach::Spaced, Reach::Tight];
        let runs = reaches.map(|reach| Run::read(text, at, reach));
        let ends = runs.iter().flatten().map(|run| run.at.end);
        next = ends.min().unwrap_or(at).max(at.saturating_add(1));
        let item = runs.into_iter().flatten().find_map(|run| {
            let kind = run.kind()?;
            let end = match kind {
                Kind::Phone => run.extension_end(),
                _ => run.at.end,
            };
            Some(Item {
                kind,
                at: run.at.start..end,
            })
        });
        if let Some(item) = item {
            next = item.at.end;
            items.push(item);
        }
    }
}

impl<'a> Run<'a> {
    fn read(text: &'a str, start: usize, reach: Reach) -> Option<Self> {
        let mut run = Self {
            text,
            reach,
            at: start..start,
            digits: Vec::new(),
            groups: Vec::new(),
            parts: Vec::new(),
        };
        let mut part = String::new();
        let rest = text.get(start..)?;
        for (offset, character) in rest.char_indices() {
            if let Some(value) = digit(character) {
                if run.digits.len() > DIGITS_MAX {
                    break;
                }
                if run.groups.is_empty() || !part.is_empty() {
                    run.parts.push(std::mem::take(&mut part));
                    run.groups.push(0);
                }
                if let Some(group) = run.groups.last_mut() {
                    *group = group.saturating_add(1);
                }
                run.digits.push(value);
                let end = start.checked_add(offset)?;
                run.at.end = end.checked_add(character.len_utf8())?;
            } else {
                let Some(character) = parting(character, reach) else {
                    break;
                };
                let stops =
                    character == '+' && offset > 0 || character == ' ' && reach == Reach::Tight;
                let wide = reach == Reach::Wide;
                if stops || part.len() > 2 || !wide && part.ends_with(' ') && character == ' ' {
                    break;
                }
                part.push(character);
                if wide {
                    continue;
                }
                // `10 - 7` is a sum.
                if part.contains(' ') && part.contains(['-', '/', '.']) {
                    break;
                }
            }
        }
        (!run.digits.is_empty()).then_some(run)
    }

    fn kind(&self) -> Option<Kind> {
        let after = self.text.get(self.at.end..).unwrap_or("");
        let next = after.chars().next().unwrap_or(' ');
        let extension = self.extension_end() > self.at.end;
        if (joins(next) && !extension) || matches!(next, '_' | '%' | '@') {
            return None;
        }
        if self.reach == Reach::Wide {
            return self.is_card().then_some(Kind::Card);
        }
        if self.is_ssn() {
            return Some(Kind::UsSsn);
        }
        if self.is_card() {
            return Some(Kind::Card);
        }
        if self.is_french() {
            return Some(Kind::NationalId);
        }
        if self.opens_with_date() {
            return None;
        }
        if self.digits.len() > 7 && self.label() == Some(Label::Identity) {
            return Some(Kind::NationalId);
        }
        let clock = next == ':' && after.chars().nth(1).is_some_and(|c| c.is_ascii_digit());
        (!clock && self.is_phone(extension)).then_some(Kind::Phone)
    }

    /// Three, two and four digits; some areas are never given out.
    fn is_ssn(&self) -> bool {
        let whole = self.groups == [9] && self.label() == Some(Label::Ssn);
        let parted = self.groups == [3, 2, 4]
            && matches!(self.parts.as_slice(), [first, a, b]
                if first.is_empty() && a == b && (matches!(a.as_str(), "-" | " ")
                    || a == "." && self.label() == Some(Label::Ssn)));
        let area = self.number(0..3);
        (whole || parted)
            && area != 0
            && area != 666
            && area < 900
            && self.number(3..5) > 0
            && self.number(5..9) > 0
    }

    /// 12 to 19 digits in one group or in fours, with a right check digit, and either the first
    /// digits of a card company or a word that says so.
    fn is_card(&self) -> bool {
        let parted = self.groups.len() > 2
            && self
                .groups
                .iter()
                .take(self.groups.len().saturating_sub(1))
                .all(|n| (4..=6).contains(n))
            && match self.reach {
                Reach::Wide => self
                    .parts
                    .windows(2)
                    .skip(1)
                    .all(|two| two.first() == two.last()),
                _ => (self.parts.iter().skip(1)).all(|part| matches!(part.as_str(), " " | "-")),
            };
        let opens = self.parts.first().is_some_and(String::is_empty);
        let length = self.digits.len();
        opens
            && (parted || self.groups.len() == 1)
            && (12..=19).contains(&length)
            && luhn(&self.digits)
            && (self.is_issued() || self.label() == Some(Label::Card))
    }

    /// The first digits and lengths that the large card companies use.
    fn is_issued(&self) -> bool {
        let four = self.number(0..4);
        match self.digits.len() {
            13 => four / 1000 == 4,
            14 => matches!(four / 10, 300..=305 | 360..=369 | 380..=399),
            15 => matches!(four / 100, 34 | 37) || matches!(four, 1800 | 2131),
            16 | 19 => {
                four / 1000 == 4
                    || matches!(four, 2200..=2204 | 2221..=2720 | 3528..=3589 | 5100..=5599)
                    || matches!(four, 6011 | 6200..=6299 | 6440..=6599)
            }
            17 | 18 => four / 100 == 62,
            _ => false,
        }
    }

    /// 15 digits of which the last two check the first thirteen.
    fn is_french(&self) -> bool {
        let key = self.number(13..15);
        self.digits.len() == 15
            && matches!(self.digits.first(), Some(1 | 2))
            && (1..=12).contains(&self.number(3..5))
            && 97_u64.saturating_sub(self.number(0..13) % 97) == key
    }

    fn is_phone(&self, extension: bool) -> bool {
        let length = self.digits.len();
        if !(7..=15).contains(&length) {
            return false;
        }
        let first = self.parts.first().map_or("", String::as_str);
        let spaced = self.parts.iter().skip(1).all(|part| !part.contains('/'));
        let groups = self.groups.as_slice();
        let international = first.starts_with('+') && length > 7
            || matches!(self.digits.as_slice(), [0, 0, 1..=9, ..])
                && length > 9
                && groups.len() > 1;
        let american = matches!(groups, [3, 3, 4] | [1, 3, 3, 4] | [1, 3, 3, 2, 2]) && spaced;
        let area = first.ends_with('(') && groups.len() > 1 && !self.is_years();
        // Thousands come in threes, versions and lists have single digits, and lists of decimals
        // part in two ways; only numbers that are dialled begin with a nought, and not `0.5`.
        let thousands = groups.iter().skip(1).all(|group| *group == 3);
        let pairs = groups.iter().all(|group| *group > 1);
        let parted_by = |part: &str| self.parts.iter().any(|other| other == part);
        let decimals = parted_by(".") && parted_by(" ");
        // Pairs alone are readings or a draw, fours alone a voucher or a parcel, and a number that
        // is dialled ends in as many digits as any group but the first has, or in pairs.
        let in_pairs = groups.iter().all(|group| *group == 2);
        let even = in_pairs || groups.iter().all(|group| *group == 4);
        let ends = matches!(groups, [.., before, last] if *last > 2 || before == last);
        let many = groups.len() > 2 && (8..=12).contains(&length);
        let many = many && !thousands && spaced && pairs && !decimals && !even && ends;
        let trunk = matches!(self.digits.as_slice(), [0, 1..=9, ..])
            && length > 8
            && groups.first() > Some(&1)
            && groups.len() > 1
            && (!in_pairs || length == 10);
        let formed = international || american || area || extension || many || trunk;
        // Far from a thing's name a form that only telephone numbers have still tells more than it does.
        let hyphens = (self.parts.iter().skip(1)).all(|part| part == "-");
        let bracketed = american && first.ends_with('(');
        let certain = bracketed || american && hyphens || trunk && !even;
        match told(self.text, self.at.start) {
            Some(told) if told.label == Label::Phone => true,
            Some(told) => {
                international || bracketed || certain && told.label == Label::Other && !told.beside
            }
            None => formed || self.word_after(),
        }
    }

    /// `(1861-1883)`.
    fn is_years(&self) -> bool {
        let years = 1000..=2100;
        self.groups == [4, 4]
            && years.contains(&self.number(0..4))
            && years.contains(&self.number(4..8))
    }

    /// A date, and what follows it.
    fn opens_with_date(&self) -> bool {
        let [first, second, third, ..] = self.groups.as_slice() else {
            return false;
        };
        let at = |from: usize, length: usize| self.number(from..from.saturating_add(length));
        let (a, b) = (at(0, *first), at(*first, *second));
        let dated = |part: &String| matches!(part.as_str(), "-" | "." | "/" | ". ");
        let parts = self.parts.iter().skip(1).take(2).all(dated);
        let year_first = *first == 4 && *second <= 2 && *third <= 2 && (1..=12).contains(&b);
        let year_last = *first <= 2
            && *second <= 2
            && (*third == 4 || *third == 2 && self.groups.len() == 3)
            && (1..=31).contains(&a)
            && (1..=31).contains(&b)
            && (a <= 12 || b <= 12);
        parts && (year_first || year_last)
    }

    /// The end of an extension such as `x4587` behind the number.
    fn extension_end(&self) -> usize {
        let after = self.text.get(self.at.end..).unwrap_or("");
        let rest = ["x", " x", " ext. ", " ext ", "ext. ", "ext "]
            .iter()
            .find_map(|mark| after.strip_prefix(mark));
        let digits = rest.map_or(0, |rest| {
            rest.bytes().take_while(u8::is_ascii_digit).count()
        });
        match rest {
            Some(rest) if (1..=6).contains(&digits) => {
                let mark = after.len().saturating_sub(rest.len());
                self.at.end.saturating_add(mark).saturating_add(digits)
            }
            _ => self.at.end,
        }
    }

    fn number(&self, range: Range<usize>) -> u64 {
        let digits = self.digits.get(range).unwrap_or(&[]);
        digits.iter().fold(0, |number: u64, digit| {
            number.saturating_mul(10).saturating_add(u64::from(*digit))
        })
    }

    fn label(&self) -> Option<Label> {
        told(self.text, self.at.start).map(|told| told.label)
    }

    /// Whether the next word says that it is a telephone number, as on a card: `… office`.
    fn word_after(&self) -> bool {
        let after = self.text.get(self.at.end..).unwrap_or("");
        let word: String = after
            .trim_start_matches([' ', '-', '(', ','])
            .chars()
            .take(12)
            .take_while(|character| character.is_alphabetic())
            .flat_map(char::to_lowercase)
            .collect();
        [
            "office", "fax", "mobile", "desk", "home", "cell", "phone", "tel", "mobil",
        ]
        .contains(&word.as_str())
    }
}

/// Whether the words before a code say that a state knows a person by it.
pub(super) fn is_identity(text: &str, at: usize) -> bool {
    told(text, at).is_some_and(|told| told.label == Label::Identity)
}

/// What the nearest telling word before a number says: of up to six.
fn told(text: &str, at: usize) -> Option<Told> {
    let before = text.get(..at).unwrap_or("");
    let mut from = before.len().saturating_sub(LABEL_BYTES);
    while !before.is_char_boundary(from) {
        from = from.saturating_add(1);
    }
    let near = before.get(from..).unwrap_or("");
    let inside = |character: char| character.is_alphanumeric() || matches!(character, '\'' | '’');
    let words = near.rsplit(|character: char| !inside(character));
    let words = words.filter(|word| !word.is_empty()).take(6);
    let mut number = false;
    let mut beside = true;
    for word in words {
        let label = word_label(word);
        match label {
            Some(Label::Person) if number => {
                let label = Label::Phone;
                return Some(Told { label, beside });
            }
            // `number of points is …` is no number of somebody.
            Some(Label::Number) => number = beside,
            Some(Label::Joint) => number = false,
            Some(Label::Person) | None => {
                number = false;
                beside = false;
            }
            Some(label) => return Some(Told { label, beside }),
        }
    }
    None
}

/// What a word says. `NIE` is one only in capitals, a thing's own number is the thing's, and a name
/// with `'s` is a person.
fn word_label(word: &str) -> Option<Label> {
    const SHORT: [&str; 12] = [
        "it's", "that's", "what's", "here's", "there's", "who's", "let's", "he's", "she's",
        "where's", "how's", "today's",
    ];
    let lower = word.to_lowercase().replace('’', "'");
    let label = LABELS.get(word).or_else(|| LABELS.get(lower.as_str()));
    let owner = lower.strip_suffix("'s");
    let label = label.or_else(|| LABELS.get(owner?));
    let name = || {
        let capital = word.chars().next().is_some_and(char::is_uppercase);
        (owner.is_some() && capital && !SHORT.contains(&lower.as_str())).then_some(Label::Person)
    };
    label.copied().or_else(name)
}

/// What a digit stands for, in the alphabets that have their own.
pub(crate) fn digit(character: char) -> Option<u8> {
    const ZEROS: [char; 5] = ['\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{ff10}'];
    let value = |zero: char| {
        let value = u32::from(character).checked_sub(u32::from(zero))?;
        u8::try_from(value).ok().filter(|value| *value < 10)
    };
    match character {
        character if character.is_ascii() => value('0'),
        _ => ZEROS.into_iter().find_map(value),
    }
}

/// What may part digits, each space and hyphen as one of them.
fn parting(character: char, reach: Reach) -> Option<char> {
    Some(match character {
        ' ' | '\u{a0}' | '\u{2007}' | '\u{2009}' | '\u{202f}' | '\u{3000}' => ' ',
        '-' | '\u{2010}' | '\u{2011}' | '\u{ff0d}' => '-',
        '.' | '/' => character,
        '(' | ')' | '+' if reach != Reach::Wide => character,
        '\u{2012}'..='\u{2015}' | '\u{2212}' | '_' | '·' if reach == Reach::Wide => '-',
        _ => return None,
    })
}

/// Whether a letter beside digits makes them part of a word: not those of alphabets that part none.
pub(crate) fn joins(character: char) -> bool {
    let unparted = is_ideograph(character)
        || matches!(character, '\u{e00}'..='\u{e7f}' | '\u{ac00}'..='\u{d7af}');
    character.is_alphanumeric() && !unparted
}

/// The check digit of cards: every second digit from the right counts double, its digits added.
fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit @ 0..=4) => digit.saturating_mul(2),
            (_, digit) => digit.saturating_mul(2).saturating_sub(9),
        })
        .fold(0, u32::saturating_add);
    sum.is_multiple_of(10) && digits.iter().any(|digit| *digit > 0)
}
