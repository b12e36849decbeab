// The native program, built from this tree. Must not be used while a service runs: building blocks.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { ROOT, cargoTarget } from "../scripts/run.mjs";

/** Where `countersign` stands: as `npm test` built it, or built now. */
export function built() {
  if (process.env.COUNTERSIGN_BIN) return process.env.COUNTERSIGN_BIN;
  execFileSync("cargo", ["build", "--locked", "--quiet", "--package", "countersign"], { cwd: ROOT });
  return join(cargoTarget(), "debug", "countersign");
}
