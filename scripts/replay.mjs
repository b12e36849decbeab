// `npm run replay -- FILE.jsonl …`: posts a file of drafts, one a line, to a running Countersign,
// with a progress bar, and ends with a summary. Must not change what the file says, except that
// each line becomes a conversation of its own (unless --follow), so that held drafts stay held.
import { existsSync, readFileSync } from "node:fs";
import { inNewConversation } from "./demo.mjs";
import { linesOf } from "./lines.mjs";
import { Stop, asTyped, main, options } from "./run.mjs";
import { changePolicy, credentials, explained, healthy, postDraft, signIn } from "./service.mjs";

const USAGE = `npm run replay -- FILE.jsonl [options]
  --rate N            at most N drafts a second (default: as fast as they are answered)
  --lanes N           posts under way at once (default 8; 1 with --follow, to keep the order)
  --limit N           only the first N lines
  --url URL           default: the Countersign that npm start serves
  --key KEY           the agent key; default: that of npm start
  --catalogue FILE    first add that file's actions to the policy (signs in as the lead)
  --follow            keep the file's conversations: a later head makes open drafts stale`;
const BAR_WIDTH = 30;
/** Different errors that the summary tells apart. */
const ERRORS_SHOWN = 10;

await main(async () => {
  const asked = options(process.argv.slice(2), {
    values: ["rate", "lanes", "limit", "url", "key", "catalogue"],
    flags: ["follow"],
    usage: USAGE,
  });
  const [file, ...rest] = asked._;
  if (!file || rest.length > 0) throw new Stop(USAGE);
  for (const needed of [file, asked.catalogue].filter(Boolean)) if (!existsSync(asTyped(needed))) throw new Stop(`${needed} is not there.`);
  const known = credentials();
  const url = asked.url ?? known.url;
  const here = url !== undefined && url === known.url;
  const key = asked.key ?? process.env.COUNTERSIGN_KEY ?? (here ? known.agent_key : undefined);
  if (!url || !key) throw new Stop(`where to? Run npm start first, or give --url and --key.\n${USAGE}`);
  if (!(await healthy(url))) throw new Stop(`no Countersign answers at ${url}.`);
  const session = here ? await signIn(known.sign_in_url) : null;

  if (asked.catalogue) await addActions(session, asTyped(asked.catalogue));
  const lines = await readLines(asTyped(file), number(asked.limit, Infinity));
  const before = session && (await sampled(session));
  const lanes = number(asked.lanes, asked.follow ? 1 : 8);
  const tally = await replay(lines, { url, key, lanes, rate: number(asked.rate, Infinity), follow: asked.follow });
  if (asked.follow) tally.stale = await countStale(url, key, tally.open);
  const after = session && (await sampled(session));
  summarise(tally, lines.length, after === null || before === null ? null : after - before);
  return tally.errors > 0 ? 1 : 0;
});

function number(text, otherwise) {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (value > 0) return value;
  throw new Stop(`${text} is not a number above 0.\n${USAGE}`);
}

async function readLines(file, limit) {
  const lines = [];
  for await (const line of linesOf(file)) {
    if (line.trim() === "") continue;
    try {
      lines.push(JSON.parse(line));
    } catch {
      throw new Stop(`line ${lines.length + 1} of ${file} is not JSON.`);
    }
    if (lines.length >= limit) break;
  }
  if (lines.length === 0) throw new Stop(`${file} has no drafts.`);
  return lines;
}

/** Adds a file's actions to the tenant's policy, unless they stand there already. */
async function addActions(session, file) {
  if (!session) throw new Stop("--catalogue signs in as the lead: it works on the Countersign of npm start.");
  const { actions } = JSON.parse(readFileSync(file, "utf8"));
  if (!actions) throw new Stop(`${file} has no \`actions\`.`);
  const { body } = await session("/v1/policy");
  const missing = Object.entries(actions).some(
    ([name, entry]) => JSON.stringify(body.document.actions?.[name]) !== JSON.stringify(entry),
  );
  if (!missing) return;
  await changePolicy(session, "actions of a replayed file", (document) => ({
    ...document,
    actions: { ...document.actions, ...actions },
  }));
  console.log(`${Object.keys(actions).length} actions are in the policy.`);
}

