// The native program, built from this tree. Must not be used while a service runs: building blocks.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const cargo = (...words) => execFileSync("cargo", [...words], { cwd: ROOT, encoding: "utf8" });

/** Where `countersign` stands. */
export function built() {
  cargo("build", "--locked", "--quiet", "--package", "countersign");
  const { target_directory } = JSON.parse(cargo("metadata", "--locked", "--no-deps", "--format-version", "1"));
  return join(target_directory, "debug", "countersign");
}
