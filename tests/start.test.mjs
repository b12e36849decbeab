// The commands that a developer types: `npm start` with its demo tenant, every request of README.md and
// docs/, `npm run tenant` and `npm run replay` against it, Ctrl-C, and a second start. It must not know
// how the server is made.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { at } from "../scripts/run.mjs";
import { changePolicy, postDraft, signIn } from "../scripts/service.mjs";
import { freePort } from "./browser.mjs";
import { until, verdictOn } from "./countersign.mjs";
import { built } from "./program.mjs";
import { receive } from "./receiver.mjs";

/** Longer than a loaded machine needs to start the server and to post the demo's drafts. */
const START_MS = 180_000;
const folder = mkdtempSync(join(tmpdir(), "countersign-start-"));
const file = join(folder, ".dev", "credentials.json");
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

/** `npm start` until it says where it is: what it printed, how long it took, and Ctrl-C. */
async function start(on = port) {
  const begun = performance.now();
  const args = ["scripts/start.mjs", "--port", on, "--state", join(folder, "state"), "--credentials", file, "--quiet"];
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

test("a page that is built again while it is served changes no file of it", async () => {
  const served = at("web", "dist");
  const files = () =>
    readdirSync(served, { recursive: true }).sort().map((name) => [name, statSync(join(served, name)).mtimeMs]);
  const before = files();
  const stamp = at("build", "page.stamp");
  rmSync(stamp);
  await output(process.execPath, [at("scripts", "build.mjs"), "page"]);
  assert.ok(existsSync(stamp), "it was built");
  assert.deepEqual(files(), before);
});

test("a second server on the same state is refused, and says where the first one is", async () => {
  const second = start(await freePort()).then((started) => started.stop(), (error) => error.message);
  assert.match(String(await second), new RegExp(`is served already, at http://localhost:${port}:`));
});

test("the printed request posts a draft", async () => {
  const [, body] = running.printed.match(/-d '(.*?)'/s);
  const { url, agent_key } = credentials();
  const { status } = await postDraft(url, agent_key, JSON.parse(body));
  assert.equal(status, 201);
});

/** The fenced blocks of a document, in order. */
const blocks = (document) =>
  [...readFileSync(at(document), "utf8").matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, text]) => ({ language, text }));

/** Whether an answer holds what a document shows of it; `…` in a text stands for anything. */
function shows(answer, shown, where = "") {
  if (typeof shown === "string") {
    const [before, after] = shown.split("…");
    assert.ok(after === undefined ? answer === before : answer?.startsWith(before), `${where}: ${answer} is not ${shown}`);
  } else if (typeof shown === "object") {
    for (const [name, part] of Object.entries(shown)) shows(answer?.[name], part, `${where}/${name}`);
  } else assert.equal(answer, shown, where);
}

