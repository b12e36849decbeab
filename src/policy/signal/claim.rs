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
    let figures = figure::read(text.text);
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
            known.figures.extend(figure::in_words(&words));
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
    for (at, _) in text.text.match_indices(['h', 'H', 'w', 'W']) {
        let rest = text.text.get(at..).unwrap_or("");
        let opens = |front: &str| {
            rest.get(..4)
                .is_some_and(|start| start.eq_ignore_ascii_case(front))
        };
        if at < end || !(opens("http") || opens("www.")) {
            continue;
        }
        let link = link(rest);
        let Some((host, place)) = place(link) else {
            continue;
        };
        end = at.saturating_add(link.len());
        all.push(at..end);
        let many = all.len() > ASKED_MAX;
        if many || !grounds.is_own_host(&host) && !grounds.holds_text(&place) {
            strange.push(at..end);
        }
    }
    found.ranges(SignalCode::UnsupportedLink, FIGURE, text, strange);
    all
}

/// The link at the front of a text.
fn link(text: &str) -> &str {
    let ends = |character: char| {
        character.is_whitespace() || matches!(character, '<' | '>' | '"' | ')' | ']' | '}' | '|')
    };
    let link = text.split(ends).next().unwrap_or("");
    link.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '’', '*', '_', '/'])
}

/// Host and whole address of a link, in lower case, without scheme and `www.`.
fn place(link: &str) -> Option<(String, String)> {
    let link = link.to_lowercase();
    let rest = ["https://", "http://", "www."]
        .iter()
        .find_map(|scheme| link.strip_prefix(scheme))?;
    let rest = rest.strip_prefix("www.").unwrap_or(rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    // What stands before the sign is a name for the host behind it.
    let host = host.rsplit('@').next().unwrap_or(host);
    let host = host.split(':').next().unwrap_or(host);
    host.contains('.')
        .then(|| (host.to_owned(), rest.to_owned()))
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
        ] {
            let found = place(link(text));
            let expected = expected.map(|(host, place)| (host.to_owned(), place.to_owned()));
            assert_eq!(found, expected, "{text}");
        }
    }
}
