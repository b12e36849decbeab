// Signing in by Cloudflare Access, against a real server of keys: who a token is for, when it counts, and
// that the issuer may change its keys.
import assert from "node:assert/strict";
import { createSign, generateKeyPairSync, randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { at } from "../scripts/run.mjs";
import { browser } from "./browser.mjs";
import { ORIGIN, start, until } from "./countersign.mjs";
import { person } from "./person.mjs";

const AUDIENCE = "a".repeat(64);
let service, tenant, issuer, server, keys, asked, folder;

const newKey = () => ({ kid: randomUUID(), ...generateKeyPairSync("rsa", { modulusLength: 2048 }) });
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token as Access issues it; `change` is merged over its claims. */
function token(change = {}, { key = keys[0], header = {} } = {}) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, aud: [AUDIENCE], exp: now + 600, nbf: now, iat: now, email: "Mia@Example.com", ...change };
  const signed = `${part({ alg: "RS256", kid: key.kid, typ: "JWT", ...header })}.${part(claims)}`;
  return `${signed}.${createSign("RSA-SHA256").update(signed).sign(key.privateKey).toString("base64url")}`;
}

before(async () => {
  keys = [newKey()];
  asked = 0;
  server = http.createServer((request, response) => {
    asked += 1;
    assert.equal(request.url, "/cdn-cgi/access/certs");
    const jwks = keys.map(({ kid, publicKey }) => ({ kid, alg: "RS256", use: "sig", ...publicKey.export({ format: "jwk" }) }));
    response.setHeader("content-type", "application/json").end(JSON.stringify({ keys: jwks }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  issuer = `http://127.0.0.1:${server.address().port}`;
  // The variable names the tenant, so it has to be there first.
  folder = mkdtempSync(join(tmpdir(), "countersign-access-"));
  const first = await start({ directory: folder });
  tenant = (await first.tenant()).id;
  await first.stop();
  service = await start({ directory: folder, variables: { ACCESS: JSON.stringify({ issuer, tenants: { [AUDIENCE]: tenant } }) } });
});
after(async () => {
  await service.stop();
  server.close();
  rmSync(folder, { recursive: true });
});

const signIn = (jwt) => service.call("POST", "/v1/sessions", { body: {}, headers: { "cf-access-jwt-assertion": jwt } });

test("a token of Access ends in a session of the person that the tenant knows", async () => {
  const answer = await signIn(token());
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  assert.equal(answer.body.person.mail, "mia@example.com");
  assert.equal(answer.body.tenant.id, tenant);
  const cookie = answer.headers.get("set-cookie");
  const [, seconds] = /Max-Age=(\d+)/.exec(cookie);
  assert.ok(Number(seconds) <= 600, "no longer than the token");
  const session = await service.call("GET", "/v1/session", { headers: { cookie: cookie.split(";")[0] } });
  assert.equal(session.body.person.role, "lead");
  assert.equal((await signIn(token({ email: "stranger@example.com" }))).status, 401, "nobody invited them");
});

test("nothing else is a token", async () => {
  const now = Math.floor(Date.now() / 1000);
  const wrong = {
    "another issuer": token({ iss: "http://127.0.0.1:1" }),
    "another audience": token({ aud: ["b".repeat(64)] }),
    "expired": token({ exp: now - 60 }),
    "not yet": token({ nbf: now + 120 }),
    "no mail": token({ email: undefined }),
    "no algorithm": token({}, { header: { alg: "none" } }),
    "a symmetric one": token({}, { header: { alg: "HS256" } }),
    "another's signature": token({}, { key: { ...newKey(), kid: keys[0].kid } }),
    "a changed claim": token().replace(/\.[^.]+\./, `.${part({ iss: issuer, aud: AUDIENCE, exp: now + 60, email: "mia@example.com" })}.`),
    "none at all": "x",
  };
  for (const [what, jwt] of Object.entries(wrong)) {
    const { status, body } = await signIn(jwt);
    assert.deepEqual([status, body.code], [401, "session_required"], what);
  }
  assert.equal((await service.call("POST", "/v1/sessions", { body: {} })).status, 401);
});

test("keys are kept by their id; a new one is asked for, and the old one ends", async () => {
  await signIn(token());
  const before = asked;
  for (let count = 0; count < 5; count += 1) assert.equal((await signIn(token())).status, 201);
  assert.equal(asked, before, "a known key is not asked for");
  const old = keys[0];
  keys = [newKey()];
  const fresh = await until(async () => (await signIn(token())).status === 201);
  assert.ok(fresh && asked === before + 1);
  assert.equal((await signIn(token({}, { key: old }))).status, 401);
  for (let count = 0; count < 5; count += 1) await signIn(token({}, { key: newKey() }));
  assert.ok(asked <= before + 2, "keys that nobody has don't make it ask again and again");
});

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm" };

/** What stands before the service: it serves the page, and says who asks where sessions are opened. */
async function front(mail) {
  const before = http.createServer(async (request, response) => {
    const { pathname } = new URL(request.url, ORIGIN);
    if (!pathname.startsWith("/v1/")) {
      const file = at("web/dist", extname(pathname) ? pathname : "index.html");
      if (!existsSync(file)) return response.writeHead(404).end();
      return response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "text/plain" }).end(readFileSync(file));
    }
    const { host, connection, origin, ...headers } = request.headers;
    const known = pathname === "/v1/sessions" && mail ? { "cf-access-jwt-assertion": token({ email: mail }) } : {};
    const body = Buffer.concat(await request.toArray());
    const passed = { method: request.method, headers: { ...headers, ...(origin && { origin: ORIGIN }), ...known } };
    const answer = await service.miniflare.dispatchFetch(ORIGIN + request.url, { ...passed, ...(body.length > 0 && { body }) });
    const cookies = answer.headers.getSetCookie();
    const told = { "content-type": answer.headers.get("content-type") ?? "text/plain", ...(cookies.length > 0 && { "set-cookie": cookies }) };
    response.writeHead(answer.status, told).end(Buffer.from(await answer.arrayBuffer()));
  });
  await once(before.listen(0, "localhost"), "listening");
  return { url: `http://localhost:${before.address().port}`, stop: () => (before.close(), before.closeAllConnections()) };
}

test("whom Access knows is signed in by opening the page, and nobody else", async () => {
  const chrome = await browser();
  const fronts = await Promise.all([front("mia@example.com"), front()]);
  try {
    const [mia, stranger] = await Promise.all(fronts.map((one) => person(chrome, one)));
    await mia.page.goto(fronts[0].url);
    await mia.page.locator("summary", { hasText: "mia" }).waitFor();
    await stranger.page.goto(fronts[1].url);
    await stranger.page.getByRole("heading", { name: "Sign in with your invitation" }).waitFor();
    assert.deepEqual([mia.errors, stranger.errors], [[], []]);
  } finally {
    fronts.forEach((one) => one.stop());
    await chrome.close();
  }
});
