//! The guardrails as one Rego rule with an `else` for each next one, which stops at the first that
//! holds. Timed: setting a prepared input (a shared pointer) and evaluating that rule, by the
//! interpreter (`Engine::eval_rule`) and by the compiled program (`RegoVM::execute`). A compiled
//! rule has at most 255 registers, so there the guardrails are a few chains, each an entry point, asked
//! in order until one says something. A loop (`some … in`) that finds nothing ends a compiled chain
//! instead of going on with its `else`, so there a list of phrases or tags is a rule of its own.

use crate::terms::{Term, listed, quoted, terms};
use countersign_policy::compiled::Compiled;
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::RegoVM;
use regorus::{CompiledPolicy, Engine, Value};

const ENTRY: &str = "data.countersign.first";

/// The interpreter and the machine, both loaded.
pub struct Rego {
    engine: Engine,
    machine: RegoVM,
}

impl Rego {
    /// Compiles the module for both.
    pub fn new(policy: &Compiled) -> Self {
        let (engine, _) = loaded(&module(policy), ENTRY);
        let mut sizes = [50, 25, 10, 5].into_iter();
        let program = sizes.find_map(|size| {
            let (source, entries) = chains(policy, size);
            let (_, compiled) = loaded(&source, &entries[0]);
            let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
            Compiler::compile_from_policy(&compiled, &entries).ok()
        });
        let mut machine = RegoVM::new();
        machine.load_program(program.expect("a program"));
        Self { engine, machine }
    }

    /// An input, ready to be set.
    pub fn input(facts: &serde_json::Value) -> Value {
        Value::from_json_str(&facts.to_string()).expect("an input")
    }

    /// The first guardrail that holds, by the interpreter.
    pub fn first_interpreted(&mut self, input: &Value) -> Option<usize> {
        self.engine.set_input(input.clone());
        number(&self.engine.eval_rule(ENTRY.into()).expect("a value"))
    }

    /// The first guardrail that holds, by the compiled program.
    pub fn first_compiled(&mut self, input: &Value) -> Option<usize> {
        self.machine.set_input(input.clone());
        let mut entries = 0..self.machine.get_entry_point_count();
        entries.find_map(|entry| number(&self.machine.execute_entry_point_by_index(entry).ok()?))
    }
}

fn number(value: &Value) -> Option<usize> {
    usize::try_from(value.as_i64().ok()?).ok()
}

/// What is being written.
#[derive(Default)]
struct Module {
    helpers: String,
    names: u32,
    /// Whether a condition may be a loop.
    loops: bool,
}

fn loaded(source: &str, entry: &str) -> (Engine, CompiledPolicy) {
    let mut engine = Engine::new();
    let named = engine.add_policy("countersign.rego".into(), source.to_owned());
    named.unwrap_or_else(|e| panic!("{source}\n{e}"));
    let entry = entry.into();
    let compiled = engine.compile_with_entrypoint(&entry).expect("a policy");
    (engine, compiled)
}

/// One chain.
fn module(policy: &Compiled) -> String {
    let mut module = Module {
        loops: true,
        ..Module::default()
    };
    let mut rule = String::from("default first := -1\n\nfirst");
    for (index, guardrail) in policy.policy().guardrails.iter().enumerate() {
        let body = module.body(&terms(&guardrail.when));
        rule.push_str(&format!("{} := {index} if {{\n{body}}}", or_else(index)));
    }
    module.finish(&rule)
}

/// Chains of `size` guardrails, and the names of their rules.
fn chains(policy: &Compiled, size: usize) -> (String, Vec<String>) {
    let mut module = Module::default();
    let mut rules = String::new();
    let mut entries = Vec::new();
    for (chain, guardrails) in policy.policy().guardrails.chunks(size).enumerate() {
        entries.push(format!("data.countersign.chain_{chain}"));
        rules.push_str(&format!("chain_{chain}"));
        for (at, guardrail) in guardrails.iter().enumerate() {
            let body = module.body(&terms(&guardrail.when));
            let index = chain * size + at;
            rules.push_str(&format!("{} := {index} if {{\n{body}}}", or_else(at)));
        }
        rules.push_str("\n\n");
    }
    (module.finish(&rules), entries)
}

