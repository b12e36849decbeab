// No tenant reaches another one. Every route of the committed API is tried, so that a new one is tried
// without anyone thinking of it.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { ORIGIN, draft, start, until } from "./countersign.mjs";

const { paths, components } = JSON.parse(readFileSync(new URL("../openapi.json", import.meta.url), "utf8"));
const MARK = `only-hers-${randomUUID()}`;
const ROUTES = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation, name: operation.operationId })),
);
/** Changes what is the caller's own, whatever the id is: it names nothing that must be there. */
const OWN = new Set(["PutHead", "PutShadow", "PutLevel", "DeclareEquivalent"]);

let service, hers, his, ids;
before(async () => {
  service = await start({ variables: { RATE_OF_REFUSALS: "1000000" } });
  hers = await makeTenant();
  his = await makeTenant();
  ids = await namesIn(hers);
});
after(() => service.stop());

async function makeTenant() {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const policyKey = (await lead.call("POST", "/v1/keys", { kind: "policy", name: "automation" })).body.key;
  return { tenant, lead, policyKey };
}

/** Everything of a tenant that has a name: found in what it is answered itself. */
async function namesIn({ tenant, lead }) {
  const customer = { id: MARK, name: MARK };
  const posted = (await tenant.post(draft({ message: `Where is it? ${MARK}`, customer }))).body;
  await lead.call("PUT", `/v1/drafts/${posted.id}/lease`);
  const found = new Set([posted.id, tenant.id, lead.person.id, MARK]);
  for (const path of ["/v1/keys", "/v1/audit", "/v1/webhooks", "/v1/people", "/v1/queue"]) {
    const text = JSON.stringify((await lead.call("GET", path)).body ?? {});
    for (const [id] of text.matchAll(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g)) found.add(id);
  }
  return [...found];
}

/** Fields and parameters that name something. */
const NAMES = /(^|_)ids?$|^(supersedes|examples_used|customer|reviewer|example|verdicts|cursor|q)$/;

/** A value that a schema takes, with what is required; with an `id`, whatever names something is that. */
function sample(schema, id, name = "") {
  if (schema.$ref) return sample(components.schemas[schema.$ref.split("/").pop()], id, name);
  const choice = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (choice) return sample(choice[0], id, name);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === "object" || schema.properties) {
    const wanted = Object.keys(schema.properties ?? {}).filter((name) => id && NAMES.test(name));
    const fields = new Set([...(schema.required ?? []), ...wanted]);
    return Object.fromEntries([...fields].map((name) => [name, sample(schema.properties?.[name] ?? {}, id, name)]));
  }
  if (type === "array") return id && NAMES.test(name) ? [sample(schema.items, id, "id")] : [];
  if (type === "integer" || type === "number") return Math.max(1, schema.minimum ?? 1);
  if (type === "boolean") return false;
  return id && NAMES.test(name) ? id : "x";
}

const credentials = ({ tenant, lead, policyKey }) => ({
  "agent's key": { authorization: `Bearer ${tenant.key}`, "idempotency-key": randomUUID() },
  "policy key": { authorization: `Bearer ${policyKey}` },
  "lead's session": { cookie: lead.cookie },
});

async function ask({ path, method, operation }, id, headers, within) {
  const body = operation.requestBody && Object.values(operation.requestBody.content)[0].schema;
  const parameters = (operation.parameters ?? []).filter(({ name, in: place }) => within && place === "query" && NAMES.test(name));
  const query = new URLSearchParams(parameters.map(({ name }) => [name, within]));
  const response = await service.miniflare.dispatchFetch(`${ORIGIN}${path.replace("{id}", encodeURIComponent(id))}?${query}`, {
    method,
    headers: { ...headers, ...(body ? { "content-type": "application/json" } : {}), "if-match": '"1"' },
    body: body ? JSON.stringify(sample(body, within)) : undefined,
  });
  if (response.webSocket) response.webSocket.accept();
  const text = response.webSocket ? "" : await response.text();
  return { status: response.status, text, code: text.startsWith("{") && response.status >= 400 ? JSON.parse(text).code : undefined };
}

/** What a tenant holds, as its lead sees it. */
async function state({ lead }) {
  const read = async (path) => (await lead.call("GET", path)).body;
  return JSON.stringify([(await read("/v1/audit?limit=1")).size, await read("/v1/queue"), await read("/v1/keys"), await read("/v1/holds")]);
}

// First: what he then asks for by her ids, his own log shows as asked for.
test("no route shows a tenant anything of another one", async () => {
  for (const route of ROUTES.filter(({ method }) => method === "GET")) {
    for (const [whose, headers] of Object.entries(credentials(his))) {
      const { text } = await ask(route, ids[0], headers);
      for (const id of ids) assert.ok(!text.includes(id), `${route.path} with his ${whose} shows her ${id}`);
    }
  }
});

