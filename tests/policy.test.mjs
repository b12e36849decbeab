// The policy over time: every version on record, going back without raising a level, trying a
// change before it counts, and keys for the programs that do so.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { draft, shared, until, verdictOn } from "./countersign.mjs";

const service = await shared();

const CATEGORY = "billing.refund";
const withCategory = (rules) => (policy) => ({
  ...policy,
  undo_window_s: 0,
  categories: { [CATEGORY]: rules },
});
const active = (session) => session.call("GET", "/v1/policy");
const bearer = (key) => ({ authorization: `Bearer ${key}` });

/** Puts a document over the active one. */
async function put(session, document, extra = {}) {
  const etag = (await active(session)).headers.get("etag");
  return session.call("PUT", "/v1/policy", { document, reason: "a test", ...extra }, { "if-match": etag });
}

test("every version is listed with who made it and why, and can be read again", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const first = (await active(lead)).body;
  assert.equal((await put(lead, { ...first.document, undo_window_s: 1 })).status, 200);
  const tried = await put(lead, { ...first.document, undo_window_s: 2 }, { dry_run: true });
  assert.equal(tried.status, 200);
  assert.equal(tried.body.document.undo_window_s, 2);
  assert.equal((await active(lead)).body.document.undo_window_s, 1, "a dry run changes nothing");
  assert.equal((await put(lead, first.document)).status, 200);

  const all = (await lead.call("GET", "/v1/policy/versions")).body.versions;
  assert.deepEqual(all.map((one) => one.version), [3, 2, 1]);
  assert.deepEqual(all.map((one) => one.active), [true, false, false]);
  assert.equal(all[0].author, lead.person.id);
  assert.equal(all[0].reason, "a test");
  assert.equal(all[0].document, undefined);
  await until(async () => {
    const row = await service.database.prepare("SELECT COUNT(*) AS n FROM policies WHERE tenant_id = ?").bind(tenant.id).first();
    return row.n === 3;
  });
  const page = (await lead.call("GET", "/v1/policy/versions?limit=2")).body;
  assert.deepEqual(page.versions.map((one) => one.version), [3, 2]);
  const rest = (await lead.call("GET", `/v1/policy/versions?cursor=${page.next_cursor}`)).body;
  assert.deepEqual(rest.versions.map((one) => one.version), [1]);
  assert.equal(rest.next_cursor, undefined);

  const second = await lead.call("GET", "/v1/policy/versions/2");
  assert.equal(second.body.document.undo_window_s, 1);
  assert.equal(second.headers.get("etag"), '"2"');
  for (const version of ["0", "4", "x", "-1"]) {
    assert.equal((await lead.call("GET", `/v1/policy/versions/${version}`)).status, 404, version);
  }
  const other = await (await service.tenant()).session();
  assert.equal((await other.call("GET", "/v1/policy/versions")).body.versions.length, 1);
});

