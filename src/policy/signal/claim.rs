//! Does the draft say what nothing supports? Figures, days, links, discounts and promises that
//! neither the conversation nor the sources hold. It must not judge whether a claim is true.

mod date;
mod figure;

use super::grounds::Grounds;
use super::lexicon::Lexicon;
use super::words::Words;
use super::{Field, Found, SignalCode, holds, merge};
use crate::order;
use crate::ratio::Ratio;
use date::{Calendar, Date};
use figure::Figure;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;

const PROMISE: &str = include_str!("../lexicons/promise.txt");
const DISCOUNT: &str = include_str!("../lexicons/discount.txt");
/// Words between a figure and the word that makes it a discount: `20% on us, a discount`.
const DISCOUNT_WORDS: usize = 4;
/// Links that are looked up in the grounds; a text with more is strange by itself.
const ASKED_MAX: usize = 100;
/// A figure nothing supports; a promise is sure to be one only by its words.
const FIGURE: Ratio = Ratio::from_ppm(900_000);
const WEEKDAY: Ratio = Ratio::from_ppm(600_000);

static PROMISES: LazyLock<Lexicon> = LazyLock::new(|| lexicon(PROMISE));
static DISCOUNTS: LazyLock<Lexicon> = LazyLock::new(|| lexicon(DISCOUNT));

fn lexicon(file: &str) -> Lexicon {
    let mut lexicon = Lexicon::default();
    lexicon.add(0, file);
    lexicon
}

pub(crate) fn find(grounds: &Grounds<'_>, text: &Field<'_>, found: &mut Found) {
    if text.text.is_empty() {
        return;
    }
    // Digits of a link, a telephone number or a card are no figure.
    let mut taken = links(grounds, text, found);
    taken.extend(
        super::personal::read(text.text)
            .into_iter()
            .map(|item| item.at),
    );
    let dates = date::read(&text.words);
    let mut figures = figure::read(text.text);
    figures.extend(figure::spelled(text.text, &text.words));
    order::by_key(&mut figures, |figure| figure.at.start);
    let mut figures: Vec<Figure> = outside(figures, &dates, &text.words);
    let taken = merge(taken);
    figures.retain(|figure| !holds(&taken, figure.at.start));
    if !dates.is_empty() || !figures.is_empty() {
        let known = Known::read(grounds);
        days(&known, &dates, text, found);
        amounts(&known, figures, text, found);
    }
    promises(grounds, text, found);
}

/// What the grounds hold.
struct Known {
    calendar: Calendar,
    figures: BTreeSet<String>,
}

impl Known {
    fn read(grounds: &Grounds<'_>) -> Self {
        let mut known = Self {
            calendar: Calendar::default(),
            figures: BTreeSet::new(),
        };
        for text in grounds.texts() {
            let words = Words::read(text);
            let dates = date::read(&words);
            let figures = outside(figure::read(text), &dates, &words);
            known
                .figures
                .extend(figures.into_iter().map(|figure| figure.value));
            let spelled = figure::in_words(&words).into_iter();
            known
                .figures
                .extend(spelled.map(|(value, _)| value.to_string()));
            for (date, _) in dates {
                known.calendar.add(&date);
            }
        }
        known
    }

    /// A minor unit supports its major one: 12000 cents are 120 euros.
    fn holds(&self, figure: &Figure) -> bool {
        self.figures.contains(&figure.value)
            || figure.money && self.figures.contains(&figure::minor(&figure.value))
    }
}

/// Figures that are no part of a date.
fn outside(figures: Vec<Figure>, dates: &[(Date, Range<usize>)], words: &Words) -> Vec<Figure> {
    let spans: Vec<_> = dates
        .iter()
        .filter_map(|(_, at)| words.span(at.clone()))
        .collect();
    let mut spans = spans.into_iter().peekable();
    let free = |figure: &Figure| {
        while spans.next_if(|span| span.end <= figure.at.start).is_some() {}
        spans.peek().is_none_or(|span| figure.at.end <= span.start)
    };
    figures.into_iter().filter(free).collect()
}

