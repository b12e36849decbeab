// `npm run licences`: holds the licence of every crate and npm package against a list of those we
// accept. Works offline, from what is installed. Must not guess: a package without one fails.
import { existsSync, readFileSync } from "node:fs";
import { Stop, ask, at, main } from "./run.mjs";

/** What may become part of what we ship: Rust crates, and the page's runtime. */
const SHIPPED = new Set([
  "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0",
  "CC0-1.0", "ISC", "MIT", "MIT-0", "Unicode-3.0", "Unlicense", "Zlib",
]);
/** What tools may have beside these: they run on a developer's machine and are not passed on. */
const TOOLS = new Set([...SHIPPED, "BlueOak-1.0.0", "CC-BY-4.0", "LGPL-3.0-or-later", "MPL-2.0", "Python-2.0"]);

await main(async () => {
  const packages = [...crates(), ...npmPackages()];
  const refused = packages.filter(({ licence, allowed }) => !licence || !accepts(licence, allowed));
  for (const { name, licence } of refused) console.error(`${name}: ${licence || "no licence"} is not on the list`);
  if (refused.length > 0) throw new Stop("put the licence on the list in scripts/licences.mjs, or do without the package.");
  console.log(`${packages.length} packages, every licence is on the list`);
});

function crates() {
  const host = /^host: (.+)$/m.exec(ask("rustc", ["-vV"]) ?? "")?.[1];
  const found = new Map();
  const wasm = { platform: "wasm32-unknown-unknown", allowed: SHIPPED };
  // What is shipped, too, is held to the shorter list: it comes last.
  for (const { platform, allowed, of = "Cargo.toml" } of [{ platform: host, allowed: TOOLS, of: "scripts/bindgen/Cargo.toml" }, { platform: host, allowed: SHIPPED }, wasm]) {
    const words = ["--offline", "--locked", "--format-version", "1", "--filter-platform", platform, "--manifest-path", at(of)];
    const text = ask("cargo", ["metadata", ...words]);
    if (text === null) throw new Stop("cargo metadata failed: build first, so that every crate is here.");
    for (const { name, version, license } of JSON.parse(text).packages) {
      found.set(`${name} ${version}`, { name: `${name} ${version}`, licence: license, allowed });
    }
  }
  return [...found.values()];
}

function npmPackages() {
  const { packages } = JSON.parse(readFileSync(at("package-lock.json"), "utf8"));
  return Object.entries(packages)
    .filter(([path]) => path !== "" && existsSync(at(path, "package.json")))
    .map(([path, { version, dev }]) => {
      const { license, licenses } = JSON.parse(readFileSync(at(path, "package.json"), "utf8"));
      const licence = license?.type ?? license ?? licenses?.map(({ type }) => type).join(" OR ");
      return { name: `${path.replace(/^.*node_modules\//, "")} ${version}`, licence, allowed: dev ? TOOLS : SHIPPED };
    });
}

/** Whether an SPDX expression can be met with the allowed licences. */
function accepts(expression, allowed) {
  const words = expression.replaceAll("/", " OR ").match(/[()]|[^\s()]+/g) ?? [];
  let place = 0;
  const either = () => {
    let met = both();
    while (words[place] === "OR") {
      place += 1;
      met = both() || met;
    }
    return met;
  };
  const both = () => {
    let met = one();
    while (words[place] === "AND") {
      place += 1;
      met = one() && met;
    }
    return met;
  };
  const one = () => {
    if (words[place] === "(") {
      place += 1;
      const met = either();
      place += 1;
      return met;
    }
    let name = words[place++];
    if (words[place] === "WITH") name += ` WITH ${words[(place += 2) - 1]}`;
    return allowed.has(name);
  };
  return either() && place === words.length;
}