test("what lets more out waits for a second lead, where the policy asks for one", async () => {
  const tenant = await service.tenant();
  const mia = await tenant.session();
  const ada = await tenant.session("ada@example.com", "lead");
  const first = (await active(mia)).body.document;
  const careful = { ...first, second_lead: true };
  assert.equal((await put(mia, careful)).status, 200, "asking for one lets nothing out");
  assert.equal((await mia.call("GET", "/v1/policy/waiting")).status, 404);

  const shadow = (watched) => mia.call("PUT", "/v1/agents/support-bot/shadow", { shadow: watched });
  const watched = await shadow(true);
  assert.deepEqual([watched.status, watched.body.code], [403, "second_lead_needed"], "only watched, all of it would go out");
  assert.equal((await shadow(false)).status, 200);

  const open = { name: "notes", when: { audience: ["internal"] }, route: "release", because: "Nobody outside sees them." };
  const wider = { ...careful, guardrails: [open] };
  const tried = await put(mia, wider, { dry_run: true });
  assert.equal(tried.status, 200);
  assert.equal(tried.body.needs_second_lead, true);
  assert.deepEqual(tried.body.widens.map(({ pointer }) => pointer), ["/guardrails/0"]);
  const aside = await put(mia, wider);
  assert.equal(aside.status, 202, JSON.stringify(aside.body));
  const stays = (await active(mia)).body;
  assert.deepEqual([stays.version, stays.other_waits], [2, true], "the active one stays");
  const waiting = await ada.call("GET", "/v1/policy/waiting");
  assert.deepEqual(waiting.body.document.guardrails, [open]);
  assert.equal(waiting.body.author, mia.person.id);
  const etag = waiting.headers.get("etag");
  const answer = (session, confirm, match = etag) =>
    session.call("PUT", "/v1/policy/waiting", { confirm }, match ? { "if-match": match } : {});
  assert.equal((await answer(mia, true)).body.code, "second_lead_needed");
  assert.equal((await answer(ada, true, '"x"')).body.code, "policy_conflict");
  assert.equal((await answer(ada, true, null)).status, 428);
  const tom = await tenant.session("tom@example.com");
  assert.equal((await answer(tom, true)).status, 403);
  const confirmed = await answer(ada, true, `W/${etag}`);
  assert.equal(confirmed.status, 200, JSON.stringify(confirmed.body));
  assert.equal(confirmed.body.version, 3);
  assert.equal(confirmed.body.author, mia.person.id);
  assert.equal((await tenant.post(draft({ channel: "internal" }))).body.status, "released");
  assert.equal((await answer(ada, true)).status, 404, "it no longer waits");
  assert.equal((await active(mia)).body.other_waits, false);

  const { key } = (await mia.call("POST", "/v1/keys", { kind: "policy", name: "automation" })).body;
  const headers = { authorization: `Bearer ${key}`, "if-match": (await active(mia)).headers.get("etag") };
  const byKey = await service.call("PUT", "/v1/policy", { headers, body: { document: { ...wider, second_lead: false }, reason: "a test" } });
  assert.equal(byKey.status, 202, JSON.stringify(byKey.body));
  const keys = byKey.headers.get("etag");
  assert.equal((await answer(mia, true, keys)).body.code, "second_lead_needed", "what her own key puts is hers");
  assert.equal((await answer(ada, false, keys)).status, 200);

  assert.equal((await put(mia, { ...wider, second_lead: false })).status, 202, "nobody takes the rule back alone");
  const next = await ada.call("GET", "/v1/policy/waiting");
  assert.equal((await answer(ada, false, next.headers.get("etag"))).body.version, 3, "declined");
  assert.equal((await put(mia, { ...wider, second_lead: false })).status, 202);
  assert.equal((await put(ada, { ...careful, undo_window_s: 1 })).status, 200, "what lets nothing out needs nobody");
  assert.equal((await mia.call("GET", "/v1/policy/waiting")).status, 404, "and what waited is out of date");
  const entries = (await mia.call("GET", "/v1/audit?limit=200")).body.entries.map(({ entry }) => entry.event);
  const count = (event) => entries.filter((one) => one === event).length;
  assert.deepEqual([count("policy.proposed"), count("policy.declined"), count("policy.changed")], [4, 2, 4], "the first version counts, too");
});

test("going back to a version never raises a level", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const status = async (category) => (await tenant.post(draft({ category }))).body.status;
  const categories = (start_level) => ({ [CATEGORY]: { start_level }, "other.topic": { start_level: 2 } });
  const first = (await active(lead)).body.document;
  const trusting = { ...first, categories: categories(2) };
  const careful = { ...first, categories: categories(1) };
  assert.equal((await put(lead, trusting)).status, 200);
  assert.equal((await put(lead, careful)).status, 200);
  assert.equal(await status(CATEGORY), "held", "its first draft makes the level live");
  assert.equal((await put(lead, trusting)).status, 200);
  assert.equal(await status(CATEGORY), "held", "the old version starts it higher, but it has started");
  assert.equal(await status("other.topic"), "released");
  const capped = { ...trusting, categories: { ...categories(2), "other.topic": { start_level: 1, ceiling: 1 } } };
  assert.equal((await put(lead, capped)).status, 200);
  assert.equal(await status("other.topic"), "held", "a ceiling counts at once");
});

