//! What are the numbers of a text worth? It must not compare texts.

use super::lexicon::{NUMBER_WORD, in_digits};
use super::word::{Class, Word, is_numeral};
use crate::diff::token::Token;

/// What a number is worth, so that `1,000` and `1000`, `5` and `five`, `$50.00` and `$50` are one.
pub(super) fn worth(fold: &str) -> String {
    if let Some(value) = in_digits(fold) {
        return value.to_owned();
    }
    if let Some(one) = fold.strip_suffix('s').filter(|one| NUMBER_WORD.has(one)) {
        return one.to_owned();
    }
    // `1,000` is `1000`, and `06:00` is `0600`.
    let digits: String = fold.chars().filter(|c| !matches!(c, ',' | ':')).collect();
    if !digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        let endings = ["st", "nd", "rd", "th"];
        let plain = endings.iter().find_map(|ending| fold.strip_suffix(ending));
        return plain.unwrap_or(fold).to_owned();
    }
    let digits = match digits.split_once('.') {
        Some((whole, part)) if part.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => digits.trim_end_matches('0'),
        None => &digits,
    };
    match digits.trim_start_matches('0') {
        "" => "0".to_owned(),
        digits => digits.to_owned(),
    }
}

/// What of a number is no letter, so that `5kg` and `5 kg` have the same; nothing of a sign.
pub(super) fn figures(fold: &str) -> String {
    let figures = fold
        .chars()
        .filter(|c| is_numeral(*c) || ".,:".contains(*c));
    figures.collect()
}

/// What the numbers below zero in a text are worth, their signs aside.
pub(super) fn negatives(tokens: &[Token<'_>], words: &[Word<'_>]) -> Vec<String> {
    let mut found = Vec::new();
    for ((at, token), word) in tokens.iter().enumerate().zip(words) {
        let before = |back: usize| tokens.get(at.checked_sub(back)?);
        let joined = |one: Option<&Token<'_>>, next: &Token<'_>| {
            one.is_some_and(|one| one.end() == next.start)
        };
        let Some(sign) = before(1).filter(|sign| joined(Some(sign), token)) else {
            continue;
        };
        let is_sign = match sign.text {
            "\u{2212}" => true,
            // Between two words it joins them, and where a text begins it may head an item.
            "-" => before(2).is_some() && !joined(before(2), sign),
            _ => false,
        };
        if is_sign && word.class == Class::Number {
            found.push(worth(&word.fold));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::word::read;
    use super::*;
    use crate::diff::token::tokens;

    #[test]
    fn numbers_of_equal_worth() {
        for (a, b) in [
            ("1,000", "1000"),
            ("five", "5"),
            ("50.00", "50"),
            ("3rd", "3"),
            ("07", "7"),
        ] {
            assert_eq!(worth(a), worth(b), "{a} {b}");
        }
        assert_ne!(worth("1.5"), worth("15"));
    }

    #[test]
    fn large_numbers_in_letters() {
        assert_eq!(worth("millions"), worth("million"));
        assert_ne!(worth("millions"), worth("billions"));
        assert_ne!(worth("AB12s"), worth("AB12"));
    }

    #[test]
    fn numbers_below_zero() {
        let below = |text: &str| {
            let tokens = tokens(text);
            negatives(&tokens, &read(&tokens)).join(" ")
        };
        assert_eq!(below("It is -5 or \u{2212}7 degrees."), "5 7");
        assert_eq!(below("In 3-5 days, A-17 - 20 EUR"), "");
        assert_eq!(below("-5 apples"), "");
    }

    #[test]
    fn figures_are_what_is_no_letter() {
        assert_eq!(figures("5kg"), "5");
        assert_eq!(figures("$"), "");
    }
}
