// A tenant after months, in real workerd and D1: tables filled as they then are, and what has to go on all the same.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { ORIGIN, TestTenant, draft, start, until, verdictOn } from "./countersign.mjs";
import { faultyEntry } from "./faults.mjs";

/** Rows from 1 to `count`, as `i`. */
const numbers = (count) => `WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < ${count})`;

/** A tenant with one open draft, whose object's tables are filled before `use`; the rows of a query on them after it. */
async function grown(fill, use, query = "SELECT 1") {
  const directory = await mkdtemp(join(tmpdir(), "countersign-"));
  let service;
  const inTables = async (work) => {
    await service.stop();
    service = undefined;
    const names = await readdir(directory, { recursive: true });
    const tables = new DatabaseSync(join(directory, names.find((name) => /Tenant.*[0-9a-f]{64}\.sqlite$/.test(name))));
    try {
      return work(tables);
    } finally {
      tables.close();
    }
  };
  try {
    service = await start({ directory });
    const { made } = await service.tenant();
    let tenant = new TestTenant(service, made);
    const { cookie } = await tenant.session();
    await tenant.post(draft());
    const copied = () => service.database.prepare("SELECT COUNT(*) AS count FROM audit WHERE event = 'draft.routed'").first("count");
    await until(copied);
    await inTables((tables) => tables.exec(`BEGIN; ${fill}; COMMIT`));

    service = await start({ directory });
    tenant = new TestTenant(service, made);
    const lead = (method, path, body, headers = {}) => service.call(method, path, { headers: { cookie, ...headers }, body });
    await use({ service, tenant, lead, cookie });
    return await inTables((tables) => tables.prepare(query).all());
  } finally {
    await service?.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

test("D1 that takes changes and no new row, as a full one does, keeps all waiting and sets nothing aside", async () => {
  await grown("SELECT 1", async ({ service, tenant, lead }) => {
    const tables = ["audit", "audit_tiles", "drafts", "trust"];
    const refuse = (table) => `CREATE TRIGGER full_${table} BEFORE INSERT ON ${table} BEGIN SELECT RAISE(ABORT, 'full'); END`;
    for (const table of tables) await service.database.exec(refuse(table));
    const { id } = (await tenant.post(draft())).body;
    await tenant.agent("DELETE", `/v1/drafts/${id}`);
    const { sequence } = (await lead("GET", "/v1/queue")).body;
    const failures = () => service.logged.filter((line) => line.includes("did not take the batch")).length;
    // Three of whole batches, then row by row.
    await until(() => failures() >= 4);
    assert.equal((await lead("GET", "/v1/queue/health")).body.dead_letters, 0);
    assert.equal((await lead("GET", "/v1/queue")).body.sequence, sequence, "nor does the log grow of it");

    for (const table of tables) await service.database.exec(`DROP TRIGGER full_${table}`);
    const count = (table) => service.database.prepare(`SELECT COUNT(*) AS count FROM ${table}`).first("count");
    await until(async () => (await count("audit")) === sequence && (await count("drafts")) === 1);
  });
});

/** Makes D1 refuse new rows of a table, or those of them that a condition finds. */
const refuse = ({ database }, table, when = "TRUE") =>
  database.exec(`CREATE TRIGGER refuse_${table} BEFORE INSERT ON ${table} WHEN ${when} BEGIN SELECT RAISE(ABORT, 'full'); END`);
const accept = ({ database }, table) => database.exec(`DROP TRIGGER refuse_${table}`);

test("a full D1 that has room for small rows blames no large one, and is told first what is erased", async () => {
  await grown("SELECT 1", async ({ service, tenant, lead }) => {
    const count = (table) => service.database.prepare(`SELECT COUNT(*) AS count FROM ${table}`).first("count");
    const withdraw = async (given) => tenant.agent("DELETE", `/v1/drafts/${(await tenant.post(draft(given))).body.id}`);
    await withdraw({ customer: { id: "ada" } });
    await until(async () => (await count("drafts")) === 1);
    await refuse(service, "drafts");
    await refuse(service, "audit_tiles", "length(NEW.hash) > 1000");
    await withdraw({});
    // More than a batch behind the one for which there is no room.
    for (let posted = 0; posted < 250; posted += 50) await Promise.all(Array.from({ length: 50 }, () => tenant.post(draft())));
    const { sequence } = (await lead("GET", "/v1/queue")).body;
    const failures = () => service.logged.filter((line) => line.includes("did not take the batch")).length;
    await until(() => failures() >= 4);
    assert.equal((await lead("GET", "/v1/queue/health")).body.dead_letters, 0);
    assert.equal((await lead("GET", "/v1/queue")).body.sequence, sequence, "nor does the log grow of it");
    assert.equal(await count("drafts"), 1);
    assert.equal((await lead("POST", "/v1/erasure", { customer_id: "ada" })).body.drafts, 1);
    await until(async () => (await count("drafts")) === 0);

    for (const table of ["drafts", "audit_tiles"]) await accept(service, table);
    await until(async () => (await count("drafts")) === 1 && (await count("audit")) === (await lead("GET", "/v1/audit")).body.size);
    assert.equal(await service.database.prepare("SELECT COUNT(*) AS count FROM audit_tiles WHERE level < 0").first("count"), 0);
  });
});

test("what rested long enough leaves the object though D1 is full", async () => {
  const columns = "conversation_id, entry, body, salt, situation, decision, agent, key_id, created_at, policy_version, look_owed";
  const rested = Date.now() + 10_000;
  const fill = `INSERT INTO drafts (id, status, visible, settled_at, ${columns}) SELECT 'rested', 'withdrawn', 0, ${rested - 3_600_000}, ${columns} FROM drafts`;
  const left = await grown(
    fill,
    async ({ service, tenant, lead }) => {
      const count = (table) => service.database.prepare(`SELECT COUNT(*) AS count FROM ${table}`).first("count");
      const withdraw = async (given) => tenant.agent("DELETE", `/v1/drafts/${(await tenant.post(draft(given))).body.id}`);
      await withdraw({ customer: { id: "ada" } });
      await until(async () => (await count("drafts")) === 1);
      await refuse(service, "drafts");
      await refuse(service, "audit_tiles", "length(NEW.hash) > 1000");
      await withdraw({});
      await until(() => Date.now() > rested);
      assert.equal((await lead("POST", "/v1/erasure", { customer_id: "ada" })).body.drafts, 1);
      await until(async () => (await count("drafts")) === 0);
    },
    "SELECT COUNT(*) AS drafts, SUM(id = 'rested') AS rested FROM drafts",
  );
  assert.deepEqual({ ...left[0] }, { drafts: 2, rested: 0 });
});

test("a tenant that is slow to wake keeps no other asleep", async () => {
  const service = await start({ entry: faultyEntry() });
  try {
    const tenants = await Promise.all(["one", "two", "three"].map((name) => service.tenant(name)));
    const ask = async (query) => (await service.miniflare.dispatchFetch(`${ORIGIN}/v1/callback-secret?${query}`, { headers: { authorization: `Bearer ${tenants[0].key}` } })).json();
    // Each asks D1 what is too old, which answers none of them.
    await ask("gate=1");
    const round = service.miniflare.dispatchFetch(`${ORIGIN}/cdn-cgi/local/scheduled`);
    await until(async () => (await ask("gated")) === tenants.length);
    await ask("gate=0");
    assert.equal((await round).status, 200);
  } finally {
    await service.stop();
  }
});

test("rows that D1 refuses are set aside though it takes none after them", async () => {
  await grown("SELECT 1", async ({ service, tenant, lead }) => {
    for (const table of ["drafts", "trust"]) await refuse(service, table);
    await refuse(service, "audit", "NEW.event <> 'copy.set_aside'");
    const { id } = (await tenant.post(draft())).body;
    await tenant.agent("DELETE", `/v1/drafts/${id}`);
    const copies = async () => (await lead("GET", "/v1/dead-letters")).body.copies;
    await until(async () => (await copies()).some(({ kind, about }) => kind === "draft" && about === id));
    const told = "SELECT COUNT(*) AS count FROM audit WHERE event = 'copy.set_aside'";
    await until(async () => (await service.database.prepare(told).first("count")) === (await copies()).length);
  });
});

test("all dead letters are listed and replayed, however many there are of either kind", async () => {
  const fill = `
    INSERT INTO outbox (kind, payload, broken_at, error) ${numbers(250)} SELECT 'policy', json_object('id', 'p' || i), 1, 'refused' FROM numbers;
    INSERT INTO deliveries (message_id, event, about, receiver, body, created_at, dead_at) ${numbers(120)} SELECT 'm' || i, 'draft.decided', 'd' || i, 'r', '{}', 1, 1 FROM numbers;
    UPDATE outbox_state SET next_at = ${Date.now() + 3_600_000}`;
  const left = "SELECT COUNT(*) AS count FROM outbox WHERE broken_at IS NOT NULL";
  const replayed = async ({ lead }) => {
    const letters = [];
    const copies = [];
    let cursor = "";
    do {
      const { body } = await lead("GET", `/v1/dead-letters?limit=100${cursor}`);
      letters.push(...body.dead_letters);
      copies.push(...body.copies);
      cursor = body.next_cursor && `&cursor=${body.next_cursor}`;
    } while (cursor);
    const upTo = (count, letter) => Array.from({ length: count }, (_, index) => `${letter}${index + 1}`);
    assert.deepEqual(letters.map(({ about }) => about), upTo(120, "d"));
    assert.deepEqual(copies.map(({ about }) => about), upTo(250, "p"));
    assert.equal((await lead("POST", `/v1/dead-letters/${copies.at(-1).id}/replay`)).status, 204);
    assert.equal((await lead("POST", `/v1/dead-letters/${copies.at(-1).id}/replay`)).status, 404);
    assert.equal((await lead("GET", "/v1/queue/health")).body.dead_letters, 369);
  };
  assert.deepEqual((await grown(fill, replayed, left)).map(({ count }) => count), [249]);
});

test("a person of many corrections is erased as quickly as one of few, where a week of answers is kept", async () => {
  const answer = (id, examples) => `json_object('id', ${id}, 'status', 'held', 'examples', json('${JSON.stringify(examples)}'), 'reasons', hex(zeroblob(400)))`;
  const fill = `
    INSERT INTO corrections (id, draft_id, message, draft, corrected, edit_kind, reviewer, created_at, customer_id)
      ${numbers(301)} SELECT 'c' || i, 'd' || i, 'm', 'd', 'c', 'none', 'r', 1, iif(i <= 300, 'ada', 'bo') FROM numbers;
    INSERT INTO idempotency (scope, key, content_hash, status, answer, created_at)
      ${numbers(60_000)} SELECT 'k', 'i' || i, 'h', 201, ${answer("'other' || i", [])}, unixepoch() * 1000 FROM numbers;
    INSERT INTO idempotency (scope, key, content_hash, status, answer, created_at)
      VALUES ('k', 'quoting', 'h', 201, ${answer("'other'", [{ id: "c9" }, { id: "c7" }])}, unixepoch() * 1000),
        ('k', 'quoting others', 'h', 201, ${answer("'other'", [{ id: "c302" }])}, unixepoch() * 1000)`;
  const erase = async ({ lead }) => {
    const took = async (customer_id, corrections) => {
      const began = performance.now();
      const { body } = await lead("POST", "/v1/erasure", { customer_id });
      assert.deepEqual(body, { drafts: 0, corrections, more: false });
      return performance.now() - began;
    };
    const [one, many] = [await took("bo", 1), await took("ada", 300)];
    assert.ok(many < 10 * one, `${many} ms beside ${one} ms, in which nobody else is answered`);
  };
  const quoting = await grown(fill, erase, "SELECT key FROM idempotency WHERE key LIKE 'quoting%'");
  assert.deepEqual(quoting.map(({ key }) => key), ["quoting others"]);
});

test("conversations that nothing was heard of for as long as texts are kept go, but for those that are open", async () => {
  const day = 86_400_000;
  const idle = (letter, count, at) => `INSERT INTO conversations (id, head, sequence, updated_at) ${numbers(count)} SELECT '${letter}' || i, 'm9', 9, ${at} FROM numbers`;
  // More than go at once; the one draft that is open is of one of them.
  const fill = `${idle("old", 12_000, Date.now() - 181 * day)}; ${idle("new", 3, Date.now() - 179 * day)};
    UPDATE conversations SET updated_at = 1 WHERE id = (SELECT conversation_id FROM drafts); UPDATE tenant SET expired_at = 0`;
  const use = async ({ service, tenant }) => {
    const round = async () => assert.equal((await service.miniflare.dispatchFetch(`${ORIGIN}/cdn-cgi/local/scheduled`)).status, 200);
    const put = async (id, sequence, head = "m1") => (await tenant.agent("PUT", `/v1/conversations/${id}/head`, { head, sequence })).body;
    // Heard of now, though none of it is newer.
    assert.deepEqual([await put("old2", undefined, "m9"), await put("old3", 1)].map(({ head }) => head), ["m9", "m9"]);
    await round();
    await round();
    assert.equal((await put("new1", 1)).head, "m9", "an older one never goes back");
    assert.equal((await put("old1", 1)).head, "m1");
    assert.deepEqual([await put("old2", 12, "m9"), await put("old3", 1)].map(({ sequence }) => sequence), [12, 9]);
  };
  const left = await grown(fill, use, "SELECT id FROM conversations WHERE id NOT IN (SELECT conversation_id FROM drafts) ORDER BY id");
  assert.deepEqual(left.map(({ id }) => id), ["new1", "new2", "new3", "old1", "old2", "old3"]);
  const open = await grown(fill, use, "SELECT COUNT(*) AS count FROM conversations WHERE id IN (SELECT conversation_id FROM drafts)");
  assert.deepEqual(open.map(({ count }) => count), [1]);
});

test("sessions that ended of silence go with the next sign-in", async () => {
  const fill = `INSERT INTO sessions (id, secret_hash, person_id, created_at, seen_at)
    ${numbers(5_000)} SELECT 's' || i, 'h' || i, (SELECT id FROM people), 1, 1 FROM numbers`;
  const signIn = async ({ tenant, lead }) => {
    assert.equal((await lead("GET", "/v1/session")).status, 200);
    await tenant.session("rae@example.com");
    assert.equal((await lead("GET", "/v1/session")).status, 200, "who is here stays");
  };
  assert.equal((await grown(fill, signIn, "SELECT id FROM sessions")).length, 2);
});

test("an export of more than fits a page has every row once", async () => {
  const columns = ["entry", "body", "salt", "situation", "decision", "agent", "key_id", "created_at", "policy_version", "look_owed", "visible", "status"];
  const fill = `
    INSERT INTO drafts (id, conversation_id, ${columns})
      ${numbers(250)} SELECT printf('00000000-0000-7000-8000-%012d', i), 'c' || i, ${columns} FROM drafts, numbers;
    INSERT INTO conversations (id, head, updated_at) ${numbers(200)} SELECT 'other' || i, 'm', 1 FROM numbers`;
  await grown(fill, async ({ service, tenant, cookie }) => {
    const many = async (count, query) => service.database.prepare(`${query} FROM (${numbers(count)} SELECT i FROM numbers)`).bind(tenant.id).run();
    await many(10_200, "INSERT INTO trust (tenant_id, category, week, agent, agent_version, level, counts) SELECT ?, '', '2026-W' || (i % 40), 'bot ' || i, '', 1, '{}'");
    await many(1_200, "INSERT INTO corrections (tenant_id, id, draft_id, message, draft, corrected, edit_kind, one_off, reviewer, created_at) SELECT ?, 'c' || i, 'd', hex(zeroblob(2000)), 'd', 'c', 'none', 0, 'r', 1");
    const others = "INSERT INTO corrections (tenant_id, id, draft_id, message, draft, corrected, edit_kind, one_off, reviewer, created_at) VALUES ('other', 'x', 'd', 'm', 'd', 'c', 'none', 0, 'r', 1)";
    await service.database.prepare(others).run();

    const response = await service.miniflare.dispatchFetch(`${ORIGIN}/v1/export`, { headers: { cookie } });
    const lines = (await response.text()).trimEnd().split("\n").map((line) => JSON.parse(line));
    const of = (wanted) => lines.filter(({ table }) => table === wanted).map(({ row }) => row);
    const distinct = (rows) => new Set(rows.map((row) => JSON.stringify(row))).size;
    for (const [table, count] of [["open_drafts", 251], ["conversations", 201], ["trust", 10_200], ["corrections", 1_200]]) {
      assert.deepEqual([of(table).length, distinct(of(table))], [count, count], table);
    }
    const { body } = await service.call("GET", "/v1/audit", { headers: { cookie } });
    assert.deepEqual(of("audit").map(({ seq }) => seq), Array.from({ length: body.size }, (_, seq) => seq));
    assert.ok(lines.every(({ row }) => !("place" in row)), "as the tables have them");
  });
});

test("an export of 100,000 drafts asks D1 less often than it may for one request", async () => {
  const service = await start({ entry: faultyEntry() });
  try {
    const tenant = await service.tenant();
    const { cookie } = await tenant.session();
    const body = "json_object('text', hex(zeroblob(1500)))";
    const query = `INSERT INTO drafts (tenant_id, id, version, status, conversation_id, agent, created_at, policy_version, body, salt, situation, decision)
      SELECT ?, 'd' || i, 1, 'done', 'c', 'a', 1, 1, ${body}, '', '{}', '{}' FROM (${numbers(10_000)} SELECT i FROM numbers)`;
    await service.database.prepare(query).bind(tenant.id).run();
    const asked = async () => (await service.miniflare.dispatchFetch(`${ORIGIN}/v1/callback-secret?asked`, { headers: { authorization: `Bearer ${tenant.key}` } })).json();
    const before = await asked();
    const response = await service.miniflare.dispatchFetch(`${ORIGIN}/v1/export`, { headers: { cookie } });
    const ids = new Set((await response.text()).match(/"id":"d\d+"/g));
    assert.equal(ids.size, 10_000);
    const queries = (await asked()) - before;
    assert.ok(queries < 1_000 / 10, `${queries} for a tenth`);
  } finally {
    await service.stop();
  }
});

test("a deletion that breaks off goes on where it was", async () => {
  await grown("SELECT 1", async ({ service, tenant }) => {
    const query = `INSERT INTO drafts (tenant_id, id, version, status, conversation_id, agent, created_at, policy_version, body, salt, situation, decision)
      SELECT ?, 'd' || i, 1, 'done', 'c', 'a', 1, 1, '{}', '', '{}', '{}' FROM (${numbers(6_000)} SELECT i FROM numbers)`;
    await service.database.prepare(query).bind(tenant.id).run();
    const left = (table) => service.database.prepare(`SELECT COUNT(*) AS count FROM ${table} WHERE tenant_id = ?`).bind(tenant.id).first("count");
    await service.database.exec("CREATE TRIGGER slow BEFORE DELETE ON policies BEGIN SELECT RAISE(ABORT, 'took too long'); END");
    const ask = () => service.operator("DELETE", `/v1/tenants/${tenant.id}`);
    assert.equal((await ask()).status, 503);
    assert.equal(await left("drafts"), 0, "what is gone is gone");
    assert.ok((await left("audit")) > 0);

    await service.database.exec("DROP TRIGGER slow");
    await service.database.exec("CREATE TRIGGER away BEFORE DELETE ON tenants BEGIN SELECT RAISE(ABORT, 'away'); END");
    assert.equal((await ask()).status, 503);
    await service.database.exec("DROP TRIGGER away");
    const { status, body } = await ask();
    assert.equal(status, 200);
    assert.equal(await left("audit"), 0);
    assert.deepEqual((await ask()).body, body, "the same receipt");
    assert.equal((await tenant.post(draft(), { key: randomUUID() })).status, 401);
  });
});

test("a page of the log costs a page however many entries wait for D1, and pages show each once", async () => {
  // 100,000 wait since D1 went away, beside rows of other kinds: some among them, a thousand on end. One is set aside.
  const size = 2 ** 17;
  const waiting = (kind, payload, from, to, every = 1) => `
    INSERT INTO outbox (number, kind, payload)
      WITH RECURSIVE leaves (seq) AS (SELECT ${from} UNION ALL SELECT seq + ${every} FROM leaves WHERE seq + ${every} < ${to})
      SELECT 1000000 + seq * 2 + (kind = 'audit_tile') + (seq >= 70000) * 1000, kind, ${payload} FROM leaves, (SELECT '${kind}' AS kind)`;
  const first = "(SELECT size FROM frontier)";
  const entry = `json_object('v', 1, 'tenant', 't', 'seq', seq, 'at_ms', 1, 'event', 'draft.routed', 'actor', json('{"kind":"system","id":"countersign"}'), 'facts', json('{}'))`;
  const leaf = `json_object('seq', seq, 'at_ms', 1, 'event', 'draft.routed', 'entry', ${entry}, 'leaf_hash', printf('%064x', seq))`;
  const tile = "json_object('level', 9, 'idx', seq, 'hash', '')";
  const fill = `${waiting("audit", leaf, first, size)}; ${waiting("audit_tile", tile, first, size, 3)};
    INSERT INTO outbox (number, kind, payload) ${numbers(999)} SELECT 1000000 + 70000 * 2 + i, 'audit_tile', json_object('level', 9, 'idx', -i, 'hash', '') FROM numbers;
    UPDATE outbox SET broken_at = 1, error = 'refused' WHERE kind = 'audit' AND payload ->> 'seq' = 90000;
    UPDATE outbox_state SET next_at = ${Date.now() + 3_600_000};
    UPDATE frontier SET size = ${size}, peaks = json_array(printf('%064x', 0))`;
  await grown(fill, async ({ service, lead, cookie }) => {
    const last = await service.database.prepare("SELECT MAX(seq) AS seq FROM audit").first("seq");
    const shown = [];
    const times = [];
    const page = async (cursor) => {
      const began = performance.now();
      const { body } = await lead("GET", `/v1/audit?limit=200${cursor}`);
      times.push(performance.now() - began);
      shown.push(...body.entries.map(({ entry }) => entry.seq));
      return body;
    };
    let next = await page("");
    // D1 has had some of them all along: its answer was lost.
    const twice = "INSERT INTO audit (tenant_id, seq, at_ms, event, entry, leaf_hash) SELECT tenant_id, ? + seq, at_ms, event, json_set(entry, '$.seq', ? + seq), leaf_hash FROM audit WHERE seq > 0";
    await service.database.prepare(twice).bind(last, last).run();
    const whole = next.size;
    while (next.next_cursor) next = await page(`&cursor=${next.next_cursor}`);
    assert.deepEqual(shown, Array.from({ length: whole }, (_, index) => whole - 1 - index));

    const began = performance.now();
    let looking = true;
    const looked = lead("GET", "/v1/drafts/none/dossier").finally(() => (looking = false));
    let beside = 0;
    for (; looking; beside += 1) await lead("GET", "/v1/session");
    await looked;
    const all = performance.now() - began;
    assert.ok(beside > 4, `${beside} others were answered while a dossier looked at all that wait`);
    const median = times.sort((one, other) => one - other)[times.length >> 1];
    assert.ok(median * 3 < all, `${median} ms, and ${all} ms to read all that wait`);
    const exported = await service.miniflare.dispatchFetch(`${ORIGIN}/v1/audit/export`, { headers: { cookie } });
    const seqs = (await exported.text()).trimEnd().split("\n").map((line) => JSON.parse(line).entry.seq);
    assert.deepEqual(seqs, Array.from({ length: whole }, (_, seq) => seq));
  });
});

test("an entry that waits out of order stands in no other page of the log", async () => {
  // A version before put an entry that D1 had refused behind the others.
  const entry = `json_object('v', 1, 'tenant', 't', 'seq', seq, 'at_ms', 1, 'event', 'draft.routed', 'actor', json('{"kind":"system","id":"countersign"}'), 'facts', json('{}'))`;
  const fill = `
    INSERT INTO outbox (number, kind, payload)
      WITH RECURSIVE leaves (seq) AS (SELECT size FROM frontier UNION ALL SELECT seq + 1 FROM leaves WHERE seq < 1023)
      SELECT 1000000 + IIF(seq = 500, 9999, seq), 'audit', json_object('seq', seq, 'at_ms', 1, 'event', 'draft.routed', 'entry', ${entry}, 'leaf_hash', printf('%064x', seq)) FROM leaves;
    UPDATE outbox_state SET next_at = ${Date.now() + 3_600_000};
    UPDATE frontier SET size = 1024, peaks = json_array(printf('%064x', 0))`;
  await grown(fill, async ({ lead }) => {
    const page = async (cursor) => (await lead("GET", `/v1/audit?limit=50&cursor=${cursor}`)).body.entries?.map(({ entry }) => entry.seq);
    const before = (end) => Array.from({ length: 50 }, (_, place) => end - 1 - place);
    for (const cursor of [1024, 800, 400, 100]) assert.deepEqual(await page(cursor), before(cursor));
    assert.equal((await lead("GET", "/v1/audit?limit=50&cursor=520")).status, 503, "it is on its way");
  });
});

test("a draft is posted though the examples for it are as large as they can be", async () => {
  await grown("SELECT 1", async ({ tenant, lead }) => {
    assert.equal((await tenant.policy({ call: lead }, (policy) => ({ ...policy, undo_window_s: 0 }))).status, 200);
    // Marks that JSON writes in two bytes, up to the limit of a text.
    const large = (words) => `${words} ${'"'.repeat(55_000)}`;
    for (const place of ["kitchen", "garden", "office", "cellar", "attic", "hall", "garage", "balcony"]) {
      const message = large(`The kettle in the ${place} leaks`);
      const { id } = (await tenant.post(draft({ message, draft: { text: large(place) } }))).body;
      const shown = (await lead("GET", `/v1/drafts/${id}`)).body;
      const verdict = verdictOn(shown, { kind: "edit", draft: { text: large(`We repair the ${place}'s`) } });
      assert.equal((await lead("PUT", `/v1/drafts/${id}/verdict`, verdict)).status, 200);
    }
    const { status, body } = await tenant.post(draft({ message: "The kettle leaks" }), { query: "?examples=8" });
    assert.equal(status, 201);
    assert.equal(body.examples.length, 1, "as many as fit");
  });
});

test("behind a row that D1 refused one state waits, however many follow, and nothing behind a row that is gone", async () => {
  const counts = (week, reviewed) => `json_object('category', 'late', 'monday', ${week * 7 + 4}, 'agent', 'bot', 'agent_version', '1', 'level', 1, 'reviewed', ${reviewed})`;
  const standing = (agreements) => `json_object('id', 'one', 'standing', json_object('agreements', ${agreements}))`;
  const vector = "json_object('id', 'one', 'vector', '00')";
  const rows = [
    // A version before replayed what these waited behind, under another number.
    ["trust", counts(1, 7), 77], ["trust", counts(2, 5), 77],
    ["trust", counts(3, 1), "NULL"], ["trust", counts(3, 2)], ["trust", counts(4, 1)], ["trust", counts(3, 3)],
    ["correction_change", standing(1), "NULL"], ["correction_change", standing(2)], ["correction_change", vector], ["correction_change", standing(3)],
  ].map(([kind, payload, behind]) => `('${kind}', ${payload}, ${behind ? "1" : "NULL"}, ${behind ?? "NULL"})`);
  const fill = `INSERT INTO outbox (kind, payload, broken_at, behind) VALUES ${rows.join(", ")}`;
  const left = "SELECT COALESCE(payload ->> 'reviewed', payload ->> '$.standing.agreements', 'vector') AS state, behind IS NOT NULL AS waits FROM outbox WHERE broken_at IS NOT NULL ORDER BY number";
  const use = async ({ service, tenant, lead }) => {
    assert.equal((await tenant.post(draft())).status, 201);
    const copied = () => service.database.prepare("SELECT COUNT(*) AS count FROM audit").first("count");
    await until(async () => (await copied()) === (await lead("GET", "/v1/audit")).body.size);
    const { results } = await service.database.prepare("SELECT week, counts ->> '$.reviewed' AS reviewed FROM trust WHERE category = 'late' ORDER BY week").all();
    assert.deepEqual(results.map(({ reviewed }) => reviewed), [7, 5, 1], "what waits behind nothing is there");
    assert.equal((await lead("GET", "/v1/queue/health")).body.dead_letters, 2);
  };
  const waits = (await grown(fill, use, left)).map(({ state, waits }) => [state, waits]);
  assert.deepEqual(waits, [[3, 0], [1, 0], ["vector", 1], [3, 1]]);
});

/** What callers pass where a statement takes a condition. */
const CONDITIONS = {
  "stored.rs": /_where\(\s*tenant,\s*"([^"]*)"/g,
  "deliveries.rs": /bury\(tenant, "([^"]*)"/g,
  "outbox/database.rs": /const ERASURES: &str = "([^"]*)"/g,
};
const OF_A_KIND = ["outbox.rs", "erasure.rs"];
const KIND = { kind: "correction", condition: "TRUE" };
/** What a person looks for among earlier drafts is put together from more than its file says, and reads them all. */
const OF_A_PERSON = /AS verdict, entry,\s.* FROM drafts WHERE/s;

