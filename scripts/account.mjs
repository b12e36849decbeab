// What stands on the Cloudflare account that wrangler is signed in to: its database, the Worker and the
// Worker's secrets. Must not build anything, nor replace a secret that is there: that would make every
// key and session invalid, and what is sealed unreadable.
import { execFile } from "node:child_process";
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ROOT, Stop, WRANGLER_ENV, at, npmBin, say, wrangler } from "./run.mjs";
import { SECRETS, freshSecret } from "./secrets.mjs";
import { DEPLOYED, writePrivate } from "./service.mjs";

/** Asks wrangler for JSON; where it fails, the answer is what `otherwise` makes of its words. */
async function wranglerJson(args, otherwise) {
  const options = { cwd: ROOT, env: { ...process.env, ...WRANGLER_ENV } };
  const [error, stdout, stderr] = await new Promise((done) =>
    execFile(npmBin("node"), [at("node_modules/wrangler/bin/wrangler.js"), ...args], options, (...ended) => done(ended)),
  );
  const told = `${stdout}${stderr}`;
  try {
    if (!error) return JSON.parse(stdout);
  } catch {
    // What it printed is no answer.
  }
  const answer = otherwise?.(told);
  if (answer !== undefined) return answer;
  throw new Stop(`wrangler ${args.slice(0, 2).join(" ")} failed: run this again once it answers. It said:\n${told.trim()}`);
}

/** The account's name, or a sentence that says how to sign in. */
export async function accountName() {
  const { accounts = [] } = await wranglerJson(["whoami", "--json"], () => ({}));
  if (accounts.length === 0) {
    throw new Stop("wrangler is not signed in: run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN to a token that may edit Workers and D1.");
  }
  const chosen = process.env.CLOUDFLARE_ACCOUNT_ID;
  if (accounts.length > 1 && !chosen) {
    const list = accounts.map(({ id, name }) => `  ${id}  ${name}`).join("\n");
    throw new Stop(`there are several accounts: set CLOUDFLARE_ACCOUNT_ID to one of\n${list}`);
  }
  return accounts.find(({ id }) => id === chosen)?.name ?? accounts[0].name;
}

/** The id of the database that a configuration names; it is created when it isn't there. */
export async function databaseId(config) {
  const name = /^database_name = "(.+)"$/m.exec(config)[1];
  const idOf = async () => (await wranglerJson(["d1", "list", "--json"])).find((database) => database.name === name)?.uuid;
  const found = await idOf();
  if (found) return found;
  const jurisdiction = jurisdictionArgs(config);
  say(`creating the D1 database ${[name, ...jurisdiction].join(" ")}`);
  await wrangler(["d1", "create", name, ...jurisdiction], { quiet: true, advice: "The token needs the permission to edit D1." });
  const created = await idOf();
  if (created) return created;
  throw new Stop(`the database ${name} was created but is not in the list yet: run this again in a minute.`);
}

/** What keeps a new database where the objects are kept, by the configuration's variable. */
function jurisdictionArgs(config) {
  const wanted = /^JURISDICTION = "(\w*)"$/m.exec(config)[1];
  return wanted ? ["--jurisdiction", wanted] : [];
}

/**
 * Brings the database up to date, and puts the Worker there with the secrets that it lacks. Answers its
 * address where wrangler tells one.
 */
export async function putThere(config, { deployed = DEPLOYED } = {}) {
  await wrangler(["d1", "migrations", "apply", "DB", "--remote", "--config", config]);
  const fresh = await missingSecrets(config);
  const isFresh = Object.keys(fresh).length > 0;
  // Before they are in use: a deployment that fails half-way may have set them.
  if (isFresh) keep(deployed, fresh);
  const secretsFile = join(dirname(config), "secrets.json");
  try {
    if (isFresh) writePrivate(secretsFile, fresh);
    say("deploying");
    const output = await wrangler(["deploy", "--config", config, ...(isFresh ? ["--secrets-file", secretsFile] : [])], {
      quiet: true,
      advice: "If the account has no workers.dev subdomain yet, choose one in the dashboard under Workers: wrangler can't. Then run this again.",
    });
    process.stdout.write(output);
    const url = /https:\/\/[^\s]+\.workers\.dev/.exec(output)?.[0];
    const known = knownOf(deployed);
    if (url && known && !known.url) writePrivate(deployed, { url, ...known });
    return url;
  } finally {
    rmSync(secretsFile, { force: true });
  }
}

/** Values for the secrets that the Worker doesn't have; all of them before its first deployment. */
async function missingSecrets(config) {
  // Only a Worker that isn't there has none: whatever else fails says nothing of what it has.
  const none = (told) => (/Worker "[^"]+" not found/.test(told) ? [] : undefined);
  const listed = await wranglerJson(["secret", "list", "--config", config, "--format", "json"], none);
  const there = listed.map(({ name }) => name);
  return Object.fromEntries(SECRETS.filter((name) => !there.includes(name)).map((name) => [name, freshSecret()]));
}

const knownOf = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : null);

/** Writes down what is nowhere else; a Worker without the operator's secret isn't the one that the file knows. */
function keep(file, { OPERATOR_SECRET, ...fresh }) {
  const known = knownOf(file);
  if (known && OPERATOR_SECRET) {
    const beside = file.replace(/\.json$/, `-until-${new Date().toISOString().replace(/\W/g, "")}.json`);
    renameSync(file, beside);
    say(`the secrets of before are in ${basename(beside)}`);
  }
  const start = OPERATOR_SECRET ? { operator_secret: OPERATOR_SECRET } : known;
  writePrivate(file, { ...start, secrets: { ...start?.secrets, ...fresh } });
  say(`the Worker's secrets are in ${basename(dirname(file))}/${basename(file)}: keep them safe, they can be read nowhere else`);
}
