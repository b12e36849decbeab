// Python libraries that tests are held to, each set in a folder of the tools. Nothing may need them:
// without Python, pip or a network the tests that use them say so and are left out.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ask } from "../scripts/run.mjs";
import { FOLDER, pythonWithPip } from "../scripts/weights.mjs";

/** The Python that has `packages`, the first module of which is `module`, and where; installed once. */
export function pythonWith(folder, module, packages) {
  const name = pythonWithPip();
  if (!name) return null;
  const libraries = join(FOLDER, "..", folder);
  if (existsSync(join(libraries, module))) return { name, libraries };
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", libraries];
  return ask(name, [...pip, ...packages]) === null ? null : { name, libraries };
}
