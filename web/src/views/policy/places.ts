// Where a JSON pointer's value stands in a JSON text. Must not fail on a text that is none: it then
// finds nothing.
import { escaped } from "../../format";

export interface Place { from: number; to: number }

/** The characters of the value at `pointer`; null where there is none. */
export function placeOf(text: string, pointer: string): Place | null {
  let at = 0;
  let found: Place | null = null;
  const blank = () => { while (/\s/.test(text[at] ?? "")) at += 1; };
  const quoted = (): string => {
    const from = at;
    at += 1;
    while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
    at += 1;
    return JSON.parse(text.slice(from, at)) as string;
  };
  const value = (path: string): void => {
    blank();
    const from = at;
    const open = text[at];
    if (open === "{" || open === "[") {
      at += 1;
      for (let index = 0; ; index += 1) {
        blank();
        if (at >= text.length || text[at] === "}" || text[at] === "]") break;
        const key = open === "{" ? escaped(quoted()) : String(index);
        if (open === "{") { blank(); at += 1; }
        value(`${path}/${key}`);
        blank();
        if (text[at] === ",") at += 1;
      }
      at += 1;
    } else if (open === '"') quoted();
    else while (at < text.length && !/[\s,\]}]/.test(text[at]!)) at += 1;
    if (path === pointer) found = { from, to: at };
    if (at === from) at += 1;
  };
  try {
    value("");
  } catch {
    return null;
  }
  return found;
}

/** The place of the pointer, or of the nearest part above it that exists. */
export function nearestPlace(text: string, pointer: string): Place | null {
  for (let path = pointer; ; path = path.slice(0, path.lastIndexOf("/"))) {
    const place = placeOf(text, path);
    if (place || path === "") return place;
  }
}
