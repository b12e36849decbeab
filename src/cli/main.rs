//! `countersign decide|lint|test|backtest|verify`: the policy's answers from files, for CI and for the curious. It must
//! not hold a rule: every answer comes from the policy crate.

mod backtest;
mod decide;
mod lint;
mod test;
mod verify;

use std::io::Write;
use std::process::ExitCode;

const USAGE: &str = "\
countersign decide --policy FILE [--level 1|2|3] [DRAFTS.jsonl]   a decision a line, as JSON
countersign lint [--json] FILE                                    every fault of a policy, and what can be proved of it
countersign test FILE                                             the named cases of a policy
countersign backtest --policy FILE --drafts FILE.jsonl ...        what another policy would have done
countersign verify FILE.ndjson --checkpoint FILE ... [--key KEY]  whether an audit log is what was signed
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("", arguments.as_slice()),
    };
    let outcome = match name {
        "backtest" => backtest::run(rest).map(|text| (text, true)),
        "decide" => decide::run(rest).map(|text| (text, true)),
        "lint" => lint::run(rest),
        "test" => test::run(rest),
        "verify" => verify::run(rest),
        _ => Err(format!("usage:\n{USAGE}")),
    };
    match outcome {
        Ok((text, true)) => finish(&mut std::io::stdout(), &text, ExitCode::SUCCESS),
        Ok((text, false)) => finish(&mut std::io::stdout(), &text, ExitCode::FAILURE),
        Err(text) => finish(&mut std::io::stderr(), &text, ExitCode::FAILURE),
    }
}

/// A reader that went away (`| head`) is no failure of ours.
fn finish(stream: &mut impl Write, text: &str, code: ExitCode) -> ExitCode {
    let _ = writeln!(stream, "{}", text.trim_end());
    code
}
