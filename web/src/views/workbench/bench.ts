// Asks the workbench: linter, backtest and log check, each an answer later. Must not show anything.
import type { Backtest, Findings, LogReport } from "./answers";

export interface Asked {
  id: number;
  ask: "lint" | "records_new" | "records_add" | "replay" | "check_new" | "check_trust" | "check_add" | "check_finish" | "proof";
  words: string[];
}

/** What the workbench refuses, in its own words. */
export class BenchFault extends Error {}

const waiting = new Map<number, { done: (value: unknown) => void; failed: (fault: Error) => void }>();
let thread: Worker | null = null;
let count = 0;

function started(): Worker {
  if (thread) return thread;
  thread = new Worker(new URL("./bench.worker.ts", import.meta.url), { type: "module", name: "workbench" });
  thread.addEventListener("message", ({ data }: MessageEvent<{ id: number; answer: string }>) => {
    const one = waiting.get(data.id);
    waiting.delete(data.id);
    const told = JSON.parse(data.answer) as { ok: unknown } | { error: string };
    if ("ok" in told) one?.done(told.ok);
    else one?.failed(new BenchFault(told.error));
  });
  // It didn't load: who waits is told, and the next question tries again.
  thread.addEventListener("error", () => {
    for (const { failed } of waiting.values()) failed(new BenchFault("not loaded"));
    waiting.clear();
    thread?.terminate();
    thread = null;
  });
  return thread;
}

function ask<T>(what: Asked["ask"], ...words: string[]): Promise<T> {
  const id = (count += 1);
  return new Promise<T>((done, failed) => {
    waiting.set(id, { done: done as (value: unknown) => void, failed });
    started().postMessage({ id, ask: what, words } satisfies Asked);
  });
}

export const lint = (document: string) => ask<Findings>("lint", document);
export const forgetRecords = () => ask<number>("records_new");
export const addRecords = (page: string) => ask<number>("records_add", page);
export const replay = (document: string, levels: Record<string, number>) => ask<Backtest>("replay", document, JSON.stringify(levels));
export const startCheck = () => ask<number>("check_new");
/** A checkpoint that the log must agree with: its size, once its signature is right. */
export const trustCheckpoint = (note: string, key: string) => ask<number>("check_trust", note, key);
export const addLines = (text: string) => ask<number>("check_add", text);
export const finishCheck = () => ask<LogReport>("check_finish");
export const proves = (proof: string, key: string) => ask<boolean>("proof", proof, key);
