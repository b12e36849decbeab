//! Is it somebody else who does it now? `We can check this`, `you can check this`; `Our adviser will call you`,
//! `please call our adviser`. It must not weigh.

use super::evidence::{Evidence, Moved};
use super::lexicon::{TONE, base_of};
use super::tongue::Tongue;
use super::turn::swap;
use super::word::{Class, Word, fold, stem};

/// Whom a pronoun stands for.
pub(super) struct Person {
    pub(super) who: &'static str,
    /// Whether they do something, or have it done to them; `None` where the word doesn't tell.
    pub(super) does: Option<bool>,
}

pub(super) fn person(fold: &str) -> Option<Person> {
    let (who, does) = match fold.split('\'').next()? {
        "i" | "we" => ("we", Some(true)),
        "me" | "us" => ("we", Some(false)),
        "you" => ("you", None),
        "he" => ("he", Some(true)),
        "him" => ("he", Some(false)),
        "they" => ("they", Some(true)),
        "them" => ("they", Some(false)),
        _ => return None,
    };
    Some(Person { who, does })
}

pub(super) fn changed(e: &Evidence<'_, '_>) -> bool {
    let (before, after) = (&e.reading.before, &e.reading.after);
    is_another(e) || is_asked(e, after, &e.added, before) || is_asked(e, before, &e.removed, after)
}

/// Whether one person gave way to another, and little else was said anew.
fn is_another(e: &Evidence<'_, '_>) -> bool {
    /// More words of meaning than these: the whole was said anew.
    const ANEW_MIN: usize = 5;
    /// What a verb is read as where it alone tells that those who write do it, and that others do.
    const BY_VERB: [(&str, &[&str]); 6] = [
        ("am", &["is", "are"]),
        ("have", &["has"]),
        ("may", &["can"]),
        ("might", &["could"]),
        ("ought", &["should"]),
        ("shall", &["must"]),
    ];
    let by_verb = |a: &str, b: &str| {
        let mut pairs = BY_VERB.iter();
        pairs.any(|(ours, others)| *ours == a && others.contains(&b))
    };
    let differ = |a: &Word<'_>, b: &Word<'_>| match (person(&a.fold), person(&b.fold)) {
        // `They` may be one who isn't known.
        (Some(one), Some(other)) => {
            one.who != other.who
                && (matches!(one.who, "we" | "you") || matches!(other.who, "we" | "you"))
        }
        (None, None) if e.reading.tongue.drops_pronouns() => {
            by_verb(&a.fold, &b.fold) || by_verb(&b.fold, &a.fold)
        }
        _ => false,
    };
    e.lost.len().max(e.novel.len()) < ANEW_MIN
        && e.reading.aligned.hunks.iter().any(|hunk| {
            let (old, new) = e.reading.sides(hunk);
            swap(old, new).is_some_and(|(a, b)| differ(a, b))
        })
}

