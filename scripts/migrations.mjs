// Applies the D1 migrations to a local state folder, once per set of migrations and server. Must not touch a
// remote database: `npm run deploy` does.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { at, say, wrangler } from "./run.mjs";

/** Where wrangler keeps local state when nothing else is said. */
export const LOCAL_STATE = at(".wrangler/state");
const MIGRATIONS = at("src/service/migrations");
/** Both decide which file of the folder the server opens. */
const SERVER = [at("wrangler.toml"), at("package-lock.json")];

/**
 * Applies what this state folder has not seen; a stamp in it spares the second start. A new folder begins as a
 * copy of one to which all was applied: each test file that starts a server has a folder of its own.
 */
export async function migrate(state) {
  const hash = createHash("sha256");
  const migrations = readdirSync(MIGRATIONS).sort();
  for (const path of [...migrations.map((name) => join(MIGRATIONS, name)), ...SERVER]) hash.update(basename(path)).update(readFileSync(path));
  const stamp = join(state, "migrations.stamp");
  const print = hash.digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === print) return;
  const isNew = !existsSync(state);
  const kept = at("build", `migrated-${print.slice(0, 16)}`);
  mkdirSync(state, { recursive: true });
  if (isNew && existsSync(kept)) {
    cpSync(kept, state, { recursive: true });
  } else {
    say("applying the database's migrations");
    await wrangler(["d1", "migrations", "apply", "DB", "--local", "--persist-to", state], { quiet: true });
    if (isNew) keep(state, kept);
  }
  writeFileSync(stamp, print);
}

/** Copies a folder to where it is whole at once: others may look for it. */
function keep(state, kept) {
  mkdirSync(at("build"), { recursive: true });
  const fresh = mkdtempSync(`${kept}-`);
  cpSync(state, fresh, { recursive: true });
  try {
    renameSync(fresh, kept);
  } catch {
    // Another start was first.
    rmSync(fresh, { recursive: true });
  }
}