fn or_else(at: usize) -> &'static str {
    if at == 0 { "" } else { " else" }
}

impl Module {
    fn finish(&self, rules: &str) -> String {
        format!(
            "package countersign\n\nimport rego.v1\n\n{rules}\n\n{}",
            self.helpers
        )
    }

    fn body(&mut self, list: &[Term]) -> String {
        let lines: Vec<String> = list.iter().map(|term| self.line(term)).collect();
        lines.iter().map(|line| format!("\t{line}\n")).collect()
    }

    fn name(&mut self, stem: &str) -> String {
        self.names += 1;
        format!("{stem}_{}", self.names)
    }

    /// A rule that holds when one of the bodies does.
    fn helper(&mut self, bodies: &[String]) -> String {
        let name = self.name("helper");
        for body in bodies {
            self.helpers
                .push_str(&format!("{name} if {{\n{body}}}\n\n"));
        }
        name
    }

    /// A line that holds for one of the texts.
    fn some(&mut self, list: &[String], write: impl Fn(&str) -> String) -> String {
        match list {
            [one] => write(&quoted(one)),
            _ if self.loops => {
                let one = self.name("one");
                format!("some {one} in [{}]; {}", listed(list), write(&one))
            }
            _ => {
                let bodies = list
                    .iter()
                    .map(|one| format!("\t{}\n", write(&quoted(one))));
                self.helper(&bodies.collect::<Vec<_>>())
            }
        }
    }

    fn line(&mut self, term: &Term) -> String {
        match term {
            Term::OneOf(field, list) => match &list[..] {
                [one] => format!("input.{field} == {}", quoted(one)),
                _ => format!("input.{field} in {{{}}}", listed(list)),
            },
            Term::AnyOf(field, list) => self.some(list, |one| format!("{one} in input.{field}")),
            Term::Category(list) => match &list[..] {
                [one] if !one.ends_with(".*") => format!("input.category == {}", quoted(one)),
                _ => {
                    let bodies = list
                        .iter()
                        .flat_map(|pattern| match pattern.strip_suffix(".*") {
                            Some(family) => vec![
                                format!(
                                    "\tstartswith(input.category, {:?})\n",
                                    format!("{family}.")
                                ),
                                format!("\tinput.category == {family:?}\n"),
                            ],
                            None => vec![format!("\tinput.category == {}\n", quoted(pattern))],
                        });
                    self.helper(&bodies.collect::<Vec<_>>())
                }
            },
            Term::Below(field, bound) => format!("input.{field} < {bound}"),
            Term::AtLeast(field, bound) => format!("input.{field} >= {bound}"),
            Term::AmountOver(minor, currency) => {
                let known = "\tinput.amount_currency != \"\"\n";
                let bodies = [
                    "\tinput.action != \"\"\n\tnot input.amount_known\n".to_owned(),
                    format!("{known}\tinput.amount_currency != {currency:?}\n"),
                    format!("{known}\tinput.amount_minor > {minor}\n"),
                ];
                self.helper(&bodies)
            }
            Term::AmountAtMost(minor, currency) => format!(
                "input.amount_known; input.amount_currency == {currency:?}; input.amount_minor <= {minor}"
            ),
            Term::Phrases(list) => {
                self.some(list, |phrase| format!("contains(input.text, {phrase})"))
            }
            Term::LocalTime(spans) => {
                let bodies = spans.iter().map(|span| {
                    format!(
                        "\tinput.weekday >= {}\n\tinput.weekday <= {}\n\tinput.minute >= {}\n\tinput.minute < {}\n",
                        span.from_day, span.to_day, span.from_minute, span.to_minute
                    )
                });
                self.helper(&bodies.collect::<Vec<_>>())
            }
            Term::Any(lists) => {
                let bodies: Vec<String> = lists.iter().map(|list| self.body(list)).collect();
                self.helper(&bodies)
            }
            Term::Not(list) => {
                let body = self.body(list);
                format!("not {}", self.helper(&[body]))
            }
        }
    }
}