/** Statements of the service, as it writes them and with what its own file fills in. */
const statements = () => {
  const folder = new URL("../src/service/", import.meta.url);
  const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".rs"));
  const texts = new Map(files.map((name) => [name, readFileSync(new URL(name, folder), "utf8")]));
  const all = [...texts.values()].join("\n");
  const filled = (name, query) => {
    const named = (place, what) => {
      const known = new RegExp(`(?:const ${what}: &str|let ${what}) =\\s*"((?:[^"\\\\]|\\\\.)*)"`).exec(texts.get(name));
      return known?.[1] ?? new RegExp(`const ${what}: u\\d+ = ([\\d_]+)`).exec(texts.get(name))?.[1].replaceAll("_", "") ?? (OF_A_KIND.includes(name) ? KIND[what] : null) ?? place;
    };
    const whole = query.replaceAll("{}", "1").replace(/\{(\w+)\}/g, named).replace(/\{(\w+)\}/g, named);
    const conditions = whole.includes("{condition}") ? [...all.matchAll(CONDITIONS[name])].map(([, condition]) => condition) : [""];
    return conditions.map((condition) => whole.replace("{condition}", condition));
  };
  const written = (text) => [...text.matchAll(/"((?:SELECT|UPDATE|DELETE|WITH)\s(?:[^"\\]|\\.)*)"/g)].map(([, found]) => found.replaceAll('\\"', '"'));
  return [...texts].flatMap(([name, text]) => written(text).filter((query) => /\b(drafts|outbox|deliveries)\b/.test(query)).flatMap((query) => filled(name, query)));
};

