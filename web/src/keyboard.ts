// Turns keys into actions of the table. Must not know what an action does; no key works while
// somebody types or composes, nor while it is held down.
import { actions, perform, type ActionName } from "./actions";
import { preferences } from "./state/preferences.svelte";
import { place } from "./state/place.svelte";
import { review } from "./state/review.svelte";

const TEXT_INPUTS = new Set(["text", "search", "number", "email", "url", "tel", "password", "date"]);

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return TEXT_INPUTS.has(target.type);
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** The event's key as the table writes it; layouts without Latin letters go by the key's place. */
function keyOf(event: KeyboardEvent): string {
  const { key, code } = event;
  if (event.ctrlKey || event.metaKey) return `Mod+${key}`;
  if (key.length === 1 && key > "\u007f" && code.startsWith("Key")) return code.slice(3);
  return key.length === 1 ? key.toUpperCase() : key;
}

/** Whether the arrows already mean something where the focus is. */
const ownsArrows = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.closest("[data-scrolls], input, select, summary") !== null;

export function onKeydown(event: KeyboardEvent): void {
  if (event.isComposing || event.keyCode === 229 || event.defaultPrevented || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  if (review.writesAhead && !isTyping(event.target) && typedAhead(event)) return event.preventDefault();
  const key = keyOf(event);
  const isLetter = /^[A-Z]$/.test(key);
  if (isLetter && event.shiftKey) return;
  const found = actions.find((action) => action.keys.includes(key));
  if (!found || (event.repeat && !found.repeats)) return;
  if (isTyping(event.target) && !found.whileTyping) return;
  if (key.startsWith("Arrow") && ownsArrows(event.target)) return;
  if (key.length === 1 && !preferences.singleKeys) return;
  if (key.length === 1 && review.refused && place.view === null && found.writes !== review.refused) return event.preventDefault();
  if (perform(found.name, key)) {
    event.preventDefault();
    flash(found.name);
  } else if (found.writes && review.focus !== null && place.view === null) {
    review.refused = found.writes;
  }
}

/** Keeps what is typed for an editor that is not here yet: no key of it is a command. */
function typedAhead({ key, target, repeat, ctrlKey, metaKey }: KeyboardEvent): boolean {
  const presses = (key === "Enter" || key === " ") && target instanceof HTMLElement && target.closest("a, button, summary") !== null;
  if (ctrlKey || metaKey || presses) return false;
  const { early } = review;
  if (repeat) return true;
  if (key === "Backspace") review.early = [...early].slice(0, -1).join("");
  else if (key === "Enter") review.early = `${early}\n`;
  else if ([...key].length === 1) review.early = early + key;
  else return false;
  return true;
}

/** Shows on its button that a key was taken. */
function flash(name: ActionName): void {
  const button = document.querySelector<HTMLElement>(`[data-action="${name}"]`);
  if (!button) return;
  button.dataset.pressed = "";
  setTimeout(() => delete button.dataset.pressed, 140);
}
