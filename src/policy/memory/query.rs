//! A customer's text as a full-text query. It must never let a character of the text act as
//! query syntax, and must not know the index's columns.

use crate::order;
use std::collections::BTreeSet;

/// How the full-text table splits text: `CREATE VIRTUAL TABLE … USING fts5(…, tokenize = …)`.
/// Measured on two public sets of support messages: stemming adds two to four points of hit@3.
pub const FTS_TOKENIZER: &str = "porter unicode61";

/// Terms in one query. SQLite walks the postings of each: 32 hold a message of two long
/// sentences, and bound the walk for a message of ten pages.
pub const TERMS_MAX: usize = 32;

/// Characters in one term; longer ones (encoded blobs, links run together) are never said twice.
pub const TERM_CHARS_MAX: usize = 64;

/// Words looked at: ten pages of text.
pub(crate) const WORDS_READ_MAX: usize = 4_096;

/// Terms in a query of content words: they are rarer, and the longest say most.
pub const CONTENT_TERMS_MAX: usize = 12;

/// Texts that one query may score: SQLite scores some thousand a millisecond. Beside vectors that
/// leaves most of a query's 15 ms to the rest; where words are all there is, most of the 10 ms of CPU
/// time that a request may take on Cloudflare's free plan. Smaller memories need no counting.
pub const ROWS_SCORED_MAX: u32 = 3_000;

/// Words that nearly every message has; in byte order.
const COMMON_WORDS: &[&str] = &[
    "a", "about", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can",
    "could", "did", "do", "does", "for", "from", "get", "got", "had", "has", "have", "how", "i",
    "if", "in", "into", "is", "it", "its", "just", "me", "my", "no", "not", "of", "on", "or",
    "our", "out", "so", "some", "that", "the", "there", "these", "this", "those", "to", "up", "us",
    "was", "we", "were", "what", "when", "where", "which", "who", "why", "will", "with", "would",
    "you", "your",
];

/// The FTS5 query that finds texts sharing any word with `text`, best by `bm25()` first; `None`
/// where the text has no word to look for. For a memory without vectors: every word helps, the
/// common ones too (without them two sets lose up to six points of hit@3).
///
/// Every term is a quoted string of letters and digits, so nothing in the text is syntax. Words
/// are lower-cased and looked for once. Of more than [`TERMS_MAX`] words the longest stay: length
/// goes with rarity, and rare words are what BM25 weighs most.
#[must_use]
pub fn match_expression(text: &str) -> Option<String> {
    expression(text, TERMS_MAX, &|_| true)
}

/// The same without common words, at most [`CONTENT_TERMS_MAX`]: for use beside vectors, where it
/// finds as well and costs a tenth, since SQLite scores every text that has any of the words.
/// `None` also where the text has common words only: vectors then speak alone.
#[must_use]
pub fn content_expression(text: &str) -> Option<String> {
    expression(text, CONTENT_TERMS_MAX, &is_content)
}

/// The content words of a text, each once, the longest first: what to count before
/// [`affordable_expression`].
#[must_use]
pub fn content_terms(text: &str) -> Vec<String> {
    terms(text, CONTENT_TERMS_MAX, &is_content)
}

/// One term as a query of its own, for counting the texts that have it: some 50 µs for each
/// thousand, a tenth of scoring them.
#[must_use]
pub fn term_expression(term: &str) -> String {
    quoted(&[lower_case(term)])
}

/// The query for a memory of more than [`ROWS_SCORED_MAX`] corrections: of terms with the number
/// of texts that have them, the rarest first, as many as stay below that many texts together.
/// `None` where even the rarest is too common to tell texts apart.
#[must_use]
pub fn affordable_expression(counted: &[(String, u32)]) -> Option<String> {
    let mut rarest: Vec<&(String, u32)> = counted.iter().collect();
    order::by_key(&mut rarest, |one| (one.1, &one.0));
    let mut rows = 0_u32;
    let affordable = rarest.into_iter().take(TERMS_MAX).take_while(|(_, count)| {
        rows = rows.saturating_add(*count);
        rows <= ROWS_SCORED_MAX
    });
    let terms: Vec<String> = affordable.map(|(term, _)| lower_case(term)).collect();
    (!terms.is_empty()).then(|| quoted(&terms))
}

/// How to ask the full-text index for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asking {
    /// Not at all: the message has no word to look for.
    Nothing,
    /// With this expression.
    Match(String),
    /// After counting the texts that have each of these terms, up to one more than
    /// [`ROWS_SCORED_MAX`]: with [`affordable_expression`].
    Count(Vec<String>),
}

