//! A text of one customer as another's agent may see it. It must not judge whether it may be seen.

use crate::signal::personal::{Item, Kind, read};
use crate::signal::words::plain_letters;
use std::ops::Range;

/// Letters that a name's part needs to be masked by itself.
const NAME_CHARS_MIN: usize = 2;
/// Letters that it needs to be masked in any case: shorter ones are words, too, but for the way they
/// are written.
const ANY_CASE_CHARS_MIN: usize = 3;
/// Looks for what masking leaves: a number has at most two neighbours in a run of digits.
const ROUNDS_MAX: u32 = 4;
/// Parts of one name: more than anyone signs with.
const NAMES_MAX: usize = 16;

/// The text with every piece of personal data that has a form, and every one of the customer's
/// `names` (their id, their name and its parts), replaced by what it is: `[email]`, `[name]`. A name is
/// the same with and without its accents, and with its umlauts spelt out.
#[must_use]
pub fn masked(text: &str, names: &[&str]) -> String {
    let formed = without_forms(text.to_owned());
    let named = parts(names).iter().fold(formed.clone(), |plain, name| {
        let plain = without(&plain, name, Umlauts::Bare);
        match plain.contains(is_umlaut) || name.contains(is_umlaut) {
            true => without(&plain, name, Umlauts::Spelt),
            false => plain,
        }
    });
    match named == formed {
        true => named,
        false => without_forms(named),
    }
}

/// What is left of a run of digits beside a number that was in it can be a number, too.
fn without_forms(mut text: String) -> String {
    for _ in 0..ROUNDS_MAX {
        let items = read(&text);
        if items.is_empty() {
            break;
        }
        text = replaced(&text, &items);
    }
    text
}

fn replaced(text: &str, items: &[Item]) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut end = 0;
    for item in items {
        plain.push_str(text.get(end..item.at.start).unwrap_or(""));
        plain.push_str(label(item.kind));
        end = item.at.end;
    }
    plain.push_str(text.get(end..).unwrap_or(""));
    plain
}

fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::Email => "[email]",
        Kind::Phone => "[phone]",
        Kind::Card => "[card]",
        Kind::IpAddress => "[ip address]",
        Kind::UsSsn | Kind::NationalId => "[id number]",
        Kind::Iban => "[bank account]",
    }
}

/// Whole names before their parts, so that one mask stands for both.
fn parts(names: &[&str]) -> Vec<String> {
    let mut parts: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
    let words = names.iter().flat_map(|name| name.split_whitespace());
    parts.extend(words.map(|word| {
        let word = word.trim_matches(|letter: char| !letter.is_alphanumeric());
        word.to_owned()
    }));
    parts.retain(|part| part.chars().count() >= NAME_CHARS_MIN);
    parts.truncate(NAMES_MAX);
    parts
}

/// The text without a name where it stands as words of their own, whatever their case.
fn without(text: &str, name: &str, umlauts: Umlauts) -> String {
    let (said, wanted) = (letters(text, umlauts), letters(name, umlauts));
    let any_case = wanted.len() >= ANY_CASE_CHARS_MIN;
    let same = |one: char, other: char| {
        one == other || (any_case && one.to_lowercase().eq(other.to_lowercase()))
    };
    let is_word = |place: usize| {
        let letter = said.get(place);
        letter.is_some_and(|letter| letter.plain.is_alphanumeric())
    };
    let mut plain = String::with_capacity(text.len());
    let (mut place, mut told) = (0, 0);
    while place < said.len() {
        let end = place.saturating_add(wanted.len());
        let starts = place.checked_sub(1).is_none_or(|before| !is_word(before));
        let here = said.get(place..end).unwrap_or(&[]);
        let holds = starts
            && !is_word(end)
            && here.len() == wanted.len()
            && here
                .iter()
                .zip(&wanted)
                .all(|(one, other)| same(one.plain, other.plain));
        match (here.first(), here.last()) {
            (Some(first), Some(last)) if holds => {
                plain.push_str(text.get(told..first.at.start).unwrap_or(""));
                plain.push_str("[name]");
                told = last.at.end;
                place = end;
            }
            _ => place = place.saturating_add(1),
        }
    }
    plain.push_str(text.get(told..).unwrap_or(""));
    plain
}

/// How `ü` and its like are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Umlauts {
    /// As in `Muller`.
    Bare,
    /// As in `Mueller`.
    Spelt,
}

/// A letter as it is compared, and the bytes that it stands for.
struct Letter {
    plain: char,
    at: Range<usize>,
}

