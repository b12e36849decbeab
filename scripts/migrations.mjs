// Applies the D1 migrations to a local state folder, once per set of migrations. Must not touch a
// remote database: `npm run deploy` does.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { at, say, wrangler } from "./run.mjs";

/** Where wrangler keeps local state when nothing else is said. */
export const LOCAL_STATE = at(".wrangler/state");
const MIGRATIONS = at("src/service/migrations");

/** Applies what this state folder has not seen; a stamp in it spares the second start. */
export async function migrate(state) {
  const hash = createHash("sha256");
  for (const name of readdirSync(MIGRATIONS).sort()) hash.update(name).update(readFileSync(join(MIGRATIONS, name)));
  const stamp = join(state, "migrations.stamp");
  const print = hash.digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === print) return;
  say("applying the database's migrations");
  mkdirSync(state, { recursive: true });
  await wrangler(["d1", "migrations", "apply", "DB", "--local", "--persist-to", state], { quiet: true });
  writeFileSync(stamp, print);
}
