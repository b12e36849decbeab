// Notices of the system for drafts that are soon late, when the reviewer wants them and looks
// elsewhere. Must not tell what a draft says: a notice may stand on a locked screen.
import { texts } from "../texts";
import { distance } from "../format";
import type { Summary } from "../nouns";

/** A new draft is urgent when it is late within that time. */
const URGENT_MS = 15 * 60_000;

class Urgent {
  state = $state<NotificationPermission | "unsupported">("Notification" in globalThis ? Notification.permission : "unsupported");

  /** Asks the person; must come from a press of theirs. */
  async ask(): Promise<void> {
    this.state = await Notification.requestPermission();
  }
}

export const urgent = new Urgent();

/** Tells of a draft that has just come, where it is urgent and nobody looks. */
export function announce(draft: Summary, isNew: boolean): void {
  if (!isNew || urgent.state !== "granted" || !document.hidden || !draft.due_at) return;
  if (Date.parse(draft.due_at) - Date.now() > URGENT_MS) return;
  const notice = new Notification(texts.notices.urgent, {
    body: [draft.category ?? draft.channel, texts.queue.due(distance(draft.due_at, Date.now()))].join(", "),
    tag: draft.id,
  });
  notice.onclick = () => {
    focus();
    location.assign(`/drafts/${draft.id}`);
  };
}