/** Posts every line; answers counts, latencies and the ids of what stayed open. */
async function replay(lines, { url, key, lanes, rate, follow }) {
  const tally = { routes: {}, errors: 0, problems: new Map(), latencies_ms: [], open: [], done: 0 };
  const run = Date.now().toString(36);
  const started = performance.now();
  let next = 0;
  const lane = async () => {
    while (next < lines.length) {
      const index = next++;
      const due = started + (index / rate) * 1000;
      if (due > performance.now()) await new Promise((go) => setTimeout(go, due - performance.now()));
      // Conversations are this run's own in any case: a second run must not meet the first one's heads.
      const draft = inNewConversation(lines[index], follow ? run : `${run}-${index}`);
      await postOne(draft, `replay-${run}-${index}`);
      tally.done += 1;
      progress(tally, lines.length, started);
    }
  };
  const postOne = async (draft, idempotencyKey) => {
    const begun = performance.now();
    try {
      const { status, body } = await postDraft(url, key, draft, idempotencyKey);
      tally.latencies_ms.push(performance.now() - begun);
      if (status !== 201) return count(`${status} ${explained(body)}`);
      tally.routes[body.route] = (tally.routes[body.route] ?? 0) + 1;
      if (body.status === "held") tally.open.push(body.id);
    } catch (error) {
      count(error.cause?.message ?? error.message);
    }
  };
  const count = (problem) => {
    tally.errors += 1;
    tally.problems.set(problem, (tally.problems.get(problem) ?? 0) + 1);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  tally.seconds = (performance.now() - started) / 1000;
  process.stderr.write("\n");
  return tally;
}

/** A bar on a terminal; a line every tenth part elsewhere. */
function progress({ done, errors }, total, started) {
  const share = done / total;
  const rate = (done / (performance.now() - started)) * 1000;
  const words = `${done} of ${total} · ${rate.toFixed(0)} a second · ${errors} errors`;
  if (process.stderr.isTTY) {
    const full = Math.round(share * BAR_WIDTH);
    process.stderr.write(`\r${"█".repeat(full)}${"░".repeat(BAR_WIDTH - full)} ${words} `);
  } else if (done === total || done % Math.ceil(total / 10) === 0) {
    process.stderr.write(`${words}\n`);
  }
}

/** How many released drafts wait for a look; agents are not told, so it takes a session. */
async function sampled(session) {
  return (await session("/v1/queue?limit=1")).body.counts.look_owed;
}

/** How many of the drafts that were held have been overtaken by a later head. */
async function countStale(url, key, ids) {
  let stale = 0;
  for (const id of ids) {
    const answer = await fetch(new URL(`/v1/drafts/${id}`, url), { headers: { authorization: `Bearer ${key}` } });
    if ((await answer.json()).status === "stale") stale += 1;
  }
  return stale;
}

function summarise(tally, total, sampledCount) {
  const sorted = tally.latencies_ms.sort((a, b) => a - b);
  const at = (share) => `${(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1)} ms`;
  const rows = [
    ["drafts", total],
    ["released", tally.routes.release ?? 0],
    ["of these sampled", sampledCount ?? "not told to agents"],
    ["held", tally.routes.review ?? 0],
    ["with a person", tally.routes.human ?? 0],
    ...(tally.stale === undefined ? [] : [["stale by now", tally.stale]]),
    ["errors", tally.errors],
    ["time", `${tally.seconds.toFixed(1)} s (${(total / tally.seconds).toFixed(0)} a second)`],
    ["latency", `p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}`],
  ];
  console.log(rows.map(([name, value]) => `${name.padEnd(18)} ${value}`).join("\n"));
  const problems = [...tally.problems].sort((a, b) => b[1] - a[1]).slice(0, ERRORS_SHOWN);
  for (const [problem, times] of problems) console.log(`${String(times).padStart(6)} × ${problem}`);
}
