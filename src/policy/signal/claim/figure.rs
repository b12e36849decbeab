//! Figures of a text, spelled alike however they were written. It must not tell what they count,
//! beyond money and per cent.

use crate::order;
use crate::signal::words::Words;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

/// Digits of one figure: a card number has fewer.
const DIGITS_MAX: usize = 24;
const ALWAYS: &str = "24/7";
/// Plain numbers up to this are ways of speaking: two options, step 3.
const SMALL_MAX: u32 = 12;

/// Signs of currencies.
const SIGNS: [char; 17] = [
    '$', '€', '£', '¥', '₹', '₽', '₩', '₺', '₴', '₫', '₪', '₦', '฿', '₱', '円', '元', '원',
];

/// One figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Figure {
    /// Bytes of the text.
    pub at: Range<usize>,
    /// Digits without separators, a point before decimals: `1234.5`; of a time of day `14:05`.
    pub value: String,
    /// Beside a currency.
    pub money: bool,
    /// Beside a per cent sign.
    pub percent: bool,
    /// Beside a unit of time, size or count.
    unit: bool,
}

impl Figure {
    /// Whether it says something that could be wrong.
    pub fn tells(&self) -> bool {
        let small = self
            .value
            .parse()
            .is_ok_and(|value: u32| value <= SMALL_MAX);
        self.money || self.percent || self.unit || !small
    }
}

/// Every figure, by where it begins. Digits inside a word, such as `A320`, are a name.
pub(super) fn read(text: &str) -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut next = 0;
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        if at < next {
            before = character;
            continue;
        }
        if is_always(text, at) {
            next = at.saturating_add(ALWAYS.len());
            continue;
        }
        let opens = character.is_ascii_digit() && !before.is_alphanumeric();
        let priced = character.is_ascii_digit() && currency_before(text, at, "");
        if opens || priced {
            let figure = clock(text, at).or_else(|| figure(text, at));
            next = figure.as_ref().map_or(next, |figure| figure.at.end);
            figures.extend(figure);
        }
        before = character;
    }
    figures
}

/// The number that a word names in a language of the lexicons, spelled as words are folded.
fn number(word: &str) -> Option<u32> {
    Some(match word {
        "one" => 1,
        "two" | "zwei" | "deux" | "dos" => 2,
        "three" | "drei" | "trois" | "tres" => 3,
        "four" | "vier" | "quatre" | "cuatro" => 4,
        "five" | "funf" | "cinq" | "cinco" => 5,
        "six" | "sechs" | "seis" => 6,
        "seven" | "sieben" | "sept" | "siete" => 7,
        "eight" | "acht" | "huit" | "ocho" => 8,
        "nine" | "neun" | "neuf" | "nueve" => 9,
        "ten" | "zehn" | "dix" | "diez" => 10,
        "eleven" | "elf" | "onze" => 11,
        "twelve" | "zwolf" | "douze" | "doce" => 12,
        "thirteen" | "dreizehn" | "treize" | "trece" => 13,
        "fourteen" | "vierzehn" | "quatorze" | "catorce" => 14,
        "fifteen" | "funfzehn" | "quinze" | "quince" => 15,
        "sixteen" | "sechzehn" => 16,
        "seventeen" => 17,
        "eighteen" => 18,
        "nineteen" => 19,
        "twenty" | "zwanzig" | "vingt" | "vingts" | "veinte" => 20,
        "thirty" | "dreissig" | "trente" | "treinta" => 30,
        "forty" | "vierzig" | "quarante" | "cuarenta" => 40,
        "fifty" | "funfzig" | "cinquante" | "cincuenta" => 50,
        "sixty" | "sechzig" | "soixante" | "sesenta" => 60,
        "seventy" | "siebzig" | "setenta" => 70,
        "eighty" | "achtzig" | "ochenta" => 80,
        "ninety" | "neunzig" | "noventa" => 90,
        "hundred" | "hundert" | "cent" | "cien" | "ciento" => 100,
        "doscientos" | "doscientas" => 200,
        "trescientos" | "trescientas" => 300,
        "cuatrocientos" | "cuatrocientas" => 400,
        "quinientos" | "quinientas" => 500,
        "seiscientos" | "seiscientas" => 600,
        "setecientos" | "setecientas" => 700,
        "ochocientos" | "ochocientas" => 800,
        "novecientos" | "novecientas" => 900,
        "thousand" | "tausend" | "mille" | "mil" => 1000,
        _ => return None,
    })
}

/// Words before a number in words, or within it, that make it another one or none.
const SPOIL: &str = "several few couple many half point million millions billion mehrere einige paar \
    komma millionen quelques plusieurs virgule varios varias unos unas coma millon millones";

