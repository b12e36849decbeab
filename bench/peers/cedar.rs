//! The guardrails as Cedar policies. Timed: `Authorizer::is_authorized` on a prepared request, with
//! the policy set and the entities (categories below their families) made once, and picking the
//! first of the policies that held. Cedar has no order: it evaluates all 50 every time.

use crate::terms::{Term, listed, quoted, terms};
use cedar_policy::{
    Authorizer, Context, Entities, EntityUid, Policy, PolicyId, PolicySet, Request,
};
use countersign_policy::compiled::Compiled;
use serde_json::{Value, json};

/// Policies and entities.
pub struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
}

impl Cedar {
    /// Reads the policies and the categories that the cases name.
    pub fn new(policy: &Compiled, facts: &[Value]) -> Self {
        let mut policies = PolicySet::new();
        for (index, guardrail) in policy.policy().guardrails.iter().enumerate() {
            let source = policy_text(&terms(&guardrail.when));
            let id = PolicyId::new(format!("g{index:03}"));
            let one = Policy::parse(Some(id), &source).unwrap_or_else(|e| panic!("{source}: {e}"));
            policies.add(one).expect("an id of its own");
        }
        let mut names: Vec<&str> = facts
            .iter()
            .filter_map(|f| f["category"].as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        let mut entities = Vec::new();
        for name in names {
            let family = name.split('.').next().unwrap_or(name);
            let uid = |id: &str| json!({ "type": "Category", "id": id });
            if !entities
                .iter()
                .any(|entity: &Value| entity["uid"]["id"] == family)
            {
                entities.push(json!({ "uid": uid(family), "attrs": {}, "parents": [] }));
            }
            if family != name {
                entities.push(json!({ "uid": uid(name), "attrs": {}, "parents": [uid(family)] }));
            }
        }
        Self {
            authorizer: Authorizer::new(),
            policies,
            entities: Entities::from_json_value(Value::Array(entities), None).expect("entities"),
        }
    }

    /// A request, ready to be asked.
    pub fn request(facts: &Value) -> Request {
        let mut context = facts.clone();
        let mut uid = |field: &str, kind: &str| -> EntityUid {
            let name = context
                .as_object_mut()
                .and_then(|object| object.remove(field));
            let name = name
                .and_then(|name| name.as_str().map(str::to_owned))
                .unwrap_or_default();
            format!("{kind}::{}", quoted(&name))
                .parse()
                .expect("an entity")
        };
        let (agent, kind) = (uid("agent", "Agent"), uid("kind", "Action"));
        let category = uid("category", "Category");
        let context = Context::from_json_value(context, None).expect("a context");
        Request::new(agent, kind, category, context, None).expect("a request")
    }

    /// The first guardrail that holds.
    pub fn first(&self, request: &Request) -> Option<usize> {
        let response = self
            .authorizer
            .is_authorized(request, &self.policies, &self.entities);
        let ids = response.diagnostics().reason();
        let first = ids.map(|id| -> &str { id.as_ref() }).min()?;
        first.get(1..)?.parse().ok()
    }
}

/// Agent, kind and category stand in the scope where they can.
fn policy_text(terms: &[Term]) -> String {
    let (mut principal, mut action) = ("principal".to_owned(), "action".to_owned());
    let mut resource = "resource".to_owned();
    let mut conditions = Vec::new();
    for term in terms {
        match term {
            Term::OneOf("agent", list) if list.len() == 1 => principal = expression(term),
            Term::OneOf("kind", _) => action = expression(term),
            Term::Category(list) if list.len() == 1 => resource = expression(term),
            other => conditions.push(expression(other)),
        }
    }
    let when = if conditions.is_empty() {
        String::new()
    } else {
        format!(" when {{ {} }}", conditions.join(" && "))
    };
    format!("permit ({principal}, {action}, {resource}){when};")
}

fn expression(term: &Term) -> String {
    match term {
        Term::OneOf("agent", list) => entity("principal", "Agent", list),
        Term::OneOf("kind", list) => entity("action", "Action", list),
        Term::OneOf(field, list) => match &list[..] {
            [one] => format!("context.{field} == {}", quoted(one)),
            _ => format!("[{}].contains(context.{field})", listed(list)),
        },
        Term::AnyOf(field, list) => match &list[..] {
            [one] => format!("context.{field}.contains({})", quoted(one)),
            _ => format!("context.{field}.containsAny([{}])", listed(list)),
        },
        Term::Category(list) => any(list, |pattern| match pattern.strip_suffix(".*") {
            Some(family) => format!("resource in Category::{}", quoted(family)),
            None => format!("resource == Category::{}", quoted(pattern)),
        }),
        Term::Below(field, bound) => format!("context.{field} < {bound}"),
        Term::AtLeast(field, bound) => format!("context.{field} >= {bound}"),
        Term::AmountOver(minor, currency) => format!(
            "context.action != \"\" && (!context.amount_known || (context.amount_currency != \"\" \
             && (context.amount_currency != {currency:?} || context.amount_minor > {minor})))"
        ),
        Term::AmountAtMost(minor, currency) => format!(
            "context.amount_known && context.amount_currency == {currency:?} && context.amount_minor <= {minor}"
        ),
        Term::Phrases(list) => any(list, |phrase| format!("context.text like \"*{phrase}*\"")),
        Term::LocalTime(spans) => any(spans, |span| {
            format!(
                "context.weekday >= {} && context.weekday <= {} && context.minute >= {} && context.minute < {}",
                span.from_day, span.to_day, span.from_minute, span.to_minute
            )
        }),
        Term::Any(lists) => any(lists, |list| all(list)),
        Term::Not(list) => format!("!({})", all(list)),
    }
}

fn entity(variable: &str, kind: &str, list: &[String]) -> String {
    let uids: Vec<String> = list
        .iter()
        .map(|id| format!("{kind}::{}", quoted(id)))
        .collect();
    match &uids[..] {
        [one] => format!("{variable} == {one}"),
        _ => format!("{variable} in [{}]", uids.join(", ")),
    }
}

fn all(list: &[Term]) -> String {
    let parts: Vec<String> = list.iter().map(expression).collect();
    parts.join(" && ")
}

fn any<T>(list: &[T], write: impl Fn(&T) -> String) -> String {
    let parts: Vec<String> = list.iter().map(write).collect();
    match &parts[..] {
        [one] => one.clone(),
        _ => format!("(({}))", parts.join(") || (")),
    }
}
