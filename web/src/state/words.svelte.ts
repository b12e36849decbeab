// What a reviewer has typed and not sent, per draft: kept in this browser, so that a reload, a lost
// connection or an ended session loses no word. Must not keep anything for a draft that is decided.
import type { Args } from "../nouns";

const PURPOSES = ["edit", "respond", "send_back"] as const;
export type Purpose = (typeof PURPOSES)[number];

export interface Words {
  text: string;
  lesson: string;
  oneOff: boolean;
  /** The reviewer's own judgement of the edit, where it differs from the policy's. */
  kind: "cosmetic" | "substantive" | null;
  /** The arguments, for an action. */
  args?: Args;
  /** Where the cursor stood. */
  caret?: number;
  /** The conversation: when it goes on, the words go with it. */
  conversation?: string;
  at: number;
}

/** All that is kept of what somebody typed begins so, the policy's changes too: signing out sweeps it. */
export const PREFIX = "countersign.words.";
const KEPT_MS = 7 * 24 * 3_600_000;
const key = (draft: string, purpose: Purpose) => `${PREFIX}${purpose}.${draft}`;

/** The words that were typed for a draft; null when there are none. */
export function keptWords(draft: string, purpose: Purpose): Words | null {
  try {
    return JSON.parse(localStorage.getItem(key(draft, purpose)) ?? "null") as Words | null;
  } catch {
    return null;
  }
}

/** What was begun for a draft and not sent, the first of it. */
export const keptPurpose = (draft: string): Purpose | undefined => PURPOSES.find((one) => keptWords(draft, one) !== null);

/** Tells whether another window of this browser keeps words for the same draft, whenever that changes. */
export function onKeptElsewhere(draft: string, purpose: Purpose, tell: (kept: boolean) => void): () => void {
  const heard = (event: StorageEvent) => event.key === key(draft, purpose) && tell(event.newValue !== null);
  addEventListener("storage", heard);
  return () => removeEventListener("storage", heard);
}

export function keepWords(draft: string, purpose: Purpose, words: Words): void {
  try {
    localStorage.setItem(key(draft, purpose), JSON.stringify(words));
  } catch {
    // Storage may be full or forbidden: the words are still in the editor.
  }
}

/** Moves words that were typed for a draft which is gone to the one that took its place. */
export function adoptWords(heir: { id: string; conversation_id: string }, isOpen: (draft: string) => boolean): void {
  try {
    for (const name of Object.keys(localStorage).filter((name) => name.startsWith(PREFIX))) {
      const [purpose, ...rest] = name.slice(PREFIX.length).split(".");
      const draft = rest.join(".");
      const text = localStorage.getItem(name) ?? "{}";
      if (draft === heir.id || (JSON.parse(text) as Partial<Words>).conversation !== heir.conversation_id || isOpen(draft)) continue;
      localStorage.setItem(key(heir.id, purpose as Purpose), text);
      localStorage.removeItem(name);
    }
  } catch {
    return;
  }
}

export function dropWords(draft: string, purpose?: Purpose): void {
  for (const one of purpose ? [purpose] : PURPOSES) {
    try {
      localStorage.removeItem(key(draft, one));
    } catch {
      return;
    }
  }
}

/** Forgets words of long ago, or all of them when somebody signs out. */
export function sweepWords(all = false): void {
  try {
    for (const name of Object.keys(localStorage).filter((name) => name.startsWith(PREFIX))) {
      const at = (JSON.parse(localStorage.getItem(name) ?? "{}") as Partial<Words>).at ?? 0;
      if (all || Date.now() - at > KEPT_MS) localStorage.removeItem(name);
    }
  } catch {
    return;
  }
}
