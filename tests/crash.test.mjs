// Twenty lives that end with SIGKILL; `npm run soak` has two hundred.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DRAFTS_MIN, VERDICTS_MIN, crash } from "./crash.mjs";

test("what was acknowledged survives a kill at any moment, exactly once", async () => {
  const { drafts, verdicts } = await crash(20);
  assert.ok(drafts > DRAFTS_MIN && verdicts > VERDICTS_MIN, `${drafts} drafts and ${verdicts} verdicts are no load`);
});
