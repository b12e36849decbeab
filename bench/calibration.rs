//! Does a learnt threshold keep its promise, and how much does it release? Splits each cell (a
//! model on a question set) into halves at random, learns on one, and looks at the whole cell;
//! beside it the oracle threshold, which knew the answers. It must not hold a rule of its own.
//!
//! `--data FILE` (CSV with `llm,qset,…,stated_confidence,…,correct`), `--alpha A` and `--delta D`
//! (0.10), `--splits N` (500), `--seed N`.

use crate::edits::data_folder;
use crate::options::Options;
use crate::random::Random;
use countersign_policy::calibrate::reliability::{Isotonic, calibration_error};
use countersign_policy::calibrate::{Scores, Source, learn};
use countersign_policy::ratio::Ratio;
use countersign_policy::trust::Label;
use countersign_policy::trust::ready::{RATE_REQUIRED, Record, ready};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Drafts a day when a cell is replayed as a category, and how often it is replayed.
const PER_DAY: usize = 10;
const REPLAYS: u32 = 20;

/// One answer: stated confidence and whether it was right.
type Answer = (f64, bool);
/// Answers by model and question set.
type Cells = BTreeMap<(String, String), Vec<Answer>>;

#[derive(Serialize)]
struct Figures {
    cells: Vec<Cell>,
    worst_violations: f64,
    mean_coverage: f64,
    mean_oracle_coverage: f64,
}

#[derive(Serialize)]
struct Cell {
    llm: String,
    qset: String,
    violations: f64,
    coverage: f64,
    oracle_coverage: f64,
    #[serde(skip)]
    more: More,
}

/// What is printed and not part of the line of figures.
struct More {
    error: f64,
    drawn_violations: f64,
    stated: f64,
    refitted: f64,
    nothing: f64,
    ready: f64,
}

/// Runs the bench.
pub fn run(options: &Options) -> Result<(), String> {
    let (alpha, delta) = (
        options.number("alpha", 0.10_f64)?,
        options.number("delta", 0.10_f64)?,
    );
    let splits = options.number("splits", 500_u32)?.max(1);
    let mut random = Random::new(options.number("seed", 1_u64)?);
    let budget = Ratio::from_f64(alpha).ok_or("`--alpha` is not between 0 and 1")?;
    let files = if options.data.is_empty() {
        vec![default_file()]
    } else {
        options.data.clone()
    };
    let mut cells = Cells::new();
    for file in files {
        if options.data.is_empty() && !file.exists() {
            println!("{}: not there, skipped", file.display());
            return Ok(());
        }
        read(&file, &mut cells)?;
    }
    let cells: Vec<Cell> = cells
        .into_iter()
        .map(|((llm, qset), answers)| {
            measure(llm, qset, &answers, budget, delta, splits, &mut random)
        })
        .collect();
    let figures = Figures {
        worst_violations: cells.iter().map(|cell| cell.violations).fold(0.0, f64::max),
        mean_coverage: mean(&cells, |cell| cell.coverage),
        mean_oracle_coverage: mean(&cells, |cell| cell.oracle_coverage),
        cells,
    };
    print(&figures, alpha, delta);
    if options.json {
        println!(
            "{}",
            serde_json::to_string(&figures).map_err(|error| error.to_string())?
        );
    }
    Ok(())
}

fn default_file() -> PathBuf {
    data_folder().join("confidence").join("llm_confidence.csv")
}

/// Reads a file without quoted fields; answers without a stated confidence are left out.
fn read(path: &Path, cells: &mut Cells) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let column = |name: &str| {
        let place = header.iter().position(|title| title.trim() == name);
        place.ok_or(format!("{}: no column `{name}`", path.display()))
    };
    let (llm, qset) = (column("llm")?, column("qset")?);
    let (stated, correct) = (column("stated_confidence")?, column("correct")?);
    for line in lines {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let field = |place: usize| fields.get(place).copied().unwrap_or_default();
        let Ok(confidence) = field(stated).parse::<f64>() else {
            continue;
        };
        let right = match field(correct).to_ascii_lowercase().as_str() {
            "true" | "1" | "1.0" => true,
            "false" | "0" | "0.0" => false,
            _ => continue,
        };
        if (0.0..=1.0).contains(&confidence) {
            let key = (field(llm).to_owned(), field(qset).to_owned());
            cells.entry(key).or_default().push((confidence, right));
        }
    }
    Ok(())
}

fn measure(
    llm: String,
    qset: String,
    answers: &[Answer],
    budget: Ratio,
    delta: f64,
    splits: u32,
    random: &mut Random,
) -> Cell {
    let whole = scores(answers);
    let mut shuffled = answers.to_vec();
    let half = answers.len() / 2;
    let (mut violations, mut drawn_violations, mut covered, mut nothing) = (0, 0, 0.0, 0);
    let (mut stated, mut refitted) = (0.0, 0.0);
    let fixed = Ratio::ONE;
    for _ in 0..splits {
        random.shuffle(&mut shuffled);
        let (learnt_on, rest) = shuffled.split_at(half);
        let (share, broken) = outcome(&scores(learnt_on), &whole, budget, delta, fixed);
        covered += share;
        violations += u32::from(broken);
        nothing += u32::from(share == 0.0);
        // Labels drawn one by one from the cell: what the guarantee is about.
        let drawn: Vec<Answer> = (0..half).filter_map(|_| pick(answers, random)).collect();
        drawn_violations += u32::from(outcome(&scores(&drawn), &whole, budget, delta, fixed).1);
        let fitted = Isotonic::fit(learnt_on);
        let said: Vec<Answer> = rest
            .iter()
            .map(|(confidence, right)| (fitted.apply(*confidence), *right))
            .collect();
        stated += calibration_error(rest);
        refitted += calibration_error(&said);
    }
    let per_split = |sum: f64| sum / f64::from(splits);
    let total = whole.total();
    Cell {
        llm,
        qset,
        violations: per_split(f64::from(violations)),
        coverage: per_split(covered),
        oracle_coverage: oracle(&whole, budget),
        more: More {
            error: f64::from(total.failed) / f64::from(total.drafts.max(1)),
            drawn_violations: per_split(f64::from(drawn_violations)),
            stated: per_split(stated),
            refitted: per_split(refitted),
            nothing: per_split(f64::from(nothing)),
            ready: promoted(answers, random),
        },
    }
}

