// What was called right, or let out, and is found wrong later on: by posts, verdicts and days alone. Each draft is one
// label, and it is the last one that was given.
import assert from "node:assert/strict";
import { test } from "node:test";
import { draft, shared, until, verdictOn } from "./countersign.mjs";
import { CATEGORY, DAY, Desk, SECOND } from "./days.mjs";
import { faultyEntry } from "./faults.mjs";

const service = await shared({ entry: faultyEntry() });

const CONFIRM = { kind: "confirm" };
const WRONG = { kind: "correct", remedy: "follow_up" };
const APPROVE = { kind: "approve" };
const written = (kind, text) => ({ kind, draft: { text } });

/** What the weeks of a category say, newest first: of looks, and of what was held. */
const weeksOf = ({ category }) =>
  category.weeks.toReversed().map(({ counts }) => ({
    looks: [counts.sampled, counts.sampled_failed],
    held: [counts.reviewed, counts.approved_unedited, counts.rejected],
  }));
const lookedAt = async ({ lead }, id) =>
  (await lead.call("GET", "/v1/audit?limit=200")).body.entries
    .map(({ entry }) => entry)
    .filter(({ about, event }) => about === id && event === "draft.looked_at")
    .map(({ facts }) => facts.verdict)
    .reverse();

test("a release that was confirmed and is found wrong a week later is one failure, in the week of its look", async () => {
  const desk = await Desk.of(service, { start_level: 3, sample_rate: 1 });
  const { id, status } = await desk.post("invoice");
  assert.equal(status, "released");
  await desk.decide(id, CONFIRM);
  await desk.decide(id, CONFIRM);
  const before = await desk.trust();
  assert.deepEqual(weeksOf(before)[0].looks, [1, 0], "to confirm it again is no second look");
  assert.deepEqual([before.agent.labels, before.agent.watch.labels, before.agent.watch.points], [1, 1, 0]);

  await desk.pass(8 * DAY);
  const shown = (await desk.lead.call("GET", `/v1/drafts/${id}`)).body;
  const wrong = verdictOn(shown, WRONG);
  const put = () => desk.lead.call("PUT", `/v1/drafts/${id}/verdict`, wrong);
  assert.deepEqual([(await put()).body.status, (await put()).status], ["corrected", 200], "a repeat is answered alike");
  for (const verdict of [WRONG, CONFIRM]) {
    const again = await desk.given(id, verdict);
    assert.deepEqual([again.status, again.body.code], [409, "verdict_not_applicable"]);
  }
  const after = await desk.trust();
  assert.deepEqual(weeksOf(after).slice(0, 3).map(({ looks }) => looks).filter(([looks]) => looks > 0), [[1, 1]]);
  assert.deepEqual(weeksOf(after)[0].looks, [0, 0], "nothing was looked at this week");
  assert.equal(after.category.lately.released_in_error.share, 1);
  assert.equal(after.category.lately.correction_rate.share, 1);
  assert.deepEqual([after.agent.labels, after.agent.watch.labels, after.agent.watch.points], [1, 1, 16_000]);
  assert.deepEqual(await lookedAt(desk, id), ["confirm", "confirm", "correct"], "the log tells all");
  const kept = "SELECT counts FROM trust WHERE tenant_id = ?";
  await until(async () => JSON.parse(await service.database.prepare(kept).bind(desk.tenant.id).first("counts")).sampled_failed === 1);
});

test("four that were confirmed and are found wrong cost the level, like four looks", async () => {
  const desk = await Desk.of(service, { start_level: 2, sample_rate: 1 });
  const drafts = [];
  for (const topic of ["invoice", "voucher", "delivery", "warranty"]) {
    drafts.push(await desk.post(topic));
    await desk.decide(drafts.at(-1).id, CONFIRM);
  }
  for (const { id } of drafts) {
    assert.equal((await desk.trust()).agent.level, 2);
    await desk.decide(id, WRONG);
  }
  const { agent, changes } = await desk.trust();
  assert.deepEqual([agent.level, changes[0].cause, agent.labels], [1, "failure_rate", 4]);
  assert.equal((await desk.post("damage")).status, "held");
});

