// What is kept, for how long, and what is left when it goes: erasure, retention, holds, the dossier, a
// tenant's data as a file, its deletion. The log stays valid throughout.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { ORIGIN, draft, shared, start, until, verdictOn } from "./countersign.mjs";
import { receive } from "./receiver.mjs";
import { leafHash, sha256, treeHash } from "./merkle.mjs";

const service = await shared();

/** A tenant without an undo window: verdicts settle at once. */
async function quick() {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  await tenant.policy(lead, (document) => ({ ...document, undo_window_s: 0 }));
  return { tenant, lead };
}

/** Posts a draft of a customer, edits it, and waits until D1 has draft and correction. */
async function settled({ tenant, lead }, customer, text) {
  const change = { message: `A question: ${text}`, customer: { id: customer, name: text }, draft: { text: `An answer: ${text}` } };
  const posted = (await tenant.post(draft(change), { query: "?examples=3" })).body;
  const shown = (await lead.call("GET", `/v1/drafts/${posted.id}`)).body;
  const edit = { kind: "edit", draft: { text: `A better answer, corrected: ${text}` } };
  const answer = await lead.call("PUT", `/v1/drafts/${posted.id}/verdict`, verdictOn(shown, edit));
  assert.equal(answer.body.status, "edited", JSON.stringify(answer.body));
  await until(async () => (await inDatabase("drafts", posted.id)) && (await corrections(tenant)) > 0);
  return posted.id;
}

const inDatabase = (table, id) => service.database.prepare(`SELECT * FROM ${table} WHERE id = ?`).bind(id).first();
const corrections = (tenant) =>
  service.database.prepare("SELECT COUNT(*) AS n FROM corrections WHERE tenant_id = ?").bind(tenant.id).first("n");
const wake = () => service.miniflare.dispatchFetch(`${ORIGIN}/cdn-cgi/local/scheduled`);

async function text(path, { lead }) {
  const response = await service.miniflare.dispatchFetch(`${ORIGIN}${path}`, { headers: { cookie: lead.cookie } });
  assert.equal(response.status, 200);
  return response.text();
}

