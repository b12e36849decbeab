// `npm run bench -- memory [--corrections N] [--drafts N] [--json]`: what memory costs in real workerd,
// with vectors and with words alone: CPU time of a posted draft among N corrections, that of the whole
// process (kernel, SQLite and D1 included), and what the isolate holds, heap and Wasm. It must not
// reach around the HTTP interface, nor wait for anything but the service while it counts.
import { readFileSync, readdirSync } from "node:fs";
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
if (asked.json) console.log(JSON.stringify(figures));

async function measured(service, name, pid) {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const cpu = async (drafts, change) => {
    const started = cpuMs(pid);
    for (let count = 0; count < drafts; count += 1) {
      const answer = await tenant.post(draft(change(count)));
      if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    }
    return (cpuMs(pid) - started) / drafts;
  };
  const change = (count) => ({ message: `${MESSAGE}, order ${count}` });
  await cpu(DRAFTS, change);
  const empty = await cpu(DRAFTS, change);
  const parcel = (place) => ({ message: `Parcel ${place} of my refund never came`, corrected: "It is here.", vector: elsewhere(place) });
  await learnt(service, tenant, Array.from({ length: CORRECTIONS }, (_, place) => parcel(place)));
  await lead.call("POST", "/v1/corrections:reindex");
  const last = parcel(CORRECTIONS - 1).message;
  const similar = async () => (await tenant.agent("POST", "/v1/corrections/similar", { message: last })).body;
  await until(async () => (await similar()).examples?.some(({ message }) => message === last), { seconds: 600 });
  await cpu(20, change);
  const full = await cpu(DRAFTS, change);
  return {
    [`${name}_cpu_ms_empty`]: empty,
    [`${name}_cpu_ms`]: full,
    ...Object.fromEntries(Object.entries(await isolate(service)).map(([part, mb]) => [`${name}_${part}`, mb])),
  };
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
  await ask("Runtime.enable");
  await ask("HeapProfiler.collectGarbage");
  const { totalSize } = await ask("Runtime.getHeapUsage");
  const prototype = await ask("Runtime.evaluate", { contextId, expression: "WebAssembly.Memory.prototype" });
  const { objects } = await ask("Runtime.queryObjects", { prototypeObjectId: prototype.result.objectId });
  const functionDeclaration = "function () { return this.reduce((all, { buffer }) => all + buffer.byteLength, 0); }";
  const { result } = await ask("Runtime.callFunctionOn", { objectId: objects.objectId, functionDeclaration, returnByValue: true });
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
