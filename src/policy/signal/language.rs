//! Which language is a text in, and is it one that was expected? It must not translate, and says
//! nothing of a text too short to tell.

use super::vocabulary::Vocabulary;
use super::words::Word;
use super::{Field, Found, SignalCode, SignalRules};
use crate::ratio::Ratio;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const LANGUAGES: &str = include_str!("../lexicons/languages.txt");
/// Words of a text that are looked at: enough to tell, and a bound.
const WORDS_MAX: usize = 400;
/// Fewer words tell nothing.
const WORDS_MIN: usize = 4;
/// As many words without one frequent word of a language we know: it is another one.
const UNKNOWN_WORDS_MIN: usize = 8;
/// Share of frequent words in a text of a language, in per cent; ordinary prose has 30 to 50.
const SHARE_MIN: usize = 15;
/// How far ahead of the next language the first must be, in per cent of its own.
const LEAD_MIN: usize = 20;
/// Of alphabets with one language, or whose languages have no lexicons anyway.
const SURE: Ratio = Ratio::from_ppm(900_000);

/// A frequent word and the languages it is frequent in, one bit each in the order of the file.
static WORDS: LazyLock<Vocabulary<u32>> = LazyLock::new(|| {
    let words = (0..32).zip(lines()).flat_map(|(at, (_, line))| {
        let words = line.split_whitespace();
        words.map(move |word| (word, 1_u32 << at))
    });
    Vocabulary::read(words, |languages, one| *languages |= one)
});

fn lines() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = LANGUAGES.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(" = "))
}

/// The languages, as the file names them.
static NAMES: LazyLock<Vec<&str>> = LazyLock::new(|| lines().map(|(name, _)| name).collect());

/// What a text is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    /// Too short, or too mixed.
    Unsure,
    /// A code of ISO 639-1.
    Known(&'static str),
    /// Words enough, and none that we know.
    Unknown,
}

impl Language {
    fn has_lexicons(self) -> bool {
        match self {
            Self::Unsure => true,
            Self::Unknown => false,
            Self::Known(code) => NAMES
                .iter()
                .any(|name| name.strip_suffix('*') == Some(code)),
        }
    }
}

pub(crate) fn find(
    settings: &SignalRules,
    message: &Field<'_>,
    text: &Field<'_>,
    found: &mut Found,
) {
    let (said, answered) = (read(message), read(text));
    for (field, language) in [(message, said), (text, answered)] {
        if !language.has_lexicons() {
            found.field(SignalCode::LanguageWithoutLexicons, SURE, field.pointer);
        }
    }
    let expected = |code: &str| {
        settings.languages.is_empty()
            || settings.languages.iter().any(|other| {
                let tongue = other.split(['-', '_']).next().unwrap_or(other);
                tongue.eq_ignore_ascii_case(code)
            })
    };
    match said {
        Language::Known(code) if !expected(code) => {
            found.field(SignalCode::UnexpectedLanguage, SURE, message.pointer);
        }
        Language::Unknown if !settings.languages.is_empty() => {
            found.field(SignalCode::UnexpectedLanguage, SURE, message.pointer);
        }
        _ => {}
    }
    if let (Language::Known(said), Language::Known(answered)) = (said, answered)
        && said != answered
    {
        found.field(SignalCode::LanguageMismatch, SURE, text.pointer);
    }
}

fn read(field: &Field<'_>) -> Language {
    match by_alphabet(field.text) {
        Some(code) => Language::Known(code),
        None => by_words(field),
    }
}

/// The language of most letters, where they aren't Latin.
fn by_alphabet(text: &str) -> Option<&'static str> {
    const LETTERS_MIN: usize = 4;
    // Most texts that come: nothing else needs to be counted.
    if text.is_ascii() {
        return None;
    }
    let mut counts: BTreeMap<Option<&'static str>, usize> = BTreeMap::new();
    let letters = text.chars().filter(|character| character.is_alphabetic());
    for character in letters.take(WORDS_MAX.saturating_mul(4)) {
        let count = counts.entry(alphabet(character)).or_default();
        *count = count.saturating_add(1);
    }
    // Japanese writes Chinese characters between its own.
    if counts.contains_key(&Some("ja"))
        && let Some(chinese) = counts.remove(&Some("zh"))
    {
        let count = counts.entry(Some("ja")).or_default();
        *count = count.saturating_add(chinese);
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.filter(|(_, count)| *count >= LETTERS_MIN)?.0
}

