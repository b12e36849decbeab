// The Worker's entry: the Rust Worker, made to fail fast, and the sentence embedder beside it. It
// must not hold any logic of the product.
//
// A panic ends the Wasm instance with every call in it, and without this file those calls would
// hang. Here each of them is rejected at once: requests answer 500, and the alarm is tried again.
// It relies on `__worker_init_state` of worker-build 0.8; tests/panic.test.mjs holds it to that.
import embedWasm from "../../build/embed/embed.wasm";
import Worker, { Tenant as RustTenant } from "../../build/worker/index.js";
import { createEmbedder } from "../embed/embed.js";

// A deployment without the asset, or a test without the binding, has no weights.
const weights = (env, init) =>
  env.ASSETS?.fetch("https://assets.invalid/minilm-int8.bin", init) ?? new Response(null, { status: 404 });
globalThis.countersign_embedder = createEmbedder(embedWasm, weights);

// Rust's futures go on by this, several times a request: of a promise it costs V8 less than the platform's own.
const resolved = Promise.resolve();
globalThis.queueMicrotask = (task) => void resolved.then(task);

const state = globalThis.__worker_init_state;
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

/** Runs a call into Wasm so that an abort of the instance rejects it. */
function failFast(call) {
  return new Promise((resolve, reject) => {
    pending.add(reject);
    const end = (how) => (value) => {
      pending.delete(reject);
      how(value);
    };
    try {
      Promise.resolve(call()).then(end(resolve), end(reject));
    } catch (error) {
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

/** Wraps the named handlers of a class that worker-build made. */
function wrap(Inner, handlers) {
  return new Proxy(Inner, {
    construct(target, args) {
      return new Proxy(Reflect.construct(target, args, target), {
        get(instance, property) {
          const value = Reflect.get(instance, property);
          if (!handlers.has(property) || typeof value !== "function") return value;
          const call = (...given) => failFast(() => Reflect.apply(value, instance, given));
          return property === "fetch" ? (...given) => call(...given).catch(broken) : call;
        },
      });
    },
  });
}

// An object, not a class: of a class the platform makes an instance for each request, and asks it for
// every handler that there is.
export default {
  fetch: (request, env, context) => failFast(() => new Worker(context, env).fetch(request)).catch(broken),
  scheduled: (event, env, context) => failFast(() => new Worker(context, env).scheduled(event)),
};
export const Tenant = wrap(
  RustTenant,
  new Set(["fetch", "alarm", "webSocketMessage", "webSocketClose", "webSocketError"]),
);
