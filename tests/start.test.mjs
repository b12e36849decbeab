// The commands that a developer types: `npm start` with its demo tenant, `npm run tenant` and `npm run
// replay` against it, Ctrl-C, and a second start. It must not know how the server is made.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { at } from "../scripts/run.mjs";
import { postDraft, signIn } from "../scripts/service.mjs";

/** Longer than a loaded machine needs to start the server and to post the demo's drafts. */
const START_MS = 180_000;
const folder = mkdtempSync(join(tmpdir(), "countersign-start-"));
const file = join(folder, "credentials.json");
let port;
let running;

before(async () => {
  port = await freePort();
  running = await start();
});
after(async () => {
  await running?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function freePort() {
  return new Promise((done) => {
    const probe = createServer().listen(0, "localhost", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

/** `npm start` until it says where it is: what it printed, how long it took, and Ctrl-C. */
async function start() {
  const begun = performance.now();
  const args = ["scripts/start.mjs", "--port", port, "--state", join(folder, "state"), "--credentials", file, "--quiet"];
  const child = spawn(process.execPath, args.map(String), { cwd: at(), stdio: ["ignore", "pipe", "pipe"] });
  const exited = new Promise((done) => child.on("exit", done));
  let printed = "";
  const announced = new Promise((done, fail) => {
    const more = (data) => {
      printed += data;
      if (printed.includes("Ctrl-C ends everything")) done();
    };
    child.stdout.on("data", more);
    child.stderr.on("data", more);
    exited.then((code) => fail(new Error(`it ended with ${code}: ${printed}`)));
    setTimeout(() => fail(new Error(`not up in time: ${printed}`)), START_MS).unref();
  });
  await announced.catch((error) => (child.kill("SIGINT"), Promise.reject(error)));
  const stop = () => (child.kill("SIGINT"), exited);
  return { printed, seconds: (performance.now() - begun) / 1000, stop };
}

const credentials = () => JSON.parse(readFileSync(file, "utf8"));

/** Runs a script of the project to its end. */
const script = (name, ...args) => spawnSync(process.execPath, [at("scripts", name), ...args], { cwd: at(), encoding: "utf8" });

async function openDrafts() {
  const session = await signIn(credentials().sign_in_url);
  const { body } = await session("/v1/queue?limit=200");
  return body.drafts.filter(({ status }) => status === "held");
}

test("the demo tenant has a queue to work on, and its address signs in", async () => {
  const { url, sign_in_url } = credentials();
  assert.equal(url, `http://localhost:${port}`);
  assert.ok(running.printed.includes(sign_in_url));
  const page = await fetch(url);
  assert.match(page.headers.get("content-type"), /text\/html/);
  const drafts = await openDrafts();
  assert.ok(drafts.length >= 60, `${drafts.length} drafts`);
  assert.ok(new Set(drafts.map(({ category }) => category)).size >= 8);
});

test("the printed request posts a draft", async () => {
  const [, body] = running.printed.match(/-d '(.*?)'/s);
  const { url, agent_key } = credentials();
  const { status } = await postDraft(url, agent_key, JSON.parse(body));
  assert.equal(status, 201);
});

test("a tenant is made, once, and a file of drafts is replayed into it", () => {
  const { url } = credentials();
  const made = script("tenant.mjs", "create", "Larch", "--lead", "lead@larch.example", "--team", "support", "--url", url);
  assert.equal(made.status, 0, made.stderr);
  const [key] = made.stdout.match(/csa_\w+/);
  const again = script("tenant.mjs", "create", "Larch", "--lead", "lead@larch.example", "--url", url);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /there is a tenant called Larch already/);

  const drafts = readFileSync(at("scripts/demo.jsonl"), "utf8").split("\n").slice(0, 5);
  writeFileSync(join(folder, "drafts.jsonl"), drafts.join("\n"));
  const replayed = script("replay.mjs", join(folder, "drafts.jsonl"), "--url", url, "--key", key);
  assert.equal(replayed.status, 0, replayed.stdout + replayed.stderr);
  assert.match(replayed.stdout, /^drafts +5$/m);
  assert.match(replayed.stdout, /^errors +0$/m);
});

test("Ctrl-C leaves no process, and a second start has everything", async (context) => {
  const before = (await openDrafts()).map(({ id }) => id);
  assert.equal(await running.stop(), 0);
  const left = spawnSync("ps", ["-A", "-o", "args="], { encoding: "utf8" }).stdout;
  assert.ok(!left.includes(folder), left);
  running = await start();
  context.diagnostic(`up again after ${running.seconds.toFixed(1)} s`);
  const now = (await openDrafts()).map(({ id }) => id);
  assert.deepEqual(now.sort(), before.sort());
});
