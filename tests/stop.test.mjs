// Stop, shadow mode, and open drafts that are routed again: only ever towards more care.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { draft, shared, until, verdictOn } from "./countersign.mjs";

const service = await shared();

const level3 = (policy) => ({ ...policy, categories: { "billing.refund": { start_level: 3, sample_rate: 0 } } });

test("a stop holds new drafts, takes back open undo windows, and lets nothing be approved", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  await tenant.policy(lead, (policy) => ({ ...policy, undo_window_s: 60 }));
  const posted = (await tenant.post(draft())).body;
  const path = `/v1/drafts/${posted.id}`;
  const shown = (await lead.call("GET", path)).body;
  await lead.call("PUT", `${path}/verdict`, verdictOn(shown, { kind: "approve" }));
  await tenant.policy(lead, level3);

  const stop = (covers, stopped) => lead.call("PUT", "/v1/stop", { covers, stopped, reason: stopped ? "the price list is wrong" : "the list is mended" });
  const covers = { scope: "category", name: "billing.refund" };
  assert.equal((await stop(covers, true)).body.stops.length, 1);
  const held = (await tenant.agent("GET", path)).body;
  assert.equal(held.status, "held", "the undo window is taken back");
  const fresh = (await tenant.post(draft())).body;
  assert.equal(fresh.status, "held");
  assert.equal(fresh.reasons[0].code, "stop");
  assert.match(fresh.reasons[0].text, /price list/);
  assert.equal((await tenant.post(draft({ category: "other" }))).body.reasons[0].code, "level", "others go on");

  const again = (await lead.call("GET", path)).body;
  const refused = await lead.call("PUT", `${path}/verdict`, verdictOn(again, { kind: "approve" }));
  assert.equal(refused.body.code, "stopped");
  const rejected = await lead.call("PUT", `${path}/verdict`, verdictOn(again, { kind: "reject", reason: "stopped" }));
  assert.equal(rejected.status, 200, "what lets nothing leave is possible");
  assert.equal((await stop(covers, false)).body.stops.length, 0);
  assert.equal((await tenant.post(draft())).body.status, "released");
  const audit = (await lead.call("GET", "/v1/audit?limit=200")).body.entries.map(({ entry }) => entry);
  const logged = audit.filter(({ event }) => event === "stop.changed");
  const { changes } = (await lead.call("GET", "/v1/stop")).body;
  assert.deepEqual(changes.map(({ stopped, reason }) => [stopped, reason]), [[false, "the list is mended"], [true, "the price list is wrong"]]);
  const committed = ({ salt, reason }) => createHash("sha256").update(Buffer.from(salt, "hex")).update(reason).digest("hex");
  assert.deepEqual(logged.map(({ facts }) => facts.reason_commitment), changes.map(committed), "and why, though the stop is lifted");
  assert.ok(audit.some(({ event }) => event === "draft.rerouted"));
});

test("a change of rules waits for what may leave, and not for all that is open", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  await tenant.policy(lead, (policy) => ({ ...policy, undo_window_s: 60 }));
  const [leaves, ...open] = await Promise.all(Array.from({ length: 8 }, async () => (await tenant.post(draft())).body.id));
  const shown = (await lead.call("GET", `/v1/drafts/${leaves}`)).body;
  await lead.call("PUT", `/v1/drafts/${leaves}/verdict`, verdictOn(shown, { kind: "approve" }));
  await tenant.policy(lead, (policy) => ({
    ...policy,
    guardrails: [{ name: "all", when: {}, route: "human", because: "A person answers all of it." }],
  }));
  assert.equal((await tenant.agent("GET", `/v1/drafts/${leaves}`)).body.status, "with_human", "it leaves no more");
  const entries = await until(async () => {
    const all = (await lead.call("GET", "/v1/audit?limit=200")).body.entries.map(({ entry }) => entry);
    return all.filter(({ event }) => event === "draft.rerouted").length === 8 && all;
  });
  const at = (event, id) => entries.find((entry) => entry.event === event && (!id || entry.about === id)).at_ms;
  assert.equal(at("draft.rerouted", leaves), at("policy.changed"), "with the change");
  for (const id of open) assert.ok(at("draft.rerouted", id) > at("policy.changed"), "after it");
});

