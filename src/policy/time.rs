//! An instant: milliseconds since 1970 inside, RFC 3339 UTC text outside. It must never read a
//! clock: the service reads it once per request and passes it in.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A minute.
pub const MINUTE_MS: u64 = 60_000;
/// An hour.
pub const HOUR_MS: u64 = 60 * MINUTE_MS;
/// A day of 24 hours.
pub const DAY_MS: u64 = 24 * HOUR_MS;

/// Milliseconds since the Unix epoch, at most 2^53 so that JavaScript holds it exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(pub u64);

impl Millis {
    /// The last instant that RFC 3339 can write: the end of the year 9999.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// This instant `ms` later, never beyond [`Millis::MAX`].
    pub fn plus(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms)).min(Self::MAX)
    }

    /// This instant `days` days earlier, never before 1970.
    pub fn days_before(self, days: u32) -> Self {
        Self(
            self.0
                .saturating_sub(u64::from(days).saturating_mul(DAY_MS)),
        )
    }

    /// Milliseconds from `earlier` to this instant; 0 when `earlier` is later.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// RFC 3339 in UTC with milliseconds, such as `2026-11-22T10:42:00.000Z`.
    pub fn to_rfc3339(self) -> String {
        let ms = i64::try_from(self.min(Self::MAX).0).unwrap_or(0);
        DateTime::<Utc>::from_timestamp_millis(ms)
            .map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true))
            .unwrap_or_default()
    }

    /// Reads RFC 3339 text of any offset; `None` for anything else or a time before 1970.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let time = DateTime::parse_from_rfc3339(text).ok()?;
        u64::try_from(time.timestamp_millis())
            .ok()
            .map(Self)
            .filter(|time| *time <= Self::MAX)
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_rfc3339())
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Instant)
    }
}

/// Refuses while the parser still stands at the text: that is where the fault is.
struct Instant;

impl Visitor<'_> for Instant {
    type Value = Millis;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an RFC 3339 time")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Millis, E> {
        Millis::from_rfc3339(text)
            .ok_or_else(|| E::custom(format!("`{text}` is not an RFC 3339 time")))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Millis {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "format": "date-time",
            "description": "RFC 3339 in UTC with milliseconds."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        let time = Millis(1_795_315_320_123);
        assert_eq!(time.to_rfc3339(), "2026-11-22T02:42:00.123Z");
        assert_eq!(
            Millis::from_rfc3339("2026-11-22T03:42:00.123+01:00"),
            Some(time)
        );
        assert_eq!(Millis::from_rfc3339("yesterday"), None);
        assert_eq!(Millis::from_rfc3339("1969-12-31T23:59:59Z"), None);
    }
}
