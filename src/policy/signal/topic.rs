//! Does it touch a sensitive topic? Phrases of the lexicon files, and those that the tenant adds; of a message also
//! what was learned.
//! It must not read tone or intent.

use super::learned;
use super::lexicon::{ENOUGH, Hit, Lexicon, weigh};
use super::{Field, Found, SignalCode, SignalRules};
use crate::ratio::Ratio;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A topic, its file, and whether it is looked for in the draft as well as in the message.
const TOPICS: [(SignalCode, &str, bool); 9] = [
    (
        SignalCode::LegalThreat,
        include_str!("../lexicons/legal_threat.txt"),
        true,
    ),
    (
        SignalCode::Complaint,
        include_str!("../lexicons/complaint.txt"),
        false,
    ),
    (
        SignalCode::Churn,
        include_str!("../lexicons/churn.txt"),
        false,
    ),
    (
        SignalCode::SelfHarm,
        include_str!("../lexicons/self_harm.txt"),
        true,
    ),
    (
        SignalCode::Discrimination,
        include_str!("../lexicons/discrimination.txt"),
        true,
    ),
    (
        SignalCode::SecurityIncident,
        include_str!("../lexicons/security_incident.txt"),
        true,
    ),
    (
        SignalCode::Press,
        include_str!("../lexicons/press.txt"),
        true,
    ),
    (
        SignalCode::Minor,
        include_str!("../lexicons/minor.txt"),
        true,
    ),
    (
        SignalCode::Medical,
        include_str!("../lexicons/medical.txt"),
        true,
    ),
];

/// All topics at once: a text is walked through once.
static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let mut lexicon = Lexicon::default();
    for (tag, (_, file, _)) in (0..).zip(TOPICS) {
        lexicon.add(tag, file);
    }
    lexicon
});

/// Whether a tenant may add phrases or tags for the code.
pub(crate) fn takes_phrases(code: SignalCode) -> bool {
    matches!(code, SignalCode::KeyAccount | SignalCode::ListedWords)
        || TOPICS.iter().any(|(topic, ..)| *topic == code)
}

pub(crate) fn find(
    settings: &SignalRules,
    message: &Field<'_>,
    text: &Field<'_>,
    found: &mut Found,
) {
    for (field, is_draft) in [(message, false), (text, true)] {
        let mut by_topic: BTreeMap<u16, Vec<Hit>> = BTreeMap::new();
        for hit in LEXICON.find(&field.words) {
            by_topic.entry(hit.tag).or_default().push(hit);
        }
        for (tag, hits) in by_topic {
            let topic = TOPICS.get(usize::from(tag));
            if let Some((code, ..)) = topic.filter(|(.., drafts)| *drafts || !is_draft) {
                report(*code, &hits, field, found);
            }
        }
        for (code, phrases) in &settings.lexicons {
            if *code != SignalCode::KeyAccount {
                let hits = phrases.lexicon().find(&field.words);
                report(*code, &hits, field, found);
            }
        }
    }
    let learned = learned::TOPICS.weigh(&message.words);
    for (code, ..) in TOPICS {
        if !found.has(code)
            && let Some((score, sentence)) = learned.about(code)
        {
            let range = message.words.span(sentence).into_iter();
            found.ranges(code, score, message, range.collect());
        }
    }
}

fn report(code: SignalCode, hits: &[Hit], field: &Field<'_>, found: &mut Found) {
    let score: Ratio = weigh(hits.iter());
    if score >= ENOUGH {
        let ranges = hits
            .iter()
            .filter_map(|hit| field.words.span(hit.words.clone()));
        found.ranges(code, score, field, ranges.collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_phrase() {
        for (code, file, _) in TOPICS {
            assert_eq!(
                Lexicon::default().add(0, file),
                Vec::<&str>::new(),
                "{code:?}"
            );
        }
    }

    fn check(text: &str, expected: &[SignalCode]) {
        let (field, empty) = (
            Field::read("/message", text),
            Field::read("/draft/text", ""),
        );
        let mut found = Found::default();
        find(&SignalRules::default(), &field, &empty, &mut found);
        let mut codes: Vec<SignalCode> = found.list.iter().map(|signal| signal.code).collect();
        codes.sort();
        assert_eq!(codes, expected, "{text}");
    }

    #[test]
    fn topics_are_named() {
        use SignalCode::*;
        check("My lawyer will be in touch.", &[LegalThreat]);
        check(
            "This is unacceptable, I want to cancel.",
            &[Complaint, Churn],
        );
        check("I want to kill myself", &[SelfHarm]);
        check("Your driver was racist", &[Complaint, Discrimination]);
        check("Somebody hacked my account", &[SecurityIncident]);
        check("I am a journalist writing a story", &[Press]);
        check("It is for my 8 year old daughter", &[Minor]);
        check("I was diagnosed with cancer", &[Medical]);
        check(
            "Mein Anwalt meldet sich, ich kündige!",
            &[LegalThreat, Churn],
        );
        check("Je veux porter plainte", &[LegalThreat, Complaint]);
        check("Quiero cancelar mi cuenta", &[Churn]);
        // In words that no list has.
        check(
            "Most nights I think everybody would be better off without me.",
            &[SelfHarm],
        );
    }

    #[test]
    fn everyday_words_are_no_topic() {
        for text in [
            "I will pursue this order in due course.",
            "How do I kill the process and end the task?",
            "I'm dying to try the new feature!",
            "Can I change the color of the child theme?",
            "What time do you open on Monday?",
            "My issue is solved, thank you",
            "Please send me the invoice for March.",
        ] {
            check(text, &[]);
        }
    }
}
