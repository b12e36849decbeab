// The Worker's entry: the Rust Worker, made to fail fast, and the sentence embedder beside it. It
// must not hold any logic of the product.
//
// A panic ends the Wasm instance with every call in it, and without this file those calls would
// hang. Here each of them is rejected at once: requests answer 500, and the alarm is tried again. What
// comes next goes to a new instance. tests/panic.test.mjs holds it to that.
import embedWasm from "../../build/embed/embed.wasm";
import * as rust from "../../build/worker/index.js";
import { createEmbedder } from "../embed/embed.js";

// A deployment without the asset, or a test without the binding, has no weights.
const weights = (env, init) =>
  env.ASSETS?.fetch("https://assets.invalid/minilm-int8.bin", init) ?? new Response(null, { status: 404 });
globalThis.countersign_embedder = createEmbedder(embedWasm, weights);

// Rust's futures go on by this, several times a request: of a promise it costs V8 less than the platform's own.
const resolved = Promise.resolve();
globalThis.queueMicrotask = (task) => void resolved.then(task);

// The `worker` crate's own: it notes a panic there, and numbers the instances.
const state = rust.__worker_init_state();
const pending = new Set();
let critical = state.criticalError;
Object.defineProperty(state, "criticalError", {
  get: () => critical,
  set(value) {
    critical = value;
    if (!value) return;
    for (const reject of pending) reject(new Error("the Wasm instance was aborted"));
    pending.clear();
  },
});

// What ends an instance without a panic: a stack that overflows, memory that runs out.
function noted(error) {
  if (error instanceof WebAssembly.RuntimeError) state.criticalError = true;
}
addEventListener("error", ({ error }) => noted(error));
addEventListener("unhandledrejection", ({ reason }) => noted(reason));

function revive() {
  if (!state.criticalError) return;
  rust.__wbg_reset_state();
  state.criticalError = false;
}

/** Runs a call into Wasm so that an abort of the instance rejects it. */
function failFast(call) {
  return new Promise((resolve, reject) => {
    pending.add(reject);
    const end = (how) => (value) => {
      pending.delete(reject);
      how(value);
    };
    try {
      revive();
      Promise.resolve(call()).then(end(resolve), end(reject));
    } catch (error) {
      noted(error);
      end(reject)(error);
    }
  });
}

const PROBLEM = JSON.stringify({
  type: "about:blank",
  title: "Something broke on our side.",
  status: 500,
  code: "internal",
});

function broken(error) {
  console.error("a call failed", error);
  return new Response(PROBLEM, {
    status: 500,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
  });
}

// An object, not a class: of a class the platform makes an instance for each request, and asks it for
// every handler that there is.
export default {
  fetch: (request, env, context) => failFast(() => rust.fetch(request, env, context)).catch(broken),
  scheduled: (event, env, context) => failFast(() => rust.scheduled(event, env, context)),
};

/** A tenant's object. It outlives the instance of Wasm that its Rust part is in, and gets another with the next. */
export class Tenant {
  constructor(...given) {
    // Rust's part is made by the first call: what ends the instance meanwhile is noted like any other.
    this.given = given;
  }

  alive() {
    if (this.instance !== state.instanceId) this.rust = new rust.Tenant(...this.given);
    this.instance = state.instanceId;
    return this.rust;
  }

  fetch(request) {
    return failFast(() => this.alive().fetch(request)).catch(broken);
  }

  alarm() {
    return failFast(() => this.alive().alarm());
  }

  webSocketMessage(...given) {
    return failFast(() => this.alive().webSocketMessage(...given));
  }

  webSocketClose(...given) {
    return failFast(() => this.alive().webSocketClose(...given));
  }

  webSocketError(...given) {
    return failFast(() => this.alive().webSocketError(...given));
  }
}
