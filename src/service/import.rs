//! `POST /v1/corrections:import`: corrections that were made elsewhere, kept as a reviewer's are. It must not judge a
//! line, which `policy::import` does, and must not tell trust: nobody here decided anything.

use crate::call::{Answer, Call};
use crate::caller::Caller;
use crate::corrections::{Correction, Imported, Standing};
use crate::problem::{Outcome, Problem};
use crate::tenant::Tenant;
use crate::{clock, embedder, holds, learning, random};
use countersign_policy::draft::NAME_BYTES_MAX;
use countersign_policy::import::{Import, LINES_MAX, Line};
use countersign_policy::invalid::{Invalid, check_length};
use countersign_policy::log::Actor;
use countersign_policy::problem::Code;
use countersign_policy::time::Millis;
use serde::Serialize;
use std::time::Duration;
use worker::Delay;

/// What became of an import.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ImportAnswer {
    /// Lines that are corrections from now on.
    stored: u32,
    /// Lines that had come before.
    known: u32,
    /// Lines that were refused: mended, they can be sent again with all others.
    refused: u32,
    /// Each line that holds anything, in order.
    lines: Vec<LineAnswer>,
}

/// What became of one line.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LineAnswer {
    /// Its number in the request, from 1; empty ones count.
    line: u32,
    /// 201 for one that was stored, 200 for one that had come before, else that of the problem.
    status: u16,
    /// The correction that it is, or was.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<crate::problem::ProblemView<'static>>"))]
    problem: Option<serde_json::Value>,
}

/// What all lines of a request have in common.
struct Source {
    name: String,
    by: Actor,
    /// Texts of before are not kept.
    oldest: Millis,
    now: Millis,
}

/// `POST /v1/corrections:import`: each line by itself, so that one at fault spares the others, and in a turn of its own: the
/// tenant's agents don't wait for all of them. What was taken before a line that broke is known when it is sent again.
pub async fn import(tenant: &Tenant, call: &Call, caller: &Caller) -> Outcome<Answer> {
    let source = Source::of(tenant, call, caller)?;
    // Without an embedder the vectors are left to the alarm.
    embedder::prepare(&tenant.env).await;
    let mut answers = Vec::new();
    for (line, text) in lines(&call.body)? {
        answers.push(source.take(tenant, line, text)?);
        Delay::from(Duration::ZERO).await;
    }
    Answer::json(200, &ImportAnswer::of(answers))
}

/// The lines that hold anything, with their numbers.
fn lines(body: &[u8]) -> Outcome<Vec<(u32, &[u8])>> {
    let lines = (1..).zip(body.split(|byte| *byte == b'\n'));
    let lines = lines.filter(|(_, text)| !text.trim_ascii().is_empty());
    let lines: Vec<(u32, &[u8])> = lines.collect();
    match u32::try_from(lines.len()) {
        Ok(0) => Err(Invalid::field("", "no line").into()),
        Ok(count) if count <= LINES_MAX => Ok(lines),
        _ => Err(Invalid::too_long("", LINES_MAX, "lines").into()),
    }
}

impl ImportAnswer {
    fn of(lines: Vec<LineAnswer>) -> Self {
        let count = |of: fn(u16) -> bool| {
            let count = lines.iter().filter(|line| of(line.status)).count();
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        Self {
            stored: count(|status| status == 201),
            known: count(|status| status == 200),
            refused: count(|status| status >= 400),
            lines,
        }
    }
}

impl Source {
    fn of(tenant: &Tenant, call: &Call, caller: &Caller) -> Outcome<Self> {
        let name = call.query.get("source").filter(|name| !name.is_empty());
        let name = name.filter(|name| check_length("", name, NAME_BYTES_MAX).is_ok());
        let name = name.ok_or_else(|| {
            let detail = format!("`source` is missing, or longer than {NAME_BYTES_MAX} bytes");
            Problem::new(Code::InvalidParameter, detail)
        })?;
        Ok(Self {
            name: name.clone(),
            by: caller.actor(),
            oldest: holds::kept_for(tenant)?.texts_before(call.now),
            now: call.now,
        })
    }

    fn take(&self, tenant: &Tenant, line: u32, text: &[u8]) -> Outcome<LineAnswer> {
        let (status, id, problem) = match Import::read(text, self.oldest, self.now) {
            Err(fault) => {
                let problem = Problem::from(fault);
                (problem.code.status(), None, Some(problem.json()))
            }
            Ok(import) => {
                let correction = self.correction(import)?;
                match learning::known(tenant, &correction)? {
                    Some(id) => (200, Some(id), None),
                    None => (201, Some(self.store(tenant, &correction)?), None),
                }
            }
        };
        Ok(LineAnswer {
            line,
            status,
            id,
            problem,
        })
    }

    fn store(&self, tenant: &Tenant, correction: &Correction) -> Outcome<String> {
        let vector = match correction.teaches() {
            true => tenant.held.embed(&tenant.env, &correction.message),
            false => None,
        };
        tenant.transaction(|| {
            let (correction, vector) = (correction.clone(), vector.clone());
            learning::keep(tenant, correction, vector, self.by.clone(), clock::now())
        })?;
        Ok(correction.id.clone())
    }

    fn correction(&self, import: Import) -> Outcome<Correction> {
        let Line {
            message,
            draft,
            corrected,
            category,
            action,
            agent,
            lesson,
            one_off,
            customer_id,
            customer_name,
            at,
            id,
            ..
        } = import.line;
        Ok(Correction {
            id: random::id(self.now)?,
            draft_id: String::new(),
            agent,
            category,
            action,
            message,
            draft,
            corrected,
            edit_kind: import.edit_kind,
            edit_kind_found: import.edit_kind_found,
            lesson,
            one_off,
            injection: import.injection,
            customer_id,
            customer_name,
            reviewer: self.by.id.clone(),
            at: at.unwrap_or(self.now),
            imported: Some(Imported {
                source: self.name.clone(),
                id,
            }),
            standing: Standing::default(),
        })
    }
}
