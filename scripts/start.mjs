// `npm start [-- --port N --state DIR --credentials FILE --quiet]`: installs what is missing, builds,
// and serves Countersign on localhost with a demo tenant, until Ctrl-C. Must not touch anything
// remote.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { rmSync, utimesSync, watch } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { build } from "./build.mjs";
import { arrivals, demoTenant, seedDemo } from "./demo.mjs";
import { LOCAL_STATE, migrate } from "./migrations.mjs";
import { ROOT, Stop, WRANGLER_ENV, asTyped, at, endGroup, main, npmBin, options, ownChildren, run, say, together } from "./run.mjs";
import { localSecrets } from "./secrets.mjs";
import { CREDENTIALS, healthy, writePrivate } from "./service.mjs";

const USAGE = "npm start -- [--port N] [--state DIR] [--credentials FILE] [--quiet]";
/** Longer than the slowest machine needs to start workerd. */
const READY_MS = 60_000;
/** Within this the server has noticed that a file changed. */
const NOTICED_MS = 1_000;
/** After a polite signal, how long the server may take to end. */
const GRACE_MS = 5_000;

await main(async () => {
  const asked = options(process.argv.slice(2), { values: ["port", "state", "credentials"], flags: ["quiet"], usage: USAGE });
  const port = portOf(asked.port ?? "8787");
  const state = asked.state ? asTyped(asked.state) : LOCAL_STATE;
  const url = `http://localhost:${port}`;
  await claim(state, url);
  if (!(await portIsFree(port))) throw new Stop(`port ${port} is taken: npm start -- --port ${port + 1}`);

  const secrets = localSecrets();
  await together(build("page"), build("worker", "development"));
  await migrate(state);
  const server = serve(port, state);
  try {
    await Promise.race([ready(url), server.ended.then(() => Promise.reject(new Stop("the server ended; its last lines say why.")))]);
    const tenant = await demoTenant(url, secrets.OPERATOR_SECRET, join(state, "demo.json"));
    await seedDemo(url, tenant, join(state, "demo.json"));
    announce(url, tenant, asked.credentials ? asTyped(asked.credentials) : CREDENTIALS);
    const end = interrupted();
    ownChildren();
    // The first start fetches the weights while the server runs: until then memory knows words.
    const whenMade = run(process.execPath, [at("scripts/weights.mjs")]);
    whenMade.catch((error) => say(`no sentence embedder: ${error.message.split("\n")[0]}`));
    const stopWatching = watchSources(url);
    const stopArrivals = asked.quiet ? () => {} : arrivals(url, tenant);
    await Promise.race([server.ended, end]);
    stopArrivals();
    stopWatching();
  } finally {
    await server.stop();
  }
  // Timers and watchers must not hold the process when the server is gone.
  process.exit(0);
});

function portOf(text) {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new Stop(`${text} is not a port.\n${USAGE}`);
}

/**
 * Makes sure that nobody else serves this state: two servers would each take themselves for the only writer of its objects.
 * Whoever has it listens at a socket, which is dead when they are.
 */
async function claim(state, url) {
  const name = createHash("sha256").update(state).digest("hex").slice(0, 16);
  const socket = join(tmpdir(), `countersign-${name}.sock`);
  if (await listens(socket, url)) return;
  const there = await answerAt(socket);
  if (there !== null) throw new Stop(`${state} is served already, at ${there}: open that, or npm start -- --port N --state DIR.`);
  rmSync(socket, { force: true });
  await claim(state, url);
}

/** Whether this process may go on: nobody was at the socket, and it now is, until it ends; or there can be none here. */
function listens(socket, url) {
  return new Promise((done) => {
    const server = createServer((peer) => peer.on("error", () => {}).end(url));
    server.once("error", ({ code }) => done(code !== "EADDRINUSE"));
    server.unref().listen(socket, () => {
      process.on("exit", () => rmSync(socket, { force: true }));
      done(true);
    });
  });
}

