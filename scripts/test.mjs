// `npm test [-- WORD …]`: installs what is missing, builds, and runs every test: Rust's by cargo,
// the rest by Node's own runner against the built Worker and a real browser. A WORD limits it to
// the test files of tests/ whose names contain it. Must not hold a test itself.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { Stop, at, cargoTarget, main, npmBin, run, say, together } from "./run.mjs";
import { buildTools, chromium } from "./tools.mjs";
import { weights } from "./weights.mjs";

const words = process.argv.slice(2);
/** Laws are tried on the same random cases everywhere, so that what fails is the change; `cargo test` draws new ones. */
const CASES = { PROPTEST_RNG_SEED: process.env.PROPTEST_RNG_SEED ?? "8" };

/** Every step, in order. */
const STEPS = [
  { name: "tools", perform: buildTools },
  { name: "a browser", perform: async () => (process.env.CHROMIUM_BIN = await chromium()) },
  { name: "the sentence embedder", perform: weights },
  { name: words.length === 0 ? "the Worker, the page and Rust tests" : "the Worker and the page", perform: buildAndTest },
  { name: "end-to-end tests", perform: endToEnd },
];

await main(async () => {
  const started = Date.now();
  for (const [index, { name, perform }] of STEPS.entries()) {
    say(`[${index + 1}/${STEPS.length}] ${name}`);
    await perform();
  }
  say(`all tests passed (${((Date.now() - started) / 1000).toFixed(0)} s)`);
});

/** Two at a time: each compiler waits for one core much of its time. */
async function buildAndTest() {
  const rust = async () => {
    await build("page");
    if (words.length === 0) await rustTests();
  };
  await together(build("worker", "development"), rust());
}

/** Every test of the crates; what they print comes in one piece. */
async function rustTests() {
  say("Rust tests");
  process.stdout.write(await run("cargo", ["test", "--locked", "--workspace"], { env: CASES, quiet: true }));
  // For the tests that use it: built by itself it would compile the policy once more.
  await run("cargo", ["build", "--locked", "--quiet", "--workspace", "--tests", "--bin", "countersign"]);
  process.env.COUNTERSIGN_BIN = join(cargoTarget(), "debug", "countersign");
}

async function endToEnd() {
  const all = readdirSync(at("tests")).filter((name) => name.endsWith(".test.mjs"));
  const chosen = all.filter((name) => words.length === 0 || words.some((word) => name.includes(word)));
  if (chosen.length === 0) throw new Stop(`no test file in tests/ matches ${words.join(" ") || "*.test.mjs"}.`);
  await run(npmBin("node"), [at("scripts/suite.mjs"), ...chosen.map((name) => at("tests", name))], { advice: "Tests fail, above." });
}
