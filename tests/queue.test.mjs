// The queue as a list: the next draft of it, and its pages, while others change it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { draft, shared, verdictOn } from "./countersign.mjs";

const service = await shared();

test("the next draft is found behind however many that nobody can take up", async () => {
  const tenant = await service.tenant();
  const [lead, tom] = [await tenant.session(), await tenant.session("tom@example.com")];
  const ids = [];
  for (let count = 0; count < 201; count += 1) ids.push((await tenant.post(draft())).body.id);
  const until = new Date(Date.now() + 600_000).toISOString();
  const defer = async (id) => ({ id, given: verdictOn((await lead.call("GET", `/v1/drafts/${id}`)).body, { kind: "defer", until }) });
  const last = (await tenant.post(draft())).body.id;
  while (ids.length > 0) {
    const verdicts = await Promise.all(ids.splice(0, 100).map(defer));
    const { answers } = (await lead.call("POST", "/v1/verdicts", { verdicts })).body;
    assert.ok(answers.every(({ status }) => status === 200), JSON.stringify(answers[0]));
  }
  assert.equal((await tom.call("POST", "/v1/leases")).body?.id, last);
});

test("pages of the queue go on behind the last one, whatever left meanwhile", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const ids = [];
  for (let count = 0; count < 6; count += 1) ids.push((await tenant.post(draft())).body.id);
  const page = async (query) => (await lead.call("GET", `/v1/queue?limit=2${query}`)).body;
  const first = await page("");
  assert.deepEqual(first.drafts.map(({ id }) => id), ids.slice(0, 2));
  for (const id of ids.slice(0, 2)) await tenant.agent("DELETE", `/v1/drafts/${id}`);
  const second = await page(`&cursor=${first.next_cursor}`);
  const third = await page(`&cursor=${second.next_cursor}`);
  assert.deepEqual([...second.drafts, ...third.drafts].map(({ id }) => id), ids.slice(2), "none is passed over");
  assert.deepEqual((await page(`&cursor=${third.next_cursor}`)).drafts, []);
  const wrong = await lead.call("GET", "/v1/queue?cursor=7");
  assert.deepEqual([wrong.status, wrong.body.code], [400, "invalid_parameter"]);
});
