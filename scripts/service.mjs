// Speaks HTTP with a running Countersign, for the scripts: as an operator, as an agent, or as a
// signed-in reviewer. Must not know what the service decides.
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Stop, at } from "./run.mjs";

/** What `npm start` leaves for programs: where it listens and how to sign in. */
export const CREDENTIALS = at(".dev", "credentials.json");

/** What `npm run deploy` leaves when it made the operator's secret. */
export const DEPLOYED = at(".dev", "deployed.json");

/** Where a local Countersign listens when nothing else is said. */
export const LOCAL_URL = "http://localhost:8787";

/** The credentials that `npm start` wrote, or nothing. */
export const credentials = () => (existsSync(CREDENTIALS) ? JSON.parse(readFileSync(CREDENTIALS, "utf8")) : {});

/** Writes a file that only this account may read: it holds keys. */
export function writePrivate(file, value) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
}

/** One request: `{ status, headers, etag, body }`; a refusal is an answer, only a dead line throws. */
export async function call(url, path, { method = "GET", headers = {}, body, raw, timeout_ms = 30_000 } = {}) {
  const response = await fetch(new URL(path, url), {
    method,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    body: raw ?? (body === undefined ? undefined : JSON.stringify(body)),
    signal: AbortSignal.timeout(timeout_ms),
  });
  const text = await response.text();
  let parsed = null;
  try {
    parsed = text ? JSON.parse(text) : null;
  } catch {
    parsed = { code: "not_json", detail: text.slice(0, 200) };
  }
  return { status: response.status, headers: response.headers, etag: response.headers.get("etag"), body: parsed };
}

/** Like `call`, but anything else than success stops with what the service said. */
export async function expect(url, path, request) {
  const answer = await call(url, path, request);
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw new Stop(`${request?.method ?? "GET"} ${path} answered ${answer.status}: ${explained(answer.body)}`);
}

/** A problem in one line. */
export const explained = (body) =>
  [body?.code, body?.detail ?? body?.title].filter(Boolean).join(": ") || JSON.stringify(body);

/** Whether the service answers its health check. */
export async function healthy(url) {
  try {
    return (await call(url, "/v1/health", { timeout_ms: 2_000 })).status === 200;
  } catch {
    return false;
  }
}

const bearer = (key) => ({ authorization: `Bearer ${key}` });

/** Makes a tenant, its first key and its first lead's invitation; `{ taken }` says by whom where the name is. */
export async function createTenant(url, operatorSecret, tenant) {
  const answer = await call(url, "/v1/tenants", { method: "POST", headers: bearer(operatorSecret), body: tenant });
  if (answer.status === 201) return answer.body;
  if (answer.status === 409 && answer.body?.code === "tenant_exists") return { taken: answer.body.detail };
  throw new Stop(`the tenant was not made: ${answer.status} ${explained(answer.body)}`);
}

/** Posts a draft under a key of its own choosing, so that a repeated post changes nothing. */
export const postDraft = (url, agentKey, draft, idempotencyKey = randomUUID()) =>
  call(url, "/v1/drafts", {
    method: "POST",
    headers: { ...bearer(agentKey), "idempotency-key": idempotencyKey },
    body: draft,
  });

/** Signs in by the invitation in a sign-in address; answers a `call` with that session. */
export async function signIn(signInUrl) {
  const url = new URL(signInUrl);
  const invitation = new URLSearchParams(url.hash.slice(1)).get("invitation");
  if (!invitation) throw new Stop(`${signInUrl} has no invitation to sign in with.`);
  const headers = { origin: url.origin };
  const { headers: given } = await expect(url.origin, "/v1/sessions", { method: "POST", headers, body: { invitation } });
  const cookie = given.getSetCookie().map((line) => line.split(";")[0]).join("; ");
  return (path, request = {}) =>
    expect(url.origin, path, { ...request, headers: { ...headers, cookie, ...request.headers } });
}

/** Changes the active policy by a function of its document; the service numbers the version. */
export async function changePolicy(session, reason, change) {
  const { etag, body } = await session("/v1/policy");
  return session("/v1/policy", {
    method: "PUT",
    headers: { "if-match": etag },
    body: { document: change(body.document), reason },
  });
}
