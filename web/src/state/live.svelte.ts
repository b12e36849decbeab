// The live connection: drafts as they change, and who looks at what. Must not fetch anything: it
// asks for a fresh queue when it may have missed something.
import type { LiveMessage, Presence, Summary } from "../wire";

const PING_MS = 25_000;
const RETRY_MS_MAX = 15_000;

class Live {
  state = $state<"connecting" | "on" | "off">("connecting");
  people = $state.raw<Presence[]>([]);
  onDraft = (_draft: Summary) => {};
  onGone = (_id: string) => {};
  onMissed = () => {};

  #socket: WebSocket | null = null;
  #sequence: number | null = null;
  #focus: string | null = null;
  #failures = 0;
  #wanted = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  open(): void {
    this.#wanted = true;
    this.#connect();
    setInterval(() => this.#socket?.readyState === WebSocket.OPEN && this.#socket.send("ping"), PING_MS);
    addEventListener("online", () => this.#connect());
  }

  close(): void {
    this.#wanted = false;
    this.#socket?.close();
  }

  /** Tells the others which draft is in focus here. */
  focus(draft: string | null): void {
    this.#focus = draft;
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type: "focus", draft }));
  }

  #connect(): void {
    if (!this.#wanted || (this.#socket && this.#socket.readyState <= WebSocket.OPEN)) return;
    clearTimeout(this.#timer);
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/live`);
    this.#socket = socket;
    socket.onopen = () => {
      this.state = "on";
      // What happened while the connection was down is unknown.
      if (this.#failures > 0) this.onMissed();
      this.#failures = 0;
      this.focus(this.#focus);
    };
    socket.onmessage = ({ data }) => typeof data === "string" && data !== "pong" && this.#take(data);
    socket.onclose = () => {
      if (this.#socket !== socket) return;
      this.#failures += 1;
      this.state = this.#failures > 1 ? "off" : "connecting";
      this.people = [];
      this.#sequence = null;
      const wait = Math.min(500 * 2 ** this.#failures, RETRY_MS_MAX);
      this.#timer = setTimeout(() => this.#connect(), wait * (0.75 + Math.random() / 2));
    };
  }

  #take(text: string): void {
    let message: LiveMessage;
    try {
      message = JSON.parse(text) as LiveMessage;
    } catch {
      return;
    }
    if (message.type === "presence") {
      this.people = message.people;
      return;
    }
    const missed = this.#sequence !== null && message.sequence > this.#sequence + 1;
    this.#sequence = message.sequence;
    if (message.type === "draft") this.onDraft(message.draft);
    if (message.type === "gone") this.onGone(message.id);
    if (missed) this.onMissed();
  }
}

export const live = new Live();
