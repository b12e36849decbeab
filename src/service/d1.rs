//! Rows of D1, read as `storage` reads the object's own: they cross into Wasm as one JSON text, and
//! each type has one parser. (The `worker` crate reads them field by field, with a second one.) It must not let a D1 that
//! can't be asked pass for a fault of ours: whoever asks is told when to ask again.

use crate::problem::{Outcome, Problem, describe};
use crate::storage::parsed;
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use serde::de::{DeserializeOwned, IgnoredAny};
use worker::D1PreparedStatement;
use worker::js_sys::{JSON, Reflect};
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::JsFuture;

/// The binding of the database.
pub const DATABASE: &str = "DB";

/// What a query finds.
pub trait Rows {
    /// All rows.
    async fn rows<T: DeserializeOwned>(&self) -> Outcome<Vec<T>>;
    /// The first row, if any.
    async fn first_row<T: DeserializeOwned>(&self) -> Outcome<Option<T>>;
    /// None: it is done.
    async fn done(&self) -> Outcome<()>;
}

impl Rows for D1PreparedStatement {
    async fn rows<T: DeserializeOwned>(&self) -> Outcome<Vec<T>> {
        let rows = json_rows(self).await.map_err(|error| {
            worker::console_error!("D1 was not asked: {}", describe(&error));
            Problem::from(Code::Unavailable)
        })?;
        Ok(parsed(&rows)?)
    }

    async fn first_row<T: DeserializeOwned>(&self) -> Outcome<Option<T>> {
        Ok(self.rows().await?.into_iter().next())
    }

    async fn done(&self) -> Outcome<()> {
        self.rows::<IgnoredAny>().await.map(drop)
    }
}

async fn json_rows(query: &D1PreparedStatement) -> worker::Result<String> {
    let answer = JsFuture::from(query.inner().all()?).await?;
    let rows = Reflect::get(&answer, &"results".into())?;
    Ok(JSON::stringify(&rows)?.into())
}

/// D1 takes numbers as 64-bit floats; an INTEGER column stores them whole.
pub fn millis(time: Millis) -> JsValue {
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    JsValue::from_f64(time.0 as f64)
}
