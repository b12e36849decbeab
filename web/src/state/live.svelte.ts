// The live connection: drafts as they change, and who looks at what. Must not fetch anything: it
// asks for a fresh queue when it may have missed something.
import type { LiveMessage, Presence, Summary } from "../nouns";

const PING_MS = 25_000;
const RETRY_MS_MAX = 15_000;

class Live {
  state = $state<"connecting" | "on" | "off">("connecting");
  people = $state.raw<Presence[]>([]);
  onDraft = (_draft: Summary, _sequence: number) => {};
  onMissed = () => {};
  /** The line is gone, and a new one was refused: nobody may be offline, but signed out. */
  onRefused = () => {};

  #socket: WebSocket | null = null;
  /** The state of the log that the page has seen; the queue's pages tell it, too. */
  #seen = 0;
  #focus: string | null = null;
  #failures = 0;
  #wanted = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether anything was heard since the last ping. */
  #heard = true;

  open(): void {
    this.#wanted = true;
    this.#connect();
    setInterval(() => this.#ping(), PING_MS);
    addEventListener("online", () => this.#connect());
    // The browser knows at once; the line itself would be silent until it is asked.
    addEventListener("offline", () => this.#hangUp());
  }

  /** The page has seen the log up to there. */
  saw(sequence: number): void {
    this.#seen = Math.max(this.#seen, sequence);
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

  /** A line that is dead at its other end is silent: whoever doesn't answer a ping is called anew. */
  #ping(): void {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    if (this.#heard) {
      this.#heard = false;
      return socket.send("ping");
    }
    this.#hangUp();
  }

  #hangUp(): void {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    socket.onclose = null;
    socket.close();
    this.#lost(socket);
  }

  #connect(): void {
    if (!this.#wanted || (this.#socket && this.#socket.readyState <= WebSocket.OPEN)) return;
    clearTimeout(this.#timer);
    // What changed since the queue was listed is told first; later on the whole queue is asked for.
    const isFirst = this.#socket === null;
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/live${isFirst ? `?after=${this.#seen}` : ""}`);
    this.#socket = socket;
    socket.onopen = () => {
      this.state = "on";
      this.#heard = true;
      this.#failures = 0;
      this.focus(this.#focus);
    };
    socket.onmessage = ({ data }) => {
      if (this.#socket !== socket || typeof data !== "string") return;
      this.#heard = true;
      if (data !== "pong") this.#take(data, isFirst);
    };
    socket.onclose = () => this.#lost(socket);
  }

  #lost(socket: WebSocket): void {
    if (this.#socket !== socket) return;
    this.#failures += 1;
    this.state = this.#failures > 1 ? "off" : "connecting";
    if (this.state === "off") this.onRefused();
    this.people = [];
    const wait = Math.min(500 * 2 ** this.#failures, RETRY_MS_MAX);
    this.#timer = setTimeout(() => this.#connect(), wait * (0.75 + Math.random() / 2));
  }

  #take(text: string, isFirst: boolean): void {
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
    // Within a connection nothing is lost; before it, something may have been.
    const missed = message.type === "reset" || (message.type === "hello" && !isFirst && message.sequence > this.#seen);
    this.saw(message.sequence);
    if (message.type === "draft") this.onDraft(message.draft, message.sequence);
    if (missed) this.onMissed();
  }
}

export const live = new Live();
