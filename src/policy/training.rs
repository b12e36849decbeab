//! Corrections as records for fine-tuning, one JSON object a line. It must not hold a record back
//! for any reason that [`admits`] doesn't name.

use crate::edit::EditKind;
use crate::memory::masked;
use serde::Serialize;
use serde_json::{Value, json};

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A conversation to imitate: `{"messages": [user, assistant]}`, as fine-tuning services and
    /// chat templates read it.
    Chat,
    /// A pair to prefer in: `{"prompt": […], "chosen": […], "rejected": […]}`, as preference
    /// trainers read it; chosen is what the reviewer made of the draft.
    Preference,
    /// Everything that is on record, with where it came from.
    Raw,
}

/// What reviewers since then say of a correction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Agreement {
    /// Anything.
    #[default]
    Any,
    /// No later correction of the same question says something else.
    Uncontested,
    /// The same, and a later verdict agrees.
    Confirmed,
}

/// Which corrections are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this category only.
    pub category: Option<String>,
    /// Of this kind only.
    pub edit_kind: Option<EditKind>,
    /// With this much agreement at least.
    pub agreement: Agreement,
}

/// A correction, as a record needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lesson<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its category.
    pub category: Option<&'a str>,
    /// Its kind.
    pub edit_kind: EditKind,
    /// The action's name, where the texts are arguments of one.
    pub action: Option<&'a str>,
    /// The customer's message.
    pub message: &'a str,
    /// What was drafted.
    pub draft: &'a str,
    /// What it should have been.
    pub corrected: &'a str,
    /// What the customer is known by; masked with all else that is personal.
    pub names: &'a [&'a str],
    /// Whether it may teach at all: not one-off, no orders in its message, not retired.
    pub teaches: bool,
    /// Later verdicts that agree.
    pub agreements: u32,
    /// Later corrections that say something else.
    pub contradictions: u32,
}

impl Format {
    /// The format of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "chat" => Some(Self::Chat),
            "preference" => Some(Self::Preference),
            "raw" => Some(Self::Raw),
            _ => None,
        }
    }
}

impl Agreement {
    /// The agreement of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "any" => Some(Self::Any),
            "uncontested" => Some(Self::Uncontested),
            "confirmed" => Some(Self::Confirmed),
            _ => None,
        }
    }
}

/// Whether a correction is wanted in this format. What may not teach an agent trains none, either;
/// on record it stays.
#[must_use]
pub fn admits(format: Format, filter: &Filter, lesson: &Lesson<'_>) -> bool {
    let agreed = match filter.agreement {
        Agreement::Any => true,
        Agreement::Uncontested => lesson.contradictions == 0,
        Agreement::Confirmed => lesson.contradictions == 0 && lesson.agreements > 0,
    };
    let category = filter.category.as_deref();
    agreed
        && category.is_none_or(|wanted| lesson.category == Some(wanted))
        && filter.edit_kind.is_none_or(|kind| lesson.edit_kind == kind)
        && (lesson.teaches || format == Format::Raw)
}

/// The line, with its newline; `raw` is the whole correction. Personal data is masked but in
/// [`Format::Raw`].
#[must_use]
pub fn line(format: Format, lesson: &Lesson<'_>, raw: &impl Serialize) -> String {
    let user = || json!([{ "role": "user", "content": masked(lesson.message, lesson.names) }]);
    let record = match format {
        Format::Chat => chat(lesson, user()),
        Format::Preference => json!({
            "prompt": user(),
            "chosen": [said(lesson, lesson.corrected)],
            "rejected": [said(lesson, lesson.draft)],
        }),
        Format::Raw => return format!("{}\n", serde_json::to_string(raw).unwrap_or_default()),
    };
    format!("{record}\n")
}

fn chat(lesson: &Lesson<'_>, mut messages: Value) -> Value {
    if let Some(messages) = messages.as_array_mut() {
        messages.push(said(lesson, lesson.corrected));
    }
    match lesson.action {
        None => json!({ "messages": messages }),
        // A call is refused where its function is not declared; any arguments are allowed.
        Some(name) => json!({
            "messages": messages,
            "tools": [{ "type": "function", "function": {
                "name": name, "parameters": { "type": "object" },
            }}],
        }),
    }
}

/// What the assistant says: words, or the call of an action.
fn said(lesson: &Lesson<'_>, text: &str) -> Value {
    let text = masked(text, lesson.names);
    match lesson.action {
        None => json!({ "role": "assistant", "content": text }),
        Some(name) => json!({ "role": "assistant", "tool_calls": [{
            "id": format!("call_{}", lesson.id), "type": "function",
            "function": { "name": name, "arguments": text },
        }]}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LESSON: Lesson<'_> = Lesson {
        id: "7",
        category: Some("refund"),
        edit_kind: EditKind::Substantive,
        action: None,
        message: "Ada here, where is it?",
        draft: "Soon.",
        corrected: "Within 10 days, Ada.",
        names: &["Ada"],
        teaches: true,
        agreements: 0,
        contradictions: 0,
    };

    #[test]
    fn a_line_is_what_its_format_says() {
        let of = |format, lesson: &Lesson<'_>| line(format, lesson, &json!({ "id": "7" }));
        let chat = r#"{"messages":[{"content":"[name] here, where is it?","role":"user"},{"content":"Within 10 days, [name].","role":"assistant"}]}"#;
        assert_eq!(of(Format::Chat, &LESSON), format!("{chat}\n"));
        let preference = of(Format::Preference, &LESSON);
        assert!(preference.contains(r#""rejected":[{"content":"Soon.","role":"assistant"}]"#));
        assert_eq!(of(Format::Raw, &LESSON), "{\"id\":\"7\"}\n");
        let action = Lesson {
            action: Some("refund"),
            corrected: r#"{"amount":1}"#,
            ..LESSON
        };
        let chat = of(Format::Chat, &action);
        assert!(chat.contains(r#""arguments":"{\"amount\":1}""#) && chat.contains("tools"));
    }

    fn check(format: Format, filter: &Filter, lesson: &Lesson<'_>, expected: bool) {
        assert_eq!(admits(format, filter, lesson), expected);
    }

    #[test]
    fn filters_hold_back_what_they_name() {
        let all = Filter::default();
        let hidden = Lesson {
            teaches: false,
            ..LESSON
        };
        check(Format::Chat, &all, &LESSON, true);
        check(Format::Chat, &all, &hidden, false);
        check(Format::Raw, &all, &hidden, true);
        let other = Filter {
            category: Some("login".into()),
            ..Filter::default()
        };
        check(Format::Chat, &other, &LESSON, false);
        let cosmetic = Filter {
            edit_kind: Some(EditKind::Cosmetic),
            ..Filter::default()
        };
        check(Format::Chat, &cosmetic, &LESSON, false);
        let confirmed = Filter {
            agreement: Agreement::Confirmed,
            ..Filter::default()
        };
        let agreed = Lesson {
            agreements: 2,
            ..LESSON
        };
        let contested = Lesson {
            contradictions: 1,
            ..agreed
        };
        check(Format::Chat, &confirmed, &LESSON, false);
        check(Format::Chat, &confirmed, &agreed, true);
        check(Format::Chat, &confirmed, &contested, false);
    }
}
