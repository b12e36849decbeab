// The policy as somebody changes it: one document, seen as a form and as text, checked and replayed
// as it changes. Must not save by itself, and loses no change: what is unsaved is kept in this browser.
import { Problem, call } from "../../api";
import { session } from "../../state/session.svelte";
import { PREFIX } from "../../state/words.svelte";
import type { Backtest, Finding, FaultView } from "../workbench/answers";
import * as bench from "../workbench/bench";
import type { Document, PolicyView, Recorded, WaitingPolicy } from "../shapes";

/** So long nothing is typed before a check starts. */
const PAUSE_MS = 90;
/** Drafts that are replayed here: a change is still seen within a moment. */
export const RECORDS_MAX = 5_000;

export const written = (document: Document) => JSON.stringify(document, null, 2);
/** The same for two documents that differ only in the order of their fields. */
export const sorted = (value: unknown): unknown =>
  Array.isArray(value) ? value.map(sorted)
  : value && typeof value === "object" ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]))
  : value;
const canonical = (document: Document) => JSON.stringify(sorted(document));

/** The reading that counts: the workbench keeps one set of records, whichever view asked for it. */
let newestReading = 0;

/** What is unsaved, as this browser keeps it. */
interface Kept { text: string; reason: string; base: number; at: number }

export type RecordState = "none" | "loading" | "here" | "failed";

export class Editing {
  active = $state.raw<PolicyView | null>(null);
  /** A version that waits for a second lead. */
  waiting = $state.raw<WaitingPolicy | null>(null);
  document = $state.raw<Document | null>(null);
  text = $state("");
  textFault = $state<string | null>(null);
  loadFailed = $state(false);

  findings = $state.raw<Finding[]>([]);
  faults = $state.raw<FaultView[]>([]);
  checks = $state<"working" | "done" | "unavailable">("working");

  /** Levels to try by category; the others count as they were. */
  levels = $state<Record<string, number>>({});
  days = $state(30);
  records = $state<RecordState>("none");
  recordCount = $state(0);
  truncated = $state(false);
  result = $state.raw<Backtest | null>(null);
  found = new Map<string, Recorded>();

  reason = $state("");
  saving = $state(false);
  problem = $state.raw<Problem | null>(null);
  saved = $state.raw<PolicyView | null>(null);

  changed = $derived(this.document !== null && this.active !== null && canonical(this.document) !== canonical(this.active.document));
  sound = $derived(this.textFault === null && this.faults.length === 0);

  /** The version that the changes follow: a later one is not overwritten unseen. */
  #base = 0;
  #run = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;

  async load(): Promise<void> {
    this.loadFailed = false;
    try {
      this.#show(await this.#read());
      this.#base = this.active?.version ?? 0;
    } catch {
      this.loadFailed = true;
      return;
    }
    this.#resume();
    this.#check();
  }

