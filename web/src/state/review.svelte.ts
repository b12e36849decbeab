// The review itself: which draft is in focus, what the reviewer is doing with it, and what a
// verdict does to the page. Must not know keys or layout: actions.ts and the components do.
import * as api from "../api";
import { Problem } from "../api";
import { texts } from "../texts";
import type { Detail, Summary, Verdict } from "../nouns";
import { details } from "./details.svelte";
import { live } from "./live.svelte";
import { notices, whyNot } from "./notices.svelte";
import { pace } from "./pace.svelte";
import { place } from "./place.svelte";
import { queue, waits } from "./queue.svelte";
import { selection } from "./selection.svelte";
import { session } from "./session.svelte";
import { agreement, summaryOf, verdicts, type Sent, type Typed } from "./verdicts.svelte";
import { adoptWords, dropWords, keepWords, keptPurpose, type Purpose, type Words } from "./words.svelte";

export type Choice = "reject" | "defer" | "correct" | "assign";
export type Zone = "queue" | "draft" | "why";

/** A draft that has just come into view cannot be decided: the key was meant for the one before. */
const SEEN_MS = 300;
const LEASE_AFTER_MS = 700;
const LEASE_RENEW_MS = 30_000;
const AHEAD = 3;
const RELOAD_MS = 3_000;
/** Where the first draft can't be drawn, the rest does not wait for it. */
const DRAWN_MS_MAX = 2_000;

class Review {
  /** The draft in focus; it stays when somebody else decides it, until the reviewer moves on. */
  focus = $state<string | null>(null);
  writing = $state<Purpose | null>(null);
  choosing = $state<Choice | null>(null);
  mayRetry = $state(false);
  zone = $state<Zone>("queue");
  /** Whether the first draft was drawn, or there is none: what stands around it can come now. */
  drawn = $state(false);
  /** The reason whose words are pointed at, by its place in the list. */
  pointed = $state<number | null>(null);
  /** What somebody began to write where that can't be: what they type after it is no command. */
  refused = $state<Purpose | null>(null);
  /** What lies open over the review. */
  sheet = $state<"help" | null>(null);
  /** What the editor holds; read when it is sent. */
  words: Words | null = null;
  wordsSendable = $state(false);
  /** What was typed while the editor was on its way, for it to begin with. */
  early = "";
  /** The draft that this one took the place of, while it was looked at: the conversation went on. */
  follows = $state.raw<Detail | null>(null);
  /** Whether what is written must be held against a new message before it may be sent. */
  toConfirm = $state(false);

  /** How many editors stand in the page: none while the one that was asked for is on its way. */
  #editors = 0;
  #seenSince = $state(0);
  #place = 0;
  /** The queue as it is being fetched; the fetch after that; the one that is tried again. */
  #loading = Promise.resolve();
  #next: Promise<void> | null = null;
  #reload: ReturnType<typeof setTimeout> | undefined;
  #refetch: ReturnType<typeof setTimeout> | undefined;
  /** The draft to open with, until the queue is here. */
  #wanted: string | undefined;
  #lease: ReturnType<typeof setTimeout> | undefined;
  #leased: string | null = null;
  /** The last that is known of the draft in focus, for when it leaves the queue; its id, where it was seen to wait. */
  #last = $state.raw<Summary | null>(null);
  #waited: string | null = null;

