// `npm run tenant -- create NAME --lead MAIL [--team TEAM] [--remote | --url URL]`: makes a tenant, its first
// agent key and its first lead's invitation. Shows each once; stores neither.
import { existsSync, readFileSync } from "node:fs";
import { Stop, main, options } from "./run.mjs";
import { localSecrets } from "./secrets.mjs";
import { DEPLOYED, LOCAL_URL, createTenant, credentials, healthy } from "./service.mjs";

const USAGE = `npm run tenant -- create NAME --lead MAIL [--team TEAM] [--remote] [--url URL]
  --team: whose policy it starts with, support, marketing or regulated; without it one that only
  says that everything is reviewed
  without --remote: the Countersign that npm start serves here
  with --remote: the deployed one, as npm run deploy left it in .dev/deployed.json, or where
  COUNTERSIGN_URL (or --url) says, with the secret in COUNTERSIGN_OPERATOR_SECRET`;

/** As `POST /v1/tenants` calls them. */
const TEAMS = ["blank", "support", "marketing", "regulated"];

await main(async () => {
  const asked = options(process.argv.slice(2), { values: ["lead", "url", "team"], flags: ["remote"], usage: USAGE });
  const [verb, name, ...rest] = asked._;
  if (verb !== "create" || !name || !asked.lead || rest.length > 0) throw new Stop(USAGE);
  if (asked.team && !TEAMS.includes(asked.team)) throw new Stop(`no team is called ${asked.team}: ${TEAMS.join(", ")}.`);
  const { url, secret } = asked.remote ? deployed(asked) : local(asked);
  if (!(await healthy(url))) throw new Stop(`no Countersign answers at ${url}.${asked.remote ? "" : " Run npm start first."}`);
  const tenant = await createTenant(url, secret, { name, lead: asked.lead, ...(asked.team ? { team: asked.team } : {}) });
  if (tenant.taken) throw new Stop(`there is a tenant called ${name} already: ${tenant.taken}.`);
  console.log(`
  Tenant ${tenant.name} (${tenant.tenant_id}) is there. This is shown once:

    agent key   ${tenant.agent_key}
    sign-in     ${url}${tenant.sign_in_path}   for ${asked.lead}
`);
});

function local(asked) {
  return { url: asked.url ?? credentials().url ?? LOCAL_URL, secret: localSecrets().OPERATOR_SECRET };
}

function deployed(asked) {
  const known = existsSync(DEPLOYED) ? JSON.parse(readFileSync(DEPLOYED, "utf8")) : {};
  const url = asked.url ?? process.env.COUNTERSIGN_URL ?? known.url;
  const secret = process.env.COUNTERSIGN_OPERATOR_SECRET ?? known.operator_secret;
  if (url && secret) return { url: url.replace(/\/$/, ""), secret };
  throw new Stop(`--remote needs an address and the operator's secret.\n${USAGE}`);
}
