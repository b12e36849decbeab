// Bad input: each kind gets its own stable code, and nothing is stored.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import { after, before, test } from "node:test";
import { draft, start, verdictOn } from "./countersign.mjs";

let service, tenant, lead, other;
before(async () => {
  service = await start();
  tenant = await service.tenant();
  lead = await tenant.session();
  other = await service.tenant();
});
after(() => service.stop());

const waiting = async () => (await lead.call("GET", "/v1/queue")).body.counts.held;
const logged = async () => (await lead.call("GET", "/v1/audit")).body.size;

/** The request is refused with status and code, and leaves no trace. */
async function refused(request, status, code, pointer) {
  const before = [await waiting(), await logged()];
  const answer = await request;
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.equal(answer.body.code, code);
  assert.equal(answer.headers.get("content-type"), "application/problem+json");
  if (pointer !== undefined) assert.equal(answer.body.pointer, pointer);
  assert.deepEqual([await waiting(), await logged()], before, "nothing is stored");
  return answer.body;
}

const raw = (body, headers = {}) =>
  service.call("POST", "/v1/drafts", {
    raw: body,
    headers: { authorization: `Bearer ${tenant.key}`, "idempotency-key": randomUUID(), ...headers },
  });

test("a body that is not JSON", () => refused(raw("{"), 400, "malformed_json"));
test("a body after the body", () => refused(raw(`${JSON.stringify(draft())}{}`), 400, "malformed_json"));
test("bytes that are not UTF-8", () => refused(raw(Buffer.from([0x22, 0xff, 0x22])), 400, "malformed_json"));
test("an unknown field, by name", async () => {
  const body = await refused(tenant.post(draft({ mood: "good" })), 422, "unknown_field", "/mood");
  assert.match(body.detail, /mood/);
});
test("an unknown field deep inside", () => {
  const messages = [{ id: "m", role: "customer", text: "hi", shouted: true }];
  const conversation = { id: "c", head: "m", messages };
  return refused(tenant.post(draft({ conversation })), 422, "unknown_field", "/conversation/messages/0/shouted");
});
test("a missing field", () => {
  const { message, ...rest } = draft();
  return refused(tenant.post(rest), 422, "invalid_field");
});
test("a confidence above 1", () => refused(tenant.post(draft({ confidence: 1.01 })), 422, "invalid_field", "/confidence"));
test("a draft that its agent no longer wants", () => {
  const expires_at = new Date(Date.now() - 1_000).toISOString();
  return refused(tenant.post(draft({ expires_at })), 422, "invalid_field", "/expires_at");
});
test("a draft to be replaced that no such key posted", async () => {
  const hers = (await other.post(draft())).body.id;
  const made = (await lead.call("POST", "/v1/keys", { kind: "agent", name: "a second agent" })).body;
  const headers = { authorization: `Bearer ${made.key}`, "idempotency-key": randomUUID() };
  const another = (await service.call("POST", "/v1/drafts", { headers, body: draft() })).body.id;
  for (const supersedes of ["ticket-9-refund", randomUUID(), hers, another]) {
    const { detail } = await refused(tenant.post(draft({ supersedes })), 422, "invalid_field", "/supersedes");
    assert.match(detail, /no draft of this key/);
  }
  const left = "0198c0de-0000-7000-8000-000000000001";
  assert.equal((await tenant.post(draft({ supersedes: left }))).status, 201, "one that may have left is settled, and replaced by anything");
});
test("a message with an action", () => {
  const content = { action: { name: "refund", args: {} } };
  return refused(tenant.post(draft({ draft: content })), 422, "invalid_field", "/draft");
});
test("an empty text", () => refused(tenant.post(draft({ draft: { text: " " } })), 422, "invalid_field", "/draft/text"));
test("a text above 64 KiB", () =>
  refused(tenant.post(draft({ message: "x".repeat(64 * 1024 + 1) })), 422, "too_long", "/message"));
test("a correlation above 1 KB", () =>
  refused(tenant.post(draft({ correlation: "x".repeat(1025) })), 422, "too_long", "/correlation"));
