// What waits: every open draft in the order of the service, kept up to date, searched and filtered
// here. Must not know which draft is in focus, and never decides whether a draft is open: its
// status says so.
import type { Summary } from "../nouns";
import { session } from "./session.svelte";

export interface Section { name: "held" | "human" | "look"; drafts: Summary[] }

/** Whether a draft belongs in the queue: what a second person has to agree to waits for the others. */
export function waits(draft: Summary): boolean {
  if (draft.first && draft.first.reviewer === session.current?.person.id) return false;
  if (draft.deferred_until && Date.parse(draft.deferred_until) > Date.now()) return false;
  return draft.status === "held" || draft.status === "with_human" || (draft.look_owed && draft.status !== "pending");
}

const section = (draft: Summary): Section["name"] =>
  draft.status === "held" ? "held" : draft.status === "with_human" ? "human" : "look";

const RANK = { held: 0, human: 0, look: 1 };
const LAST = "9999";
/** More drafts than can wait on a page: of so many it is known whether an answer was overtaken. */
const VERSIONS_MAX = 20_000;

/** The order of the service: open ones by deadline, then what is to be looked at afterwards. */
function order(left: Summary, right: Summary): number {
  return (
    RANK[section(left)] - RANK[section(right)] ||
    compare(left.due_at ?? LAST, right.due_at ?? LAST) ||
    compare(left.created_at, right.created_at) ||
    compare(left.id, right.id)
  );
}
const compare = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0);

