// Verdicts on their way: sent at once, repeated while the connection is bad (the service knows them
// by their id), taken back within the undo window. Must not move the focus: who decides says what
// happens then.
import * as api from "../api";
import { Problem } from "../api";
import type { Content, Detail, Summary, Verdict, VerdictAnswer, VerdictBody } from "../nouns";
import { details } from "./details.svelte";
import { queue } from "./queue.svelte";
import { dropWords, keepWords, type Purpose, type Words } from "./words.svelte";

export interface Sent {
  body: VerdictBody;
  detail: Detail;
  /** How the queue named the draft. */
  name: string;
  /** Until then it can be taken back; milliseconds since 1970. */
  until: number;
  state: "sending" | "pending" | "undoing";
  /** Names those that were given together. */
  batch: string;
  /** What was typed for it: kept until the service has it, and there again when it is taken back. */
  typed?: Typed | undefined;
}

export interface Typed { purpose: Purpose; words: Words }

/** What leaves where one agrees: the draft, or what the first of two people made of it; of what is out, what left. */
export const proposed = ({ draft, first_content, outgoing }: Detail): Content => first_content ?? outgoing ?? draft.draft;
/** Why its words are marked: what somebody else wrote has the reasons of nobody. */
export const marked = (detail: Detail) => (proposed(detail).text === detail.draft.draft.text ? detail.decision.reasons : []);
/** The verdict that agrees. */
export function agreement({ first, first_content }: Detail): Verdict {
  if (!first_content || first?.kind === "approve") return { kind: "approve" };
  return first?.kind === "respond" ? { kind: "respond", draft: first_content } : { kind: "edit", draft: first_content, one_off: false };
}

/** Whether a verdict can be taken back at all: what is said of a draft that is out counts at once. */
export const isUndoable = ({ kind }: Verdict): boolean => kind !== "confirm" && kind !== "correct";

const RETRY_MS = [400, 1_200, 3_000, 6_000];
const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));

class Verdicts {
  /** Those of the last seconds, the newest last: all but what counts at once can be taken back. */
  open = $state.raw<Sent[]>([]);
  /** Decided since the page was opened. */
  count = $state(0);
  /** Drafts whose verdict is being taken back. */
  #undoing = $state.raw<ReadonlySet<string>>(new Set());
  #answers = new Map<string, Promise<boolean>>();
  onFailed = (_sent: Sent, _problem: Problem) => {};

  /** Sends a verdict; the draft leaves the queue before the answer is here. */
  send(detail: Detail, name: string, verdict: Verdict, undoWindowMs: number, typed?: Typed): void {
    const sent = this.#begin(detail, name, verdict, undoWindowMs, crypto.randomUUID(), typed);
    this.#answers.set(sent.body.verdict_id, this.#deliver(sent, repeated(() => api.decide(detail.id, sent.body))));
  }

