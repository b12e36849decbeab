// The workbench's Wasm in a thread of its own: a policy is replayed and a log checked while the page
// stays awake. Answers one question after the other. Must not fetch anything but its Wasm.
import load, { LogCheck, Replay, check_proof, lint_policy } from "../../../pkg/workbench.js";
import type { Asked } from "./bench";

let replay: Replay;
let check: LogCheck;
const loaded = load().then(() => {
  replay = new Replay();
  check = new LogCheck();
});

const answers: Record<Asked["ask"], (...words: string[]) => string> = {
  lint: (document = "") => lint_policy(document),
  records_new: () => ((replay = new Replay()), '{"ok":0}'),
  records_add: (page = "") => replay.add(page),
  replay: (document = "", levels = "{}") => replay.run(document, levels),
  check_new: () => ((check = new LogCheck()), '{"ok":0}'),
  check_trust: (note = "", key = "") => check.trust(note, key),
  check_add: (text = "") => check.add(text),
  check_finish: () => check.finish(),
  proof: (proof = "", key = "") => check_proof(proof, key),
};

let last: Promise<unknown> = Promise.resolve();

addEventListener("message", ({ data: { id, ask, words } }: MessageEvent<Asked>) => {
  last = last.then(async () => {
    try {
      await loaded;
      postMessage({ id, answer: answers[ask](...words) });
    } catch (error) {
      postMessage({ id, answer: JSON.stringify({ error: String(error) }) });
    }
  });
});