const refund = (args) => draft({ kind: "action", draft: { action: { name: "refund", args } } });
test("a number that would become another one, wherever it stands", async () => {
  const others = ["9007199254740993", "-9007199254740993", "12345678901234567890123"];
  const places = [
    [refund({ to: { account: 1 } }), "/draft/action/args/to/account"],
    [draft({ metadata: { account: [0, 1] } }), "/metadata/account/1"],
    [draft({ customer: { id: "ada", facts: { account: 1 } } }), "/customer/facts/account"],
    [draft({ subject: { type: "account", id: "a", values: { account: 1 } } }), "/subject/values/account"],
  ];
  for (const [index, [body, pointer]] of places.entries()) {
    const text = JSON.stringify(body).replace(/("account":(?:\[0,)?)1/, `$1${others[index % others.length]}`);
    await refused(raw(text), 422, "invalid_field", pointer);
  }
});
test("an argument's name above 1 KB, alone or with those above it", async () => {
  await refused(tenant.post(refund({ ["n".repeat(1_024)]: 1 })), 422, "too_long", "/draft/action/args");
  const names = Array.from({ length: 5 }, (_, level) => String(level).repeat(250));
  const deep = names.reduceRight((value, name) => ({ [name]: value }), 1);
  await refused(tenant.post(refund(deep)), 422, "too_long", `/draft/action/args/${names.slice(0, 4).join("/")}`);
});
test("names, tags and recipients above their limits", async () => {
  const long = "x".repeat(257);
  await refused(tenant.post(draft({ customer: { id: "ada", name: long } })), 422, "too_long", "/customer/name");
  await refused(tenant.post(draft({ customer: { id: "ada", tags: ["vip", long] } })), 422, "too_long", "/customer/tags");
  await refused(tenant.post(draft({ draft: { text: "Hello.", cc: ["x".repeat(1_025)] } })), 422, "too_long", "/draft/cc");
});
test("a body of 5 MB", () => refused(raw("x".repeat(5 * 1024 * 1024)), 413, "body_too_large"));
test("a body of 5 MB that does not say so", async () => {
  const url = new URL("/v1/drafts", await service.miniflare.ready);
  const answer = new Promise((resolve, reject) => {
    // Chunked: no length is stated. The answer comes while the body is still being sent.
    const request = http.request(url, {
      method: "POST",
      headers: { authorization: `Bearer ${tenant.key}`, "idempotency-key": randomUUID() },
    });
    request.on("response", async (response) => {
      const text = (await response.toArray()).join("");
      const headers = { get: (name) => response.headers[name] };
      resolve({ status: response.statusCode, headers, body: JSON.parse(text) });
      request.destroy();
    });
    request.on("error", reject);
    const chunk = Buffer.alloc(64 * 1024, "x");
    for (let sent = 0; sent < 80; sent += 1) request.write(chunk);
    request.end();
  });
  await refused(answer, 413, "body_too_large");
});

test("no key", () => refused(raw("{}", { authorization: "" }), 401, "key_missing"));
test("a key that nobody issued", () =>
  refused(raw("{}", { authorization: "Bearer csa_1_2_3" }), 401, "key_invalid"));
test("a key with one digit changed", () => {
  const forged = tenant.key.slice(0, -1) + (tenant.key.endsWith("0") ? "1" : "0");
  return refused(raw("{}", { authorization: `Bearer ${forged}` }), 401, "key_invalid");
});
test("a key with another tenant's name in it", () => {
  const [kind, , secret, mac] = tenant.key.split("_");
  const forged = [kind, other.id.replaceAll("-", ""), secret, mac].join("_");
  return refused(raw("{}", { authorization: `Bearer ${forged}` }), 401, "key_invalid");
});
test("a key where a session belongs", () => refused(tenant.agent("GET", "/v1/queue"), 401, "session_required"));
test("no operator's secret, or another credential in its place", async () => {
  for (const [key, code] of [["", "key_missing"], [tenant.key, "key_invalid"]]) {
    const headers = key && { authorization: `Bearer ${key}` };
    const { detail } = await refused(service.call("POST", "/v1/tenants", { headers, body: {} }), 401, code);
    assert.match(detail, /operator's secret/);
  }
});
test("a session where a key belongs", () => refused(lead.call("POST", "/v1/drafts", draft()), 401, "key_missing"));
test("a refusal says which credential, or which method, would do", async () => {
  const detail = async (answer) => (await answer).body.detail;
  assert.match(await detail(raw("{}", { authorization: "" })), /authorization: Bearer csa_/);
  assert.match(await detail(raw("{}", { authorization: "Bearer sk-1" })), /csa_/);
  assert.match(await detail(tenant.agent("GET", "/v1/policy")), /csp_/);
  assert.match(await detail(tenant.agent("GET", "/v1/queue")), /sign in/);
  const wrong = await tenant.agent("POST", "/v1/drafts/1/outcome", { outcome: "done" });
  assert.deepEqual([wrong.status, wrong.headers.get("allow")], [405, "PUT"]);
  assert.match(wrong.body.detail, /it has PUT$/);
});
test("the scheme's name in small letters, as some clients write it", async () => {
  const answer = await raw(JSON.stringify(draft()), { authorization: `bearer ${tenant.key}` });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
});
test("no idempotency key, one that is too long, or in an encoding in which it is like others", async () => {
  await refused(tenant.agent("POST", "/v1/drafts", draft()), 400, "idempotency_key_missing");
  const { detail } = await refused(tenant.post(draft(), { key: "k".repeat(256) }), 400, "idempotency_key_missing");
  assert.match(detail, /255/);
  await refused(tenant.post(draft(), { key: "m\u00fcller-1" }), 400, "idempotency_key_missing");
  const utf8 = Buffer.from("m\u00fcller-1").toString("latin1");
  assert.equal((await tenant.post(draft(), { key: utf8 })).status, 201);
});
test("a conversation whose id no draft can have", () =>
  refused(tenant.agent("PUT", `/v1/conversations/${"c".repeat(257)}/head`, { head: "m1" }), 400, "invalid_parameter"));

test("the same idempotency key: the same answer, or a conflict", async () => {
  const key = randomUUID();
  const body = draft();
  const first = await tenant.post(body, { key });
  const again = await tenant.post(body, { key });
  assert.deepEqual(again.body, first.body);
  assert.equal(again.headers.get("idempotent-replayed"), "true");
  await refused(tenant.post({ ...body, message: "another" }, { key }), 409, "idempotency_conflict");
});

test("an id of another tenant is the same 404 as none", async () => {
  const foreign = (await other.post(draft())).body.id;
  for (const id of [foreign, randomUUID(), "x".repeat(300)]) {
    await refused(tenant.agent("GET", `/v1/drafts/${id}`), 404, "not_found");
    await refused(tenant.agent("DELETE", `/v1/drafts/${id}`), 404, "not_found");
    await refused(tenant.agent("PUT", `/v1/drafts/${id}/outcome`, { outcome: "done" }), 404, "not_found");
    await refused(lead.call("GET", `/v1/drafts/${id}`), 404, "not_found");
    await refused(lead.call("PUT", `/v1/drafts/${id}/lease`), 404, "not_found");
    const verdict = { verdict_id: randomUUID(), version: 1, head: "m", view_digest: "", verdict: { kind: "approve" } };
    await refused(lead.call("PUT", `/v1/drafts/${id}/verdict`, verdict), 404, "not_found");
  }
  const theirs = await (await other.session()).call("GET", `/v1/drafts/${foreign}`);
  assert.equal(theirs.body.status, "held");
});

test("verdicts that don't fit", async () => {
  const posted = (await tenant.post(draft())).body;
  const path = `/v1/drafts/${posted.id}/verdict`;
  const shown = (await lead.call("GET", `/v1/drafts/${posted.id}`)).body;
  const approve = verdictOn(shown, { kind: "approve" });
  await refused(lead.call("PUT", path, { ...approve, version: 7 }), 409, "version_conflict");
  await refused(lead.call("PUT", path, { ...approve, head: "m0" }), 409, "head_conflict");
  await refused(lead.call("PUT", path, { ...approve, view_digest: "0" }), 409, "view_conflict");
  const confirm = verdictOn(shown, { kind: "confirm" });
  await refused(lead.call("PUT", path, confirm), 409, "verdict_not_applicable");
  const shout = verdictOn(shown, { kind: "shout" });
  await refused(lead.call("PUT", path, shout), 422, "invalid_field");
  const empty = verdictOn(shown, { kind: "edit", draft: { text: "" } });
  await refused(lead.call("PUT", path, empty), 422, "invalid_field", "/verdict/draft/text");
  await refused(lead.call("DELETE", path, { verdict_id: randomUUID() }), 409, "nothing_to_undo");
  const refund = (amount) => ({ action: { name: "refund", args: { amount, currency: "USD" } } });
  const action = (await tenant.post(draft({ kind: "action", draft: refund(5) }))).body.id;
  const answer = verdictOn((await lead.call("GET", `/v1/drafts/${action}`)).body, { kind: "respond", draft: refund(5_000) });
  await refused(lead.call("PUT", `/v1/drafts/${action}/verdict`, answer), 422, "invalid_field", "/verdict/kind");
  await refused(tenant.agent("PUT", `/v1/drafts/${posted.id}/outcome`, { outcome: "done" }), 409, "nothing_left");
  assert.equal((await lead.call("PUT", path, approve)).status, 200);
  const tom = await tenant.session("tom@example.com");
  const late = await refused(tom.call("PUT", path, verdictOn(shown, { kind: "approve" })), 409, "not_open");
  assert.equal(late.draft.pending.reviewer, lead.person.id, "the loser learns who won");
  const clash = { ...approve, verdict: { kind: "reject", reason: "no" } };
  await refused(lead.call("PUT", path, clash), 409, "idempotency_conflict");
});

test("roles and origins", async () => {
  const auditor = await tenant.session("ana@example.com", "auditor");
  const posted = (await tenant.post(draft())).body;
  await refused(auditor.call("PUT", `/v1/drafts/${posted.id}/lease`), 403, "forbidden");
  const tom = await tenant.session("tim@example.com");
  const policy = { document: {}, reason: "r" };
  await refused(tom.call("PUT", "/v1/policy", policy, { "if-match": '"1"' }), 403, "forbidden");
  const elsewhere = { origin: "https://elsewhere.example" };
  await refused(lead.call("POST", "/v1/leases", undefined, elsewhere), 403, "origin_refused");
  await refused(service.call("GET", "/v1/queue"), 401, "session_required");
});

test("a policy with faults is refused whole, each fault by its pointer", async () => {
  const bad = await tenant.policy(lead, (document) => ({
    ...document,
    undo_window_s: 61,
    categories: { a: { start_level: 3, ceiling: 2 } },
  }));
  assert.equal(bad.body.code, "policy_invalid");
  assert.deepEqual(bad.body.faults.map((fault) => fault.pointer), ["/undo_window_s", "/categories/a/start_level"]);
  const active = await lead.call("GET", "/v1/policy");
  const put = (headers) => lead.call("PUT", "/v1/policy", { document: active.body.document, reason: "r" }, headers);
  await refused(put({}), 428, "precondition_required");
  assert.equal((await put({ "if-match": '"99"' })).status, 200, "putting the active one again is no change");
  const changed = { document: { ...active.body.document, undo_window_s: 1 }, reason: "r" };
  await refused(lead.call("PUT", "/v1/policy", changed, { "if-match": '"99"' }), 412, "policy_conflict");
});

test("a policy that breaks one of its cases is not saved", async () => {
  const broken = (document) => ({
    ...document,
    cases: [
      { name: "kept", draft: draft(), route: "review" },
      { name: "broken", draft: draft(), route: "human" },
    ],
  });
  const put = await tenant.policy(lead, broken);
  assert.equal(put.body.code, "policy_invalid");
  assert.deepEqual(put.body.faults.map((fault) => fault.pointer), ["/cases/1"]);
  assert.match(put.body.faults[0].detail, /^`broken` must get human, and gets review: /);
  const active = await lead.call("GET", "/v1/policy");
  const rule = (name, when, route) => ({ name, when, route, because: "so" });
  const guardrails = [rule("all", {}, "review"), rule("lawyers", { signal: ["legal_threat"] }, "human")];
  const document = { ...broken(active.body.document), guardrails };
  const lint = (body) => lead.call("POST", "/v1/policy:lint", body);
  const { status, body } = await lint({ document });
  assert.equal(status, 200);
  assert.deepEqual(body.faults.map((fault) => fault.pointer), ["/cases/1"]);
  const [hidden] = body.findings;
  assert.deepEqual([hidden.code, hidden.rules], ["hidden", ["all", "lawyers"]]);
  const faulty = await lint({ document: { ...document, undo_window_s: 61 } });
  assert.deepEqual(faulty.body.faults.map((fault) => fault.pointer), ["/undo_window_s"]);
  await refused(lint({}), 422, "invalid_field");
});

/** What is answered to a request as no browser makes it. */
async function sent(method, path, body) {
  const url = new URL(path, await service.miniflare.ready);
  const headers = { cookie: lead.cookie, "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers });
    request.on("error", reject);
    request.on("response", async (response) => {
      const text = (await response.toArray()).join("");
      resolve({ status: response.statusCode, headers: new Headers(response.headers), body: JSON.parse(text) });
    });
    request.end(body);
  });
}

test("a method that nobody knows is no GET, and what a GET carries means nothing", async () => {
  await refused(sent("QUERY", "/v1/queue", "{}"), 405, "method_not_allowed");
  assert.equal((await sent("GET", "/v1/queue", "{}")).status, 200);
});

test("invitations, tenants, paths and parameters", async () => {
  await refused(service.call("POST", "/v1/sessions", { body: { invitation: "csi_0" } }), 401, "invitation_invalid");
  const used = service.call("POST", "/v1/sessions", { body: { invitation: tenant.made.invitation } });
  await refused(used, 401, "invitation_invalid");
  const name = `twice ${randomUUID()}`;
  const { id } = await service.tenant(name);
  const create = (name) => service.operator("POST", "/v1/tenants", { name, lead: "a@b.c" });
  const { detail } = await refused(create(name), 409, "tenant_exists");
  assert.ok(detail.includes(id), "who lost the answer finds it");
  const raced = await Promise.all([1, 2, 3].map(() => create(`raced ${name}`)));
  assert.deepEqual(raced.map(({ status, body }) => body.code ?? status).sort(), [201, "tenant_exists", "tenant_exists"]);
  const stranger = service.call("POST", "/v1/tenants", { headers: { authorization: "Bearer no" }, body: {} });
  await refused(stranger, 401, "key_invalid");
  await refused(lead.call("GET", "/v1/nothing"), 404, "not_found");
  await refused(lead.call("PATCH", "/v1/queue"), 405, "method_not_allowed");
  await refused(lead.call("GET", "/v1/queue?limit=201"), 400, "invalid_parameter");
  await refused(tenant.agent("POST", "/v1/corrections/similar", { message: "m", limit: 9 }), 422, "invalid_field");
});

test("what can't be reached now says when to ask again, as what was too much does", async () => {
  const asked = () => Promise.all([tenant.agent("GET", `/v1/drafts/${randomUUID()}`), lead.call("GET", "/v1/drafts?reviewer=me"), lead.call("GET", "/v1/corrections")]);
  const away = ["drafts", "corrections"];
  for (const table of away) await service.database.exec(`ALTER TABLE ${table} RENAME TO ${table}_away`);
  const answers = await asked();
  for (const table of away) await service.database.exec(`ALTER TABLE ${table}_away RENAME TO ${table}`);
  for (const { status, headers, body } of answers) assert.deepEqual([status, body.code, headers.get("retry-after")], [503, "unavailable", "10"]);
  assert.deepEqual((await asked()).map(({ status }) => status), [404, 200, 200]);

  const own = await service.tenant();
  for (const [event, table, ask] of [
    ["INSERT", "tenants", () => service.operator("POST", "/v1/tenants", { name: `away ${randomUUID()}`, lead: "a@b.c" })],
    ["INSERT", "deletions", () => service.operator("DELETE", `/v1/tenants/${own.id}`)],
  ]) {
    await service.database.exec(`CREATE TRIGGER away BEFORE ${event} ON ${table} BEGIN SELECT RAISE(ABORT, 'away'); END`);
    const answer = await ask();
    await service.database.exec("DROP TRIGGER away");
    assert.deepEqual([answer.status, answer.body.code], [503, "unavailable"], table);
    assert.ok((await ask()).status < 300, table);
  }
});

test("a deployment without a secret says which one it lacks, and nobody when to ask again", async () => {
  const own = await start({ variables: { AUDIT_SIGNING_KEY: "" } });
  try {
    const lacking = await (await own.tenant()).session();
    const { status, headers, body } = await lacking.call("GET", "/v1/audit/checkpoint");
    assert.deepEqual([status, body.code, body.detail, headers.get("retry-after")], [500, "not_configured", "the secret AUDIT_SIGNING_KEY is not set", null]);
  } finally {
    await own.stop();
  }
});

test("every code of the table is in the document, and the service knows its paths", async () => {
  const document = JSON.parse(readFileSync(new URL("../openapi.json", import.meta.url), "utf8"));
  const codes = document.info.description.match(/^\| `/gm).length;
  assert.ok(codes >= 30, `${codes} codes`);
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const method of Object.keys(methods)) {
      const answer = await service.call(method.toUpperCase(), path.replace("{id}", "none"));
      assert.notEqual(answer.body?.code, "method_not_allowed", `${method} ${path}`);
      assert.notEqual(answer.status, 500, `${method} ${path}`);
    }
  }
});
