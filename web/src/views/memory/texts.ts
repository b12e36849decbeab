// Every word of the memory view that the review doesn't share, ready for translation.
import { many } from "../../texts";

export const words = {
  search: "Search by meaning",
  byWords: "Corrections are found by their words alone: this installation compares no meanings.",
  category: "Category",
  allCategories: "All categories",
  likest: (count: number) => `${many(count, "correction", "corrections")}, closest first`,
  imported: (source: string) => `imported from ${source}`,
  unused: "no draft was written with it yet",
  used: (used: number, helped: number) => `${many(used, "draft was", "drafts were")} written with it; ${helped === used && used > 0 ? "every one was right" : `${helped} of them right`}`,
  where: "Where it was used",
  usesNone: "These drafts are no longer on record.",
  usesFailed: "They could not be loaded.",
  agreements: (count: number) => many(count, "later verdict agrees", "later verdicts agree"),
  contradictions: (count: number) => many(count, "later correction says otherwise", "later corrections say otherwise"),
  duplicate: "nearly repeats an earlier one",
  older: "Older corrections",
  retire: "Retire",
  retired: "retired: no example any more",
  refused: (why: string) => `It was not retired: ${why}`,
};
