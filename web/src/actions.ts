// The one table of what a person can do on the review page: buttons, keys and the help all read it.
// No key is listened for anywhere else, and no two actions share one.
import { texts } from "./texts";
import { details } from "./state/details.svelte";
import { notices } from "./state/notices.svelte";
import { queue } from "./state/queue.svelte";
import { place } from "./state/place.svelte";
import { review } from "./state/review.svelte";
import { selection } from "./state/selection.svelte";
import { session } from "./state/session.svelte";
import { isUndoable, verdicts } from "./state/verdicts.svelte";
import type { Purpose } from "./state/words.svelte";
import { isFor, views, type ViewName } from "./views";

export type ActionName =
  | "approve" | "edit" | "reject" | "respond" | "handled_elsewhere" | "send_back" | "defer" | "confirm" | "correct"
  | "undo" | "select" | "alike" | "assign" | "next" | "previous" | "claim" | "search" | "category" | "mine" | "help" | "review" | ViewName | "choose" | "retry_allowed" | "send" | "leave";

export interface Action {
  name: ActionName;
  label: string;
  /** As `KeyboardEvent.key` says, letters in upper case; `Mod+` is Ctrl, or Cmd on a Mac. */
  keys: readonly string[];
  group: "verdict" | "write" | "batch" | "move" | "page";
  /** Whether the key works in a text field, too. */
  whileTyping?: true;
  /** Whether the key may be held down. */
  repeats?: true;
  /** What it begins to write: where that can't be, what is typed all the same is no command. */
  writes?: Purpose;
  when: () => boolean;
  perform: (key: string) => void;
}

/** Nothing half done. */
export const free = () => review.writing === null && review.choosing === null;
/** A verdict needs a draft that waits, that was in view long enough, and nothing half done. */
const deciding = () => selection.drafts.length === 0 && review.open && free();
const held = () => deciding() && review.summary?.status === "held";
/** What a person has to do can't be approved, but for what another person made of it. */
const agreeable = () => held() || (deciding() && !review.lookOnly && !!review.detail?.first_content);
const waiting = () => deciding() && !review.lookOnly;
const look = () => deciding() && review.lookOnly;
const answerable = () => waiting() && review.summary?.kind === "message";
/** Of several that are chosen, the one in focus is edited by itself: whoever types on approves none of them by that. */
const editable = () => review.open && free() && review.summary?.status === "held";
/** What a person has to answer is written anew: here, too, what is typed on is no command. */
const personal = () => review.open && free() && review.summary?.status === "with_human" && review.summary.kind === "message";
/** What nobody was asked to look at any more can be found wrong all the same. */
const out = () => selection.drafts.length === 0 && review.gone?.correctable === true && review.mayDecide;
/** Where the draft stands behind another part of the page, the key first brings it into view. */
const ifSeen = (then: () => void) => () => {
  const { seenLongEnough } = review;
  review.zone = "draft";
  if (seenLongEnough) then();
};
const focusOn = (selector: string) => document.querySelector<HTMLElement>(selector)?.focus({ preventScroll: true });
/** What had the focus may be gone with what was done: it is never left nowhere. */
export const keepFocus = () => requestAnimationFrame(() => document.activeElement === document.body && focusOn("#queue-list"));
/** What was looked for before is there to be typed over. */
const searchAnew = () => (focusOn("#queue-search"), document.querySelector<HTMLInputElement>("#queue-search")?.select());

const verdict = (name: ActionName & keyof typeof texts.actions, key: string, when: () => boolean, then: () => void): Action => ({
  name, label: texts.actions[name], keys: [key], group: "verdict", when, perform: ifSeen(then),
});

/** To begin to write decides nothing: it need not wait, or the letters after it would be keys. */
const writing = (name: Purpose, key: string, when: () => boolean, perform: () => void): Action => ({
  name, label: texts.actions[name], keys: [key], group: "verdict", writes: name, when, perform,
});

