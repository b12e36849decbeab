// What `npm run deploy` does to an account, by the real wrangler against a Cloudflare of this machine: a
// Worker of a line, the database's real migrations. Nothing here leaves the machine.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, before, test } from "node:test";
import { accountName, databaseId, putThere } from "../scripts/account.mjs";
import { Stop, at } from "../scripts/run.mjs";
import { SECRETS } from "../scripts/secrets.mjs";
import { cloud } from "./cloud.mjs";

const folder = mkdtempSync(join(tmpdir(), "countersign-deploy-"));
const config = join(folder, "wrangler.toml");
const deployed = join(folder, "deployed.json");
const URL = "https://countersign.larch.workers.dev";
const kept = () => JSON.parse(readFileSync(deployed, "utf8"));

const known = ({ OPERATOR_SECRET, ...secrets }) => ({ operator_secret: OPERATOR_SECRET, secrets });

let there;
before(async () => {
  there = await cloud();
  Object.assign(process.env, there.env);
  writeFileSync(join(folder, "worker.js"), "export default { fetch: () => new Response() };");
});
after(async () => {
  await there.stop();
  rmSync(folder, { recursive: true });
});

/** Deploys as the script does, without what it builds. */
async function deploy() {
  const text = readFileSync(at("wrangler.toml"), "utf8");
  const id = await databaseId(text);
  const database = `[[d1_databases]]\nbinding = "DB"\ndatabase_name = "countersign"\ndatabase_id = "${id}"`;
  const migrations = `migrations_dir = "${relative(folder, at("src/service/migrations"))}"`;
  writeFileSync(config, `name = "countersign"\nmain = "worker.js"\ncompatibility_date = "2026-11-01"\n${database}\n${migrations}\n`);
  return putThere(config, { deployed });
}

// Each goes on with the account as the one before left it.

test("a deployment that fails after its upload has kept what can be read nowhere else", async () => {
  assert.equal(await accountName(), "Larch");
  there.account.failing = ["/workers/subdomain"];
  await assert.rejects(deploy(), Stop);
  const { secrets } = there.account.worker;
  assert.deepEqual(Object.keys(secrets).sort(), [...SECRETS].sort());
  assert.deepEqual(kept(), known(secrets));
  assert.ok(!existsSync(join(folder, "secrets.json")));
});

test("the next one replaces no secret, and keeps the address", async () => {
  const { secrets } = there.account.worker;
  there.account.failing = [];
  assert.equal(await deploy(), URL);
  assert.deepEqual(there.account.worker.secrets, secrets);
  assert.deepEqual(kept(), { url: URL, ...known(secrets) });
  const [{ tables }, ...more] = there.account.databases;
  assert.deepEqual(more, []);
  const applied = tables.prepare("SELECT name FROM d1_migrations ORDER BY id").all();
  assert.deepEqual(applied.map(({ name }) => name), readdirSync(at("src/service/migrations")).sort());
});

test("nothing is replaced where the account doesn't say what it has", async () => {
  const { secrets } = there.account.worker;
  for (const failing of ["/secrets", "/d1/database"]) {
    there.account.failing = [failing];
    await assert.rejects(deploy(), Stop);
  }
  assert.deepEqual(there.account.worker.secrets, secrets);
  assert.equal(there.account.databases.length, 1);
});

test("a Worker that is made anew loses nobody the secrets of before", async () => {
  const before = kept();
  there.account.failing = [];
  there.account.worker = null;
  await deploy();
  assert.deepEqual(kept(), { url: URL, ...known(there.account.worker.secrets) });
  const [beside] = readdirSync(folder).filter((name) => name.startsWith("deployed-until-"));
  assert.deepEqual(JSON.parse(readFileSync(join(folder, beside), "utf8")), before);
});
