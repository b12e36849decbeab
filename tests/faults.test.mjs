// What goes wrong around the object, in real workerd: D1 that fails before and after its commit, an
// eviction in mid-review, an alarm that gets lost, a clock that jumps, and another version's tables.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { ORIGIN, TestTenant, draft, shared, start, until, verdictOn } from "./countersign.mjs";
import { faultyEntry } from "./faults.mjs";
import { verifyLog } from "./merkle.mjs";
import { receive } from "./receiver.mjs";

const service = await shared({ entry: faultyEntry() });

const order = (tenant, faults) => tenant.agent("GET", `/v1/callback-secret?${new URLSearchParams(faults)}`);
const rows = (tenant, table) =>
  service.database.prepare(`SELECT COUNT(*) AS count FROM ${table} WHERE tenant_id = ?`).bind(tenant.id).first("count");

async function desk(undo_window_s) {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  await tenant.policy(lead, (policy) => ({ ...policy, undo_window_s }));
  const show = async (id) => (await lead.call("GET", `/v1/drafts/${id}`)).body;
  const decide = async (id, verdict) => lead.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(await show(id), verdict));
  return { tenant, lead, decide };
}

/** What the entry with the faults in it says of the object, in place of the service. */
async function entrySays(own, { key }, wanted) {
  const headers = { authorization: `Bearer ${key}` };
  return (await own.miniflare.dispatchFetch(`${ORIGIN}/v1/callback-secret?${wanted}`, { headers })).json();
}

/** What a stream of JSON has, line by line. */
async function lines(path, { cookie }, own = service) {
  const response = await own.miniflare.dispatchFetch(`${ORIGIN}${path}`, { headers: { cookie } });
  assert.equal(response.status, 200, path);
  const text = (await response.text()).trimEnd();
  return text === "" ? [] : text.split("\n").map((line) => JSON.parse(line));
}

test("D1 that fails before and after its commit has everything in the end, once", async () => {
  const { tenant, lead, decide } = await desk(0);
  await order(tenant, { before: 2, after: 2 });
  const posted = (await tenant.post(draft())).body;
  assert.equal((await decide(posted.id, { kind: "approve" })).status, 200);
  const { size } = (await lead.call("GET", "/v1/audit")).body;
  await until(async () => (await rows(tenant, "audit")) === size);
  assert.equal(await rows(tenant, "drafts"), 1);
  assert.equal((await verifyLog((path) => lead.call("GET", path))).length, size);
});

test("a row that D1 always refuses is set aside, and holds up nothing", async () => {
  const { tenant, lead, decide } = await desk(0);
  const posted = (await tenant.post(draft())).body;
  await until(async () => (await rows(tenant, "audit")) > 0);
  // D1 itself refuses it, in whatever batch it comes.
  const refuse = `CREATE TRIGGER refuse BEFORE INSERT ON audit WHEN NEW.event = 'draft.withdrawn' AND NEW.tenant_id = '${tenant.id}'
    BEGIN SELECT RAISE(ABORT, 'not this one'); END`;
  await service.database.exec(refuse.replaceAll("\n", " "));
  const withdrawn = (await tenant.post(draft())).body;
  await tenant.agent("DELETE", `/v1/drafts/${withdrawn.id}`);
  await decide(posted.id, { kind: "approve" });

  const { size } = (await lead.call("GET", "/v1/audit")).body;
  await until(async () => (await rows(tenant, "audit")) >= size - 1);
  await until(async () => (await rows(tenant, "drafts")) === 2);
  const exported = await lines("/v1/audit/export", lead);
  assert.deepEqual(exported.map(({ entry }) => entry.seq), exported.map((_, seq) => seq), "whole, the one that D1 lacks among them");
  const lacking = exported.findIndex(({ entry }) => entry.event === "draft.withdrawn");
  assert.equal((await lead.call("GET", `/v1/audit/${lacking}/proof`)).body.entry?.about, withdrawn.id);
  const { copies } = (await lead.call("GET", "/v1/dead-letters")).body;
  assert.deepEqual(copies.map(({ kind, about }) => [kind, about]), [["audit", withdrawn.id]]);
  assert.match(copies[0].error, /not this one/);
  assert.equal((await lead.call("GET", "/v1/queue/health")).body.dead_letters, 1, "leads are told");
  const entries = await verifyLog((path) => lead.call("GET", path));
  assert.ok(entries.some(({ event }) => event === "copy.set_aside"), "the log is whole, and says so");

  const path = `/v1/dead-letters/${copies[0].id}`;
  assert.equal((await lead.call("DELETE", path)).body.code, "copy_needed", "the record lacks it");
  await service.database.exec("DROP TRIGGER refuse");
  assert.equal((await lead.call("POST", `${path}/replay`)).status, 204);
  const whole = (await lead.call("GET", "/v1/audit")).body.size;
  await until(async () => (await rows(tenant, "audit")) === whole);
  assert.deepEqual((await lead.call("GET", "/v1/dead-letters")).body.copies, []);
});

