// The API under schemathesis: whatever the published schema allows, and much that it doesn't, gets a
// documented answer and never breaks the service. Left out, visibly, where it can't be installed.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, test } from "node:test";
import { draft, start, verdictOn } from "./countersign.mjs";
import { pythonWith } from "./python.mjs";

const SCHEMA = fileURLToPath(new URL("../openapi.json", import.meta.url));
/** Drawn for each operation; more by hand: EXAMPLES=200. */
const EXAMPLES = process.env.EXAMPLES ?? "5";
const SEED = process.env.SEED ?? "8";
const CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

const python = pythonWith("schemathesis", "schemathesis", ["schemathesis==4.32.5"]);
const skip = python ? false : "schemathesis is not there";
const folder = mkdtempSync(join(tmpdir(), "countersign-fuzz-"));
after(() => rmSync(folder, { recursive: true }));

/** Most ids that are drawn are those of something that is there. */
function configuration(ids) {
  const file = join(folder, `${randomUUID()}.toml`);
  writeFileSync(
    file,
    `[dictionaries.ids]\nvalues = ${JSON.stringify(ids)}\n\n[parameters]\n"path.id" = { dictionary = "ids", probability = 0.8 }\n`,
  );
  return file;
}

async function run(url, headers, ids) {
  const given = Object.entries(headers).flatMap(([name, value]) => ["--header", `${name}: ${value}`]);
  // The live stream is a WebSocket; signing out would end the session that asks.
  const except = ["GetLive", "CloseSession"].flatMap((name) => ["--exclude-operation-id", name]);
  const args = [
    ...["-m", "schemathesis.cli", "--config-file", configuration(ids), "run", SCHEMA, "--url", url, ...given, ...except],
    ...["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--seed", SEED, "--no-color", "--checks", CHECKS],
    ...["--generation-with-security-parameters", "false", "--generation-database", "none", "--continue-on-failure"],
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
  const [open, decided] = [(await tenant.post(draft())).body.id, (await tenant.post(draft())).body.id];
  const shown = (await lead.call("GET", `/v1/drafts/${decided}`)).body;
  await lead.call("PUT", `/v1/drafts/${decided}/verdict`, verdictOn(shown, { kind: "approve" }));
  const other = await tenant.session("rae@example.com");
  const webhook = (await lead.call("POST", "/v1/webhooks", { url: "https://example.com/hook", events: ["draft.stale"] })).body.id;
  return { tenant, lead, ids: [open, decided, other.person.id, webhook, "support-bot", "1", "0"] };
}

for (const who of ["an agent", "a lead", "automation"]) {
  test(`nothing that ${who} sends breaks the service or gets an undocumented answer`, { skip, timeout: 3_600_000 }, async () => {
    const service = await start({ variables: { RATE_OF_REFUSALS: "1000000" } });
    try {
      const { tenant, lead, ids } = await inhabited(service);
      const key = (await lead.call("POST", "/v1/keys", { kind: "policy", name: "automation" })).body.key;
      const headers = {
        "an agent": { authorization: `Bearer ${tenant.key}` },
        "a lead": { cookie: lead.cookie },
        automation: { authorization: `Bearer ${key}` },
      }[who];
      const url = (await service.miniflare.ready).href.replace(/\/$/, "");
      const { status, text } = await run(url, headers, ids);
      if (process.env.EXAMPLES) console.log(text.slice(-3_000));
      assert.equal(status, 0, text.slice(-20_000));
    } finally {
      await service.stop();
    }
  });
}
