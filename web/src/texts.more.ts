// The words of the parts that are fetched when they are first needed, ready for translation like
// texts.ts. Must not hold logic beyond putting values into sentences.
import type { EditKind, Remedy } from "./nouns";
import { many } from "./texts";

export const more = {
  edit: {
    stillFits: "It still fits",
    label: "Edited text",
    respondLabel: "Your answer",
    respondHint: "You write the answer yourself; the agent sends it.",
    changes: "Changes",
    noChanges: "No changes yet: type to edit",
    kind: "Kind of edit",
    kinds: { none: "No change", cosmetic: "Cosmetic", substantive: "Substantive" } satisfies Record<EditKind, string>,
    kindHelp: { cosmetic: "how it is said", substantive: "what it says" },
    overruled: "your choice",
    loading: "The comparison is being loaded…",
    lesson: "Lesson for the agent, in one line (optional)",
    oneOff: "Only this time: don't learn from it",
    send: { edit: "Send edit", respond: "Send answer", send_back: "Send back" },
    leave: "Leave",
    instruction: "What should the agent do differently?",
    unchanged: "Nothing changed: approve it instead, or go on typing.",
    reasons: {
      number: "number", date: "date", name: "name", link: "link", negation: "negation", modality: "must or may",
      promise: "promise", claim_added: "claim added", claim_removed: "claim removed", wording: "wording", tone: "tone",
      spelling: "spelling", format: "format",
    } as Record<string, string>,
  },

  choices: {
    reject: "Why is it rejected?",
    defer: "Until when?",
    correct: "What is done about it?",
    assign: "Who takes it?",
    me: "I do",
    everybody: "Everybody",
    note: "Note (optional)",
    retry: "The agent may try again",
    defaultReasons: ["wrong facts", "wrong tone", "not our policy", "needs a person"],
    inMinutes: (count: number) => `In ${count} minutes`,
    inHours: (count: number) => `In ${many(count, "hour", "hours")}`,
    tomorrow: "Tomorrow at 9:00",
    monday: "Monday at 9:00",
    remedies: {
      follow_up: "The agent writes again", reversal: "The agent takes it back", none: "Nothing; only note it",
    } satisfies Record<Remedy, string>,
  },

  handover: {
    first: (who: string, what: string) => `${who} has ${what} it. It leaves when a second person agrees.`,
    round: (round: number) => `Written anew (round ${round}):`,
    turn: "Answered in this order:",
  },

  history: {
    intro: "What you decided, newest first. A verdict can be taken back within its undo window; what is out can be corrected.",
    search: "Search your verdicts",
    nothing: "You have not decided anything yet.",
    noMatch: "Nothing matches.",
    failed: "Your history could not be loaded.",
    undo: "Take back",
    undone: "taken back",
    correct: "Correct",
    show: "Show",
  },

  help: {
    intro: "One key each. No key works while you type, and none before a draft has been in view for a moment.",
    groups: { verdict: "Decide", batch: "Decide together", write: "While you write", move: "Move", page: "Page" },
    close: "Close",
    singleKeys: "Single-key shortcuts",
  },
};
