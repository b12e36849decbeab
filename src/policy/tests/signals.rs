//! Orders to the agent, topics and personal data, in texts written before anybody looked at the rules that
//! find them. A rule may be made for what is missed here, but for its kind and not for its words. What is
//! learned of orders is learned from `orders.txt` and `talk.txt`, too, and not from what is called unseen; the
//! large public sets are measured by `countersign-bench signals`.

use countersign_policy::document::Policy;
use countersign_policy::draft::Draft;
use countersign_policy::level::Level;
use countersign_policy::route::Situation;
use countersign_policy::signal::personal::{self, Kind};
use countersign_policy::signal::{self, injection};
use serde_json::json;
use std::collections::BTreeSet;
use std::ops::Range;

/// Texts that override, read out or redirect; `#` opens the name of their kind.
const ORDERS: &str = include_str!("signals/orders.txt");
/// What customers write who mean nothing of it, in the words that attacks use.
const TALK: &str = include_str!("signals/talk.txt");
/// `<P:…>` marks a telephone number, `C` a card, `E` an email, `I` an IP address, `S` an SSN; the
/// rest of each line is none. Some cards have a wrong check digit, and are missed for it.
const PERSONAL: &str = include_str!("signals/personal.txt");

/// What customers write, each behind the topic that it touches, if any.
const TOPICS: &str = include_str!("signals/topics.txt");

#[expect(clippy::cast_precision_loss, reason = "hundreds of lines")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

fn lines(file: &str) -> impl Iterator<Item = &str> {
    file.lines()
        .filter(|line| !line.is_empty() && !line.starts_with("# "))
}

#[test]
fn orders_are_found_and_talk_of_them_is_not() {
    let flagged = |file| {
        lines(file)
            .filter(|text| injection::read(text).is_some())
            .count()
    };
    let recall = share(flagged(ORDERS), lines(ORDERS).count());
    let alarms = share(flagged(TALK), lines(TALK).count());
    assert!(recall >= 0.78, "recall {recall}");
    assert!(alarms <= 0.01, "false alarms {alarms}");
}

#[derive(serde::Deserialize)]
struct Labelled {
    text: String,
    injection: bool,
}

#[test]
fn orders_that_nothing_was_learned_from_are_found() {
    let file = include_str!("../../../bench/signals/injection-unseen.jsonl");
    let rows = file.lines().map(|line| serde_json::from_str(line).unwrap());
    let (orders, others): (Vec<Labelled>, Vec<Labelled>) =
        rows.partition(|row: &Labelled| row.injection);
    let flagged = |rows: &[Labelled]| {
        let flagged = rows
            .iter()
            .filter(|row| injection::read(&row.text).is_some());
        share(flagged.count(), rows.len())
    };
    let (recall, alarms) = (flagged(&orders), flagged(&others));
    assert!(recall >= 0.8, "recall {recall}");
    assert!(alarms <= 0.08, "false alarms {alarms}");
}

/// A line without its marks, and what they marked.
fn unmarked(line: &str) -> (String, Vec<(Kind, Range<usize>)>) {
    const MARKS: [(&str, Kind); 5] = [
        ("<P:", Kind::Phone),
        ("<C:", Kind::Card),
        ("<E:", Kind::Email),
        ("<I:", Kind::IpAddress),
        ("<S:", Kind::UsSsn),
    ];
    let mut text = String::new();
    let mut spans = Vec::new();
    let mut rest = line;
    while let Some((before, _)) = rest.split_once('<') {
        text.push_str(before);
        let from = text.len();
        let marked = rest.strip_prefix(before).and_then(|rest| {
            MARKS.iter().find_map(|(mark, kind)| {
                let (value, after) = rest.strip_prefix(mark)?.split_once('>')?;
                Some((*kind, value, after))
            })
        });
        let Some((kind, value, after)) = marked else {
            text.push('<');
            rest = rest.split_once('<').map_or("", |(_, after)| after);
            continue;
        };
        text.push_str(value);
        spans.push((kind, from..text.len()));
        rest = after;
    }
    (text + rest, spans)
}

