//! Email addresses, also as they are spelt to hide them: `jo [at] acme.com`, `jo at acme dot com`. It must
//! not say whose one is.

use std::ops::Range;

/// RFC 5321: 64 letters before the sign.
const LOCAL_MAX: usize = 64;
/// RFC 1035: 253 letters of a host.
const HOST_MAX: usize = 253;
/// What stands for the sign, in small letters; around it may be a space.
const SIGNS: [&str; 5] = ["@", "\u{ff20}", "[at]", "(at)", "{at}"];
/// The same in words, where the host's dots are words, too.
const SIGN_WORD: &str = " at ";
/// What stands for a dot.
const DOTS: [&str; 8] = [
    " [dot] ", " (dot) ", " {dot} ", " dot ", "[dot]", "(dot)", "{dot}", ".",
];

/// How hosts end, where only words show that there is one; those that are words themselves are left out.
const TOPS: [&str; 28] = [
    "com", "net", "org", "edu", "gov", "io", "co", "info", "biz", "app", "dev", "eu", "uk", "de",
    "fr", "es", "nl", "pl", "ch", "ca", "au", "br", "mx", "jp", "cn", "ru", "se", "dk",
];

/// Hosts that only mail is sent to.
const MAIL: [&str; 7] = [
    "gmail.",
    "googlemail.",
    "outlook.",
    "hotmail.",
    "icloud.",
    "gmx.",
    "proton",
];

/// Every address of a text.
pub(super) fn read(text: &str) -> impl Iterator<Item = Range<usize>> {
    // Letters keep their bytes, so that places are the same.
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    for sign in SIGNS {
        for (at, _) in lower.match_indices(sign) {
            let end = at.saturating_add(sign.len());
            found.extend(address(&lower, at..end, false));
        }
    }
    if lower.contains("dot") {
        for (at, _) in lower.match_indices(SIGN_WORD) {
            let end = at.saturating_add(SIGN_WORD.len());
            found.extend(address(&lower, at..end, true));
        }
    }
    found.into_iter()
}

/// An address as it would be written to.
pub(super) fn plain(spelt: &str) -> String {
    let mut plain = spelt.to_lowercase();
    for sign in SIGNS.iter().chain([&SIGN_WORD]) {
        plain = plain.replace(sign, "@");
    }
    for dot in DOTS {
        plain = plain.replace(dot, ".");
    }
    plain.retain(|character| !character.is_whitespace());
    plain
}

/// The address around a sign; `in_words` where only a dot in words shows that it is one.
fn address(text: &str, sign: Range<usize>, in_words: bool) -> Option<Range<usize>> {
    let (before, after) = (text.get(..sign.start)?, text.get(sign.end..)?);
    let spaced = before.strip_suffix(' ').zip(after.strip_prefix(' '));
    let at = matches!(text.get(sign.clone())?, "@" | "\u{ff20}");
    let place = spaced.is_some() && at;
    let (before, after) = spaced.unwrap_or((before, after));
    let start = before.len().checked_sub(name(before)?)?;
    let end = text.len().checked_sub(after.len())?;
    let (host, spelt) = host(after)?;
    let top = after
        .get(..host)?
        .rsplit(|letter: char| !letter.is_alphanumeric())
        .next()?;
    let known = TOPS.contains(&top);
    // `2 items @ amazon.com` is a place: only a name in two parts, or a house of mail, is somebody's.
    let name = text.get(start..sign.start)?.trim_end();
    let mut parts = name.split(['.', '_']);
    let opens = |part: &str| part.starts_with(char::is_alphabetic);
    let full = name.contains(['.', '_']) && parts.all(opens);
    let somebody = full || MAIL.iter().any(|house| after.starts_with(house));
    let sure = (!in_words || spelt && known) && (!place || known && somebody);
    sure.then_some(start..end.checked_add(host)?)
}

/// The bytes of the name that ends a text.
fn name(before: &str) -> Option<usize> {
    let local = |character: &char| {
        character.is_alphanumeric() || matches!(character, '.' | '_' | '%' | '+' | '-')
    };
    let bytes: usize = before
        .chars()
        .rev()
        .take(LOCAL_MAX)
        .take_while(local)
        .map(char::len_utf8)
        .fold(0, usize::saturating_add);
    let name = before.get(before.len().checked_sub(bytes)?..)?;
    let name = name.trim_start_matches(['.', '-', '%', '+']);
    (!name.is_empty()).then_some(name.len())
}

/// The bytes of the host that opens a text, and whether one of its dots is a word.
fn host(after: &str) -> Option<(usize, bool)> {
    let label = |text: &str| {
        let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '-');
        end.unwrap_or(text.len())
    };
    let mut end = label(after);
    let mut found = None;
    let mut spelt = false;
    while end <= HOST_MAX
        && let Some(rest) = after.get(end..)
        && let Some(dot) = DOTS.iter().find(|dot| rest.starts_with(**dot))
    {
        let from = end.saturating_add(dot.len());
        let rest = after.get(from..).unwrap_or("");
        let part = rest.get(..label(rest)).unwrap_or("").trim_end_matches('-');
        if part.is_empty() {
            break;
        }
        spelt |= *dot != ".";
        let top = part.chars().count() > 1 && part.chars().all(char::is_alphabetic);
        let before = end;
        end = from.saturating_add(part.len());
        if before > 0 {
            found = top.then_some((end, spelt));
        }
    }
    found
}
