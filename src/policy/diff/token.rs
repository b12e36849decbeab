//! Cuts a text into the words that a diff compares. It must not know what a word means, and must
//! never cut inside what a reader sees as one character.

/// One word or one other visible character of a text; blank space lies between tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    /// The token itself.
    pub(crate) text: &'a str,
    /// Where it begins, in bytes.
    pub(crate) start: usize,
}

impl Token<'_> {
    /// Where it ends, in bytes.
    pub(crate) fn end(&self) -> usize {
        self.start.saturating_add(self.text.len())
    }

    /// Whether it is made of letters or digits, and not a mark such as a comma.
    pub(crate) fn is_word(&self) -> bool {
        self.text.chars().next().is_some_and(is_word_character)
    }
}

/// The tokens of `text`, in order: runs of letters and digits (with what joins them, as in
/// `don't`, `1,250.00` and `10:30`), every ideograph by itself, every other visible character by
/// itself with the marks that belong to it.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    // English has a token about every five bytes.
    let mut found = Vec::with_capacity(text.len() / 5);
    let mut rest = text.char_indices().peekable();
    while let Some((start, first)) = rest.next() {
        if first.is_whitespace() {
            continue;
        }
        let mut end = start.saturating_add(first.len_utf8());
        let mut last = first;
        let word = is_word_character(first);
        while let Some(&(at, next)) = rest.peek() {
            let after = || {
                text.get(at.saturating_add(next.len_utf8())..)?
                    .chars()
                    .next()
            };
            if !belongs(word, last, next, after) {
                break;
            }
            rest.next();
            end = at.saturating_add(next.len_utf8());
            last = pair_of(last, next);
        }
        if let Some(token) = text.get(start..end) {
            found.push(Token { text: token, start });
        }
    }
    found
}

/// Whether `next` goes on with the token that so far ends in `last`; `after` tells what follows.
fn belongs(word: bool, last: char, next: char, after: impl Fn() -> Option<char>) -> bool {
    if next.is_ascii() && last.is_ascii() {
        if next.is_ascii_alphanumeric() || next == '_' {
            return word;
        }
        return word && joins(last, next) && after().is_some_and(|c| closes(last, c));
    }
    if extends(next) || last == ZERO_WIDTH_JOINER || (is_flag(last) && is_flag(next)) {
        return !next.is_whitespace();
    }
    if !word || stands_alone(next) || stands_alone(last) {
        return false;
    }
    is_word_character(next) || (joins(last, next) && after().is_some_and(|c| closes(last, c)))
}

const ZERO_WIDTH_JOINER: char = '\u{200D}';

/// What the next character is to be measured against: a flag is exactly two indicators.
fn pair_of(last: char, next: char) -> char {
    if is_flag(last) && is_flag(next) {
        '\u{FE0F}'
    } else {
        next
    }
}

fn is_flag(c: char) -> bool {
    ('\u{1F1E6}'..='\u{1F1FF}').contains(&c)
}

/// Letters, digits and the low line, in any script.
pub(crate) fn is_word_character(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || c == '_'
    } else {
        c.is_alphanumeric()
    }
}

/// An apostrophe joins letters, a separator joins digits, a dot joins capitals (`U.S`).
fn joins(last: char, mark: char) -> bool {
    match mark {
        '\'' | '\u{2019}' => last.is_alphabetic(),
        '.' | ',' | ':' | '/' => last.is_ascii_digit(),
        _ => false,
    }
}

/// Whether `next` closes what a joining mark opened.
fn closes(last: char, next: char) -> bool {
    if last.is_ascii_digit() {
        next.is_ascii_digit()
    } else {
        next.is_alphabetic()
    }
}

/// Scripts that write without spaces, where each character is a word to a diff.
fn stands_alone(c: char) -> bool {
    matches!(c, '\u{2E80}'..='\u{2FDF}' | '\u{3005}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// Characters that are drawn onto the one before: accents, vowel points, variation selectors, the
/// zero-width joiner, skin tones, tags.
pub(crate) fn extends(c: char) -> bool {
    !c.is_ascii()
        && matches!(c, '\u{300}'..='\u{36F}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5C7}'
            | '\u{610}'..='\u{61A}' | '\u{64B}'..='\u{65F}' | '\u{670}' | '\u{6D6}'..='\u{6ED}'
            | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{200D}'
            | '\u{20D0}'..='\u{20FF}' | '\u{3099}'..='\u{309A}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{FE20}'..='\u{FE2F}' | '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0020}'..='\u{E007F}'
            | '\u{E0100}'..='\u{E01EF}')
}

/// Scripts in which a character's shape depends on its neighbours, so that a word is never shown
/// cut: Indic, South-East Asian, Tibetan, conjoining Hangul.
pub(crate) fn is_bound(c: char) -> bool {
    matches!(c, '\u{900}'..='\u{109F}' | '\u{1100}'..='\u{11FF}' | '\u{1780}'..='\u{17FF}'
        | '\u{1F000}'..='\u{1FAFF}' | '\u{A8E0}'..='\u{A8FF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = tokens(text).iter().map(|token| token.text).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn words_numbers_and_marks() {
        check("", &[]);
        check(" \n ", &[]);
        check(
            "Don't pay $1,250.00, ok?",
            &["Don't", "pay", "$", "1,250.00", ",", "ok", "?"],
        );
        check(
            "at 10:30 on 3/4/2026.",
            &["at", "10:30", "on", "3/4/2026", "."],
        );
        check(
            "self-driving snake_case",
            &["self", "-", "driving", "snake_case"],
        );
        check("he said 'no'", &["he", "said", "'", "no", "'"]);
    }

    #[test]
    fn other_scripts() {
        check("naïve cafe\u{301} été", &["naïve", "cafe\u{301}", "été"]);
        check("退款了", &["退", "款", "了"]);
        check("Привет мир", &["Привет", "мир"]);
        check("👩‍👩‍👧 🇩🇪🇫🇷 👍🏽", &["👩‍👩‍👧", "🇩🇪", "🇫🇷", "👍🏽"]);
    }
}
