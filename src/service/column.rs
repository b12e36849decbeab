//! How a column is read where SQLite has no type for it: a time is a number of milliseconds, a truth is 0 or 1, and a
//! document is its JSON. For `#[serde(deserialize_with = "…")]`, so that a row can be what is shown of it. It must not
//! judge a value.

use crate::storage::parsed;
use countersign_policy::time::Millis;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error};

/// A time.
pub fn time<'de, D: Deserializer<'de>>(column: D) -> Result<Millis, D::Error> {
    u64::deserialize(column).map(Millis)
}

/// A time, if there is one.
pub fn time_if_any<'de, D: Deserializer<'de>>(column: D) -> Result<Option<Millis>, D::Error> {
    Ok(Option::<u64>::deserialize(column)?.map(Millis))
}

/// Whether something is so.
pub fn truth<'de, D: Deserializer<'de>>(column: D) -> Result<bool, D::Error> {
    Ok(u8::deserialize(column)? == 1)
}

/// A document.
pub fn json<'de, D: Deserializer<'de>, T: DeserializeOwned>(column: D) -> Result<T, D::Error> {
    parsed(&String::deserialize(column)?).map_err(D::Error::custom)
}

/// A document, if there is one.
pub fn json_if_any<'de, D, T>(column: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let text = Option::<String>::deserialize(column)?;
    let document = text.as_deref().map(parsed).transpose();
    document.map_err(D::Error::custom)
}
