//! Does the draft say what nothing supports? Figures, days, links, discounts and promises that
//! neither the conversation nor the sources hold. It must not judge whether a claim is true.

mod date;
mod figure;

use super::grounds::Grounds;
use super::lexicon::Lexicon;
use super::personal::{Item, joins};
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

/// Reads the draft's text, in which the `personal` data is known.
pub(crate) fn find(grounds: &Grounds<'_>, text: &Field<'_>, personal: &[Item], found: &mut Found) {
    if text.text.is_empty() {
        return;
    }
    // Digits of a link, a telephone number or a card are no figure.
    let mut taken = links(grounds, text, found);
    taken.extend(personal.iter().map(|item| item.at.clone()));
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
        for (text, words) in grounds.words() {
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
    let known = (grounds.words()).flat_map(|(_, words)| PROMISES.find(&words));
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
    for (at, link) in addresses(text.text) {
        all.push(at.clone());
        let many = all.len() > ASKED_MAX;
        if many || !grounds.is_own_host(&link.host) && !grounds.holds_text(&link.place) {
            strange.push(at);
        }
    }
    found.ranges(SignalCode::UnsupportedLink, FIGURE, text, strange);
    all
}

/// Every web address of a text. Linear in its length.
fn addresses(text: &str) -> Vec<(Range<usize>, Link)> {
    let mut found = Vec::new();
    let mut from: usize = 0;
    for word in text.split_inclusive(ends_links) {
        let whole = word.trim_end_matches(ends_links);
        // Brackets and commas stand within links and between them: `acme.com,bit.ly/a1`.
        let mut starts: Vec<usize> = Vec::new();
        let mut at: usize = 0;
        for piece in whole.split_inclusive(['(', '[', '{', ',']) {
            // Every one has a dot in its host.
            let link = Some(piece).filter(|piece| piece.contains('.'));
            let link = link.and_then(|piece| Link::read(trimmed(piece)));
            starts.extend(link.map(|link| at.saturating_add(link.start)));
            at = at.saturating_add(piece.len());
        }
        let ends = starts.iter().skip(1).copied().chain([whole.len()]);
        for (start, end) in starts.iter().copied().zip(ends) {
            let address = trimmed(whole.get(start..end).unwrap_or(""));
            let start = from.saturating_add(start);
            let at = start..start.saturating_add(address.len());
            found.extend(Link::read(address).map(|link| (at, link)));
        }
        from = from.saturating_add(word.len());
    }
    found
}

fn ends_links(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '<' | '>' | '"' | ')' | ']' | '}' | '|' | '`' | '„' | '“' | '”' | '«' | '»' | '‹' | '›'
        )
        || matches!(character, '\u{3001}'..='\u{3011}' | '\u{ff01}'..='\u{ff1b}' | '\u{ff1f}')
}

/// Without what stands behind a link.
fn trimmed(link: &str) -> &str {
    link.trim_end_matches([
        '.', ',', ';', ':', '!', '?', '\'', '’', '*', '_', '/', '(', '[', '{',
    ])
}

/// What ends a host; browsers read a backslash as a slash.
const ENDS_HOST: [char; 4] = ['/', '\\', '?', '#'];

/// The first web address of a word.
#[derive(Debug, PartialEq, Eq)]
struct Link {
    /// Where it begins: `here:bit.ly/a1`.
    start: usize,
    /// In lower case, as is the place.
    host: String,
    /// All of it but scheme and `www.`.
    place: String,
}

impl Link {
    /// Whichever begins first, so that one in another's path, `evil.com/?to=https://acme.com`, is a part of
    /// that.
    fn read(word: &str) -> Option<Self> {
        // Letters keep their bytes, so that places are the same.
        let lower = word.to_ascii_lowercase();
        let named = named(&lower);
        let (start, rest, named) = match (bare(&lower), named) {
            (Some(bare), Some((start, _))) if bare < start => (bare, bare, false),
            (_, Some((start, rest))) => (start, rest, true),
            (bare, None) => (bare?, bare?, false),
        };
        let rest = word.get(rest..)?;
        let host = rest.split(ENDS_HOST).next().unwrap_or(rest);
        // What stands before the sign is a name for the host behind it.
        let host = match host.rsplit_once('@') {
            Some((_, host)) if named => host,
            _ => host,
        };
        let host = if named { host } else { first_label(host) };
        let host = host.split(':').next().unwrap_or(host).to_lowercase();
        host.contains('.').then(|| Self {
            start,
            host,
            place: rest.to_lowercase(),
        })
    }
}

