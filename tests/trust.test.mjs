// Trust: what verdicts are worth, how levels are earned and lost, and what a lead is told of it.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { draft, shared, until, verdictOn } from "./countersign.mjs";

const service = await shared();

const CATEGORY = "billing.refund";

/** More than anybody reads in a minute, so that a machine that stalls is no reader. */
const LONG = { text: "Your refund is on its way to you. ".repeat(120), to: ["ada@example.com"], subject: "Your refund" };

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
  await decide(lead, await post({ message: "Please refund my order", draft: LONG }), { kind: "approve" });
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

test("an agent that was demoted is not better off under another name, though older ones keep their level", async () => {
  const { tenant, lead } = await tenantWith({ start_level: 3, sample_rate: 0 });
  for (const agent of ["trusted", "risky"]) assert.equal((await tenant.post(draft({ agent }))).body.status, "released");
  await lead.call("PUT", "/v1/levels", { category: CATEGORY, agent: "risky", level: 1, reason: "too bold" });
  assert.equal((await tenant.post(draft({ agent: "risky" }))).body.status, "held");
  assert.equal((await tenant.post(draft({ agent: "innocent" }))).body.status, "held", "the same one may say another name");
  assert.equal((await tenant.post(draft({ agent: "trusted", agent_version: "next" }))).body.status, "released");
});

test("a version that was demoted is not better off under another name, though the one before it posts in between", async () => {
  const { tenant, lead } = await tenantWith({ start_level: 3, sample_rate: 0 });
  const post = async (agent_version) => (await tenant.post(draft({ agent_version }))).body.status;
  assert.deepEqual([await post("v1"), await post("v2")], ["released", "released"]);
  await lead.call("PUT", "/v1/levels", { category: CATEGORY, agent: "support-bot", agent_version: "v2", level: 1, reason: "too bold" });
  assert.deepEqual([await post("v2"), await post("v1"), await post("v3")], ["held", "released", "held"]);
});

test("what a lower ceiling holds is no evidence for the level above the one that it hides", async () => {
  const { tenant, lead } = await tenantWith({ start_level: 2, ceiling: 2, sample_rate: 0 });
  assert.equal((await tenant.post(draft())).body.status, "released");
  await tenant.policy(lead, (policy) => ({ ...policy, categories: { [CATEGORY]: { start_level: 1, ceiling: 1 } } }));
  const held = (await tenant.post(draft({ message: "And my other refund?" }))).body;
  assert.equal(held.status, "held");
  await decide(lead, held.id, { kind: "approve" }, { readMs: 1_500 });
  const { agent } = await trustOf(lead);
  assert.deepEqual([agent.readiness.labelled, agent.left_out], [0, { not_newly_released: 1 }]);
});

test("names that an agent makes up fill no more than a category has room for", async () => {
  const { tenant, lead } = await tenantWith({ start_level: 3, sample_rate: 0 });
  const posted = [];
  for (let count = 0; count < 102; count += 1) posted.push((await tenant.post(draft({ agent: `bot ${count}` }))).body.status);
  assert.deepEqual(posted.slice(98), ["released", "released", "held", "held"], "the rest has no account and no level");
  assert.equal((await tenant.post(draft({ agent: "bot 0", agent_version: "next" }))).body.status, "released");
  assert.equal((await trustOf(lead)).category.agents.length, 101);
  for (const { id } of (await lead.call("GET", "/v1/queue")).body.drafts) await decide(lead, id, { kind: "reject", reason: "unknown" });
  const others = "SELECT counts FROM trust WHERE tenant_id = ? AND agent = ''";
  const counted = () => service.database.prepare(others).bind(tenant.id).first("counts");
  await until(async () => JSON.parse(await counted())?.drafts === 2);
});

/** A day's labels: `days` days until yesterday, the same letters on each. */
const daily = (days, letters) => Array.from({ length: days }, (_, index) => [days - index, letters]);

const past = async (lead, change) => {
  const answer = await lead.call("POST", "/v1/development/past", { category: CATEGORY, agent: "support-bot", ...change });
  assert.equal(answer.status, 204, JSON.stringify(answer.body));
};
const round = async (lead) => assert.equal((await lead.call("POST", "/v1/development/round")).status, 204);
const answerTo = (session, proposal, answer, reason) =>
  session.call("PUT", `/v1/proposals/${proposal.id}`, { answer, ...(reason ? { reason } : {}) });
const events = async (session, name) =>
  (await session.call("GET", "/v1/audit?limit=200")).body.entries.map(({ entry }) => entry).filter(({ event }) => event === name);

