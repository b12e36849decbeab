// `npm run bench -- NAME [--data FILE] [--json]`: runs one bench, in Node (bench/NAME.mjs) or in
// Rust (bench/NAME.rs, by the crate countersign-bench). Must not measure anything itself.
import { existsSync, readdirSync } from "node:fs";
import { Stop, at, main, npmBin, run } from "../scripts/run.mjs";

await main(async () => {
  const [name, ...rest] = process.argv.slice(2);
  const benches = readdirSync(at("bench")).filter((file) => /^[a-z0-9_-]+\.(mjs|rs)$/.test(file));
  const names = benches.map((file) => file.replace(/\.\w+$/, "")).filter((one) => !["run", "main", "options"].includes(one));
  if (!name || !/^[a-z0-9_-]+$/.test(name)) {
    throw new Stop(`npm run bench -- NAME [--data FILE] [--json]\n  here are: ${names.join(", ") || "none yet"}`);
  }
  // Paths on the command line are the caller's, not the root's.
  const cwd = process.env.INIT_CWD ?? process.cwd();
  const native = ["run", "--locked", "--release", "--quiet", "--manifest-path", at("Cargo.toml"), "--package", "countersign-bench", "--"];
  if (existsSync(at("bench", `${name}.mjs`))) await run(npmBin("node"), [at("bench", `${name}.mjs`), ...rest], { cwd });
  else await run("cargo", [...native, name, ...rest], { cwd });
});
