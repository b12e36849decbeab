//! Whether the JSON values of a draft (an action's arguments, facts, metadata) can be kept as they are: what a
//! reviewer approves has to be what the agent meant. It must not judge what they say.

use crate::draft::NAME_BYTES_MAX;
use crate::invalid::{Invalid, escape};
use serde_json::{Number, Value};

/// The names on the way to a value: four of the longest. Evidence repeats them, twenty times for each signal.
pub(crate) const PATH_BYTES_MAX: u32 = 4 * NAME_BYTES_MAX;
/// Numbers are kept as doubles (RFC 8785): a whole one above this may become its neighbour, and one that
/// came as a double may have become this.
pub(crate) const NUMBER_MAX: u64 = 1 << 53;

/// The first fault of an object that stands at `pointer`.
pub(crate) fn value_fault<'a>(
    pointer: &str,
    members: impl IntoIterator<Item = (&'a String, &'a Value)>,
) -> Option<Invalid> {
    let room = usize::try_from(PATH_BYTES_MAX).unwrap_or(usize::MAX);
    let mut place = Place {
        pointer: pointer.to_owned(),
        limit: pointer.len().saturating_add(room),
    };
    let mut members = members.into_iter();
    members.find_map(|(name, value)| place.fault(name, value))
}

/// Where a value stands, and how long that may be said.
struct Place {
    pointer: String,
    limit: usize,
}

impl Place {
    fn fault(&mut self, name: &str, value: &Value) -> Option<Invalid> {
        let above = self.pointer.len();
        if above.saturating_add(name.len()) >= self.limit {
            let unit = "bytes of names down to a value";
            return Some(Invalid::too_long(&*self.pointer, PATH_BYTES_MAX, unit));
        }
        self.pointer.push('/');
        self.pointer.push_str(&escape(name));
        let fault = match value {
            Value::Object(members) => {
                let mut members = members.iter();
                members.find_map(|(name, value)| self.fault(name, value))
            }
            Value::Array(items) => {
                let mut items = items.iter().enumerate();
                items.find_map(|(at, value)| self.fault(&at.to_string(), value))
            }
            Value::Number(number) if !is_exact(number) => {
                let detail = "beyond 2^53, where a number is not exact: send it as text";
                Some(Invalid::field(&*self.pointer, detail))
            }
            _ => None,
        };
        self.pointer.truncate(above);
        fault
    }
}

/// Whether a number is the same to all who read it.
fn is_exact(number: &Number) -> bool {
    match (number.as_u64(), number.as_i64(), number.as_f64()) {
        (Some(whole), ..) => whole <= NUMBER_MAX,
        (_, Some(whole), _) => whole.unsigned_abs() <= NUMBER_MAX,
        #[expect(clippy::cast_precision_loss, reason = "a power of two")]
        (.., number) => number.is_none_or(|number| number.abs() < NUMBER_MAX as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invalid::Fault;

    fn fault(text: &str) -> Option<(Fault, String)> {
        let value: Value = serde_json::from_slice(text.as_bytes()).unwrap();
        let fault = value_fault("/args", value.as_object().unwrap());
        fault.map(|Invalid { fault, pointer, .. }| (fault, pointer))
    }

    #[test]
    fn a_number_that_would_become_another_is_refused_where_it_stands() {
        let at = |pointer: &str| Some((Fault::InvalidField, pointer.to_owned()));
        for kept in [
            "9007199254740992",
            "-9007199254740992",
            "0.1",
            "-0",
            "1e15",
            "9007199254740991.0",
        ] {
            assert_eq!(fault(&format!(r#"{{"n": {kept}}}"#)), None, "{kept}");
        }
        for changed in [
            "9007199254740993",
            "-9007199254740993",
            "18446744073709551615",
            "123456789012345678901",
            "-1e300",
            "9007199254740993.0",
            "-9007199254740992.4",
        ] {
            let text = format!(r#"{{"a": {{"b/c": [1, {{"~": {changed}}}]}}}}"#);
            assert_eq!(fault(&text), at("/args/a/b~1c/1/~0"), "{changed}");
        }
    }

    #[test]
    fn names_are_bounded_alone_and_nested() {
        let too_long = |pointer: &str| Some((Fault::TooLong, pointer.to_owned()));
        let longest = "n".repeat(1_023);
        assert_eq!(fault(&format!(r#"{{"{longest}": 1}}"#)), None);
        assert_eq!(fault(&format!(r#"{{"{longest}n": 1}}"#)), too_long("/args"));
        let half = "n".repeat(511);
        let nested = format!(r#"{{"{half}": {{"{half}": 1}}}}"#);
        assert_eq!(fault(&nested), None);
        let nested = format!(r#"{{"{half}": {{"{half}n": 1}}}}"#);
        assert_eq!(fault(&nested), too_long(&format!("/args/{half}")));
        let siblings: Vec<String> = (0..90).map(|at| format!(r#""{half}{at}": 1"#)).collect();
        assert_eq!(fault(&format!("{{{}}}", siblings.join(","))), None);
    }
}
