// The npm libraries that benches compare with: none of the product's, so they are installed when a
// bench needs them, as package-lock.json beside this file locks them. Must not measure.
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { npmPackages } from "../../scripts/packages.mjs";

/** Installs the peers where that has not been done; answers what loads one of them by its name. */
export async function peers() {
  await npmPackages(dirname(fileURLToPath(import.meta.url)));
  return createRequire(import.meta.url);
}