fn days(known: &Known, dates: &[(Date, Range<usize>)], text: &Field<'_>, found: &mut Found) {
    let strange: Vec<_> = dates
        .iter()
        .filter(|(date, _)| !known.calendar.supports(date))
        .collect();
    let sure = strange.iter().any(|(date, _)| !date.is_weekday());
    let spans = strange
        .iter()
        .filter_map(|(_, at)| text.words.span(at.clone()));
    let score = if sure { FIGURE } else { WEEKDAY };
    found.ranges(SignalCode::UnsupportedDate, score, text, spans.collect());
}

fn amounts(known: &Known, figures: Vec<Figure>, text: &Field<'_>, found: &mut Found) {
    let near = DISCOUNTS.find(&text.words).into_iter().filter_map(|hit| {
        let start = hit.words.start.saturating_sub(DISCOUNT_WORDS);
        let end = hit.words.end.saturating_add(DISCOUNT_WORDS);
        text.words.span(start..end.min(text.words.len()))
    });
    let near = merge(near.collect());
    let (granted, others): (Vec<Figure>, Vec<Figure>) = figures
        .into_iter()
        .filter(|figure| figure.tells() && !known.holds(figure))
        .partition(|figure| (figure.percent || figure.money) && holds(&near, figure.at.start));
    for (code, figures) in [
        (SignalCode::UnsupportedDiscount, granted),
        (SignalCode::UnsupportedFigure, others),
    ] {
        let ranges = figures.into_iter().map(|figure| figure.at).collect();
        found.ranges(code, FIGURE, text, ranges);
    }
}

fn promises(grounds: &Grounds<'_>, text: &Field<'_>, found: &mut Found) {
    let hits = PROMISES.find(&text.words);
    if hits.is_empty() {
        return;
    }
    let known = (grounds.texts()).flat_map(|text| PROMISES.find(&Words::read(text)));
    let known: BTreeSet<u32> = order::gathered(known.map(|hit| hit.family));
    let mut open: BTreeMap<Ratio, Vec<Range<usize>>> = BTreeMap::new();
    for hit in hits.into_iter().filter(|hit| !known.contains(&hit.family)) {
        open.entry(hit.weight)
            .or_default()
            .extend(text.words.span(hit.words));
    }
    for (weight, ranges) in open {
        found.ranges(SignalCode::UnsupportedPromise, weight, text, ranges);
    }
}

/// Reports web addresses, with or without scheme, that nothing supports; returns where all stand.
fn links(grounds: &Grounds<'_>, text: &Field<'_>, found: &mut Found) -> Vec<Range<usize>> {
    let mut strange = Vec::new();
    let mut all = Vec::new();
    let mut end = 0;
    // Every one has a dot in its host.
    for (dot, _) in text.text.match_indices('.') {
        if dot < end {
            continue;
        }
        let before = text.text.get(..dot).unwrap_or("");
        let word = before.rsplit(parts_links).next().unwrap_or("");
        let at = dot.saturating_sub(word.len());
        let rest = text.text.get(at..).unwrap_or("");
        let word = rest.split(ends_links).next().unwrap_or("");
        // What is looked at once is not looked at again at its next dot.
        end = at.saturating_add(word.len());
        let link = link(word);
        let Some((host, place)) = place(link) else {
            continue;
        };
        let link = at..at.saturating_add(link.len());
        all.push(link.clone());
        let many = all.len() > ASKED_MAX;
        if many || !grounds.is_own_host(&host) && !grounds.holds_text(&place) {
            strange.push(link);
        }
    }
    found.ranges(SignalCode::UnsupportedLink, FIGURE, text, strange);
    all
}

fn parts_links(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '<' | '>' | '"' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | ','
        )
}

fn ends_links(character: char) -> bool {
    parts_links(character) && !matches!(character, '(' | '[' | '{' | ',')
}

