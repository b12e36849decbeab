// Builds the sentence embedder's Wasm module, build/embed/embed.wasm, with SIMD. Must not fetch
// weights: weights.mjs does.
import { copyFileSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { at, run } from "./run.mjs";

const TARGET = "wasm32-unknown-unknown";
/** The module; the Worker imports it beside its own. */
export const EMBEDDER = at("build", "embed", "embed.wasm");

/** Builds the module; cargo does nothing where nothing changed. */
export async function embedder() {
  // A folder of its own: other flags in the shared one would rebuild the Worker's crates each time.
  const folder = join(process.env.CARGO_TARGET_DIR ?? at("target"), "embed");
  const args = ["build", "--locked", "--release", "--quiet", "--package", "countersign-embed", "--lib"];
  await run("cargo", [...args, "--features", "module", "--target", TARGET, "--target-dir", folder], {
    env: { RUSTFLAGS: "-Ctarget-feature=+simd128" },
    advice: "The compiler's first error above says where.",
  });
  mkdirSync(at("build", "embed"), { recursive: true });
  // At once: another build may be reading it.
  const part = `${EMBEDDER}.${process.pid}`;
  copyFileSync(join(folder, TARGET, "release", "countersign_embed.wasm"), part);
  renameSync(part, EMBEDDER);
  return EMBEDDER;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await embedder();
