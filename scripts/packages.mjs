// Installs the npm packages when package-lock.json changed. Runs under any Node from 18 and imports
// no package itself. Must not touch package.json or the lock file: `npm ci` only.
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { at, run, say } from "./run.mjs";

const LOCK = at("package-lock.json");
/** The lock file that node_modules was made from; `npm ci` wipes it with the folder. */
const STAMP = at("node_modules", ".countersign-lock.json");

/** Makes node_modules what package-lock.json says. */
export async function npmPackages() {
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === readFileSync(LOCK, "utf8")) return;
  if (!existsSync(STAMP) && existsSync(at("node_modules/.package-lock.json")) && installedMatches()) {
    copyFileSync(LOCK, STAMP);
    return;
  }
  say("installing npm packages (about half a minute)");
  // npm's warnings about the system's Node don't matter: the scripts go on under the one it installs.
  await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    advice: "npm needs the network the first time. If package.json changed by hand, run `npm install`.",
  });
  copyFileSync(LOCK, STAMP);
}

/** Whether what `npm ci` or `npm install` left behind, run by hand, has the locked versions. */
function installedMatches() {
  const locked = JSON.parse(readFileSync(LOCK, "utf8")).packages;
  const installed = JSON.parse(readFileSync(at("node_modules/.package-lock.json"), "utf8")).packages;
  return Object.entries(locked).every(
    ([path, entry]) => path === "" || entry.optional || installed[path]?.version === entry.version,
  );
}