/// The share of the whole that the learnt threshold releases, and whether its error is above the
/// budget there. The policy's fixed number is no learnt threshold: nothing is released by it here.
fn outcome(
    labels: &Scores,
    whole: &Scores,
    budget: Ratio,
    delta: f64,
    fixed: Ratio,
) -> (f64, bool) {
    let learnt = learn(labels, budget, delta, fixed);
    let (Some(from), Source::Learnt) = (learnt.from, learnt.source) else {
        return (0.0, false);
    };
    let released = whole.from(from.ppm() / 10_000);
    let share = f64::from(released.drafts) / f64::from(whole.total().drafts.max(1));
    let broken = f64::from(released.failed) > budget.to_f64() * f64::from(released.drafts);
    (share, broken)
}

/// The largest share that any threshold releases with an error within the budget.
fn oracle(whole: &Scores, budget: Ratio) -> f64 {
    let total = f64::from(whole.total().drafts.max(1));
    let kept = whole
        .rows()
        .map(|(hundredth, _)| whole.from(hundredth))
        .filter(|released| {
            f64::from(released.failed) <= budget.to_f64() * f64::from(released.drafts)
        });
    kept.map(|released| f64::from(released.drafts) / total)
        .fold(0.0, f64::max)
}

fn scores(answers: &[Answer]) -> Scores {
    let mut scores = Scores::default();
    for (confidence, right) in answers {
        scores.add(Ratio::from_f64(*confidence), *right);
    }
    scores
}

fn pick(answers: &[Answer], random: &mut Random) -> Option<Answer> {
    answers.get(random.below(answers.len())).copied()
}

/// The share of replays, in random order and looked at every day, in which the cell as a category
/// was ever ready.
fn promoted(answers: &[Answer], random: &mut Random) -> f64 {
    let mut shuffled = answers.to_vec();
    let mut times = 0;
    for _ in 0..REPLAYS {
        random.shuffle(&mut shuffled);
        let mut record = Record::default();
        let ever = shuffled
            .chunks(PER_DAY)
            .zip(20_458..)
            .any(|(answers, day)| {
                for (_, right) in answers {
                    record.add(if *right { Label::Clean } else { Label::Harmful }, day);
                }
                ready(&record)
            });
        times += u32::from(ever);
    }
    f64::from(times) / f64::from(REPLAYS)
}

fn mean(cells: &[Cell], of: impl Fn(&Cell) -> f64) -> f64 {
    cells.iter().map(of).sum::<f64>() / (cells.len().max(1)) as f64
}

fn print(figures: &Figures, alpha: f64, delta: f64) {
    println!(
        "released error at most {alpha} with probability {}:",
        1.0 - delta
    );
    println!(
        "{:<28} {:<14} {:>6} {:>7} {:>7} {:>7} {:>7} {:>8} {:>6} {:>6} {:>9}",
        "model",
        "questions",
        "error",
        "cover",
        "oracle",
        "nothing",
        "above",
        "above iid",
        "ece",
        "isot.",
        "promoted"
    );
    for cell in &figures.cells {
        let more = &cell.more;
        let should = if 1.0 - more.error > RATE_REQUIRED {
            "yes"
        } else {
            "no"
        };
        println!(
            "{:<28} {:<14} {:>6.3} {:>7.3} {:>7.3} {:>7.3} {:>7.3} {:>8.3} {:>6.3} {:>6.3} {:>5.2} {should}",
            cell.llm,
            cell.qset,
            more.error,
            cell.coverage,
            cell.oracle_coverage,
            more.nothing,
            cell.violations,
            more.drawn_violations,
            more.stated,
            more.refitted,
            more.ready
        );
    }
    let cells = &figures.cells;
    let drawn = cells
        .iter()
        .map(|cell| cell.more.drawn_violations)
        .fold(0.0, f64::max);
    println!(
        "worst share of splits above the budget     {:.4}",
        figures.worst_violations
    );
    println!("the same, labels drawn one by one          {drawn:.4}");
    let (coverage, oracle) = (figures.mean_coverage, figures.mean_oracle_coverage);
    println!(
        "mean coverage, of the oracle's             {coverage:.4} of {oracle:.4}: {:.4}",
        coverage / oracle
    );
    println!(
        "calibration error, stated and isotonic     {:.4} {:.4}",
        mean(cells, |cell| cell.more.stated),
        mean(cells, |cell| cell.more.refitted)
    );
    let false_ready = cells
        .iter()
        .filter(|cell| 1.0 - cell.more.error <= RATE_REQUIRED);
    let worst = false_ready.map(|cell| cell.more.ready).fold(0.0, f64::max);
    println!("worst share of replays wrongly promoted    {worst:.4}");
}