test("what is erased or retired is so at once, though D1 can't be told", async () => {
  const { tenant, lead, decide } = await desk(0);
  for (const customer of ["ada", "bob"]) {
    const posted = (await tenant.post(draft({ message: `The ${customer} kettle leaks`, customer: { id: customer } }))).body;
    await decide(posted.id, { kind: "edit", draft: { text: `We repair it, ${customer}.` } });
  }
  await until(async () => (await rows(tenant, "corrections")) === 2);
  await order(tenant, { before: 1_000 });
  const listed = async (query = "") => (await lead.call("GET", `/v1/corrections${query}`)).body.corrections;
  const [bob, ada] = await listed();
  const page = async (query) => (await lead.call("GET", `/v1/corrections?limit=1${query}`)).body;
  const { corrections: newest, next_cursor: cursor } = await page("");
  assert.equal(newest[0].id, bob.id);
  assert.deepEqual((await page(`&cursor=${cursor}`)).corrections, [ada]);
  assert.equal((await page("&cursor=5")).code, "invalid_parameter");
  assert.equal((await lead.call("POST", "/v1/erasure", { customer_id: "ada" })).status, 200);
  assert.deepEqual((await listed()).map(({ id }) => id), [bob.id]);
  assert.deepEqual((await listed("?q=kettle")).map(({ id }) => id), [bob.id]);
  const rest = await page(`&cursor=${cursor}`);
  assert.deepEqual(rest.corrections, []);
  assert.equal((await page(`&cursor=${rest.next_cursor}`)).next_cursor, undefined, "and that is all");
  assert.equal((await lead.call("DELETE", `/v1/corrections/${bob.id}`)).status, 204);
  const [retired] = await listed();
  assert.ok(retired.id === bob.id && retired.retired_at, "on record, and retired");
  assert.equal(await rows(tenant, "corrections"), 2, "D1 knows nothing of it");
  await order(tenant, { before: 0 });
  await until(async () => (await rows(tenant, "corrections")) === 1);
});

test("webhooks go out while drafts come all the time, and D1 takes its time", async () => {
  const receiver = await receive();
  const { tenant, lead, decide } = await desk(0);
  await lead.call("POST", "/v1/webhooks", { url: receiver.url, events: ["draft.decided"] });
  const { id } = (await tenant.post(draft())).body;
  await order(tenant, { slow: 300 });
  let posting = true;
  const stream = async () => {
    while (posting) await tenant.post(draft());
  };
  const streams = Array.from({ length: 4 }, stream);
  try {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await decide(id, { kind: "approve" });
    await until(() => receiver.calls.length === 1, { seconds: 20 });
  } finally {
    posting = false;
    await Promise.all(streams);
    await order(tenant, { slow: 0 });
    await receiver.stop();
  }
});