/** A program's output, while this process goes on. */
async function output(command, args, env = {}) {
  const child = spawn(command, args, { cwd: folder, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise((done, fail) => child.on("error", fail).on("close", done));
  const chunks = await child.stdout.toArray();
  assert.equal(await exited, 0, `${command} failed: ${chunks.join("")}`);
  return chunks.join("");
}

/** A lead at their page, who approves what those agents post. */
async function approving(agents) {
  const session = await signIn(credentials().sign_in_url);
  await changePolicy(session, "no waiting", (document) => ({ ...document, undo_window_s: 0 }));
  // What the demo's reviewers changed is learnt once it can't be taken back.
  await until(async () => (await session("/v1/corrections")).body.corrections.length >= 4);
  let goesOn = true;
  const ended = (async () => {
    while (goesOn) {
      const { body } = await session("/v1/queue?limit=200");
      for (const { id } of body.drafts.filter(({ agent, status }) => agents.includes(agent) && status === "held")) {
        const shown = (await session(`/v1/drafts/${id}`)).body;
        const put = { method: "PUT", body: verdictOn(shown, { kind: "approve" }) };
        // The document's own requests may have overtaken it.
        await session(`/v1/drafts/${id}/verdict`, put).catch(() => {});
      }
      await new Promise((done) => setTimeout(done, 200));
    }
  })();
  return () => ((goesOn = false), ended);
}

for (const document of ["README.md", "docs/agents.md", "docs/operating.md"]) {
  test(`every request of ${document} runs as it stands and answers what is shown`, async () => {
    const all = blocks(document);
    const isRun = ({ language, text }) => language === "sh" && /^(curl|lead|URL=)/m.test(text);
    const script = all.filter(isRun).map(({ text }) => `${text}\necho; echo =====\n`);
    const stop = await approving(["my-agent", "refund-agent"]);
    const printed = (await output("bash", ["-euo", "pipefail", "-c", script.join("")]).finally(stop)).split("=====\n");
    let answer = null;
    let compared = 0;
    for (const block of all) {
      if (isRun(block)) answer = printed.shift().trim();
      if (block.language !== "json") continue;
      shows(JSON.parse(answer), JSON.parse(block.text), document);
      compared += 1;
    }
    assert.ok(compared >= 2, `${compared} answers of ${document}`);
  });
}

test("the loop in Python that the documents show", async (context) => {
  if (spawnSync("python3", ["--version"]).status !== 0) return context.skip("there is no Python");
  const loop = blocks("docs/agents.md").find(({ text }) => text.includes("def review("));
  const { url, agent_key } = credentials();
  const draft = JSON.parse(running.printed.match(/-d '(.*?)'/s)[1]);
  const stop = await approving(["refund-agent"]);
  const ask = `print(json.dumps(review({"reply": json.loads(os.environ["DRAFT"])})["reply"]))`;
  const env = { URL: url, KEY: agent_key, DRAFT: JSON.stringify({ ...draft, agent: "refund-agent" }) };
  const answer = await output("python3", ["-c", `${loop.text}\n${ask}`], env).finally(stop);
  shows(JSON.parse(answer), { status: "approved", outgoing: { text: draft.draft.text } });
});

test("a tool that asks by itself and raises is reported as failed", async (context) => {
  if (spawnSync("python3", ["--version"]).status !== 0) return context.skip("there is no Python");
  const shown = ["def review(", "def action(", "def reviewed("].map((words) => blocks("docs/agents.md").find(({ text }) => text.includes(words)).text);
  const { url, agent_key } = credentials();
  const tool = `
asked, thread, turn = "You charged me twice.", "ticket-raises", "m1"

@reviewed
def refund(invoice):
    raise OSError("the bank is closed")

try: refund(invoice="2211")
except OSError: print(json.dumps(review({"call": action("refund", {"invoice": "2211"})})["call"]))`;
  const stop = await approving(["refund-agent"]);
  const answer = await output("python3", ["-c", [...shown, tool].join("\n")], { URL: url, KEY: agent_key }).finally(stop);
  shows(JSON.parse(answer), { status: "failed" });
});

test("that loop asks again where nothing answers, and says what is wrong with a request", async (context) => {
  if (spawnSync("python3", ["--version"]).status !== 0) return context.skip("there is no Python");
  const { text } = blocks("docs/agents.md").find(({ text }) => text.includes("def call("));
  const { url, agent_key } = credentials();
  // A line that is cut, a service that is out of order, one that is asked too often; then the real one.
  const line = await receive(async ({ path }, response, calls) => {
    if (calls.length === 1) return void response.destroy();
    if (calls.length < 4) return void response.writeHead(calls.length === 2 ? 503 : 429, { "retry-after": "0" }).end();
    const answer = await fetch(url + path, { headers: { authorization: `Bearer ${agent_key}` } });
    response.writeHead(answer.status).end(await answer.text());
  });
  const ask = 'print(call("GET", "/v1/health")["status"])\ntry: call("GET", "/v1/drafts/made-up")\nexcept ValueError as said: print(json.loads(str(said))["code"])';
  const printed = await output("python3", ["-c", `${text}\n${ask}`], { URL: line.url, KEY: agent_key }).finally(line.stop);
  assert.deepEqual(printed.trim().split("\n"), ["ok", "not_found"]);
  assert.equal(line.calls.length, 5);
});

test("the record that docs/operating.md fetches is proved as it shows", async () => {
  const verify = blocks("docs/operating.md").find(({ text }) => text.includes("-- verify"));
  const shown = blocks("docs/operating.md").find(({ language }) => language === "text").text.trim().split("\n");
  const program = built();
  const printed = await output("bash", ["-euo", "pipefail", "-c", verify.text.replaceAll("cargo run -q -p countersign --", program)]);
  const lines = printed.trim().split("\n");
  assert.equal(lines.length, shown.length, printed);
  for (const [at, line] of shown.entries()) shows(lines[at], line, "docs/operating.md");
});

test("a tenant is made, once, and a file of drafts is replayed into it", () => {
  const { url } = credentials();
  const made = script("tenant.mjs", "create", "Larch", "--lead", "lead@larch.example", "--team", "support", "--url", url);
  assert.equal(made.status, 0, made.stderr);
  const [key] = made.stdout.match(/csa_\w+/);
  const [, id] = made.stdout.match(/Tenant Larch \((.+?)\)/);
  const again = script("tenant.mjs", "create", "Larch", "--lead", "lead@larch.example", "--url", url);
  assert.equal(again.status, 1);
  assert.match(again.stderr, new RegExp(`there is a tenant called Larch already: .*${id}`));

  const drafts = readFileSync(at("scripts/demo.jsonl"), "utf8").split("\n").slice(0, 5);
  writeFileSync(join(folder, "drafts.jsonl"), drafts.join("\n"));
  const replayed = script("replay.mjs", join(folder, "drafts.jsonl"), "--url", url, "--key", key);
  assert.equal(replayed.status, 0, replayed.stdout + replayed.stderr);
  assert.match(replayed.stdout, /^drafts +5$/m);
  assert.match(replayed.stdout, /^errors +0$/m);
  assert.match(script("replay.mjs", join(folder, "others.jsonl"), "--url", url, "--key", key).stderr, /others\.jsonl is not there/);
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