export const actions: readonly Action[] = [
  verdict("approve", "A", () => agreeable() || review.batchReady, () => (review.batchReady ? review.approveAll() : review.agree())),
  writing("edit", "E", () => editable() || personal(), () => write()),
  verdict("reject", "R", waiting, () => (review.choosing = "reject")),
  writing("respond", "W", answerable, () => review.write("respond")),
  writing("send_back", "B", waiting, () => review.write("send_back")),
  verdict("handled_elsewhere", "H", waiting, () => review.decide({ kind: "handled_elsewhere" })),
  verdict("defer", "D", waiting, () => (review.choosing = "defer")),
  verdict("assign", "O", waiting, () => (review.choosing = "assign")),
  verdict("confirm", "Y", look, () => review.decide({ kind: "confirm" })),
  verdict("correct", "X", () => look() || out(), () => (review.lookOnly ? (review.choosing = "correct") : void review.reopen(review.focus!))),
  {
    name: "undo", label: texts.actions.undo, keys: ["U"], group: "verdict",
    when: () => verdicts.last !== undefined && review.writing === null,
    perform: () => undo(),
  },

  {
    name: "select", label: texts.actions.select, keys: ["Z"], group: "batch",
    when: () => free() && review.mayDecide && review.summary?.status === "held",
    perform: () => review.summary && selection.toggle(review.summary),
  },
  {
    name: "alike", label: texts.actions.alike, keys: ["G"], group: "batch",
    when: () => free() && review.mayDecide && review.summary?.status === "held" && queue.alike(review.summary) > 1,
    perform: () => review.summary && selection.add(queue.allAlike(review.summary)),
  },

  {
    name: "choose", label: texts.actions.choose, keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"], group: "verdict",
    when: () => review.choosing !== null && review.open && review.stands,
    perform: (key) => void choose(Number(key)),
  },
  {
    name: "retry_allowed", label: texts.actions.retry_allowed, keys: ["N"], group: "verdict",
    when: () => review.choosing === "reject",
    perform: () => (review.mayRetry = !review.mayRetry),
  },

  {
    name: "send", label: texts.actions.send, keys: ["Mod+Enter"], group: "write", whileTyping: true,
    when: () => review.writing !== null && review.wordsSendable && review.open && review.stands,
    perform: () => review.sendWords(),
  },
  {
    name: "leave", label: texts.actions.leave, keys: ["Escape"], group: "write", whileTyping: true,
    when: () => !free() || review.refused !== null || selection.drafts.length > 0 || notices.shown.length > 0 || queue.narrowed || isSearching(),
    perform: () => leave(),
  },

  {
    name: "next", label: texts.actions.next, keys: ["J", "ArrowDown"], group: "move", repeats: true,
    when: () => review.writing === null, perform: () => review.move(1),
  },
  {
    name: "previous", label: texts.actions.previous, keys: ["K", "ArrowUp"], group: "move", repeats: true,
    when: () => review.writing === null, perform: () => review.move(-1),
  },
  {
    name: "claim", label: texts.actions.claim, keys: ["C"], group: "move",
    when: () => review.writing === null && review.mayDecide, perform: () => void review.claim(),
  },
  {
    name: "search", label: texts.actions.search, keys: ["/"], group: "move",
    when: () => true,
    perform: () => ((review.zone = "queue"), queueMicrotask(searchAnew)),
  },
  {
    name: "category", label: texts.actions.category, keys: ["F"], group: "move",
    when: () => queue.categories.length > 0,
    perform: () => ((review.zone = "queue"), queueMicrotask(() => focusOn("#queue-category"))),
  },
  {
    name: "mine", label: texts.actions.mine, keys: ["Q"], group: "move", when: () => review.writing === null,
    perform: () => {
      queue.mine = !queue.mine;
      if (!queue.shown.some((draft) => draft.id === review.focus)) review.show(queue.shown[0]?.id ?? null);
    },
  },
  { name: "help", label: texts.actions.help, keys: ["?"], group: "page", when: () => true, perform: () => (review.sheet = "help") },
  { name: "review", label: texts.actions.review, keys: ["V"], group: "page", when: () => place.view !== null, perform: () => place.go(review.path) },
  ...views.map((view): Action => ({
    name: view.name, label: view.label, keys: [view.key], group: "page",
    when: () => review.writing === null && place.view !== view && isFor(view, session.current?.person),
    perform: () => place.go(view.path),
  })),
];

/** Takes one of the options, unless it is another choice or draft by the time they are here. */
async function choose(number: number): Promise<void> {
  const { focus, choosing } = review;
  const { choicesOf } = await import("./state/choices");
  if (review.open && review.focus === focus && review.choosing === choosing) choicesOf(review)[number - 1]?.choose();
  keepFocus();
}

/** What somebody words anew is no longer agreed to together with others. */
function write(): void {
  if (review.summary && selection.has(review.summary.id)) selection.toggle(review.summary);
  review.write(personal() ? "respond" : "edit");
}

/** In the search or the filter, which one leaves even where nothing was looked for. */
const isSearching = () => document.activeElement?.closest(".queue .tools") != null;

/** Takes back what was done last; where that stays done, nothing before it is taken back in its place. */
function undo(): void {
  const last = verdicts.last!;
  if (isUndoable(last.body.verdict)) return void review.undo();
  verdicts.pass(last);
  notices.show(texts.notices.final(texts.kinds[last.body.verdict.kind], last.name), "plain");
}

/** One step back: out of what can't be written, the editor, the choice, the search, the chosen ones, what was told. */
function leave(): void {
  if (review.refused) {
    review.refused = null;
  } else if (review.writing !== null || review.choosing !== null) {
    review.leave();
  } else if (selection.drafts.length > 0) {
    selection.clear();
  } else if (notices.shown.length > 0 && !isSearching() && (queue.shown.length > 0 || !queue.narrowed)) {
    notices.dismiss(notices.shown.at(-1)!.id);
  } else {
    queue.widen();
    if (review.focus === null) review.move(1);
  }
  focusOn("#queue-list");
  const summary = queue.get(review.focus);
  if (summary) void details.want(summary);
}

const mac = /Mac|iP/.test(navigator.platform);
const KEY_NAMES: Record<string, string> = { Enter: "↵", Escape: "Esc", ArrowDown: "↓", ArrowUp: "↑" };

/** A key as this machine's keyboard has it. */
export const keyName = (key: string): string => key.replace("Mod+", mac ? "⌘" : "Ctrl ").replace(/[A-Z]\w+$/, (name) => KEY_NAMES[name] ?? name);
/** The same as `aria-keyshortcuts` says it. */
export const keyShortcut = (key: string): string => key.replace("Mod", mac ? "Meta" : "Control");

const byName = new Map(actions.map((action) => [action.name, action]));

export const action = (name: ActionName): Action => byName.get(name)!;

/** Whether it can be done now; what the review can do is done where it is seen. */
export const possible = (found: Action): boolean => (place.view === null || found.group === "page") && found.when();

/** Does what a button or a key asks for, if it can be done now. */
export function perform(name: ActionName, key = ""): boolean {
  const found = action(name);
  if (!possible(found)) return false;
  found.perform(key);
  if (name !== "leave") review.refused = null;
  keepFocus();
  return true;
}
