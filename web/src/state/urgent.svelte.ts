// Notices of the system for drafts that are soon late, when the reviewer wants them and looks
// elsewhere. Must not tell what a draft says: a notice may stand on a locked screen.
import { texts } from "../texts";
import { more } from "../texts.more";
import { distance } from "../format";
import type { Summary } from "../nouns";
import { queue } from "./queue.svelte";

/** A draft is urgent when it is late within that time. */
const URGENT_MS = 15 * 60_000;
const EVERY_MS = 3_000;
const AT_ONCE_MAX = 3;

class Urgent {
  state = $state<NotificationPermission | "unsupported">("Notification" in globalThis ? Notification.permission : "unsupported");
  /** Drafts that were told, or were urgent while the page was looked at. */
  #known = new Set<string>();

  constructor() {
    setInterval(() => this.#look(), EVERY_MS);
  }

  /** Asks the person; must come from a press of theirs. */
  async ask(): Promise<void> {
    this.state = await Notification.requestPermission();
  }

  #look(): void {
    const [now, soon] = [Date.now(), Date.now() + URGENT_MS].map((ms) => new Date(ms).toISOString());
    const fresh = queue.all.filter((draft) => draft.due_at && !draft.look_owed && draft.due_at > now! && draft.due_at < soon! && !this.#known.has(draft.id));
    for (const draft of fresh) this.#known.add(draft.id);
    if (this.state === "granted" && !document.hasFocus()) fresh.slice(0, AT_ONCE_MAX).forEach(tell);
  }
}

export const urgent = new Urgent();

function tell(draft: Summary): void {
  const notice = new Notification(more.person.urgent, {
    body: [draft.category ?? draft.channel, texts.queue.due(distance(draft.due_at!, Date.now()))].join(", "),
    tag: draft.id,
  });
  notice.onclick = () => {
    focus();
    location.assign(`/drafts/${draft.id}`);
  };
}