/// Whether a request that is in one text only asks for what the other says of somebody, in a place that
/// changed.
fn is_asked(
    e: &Evidence<'_, '_>,
    asking: &[Word<'_>],
    only: &[Moved<'_, '_>],
    telling: &[Word<'_>],
) -> bool {
    /// No more words than these stand between `please` and what to do: `merci de bien vouloir`.
    const BETWEEN_MAX: usize = 3;
    let tongue = e.reading.tongue;
    let is_before = std::ptr::eq(telling, e.reading.before.as_slice());
    let changed = |at: &usize| {
        let mut hunks = e.reading.aligned.hunks.iter();
        hunks.any(|hunk| if is_before { &hunk.before } else { &hunk.after }.contains(at))
    };
    let Some(request) = only.iter().find(|moved| moved.word.fold == "please") else {
        return false;
    };
    let mut rest = asking
        .iter()
        .skip_while(|word| !std::ptr::eq(*word, request.word))
        .skip(1)
        .take(BETWEEN_MAX);
    let Some(verb) = rest.find(|word| word.class == Class::Content) else {
        return false;
    };
    let mut places = telling.iter().enumerate();
    places
        .find(|(_, word)| same_verb(word, verb, tongue))
        .is_some_and(|(at, word)| {
            changed(&at) && !word.fold.ends_with("ing") && is_of_somebody(telling, at, tongue)
        })
}

/// Whether the verb at a place has a subject that isn't who is written to.
fn is_of_somebody(words: &[Word<'_>], at: usize, tongue: Tongue) -> bool {
    let before = words.get(..at).unwrap_or_default();
    let clause = before.rsplit(|word| word.class == Class::Mark).next();
    let mut clause = clause.unwrap_or_default().iter().rev().peekable();
    // `Notre conseillère vous appellera`: in English whoever stands right before the verb does it.
    if tongue != Tongue::English {
        clause.next_if(|word| word.fold == "you");
    }
    clause.next_if(|word| word.fold == "will");
    let is_subject = |word: &&Word<'_>| {
        matches!(word.class, Class::Content | Class::Name) && !TONE.has(&word.fold)
    };
    clause.next_if(is_subject).is_some()
        && clause.all(|word| {
            !matches!(word.fold.as_str(), "you" | "please" | "to")
                && !matches!(base_of(&word.fold), "be" | "have")
        })
}

/// Whether two words are forms of one verb; in other languages, by how they begin.
fn same_verb(one: &Word<'_>, other: &Word<'_>, tongue: Tongue) -> bool {
    /// So many letters at least are its stem.
    const STEM_MIN: usize = 3;
    /// And so many at most are an ending.
    const ENDING_MAX: usize = 2;
    if one.class != Class::Content {
        return false;
    }
    if tongue == Tongue::English {
        return stem(base_of(&one.fold)) == stem(base_of(&other.fold));
    }
    let spelt = |word: &Word<'_>| fold(word.text.rsplit(['\'', '’']).next().unwrap_or_default());
    let (one, other) = (spelt(one), spelt(other));
    let alike = (one.chars().zip(other.chars())).take_while(|(a, b)| a == b);
    let alike = alike.count();
    let shorter = one.chars().count().min(other.chars().count());
    alike >= STEM_MIN && alike.saturating_add(ENDING_MAX) >= shorter
}

#[cfg(test)]
mod tests {
    use super::super::evidence::Reading;
    use super::*;

    fn asked(before: &str, after: &str) -> bool {
        let reading = Reading::new(before, after);
        changed(&Evidence::new(&reading))
    }

    #[test]
    fn who_does_it() {
        for (one, other) in [
            ("We can check this today.", "You can check this today."),
            ("We'll pay for the repair.", "You'll pay for the repair."),
            ("He paid the bill.", "You paid the bill."),
            (
                "Wir können das heute prüfen.",
                "Sie können das heute prüfen.",
            ),
            (
                "Abbiamo ricevuto il pacco ieri.",
                "Ha ricevuto il pacco ieri.",
            ),
            (
                "Le podemos devolver el importe.",
                "Le puede devolver el importe.",
            ),
        ] {
            assert!(asked(one, other), "{other}");
            assert!(asked(other, one), "{one}");
        }
        for (one, other) in [
            ("I can check this today.", "We can check this today."),
            ("Please let us know.", "Please let me know."),
            ("He may call, if he likes.", "They may call, if they like."),
            (
                "Du kannst das heute prüfen.",
                "Sie können das heute prüfen.",
            ),
        ] {
            assert!(!asked(one, other), "{other}");
        }
    }

    #[test]
    fn who_is_to_do_it() {
        for (telling, asking) in [
            (
                "Our adviser will call you on Thursday to finish the contract.",
                "Please call our adviser on Thursday to finish the contract.",
            ),
            (
                "Notre conseillère vous appellera jeudi pour le contrat.",
                "Merci d'appeler notre conseillère jeudi pour le contrat.",
            ),
            (
                "Herr Kramer ruft Sie morgen zurück.",
                "Bitte rufen Sie Herrn Kramer morgen zurück.",
            ),
        ] {
            assert!(asked(telling, asking), "{asking}");
            assert!(asked(asking, telling), "{telling}");
        }
        for (one, other) in [
            ("Could you send us the form?", "Please send us the form."),
            ("You can send us the form.", "Please send us the form."),
            (
                "If it is broken, you send us a photo.",
                "Please send us a photo if it is broken.",
            ),
            (
                "The form must be sent to us.",
                "Please send the form to us.",
            ),
            ("We recommend sending the form.", "Please send the form."),
            (
                "Wenn es kaputt ist, senden Sie uns ein Foto.",
                "Bitte senden Sie uns ein Foto, wenn es kaputt ist.",
            ),
            (
                "Vous pouvez télécharger le formulaire.",
                "Veuillez télécharger le formulaire.",
            ),
        ] {
            assert!(!asked(one, other), "{other}");
        }
    }
}