/// The letters of a text without their accents, whether an accent is part of its letter or a mark behind it.
fn letters(text: &str, umlauts: Umlauts) -> Vec<Letter> {
    let mut letters: Vec<Letter> = Vec::with_capacity(text.len());
    for (start, character) in text.char_indices() {
        let at = start..start.saturating_add(character.len_utf8());
        let spelt = |plain: &str| spelt(plain).filter(|_| umlauts == Umlauts::Spelt);
        if is_mark(character) {
            if let Some(last) = letters.last_mut() {
                last.at.end = at.end;
                let marked: String = [last.plain.to_ascii_lowercase(), character]
                    .iter()
                    .collect();
                let behind = spelt(&marked).and_then(|whole| whole.chars().nth(1));
                letters.extend(behind.map(|plain| Letter { plain, at }));
            }
            continue;
        }
        let upper = character.is_uppercase();
        let mut push = |plain: char| {
            let at = at.clone();
            let plain = plain
                .to_uppercase()
                .next()
                .filter(|_| upper)
                .unwrap_or(plain);
            letters.push(Letter { plain, at });
        };
        if character.is_ascii() {
            push(character);
            continue;
        }
        for lower in character.to_lowercase().filter(|lower| !is_mark(*lower)) {
            let whole = spelt(lower.encode_utf8(&mut [0; 4]));
            match whole.or_else(|| plain_letters(lower)) {
                Some(plain) => plain.chars().for_each(&mut push),
                None => push(bare(lower)),
            }
        }
    }
    letters
}

/// An accent as a character of its own.
fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}')
}

/// Whether a character makes a letter one that is also spelt out.
fn is_umlaut(character: char) -> bool {
    matches!(
        character,
        'ä' | 'ö' | 'ü' | 'ø' | 'å' | 'Ä' | 'Ö' | 'Ü' | 'Ø' | 'Å' | '\u{308}' | '\u{30a}'
    )
}

/// A small letter spelt out, in either form.
fn spelt(letter: &str) -> Option<&'static str> {
    Some(match letter {
        "ä" | "a\u{308}" => "ae",
        "ö" | "o\u{308}" | "ø" => "oe",
        "ü" | "u\u{308}" => "ue",
        "å" | "a\u{30a}" => "aa",
        _ => return None,
    })
}

/// A small letter that is not Latin without its accent, and an apostrophe as it is typed.
fn bare(letter: char) -> char {
    match letter {
        'ё' => 'е',
        'й' => 'и',
        'ά' => 'α',
        'έ' => 'ε',
        'ή' => 'η',
        'ί' | 'ϊ' | 'ΐ' => 'ι',
        'ό' => 'ο',
        'ς' => 'σ',
        'ύ' | 'ϋ' | 'ΰ' => 'υ',
        'ώ' => 'ω',
        '’' => '\'',
        _ => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, names: &[&str], expected: &str) {
        assert_eq!(masked(text, names), expected);
    }

    #[test]
    fn forms_and_names_are_replaced_by_what_they_are() {
        check(
            "Dear Ada, we wrote to ada@example.com and called +49 30 1234567.",
            &["Ada Lovelace", "cus_81"],
            "Dear [name], we wrote to [email] and called [phone].",
        );
        check(
            "ADA LOVELACE (cus_81) and Lovelace's order",
            &["Ada Lovelace", "cus_81"],
            "[name] ([name]) and [name]'s order",
        );
        check(
            "Li asked: do li and Li?",
            &["Li"],
            "[name] asked: do li and [name]?",
        );
        check(
            "Call +4420 7946 092210 7946 0958.",
            &[],
            "Call [phone] [phone].",
        );
        check("Élodie, élodie!", &["Élodie"], "[name], [name]!");
    }

    #[test]
    fn a_name_is_the_same_with_and_without_its_accents() {
        for (one, other) in [
            ("Müller", "Muller"),
            ("Müller", "MUELLER"),
            ("Mu\u{308}ller", "Mueller"),
            ("Mu\u{308}ller", "MÜLLER"),
            ("José", "Jose"),
            ("José", "Jose\u{301}"),
            ("Søren", "Soren"),
            ("Ødegård", "Odegard"),
            ("Ødegård", "OEDEGAARD"),
            ("Groß", "GROSS"),
            ("Łukasz", "lukasz"),
            ("Nguyễn", "Nguyen"),
            ("Jānis", "Janis"),
            ("Bērziņš", "Berzins"),
            ("İbrahim", "ibrahim"),
            ("Семён", "Семен"),
            ("Андрей", "Андреи\u{306}"),
            ("Γιώργος", "ΓΙΩΡΓΟΣ"),
            ("O'Brien", "O’Brien"),
            ("Åa", "Åa"),
        ] {
            for (name, said) in [(one, other), (other, one)] {
                check(
                    &format!("Dear {said}, {said}s"),
                    &[name],
                    &format!("Dear [name], {said}s"),
                );
            }
        }
        check("Ün, un und Un", &["Ün"], "[name], un und [name]");
        check("Mülleramt, Müllers", &["Muller"], "Mülleramt, Müllers");
        check(
            "e\u{301}\u{302} äöü",
            &["\u{301}\u{302}"],
            "e\u{301}\u{302} äöü",
        );
    }

    #[test]
    fn other_words_stay() {
        check(
            "Adapters for Canada, 20 EUR",
            &["Ada"],
            "Adapters for Canada, 20 EUR",
        );
        check("Plan B, in no way", &["B", ""], "Plan B, in no way");
        check("", &["Ada"], "");
    }
}
