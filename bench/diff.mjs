// Measures the word diff beside npm's: jsdiff, diff-match-patch and fast-myers-diff, in one run, in
// one engine, on the same documents; ours is Wasm, with the crossing and JSON.parse counted. Prints
// microseconds a document and how long each script is. It must not tune anybody's settings:
// `diffWords` and the defaults are what people call.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildTools } from '../scripts/tools.mjs';
import { peers } from './peers/packages.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const options = process.argv.slice(2);
const named = (name) => {
  const at = options.indexOf(`--${name}`);
  return at < 0 ? undefined : options[at + 1];
};
const folder = process.env.COUNTERSIGN_DATA ?? join(root, '../shared/data');
const file = named('data') ?? join(folder, 'edits/documents.jsonl');

if (!existsSync(file)) {
  console.log(`bench diff: ${file} is not there, skipped`);
  process.exit(0);
}

const require = createRequire(import.meta.url);
const peer = await peers();
const jsdiff = peer('diff');
const DiffMatchPatch = peer('diff-match-patch');
const { diff: fastMyers } = peer('fast-myers-diff');
const { bindgen } = await buildTools();
const ours = wasm();

// Builds the Wasm and loads it.
function wasm() {
  const target = 'wasm32-unknown-unknown';
  const quiet = { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] };
  const build = ['build', '--release', '--target', target, '--package', 'countersign-bench-wasm'];
  execFileSync('cargo', build, quiet);
  const targetFolder = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
  const built = join(targetFolder, target, 'release/countersign_bench_wasm.wasm');
  const out = join(targetFolder, 'bench-wasm');
  execFileSync(bindgen, [built, 'nodejs', out, 'countersign_bench_wasm']);
  // What it writes is CommonJS; what is around it isn't.
  writeFileSync(join(out, 'package.json'), '{"type": "commonjs"}');
  return require(join(out, 'countersign_bench_wasm.js'));
}

const dmp = new DiffMatchPatch();
dmp.Diff_Timeout = 0; // no clock: the same script every time
// fast-myers-diff compares any sequences; it is given the words and marks, cut by one expression.
const cut = (text) => text.match(/[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu) ?? [];

const libraries = {
  countersign: (before, after) => JSON.parse(ours.diff(before, after)),
  jsdiff_words: (before, after) => jsdiff.diffWords(before, after),
  jsdiff_words_with_space: (before, after) => jsdiff.diffWordsWithSpace(before, after),
  diff_match_patch: (before, after) => dmp.diff_main(before, after),
  fast_myers_diff: (before, after) => [...fastMyers(cut(before), cut(after))],
};

// The visible characters that a script deletes and inserts. `diffWords` passes over changed blank
// space, so blank space is not counted for anyone.
const visible = (text) => text.replace(/\s+/gu, '').length;
const sum = (list, of) => list.reduce((total, item) => total + of(item), 0);
const scriptLength = {
  countersign: ({ changes }) =>
    sum(changes.filter((change) => change.kind !== 'keep'), ({ text, parts }) =>
      parts ? sum(parts.filter((part) => part.changed), (part) => visible(part.text)) : visible(text)),
  countersign_whole_words: ({ changes }) =>
    sum(changes.filter((change) => change.kind !== 'keep'), (change) => visible(change.text)),
  jsdiff_words: (script) => sum(script.filter((c) => c.added || c.removed), (c) => visible(c.value)),
  jsdiff_words_with_space: (script) =>
    sum(script.filter((c) => c.added || c.removed), (c) => visible(c.value)),
  diff_match_patch: (script) => sum(script.filter(([kind]) => kind !== 0), ([, text]) => visible(text)),
};

// Checks that our script gives the new text, so that speed is not bought with wrong answers.
function verify({ before, after }) {
  const { changes } = libraries.countersign(before, after);
  const side = (skipped) => changes.filter((c) => c.kind !== skipped).map((c) => c.text).join('');
  if (changes.length && (side('insert') !== before || side('delete') !== after)) {
    throw new Error(`the script does not give the new text: ${before.slice(0, 60)}`);
  }
}

// Microseconds a call, the median of rounds over all pairs.
function microseconds(run, pairs, rounds) {
  const times = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = process.hrtime.bigint();
    for (const { before, after } of pairs) run(before, after);
    times.push(Number(process.hrtime.bigint() - start) / 1000 / pairs.length);
  }
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)];
}

// A text of some 10 KB with a word changed every 200 characters or so, made of the documents.
function tenKilobytes(documents) {
  const before = documents.map((document) => document.before).join('\n').slice(0, 10_240);
  let word = 0;
  const after = before.replace(/\p{L}{4,}/gu, (text) => ((word += 1) % 25 ? text : `re${text}`));
  return { before, after };
}

const lines = readFileSync(file, 'utf8').split('\n').filter((line) => line.trim());
const documents = lines.map((line) => JSON.parse(line));
if (!documents.length) {
  console.error(`bench diff: ${file} has no rows`);
  process.exit(1);
}
const long = tenKilobytes(documents);
documents.forEach(verify);
verify(long);

// Everyone is warmed up on the documents before anyone is measured.
for (const run of Object.values(libraries)) for (const d of documents) run(d.before, d.after);
const figures = { documents: documents.length, microseconds: {}, long_microseconds: {}, characters: {} };
const tenth = (number) => Math.round(number * 10) / 10;
for (const [name, run] of Object.entries(libraries)) {
  figures.microseconds[name] = tenth(microseconds(run, documents, 9));
  figures.long_microseconds[name] = tenth(microseconds(run, [long], 31));
}
for (const [name, length] of Object.entries(scriptLength)) {
  const run = libraries[name] ?? libraries.countersign;
  figures.characters[name] = Math.round(sum(documents, (d) => length(run(d.before, d.after))) / documents.length);
}
figures.ratio_to_jsdiff = tenth(figures.microseconds.jsdiff_words / figures.microseconds.countersign);
figures.longer_than_jsdiff = documents.filter((d) =>
  scriptLength.countersign(libraries.countersign(d.before, d.after)) >
    scriptLength.jsdiff_words(libraries.jsdiff_words(d.before, d.after))).length;
figures.classify_microseconds = tenth(microseconds(ours.classify, documents, 5));

console.log(`${documents.length} documents; microseconds a document, a 10 KB text, characters of the script`);
for (const name of Object.keys(libraries)) {
  const { microseconds: each, long_microseconds: longest, characters } = figures;
  console.log(`${name.padEnd(24)} ${String(each[name]).padStart(9)} ${String(longest[name]).padStart(10)} ` +
    `${String(characters[name] ?? '').padStart(7)}`);
}
console.log(`${figures.ratio_to_jsdiff} times as fast as jsdiff's words; ` +
  `${figures.longer_than_jsdiff} scripts longer than jsdiff's`);
if (options.includes('--json')) console.log(JSON.stringify(figures));
