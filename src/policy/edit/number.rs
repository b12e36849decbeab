//! What are the numbers of a text worth? It must not compare texts.

use super::lexicon::{NUMBER_WORD, in_digits};
use super::word::{Class, Word};
use crate::diff::token::Token;

/// What a number is worth, so that `1,000` and `1000`, `5` and `five`, `50.00` and `50` are one. What
/// can be read in two ways, as `3.10` or `00451`, is itself.
pub(super) fn worth(fold: &str) -> String {
    if let Some(value) = in_digits(fold) {
        return value.to_owned();
    }
    if let Some(one) = fold.strip_suffix('s').filter(|one| NUMBER_WORD.has(one)) {
        return one.to_owned();
    }
    let ordinal = without_ordinal(fold).filter(|plain| micros(plain).is_some());
    let number = ordinal.unwrap_or(fold);
    let coded = number.len() > 2 && number.starts_with('0') && !number.starts_with("0.");
    let counted = number.contains('.') && number.ends_with('0') && !number.ends_with(".00");
    match micros(number).filter(|_| !coded && !counted) {
        Some(value) => plain(value),
        None => number.to_owned(),
    }
}

/// What makes an ordinal of digits.
pub(super) const ORDINAL: [&str; 5] = ["st", "nd", "rd", "th", "er"];

/// The digits of an ordinal.
pub(super) fn without_ordinal(fold: &str) -> Option<&str> {
    ORDINAL.iter().find_map(|ending| fold.strip_suffix(ending))
}

/// Millionths as a number in digits.
pub(super) fn plain(value: u64) -> String {
    match (value / MICRO, value % MICRO) {
        (whole, 0) => whole.to_string(),
        (whole, part) => format!("{whole}.{part:06}")
            .trim_end_matches('0')
            .to_owned(),
    }
}

/// One, in the unit that numbers are compared in.
pub(super) const MICRO: u64 = 1_000_000;

/// A number in digits, in millionths: `1,250.50`, `1.250,50` and `1250.5` are one. None with more than
/// 12 digits before the point or 6 behind it, or with other signs.
pub(super) fn micros(digits: &str) -> Option<u64> {
    if let Some((_, part)) = FRACTIONS.iter().find(|(sign, _)| *sign == digits) {
        return Some(*part);
    }
    let in_threes = |whole: &str, mark: char| {
        let mut groups = whole.split(mark);
        groups
            .next()
            .is_some_and(|first| first.len() < 4 && !first.starts_with('0'))
            && groups.all(|group| group.len() == 3)
    };
    let last = digits.rfind([',', '.']);
    let mark = last.and_then(|at| digits.get(at..)?.chars().next());
    let (whole, part) = match (last, mark) {
        (Some(at), Some(mark)) => {
            let (whole, part) = digits.split_at_checked(at)?;
            let other = if mark == ',' { '.' } else { ',' };
            // `1,250` is a thousand and `1.250.000` a million; `1.250` is the one or the other.
            let grouped = in_threes(digits, mark);
            if grouped && mark == '.' && !whole.contains(mark) {
                return None;
            }
            match grouped && !whole.contains(other) {
                true => (digits, ""),
                false
                    if whole.contains(mark)
                        || !in_threes(whole, other) && whole.contains(other) =>
                {
                    return None;
                }
                false => (whole, part.get(1..)?),
            }
        }
        _ => (digits, ""),
    };
    let whole: String = whole.chars().filter(|c| !matches!(c, ',' | '.')).collect();
    let part = part.trim_end_matches('0');
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fits =
        !whole.is_empty() && whole.len() <= 12 && part.len() <= 6 && plain(&whole) && plain(part);
    fits.then(|| format!("{whole}{part:0<6}").parse().ok())?
}

/// Numbers that are one sign, in millionths.
const FRACTIONS: [(&str, u64); 3] = [("¼", 250_000), ("½", 500_000), ("¾", 750_000)];

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
    use super::super::tongue::Tongue;
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
        for (a, b) in [
            ("1.5", "15"),
            ("3.10", "3.1"),
            ("00451", "451"),
            ("1:4", "14"),
        ] {
            assert_ne!(worth(a), worth(b), "{a} {b}");
        }
        assert_ne!(worth("192.168.1.10"), worth("192.168.1.1"));
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
            negatives(&tokens, &read(&tokens, Tongue::English)).join(" ")
        };
        assert_eq!(below("It is -5 or \u{2212}7 degrees."), "5 7");
        assert_eq!(below("In 3-5 days, A-17 - 20 EUR"), "");
        assert_eq!(below("-5 apples"), "");
    }

    #[test]
    fn digits_in_millionths() {
        for (digits, wanted) in [
            ("1,250.50", Some(1_250_500_000)),
            ("1.250,50", Some(1_250_500_000)),
            ("1250.5", Some(1_250_500_000)),
            ("1,250", Some(1_250_000_000)),
            ("1.250", None),
            ("1.250.000", Some(1_250_000_000_000)),
            ("2,5", Some(2_500_000)),
            ("07", Some(7_000_000)),
            ("½", Some(500_000)),
            ("1.2.3", None),
            ("10:30", None),
            ("1234567890123", None),
            ("", None),
        ] {
            assert_eq!(micros(digits), wanted, "{digits}");
        }
    }
}
