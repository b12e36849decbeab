// Which source backs which figure of a draft: the figures, dates and links that a source's quote has,
// too. A claim without one is the policy's to find; here only what agrees is shown. Must not draw.
import type { Draft } from "./nouns";

export interface Claim { start: number; end: number; source: number }

/** A figure with its unit or sign, a date, a time, a link. */
const FIGURE = /https?:\/\/\S+|\d+(?:[.,:\u2013/-]\d+)*(?:\s?[%\u20ac$\u00a3])?/gu;
const CLAIMS_MAX = 200;
const bare = (figure: string) => figure.replaceAll(/\s|[.,]+$/g, "").toLowerCase();

/** The places of a draft's text that a source backs, in order; of two sources the first. */
export function claimsOf(text: string, sources: Draft["sources"]): Claim[] {
  const known = (sources ?? []).map((source) => new Set([...`${source.title} ${source.quote ?? ""} ${source.url ?? ""}`.matchAll(FIGURE)].map(([figure]) => bare(figure))));
  if (known.length === 0) return [];
  return [...text.matchAll(FIGURE)].slice(0, CLAIMS_MAX).flatMap((match) => {
    const source = known.findIndex((figures) => figures.has(bare(match[0])));
    return source < 0 ? [] : [{ start: match.index, end: match.index + match[0].length, source }];
  });
}