test("a backtest counts what was only watched by the route that it would have had", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  await tenant.policy(lead, withCategory({ sample_rate: 0 }));
  await lead.call("PUT", "/v1/agents/support-bot/shadow", { shadow: true });
  for (const verdict of [{ kind: "confirm" }, { kind: "correct", remedy: "follow_up" }]) {
    const posted = (await tenant.post(draft())).body;
    assert.equal(posted.status, "released");
    const shown = (await lead.call("GET", `/v1/drafts/${posted.id}`)).body;
    assert.equal((await lead.call("PUT", `/v1/drafts/${posted.id}/verdict`, verdictOn(shown, verdict))).status, 200);
  }
  const kept = "SELECT COUNT(*) AS n FROM drafts WHERE tenant_id = ? AND shadow = 1 AND look IS NOT NULL";
  await until(async () => (await service.database.prepare(kept).bind(tenant.id).first("n")) === 2);

  const { total } = (await lead.call("POST", "/v1/policy:backtest", { days: 30 })).body;
  assert.deepEqual(total.now, { released: 0, sampled: 0, held: 2, human: 0 });
  const trusted = (await lead.call("POST", "/v1/policy:backtest", { days: 30, levels: { [CATEGORY]: 2 } })).body;
  assert.deepEqual(trusted.total.newly_released, { drafts: 2, clean: 1, cosmetic: 0, substantive: 0, harmful: 1, unlabelled: 0 });
});

test("a backtest counts what a change would have released, and what reviewers had said", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  assert.equal((await tenant.policy(lead, withCategory({ sample_rate: 0 }))).status, 200);
  const verdicts = [
    { kind: "approve" },
    { kind: "edit", draft: { text: "Your refund of 12 dollars will arrive in March.", to: ["ada@example.com"] } },
    { kind: "reject", reason: "wrong facts" },
    { kind: "handled_elsewhere" },
  ];
  const ids = [];
  for (const [index, verdict] of verdicts.entries()) {
    const { id } = (await tenant.post(draft())).body;
    const shown = (await lead.call("GET", `/v1/drafts/${id}`)).body;
    const said = await lead.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(shown, verdict));
    assert.equal(said.status, 200, `${index}: ${JSON.stringify(said.body)}`);
    ids.push(id);
  }
  const unsure = (await tenant.post(draft({ confidence: 0.1 }))).body;
  const shown = (await lead.call("GET", `/v1/drafts/${unsure.id}`)).body;
  await lead.call("PUT", `/v1/drafts/${unsure.id}/verdict`, verdictOn(shown, { kind: "approve" }));
  await until(async () => {
    const row = await service.database.prepare("SELECT COUNT(*) AS n FROM drafts WHERE tenant_id = ?").bind(tenant.id).first();
    return row.n === 5;
  });

  const same = await lead.call("POST", "/v1/policy:backtest", { days: 30 });
  assert.equal(same.status, 200, JSON.stringify(same.body));
  assert.equal(same.body.total.drafts, 5);
  assert.deepEqual(same.body.total.now, same.body.total.then);
  assert.equal(same.body.read_again, 0, "what was found in the texts is on record");
  assert.equal(same.body.truncated, false);

  const trusted = (await lead.call("POST", "/v1/policy:backtest", { days: 30, levels: { [CATEGORY]: 2 } })).body;
  assert.deepEqual(trusted.total.newly_released, {
    drafts: 4,
    clean: 1,
    cosmetic: 0,
    substantive: 1,
    harmful: 1,
    unlabelled: 1,
  });
  assert.deepEqual(trusted.categories[CATEGORY].then, { released: 4, sampled: 0, held: 1, human: 0 });
  assert.deepEqual(trusted.examples.map((one) => [one.id, one.label]), [
    [ids[2], "harmful"],
    [ids[1], "substantive"],
  ]);
  assert.match(trusted.sentence, /would have released 4 more, 1 of them substantively edited/);

  const document = (await active(lead)).body.document;
  document.guardrails = [{ name: "quiet", when: { confidence_below: 0.5 }, route: "release", because: "a test" }];
  document.signals = { novelty_threshold: 0.5, own_contacts: ["acme.com"] };
  const changed = (await lead.call("POST", "/v1/policy:backtest", { days: 30, document })).body;
  assert.equal(changed.total.newly_released.drafts, 1);
  assert.equal(changed.total.newly_released.clean, 1);
  assert.equal(changed.read_again, 5, "own contacts change what a text says");
  assert.equal((await active(lead)).body.version, 2, "nothing was put");

  for (const [body, pointer] of [
    [{ days: 0 }, "/days"],
    [{ days: 91 }, "/days"],
    [{ days: 1, levels: { a: 4 } }, "/levels/a"],
  ]) {
    const refused = await lead.call("POST", "/v1/policy:backtest", body);
    assert.equal(refused.status, 422);
    assert.equal(refused.body.pointer, pointer);
  }
  const bad = await lead.call("POST", "/v1/policy:backtest", { days: 1, document: { ...document, undo_window_s: 61 } });
  assert.equal(bad.body.code, "policy_invalid");
  const reviewer = await tenant.session("tom@example.com");
  assert.equal((await reviewer.call("POST", "/v1/policy:backtest", { days: 1 })).status, 403);
  const stranger = await (await service.tenant()).session();
  assert.equal((await stranger.call("POST", "/v1/policy:backtest", { days: 1 })).body.total.drafts, 0);
});

