// Builds the Worker (build/worker) and the page (web/dist): `build.mjs [worker|page|release|all]
// [--development|--release]`. Does nothing when nothing changed. Must not start or deploy anything.
//
// The Worker has two flavours. `--development` adds the cargo feature of that name (development
// sign-in, a route that panics for the tests) and optimises less, so that a changed rule is live in
// seconds. `--release` is what is deployed and measured; it is made in build/release, where it stays.
// build/worker holds one of the two at a time, and its stamp says which: wrangler.toml runs this
// before every bundle, so that a deployment never carries the other flavour.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { LOCAL_STATE, migrate } from "./migrations.mjs";
import { EMBEDDER, embedder } from "./embedder.mjs";
import { ROOT, Stop, at, cargoTarget, main, npmBin, options, run, say } from "./run.mjs";
import { localSecrets } from "./secrets.mjs";
import { buildTools } from "./tools.mjs";
import { SERVED_WEIGHTS, placeWeights } from "./weights.mjs";

const USAGE = "npm run build, or: node scripts/build.mjs [worker|page|release|all] [--development|--release]";
const TARGET = "wasm32-unknown-unknown";
/** Written by the builds themselves: never an input. */
const OUTPUTS = new Set(["node_modules", "dist", "pkg", "build", "target"]);
const RUST = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "src/policy", "src/embed", "scripts/bindgen"];
const NPM = ["package-lock.json"];
/** What the page loads at once, and what only leads and auditors load, on demand. */
const PAGE_CRATES = ["page", "judge", "workbench"];
/** Longer than any build takes: an older folder is what a Ctrl-C left. */
const FRESH_MS_MAX = 3_600_000;
/** For whatever compiles the service, since cargo wouldn't see it change: futures of `js_sys`, which the `worker` crate is made for. */
export const SERVICE_ENV = { WASM_BINDGEN_USE_JS_SYS: "1" };

const WORKER = [...RUST, ...NPM, "src/service", "scripts/embedder.mjs"];

/** What each product is made from, the file that proves it is there, and how it is made. */
const PRODUCTS = {
  worker: { inputs: WORKER, output: "build/worker/index.js", make: makeWorker },
  release: { inputs: WORKER, output: "build/release/index.js", make: makeRelease },
  wasm: { inputs: [...RUST, "web/Cargo.toml", "web/bindings.rs", "web/judge", "web/workbench"], output: "web/pkg/page.js", make: makeWasm },
  page: { inputs: [...RUST, ...NPM, "web", "openapi.json"], output: "web/dist/index.html", make: makePage },
};

const stampOf = (name) => at("build", `${name}.stamp`);

/** Whether a product was built from the inputs as they are, in this flavour. */
function isBuilt(name, flavour) {
  const { inputs, output } = PRODUCTS[name];
  if (inputs === WORKER && !existsSync(EMBEDDER)) return false;
  const stamp = stampOf(name);
  return existsSync(at(output)) && existsSync(stamp) && readFileSync(stamp, "utf8") === fingerprint(inputs, flavour);
}

