//! Is whoever gets the message asked to do now what somebody else was to do, or the other way round? `Our
//! adviser will call you`, `please call our adviser`. It must not weigh.

use super::evidence::{Evidence, Moved};
use super::lexicon::{TONE, base_of};
use super::tongue::Tongue;
use super::word::{Class, Word, stem};

pub(super) fn changed(e: &Evidence<'_, '_>) -> bool {
    let (before, after) = (&e.reading.before, &e.reading.after);
    is_asked(e, after, &e.added, before) || is_asked(e, before, &e.removed, after)
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
    let letters = one.fold.chars().zip(other.fold.chars());
    let alike = letters.take_while(|(a, b)| a == b).count();
    let shorter = one.fold.chars().count().min(other.fold.chars().count());
    one.class == Class::Content
        && match tongue {
            Tongue::English => stem(base_of(&one.fold)) == stem(base_of(&other.fold)),
            _ => alike >= STEM_MIN && alike.saturating_add(ENDING_MAX) >= shorter,
        }
}

#[cfg(test)]
mod tests {
    use super::super::evidence::Reading;
    use super::*;

    #[test]
    fn who_is_to_do_it() {
        let asked = |before: &str, after: &str| {
            let reading = Reading::new(before, after);
            changed(&Evidence::new(&reading))
        };
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
