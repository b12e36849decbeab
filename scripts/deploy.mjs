// `npm run deploy [-- --dry-run --words-only]`: puts Countersign on the Cloudflare account that wrangler is
// signed in to. Checks the account, creates D1 if missing, applies migrations, generates missing
// secrets, deploys the release flavour. Must never deploy a development build.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { accountName, databaseId, putThere } from "./account.mjs";
import { build } from "./build.mjs";
import { at, main, options, say, wrangler } from "./run.mjs";
import { weights } from "./weights.mjs";

const USAGE = "npm run deploy [-- --dry-run --words-only]";
/** wrangler.toml with this account's database id, in the ignored folder. */
const CONFIG = at("build", "wrangler.toml");

await main(async () => {
  const asked = options(process.argv.slice(2), { flags: ["dry-run", "words-only"], usage: USAGE });
  const config = readFileSync(at("wrangler.toml"), "utf8");
  const account = asked["dry-run"] ? null : await accountName();
  const byWords = asked["words-only"] || !(await weights());
  await build("page");
  await build("worker", "release");
  if (account === null) {
    writeConfig(config, "00000000-0000-0000-0000-000000000000", byWords);
    await wrangler(["deploy", "--config", CONFIG, "--dry-run", "--outdir", at("build/dry-run")]);
    say("a dry run: the Worker and the page are whole, nothing was sent");
    return;
  }

  writeConfig(config, await databaseId(config), byWords);
  say(`applying the migrations in ${account}`);
  const url = await putThere(CONFIG);
  console.log(`
  Left to you: a domain of your own (dashboard, Workers, Domains), and who may sign in:

    npm run tenant -- create NAME --lead MAIL --remote${url ? "" : " --url https://YOUR-DOMAIN"}
`);
});

/** The same configuration with the id, and what of retrieval can be had; its paths taken from build/. */
function writeConfig(config, id, byWords) {
  const text = config
    .replace(/^database_id = .*$/m, `database_id = "${id}"`)
    .replace(/^RETRIEVAL = "meaning"$/m, (line) => (byWords ? 'RETRIEVAL = "words"' : line))
    .replace(/^(main|directory|migrations_dir) = "(.*)"$/gm, '$1 = "../$2"')
    // The build above made the release flavour; it needs no second look.
    .replace(/^command = .*\n/m, "")
    .replace(/^watch_dir = .*\n/m, "");
  mkdirSync(at("build"), { recursive: true });
  writeFileSync(CONFIG, text);
}
