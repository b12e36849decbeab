// `npm run size`: builds what is deployed and prints its gzipped size against the aims. Measures
// only. The embedder is a Wasm module apart, compiled at deployment and instantiated on first need;
// its weights are an asset that no request loads before. The page's first view is everything that its
// HTML loads, imports of scripts included, and the Wasm of edits: an edit shows its difference at
// once, so that one is fetched with the page.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "./build.mjs";
import { at, main } from "./run.mjs";

/** Kilobytes (1,000 bytes) gzipped that we aim to stay under. */
const AIMS_KB = { Worker: 400, "First view": 120 };

const kb = (file) => gzipSync(readFileSync(file), { level: 9 }).length / 1000;

/** Bytes of the page's first view as it is built, gzipped. */
export function firstView() {
  return pageFiles(at("web/dist")).first.reduce((sum, file) => sum + Math.round(kb(file) * 1000), 0);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main(async () => {
  await build("page");
  await build("worker", "release");
  const worker = ["src/service/entry.js", "build/worker/index.js", "build/worker/index_bg.wasm"].map((path) => at(path));
  report("Embedder", [at("build/embed/embed.wasm"), at("src/embed/embed.js")]);
  const { first, later } = pageFiles(at("web/dist"));
  const within = [report("Worker", worker), report("First view", first)];
  if (later.length > 0) report("On demand", later);
  return within.every(Boolean) ? 0 : 1;
});

/** Prints a group of files; whether it is within its aim. */
function report(name, files) {
  const total = files.reduce((sum, file) => sum + kb(file), 0);
  const aim = AIMS_KB[name];
  console.log(`${name.padEnd(12)} ${total.toFixed(1).padStart(7)} kB${aim ? ` of ${aim} kB` : ""}`);
  for (const file of files) console.log(`  ${kb(file).toFixed(1).padStart(9)}    ${basename(file)}`);
  return aim === undefined || total <= aim;
}

/** What the page loads at once, and the assets that only later views ask for. */
function pageFiles(folder) {
  const assets = existsSync(join(folder, "assets")) ? readdirSync(join(folder, "assets")) : [];
  const textOf = (path) => readFileSync(path, "latin1");
  const wasm = assets.filter((name) => /^page_bg-.*\.wasm$/.test(name));
  const loaders = assets.filter((name) => name.endsWith(".js") && wasm.some((one) => textOf(join(folder, "assets", name)).includes(one)));
  const first = [join(folder, "index.html"), ...[...loaders, ...wasm].map((name) => join(folder, "assets", name))];
  for (const file of first) {
    for (const name of assets) {
      const path = join(folder, "assets", name);
      if (!first.includes(path) && loads(textOf(file), name)) first.push(path);
    }
  }
  const loadable = assets.filter((name) => /\.(js|css|wasm|bin)$/.test(name)).map((name) => join(folder, "assets", name));
  return { first, later: loadable.filter((path) => !first.includes(path)) };
}

/** Whether a text loads a script or style by itself: by a tag or a static import. */
function loads(text, name) {
  const quoted = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const tag = new RegExp(`(?:src|href)="[^"]*${quoted}"`);
  const statically = new RegExp(`(?:from|import)\\s*["'\`][^"'\`]*${quoted}["'\`]`);
  return tag.test(text) || statically.test(text);
}
