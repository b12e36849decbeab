// Where a deployment keeps its objects. workerd has one place only, and says so: what the Worker asks it
// for is seen here, and what it does when the answer is no.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { draft, start, until } from "./countersign.mjs";

/** The entry with a namespace that has jurisdictions, and says in the log where an object is asked for. */
function entryWithJurisdictions() {
  const entry = readFileSync(new URL("../src/service/entry.js", import.meta.url), "utf8");
  const found = "env, context))";
  assert.ok(entry.includes(found));
  return (
    entry.replaceAll(found, "{ ...env, TENANT: placed(env.TENANT, 'anywhere') }, context))") +
    `
function placed(namespace, place) {
  return new Proxy(namespace, {
    get(target, property) {
      if (property === "jurisdiction") return (name) => placed(target, name);
      const value = Reflect.get(target, property);
      if (typeof value !== "function" || property === "constructor") return value;
      return (...given) => (console.log("asked for an object: " + place), Reflect.apply(value, target, given));
    },
  });
}
`
  );
}

test("with a jurisdiction every object is asked for within it", async () => {
  const service = await start({ entry: entryWithJurisdictions(), variables: { JURISDICTION: "eu" } });
  try {
    const tenant = await service.tenant();
    assert.equal((await tenant.post(draft())).status, 201);
    assert.equal((await (await tenant.session()).call("GET", "/v1/queue")).status, 200);
    const asked = await until(() => {
      const lines = service.logged.filter((line) => line.startsWith("asked for an object"));
      return lines.length >= 4 && lines;
    });
    assert.deepEqual(new Set(asked), new Set(["asked for an object: eu"]));
  } finally {
    await service.stop();
  }
});

test("where the platform has no jurisdictions, nothing is kept anywhere else", async () => {
  const service = await start({ variables: { JURISDICTION: "eu" } });
  try {
    await assert.rejects(service.tenant(), /internal/);
    const kept = await service.database.prepare("SELECT COUNT(*) AS count FROM tenants").first("count");
    assert.equal(kept, 0);
  } finally {
    await service.stop();
  }
});
