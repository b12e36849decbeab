// Verifies the log in this browser: the whole export, line by line in the workbench, against the signed
// checkpoint and against the one that this browser verified last. Must not trust what was not signed.
import { call } from "../../api";
import { session } from "../../state/session.svelte";
import * as bench from "../workbench/bench";
import type { LogReport } from "../workbench/answers";

export interface Checkpoint { size: number; root: string; checkpoint: string; key: string }
export interface Proof { seq: number; size: number; checkpoint: string }

const kept = () => `countersign.log.${session.current?.tenant.id ?? ""}`;

/** What this browser verified last: a log that was rewritten since can't agree with it. */
function remembered(): Checkpoint | null {
  try {
    return JSON.parse(localStorage.getItem(kept()) ?? "null") as Checkpoint | null;
  } catch {
    return null;
  }
}

/** The verification that counts: the workbench checks one log at a time, whichever view asked for it. */
let newest = new AbortController();

export class Checking {
  state = $state<"idle" | "working" | "done" | "failed">("idle");
  read = $state(0);
  size = $state(0);
  report = $state.raw<LogReport | null>(null);
  earlier = $state<number | null>(null);
  isOtherKey = $state(false);
  why = $state("");

  async verify(): Promise<void> {
    this.state = "working";
    this.report = null;
    this.earlier = null;
    this.read = 0;
    newest.abort();
    newest = new AbortController();
    const { signal } = newest;
    try {
      const signed = await call<Checkpoint>("GET", "/audit/checkpoint");
      this.size = signed.size;
      const asked = <T>(question: () => Promise<T>): Promise<T> => (signal.throwIfAborted(), question());
      await asked(bench.startCheck);
      await asked(() => bench.trustCheckpoint(signed.checkpoint, signed.key));
      const before = remembered();
      this.isOtherKey = before !== null && before.key !== signed.key;
      if (before && !this.isOtherKey) {
        await asked(() => bench.trustCheckpoint(before.checkpoint, signed.key));
        if (before.size < signed.size) this.earlier = before.size;
      }
      const answer = await fetch("/v1/audit/export", { signal });
      if (!answer.ok || !answer.body) throw new Error(`HTTP ${answer.status}`);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const { value } = part;
        this.read = await asked(() => bench.addLines(value));
      }
      this.report = await asked(bench.finishCheck);
      if (this.report.findings.length === 0 && !this.isOtherKey) localStorage.setItem(kept(), JSON.stringify(signed));
      this.state = "done";
    } catch (error) {
      this.why = error instanceof Error ? error.message : String(error);
      this.state = "failed";
    }
  }

  /** One entry's proof, whether it holds, and its text to keep. */
  async prove(seq: number): Promise<{ holds: boolean; size: number; text: string }> {
    const [proof, signed] = await Promise.all([call<Proof>("GET", `/audit/${seq}/proof`), call<Checkpoint>("GET", "/audit/checkpoint")]);
    const text = JSON.stringify(proof);
    const known = remembered();
    const holds = (known === null || known.key === signed.key) && (await bench.proves(text, signed.key));
    return { holds, size: proof.size, text: JSON.stringify({ ...proof, key: signed.key }, null, 2) };
  }
}

/** Hands a text to the browser as a file. */
export function keep(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
