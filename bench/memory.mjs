// `npm run bench -- memory [--corrections N] [--drafts N] [--json]`: what memory costs in real workerd,
// with vectors and with words alone: CPU time of a posted draft and of a query for examples among N
// corrections, that of the whole process (kernel, HTTP, SQLite and D1 included), and what the isolate
// holds, heap and Wasm. It must not reach around the HTTP interface, nor wait for anything but the
// service while it counts.
import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "../scripts/build.mjs";
import { options } from "../scripts/run.mjs";
import { draft, start, until } from "../tests/countersign.mjs";
import { hasWeights } from "../tests/embedder.mjs";
import { elsewhere, learnt } from "../tests/learnt.mjs";

const USAGE = "npm run bench -- memory [--corrections N] [--drafts N] [--json]";
const asked = options(process.argv.slice(2), { values: ["corrections", "drafts"], flags: ["json"], usage: USAGE });
const CORRECTIONS = Number(asked.corrections ?? 10_000);
const DRAFTS = Number(asked.drafts ?? 200);
/** Of Linux: hundredths of a second, in which `/proc` counts CPU time. */
const TICK_MS = 10;
/** Twenty word pieces, as `bench embed` embeds. */
const MESSAGE = "Where is the refund for the two lamps that I sent back to you a week ago";
const ASKED = MESSAGE.toLowerCase().split(" ");
/** What a request may take on Cloudflare's free plan. */
const FREE_PLAN_CPU_MS = 10;
/** Words of the corrections' language. */
const VOCABULARY = 5_000;

await build("worker", "release");
const figures = { corrections: CORRECTIONS };
for (const [name, meaning] of [["words", false], ["meaning", true]]) {
  if (meaning && !hasWeights) {
    console.log("left out: no weights on this machine (`node scripts/weights.mjs` makes them)");
    continue;
  }
  const before = new Set(children());
  const service = await start({ meaning, retrieval: name, shared: { inspectorPort: 0 } });
  try {
    const [pid] = children().filter((child) => !before.has(child));
    Object.assign(figures, await measured(service, name, pid));
  } finally {
    await service.stop();
  }
}
for (const [name, value] of Object.entries(figures)) console.log(`  ${name.padEnd(24)} ${Math.round(value * 100) / 100}`);
const fits = figures.words_cpu_ms <= FREE_PLAN_CPU_MS;
console.log(`a draft with words alone ${fits ? "fits" : "does not fit"} the ${FREE_PLAN_CPU_MS} ms of CPU time of the free plan`);
figures.words_fit_free_plan = fits;
if (asked.json) console.log(JSON.stringify(figures));

async function measured(service, name, pid) {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const message = (count) => `${MESSAGE}, order ${count}`;
  const post = (count) => tenant.post(draft({ message: message(count) }));
  const query = (count) => tenant.agent("POST", "/v1/corrections/similar", { message: message(count) });
  /** CPU time, median and least time of one request, in milliseconds. */
  const cost = async (request, times = DRAFTS) => {
    const started = cpuMs(pid);
    const took = [];
    for (let count = 0; count < times; count += 1) {
      const from = performance.now();
      const answer = await request(count);
      took.push(performance.now() - from);
      if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
    }
    took.sort((one, other) => one - other);
    return { cpu: (cpuMs(pid) - started) / times, wall: took[Math.floor(times / 2)], best: took[0] };
  };
  await cost(post);
  const empty = await cost(post);
  const known = (place) => ({ message: worded(place), corrected: "It is here.", vector: elsewhere(place) });
  await learnt(service, tenant, CORRECTIONS, known);
  await lead.call("POST", "/v1/corrections:reindex");
  const last = known(CORRECTIONS - 1).message;
  // Once a second: a query takes time from what makes the index.
  const isThere = async () => {
    await sleep(1_000);
    const { body } = await tenant.agent("POST", "/v1/corrections/similar", { message: last });
    return body.examples?.some(({ message }) => message === last);
  };
  await until(isThere, { seconds: 1_800 });
  await cost(post, 20);
  const [full, asked] = [await cost(post), await cost(query)];
  return {
    [`${name}_cpu_ms_empty`]: empty.cpu,
    [`${name}_cpu_ms`]: full.cpu,
    [`${name}_query_cpu_ms`]: asked.cpu,
    [`${name}_query_ms`]: asked.wall,
    [`${name}_query_ms_best`]: asked.best,
    ...Object.fromEntries(Object.entries(await isolate(service)).map(([part, mb]) => [`${name}_${part}`, mb])),
  };
}

/**
 * The message of a correction: its number and twenty words, the n-th of which is said 1/n as often as
 * the first (Zipf), as in any language; those of the question that is asked stand among them.
 */
function worded(place) {
  let state = place + 1;
  const word = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const rank = Math.floor(VOCABULARY ** (state / 2 ** 32));
    return rank % 7 === 0 ? ASKED[(rank / 7) % ASKED.length] : `word${rank}`;
  };
  return `Parcel ${place}: ${Array.from({ length: 20 }, word).join(" ")}`;
}

/** What the Worker's isolate holds, in megabytes, after a collection of garbage: heap and Wasm. */
async function isolate(service) {
  const url = new URL("/core:user:countersign", await service.miniflare.getInspectorURL());
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }));
  const waiting = [];
  let contextId;
  socket.onmessage = ({ data }) => {
    const { id, result, error, method, params } = JSON.parse(data);
    if (error) throw new Error(JSON.stringify(error));
    if (method === "Runtime.executionContextCreated") contextId = params.context.id;
    waiting[id]?.(result);
  };
  const ask = (method, params = {}) =>
    new Promise((resolve) => {
      const id = waiting.push(resolve) - 1;
      socket.send(JSON.stringify({ id, method, params }));
    });
  // An idle isolate hears its inspector when a request comes.
  const awake = setInterval(() => void service.call("GET", "/v1/health"), 200);
  await ask("Runtime.enable");
  await ask("HeapProfiler.collectGarbage");
  const { totalSize } = await ask("Runtime.getHeapUsage");
  const prototype = await ask("Runtime.evaluate", { contextId, expression: "WebAssembly.Memory.prototype" });
  const { objects } = await ask("Runtime.queryObjects", { prototypeObjectId: prototype.result.objectId });
  const functionDeclaration = "function () { return this.reduce((all, { buffer }) => all + buffer.byteLength, 0); }";
  const { result } = await ask("Runtime.callFunctionOn", { objectId: objects.objectId, functionDeclaration, returnByValue: true });
  clearInterval(awake);
  socket.close();
  const mb = (bytes) => bytes / 2 ** 20;
  return { heap_mb: mb(totalSize), wasm_mb: mb(result.value), isolate_mb: mb(totalSize + result.value) };
}

/** The CPU time that a process has used, in its own code and in the kernel's. */
function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** The workerd processes that this one started. */
function children() {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const [name, rest] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
      return name.endsWith("(workerd") && Number(rest.split(" ")[1]) === process.pid;
    } catch {
      return false;
    }
  });
}
