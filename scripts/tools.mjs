// Finds or installs the programs that npm and cargo don't bring: the wasm target, what writes the
// JavaScript beside our Wasm, and a Chromium for the tests. Must not build anything of the product.
//
// They go into the ignored folder `.tools/`, or where COUNTERSIGN_TOOLS says, so that one machine
// can keep them across clones.
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT, Stop, ask, at, main, npmBin, run, say } from "./run.mjs";

const TOOLS = resolve(ROOT, process.env.COUNTERSIGN_TOOLS || ".tools");
const TARGET = "wasm32-unknown-unknown";

let tools;
/** The programs that a build needs: made ready once for all that this process builds. */
export const buildTools = () => (tools ??= ready());

async function ready() {
  await wasmTarget();
  return { bindgen: await bindgen(), wasmOpt: npmBin("wasm-opt") };
}

/** Our small program around wasm-bindgen's library; cargo knows whether it has to be compiled. */
async function bindgen() {
  const folder = join(TOOLS, "target");
  const program = join(folder, "release", "countersign-bindgen");
  if (!existsSync(program)) say("compiling wasm-bindgen, once: less than a minute on two cores");
  await run("cargo", ["build", "--release", "--locked", "--quiet", "--manifest-path", at("scripts/bindgen/Cargo.toml"), "--target-dir", folder], {
    advice: "cargo needs the network and a C compiler (Debian: apt-get install build-essential).",
  });
  return program;
}

/** Rust itself comes from rust-toolchain.toml; a machine may have rustup's automatic installs off. */
async function wasmTarget() {
  const installed = ask("rustc", ["--print", "target-libdir", "--target", TARGET]);
  if (installed && existsSync(installed)) return;
  if (ask("rustup", ["--version"]) === null) {
    throw new Stop("rustup is missing: install it from https://rustup.rs and run this again.");
  }
  if (ask("rustc", ["--version"]) === null) {
    const channel = /^channel = "(.+)"$/m.exec(readFileSync(at("rust-toolchain.toml"), "utf8"))[1];
    say(`installing Rust ${channel}`);
    const components = ["--component", "rustfmt", "--component", "clippy"];
    await run("rustup", ["toolchain", "install", channel, "--profile", "minimal", ...components]);
  }
  say(`adding Rust's target ${TARGET}`);
  await run("rustup", ["target", "add", TARGET], { advice: "rustup needs the network for this." });
}

/** What a Chromium may be called on the PATH, and where it is when it isn't there. */
const CHROMIUM_NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const CHROMIUM_PLACES = [
  "/snap/bin/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/** A Chromium for the tests: one that is there, Debian's, Playwright's, or a sentence what to do. */
export async function chromium() {
  const named = process.env.CHROMIUM_BIN;
  if (named && !existsSync(named)) throw new Stop(`CHROMIUM_BIN names ${named}, which is not there.`);
  const found = named ?? chromiumOnMachine() ?? (await playwrightsChromium());
  if (found) return found;
  if (process.getuid?.() === 0 && ask("apt-get", ["--version"]) !== null) {
    say("installing Debian's Chromium for the tests");
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    const installed = await run("apt-get", ["update"], { env })
      .then(() => run("apt-get", ["install", "--yes", "--no-install-recommends", "chromium"], { env }))
      .then(chromiumOnMachine, () => null);
    if (installed) return installed;
  }
  say("downloading Playwright's Chromium for the tests");
  await run(process.execPath, [at("node_modules/playwright-core/cli.js"), "install", "chromium"], {
    advice: "The tests need a Chromium: install `chromium` or Google Chrome, or set CHROMIUM_BIN to one.",
  });
  return playwrightsChromium();
}

/** A Chromium that is there, if any. */
export function chromiumOnMachine() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const onPath = folders.flatMap((folder) => CHROMIUM_NAMES.map((name) => join(folder, name)));
  return [...onPath, ...CHROMIUM_PLACES].find((path) => existsSync(path));
}

async function playwrightsChromium() {
  const { chromium: browser } = await import("playwright-core");
  const path = browser.executablePath();
  return path && existsSync(path) ? path : null;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    const { bindgen } = await buildTools();
    console.log(`bindgen       ${bindgen}\nchromium      ${await chromium()}`);
  });
}
