// Which released drafts are looked at: a minimum of looks a week, and less of it where the queue is
// full. Agents are told neither.
import assert from "node:assert/strict";
import { test } from "node:test";
import { draft, shared } from "./countersign.mjs";

const service = await shared();

const CATEGORY = "billing.refund";
const releasing = (rules, more = {}) => (policy) => ({
  ...policy,
  ...more,
  categories: { [CATEGORY]: { start_level: 3, ...rules } },
});
const events = async (lead) => (await lead.call("GET", "/v1/audit?limit=200")).body.entries.map(({ entry }) => entry);
const sampling = async (lead) =>
  (await events(lead)).filter((entry) => entry.event === "draft.routed").map(({ facts }) => [facts.sampled, facts.sampling_ppm]);

test("looks that lag behind the week's minimum raise the rate", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  await tenant.policy(lead, releasing({ sample_rate: 0, weekly_looks_min: 2 }));
  for (let posted = 0; posted < 4; posted += 1) {
    const answer = (await tenant.post(draft())).body;
    assert.equal(answer.status, "released");
    assert.equal(JSON.stringify(answer).includes("\"sampl"), false, "an agent is not told");
  }
  const newest = await sampling(lead);
  assert.deepEqual(newest.at(-1), [true, 1_000_000], "nobody knows how many will come: the first is looked at");
  assert.ok(newest.some(([sampled]) => !sampled) || newest.at(-2)[1] > 0, "what is missing is made up for");
  assert.equal((await lead.call("GET", "/v1/queue")).body.counts.look_owed, newest.filter(([sampled]) => sampled).length);
});

test("who asks for the next one is given what waits first, then what is to be looked at", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const tom = await tenant.session("tom@example.com");
  await tenant.policy(lead, releasing({ sample_rate: 1 }));
  const [sampled, second] = [(await tenant.post(draft())).body, (await tenant.post(draft())).body];
  const held = (await tenant.post(draft({ category: "billing.other" }))).body;
  assert.deepEqual([sampled.status, held.status], ["released", "held"]);
  const next = async (person) => {
    const answer = await person.call("POST", "/v1/leases");
    return answer.status === 204 ? null : [answer.body.id, answer.body.look_owed];
  };
  assert.deepEqual(await next(tom), [held.id, false]);
  assert.deepEqual(await next(tom), [held.id, false], "what one has comes first again");
  assert.deepEqual(await next(lead), [sampled.id, true]);
  await tom.call("DELETE", `/v1/drafts/${held.id}/lease`);
  await lead.call("PUT", `/v1/drafts/${held.id}/lease`);
  assert.deepEqual(await next(tom), [second.id, true], "nobody looks at what somebody else looks at");
});

test("no refusal tells an agent that its draft is sampled", async () => {
  const tenant = await service.tenant();
  await tenant.policy(await tenant.session(), releasing({ sample_rate: 1 }));
  const { id } = (await tenant.post(draft())).body;
  const refused = await tenant.agent("DELETE", `/v1/drafts/${id}`);
  assert.deepEqual([refused.status, refused.body.code, refused.body.draft.status], [409, "not_open", "released"]);
  await tenant.agent("PUT", `/v1/drafts/${id}/outcome`, { outcome: "done" });
  const again = await tenant.agent("PUT", `/v1/drafts/${id}/outcome`, { outcome: "failed" });
  assert.deepEqual([again.status, again.body.code], [409, "nothing_left"]);
  for (const { body } of [refused, again]) assert.doesNotMatch(JSON.stringify(body), /"(look_owed|lease|alike|assignee)"/);
});

test("a full queue lowers sampling to its floor, and leads are told", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  await tenant.policy(lead, releasing({ sample_rate: 0.8, sample_floor: 0.25 }, { queue_full_at: 2 }));
  await tenant.post(draft());
  assert.equal((await sampling(lead))[0][1], 800_000);
  assert.deepEqual((await lead.call("GET", "/v1/queue")).body.pressure, { open: 0, full_at: 2, eases_sampling: false });

  const waiting = [];
  for (let held = 0; held < 2; held += 1) waiting.push((await tenant.post(draft({ category: "other" }))).body);
  assert.ok(waiting.every(({ status }) => status === "held"), "what should be held is held");
  assert.deepEqual((await lead.call("GET", "/v1/queue")).body.pressure, { open: 2, full_at: 2, eases_sampling: true });
  const released = (await tenant.post(draft())).body;
  assert.equal(released.status, "released");
  assert.equal((await sampling(lead))[0][1], 250_000);
  const told = (await events(lead)).filter(({ event }) => event === "pressure.changed");
  assert.deepEqual(told.map(({ facts }) => facts), [{ eases_sampling: true, pressure_ppm: 1_000_000 }]);

  for (const { id } of waiting) await tenant.agent("DELETE", `/v1/drafts/${id}`);
  await tenant.post(draft());
  assert.equal((await sampling(lead))[0][1], 800_000);
  assert.equal((await events(lead)).filter(({ event }) => event === "pressure.changed").length, 2);
});
