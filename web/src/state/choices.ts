// The lists whose first options one digit answers: why rejected, until when deferred, what is done about it.
// Must not draw them.
import { more } from "../texts.more";
import type { Remedy } from "../nouns";
import { session } from "./session.svelte";
import { staff } from "./staff.svelte";
import type { review as theReview } from "./review.svelte";

export interface Option { label: string; choose: () => void }

/** So many have a digit. */
export const DIGITS = 9;
const REMEDIES: Remedy[] = ["follow_up", "reversal", "none"];
const MINUTE_MS = 60_000;

/** The options of the open choice, the first under key 1. */
export function choicesOf(review: typeof theReview, note = noteOf()): Option[] {
  const words = note.trim() ? { note: note.trim() } : {};
  if (review.choosing === "reject") {
    const listed = review.detail?.rules.reject_reasons ?? [];
    const reasons = listed.length > 0 ? listed : more.choices.defaultReasons;
    return reasons.map((reason) => ({
      label: reason,
      choose: () => review.decide({ kind: "reject", reason, ...words, may_retry: review.mayRetry }),
    }));
  }
  if (review.choosing === "correct") {
    return REMEDIES.map((remedy) => ({
      label: more.choices.remedies[remedy],
      choose: () => review.decide({ kind: "correct", remedy, ...words }),
    }));
  }
  if (review.choosing === "assign") {
    const me = session.current?.person.id;
    const others = staff.ready.filter((person) => person.id !== me).map((person) => ({ label: person.name, id: person.id as string | null }));
    const first = [...(me ? [{ label: more.choices.me, id: me as string | null }] : []), ...others.slice(0, DIGITS - 2), { label: more.choices.everybody, id: null }];
    return [...first, ...others.slice(DIGITS - 2)].map(({ label, id }) => ({ label, choose: () => void review.assign(id, label) }));
  }
  if (review.choosing === "defer") {
    return delays(new Date()).map(({ label, until }) => ({
      label,
      choose: () => review.decide({ kind: "defer", until: until.toISOString() }),
    }));
  }
  return [];
}

/** The note beside the choice, as it stands. */
const noteOf = () => document.querySelector<HTMLTextAreaElement>("#choice-note")?.value ?? "";

function delays(now: Date): { label: string; until: Date }[] {
  const after = (minutes: number) => new Date(now.getTime() + minutes * MINUTE_MS);
  const morning = (days: number) => {
    const date = new Date(now);
    date.setDate(date.getDate() + days);
    date.setHours(9, 0, 0, 0);
    return date;
  };
  const daysToMonday = (8 - now.getDay()) % 7 || 7;
  return [
    { label: more.choices.inMinutes(15), until: after(15) },
    { label: more.choices.inHours(1), until: after(60) },
    { label: more.choices.inHours(3), until: after(180) },
    { label: more.choices.tomorrow, until: morning(1) },
    ...(daysToMonday > 1 ? [{ label: more.choices.monday, until: morning(daysToMonday) }] : []),
  ];
}
