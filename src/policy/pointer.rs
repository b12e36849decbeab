//! Where a position of a JSON text stands, as a JSON pointer (RFC 6901). It must not judge the text:
//! serde has, and says only a line and a column.

use crate::invalid::escape;

/// One open container and where in it the walk is.
enum Step {
    /// An object, at the member of this name; `None` before the first name and after a comma.
    Member(Option<String>),
    /// An array, at the item of this index.
    Item(usize),
}

/// The pointer of the value that stands at byte `offset` of a JSON text, or that ends just before
/// it: where a parser stops is where its fault is. Empty for the whole document.
pub(crate) fn pointer_at(text: &[u8], offset: usize) -> String {
    let text = text.get(..offset).unwrap_or(text);
    let mut steps: Vec<Step> = Vec::new();
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'{' => steps.push(Step::Member(None)),
            b'[' => steps.push(Step::Item(0)),
            b'}' | b']' => drop(steps.pop()),
            b',' => match steps.last_mut() {
                Some(Step::Member(name)) => *name = None,
                Some(Step::Item(index)) => *index = index.saturating_add(1),
                None => {}
            },
            b'"' => {
                let (string, after) = tail.split_at(string_length(tail));
                if let Some(Step::Member(name @ None)) = steps.last_mut() {
                    *name = unescaped(string);
                }
                rest = after;
            }
            _ => {}
        }
    }
    let names = steps.into_iter().filter_map(|step| match step {
        Step::Member(name) => name.map(|name| escape(&name)),
        Step::Item(index) => Some(index.to_string()),
    });
    names.flat_map(|name| ["/".to_owned(), name]).collect()
}

/// The byte offset of a line and column as serde_json counts them: lines from 1, columns in bytes.
pub(crate) fn offset_of(text: &[u8], line: usize, column: usize) -> usize {
    let before = text.split(|byte| *byte == b'\n');
    let lines: usize = before
        .take(line.saturating_sub(1))
        .map(|line| line.len().saturating_add(1))
        .sum();
    lines.saturating_add(column)
}

/// How many bytes of `text` belong to the string that it starts in, its closing quote included.
fn string_length(text: &[u8]) -> usize {
    let mut escaped = false;
    let end = text.iter().position(|byte| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    });
    end.map_or(text.len(), |at| at.saturating_add(1))
}

/// The string that `inside`, its closing quote included, writes; `None` where it is broken off.
fn unescaped(inside: &[u8]) -> Option<String> {
    serde_json::from_slice(&[b"\"", inside].concat()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let (before, _) = text.split_once('^').unwrap();
        assert_eq!(
            pointer_at(text.as_bytes(), before.len()),
            expected,
            "{text}"
        );
    }

    #[test]
    fn a_position_stands_in_the_value_that_it_ends() {
        check("^{}", "");
        check(r#"{"a": 1^}"#, "/a");
        check(r#"{"a"^: 1}"#, "/a");
        check(r#"{"a": ^{}}"#, "/a");
        check(r#"{"a": {"b": 1}^}"#, "/a");
        check(r#"{"a": 1}^"#, "");
        check(r#"{"a": [1, [2, "]"^]]}"#, "/a/1/1");
        check(r#"[{"x": 1}, {"y\"/~": "q\\"^}]"#, "/1/y\"~1~0");
        check(r#"["brok^"#, "/0");
    }
}
