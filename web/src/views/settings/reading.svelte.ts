// What a part of the settings shows: read when it opens and again after everything that is done there.
// Must not show anything.
import { call } from "../../api";
import { newest } from "../../state/newest";

export class Reading<T> {
  /** Null until it was read. */
  value = $state.raw<T | null>(null);
  /** Whether something is being done. */
  busy = $state(false);
  /** What was refused last. */
  problem = $state.raw<unknown>(null);
  readonly #read: () => Promise<T>;
  readonly #begin = newest();

  constructor(read: () => Promise<T>) {
    this.#read = read;
  }

  /** Does something, then reads again; whether both went well. */
  async after(what?: () => Promise<unknown>): Promise<boolean> {
    this.problem = null;
    try {
      await this.#perform(what);
    } catch (error) {
      this.problem = error;
      return false;
    }
    const counts = this.#begin();
    try {
      const value = await this.#read();
      // An answer that was overtaken says nothing, nor does a failure.
      if (counts()) this.value = value;
      return true;
    } catch (error) {
      if (counts()) this.problem = error;
      return false;
    }
  }

  async #perform(what?: () => Promise<unknown>): Promise<void> {
    this.busy = what !== undefined;
    try {
      await what?.();
    } finally {
      this.busy = false;
    }
  }

  /** Asks the service for a change, then reads again. */
  readonly change = (method: "DELETE" | "POST" | "PUT", path: string, body?: unknown): Promise<boolean> => this.after(() => call(method, path, body));
}