test("a confirmed release of high stakes that is found wrong costs every level, also after a step, and of a version as good as that one", async () => {
  const desk = await Desk.of(service, { start_level: 3, sample_rate: 1 }, { actions: { refund: { stakes: "financial", undoable: true } } });
  const refund = { kind: "action", draft: { action: { name: "refund", args: { amount: 10 } } } };
  const { id, status } = await desk.post("invoice", { ...refund, agent_version: "v1" });
  assert.equal(status, "released");
  await desk.decide(id, CONFIRM);
  for (const agent_version of ["v2", "v3"]) await desk.post("voucher", { agent_version });
  const declared = { agent_version: "v2", equivalent_to: "v1", reason: "a typo in the prompt" };
  assert.equal((await desk.lead.call("PUT", "/v1/agents/support-bot/version", declared)).status, 200);
  const lowered = { category: CATEGORY, agent: "support-bot", agent_version: "v1", level: 2, reason: "season" };
  assert.equal((await desk.lead.call("PUT", "/v1/levels", lowered)).status, 200);

  await desk.decide(id, WRONG);
  const { category, changes } = await desk.trust();
  const levels = category.agents.map(({ agent_version, level }) => [agent_version, level]);
  assert.deepEqual(Object.fromEntries(levels), { v1: 1, v2: 1, v3: 3 }, "v3 is another");
  const lost = changes.filter(({ cause }) => cause === "harmful_high_stakes");
  assert.deepEqual(lost.map(({ agent_version, from, to }) => [agent_version, from, to]).toSorted(), [["v1", 2, 1], ["v2", 3, 1]]);
});

test("looks that are still owed for a version count for the one that is declared as good as it", async () => {
  const desk = await Desk.of(service, { start_level: 2, sample_rate: 1 });
  const drafts = [];
  for (const topic of ["invoice", "voucher", "delivery", "warranty"]) drafts.push(await desk.post(topic, { agent_version: "v1" }));
  const declared = { agent_version: "v2", equivalent_to: "v1", reason: "a typo in the prompt" };
  assert.equal((await desk.lead.call("PUT", "/v1/agents/support-bot/version", declared)).status, 200);
  for (const { id } of drafts) await desk.decide(id, WRONG);
  const { category } = await desk.trust();
  assert.deepEqual(category.agents.map(({ agent_version, level }) => [agent_version, level]).toSorted(), [["v1", 1], ["v2", 1]]);
  assert.deepEqual(weeksOf({ category })[0].looks, [4, 4], "the week counts each once");
});

test("what is right of a version calms no alarm of one that was declared as good as it", async () => {
  const desk = await Desk.of(service, { start_level: 2, sample_rate: 1 });
  const wrong = [];
  for (const topic of ["invoice", "voucher", "delivery", "warranty"]) wrong.push(await desk.post(topic, { agent_version: "v2" }));
  const right = [];
  for (const topic of ["damage", "exchange", "tariff", "discount", "deposit"]) right.push(await desk.post(topic, { agent_version: "v1" }));
  const declared = { agent_version: "v2", equivalent_to: "v1", reason: "a typo in the prompt" };
  assert.equal((await desk.lead.call("PUT", "/v1/agents/support-bot/version", declared)).status, 200);
  const last = wrong.pop();
  for (const { id } of wrong) await desk.decide(id, WRONG);
  for (const { id } of right) await desk.decide(id, CONFIRM);
  const versions = async () => {
    const agents = (await desk.trust()).category.agents.map(({ agent_version, level, watch }) => [agent_version, [level, watch.points]]);
    return Object.fromEntries(agents);
  };
  assert.deepEqual(await versions(), { v1: [2, 0], v2: [2, 48_000] });
  await desk.decide(last.id, WRONG);
  assert.deepEqual(await versions(), { v1: [2, 0], v2: [1, 0] });
});

test("a look that nobody was asked for says nothing of a rate, whatever is found later", async () => {
  const desk = await Desk.of(service, { start_level: 3, sample_rate: 0 });
  const { id } = await desk.post("invoice");
  await desk.decide(id, CONFIRM);
  await desk.decide(id, WRONG);
  const { agent, category } = await desk.trust();
  assert.deepEqual([weeksOf({ category })[0].looks, agent.labels, agent.watch.points], [[0, 0], 0, 0]);
});