test("the drafts on record are read page by page, to be replayed elsewhere", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  assert.equal((await tenant.policy(lead, withCategory({ sample_rate: 0 }))).status, 200);
  const ids = [];
  for (const kind of ["approve", "reject", "handled_elsewhere"]) {
    const { id } = (await tenant.post(draft())).body;
    const shown = (await lead.call("GET", `/v1/drafts/${id}`)).body;
    const verdict = kind === "reject" ? { kind, reason: "wrong facts" } : { kind };
    assert.equal((await lead.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(shown, verdict))).status, 200);
    ids.unshift(id);
  }
  const read = (query) => lead.call("GET", `/v1/policy/records${query}`);
  await until(async () => (await read("")).body.records.length === 3);

  const first = (await read("?limit=2")).body;
  assert.deepEqual(first.records.map((one) => one.id), ids.slice(0, 2));
  assert.deepEqual(first.records.map((one) => one.label), [undefined, "harmful"]);
  assert.deepEqual(Object.keys(first.versions), ["2"]);
  const rest = (await read(`?limit=2&after=${first.next_after}`)).body;
  assert.deepEqual(rest.records.map((one) => [one.id, one.label, one.decision.route]), [[ids[2], "clean", "review"]]);
  assert.equal(rest.next_after, undefined);

  assert.equal((await read("?after=nonsense")).body.code, "invalid_parameter");
  assert.equal((await read("?days=91")).body.code, "invalid_parameter");
  const reviewer = await tenant.session("tom@example.com");
  assert.equal((await reviewer.call("GET", "/v1/policy/records")).status, 403);
  const stranger = await (await service.tenant()).session();
  assert.deepEqual((await stranger.call("GET", "/v1/policy/records")).body.records, []);
});

test("a key for policy reads and writes it, nothing else, and ends when it is revoked", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const made = await lead.call("POST", "/v1/keys", { kind: "policy", name: "the pipeline" });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.match(made.body.key, /^csp_/);
  const headers = bearer(made.body.key);
  const read = await service.call("GET", "/v1/policy", { headers });
  assert.equal(read.status, 200);
  const body = { document: { ...read.body.document, undo_window_s: 3 }, reason: "as code" };
  const etag = read.headers.get("etag");
  const written = await service.call("PUT", "/v1/policy", { headers: { ...headers, "if-match": etag }, body });
  assert.equal(written.status, 200, JSON.stringify(written.body));
  assert.equal(written.body.author, made.body.id);
  const stale = { ...body, document: { ...body.document, undo_window_s: 4 } };
  const lost = await service.call("PUT", "/v1/policy", { headers: { ...headers, "if-match": etag }, body: stale });
  assert.equal(lost.body.code, "policy_conflict");
  assert.equal((await service.call("GET", "/v1/policy/versions", { headers })).status, 200);
  assert.equal((await service.call("POST", "/v1/policy:backtest", { headers, body: { days: 1 } })).status, 200);
  for (const [method, path] of [["GET", "/v1/queue"], ["GET", "/v1/audit"], ["GET", "/v1/keys"], ["POST", "/v1/drafts"]]) {
    assert.equal((await service.call(method, path, { headers })).status, 401, `${method} ${path}`);
  }
  assert.equal((await tenant.agent("PUT", "/v1/policy", body, { "if-match": '"2"' })).status, 401);

  const listed = (await lead.call("GET", "/v1/keys")).body.keys;
  assert.deepEqual(listed.map((key) => [key.kind, key.name]), [["agent", "first"], ["policy", "the pipeline"]]);
  assert.ok(listed[1].used_at);
  assert.ok(!JSON.stringify(listed).includes(made.body.key.slice(4, 40)));
  assert.equal((await lead.call("DELETE", `/v1/keys/${made.body.id}`)).status, 204);
  assert.equal((await lead.call("DELETE", `/v1/keys/${made.body.id}`)).status, 204, "again, and nothing more");
  assert.equal((await service.call("GET", "/v1/policy", { headers })).body.code, "key_invalid");
  assert.ok((await lead.call("GET", "/v1/keys")).body.keys[1].revoked_at);

  const page = (await lead.call("GET", "/v1/audit?limit=200")).body.entries.map((leaf) => leaf.entry);
  const about = page.filter((entry) => entry.about === made.body.id).map((entry) => entry.event);
  assert.deepEqual(about, ["key.revoked", "key.created"]);
});

