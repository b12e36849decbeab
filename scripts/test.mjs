// `npm test [-- WORD …]`: installs what is missing, builds, and runs every test: Rust's by cargo,
// the rest by Node's own runner against the built Worker and a real browser. A WORD limits it to
// the test files of tests/ whose names contain it. Must not hold a test itself.
import { readdirSync } from "node:fs";
import { build } from "./build.mjs";
import { Stop, at, main, npmBin, run, say } from "./run.mjs";
import { buildTools, chromium } from "./tools.mjs";
import { weights } from "./weights.mjs";

const words = process.argv.slice(2);
/** Laws are tried on the same random cases everywhere, so that what fails is the change; `cargo test` draws new ones. */
const CASES = { PROPTEST_RNG_SEED: process.env.PROPTEST_RNG_SEED ?? "8" };

/** Every step, in order; `always` steps run with a WORD too. */
const STEPS = [
  { name: "tools", always: true, perform: buildTools },
  { name: "a browser", always: true, perform: async () => (process.env.CHROMIUM_BIN = await chromium()) },
  { name: "the sentence embedder", always: true, perform: weights },
  { name: "the page", always: true, perform: () => build("page") },
  { name: "the Worker", always: true, perform: () => build("worker", "development") },
  { name: "Rust tests", perform: () => run("cargo", ["test", "--locked", "--workspace"], { env: CASES }) },
  { name: "end-to-end tests", always: true, perform: endToEnd },
];

await main(async () => {
  const steps = STEPS.filter(({ always }) => always || words.length === 0);
  const started = Date.now();
  for (const [index, { name, perform }] of steps.entries()) {
    say(`[${index + 1}/${steps.length}] ${name}`);
    await perform();
  }
  say(`all tests passed (${((Date.now() - started) / 1000).toFixed(0)} s)`);
});

async function endToEnd() {
  const all = readdirSync(at("tests")).filter((name) => name.endsWith(".test.mjs"));
  const chosen = all.filter((name) => words.length === 0 || words.some((word) => name.includes(word)));
  if (chosen.length === 0) throw new Stop(`no test file in tests/ matches ${words.join(" ") || "*.test.mjs"}.`);
  await run(npmBin("node"), [at("scripts/suite.mjs"), ...chosen.map((name) => at("tests", name))], { advice: "Tests fail, above." });
}
