// A Python with the libraries that read training data.
import { ask } from "../scripts/run.mjs";
import { pythonWith } from "./python.mjs";

/** The reader of records, and the types in which a fine-tuning service publishes its chat format. */
const PACKAGES = ["datasets==4.4.1", "openai==2.8.1", "pydantic==2.12.4"];

/** Runs a script with those libraries; null where it fails. */
export function python(script, ...args) {
  const found = libraries();
  const env = { PYTHONPATH: found.libraries, HF_HUB_OFFLINE: "1", HF_DATASETS_OFFLINE: "1" };
  return ask(found.name, ["-c", script, ...args], { env });
}

/** The Python that has them, installed once, or what is missing. */
export const libraries = () => pythonWith("training", PACKAGES);