/** What may read all of these tables: what comes first of all, an export, what a lead or a person asks for once, and the day's round. */
const READS_ALL = [
  /^SELECT MIN\(value\) FROM json_each\(json_array\(/,
  /^SELECT rowid AS place/,
  /^DELETE FROM deliveries WHERE (about IN \(SELECT value FROM json_each\(\?\)\)|receiver = \?)$/,
  /^SELECT id FROM drafts WHERE json_extract\(body, '\$\.customer\.id'\) = \? LIMIT \?$/,
  /^SELECT id FROM corrections WHERE customer_id = \?1 OR draft_id IN \(\s+SELECT id FROM drafts WHERE json_extract/,
  /^SELECT agent, MAX\(shadow\) AS shadow, MAX\(posted_at\)/,
  /^DELETE FROM second_looks\s+WHERE draft_id NOT IN/,
];

test("drafts that wait, and what gathers for D1 and for receivers, are found by an index", () => {
  const tables = new DatabaseSync(":memory:");
  const folder = new URL("../src/service/schema/", import.meta.url);
  for (const name of readdirSync(folder).sort()) tables.exec(readFileSync(new URL(name, folder), "utf8"));
  const inObject = statements().filter((query) => !/\btenant_id\b/.test(query) && !OF_A_PERSON.test(query));
  assert.ok(inObject.length > 60, `${inObject.length}`);
  const readsAll = /^(SCAN (drafts|outbox|deliveries)(?! USING (COVERING )?INDEX)|SEARCH drafts USING INTEGER PRIMARY KEY \(rowid>\?\))/;
  for (const query of inObject.filter((query) => !READS_ALL.some((known) => known.test(query)))) {
    const plan = tables.prepare(`EXPLAIN QUERY PLAN ${query}`).all().map(({ detail }) => detail);
    assert.deepEqual(plan.filter((step) => readsAll.test(step)), [], query);
  }
});