test("a release that was confirmed unread and is found wrong is a label for the first time", async () => {
  const desk = await Desk.of(service, { start_level: 3, sample_rate: 1 });
  const { id } = await desk.post("invoice");
  const shown = (await desk.lead.call("GET", `/v1/drafts/${id}`)).body;
  await desk.lead.call("POST", "/v1/verdicts", { verdicts: [{ id, given: verdictOn(shown, CONFIRM) }] });
  assert.equal((await desk.trust()).agent.labels, 0);
  await desk.decide(id, WRONG);
  const { agent, category } = await desk.trust();
  assert.deepEqual([weeksOf({ category })[0].looks, agent.labels, agent.watch.labels, agent.watch.points], [[1, 1], 1, 1, 16_000]);
});

test("an approved draft that is found wrong is no approved one any more, and one label", async () => {
  const desk = await Desk.of(service, {}, { undo_window_s: 8 });
  const { id } = await desk.post("invoice");
  const first = verdictOn((await desk.lead.call("GET", `/v1/drafts/${id}`)).body, APPROVE);
  assert.equal((await desk.lead.call("PUT", `/v1/drafts/${id}/verdict`, first)).body.status, "pending");
  assert.equal((await desk.given(id, WRONG)).body.code, "verdict_not_applicable", "nothing is out yet");
  assert.equal((await desk.lead.call("DELETE", `/v1/drafts/${id}/verdict`, { verdict_id: first.verdict_id })).body.status, "held");
  await desk.decide(id, APPROVE);
  await desk.pass(10_000);
  const approved = await desk.trust();
  assert.deepEqual([weeksOf(approved)[0].held, approved.category.lately.accuracy.share], [[1, 1, 0], 1]);
  assert.deepEqual([approved.agent.readiness.labelled, approved.agent.readiness.clean], [1, 1]);

  await desk.pass(8 * DAY);
  await desk.decide(id, WRONG);
  const { agent, category } = await desk.trust();
  assert.deepEqual(weeksOf({ category })[0].held, [0, 0, 0]);
  assert.deepEqual(weeksOf({ category }).map(({ held }) => held).filter(([reviewed]) => reviewed > 0), [[1, 0, 1]]);
  assert.deepEqual([category.lately.accuracy.share, category.lately.correction_rate.share], [0, 1]);
  assert.deepEqual([agent.readiness.labelled, agent.readiness.clean, agent.readiness.failed, agent.labels], [1, 0, 1, 1]);
});

test("what was a failure already, or a person's own words, costs an agent nothing more", async () => {
  const desk = await Desk.of(service, {}, {
    guardrails: [{ name: "threats", when: { words: ["lawyer"] }, route: "human", because: "Threats are answered by a person." }],
  });
  const edited = await desk.post("invoice");
  await desk.decide(edited.id, written("edit", "Your invoice of 12 May was cancelled."));
  const answered = await desk.post("voucher");
  await desk.decide(answered.id, written("respond", "We call you."));
  const theirs = await desk.post("lawyer");
  assert.equal(theirs.status, "with_human");
  await desk.decide(theirs.id, written("respond", "We write to them."));
  const before = await desk.trust();
  assert.deepEqual([before.agent.readiness.labelled, before.agent.readiness.failed], [2, 2]);
  for (const { id } of [edited, answered, theirs]) assert.equal((await desk.decide(id, WRONG)).status, "corrected");
  const elsewhere = await desk.post("delivery");
  await desk.decide(elsewhere.id, { kind: "handled_elsewhere" });
  assert.equal((await desk.given(elsewhere.id, WRONG)).body.code, "verdict_not_applicable", "nothing left");
  const { agent, category } = await desk.trust();
  assert.deepEqual([agent.readiness, agent.labels], [before.agent.readiness, before.agent.labels]);
  assert.deepEqual(weeksOf({ category })[0].held, weeksOf(before)[0].held);
});