fn alphabet(character: char) -> Option<&'static str> {
    match character {
        '\u{370}'..='\u{3ff}' => Some("el"),
        'і' | 'ї' | 'є' | 'ґ' => Some("uk"),
        '\u{400}'..='\u{52f}' => Some("ru"),
        '\u{590}'..='\u{5ff}' => Some("he"),
        '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' => Some("ar"),
        '\u{900}'..='\u{97f}' => Some("hi"),
        '\u{e00}'..='\u{e7f}' => Some("th"),
        '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7af}' => Some("ko"),
        '\u{3040}'..='\u{30ff}' => Some("ja"),
        '\u{3400}'..='\u{9fff}' => Some("zh"),
        _ => None,
    }
}

/// The language with most frequent words; parts of addresses, names of files and codes are none.
fn by_words(field: &Field<'_>) -> Language {
    let mut counts = [0_usize; 32];
    let mut total = 0_usize;
    let mut known = 0_usize;
    let bytes = field.text.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(b' ');
    let prose = |word: &Word| {
        let before = word.at.start.checked_sub(1).map_or(b' ', byte);
        let (after, next) = (byte(word.at.end), byte(word.at.end.saturating_add(1)));
        let joined = matches!(before, b'@' | b'/' | b'_' | b'.')
            || matches!(after, b'@' | b'/' | b'_')
            || after == b'.' && next.is_ascii_alphanumeric();
        !joined
    };
    let letters = |word: &str| word.chars().all(char::is_alphabetic);
    let words = field.words.iter();
    let words = words.filter(|(word, folded)| letters(folded) && prose(word));
    for (_, word) in words.take(WORDS_MAX) {
        total = total.saturating_add(1);
        let Some(languages) = WORDS.get(word) else {
            continue;
        };
        known = known.saturating_add(1);
        let mut left = languages;
        while let Some(count) = counts.get_mut(left.trailing_zeros() as usize) {
            *count = count.saturating_add(1);
            left &= left.wrapping_sub(1);
        }
    }
    judge(counts, total, known)
}

/// The language that leads. Danish and Norwegian are too close to tell: then it is unknown which,
/// but sure that no lexicon covers it.
fn judge(counts: [usize; 32], total: usize, known: usize) -> Language {
    let enough = |part: usize| part.saturating_mul(100) >= total.saturating_mul(SHARE_MIN);
    let first = counts.into_iter().max().unwrap_or(0);
    if total < WORDS_MIN || first < 2 || !enough(first) {
        let foreign = total >= UNKNOWN_WORDS_MIN && !enough(known);
        return if foreign {
            Language::Unknown
        } else {
            Language::Unsure
        };
    }
    let near = |count: usize| {
        first.saturating_sub(count).saturating_mul(100) < first.saturating_mul(LEAD_MIN)
    };
    let mut leading = NAMES
        .iter()
        .zip(counts)
        .filter(|(_, count)| near(*count))
        .map(|(name, _)| *name);
    match (leading.next(), leading.next()) {
        (Some(name), None) => Language::Known(name.trim_end_matches('*')),
        (Some(name), Some(other)) => {
            let covered = [name, other]
                .into_iter()
                .chain(leading)
                .any(|name| name.ends_with('*'));
            if covered {
                Language::Unsure
            } else {
                Language::Unknown
            }
        }
        (None, _) => Language::Unsure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Language) {
        assert_eq!(read(&Field::read("/message", text)), expected, "{text}");
    }

    #[test]
    fn languages_are_told() {
        check(
            "When will my order be delivered to the new address?",
            Language::Known("en"),
        );
        check(
            "Wann wird meine Bestellung an die neue Adresse geliefert?",
            Language::Known("de"),
        );
        check(
            "Quand est-ce que ma commande sera livrée à la nouvelle adresse ?",
            Language::Known("fr"),
        );
        check(
            "¿Cuándo llega mi pedido a la nueva dirección de mi casa?",
            Language::Known("es"),
        );
        check(
            "Quando arriva il mio ordine? Vorrei anche una fattura, grazie.",
            Language::Known("it"),
        );
        check(
            "Når kommer min ordre, og kan jeg ikke få det hurtigere?",
            Language::Unknown,
        );
        check("Где мой заказ?", Language::Known("ru"));
        check("注文はいつ届きますか", Language::Known("ja"));
        check("订单什么时候到", Language::Known("zh"));
        check(
            "Mano užsakymas dar neatvyko todėl prašau grąžinti pinigus kuo greičiau",
            Language::Unknown,
        );
        check("OK thanks", Language::Unsure);
        check(
            "jo@a.com ada@b.com x/y/z/w a_b_c_d www.acme.com",
            Language::Unsure,
        );
        check("", Language::Unsure);
    }
}
