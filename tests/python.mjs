// Python libraries that tests are held to, each set in a folder of the tools. Nothing may need them:
// without Python, pip or a network the tests that use them say so and are left out.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ask } from "../scripts/run.mjs";
import { FOLDER, pythonWithPip } from "../scripts/weights.mjs";

/** What was answered for each folder: what can't be installed isn't tried again. */
const answered = new Map();

/** The Python that has `packages` in these versions, and where they are; else what is `missing`. */
export function pythonWith(folder, packages) {
  if (!answered.has(folder)) answered.set(folder, installed(join(FOLDER, "..", folder), packages));
  return answered.get(folder);
}

function installed(libraries, packages) {
  const name = pythonWithPip();
  if (!name) return { missing: "there is no Python with pip" };
  const record = (requirement) => `${requirement.replaceAll("-", "_").replace("==", "-")}.dist-info`;
  if (packages.every((requirement) => existsSync(join(libraries, record(requirement))))) return { name, libraries };
  rmSync(libraries, { recursive: true, force: true });
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", libraries];
  return ask(name, [...pip, ...packages]) === null ? { missing: `pip could not install ${packages.join(", ")}` } : { name, libraries };
}
