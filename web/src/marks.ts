// Cuts a text into marked and unmarked pieces by the evidence that points into it. Ranges are in
// UTF-16 code units, as JavaScript counts. Must not draw anything.
import type { Claim } from "./claims";
import type { Reason } from "./nouns";

export interface Piece { text: string; reasons: number[]; source?: number | undefined }

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
