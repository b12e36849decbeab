// `npm run deploy [-- --dry-run --words-only]`: puts Countersign on the Cloudflare account that wrangler is
// signed in to. Checks the account, creates D1 if missing, applies migrations, generates missing
// secrets, deploys the release flavour. Must never deploy a development build, nor replace a secret
// that is there: that would make every key and session invalid.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { build } from "./build.mjs";
import { Stop, WRANGLER_ENV, ask, at, main, npmBin, options, say, wrangler } from "./run.mjs";
import { SECRETS, freshSecret } from "./secrets.mjs";
import { DEPLOYED, writePrivate } from "./service.mjs";
import { weights } from "./weights.mjs";

const USAGE = "npm run deploy [-- --dry-run --words-only]";
/** wrangler.toml with this account's database id, in the ignored folder. */
const CONFIG = at("build", "wrangler.toml");
const SECRETS_FILE = at("build", "secrets.json");

await main(async () => {
  const asked = options(process.argv.slice(2), { flags: ["dry-run", "words-only"], usage: USAGE });
  const account = asked["dry-run"] ? null : accountOf();
  const retrieval = !asked["words-only"] && (await weights()) ? "meaning" : "words";
  await build("page");
  await build("worker", "release");
  if (account === null) {
    writeConfig("00000000-0000-0000-0000-000000000000", retrieval);
    await wrangler(["deploy", "--config", CONFIG, "--dry-run", "--outdir", at("build/dry-run")]);
    say("a dry run: the Worker and the page are whole, nothing was sent");
    return;
  }

  writeConfig(await databaseId(), retrieval);
  say(`applying the migrations in ${account}`);
  await wrangler(["d1", "migrations", "apply", "DB", "--remote", "--config", CONFIG]);
  const fresh = missingSecrets();
  try {
    if (Object.keys(fresh).length > 0) writePrivate(SECRETS_FILE, fresh);
    const secretsFile = Object.keys(fresh).length > 0 ? ["--secrets-file", SECRETS_FILE] : [];
    say("deploying");
    const output = await wrangler(["deploy", "--config", CONFIG, ...secretsFile], {
      quiet: true,
      advice: "If the account has no workers.dev subdomain yet, choose one in the dashboard under Workers: wrangler can't.",
    });
    process.stdout.write(output);
    remember(output, fresh);
  } finally {
    rmSync(SECRETS_FILE, { force: true });
  }
});

/** Runs wrangler for its JSON; null when it fails. */
function wranglerJson(args) {
  const text = ask(npmBin("node"), [at("node_modules/wrangler/bin/wrangler.js"), ...args], { env: WRANGLER_ENV });
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The account's name, or a sentence that says how to sign in. */
function accountOf() {
  const who = wranglerJson(["whoami", "--json"]);
  const accounts = who?.accounts ?? [];
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

/** The id of the database that wrangler.toml names; it is created when it isn't there. */
async function databaseId() {
  const name = /^database_name = "(.+)"$/m.exec(readFileSync(at("wrangler.toml"), "utf8"))[1];
  const idOf = () => wranglerJson(["d1", "list", "--json"])?.find((database) => database.name === name)?.uuid;
  const found = idOf();
  if (found) return found;
  const jurisdiction = jurisdictionArgs(readFileSync(at("wrangler.toml"), "utf8"));
  say(`creating the D1 database ${[name, ...jurisdiction].join(" ")}`);
  await wrangler(["d1", "create", name, ...jurisdiction], { quiet: true, advice: "The token needs the permission to edit D1." });
  const created = idOf();
  if (created) return created;
  throw new Stop(`the database ${name} was created but is not in the list yet: run this again in a minute.`);
}

/** What keeps a new database where the objects are kept, by the configuration's variable. */
function jurisdictionArgs(config) {
  const wanted = /^JURISDICTION = "(\w*)"$/m.exec(config)[1];
  return wanted ? ["--jurisdiction", wanted] : [];
}

/** The same configuration with the id and the retrieval, its paths taken from build/. */
function writeConfig(id, retrieval) {
  const text = readFileSync(at("wrangler.toml"), "utf8")
    .replace(/^database_id = .*$/m, `database_id = "${id}"`)
    .replace(/^RETRIEVAL = .*$/m, `RETRIEVAL = "${retrieval}"`)
    .replace(/^(main|directory|migrations_dir) = "(.*)"$/gm, '$1 = "../$2"')
    // The build above made the release flavour; it needs no second look.
    .replace(/^command = .*\n/m, "")
    .replace(/^watch_dir = .*\n/m, "");
  mkdirSync(at("build"), { recursive: true });
  writeFileSync(CONFIG, text);
}

/** Values for the secrets that the Worker doesn't have; all of them before its first deployment. */
function missingSecrets() {
  const there = new Set((wranglerJson(["secret", "list", "--config", CONFIG, "--format", "json"]) ?? []).map(({ name }) => name));
  return Object.fromEntries(SECRETS.filter((name) => !there.has(name)).map((name) => [name, freshSecret()]));
}

/** Keeps what `npm run tenant -- … --remote` needs, and says what is left to a person. */
function remember(output, fresh) {
  const url = /https:\/\/[^\s]+\.workers\.dev/.exec(output)?.[0];
  if (fresh.OPERATOR_SECRET) {
    writePrivate(DEPLOYED, { url, operator_secret: fresh.OPERATOR_SECRET });
    say("the operator's secret is in .dev/deployed.json: keep it safe, it is nowhere else");
  }
  console.log(`
  Left to you: a domain of your own (dashboard, Workers, Domains), and who may sign in:

    npm run tenant -- create NAME --lead MAIL --remote${url ? "" : " --url https://YOUR-DOMAIN"}
`);
}