test("each scope covers its own", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  await tenant.policy(lead, (policy) => ({
    ...level3(policy),
    actions: { look_up: { stakes: "none" } },
  }));
  const action = { kind: "action", draft: { action: { name: "look_up", args: {} } } };
  const scopes = [
    [{ scope: "tenant" }, {}, null],
    [{ scope: "agent", name: "support-bot" }, {}, { agent: "other-bot" }],
    [{ scope: "action", name: "look_up" }, action, {}],
  ];
  for (const [covers, hit, spared] of scopes) {
    await lead.call("PUT", "/v1/stop", { covers, stopped: true, reason: "a test" });
    assert.equal((await tenant.post(draft(hit))).body.status, "held", JSON.stringify(covers));
    if (spared) assert.equal((await tenant.post(draft(spared))).body.status, "released", JSON.stringify(covers));
    await lead.call("PUT", "/v1/stop", { covers, stopped: false });
  }
  const nameless = await lead.call("PUT", "/v1/stop", { covers: { scope: "tenant" }, stopped: true });
  assert.equal(nameless.body.code, "invalid_field");
  const tom = await tenant.session("tom@example.com");
  const refused = await tom.call("PUT", "/v1/stop", { covers: { scope: "tenant" }, stopped: true, reason: "r" });
  assert.equal(refused.status, 403);
});

test("a stricter policy moves open drafts, a laxer one releases none", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const posted = (await tenant.post(draft())).body;
  const path = `/v1/drafts/${posted.id}`;
  await tenant.policy(lead, level3);
  await tenant.policy(lead, (policy) => ({ ...policy, defaults: { ...policy.defaults, confidence_threshold: 0.1 } }));
  assert.equal((await tenant.agent("GET", path)).body.status, "held", "what waits goes on waiting");
  await tenant.policy(lead, (policy) => ({
    ...policy,
    guardrails: [{ name: "mine", when: { words: ["refund"] }, route: "human", because: "Refunds are a person's." }],
  }));
  const moved = await until(async () => {
    const answer = (await tenant.agent("GET", path)).body;
    return answer.status === "with_human" && answer;
  });
  assert.equal(moved.reasons[0].guardrail, "mine");
  const shown = (await lead.call("GET", path)).body;
  const refused = await lead.call("PUT", `${path}/verdict`, verdictOn(shown, { kind: "approve" }));
  assert.equal(refused.body.code, "belongs_to_human");
});

test("an agent in shadow mode is answered release, and looked at where it would have waited", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const on = await lead.call("PUT", "/v1/agents/support-bot/shadow", { shadow: true });
  assert.deepEqual(on.body.shadows, ["support-bot"]);
  const posted = (await tenant.post(draft())).body;
  assert.equal(posted.status, "released");
  assert.equal(posted.route, "release");
  assert.equal(posted.reasons[0].code, "shadow");
  const shown = (await lead.call("GET", `/v1/drafts/${posted.id}`)).body;
  assert.equal(shown.decision.route, "review", "the route it would have had is recorded");
  assert.equal(shown.look_owed, true);
  const looked = await lead.call("PUT", `/v1/drafts/${posted.id}/verdict`, verdictOn(shown, { kind: "confirm" }));
  assert.equal(looked.status, 200, JSON.stringify(looked.body));
  assert.equal((await tenant.post(draft({ agent: "other-bot" }))).body.status, "held");
  await lead.call("PUT", "/v1/stop", { covers: { scope: "tenant" }, stopped: true, reason: "a test" });
  assert.equal((await tenant.post(draft())).body.status, "held", "a stop holds shadows, too");
});

test("guardrails know the tenant's local time", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const always = [{ from_day: 1, to_day: 7, from_minute: 0, to_minute: 1440 }];
  const rule = (local_time) => [{ name: "hours", when: { local_time }, route: "human", because: "Out of hours." }];
  const put = (zone, local_time) => tenant.policy(lead, (policy) => ({ ...policy, zone, guardrails: rule(local_time) }));
  await put("Pacific/Auckland", always);
  assert.equal((await tenant.post(draft())).body.status, "with_human");
  const parts = new Intl.DateTimeFormat("en-GB", { timeZone: "Pacific/Auckland", weekday: "short" });
  const today = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].indexOf(parts.format(new Date())) + 1;
  // Nor tomorrow: it may begin before the draft is posted.
  const others = [1, 2, 3, 4, 5, 6, 7].filter((day) => day !== today && day !== (today % 7) + 1);
  await put("Pacific/Auckland", others.map((day) => ({ ...always[0], from_day: day, to_day: day })));
  assert.equal((await tenant.post(draft())).body.status, "held");
});
