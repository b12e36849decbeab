// The embedder's own module in real workerd, with the weights as an asset would answer them. It
// must not replace any part of embed.js.
import { existsSync, readFileSync } from "node:fs";
import { Miniflare, Response } from "miniflare";
import { EMBEDDER, embedder } from "../scripts/embedder.mjs";
import { WEIGHTS } from "../scripts/weights.mjs";

/** Whether this machine has the weights. */
export const hasWeights = existsSync(WEIGHTS);

const ENTRY = `
import module from "./embed.wasm";
import { createEmbedder } from "./embed.js";
const embedder = createEmbedder(module, () => fetch("http://assets.test/minilm-int8.bin"));
const owner = embedder.owner();
let blocks = [];
let count = 0;
const verbs = {
  ready: () => embedder.ready(),
  prepare: () => embedder.prepare({}),
  memory: () => embedder.memoryBytes(),
  embed: ({ texts, tokensMax, times = 1 }) => {
    let vectors = [];
    for (let time = 0; time < times; time += 1) {
      vectors = texts.map((text) => embedder.embed(text, tokensMax)).map((one) => one && [...one]);
    }
    return vectors;
  },
  store: ({ vectors, copies = 1, keep = false }) => {
    const all = Array.from({ length: copies }, () => vectors).flat();
    blocks = [];
    count = all.length;
    for (let start = 0; start < count; start += 2688) {
      blocks.push([start, Uint8Array.from(all.slice(start, start + 2688).flat()).buffer]);
    }
    if (!keep) embedder.forget(owner);
    return count;
  },
  scan: ({ query, nearestMax, forget = false, times = 1 }) => {
    let found = [];
    for (let time = 0; time < times; time += 1) {
      if (forget) embedder.forget(owner);
      const held = embedder.prepareScan(owner, 0, count);
      found = embedder.scan(Uint8Array.from(query), blocks.filter(([place]) => place + 2688 > held), nearestMax);
    }
    return [...found];
  },
};
export default {
  async fetch(request) {
    const [verb, given] = await request.json();
    return Response.json((await verbs[verb](given)) ?? null);
  },
};
`;

/** Starts workerd; `call(verb, given)` runs one of the entry's verbs. */
export async function startEmbedder({ answer = () => new Response(readFileSync(WEIGHTS)) } = {}) {
  await embedder();
  const miniflare = new Miniflare({
    workers: [
      {
        config: {
          name: "embedder",
          compatibilityDate: "2026-11-01",
          manifest: {
            mainModule: "entry.js",
            modules: {
              "entry.js": { type: "esm", contents: ENTRY },
              "embed.js": { type: "esm", contents: read("../src/embed/embed.js") },
              "embed.wasm": { type: "wasm", contents: new Uint8Array(readFileSync(EMBEDDER)) },
            },
          },
        },
        dev: { outboundService: { type: "fetcher", handler: answer } },
      },
    ],
  });
  return {
    stop: () => miniflare.dispose(),
    async call(verb, given = {}) {
      const body = JSON.stringify([verb, given]);
      const response = await miniflare.dispatchFetch("http://embedder.test/", { method: "POST", body });
      if (!response.ok) throw new Error(await response.text());
      return response.json();
    },
  };
}

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