  /** Agrees to many drafts at once; each has an answer of its own. */
  agreeToMany(drafts: { detail: Detail; name: string }[], undoWindowMs: number): void {
    const batch = crypto.randomUUID();
    const all = drafts.map(({ detail, name }) => this.#begin(detail, name, agreement(detail), undoWindowMs, batch));
    const answer = repeated(() => api.decideMany(all.map(({ detail, body }) => ({ id: detail.id, given: body }))));
    for (const sent of all) this.#answers.set(sent.body.verdict_id, this.#deliver(sent, answer.then((answers) => api.accepted(answers, sent.detail.id))));
  }

  #begin(detail: Detail, name: string, verdict: Verdict, undoWindowMs: number, batch: string, typed?: Typed): Sent {
    const body: VerdictBody = {
      verdict_id: crypto.randomUUID(),
      version: detail.version,
      head: detail.draft.conversation.head,
      view_digest: detail.view_digest,
      verdict,
      edit_kind: (verdict.kind === "edit" ? typed?.words.kind : null) ?? null,
    };
    const sent: Sent = { body, detail, name, until: Date.now() + undoWindowMs, state: "sending", batch, typed };
    queue.hide(detail.id);
    this.open = [...this.open, sent];
    this.count += 1;
    setTimeout(() => this.#close(sent), undoWindowMs);
    return sent;
  }

  async #deliver(sent: Sent, answer: Promise<VerdictAnswer>): Promise<boolean> {
    try {
      const { version } = await answer;
      this.#change(sent, "pending");
      // One that is being taken back already waits again.
      if (!this.#undoing.has(sent.detail.id)) queue.remove(sent.detail.id, version);
      queue.unhide(sent.detail.id);
      dropWords(sent.detail.id);
      return true;
    } catch (error) {
      const problem = error instanceof Problem ? error : new Problem(0, "unreachable", String(error));
      this.#close(sent);
      this.count -= 1;
      if (problem.draft) queue.put(problem.draft);
      queue.unhide(sent.detail.id);
      this.onFailed(sent, problem);
      return false;
    }
  }

  /** Whether a verdict on the draft is being taken back: it waits again, but can't be decided yet. */
  isUndoing(draft: string): boolean {
    return this.#undoing.has(draft);
  }

  /** Takes a verdict back; answers the problem when it was too late. */
  async undo(sent: Sent): Promise<Problem | null> {
    this.#change(sent, "undoing");
    this.#undoing = new Set([...this.#undoing, sent.detail.id]);
    try {
      return await this.#takeBack(sent);
    } finally {
      this.#undoing = new Set([...this.#undoing].filter((id) => id !== sent.detail.id));
    }
  }

  async #takeBack(sent: Sent): Promise<Problem | null> {
    const delivered = await this.#answers.get(sent.body.verdict_id);
    if (!delivered) return null;
    try {
      await repeated(() => api.undo(sent.detail.id, sent.body.verdict_id));
      this.count -= 1;
      if (sent.typed) keepWords(sent.detail.id, sent.typed.purpose, sent.typed.words);
      // Only as it is now can it be decided again.
      await details.want(sent.detail, true);
      return null;
    } catch (error) {
      return error instanceof Problem ? error : new Problem(0, "unreachable", String(error));
    } finally {
      this.#close(sent);
    }
  }

  /** It can't be taken back, and that was said: what was done before it can be. */
  pass(sent: Sent): void {
    this.#close(sent);
  }

  /** The one that Undo is about now. */
  get last(): Sent | undefined {
    return this.open.findLast((sent) => sent.state !== "undoing");
  }

  /** All that Undo is about now: one, or those that were given together. */
  lastBatch = $derived.by(() => {
    const { last } = this;
    return last ? this.open.filter((sent) => sent.batch === last.batch && sent.state !== "undoing") : [];
  });

  #change(sent: Sent, state: Sent["state"]): void {
    const id = sent.body.verdict_id;
    this.open = this.open.map((one) => (one.body.verdict_id === id && one.state !== "undoing" ? { ...one, state } : one));
  }

  #close(sent: Sent): void {
    this.open = this.open.filter((one) => one.body.verdict_id !== sent.body.verdict_id);
  }
}

/** Asks again while the connection is bad; every write of the API can be repeated. */
async function repeated<T>(ask: () => Promise<T>): Promise<T> {
  for (const ms of RETRY_MS) {
    try {
      return await ask();
    } catch (problem) {
      if (!(problem instanceof Problem) || !problem.passing) throw problem;
      await sleep(ms);
    }
  }
  return ask();
}

/** The summary inside a whole draft, for putting it back into the queue. */
export function summaryOf(detail: Detail, known?: Summary): Summary {
  const { draft, decision: _d, rules: _r, action: _a, examples: _e, outgoing: _o, view_digest: _v, policy_version: _p, ...rest } = detail;
  return { ...rest, subject: known?.subject ?? draft.draft.subject ?? null, status: known?.status ?? detail.status };
}

export const verdicts = new Verdicts();