  /** Where this person's changes are kept; of who may not change the policy none are. */
  get #key(): string | null {
    const { tenant, person } = session.current ?? {};
    return person?.role === "lead" ? `${PREFIX}policy.${tenant?.id}.${person.id}` : null;
  }

  /** Goes on from what this person left unsaved. */
  #resume(): void {
    if (this.#key === null) return;
    try {
      const kept = JSON.parse(localStorage.getItem(this.#key) ?? "null") as Kept | null;
      if (!kept) return;
      this.#base = kept.base;
      this.reason = kept.reason;
      this.#take(kept.text);
    } catch {
      return;
    }
  }

  /** What is unsaved is the same in every tab of theirs: what another one changes, saves or takes back is so here. */
  follow({ key, newValue }: StorageEvent): void {
    if (key === null || key !== this.#key) return;
    this.saved = null;
    this.problem = null;
    this.reason = "";
    if (newValue === null) return void this.load();
    this.#resume();
    // Their changes follow a version that was never shown here.
    const behind = this.#base > (this.active?.version ?? 0);
    this.#soon(() => (behind ? this.load() : this.#check()));
  }

  /** Keeps what is unsaved; there is nothing to keep of what is as it was. */
  keep(): void {
    if (this.#key === null) return;
    try {
      const { text, reason } = this;
      if (this.textFault === null && !this.changed) localStorage.removeItem(this.#key);
      else localStorage.setItem(this.#key, JSON.stringify({ text, reason, base: this.#base, at: Date.now() } satisfies Kept));
    } catch {
      // Storage may be full or forbidden: what is unsaved still stands in the view.
    }
  }

  /** Changes the document, as the form does. */
  change(how: (document: Document) => void): void {
    if (!this.document) return;
    const next = structuredClone(this.document);
    how(next);
    this.#show(next);
    this.#changed();
  }

  /** Takes the text that somebody types; the document follows once it can be read. */
  setText(text: string): void {
    this.#take(text);
    this.#changed();
  }

  #take(text: string): void {
    this.text = text;
    try {
      const read: unknown = JSON.parse(text);
      if (!isDocument(read)) throw new SyntaxError("not a policy");
      this.document = read;
      this.textFault = null;
    } catch (error) {
      this.textFault = error instanceof Error ? error.message : String(error);
    }
  }

  /** Opens a whole document, such as an older version. */
  open(document: Document, reason: string): void {
    this.#show(document);
    this.reason = reason;
    this.#changed();
  }

  revert(): void {
    if (!this.active) return;
    this.problem = null;
    this.#base = this.active.version;
    this.#show(this.active.document);
    this.levels = {};
    this.#changed();
  }

  tryLevel(category: string, level: number | null): void {
    const { [category]: _, ...rest } = this.levels;
    this.levels = level === null ? rest : { ...rest, [category]: level };
    this.#check();
  }

  #show(document: Document): void {
    this.document = document;
    this.text = written(document);
    this.textFault = null;
  }

  #changed(): void {
    this.saved = null;
    this.keep();
    this.#soon(() => this.#check());
  }

  #soon(work: () => Promise<void>): void {
    clearTimeout(this.#pause);
    this.#pause = setTimeout(work, PAUSE_MS);
  }

  /** Lints and replays the document as it is now; an answer to an older one is dropped. */
  async #check(): Promise<void> {
    if (!this.document) return;
    const run = (this.#run += 1);
    const text = this.textFault === null ? this.text : written(this.document);
    this.checks = "working";
    try {
      const { findings, faults } = await bench.lint(text);
      if (run !== this.#run) return;
      this.findings = findings;
      this.faults = faults;
      this.checks = "done";
    } catch {
      if (run === this.#run) this.checks = "unavailable";
      return;
    }
    if (this.records === "here" || this.recordCount > 0) await this.#replay(run, text);
  }

  async #replay(run: number, text: string): Promise<void> {
    if (this.faults.some((fault) => !fault.pointer.startsWith("/cases"))) return;
    const result = await bench.replay(text, this.levels).catch(() => null);
    if (run === this.#run && result) this.result = result;
  }

  /** Reads the drafts on record, page by page; each page is counted as soon as it is here. */
  async readRecords(): Promise<void> {
    const reading = (newestReading += 1);
    this.records = "loading";
    this.recordCount = 0;
    this.truncated = false;
    this.found.clear();
    try {
      await bench.forgetRecords();
      let after: string | null | undefined;
      do {
        const page = await call<{ records: Recorded[]; next_after?: string | null }>("GET", `/policy/records?days=${this.days}${after ? `&after=${encodeURIComponent(after)}` : ""}`);
        if (reading !== newestReading) return;
        for (const one of page.records) this.found.set(one.id, one);
        const count = await bench.addRecords(JSON.stringify(page));
        if (reading !== newestReading) return;
        this.recordCount = count;
        after = page.next_after;
      } while (after && this.recordCount < RECORDS_MAX);
      this.truncated = Boolean(after);
      this.records = "here";
    } catch {
      if (reading !== newestReading) return;
      this.records = "failed";
    }
    await this.#check();
  }

  async save(): Promise<void> {
    if (!this.document || !this.active || this.saving) return;
    this.saving = true;
    this.problem = null;
    const { text, reason } = this;
    try {
      const answer = await call<PolicyView | WaitingPolicy>("PUT", "/policy", { document: this.document, reason: this.reason.trim() }, { "if-match": `"${this.#base}"` });
      // What was typed since then is not saved, and stays.
      const isAll = this.text === text;
      if (this.reason === reason) this.reason = "";
      if ("base_version" in answer) {
        this.waiting = answer;
        if (isAll) this.revert();
      } else {
        this.#base = answer.version;
        this.#become(answer, isAll);
      }
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.problem = problem;
    } finally {
      this.saving = false;
    }
  }

  /** What a lead says of the version that waits; a refusal is thrown. */
  async answerWaiting({ id }: WaitingPolicy, confirm: boolean): Promise<void> {
    const answer = await call<PolicyView>("PUT", "/policy/waiting", { confirm }, { "if-match": `"${id}"` });
    const isUntouched = this.textFault === null && !this.changed;
    this.waiting = null;
    if (confirm) this.#become(answer, isUntouched);
  }

  /** A version is active now, and nothing waits any longer; it is shown where nothing is unsaved. */
  #become(version: PolicyView, shown: boolean): void {
    this.active = version;
    this.waiting = null;
    if (shown) {
      this.#base = version.version;
      this.#show(version.document);
    }
    this.#changed();
    if (shown) this.saved = version;
  }

  /** After a lost race: the same changes, following the version that won. */
  async followNewest(): Promise<void> {
    await this.#read();
    this.#base = this.active?.version ?? 0;
    this.problem = null;
    this.#changed();
  }

  async #read(): Promise<Document> {
    const active = await call<PolicyView>("GET", "/policy");
    this.waiting = active.other_waits ? await call<WaitingPolicy>("GET", "/policy/waiting").catch(noneWaits) : null;
    this.active = active;
    return active.document;
  }
}

/** It was answered in between. */
function noneWaits(problem: unknown): null {
  if (problem instanceof Problem && problem.status === 404) return null;
  throw problem;
}

const isDocument = (read: unknown): read is Document =>
  typeof read === "object" && read !== null && !Array.isArray(read)
  && "defaults" in read && typeof read.defaults === "object" && read.defaults !== null
  && (!("guardrails" in read) || Array.isArray(read.guardrails));
