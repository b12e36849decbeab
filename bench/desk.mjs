// `npm run bench -- desk [--drafts N] [--seconds S] [--json]`: drafts per second through real workerd,
// saturated from outside, beside (a) a floor that inserts one row and answers, and (b) ourselves with
// 100,000 drafts in the tenant. Rounds alternate, and the median of each is told; beside them the CPU
// time of a draft until D1 has all of it, which says more where others use the machine, too. It must not
// reach around the HTTP interface, and must not switch anything off: D1 is filled while we measure.
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Miniflare } from "miniflare";
import { build } from "../scripts/build.mjs";
import { options } from "../scripts/run.mjs";
import { start } from "../tests/countersign.mjs";
import { cpuMs, workerds } from "./desk/cpu.mjs";

const USAGE = "npm run bench -- desk [--drafts N] [--seconds S] [--rounds N] [--json]";
const asked = options(process.argv.slice(2), { values: ["drafts", "seconds", "rounds"], flags: ["json"], usage: USAGE });
const DRAFTS = Number(asked.drafts ?? 100_000);
const SECONDS = Number(asked.seconds ?? 3);
const ROUNDS = Number(asked.rounds ?? 9);
const CONNECTIONS = 32;
/** Drafts before the first round, until V8 has compiled what they run through. */
const WARM_UP = 2_000;
const DIRECT = { unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }] };

/** What an agent posts: a reply of ordinary length, new in every conversation. */
const BODY = JSON.stringify({
  agent: "support-bot",
  agent_version: "2026-11-01",
  kind: "message",
  channel: "email",
  category: "billing.refund",
  message: "Hello, I ordered two lamps on 3 November and one of them arrived broken. I sent it back a week ago and have heard nothing since. Where is my refund for order 1234?",
  draft: {
    text: "Hello Ada,\n\nthank you for your patience. We received the lamp that you sent back, and your refund is on its way to you. Your bank usually takes three to five working days.\n\nKind regards",
    to: ["ada@example.com"],
    subject: "Your refund",
  },
  conversation: {
    id: "c{id}",
    head: "m{id}",
    messages: [{ id: "m{id}", role: "customer", text: "Where is my refund for order 1234?" }],
  },
  customer: { id: "u{id}", name: "Ada", plan: "standard" },
  confidence: 0.9,
});

const generator = fork(new URL("desk/load.mjs", import.meta.url));
const send = (target, more = {}) =>
  new Promise((done) => {
    generator.once("message", done);
    generator.send({ ...target, body: BODY, connections: CONNECTIONS, seconds: SECONDS, ...more });
  });

await build("worker", "release");
const directory = await mkdtemp(join(tmpdir(), "countersign-bench-"));
// A fast machine may post more through one key than a deployment allows.
const service = await start({ directory: join(directory, "ours"), dev: DIRECT, variables: { RATE_PER_KEY: "100000000", RATE_PER_PERSON: "100000000" } });
const [ourProcess] = workerds();
const floor = new Miniflare({ resourcePersistencePath: join(directory, "floor"), workers: [floorWorker()] });
try {
  const figures = await measure();
  for (const [name, value] of Object.entries(figures)) {
    console.log(`  ${name.padEnd(24)} ${Math.round(value * 1000) / 1000}`);
  }
  if (asked.json) console.log(JSON.stringify(figures));
} finally {
  generator.kill();
  await Promise.all([service.stop(), floor.dispose()]);
  await rm(directory, { recursive: true, force: true });
}

async function measure() {
  const ours = await service.miniflare.unsafeGetDirectURL("countersign");
  const floorUrl = String(await floor.unsafeGetDirectURL("floor"));
  const floorProcess = workerds().find((pid) => pid !== ourProcess);
  const targets = {
    floor: { url: floorUrl, headers: {} },
    empty: await tenant(ours),
    full: await tenant(ours),
  };
  await fill(targets.full);
  const rounds = { floor: [], empty: [], full: [] };
  for (const target of Object.values(targets)) await send(target, { count: WARM_UP, seconds: 60 });
  for (let round = 0; round < ROUNDS; round += 1) {
    targets.empty = await tenant(ours);
    for (const [name, target] of Object.entries(targets)) {
      await calm();
      const pid = name === "floor" ? floorProcess : ourProcess;
      const before = cpuMs(pid);
      const result = await send(target);
      if (result.refused > 0) throw new Error(`${name} refused ${result.refused} drafts`);
      if (name !== "floor") await calm();
      rounds[name].push({ ...result, cpu_ms: (cpuMs(pid) - before) / result.taken });
    }
  }
  const alone = await send(targets.empty, { connections: 1 });
  const of = (name, figure) => median(rounds[name].map((result) => result[figure]));
  return {
    floor_per_second: of("floor", "per_second"),
    empty_per_second: of("empty", "per_second"),
    full_per_second: of("full", "per_second"),
    ratio_to_floor: median(rounds.empty.map((result, round) => result.per_second / rounds.floor[round].per_second)),
    ratio_full_to_empty: median(rounds.full.map((result, round) => rounds.empty[round].per_second / result.per_second)),
    floor_cpu_ms: of("floor", "cpu_ms"),
    empty_cpu_ms: of("empty", "cpu_ms"),
    full_cpu_ms: of("full", "cpu_ms"),
    cpu_ratio_to_floor: of("floor", "cpu_ms") / of("empty", "cpu_ms"),
    cpu_ratio_full_to_empty: of("full", "cpu_ms") / of("empty", "cpu_ms"),
    p50_ms: of("empty", "p50_ms"),
    p99_ms: of("empty", "p99_ms"),
    full_p50_ms: of("full", "p50_ms"),
    full_p99_ms: of("full", "p99_ms"),
    floor_p50_ms: of("floor", "p50_ms"),
    floor_p99_ms: of("floor", "p99_ms"),
    alone_p50_ms: alone.p50_ms,
    alone_p99_ms: alone.p99_ms,
    drafts_in_full: DRAFTS,
  };
}

/** A new tenant as a target. */
async function tenant(url) {
  const { key } = await service.tenant();
  return { url: new URL("/v1/drafts", url).href, headers: { authorization: `Bearer ${key}`, "content-type": "application/json" } };
}

/** Posts drafts that wait: they are what a tenant's object holds on to. */
async function fill(target) {
  for (let left = DRAFTS; left > 0; ) {
    const { taken } = await send(target, { count: Math.min(left, 10_000), seconds: 600 });
    if (taken === 0) throw new Error("the tenant can't be filled");
    left -= taken;
    process.stderr.write(`\r  ${DRAFTS - left} drafts`);
  }
  process.stderr.write("\n");
}

/** Waits until D1 has what was left to copy: each round begins with an empty outbox. */
async function calm() {
  const count = () => service.database.prepare("SELECT COUNT(*) AS count FROM audit").first("count");
  for (let before = -1, now = await count(); before !== now; [before, now] = [now, await count()]) {
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function floorWorker() {
  return {
    config: {
      name: "floor",
      compatibilityDate: "2026-11-01",
      env: { FLOOR: { type: "durable-object", worker: "floor", exportName: "Floor" } },
      exports: { Floor: { type: "durable-object", storage: "sqlite" } },
      manifest: {
        mainModule: "floor.js",
        modules: { "floor.js": { type: "esm", contents: readFileSync(new URL("desk/floor.js", import.meta.url), "utf8") } },
      },
    },
    dev: DIRECT,
  };
}