test("a category earns its next level by evidence, and a lead confirms it", async () => {
  const { tenant, lead } = await tenantWith({ sample_rate: 1, ceiling: 2 });
  const reviewer = await tenant.session("rae@example.com");
  await past(lead, { labels: daily(14, "cccccccccc") });
  const drafted = (await tenant.post(draft())).body;
  assert.equal(drafted.status, "held");
  const edit = { kind: "edit", draft: { text: "Your refund is on its way to you!", to: ["ada@example.com"], subject: "Your refund" } };
  assert.equal((await decide(lead, drafted.id, edit, { readMs: 1_300 })).edit.kind, "cosmetic");
  assert.deepEqual((await trustOf(lead)).proposals, [], "nothing is proposed between two days");
  const settled = "SELECT 1 AS there FROM drafts WHERE id = ? AND status = 'edited'";
  await until(() => service.database.prepare(settled).bind(drafted.id).first("there"));
  await round(lead);

  const { proposals: [proposal], agent } = await trustOf(lead);
  assert.equal(agent.not_proposed, undefined);
  assert.deepEqual([proposal.from, proposal.to, proposal.status], [1, 2, "open"]);
  assert.ok(proposal.readiness.bound > 0.95 && proposal.readiness.ready);
  assert.equal(proposal.weeks.reduce((sum, week) => sum + week.acceptable, 0), 141);
  assert.deepEqual(proposal.edits.map(({ draft_id, edit_kind }) => [draft_id, edit_kind]), [[drafted.id, "cosmetic"]]);
  await round(lead);
  const again = await trustOf(lead);
  assert.deepEqual(again.proposals.map(({ id }) => id), [proposal.id], "one at a time");
  assert.match(again.proposals[0].backtest.sentence, /would have released 1 more/);

  const refused = await answerTo(reviewer, proposal, "confirm");
  assert.deepEqual([refused.status, refused.body.code], [403, "wrong_role"]);
  assert.equal((await trustOf(lead)).agent.level, 1);
  const [entry] = await events(lead, "level.refused");
  assert.deepEqual([entry.about, entry.actor.id, entry.facts.code], [proposal.id, reviewer.person.id, "wrong_role"]);

  const confirmed = await answerTo(lead, proposal, "confirm");
  assert.deepEqual([confirmed.status, confirmed.body.status], [200, "confirmed"]);
  assert.equal((await answerTo(lead, proposal, "confirm")).status, 200, "the same answer again is the same");
  assert.equal((await answerTo(lead, proposal, "decline", "no")).body.code, "proposal_answered");
  const risen = await trustOf(lead);
  assert.deepEqual([risen.agent.level, risen.agent.not_proposed, risen.proposals], [2, "at_ceiling", []]);
  assert.deepEqual(risen.changes.map(({ from, to, cause, person_id }) => [from, to, cause, person_id]), [[1, 2, "confirmed", lead.person.id]]);
  assert.equal((await tenant.post(draft())).body.status, "released");
  assert.equal((await tenant.post(draft({ agent_version: "next" }))).body.status, "held", "a new version earns anew");
});

test("the level is lost by looks that find harm, and open drafts are looked at again", async () => {
  const { tenant, lead } = await tenantWith({ start_level: 2, sample_rate: 1 });
  for (let index = 0; index < 4; index += 1) {
    const released = (await tenant.post(draft({ message: `Refund number ${index}` }))).body;
    assert.equal(released.status, "released", `before ${index} failures`);
    await decide(lead, released.id, { kind: "correct", remedy: "follow_up" });
  }
  const { agent, category, changes } = await trustOf(lead);
  assert.equal(agent.level, 1);
  assert.deepEqual([changes[0].cause, changes[0].detail.points >= 60_000], ["failure_rate", true]);
  assert.deepEqual([category.lately.counts.sampled, category.lately.released_in_error.share], [4, 1]);
  assert.equal(agent.not_proposed, "resting");
  assert.equal((await tenant.post(draft())).body.status, "held");
});

test("too few labels, and other messages than before, cost a level", async () => {
  for (const [change, cause] of [
    [{ since_days: 100 }, "too_few_labels"],
    [{ messages: [[40, 200, 10], [0, 60, 40]] }, "drift"],
  ]) {
    const { tenant, lead } = await tenantWith({ start_level: 2, sample_rate: 0 });
    await tenant.post(draft());
    await past(lead, change);
    await round(lead);
    const { agent, changes } = await trustOf(lead);
    assert.deepEqual([agent.level, changes.map((change) => change.cause)], [1, [cause]]);
  }
});

