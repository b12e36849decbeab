// A running Countersign as `npm start` gives it, and a real Chromium that looks at its page. Must not
// reach into either: what a person can't see or type is not used here.
import { spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { localSecrets } from "../scripts/secrets.mjs";
import { createTenant } from "../scripts/service.mjs";
import { chromiumOnMachine } from "../scripts/tools.mjs";
import { until } from "./countersign.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Builds may come first, on a machine that does other things too. */
const START_S = 600;
const STOP_S = 20;
/** Servers that start at once look for free ports of their own, and can find the same one. */
const STARTS_MAX = 3;
/** No graphics card, no sandbox of its own in a container, and not a word to the network. */
const CHROMIUM_ARGS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

/** A Countersign and a browser for all tests of a file: they end after the last. */
export async function shared() {
  const service = await served();
  const chrome = await browser();
  after(async () => {
    await chrome.close();
    await service.stop();
  });
  return { service, chrome };
}

/** Starts a browser: the one that CHROMIUM_BIN names, or one of this machine. */
export function browser() {
  const executablePath = process.env.CHROMIUM_BIN ?? chromiumOnMachine();
  if (!executablePath) throw new Error("no Chromium: install one, or name one by CHROMIUM_BIN");
  return chromium.launch({ executablePath, args: CHROMIUM_ARGS, timeout: 120_000 });
}

/**
 * Starts Countersign with its demo tenant in a folder of its own; nothing of it outlives `stop`. Where
 * COUNTERSIGN_STATE and COUNTERSIGN_URL name one that runs, that one is used.
 */
export async function served(starts = STARTS_MAX) {
  if (process.env.COUNTERSIGN_STATE) return running(process.env.COUNTERSIGN_STATE, process.env.COUNTERSIGN_URL);
  const folder = mkdtempSync(join(tmpdir(), "countersign-page-"));
  const file = join(folder, "credentials.json");
  const words = ["--port", String(await freePort()), "--state", join(folder, "state"), "--credentials", file, "--quiet"];
  const child = spawn(process.execPath, [join(ROOT, "scripts/start.mjs"), ...words], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output = (output + chunk).slice(-8_000)));
  // Whatever ends this process, a failing test or a signal, ends what it started.
  const atExit = () => killAll(child.pid);
  const atSignal = () => process.exit(1);
  process.on("exit", atExit);
  process.on("SIGTERM", atSignal).on("SIGINT", atSignal);

  async function stop() {
    const family = descendants(child.pid);
    child.kill("SIGTERM");
    await until(() => !family.some(isAlive), { seconds: STOP_S }).catch(() => family.forEach(kill));
    process.off("exit", atExit).off("SIGTERM", atSignal).off("SIGINT", atSignal);
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }

  try {
    await until(() => existsSync(file) || child.exitCode !== null, { seconds: START_S });
    const credentials = JSON.parse(readFileSync(file, "utf8"));
    return { ...running(join(folder, "state"), credentials.url), ...credentials, stop };
  } catch (error) {
    await stop();
    if (starts > 1 && output.includes("Address already in use")) return served(starts - 1);
    throw new Error(`Countersign did not start: ${error.message}\n${output}`);
  }
}

/** What is served already, by its state folder and address. */
function running(state, url) {
  const { tenant_id, agent_key, sign_in_path } = JSON.parse(readFileSync(join(state, "demo.json"), "utf8"));
  /** A link that signs another person of a tenant in. */
  const inviteTo = (tenant) => async (mail, role) => {
    const headers = { authorization: `Bearer ${localSecrets().OPERATOR_SECRET}`, "content-type": "application/json" };
    const answer = await fetch(`${url}/v1/tenants/${tenant}/invitations`, { method: "POST", headers, body: JSON.stringify({ mail, role }) });
    return `${url}/#invitation=${(await answer.json()).invitation}`;
  };
  /** A tenant of its own, in which nothing has happened yet. */
  async function emptyTenant() {
    const made = await createTenant(url, localSecrets().OPERATOR_SECRET, { name: `Empty ${randomUUID()}`, lead: "lead@empty.example", reusable_invitation: true });
    return { url, agent_key: made.agent_key, sign_in_url: url + made.sign_in_path, invite: inviteTo(made.tenant_id) };
  }
  return { url, agent_key, sign_in_url: url + sign_in_path, invite: inviteTo(tenant_id), emptyTenant, stop: async () => {} };
}

/** A port that nobody listens on. */
export function freePort() {
  return new Promise((done, failed) => {
    const probe = createServer().on("error", failed);
    probe.listen(0, "localhost", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

/** A process and everything below it: the server has a process group of its own. */
function descendants(pid) {
  const table = spawnSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).stdout ?? "";
  const pairs = table.trim().split("\n").map((line) => line.trim().split(/\s+/).map(Number));
  const found = [pid];
  for (const parent of found) found.push(...pairs.filter(([, above]) => above === parent).map(([below]) => below));
  return found;
}

const killAll = (pid) => descendants(pid).forEach(kill);
const kill = (pid) => signal(pid, "SIGKILL");
const isAlive = (pid) => signal(pid, 0);

function signal(pid, name) {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