test("a known-bad draft that was missed counts for nobody, whatever is said of it afterwards", async () => {
  const desk = await Desk.of(service, { sample_rate: 1 }, { vigilance: { seed_rate: 1 } });
  const known = draft({ draft: { text: "We refund 9,999 dollars today.", subject: "Planted" } });
  const tom = await desk.tenant.session("tom@example.com");
  assert.equal((await desk.lead.call("POST", "/v1/seeds", { draft: known, flaw: "a made-up sum" })).status, 201);
  await desk.post("invoice");
  const planted = (await tom.call("GET", "/v1/queue")).body.drafts.find(({ subject }) => subject === "Planted");
  await desk.decide(planted.id, APPROVE, tom);
  assert.equal((await desk.decide(planted.id, WRONG, tom)).status, "corrected");
  const { agent, category } = await desk.trust();
  assert.deepEqual([weeksOf({ category })[0].held, agent.readiness.labelled, agent.labels], [[0, 0, 0], 0, 0]);
  const { vigilance } = (await desk.lead.call("GET", "/v1/queue/health")).body;
  assert.deepEqual(vigilance.map(({ met, caught }) => [met, caught]), [[1, 0]], "it was missed all the same");
});

test("an approval that nobody had read, and a second person agreed to, is one label when it is found wrong", async () => {
  const desk = await Desk.of(service, { second_look_rate: 1 });
  const tom = await desk.tenant.session("tom@example.com");
  const { id } = await desk.post("invoice");
  const shown = (await desk.lead.call("GET", `/v1/drafts/${id}`)).body;
  await desk.lead.call("POST", "/v1/verdicts", { verdicts: [{ id, given: verdictOn(shown, APPROVE) }] });
  await desk.decide(id, CONFIRM, tom);
  const agreed = await desk.trust();
  assert.deepEqual([agreed.agent.readiness.labelled, agreed.agent.readiness.clean], [1, 1]);
  await desk.pass(DAY);
  await desk.decide(id, WRONG);
  const { agent, category } = await desk.trust();
  assert.deepEqual([agent.readiness.labelled, agent.readiness.failed], [1, 1]);
  assert.deepEqual(weeksOf({ category }).map(({ held }) => held).filter(([reviewed]) => reviewed > 0), [[1, 0, 1]]);
});

/** The labels of a version that count: those that are clean, and those that failed. */
const evidence = ({ category }, version) => {
  const { readiness } = category.agents.find(({ agent_version, current }) => (version ? agent_version === version : current));
  return [readiness.clean, readiness.failed];
};
const several = (desk, drafts, verdict) =>
  Promise.all(drafts.map(async ({ id }) => verdictOn((await desk.lead.call("GET", `/v1/drafts/${id}`)).body, verdict))).then((given) =>
    desk.lead.call("POST", "/v1/verdicts", { verdicts: given.map((given, at) => ({ id: drafts[at].id, given })) }));

test("each of two drafts that are alike loses its label when both are found wrong on a day", async () => {
  const desk = await Desk.of(service);
  const drafts = [];
  for (let day = 0; day < 2; day += 1) {
    drafts.push(await desk.post("invoice"));
    await desk.decide(drafts.at(-1).id, APPROVE);
    await desk.pass(DAY);
  }
  assert.deepEqual(evidence(await desk.trust()), [2, 0], "near-identical drafts count once a day");
  for (const { id } of drafts) await desk.decide(id, WRONG);
  assert.deepEqual(evidence(await desk.trust()), [0, 1]);
});

test("a draft that was left out as near-identical takes no label of another draft with it", async () => {
  const desk = await Desk.of(service);
  await desk.decide((await desk.post("voucher")).id, APPROVE);
  await desk.decide((await desk.post("invoice")).id, APPROVE);
  const copy = await desk.post("invoice");
  await desk.decide(copy.id, APPROVE);
  assert.deepEqual(evidence(await desk.trust()), [2, 0]);
  await desk.decide(copy.id, WRONG);
  assert.deepEqual(evidence(await desk.trust()), [2, 1]);
});

test("a second look that nobody was asked for neither earns a label nor moves one", async () => {
  const desk = await Desk.of(service, { second_look_rate: 0 });
  const tom = await desk.tenant.session("tom@example.com");
  await desk.decide((await desk.post("voucher")).id, APPROVE);
  const unread = await desk.post("invoice");
  await several(desk, [unread], APPROVE);
  await desk.decide(unread.id, CONFIRM, tom);
  assert.deepEqual(evidence(await desk.trust()), [1, 0]);
  await desk.decide(unread.id, WRONG);
  assert.deepEqual(evidence(await desk.trust()), [1, 1], "nothing was counted of it");

  const read = await desk.post("delivery");
  await desk.decide(read.id, APPROVE);
  await desk.pass(8 * DAY);
  await desk.decide(read.id, CONFIRM, await desk.tenant.session("tom@example.com"));
  await desk.decide(read.id, WRONG);
  assert.deepEqual(evidence(await desk.trust()), [1, 2], "its label was of the week before");
});