  summary = $derived(queue.listed(this.focus) ?? null);
  detail = $derived(details.get(this.focus));
  /** What became of the draft in focus while it was looked at; null while it waits. */
  gone = $derived(this.focus !== null && this.summary === null ? this.#last : null);
  leasedBy = $derived.by(() => {
    const lease = this.summary?.lease;
    return lease && lease.reviewer !== session.current?.person.id ? lease : null;
  });
  mayDecide = $derived(session.current?.person.role !== "auditor");
  /** Whether a verdict on the draft in focus makes sense now. */
  open = $derived(this.summary !== null && asItIs(this.summary) !== undefined && this.leasedBy === null && this.mayDecide && !verdicts.isUndoing(this.summary.id));
  /** Whether the drafts that are chosen stand in the page, to be read. */
  batchDrawn = $state(false);
  /** The drafts chosen to be decided together, where all of them are here to be read. */
  batch = $derived(selection.drafts.map(asItIs).filter((detail) => detail !== undefined));
  batchReady = $derived(this.mayDecide && this.batchDrawn && selection.drafts.length > 0 && this.batch.length === selection.drafts.length && this.writing === null && this.choosing === null);
  lookOnly = $derived(this.summary !== null && this.summary.status !== "held" && this.summary.status !== "with_human");

  /** Where the review stands; a link to it opens the same draft. */
  get path(): string {
    return this.focus ? `/drafts/${this.focus}` : "/";
  }

  async start(): Promise<void> {
    verdicts.onFailed = (sent, problem) => this.#rollBack(sent, problem);
    live.onDraft = (draft, sequence) => this.#changed(draft, sequence);
    live.onMissed = () => void this.load();
    live.onRefused = () => void api.session().catch((problem) => problem instanceof Problem && problem.status === 401 && session.ended());
    addEventListener("popstate", () => place.draft && void this.#arrive(place.draft));
    await this.load(place.draft);
    this.#resume();
    live.open();
    if (this.focus === null || place.view) this.drawn = true;
    else setTimeout(() => (this.drawn = true), DRAWN_MS_MAX);
  }

  /**
   * Fetches the whole queue, once what is being fetched is here: no older answer takes the place of a newer
   * one. `wanted` is the draft to open with, where it waits; whoever goes on in between is left there.
   */
  load(wanted?: string): Promise<void> {
    this.#wanted = wanted ?? this.#wanted;
    this.#next ??= this.#loading.catch(() => {}).then(() => {
      this.#next = null;
      return (this.#loading = this.#load());
    });
    return this.#next;
  }

  async #load(): Promise<void> {
    clearTimeout(this.#reload);
    const [wanted, before] = [this.#wanted, this.focus];
    this.#wanted = undefined;
    try {
      const drafts: Summary[] = [];
      let since: number | undefined;
      let cursor: string | null | undefined;
      queue.listing();
      do {
        const page = await api.queue(cursor);
        drafts.push(...page.drafts);
        since ??= page.sequence;
        cursor = page.next_cursor;
        queue.begin(drafts);
        if (wanted === undefined) this.#showFirst();
      } while (cursor);
      queue.replace(drafts, since);
      // What changed between the pages may be in none of them: it is told when the page connects.
      live.saw(since);
      if (wanted !== undefined && [before, wanted].includes(this.focus)) await this.#arrive(wanted);
      this.#showFirst();
      const known = queue.get(this.focus);
      if (known) void this.#fetch(known);
      void this.#follow();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#wanted ??= wanted;
      // Half a queue must not pass for a whole one.
      if (problem.passing) this.#reload = setTimeout(() => void this.load(), RELOAD_MS);
    }
  }

  /** Shows the draft that an address names; of one that waits no longer one learns what became of it. */
  async #arrive(id: string): Promise<void> {
    const [focus, named] = [this.focus, place.draft];
    if (!queue.get(id)) await details.want({ id, version: 0 }, true);
    const left = queue.get(id) ? null : details.get(id);
    // Whoever went on by then is left there.
    if (this.focus !== focus || place.draft !== named) return;
    if (left === undefined) return notices.show(details.failed.get(id)?.passing ? texts.draft.failed : texts.notices.notThere);
    this.show(id);
    if (left) this.#last = summaryOf(left);
    this.zone = "draft";
  }

  /** Shows a draft that another part of the page names. */
  async visit(id: string): Promise<void> {
    const { view } = place;
    await this.#arrive(id);
    if (this.focus === id && place.view === view) place.go(this.path);
  }

  /** Where nothing is in focus, the first draft is. */
  #showFirst(): void {
    if (this.focus === null && queue.shown[0]) this.show(queue.shown[0].id);
  }

  // Moving.

