//! `GET /v1/corrections/export`: the corrections on record as training data, streamed a page of D1
//! at a time. It must not choose among them: `policy::training` does.

use crate::bind;
use crate::call::{self, Call};
use crate::corrections::{self, Correction};
use crate::d1::{DATABASE, millis};
use crate::problem::{Outcome, Problem};
use crate::storage::Storage;
use crate::tenant::Tenant;
use countersign_policy::edit::EditKind;
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use countersign_policy::training::{Agreement, Filter, Format, Lesson, admits, line};
use futures_util::stream;
use worker::{D1Database, Response};

/// Corrections of one page: some megabyte of texts.
const PAGE_ROWS: u32 = 500;

/// What is asked for.
struct Export {
    database: D1Database,
    tenant: String,
    format: Format,
    filter: Filter,
    since: Millis,
    /// Of the object, which knows what D1 has yet to be told.
    storage: Storage,
    /// The id up to which lines were written; `None` when all were.
    after: Option<String>,
}

/// `GET /v1/corrections/export`.
pub fn export(tenant: &Tenant, call: &Call) -> Outcome<Response> {
    let since = chosen(call, "since", Millis::from_rfc3339)?.unwrap_or_default();
    let filter = Filter {
        category: call.query.get("category").cloned(),
        edit_kind: chosen(call, "edit_kind", edit_kind)?,
        agreement: chosen(call, "agreement", Agreement::from_name)?.unwrap_or_default(),
    };
    let export = Export {
        database: tenant.env.d1(DATABASE)?,
        tenant: tenant.record()?.id,
        format: chosen(call, "format", Format::from_name)?.unwrap_or(Format::Chat),
        filter,
        since,
        storage: tenant.storage.clone(),
        after: Some(String::new()),
    };
    let pages = stream::try_unfold(export, |mut export| async move {
        let page = export.page().await;
        let page = page.map_err(|problem| worker::Error::from(problem.code.name()))?;
        Ok::<_, worker::Error>(page.map(|text| (text.into_bytes(), export)))
    });
    call::lines("corrections", Box::pin(pages))
}

/// A parameter that names one of a few things, or is a time.
fn chosen<T>(call: &Call, name: &str, read: impl Fn(&str) -> Option<T>) -> Outcome<Option<T>> {
    let Some(text) = call.query.get(name) else {
        return Ok(None);
    };
    let value = read(text).ok_or_else(|| {
        let detail = format!(
            "`{name}` can't be `{}`",
            text.chars().take(40).collect::<String>()
        );
        Problem::new(Code::InvalidParameter, detail)
    })?;
    Ok(Some(value))
}

fn edit_kind(name: &str) -> Option<EditKind> {
    [EditKind::Cosmetic, EditKind::Substantive]
        .into_iter()
        .find(|kind| corrections::name_of(*kind) == name)
}

impl Export {
    /// The lines of the next page; `None` after the last.
    async fn page(&mut self) -> Outcome<Option<String>> {
        let Some(after) = self.after.take() else {
            return Ok(None);
        };
        let query = format!(
            "SELECT {} FROM corrections
             WHERE tenant_id = ? AND id > ? AND created_at >= ? AND retired_at IS NULL
             ORDER BY id LIMIT ?",
            corrections::COLUMNS
        );
        let bound = [
            self.tenant.as_str().into(),
            after.as_str().into(),
            millis(self.since),
            PAGE_ROWS.into(),
        ];
        let since = self.since.to_rfc3339();
        let waiting = (
            "payload ->> '$.id' > ? AND payload ->> '$.at' >= ? ORDER BY payload ->> '$.id' LIMIT ?",
            bind![&after, &since, PAGE_ROWS],
        );
        let found =
            corrections::read(&self.storage, &self.database, waiting, (&query, &bound)).await?;
        let mut page = found.corrections;
        page.truncate(usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX));
        let full = u32::try_from(page.len()).is_ok_and(|rows| rows == PAGE_ROWS);
        self.after = page.last().filter(|_| full).map(|last| last.id.clone());
        let page = page.into_iter();
        let page = page.filter_map(|one| found.untold.taught(one));
        Ok(Some(page.filter_map(|one| self.line(&one)).collect()))
    }

    fn line(&self, correction: &Correction) -> Option<String> {
        let names: Vec<&str> = [&correction.customer_id, &correction.customer_name]
            .into_iter()
            .filter_map(Option::as_deref)
            .collect();
        let lesson = Lesson {
            id: &correction.id,
            category: correction.category.as_deref(),
            edit_kind: correction.edit_kind,
            action: correction.action.as_deref(),
            message: &correction.message,
            draft: &correction.draft,
            corrected: &correction.corrected,
            names: &names,
            teaches: correction.teaches(),
            agreements: correction.standing.agreements,
            contradictions: correction.standing.contradictions,
        };
        admits(self.format, &self.filter, &lesson).then(|| line(self.format, &lesson, correction))
    }
}