test("an object that has nothing to do sleeps", async () => {
  const own = await start({ entry: faultyEntry() });
  try {
    const tenant = await own.tenant();
    assert.equal((await tenant.post(draft())).status, 201);
    // Till its day's round at midnight, or till the deadline of its draft: not a look every half minute.
    await until(async () => (await entrySays(own, tenant, "alarm")) > 31_000);
    const { size } = (await (await tenant.session()).call("GET", "/v1/audit")).body;
    const copied = "SELECT COUNT(*) AS count FROM audit WHERE tenant_id = ?";
    await until(async () => (await own.database.prepare(copied).bind(tenant.id).first("count")) === size);
  } finally {
    await own.stop();
  }
});

test("a hold counts from its answer on, also for what is about to expire", async () => {
  const own = await start({ entry: faultyEntry() });
  try {
    const tenant = await own.tenant();
    const { id } = (await tenant.post(draft({ customer: { id: "ada" } }))).body;
    await tenant.agent("DELETE", `/v1/drafts/${id}`);
    const row = () => own.database.prepare("SELECT status FROM drafts WHERE id = ?").bind(id).first("status");
    await until(async () => (await row()) === "withdrawn");
    await order(tenant, { clock: 4_000 * 86_400_000 });
    const lead = await tenant.session("eve@example.com", "lead");
    await order(tenant, { gate: 1 });
    const round = own.miniflare.dispatchFetch(`${ORIGIN}/cdn-cgi/local/scheduled`);
    await until(async () => (await entrySays(own, tenant, "gated")) > 0);
    const held = await lead.call("PUT", "/v1/holds", { customer_id: "ada", held: true, reason: "a lawsuit" });
    assert.equal(held.status, 200, JSON.stringify(held.body));
    await order(tenant, { gate: 0 });
    await round;
    await own.miniflare.dispatchFetch(`${ORIGIN}/cdn-cgi/local/scheduled`);
    assert.equal((await lead.call("GET", `/v1/drafts/${id}`)).status, 200);
    const { entries } = (await lead.call("GET", "/v1/audit")).body;
    assert.ok(!entries.some(({ entry }) => entry.event === "data.expired"));
  } finally {
    await own.stop();
  }
});

test("an erased draft is nowhere from that moment, though D1 can't be told", async () => {
  const { tenant, lead, decide } = await desk(0);
  const customer = { id: "ada" };
  const { id } = (await tenant.post(draft({ customer }))).body;
  await decide(id, { kind: "edit", draft: { text: "We repair it, Ada." } });
  await until(async () => (await rows(tenant, "drafts")) === 1 && (await rows(tenant, "corrections")) === 1);
  const asked = ["/v1/drafts?customer=ada", "/v1/policy/records?days=7"];
  const found = async () => {
    const [{ body: past }, { body: kept }] = await Promise.all(asked.map((path) => lead.call("GET", path)));
    const replayed = (await lead.call("POST", "/v1/policy:backtest", { days: 7 })).body.total.drafts;
    const taken = (await lines("/v1/export", lead)).filter(({ table }) => ["drafts", "corrections"].includes(table));
    return [past.drafts.length, kept.records.length, replayed, taken.length];
  };
  assert.deepEqual(await found(), [1, 1, 1, 2]);
  await order(tenant, { before: 1_000 });
  assert.equal((await lead.call("POST", "/v1/erasure", { customer_id: "ada" })).status, 200);
  assert.equal((await lead.call("GET", `/v1/drafts/${id}`)).status, 404);
  assert.equal((await tenant.agent("GET", `/v1/drafts/${id}`)).status, 404);
  assert.deepEqual(await found(), [0, 0, 0, 0]);
  const dossier = (await lead.call("GET", `/v1/drafts/${id}/dossier`)).body;
  assert.deepEqual([dossier.erased, dossier.record], [true, undefined]);
  assert.equal(await rows(tenant, "drafts"), 1, "D1 knows nothing of it");
  await order(tenant, { before: 0 });
  await until(async () => (await rows(tenant, "drafts")) === 0);
});

