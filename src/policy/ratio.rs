//! A fraction between 0 and 1 as whole millionths, so that comparisons agree on every platform.
//! It must never hold a number outside that range.

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A probability, confidence or rate: 0 to 1,000,000 millionths; a JSON number from 0 to 1 outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ratio(u32);

impl Ratio {
    /// 0.
    pub const ZERO: Self = Self(0);
    /// 1.
    pub const ONE: Self = Self(1_000_000);

    /// `ppm` millionths; anything above one million is 1.
    pub const fn from_ppm(ppm: u32) -> Self {
        if ppm > 1_000_000 {
            Self::ONE
        } else {
            Self(ppm)
        }
    }

    /// The nearest millionth; `None` when the number is not between 0 and 1.
    pub fn from_f64(value: f64) -> Option<Self> {
        if !(0.0..=1.0).contains(&value) {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range was checked: 0.5 to 1,000,000.5"
        )]
        Some(Self((value * 1_000_000.0 + 0.5) as u32))
    }

    /// Whether it is 0.
    pub const fn is_zero(&self) -> bool {
        self.0 == 0
    }

    /// Whole millionths.
    pub const fn ppm(self) -> u32 {
        self.0
    }

    /// The fraction, for showing and for JSON.
    pub fn to_f64(self) -> f64 {
        f64::from(self.0) / 1_000_000.0
    }
}

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.to_f64())
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_f64(Fraction)
    }
}

/// Refuses while the parser still stands at the number: that is where the fault is.
struct Fraction;

impl Visitor<'_> for Fraction {
    type Value = Ratio;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number from 0 to 1")
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Ratio, E> {
        Ratio::from_f64(value).ok_or_else(|| E::custom(format!("`{value}` is not between 0 and 1")))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Ratio, E> {
        self.visit_f64(u32::try_from(value).map_or(f64::INFINITY, f64::from))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Ratio, E> {
        self.visit_f64(i32::try_from(value).map_or(f64::NEG_INFINITY, f64::from))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Ratio {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Ratio".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number", "minimum": 0, "maximum": 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_millionth_survives_the_way_out_and_back() {
        for ppm in [0, 1, 499_999, 500_000, 900_000, 999_999, 1_000_000] {
            let ratio = Ratio::from_ppm(ppm);
            assert_eq!(Ratio::from_f64(ratio.to_f64()), Some(ratio));
        }
        for bad in [-0.1, 1.000_001, f64::NAN, f64::INFINITY] {
            assert_eq!(Ratio::from_f64(bad), None);
        }
    }
}