/// Numbers that are spelled out, each with its words: `two hundred and twenty-five`. Nothing is said of
/// words in a row that are no one number.
pub(super) fn in_words(words: &Words) -> Vec<(u32, Range<usize>)> {
    let mut found = Vec::new();
    let mut index = 0;
    while index < words.len() {
        let Some(first) = named(words, index) else {
            index = index.saturating_add(1);
            continue;
        };
        let start = index;
        let mut number = Some(first);
        index = index.saturating_add(1);
        while touches(words, index) {
            if let Some(next) = named(words, index) {
                number = number.and_then(|number| join(words, number, index, next));
                index = index.saturating_add(1);
                continue;
            }
            let after = index.saturating_add(1);
            let next = named(words, after).filter(|_| touches(words, after));
            let joined = number.zip(next).and_then(|(number, next)| {
                let apart = match words.get(index)? {
                    "and" | "und" => number >= 100,
                    "y" => number % 10 == 0 && next < 10,
                    "et" => next == 11,
                    _ => false,
                };
                join(words, number, after, next).filter(|_| apart)
            });
            if joined.is_none() {
                break;
            }
            number = joined;
            index = index.saturating_add(2);
        }
        let spoilt = start.checked_sub(1).and_then(|before| words.get(before));
        let spoilt = touches(words, start)
            && spoilt.is_some_and(|before| {
                SPOIL.split(' ').any(|word| word == before)
                    || before.starts_with(|first: char| first.is_ascii_digit())
            });
        if !spoilt {
            found.extend(number.map(|number| (number, start..index)));
        }
    }
    found
}

/// The number that a word names. French `cents` are hundreds before a unit or a number, else a unit.
fn named(words: &Words, index: usize) -> Option<u32> {
    let word = words.get(index)?;
    if word == "cents" {
        let next = words.get(index.checked_add(1)?)?;
        return UNITS.contains_key(next).then_some(100);
    }
    number(word)
}

/// Whether a word follows the one before it after one space or hyphen.
fn touches(words: &Words, index: usize) -> bool {
    let before = index.checked_sub(1).and_then(|index| words.word(index));
    let gap = before.zip(words.word(index));
    gap.is_some_and(|(before, word)| before.at.end.saturating_add(1) == word.at.start)
}

/// A number and the word that goes on with it, if they are one number.
fn join(words: &Words, number: u32, index: usize, next: u32) -> Option<u32> {
    let before = words.get(index.checked_sub(1)?)?;
    let (rest, ones) = (number.checked_rem(100)?, number.checked_rem(10)?);
    let hundreds = number.checked_rem(1000)?;
    let twenties =
        matches!(before, "soixante" | "vingt" | "vingts") || before == "et" && rest == 60;
    match next {
        1000 if number < 1000 => number.checked_mul(1000),
        100 if (1..20).contains(&hundreds) => hundreds.checked_mul(99)?.checked_add(number),
        100..1000 if hundreds == 0 => number.checked_add(next),
        // `quatre-vingts`
        20 if before == "quatre" && rest == 4 => number.checked_add(76),
        10..100 if rest == 0 || next < 20 && twenties => number.checked_add(next),
        7..10 if before == "dix" => number.checked_add(next),
        1..10 if ones == 0 && rest != 10 => number.checked_add(next),
        _ => None,
    }
}

/// Figures that are spelled out before a unit. `One` is a way of speaking: one moment.
pub(super) fn spelled(text: &str, words: &Words) -> Vec<Figure> {
    let numbers = in_words(words).into_iter().filter(|(value, _)| *value > 1);
    let figures = numbers.filter_map(|(value, at)| {
        let at = words.span(at)?;
        let unit = unit(text.get(at.end..)?, "")?;
        Some(Figure {
            at,
            value: value.to_string(),
            money: unit == Unit::Money,
            percent: unit == Unit::Percent,
            unit: true,
        })
    });
    figures.collect()
}

/// Open at all hours is no figure.
fn is_always(text: &str, at: usize) -> bool {
    text.get(at..).is_some_and(|rest| rest.starts_with(ALWAYS))
}

/// The same amount in minor units.
pub(super) fn minor(value: &str) -> String {
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    let decimals: String = decimals.chars().chain(['0', '0']).take(2).collect();
    let minor = format!("{whole}{decimals}");
    match minor.trim_start_matches('0') {
        "" => "0".to_owned(),
        rest => rest.to_owned(),
    }
}

