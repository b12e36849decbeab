// The API under schemathesis: whatever the published schema allows, and much that it doesn't, gets a
// documented answer and never breaks the service. Skipped, visibly, where Python or schemathesis is
// missing: `python3 -m venv .tools/python && .tools/python/bin/pip install schemathesis`.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { start } from "./countersign.mjs";

const PROGRAM = fileURLToPath(new URL("../.tools/python/bin/schemathesis", import.meta.url));
const SCHEMA = fileURLToPath(new URL("../openapi.json", import.meta.url));
const skip = existsSync(PROGRAM) ? false : "schemathesis is not installed";
/** Drawn for each operation; more by hand: EXAMPLES=500. */
const EXAMPLES = process.env.EXAMPLES ?? "15";

async function run(url, headers) {
  const given = Object.entries(headers).flatMap(([name, value]) => ["--header", `${name}: ${value}`]);
  const args = ["run", SCHEMA, "--url", url, ...given, "--max-examples", EXAMPLES, "--seed", "8", "--no-color"];
  const checks = ["--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"];
  // The live stream is a WebSocket; signing out would end the session that asks.
  const except = ["--exclude-operation-id", "GetLive", "--exclude-operation-id", "CloseSession", "--phases", "examples,fuzzing"];
  const child = spawn(PROGRAM, [...args, ...checks, ...except], { env: { ...process.env, PYTHONUTF8: "1" } });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += chunk));
  const [status] = await once(child, "close");
  return { status, text };
}

for (const who of ["an agent", "a lead"]) {
  test(`nothing that ${who} sends breaks the service or gets an undocumented answer`, { skip, timeout: 600_000 }, async () => {
    const service = await start({ variables: { RATE_OF_REFUSALS: "1000000" } });
    try {
      const tenant = await service.tenant();
      const lead = await tenant.session();
      const url = (await service.miniflare.ready).href.replace(/\/$/, "");
      const headers = who === "a lead" ? { cookie: lead.cookie } : { authorization: `Bearer ${tenant.key}` };
      const { status, text } = await run(url, headers);
      assert.equal(status, 0, text.slice(-6_000));
    } finally {
      await service.stop();
    }
  });
}