test("a version has to lose only what it took over of one that it was declared as good as", async () => {
  const desk = await Desk.of(service);
  const [before, after] = [await desk.post("invoice", { agent_version: "v1" }), await desk.post("delivery", { agent_version: "v1" })];
  const own = await desk.post("voucher", { agent_version: "v2" });
  await desk.decide(before.id, APPROVE);
  await desk.decide(own.id, APPROVE);
  const declared = { agent_version: "v2", equivalent_to: "v1", reason: "a typo in the prompt" };
  assert.equal((await desk.lead.call("PUT", "/v1/agents/support-bot/version", declared)).status, 200);
  await desk.decide(after.id, APPROVE);
  const both = async () => {
    const trust = await desk.trust();
    return [evidence(trust, "v1"), evidence(trust, "v2"), trust.category.agents.map(({ labels }) => labels)];
  };
  assert.deepEqual(await both(), [[2, 0], [2, 0], [2, 2]]);
  await desk.decide(after.id, WRONG);
  assert.deepEqual(await both(), [[1, 1], [2, 1], [3, 2]], "v2 never counted it");
  await desk.decide(before.id, WRONG);
  assert.deepEqual(await both(), [[0, 2], [1, 2], [3, 2]]);
});

test("a step that rests on a label which turns can't be confirmed, and leaves the list", async () => {
  const desk = await Desk.of(service);
  const topics = ["invoice", "voucher", "delivery", "warranty", "damage", "exchange", "tariff", "discount", "deposit", "parcel"];
  const drafts = [];
  for (let day = 0; day < 14; day += 1) {
    for (const topic of topics) {
      drafts.push(await desk.post(topic));
      await desk.decide(drafts.at(-1).id, APPROVE);
    }
    await desk.pass(DAY);
  }
  const { proposals: [proposal] } = await until(async () => {
    const trust = await desk.trust();
    return trust.proposals.length > 0 && trust;
  });
  assert.equal(proposal.stale, undefined);
  await desk.decide(drafts[0].id, WRONG);
  const { proposals: [stale], agent } = await desk.trust();
  assert.deepEqual([stale.id, stale.stale, agent.labels], [proposal.id, "evidence_changed", drafts.length]);
  const confirmed = await desk.lead.call("PUT", `/v1/proposals/${proposal.id}`, { answer: "confirm" });
  assert.deepEqual([confirmed.status, confirmed.body.code], [409, "evidence_changed"]);
  await desk.pass(DAY);
  await until(async () => (await desk.trust()).proposals.length === 0);
});

test("what became of a draft is no label, and leaves the one that it gets as it is", async () => {
  const desk = await Desk.of(service, { start_level: 3, sample_rate: 1 });
  const [tried, skipped] = [await desk.post("invoice"), await desk.post("voucher")];
  const report = async (id, outcome) => (await desk.tenant.agent("PUT", `/v1/drafts/${id}/outcome`, { outcome })).body.status;
  assert.equal(await report(tried.id, "failed"), "failed");
  await desk.decide(tried.id, CONFIRM);
  assert.equal(await report(tried.id, "done"), "done");
  assert.equal(await report(skipped.id, "skipped"), "skipped");
  const { agent, category } = await desk.trust();
  assert.deepEqual([weeksOf({ category })[0].looks, agent.labels], [[1, 0], 1]);
  await desk.decide(tried.id, WRONG);
  assert.equal((await desk.given(skipped.id, WRONG)).body.code, "verdict_not_applicable", "it never left");
  const after = await desk.trust();
  assert.deepEqual([weeksOf(after)[0].looks, after.agent.labels], [[1, 1], 1]);
});

test("an example is told once whether it helped, however often the draft is looked at", async () => {
  const desk = await Desk.of(service, { start_level: 3, sample_rate: 1 });
  const taught = await desk.post("invoice");
  await desk.decide(taught.id, { ...WRONG, draft: { text: "Your invoice of 12 May was cancelled." } });
  const corrections = async () => (await desk.lead.call("GET", "/v1/corrections")).body.corrections;
  const [{ id: example }] = await corrections();
  const { id } = await desk.post("invoice", { examples_used: [example] });
  await desk.decide(id, CONFIRM);
  await desk.decide(id, WRONG);
  const [{ used }] = (await corrections()).filter(({ id }) => id === example);
  assert.equal(used, 1);
});