/// The link at the front of a text.
fn link(text: &str) -> &str {
    let link = text.split(ends_links).next().unwrap_or("");
    link.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '’', '*', '_', '/'])
}

/// Host and whole address of a link, in lower case, without scheme and `www.`. Without a scheme it is one
/// where a path follows, or where the host ends as those do that programs make links of.
fn place(link: &str) -> Option<(String, String)> {
    const TOPS: [&str; 36] = [
        "com", "net", "org", "io", "co", "app", "dev", "info", "biz", "shop", "online", "site",
        "xyz", "link", "store", "top", "click", "support", "help", "eu", "uk", "de", "fr", "es",
        "ca", "au", "nl", "pl", "ch", "ru", "cn", "jp", "br", "tk", "ly", "gg",
    ];
    let link = link.to_lowercase();
    let (named, rest) = match link.split_once("//") {
        Some((scheme, rest)) if scheme.is_empty() || is_scheme(scheme) => (true, rest),
        _ => (false, link.as_str()),
    };
    let (named, rest) = match rest.split_once("www.") {
        Some((label, rest)) if label.is_empty() || label.ends_with(':') => (true, rest),
        _ => (named, rest),
    };
    // `here:bit.ly/a1`
    let rest = match rest.split_once(':') {
        Some((label, rest)) if !label.contains(['.', '/']) => rest,
        _ => rest,
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let path = rest.len() > host.len().saturating_add(1);
    // What stands before the sign is a name for the host behind it, and an email without a scheme.
    let host = match host.rsplit_once('@') {
        Some((_, host)) if named => host,
        Some(_) => return None,
        None => host,
    };
    let host = host.split(':').next().unwrap_or(host);
    let (name, top) = host.rsplit_once('.')?;
    let letters = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let sounds = name.len() > 1 && name.bytes().all(plain) && top.len() > 1 && letters(top);
    let bare = sounds && (path || TOPS.contains(&top));
    (named || bare).then(|| (host.to_owned(), rest.to_owned()))
}

/// `https:`, also behind what stands beside it: `here:https:`.
fn is_scheme(text: &str) -> bool {
    text.strip_suffix(':').is_some_and(|scheme| {
        let letters = scheme.bytes().rev().take_while(u8::is_ascii_alphabetic);
        letters.count() > 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_phrase() {
        for file in [PROMISE, DISCOUNT] {
            assert_eq!(Lexicon::default().add(0, file), Vec::<&str>::new());
        }
    }

    #[test]
    fn links_are_read_whole() {
        for (text, expected) in [
            (
                "https://Acme.com/a/b). Then",
                Some(("acme.com", "acme.com/a/b")),
            ),
            ("http://www.acme.com/.", Some(("acme.com", "acme.com"))),
            (
                "https://acme.com@evil.test/x",
                Some(("evil.test", "acme.com@evil.test/x")),
            ),
            ("https is safe", None),
            ("bit.ly/a1", Some(("bit.ly", "bit.ly/a1"))),
            (
                "acme-support.com and",
                Some(("acme-support.com", "acme-support.com")),
            ),
            ("//acme.com/a)", Some(("acme.com", "acme.com/a"))),
            ("FTP://acme.com/a", Some(("acme.com", "acme.com/a"))),
            ("here:bit.ly/a1", Some(("bit.ly", "bit.ly/a1"))),
            ("see:www.acme.com", Some(("acme.com", "acme.com"))),
            ("acme.com:8080/a", Some(("acme.com", "acme.com:8080/a"))),
            ("jo@acme.com", None),
            ("node.js", None),
            ("km/h.", None),
            ("e.g./i.e.", None),
            ("1.2/3.4", None),
        ] {
            let found = place(link(text));
            let expected = expected.map(|(host, place)| (host.to_owned(), place.to_owned()));
            assert_eq!(found, expected, "{text}");
        }
    }
}
