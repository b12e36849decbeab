// The built Worker in real workerd with a real Durable Object and a real D1, and clients for it. It
// must not replace any part of the service.
import { readFileSync, readdirSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { after } from "node:test";
import { Miniflare } from "miniflare";
import { WEIGHTS } from "../scripts/weights.mjs";
import { checkAnswer } from "./contract.mjs";

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url));
const MIGRATIONS = "src/service/migrations";
export const ORIGIN = "http://countersign.test";
export const OPERATOR_SECRET = "09".repeat(32);
const SECRETS = {
  KEY_MAC_SECRET: "6b".repeat(32),
  OPERATOR_SECRET,
  SEALING_SECRET: "5e".repeat(32),
  AUDIT_SIGNING_KEY: "a5".repeat(32),
};

/** Statements of a migration file: triggers hold semicolons, so a statement ends at a line's end. */
function statements(sql) {
  return sql
    .split("\n")
    .map((line) => line.replace(/--.*$/, ""))
    .join("\n")
    .split(/;\s*\n/)
    .map((statement) => statement.trim())
    .filter(Boolean);
}

/** Serves the weights as the platform serves the asset. */
const ASSETS = `
import weights from "./weights.bin";
export default {
  fetch: ({ method }) => new Response(method === "HEAD" ? null : weights, { headers: { "content-type": "application/octet-stream" } }),
};
`;

/** A Countersign for all tests of a file: it ends after the last. */
export async function shared(options) {
  const service = await start(options);
  after(() => service.stop());
  return service;
}

/**
 * Starts a Countersign; `directory` keeps its state, otherwise it ends with the test. With
 * `meaning` it finds the embedder's weights, and `retrieval` is what the deployment wants of them;
 * `variables` configure the deployment, and `dev` and `shared` go to Miniflare as they are.
 */
export async function start({ directory, entry, meaning = false, retrieval = "meaning", variables = {}, dev = {}, shared = {} } = {}) {
  const text = (name, value) => [name, { type: "text", value }];
  const module = (path, type) => [path, { type, contents: type === "wasm" ? new Uint8Array(read(path)) : read(path).toString() }];
  const logged = [];
  const miniflare = new Miniflare({
    handleStructuredLogs: ({ level, message }) => {
      logged.push(message);
      process.stderr.write(`${level}: ${message}\n`);
    },
    ...(directory ? { resourcePersistencePath: directory } : {}),
    unsafeTriggerHandlers: true,
    ...shared,
    workers: [
      {
        config: {
          name: "countersign",
          compatibilityDate: "2026-11-01",
          env: {
            DB: { type: "d1", id: "db" },
            TENANT: { type: "durable-object", worker: "countersign", exportName: "Tenant" },
            ...(meaning ? { ASSETS: { type: "worker", worker: "assets" } } : {}),
            ...Object.fromEntries(Object.entries({ ...SECRETS, RETRIEVAL: retrieval, ...variables }).map(([name, value]) => text(name, value))),
          },
          exports: { Tenant: { type: "durable-object", storage: "sqlite" } },
          manifest: {
            mainModule: "src/service/entry.js",
            modules: {
              "src/service/entry.js": { type: "esm", contents: entry ?? read("src/service/entry.js").toString() },
              ...Object.fromEntries([
                module("src/embed/embed.js", "esm"),
                module("build/worker/index.js", "esm"),
                module("build/worker/index_bg.wasm", "wasm"),
                module("build/embed/embed.wasm", "wasm"),
              ]),
            },
          },
        },
        dev,
      },
      ...(meaning ? [assets()] : []),
    ],
  });
  const database = await miniflare.getD1Database("DB");
  const known = await database
    .prepare("SELECT COUNT(*) AS count FROM sqlite_master WHERE name = 'tenants'")
    .first("count");
  if (known === 0) {
    for (const file of readdirSync(new URL(`../${MIGRATIONS}`, import.meta.url)).sort()) {
      const all = statements(read(`${MIGRATIONS}/${file}`).toString());
      await database.batch(all.map((statement) => database.prepare(statement)));
    }
  }
  return new Countersign(miniflare, database, logged);
}

function assets() {
  const modules = {
    "assets.js": { type: "esm", contents: ASSETS },
    "weights.bin": { type: "data", contents: new Uint8Array(readFileSync(WEIGHTS)) },
  };
  return { config: { name: "assets", compatibilityDate: "2026-11-01", manifest: { mainModule: "assets.js", modules } } };
}

