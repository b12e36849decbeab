// The golden cases through the Wasm builds: the Worker's in workerd, and the page's.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { start } from "./countersign.mjs";

const CASES = new URL("../src/policy/tests/cases/", import.meta.url);
const cases = (name) => JSON.parse(readFileSync(new URL(name, CASES), "utf8"));

let service;
before(async () => {
  service = await start();
});
after(() => service.stop());

test("trust in workerd, to the last bit", async () => {
  for (const { name, call, input, output } of cases("trust.json")) {
    const answer = await service.operator("POST", "/v1/development/trust", { call, input });
    assert.equal(answer.status, 200, `${name}: ${JSON.stringify(answer.body)}`);
    assert.deepEqual(answer.body, output, name);
  }
});

test("routes in workerd", async () => {
  for (const { name, policy, draft, situation, decision } of cases("route.json")) {
    const answer = await service.operator("POST", "/v1/development/decision", { policy, draft, situation });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.deepEqual(answer.body, decision, name);
  }
});
