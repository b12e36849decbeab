// State outlives eviction and restart: what was acknowledged is there, once, and goes on.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { TestTenant, draft, start, until, verdictOn } from "./countersign.mjs";

test("a draft, its idempotency key and its pending verdict survive a restart", async () => {
  const directory = await mkdtemp(join(tmpdir(), "countersign-"));
  try {
    const key = randomUUID();
    const body = draft();
    const first = await start({ directory });
    const tenant = await first.tenant();
    const lead = await tenant.session();
    await tenant.policy(lead, (policy) => ({ ...policy, undo_window_s: 3 }));
    const posted = (await tenant.post(body, { key })).body;
    const shown = (await lead.call("GET", `/v1/drafts/${posted.id}`)).body;
    const verdict = verdictOn(shown, { kind: "reject", reason: "wrong facts", may_retry: true });
    await lead.call("PUT", `/v1/drafts/${posted.id}/verdict`, verdict);
    await first.stop();

    const second = await start({ directory });
    try {
      const same = new TestTenant(second, tenant.made);
      const replayed = await same.post(body, { key });
      assert.deepEqual(replayed.body, posted, "the same key gives the same answer");
      const told = await same.agent("GET", `/v1/drafts/${posted.id}?wait=25`);
      assert.equal(told.body.status, "rejected");
      assert.deepEqual(told.body.verdict, { kind: "reject", reason: "wrong facts", may_retry: true });
      const query = "SELECT COUNT(*) AS count FROM audit WHERE tenant_id = ? AND about = ?";
      const entries = () => second.database.prepare(query).bind(tenant.id, posted.id).first("count");
      await until(async () => (await entries()) === 3);
      assert.equal((await second.call("GET", "/v1/session", { headers: { cookie: lead.cookie } })).status, 200);
    } finally {
      await second.stop();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test("a session gets a new secret by the hour, and ends with silence, with age, and with a secret shown again", async () => {
  const directory = await mkdtemp(join(tmpdir(), "countersign-"));
  let service = await start({ directory });
  /** What the object of the only tenant has on record of its sessions is older by then. */
  const older = async (change) => {
    await service.stop();
    const names = await readdir(directory, { recursive: true });
    const database = new DatabaseSync(join(directory, names.find((name) => /Tenant.*[0-9a-f]{64}\.sqlite$/.test(name))));
    database.exec(`UPDATE sessions SET ${change}`);
    database.close();
    service = await start({ directory });
  };
  const asked = (cookie) => service.call("GET", "/v1/queue", { headers: { cookie } });
  const given = (answer) => answer.headers.get("set-cookie")?.split(";")[0];
  try {
    const tenant = await service.tenant();
    const { cookie } = await tenant.session();
    assert.equal(given(await asked(cookie)), undefined);
    await older("created_at = created_at - 3600001");
    const renewed = given(await asked(cookie));
    assert.notEqual(renewed, cookie);
    assert.deepEqual([(await asked(renewed)).status, (await asked(cookie)).status], [200, 200], "they overlap");
    await older("seen_at = seen_at - 57600000");
    assert.equal((await asked(renewed)).status, 200, "a night");
    await older("seen_at = seen_at - 86500000");
    assert.equal((await asked(renewed)).status, 401, "silence");
    await older("seen_at = seen_at + 86500000");
    assert.equal((await asked(renewed)).status, 200);
    await older("ends_at = ends_at - 604800000");
    assert.equal((await asked(renewed)).status, 401, "age");
    await older("ends_at = ends_at + 604800000, secret_before_until = secret_before_until - 60001");
    assert.equal((await asked(renewed)).status, 200);
    const [stolen, taken] = [await asked(cookie), await asked(renewed)];
    assert.deepEqual([stolen.status, taken.status], [401, 401], "two have its secret: it ends for both");

    tenant.service = service;
    const other = await tenant.session("tom@example.com");
    await older("created_at = created_at - 3600001");
    const lost = given(await asked(other.cookie));
    await older("rotated_at = rotated_at - 60001");
    const second = given(await asked(other.cookie));
    assert.ok(second && second !== lost, "an answer that never arrived locks nobody out");
    assert.equal((await asked(second)).status, 200);
    assert.deepEqual([(await asked(lost)).status, (await asked(second)).status], [401, 401], "it did arrive: two have it");
    tenant.service = service;
    const lead = await tenant.session("lea@example.com", "lead");
    const { entries } = (await lead.call("GET", "/v1/audit")).body;
    const causes = entries.filter(({ entry }) => entry.event === "session.closed").map(({ entry }) => entry.facts.cause);
    assert.deepEqual(causes, ["secret_shown_again", "secret_shown_again"]);
  } finally {
    await service.stop();
    await rm(directory, { recursive: true, force: true });
  }
});

test("what never left, and was reported before that ended its look, leaves the object", async () => {
  const directory = await mkdtemp(join(tmpdir(), "countersign-"));
  let service = await start({ directory });
  try {
    const tenant = await service.tenant();
    const lead = await tenant.session();
    await tenant.policy(lead, (policy) => ({ ...policy, categories: { "billing.refund": { start_level: 3, sample_rate: 1 } } }));
    const { id } = (await tenant.post(draft())).body;
    const skipped = await tenant.agent("PUT", `/v1/drafts/${id}/outcome`, { outcome: "skipped" });
    assert.equal(skipped.body.status, "skipped");
    await until(() => service.database.prepare("SELECT id FROM drafts WHERE id = ? AND status = 'skipped'").bind(id).first());
    await service.stop();

    const names = await readdir(directory, { recursive: true });
    const database = new DatabaseSync(join(directory, names.find((name) => /Tenant.*[0-9a-f]{64}\.sqlite$/.test(name))));
    const before = "look_owed = 1, settled_at = settled_at - 3600001, entry = json_set(entry, '$.look_owed', json('true'))";
    assert.equal(database.prepare(`UPDATE drafts SET ${before} WHERE id = ?`).run(id).changes, 1);
    database.exec("DELETE FROM schema WHERE version > 24");
    database.close();

    service = await start({ directory });
    const same = new TestTenant(service, tenant.made);
    // Where its object has it no longer, nobody has.
    await service.database.prepare("DELETE FROM drafts WHERE id = ?").bind(id).run();
    assert.equal((await same.post(draft())).status, 201);
    await until(async () => (await same.agent("GET", `/v1/drafts/${id}`)).status === 404);
  } finally {
    await service.stop();
    await rm(directory, { recursive: true, force: true });
  }
});

test("who made a key before its holders were on record is one of them", () => {
  const tables = new DatabaseSync(":memory:");
  const folder = new URL("../src/service/schema/", import.meta.url);
  for (const name of readdirSync(folder).sort()) {
    if (name === "0022_key_holders.sql") {
      tables.exec("INSERT INTO keys (id, kind, secret_hash, name, created_by, created_at) VALUES ('key', 'agent', '', '', 'mia', 5)");
    }
    tables.exec(readFileSync(new URL(name, folder), "utf8"));
  }
  const holders = tables.prepare("SELECT key_id, person_id, from_at, until_at FROM key_holders").all();
  assert.deepEqual(holders.map((row) => ({ ...row })), [{ key_id: "key", person_id: "mia", from_at: 5, until_at: null }]);
});

test("an evicted object wakes with everything it knew", async () => {
  const service = await start();
  try {
    const tenant = await service.tenant();
    const lead = await tenant.session();
    const posted = (await tenant.post(draft())).body;
    await service.miniflare.unsafeEvictDurableObject("countersign", "Tenant", { name: `tenant/${tenant.id}/0` });
    const queue = (await lead.call("GET", "/v1/queue")).body;
    assert.deepEqual(queue.drafts.map((one) => one.id), [posted.id]);
  } finally {
    await service.stop();
  }
});

test("D1 that is away delays the copy and loses nothing", async () => {
  const service = await start();
  try {
    const tenant = await service.tenant();
    const lead = await tenant.session();
    await service.database.prepare("ALTER TABLE audit RENAME TO audit_away").run();
    const posted = (await tenant.post(draft())).body;
    assert.equal(posted.status, "held");
    await new Promise((resolve) => setTimeout(resolve, 700));
    await service.database.prepare("ALTER TABLE audit_away RENAME TO audit").run();
    const query = "SELECT seq FROM audit WHERE tenant_id = ? ORDER BY seq";
    const size = (await lead.call("GET", "/v1/audit")).body.size;
    const rows = await until(async () => {
      const { results } = await service.database.prepare(query).bind(tenant.id).all();
      return results.length === size && results;
    });
    assert.deepEqual(rows.map((row) => row.seq), [...rows.keys()], "every leaf once, without gaps");
  } finally {
    await service.stop();
  }
});

test("the round of the tenants wakes them all", async () => {
  const service = await start();
  try {
    const tenant = await service.tenant();
    const posted = (await tenant.post(draft())).body;
    const answer = await service.miniflare.dispatchFetch("http://countersign.test/cdn-cgi/local/scheduled");
    assert.equal(answer.status, 200);
    assert.equal((await tenant.agent("GET", `/v1/drafts/${posted.id}`)).status, 200);
  } finally {
    await service.stop();
  }
});
