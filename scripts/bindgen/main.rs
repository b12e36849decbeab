//! `countersign-bindgen WASM web|nodejs|worker FOLDER NAME`: writes a crate's Wasm and the JavaScript that
//! calls it. For the Worker, with what it needs to begin anew after a panic. Must not compile or shrink anything.

use std::env::args;
use std::error::Error;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<(), Box<dyn Error>> {
    let given: Vec<String> = args().skip(1).collect();
    let [wasm, target, folder, name] = given.as_slice() else {
        return Err("countersign-bindgen WASM web|nodejs|worker FOLDER NAME".into());
    };
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(wasm)
        .out_name(name)
        .typescript(target == "web")
        .omit_default_module_path(false);
    match target.as_str() {
        "web" => bindgen.web(true)?,
        "nodejs" => bindgen.nodejs(true)?,
        "worker" => bindgen
            .module(true)?
            .reset_state_function(true)
            .force_enable_abort_handler(true),
        _ => return Err(format!("`{target}` is no target").into()),
    };
    Ok(bindgen.generate(folder)?)
}