test("a lead makes and revokes an agent's key; nobody else does", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const made = (await lead.call("POST", "/v1/keys", { kind: "agent", name: "second bot" })).body;
  const post = () =>
    service.call("POST", "/v1/drafts", {
      headers: { ...bearer(made.key), "idempotency-key": crypto.randomUUID() },
      body: draft(),
    });
  assert.equal((await post()).status, 201);
  await lead.call("DELETE", `/v1/keys/${made.id}`);
  assert.equal((await post()).body.code, "key_invalid");
  const reviewer = await tenant.session("tom@example.com");
  for (const [method, path] of [["POST", "/v1/keys"], ["GET", "/v1/keys"], ["DELETE", `/v1/keys/${made.id}`]]) {
    assert.equal((await reviewer.call(method, path, method === "POST" ? { kind: "agent", name: "x" } : undefined)).status, 403);
  }
  const stranger = await (await service.tenant()).session();
  assert.equal((await stranger.call("DELETE", `/v1/keys/${made.id}`)).status, 404);
  for (const [body, pointer] of [
    [{ kind: "policy", name: " " }, "/name"],
    [{ kind: "session", name: "x" }, "/kind"],
  ]) {
    assert.equal((await lead.call("POST", "/v1/keys", body)).body.pointer, pointer);
  }
});

