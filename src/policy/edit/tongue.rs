//! Which language is a text in, of those whose most frequent words are known here, and what do these words
//! say in English? An edit is read by English words (`lexicon`), so that `nicht` is read as `not`, `zwei` as
//! `two`, and `du` as well as `Sie` as `you`. It must not translate what is shown.

use super::lexicon::FUNCTION;
use crate::order;
use std::borrow::Cow;
use std::sync::LazyLock;

/// A line per English word, with the words that say it.
const TABLE: &str = include_str!("tongues.txt");

/// The languages of the table, in its order.
const OTHERS: usize = 6;

/// The place of German among them.
const GERMAN: usize = 0;

/// The words of a language in alphabetical order, each with an English one.
type Glossary = Vec<(Cow<'static, str>, &'static str)>;

static GLOSSARIES: LazyLock<[Glossary; OTHERS]> = LazyLock::new(|| std::array::from_fn(glossary));

fn glossary(language: usize) -> Glossary {
    let mut glossary = Glossary::new();
    for row in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let mut cells = row.split('|');
        let english = cells.next().unwrap_or_default();
        let words = cells.nth(language).unwrap_or_default();
        glossary.extend(words.split_whitespace().map(|word| (word.into(), english)));
    }
    // Forgotten accents, where no other word is written so.
    let accented = glossary.iter().filter(|(word, _)| !word.is_ascii());
    let bare: Glossary = accented
        .map(|(word, english)| (unaccented(word).into(), *english))
        .collect();
    glossary.extend(bare);
    order::each_once(glossary, |(word, _)| word.clone())
}

/// The language of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tongue {
    English,
    /// One of the table.
    Other(usize),
    Unknown,
}

impl Tongue {
    /// The language of words in lower case. Words that hold its sentences together are half of an English
    /// text; in other languages hardly one in ten looks like one.
    pub(super) fn of(words: &[&str]) -> Self {
        let english = words.iter().filter(|word| FUNCTION.has(word)).count();
        if english.saturating_mul(3) >= words.len() {
            return Self::English;
        }
        let known = |language| {
            let known = words.iter().filter(|word| gloss(language, word).is_some());
            (known.count(), language)
        };
        let most = (0..OTHERS).map(known).max_by_key(|(count, _)| *count);
        match most {
            Some((count, language))
                if count > english.saturating_mul(2).max(1)
                    && count.saturating_mul(4) >= words.len() =>
            {
                Self::Other(language)
            }
            _ if english.saturating_mul(6) >= words.len() => Self::English,
            _ => Self::Unknown,
        }
    }

    /// What a word in lower case says in English; `None` of English words, and of those that aren't known.
    pub(super) fn in_english(self, word: &str) -> Option<&'static str> {
        match self {
            Self::Other(language) => gloss(language, word),
            Self::English | Self::Unknown => None,
        }
    }

    /// Whether nouns begin with a capital letter, so that one makes no name.
    pub(super) fn has_capital_nouns(self) -> bool {
        self == Self::Other(GERMAN)
    }
}

fn gloss(language: usize, word: &str) -> Option<&'static str> {
    let glossary = GLOSSARIES.get(language)?;
    let at = glossary
        .binary_search_by(|(other, _)| other.as_ref().cmp(word))
        .ok()?;
    glossary.get(at).map(|(_, english)| *english)
}

/// A word in lower case without accents, as it is typed in haste: `expediee`, `fuer`, `Strasse`.
pub(super) fn unaccented(word: &str) -> String {
    let mut plain = String::new();
    for letter in word.chars() {
        let bare = match letter {
            'à' | 'á' | 'â' | 'ã' | 'å' => "a",
            'ä' | 'æ' => "ae",
            'ç' => "c",
            'è' | 'é' | 'ê' | 'ë' => "e",
            'ì' | 'í' | 'î' | 'ï' => "i",
            'ñ' => "n",
            'ò' | 'ó' | 'ô' | 'õ' => "o",
            'ö' | 'œ' => "oe",
            'ù' | 'ú' | 'û' => "u",
            'ü' => "ue",
            'ß' => "ss",
            _ => {
                plain.push(letter);
                continue;
            }
        };
        plain.push_str(bare);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tongue(text: &str) -> Tongue {
        let text = text.to_lowercase();
        Tongue::of(&text.split_whitespace().collect::<Vec<_>>())
    }

    #[test]
    fn languages_are_told_apart() {
        let texts = [
            "wir haben ihre bestellung gestern verschickt",
            "nous avons bien reçu votre commande",
            "hemos recibido su pedido y lo enviaremos mañana",
            "abbiamo ricevuto il suo ordine e lo spediremo domani",
            "recebemos a sua encomenda e vamos enviar amanhã",
            "wij hebben uw bestelling vandaag verzonden",
        ];
        for (language, text) in texts.iter().enumerate() {
            assert_eq!(tongue(text), Tongue::Other(language), "{text}");
        }
        assert_eq!(tongue("the team was in the office"), Tongue::English);
        assert_eq!(tongue("team meeting in amsterdam"), Tongue::English);
        assert_eq!(tongue("dziękujemy za zamówienie"), Tongue::Unknown);
        assert_eq!(tongue(""), Tongue::English);
    }

    #[test]
    fn words_say_something_in_english() {
        let german = Tongue::Other(GERMAN);
        assert_eq!(german.in_english("nicht"), Some("not"));
        assert_eq!(german.in_english("fuer"), Some("for"));
        assert_eq!(german.in_english("lampe"), None);
        assert_eq!(Tongue::English.in_english("nicht"), None);
    }

    #[test]
    fn a_word_of_the_table_says_one_thing() {
        for row in TABLE.lines().filter(|line| !line.starts_with('#')) {
            assert_eq!(row.split('|').count(), OTHERS + 1, "{row}");
        }
        for language in 1..=OTHERS {
            let cells = TABLE.lines().filter_map(|row| row.split('|').nth(language));
            let mut words: Vec<&str> = cells.flat_map(str::split_whitespace).collect();
            let count = words.len();
            words.sort_unstable();
            words.dedup();
            assert_eq!(words.len(), count);
        }
    }
}
