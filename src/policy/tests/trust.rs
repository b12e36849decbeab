//! Trust against published figures (skipped by name where the data folder is absent) and against
//! `cases/trust.json`, which every platform must answer with the same bits.
//!
//! `COUNTERSIGN_BLESS=1` writes the outputs of the cases anew.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    reason = "published figures, and small numbers of cases"
)]

#[path = "golden/trust.rs"]
mod answers;

use countersign_policy::binomial::{
    Z_TWO_SIDED_95, at_least, clopper_pearson_lower, clopper_pearson_upper, ln_choose, wilson,
};
use countersign_policy::calibrate::labels_to_certify;
use countersign_policy::trust::ready::ln_mixture;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Rows of a published CSV as numbers; `None`, and a word about it, where it is absent.
fn published(name: &str) -> Option<Vec<Vec<f64>>> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = std::env::var_os("COUNTERSIGN_DATA").map_or_else(beside, PathBuf::from);
    let path = folder.join("statistics").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {name} is not there");
        return None;
    };
    let number = |field: &str| field.parse().unwrap_or(f64::NAN);
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(number).collect())
        .collect();
    assert!(!rows.is_empty());
    Some(rows)
}

fn near(got: f64, expected: f64, tolerance: f64, what: &[f64]) {
    assert!(
        (got - expected).abs() <= tolerance,
        "{got} is not {expected}: {what:?}"
    );
}

#[test]
fn published_binomial_intervals() {
    for row in published("binomial_interval_vectors.csv")
        .into_iter()
        .flatten()
    {
        let (n, k) = (row[0] as u32, row[1] as u32);
        let interval = wilson(u64::from(n), u64::from(k), Z_TWO_SIDED_95);
        near(interval.lower, row[2], 1e-9, &row);
        near(interval.upper, row[3], 1e-9, &row);
        near(
            wilson(u64::from(n), u64::from(k), 1.644_853_626_951_472_2).lower,
            row[4],
            1e-9,
            &row,
        );
        near(clopper_pearson_lower(n, k, 0.025), row[5], 1e-9, &row);
        near(clopper_pearson_upper(n, k, 0.025), row[6], 1e-9, &row);
        near(clopper_pearson_lower(n, k, 0.05), row[7], 1e-9, &row);
    }
}

#[test]
fn published_sample_sizes() {
    for row in published("promotion_sample_sizes.csv")
        .into_iter()
        .flatten()
    {
        let labels = labels_to_certify(row[2] as u32, 1.0 - row[0], 1.0 - row[1]);
        assert_eq!(f64::from(labels), row[3], "{row:?}");
    }
}

#[test]
fn published_e_process() {
    for row in published("eprocess_uniform_prior_vectors.csv")
        .into_iter()
        .flatten()
    {
        let (n, good) = (row[0] as u32, row[1] as u32);
        near(
            ln_mixture(row[2], (good, n - good), (0, 0)),
            row[3],
            1e-7,
            &row,
        );
    }
}

#[test]
fn published_naive_rule() {
    for row in published("naive_window_rule_oc_curve.csv")
        .into_iter()
        .flatten()
    {
        let n = row[0] as u32;
        near(at_least(n, n * 19 / 20 + 1, row[1]), row[2], 1e-8, &row);
    }
}

#[test]
fn published_csm_levels() {
    for row in published("csm_vectors.csv").into_iter().flatten() {
        let (n, k) = (row[0], row[1]);
        let chosen = ln_choose(n as u32, k as u32) + k * libm::log(row[2]);
        let level = chosen + (n - k) * libm::log1p(-row[2]) + libm::log(n + 1.0);
        // The published levels bound the binomial coefficient from above (Robbins 1955).
        assert!(
            (-1e-9..2e-3).contains(&(row[5] - level)),
            "{level}: {row:?}"
        );
    }
}

#[test]
fn golden_cases() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/trust.json");
    let mut cases: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let bless = std::env::var_os("COUNTERSIGN_BLESS").is_some();
    for case in &mut cases {
        let got = answers::answer(case["call"].as_str().unwrap(), &case["input"]).unwrap();
        if bless {
            case["output"] = got;
        } else {
            // As text: the same bits, not nearly the same number.
            assert_eq!(
                got.to_string(),
                case["output"].to_string(),
                "{}",
                case["name"]
            );
        }
    }
    assert!(cases.len() > 10);
    if bless {
        std::fs::write(&path, serde_json::to_string_pretty(&cases).unwrap() + "\n").unwrap();
    }
}
