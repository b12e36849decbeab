// What stands between the world and a tenant: what keys are limited to, how sessions end, how much and
// how fast anyone may ask, and what every answer carries.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import { after, before, test } from "node:test";
import { ORIGIN, draft, start, until, verdictOn } from "./countersign.mjs";

let service, tenant, lead;
before(async () => {
  service = await start({ variables: { RATE_PER_KEY: "60", RATE_PER_PERSON: "300", RATE_PER_ADDRESS: "100000", RATE_OF_REFUSALS: "20" } });
  tenant = await service.tenant();
  lead = await tenant.session();
});
after(() => service.stop());

const made = async (session, body) => (await session.call("POST", "/v1/keys", { kind: "agent", name: "bot", ...body })).body;
const post = (key, change = {}, query = "") =>
  service.call("POST", `/v1/drafts${query}`, {
    headers: { authorization: `Bearer ${key}`, "idempotency-key": randomUUID() },
    body: draft(change),
  });
const similar = (key) =>
  service.call("POST", "/v1/corrections/similar", { headers: { authorization: `Bearer ${key}` }, body: { message: "hi" } });

test("a key posts only what it is pinned to, and asks only for its scopes", async () => {
  const grant = { scopes: ["drafts"], agent: "support-bot", categories: ["billing.refund"], kinds: ["message"] };
  const { key, grant: shown } = await made(lead, { grant });
  assert.deepEqual(shown, grant);
  assert.equal((await post(key)).status, 201);
  for (const change of [{ agent: "another" }, { category: "sales" }, { category: undefined }]) {
    const answer = await post(key, change);
    assert.deepEqual([answer.status, answer.body.code], [403, "outside_key"], JSON.stringify(change));
  }
  const action = await post(key, { kind: "action", draft: { action: { name: "refund", args: {} } } });
  assert.equal(action.body.code, "outside_key");
  assert.equal((await similar(key)).body.code, "outside_key");
  assert.equal((await post(key, {}, "?examples=2")).body.code, "outside_key");
  const learner = await made(lead, { grant: { scopes: ["corrections"] } });
  assert.equal((await similar(learner.key)).status, 200);
  assert.equal((await post(learner.key)).body.code, "outside_key");
  const faulty = await lead.call("POST", "/v1/keys", { kind: "agent", name: "bot", grant: { agent: "" } });
  assert.deepEqual([faulty.status, faulty.body.pointer], [422, "/grant/agent"]);
});

test("a key that is pinned is told of no other agent's drafts that a message makes stale", async () => {
  const [own, other] = [await made(lead, { grant: { categories: ["billing.refund"] } }), await made(lead, {})];
  const conversation = { id: randomUUID(), head: "m1", messages: [] };
  const mine = (await post(own.key, { conversation })).body.id;
  const theirs = (await post(other.key, { conversation, category: "sales" })).body.id;
  const headers = { authorization: `Bearer ${own.key}` };
  const moved = await service.call("PUT", `/v1/conversations/${conversation.id}/head`, { headers, body: { head: "m2" } });
  assert.deepEqual([moved.status, moved.body.stale], [200, [mine]]);
  assert.equal((await lead.call("GET", `/v1/drafts/${theirs}`)).body.status, "stale", "its head is everybody's");
});

test("a key is rotated with an overlap, keeps its drafts, and ends at once when it is revoked", async () => {
  const old = await made(lead, {});
  const posted = (await post(old.key)).body;
  const rotated = await lead.call("POST", `/v1/keys/${old.id}/rotation`, { overlap_s: 600 });
  assert.equal(rotated.status, 201);
  assert.equal(rotated.body.id, old.id);
  for (const key of [old.key, rotated.body.key]) {
    const read = await service.call("GET", `/v1/drafts/${posted.id}`, { headers: { authorization: `Bearer ${key}` } });
    assert.equal(read.status, 200);
  }
  const again = (await lead.call("POST", `/v1/keys/${old.id}/rotation`, { overlap_s: 0 })).body;
  assert.equal((await post(old.key)).body.code, "key_invalid");
  assert.equal((await post(rotated.body.key)).body.code, "key_invalid", "no overlap was asked for");
  assert.equal((await post(again.key)).status, 201);
  const listed = (await lead.call("GET", "/v1/keys")).body.keys.find(({ id }) => id === old.id);
  assert.ok(listed.used_at);
  assert.ok(!JSON.stringify(listed).includes(again.key.split("_")[2]));
  await lead.call("DELETE", `/v1/keys/${old.id}`);
  assert.deepEqual([(await post(again.key)).status, (await post(again.key)).body.code], [401, "key_invalid"]);
  assert.equal((await lead.call("POST", `/v1/keys/${old.id}/rotation`, { overlap_s: 0 })).status, 404);
  assert.equal((await lead.call("POST", `/v1/keys/${randomUUID()}/rotation`, { overlap_s: 0 })).status, 404);
});