test("the log is listed from its newest entry, however many have yet to reach D1", async () => {
  const { tenant, lead } = await desk(0);
  await order(tenant, { before: 10_000 });
  for (let posted = 0; posted < 1_050; posted += 50) {
    await Promise.all(Array.from({ length: 50 }, () => tenant.post(draft())));
  }
  const { id } = (await tenant.post(draft())).body;
  const { entries, size, next_cursor } = (await lead.call("GET", "/v1/audit?limit=3")).body;
  assert.deepEqual(entries.map(({ entry }) => entry.seq), [size - 1, size - 2, size - 3]);
  assert.equal((await lead.call("GET", `/v1/audit?limit=1&cursor=${next_cursor}`)).body.entries[0].entry.seq, size - 4);
  const dossier = (await lead.call("GET", `/v1/drafts/${id}/dossier`)).body;
  assert.deepEqual(dossier.entries.map(({ entry }) => entry.event), ["draft.routed"]);
  const proved = (await lead.call("GET", `/v1/audit/${size - 1}/proof`)).body;
  assert.equal(proved.entry?.seq, size - 1, JSON.stringify(proved));
  assert.equal((await lines("/v1/audit/export", lead)).length, (await lead.call("GET", "/v1/audit")).body.size);
  await order(tenant, { before: 0 });
});

test("corrections are listed and exported from the newest to the oldest, however many D1 lacks", async () => {
  const directory = await mkdtemp(join(tmpdir(), "countersign-corrections-"));
  const made = await start({ directory });
  const tenant = await made.tenant();
  const lead = await tenant.session();
  await tenant.policy(lead, (policy) => ({ ...policy, undo_window_s: 0 }));
  const { id } = (await tenant.post(draft())).body;
  const shown = (await lead.call("GET", `/v1/drafts/${id}`)).body;
  await lead.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(shown, { kind: "edit", draft: { text: "It comes on Friday." } }));
  const listed = "SELECT COUNT(*) AS count FROM corrections WHERE tenant_id = ?";
  await until(async () => (await made.database.prepare(listed).bind(tenant.id).first("count")) === 1);
  const { corrections: [copied] } = (await lead.call("GET", "/v1/corrections")).body;
  await made.stop();

  // What 1,200 more edits leave while D1 is away, one of which it refused long ago.
  const file = new DatabaseSync(await objectFile(directory));
  const put = file.prepare("INSERT INTO outbox (kind, payload, broken_at) VALUES ('correction', ?, ?)");
  const day = (number) => new Date(Date.parse(copied.at) + number * 86_400_000).toISOString();
  const row = (number) => JSON.stringify({ ...copied, id: `0${number < 0 ? "0" : "2"}-${String(Math.abs(number)).padStart(4, "0")}`, at: day(number) });
  put.run(row(-1), 1);
  for (let number = 1; number <= 1_200; number += 1) put.run(row(number), null);
  file.prepare("UPDATE outbox_state SET next_at = ?").run(Date.now() + 3_600_000);
  file.close();
  const expected = [...Array.from({ length: 1_200 }, (_, index) => JSON.parse(row(1_200 - index)).id), copied.id, JSON.parse(row(-1)).id];

  const own = await start({ directory });
  try {
    const again = { cookie: lead.cookie };
    const found = [];
    let cursor = "";
    do {
      const { corrections, next_cursor } = (await own.call("GET", `/v1/corrections?limit=150${cursor}`, { headers: again })).body;
      found.push(...corrections.map(({ id }) => id));
      cursor = next_cursor ? `&cursor=${next_cursor}` : null;
    } while (cursor);
    assert.deepEqual(found, expected);
    const taken = (await lines("/v1/corrections/export?format=raw", again, own)).map(({ id }) => id);
    assert.deepEqual(taken, [...expected].sort());
  } finally {
    await own.stop();
    await rm(directory, { recursive: true, force: true });
  }
});