/** The service behind an address, for a program of its own. */
async function listening() {
  const server = createServer(async (request, response) => {
    const chunks = await request.toArray();
    const names = ["authorization", "if-match", "content-type"].filter((name) => request.headers[name]);
    const answer = await service.miniflare.dispatchFetch(`http://countersign.test${request.url}`, {
      method: request.method,
      headers: names.map((name) => [name, request.headers[name]]),
      body: chunks.length > 0 ? Buffer.concat(chunks) : undefined,
    });
    const { etag, ...headers } = Object.fromEntries(answer.headers);
    // As Cloudflare does with an answer that it compresses.
    response.writeHead(answer.status, etag ? { ...headers, etag: `W/${etag}` } : headers);
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

const SCRIPT = fileURLToPath(new URL("../scripts/policy.mjs", import.meta.url));

test("the policy is pulled, compared and pushed as a file", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const { key } = (await lead.call("POST", "/v1/keys", { kind: "policy", name: "the pipeline" })).body;
  const { url, close } = await listening();
  const folder = mkdtempSync(join(tmpdir(), "countersign-"));
  const file = join(folder, "policy.json");
  // Without cargo: what the native program says of a file has tests of its own.
  const env = { ...process.env, PATH: folder, COUNTERSIGN_POLICY_KEY: key };
  const policy = async (...words) => {
    const child = spawn(process.execPath, [SCRIPT, ...words, "--url", url], { env });
    const [out, errors, code] = await Promise.all([
      child.stdout.toArray(),
      child.stderr.toArray(),
      new Promise((done) => child.on("exit", done)),
    ]);
    return { code, text: Buffer.concat([...out, ...errors]).toString() };
  };
  try {
    assert.equal((await policy("pull", file)).code, 0);
    assert.equal((await policy("diff", file)).code, 0);
    const tried = await policy("test", file);
    assert.equal(tried.code, 0, tried.text);
    const document = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(file, JSON.stringify({ undo_window_s: 5, ...document, name: "ours" }));
    const changed = await policy("diff", file);
    assert.equal(changed.code, 1);
    assert.match(changed.text, /\n-  "name": "start",\n\+  "name": "ours",\n/);
    writeFileSync(`${file}.open`, JSON.stringify({ ...document, categories: { "billing.refund": { ceiling: 3 } } }));
    assert.match((await policy("test", `${file}.open`)).text, /^ {2}\/categories\/billing.refund.*: /m, "what it lets out");
    assert.equal((await policy("push", file)).code, 1, "it says why");
    assert.match((await policy("push", file, "--reason", "a name")).text, /version 2 is active/);
    assert.equal((await active(lead)).body.reason, "a name");
    writeFileSync(file, JSON.stringify({ ...document, undo_window_s: 61 }));
    assert.match((await policy("push", file, "--reason", "too long")).text, /\/undo_window_s: /);
    assert.equal((await active(lead)).body.version, 2);
  } finally {
    rmSync(folder, { recursive: true });
    close();
  }
});

test("leads invite, move and remove people; a removed one is out at once, and a lead always stays", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const invited = await lead.call("POST", "/v1/people", { mail: "tom@example.com", role: "reviewer" });
  assert.equal(invited.status, 201, JSON.stringify(invited.body));
  assert.equal(invited.body.sign_in_path, `/#invitation=${invited.body.invitation}`);
  const opened = await service.call("POST", "/v1/sessions", { body: { invitation: invited.body.invitation } });
  const cookie = opened.headers.get("set-cookie").split(";")[0];
  const tom = { id: opened.body.person.id, call: (method, path, body) => service.call(method, path, { headers: { cookie }, body }) };
  assert.equal((await tom.call("POST", "/v1/people", { mail: "eve@example.com", role: "lead" })).status, 403);
  assert.equal((await tom.call("PUT", `/v1/people/${tom.id}/role`, { role: "lead" })).status, 403);

  const refused = [
    await lead.call("DELETE", `/v1/people/${lead.person.id}`),
    await lead.call("PUT", `/v1/people/${lead.person.id}/role`, { role: "auditor" }),
    await lead.call("POST", "/v1/people", { mail: "mia@example.com", role: "reviewer" }),
    await lead.call("POST", "/v1/people", { mail: "Mia@example.com", role: "reviewer" }),
  ];
  assert.deepEqual(refused.map((one) => [one.status, one.body.code]), Array(4).fill([409, "last_lead"]));
  assert.equal((await lead.call("POST", "/v1/people", { mail: "nobody", role: "lead" })).body.pointer, "/mail");
  const invite = (mail, role) => service.operator("POST", `/v1/tenants/${tenant.id}/invitations`, { mail, role });
  const byOperator = [await invite("mia@example.com", "reviewer"), await invite("MIA@example.com", "auditor")];
  assert.deepEqual(byOperator.map((one) => [one.status, one.body.code]), Array(2).fill([409, "last_lead"]));
  assert.equal((await lead.call("GET", "/v1/session")).body.person.role, "lead");
  for (const mail of ["nobody", "@example.com", "tom@", " tom@example.com"]) {
    assert.equal((await invite(mail, "lead")).body.pointer, "/mail", mail);
    const founded = await service.operator("POST", "/v1/tenants", { name: `of ${mail}`, lead: mail });
    assert.deepEqual([founded.status, founded.body.pointer], [422, "/lead"], mail);
  }
  const moved = await lead.call("PUT", `/v1/people/${tom.id}/role`, { role: "auditor" });
  assert.deepEqual(moved.body.people.map((one) => [one.mail, one.role]), [["mia@example.com", "lead"], ["tom@example.com", "auditor"]]);
  assert.equal((await tom.call("POST", "/v1/leases")).status, 403, "the new role counts at once");

  const spelt = await lead.call("POST", "/v1/people", { mail: "Tom@Example.com", role: "reviewer" });
  const again = await service.call("POST", "/v1/sessions", { body: { invitation: spelt.body.invitation } });
  assert.deepEqual(again.body.person, { ...opened.body.person, role: "reviewer" }, "one mailbox is one person");
  assert.equal((await lead.call("DELETE", `/v1/people/${tom.id}`)).status, 204);
  assert.equal((await lead.call("DELETE", `/v1/people/${tom.id}`)).status, 204);
  assert.equal((await tom.call("GET", "/v1/session")).status, 401);
  assert.equal((await lead.call("GET", "/v1/people")).body.people.length, 1);
  assert.equal((await lead.call("PUT", `/v1/people/${tom.id}/role`, { role: "lead" })).status, 404);
  const log = (await lead.call("GET", "/v1/audit")).body.entries.filter(({ entry }) => entry.about === tom.id && entry.actor.id === lead.person.id);
  const events = ["person.removed", "invitation.created", "person.role_changed", "person.role_changed", "invitation.created"];
  assert.deepEqual(log.map(({ entry }) => entry.event), events);

  await tenant.post(draft());
  assert.deepEqual((await lead.call("GET", "/v1/agents")).body.agents.map((one) => [one.agent, one.shadow]), [["support-bot", false]]);
  const stranger = await (await service.tenant()).session();
  assert.equal((await stranger.call("DELETE", `/v1/people/${lead.person.id}`)).status, 404);
});