/** Where a draft belongs among those in order. */
function placeOf(draft: Summary, sorted: Summary[]): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (order(sorted[middle]!, draft) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What is counted of the drafts of a queue, as each comes and goes: a long one is not gone through again. */
class Tally {
  readonly sections = { held: 0, human: 0, look: 0 };
  readonly categories = new Map<string, number>();
  /** Held drafts that are alike but for figures and a name, by what they have in common. */
  readonly alike = new Map<string, number>();

  count(draft: Summary, by: 1 | -1): void {
    this.sections[section(draft)] += by;
    if (draft.category) raise(this.categories, draft.category, by);
    if (draft.status === "held") raise(this.alike, draft.alike, by);
  }
}

function raise(counts: Map<string, number>, name: string, by: number): void {
  const count = (counts.get(name) ?? 0) + by;
  if (count > 0) counts.set(name, count);
  else counts.delete(name);
}

class Queue {
  /** Every open draft that is not hidden, in order. Replaced, never changed in place. */
  all = $state.raw<Summary[]>([]);
  loaded = $state(false);
  search = $state("");
  category = $state("");
  /** Whether only those are shown that are claimed by this reviewer, or assigned to them. */
  mine = $state(false);
  /** Drafts that this reviewer has just decided and whose verdict is on its way. */
  #hidden = new Set<string>();
  #byId = new Map<string, Summary>();
  /** Of those in `all`, and right before `all` is replaced: whoever asks for it depends on that. */
  #tally = new Tally();
  /** The newest version that is known of a draft, whether or not it still waits. */
  #versions = new Map<string, number>();
  /** A draft that is out and shown again, as the service has it. */
  #reopened: Summary | null = null;
  /** What was told of drafts while all are being listed, and how long the log was then. */
  #told: Map<string, { draft: Summary; sequence: number }> | null = null;

  /** The drafts that match the search, in order. */
  shown = $derived.by(() => {
    const words = this.search.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0 && !this.category && !this.mine) return this.all;
    const me = session.current?.person.id;
    return this.all.filter((draft) => {
      if (this.mine && draft.assignee !== me && draft.lease?.reviewer !== me) return false;
      if (this.category && (draft.category ?? "") !== this.category) return false;
      const text = `${draft.customer_name ?? ""} ${draft.subject ?? ""} ${draft.snippet} ${draft.category ?? ""} ${draft.agent} ${draft.channel}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
  });

  categories = $derived([...this.#counted.categories.keys()].sort());
  counts = $derived({ ...this.#counted.sections });

  /** Whether anything is left out of sight. */
  get narrowed(): boolean {
    return this.search !== "" || this.category !== "" || this.mine;
  }

  /** Shows all of it again. */
  widen(): void {
    this.search = this.category = "";
    this.mine = false;
  }

  /** How many held drafts are alike, this one among them. */
  alike({ alike }: Summary): number {
    return this.#counted.alike.get(alike) ?? 0;
  }

  /** The held drafts that are alike. */
  allAlike({ alike }: Summary): Summary[] {
    return this.all.filter((draft) => draft.status === "held" && draft.alike === alike);
  }

  get #counted(): Tally {
    void this.all;
    return this.#tally;
  }

  /** A draft that waits, whether or not it is hidden. */
  get(id: string | null): Summary | undefined {
    return id === null ? undefined : this.#byId.get(id);
  }

  /** A draft as it stands in `all`. */
  listed(id: string | null): Summary | undefined {
    void this.all;
    return id === null || this.#hidden.has(id) ? undefined : this.#byId.get(id);
  }

  /** From now on the service is asked for everything. */
  listing(): void {
    this.#told = new Map();
  }

  /** Shows the first page while the others are on their way, where nothing is shown yet. */
  begin(drafts: Summary[]): void {
    if (!this.loaded) this.#show(drafts);
  }

  /** Takes over everything the service listed since the log had `since` entries; what was told later counts. */
  replace(drafts: Summary[], since: number): void {
    this.#show(drafts);
    for (const { draft, sequence } of this.#told?.values() ?? []) if (sequence >= since) this.put(draft);
    this.#told = null;
  }

  /** Takes over what the service told by itself when the log had `sequence` entries. */
  hear(draft: Summary, sequence: number): void {
    this.#told?.set(draft.id, { draft, sequence });
    this.put(draft);
  }

  #show(drafts: Summary[]): void {
    const current = drafts.filter((draft) => (this.#versions.get(draft.id) ?? 0) <= draft.version);
    this.#byId = new Map(current.filter(waits).map((draft) => [draft.id, draft]));
    const reopened = this.#reopened;
    if (reopened && !this.#byId.has(reopened.id)) this.#byId.set(reopened.id, { ...reopened, look_owed: true });
    this.loaded = true;
    const all = [...this.#byId.values()].filter((draft) => !this.#hidden.has(draft.id)).sort(order);
    this.#tally = new Tally();
    for (const draft of all) this.#tally.count(draft, 1);
    this.all = all;
  }

  /** Does something to one draft that may bring it into `all`, change its place there, or take it out. */
  #change(id: string, act: () => void): void {
    const before = this.listed(id);
    act();
    const after = this.listed(id);
    if (before === after) return;
    const all = [...this.all];
    if (before) {
      all.splice(placeOf(before, all), 1);
      this.#tally.count(before, -1);
    }
    if (after) {
      all.splice(placeOf(after, all), 0, after);
      this.#tally.count(after, 1);
    }
    this.all = all;
  }

  /** Takes over what the service said about one draft; an answer that was overtaken says nothing. */
  put(draft: Summary): void {
    if ((this.#versions.get(draft.id) ?? 0) > draft.version) return;
    if (draft.id === this.#reopened?.id && draft.correctable) this.reopen(draft);
    else if (waits(draft)) this.keep(draft);
    else this.remove(draft.id, draft.version);
  }

  /** Takes in a draft, whatever was known of it: it is to be looked at again. */
  keep(draft: Summary): void {
    this.#know(draft.id, draft.version);
    this.#change(draft.id, () => this.#byId.set(draft.id, draft));
  }

  /** Takes in a draft that is out, for as long as somebody says what is done about it. */
  reopen(draft: Summary): void {
    this.putBack(draft.id);
    this.keep({ ...draft, look_owed: true });
    this.#reopened = draft;
  }

  /** Nobody is asked to look at what was shown again, unless the service says so; `shown` is shown still. */
  putBack(shown: string | null = null): void {
    const draft = this.#reopened;
    if (!draft || draft.id === shown) return;
    this.#reopened = null;
    this.put(draft);
  }

  /** Leaves out a draft that doesn't wait in this version: the one that is known, where none is named. */
  remove(id: string, version = Number.POSITIVE_INFINITY): void {
    if ((this.#versions.get(id) ?? 0) > version) return;
    if (Number.isFinite(version)) this.#know(id, version);
    this.#change(id, () => this.#byId.delete(id));
  }

  #know(id: string, version: number): void {
    const newest = Math.max(this.#versions.get(id) ?? 0, version);
    // The one heard of last stands last: what was long ago is forgotten first.
    this.#versions.delete(id);
    this.#versions.set(id, newest);
    if (this.#versions.size > VERSIONS_MAX) this.#versions.delete(this.#versions.keys().next().value!);
  }

  /** Leaves a draft out of sight while a verdict on it is under way. */
  hide(id: string): void {
    this.#change(id, () => this.#hidden.add(id));
  }

  unhide(id: string): void {
    this.#change(id, () => this.#hidden.delete(id));
  }
}

export const queue = new Queue();
export { section as sectionOf };
