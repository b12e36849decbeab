//! The object's SQLite: statements with typed rows, and one synchronous transaction around a whole
//! write. It must not know what is stored.

use crate::problem::{Outcome, Problem};
use countersign_policy::time::Millis;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;
use worker::{SqlStorage, SqlStorageValue, State};

#[wasm_bindgen(wasm_bindgen = worker::wasm_bindgen)]
extern "C" {
    /// `ctx.storage`, for the one call that the `worker` crate doesn't bind.
    type SyncStorage;

    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(
        this: &SyncStorage,
        work: &mut dyn FnMut() -> Result<JsValue, JsValue>,
    ) -> Result<JsValue, JsValue>;
}

/// The object's database.
#[derive(Clone)]
pub struct Storage {
    sql: SqlStorage,
    raw: JsValue,
}

/// A value to bind. Booleans are bound as 0 and 1: the platform would store them as text.
pub enum Bind<'a> {
    /// Text.
    Text(&'a str),
    /// A whole number up to 2^53.
    Integer(u64),
    /// Nothing.
    Null,
}

impl<'a> From<&'a str> for Bind<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Bind<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Bind<'_> {
    fn from(number: u64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Bind<'_> {
    fn from(number: u32) -> Self {
        Self::Integer(u64::from(number))
    }
}

impl From<bool> for Bind<'_> {
    fn from(truth: bool) -> Self {
        Self::Integer(u64::from(truth))
    }
}

impl From<Millis> for Bind<'_> {
    fn from(time: Millis) -> Self {
        Self::Integer(time.0)
    }
}

impl<'a, T: Into<Bind<'a>>> From<Option<T>> for Bind<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<&Bind<'_>> for SqlStorageValue {
    fn from(value: &Bind<'_>) -> Self {
        match value {
            Bind::Text(text) => Self::String((*text).to_owned()),
            Bind::Integer(number) => Self::Integer(i64::try_from(*number).unwrap_or(i64::MAX)),
            Bind::Null => Self::Null,
        }
    }
}

/// Values to bind, in order: `bind![id, now, true]`.
#[macro_export]
macro_rules! bind {
    ($($value:expr),* $(,)?) => { &[$($crate::storage::Bind::from($value)),*][..] };
}

impl Storage {
    /// The database of this object.
    pub fn new(state: &State) -> Self {
        let storage = state.storage();
        let raw: &JsValue = storage.as_raw().as_ref();
        Self {
            sql: storage.sql(),
            raw: raw.clone(),
        }
    }

    /// Runs a statement whose rows don't matter.
    pub fn run(&self, statement: &str, values: &[Bind<'_>]) -> Outcome<()> {
        let values: Vec<SqlStorageValue> = values.iter().map(SqlStorageValue::from).collect();
        self.sql.exec(statement, values)?;
        Ok(())
    }

    /// All rows of a query.
    pub fn rows<T: DeserializeOwned>(&self, query: &str, values: &[Bind<'_>]) -> Outcome<Vec<T>> {
        let values: Vec<SqlStorageValue> = values.iter().map(SqlStorageValue::from).collect();
        Ok(self.sql.exec(query, values)?.to_array()?)
    }

    /// The first row of a query, if any. (`SqlCursor::one` would hang the request without one.)
    pub fn first<T: DeserializeOwned>(
        &self,
        query: &str,
        values: &[Bind<'_>],
    ) -> Outcome<Option<T>> {
        Ok(self.rows(query, values)?.into_iter().next())
    }

    /// Runs `work` so that either all it wrote is kept or, when it gives a problem, nothing.
    pub fn transaction<T>(&self, mut work: impl FnMut() -> Outcome<T>) -> Outcome<T> {
        let mut outcome = None;
        let storage: &SyncStorage = self.raw.unchecked_ref();
        let committed = storage.transaction_sync(&mut || {
            let result = work();
            let rolls_back = result.is_err();
            outcome = Some(result);
            if rolls_back {
                Err(JsValue::from_str("refused"))
            } else {
                Ok(JsValue::UNDEFINED)
            }
        });
        match (outcome, committed) {
            (Some(Err(problem)), _) => Err(problem),
            (Some(Ok(value)), Ok(_)) => Ok(value),
            (_, Err(error)) => Err(Problem::from(worker::Error::from(error))),
            (None, Ok(_)) => Err(Problem::from(worker::Error::from(
                "the transaction did not run",
            ))),
        }
    }
}
