//! `countersign-convert MODEL.safetensors VOCAB.txt OUT.bin`: the published weights as our one
//! file. Run once at set-up by `scripts/weights.mjs`.

use countersign_embed::{Model, WEIGHTS_BYTES_MAX, Weights, assemble};
use safetensors::{Dtype, SafeTensors};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, vocabulary, out] = arguments.as_slice() else {
        complain("usage: countersign-convert MODEL.safetensors VOCAB.txt OUT.bin");
        return ExitCode::from(2);
    };
    match convert(model, vocabulary, out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            complain(&format!("countersign-convert: {message}"));
            ExitCode::FAILURE
        }
    }
}

fn convert(model: &str, vocabulary: &str, out: &str) -> Result<(), String> {
    let bytes = std::fs::read(model).map_err(|error| format!("`{model}`: {error}"))?;
    let vocabulary =
        std::fs::read_to_string(vocabulary).map_err(|error| format!("`{vocabulary}`: {error}"))?;
    let tensors =
        SafeTensors::deserialize(&bytes).map_err(|error| format!("`{model}`: {error}"))?;
    let file = assemble(&vocabulary, &|name| floats(&tensors, name))?;
    if file.len() > WEIGHTS_BYTES_MAX {
        return Err(format!(
            "{} bytes are more than {WEIGHTS_BYTES_MAX}",
            file.len()
        ));
    }
    let weights = Weights::parse(&file).map_err(|error| error.to_string())?;
    let trial = Model::new(weights).direction("where is my refund?", 32);
    if !trial.iter().all(|value| value.is_finite()) {
        return Err("the converted weights give no finite vector".to_owned());
    }
    std::fs::write(out, &file).map_err(|error| format!("`{out}`: {error}"))
}

/// A tensor's values; some files put `bert.` before every name.
fn floats(tensors: &SafeTensors<'_>, name: &str) -> Result<Vec<f32>, String> {
    let tensor = tensors
        .tensor(name)
        .or_else(|_| tensors.tensor(&format!("bert.{name}")))
        .map_err(|error| format!("`{name}`: {error}"))?;
    if tensor.dtype() != Dtype::F32 {
        return Err(format!("`{name}` is not stored as 32-bit floats"));
    }
    let (chunks, _) = tensor.data().as_chunks::<4>();
    Ok(chunks
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect())
}

#[expect(clippy::print_stderr, reason = "a command line says why it stops")]
fn complain(message: &str) {
    eprintln!("{message}");
}
