// Runs other programs for the scripts: prints what happens, streams their output, stops with a
// sentence that says what to do. Imports nothing but Node; knows nothing about what is built.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root folder. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** The oldest Node that wrangler and Miniflare accept. */
const NODE_MIN = [22, 12];

/** A path below the root. */
export const at = (...parts) => join(ROOT, ...parts);

/** A path as the person typed it: relative to where `npm run` was called, not to the root. */
export const asTyped = (path) => resolve(process.env.INIT_CWD ?? process.cwd(), path);

/** A failure that has been explained: shown without a stack. */
export class Stop extends Error {}

/** Prints a step's name on a line of its own. */
export function say(text) {
  console.error(`\x1b[1m==>\x1b[0m ${text}`);
}

/** Process groups that end with this process; null until `ownChildren` is called. */
let groups = null;

/**
 * From now on a program that `run` starts gets a group of its own, which ends with this process:
 * for a server, which a supervisor may stop while it rebuilds. Its caller handles signals, since a
 * terminal's Ctrl-C no longer reaches those programs.
 */
export function ownChildren() {
  groups = new Set();
  process.on("exit", () => groups.forEach((pid) => endGroup(pid, "SIGKILL")));
}

/** Signals a process group; false when it is gone. */
export function endGroup(pid, signal) {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}

/** Runs a program and streams its output; a failure stops with `advice`. */
export async function run(command, args, { advice, cwd = ROOT, env, quiet = false } = {}) {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: quiet ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
    detached: groups !== null,
  });
  groups?.add(child.pid);
  let output = "";
  child.stdout?.on("data", (chunk) => (output += chunk));
  child.stderr?.on("data", (chunk) => (output += chunk));
  const result = await new Promise((done) => {
    child.on("error", (error) => done(error.code === "ENOENT" ? "is not installed" : error.message));
    child.on("exit", (code, signal) => done(code === 0 ? null : `ended with ${signal ?? code}`));
  });
  groups?.delete(child.pid);
  if (result === null) return output;
  if (quiet) process.stderr.write(output);
  throw new Stop(`${command} ${args.slice(0, 3).join(" ")} ${result}.${advice ? `\n${advice}` : ""}`);
}

/** Waits for all of them, so that none goes on when the first failure is told. */
export async function together(...steps) {
  const ended = await Promise.allSettled(steps);
  for (const { status, reason } of ended) if (status === "rejected") throw reason;
}

/** What a program prints, or null when it is missing or fails. */
export function ask(command, args, { cwd = ROOT, env } = {}) {
  const answer = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    maxBuffer: 256 * 1024 * 1024,
  });
  return answer.status === 0 ? answer.stdout.trim() : null;
}

/** Where cargo puts what it builds. */
export const cargoTarget = () =>
  JSON.parse(ask("cargo", ["metadata", "--locked", "--no-deps", "--format-version", "1"])).target_directory;

/** A program that an npm package brought. */
export const npmBin = (name) => at("node_modules", ".bin", name);

/** Runs wrangler under the Node that it accepts. */
export const wrangler = (args, options = {}) =>
  run(npmBin("node"), [at("node_modules/wrangler/bin/wrangler.js"), ...args], {
    ...options,
    env: { ...WRANGLER_ENV, ...options.env },
  });

/** What wrangler is told everywhere: no metrics, no look at the network for a local server. */
export const WRANGLER_ENV = {
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_HIDE_BANNER: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
};

/**
 * Starts a script: installs the npm packages when they are missing, goes on under the Node that
 * wrangler accepts, and turns a failure into one clear sentence and exit code 1.
 */
export async function main(body) {
  try {
    const { npmPackages } = await import("./packages.mjs");
    await npmPackages();
    const [major, minor] = process.versions.node.split(".").map(Number);
    const oldNode = major < NODE_MIN[0] || (major === NODE_MIN[0] && minor < NODE_MIN[1]);
    process.exitCode = oldNode ? await again() : ((await body()) ?? 0);
  } catch (error) {
    console.error(error instanceof Stop ? `\x1b[31mstopped:\x1b[0m ${error.message}` : error);
    process.exitCode = 1;
  }
}

/** Runs this same script under the Node from node_modules and answers its exit code. */
function again() {
  const node = npmBin("node");
  if (!existsSync(node)) throw new Stop("node_modules has no Node: run `npm ci` again.");
  const child = spawn(node, process.argv.slice(1), { stdio: "inherit" });
  // A terminal sends Ctrl-C to both; a supervisor's signal reaches only this one and is passed on.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  return new Promise((done) => {
    child.on("error", (error) => done((console.error(error.message), 1)));
    child.on("exit", (code) => done(code ?? 1));
  });
}

/** Splits `--name value`, `--flag` and plain words; an unknown option stops with the usage. */
export function options(words, { values = [], flags = [], usage }) {
  const found = { _: [] };
  for (let i = 0; i < words.length; i += 1) {
    const [word, glued] = words[i].split(/=(.*)/s, 2);
    const name = word.replace(/^--/, "");
    if (!word.startsWith("--")) found._.push(words[i]);
    else if (flags.includes(name)) found[name] = true;
    else if (values.includes(name)) {
      found[name] = glued ?? words[(i += 1)];
      if (found[name] === undefined) throw new Stop(`${word} needs a value.\n${usage}`);
    } else throw new Stop(`unknown option ${word}.\n${usage}`);
  }
  return found;
}