/** The root of an export, hashed again from its lines. */
async function verified(tenant) {
  const { body } = await tenant.lead.call("GET", "/v1/audit/checkpoint");
  const lines = (await text("/v1/audit/export", tenant)).trimEnd().split("\n").slice(0, body.size);
  const leaves = lines.map((line) => leafHash(/^\{"entry":(.*),"leaf_hash"/.exec(line)[1]));
  assert.equal(treeHash(leaves).toString("hex"), body.root);
  return lines.map((line) => JSON.parse(line).entry);
}

/** Everything that D1 has, as one text. */
async function everything() {
  const tables = (await service.database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'").all()).results;
  const rows = await Promise.all(tables.map(({ name }) => service.database.prepare(`SELECT * FROM ${name}`).all()));
  return JSON.stringify(rows.map(({ results }) => results));
}

test("a dossier holds everything about one draft, bound to the log", async () => {
  const customer = await quick();
  const id = await settled(customer, "ada", "a dossier's text");
  await customer.tenant.agent("PUT", `/v1/drafts/${id}/outcome`, { outcome: "done" });
  const { status, body } = await customer.lead.call("GET", `/v1/drafts/${id}/dossier`);
  assert.equal(status, 200, JSON.stringify(body));
  const { record, entries } = body;
  assert.equal(body.erased, false);
  assert.equal(record.seen.message, "A question: a dossier's text");
  assert.equal(record.verdict.verdict.kind, "edit");
  assert.equal(record.sent.text, "A better answer, corrected: a dossier's text");
  assert.equal(record.status, "done");
  assert.ok(record.decision.reasons.length > 0 && record.policy.name);
  assert.deepEqual(entries.map(({ entry }) => entry.event).filter((event) => !event.includes("lease")), [
    "draft.routed", "draft.decided", "draft.settled", "draft.reported",
  ]);
  // What left is what the log was bound to.
  const { facts } = entries.find(({ entry }) => entry.event === "draft.settled").entry;
  const canonical = JSON.stringify(record.sent, Object.keys(record.sent).sort());
  assert.equal(sha256(Buffer.from(record.salt, "hex"), canonical).toString("hex"), facts.outgoing_commitment);
  assert.equal((await customer.lead.call("GET", `/v1/drafts/${randomUUID()}/dossier`)).status, 404);
});

test("a person's data is erased everywhere, the log stays valid and says so", async () => {
  const customer = await quick();
  const { tenant, lead } = customer;
  // No name that could stand in a hash.
  const mark = `erase-${randomUUID()}`;
  const key = randomUUID();
  const id = await settled(customer, "zoe", mark);
  const open = (await tenant.post(draft({ message: mark, customer: { id: "zoe" } }), { key })).body.id;
  const other = await settled(customer, "bob", "what bob wrote");
  assert.ok((await everything()).includes(mark));

  const held = await lead.call("PUT", "/v1/holds", { customer_id: "zoe", held: true, reason: "a lawsuit" });
  assert.equal(held.body.holds.length, 1);
  assert.equal((await lead.call("POST", "/v1/erasure", { customer_id: "zoe" })).body.code, "on_hold");
  assert.ok((await everything()).includes(mark));
  await lead.call("PUT", "/v1/holds", { customer_id: "zoe", held: false, reason: "settled" });

  const erased = await lead.call("POST", "/v1/erasure", { customer_id: "zoe" });
  assert.deepEqual([erased.status, erased.body], [200, { drafts: 2, corrections: 1, more: false }]);
  await until(async () => !(await everything()).includes(mark));
  assert.equal((await lead.call("GET", `/v1/drafts/${open}`)).status, 404);
  const again = await tenant.post(draft({ message: "something else", customer: { id: "zoe" } }), { key });
  assert.equal(again.status, 201, "the idempotency answer is gone, too");
  const similar = await tenant.agent("POST", "/v1/corrections/similar", { message: `A question: ${mark}` });
  assert.ok(!JSON.stringify(similar.body).includes(mark));
  for (const path of ["/v1/corrections", "/v1/audit", "/v1/queue", "/v1/policy/records"]) {
    assert.ok(!JSON.stringify((await lead.call("GET", path)).body).includes(mark), path);
  }
  assert.ok(!(await text("/v1/export", customer)).includes(mark));

  const entries = await verified(customer);
  const said = entries.filter(({ event }) => event === "data.erased");
  assert.deepEqual(said.map(({ about }) => about).sort(), [id, open, undefined].sort());
  assert.ok(!JSON.stringify(said).includes("zoe"), "the log doesn't name the person");
  const { body } = await lead.call("GET", `/v1/drafts/${id}/dossier`);
  assert.equal(body.erased, true);
  assert.ok(body.entries.some(({ entry }) => entry.event === "data.erased"));
  assert.equal((await lead.call("GET", `/v1/drafts/${other}/dossier`)).body.erased, false, "others stay");
});

test("however much there is of a customer, asking until there is no more erases each once", async () => {
  const customer = await quick();
  const id = await settled(customer, "ada", "the first of many");
  const columns = async (table) => {
    const { results } = await service.database.prepare("SELECT name FROM pragma_table_info(?)").bind(table).all();
    return results.map(({ name }) => name).filter((name) => !["id", "draft_id"].includes(name)).join();
  };
  // A draft has one correction at most: here some are of drafts that are gone.
  for (const [table, own, count] of [["drafts", "drafts.id = ?1", 1_100], ["corrections", "draft_id = ?1", 2_300]]) {
    const others = await columns(table);
    const [ids, values] = table === "drafts" ? ["id", ""] : ["id, draft_id", ", 'gone'"];
    const copy = `INSERT INTO ${table} (${ids}, ${others})
      SELECT 'copy-' || numbers.value ${values}, ${others} FROM ${table}, json_each(?2) AS numbers WHERE ${own}`;
    await service.database.prepare(copy).bind(id, JSON.stringify(Array.from({ length: count }, (_, at) => at))).run();
  }
  const told = [];
  while (told.at(-1)?.more ?? true) {
    const { status, body } = await customer.lead.call("POST", "/v1/erasure", { customer_id: "ada" });
    assert.equal(status, 200, JSON.stringify(body));
    told.push(body);
    assert.ok(told.length < 10, JSON.stringify(told));
  }
  const sum = (name) => told.reduce((total, one) => total + one[name], 0);
  assert.deepEqual([sum("drafts"), sum("corrections")], [1_101, 2_301], JSON.stringify(told));
  await until(async () => (await corrections(customer.tenant)) === 0 && (await inDatabase("drafts", "copy-1099")) === null);
  const said = (await verified(customer)).filter(({ event, about }) => event === "data.erased" && about);
  assert.deepEqual([said.length, new Set(said.map(({ about }) => about)).size], [1_101, 1_101]);
});

test("texts that are too old go with a wake, unless they are held", async () => {
  const customer = await quick();
  const { lead } = customer;
  assert.deepEqual((await lead.call("GET", "/v1/retention")).body, { texts_days: 180, answers_days: 7 });
  assert.equal((await lead.call("PUT", "/v1/retention", { texts_days: 0, answers_days: 7 })).body.pointer, "/texts_days");
  assert.equal((await lead.call("PUT", "/v1/retention", { texts_days: 30, answers_days: 3 })).status, 200);
  const [old, kept, young] = [await settled(customer, "ada", "old"), await settled(customer, "bob", "held"), await settled(customer, "eve", "young")];
  await lead.call("PUT", "/v1/holds", { customer_id: "bob", held: true, reason: "a lawsuit" });
  const long_ago = Date.now() - 31 * 24 * 3_600_000;
  for (const id of [old, kept]) {
    await service.database.prepare("UPDATE drafts SET created_at = ? WHERE id = ?").bind(long_ago, id).run();
    await service.database.prepare("UPDATE corrections SET created_at = ? WHERE draft_id = ?").bind(long_ago, id).run();
  }
  await wake();
  await until(async () => (await inDatabase("drafts", old)) === null);
  assert.ok(await inDatabase("drafts", kept));
  assert.ok(await inDatabase("drafts", young));
  const exported = await text("/v1/corrections/export?format=raw", customer);
  const taught = exported.trim().split("\n").map((line) => JSON.parse(line).draft_id);
  assert.deepEqual(taught.sort(), [kept, young].sort(), "nothing is learnt from what is too old");
  const entries = await verified(customer);
  assert.deepEqual(entries.filter(({ event }) => event === "data.expired").map(({ about }) => about), [undefined, old]);
});

test("a tenant takes all its data along, and its deletion leaves a receipt", async () => {
  const customer = await quick();
  const { tenant, lead } = customer;
  const stays = await quick();
  const mark = `leaving-${randomUUID()}`;
  const id = await settled(customer, "ada", mark);
  const other = await settled(stays, "bob", "somebody else's");
  const lines = (await text("/v1/export", customer)).trimEnd().split("\n").map((line) => JSON.parse(line));
  const tables = new Set(lines.map(({ table }) => table));
  for (const table of ["tenant", "people", "keys", "drafts", "corrections", "policies", "audit"]) assert.ok(tables.has(table), table);
  assert.ok(lines.some(({ table, row }) => table === "drafts" && row.id === id));
  const secrets = lines.filter(({ table }) => table === "keys").flatMap(({ row }) => Object.keys(row));
  assert.ok(!secrets.some((name) => name.includes("secret")));
  assert.ok(!lines.some(({ row }) => JSON.stringify(row).includes(stays.tenant.id)));

  const path = `/v1/tenants/${tenant.id}`;
  assert.equal((await lead.call("DELETE", path)).status, 401, "only the operator deletes a tenant");
  const hold = (held) => lead.call("PUT", "/v1/holds", { customer_id: "ada", held, reason: "a lawsuit" });
  await hold(true);
  const kept = await service.operator("DELETE", path);
  assert.deepEqual([kept.status, kept.body.code], [409, "on_hold"]);
  assert.equal((await lead.call("GET", "/v1/queue")).status, 200, "and all goes on");
  await hold(false);
  const gone = await service.operator("DELETE", path);
  assert.equal(gone.status, 200, JSON.stringify(gone.body));
  assert.equal(gone.body.tenant_id, tenant.id);
  assert.ok(gone.body.checkpoint.includes(`countersign/audit/${tenant.id}\n${gone.body.size}\n`));
  assert.deepEqual((await service.operator("DELETE", path)).body, gone.body, "asked again, the same receipt");
  for (const table of ["drafts", "corrections", "policies", "trust", "audit", "audit_tiles"]) {
    const left = await service.database.prepare(`SELECT COUNT(*) AS n FROM ${table} WHERE tenant_id = ?`).bind(tenant.id).first("n");
    assert.equal(left, 0, table);
  }
  assert.ok(!(await everything()).includes(mark));
  for (const answer of [await lead.call("GET", "/v1/queue"), await tenant.post(draft())]) assert.equal(answer.status, 401);
  assert.equal((await service.operator("DELETE", `/v1/tenants/${randomUUID()}`)).status, 404);
  assert.ok(await inDatabase("drafts", other), "another tenant keeps all it has");
  const stuck = service.database.prepare("DELETE FROM audit WHERE tenant_id = ?").bind(stays.tenant.id).run();
  await assert.rejects(stuck, /append-only/);
});

/** A service of its own with one tenant whose every kind of text holds a mark; ends with its files read. */
async function withTraces(run) {
  const directory = mkdtempSync(join(tmpdir(), "countersign-traces-"));
  const receiver = await receive(() => 500);
  let own = await start({ directory });
  const stop = () => own?.stop().finally(() => (own = null));
  const restart = async (meanwhile) => {
    await stop();
    for (const database of files(directory)) meanwhile(database);
    own = await start({ directory });
    return own;
  };
  try {
    const mark = `gone${randomUUID().replaceAll("-", "")}`;
    await run({ own, mark, restart, ...(await traces(own, receiver, mark)) });
    await stop();
    for (const database of files(directory)) {
      for (const name of tablesOf(database)) {
        const text = database.prepare(`SELECT * FROM ${name}`).all().flatMap((row) => Object.values(row).map(plain)).join("\n");
        assert.ok(!text.includes(mark), `${name}: ${text.slice(0, 400)}`);
      }
    }
  } finally {
    await stop();
    await receiver.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

const plain = (value) => (value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : String(value));

/** The databases of the object and of D1, one after the other. */
function* files(directory) {
  const names = readdirSync(directory, { recursive: true }).filter((name) => /[0-9a-f]{64}\.sqlite$/.test(name));
  assert.ok(names.some((name) => name.includes("Tenant")) && names.length > 1, names.join());
  for (const name of names) {
    const database = new DatabaseSync(join(directory, name), { readBigInts: true });
    yield database;
    database.close();
  }
}

/** Every table that the schema has, those of the full-text index among them. */
const tablesOf = (database) =>
  database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'")
    .all()
    .map(({ name }) => name);

/** Drafts of every fate, a note, a lesson, webhooks that nobody takes, a known-bad draft taken back. */
async function traces(own, receiver, mark) {
  const tenant = await own.tenant();
  const lead = await tenant.session();
  await tenant.policy(lead, (document) => ({
    ...document,
    undo_window_s: 0,
    categories: { "billing.refund": { second_look_rate: 1 } },
  }));
  await lead.call("POST", "/v1/webhooks", { url: receiver.url, events: ["draft.decided"] });
  const told = (change) => draft({ message: `A question ${mark}`, customer: { id: "ada", name: mark }, draft: { text: `An answer ${mark}` }, ...change });
  const decide = async (id, verdict) => {
    const shown = (await lead.call("GET", `/v1/drafts/${id}`)).body;
    return (await lead.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(shown, verdict))).body.status;
  };
  const edited = (await tenant.post(told())).body.id;
  assert.equal(await decide(edited, { kind: "edit", draft: { text: `Better ${mark}` }, lesson: `Say ${mark}` }), "edited");
  const approved = (await tenant.post(told(), { query: "?examples=3" })).body.id;
  assert.equal(await decide(approved, { kind: "approve" }), "approved");
  const noted = (await tenant.post(told())).body.id;
  await lead.call("PUT", `/v1/drafts/${noted}/lease`);
  assert.equal((await lead.call("DELETE", `/v1/drafts/${noted}/lease`, { note: `ask about ${mark}` })).status, 200);
  const seed = await lead.call("POST", "/v1/seeds", { draft: told(), flaw: `It says ${mark}.` });
  assert.equal(seed.status, 201, JSON.stringify(seed.body));
  assert.ok((await lead.call("DELETE", `/v1/seeds/${seed.body.id}`)).status < 300);
  await until(() => receiver.calls.length >= 2);
  await until(async () => (await own.database.prepare("SELECT COUNT(*) AS n FROM corrections").first("n")) === 1);
  return { tenant, lead, decide, noted };
}

test("no table of the object keeps a word of who was erased, nor the full-text index one of its message", () =>
  withTraces(async ({ own, lead }) => {
    const erased = await lead.call("POST", "/v1/erasure", { customer_id: "ada" });
    assert.deepEqual([erased.status, erased.body.drafts, erased.body.corrections], [200, 3, 1]);
    await until(async () => (await own.database.prepare("SELECT COUNT(*) AS n FROM drafts").first("n")) === 0);
  }));

test("no table keeps a word that is older than texts are kept", () =>
  withTraces(async ({ own, lead, decide, noted, mark, restart }) => {
    assert.equal(await decide(noted, { kind: "reject", reason: `It says ${mark}`, may_retry: false }), "rejected");
    await until(async () => (await own.database.prepare("SELECT COUNT(*) AS n FROM drafts").first("n")) === 3);
    const held = await lead.call("PUT", "/v1/holds", { customer_id: "ada", held: true, reason: "a lawsuit" });
    assert.equal(held.status, 200);
    let again = await restart(age);
    const left = () => again.database.prepare("SELECT COUNT(*) AS n FROM drafts").first("n");
    await again.miniflare.dispatchFetch(`${ORIGIN}/cdn-cgi/local/scheduled`);
    assert.equal(await left(), 3, "what is held stays");
    again = await restart((database) => {
      if (tablesOf(database).includes("holds")) database.exec("DELETE FROM holds; UPDATE tenant SET expired_at = 0");
    });
    await again.miniflare.dispatchFetch(`${ORIGIN}/cdn-cgi/local/scheduled`);
    await until(async () => (await left()) === 0);
  }));

/** Everything that a database has happened half a year and twenty days earlier; the log can't. */
function age(database) {
  for (const name of tablesOf(database).filter((name) => name !== "audit" && !/^(_|sqlite)/.test(name))) {
    const times = database.prepare(`SELECT name FROM pragma_table_info('${name}') WHERE type = 'INTEGER'`).all();
    for (const { name: column } of times.filter(({ name }) => /(^|_)at$|^since$/.test(name))) {
      database.exec(`UPDATE ${name} SET ${column} = ${column} - ${200 * 24 * 3_600_000} WHERE ${column} > 1e12`);
    }
  }
}

/** Tables of the object that `GET /v1/export` reads. */
const EXPORT = readFileSync(new URL("../src/service/departure.rs", import.meta.url), "utf8");
const TAKEN_ALONG = new Set([...EXPORT.matchAll(/"SELECT [^"]* FROM (\w+)/g)].map(([, name]) => name));

/** Tables of the object that a tenant doesn't take along: made from others, of a moment, or secret. */
const LEFT_BEHIND = new Set([
  ...["policies", "drafts", "corrections", "verdicts", "counts", "imported"], // D1 has them, or the drafts do
  ...["corrections_text", "vectors", "handled", "memory", "alike", "releases", "waiting", "nearness", "pace", "reviewer_pace", "verdict_times"],
  ...["sessions", "invitations", "idempotency", "outbox_state", "deliveries", "shown", "served", "rota_gaps"],
  ...["second_looks", "schema", "frontier", "left_object", "published_checkpoint"],
]);

test("a tenant takes along what every table has, and its deletion empties every table", () =>
  withTraces(async ({ own, tenant, restart }) => {
    const gone = await own.operator("DELETE", `/v1/tenants/${tenant.id}`);
    assert.equal(gone.status, 200, JSON.stringify(gone.body));
    await restart((database) => {
      const here = tablesOf(database).filter((name) => !/^(_|sqlite|d1_)/.test(name));
      const isObject = here.includes("frontier");
      for (const name of here) {
        const columns = database.prepare(`SELECT name FROM pragma_table_info('${name}')`).all().map(({ name }) => name);
        if (columns.includes("tenant_id") && name !== "deletions") {
          assert.equal(database.prepare(`SELECT COUNT(*) AS n FROM ${name}`).get().n, 0n, name);
        }
        const index = /_(data|idx|content|docsize|config)$/.test(name);
        if (isObject && !index) assert.ok(LEFT_BEHIND.has(name) || TAKEN_ALONG.has(name), `${name}: take it along, or say why not`);
      }
    });
  }));
