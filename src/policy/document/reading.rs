//! Every fault of a document that can't be read, not only the first: what is at fault is taken out,
//! and the rest is read again. It must not let such a document pass.

use super::Policy;
use crate::invalid::{self, Invalid, escape};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Faults of one document: more than anybody mends before trying again.
const FAULTS_MAX: u32 = 50;

/// The faults of a document of which `first` is one.
pub(super) fn every_fault(text: &[u8], first: Invalid) -> Vec<Invalid> {
    let Ok(mut rest) = serde_json::from_slice::<Value>(text) else {
        return vec![first];
    };
    let (mut faults, mut taken) = (Vec::new(), BTreeSet::new());
    let mut fault = first;
    for _ in 0..FAULTS_MAX {
        let out = take_out(&mut rest, &fault.pointer);
        if !missed(&fault).is_some_and(|pointer| taken.contains(&pointer)) {
            faults.push(fault);
        }
        let Some(out) = out else { break };
        taken.insert(out);
        match invalid::parse::<Policy>(rest.to_string().as_bytes()) {
            Ok(policy) => {
                faults.extend(policy.faults());
                break;
            }
            Err(next) => fault = next,
        }
    }
    faults
}

/// The pointer of a field that is missing.
fn missed(fault: &Invalid) -> Option<String> {
    let name = fault.detail.strip_prefix("missing field `")?;
    let (name, _) = name.split_once('`')?;
    Some(format!("{}/{}", fault.pointer, escape(name)))
}

/// Takes out the smallest field that holds the pointer's value, and says which; a guardrail as a
/// whole makes room for one that says nothing, so that those behind it keep their places.
fn take_out(document: &mut Value, pointer: &str) -> Option<String> {
    if pointer
        .strip_prefix("/guardrails/")
        .is_some_and(|index| !index.contains('/'))
    {
        let rule = document.pointer_mut(pointer)?;
        let name = format!("\u{0}{pointer}");
        *rule = json!({ "name": name, "when": {}, "route": "review", "because": "" });
        return Some(pointer.to_owned());
    }
    let mut at = pointer;
    loop {
        let (parent, step) = at.rsplit_once('/')?;
        if let Some(Value::Object(fields)) = document.pointer_mut(parent) {
            let name = step.replace("~1", "/").replace("~0", "~");
            return fields.remove(&name).map(|_| at.to_owned());
        }
        at = parent;
    }
}
