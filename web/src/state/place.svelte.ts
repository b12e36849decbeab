// Where one is: in the review or in one of the other views, as the address bar says. Must not fetch
// or draw anything.
import { viewAt } from "../views";

class Place {
  /** The path and query as they stand in the address bar. */
  path = $state(location.pathname);
  query = $state(location.search);
  /** The open view; null in the review. */
  view = $derived(viewAt(this.path));

  /** The draft that it names. */
  draft = $derived(/^\/drafts\/([^/]+)$/.exec(this.path)?.[1]);

  constructor() {
    addEventListener("popstate", () => this.#read());
  }

  /** Opens a path of this page; going back leads to where one was. */
  go(path: string): void {
    if (path === location.pathname + location.search) return;
    history.pushState(null, "", path);
    this.#read();
  }

  /** Renames where one is, without a step to go back to. */
  rename(path: string): void {
    history.replaceState(null, "", path);
    this.#read();
  }

  #read(): void {
    this.path = location.pathname;
    this.query = location.search;
  }
}

export const place = new Place();

/** Whether a press on a link means it here and now, and not another tab or window. */
export const isPlain = (event: MouseEvent) => event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);

/** For a link of this page: opened here, but left to the browser where it should open elsewhere. */
export function followed(event: MouseEvent & { currentTarget: HTMLAnchorElement }): void {
  if (!isPlain(event)) return;
  event.preventDefault();
  place.go(event.currentTarget.pathname + event.currentTarget.search);
}
