//! The object's SQLite: statements with typed rows, and one synchronous transaction around a whole
//! write. It must not know what is stored.

use crate::problem::{Outcome, Problem};
use countersign_policy::members;
use countersign_policy::time::Millis;
use serde::de::DeserializeOwned;
use std::cell::RefCell;
use std::collections::BTreeMap;
use wasm_bindgen::prelude::*;
use worker::State;
use worker::js_sys::{Array, JSON, JsString};

/// Statements that are remembered at once: twice those that this crate has.
const STATEMENTS_MAX: usize = 1_000;

#[wasm_bindgen(wasm_bindgen = worker::wasm_bindgen)]
extern "C" {
    /// `ctx.storage`. The `worker` crate doesn't bind `transactionSync`, and reads rows field by
    /// field, with a reader of its own for each type.
    #[derive(Clone)]
    type SyncStorage;

    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(
        this: &SyncStorage,
        work: &mut dyn FnMut() -> Result<JsValue, JsValue>,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, getter)]
    fn sql(this: &SyncStorage) -> Sql;

    #[derive(Clone)]
    type Sql;

    #[wasm_bindgen(method, catch, variadic)]
    fn exec(this: &Sql, query: &JsString, values: &Array) -> Result<Cursor, JsValue>;

    type Cursor;

    #[wasm_bindgen(method, catch, js_name = toArray)]
    fn to_array(this: &Cursor) -> Result<Array, JsValue>;

    /// The same rows, each an array.
    #[wasm_bindgen(method)]
    fn raw(this: &Cursor) -> Cursor;
}

/// The object's database.
#[derive(Clone)]
pub struct Storage {
    storage: SyncStorage,
    sql: Sql,
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

impl From<&Bind<'_>> for JsValue {
    fn from(value: &Bind<'_>) -> Self {
        match value {
            Bind::Text(text) => Self::from_str(text),
            #[expect(clippy::cast_precision_loss, reason = "at most 2^53")]
            Bind::Integer(number) => Self::from_f64(*number as f64),
            Bind::Null => Self::NULL,
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
        let storage: &SyncStorage = raw.unchecked_ref();
        Self {
            storage: storage.clone(),
            sql: storage.sql(),
        }
    }

    /// Runs a statement whose rows don't matter.
    pub fn run(&self, statement: &str, values: &[Bind<'_>]) -> Outcome<()> {
        self.exec(statement, values).map(drop)
    }

    /// All rows of a query. They cross into Wasm at once, as one JSON text.
    pub fn rows<T: DeserializeOwned>(&self, query: &str, values: &[Bind<'_>]) -> Outcome<Vec<T>> {
        let rows = self.exec(query, values)?.to_array().map_err(failed)?;
        match rows.length() {
            0 => Ok(Vec::new()),
            _ => Ok(parsed(&json_of(&rows)?)?),
        }
    }

    fn arrays(&self, query: &str, values: &[Bind<'_>]) -> Outcome<Array> {
        self.exec(query, values)?.raw().to_array().map_err(failed)
    }

    fn exec(&self, statement: &str, values: &[Bind<'_>]) -> Outcome<Cursor> {
        let values: Array = values.iter().map(JsValue::from).collect();
        self.sql
            .exec(&in_javascript(statement), &values)
            .map_err(failed)
    }

    /// The rows of a query, each an array, for JavaScript to walk one at a time: a BLOB of a
    /// megabyte need not pass through this module's memory.
    pub fn raw_rows(&self, query: &str, values: &[Bind<'_>]) -> Outcome<JsValue> {
        Ok(self.exec(query, values)?.raw().into())
    }

    /// The first row of a query, if any. (`SqlCursor::one` would hang the request without one.)
    pub fn first<T: DeserializeOwned>(
        &self,
        query: &str,
        values: &[Bind<'_>],
    ) -> Outcome<Option<T>> {
        Ok(self.rows(query, values)?.into_iter().next())
    }

    /// The only column of a query, row by row.
    pub fn values<T: DeserializeOwned>(&self, query: &str, values: &[Bind<'_>]) -> Outcome<Vec<T>> {
        let rows = self.arrays(query, values)?;
        let found: Vec<(T,)> = match rows.length() {
            0 => Vec::new(),
            _ => parsed(&json_of(&rows)?)?,
        };
        Ok(found.into_iter().map(|(value,)| value).collect())
    }

    /// The only column of a query's first row, if any.
    pub fn value<T: DeserializeOwned>(
        &self,
        query: &str,
        values: &[Bind<'_>],
    ) -> Outcome<Option<T>> {
        Ok(self.values(query, values)?.into_iter().next())
    }

    /// Whether a query finds anything.
    pub fn finds(&self, query: &str, values: &[Bind<'_>]) -> Outcome<bool> {
        Ok(self.arrays(query, values)?.length() > 0)
    }

    /// Runs `work` so that either all it wrote is kept or, when it gives a problem, nothing.
    pub fn transaction(&self, work: &mut dyn FnMut() -> Outcome<()>) -> Outcome<()> {
        let mut refused = None;
        let committed = self.storage.transaction_sync(&mut || match work() {
            Ok(()) => Ok(JsValue::UNDEFINED),
            Err(problem) => {
                refused = Some(problem);
                Err(JsValue::from_str("refused"))
            }
        });
        match refused {
            Some(problem) => Err(problem),
            None => committed.map(drop).map_err(failed),
        }
    }
}

thread_local! {
    /// Statements as JavaScript has them: the platform finds a prepared one by the same string at once.
    static STATEMENTS: RefCell<BTreeMap<Box<str>, JsString>> = RefCell::default();
}

fn in_javascript(statement: &str) -> JsString {
    STATEMENTS.with_borrow_mut(|known| {
        if let Some(text) = known.get(statement) {
            return text.clone();
        }
        if known.len() >= STATEMENTS_MAX {
            known.clear();
        }
        let text = JsString::from(statement);
        known.insert(statement.into(), text.clone());
        text
    })
}

fn json_of(rows: &Array) -> Outcome<String> {
    Ok(String::from(JSON::stringify(rows).map_err(failed)?))
}

fn failed(error: JsValue) -> Problem {
    Problem::from(worker::Error::from(error))
}

/// Reads JSON that this service wrote. All reading goes through bytes, so that each type has one parser.
pub fn parsed<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    members::read(text.as_bytes())
}
