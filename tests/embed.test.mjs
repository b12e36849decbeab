// Text to vector in real workerd: the same bits as natively, no promise shared between requests,
// and a clear "not there" without weights.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Response } from "miniflare";
import { hasWeights, startEmbedder } from "./embedder.mjs";
import { elsewhere } from "./learnt.mjs";

const CASES = JSON.parse(readFileSync(new URL("../src/embed/cases/vectors.json", import.meta.url), "utf8"));
const skip = hasWeights ? false : "no weights on this machine (node scripts/weights.mjs)";
const hex = (vector) => Buffer.from(vector).toString("hex");

test("a text has the same vector in workerd as natively", { skip }, async () => {
  const embedder = await startEmbedder();
  try {
    assert.equal(await embedder.call("embed", { texts: ["early"], tokensMax: 256 }).then(([one]) => one), null);
    assert.equal(await embedder.call("memory"), 0, "nothing is instantiated before it is needed");
    // Ten requests at once, as a cold isolate sees them.
    const ready = await Promise.all(Array.from({ length: 10 }, () => embedder.call("prepare")));
    assert.deepEqual(new Set(ready), new Set([true]));
    const texts = CASES.map(({ text }) => text);
    const vectors = await embedder.call("embed", { texts, tokensMax: 256 });
    CASES.forEach(({ text, vector }, place) => assert.equal(hex(vectors[place]), vector, text));
    assert.ok((await embedder.call("memory")) < 64 * 1024 * 1024);
  } finally {
    await embedder.stop();
  }
});

test("a scan finds the nearest of all blocks, equal ones in order", async () => {
  const embedder = await startEmbedder();
  try {
    const vectors = CASES.map(({ vector }) => [...Buffer.from(vector, "hex")]);
    assert.equal(await embedder.call("store", { vectors, copies: 2_000 }), 2_000 * vectors.length);
    const found = await embedder.call("scan", { query: vectors[1], nearestMax: 3 });
    assert.deepEqual([found[0], found[3], found[6]], [1, 1 + vectors.length, 1 + 2 * vectors.length]);
    assert.ok([found[1], found[2], found[4]].every((cosine) => Math.abs(cosine - 1) < 1e-5));
  } finally {
    await embedder.stop();
  }
});

test("a scan is exact, whether its vectors are held, brought anew, or some of each", async () => {
  const embedder = await startEmbedder();
  try {
    const stored = Array.from({ length: 6_000 }, (_, seed) => [...Buffer.from(elsewhere(seed), "hex")]);
    const query = [...Buffer.from(elsewhere(70_000), "hex")];
    const dot = (one, other) => one.slice(0, 384).reduce((sum, byte, at) => sum + ((byte << 24) >> 24) * ((other[at] << 24) >> 24), 0);
    const cosine = (one) => dot(one, query) / Math.sqrt(dot(one, one) * dot(query, query));
    const nearest = (count) =>
      stored.slice(0, count).map((one, place) => [place, cosine(one)]).sort((one, other) => other[1] - one[1]).slice(0, 64);
    const check = async (count, given) => {
      await embedder.call("store", { vectors: stored.slice(0, count), keep: given.keep });
      const found = await embedder.call("scan", { query, nearestMax: 64, ...given });
      nearest(count).forEach(([place, cosine], at) => {
        assert.equal(found[3 * at], place);
        assert.ok(Math.abs(found[3 * at + 1] - cosine) < 1e-5);
      });
      assert.equal(found.length, 3 * 64);
    };
    await check(3_000, { times: 2 });
    await check(6_000, { keep: true });
    await check(6_000, { keep: true });
    await check(5_000, { keep: true });
    await check(6_000, { forget: true });
  } finally {
    await embedder.stop();
  }
});

test("missing, foreign or cut weights leave memory with words alone", async () => {
  const answers = [
    () => new Response("no", { status: 404 }),
    () => new Response("<html></html>", { headers: { "content-type": "text/html" } }),
    () => new Response("CSMINI01, and then not"),
  ];
  for (const answer of answers) {
    const embedder = await startEmbedder({ answer });
    try {
      assert.equal(await embedder.call("prepare"), false);
      assert.equal(await embedder.call("ready"), false);
      assert.deepEqual(await embedder.call("embed", { texts: ["hello"], tokensMax: 256 }), [null]);
    } finally {
      await embedder.stop();
    }
  }
});

test("set-up without Python or pip says so in one line and goes on", async () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-weights-"));
  try {
    const env = { PATH: folder, COUNTERSIGN_TOOLS: folder };
    const weights = fileURLToPath(new URL("../scripts/weights.mjs", import.meta.url));
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [weights], { env });
    assert.match(stdout + stderr, /^[^\n]*no sentence embedder \(Python with pip is not installed\)[^\n]*\n$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("several set-ups at once put the weights beside the page, and each ends well", async () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-weights-"));
  try {
    for (const inside of ["scripts", "minilm", "web/dist"]) mkdirSync(join(folder, inside), { recursive: true });
    for (const name of ["run.mjs", "weights.mjs"]) copyFileSync(new URL(`../scripts/${name}`, import.meta.url), join(folder, "scripts", name));
    const made = Buffer.alloc(50_000_000, "weights ");
    writeFileSync(join(folder, "minilm", "minilm-int8.bin"), made);
    const setUp = () => promisify(execFile)(process.execPath, [join(folder, "scripts", "weights.mjs")], { env: { COUNTERSIGN_TOOLS: folder } });
    await Promise.all([setUp(), setUp(), setUp(), setUp()]);
    assert.ok(readFileSync(join(folder, "web", "dist", "minilm-int8.bin")).equals(made));
    assert.deepEqual(readdirSync(join(folder, "build")), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
