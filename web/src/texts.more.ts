// The words of the parts that are fetched when they are first needed, ready for translation like
// texts.ts. Must not hold logic beyond putting values into sentences.
import { number } from "./format";
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
    elsewhere: "You are writing here in another window, too. Send from one of them: what you typed last is what is kept.",
    outdated: "Countersign has been updated and may judge this edit differently. Reload when it suits you: your words are kept.",
    loading: "The comparison is being loaded…",
    lesson: "Lesson in one line (optional)",
    oneOff: "Only this time: don't learn from it",
    send: { edit: "Send edit", respond: "Send answer", send_back: "Send back" },
    instruction: "What should the agent do differently?",
    unchanged: "Nothing changed: approve it instead, or go on typing.",
    reasons: {
      number: "number", date: "date", name: "name", link: "link", negation: "negation", modality: "must or may",
      promise: "promise", claim_added: "claim added", claim_removed: "claim removed", wording: "wording", tone: "tone",
      spelling: "spelling", format: "format",
    } as Record<string, string>,
  },

  beside: {
    rationale: "What the agent says",
    sources: "Sources",
    familiarity: "Nearest known message",
    novelty: (share: string) => `${share} unlike anything known when it came`,
    nearest: (share: string) => `${share} alike`,
    nearestByWords: "by words alone",
    rightAsDrafted: "It was approved as drafted; of such a message no text is kept.",
    nothingNear: "Memory knows no message like this one.",
    examples: "Similar corrections",
    noExamples: "No similar draft was corrected so far.",
    lesson: "Lesson",
    customer: "Customer",
    openLink: "Open",
    recent: "Recent drafts",
    noRecent: "None before this one.",
    recentFailed: "They could not be loaded.",
  },

  instead: {
    title: (name: string) => `You are signed in as ${name}`,
    who: (mail: string, tenant: string) => `${mail}, ${tenant}.`,
    link: "The link that you opened is an invitation: whoever uses it is signed in as the person it was made for, and out of this. Use it only where you expected it.",
    stay: (name: string) => `Stay ${name}`,
    leave: "Use the invitation",
  },

  first: "No agent posts yet? Take the first steps",

  strain: {
    label: "How the queue is served",
    stopped: (covers: { scope: string; name?: string }, reason: string) => `${covers.name === undefined ? "Everything" : `The ${covers.scope} ${covers.name}`} is stopped: ${reason}`,
    levelsLost: (which: string) => `Lost a level: ${which}`,
    policyWaits: "A change of the policy waits for a second lead",
    proposals: (count: number) => (count === 1 ? "A step up waits for an answer" : `${number(count)} steps up wait for an answer`),
    breaks: (when: string) => `At this pace a deadline will be missed ${when}.`,
    overflows: (when: string) => `More comes than is decided: drafts that come ${when} will be late.`,
    overflowing: "More waits than can be decided in time.",
    full: (open: number, full: number) => `The queue is ${open < full ? "filling up" : "full"} (${number(open)} of ${number(full)}): fewer of the drafts that went out are picked for a look.`,
    rotaEmpty: "Nobody is on call: the lead answers.",
    deadLetters: (count: number) => `${many(count, "message", "messages")} could not be delivered`,
    rushes: (who: string, fast: number, of: number) => `${who} approves faster than one can read (${number(fast)} of ${number(of)}).`,
  },

  pace: {
    median: (time: string) => `${time} a verdict`,
    seconds: (s: string) => `${s} s`,
    minutes: (min: string) => `${min} min`,
    team: "Half of the team's verdicts of the last day took no longer.",
    own: (count: number, time: string, presses: number) => `Yours here: ${time} and ${many(presses, "key or press", "keys or presses")}, the median of your last ${many(count, "verdict", "verdicts")}.`,
  },

  action: {
    record: "Record",
    openRecord: "Open the record",
    stakes: { none: "nothing at stake", data_change: "changes data", financial: "moves money", escalation: "involves a person" },
    irreversible: "can't be undone",
    unlisted: "not in the catalogue",
    now: "on record:",
    was: (value: string) => `was ${value}`,
    unreadable: "not a value of this field",
    further: (count: number) => `${many(count, "further value", "further values")}, to be read like those above:`,
  },

  person: {
    signOut: "Sign out",
    notify: "Notify me of urgent drafts",
    notified: "You are notified of urgent drafts",
    notifyDenied: "Notices are blocked in this browser",
    urgent: "A draft is soon late",
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
    correct: "It was wrong",
    knownBad: ({ caught, flaw }: { caught?: boolean | null; flaw: string }) => {
      if (caught === true) return `A known-bad draft, put here to see whether anybody looks: you caught it (${flaw}).`;
      if (caught === false) return `A known-bad draft, put here to see whether anybody looks: it would have gone out (${flaw}).`;
      return `A known-bad draft of your own (${flaw}).`;
    },
  },

  help: {
    intro: "One key each. No key works while you type, and none before a draft has been in view for a moment.",
    groups: { verdict: "Decide", batch: "Decide together", write: "While you write", move: "Move", page: "Page" },
    close: "Close",
    singleKeys: "Single-key shortcuts",
  },
};
