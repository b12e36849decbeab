// Trust: what verdicts are worth, how levels are earned and lost, and what a lead is told of it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { draft, start, until, verdictOn } from "./countersign.mjs";

let service;
before(async () => {
  service = await start();
});
after(() => service.stop());

const CATEGORY = "billing.refund";

/** A tenant whose verdicts settle at once. */
async function tenantWith(rules = {}) {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const put = await tenant.policy(lead, (policy) => ({
    ...policy,
    undo_window_s: 0,
    categories: { [CATEGORY]: { start_level: 1, ceiling: 3, ...rules } },
  }));
  assert.equal(put.status, 200, JSON.stringify(put.body));
  return { tenant, lead };
}

async function decide(session, id, verdict, { readMs = 0 } = {}) {
  const shown = (await session.call("GET", `/v1/drafts/${id}`)).body;
  await new Promise((resolve) => setTimeout(resolve, readMs));
  const answer = await session.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(shown, verdict));
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
}

const trustOf = async (session) => {
  const answer = await session.call("GET", "/v1/trust");
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const category = answer.body.categories.find(({ category }) => category === CATEGORY);
  return { ...answer.body, category, agent: category?.agents[0] };
};

test("verdicts become counts, labels and evidence; what nobody read is none", async () => {
  const { tenant, lead } = await tenantWith();
  const post = async (change) => (await tenant.post(draft({ agent_version: "v1", ...change }))).body.id;
  const edited = (text) => ({ kind: "edit", draft: { text, to: ["ada@example.com"], subject: "Your refund" } });

  await decide(lead, await post(), { kind: "approve" }, { readMs: 1_500 });
  await decide(lead, await post({ message: "Please refund my order" }), { kind: "approve" });
  await decide(lead, await post({ message: "Refund, please" }), edited("Your refund takes 10 days."));
  await decide(lead, await post({ message: "Twice charged" }), { kind: "handled_elsewhere" });
  await decide(lead, await post({ confidence: 0.1 }), { kind: "reject", reason: "wrong facts" });

  const { agent, category, week, all, weeks } = await trustOf(lead);
  assert.match(week, /^\d{4}-W\d\d$/);
  assert.equal(weeks.at(-1).week, week);
  assert.deepEqual(
    [category.lately.counts.drafts, category.lately.counts.reviewed, all.counts.substantive],
    [5, 4, 1],
  );
  assert.equal(category.lately.accuracy.share, 0.5);
  assert.ok(category.lately.accuracy.interval.lower < 0.5 && category.lately.accuracy.interval.upper > 0.5);
  assert.equal(category.lately.mix.substantive.share, 0.25);
  assert.equal(category.lately.correction_rate.share, 0.5);
  assert.equal(category.lately.coverage.share, 0);
  assert.deepEqual([agent.agent, agent.agent_version, agent.level, agent.current], ["support-bot", "v1", 1, true]);
  assert.deepEqual(agent.left_out, { too_fast: 1, not_newly_released: 1 });
  assert.deepEqual([agent.readiness.labelled, agent.readiness.clean, agent.readiness.failed], [2, 1, 1]);
  assert.equal(agent.not_proposed, "not_ready");
  assert.ok(agent.readiness.missing.some(({ kind, have, need }) => kind === "labels" && have === 2 && need === 100));

  const row = await until(() =>
    service.database.prepare("SELECT * FROM trust WHERE tenant_id = ?").bind(tenant.id).first(),
  );
  assert.deepEqual([row.category, row.week, row.agent, row.agent_version, row.level], [CATEGORY, week, "support-bot", "v1", 1]);
  await until(async () => {
    const { counts } = await service.database.prepare("SELECT counts FROM trust WHERE tenant_id = ?").bind(tenant.id).first();
    return JSON.parse(counts).reviewed === 4;
  });
});

test("near-identical drafts of a day count once, unless one turns out worse", async () => {
  const { tenant, lead } = await tenantWith();
  const post = async (order) =>
    (await tenant.post(draft({ message: `Where is order ${order}?`, draft: { text: "It is on its way." } }))).body.id;
  for (const order of [1, 22]) await decide(lead, await post(order), { kind: "approve" }, { readMs: 1_100 });
  assert.equal((await trustOf(lead)).agent.readiness.labelled, 1);
  await decide(lead, await post(333), { kind: "reject", reason: "wrong facts" });
  const { agent } = await trustOf(lead);
  assert.deepEqual([agent.readiness.labelled, agent.readiness.failed], [2, 1]);
  assert.deepEqual(agent.left_out, { near_identical: 1 });
});

test("a new version of an agent begins with nothing", async () => {
  const { tenant, lead } = await tenantWith({ start_level: 2, sample_rate: 0 });
  assert.equal((await tenant.post(draft({ agent_version: "v1" }))).body.status, "released");
  await tenant.post(draft({ agent_version: "v2" }));
  const { category } = await trustOf(lead);
  assert.deepEqual(category.agents.map(({ agent_version, current }) => [agent_version, current]), [
    ["v2", true],
    ["v1", false],
  ]);
});

test("a harmful release of high stakes costs every level at once, and open drafts follow", async () => {
  const { tenant, lead } = await tenantWith({ start_level: 3, sample_rate: 0 });
  await tenant.policy(lead, (policy) => ({
    ...policy,
    undo_window_s: 60,
    actions: { refund: { stakes: "financial", undoable: true } },
  }));
  const refund = { kind: "action", draft: { action: { name: "refund", args: { amount: 10 } } } };
  const released = (await tenant.post(draft(refund))).body;
  assert.equal(released.status, "released");
  await decide(lead, released.id, { kind: "correct", remedy: "reversal" });

  const { agent, changes } = await trustOf(lead);
  assert.equal(agent.level, 1);
  assert.deepEqual(
    changes.map(({ from, to, cause }) => [from, to, cause]),
    [[3, 1, "harmful_high_stakes"]],
  );
  assert.equal((await tenant.post(draft(refund))).body.status, "held");
  assert.equal((await tenant.post(draft({ ...refund, agent_version: "next" }))).body.status, "held", "nor does a new version escape");
  const entry = (await lead.call("GET", "/v1/audit")).body.entries.find(({ entry }) => entry.event === "level.changed");
  assert.deepEqual([entry.entry.facts.from, entry.entry.facts.to, entry.entry.facts.cause], [3, 1, "harmful_high_stakes"]);
});
