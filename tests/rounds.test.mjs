// The day's work of trust, where D1 does not answer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { shared, until } from "./countersign.mjs";
import { faultyEntry } from "./faults.mjs";

const service = await shared({ entry: faultyEntry() });
const HOUR = 3_600_000;

test("a proposal whose backtest D1 could not give has it within the hour", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  await tenant.policy(lead, (policy) => ({ ...policy, categories: { "billing.refund": { start_level: 1, ceiling: 2 } } }));
  const labels = Array.from({ length: 14 }, (_, day) => [13 - day, "cccccccccc"]);
  const past = { category: "billing.refund", agent: "support-bot", labels };
  assert.equal((await lead.call("POST", "/v1/development/past", past)).status, 204);
  await service.database.exec("ALTER TABLE drafts RENAME TO drafts_away");
  assert.equal((await lead.call("POST", "/v1/development/round")).status, 500);
  await service.database.exec("ALTER TABLE drafts_away RENAME TO drafts");
  const proposal = async () => (await lead.call("GET", "/v1/trust")).body.proposals[0];
  assert.equal((await proposal()).backtest, undefined);

  await tenant.agent("GET", `/v1/callback-secret?clock=${1.1 * HOUR}`);
  await until(async () => (await proposal()).backtest);
});