test("nobody lets out what their own agent drafted, unless the policy allows it", async () => {
  const own = await service.tenant();
  const mia = await own.session();
  const tom = await own.session("tom@example.com");
  const { key } = await made(mia, {});
  const say = async (session, id, verdict) => {
    const shown = (await session.call("GET", `/v1/drafts/${id}`)).body;
    return session.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(shown, verdict));
  };
  const approve = (session, id) => say(session, id, { kind: "approve" });
  const first = (await post(key)).body.id;
  for (const verdict of [{ kind: "approve" }, { kind: "respond", draft: draft().draft }]) {
    const refused = await say(mia, first, verdict);
    assert.deepEqual([refused.status, refused.body.code], [403, "self_approval"], verdict.kind);
  }
  assert.equal((await approve(tom, first)).status, 200);
  await own.policy(mia, (document) => ({ ...document, self_approval: true }));
  assert.equal((await approve(mia, (await post(key)).body.id)).status, 200);
});

test("whoever was shown a key's secret, by making it or by rotating it, lets out nothing that came by it", async () => {
  const own = await service.tenant();
  const mia = await own.session();
  const ada = await own.session("ada@example.com", "lead");
  const tom = await own.session("tom@example.com");
  const approve = async (session, { body: { id } }) => {
    const shown = (await session.call("GET", `/v1/drafts/${id}`)).body;
    const { status, body } = await session.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(shown, { kind: "approve" }));
    return body.code ?? status;
  };
  const rotate = async (session, id, overlap_s) => (await session.call("POST", `/v1/keys/${id}/rotation`, { overlap_s })).body.key;
  const { id, key } = await made(mia, {});
  const before = [await post(key), await post(key)];
  const adas = await rotate(ada, id, 600);
  assert.equal(await approve(mia, before[0]), "self_approval", "it came by the secret that she knows");
  assert.equal(await approve(ada, before[1]), 200, "she did not know one then");
  const during = [await post(key), await post(adas), await post(adas)];
  for (const [session, posted] of [[mia, during[0]], [mia, during[1]], [ada, during[0]], [ada, during[1]]]) {
    assert.equal(await approve(session, posted), "self_approval", "both know one that works");
  }
  assert.equal(await approve(tom, during[2]), 200);
  const last = await rotate(ada, id, 0);
  assert.equal(await approve(mia, await post(last)), 200, "hers works no more");
  assert.equal(await approve(ada, await post(last)), "self_approval");

  // The same of policy: nobody is the second lead of what a key of theirs put.
  const { body: policy } = await mia.call("POST", "/v1/keys", { kind: "policy", name: "automation" });
  const shown = await mia.call("GET", "/v1/policy");
  const put = (document, etag, headers) => service.call("PUT", "/v1/policy", { headers: { "if-match": etag, ...headers }, body: { document, reason: "a test" } });
  const careful = { ...shown.body.document, second_lead: true };
  const { headers } = await put(careful, shown.headers.get("etag"), { cookie: mia.cookie });
  const secret = await rotate(ada, policy.id, 0);
  const waiting = await put({ ...careful, self_approval: true }, headers.get("etag"), { authorization: `Bearer ${secret}` });
  assert.equal(waiting.status, 202, JSON.stringify(waiting.body));
  const confirm = (session) => session.call("PUT", "/v1/policy/waiting", { confirm: true }, { "if-match": waiting.headers.get("etag") });
  assert.equal((await confirm(ada)).body.code, "second_lead_needed");
  assert.equal((await confirm(mia)).status, 200);
});

