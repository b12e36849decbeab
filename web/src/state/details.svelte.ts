// Whole drafts, fetched once per version and ahead of need, so that the next one is there at once.
// Must not hold more than a few: texts are not for keeping.
import * as api from "../api";
import { Problem } from "../api";
import type { Detail, Summary } from "../nouns";

const KEPT_MAX = 64;

class Details {
  // Replaced, never changed in place: few are kept, and whoever draws one asks by its id.
  #found = $state.raw<ReadonlyMap<string, Detail>>(new Map());
  failed = $state.raw<ReadonlyMap<string, Problem>>(new Map());
  #asked = new Map<string, Promise<void>>();

  /** The draft as it was fetched last; undefined while it is on its way. */
  get(id: string | null): Detail | undefined {
    return id === null ? undefined : this.#found.get(id);
  }

  /** Makes sure that a draft is here, and newer than or as new as its summary. */
  want(draft: Pick<Summary, "id" | "version">, again = false): Promise<void> {
    const found = this.#found.get(draft.id);
    if (found && found.version >= draft.version && !again) return Promise.resolve();
    const asked = this.#asked.get(draft.id);
    // What was asked before may be answered as it was then.
    if (asked) return asked.then(() => this.want(draft, again));
    const answer = this.#fetch(draft.id).finally(() => this.#asked.delete(draft.id));
    this.#asked.set(draft.id, answer);
    return answer;
  }

  async #fetch(id: string): Promise<void> {
    try {
      const detail = await api.detail(id);
      this.#found = new Map([...without(this.#found, id), [id, detail] as const].slice(-KEPT_MAX));
      if (this.failed.has(id)) this.failed = new Map(without(this.failed, id));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.failed = new Map([...this.failed, [id, problem]]);
    }
  }

  forget(id: string): void {
    this.#found = new Map(without(this.#found, id));
  }
}

const without = <T>(map: ReadonlyMap<string, T>, id: string) => [...map].filter(([key]) => key !== id);

export const details = new Details();
