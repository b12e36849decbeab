//! From which stated confidence on a draft counts as sure enough: a number of the policy, or one
//! that is learnt. It must not learn: `calibrate` does, and the service hands over what it found.

use crate::calibrate::Source;
use crate::document::{Policy, Rules};
use crate::ratio::Ratio;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What counts while nothing is learnt and the policy names no number: an agent that says so of
/// one draft in ten is asked about the other nine.
pub const THRESHOLD_FALLBACK: Ratio = Ratio::from_ppm(900_000);

/// As the policy writes it: a number from 0 to 1, or `"calibrated"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfidenceThreshold {
    /// This number.
    Fixed(Ratio),
    /// What the category's labels teach.
    Calibrated,
}

/// What was learnt for a category.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Learnt {
    /// This confidence and above; absent when confidence says nothing, so that none is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Ratio>,
}

/// The threshold that a decision was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InForce {
    /// This confidence and above is enough; absent when none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Ratio>,
    /// How it came about.
    pub source: Source,
}

const CALIBRATED: &str = "calibrated";

/// The threshold of a category: its number, or what was learnt; while nothing is, the number that
/// [`fixed`] gives.
pub fn in_force(policy: &Policy, rules: &Rules, learnt: Option<Learnt>) -> InForce {
    let calibrated = rules.confidence_threshold == ConfidenceThreshold::Calibrated;
    let (from, source) = match learnt.filter(|_| calibrated) {
        None => (Some(fixed(policy, rules)), Source::Fixed),
        Some(Learnt { from: None }) => (None, Source::Uninformative),
        Some(Learnt { from }) => (from, Source::Learnt),
    };
    InForce { from, source }
}

/// The number that counts while nothing is learnt: the category's own, the defaults', or
/// [`THRESHOLD_FALLBACK`].
pub fn fixed(policy: &Policy, rules: &Rules) -> Ratio {
    let said = [
        rules.confidence_threshold,
        policy.defaults.confidence_threshold,
    ];
    let mut numbers = said.into_iter().filter_map(ConfidenceThreshold::number);
    numbers.next().unwrap_or(THRESHOLD_FALLBACK)
}

impl ConfidenceThreshold {
    /// The number, where it is one.
    pub fn number(self) -> Option<Ratio> {
        match self {
            Self::Fixed(number) => Some(number),
            Self::Calibrated => None,
        }
    }
}

impl InForce {
    /// What holds, in a few words, where the policy asks for a learnt threshold or not.
    pub fn note(self, calibrated: bool) -> &'static str {
        match (calibrated, self.source) {
            (false, _) => "the policy's number",
            (true, Source::Learnt) => "learnt from verdicts",
            (true, Source::Fixed) => "too few labels to learn from: a fixed number for now",
            (true, Source::Uninformative) => {
                "confidence carries no information: nothing is released by it"
            }
        }
    }

    /// Why a stated confidence was not enough for a category that asks for a learnt threshold, in a
    /// plain sentence.
    pub fn sentence(&self) -> String {
        let low = "The agent does not say that it is confident enough";
        let Some(from) = self.from else {
            return format!("{low}: its confidence has said nothing about mistakes so far.");
        };
        let from = from.to_f64();
        match self.source {
            Source::Learnt => format!("{low}: {from} is needed, as learnt from verdicts."),
            Source::Fixed | Source::Uninformative => format!(
                "{low}: {from} is needed, a fixed number until there are verdicts to learn from."
            ),
        }
    }
}

impl Serialize for ConfidenceThreshold {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fixed(number) => number.serialize(serializer),
            Self::Calibrated => serializer.serialize_str(CALIBRATED),
        }
    }
}

impl<'de> Deserialize<'de> for ConfidenceThreshold {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrWord)
    }
}

struct NumberOrWord;

impl Visitor<'_> for NumberOrWord {
    type Value = ConfidenceThreshold;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "a number from 0 to 1 or `{CALIBRATED}`")
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        let number = Ratio::from_f64(value).ok_or_else(|| {
            E::custom(format!(
                "`{value}` is neither a number from 0 to 1 nor `{CALIBRATED}`"
            ))
        });
        number.map(ConfidenceThreshold::Fixed)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        self.visit_f64(if value == 0 { 0.0 } else { whole(value) })
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        self.visit_f64(if value < 0 {
            -1.0
        } else {
            whole(value.unsigned_abs())
        })
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        match value {
            CALIBRATED => Ok(ConfidenceThreshold::Calibrated),
            _ => Err(E::custom(format!("neither a number nor `{CALIBRATED}`"))),
        }
    }
}

/// A whole number as a fraction: above 1 all are out of range alike.
fn whole(value: u64) -> f64 {
    f64::from(u32::try_from(value).unwrap_or(u32::MAX))
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for ConfidenceThreshold {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ConfidenceThreshold".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A number, or what the category's labels teach.",
            "oneOf": [
                { "type": "number", "minimum": 0, "maximum": 1 },
                { "const": CALIBRATED }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(own: &str, default: &str, learnt: Option<Learnt>, from: Option<u32>, source: Source) {
        let mut policy = Policy::starting("mia@example.com");
        policy.defaults.confidence_threshold = serde_json::from_str(default).unwrap();
        let mut rules = policy.rules(None);
        rules.confidence_threshold = serde_json::from_str(own).unwrap();
        let found = in_force(&policy, &rules, learnt);
        assert_eq!(found.from, from.map(Ratio::from_ppm), "{own} {default}");
        assert_eq!(found.source, source);
    }

    #[test]
    fn a_learnt_threshold_counts_only_where_the_policy_asks_for_one() {
        let learnt = |from: Option<u32>| {
            let from = from.map(Ratio::from_ppm);
            Some(Learnt { from })
        };
        let calibrated = "\"calibrated\"";
        check("0.7", "0.8", learnt(Some(5)), Some(700_000), Source::Fixed);
        check(calibrated, "0.8", learnt(Some(5)), Some(5), Source::Learnt);
        check(calibrated, "0.8", learnt(None), None, Source::Uninformative);
        check(calibrated, "0.8", None, Some(800_000), Source::Fixed);
        check(calibrated, calibrated, None, Some(900_000), Source::Fixed);
        check("1", "0", None, Some(1_000_000), Source::Fixed);
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in ["1.5", "-1", "2", "\"learnt\"", "null", "[]"] {
            assert!(
                serde_json::from_str::<ConfidenceThreshold>(bad).is_err(),
                "{bad}"
            );
        }
    }
}