test("a key that asks too often waits; others don't", async () => {
  const busy = await made(lead, {});
  const answers = await Promise.all(Array.from({ length: 150 }, () => similar(busy.key)));
  const refused = answers.filter(({ status }) => status === 429);
  assert.ok(refused.length > 0, `${refused.length} of ${answers.length} were refused`);
  assert.equal(refused[0].body.code, "too_many_requests");
  assert.equal((await similar(tenant.key)).status, 200);
});

test("a person who asks, searches or listens too often waits; others don't", async () => {
  const ann = await tenant.session("ann@example.com");
  const codes = async (count, ask) => new Set((await Promise.all(Array.from({ length: count }, ask))).map(({ status, body }) => body?.code ?? status));
  const search = () => ann.call("GET", "/v1/drafts?reviewer=me&q=refund");
  assert.deepEqual(await codes(80, search), new Set([200, "too_many_requests"]), "a search reads every draft");
  assert.equal((await ann.call("GET", "/v1/drafts?reviewer=me")).status, 200);
  const headers = { upgrade: "websocket", cookie: ann.cookie, origin: ORIGIN };
  const listen = () => service.miniflare.dispatchFetch(`${ORIGIN}/v1/live`, { headers });
  const pages = await Promise.all(Array.from({ length: 60 }, listen));
  assert.deepEqual(new Set(pages.map(({ status }) => status)), new Set([101, 429]));
  for (const { webSocket } of pages) webSocket?.accept();
  assert.deepEqual(await codes(300, () => ann.call("GET", "/v1/session")), new Set([200, "too_many_requests"]));
  assert.equal((await lead.call("GET", "/v1/session")).status, 200);
  for (const { webSocket } of pages) webSocket?.close();
});

test("an address that shows one wrong key after another waits, also with a right one", async () => {
  const from = (address, key) =>
    service.call("GET", `/v1/drafts/${randomUUID()}`, { headers: { authorization: `Bearer ${key}`, "cf-connecting-ip": address } });
  const tried = [];
  for (let count = 0; count < 30; count += 1) tried.push((await from("192.0.2.7", `csa_${count}`)).status);
  assert.equal(tried[0], 401);
  assert.equal(tried.at(-1), 429, "the address is refused before the key is looked at");
  assert.equal((await from("192.0.2.7", tenant.key)).status, 429);
  assert.equal((await from("192.0.2.8", tenant.key)).status, 404);
});

test("a body that is nested too deeply is refused before it is parsed", async () => {
  const headers = { authorization: `Bearer ${tenant.key}`, "idempotency-key": randomUUID() };
  const answer = await service.call("POST", "/v1/drafts", { raw: "[".repeat(5_000), headers });
  assert.deepEqual([answer.status, answer.body.code], [400, "too_deep"]);
});

