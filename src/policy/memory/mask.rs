//! A text of one customer as another's agent may see it. It must not judge whether it may be seen.

use crate::signal::personal::{Item, Kind, read};
use crate::signal::words::plain_letters;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
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
/// the same with and without its accents, and with its umlauts spelt out. An object of JSON, as the
/// arguments of an action are, stays one.
#[must_use]
pub fn masked(text: &str, names: &[&str]) -> String {
    match text.starts_with('{').then(|| serde_json::from_str(text)) {
        Some(Ok(object)) => masked_value(object, names).to_string(),
        _ => masked_text(text, names),
    }
}

/// The same of every text within a value. A number that is personal data becomes a text that says so. The
/// name of a member may be a word that is a name, too, such as `price`: only names with a digit are looked for.
pub(crate) fn masked_value(value: Value, names: &[&str]) -> Value {
    match value {
        Value::String(text) => masked_text(&text, names).into(),
        Value::Number(number) => {
            let digits = number.to_string();
            match masked_text(&digits, names) {
                same if same == digits => Value::Number(number),
                hidden => hidden.into(),
            }
        }
        Value::Array(items) => {
            let items = items.into_iter().map(|item| masked_value(item, names));
            Value::Array(items.collect())
        }
        Value::Object(fields) => masked_fields(fields, names).into(),
        Value::Null | Value::Bool(_) => value,
    }
}

/// Members whose names are masked alike are numbered.
fn masked_fields(fields: Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    let is_code = |name: &&str| name.contains(|letter: char| letter.is_ascii_digit());
    let codes: Vec<&str> = names.iter().copied().filter(is_code).collect();
    let (mut hidden, mut alike) = (Map::new(), BTreeMap::new());
    for (name, value) in fields {
        let plain = masked_text(&name, &codes);
        let mut name = plain.clone();
        while hidden.contains_key(&name) {
            let number = alike.entry(plain.clone()).or_insert(1_u64);
            *number = number.saturating_add(1);
            name = format!("{plain} {number}");
        }
        hidden.insert(name, masked_value(value, names));
    }
    hidden
}

fn masked_text(text: &str, names: &[&str]) -> String {
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

/// Whole names before their parts, so that one mask stands for both; as one word, too, as they stand in
/// links, and in scripts that set no words apart.
fn parts(names: &[&str]) -> Vec<String> {
    let mut parts: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
    parts.extend(names.iter().map(|name| name.split_whitespace().collect()));
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
    let same = |one: &Letter, other: &Letter| {
        one.small == other.small && (any_case || one.capital == other.capital)
    };
    let goes_on = |edge: Option<&Letter>, beside: Option<usize>| {
        let beside = beside.and_then(|place| said.get(place));
        edge.zip(beside)
            .is_some_and(|(edge, beside)| are_one_word(edge.small, beside.small))
    };
    let mut plain = String::with_capacity(text.len());
    let (mut place, mut told) = (0, 0);
    while place < said.len() {
        let end = place.saturating_add(wanted.len());
        let here = said.get(place..end).unwrap_or(&[]);
        let holds = here.len() == wanted.len()
            && !goes_on(here.first(), place.checked_sub(1))
            && !goes_on(here.last(), Some(end))
            && here
                .iter()
                .zip(&wanted)
                .all(|(one, other)| same(one, other));
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

/// Whether a name is part of a longer word where its `edge` stands `beside` this letter. Scripts without
/// spaces have no such words; digits behind letters are those of a user's name.
fn are_one_word(edge: char, beside: char) -> bool {
    beside.is_alphanumeric()
        && !(edge.is_alphabetic() && beside.is_numeric())
        && ![edge, beside].into_iter().any(is_unspaced)
}

/// Letters of scripts that set no words apart, or put particles and titles right behind a name: Thai, Lao,
/// Tibetan, Burmese, Khmer, Japanese, Chinese, Korean.
fn is_unspaced(letter: char) -> bool {
    matches!(letter,
        '\u{e00}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}' | '\u{2e80}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ffdc}' | '\u{20000}'..='\u{3ffff}')
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
    small: char,
    capital: bool,
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
                let marked: String = [last.small, character].iter().collect();
                let behind = spelt(&marked).and_then(|whole| whole.chars().nth(1));
                let capital = false;
                letters.extend(behind.map(|small| Letter { small, capital, at }));
            }
            continue;
        }
        let capital = character.is_uppercase();
        let mut push = |small: char| {
            let at = at.clone();
            letters.push(Letter { small, capital, at });
        };
        if character.is_ascii() {
            push(character.to_ascii_lowercase());
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
    fn a_name_is_found_where_words_are_not_set_apart() {
        check(
            "山田様、山田太郎さんの注文",
            &["山田 太郎"],
            "[name]様、[name]さんの注文",
        );
        check("王小明先生您好", &["王 小明"], "[name]先生您好");
        check("김철수님, 철수가", &["김 철수"], "[name]님, [name]가");
        check("คุณสมชายครับ", &["สมชาย"], "คุณ[name]ครับ");
        for said in [
            "https://example.com/u/adalovelace/inbox",
            "https://example.com/u/ada-lovelace81",
            "user_ada = \"AdaLovelace\"",
            "@ada1815 or lovelace.ada",
        ] {
            let hidden = masked(said, &["Ada Lovelace"]).to_lowercase();
            assert!(
                !hidden.contains("ada") && !hidden.contains("love"),
                "{hidden}"
            );
        }
    }

    #[test]
    fn an_object_of_json_stays_one() {
        check(
            r#"{"body":"Dear\nAda Lovelace,\nada@example.com","card":4111111111111111,"note":"a\"Ada\""}"#,
            &["Ada Lovelace"],
            r#"{"body":"Dear\n[name],\n[email]","card":"[card]","note":"a\"[name]\""}"#,
        );
        check(
            r#"{"customer":4711,"of":{"ada@example.com":[4711,20.5,true,null],"bob@example.com":1}}"#,
            &["4711"],
            r#"{"customer":"[name]","of":{"[email]":["[name]",20.5,true,null],"[email] 2":1}}"#,
        );
        check(
            r#"{"balance_of":{"cus_81":20},"price":20}"#,
            &["cus_81", "Ann Price"],
            r#"{"balance_of":{"[name]":20},"price":20}"#,
        );
        check("{Ada}", &["Ada"], "{[name]}");
    }

    #[test]
    fn members_that_are_masked_alike_are_numbered() {
        let customers: Map<String, Value> = (0..1_000)
            .map(|at| (format!("a{at}@example.com"), at.into()))
            .chain([("[email] 7".to_owned(), Value::Null)])
            .collect();
        let hidden = masked_fields(customers, &[]);
        assert_eq!(hidden.len(), 1_001);
        let longest = hidden.keys().map(String::len).max();
        assert_eq!(
            longest,
            Some("[email] 1001".len()),
            "not one sign more each"
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
        check("order 4711 of 47110", &["4711"], "order [name] of 47110");
        check("", &["Ada"], "");
    }
}