/** What is said at a socket; null where nobody is. */
function answerAt(socket) {
  return new Promise((done) => {
    let said = "";
    const peer = connect(socket);
    peer.on("data", (data) => (said += data));
    peer.on("error", () => done(null));
    peer.on("close", () => done(said));
  });
}

function portIsFree(port) {
  return new Promise((done) => {
    const probe = createServer();
    probe.once("error", () => done(false));
    probe.listen(port, "localhost", () => probe.close(() => done(true)));
  });
}

/**
 * Starts `wrangler dev` in a process group of its own, so that the end of it is the end of workerd
 * and of a build under way too. It gets no terminal: wrangler would take the keyboard.
 */
function serve(port, state) {
  say("starting the server");
  const child = spawn(
    npmBin("node"),
    [
      at("node_modules/wrangler/bin/wrangler.js"),
      ...["dev", "--ip", "localhost", "--port", String(port), "--persist-to", state],
      ...["--show-interactive-dev-session=false", "--log-level", "warn"],
    ],
    { cwd: ROOT, env: { ...process.env, ...WRANGLER_ENV, COUNTERSIGN_STARTED: "1" }, stdio: ["ignore", "inherit", "inherit"], detached: true },
  );
  const ended = new Promise((done) => {
    child.on("error", done);
    child.on("exit", done);
  });
  const stop = async () => {
    endGroup(child.pid, "SIGTERM");
    const until = Date.now() + GRACE_MS;
    while (endGroup(child.pid, 0) && Date.now() < until) await pause(50);
    endGroup(child.pid, "SIGKILL");
  };
  // Whatever ends this process ends the server.
  process.on("exit", () => endGroup(child.pid, "SIGKILL"));
  return { ended, stop };
}

function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

async function ready(url) {
  const until = Date.now() + READY_MS;
  while (Date.now() < until) {
    if (await healthy(url)) return;
    await pause(100);
  }
  throw new Stop(`${url}/v1/health did not answer within ${READY_MS / 1000} s.`);
}

function interrupted() {
  return new Promise((done) => {
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, done);
  });
}

/** Says where everything is, to people and to programs. */
function announce(url, { agent_key, sign_in_path }, file) {
  const sign_in_url = url + sign_in_path;
  writePrivate(file, { url, agent_key, sign_in_url });
  console.log(`
  Countersign is running. Open the review page:

    ${sign_in_url}

  Post a draft as an agent would, and see it arrive on the page:

    curl ${url}/v1/drafts \\
      -H 'authorization: Bearer ${agent_key}' \\
      -H 'content-type: application/json' \\
      -H "idempotency-key: first-$(date +%s)" \\
      -d '{"agent": "support-agent", "kind": "message", "channel": "email", "category": "support.how_to",
           "message": "How do I add a colleague?",
           "draft": {"text": "Open Settings, then People, and choose Invite."},
           "conversation": {"id": "first", "head": "m1",
             "messages": [{"id": "m1", "role": "customer", "text": "How do I add a colleague?"}]}}'

  The same for programs is in ${relative(ROOT, file)}. A change below src/ or web/ is live within seconds.
  Ctrl-C ends everything; the state stays.
`);
}

/**
 * Builds what a change asks for, the Worker before the page: what decides is live sooner than what
 * shows. The server goes on as it is until then; touching its entry makes it take what is built.
 */
function watchSources(url) {
  let timer;
  let last = Promise.resolve();
  const rebuild = async () => {
    for (const [name, flavour] of [["worker", "development"], ["page"]]) {
      if (!(await build(name, flavour))) continue;
      utimesSync(at("src/service/entry.js"), new Date(), new Date());
      await pause(NOTICED_MS);
      // Requests wait while it reloads.
      await ready(url);
    }
  };
  const watchers = ["web", "src"].map((folder) =>
    watch(at(folder), { recursive: true }, (_event, name) => {
      if (!name || /^(dist|pkg|node_modules)\b|^\.|~$/.test(name)) return;
      clearTimeout(timer);
      timer = setTimeout(() => {
        last = last.then(rebuild).catch((error) => console.error(error.message));
      }, 500);
    }),
  );
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}
