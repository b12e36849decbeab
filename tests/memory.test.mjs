// Memory in real workerd: corrections found by meaning where the weights are there, and by words
// where they aren't. It must not know how memory ranks.
import assert from "node:assert/strict";
import { test } from "node:test";
import { start } from "./countersign.mjs";
import { hasWeights } from "./embedder.mjs";

const skip = hasWeights ? false : "no weights on this machine (node scripts/weights.mjs)";
const retrievalOf = async (options) => {
  const service = await start(options);
  try {
    return (await service.call("GET", "/v1/health")).body.retrieval;
  } finally {
    await service.stop();
  }
};

test("health says how corrections are found", { skip }, async () => {
  assert.equal(await retrievalOf({ meaning: true }), "bm25+meaning");
  assert.equal(await retrievalOf({ meaning: true, retrieval: "words" }), "bm25", "as the deployment wants it");
});

test("without weights everything works with words", async () => {
  assert.equal(await retrievalOf({}), "bm25");
});