test("a proposal that events have overtaken is refused, and nothing changes", async () => {
  const ready = { labels: daily(14, "cccccccccc") };
  for (const [code, spoil] of [
    ["policy_changed", ({ tenant, lead }) => tenant.policy(lead, (policy) => ({ ...policy, name: "other" }))],
    ["above_ceiling", ({ tenant, lead }) => tenant.policy(lead, (policy) => ({ ...policy, categories: { [CATEGORY]: { start_level: 1, ceiling: 1 } } }))],
    ["version_changed", ({ tenant }) => tenant.post(draft({ agent_version: "v2" }))],
    ["evidence_changed", async ({ tenant, lead }) => decide(lead, (await tenant.post(draft())).body.id, { kind: "reject", reason: "wrong facts" })],
  ]) {
    const made = await tenantWith();
    await past(made.lead, ready);
    await round(made.lead);
    const [proposal] = (await trustOf(made.lead)).proposals;
    await spoil(made);
    assert.equal((await trustOf(made.lead)).proposals[0].stale, code);
    const refused = await answerTo(made.lead, proposal, "confirm");
    assert.deepEqual([refused.status, refused.body.code], [409, code]);
    const { category, changes } = await trustOf(made.lead);
    assert.ok(category.agents.every(({ level }) => level === 1) && changes.length === 0);
    assert.deepEqual((await events(made.lead, "level.refused")).map(({ facts }) => facts.code), [code]);
    await round(made.lead);
    assert.ok((await trustOf(made.lead)).proposals.every(({ id }) => id !== proposal.id), "and it leaves the list");
  }
});

test("declining needs a reason, and the category rests", async () => {
  const { lead } = await tenantWith();
  await past(lead, { labels: daily(14, "cccccccccc") });
  await round(lead);
  const [proposal] = (await trustOf(lead)).proposals;
  const silent = await answerTo(lead, proposal, "decline");
  assert.deepEqual([silent.status, silent.body.code], [422, "reason_missing"]);
  assert.equal((await answerTo(lead, proposal, "decline", "peak season")).body.status, "declined");
  await round(lead);
  const { agent, proposals } = await trustOf(lead);
  assert.deepEqual([agent.not_proposed, proposals, agent.readiness.ready], ["resting", [], true]);
});

test("a lead lowers a level by hand, and declares a version equivalent", async () => {
  const { tenant, lead } = await tenantWith({ start_level: 2, ceiling: 2 });
  await tenant.post(draft({ agent_version: "v1" }));
  const reviewer = await tenant.session("rae@example.com");
  const about = { category: CATEGORY, agent: "support-bot", agent_version: "v1", reason: "season" };
  const put = (session, change) => session.call("PUT", "/v1/levels", { ...about, ...change });
  for (const [session, change, code] of [
    [reviewer, { level: 1 }, "wrong_role"],
    [lead, { level: 3 }, "above_ceiling"],
    [lead, { level: 1, reason: " " }, "reason_missing"],
    [lead, { level: 1, agent: "nobody" }, "not_found"],
  ]) {
    assert.equal((await put(session, change)).body.code, code);
  }
  assert.equal((await events(lead, "level.refused")).length, 4);
  assert.equal((await put(lead, { level: 1 })).status, 200);
  assert.equal((await put(lead, { level: 1 })).body.code, "not_lower");
  assert.equal((await tenant.post(draft({ agent_version: "v1" }))).body.status, "held");

  const other = await tenantWith();
  await past(other.lead, { agent_version: "v1", labels: daily(14, "cccccccccc") });
  const declare = (body) => other.lead.call("PUT", "/v1/agents/support-bot/version", { agent_version: "v2", equivalent_to: "v1", ...body });
  assert.equal((await declare({})).body.code, "reason_missing");
  assert.equal((await declare({ reason: "a typo", equivalent_to: "v0" })).body.code, "not_found");
  assert.equal((await declare({ reason: "a typo in the prompt" })).status, 200);
  await round(other.lead);
  const { proposals } = await trustOf(other.lead);
  assert.deepEqual(proposals.map(({ basis }) => basis.agent_version), ["v2"]);
});

test("a version declared equivalent again counts no label twice", async () => {
  const { lead } = await tenantWith();
  await past(lead, { agent_version: "v1", labels: daily(3, "cc") });
  const declare = (agent_version, equivalent_to) =>
    lead.call("PUT", "/v1/agents/support-bot/version", { agent_version, equivalent_to, reason: "a typo in the prompt" });
  const labelled = async () => {
    const { agents } = (await trustOf(lead)).category;
    return Object.fromEntries(agents.map(({ agent_version, readiness }) => [agent_version, readiness.labelled]));
  };
  for (const [version, earlier] of [["v2", "v1"], ["v2", "v1"], ["v3", "v2"], ["v3", "v1"]]) {
    assert.equal((await declare(version, earlier)).status, 200);
  }
  const back = await declare("v1", "v3");
  assert.deepEqual([back.status, back.body.code, back.body.pointer], [422, "invalid_field", "/equivalent_to"]);
  assert.deepEqual(await labelled(), { v1: 6, v2: 6, v3: 6 });
});