test("every route with another tenant's ids answers as if they did not exist", async () => {
  const withId = ROUTES.filter(({ path, name }) => path.includes("{id}") && !OWN.has(name));
  assert.ok(withId.length > 10);
  const before = await state(hers);
  for (const route of withId) {
    for (const [whose, headers] of Object.entries(credentials(his))) {
      const none = await ask(route, randomUUID(), headers);
      for (const id of ids) {
        const answer = await ask(route, id, headers);
        const said = `${route.method} ${route.path} with his ${whose} and her ${id}: ${answer.text.slice(0, 300)}`;
        assert.deepEqual([answer.status, answer.code], [none.status, none.code], said);
        assert.ok(answer.status >= 400, said);
      }
    }
  }
  assert.equal(await state(hers), before, "nothing of hers changed");
});

test("her ids in a body or a query find nothing, either", async () => {
  const before = await state(hers);
  const asks = ({ operation }) => operation.requestBody || operation.parameters?.some(({ in: place, name }) => place === "query" && NAMES.test(name));
  const asking = ROUTES.filter(asks);
  assert.ok(asking.length > 20);
  for (const route of asking) {
    for (const [whose, headers] of Object.entries(credentials(his))) {
      const own = () => (headers["idempotency-key"] ? { ...headers, "idempotency-key": randomUUID() } : headers);
      const none = await ask(route, ids[0], own(), randomUUID());
      for (const id of ids) {
        const answer = await ask(route, ids[0], own(), id);
        const said = `${route.method} ${route.path} with his ${whose} naming her ${id}: ${answer.text.slice(0, 300)}`;
        assert.deepEqual([answer.status, answer.code], [none.status, none.code], said);
        if (route.method === "GET") for (const other of ids) assert.ok(other === id || !answer.text.includes(other), said);
      }
    }
  }
  assert.equal(await state(hers), before, "nothing of hers changed");
});

test("what names nothing that must be there stays the caller's own", async () => {
  const before = await state(hers);
  for (const route of ROUTES.filter(({ name }) => OWN.has(name))) {
    for (const headers of Object.values(credentials(his))) for (const id of ids) await ask(route, id, headers);
  }
  assert.equal(await state(hers), before);
});

test("no route but the open ones answers without a credential, or with a forged one", async () => {
  const forged = (text) => `${text.slice(0, -1)}${text.endsWith("0") ? "1" : "0"}`;
  const [, tenantId] = hers.tenant.key.split("_");
  const swapped = his.tenant.key.split("_").with(1, tenantId).join("_");
  for (const route of ROUTES.filter(({ operation, name }) => operation.security.length > 0 && name !== "OpenSession")) {
    for (const headers of [
      {},
      { authorization: `Bearer ${forged(hers.tenant.key)}` },
      { authorization: `Bearer ${swapped}` },
      { cookie: forged(hers.lead.cookie) },
      { authorization: "Bearer 0" },
    ]) {
      const { status, text } = await ask(route, ids[0], headers);
      assert.equal(status, 401, `${route.method} ${route.path}: ${text}`);
    }
  }
});

test("a credential of one kind opens nothing of another", async () => {
  const kinds = { "agent's key": "agent_key", "policy key": "policy_key", "lead's session": "session" };
  for (const route of ROUTES.filter(({ operation }) => operation.security.length > 0)) {
    const opens = route.operation.security.flatMap(Object.keys);
    for (const [whose, headers] of Object.entries(credentials(hers)).filter(([whose]) => !opens.includes(kinds[whose]))) {
      const { status } = await ask(route, randomUUID(), headers);
      assert.ok([401, 403].includes(status), `${route.method} ${route.path} with the ${whose}: ${status}`);
    }
  }
});

test("an auditor reads, and changes nothing", async () => {
  const auditor = await hers.tenant.session(`auditor-${randomUUID()}@example.com`, "auditor");
  const changing = ROUTES.filter(({ method, operation, name }) =>
    method !== "GET" && operation.security.flatMap(Object.keys).includes("session") && !["CloseSession", "LintPolicy"].includes(name));
  assert.ok(changing.length > 8);
  for (const route of changing) {
    const { status, code, text } = await ask(route, ids[0], { cookie: auditor.cookie });
    // What is not there is not there for anybody.
    assert.ok([403, 404].includes(status), `${route.method} ${route.path}: ${text}`);
    assert.ok(["forbidden", "wrong_role", "not_found"].includes(code), code);
  }
  await until(async () => (await auditor.call("GET", "/v1/audit")).status === 200);
});