/// How to ask an index of `rows` texts: for every word where words are all there is, for content
/// words beside vectors; where the index is large, for as many of the content words as a bound on
/// what it costs leaves.
#[must_use]
pub fn asking(text: &str, rows: u32, beside_vectors: bool) -> Asking {
    if rows > ROWS_SCORED_MAX {
        return Asking::Count(content_terms(text));
    }
    let expression = match beside_vectors {
        true => content_expression(text),
        false => match_expression(text),
    };
    expression.map_or(Asking::Nothing, Asking::Match)
}

fn expression(text: &str, terms_max: usize, wanted: &dyn Fn(&str) -> bool) -> Option<String> {
    let terms = terms(text, terms_max, wanted);
    (!terms.is_empty()).then(|| quoted(&terms))
}

fn terms(text: &str, terms_max: usize, wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut terms: Vec<String> = text
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(WORDS_READ_MAX)
        .map(lower_case)
        .filter(|word| word.chars().count() <= TERM_CHARS_MAX && wanted(word))
        .filter(|word| seen.insert(word.clone()))
        .collect();
    // Of equally long words the earlier one stays.
    order::by_key(&mut terms, |term| std::cmp::Reverse(term.chars().count()));
    terms.truncate(terms_max);
    terms
}

fn is_content(word: &str) -> bool {
    COMMON_WORDS.binary_search(&word).is_err()
}

fn quoted(terms: &[String]) -> String {
    let quoted: Vec<String> = terms.iter().map(|term| format!("\"{term}\"")).collect();
    quoted.join(" OR ")
}

/// Lower case, without the combining marks that it can bring (`İ` becomes `i` and a dot).
fn lower_case(word: &str) -> String {
    word.chars()
        .flat_map(char::to_lowercase)
        .filter(|letter| letter.is_alphanumeric())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(match_expression(text).as_deref(), expected, "{text:?}");
    }

    #[test]
    fn quotes_each_word_once_longest_first() {
        check(
            "Where is my refund? My REFUND!",
            Some(r#""refund" OR "where" OR "is" OR "my""#),
        );
    }

    #[test]
    fn leaves_no_syntax_behind() {
        check(
            r#"a" OR text:* NEAR(b) -c ^d"#,
            Some(r#""text" OR "near" OR "or" OR "a" OR "b" OR "c" OR "d""#),
        );
        check("İ", Some(r#""i""#));
        check("…!?\"' \0 -", None);
        check("", None);
    }

    #[test]
    fn content_leaves_common_words_out() {
        let refund = content_expression("Where is my refund of 12 EUR?");
        assert_eq!(refund.as_deref(), Some(r#""refund" OR "eur" OR "12""#));
        assert_eq!(content_expression("How is it?"), None);
        assert!(COMMON_WORDS.is_sorted());
    }

    #[test]
    fn keeps_the_rarest_terms_it_can_afford() {
        let counted = [
            ("card", 9_000),
            ("refund", 700),
            ("iban", 40),
            ("payment", 4_500),
        ];
        let counted = counted.map(|(term, count)| (term.to_owned(), count));
        let query = |counted: &[(String, u32)]| affordable_expression(counted);
        assert_eq!(query(&counted).as_deref(), Some(r#""iban" OR "refund""#));
        assert_eq!(query(&counted[..1]), None);
        assert_eq!(query(&[]), None);
        assert_eq!(term_expression("Refund"), r#""refund""#);
        assert_eq!(content_terms("Is the refund here?"), ["refund", "here"]);
    }

    #[test]
    fn a_large_index_is_counted_first() {
        let asked = asking("Where is my refund?", ROWS_SCORED_MAX, true);
        assert_eq!(asked, Asking::Match(r#""refund""#.into()));
        let asked = asking("Where is my refund?", ROWS_SCORED_MAX + 1, true);
        assert_eq!(asked, Asking::Count(vec!["refund".to_owned()]));
        assert_eq!(asking("How?", 1, true), Asking::Nothing);
        assert_eq!(asking("How?", 1, false), Asking::Match(r#""how""#.into()));
    }

    #[test]
    fn bounds_terms_and_their_length() {
        let many: Vec<String> = (0..100).map(|number| format!("word{number}")).collect();
        let expression = match_expression(&many.join(" ")).unwrap();
        assert_eq!(expression.split(" OR ").count(), TERMS_MAX);
        check(&"x".repeat(TERM_CHARS_MAX + 1), None);
    }
}
