//! Measures. `npm run bench -- NAME [--data FILE] [--json]` runs one of the files beside this one;
//! a bench touches only public surfaces and must not hold a rule of its own.

mod backtest;
mod calibration;
mod edits;
mod embed;
mod flywheel;
mod gather_words;
mod labelled;
mod novelty;
mod options;
mod promotion;
mod random;
mod retrieval;
mod signals;
mod thresholds;
mod train_edits;
mod train_signals;
mod verify;
mod weigh_grams;
mod weigh_runs;

use options::Options;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next() else {
        eprintln!("usage: npm run bench -- NAME [--data FILE] [--json]");
        return ExitCode::from(2);
    };
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("bench {name}: {message}");
            return ExitCode::from(2);
        }
    };
    let outcome = match name.as_str() {
        "backtest" => backtest::run(&options),
        "calibration" => calibration::run(&options),
        "edits" => edits::run(&options),
        "promotion" => promotion::run(&options),
        "signals" => signals::run(&options),
        "gather-words" => gather_words::run(&options),
        "embed" => embed::run(&options),
        "flywheel" => flywheel::run(&options),
        "novelty" => novelty::run(&options),
        "retrieval" => retrieval::run(&options),
        "verify" => verify::run(&options),
        "train-edits" => train_edits::run(&options),
        "train-signals" => train_signals::run(&options),
        _ => Err(format!(
            "there is no native bench called `{name}`; {options:?}"
        )),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("bench {name}: {message}");
            ExitCode::FAILURE
        }
    }
}