#[test]
fn personal_data_is_told_from_what_looks_like_it() {
    let (mut right, mut wrong, mut missed) = (0, 0, 0);
    for line in lines(PERSONAL) {
        let (text, spans) = unmarked(line);
        let mut found = personal::read(&text);
        found.retain(|item| !matches!(item.kind, Kind::Iban | Kind::NationalId));
        for (kind, span) in spans {
            let overlap = |at: &Range<usize>| {
                at.end
                    .min(span.end)
                    .saturating_sub(at.start.max(span.start))
            };
            let same = found
                .iter()
                .position(|item| item.kind == kind && 2 * overlap(&item.at) >= span.len());
            match same {
                Some(index) => {
                    found.remove(index);
                    right += 1;
                }
                None => missed += 1,
            }
        }
        wrong += found.len();
    }
    let f1 = share(2 * right, 2 * right + wrong + missed);
    assert!(f1 >= 0.95 && wrong == 0, "f1 {f1}, {wrong} wrong");
}

/// What a message that stands alone and its reply are flagged for.
fn codes(message: &str, reply: &str) -> Vec<String> {
    let body = json!({
        "agent": "desk", "kind": "message", "channel": "email", "category": "billing",
        "message": message, "draft": { "text": reply },
        "conversation": { "id": "c", "head": "m",
            "messages": [{ "id": "m", "role": "customer", "text": message }] }
    });
    let Ok(draft) = Draft::parse(body.to_string().as_bytes()) else {
        return Vec::new();
    };
    let policy = Policy::starting("mia@example.com");
    let situation = Situation::fixed(Level::ReviewEverything);
    let found = signal::find(&policy, &policy.rules(None), &draft, &situation);
    let codes = found.iter().map(|signal| json!(signal.code));
    codes
        .filter_map(|code| code.as_str().map(str::to_owned))
        .collect()
}

#[test]
fn topics_are_found_and_everyday_words_are_none() {
    let rows: Vec<(&str, &str)> = lines(TOPICS)
        .filter_map(|line| line.split_once('\t'))
        .collect();
    let touched: BTreeSet<&str> = rows.iter().map(|(code, _)| *code).collect();
    let (mut right, mut marked, mut alarms, mut plain) = (0, 0, 0, 0);
    for (code, message) in rows {
        let found = codes(message, "Thanks.");
        if code.is_empty() {
            plain += 1;
            alarms += usize::from(found.iter().any(|other| touched.contains(other.as_str())));
        } else {
            marked += 1;
            right += usize::from(found.iter().any(|other| other == code));
        }
    }
    let (recall, alarms) = (share(right, marked), share(alarms, plain));
    assert!(recall >= 0.95, "recall {recall}");
    assert!(alarms <= 0.12, "false alarms {alarms}");
}

#[test]
fn replies_claim_only_what_they_say() {
    for (reply, expected) in [
        ("We have not yet charged your card.", None),
        ("We won't charge you.", Some("unsupported_promise")),
        ("It will not happen again.", Some("unsupported_promise")),
        ("In half an hour somebody calls you back.", None),
        ("After step 2 try again.", None),
        ("The shop needs PHP 8.", None),
        ("You get 20.00 TRY back.", Some("unsupported_figure")),
        ("It shows pictures in 4K.", None),
        (
            "You get two hundred and fifty dollars.",
            Some("unsupported_figure"),
        ),
    ] {
        let mut found = codes("Hello", reply);
        found.retain(|code| code.starts_with("unsupported"));
        let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(found, expected, "{reply}");
    }
    let known = codes(
        "I paid $250 twice.",
        "You get two hundred and fifty dollars.",
    );
    assert!(
        !known.contains(&"unsupported_figure".to_owned()),
        "{known:?}"
    );
}