test("what was sent back hours ago is still linked to its redraft, and counts", async () => {
  const { tenant, lead, decide } = await desk(0);
  const sent = (await tenant.post(draft())).body;
  const other = (await tenant.post(draft())).body;
  await decide(sent.id, { kind: "send_back", instruction: "Name the day." });
  await decide(other.id, { kind: "approve" });
  const report = () => tenant.agent("PUT", `/v1/drafts/${other.id}/outcome`, { outcome: "done" });
  const reported = await report();
  await until(async () => (await rows(tenant, "drafts")) === 2);
  await order(tenant, { clock: 5 * 3_600_000 });
  // Whatever else was settled has left the object by now.
  const left = "SELECT COUNT(*) AS count FROM audit WHERE tenant_id = ?";
  const copied = () => service.database.prepare(left).bind(tenant.id).first("count");
  await tenant.post(draft());
  await until(async () => (await copied()) === (await lead.call("GET", "/v1/audit")).body.size);
  const redraft = (await tenant.post(draft({ supersedes: sent.id }))).body;
  const shown = (await lead.call("GET", `/v1/drafts/${redraft.id}`)).body;
  assert.deepEqual([shown.round, shown.redraft_of?.instruction], [1, "Name the day."]);
  assert.deepEqual(await report(), reported, "what had left is taken up again as it was");
  await order(tenant, { clock: 0 });
});

test("an eviction in mid-review loses neither the claim nor the way back", async () => {
  const { tenant, lead, decide } = await desk(30);
  const [claimed, decided] = [(await tenant.post(draft())).body, (await tenant.post(draft())).body];
  await lead.call("PUT", `/v1/drafts/${claimed.id}/lease`);
  const verdict = verdictOn((await lead.call("GET", `/v1/drafts/${decided.id}`)).body, { kind: "approve" });
  await lead.call("PUT", `/v1/drafts/${decided.id}/verdict`, verdict);
  const opened = await service.miniflare.dispatchFetch(`${ORIGIN}/v1/live`, { headers: { upgrade: "websocket", cookie: lead.cookie, origin: ORIGIN } });
  const heard = [];
  opened.webSocket.addEventListener("message", ({ data }) => heard.push(JSON.parse(data)));
  opened.webSocket.accept();
  await service.miniflare.unsafeEvictDurableObject("countersign", "Tenant", { name: `tenant/${tenant.id}/0`, webSockets: "hibernate" });

  const other = await tenant.session("tom@example.com");
  assert.equal((await other.call("PUT", `/v1/drafts/${claimed.id}/lease`)).body.code, "leased_by_other");
  const undone = await lead.call("DELETE", `/v1/drafts/${decided.id}/verdict`, { verdict_id: verdict.verdict_id });
  assert.equal(undone.body.status, "held");
  await until(() => heard.some((told) => told.type === "draft" && told.draft.id === decided.id));
  opened.webSocket.close();
});

test("a lost alarm is healed by the round of the tenants", async () => {
  const { tenant, lead, decide } = await desk(1);
  const other = await service.tenant();
  const posted = (await tenant.post(draft())).body;
  const whole = async () => (await rows(tenant, "audit")) === (await lead.call("GET", "/v1/audit")).body.size;
  await until(whole);
  // Every alarm gets lost from now on, as if the platform had forgotten them; nobody asks for anything.
  await order(tenant, { alarms: 1_000 });
  await decide(posted.id, { kind: "approve" });
  const settled = "SELECT status FROM drafts WHERE tenant_id = ? AND id = ?";
  const status = () => service.database.prepare(settled).bind(tenant.id, posted.id).first("status");
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  assert.equal(await status(), null, "its time has come, and nothing wakes the object");
  // Asked of another tenant: any request to this one would set its alarm anew.
  await order(other, { alarms: 0 });
  const evict = { name: `tenant/${tenant.id}/0`, webSockets: "hibernate" };
  await service.miniflare.unsafeEvictDurableObject("countersign", "Tenant", evict);

  // The round of the tenants alone: it settles what is due, and sets the alarm that copies it.
  assert.equal((await service.miniflare.dispatchFetch(`${ORIGIN}/cdn-cgi/local/scheduled`)).status, 200);
  await until(async () => (await status()) === "approved");
});

