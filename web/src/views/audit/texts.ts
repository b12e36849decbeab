// Every word of the audit view, ready for translation. Must not hold logic beyond putting values into
// sentences.
import { list, number } from "../../format";
import type { Fact } from "../../nouns";
import type { LogFinding } from "../workbench/answers";
import { exactly } from "./times";

/** A name of the log's, such as `draft.settled`, as it is read. */
export const inWords = (name: string) => name.replaceAll(/[._]/g, " ");

/** A fact of an entry, as it is read. */
export function factInWords(name: string, fact: Fact): string {
  if (typeof fact === "number") return name.endsWith("_at_ms") ? exactly(fact) : number(fact);
  if (typeof fact === "boolean") return fact ? words.yes : words.no;
  return Array.isArray(fact) ? list(fact) : fact;
}

export const words = {
  intro: (count: string) => `Everything that happened, in ${count} entries that nobody can change unseen.`,
  failed: "The log could not be loaded.",
  retry: "Try again",
  actors: { agent: "an agent", reviewer: "a reviewer", operator: "the operator", system: "Countersign" } as Record<string, string>,
  actor: "by", about: "about", at: "when", leaf: "leaf hash", yes: "yes", no: "no",
  older: "Older entries",
  searchOlder: "Search older entries",
  searching: "Searching…",
  none: "No entry among those loaded matches.",
  count: (shown: number, of: number) => (shown === of ? `${number(of)} entries loaded` : `${number(shown)} of ${number(of)} entries loaded`),
  filter: { text: "Filter by id, person or fact", event: "What happened", every: "everything" },
  export: "Export",
  exportHint: "Every entry, a line each; countersign verify reads it",
  keep: "Save the checkpoint",
  verify: {
    button: "Verify the log",
    working: (share: string) => `Verifying in this browser: ${share}`,
    lines: (count: number) => `${number(count)} entries`,
    sound: (entries: number, vouched: number) => `Verified: ${number(entries)} entries, each what its hash was made of, none missing; the signed checkpoint vouches for ${number(vouched)}.`,
    earlier: (size: number) => `They go on from the log of ${number(size)} entries that this browser had verified before.`,
    broken: (count: number) => `The log is not what was signed: ${number(count)} ${count === 1 ? "fault" : "faults"}.`,
    key: "The log is signed with another key than the one this browser remembers.",
    failed: (why: string) => `It could not be verified: ${why}`,
    findings: (finding: LogFinding): string => {
      switch (finding.found) {
        case "malformed": return `Line ${number(finding.line)} is no entry.`;
        case "foreign": return `Entry ${number(finding.seq)} is another tenant's.`;
        case "unknown_form": return `Entry ${number(finding.seq)} is of a form that this page doesn't know.`;
        case "changed": return `Entry ${number(finding.seq)} was changed.`;
        case "misplaced": return `Entry ${number(finding.seq)} stands in the wrong place.`;
        case "missing": return `Entries ${number(finding.from)} to ${number(finding.to)} are missing.`;
        case "truncated": return `The log ends after ${number(finding.entries)} entries; ${number(finding.signed)} were signed.`;
        case "forked": return `Between entry ${number(finding.after)} and ${number(finding.before)} the log becomes another one than was signed.`;
        case "another_log": return `The checkpoint is of another log: ${finding.origin}.`;
      }
    },
  },
  dossier: {
    open: "Dossier of the draft",
    title: "Dossier of",
    print: "Print",
    close: "Back to the log",
    failed: "The dossier could not be loaded.",
    erased: "Its texts were erased; what the log says of it stays.",
    seen: "What was seen",
    agent: "agent", category: "category", customer: "customer", message: "message", draft: "draft", none: "none",
    decided: (said: string, version: number) => `${said} (version ${number(version)})`,
    owner: (name: string) => `Owner: ${name}`,
    verdict: "The verdict",
    said: (verdict: string, who: string, when: string) => `${verdict}, by ${who}, ${when}`,
    nobody: "Nobody decided on it.",
    sent: "What was allowed to leave",
    nothing: "Nothing.",
    became: (status: string) => `It is ${status} now.`,
    entries: "What the log holds of it",
    salt: "Salt of its commitments:",
  },
  proof: {
    button: "Prove this entry",
    working: "Proving…",
    holds: (size: number) => `Proved in this browser: the signed log of ${number(size)} entries holds exactly this one.`,
    fails: "Not proved: the signed log does not hold this entry as it is shown.",
    keep: "Save the proof",
  },
};
