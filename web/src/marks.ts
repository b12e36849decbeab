// Cuts a text into marked and unmarked pieces by the evidence that points into it. Ranges are in
// UTF-16 code units, as JavaScript counts. Must not draw anything.
import type { Claim } from "./claims";
import type { Reason } from "./nouns";

export interface Piece { text: string; reasons: number[]; source?: number | undefined }

/** The flags of regions, which are left; characters that turn the direction of what follows; tags, which spell a text that nobody sees. */
const GHOSTS = /(\u{1f3f4}[\u{e0020}-\u{e007e}]{1,6}\u{e007f})|([\u202a-\u202e\u2066-\u2069])|([\u{e0000}-\u{e007f}]+)/gu;

/** A text cut at what is in it and can't be seen, which is spelt out. */
export function spelt(text: string): { text: string; ghost: boolean }[] {
  let from = 0;
  const parts = [...text.matchAll(GHOSTS)].flatMap(({ 0: all, 1: flag, 2: turn, index }) => {
    if (flag) return [];
    const before = text.slice(from, index);
    from = index + all.length;
    return [{ text: before, ghost: false }, { text: turn ? `U+${codeOf(turn).toString(16).toUpperCase()}` : lettersOf(all), ghost: true }];
  });
  return [...parts, { text: text.slice(from), ghost: false }].filter((part) => part.text);
}

const codeOf = (character: string) => character.codePointAt(0) ?? 0;
const lettersOf = (tags: string) => [...tags].map((tag) => String.fromCodePoint(codeOf(tag) & 0x7f)).join("");

/** The pieces of the text at `pointer`; a reason is named by its place in the list. */
export function pieces(text: string, pointer: string, reasons: Reason[], claims: Claim[] = []): Piece[] {
  const ranges = reasons.flatMap((reason, at) =>
    (reason.evidence ?? [])
      .filter((evidence) => evidence.pointer === pointer && typeof evidence.start === "number")
      .map(({ start, end }) => ({ at, start: Math.min(start ?? 0, text.length), end: Math.min(end ?? text.length, text.length) })),
  );
  const cuts = [...new Set([0, text.length, ...[...ranges, ...claims].flatMap(({ start, end }) => [start, end])])].sort((a, b) => a - b);
  return cuts.slice(1).map((end, index) => {
    const start = cuts[index] ?? 0;
    const over = ranges.filter((range) => range.start <= start && range.end >= end);
    // A claim is numbered where it ends.
    const source = claims.find((claim) => claim.end === end)?.source;
    return { text: text.slice(start, end), reasons: [...new Set(over.map(({ at }) => at))], source };
  });
}
