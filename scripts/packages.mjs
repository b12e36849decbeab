// Installs the npm packages when package-lock.json changed. Runs under any Node from 18 and imports
// no package itself. Must not touch package.json or the lock file: `npm ci` only.
import { existsSync, readFileSync } from "node:fs";
import { at, run, say } from "./run.mjs";

const LOCK = at("package-lock.json");
/** What npm says that it installed; it goes with the folder. */
const INSTALLED = at("node_modules", ".package-lock.json");

/** Makes node_modules what package-lock.json says. */
export async function npmPackages() {
  if (existsSync(INSTALLED) && installedMatches()) return;
  say("installing npm packages (about half a minute)");
  // npm's warnings about the system's Node don't matter: the scripts go on under the one it installs.
  await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    advice: "npm needs the network the first time. If package.json changed by hand, run `npm install`.",
  });
}

/** Whether what npm left behind has the locked versions. */
function installedMatches() {
  const packagesOf = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
  const [locked, installed] = [packagesOf(LOCK), packagesOf(INSTALLED)];
  return Object.entries(locked).every(
    ([path, entry]) => path === "" || entry.optional || installed[path]?.version === entry.version,
  );
}