/// Where a scheme or `www.` opens a link, and where its host does.
fn named(lower: &str) -> Option<(usize, usize)> {
    let mut schemes = lower.match_indices("//").filter_map(|(at, slashes)| {
        let before = lower.get(..at)?;
        let letters = |text: &str| {
            let letters = text.bytes().rev().take_while(u8::is_ascii_alphabetic);
            letters.count()
        };
        let scheme = before.strip_suffix(':').map_or(0, letters);
        let start = at.saturating_sub(scheme.saturating_add(1));
        let start = if before.is_empty() { at } else { start };
        let host = at.saturating_add(slashes.len());
        (before.is_empty() || scheme > 1).then_some((start, host))
    });
    let mut labels = lower.match_indices(WWW).filter_map(|(at, label)| {
        let before = lower.get(..at)?.chars().next_back();
        let inside = before.is_some_and(|before| before.is_ascii_alphanumeric());
        (!inside).then_some((at, at.saturating_add(label.len())))
    });
    let (start, host) = match (schemes.next(), labels.next()) {
        (Some(scheme), Some(label)) => scheme.min(label),
        (scheme, label) => scheme.or(label)?,
    };
    let www = lower.get(host..)?.starts_with(WWW);
    let host = host.saturating_add(if www { WWW.len() } else { 0 });
    Some((start, host))
}

const WWW: &str = "www.";

/// Where a host opens without either: where a path follows, or where it ends as those do that programs make
/// links of. An email's is none.
fn bare(lower: &str) -> Option<usize> {
    const TOPS: [&str; 36] = [
        "com", "net", "org", "io", "co", "app", "dev", "info", "biz", "shop", "online", "site",
        "xyz", "link", "store", "top", "click", "support", "help", "eu", "uk", "de", "fr", "es",
        "ca", "au", "nl", "pl", "ch", "ru", "cn", "jp", "br", "tk", "ly", "gg",
    ];
    let hosts = lower.split(ENDS_HOST).next()?;
    if hosts.contains('@') {
        return None;
    }
    let mut at: usize = 0;
    for part in hosts.split_inclusive(|letter| !in_host(letter)) {
        let host = first_label(part);
        let after = lower.get(at.saturating_add(host.len())..)?;
        let digit = |letter: char| letter.is_ascii_digit();
        let port = after
            .strip_prefix(':')
            .filter(|port| port.starts_with(digit));
        let after = port.map_or(after, |port| port.trim_start_matches(digit));
        let path = after.len() > 1 && after.starts_with(ENDS_HOST);
        let letters = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphabetic());
        if let Some((name, top)) = host.rsplit_once('.')
            && host.is_ascii()
            && name.len() > 1
            && top.len() > 1
            && letters(top)
            && (path || TOPS.contains(&top))
        {
            return Some(at);
        }
        at = at.saturating_add(part.len());
    }
    None
}

/// Letters of a host; those of alphabets that part no words stand beside one.
fn in_host(letter: char) -> bool {
    joins(letter) || matches!(letter, '-' | '.')
}

fn first_label(text: &str) -> &str {
    text.split(|letter| !in_host(letter)).next().unwrap_or(text)
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
            let found = addresses(text).into_iter().next();
            let found = found.map(|(_, link)| (link.host, link.place));
            let expected = expected.map(|(host, place)| (host.to_owned(), place.to_owned()));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_link_within_another_is_a_part_of_it() {
        for text in [
            "www.evil.com/?next=https://acme.com",
            "evil.com/r?to=https://acme.com",
            "evil.com/a:www.acme.com",
            "evil.com#//acme.com",
            "evil.com:80/www.acme.com",
            "https://evil.com\\@acme.com",
            "https://acme.com:pw@evil.com/www.acme.com",
        ] {
            let hosts: Vec<String> = addresses(text)
                .into_iter()
                .map(|(_, link)| link.host)
                .collect();
            assert_eq!(hosts, ["evil.com"], "{text}");
        }
    }

    #[test]
    fn marks_and_letters_beside_a_link_are_no_part_of_it() {
        for (text, expected) in [
            ("„www.evil.com“", vec!["www.evil.com"]),
            ("**www.evil.com**", vec!["www.evil.com"]),
            ("«www.evil.com»", vec!["www.evil.com"]),
            ("'www.evil.com'", vec!["www.evil.com"]),
            ("_evil.com/a_,", vec!["evil.com/a"]),
            ("`evil.com`", vec!["evil.com"]),
            ("请访问www.evil.com。谢谢", vec!["www.evil.com"]),
            ("请看evil.com/a，谢谢", vec!["evil.com/a"]),
            ("Klick...https://evil.cc/a", vec!["https://evil.cc/a"]),
            ("ja/www.evil.com", vec!["www.evil.com"]),
            ("acme.com,evil.com/x", vec!["acme.com", "evil.com/x"]),
            (
                "https://acme.com/a,b,www.evil.com",
                vec!["https://acme.com/a,b", "www.evil.com"],
            ),
            ("acme.com/a_(b,c)", vec!["acme.com/a_(b,c"]),
            (
                "[acme.com](https://evil.com)",
                vec!["acme.com", "https://evil.com"],
            ),
            ("jo.d+x@acme.com, o'neil@acme.com/x, @acme.com", vec![]),
            (
                "Ewww.that, and/or.maybe/not, 10.30/11.30, don't.But/so",
                vec![],
            ),
        ] {
            let found = addresses(text).into_iter();
            let found: Vec<&str> = found.filter_map(|(at, _)| text.get(at)).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
