// What wrangler asks Cloudflare's API for when it deploys, answered on this machine: one account, databases
// in SQLite, one Worker that keeps its secrets. Wrangler itself is real. It must not know what deploys.
import { createServer } from "node:http";
import { DatabaseSync } from "node:sqlite";

const ACCOUNT = { id: "a".repeat(32), name: "Larch" };
const NO_WORKER = 10007;

const told = (result) => ({ status: 200, body: { success: true, errors: [], messages: [], result } });
const refused = (status, code, message) => ({ status, body: { success: false, errors: [{ code, message }], messages: [], result: null } });

/** Starts one; paths that contain a text of `failing` answer as Cloudflare does when it is out of order. */
export async function cloud() {
  const account = { databases: [], worker: null, failing: [] };
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const path = new URL(request.url, "http://cloud").pathname.replace(`/accounts/${ACCOUNT.id}/`, "/");
    const broken = account.failing.some((text) => path.includes(text));
    const { status, body } = broken ? refused(403, 10000, "Authentication error") : answer(account, request.method, path, Buffer.concat(chunks));
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const env = { CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${server.address().port}`, CLOUDFLARE_API_TOKEN: "made-up" };
  return { account, env, stop: () => new Promise((done) => (server.close(done), server.closeAllConnections())) };
}

function answer(account, method, path, body) {
  const { worker } = account;
  const gone = refused(404, NO_WORKER, "This Worker does not exist on your account.");
  const [, id, query] = /^\/d1\/database\/([^/]+)(\/query)?$/.exec(path) ?? [];
  if (id) return asked(account.databases.find(({ uuid }) => uuid === id), query && JSON.parse(body).sql);
  switch (`${method} ${path}`) {
    case "GET /accounts":
      return told([ACCOUNT]);
    case "GET /memberships":
      return told([{ id: "membership", account: ACCOUNT, roles: [] }]);
    case "GET /d1/database":
      return told(account.databases.map(({ uuid, name }) => ({ uuid, name })));
    case "POST /d1/database":
      account.databases.push({ uuid: crypto.randomUUID(), name: JSON.parse(body).name, tables: new DatabaseSync(":memory:") });
      return told(account.databases.at(-1));
    case "GET /workers/scripts/countersign/secrets":
      return worker ? told(Object.keys(worker.secrets).map((name) => ({ name, type: "secret_text" }))) : gone;
    case "GET /workers/services/countersign":
      return worker ? told({ default_environment: { environment: "production", script: { last_deployed_from: "wrangler" } } }) : gone;
    case "GET /workers/scripts/countersign/deployments":
      return told({ deployments: [] });
    // The first upload, and those that follow.
    case "PUT /workers/scripts/countersign":
    case "POST /workers/scripts/countersign/versions":
      account.worker = uploaded(worker, body);
      return told({ id: "countersign", startup_time_ms: 1, deployment_id: "deployment", resources: { script: {}, bindings: [] } });
    case "GET /workers/workers/countersign":
      return worker ? told({ subdomain: { enabled: true, previews_enabled: false } }) : gone;
    case "GET /workers/subdomain":
      return told({ subdomain: "larch" });
    default:
      return told({});
  }
}

function asked(database, sql) {
  if (!database) return refused(404, 7404, "The database could not be found.");
  if (!sql) return told({ uuid: database.uuid, name: database.name });
  const reads = /^\s*(SELECT|PRAGMA)/i.test(sql);
  const results = reads ? database.tables.prepare(sql).all() : (database.tables.exec(sql), []);
  return told([{ results, success: true, meta: {} }]);
}

/** What a Worker is after an upload: secrets that come along replace its own, the others stay. */
function uploaded(worker, body) {
  const [, metadata] = /name="metadata"\r\n(?:[^\r]+\r\n)*\r\n(.*?)\r\n--/s.exec(body.toString("latin1"));
  const { bindings, keep_bindings: kept = [] } = JSON.parse(metadata);
  const fresh = bindings.filter(({ type }) => type === "secret_text").map(({ name, text }) => [name, text]);
  return { secrets: { ...(kept.includes("secret_text") ? worker?.secrets : {}), ...Object.fromEntries(fresh) } };
}
