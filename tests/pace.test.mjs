// How fast the queue is served: what agents are told, what the forecast says, and who rushes.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ORIGIN, draft, start, until, verdictOn } from "./countersign.mjs";

let service;
before(async () => {
  service = await start();
});
after(() => service.stop());

test("the queue's health follows what comes and what is decided", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  await tenant.policy(lead, (policy) => ({ ...policy, undo_window_s: 0 }));
  const health = async (person = lead) => (await person.call("GET", "/v1/queue/health")).body;
  assert.equal((await health()).strain, "fine");

  const first = (await tenant.post(draft())).body;
  assert.equal(first.expected_wait_s, undefined, "nobody decides: nothing is promised");
  assert.equal(first.retry_after_s, 300);
  assert.equal((await health()).strain, "growing", "what nobody decides will be late");

  const posts = [first];
  for (let count = 1; count < 12; count += 1) posts.push((await tenant.post(draft())).body);
  for (const { id } of posts.slice(0, 11)) {
    const shown = (await lead.call("GET", `/v1/drafts/${id}`)).body;
    await lead.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(shown, { kind: "approve" }));
  }
  const later = (await tenant.post(draft())).body;
  assert.equal(later.expected_wait_s, Math.floor((3 * 3600) / 11));
  const now = await health();
  assert.deepEqual([now.flow.arrived, now.flow.decided, now.counts.held, now.late], [13, 11, 2, 0]);
  const [mia] = now.reviewers;
  assert.deepEqual([mia.person_id, mia.approved, mia.fast, mia.rushes], [lead.person.id, 11, 11, true]);
  const tom = await tenant.session("tom@example.com");
  assert.equal((await health(tom)).reviewers, undefined, "only leads see how fast others are");
});

test("near-identical drafts are one group, and each has its own verdict and entry", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const same = (name, order) => draft({ message: `Where is my refund for order ${order}?`, customer: { id: name, name } });
  for (const body of [same("Ada", 1234), same("Bob", 99), draft({ message: "Please close my account." })]) await tenant.post(body);
  const { drafts } = (await lead.call("GET", "/v1/queue")).body;
  const groups = Object.groupBy(drafts, (one) => one.alike);
  const burst = Object.values(groups).find((group) => group.length === 2);
  assert.ok(burst && Object.keys(groups).length === 2);
  const verdicts = await Promise.all(burst.map(async ({ id }) => {
    const shown = (await lead.call("GET", `/v1/drafts/${id}`)).body;
    return { id, given: verdictOn(shown, { kind: "approve" }) };
  }));
  const { answers } = (await lead.call("POST", "/v1/verdicts", { verdicts })).body;
  assert.deepEqual(answers.map((answer) => answer.status), [200, 200], JSON.stringify(answers));
  const events = (await lead.call("GET", "/v1/audit")).body.entries.map(({ entry }) => entry);
  const decided = events.filter((entry) => entry.event === "draft.decided").map((entry) => entry.about);
  assert.deepEqual(decided.sort(), burst.map(({ id }) => id).sort());
});

test("a page that was away goes on from its sequence", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const open = async (query) => {
    const response = await service.miniflare.dispatchFetch(`${ORIGIN}/v1/live${query}`, { headers: { upgrade: "websocket", cookie: lead.cookie, origin: ORIGIN } });
    const heard = [];
    response.webSocket.addEventListener("message", ({ data }) => heard.push(JSON.parse(data)));
    response.webSocket.accept();
    await until(() => heard.some((told) => told.type === "presence"));
    response.webSocket.close();
    return heard;
  };
  await tenant.post(draft());
  const [{ sequence }] = await open("");
  const missed = (await tenant.post(draft())).body.id;
  const heard = await open(`?after=${sequence}`);
  assert.deepEqual(heard.filter((told) => told.type === "draft").map((told) => told.draft.id), [missed]);
  assert.ok((await open("?after=1000000")).some((told) => told.type === "reset"), "another log: all anew");
});
