// `npm run corrections -- import FILE --source NAME`: brings corrections of before into memory, in as many requests as it
// takes. Must not judge a line: the service does.
import { existsSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { linesOf } from "./lines.mjs";
import { Stop, asTyped, main, options } from "./run.mjs";
import { LOCAL_URL, call, credentials, explained } from "./service.mjs";

const USAGE = `npm run corrections -- import FILE.jsonl --source NAME [--url URL] [--key csp_…] [--lines N]
  FILE: a line of JSON each, {"message", "draft", "corrected", "category"}, or what
        GET /v1/corrections/export?format=raw wrote; sent again, nothing comes twice
  the key is one for policy, which a lead makes under Settings, by --key or in COUNTERSIGN_POLICY_KEY
  a request takes 100 lines, or N: the free plan computes for a few`;

/** What a request takes. */
const LINES_MAX = 100;
const BYTES_MAX = 256 * 1024;
/** Each new line has its vector made. */
const TIMEOUT_MS = 120_000;
/** Where nothing answers, it is asked so often. */
const TRIES_MAX = 5;

await main(async () => {
  const asked = options(process.argv.slice(2), { values: ["url", "key", "source", "lines"], usage: USAGE });
  const [verb, path, ...rest] = asked._;
  if (verb !== "import" || !path || !asked.source || rest.length > 0) throw new Stop(USAGE);
  const key = asked.key ?? process.env.COUNTERSIGN_POLICY_KEY;
  if (!key) throw new Stop(`no key for policy: --key, or COUNTERSIGN_POLICY_KEY.\n${USAGE}`);
  const file = asTyped(path);
  if (!existsSync(file)) throw new Stop(`${file} is not there.`);
  const url = asked.url ?? process.env.COUNTERSIGN_URL ?? credentials().url ?? LOCAL_URL;
  const most = Math.min(Number(asked.lines ?? LINES_MAX), LINES_MAX);
  if (!(most >= 1)) throw new Stop(`--lines is a number from 1 to ${LINES_MAX}.\n${USAGE}`);
  const send = (raw) => request(url, asked.source, key, raw);

  const sum = { stored: 0, known: 0, refused: 0 };
  let count = 0;
  try {
    for await (const { from, lines } of groups(file, most)) {
      const answer = await send(lines.join("\n"));
      for (const name of Object.keys(sum)) sum[name] += answer[name];
      for (const { line, problem } of answer.lines.filter(({ problem }) => problem)) {
        console.log(`line ${from + line}: ${explained(problem)}${problem.pointer ? ` (${problem.pointer})` : ""}`);
      }
      count = from + lines.length;
    }
  } finally {
    // Also of an import that ended early.
    console.log(`${path}, ${count} lines: ${sum.stored} stored, ${sum.known} known, ${sum.refused} refused`);
  }
  return sum.refused > 0 ? 1 : 0;
});

/** The lines of a file as requests hold them, each group with the number of lines before it. */
async function* groups(file, most) {
  let [from, lines, bytes] = [0, [], 0];
  for await (const line of linesOf(file)) {
    const size = Buffer.byteLength(line) + 1;
    if (lines.length > 0 && (lines.length >= most || bytes + size > BYTES_MAX)) {
      yield { from, lines };
      [from, lines, bytes] = [from + lines.length, [], 0];
    }
    lines.push(line);
    bytes += size;
  }
  if (lines.length > 0) yield { from, lines };
}

/** What became of the lines of a request; it is asked again where that may help, since none comes twice. */
async function request(url, source, key, raw) {
  if (!raw.trim()) return { stored: 0, known: 0, refused: 0, lines: [] };
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/x-ndjson" };
  for (let tries = 1; ; tries += 1) {
    const sent = call(url, `/v1/corrections:import?source=${encodeURIComponent(source)}`, {
      method: "POST",
      headers,
      raw,
      timeout_ms: TIMEOUT_MS,
    });
    const { status, headers: told, body } = await sent.catch((error) => ({ status: 503, body: { code: error.message } }));
    if (status === 200) return body;
    // A line that is longer than any request.
    if (status === 413) return { stored: 0, known: 0, refused: 1, lines: [{ line: 1, problem: body }] };
    if ((status !== 429 && status < 500) || tries === TRIES_MAX) throw new Stop(`the import ended: ${status} ${explained(body)}`);
    await setTimeout(1000 * Number(told?.get("retry-after") ?? 5));
  }
}
