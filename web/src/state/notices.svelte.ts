// What the page says out loud: quiet announcements for screen readers, and notices that stay in
// sight until dismissed. Must not decide what is worth saying.
import type { Problem } from "../api";
import { texts } from "../texts";

export interface Notice { id: number; tone: "bad" | "plain"; text: string; draft?: string }

const NOTICES_MAX = 3;
const PLAIN_MS = 5_000;

class Notices {
  /** The newest announcement; the live region reads it. */
  said = $state("");
  shown = $state.raw<Notice[]>([]);
  #last = 0;

  say(text: string): void {
    // A live region is silent when the same text is set again: a no-break space makes it new.
    this.said = text === this.said ? `${text}\u00a0` : text;
  }

  show(text: string, tone: Notice["tone"] = "bad", draft?: string): void {
    const id = (this.#last += 1);
    this.shown = [...this.shown.filter((notice) => notice.text !== text), { id, tone, text, draft }].slice(-NOTICES_MAX);
    if (tone === "plain") setTimeout(() => this.dismiss(id), PLAIN_MS);
  }

  dismiss(id: number): void {
    this.shown = this.shown.filter((notice) => notice.id !== id);
  }
}

/** Why something was not done, in words. */
export function whyNot({ code, passing }: Problem): string {
  const { problems, otherwise } = texts.notices;
  return problems[code] ?? (passing ? problems.unreachable! : otherwise);
}

export const notices = new Notices();
