// `npm run policy -- pull|diff|test|push FILE`: the policy as a file that a team keeps with its code.
// Must not judge a document: the service and `countersign lint` do.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { Stop, ask, asTyped, at, main, options, run } from "./run.mjs";
import { LOCAL_URL, call, credentials, expect, explained } from "./service.mjs";

const USAGE = `npm run policy -- pull|diff|test|push FILE [--url URL] [--key csp_…] [--reason TEXT] [--days N]
  pull: writes the active policy to FILE          diff: what FILE changes, by line
  test: lints FILE and runs its named cases here, checks it there, and says what it would have done with recent drafts
  push: makes FILE the active policy, with --reason, unless another version came in between
  the key is one for policy, which a lead makes under Settings, by --key or in COUNTERSIGN_POLICY_KEY`;

await main(async () => {
  const asked = options(process.argv.slice(2), { values: ["url", "key", "reason", "days"], usage: USAGE });
  const [verb, path, ...rest] = asked._;
  const verbs = { pull, diff, test, push };
  if (!Object.hasOwn(verbs, verb) || !path || rest.length > 0) throw new Stop(USAGE);
  const url = asked.url ?? process.env.COUNTERSIGN_URL ?? credentials().url ?? LOCAL_URL;
  const key = asked.key ?? process.env.COUNTERSIGN_POLICY_KEY ?? null;
  const file = asTyped(path);
  return verbs[verb]({ file, url, headers: key && { authorization: `Bearer ${key}` }, asked });
});

/** The active version; its document, number and ETag. */
async function active({ url, headers }) {
  if (!headers) throw new Stop(`no key for policy: --key, or COUNTERSIGN_POLICY_KEY.\n${USAGE}`);
  const { body, etag } = await expect(url, "/v1/policy", { headers });
  return { ...body, etag };
}

function written(document) {
  return `${JSON.stringify(document, null, 2)}\n`;
}

function read(file) {
  if (!existsSync(file)) throw new Stop(`${file} is not there: npm run policy -- pull ${file} writes it.`);
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new Stop(`${file} is not JSON: ${error.message}`);
  }
}

async function pull(context) {
  const { document, version } = await active(context);
  writeFileSync(context.file, written(document));
  console.log(`${context.file}: version ${version}`);
}

/** Exit code 1 when something differs, as diff programs do. */
async function diff(context) {
  const { document, version } = await active(context);
  const theirs = written(document).split("\n");
  const ours = written(ordered(read(context.file), document)).split("\n");
  const lines = changes(theirs, ours);
  if (lines.length === 0) {
    console.log(`${context.file} is version ${version}, which is active.`);
    return 0;
  }
  console.log([`--- version ${version}`, `+++ ${context.file}`, ...lines].join("\n"));
  return 1;
}

async function test(context) {
  const document = read(context.file);
  if (ask("cargo", ["--version"]) !== null) {
    const manifest = ["--manifest-path", at("Cargo.toml")];
    const lint = ["run", "--quiet", "--locked", ...manifest, "--package", "countersign", "--", "lint", context.file];
    await run("cargo", lint, { advice: "Each line above names a fault of the policy." });
    const cases = ["run", "--quiet", "--locked", ...manifest, "--package", "countersign", "--", "test", context.file];
    await run("cargo", cases, { advice: "Each BROKEN line above names a case and the route that it would get." });
  }
  if (!context.headers) {
    console.log("Without a key for policy it was not tried on the service.");
    return;
  }
  const { etag } = await active(context);
  const { widens = [], needs_second_lead: second } = await offer(context, etag, { document, reason: "a test", dry_run: true });
  for (const { pointer, text } of widens) console.log(`  ${pointer}: ${text}`);
  if (second) console.log("A second lead must confirm it.");
  const body = { document, days: Number(context.asked.days ?? 30) };
  const found = await expect(context.url, "/v1/policy:backtest", { method: "POST", headers: context.headers, body });
  console.log(found.body.sentence);
  for (const { id, category, label } of found.body.examples) console.log(`  ${label}  ${category}  ${id}`);
}

async function push(context) {
  const { reason } = context.asked;
  if (!reason?.trim()) throw new Stop(`why does it change? --reason TEXT.\n${USAGE}`);
  const document = read(context.file);
  const before = await active(context);
  const { version } = await offer(context, before.etag, { document, reason });
  if (version === undefined) {
    console.log("it lets more out than the active version, and waits for a second lead: PUT /v1/policy/waiting.");
    return;
  }
  console.log(version === before.version ? `version ${version} is active already.` : `version ${version} is active.`);
}

/** Puts a document over the version that was read; a refusal names every fault. */
async function offer({ url, headers }, etag, body) {
  const answer = await call(url, "/v1/policy", { method: "PUT", headers: { ...headers, "if-match": etag }, body });
  if (answer.status === 200 || answer.status === 202) return answer.body;
  const faults = (answer.body?.faults ?? []).map(({ pointer, detail }) => `  ${pointer}: ${detail}`);
  throw new Stop([`the service refused it: ${explained(answer.body)}`, ...faults].join("\n"));
}

/** The same value with its fields in the order of `like`, so that order alone is no difference. */
function ordered(value, like) {
  if (Array.isArray(value)) return value.map((item, index) => ordered(item, Array.isArray(like) ? like[index] : null));
  if (value === null || typeof value !== "object") return value;
  const known = like !== null && typeof like === "object" && !Array.isArray(like) ? like : {};
  const names = [...Object.keys(known).filter((name) => Object.hasOwn(value, name)), ...Object.keys(value)];
  return Object.fromEntries([...new Set(names)].map((name) => [name, ordered(value[name], known[name])]));
}

/** Lines that went (`-`) and came (`+`), with two that stayed around them: a longest common subsequence. */
function changes(before, after) {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  const room = Math.min(before.length, after.length) - start;
  while (end < room && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const [a, b] = [before.slice(start, before.length - end), after.slice(start, after.length - end)];
  // lengths[i][j]: of the longest common subsequence of a from i and b from j.
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i][j] = a[i] === b[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  const all = before.slice(0, start).map((line) => ` ${line}`);
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    if (i < a.length && j < b.length && a[i] === b[j]) all.push(` ${a[i++]}`), (j += 1);
    else if (j >= b.length || (i < a.length && lengths[i + 1][j] >= lengths[i][j + 1])) all.push(`-${a[i++]}`);
    else all.push(`+${b[j++]}`);
  }
  all.push(...before.slice(before.length - end).map((line) => ` ${line}`));
  const near = (index) => all.slice(Math.max(0, index - 2), index + 3).some((line) => !line.startsWith(" "));
  return all.filter((_, index) => near(index));
}