/** Builds a product unless that is done. */
export async function build(name, flavour) {
  const { inputs, output, make } = PRODUCTS[name];
  // The page and its Wasm have one flavour: what is tested is what is shipped.
  const wanted = name === "worker" ? flavour : "release";
  if (isBuilt(name, wanted)) {
    if (name === "page") placeWeights();
    return false;
  }
  // What changes while it builds is built next time.
  const print = fingerprint(inputs, wanted);
  const stamp = stampOf(name);
  const started = Date.now();
  say(`building the ${name} (${wanted})`);
  // What ends halfway must not pass for what was there before.
  rmSync(stamp, { force: true });
  await make(wanted);
  if (name === "page") placeWeights();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, print);
  say(`${output} is built (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  return true;
}

/** A hash of the inputs' paths and contents, of the flavour and of how it is built. */
function fingerprint(inputs, flavour) {
  const hash = createHash("sha256").update(flavour);
  for (const file of ["scripts/build.mjs", ...inputs].flatMap(filesBelow)) {
    hash.update(`\0${relative(ROOT, file)}\0`).update(readFileSync(file));
  }
  return hash.digest("hex");
}

function filesBelow(path) {
  const full = at(path);
  if (!existsSync(full)) return [];
  if (statSync(full).isFile()) return [full];
  return readdirSync(full, { withFileTypes: true })
    .filter((entry) => !OUTPUTS.has(entry.name) && !entry.name.startsWith("."))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(join(path, entry.name)) : [join(full, entry.name)]));
}

async function makeWorker(flavour) {
  if (flavour === "development") return compileWorker("development", "build/worker", ["--features", "development"]);
  await build("release");
  cpSync(at("build/release"), at("build/worker"), { recursive: true });
}

/** Apart from the flavour that the tests run, so that both can be made at once. */
async function makeRelease() {
  const { wasmOpt } = await compileWorker("worker", "build/release");
  // Where a function with one caller stays apart, more of it is like others, and compresses.
  await shrink(wasmOpt, at("build/release/index_bg.wasm"), "--one-caller-inline-max-function-size=0");
}

/** The Rust Worker and the JavaScript that calls it, in one piece. */
async function compileWorker(profile, folder, features = []) {
  const tools = await buildTools();
  await embedder();
  await run("cargo", ["build", "--locked", "--profile", profile, "--target", TARGET, "--package", "countersign-service", "--lib", ...features], {
    env: SERVICE_ENV,
    advice: "The compiler's first error above says where.",
  });
  await afresh(folder, async (fresh) => {
    const made = join(fresh, "made");
    await run(tools.bindgen, [join(cargoTarget(), TARGET, profile, "countersign_service.wasm"), "worker", made, "index"]);
    const words = ["--bundle", "--minify", "--format=esm", "--external:./index_bg.wasm", "--log-level=warning"];
    await run(npmBin("esbuild"), [join(made, "index.js"), ...words, `--outfile=${join(fresh, "index.js")}`]);
    // wrangler's bundler knows the compiled module by a plain import only.
    const bundled = readFileSync(join(fresh, "index.js"), "utf8");
    writeFileSync(join(fresh, "index.js"), bundled.replace("import source ", "import "));
    renameSync(join(made, "index_bg.wasm"), join(fresh, "index_bg.wasm"));
    rmSync(made, { recursive: true });
  });
  return tools;
}

/** The policy crate as the page calls it. */
async function makeWasm() {
  const tools = await buildTools();
  await run("cargo", ["build", "--locked", "--profile", "page", "--target", TARGET, ...PAGE_CRATES.flatMap((name) => ["--package", `countersign-${name}`])], {
    advice: "The compiler's first error above says where.",
  });
  const target = cargoTarget();
  for (const name of PAGE_CRATES) {
    const wasm = join(target, TARGET, "page", `countersign_${name}.wasm`);
    await run(tools.bindgen, [wasm, "web", at("web/pkg"), name]);
  }
  // The first view is waited for; what is loaded on demand is not worth minutes of every build.
  await shrink(tools.wasmOpt, at("web/pkg/page_bg.wasm"));
  await shrink(tools.wasmOpt, at("web/pkg/judge_bg.wasm"));
}

async function makePage() {
  await build("wasm");
  await afresh("web/dist", async (fresh) => {
    await run(npmBin("node"), [at("node_modules/vite/bin/vite.js"), "build", "web", "--outDir", fresh, "--logLevel", "warn"], {
      advice: "Vite's first error above says where.",
    });
    // Served as it is, so that the Worker needn't carry it.
    mkdirSync(join(fresh, "v1"));
    writeFileSync(join(fresh, "v1/openapi.json"), JSON.stringify(JSON.parse(readFileSync(at("openapi.json"), "utf8"))));
  });
}

/** A server that runs reads what is built at any moment: what is made elsewhere is put there once it is whole. */
async function afresh(folder, make) {
  mkdirSync(at("build"), { recursive: true });
  for (const left of readdirSync(at("build")).filter((name) => name.startsWith("fresh-")).map((name) => at("build", name))) {
    const made = statSync(left, { throwIfNoEntry: false })?.mtimeMs;
    if (made < Date.now() - FRESH_MS_MAX) rmSync(left, { recursive: true, force: true });
  }
  const fresh = mkdtempSync(at("build/fresh-"));
  try {
    await make(fresh);
    place(fresh, at(folder));
  } finally {
    rmSync(fresh, { recursive: true });
  }
}

/** Moves the files of a folder to another, which loses those that it had besides; what is the same stays. */
function place(from, to) {
  const filesOf = (folder) => readdirSync(folder, { recursive: true }).filter((name) => statSync(join(folder, name)).isFile());
  // What names the others comes last.
  const wanted = filesOf(from).sort((a, b) => a.endsWith(".html") - b.endsWith(".html"));
  for (const name of wanted) {
    const [made, served] = [join(from, name), join(to, name)];
    if (existsSync(served) && readFileSync(served).equals(readFileSync(made))) continue;
    mkdirSync(dirname(served), { recursive: true });
    renameSync(made, served);
  }
  const gone = filesOf(to).filter((name) => !wanted.includes(name) && join(to, name) !== SERVED_WEIGHTS);
  for (const name of gone) rmSync(join(to, name));
}

/**
 * Optimises a Wasm file in place; drops the names, which would only be downloaded and parsed, after
 * putting the functions in their order: copies of one for several types stand together, and a fiftieth
 * of the file compresses away.
 */
async function shrink(wasmOpt, file, ...more) {
  const features = ["mutable-globals", "sign-ext", "nontrapping-float-to-int", "bulk-memory", "multivalue", "reference-types", "exception-handling"];
  const enabled = features.map((feature) => `--enable-${feature}`);
  const ordered = `${file}.ordered`;
  await run(wasmOpt, [file, "-o", ordered, "-g", "-Oz", "--reorder-functions-by-name", ...more, ...enabled]);
  await run(wasmOpt, [ordered, "-o", file, "--strip-debug", ...enabled]);
  rmSync(ordered);
}

/** The flavour that was asked for, or that wrangler's command implies. */
function flavourOf(asked) {
  if (asked.release) return "release";
  if (asked.development) return "development";
  return ["dev", undefined].includes(process.env.WRANGLER_COMMAND) ? "development" : "release";
}

/** What a plain `wrangler dev` lacks on a fresh clone; `npm start` has done it before. */
async function prepareLocal() {
  localSecrets();
  if (!existsSync(at(PRODUCTS.page.output))) await build("page");
  await migrate(LOCAL_STATE);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    // `npm start` builds by itself: wrangler lets every request wait until its command has ended.
    if (process.env.COUNTERSIGN_STARTED) return;
    const asked = options(process.argv.slice(2), { flags: ["development", "release"], usage: USAGE });
    const [what = "all"] = asked._;
    const names = what === "all" ? ["worker", "page"] : [what];
    for (const name of names) {
      if (!PRODUCTS[name]) throw new Stop(USAGE);
      await build(name, flavourOf(asked));
    }
    if (process.env.WRANGLER_COMMAND === "dev") await prepareLocal();
  });
}
