//! `POST /v1/corrections:import`: corrections that were made elsewhere, kept as a reviewer's are. It must not judge a
//! line, which `policy::import` does, and must not tell trust: nobody here decided anything.

use crate::bind;
use crate::call::{Answer, Call};
use crate::caller::Caller;
use crate::corrections::{Correction, Imported, Standing};
use crate::problem::{Outcome, Problem};
use crate::tenant::Tenant;
use crate::{clock, embedder, holds, learning, random};
use countersign_policy::digest::{hex, keyed};
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

/// A line that can be taken, with what is made of it before it is.
struct Arrival {
    correction: Correction,
    /// What it says, in a form that tells nobody else what that is.
    digest: String,
    vector: Option<Vec<u8>>,
}

/// What all lines of a request have in common.
struct Source {
    name: String,
    by: Actor,
    /// The tenant's.
    secret: String,
    /// Texts of before are not kept.
    oldest: Millis,
    now: Millis,
}

/// `POST /v1/corrections:import`: each line by itself, so that one at fault spares the others.
pub async fn import(tenant: &Tenant, call: &Call, caller: &Caller) -> Outcome<Answer> {
    let source = Source::of(tenant, call, caller)?;
    let lines = lines(&call.body)?.into_iter();
    let lines = lines.map(|(line, text)| Ok((line, source.read(text)?)));
    let mut lines = lines.collect::<Outcome<Vec<_>>>()?;

    make_vectors(tenant, &mut lines).await?;

    let now = clock::now();
    let lines = tenant.transaction(|| {
        let lines = lines.iter();
        let answers = lines.map(|(line, read)| source.take(tenant, *line, read, now));
        answers.collect::<Outcome<Vec<LineAnswer>>>()
    })?;
    Answer::json(200, &ImportAnswer::of(lines))
}

/// Makes the vectors of what is new, each in a turn of its own, since the tenant's agents don't wait for all of them.
/// Without an embedder they are left to the alarm.
async fn make_vectors(
    tenant: &Tenant,
    lines: &mut [(u32, Result<Arrival, Problem>)],
) -> Outcome<()> {
    if !embedder::prepare(&tenant.env).await {
        return Ok(());
    }
    for arrival in lines.iter_mut().filter_map(|(_, read)| read.as_mut().ok()) {
        if arrival.correction.teaches() && arrival.known(tenant)?.is_none() {
            Delay::from(Duration::ZERO).await;
            arrival.vector = tenant.held.embed(&tenant.env, &arrival.correction.message);
        }
    }
    Ok(())
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

impl Arrival {
    /// The correction that came with this line before, or that the line is an export of.
    fn known(&self, tenant: &Tenant) -> Outcome<Option<String>> {
        let elsewhere = self.correction.imported.as_ref();
        tenant.storage.value(
            "SELECT correction_id FROM imported WHERE digest = ?
             UNION ALL SELECT id FROM corrections WHERE id = ? LIMIT 1",
            bind![&self.digest, elsewhere.and_then(|it| it.id.as_ref())],
        )
    }

    fn store(&self, tenant: &Tenant, by: &Actor, now: Millis) -> Outcome<String> {
        let Self {
            correction,
            digest,
            vector,
        } = self;
        learning::keep(tenant, correction.clone(), vector.clone(), by.clone(), now)?;
        tenant.storage.run(
            "INSERT INTO imported (digest, correction_id) VALUES (?, ?)",
            bind![digest, &correction.id],
        )?;
        Ok(correction.id.clone())
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
            secret: tenant.record()?.secret,
            oldest: holds::kept_for(tenant)?.texts_before(call.now),
            now: call.now,
        })
    }

    /// What a line says, or why it can't be taken.
    fn read(&self, text: &[u8]) -> Outcome<Result<Arrival, Problem>> {
        match Import::read(text, self.oldest, self.now) {
            Err(fault) => Ok(Err(fault.into())),
            Ok(import) => Ok(Ok(Arrival {
                digest: self.digest(&import),
                correction: self.correction(import)?,
                vector: None,
            })),
        }
    }

    fn take(
        &self,
        tenant: &Tenant,
        line: u32,
        read: &Result<Arrival, Problem>,
        now: Millis,
    ) -> Outcome<LineAnswer> {
        let (status, id, problem) = match read {
            Err(problem) => (problem.code.status(), None, Some(problem.json())),
            Ok(arrival) => match arrival.known(tenant)? {
                Some(id) => (200, Some(id), None),
                None => (201, Some(arrival.store(tenant, &self.by, now)?), None),
            },
        };
        Ok(LineAnswer {
            line,
            status,
            id,
            problem,
        })
    }

    fn digest(&self, import: &Import) -> String {
        let [message, draft, corrected, category, action, customer] = import.identity();
        let form = "countersign import v1";
        hex(&keyed(
            self.secret.as_bytes(),
            &[form, message, draft, corrected, category, action, customer],
        ))
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