test("a clock that jumps back decides nothing early and nothing twice; one that jumps on settles", async () => {
  const { tenant, lead, decide } = await desk(60);
  const posted = (await tenant.post(draft())).body;
  assert.equal((await decide(posted.id, { kind: "approve" })).body.status, "pending");
  await order(tenant, { clock: -3_600_000 });
  assert.equal((await tenant.agent("GET", `/v1/drafts/${posted.id}`)).body.outgoing, undefined, "an hour back: still in its window");
  await order(tenant, { clock: 3_600_000 });
  const told = (await tenant.agent("GET", `/v1/drafts/${posted.id}`)).body;
  assert.deepEqual([told.status, Boolean(told.outgoing)], ["approved", true]);
  await order(tenant, { clock: 0 });
  assert.equal((await tenant.agent("GET", `/v1/drafts/${posted.id}`)).body.status, "approved", "back again: it stays decided");
  const entries = await verifyLog((path) => lead.call("GET", path));
  assert.equal(entries.filter((entry) => entry.event === "draft.settled").length, 1);
});

test("tables of the first version are brought up to date, and those of a later one are served", async () => {
  const directory = await mkdtemp(join(tmpdir(), "countersign-versions-"));
  try {
    const newest = await start({ directory });
    const tenant = await newest.tenant();
    const posted = (await tenant.post(draft())).body;
    await newest.stop();

    const file = await objectFile(directory);
    asTheFirstVersion(file);
    const upgraded = await start({ directory });
    const same = new TestTenant(upgraded, tenant.made);
    assert.equal((await same.agent("GET", `/v1/drafts/${posted.id}`)).body.status, "held");
    const lead = await same.session();
    assert.deepEqual((await lead.call("GET", "/v1/queue")).body.counts.held, 1);
    assert.equal((await same.post(draft())).status, 201);
    await upgraded.stop();

    // A later version has taken a step that this one doesn't know; then this one comes back.
    const database = new DatabaseSync(file);
    database.exec("ALTER TABLE drafts ADD COLUMN later TEXT; CREATE TABLE of_later (id TEXT); INSERT INTO schema (version) VALUES (999)");
    database.close();
    const returned = await start({ directory });
    const again = new TestTenant(returned, tenant.made);
    assert.equal((await again.post(draft())).status, 201);
    assert.equal((await again.agent("GET", `/v1/drafts/${posted.id}`)).body.status, "held");
    await returned.stop();
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test("another engine routes open drafts again from its first turn on: held back, never let out", async () => {
  const directory = await mkdtemp(join(tmpdir(), "countersign-engine-"));
  try {
    const before = await start({ directory });
    const tenant = await before.tenant();
    const lead = await tenant.session();
    await tenant.policy(lead, (policy) => ({ ...policy, undo_window_s: 60 }));
    const show = async (session, id) => (await session.call("GET", `/v1/drafts/${id}`)).body;
    const approve = async (id) => lead.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(await show(lead, id), { kind: "approve" }));
    const post = async (change) => (await tenant.post(draft(change))).body.id;
    const [waits, leaves, other, taken] = [await post(), await post(), await post({ category: "billing.invoice" }), await post()];
    for (const id of [leaves, other]) assert.equal((await approve(id)).body.status, "pending");
    assert.equal((await lead.call("PUT", `/v1/drafts/${taken}/lease`)).status, 200);
    await before.stop();

    // The same policy says something else to this deployment's engine than to the one before it.
    const database = new DatabaseSync(await objectFile(directory));
    const { version, document } = database.prepare("SELECT version, document FROM policies ORDER BY version DESC LIMIT 1").get();
    const policy = JSON.parse(document);
    policy.guardrails.unshift({ name: "refunds", when: { category: ["billing.refund"] }, route: "human", because: "People answer these." });
    database.prepare("UPDATE policies SET document = ? WHERE version = ?").run(JSON.stringify(policy), version);
    database.exec("UPDATE tenant SET engine_version = engine_version - 1");
    database.close();

    const after = await start({ directory });
    const same = new TestTenant(after, tenant.made);
    const status = async (id) => (await same.agent("GET", `/v1/drafts/${id}`)).body.status;
    assert.deepEqual([await status(leaves), await status(other)], ["with_human", "pending"], "also of what is about to leave");
    for (const id of [waits, taken]) await until(async () => (await status(id)) === "with_human");
    const again = { cookie: lead.cookie };
    const { entries } = (await after.call("GET", "/v1/audit", { headers: again })).body;
    const rerouted = entries.filter(({ entry }) => entry.event === "draft.rerouted").map(({ entry }) => [entry.about, typeof entry.facts.engine_version]);
    assert.deepEqual(rerouted.sort(), [waits, leaves, taken].map((id) => [id, "number"]).sort());
    await after.stop();
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test("a draft whose step fails keeps back no other, and is put off", async () => {
  const directory = await mkdtemp(join(tmpdir(), "countersign-step-"));
  try {
    const before = await start({ directory });
    const tenant = await before.tenant();
    const lead = await tenant.session();
    await tenant.policy(lead, (policy) => ({ ...policy, undo_window_s: 60 }));
    const approved = async () => {
      const { id } = (await tenant.post(draft())).body;
      const shown = (await lead.call("GET", `/v1/drafts/${id}`)).body;
      await lead.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(shown, { kind: "approve" }));
      return id;
    };
    const [broken, sound] = [await approved(), await approved()];
    await before.stop();
    const file = await objectFile(directory);
    const inFile = (work) => {
      const database = new DatabaseSync(file);
      const value = work(database);
      database.close();
      return value;
    };
    inFile((database) => {
      database.exec("UPDATE drafts SET wake_at = 1, entry = json_set(entry, '$.pending.settles_at', '2026-01-01T00:00:00.000Z')");
      database.prepare("UPDATE drafts SET entry = '{' WHERE id = ?").run(broken);
    });

    const after = await start({ directory });
    const same = new TestTenant(after, tenant.made);
    assert.equal((await same.post(draft())).status, 201);
    assert.equal((await same.agent("GET", `/v1/drafts/${sound}`)).body.status, "approved");
    await after.stop();
    const wakes = inFile((database) => database.prepare("SELECT wake_at FROM drafts WHERE id = ?").get(broken).wake_at);
    assert.ok(wakes > Date.now(), `${wakes}`);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

/** The SQLite file of the one tenant's object. */
async function objectFile(directory) {
  const files = (await readdir(directory, { recursive: true })).filter((name) => /Tenant.*[0-9a-f]{64}\.sqlite$/.test(name));
  assert.equal(files.length, 1, files.join(" "));
  return join(directory, files[0]);
}

/** Puts an object's tables back to the first version's form, with the rows that it would have had. */
function asTheFirstVersion(file) {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  const own = (condition) =>
    database.prepare(`SELECT type, name FROM sqlite_master WHERE name NOT LIKE '_cf_%' AND name NOT LIKE 'sqlite_%' AND ${condition}`).all();
  const columns = (table) => database.prepare(`SELECT name FROM pragma_table_info('${table}')`).all().map(({ name }) => name);
  const tables = own("type = 'table' AND name NOT LIKE 'corrections_%'").map(({ name }) => name);
  const kept = new Map(tables.map((name) => [name, database.prepare(`SELECT * FROM ${name}`).all()]));
  for (const { name } of own("type = 'trigger'")) database.exec(`DROP TRIGGER ${name}`);
  for (const name of [...tables, "corrections_text"]) database.exec(`DROP TABLE IF EXISTS ${name}`);
  database.exec(readFileSync(new URL("../src/service/schema/0001_first.sql", import.meta.url), "utf8"));
  database.exec("CREATE TABLE schema (version INTEGER NOT NULL) STRICT; INSERT INTO schema VALUES (1)");
  for (const { name } of own("type = 'table' AND name NOT LIKE 'corrections_%' AND name <> 'schema'")) {
    database.exec(`DELETE FROM ${name}`);
    const shared = columns(name);
    for (const row of kept.get(name) ?? []) {
      const insert = `INSERT INTO ${name} (${shared.join(", ")}) VALUES (${shared.map(() => "?").join(", ")})`;
      database.prepare(insert).run(...shared.map((column) => row[column]));
    }
  }
  database.close();
}