export class Countersign {
  constructor(miniflare, database, logged) {
    this.miniflare = miniflare;
    this.database = database;
    this.logged = logged;
    /** What no line of a log may hold: the words of drafts, and secrets. */
    this.unspoken = new Set([...Object.values(SECRETS), ...Object.values(WORDS)]);
  }

  /** One request; `{ status, headers, body }` with the body parsed, and held to openapi.json. */
  async call(method, path, { headers = {}, body, raw } = {}) {
    const response = await this.miniflare.dispatchFetch(`${ORIGIN}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      body: raw ?? (body === undefined ? undefined : JSON.stringify(body)),
    });
    const text = await response.text();
    const answer = { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : null };
    checkAnswer(method, path, answer);
    return answer;
  }

  operator(method, path, body) {
    return this.call(method, path, { headers: { authorization: `Bearer ${SECRETS.OPERATOR_SECRET}` }, body });
  }

  /** A new tenant with an agent and a signed-in lead. */
  async tenant(name = `tenant ${randomUUID()}`) {
    const made = await this.operator("POST", "/v1/tenants", { name, lead: "mia@example.com" });
    if (made.status !== 201) throw new Error(`no tenant: ${JSON.stringify(made.body)}`);
    return new TestTenant(this, made.body);
  }

  /** Ends it. Whatever test it served: its whole log holds no text of a draft and no secret. */
  async stop() {
    await this.miniflare.dispose();
    const spoken = [...this.unspoken].filter((words) => this.logged.some((line) => line.includes(words)));
    if (spoken.length > 0) throw new Error(`the log holds what no log may: ${spoken.join(", ")}`);
  }
}

export class TestTenant {
  constructor(service, made) {
    this.service = service;
    this.made = made;
    this.id = made.tenant_id;
    this.key = made.agent_key;
    for (const secret of [made.agent_key, made.invitation]) service.unspoken.add(secretOf(secret));
  }

  agent(method, path, body, headers = {}) {
    return this.service.call(method, path, {
      headers: { authorization: `Bearer ${this.key}`, ...headers },
      body,
    });
  }

  post(draft, { query = "", key = randomUUID() } = {}) {
    return this.agent("POST", `/v1/drafts${query}`, draft, { "idempotency-key": key });
  }

  /** A session of the lead, or of another person by their mail and role. */
  async session(mail, role = "reviewer") {
    let invitation = this.made.invitation;
    if (mail) {
      const path = `/v1/tenants/${this.id}/invitations`;
      invitation = (await this.service.operator("POST", path, { mail, role })).body.invitation;
    }
    const answer = await this.service.call("POST", "/v1/sessions", { body: { invitation } });
    if (answer.status !== 201) throw new Error(`no session: ${JSON.stringify(answer.body)}`);
    const cookie = answer.headers.get("set-cookie").split(";")[0];
    this.service.unspoken.add(secretOf(cookie));
    const person = answer.body.person;
    const call = (method, path, body, headers = {}) =>
      this.service.call(method, path, { headers: { cookie, ...headers }, body });
    return { cookie, person, call };
  }

  /** Puts a policy made from the active one. */
  async policy(session, change) {
    const active = await session.call("GET", "/v1/policy");
    const document = change(structuredClone(active.body.document));
    return session.call("PUT", "/v1/policy", { document, reason: "a test" }, {
      "if-match": active.headers.get("etag"),
    });
  }
}

/** The part of a credential that nobody else may know. */
const secretOf = (credential) => credential.split("_").at(-2);

/** The words of a draft: none of them may stand in a log. */
export const WORDS = {
  message: "Where is my refund for order 1234?",
  text: "Your refund is on its way to you.",
  to: "ada@example.com",
};

let counter = 0;

/** A draft that obeys the contract; `change` is merged over it. */
export function draft(change = {}) {
  counter += 1;
  const head = `m${counter}`;
  return {
    agent: "support-bot",
    kind: "message",
    channel: "email",
    category: "billing.refund",
    message: WORDS.message,
    draft: { text: WORDS.text, to: [WORDS.to], subject: "Your refund" },
    conversation: {
      id: `c${counter}`,
      head,
      messages: [{ id: head, role: "customer", text: WORDS.message }],
    },
    confidence: 0.9,
    ...change,
  };
}

/** A verdict on a draft as it was shown. */
export const verdictOn = (shown, verdict) => ({
  verdict_id: randomUUID(),
  version: shown.version,
  head: shown.draft.conversation.head,
  view_digest: shown.view_digest,
  verdict,
});

/** Asks until `check` gives something, however busy the machine is; a state is waited for, never a time. */
export async function until(check, { seconds = 60 } = {}) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
