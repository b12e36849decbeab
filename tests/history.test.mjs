// What somebody decided, and what a customer was written before, as reviewers look it up. Must not
// look inside: a list is asked for as the page asks.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { draft, shared, until, verdictOn } from "./countersign.mjs";

const service = await shared();

const of = (name, text) => draft({ customer: { id: name, name }, draft: { text, to: ["ada@example.com"] } });
const ids = ({ body }) => body.drafts.map(({ id }) => id);

test("a person finds what they decided, and others' drafts of a customer, but nothing of another tenant", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const reviewer = await tenant.session("noa@example.com");
  const [first, second, other] = [
    (await tenant.post(of("ada", "Your parcel left today."))).body.id,
    (await tenant.post(of("ada", "Your refund arrives tomorrow."))).body.id,
    (await tenant.post(of("bea", "Your refund arrives tomorrow."))).body.id,
  ];
  const decide = async (session, id, verdict) => {
    const shown = (await session.call("GET", `/v1/drafts/${id}`)).body;
    return session.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(shown, verdict));
  };
  assert.equal((await decide(lead, first, { kind: "approve" })).status, 200);
  assert.equal((await decide(reviewer, other, { kind: "approve" })).status, 200);

  const mine = await lead.call("GET", "/v1/drafts?reviewer=me");
  assert.deepEqual(ids(mine), [first]);
  const [past] = mine.body.drafts;
  assert.equal(past.verdict.kind, "approve");
  assert.equal(past.pending.kind, "approve", "it can still be taken back");
  assert.equal(past.text, "Your parcel left today.");
  assert.deepEqual(ids(await lead.call("GET", "/v1/drafts?reviewer=me&q=PARCEL")), [first]);
  assert.deepEqual(ids(await lead.call("GET", "/v1/drafts?reviewer=me&q=elephant")), []);
  assert.deepEqual(ids(await reviewer.call("GET", "/v1/drafts?customer=ada")).toSorted(), [first, second].toSorted());

  const stranger = await (await service.tenant()).session();
  assert.deepEqual(ids(await stranger.call("GET", "/v1/drafts?customer=ada")), []);
  assert.equal((await tenant.agent("GET", "/v1/drafts?customer=ada")).status, 401);
  const nothing = await lead.call("GET", "/v1/drafts");
  assert.deepEqual([nothing.status, nothing.body.code], [400, "invalid_parameter"]);
});

test("what is settled is found once, here and on record", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  await tenant.policy(lead, (policy) => ({ ...policy, undo_window_s: 0 }));
  const { id } = (await tenant.post(of("ada", "Your parcel left today."))).body;
  const shown = (await lead.call("GET", `/v1/drafts/${id}`)).body;
  await lead.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(shown, { kind: "approve" }));
  await until(() => service.database.prepare("SELECT id FROM drafts WHERE id = ?").bind(id).first());
  const { drafts } = (await lead.call("GET", "/v1/drafts?reviewer=me")).body;
  assert.deepEqual(drafts.map(({ id, status, correctable }) => ({ id, status, correctable })), [{ id, status: "approved", correctable: true }]);
});

test("a look is found again by who took it, and what is out can be corrected whatever became of it, here and on record", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  await tenant.policy(lead, (policy) => ({ ...policy, categories: { "billing.refund": { start_level: 3, ceiling: 3, sample_rate: 1 } } }));
  const { id, status } = (await tenant.post(of("ada", "Your parcel left today."))).body;
  assert.equal(status, "released");
  const look = verdictOn((await lead.call("GET", `/v1/drafts/${id}`)).body, { kind: "confirm" });
  assert.equal((await lead.call("PUT", `/v1/drafts/${id}/verdict`, look)).status, 200);
  await tenant.agent("PUT", `/v1/drafts/${id}/outcome`, { outcome: "done" });
  const told = async (query) =>
    (await lead.call("GET", `/v1/drafts?${query}`)).body.drafts.map(({ id, status, verdict, correctable }) => [id, status, verdict?.kind, correctable]);
  assert.deepEqual(await told("reviewer=me"), [[id, "done", "confirm", true]]);
  assert.deepEqual(await told("customer=ada"), [[id, "done", undefined, true]]);

  const row = await until(() => service.database.prepare("SELECT * FROM drafts WHERE id = ? AND status = 'done'").bind(id).first());
  const copy = { ...row, id: randomUUID() };
  const columns = Object.keys(copy);
  const put = `INSERT INTO drafts (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`;
  await service.database.prepare(put).bind(...Object.values(copy)).run();
  const found = await told("reviewer=me");
  assert.deepEqual(found.find(([id]) => id === copy.id), [copy.id, "done", "confirm", true]);
});

test("a draft on record is opened again, and one from before D1 kept what that takes is listed alone", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  await tenant.policy(lead, (policy) => ({ ...policy, undo_window_s: 0 }));
  const { id } = (await tenant.post(of("ada", "Your parcel left today."))).body;
  const shown = (await lead.call("GET", `/v1/drafts/${id}`)).body;
  await lead.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(shown, { kind: "approve" }));
  const row = await until(() => service.database.prepare("SELECT * FROM drafts WHERE id = ?").bind(id).first());
  const put = (change) => {
    const copy = { ...row, ...change };
    const columns = Object.keys(copy);
    const values = columns.map(() => "?").join(", ");
    return service.database.prepare(`INSERT INTO drafts (${columns.join(", ")}) VALUES (${values})`).bind(...Object.values(copy)).run();
  };
  const [kept, older] = [randomUUID(), randomUUID()];
  await put({ id: kept });
  await put({ id: older, key_id: null, entry: null });
  const opened = await lead.call("GET", `/v1/drafts/${kept}`);
  assert.deepEqual([opened.status, opened.body.status], [200, "approved"]);
  assert.equal((await lead.call("GET", `/v1/drafts/${older}`)).status, 404);
  assert.deepEqual(ids(await lead.call("GET", "/v1/drafts?customer=ada")).toSorted(), [id, kept, older].toSorted());
});

test("drafts are found by the correction that they were written with, waiting or on record", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  await tenant.policy(lead, (policy) => ({ ...policy, undo_window_s: 0 }));
  const post = async (examples_used) => (await tenant.post({ ...of("ada", "Your parcel left today."), examples_used })).body.id;
  const [settled, waiting] = [await post(["lesson-1", "lesson-2"]), await post(["lesson-1"])];
  await post(["lesson-3"]);
  await post([]);
  const shown = (await lead.call("GET", `/v1/drafts/${settled}`)).body;
  await lead.call("PUT", `/v1/drafts/${settled}/verdict`, verdictOn(shown, { kind: "approve" }));
  await until(() => service.database.prepare("SELECT id FROM drafts WHERE id = ?").bind(settled).first());
  assert.deepEqual(ids(await lead.call("GET", "/v1/drafts?example=lesson-1")), [settled, waiting]);
  assert.deepEqual(ids(await lead.call("GET", "/v1/drafts?example=lesson-2")), [settled]);
  assert.deepEqual(ids(await lead.call("GET", "/v1/drafts?example=lesson")), []);
});
