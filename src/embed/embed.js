// Loads the embedder's Wasm module when it is first needed and copies bytes in and out of its
// memory. Must not decide anything: no threshold, no ranking, no fallback but "not there".
//
// `src/service/entry.js` makes the Worker's; `src/service/embedder.rs` calls it.

/** Bytes of one stored vector; `VECTOR_BYTES` in vector.rs. */
export const VECTOR_BYTES = 388;
/** Room for the file of weights; `WEIGHTS_BYTES_MAX` in weights.rs. */
const WEIGHTS_BYTES_MAX = 24_000_000;
/** Bytes of one neighbour: position, cosine, density; `NEIGHBOUR_BYTES` in module.rs. */
const NEIGHBOUR_BYTES = 12;
/** Text copied in: 256 word pieces of up to 64 letters of 4 bytes. */
const TEXT_BYTES_MAX = 65_536;
/** Stored vectors copied in at once: 1 MB, below the 2 MB that one SQLite row may hold. */
const BLOCK_BYTES_MAX = 2_700 * VECTOR_BYTES;
/** Neighbours asked for at most. */
const NEIGHBOURS_MAX = 1_024;
/** After missing weights nobody asks for this long: they may be made while the server runs. */
const MISSING_MS = 10_000;

/**
 * An embedder over a compiled module; `fetchWeights(env, init)` answers a Response. Nothing is
 * instantiated or fetched before the first call that needs it.
 */
export function createEmbedder(module, fetchWeights) {
  let wasm = null;
  let room = null;
  let loaded = false;
  let there = false;
  let missingUntil = 0;
  let owners = 0;

  /** The module's exports, and the places in its memory that are used again and again. */
  function exports() {
    if (wasm === null) {
      wasm = new WebAssembly.Instance(module, {}).exports;
      room = {
        text: wasm.reserve(TEXT_BYTES_MAX),
        vector: wasm.reserve(VECTOR_BYTES),
        block: wasm.reserve(BLOCK_BYTES_MAX),
        found: wasm.reserve(NEIGHBOURS_MAX * NEIGHBOUR_BYTES),
        weights: 0,
      };
    }
    return wasm;
  }

  /** A view of the memory; made anew each time, because growing it detaches older ones. */
  const bytes = (start, length) => new Uint8Array(exports().memory.buffer, start, length);

  /** The weights, or null where they are missing: a missing asset may be answered by the page. */
  async function weights(env, init) {
    if (Date.now() < missingUntil) return null;
    const response = await fetchWeights(env, init);
    const type = response.headers.get("content-type") ?? "";
    there = response.ok && !type.startsWith("text/html");
    if (there) return response;
    missingUntil = Date.now() + MISSING_MS;
    await response.body?.cancel();
    return null;
  }

  return {
    /** Whether texts can be embedded at once. */
    ready: () => loaded,

    /** Whether the weights are there, without loading them. */
    async available(env) {
      if (!there) await (await weights(env, { method: "HEAD" }))?.body?.cancel();
      return there;
    },

    /**
     * Makes the embedder ready; false where the weights are missing or not ours. May be called by
     * many requests at a time: none waits for another's promise, which workerd would cancel. All
     * write the same bytes to the same place, and the first that has them all loads them.
     */
    async prepare(env) {
      if (loaded) return true;
      const response = await weights(env);
      if (!response?.body) return loaded;
      exports();
      room.weights ||= wasm.reserve(WEIGHTS_BYTES_MAX);
      let length = 0;
      const reader = response.body.getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        if (loaded || length + part.value.length > WEIGHTS_BYTES_MAX) {
          await reader.cancel();
          return loaded;
        }
        bytes(room.weights + length, part.value.length).set(part.value);
        length += part.value.length;
      }
      if (!loaded) loaded = wasm.load(room.weights, length) === 1;
      return loaded;
    },

    /** The stored form of a text's vector, or null where the weights are not loaded. */
    embed(text, tokensMax) {
      if (!loaded) return null;
      const { written } = new TextEncoder().encodeInto(text, bytes(room.text, TEXT_BYTES_MAX));
      if (wasm.embed(room.text, written, tokensMax, room.vector) !== 1) return null;
      return bytes(room.vector, VECTOR_BYTES).slice();
    },

    /** A number for an owner of vectors: what is held of them between searches goes by it. */
    owner: () => (owners += 1),

    /** Forgets what is held of an owner's vectors. */
    forget: (owner) => wasm?.forget(owner),

    /**
     * Prepares for a search among the vectors in an owner's slots from `first` up to `end`, all of
     * them: the slot from which on `scan` has to be given them, the others being held.
     */
    prepareScan: (owner, first, end) => exports().prepare(owner, first, end),

    /**
     * The nearest of the vectors that were prepared for, nearest first, as one flat Float64Array:
     * position, cosine and density of each; positions count from the first slot. `rows` are those
     * of a SQL cursor's `raw()`, each the place of its first vector and a block, in order, so that
     * JavaScript holds one at a time.
     */
    scan(query, rows, nearestMax) {
      exports();
      bytes(room.vector, VECTOR_BYTES).set(query.subarray(0, VECTOR_BYTES));
      wasm.scan_begin(room.vector, Math.min(nearestMax, NEIGHBOURS_MAX));
      for (const [place, block] of rows) {
        const whole = new Uint8Array(block);
        for (let start = 0; start < whole.length; start += BLOCK_BYTES_MAX) {
          const part = whole.subarray(start, start + BLOCK_BYTES_MAX);
          bytes(room.block, part.length).set(part);
          wasm.scan_block(room.block, part.length, place + start / VECTOR_BYTES);
        }
      }
      const count = wasm.scan_end(room.found);
      const found = new DataView(exports().memory.buffer, room.found, count * NEIGHBOUR_BYTES);
      return Float64Array.from({ length: count * 3 }, (_, index) => {
        const at = Math.floor(index / 3) * NEIGHBOUR_BYTES + (index % 3) * 4;
        return index % 3 === 0 ? found.getUint32(at, true) : found.getFloat32(at, true);
      });
    },

    /** Bytes of linear memory in use; 0 before the first need. */
    memoryBytes: () => (wasm === null ? 0 : wasm.memory.buffer.byteLength),
  };
}
