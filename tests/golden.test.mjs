// The golden cases through Wasm: the Worker's in workerd, and a module of the same crate in a browser.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { test } from "node:test";
import { SERVICE_ENV } from "../scripts/build.mjs";
import { buildTools } from "../scripts/tools.mjs";
import { cargoTarget, run } from "../scripts/run.mjs";
import { browser } from "./browser.mjs";
import { shared } from "./countersign.mjs";

const CASES = new URL("../src/policy/tests/cases/", import.meta.url);
const cases = (name) => JSON.parse(readFileSync(new URL(name, CASES), "utf8"));

const service = await shared();

test("trust in workerd, to the last bit", async () => {
  for (const { name, call, input, output } of cases("trust.json")) {
    const answer = await service.operator("POST", "/v1/development/trust", { call, input });
    assert.equal(answer.status, 200, `${name}: ${JSON.stringify(answer.body)}`);
    assert.deepEqual(answer.body, output, name);
  }
});

test("routes in workerd", async () => {
  for (const { name, policy, draft, situation, decision } of cases("route.json")) {
    const answer = await service.operator("POST", "/v1/development/decision", { policy, draft, situation });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.deepEqual(answer.body, decision, name);
  }
});

test("trust in a browser, to the last bit", { timeout: 900_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-golden-"));
  const target = "wasm32-unknown-unknown";
  const quiet = { quiet: true, env: SERVICE_ENV };
  // Together with the service, so that the policy is the one that was compiled for it.
  const packages = ["--package", "countersign-service", "--package", "countersign-bench-wasm", "--features", "countersign-service/development"];
  await run("cargo", ["build", "--locked", "--profile", "development", "--target", target, ...packages], quiet);
  const { bindgen } = await buildTools();
  const built = join(cargoTarget(), target, "development", "countersign_bench_wasm.wasm");
  await run(bindgen, [built, "web", folder, "golden"], quiet);

  const types = { ".js": "text/javascript", ".wasm": "application/wasm", "": "text/html" };
  const server = createServer(({ url }, response) => {
    const type = types[extname(url)];
    if (!type) return response.writeHead(404).end();
    response.setHeader("content-type", type);
    response.end(url === "/" ? "<!doctype html>" : readFileSync(join(folder, url)));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const chromium = await browser();
  try {
    const page = await chromium.newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    const asked = cases("trust.json");
    const answers = await page.evaluate(async (asked) => {
      const golden = await import("/golden.js");
      await golden.default();
      return asked.map(({ call, input }) => golden.trust(call, JSON.stringify(input)));
    }, asked);
    for (const [index, { name, output }] of asked.entries()) assert.deepEqual(JSON.parse(answers[index]), output, name);
  } finally {
    await chromium.close();
    server.close();
    rmSync(folder, { recursive: true });
  }
});