/// A time of day such as `14:05`, `2:05 pm` or `14:05:00`.
fn clock(text: &str, start: usize) -> Option<Figure> {
    let rest = text.get(start..)?;
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let hour_digits = digits(rest);
    let (hour, after) = rest.split_at_checked(hour_digits)?;
    let (minute, after) = after.strip_prefix(':')?.split_at_checked(2)?;
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    let seconds = after.strip_prefix(':').map_or(0, digits);
    let seconds = if seconds == 2 { 3 } else { 0 };
    let after = after.get(seconds..)?;
    if hour > 24 || minute > 59 || digits(after) > 0 {
        return None;
    }
    let half = next_word(after.trim_start_matches([' ', '.']));
    let hour = match (half.as_str(), hour) {
        ("pm" | "p", 1..=11) => hour.saturating_add(12),
        ("am" | "a", 12) => 0,
        _ => hour,
    };
    Some(Figure {
        at: start..text.len().checked_sub(after.len())?,
        value: format!("{hour}:{minute:02}"),
        money: false,
        percent: false,
        unit: true,
    })
}

fn figure(text: &str, start: usize) -> Option<Figure> {
    let rest = text.get(start..)?;
    let mut end = 0;
    let mut digits = 0_usize;
    let mut bytes = rest.char_indices().peekable();
    while let Some((at, character)) = bytes.next() {
        let next = bytes.peek().map(|(_, next)| *next);
        let grouped = matches!(character, '.' | ',' | '\'' | '’' | '\u{a0}' | '\u{202f}')
            && next.is_some_and(|next| next.is_ascii_digit());
        if character.is_ascii_digit() && digits < DIGITS_MAX {
            digits = digits.saturating_add(1);
            end = at.saturating_add(1);
        } else if !grouped {
            break;
        }
    }
    let at = start..start.checked_add(end)?;
    let written = rest.get(..end)?;
    let priced = currency_before(text, start, written);
    let after = text.get(at.end..)?;
    // Beside money only: a `4K` screen and a `5k` run are names.
    let thousands = after.strip_prefix(['k', 'K']).filter(|after| {
        let money = priced || unit(after, written) == Some(Unit::Money);
        money && !after.starts_with(char::is_alphanumeric)
    });
    let after = thousands.unwrap_or(after);
    let unit = unit(after, written);
    if thousands.is_none()
        && unit.is_none()
        && after.starts_with(char::is_alphabetic)
        && !is_ordinal(after)
    {
        return None;
    }
    let value = value(written);
    Some(Figure {
        value: match thousands {
            Some(_) => thousandfold(&value),
            None => value,
        },
        money: priced || unit == Some(Unit::Money),
        percent: unit == Some(Unit::Percent),
        unit: unit.is_some(),
        at,
    })
}

/// Without separators of thousands, with a point before decimals, without idle noughts.
fn value(written: &str) -> String {
    let is_mark = |character: char| !character.is_ascii_digit();
    let marks: Vec<char> = written
        .chars()
        .filter(|character| is_mark(*character))
        .collect();
    let tail = written.rsplit(is_mark).next().map_or(0, str::len);
    let alike = marks
        .iter()
        .filter(|mark| Some(*mark) == marks.last())
        .count();
    let decimal = !marks.is_empty() && alike == 1 && (tail != 3 || marks.len() > 1);
    let digits: String = written.chars().filter(char::is_ascii_digit).collect();
    let split = if decimal {
        digits.len().saturating_sub(tail)
    } else {
        digits.len()
    };
    let (whole, decimals) = digits.split_at_checked(split).unwrap_or((&digits, ""));
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        rest => rest,
    };
    match decimals.trim_end_matches('0') {
        "" => whole.to_owned(),
        decimals => format!("{whole}.{decimals}"),
    }
}

/// A thousand times a value, which is spelled as values are.
fn thousandfold(value: &str) -> String {
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    let decimals = format!("{decimals:0<3}");
    let (thousands, decimals) = decimals.split_at_checked(3).unwrap_or((&decimals, ""));
    let point = if decimals.is_empty() { "" } else { "." };
    let all = format!("{whole}{thousands}{point}{decimals}");
    all.trim_start_matches('0').to_owned()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Money,
    /// Money whose code is a word, too.
    Code,
    Percent,
    Other,
}

/// The unit that follows a figure, which is written so, at once or after a space or hyphen.
fn unit(after: &str, written: &str) -> Option<Unit> {
    let rest = after.strip_prefix([' ', '-', '\u{a0}']).unwrap_or(after);
    let first = rest.chars().next()?;
    match first {
        '%' | '٪' => return Some(Unit::Percent),
        sign if SIGNS.contains(&sign) => return Some(Unit::Money),
        _ => {}
    }
    let word = next_word(rest);
    match UNITS.get(word.as_str())? {
        Unit::Code => {
            let capitals = rest.starts_with(&word.to_ascii_uppercase());
            (capitals && is_price(written)).then_some(Unit::Money)
        }
        unit => Some(*unit),
    }
}

/// `20.00`: what stands beside a code that is a word, too, is money.
fn is_price(written: &str) -> bool {
    let mut ends = written.bytes().rev().skip(2);
    ends.next().is_some_and(|byte| matches!(byte, b'.' | b','))
}

