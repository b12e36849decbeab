// How the queue is served and what is stopped, as the service tells it: fetched now and then while somebody looks, and never
// waited for. Must not judge: the service says what follows.
import { call } from "../api";
import type { QueueHealth, QueuePage, StopList } from "../nouns";
import { newest } from "./newest";

const AGAIN_MS = 60_000;
/** After a verdict, so that several in a row ask once. */
const AFTER_VERDICT_MS = 1_500;

class Health {
  told = $state.raw<(QueueHealth & Pick<QueuePage, "pressure" | "rota_empty"> & Pick<StopList, "stops">) | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #begin = newest();

  /** Asks soon, and every minute from then on. */
  soon(ms = AFTER_VERDICT_MS): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), ms);
  }

  async #ask(): Promise<void> {
    this.soon(AGAIN_MS);
    if (document.hidden) return;
    const counts = this.#begin();
    try {
      const [health, page, { stops }] = await Promise.all([call<QueueHealth>("GET", "/queue/health"), call<QueuePage>("GET", "/queue?limit=0"), call<StopList>("GET", "/stop")]);
      // An answer that was overtaken says nothing.
      if (!counts()) return;
      this.told = { ...health, pressure: page.pressure, rota_empty: page.rota_empty, stops };
    } catch {
      // What was told last stays; the next minute asks again.
    }
  }
}

export const health = new Health();
health.soon(0);
document.addEventListener("visibilitychange", () => document.hidden || health.soon(0));
