// `npm run bench -- NAME [--data FILE] [--json]`: runs one bench, in Node (bench/NAME.mjs) or in
// Rust (bench/NAME.rs, by the crate countersign-bench). Must not measure anything itself.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { Stop, at, main, npmBin, run } from "../scripts/run.mjs";

await main(async () => {
  const [name, ...rest] = process.argv.slice(2);
  const inNode = readdirSync(at("bench")).filter((file) => file.endsWith(".mjs") && file !== "run.mjs");
  const inRust = [...readFileSync(at("bench/main.rs"), "utf8").matchAll(/^ +"([\w-]+)" => /gm)].map(([, one]) => one);
  const names = new Set([...inNode.map((file) => file.replace(".mjs", "")), ...inRust]);
  if (!names.has(name)) {
    throw new Stop(`npm run bench -- NAME [--data FILE] [--json]\n  here are: ${[...names].sort().join(", ")}`);
  }
  // Paths on the command line are the caller's, not the root's.
  const cwd = process.env.INIT_CWD ?? process.cwd();
  const native = ["run", "--locked", "--release", "--quiet", "--manifest-path", at("Cargo.toml"), "--package", "countersign-bench", "--"];
  if (existsSync(at("bench", `${name}.mjs`))) await run(npmBin("node"), [at("bench", `${name}.mjs`), ...rest], { cwd });
  else await run("cargo", [...native, name, ...rest], { cwd });
});