test("copies of one reply that are found wrong on a day are one failure, owed a look or not", async () => {
  for (const second_look_rate of [0, 1]) {
    const { tenant, lead } = await tenantWith({ second_look_rate });
    const verdicts = [];
    for (const message of ["Where is refund 1?", "Where is refund 2?", "Where is refund 3?"]) {
      const { id } = (await tenant.post(draft({ message }))).body;
      verdicts.push({ id, given: verdictOn((await lead.call("GET", `/v1/drafts/${id}`)).body, { kind: "approve" }) });
    }
    assert.equal((await lead.call("POST", "/v1/verdicts", { verdicts })).status, 200);
    for (const { id } of verdicts) await decide(lead, id, { kind: "correct", remedy: "follow_up" });
    const { readiness } = (await trustOf(lead)).agent;
    assert.deepEqual([readiness.labelled, readiness.failed], [1, 1], `rate ${second_look_rate}`);
  }
});

test("what nobody can have read counts once another person agrees who read it, and is not told of the first", async () => {
  const { tenant, lead } = await tenantWith({ second_look_rate: 1 });
  const reviewer = await tenant.session("rae@example.com");
  const verdicts = [];
  for (const change of [{ message: "Where is refund 1?" }, { message: "Where is refund 2?" }, { message: "And my money?" }, { draft: LONG }]) {
    const { id } = (await tenant.post(draft({ ...change, customer: { id: "customer-7" } }))).body;
    verdicts.push({ id, given: verdictOn((await lead.call("GET", `/v1/drafts/${id}`)).body, { kind: "approve" }) });
  }
  assert.equal((await lead.call("POST", "/v1/verdicts", { verdicts })).status, 200);
  const [agreed, twin, disputed, hasty] = verdicts.map(({ id }) => id);
  assert.equal((await trustOf(lead)).agent.readiness.labelled, 0);

  const queue = (await reviewer.call("GET", "/v1/queue")).body;
  assert.deepEqual(new Set(queue.drafts.map(({ status, look_owed }) => `${status} ${look_owed}`)), new Set(["released true"]));
  assert.deepEqual((await lead.call("GET", "/v1/queue")).body.drafts, [], "nobody is asked about their own");
  const shown = (await reviewer.call("GET", `/v1/drafts/${agreed}`)).body;
  assert.deepEqual([shown.status, shown.owner.kind], ["released", "category"]);
  assert.equal((await tenant.agent("GET", `/v1/drafts/${agreed}`)).body.status, "approved");
  const past = async (session, query) => (await session.call("GET", `/v1/drafts?${query}`)).body.drafts.map(({ id, status, verdict }) => [id, status, verdict?.kind]);
  const known = await past(reviewer, "customer=customer-7");
  assert.deepEqual(new Set(known.map(([, ...said]) => said.join())), new Set(["released,"]), "neither beside another draft");
  const { id: first } = (await lead.call("GET", "/v1/session")).body.person;
  assert.deepEqual(await past(reviewer, `reviewer=${first}`), [], "nor by who it was");
  assert.deepEqual(new Set((await past(lead, "reviewer=me")).map(([, ...said]) => said.join())), new Set(["approved,approve"]));
  const own = (await lead.call("GET", `/v1/drafts/${agreed}`)).body;
  const self = await lead.call("PUT", `/v1/drafts/${agreed}/verdict`, verdictOn(own, { kind: "confirm" }));
  assert.deepEqual([self.status, self.body.code], [409, "same_reviewer"]);

  await decide(reviewer, hasty, { kind: "confirm" });
  for (const id of [agreed, twin]) await decide(reviewer, id, { kind: "confirm" }, { readMs: 1_500 });
  await decide(lead, disputed, { kind: "correct", remedy: "follow_up" });
  const { agent } = await trustOf(lead);
  assert.deepEqual([agent.readiness.labelled, agent.readiness.clean, agent.readiness.failed], [2, 1, 1]);
});