  show(id: string | null): void {
    if (this.focus === id) return;
    this.toConfirm = false;
    this.#letGo();
    queue.putBack(id);
    this.focus = id;
    const summary = (this.#last = queue.get(id) ?? null);
    this.writing = this.choosing = this.pointed = this.words = this.refused = this.follows = this.#waited = null;
    this.mayRetry = false;
    this.early = "";
    this.unseen();
    const at = queue.shown.findIndex((draft) => draft.id === id);
    if (at >= 0) this.#place = at;
    if (summary) {
      void this.#fetch(summary).then(() => this.#lookAhead(summary.id));
      this.#lease = setTimeout(() => void this.#claim(summary.id), LEASE_AFTER_MS);
    }
    live.focus(id);
    if (!place.view) place.rename(this.path);
  }

  /** Fetches the draft in focus as it is now, and again while the line is bad. */
  async #fetch(draft: Summary): Promise<void> {
    this.#waited = draft.id;
    await details.want(draft);
    if (this.focus !== draft.id || !details.failed.get(draft.id)?.passing) return;
    clearTimeout(this.#refetch);
    this.#refetch = setTimeout(() => this.focus === draft.id && void this.#fetch(draft), RELOAD_MS);
  }

  /** What comes next is fetched once what is in focus is here. */
  #lookAhead(focus: string): void {
    if (this.focus !== focus) return;
    for (const next of queue.shown.slice(this.#place + 1, this.#place + 1 + AHEAD)) void details.want(next);
  }

  /** The component that draws the draft says when it stands there, whole. */
  seen(): void {
    this.#seenSince = performance.now();
    this.drawn = true;
    pace.begin();
  }

  /** And that it no longer does. */
  unseen(): void {
    this.#seenSince = Number.POSITIVE_INFINITY;
  }

  /** Whether the draft stands there, whole: a fault may have taken it away under what is being done with it. */
  get stands(): boolean {
    return this.#seenSince < Number.POSITIVE_INFINITY;
  }

  get seenLongEnough(): boolean {
    return performance.now() - this.#seenSince >= SEEN_MS;
  }

  move(by: 1 | -1): void {
    const shown = queue.shown;
    const at = shown.findIndex((draft) => draft.id === this.focus);
    // Of a draft that has left, the next one stands where it stood.
    const to = at >= 0 ? at + by : by > 0 ? this.#place : this.#place - 1;
    const next = shown[Math.max(0, Math.min(to, shown.length - 1))];
    if (next) this.show(next.id);
    if (next) notices.say(texts.notices.opened(nameOf(next), texts.notices.position(shown.indexOf(next) + 1, shown.length)));
  }

  // Deciding.

  /** Agrees to what the draft says, or to what the first of two people made of it. */
  agree(): void {
    if (this.detail) this.decide(agreement(this.detail));
  }

  decide(verdict: Verdict, typed?: Typed): void {
    const { detail, summary } = this;
    if (!detail || !summary) return;
    const shown = queue.shown;
    const at = shown.findIndex((draft) => draft.id === detail.id);
    const next = shown[at + 1] ?? shown[at - 1] ?? null;
    this.#leased = null; // A verdict ends the claim; it need not be let go.
    const windowMs = (session.current?.undo_window_s ?? 8) * 1000;
    pace.end();
    verdicts.send(detail, nameOf(summary), verdict, windowMs, typed);
    notices.say(texts.notices.verdict(texts.kinds[verdict.kind], nameOf(summary)));
    this.show(next?.id === detail.id ? null : (next?.id ?? null));
    if (next) this.#place = Math.max(0, queue.shown.indexOf(next));
  }

  /** Approves all that are chosen; each is answered for itself. */
  approveAll(): void {
    const { batch } = this;
    const names = batch.map((detail) => ({ detail, name: nameOf(detail) }));
    selection.clear();
    const next = queue.shown.find((draft) => !batch.some((detail) => detail.id === draft.id)) ?? null;
    this.#leased = null;
    verdicts.agreeToMany(names, (session.current?.undo_window_s ?? 8) * 1000);
    notices.say(texts.notices.verdict(texts.kinds.approve, texts.queue.count(batch.length)));
    if (!queue.get(this.focus) || batch.some((detail) => detail.id === this.focus)) this.show(next?.id ?? null);
  }

  async undo(): Promise<void> {
    await Promise.all(verdicts.lastBatch.map((sent) => this.#takeBack(sent)));
  }

  /** Shows a draft again before the service has agreed that its verdict is taken back. */
  async #takeBack(sent: Sent): Promise<void> {
    const before = this.focus;
    const asked = verdicts.undo(sent);
    this.#restore(sent.detail);
    const problem = await asked;
    if (problem === null) {
      notices.say(texts.notices.undone(sent.name));
    } else {
      queue.remove(sent.detail.id);
      if (this.focus === sent.detail.id) this.show(queue.get(before) ? before : (queue.shown[0]?.id ?? null));
      notices.show(problem.passing ? texts.notices.notUndone(sent.name, whyNot(problem)) : texts.notices.undoLate);
    }
  }

  #restore(detail: Detail): void {
    if (!queue.get(detail.id)) queue.keep(summaryOf(detail));
    queue.unhide(detail.id);
    this.show(detail.id);
    this.zone = "draft";
  }

  #rollBack(sent: Sent, problem: Problem): void {
    // Whoever signs in again is back at what they were deciding.
    if (problem.status === 401) return this.#restore(sent.detail);
    notices.show(texts.notices.rolledBack(sent.name, whyNot(problem)), "bad", sent.detail.id);
    void details.want(sent.detail, true);
    if (!queue.get(sent.detail.id) && problem.status === 409) void this.load();
    this.#showFirst();
  }

  async claim(): Promise<void> {
    try {
      const next = await api.claimNext();
      if (!next) return notices.show(texts.notices.nothingToClaim, "plain");
      queue.put(next);
      this.show(next.id);
      this.#leased = next.id;
      this.zone = "draft";
      notices.say(texts.notices.claimed(nameOf(next)));
    } catch (problem) {
      if (problem instanceof Problem) notices.show(whyNot(problem));
    }
  }

  // Writing.

  write(purpose: Purpose): void {
    this.choosing = null;
    this.writing = purpose;
    this.zone = "draft";
    if (this.focus) void this.#claim(this.focus);
  }

  /** Takes over what the editor holds, and keeps it in this browser. */
  typed(words: Words, sendable: boolean): void {
    this.words = words;
    this.wordsSendable = sendable;
    if (this.focus && this.writing) {
      if (sendable) keepWords(this.focus, this.writing, { ...words, conversation: this.detail?.conversation_id ?? "" });
      else dropWords(this.focus, this.writing);
    }
  }

  /** Whether somebody writes already where no editor is yet. */
  get writesAhead(): boolean {
    return this.writing !== null && this.#editors === 0 && place.view === null;
  }

  /** The editor says that it stands, and is told what was typed before; what that gives says that it has gone. */
  begin(): { early: string; end: () => void } {
    const { early } = this;
    this.early = "";
    this.#editors += 1;
    return { early, end: () => void (this.#editors -= 1) };
  }

  leave(): void {
    if (this.writing && this.wordsSendable) notices.say(texts.notices.left);
    this.writing = this.choosing = this.words = null;
    this.early = "";
    queue.putBack();
  }

  sendWords(): void {
    const { detail, words, writing } = this;
    if (!detail || !words || !writing || !this.wordsSendable) return;
    if (this.toConfirm) {
      this.toConfirm = false;
      return;
    }
    const content = detail.draft.draft;
    const written = words.args && content.action ? { ...content, action: { ...content.action, args: words.args } } : { ...content, text: words.text };
    const typed = { purpose: writing, words: { ...words, conversation: detail.conversation_id } };
    if (writing === "send_back") this.decide({ kind: "send_back", instruction: words.text.trim() }, typed);
    else if (writing === "respond") this.decide({ kind: "respond", draft: written }, typed);
    else {
      const lesson = words.lesson.trim();
      this.decide({ kind: "edit", draft: written, ...(lesson ? { lesson } : {}), one_off: words.oneOff }, typed);
    }
  }

  // What others do.

  #changed(draft: Summary, sequence: number): void {
    // What is being taken back stands there again before the service has said so.
    if (draft.status === "pending" && verdicts.isUndoing(draft.id)) return;
    if (waits(draft) && !queue.get(draft.id)) adoptWords(draft, (id) => id === this.focus || queue.get(id) !== undefined);
    queue.hear(draft, sequence);
    // Where nothing was left, what comes next is there at once.
    this.#showFirst();
    if (draft.id === this.focus) {
      this.#last = draft;
      if (queue.get(draft.id)) void this.#fetch(draft);
    }
    void this.#follow();
  }

  /** When the conversation went on under the reviewer's eyes, the newer draft takes the place of the one in focus. */
  async #follow(): Promise<void> {
    const { gone } = this;
    if (gone === null || gone.id !== this.#waited || gone.pending?.reviewer === session.current?.person.id) return;
    const heir = queue.all.find((draft) => draft.conversation_id === gone.conversation_id && draft.created_at >= gone.created_at);
    if (!heir) return;
    const before = details.get(gone.id) ?? null;
    await details.want(heir);
    if (this.gone?.id !== gone.id || !details.get(heir.id)) return;
    // It went on once more.
    if (!queue.get(heir.id)) return this.#follow();
    const { writing, words, wordsSendable, refused } = this;
    if (writing && words && wordsSendable) {
      keepWords(heir.id, writing, { ...words, conversation: heir.conversation_id });
      dropWords(gone.id, writing);
    }
    this.show(heir.id);
    this.follows = before;
    [this.writing, this.refused] = [writing, refused];
    this.toConfirm = writing !== null && wordsSendable;
    notices.say(texts.notices.wentOn);
  }

  /** Shows a draft that is out and was wrong, and asks what is done about it. */
  async reopen(id: string): Promise<void> {
    const { view } = place;
    await details.want({ id, version: 0 }, true);
    const detail = details.get(id);
    if (!detail) return notices.show(texts.draft.failed);
    // Whoever went elsewhere by then is left there.
    if (place.view !== view) return;
    place.go("/");
    queue.reopen(summaryOf(detail));
    this.show(id);
    this.zone = "draft";
    this.choosing = "correct";
  }

  /** After a reload one goes on writing where one was. */
  #resume(): void {
    const { focus } = this;
    if (!focus || this.lookOnly) return;
    const summary = queue.get(focus);
    const purpose = keptPurpose(focus);
    if (summary && purpose) void details.want(summary).then(() => this.focus === focus && this.open && this.writing === null && this.write(purpose));
  }

  async assign(person: string | null, name: string): Promise<void> {
    const { summary } = this;
    if (!summary) return;
    this.choosing = null;
    try {
      queue.put(await api.assign(summary.id, person));
      notices.show(texts.notices.assigned(nameOf(summary), name), "plain");
      // Whoever went on by then, or began to write, is left there.
      if (this.focus === summary.id && this.writing === null && this.choosing === null) this.move(1);
    } catch (problem) {
      if (problem instanceof Problem) notices.show(whyNot(problem));
    }
  }

  // Claims.

  async #claim(id: string): Promise<void> {
    clearTimeout(this.#lease);
    if (this.focus === id && this.summary) await details.want(this.summary);
    if (this.focus !== id || !this.open || this.lookOnly) return;
    try {
      queue.put(await api.lease(id));
      // One who has gone on by the time of the answer claims nothing.
      if (this.focus !== id) return void api.unlease(id).catch(() => null);
      this.#leased = id;
    } catch (problem) {
      if (problem instanceof Problem && problem.draft) queue.put(problem.draft);
    }
    if (this.focus === id) this.#lease = setTimeout(() => void this.#claim(id), LEASE_RENEW_MS);
  }

  #letGo(): void {
    clearTimeout(this.#lease);
    if (this.#leased) void api.unlease(this.#leased).catch(() => null);
    this.#leased = null;
  }
}

/** The whole of a draft, where that is no older than what is known of it: what one decides on is what is seen. */
function asItIs(draft: Summary): Detail | undefined {
  const detail = details.get(draft.id);
  return detail && detail.version >= draft.version ? detail : undefined;
}

/** How the page calls a draft. */
export const nameOf = (draft: Pick<Summary, "customer_name" | "subject" | "category" | "snippet">): string =>
  [draft.customer_name, draft.subject ?? draft.category].filter(Boolean).join(", ") || draft.snippet.slice(0, 60);

export const review = new Review();
