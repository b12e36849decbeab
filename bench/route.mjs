// Measures deciding over 50 guardrails beside Cedar, Rego and CEL (bench/peers, native, one run,
// verdicts compared draft by draft), and ours as Wasm in workerd. What is timed of each engine stands
// at the head of bench/peers/main.rs and of the engine's file. It must not tune anybody's settings.
//
// The clock of workerd stands still while a request computes, so requests with many rounds are timed
// from outside, and requests with no round are taken off.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Miniflare } from 'miniflare';
import { buildTools } from '../scripts/tools.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const targetFolder = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
const DRAFTS = 1_000;
const REPEATS = 7;
const { bindgen } = await buildTools();

// Builds and runs the native part.
function native() {
  const target = join(targetFolder, 'peers');
  const manifest = join(root, 'bench/peers/Cargo.toml');
  const build = ['build', '--locked', '--release', '--quiet', '--manifest-path', manifest, '--target-dir', target];
  execFileSync('cargo', build, { stdio: ['ignore', 'ignore', 'inherit'] });
  const out = execFileSync(join(target, 'release/countersign-bench-peers'), { encoding: 'utf8' });
  return JSON.parse(out.trim().split('\n').pop());
}

// Builds the Wasm for workerd, and returns its two modules.
function wasm() {
  const target = 'wasm32-unknown-unknown';
  const build = ['build', '--locked', '--release', '--quiet', '--target', target, '--package', 'countersign-bench-wasm'];
  execFileSync('cargo', build, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  const built = join(targetFolder, target, 'release/countersign_bench_wasm.wasm');
  const out = join(targetFolder, 'bench-workerd');
  execFileSync(bindgen, [built, 'web', out, 'bench']);
  return [readFileSync(join(out, 'bench.js'), 'utf8'), new Uint8Array(readFileSync(join(out, 'bench_bg.wasm')))];
}

const WORKER = `
import module from "./bench_bg.wasm";
import { initSync, RouteBench } from "./bench.js";
let bench;
export default {
  fetch(request) {
    if (!bench) {
      initSync({ module });
      bench = new RouteBench(${DRAFTS});
    }
    const { pathname, searchParams } = new URL(request.url);
    bench[pathname.slice(1)](Number(searchParams.get("rounds")));
    return new Response("done");
  },
};`;

// Nanoseconds a decision in workerd, of each of the three ways.
async function workerd() {
  const [glue, binary] = wasm();
  const miniflare = new Miniflare({
    workers: [
      {
        config: {
          name: 'bench',
          compatibilityDate: '2026-11-01',
          manifest: {
            mainModule: 'worker.js',
            modules: {
              'worker.js': { type: 'esm', contents: WORKER },
              'bench.js': { type: 'esm', contents: glue },
              'bench_bg.wasm': { type: 'wasm', contents: binary },
            },
          },
        },
      },
    ],
  });
  try {
    const timed = async (path, rounds) => {
      const start = process.hrtime.bigint();
      const response = await miniflare.dispatchFetch(`http://bench.test/${path}?rounds=${rounds}`);
      const text = await response.text();
      if (text !== 'done') throw new Error(text);
      return Number(process.hrtime.bigint() - start);
    };
    const figures = {};
    for (const [path, rounds] of [['rule', 1_000], ['decide', 100], ['route', 10]]) {
      await timed(path, Math.ceil(rounds / 5));
      const [full, empty] = [[], []];
      for (let repeat = 0; repeat < REPEATS; repeat += 1) {
        empty.push(await timed(path, 0));
        full.push(await timed(path, rounds));
      }
      figures[path] = Math.round((median(full) - median(empty)) / rounds / DRAFTS);
    }
    return figures;
  } finally {
    await miniflare.dispose();
  }
}

const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];

const { ns, verdicts, left_out: leftOut } = native();
const inWorkerd = await workerd();
const figures = {
  ns: {
    countersign: ns.countersign,
    cedar: ns.cedar,
    rego: Math.min(ns.rego_interpreted, ns.rego_compiled ?? Infinity),
    cel: ns.cel,
  },
  wasm_ns: inWorkerd.rule,
  decision_ns: ns.decision,
  wasm_decision_ns: inWorkerd.decide,
  with_signals_ns: ns.with_signals,
  wasm_with_signals_ns: inWorkerd.route,
};
const fastest = Math.min(figures.ns.cedar, figures.ns.rego, figures.ns.cel);
const tenth = (number) => Math.round(number * 10) / 10;

const percent = (share) => `${Math.round(share * 100)} %`;
console.log(`50 guardrails, 10,000 drafts: ${percent(verdicts.release)} released, ${percent(verdicts.review)} ` +
  `reviewed, ${percent(verdicts.human)} to a person; ${percent(verdicts.no_guardrail)} met no guardrail, ` +
  `${verdicts.guardrails_that_spoke} of 50 spoke; all engines agree on every draft`);
console.log('\nnanoseconds a draft, facts and signals given        native    workerd');
const line = (name, native, wasm) =>
  console.log(`${name.padEnd(50)} ${String(native).padStart(8)} ${String(wasm ?? '').padStart(10)}`);
line('countersign (Compiled::rule)', ns.countersign, inWorkerd.rule);
line('cedar (is_authorized)', ns.cedar);
line('rego (interpreted)', ns.rego_interpreted);
line('rego (compiled)', ns.rego_compiled ?? `${leftOut.rego_compiled} drafts differ`);
line('cel (programs in order)', ns.cel);
console.log('\nours alone');
line('facts read, ruled, put in words (decide)', ns.decision, inWorkerd.decide);
line('the same, signals found first (route)', ns.with_signals, inWorkerd.route);
console.log(`\n${tenth(fastest / ns.countersign)} times as fast as the fastest peer; ` +
  `${tenth(fastest / ns.decision)} times, reading and wording counted for us alone`);
if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ ratio_to_fastest_peer: tenth(fastest / ns.countersign), ...figures }));
}
