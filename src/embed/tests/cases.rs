//! Fixed texts: their word pieces, as the reference tokenizer splits them, and their vectors, the
//! same to the bit wherever they are computed. Skipped by name where the weights are absent.

use countersign_embed::{Model, TOKENS_MAX, Vector, Weights};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

#[derive(Serialize, Deserialize)]
struct Case {
    text: String,
    tokens: Vec<u16>,
    vector: String,
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/vectors.json")
}

fn weights() -> Option<Vec<u8>> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools");
    let tools = std::env::var_os("COUNTERSIGN_TOOLS").map_or_else(beside, PathBuf::from);
    std::fs::read(tools.join("minilm/minilm-int8.bin")).ok()
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn skipped() {
    eprintln!("skipped: no weights on this machine (node scripts/weights.mjs)");
}

fn hex(vector: &Vector) -> String {
    vector
        .to_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[test]
fn texts_have_their_known_word_pieces_and_vectors() {
    let mut cases: Vec<Case> =
        serde_json::from_str(&std::fs::read_to_string(file()).unwrap()).unwrap();
    let Some(bytes) = weights() else {
        return skipped();
    };
    let model = Model::new(Weights::parse(&bytes).unwrap());
    let update = std::env::var_os("UPDATE_CASES").is_some();
    for case in &mut cases {
        let tokens = model
            .weights()
            .vocabulary()
            .tokenise(&case.text, TOKENS_MAX);
        let vector = hex(&model.embed(&case.text, TOKENS_MAX));
        if update {
            (case.tokens, case.vector) = (tokens, vector);
        } else {
            assert_eq!(case.tokens, tokens, "{}", case.text);
            assert_eq!(case.vector, vector, "{}", case.text);
        }
    }
    if update {
        std::fs::write(file(), serde_json::to_string_pretty(&cases).unwrap() + "\n").unwrap();
    }
}

#[test]
fn foreign_and_cut_files_are_refused() {
    assert!(Weights::parse(b"").is_err());
    assert!(Weights::parse(b"CSMINI01").is_err());
    let Some(mut bytes) = weights() else {
        return skipped();
    };
    assert!(Weights::parse(bytes.get(..bytes.len() - 1).unwrap()).is_err());
    bytes.push(0);
    assert!(Weights::parse(&bytes).is_err());
}
