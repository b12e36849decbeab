// The API under schemathesis: whatever the published schema allows, and much that it doesn't, gets a
// documented answer and never breaks the service. Left out, visibly, where it can't be installed.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, test } from "node:test";
import { draft, start, until, verdictOn } from "./countersign.mjs";
import { pythonWith } from "./python.mjs";

const SCHEMA = fileURLToPath(new URL("../openapi.json", import.meta.url));
/** Drawn for each operation; more by hand, and then every bound of every schema as well: EXAMPLES=200. */
const EXAMPLES = process.env.EXAMPLES ?? "5";
const PHASES = process.env.EXAMPLES ? "examples,coverage,fuzzing" : "examples,fuzzing";
const SEED = process.env.SEED ?? "8";
const CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

const python = pythonWith("schemathesis", ["schemathesis==4.32.5"]);
const folder = mkdtempSync(join(tmpdir(), "countersign-fuzz-"));
after(() => rmSync(folder, { recursive: true }));

/** It has no writer of lines of JSON of its own: each body that it draws is a file of one line. */
const WRITER = join(folder, "lines.py");
writeFileSync(
  WRITER,
  `import json, schemathesis\n\n@schemathesis.serializer("application/x-ndjson")\ndef line(context, value):\n    return json.dumps(value).encode()\n`,
);

/** Most ids that are drawn are those of something that is there. */
function configuration(ids) {
  const file = join(folder, `${randomUUID()}.toml`);
  writeFileSync(
    file,
    `hooks = ${JSON.stringify(WRITER)}\n\n[dictionaries.ids]\nvalues = ${JSON.stringify(ids)}\n\n[parameters]\n"path.id" = { dictionary = "ids", probability = 0.8 }\n`,
  );
  return file;
}

/** The operations that a credential opens. The live stream is a WebSocket; signing out would end the session. */
function opened(security) {
  const { paths } = JSON.parse(readFileSync(SCHEMA, "utf8"));
  const all = Object.values(paths).flatMap(Object.values);
  const own = all.filter((one) => one.security.some((way) => security in way) && !["GetLive", "CloseSession"].includes(one.operationId));
  return own.flatMap((one) => ["--include-operation-id", one.operationId]);
}

async function run(url, security, header, ids) {
  const args = [
    ...["-m", "schemathesis.cli", "--config-file", configuration(ids), "run", SCHEMA, "--url", url, "--header", header, ...opened(security)],
    ...["--phases", PHASES, "--max-examples", EXAMPLES, "--seed", SEED, "--no-color", "--checks", CHECKS],
    ...["--generation-with-security-parameters", "false", "--generation-database", "none", "--continue-on-failure", "--request-timeout", "60"],
  ];
  const env = { ...process.env, PYTHONPATH: python.libraries, PYTHONUTF8: "1" };
  const child = spawn(python.name, args, { env, cwd: folder });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += chunk));
  const [status] = await once(child, "close");
  return { status, text };
}

/** Something of every kind, and the ids of all of it. */
async function inhabited(service) {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  await tenant.policy(lead, (policy) => ({ ...policy, undo_window_s: 0 }));
  const [open, decided] = [(await tenant.post(draft())).body.id, (await tenant.post(draft())).body.id];
  const shown = (await lead.call("GET", `/v1/drafts/${decided}`)).body;
  await lead.call("PUT", `/v1/drafts/${decided}/verdict`, verdictOn(shown, { kind: "edit", draft: { text: "Another answer." } }));
  const correction = (await until(async () => (await lead.call("GET", "/v1/corrections")).body.corrections[0])).id;
  const seed = (await lead.call("POST", "/v1/seeds", { draft: draft(), flaw: "It promises too much." })).body.id;
  const other = await tenant.session("rae@example.com");
  const webhook = (await lead.call("POST", "/v1/webhooks", { url: "https://example.com/hook", events: ["draft.stale"] })).body.id;
  return { tenant, lead, ids: [open, decided, correction, seed, other.person.id, webhook, "support-bot", "1", "0"] };
}

for (const [who, security] of [["an agent", "agent_key"], ["automation", "policy_key"], ["a lead", "session"]]) {
  test(`nothing that ${who} sends breaks the service or gets an undocumented answer`, { skip: python.missing, timeout: 3_600_000 }, async () => {
    const service = await start({ variables: { RATE_OF_REFUSALS: "1000000" } });
    try {
      const { tenant, lead, ids } = await inhabited(service);
      const bearer = async () => (await lead.call("POST", "/v1/keys", { kind: "policy", name: "automation" })).body.key;
      const header = {
        agent_key: `authorization: Bearer ${tenant.key}`,
        policy_key: `authorization: Bearer ${await bearer()}`,
        session: `cookie: ${lead.cookie}`,
      }[security];
      const url = (await service.miniflare.ready).href.replace(/\/$/, "");
      const { status, text } = await run(url, security, header, ids);
      if (process.env.EXAMPLES) console.log(text.slice(-1_500));
      assert.equal(status, 0, text.slice(-20_000));
    } finally {
      await service.stop();
    }
  });
}
