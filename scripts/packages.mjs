// Installs the npm packages when package-lock.json changed. Runs under any Node from 18 and imports
// no package itself. Must not touch package.json or the lock file: `npm ci` only.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, run, say } from "./run.mjs";

/** Makes a folder's node_modules what its package-lock.json says; the root's where none is named. */
export async function npmPackages(folder = ROOT) {
  if (installedMatches(folder)) return;
  say("installing npm packages (about half a minute)");
  // npm's warnings about the system's Node don't matter: the scripts go on under the one it installs.
  await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: folder,
    advice: "npm needs the network the first time. If package.json changed by hand, run `npm install`.",
  });
}

/** Whether what npm left behind, which goes with the folder, has the locked versions. */
function installedMatches(folder) {
  const left = join(folder, "node_modules", ".package-lock.json");
  if (!existsSync(left)) return false;
  const packagesOf = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
  const [locked, installed] = [packagesOf(join(folder, "package-lock.json")), packagesOf(left)];
  return Object.entries(locked).every(
    ([path, entry]) => path === "" || entry.optional || installed[path]?.version === entry.version,
  );
}