fn next_word(text: &str) -> String {
    text.chars()
        .take_while(|character| character.is_alphabetic())
        .take(12)
        .flat_map(char::to_lowercase)
        .collect()
}

const UNIT_LINES: &str = include_str!("../../lexicons/units.txt");

static UNITS: LazyLock<BTreeMap<&str, Unit>> = LazyLock::new(|| {
    let lines = UNIT_LINES.lines().filter_map(|line| line.split_once(" = "));
    let words = lines.flat_map(|(name, words)| {
        let unit = match name {
            "money" => Unit::Money,
            "code" => Unit::Code,
            "percent" => Unit::Percent,
            _ => Unit::Other,
        };
        words.split_whitespace().map(move |word| (word, unit))
    });
    order::gathered(words)
});

fn is_ordinal(after: &str) -> bool {
    ["st", "nd", "rd", "th"].iter().any(|end| {
        after
            .strip_prefix(end)
            .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    })
}

/// A currency right before a figure: a sign, or three capitals with or without a space.
fn currency_before(text: &str, at: usize, written: &str) -> bool {
    let before = text
        .get(..at)
        .unwrap_or("")
        .trim_end_matches([' ', '\u{a0}']);
    if before.ends_with(SIGNS) {
        return true;
    }
    let letters = |letter: char| letter.is_ascii_alphabetic();
    let code = before
        .rsplit(|letter| !letters(letter))
        .next()
        .unwrap_or("");
    let capitals = code.len() == 3 && code.bytes().all(|letter| letter.is_ascii_uppercase());
    let unit = UNITS.get(code.to_ascii_lowercase().as_str());
    capitals && (unit == Some(&Unit::Money) || unit == Some(&Unit::Code) && is_price(written))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_spelled_alike() {
        for (text, expected) in [
            ("$1,234.50", "1234.5"),
            ("1.234,50 €", "1234.5"),
            ("1'234", "1234"),
            ("EUR20", "20"),
            ("007", "7"),
            ("3.5", "3.5"),
            ("5th", "5"),
            ("30-day", "30"),
            ("2:05 pm", "14:05"),
            ("at 14:05:00", "14:05"),
            ("50k USD", "50000"),
            ("5000円", "5000"),
            ("SEK 200", "200"),
            ("$1.5k", "1500"),
            ("1,500k EUR", "1500000"),
            ("$0.5k", "500"),
            ("€2,5k", "2500"),
        ] {
            let values: Vec<String> = read(text).into_iter().map(|figure| figure.value).collect();
            assert_eq!(values, [expected], "{text}");
        }
        assert_eq!(read("A320, v2, 24/7, 4WQ150, a 4K TV, 5k runs"), []);
        assert_eq!(minor("120.5"), "12050");
    }

    #[test]
    fn numbers_in_words_are_figures_before_a_unit() {
        for (text, expected) in [
            ("fourteen days, twenty-five euros", &["14", "25"][..]),
            ("two hundred dollars", &["200"]),
            ("vierzehn Tage", &["14"]),
            ("two hundred and fifty dollars", &["250"]),
            ("one hundred twenty-five dollars", &["125"]),
            ("five thousand two hundred euros", &["5200"]),
            ("treinta y cinco euros", &["35"]),
            ("doscientos cincuenta euros", &["250"]),
            ("dix-sept jours", &["17"]),
            ("soixante-dix-huit euros", &["78"]),
            ("soixante et onze jours", &["71"]),
            ("quatre-vingt euros", &["80"]),
            ("quatre-vingt-dix-neuf euros", &["99"]),
            ("deux cents euros", &["200"]),
            ("trois cent vingt euros", &["320"]),
            ("twenty-five cents", &["25"]),
            (
                "between five and ten days, or two, three weeks",
                &["10", "3"],
            ),
            ("in half an hour, a half-hour, half day", &[]),
            ("several hundred dollars, 2 hundred dollars", &[]),
            ("two million five hundred dollars", &[]),
            ("two point five percent", &[]),
            ("one two three days", &[]),
            ("one moment, two of us", &[]),
        ] {
            let figures = spelled(text, &Words::read(text)).into_iter();
            let values: Vec<String> = figures.map(|figure| figure.value).collect();
            assert_eq!(values, expected, "{text}");
        }
    }

    #[test]
    fn small_plain_numbers_say_nothing() {
        for (text, expected) in [
            ("two or 3 options", false),
            ("3 days", true),
            ("$5", true),
            ("5%", true),
            ("order 4711", true),
            ("After step 2 try again", false),
            ("AFTER STEP 2 TRY AGAIN", false),
            ("PHP 8.1 and 2 AED trainers", true),
            ("PHP 8", false),
            ("où sont 2 ils ne savent", false),
            ("TRY 9.50", true),
            ("9,50 NOK", true),
        ] {
            assert_eq!(read(text).iter().any(Figure::tells), expected, "{text}");
        }
    }
}
