// Levels as they are earned and lost: by posts, verdicts and days alone. No route that only a development
// build has is used here; the clock is all that isn't real.
import assert from "node:assert/strict";
import { test } from "node:test";
import { shared, until, verdictOn } from "./countersign.mjs";
import { CATEGORY, DAY, Desk } from "./days.mjs";
import { faultyEntry } from "./faults.mjs";

const TOPICS = ["invoice", "voucher", "delivery", "warranty", "damage", "exchange", "tariff", "discount", "deposit", "parcel"];

const service = await shared({ entry: faultyEntry(), meaning: true });

test("two weeks of verdicts earn a level; looks that find harm, or none at all, take it away", async () => {
  const desk = await Desk.of(service, { sample_rate: 1 });
  for (let day = 0; day < 14; day += 1) {
    assert.deepEqual((await desk.trust()).proposals, [], `day ${day}`);
    for (const topic of TOPICS) {
      const { id, status } = await desk.post(topic);
      assert.equal(status, "held");
      await desk.decide(id, { kind: "approve" });
    }
    await desk.pass(DAY);
    if (day === 4) assert.equal((await desk.trust()).agent.readiness.labelled, 50);
  }
  const { proposals: [proposal], agent } = await until(async () => {
    const trust = await desk.trust();
    return trust.proposals.length > 0 && trust;
  });
  assert.deepEqual([proposal.from, proposal.to, agent.level], [1, 2, 1]);
  assert.ok(proposal.readiness.labelled >= 100 && proposal.readiness.bound > 0.95);
  assert.ok(proposal.weeks.length >= 2);
  const confirmed = await desk.lead.call("PUT", `/v1/proposals/${proposal.id}`, { answer: "confirm" });
  assert.equal(confirmed.status, 200, JSON.stringify(confirmed.body));

  const released = [];
  for (const topic of TOPICS.slice(0, 4)) released.push(await desk.post(topic));
  assert.deepEqual(new Set(released.map(({ status }) => status)), new Set(["released"]));
  for (const { id } of released) await desk.decide(id, { kind: "correct", remedy: "follow_up" });
  const lost = await desk.trust();
  assert.deepEqual([lost.agent.level, lost.changes[0].cause], [1, "failure_rate"]);
  assert.equal((await desk.post("invoice")).status, "held");
});

test("a level that nobody looks at is lost with time", async () => {
  const desk = await Desk.of(service, { start_level: 2, sample_rate: 0 });
  assert.equal((await desk.post("invoice")).status, "released");
  await desk.pass(100 * DAY);
  assert.equal((await desk.lead.call("GET", "/v1/queue")).status, 200);
  const { agent, changes } = await until(async () => {
    const trust = await desk.trust();
    return trust.agent.level === 1 && trust;
  });
  assert.deepEqual([agent.level, changes[0].cause], [1, "too_few_labels"]);
});

test("a second look that nobody takes is given up after a month, and counts for nothing", async () => {
  const desk = await Desk.of(service, { second_look_rate: 1 });
  const { id } = await desk.post("invoice");
  const reviewer = await desk.tenant.session("rae@example.com");
  const shown = (await reviewer.call("GET", `/v1/drafts/${id}`)).body;
  await reviewer.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(shown, { kind: "approve" }));
  const owed = async () => (await desk.lead.call("GET", "/v1/queue")).body.drafts.filter(({ look_owed }) => look_owed).length;
  assert.equal(await owed(), 1);
  await desk.pass(29 * DAY);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  assert.equal(await owed(), 1, "a month has not gone by");
  await desk.pass(2 * DAY);
  await until(async () => (await owed()) === 0);
  assert.equal((await desk.trust()).agent.readiness.labelled, 0);
  assert.equal((await desk.tenant.agent("GET", `/v1/drafts/${id}`)).body.status, "unconfirmed", "it went out, and nobody said what became of it");
});

test("the report of a week that is over keeps its steps, however many followed", async () => {
  const desk = await Desk.of(service, { start_level: 2 });
  await desk.tenant.policy(desk.lead, (document) => ({ ...document, defaults: { ...document.defaults, start_level: 2, ceiling: 3 },
    categories: { [CATEGORY]: {}, "other.a": {}, "other.b": {}, "other.c": {} } }));
  // A category has room for a hundred agents.
  const others = ["other.a", "other.b", "other.c"].flatMap((category) => Array.from({ length: 67 }, (_, at) => ({ category, agent: `bot ${at}` })));
  const first = { category: CATEGORY, agent: "first" };
  const lower = async (account) => {
    const answer = await desk.lead.call("PUT", "/v1/levels", { ...account, level: 1, reason: "a test" });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  };
  for (const account of [first, ...others]) await desk.post("invoice", account);
  await lower(first);
  const { week } = (await desk.lead.call("GET", "/v1/trust")).body;
  await desk.pass(8 * DAY);
  for (const account of others) await lower(account);
  const { body } = await desk.lead.call("GET", `/v1/trust/report?week=${week}`);
  assert.deepEqual(body.lost.map(({ from, to, cause }) => [from, to, cause]), [[2, 1, "lowered"]]);
});

test("messages of another kind than before cost a level", async () => {
  const desk = await Desk.of(service, { start_level: 2, sample_rate: 0 });
  const known = (index) => ({ message: `Please tell me when the refund for order ${index} of the ${TOPICS[index % 10]} arrives.` });
  const edit = { kind: "edit", draft: { text: "Your refund arrives within ten days." } };
  for (let index = 0; index < 26; index += 1) {
    const { id, status } = await desk.post("order", { ...known(index), confidence: 0.1 });
    assert.equal(status, "held");
    await desk.decide(id, index === 0 ? edit : { kind: "approve" });
  }
  for (let index = 0; index < 170; index += 1) await desk.post("order", known(index));
  await desk.pass(21 * DAY);
  const others = [
    "Which telescope shows the rings of Saturn best?", "Our cat will not eat since Tuesday, what can I do?",
    "Can you teach me the rules of cricket?", "How long does sourdough have to rise in winter?",
    "My violin squeaks on the highest string.", "Who painted the ceiling of the Sistine chapel?",
    "Is the glacier trail open to hikers in March?", "Translate this poem into Portuguese for me.",
    "Why do bees dance before they leave the hive?", "What is the boiling point of ethanol?",
    "Recommend me a novel about the sea.", "How do I prune an old apple tree?",
    "The brake of my bicycle rubs on the wheel.", "Does this vaccine need a second dose?",
  ];
  const strange = [];
  for (const message of others) strange.push(await desk.post("answer", { message }));
  assert.ok(strange.filter(({ status }) => status === "held").length >= 6, "what is new is held");
  for (const { id, status } of strange) if (status === "held") await desk.decide(id, { kind: "approve" });
  await desk.pass(DAY);
  const { changes } = await until(async () => {
    const trust = await desk.trust();
    return trust.agent.level === 1 && trust;
  });
  assert.equal(changes[0].cause, "drift");
});
