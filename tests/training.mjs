// A Python with the libraries that read training data, in a folder of the tools. It must not be
// needed: without Python, pip or a network the tests that use it say so and are left out.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ask } from "../scripts/run.mjs";
import { FOLDER, pythonWithPip } from "../scripts/weights.mjs";

/** The reader of records, and the types in which a fine-tuning service publishes its chat format. */
const PACKAGES = ["datasets==4.4.1", "openai==2.8.1", "pydantic==2.12.4"];
const LIBRARIES = join(FOLDER, "..", "training");

/** Runs a script with those libraries; null where they can't be had. */
export function python(script, ...args) {
  const name = libraries();
  return name && ask(name, ["-c", script, ...args], { env: { PYTHONPATH: LIBRARIES, HF_HUB_OFFLINE: "1", HF_DATASETS_OFFLINE: "1" } });
}

/** The Python that has them, installed once. */
export function libraries() {
  const name = pythonWithPip();
  if (!name) return null;
  if (existsSync(join(LIBRARIES, "datasets"))) return name;
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", LIBRARIES];
  return ask(name, [...pip, ...PACKAGES]) === null ? null : name;
}
