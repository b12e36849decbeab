// The day's work of trust, where D1 does not answer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { draft, shared, until, verdictOn } from "./countersign.mjs";
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
  assert.equal((await lead.call("POST", "/v1/development/round")).status, 503);
  await service.database.exec("ALTER TABLE drafts_away RENAME TO drafts");
  const proposal = async () => (await lead.call("GET", "/v1/trust")).body.proposals[0];
  assert.equal((await proposal()).backtest, undefined);

  await tenant.agent("GET", `/v1/callback-secret?clock=${1.1 * HOUR}`);
  await until(async () => (await proposal()).backtest);
});

test("proposals of one day each have the backtest of their own drafts", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const categories = ["billing.refund", "shipping"];
  const rules = { start_level: 1, ceiling: 2 };
  await tenant.policy(lead, (policy) => ({ ...policy, undo_window_s: 0, categories: Object.fromEntries(categories.map((name) => [name, rules])) }));
  for (const [index, category] of categories.entries()) {
    for (let drafted = 0; drafted <= index; drafted += 1) {
      const { id } = (await tenant.post(draft({ category }))).body;
      const shown = (await lead.call("GET", `/v1/drafts/${id}`)).body;
      await lead.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(shown, { kind: "approve" }));
    }
    const labels = Array.from({ length: 14 }, (_, day) => [13 - day, "cccccccccc"]);
    await lead.call("POST", "/v1/development/past", { category, agent: "support-bot", labels });
  }
  const copied = service.database.prepare("SELECT COUNT(*) AS count FROM drafts WHERE tenant_id = ?").bind(tenant.id);
  await until(async () => (await copied.first("count")) === 3);
  assert.equal((await lead.call("POST", "/v1/development/round")).status, 204);
  const { proposals } = (await lead.call("GET", "/v1/trust")).body;
  const found = proposals.map(({ basis, backtest }) => [basis?.category, backtest?.total?.drafts]);
  assert.deepEqual(found.sort(), [["billing.refund", 1], ["shipping", 2]], JSON.stringify(proposals[0]));
});