test("approvals given together are no evidence by themselves", async () => {
  const { tenant, lead } = await tenantWith();
  const verdicts = [];
  for (const message of ["Where is my refund?", "When do I get my money?"]) {
    const { id } = (await tenant.post(draft({ message }))).body;
    const shown = (await lead.call("GET", `/v1/drafts/${id}`)).body;
    verdicts.push({ id, given: verdictOn(shown, { kind: "approve" }) });
  }
  await new Promise((resolve) => setTimeout(resolve, 1_300));
  const answers = (await lead.call("POST", "/v1/verdicts", { verdicts })).body.answers;
  assert.deepEqual(answers.map(({ status }) => status), [200, 200]);
  const { agent } = await trustOf(lead);
  assert.deepEqual([agent.left_out, agent.readiness.labelled], [{ batch_unchecked: 2 }, 0]);
});

test("the policy itself confirms a step where it says so", async () => {
  const { tenant, lead } = await tenantWith({ confirms_levels: true, sample_rate: 0 });
  await past(lead, { labels: daily(14, "cccccccccc") });
  await round(lead);
  const { agent, proposals, changes } = await trustOf(lead);
  assert.deepEqual([agent.level, proposals, changes.map(({ cause }) => cause)], [2, [], ["confirmed_by_policy"]]);
  assert.equal((await tenant.post(draft())).body.status, "released");
});

test("a learnt threshold holds, and one that says nothing releases nothing", async () => {
  for (const [scores, source, status] of [
    [[], "fixed", { 0.85: "released", 0.7: "held" }],
    [[[0.7, 300, 2], [0.4, 100, 60]], "learnt", { 0.85: "released", 0.7: "released", 0.4: "held" }],
    [[[0.9, 150, 50], [0.5, 150, 50]], "uninformative", { 0.99: "held" }],
  ]) {
    const { tenant, lead } = await tenantWith({ start_level: 2, sample_rate: 0, confidence_threshold: "calibrated" });
    await tenant.post(draft());
    await past(lead, { scores });
    await round(lead);
    const { agent } = await trustOf(lead);
    assert.deepEqual([agent.calibration.source, agent.threshold.source], [source, source]);
    if (source === "uninformative") assert.match(agent.threshold_note, /confidence carries no information/);
    if (source === "fixed") assert.match(agent.threshold_note, /too few labels/);
    for (const [confidence, expected] of Object.entries(status)) {
      const answer = (await tenant.post(draft({ confidence: Number(confidence) }))).body;
      assert.equal(answer.status, expected, `${source} ${confidence}`);
    }
  }
});

test("a held draft teaches the threshold by the rate of looks under which it came", async () => {
  const { tenant, lead } = await tenantWith({ start_level: 2, sample_rate: 0, confidence_threshold: "calibrated" });
  const held = async (message) => (await tenant.post(draft({ message, confidence: 0.1 }))).body.id;
  const before = await held("My refund?");
  await tenant.policy(lead, (policy) => ({ ...policy, categories: { [CATEGORY]: { ...policy.categories[CATEGORY], sample_rate: 1 } } }));
  const after = await held("And my voucher?");
  for (const id of [before, after]) await decide(lead, id, { kind: "approve" }, { readMs: 1_500 });
  await round(lead);
  const { agent } = await trustOf(lead);
  assert.deepEqual([agent.labels, agent.calibration.labels.drafts], [2, 1]);
});

test("the report of a week says what moved, what is near, and where the time went", async () => {
  const { tenant, lead } = await tenantWith({ start_level: 2, sample_rate: 1 });
  for (let index = 0; index < 4; index += 1) {
    const { id } = (await tenant.post(draft({ message: `Refund number ${index}` }))).body;
    await decide(lead, id, { kind: "correct", remedy: "none" });
  }
  await past(lead, { agent: "other-bot", labels: daily(14, "cccccccccc") });
  const { week } = await trustOf(lead);
  const report = (await lead.call("GET", `/v1/trust/report?week=${week}`)).body;
  assert.deepEqual([report.week, report.categories.map(({ category }) => category)], [week, [CATEGORY]]);
  assert.deepEqual(report.lost.map(({ from, to, cause }) => [from, to, cause]), [[2, 1, "failure_rate"]]);
  assert.deepEqual(report.ready.map(({ agent }) => agent), ["other-bot"]);
  assert.deepEqual(report.not_yet.map(({ agent }) => agent), ["support-bot"]);
  assert.equal(report.all.counts.sampled_failed, 4);
  const before = (await lead.call("GET", "/v1/trust/report?week=2020-W01")).body;
  assert.deepEqual([before.categories, before.lost], [[], []]);
  const bad = await lead.call("GET", "/v1/trust/report?week=2026-99");
  assert.deepEqual([bad.status, bad.body.code], [400, "invalid_parameter"]);
});
