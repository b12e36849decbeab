//! How much a category may do by itself. It must not know how a level is earned or lost.

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A category's autonomy, in order of trust; 1, 2 or 3 in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// 1: every draft waits for a person.
    #[default]
    ReviewEverything,
    /// 2: drafts with a signal wait; the rest goes out, some of it looked at afterwards.
    ReviewEdgeCases,
    /// 3: all but forbidding signals goes out, some of it looked at afterwards.
    MonitorAndCorrect,
}

impl Level {
    /// The level of that number; `None` for any other number.
    pub fn from_number(number: u64) -> Option<Self> {
        match number {
            1 => Some(Self::ReviewEverything),
            2 => Some(Self::ReviewEdgeCases),
            3 => Some(Self::MonitorAndCorrect),
            _ => None,
        }
    }

    /// 1, 2 or 3.
    pub fn number(self) -> u8 {
        match self {
            Self::ReviewEverything => 1,
            Self::ReviewEdgeCases => 2,
            Self::MonitorAndCorrect => 3,
        }
    }

    /// `review_everything`, `review_edge_cases` or `monitor_and_correct`.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReviewEverything => "review_everything",
            Self::ReviewEdgeCases => "review_edge_cases",
            Self::MonitorAndCorrect => "monitor_and_correct",
        }
    }
}

impl Serialize for Level {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.number())
    }
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u64(Number)
    }
}

/// Refuses while the parser still stands at the number: that is where the fault is.
struct Number;

impl Visitor<'_> for Number {
    type Value = Level;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a level: 1, 2 or 3")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Level, E> {
        Level::from_number(number)
            .ok_or_else(|| E::custom(format!("`{number}` is not a level: 1, 2 or 3")))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Level {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Level".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "integer",
            "enum": [1, 2, 3],
            "description": "1 review_everything, 2 review_edge_cases, 3 monitor_and_correct."
        })
    }
}