test("a body that trickles in is cut off", async () => {
  const url = new URL("/v1/drafts", await service.miniflare.ready);
  const began = Date.now();
  const answer = await new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${tenant.key}`, "idempotency-key": randomUUID(), "content-type": "application/json" };
    const request = http.request(url, { method: "POST", headers });
    request.on("response", async (response) => {
      clearInterval(dripping);
      resolve({ status: response.statusCode, body: JSON.parse((await response.toArray()).join("")) });
      request.destroy();
    });
    request.on("error", reject);
    request.write('{"agent": "');
    const dripping = setInterval(() => request.write("x"), 500);
  });
  assert.deepEqual([answer.status, answer.body.code], [408, "body_too_slow"]);
  assert.ok(Date.now() - began < 25_000);
});

async function socketOf(session) {
  const response = await service.miniflare.dispatchFetch(`${ORIGIN}/v1/live`, {
    headers: { upgrade: "websocket", cookie: session.cookie, origin: ORIGIN },
  });
  const socket = response.webSocket;
  const closed = new Promise((resolve) => socket.addEventListener("close", ({ code }) => resolve(code)));
  socket.accept();
  return { socket, closed };
}

test("a WebSocket closes when its session ends, and only that one", async () => {
  const tom = await tenant.session("tom@example.com");
  const [his, hers] = [await socketOf(tom), await socketOf(lead)];
  assert.equal((await tom.call("DELETE", "/v1/session")).status, 204);
  assert.equal((await tom.call("GET", "/v1/queue")).status, 401);

  const ina = await tenant.session("ina@example.com");
  const [moved, removed] = [await socketOf(ina), await socketOf(await tenant.session("ola@example.com"))];
  const { people } = (await lead.call("GET", "/v1/people")).body;
  await lead.call("PUT", `/v1/people/${ina.person.id}/role`, { role: "auditor" });
  await lead.call("DELETE", `/v1/people/${people.find(({ mail }) => mail === "ola@example.com").id}`);
  // Each is told of it ten seconds late, by the platform: so all are waited for at once.
  assert.deepEqual([await his.closed, await moved.closed, await removed.closed], [1008, 1008, 1008], "what they may see is another");
  assert.equal(hers.socket.readyState, 1, "the other one is open");
  hers.socket.close();
});

test("a session's cookie is for this site and for HTTPS only, and an invitation works once", async () => {
  const path = `/v1/tenants/${tenant.id}/invitations`;
  const { invitation, sign_in_path } = (await service.operator("POST", path, { mail: "eve@example.com", role: "reviewer" })).body;
  assert.ok(sign_in_path.startsWith("/#invitation="), "the secret stands in the fragment");
  const first = await service.call("POST", "/v1/sessions", { body: { invitation } });
  assert.equal(first.status, 201);
  const cookie = first.headers.get("set-cookie");
  for (const part of ["HttpOnly", "Secure", "SameSite=Strict", "Path=/", "Max-Age=604800"]) assert.ok(cookie.includes(part), cookie);
  const second = await service.call("POST", "/v1/sessions", { body: { invitation } });
  assert.deepEqual([second.status, second.body.code], [401, "invitation_invalid"]);
});

test("of a person's invitations the newest counts alone", async () => {
  const invite = async () => (await lead.call("POST", "/v1/people", { mail: "uma@example.com", role: "reviewer" })).body.invitation;
  const [first, newest] = [await invite(), await invite()];
  const open = (invitation) => service.call("POST", "/v1/sessions", { body: { invitation } });
  assert.equal((await open(first)).body.code, "invitation_invalid");
  assert.equal((await open(newest)).status, 201);
});

test("another website can't write, whatever it sends", async () => {
  for (const headers of [{ origin: "https://evil.example" }, { "sec-fetch-site": "cross-site" }, { origin: "null" }]) {
    const answer = await lead.call("POST", "/v1/leases", undefined, headers);
    assert.deepEqual([answer.status, answer.body.code], [403, "origin_refused"], JSON.stringify(headers));
    const socket = await service.call("GET", "/v1/live", { headers: { upgrade: "websocket", cookie: lead.cookie, ...headers } });
    assert.equal(socket.status, 403);
  }
});

test("every answer forbids frames, sniffing, referrers and keeping, and asks for TLS", async () => {
  const file = (path) => service.miniflare.dispatchFetch(`${ORIGIN}${path}`, { headers: { cookie: lead.cookie } });
  const answers = [
    ...(await Promise.all(["/v1/corrections/export", "/v1/audit/export", "/v1/export"].map(file))),
    await service.call("GET", "/v1/health"),
    await lead.call("GET", "/v1/queue"),
    await lead.call("GET", "/v1/nothing"),
    await post("csa_0"),
  ];
  for (const { headers } of answers) {
    assert.equal(headers.get("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    assert.equal(headers.get("strict-transport-security"), "max-age=63072000; includeSubDomains");
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("referrer-policy"), "no-referrer");
    assert.equal(headers.get("cache-control"), "no-store");
  }
  const page = readFileSync(new URL("../web/public/_headers", import.meta.url), "utf8");
  for (const header of ["frame-ancestors 'none'", "Strict-Transport-Security: max-age=63072000", "nosniff", "Referrer-Policy: no-referrer", "script-src 'self'"]) {
    assert.ok(page.includes(header), header);
  }
  assert.ok(!page.includes("unsafe-inline"));
});
