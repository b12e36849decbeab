// Cuts a text into marked and unmarked pieces by the evidence that points into it. Ranges are in
// UTF-16 code units, as JavaScript counts. Must not draw anything.
import type { Claim } from "./claims";
import type { Reason } from "./nouns";

export interface Piece { text: string; reasons: number[]; source?: number | undefined }

/**
 * The flags of regions, which are left; tags, which spell a text that nobody sees; characters that turn the direction of
 * what follows, or take no room. Of the latter two are left where they join or part: in emoji, and in scripts whose
 * letters join; and what chooses a form of the character before it, where it is one.
 */
const GHOSTS =
  /(\u{1f3f4}[\u{e0020}-\u{e007e}]{1,6}\u{e007f})|([\u{e0000}-\u{e007f}]+)|[\u202a-\u202e\u2066-\u2069]|(?:[\u00ad\u034f\u180e\u200b\u2060-\u2064\u206a-\u206f\ufeff]|(?<![\u0600-\u109f\u1780-\u18af\p{Extended_Pictographic}\ufe0f\u{1f3fb}-\u{1f3ff}])[\u200c\u200d])+|[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]{2,}/gu;

/** A text cut at what is in it and can't be seen, which is spelt out. */
export function spelt(text: string): { text: string; ghost: boolean }[] {
  let from = 0;
  const parts = [...text.matchAll(GHOSTS)].flatMap(({ 0: all, 1: flag, 2: tags, index }) => {
    if (flag) return [];
    const before = text.slice(from, index);
    from = index + all.length;
    return [{ text: before, ghost: false }, { text: tags ? lettersOf(tags) : codesOf(all), ghost: true }];
  });
  return [...parts, { text: text.slice(from), ghost: false }].filter((part) => part.text);
}

const codeOf = (character: string) => character.codePointAt(0) ?? 0;
/** As the character's number; of several alike in a row, with how many they are. */
function codesOf(all: string): string {
  const codes = [...all].map((character) => `U+${codeOf(character).toString(16).toUpperCase().padStart(4, "0")}`);
  const named = [...new Set(codes)].join(" ");
  return codes.length > 1 ? `${named} ×${codes.length}` : named;
}
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