test("a batch that costs a level costs no second one by what the lower level would have held", async () => {
  const desk = await Desk.of(service, { start_level: 3, sample_rate: 1 });
  const post = async (topics, confidence) => {
    const drafts = [];
    for (const topic of topics) drafts.push(await desk.post(topic, { confidence }));
    return drafts.map(({ id }) => id);
  };
  const topics = ["invoice", "voucher", "delivery", "warranty", "damage", "exchange", "tariff", "discount"];
  const [unsure, sure] = [await post(topics, 0.1), await post(["deposit", "parcel", "order", "ticket"], 0.9)];
  for (const id of unsure) await desk.decide(id, WRONG);
  const once = await desk.trust();
  assert.deepEqual([once.agent.level, once.agent.watch.points, once.agent.labels], [2, 0, 8]);
  for (const id of sure) await desk.decide(id, WRONG);
  const { agent, changes } = await desk.trust();
  assert.deepEqual(changes.map(({ from, to, cause }) => [from, to, cause]), [[2, 1, "failure_rate"], [3, 2, "failure_rate"]]);
  assert.equal(agent.level, 1, "what it would have let out counts");
});

test("a look that agrees with what a person wrote doesn't make it right as it was drafted", async () => {
  const desk = await Desk.of(service);
  const [edited, approved] = [await desk.post("invoice"), await desk.post("voucher")];
  await desk.decide(edited.id, written("edit", "Your invoice of 12 May was cancelled."));
  await desk.decide(approved.id, APPROVE);
  await desk.decide(edited.id, CONFIRM);
  await desk.decide(approved.id, WRONG);
  const labels = await until(async () => {
    const { records } = (await desk.lead.call("GET", "/v1/policy/records")).body;
    const labels = Object.fromEntries(records.map(({ id, label }) => [id, label]));
    return labels[approved.id] === "harmful" && labels;
  });
  assert.equal(labels[edited.id], "substantive", "nor in a backtest");
});

test("a level that a lower ceiling hides is at the ceiling, not at the top", async () => {
  const desk = await Desk.of(service, { start_level: 3, sample_rate: 0 });
  await desk.post("invoice");
  assert.equal((await desk.trust()).agent.not_proposed, "top_level");
  const capped = (document) => ({ ...document, categories: { [CATEGORY]: { start_level: 1, ceiling: 1 } } });
  assert.equal((await desk.tenant.policy(desk.lead, capped)).status, 200);
  const { agent } = await desk.trust();
  assert.deepEqual([agent.level, agent.not_proposed], [1, "at_ceiling"]);
});

test("a verdict that settles after midnight counts, and turns, in the week in which it settled", async () => {
  const desk = await Desk.of(service, {}, { undo_window_s: 10 });
  const clock = async () => Date.parse((await desk.lead.call("GET", `/v1/drafts/${(await desk.post("voucher")).id}`)).body.created_at);
  const noon = new Date(await clock());
  const sunday = (7 - noon.getUTCDay()) % 7;
  await desk.pass(sunday * DAY + DAY / 2 - (noon.getTime() % (DAY / 2)) - 12 * SECOND);
  const { id } = await desk.post("invoice");
  const shown = (await desk.lead.call("GET", `/v1/drafts/${id}`)).body;
  await desk.pass(5 * SECOND);
  const put = await desk.lead.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(shown, APPROVE));
  assert.equal(put.body.status, "pending");
  assert.equal(new Date(await clock()).getUTCDay(), 0, "it is still Sunday");
  await desk.pass(20 * SECOND);
  assert.equal(new Date(await clock()).getUTCDay(), 1);
  const settled = await desk.trust();
  assert.deepEqual([weeksOf(settled)[0].held, evidence(settled)], [[1, 1, 0], [1, 0]]);
  await desk.decide(id, WRONG);
  const { category, ...trust } = await desk.trust();
  assert.deepEqual([weeksOf({ category })[0].held, evidence({ category, ...trust })], [[1, 0, 1], [0, 1]]);
  await desk.pass(DAY / 2);
});
