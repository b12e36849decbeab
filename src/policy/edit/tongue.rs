//! Which language is a text in, of those whose most frequent words are known here, and what do these words
//! say in English? An edit is read by English words (`lexicon`), so that `nicht` is read as `not`, `zwei` as
//! `two`, and `du` as well as `Sie` as `you`. It must not translate what is shown.

use super::lexicon::FUNCTION;
use crate::order;
use std::borrow::Cow;
use std::sync::LazyLock;

/// A line per English word, with the words that say it; behind `=` those that say no more, whichever of them
/// stands there.
const TABLE: &str = include_str!("tongues.txt");

/// The languages of the table, in its order.
const OTHERS: usize = 6;

/// The places of German, French, Spanish, Italian and Portuguese among them.
const GERMAN: usize = 0;
const FRENCH: usize = 1;
const SPANISH: usize = 2;
const ITALIAN: usize = 3;
const PORTUGUESE: usize = 4;

/// What a word says in English.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gloss {
    pub(super) english: &'static str,
    /// Whether that is all it says, so that words with this gloss may stand for each other.
    pub(super) is_all: bool,
}

/// The words of a language in alphabetical order.
type Glossary = Vec<(Cow<'static, str>, Gloss)>;

static GLOSSARIES: LazyLock<[Glossary; OTHERS]> = LazyLock::new(|| std::array::from_fn(glossary));

fn glossary(language: usize) -> Glossary {
    let mut glossary = Glossary::new();
    for row in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let mut cells = row.split('|');
        let head = cells.next().unwrap_or_default();
        let gloss = Gloss {
            english: head.trim_start_matches('='),
            is_all: head.starts_with('='),
        };
        let words = cells.nth(language).unwrap_or_default();
        glossary.extend(words.split_whitespace().map(|word| (word.into(), gloss)));
    }
    // Forgotten accents, where no other word is written so.
    let accented = glossary.iter().filter(|(word, _)| !word.is_ascii());
    let bare: Glossary = accented
        .map(|(word, gloss)| (unaccented(word).into(), *gloss))
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
    pub(super) fn of(words: &[impl AsRef<str>]) -> Self {
        let words = || words.iter().map(AsRef::as_ref);
        let count = words().count();
        let english = words().filter(|word| FUNCTION.has(word)).count();
        if english.saturating_mul(3) >= count {
            return Self::English;
        }
        // What is written as in English is no sign of another language.
        let shows = |language: usize, word: &str| {
            let gloss = gloss(language, word).filter(|gloss| gloss.english != word);
            gloss.filter(|_| !FUNCTION.has(word))
        };
        let known = |language| {
            let shown = words().filter(|word| shows(language, word).is_some());
            let known = words().filter(|word| gloss(language, word).is_some());
            (shown.count(), known.count(), language)
        };
        let has_grammar = |language: &usize| {
            let mut shown = words().filter_map(|word| shows(*language, word));
            shown.any(|gloss| FUNCTION.has(gloss.english))
        };
        let most = (0..OTHERS)
            .map(known)
            .max_by_key(|(shown, known, _)| (*shown, *known));
        match most.filter(|(_, _, language)| has_grammar(language)) {
            Some((shown, _, language))
                if shown > english.saturating_mul(2).max(1) && shown.saturating_mul(5) >= count =>
            {
                Self::Other(language)
            }
            _ if english.saturating_mul(6) >= count => Self::English,
            _ => Self::Unknown,
        }
    }

    /// What a word says in English, in lower case and as it is written; `None` of English words, and of those that
    /// aren't known.
    pub(super) fn in_english(self, word: &str, written: &str) -> Option<Gloss> {
        /// Without a capital letter they are words for others.
        const COURTEOUS: [&str; 8] = [
            "ihnen", "ihr", "ihre", "ihrem", "ihren", "ihrer", "ihres", "sie",
        ];
        let Self::Other(language) = self else {
            return None;
        };
        let is_other = language == GERMAN && written == word && COURTEOUS.contains(&word);
        gloss(language, word).filter(|_| !is_other)
    }

    /// Whether it is a language of the table.
    pub(super) fn is_other(self) -> bool {
        matches!(self, Self::Other(_))
    }

    /// Whether a word, with what is elided before it, is one of the table.
    pub(super) fn has(self, word: &str) -> bool {
        matches!(self, Self::Other(language) if gloss(language, word).is_some())
    }

    /// Whether short words are elided before others: `d'agence`.
    pub(super) fn elides(self) -> bool {
        matches!(self, Self::Other(FRENCH | ITALIAN))
    }

    /// Whether a verb tells by itself who does it: the table then says it in other words of those who write.
    pub(super) fn drops_pronouns(self) -> bool {
        matches!(self, Self::Other(SPANISH | ITALIAN | PORTUGUESE))
    }

    /// Whether nouns begin with a capital letter, so that one makes no name.
    pub(super) fn has_capital_nouns(self) -> bool {
        self == Self::Other(GERMAN)
    }
}

fn gloss(language: usize, word: &str) -> Option<Gloss> {
    let glossary = GLOSSARIES.get(language)?;
    let at = glossary
        .binary_search_by(|(other, _)| other.as_ref().cmp(word))
        .ok()?;
    glossary.get(at).map(|(_, gloss)| *gloss)
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
        let says = |tongue: Tongue, written: &str| {
            let gloss = tongue.in_english(&written.to_lowercase(), written);
            gloss.map(|gloss| gloss.english)
        };
        let german = Tongue::Other(GERMAN);
        assert_eq!(says(german, "nicht"), Some("not"));
        assert_eq!(says(german, "fuer"), Some("for"));
        assert_eq!(says(german, "Ihnen"), Some("you"));
        assert_eq!(says(german, "ihnen"), None);
        assert_eq!(says(german, "Lampe"), None);
        assert_eq!(says(Tongue::English, "nicht"), None);
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
