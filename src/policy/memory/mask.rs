//! A text of one customer as another's agent may see it. It must not judge whether it may be seen.

use crate::signal::personal::{Item, Kind, read};

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
/// `names` (their id, their name and its parts), replaced by what it is: `[email]`, `[name]`.
#[must_use]
pub fn masked(text: &str, names: &[&str]) -> String {
    let formed = without_forms(text.to_owned());
    let named = parts(names)
        .iter()
        .fold(formed.clone(), |plain, name| without(&plain, name));
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
fn without(text: &str, name: &str) -> String {
    let letters: Vec<(usize, char)> = text.char_indices().collect();
    let wanted: Vec<char> = name.chars().collect();
    let any_case = wanted.len() >= ANY_CASE_CHARS_MIN;
    let same = |one: char, other: char| {
        one == other || (any_case && one.to_lowercase().eq(other.to_lowercase()))
    };
    let letter = |place: usize| letters.get(place).map(|(_, letter)| *letter);
    let is_word = |place: usize| letter(place).is_some_and(char::is_alphanumeric);
    let mut plain = String::with_capacity(text.len());
    let mut place = 0;
    while let Some(next) = letter(place) {
        let end = place.saturating_add(wanted.len());
        let starts = place.checked_sub(1).is_none_or(|before| !is_word(before));
        let here = letters.get(place..end).unwrap_or(&[]).iter();
        let holds = starts
            && !is_word(end)
            && here.len() == wanted.len()
            && here
                .zip(&wanted)
                .all(|((_, one), other)| same(*one, *other));
        if holds {
            plain.push_str("[name]");
            place = end;
        } else {
            plain.push(next);
            place = place.saturating_add(1);
        }
    }
    plain
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
