// What a person has made is made once: asked for again under the same Idempotency-Key, as after an answer that
// got lost, it is the same, its secret too, though that is kept nowhere.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { draft, start } from "./countersign.mjs";

let directory, service, tenant, lead, colleague;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "countersign-once-"));
  service = await start({ directory });
  tenant = await service.tenant();
  lead = await tenant.session();
  colleague = await tenant.session("tom@example.com", "lead");
});
after(async () => {
  await service.stop();
  await rm(directory, { recursive: true, force: true });
});

const once = (key, session, path, body) => session.call("POST", path, body, { "idempotency-key": key });
const listed = async (noun) => (await lead.call("GET", `/v1/${noun}`)).body[noun];
const works = async (key) => (await service.call("POST", "/v1/corrections/similar", { headers: { authorization: `Bearer ${key}` }, body: { message: "hi" } })).status === 200;
const seed = (change = {}) => ({ draft: draft({ message: "Is it free?", draft: { text: "Yes, always." } }), flaw: "it is not free", ...change });
const url = "https://example.com/hook";

test("each is made once for a key, a person and what they ask for", async () => {
  for (const [noun, body, other] of [
    ["keys", { kind: "agent", name: "Nachtschicht 🌙" }, { kind: "agent", name: "another" }],
    ["webhooks", { url, masked: true }, { url }],
    ["seeds", seed(), seed({ flaw: "another flaw" })],
  ]) {
    const before = (await listed(noun)).length;
    const key = randomUUID();
    const [first, ...again] = await Promise.all(Array.from({ length: 4 }, () => once(key, lead, `/v1/${noun}`, body)));
    assert.equal(first.status, 201, JSON.stringify(first.body));
    for (const answer of [...again, await once(key, lead, `/v1/${noun}`, body)]) {
      assert.deepEqual([answer.status, answer.body], [201, first.body], noun);
    }
    assert.equal((await listed(noun)).length, before + 1);
    const refused = await once(key, lead, `/v1/${noun}`, other);
    assert.deepEqual([refused.status, refused.body.code], [409, "idempotency_conflict"]);
    const ids = [first, await once(key, colleague, `/v1/${noun}`, body), await once(randomUUID(), lead, `/v1/${noun}`, body)];
    ids.push(await lead.call("POST", `/v1/${noun}`, body), await lead.call("POST", `/v1/${noun}`, body));
    assert.equal(new Set(ids.map(({ body }) => body.id)).size, 5, noun);
    assert.equal(new Set(ids.map(({ body }) => body.key ?? body.secret ?? body.id)).size, 5, "no secret of another");
  }
  const long = await once("k".repeat(256), lead, "/v1/keys", { kind: "agent", name: "bot" });
  assert.equal(long.body.code, "idempotency_key_missing");
});

test("a new secret that is asked for again leaves the one before at work", async () => {
  const old = (await lead.call("POST", "/v1/keys", { kind: "agent", name: "bot" })).body;
  const [key, another] = [randomUUID(), randomUUID()];
  const rotate = () => once(key, lead, `/v1/keys/${old.id}/rotation`, { overlap_s: 3_600 });
  const [lost, found] = [await rotate(), await rotate()];
  assert.deepEqual([found.status, found.body], [201, lost.body]);
  assert.deepEqual([await works(old.key), await works(found.body.key)], [true, true]);

  const hook = (await lead.call("POST", "/v1/webhooks", { url })).body;
  const change = () => once(another, lead, `/v1/webhooks/${hook.id}/secret`);
  const [first, second] = [await change(), await change()];
  assert.deepEqual([second.status, second.body], [200, first.body]);
  assert.notEqual(second.body.secret, hook.secret);
});

test("what a refusal left undone can be asked for again under its key", async () => {
  const key = randomUUID();
  assert.equal((await once(key, lead, "/v1/keys", { kind: "agent", name: "" })).status, 422);
  assert.equal((await once(key, lead, "/v1/keys", { kind: "agent", name: "bot" })).status, 201);
});

test("what was handed over, or let go with a note, is so once", async () => {
  const ina = await tenant.session("ina@example.com");
  const { id } = (await tenant.post(draft())).body;
  const shown = async () => (await ina.call("GET", `/v1/drafts/${id}`)).body;
  const handed = async (note) => (await ina.call("PUT", `/v1/drafts/${id}/assignee`, { person_id: colleague.person.id, note })).status;
  assert.deepEqual([await handed("for Tom"), await handed("for Tom")], [200, 200]);
  assert.deepEqual([(await shown()).assignee, (await shown()).notes.length], [colleague.person.id, 1]);
  assert.equal(await handed("something else"), 409, "it is no longer hers");

  const let_go = () => colleague.call("DELETE", `/v1/drafts/${id}/lease`, { note: "back to all" });
  await colleague.call("PUT", `/v1/drafts/${id}/lease`);
  assert.deepEqual([(await let_go()).status, (await let_go()).status], [200, 200]);
  assert.equal((await shown()).notes.length, 2);
});

test("whoever handed a group over can hand on what joined it since", async () => {
  const ina = await tenant.session("ina@example.com");
  const conversation = { id: randomUUID(), head: "m1", messages: [] };
  const post = async () => (await tenant.post(draft({ conversation, group: "turn" }))).body.id;
  const hand = async (id) => (await ina.call("PUT", `/v1/drafts/${id}/assignee`, { person_id: colleague.person.id })).status;
  const first = await post();
  assert.equal(await hand(first), 200);
  const joined = await post();
  assert.equal(await hand(first), 200);
  for (const id of [first, joined]) assert.equal((await lead.call("GET", `/v1/drafts/${id}`)).body.assignee, colleague.person.id);
});

test("a known-bad draft that was taken back is not made, nor told of, again", async () => {
  const key = randomUUID();
  const body = seed();
  const { id } = (await once(key, lead, "/v1/seeds", body)).body;
  assert.equal((await lead.call("DELETE", `/v1/seeds/${id}`)).status, 204);
  const again = await once(key, lead, "/v1/seeds", body);
  assert.deepEqual([again.status, again.body.code], [404, "not_found"]);
});

test("a customer's known-bad draft is remembered no longer than the customer", async () => {
  const key = randomUUID();
  const body = seed();
  body.draft.customer = { id: "ada-1" };
  const first = (await once(key, lead, "/v1/seeds", body)).body.id;
  assert.equal((await lead.call("POST", "/v1/erasure", { customer_id: "ada-1" })).status, 200);
  const again = await once(key, lead, "/v1/seeds", body);
  assert.equal(again.status, 201);
  assert.notEqual(again.body.id, first);
});

test("no secret that was shown is kept", async () => {
  const { key } = (await once(randomUUID(), lead, "/v1/keys", { kind: "agent", name: "bot" })).body;
  const { secret, id } = (await once(randomUUID(), lead, "/v1/webhooks", { url })).body;
  const shown = [key.split("_")[2], secret.slice("whsec_".length)];
  const files = (await readdir(directory, { recursive: true })).filter((name) => name.includes("Tenant") && /\.sqlite/.test(name));
  const kept = (await Promise.all(files.map((name) => readFile(join(directory, name), "latin1")))).join("");
  assert.ok(kept.includes(id), "what was made is there");
  assert.deepEqual(shown.filter((secret) => kept.includes(secret)), []);
});
