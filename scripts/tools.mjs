// Finds or installs the programs that npm and cargo don't bring: the wasm target, worker-build,
// wasm-bindgen, and a Chromium for the tests. Must not build anything of the project itself.
//
// They go into the ignored folder `.tools/`, or where COUNTERSIGN_TOOLS says, so that one machine
// can keep them across clones. Versions are those of Cargo.toml.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT, Stop, ask, at, main, npmBin, run, say } from "./run.mjs";

const TOOLS = resolve(ROOT, process.env.COUNTERSIGN_TOOLS || ".tools");
const TARGET = "wasm32-unknown-unknown";
/** How long to wait for a download's first byte before compiling instead. */
const PROBE_MS = 5_000;

/** Everything a build needs; answers the environment that makes worker-build use it. */
export async function buildTools() {
  await wasmTarget();
  const workerBuild = await cargoTool("worker-build", "worker-build", versionOf("worker"), "some 6 minutes");
  const wasmBindgen = await wasmBindgenTool();
  return {
    workerBuild,
    wasmBindgen,
    wasmOpt: npmBin("wasm-opt"),
    env: { WASM_BINDGEN_BIN: wasmBindgen, ESBUILD_BIN: npmBin("esbuild"), WASM_OPT_BIN: npmBin("wasm-opt") },
  };
}

/** The exact version that Cargo.toml pins for a dependency. */
function versionOf(name) {
  const found = new RegExp(`^${name} = "=([0-9.]+)"`, "m").exec(readFileSync(at("Cargo.toml"), "utf8"));
  if (!found) throw new Stop(`Cargo.toml pins no exact version of ${name}.`);
  return found[1];
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

/** The wasm-bindgen program: the one named, ours, worker-build's, a download, or a compilation. */
async function wasmBindgenTool() {
  const version = versionOf("wasm-bindgen");
  const fits = (path) => path && ask(path, ["--version"])?.split(" ").pop() === version;
  const named = process.env.WASM_BINDGEN_BIN;
  if (fits(named)) return named;
  const compiled = join(TOOLS, "bin", "wasm-bindgen");
  if (fits(compiled)) return compiled;
  const download = wasmBindgenDownload(version);
  if (download && fits(join(download.folder, "wasm-bindgen"))) return join(download.folder, "wasm-bindgen");
  if (download && (await fetched(download)) && fits(join(download.folder, "wasm-bindgen"))) {
    return join(download.folder, "wasm-bindgen");
  }
  return cargoTool("wasm-bindgen-cli", "wasm-bindgen", version, "some 4 minutes");
}

/** Where worker-build keeps the wasm-bindgen that it downloads, and from where; null if it can't. */
function wasmBindgenDownload(version) {
  const arch = { x64: "x86_64", arm64: "aarch64" }[process.arch];
  const system = { linux: "unknown-linux-musl", darwin: "apple-darwin" }[process.platform];
  if (!arch || !system) return null;
  const cache = {
    linux: process.env.XDG_CACHE_HOME || join(homedir(), ".cache"),
    darwin: join(homedir(), "Library", "Caches"),
  }[process.platform];
  const target = `${arch}-${system}`;
  return {
    folder: join(cache, "worker-build", `wasm-bindgen-${target}-${version}`),
    url: `https://github.com/wasm-bindgen/wasm-bindgen/releases/download/${version}/wasm-bindgen-${version}-${target}.tar.gz`,
  };
}

/** Downloads a release into the folder; false, without complaint, where the network doesn't allow. */
async function fetched({ url, folder }) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), PROBE_MS);
  try {
    const response = await fetch(url, { signal: controller.signal });
    if (!response.ok) return false;
    clearTimeout(timer);
    say("downloading wasm-bindgen");
    const archive = join(tmpdir(), `wasm-bindgen-${process.pid}.tar.gz`);
    writeFileSync(archive, Buffer.from(await response.arrayBuffer()));
    mkdirSync(folder, { recursive: true });
    await run("tar", ["-xzf", archive, "-C", folder, "--strip-components=1"], { quiet: true });
    rmSync(archive);
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** Compiles a program once into the tools folder. */
async function cargoTool(crate, program, version, time) {
  const path = join(TOOLS, "bin", program);
  if (ask(path, ["--version"])?.split(" ").pop() === version) return path;
  say(`compiling ${crate} ${version}, once: ${time} on two cores`);
  const folder = join(TOOLS, "target");
  await run("cargo", ["install", crate, "--version", version, "--locked", "--force", "--root", TOOLS], {
    env: { CARGO_TARGET_DIR: folder, CARGO_PROFILE_RELEASE_LTO: "off", CARGO_PROFILE_RELEASE_OPT_LEVEL: "1" },
    advice: "cargo needs the network, a C compiler and, on Linux, OpenSSL's headers (Debian: apt-get install build-essential pkg-config libssl-dev).",
  });
  return path;
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

function chromiumOnMachine() {
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
    const { workerBuild, wasmBindgen } = await buildTools();
    console.log(`worker-build  ${workerBuild}\nwasm-bindgen  ${wasmBindgen}\nchromium      ${await chromium()}`);
    console.log(`kept in       ${dirname(workerBuild)}`);
  });
}
