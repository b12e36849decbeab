// A draft that can't be read, as a later version of the service may leave one to the version that comes
// back: it is left out, nothing lets it out, and it keeps back no other.
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { TestTenant, draft, start, until, verdictOn } from "./countersign.mjs";

let directory, service, tenant, lead, sound, broken;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "countersign-unreadable-"));
  const made = await start({ directory });
  const first = await made.tenant();
  const session = await first.session();
  await first.policy(session, (policy) => ({ ...policy, undo_window_s: 60 }));
  const post = async (change) => (await first.post(draft(change))).body.id;
  const approved = async () => {
    const id = await post();
    const shown = (await session.call("GET", `/v1/drafts/${id}`)).body;
    const { body } = await session.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(shown, { kind: "approve" }));
    assert.equal(body.status, "pending");
    return id;
  };
  // In its category the one that can't be read is the first to be late.
  const conversation = { id: "shared", head: "m1", messages: [] };
  broken = { pending: await approved(), held: await post({ conversation }) };
  sound = { pending: await approved(), held: await post(), other: await post({ category: "billing.invoice", conversation }) };
  await made.stop();

  const files = (await readdir(directory, { recursive: true })).filter((name) => /Tenant.*[0-9a-f]{64}\.sqlite$/.test(name));
  const database = new DatabaseSync(join(directory, files[0]));
  const later = database.prepare("UPDATE drafts SET decision = json_set(decision, '$.reasons[0].code', 'of_later') WHERE id = ?");
  for (const id of Object.values(broken)) assert.equal(later.run(id).changes, 1);
  database.close();

  service = await start({ directory });
  tenant = new TestTenant(service, first.made);
  const call = (method, path, body, headers) => service.call(method, path, { headers: { cookie: session.cookie, ...headers }, body });
  lead = { ...session, call };
});
after(async () => {
  await service.stop();
  await rm(directory, { recursive: true, force: true });
});

const status = async (id) => (await tenant.agent("GET", `/v1/drafts/${id}`)).body.status;

test("the queue lists all others, page by page, and the log names it", async () => {
  const listed = [];
  let cursor = "";
  do {
    const page = (await lead.call("GET", `/v1/queue?limit=3${cursor}`)).body;
    listed.push(...page.drafts.map(({ id }) => id));
    cursor = page.next_cursor ? `&cursor=${page.next_cursor}` : null;
  } while (cursor);
  assert.deepEqual(listed.sort(), Object.values(sound).sort());
  for (const id of Object.values(broken)) assert.ok(service.logged.some((line) => line.includes(`${id} can't be read`)), id);
});

test("who claims the next one is given another", async () => {
  const claimed = [await lead.call("POST", "/v1/leases"), await lead.call("POST", "/v1/leases")];
  assert.deepEqual(claimed.map(({ status }) => status), [200, 200], JSON.stringify(claimed[0].body));
  assert.ok(claimed.every(({ body }) => [sound.held, sound.other].includes(body.id)));
});

test("its conversation goes on, and the drafts beside it are stale", async () => {
  const moved = await tenant.agent("PUT", "/v1/conversations/shared/head", { head: "m2" });
  assert.deepEqual(moved.body.stale, [sound.other], JSON.stringify(moved.body));
});

test("a stop and a stricter policy reach every other, and what can't follow is not tried again and again", async () => {
  const stop = (stopped) => lead.call("PUT", "/v1/stop", { covers: { scope: "tenant" }, stopped, reason: "a test" });
  const stopped = await stop(true);
  assert.equal(stopped.status, 200, JSON.stringify(stopped.body));
  assert.equal(await status(sound.pending), "held");
  assert.equal((await stop(false)).status, 200);
  const human = { name: "refunds", when: { category: ["billing.refund"] }, route: "human", because: "People answer these." };
  const put = await tenant.policy(lead, (policy) => ({ ...policy, guardrails: [human, ...policy.guardrails] }));
  assert.equal(put.status, 200, JSON.stringify(put.body));
  for (const id of [sound.pending, sound.held]) await until(async () => (await status(id)) === "with_human");
  const tries = () => service.logged.filter((line) => line.includes(`${broken.held} was not routed again`)).length;
  await until(() => tries() > 0);
  const before = tries();
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  assert.equal(tries(), before);
});
