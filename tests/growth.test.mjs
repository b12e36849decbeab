// A tenant after months, in real workerd and D1: tables filled as they then are, and what has to go on all the same.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { ORIGIN, TestTenant, draft, start, until } from "./countersign.mjs";

/** Rows from 1 to `count`, as `i`. */
const numbers = (count) => `WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < ${count})`;

/** A tenant with one open draft, whose object's tables are filled before `use`; the rows of a query on them after it. */
async function grown(fill, use, query = "SELECT 1") {
  const directory = await mkdtemp(join(tmpdir(), "countersign-"));
  let service;
  const inTables = async (work) => {
    await service.stop();
    service = undefined;
    const names = await readdir(directory, { recursive: true });
    const tables = new DatabaseSync(join(directory, names.find((name) => /Tenant.*[0-9a-f]{64}\.sqlite$/.test(name))));
    try {
      return work(tables);
    } finally {
      tables.close();
    }
  };
  try {
    service = await start({ directory });
    const { made } = await service.tenant();
    let tenant = new TestTenant(service, made);
    const { cookie } = await tenant.session();
    await tenant.post(draft());
    const copied = () => service.database.prepare("SELECT COUNT(*) AS count FROM audit WHERE event = 'draft.routed'").first("count");
    await until(copied);
    await inTables((tables) => tables.exec(`BEGIN; ${fill}; COMMIT`));

    service = await start({ directory });
    tenant = new TestTenant(service, made);
    const lead = (method, path, body) => service.call(method, path, { headers: { cookie }, body });
    await use({ service, tenant, lead, cookie });
    return await inTables((tables) => tables.prepare(query).all());
  } finally {
    await service?.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

test("D1 that takes changes and no new row, as a full one does, keeps all waiting and sets nothing aside", async () => {
  await grown("SELECT 1", async ({ service, tenant, lead }) => {
    const tables = ["audit", "audit_tiles", "drafts", "trust"];
    const refuse = (table) => `CREATE TRIGGER full_${table} BEFORE INSERT ON ${table} BEGIN SELECT RAISE(ABORT, 'full'); END`;
    for (const table of tables) await service.database.exec(refuse(table));
    const { id } = (await tenant.post(draft())).body;
    await tenant.agent("DELETE", `/v1/drafts/${id}`);
    const { sequence } = (await lead("GET", "/v1/queue")).body;
    const failures = () => service.logged.filter((line) => line.includes("did not take the batch")).length;
    // Three of whole batches, then row by row.
    await until(() => failures() >= 4);
    assert.equal((await lead("GET", "/v1/queue/health")).body.dead_letters, 0);
    assert.equal((await lead("GET", "/v1/queue")).body.sequence, sequence, "nor does the log grow of it");

    for (const table of tables) await service.database.exec(`DROP TRIGGER full_${table}`);
    const count = (table) => service.database.prepare(`SELECT COUNT(*) AS count FROM ${table}`).first("count");
    await until(async () => (await count("audit")) === sequence && (await count("drafts")) === 1);
  });
});
