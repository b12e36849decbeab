// The drafts that are chosen to be decided together. Must not decide them, and never holds one that
// has left the queue.
import type { Summary } from "../nouns";
import { queue } from "./queue.svelte";

/** As many as the service takes at once. */
const SELECTED_MAX = 50;

class Selection {
  #ids = $state.raw<ReadonlySet<string>>(new Set());

  /** What is chosen and still waits for a verdict, in the order of the queue. */
  drafts = $derived(this.#ids.size === 0 ? [] : queue.all.filter((draft) => this.#ids.has(draft.id) && draft.status === "held"));

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  toggle(draft: Summary): void {
    if (this.#ids.has(draft.id)) this.#ids = new Set([...this.#ids].filter((id) => id !== draft.id));
    else this.add([draft]);
  }

  add(drafts: Summary[]): void {
    const held = drafts.filter((draft) => draft.status === "held").map((draft) => draft.id);
    this.#ids = new Set([...this.#ids, ...held].slice(0, SELECTED_MAX));
  }

  clear(): void {
    if (this.#ids.size > 0) this.#ids = new Set();
  }
}

export const selection = new Selection();
