// Runs test files beside each other, and those that failed once more, one by one: on a busy machine a
// test may wait for a browser in vain, and what fails by itself, too, is broken. Must not choose them:
// `test.mjs` does.
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";

/** Longer than any test takes on a loaded machine: one that waits for ever fails, and says which it is. */
const TEST_MS_MAX = 400_000;
/** So many with a browser and so many without beside each other: all of them wait much of their time, on two cores. */
const [BROWSERS, OTHERS] = availableParallelism() > 1 ? [3, 2] : [1, 1];
const drivesBrowser = (file) => readFileSync(file, "utf8").includes('from "./browser.mjs"');

/** What takes longest is begun first: begun last, it would end long after all others. */
const LONGEST = [
  ...["views", "beside", "shift", "late", "lead", "page", "shown"],
  ...["growth", "crash", "earned", "deploy", "afterwards", "webhooks", "fuzz", "faults", "start", "copies", "frameworks", "boundary", "training"],
];

/** Runs files in their order, so many at once; those in which something failed. */
async function failedOf(files, concurrency) {
  const failed = new Set();
  const events = run({ files, concurrency, execArgv: [`--test-timeout=${TEST_MS_MAX}`] });
  events.on("test:fail", ({ file }) => failed.add(file));
  for await (const line of events.compose(new spec())) process.stdout.write(line);
  return [...failed];
}

const names = (files) => files.map((file) => basename(file)).join(", ");

const given = process.argv.slice(2);
const first = LONGEST.flatMap((name) => given.filter((file) => basename(file) === `${name}.test.mjs`));
const files = [...new Set([...first, ...given])];
const kinds = [
  [files.filter(drivesBrowser), BROWSERS],
  [files.filter((file) => !drivesBrowser(file)), OTHERS],
].filter(([kind]) => kind.length > 0);
const failed = (await Promise.all(kinds.map(([kind, atOnce]) => failedOf(kind, atOnce)))).flat();
if (failed.length > 0) {
  console.log(`once more, one by one: ${names(failed)}`);
  const broken = await failedOf(failed, 1);
  if (broken.length === 0) console.log(`UNSTEADY: these failed beside others and passed alone: ${names(failed)}`);
  process.exitCode = broken.length === 0 ? 0 : 1;
}
