//! The guardrails as CEL expressions. Timed: executing the compiled programs in order until one is
//! true, as validating policies do, on a context whose variables were bound before.

use crate::terms::{Term, listed, quoted, terms};
use cel::{Context, Env, Program, Value as CelValue};
use countersign_policy::compiled::Compiled;
use serde_json::Value;
use std::sync::Arc;

/// A program for each guardrail.
pub struct Cel {
    env: Arc<Env>,
    programs: Vec<Program>,
}

impl Cel {
    /// Compiles the expressions.
    pub fn new(policy: &Compiled) -> Self {
        let env = Arc::new(Env::stdlib());
        let guardrails = policy.policy().guardrails.iter();
        let compile = |source: String| {
            env.compile(&source)
                .unwrap_or_else(|e| panic!("{source}: {e}"))
        };
        let programs = guardrails
            .map(|guardrail| compile(all(&terms(&guardrail.when))))
            .collect();
        Self { env, programs }
    }

    /// The variables of a draft.
    pub fn context(&self, facts: &Value) -> Context<'static, 'static> {
        let mut context = Context::with_env(self.env.clone());
        for (name, value) in facts.as_object().into_iter().flatten() {
            let value = match value {
                Value::Number(number) => CelValue::Int(number.as_i64().unwrap_or(0)),
                other => cel::to_value(other).expect("a value"),
            };
            context.add_variable_from_value(name.as_str(), value);
        }
        context
    }

    /// The first guardrail that holds.
    pub fn first(&self, context: &Context) -> Option<usize> {
        self.programs
            .iter()
            .position(|program| matches!(program.execute(context), Ok(CelValue::Bool(true))))
    }
}

fn expression(term: &Term) -> String {
    match term {
        Term::OneOf(field, list) => match &list[..] {
            [one] => format!("{field} == {}", quoted(one)),
            _ => format!("{field} in [{}]", listed(list)),
        },
        Term::AnyOf(field, list) => any(list, |name| format!("{} in {field}", quoted(name))),
        Term::Category(list) => any(list, |pattern| match pattern.strip_suffix(".*") {
            Some(family) => format!(
                "category.startsWith({:?}) || category == {family:?}",
                format!("{family}.")
            ),
            None => format!("category == {}", quoted(pattern)),
        }),
        Term::Below(field, bound) => format!("{field} < {bound}"),
        Term::AtLeast(field, bound) => format!("{field} >= {bound}"),
        Term::AmountOver(minor, currency) => format!(
            "action != \"\" && (!amount_known || (amount_currency != \"\" \
             && (amount_currency != {currency:?} || amount_minor > {minor})))"
        ),
        Term::AmountAtMost(minor, currency) => {
            format!("amount_known && amount_currency == {currency:?} && amount_minor <= {minor}")
        }
        Term::Phrases(list) => any(list, |phrase| format!("text.contains({})", quoted(phrase))),
        Term::LocalTime(spans) => any(spans, |span| {
            format!(
                "weekday >= {} && weekday <= {} && minute >= {} && minute < {}",
                span.from_day, span.to_day, span.from_minute, span.to_minute
            )
        }),
        Term::Any(lists) => any(lists, |list| all(list)),
        Term::Not(list) => format!("!({})", all(list)),
    }
}

fn all(list: &[Term]) -> String {
    let parts: Vec<String> = list.iter().map(expression).collect();
    parts.join(" && ")
}

fn any<T>(list: &[T], write: impl Fn(&T) -> String) -> String {
    let parts: Vec<String> = list.iter().map(write).collect();
    format!("({})", parts.join(" || "))
}
