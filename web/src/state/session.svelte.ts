// Who is signed in, and how the page gets to know it. Must not keep the invitation anywhere: it
// leaves the address bar before anything else is drawn.
import * as api from "../api";
import { Problem } from "../api";
import type { Session } from "../nouns";

export type Stage = "starting" | "signed_in" | "signed_out" | "invitation_used" | "ended" | "unreachable";

const RETRY_MS = 4_000;

class SessionState {
  stage = $state<Stage>("starting");
  current = $state.raw<Session | null>(null);

  /** Signs in by the invitation in the address, or by the cookie that is there. */
  async start(): Promise<void> {
    const invitation = new URLSearchParams(location.hash.slice(1)).get("invitation");
    if (location.hash) history.replaceState(history.state, "", location.pathname + location.search);
    try {
      if (invitation) await api.openSession(invitation);
    } catch (problem) {
      if (problem instanceof Problem && problem.passing) return this.#later(() => this.#startWith(invitation));
      // A used invitation matters only to someone who is not signed in already.
      return this.#load("invitation_used");
    }
    return this.#load("signed_out");
  }

  async #startWith(invitation: string | null): Promise<void> {
    try {
      if (invitation) await api.openSession(invitation);
    } catch {
      return this.#load("invitation_used");
    }
    return this.#load("signed_out");
  }

  async #load(otherwise: Stage): Promise<void> {
    try {
      this.current = await api.session();
      this.stage = "signed_in";
    } catch (problem) {
      if (problem instanceof Problem && problem.passing) return this.#later(() => this.#load(otherwise));
      this.stage = otherwise;
    }
  }

  #later(again: () => Promise<void>): void {
    this.stage = "unreachable";
    setTimeout(() => void again(), RETRY_MS);
  }

  /** The service no longer knows this session. */
  ended(): void {
    if (this.stage === "signed_in") this.stage = "ended";
  }

  async close(): Promise<void> {
    await api.closeSession().catch(() => null);
    this.current = null;
    this.stage = "signed_out";
  }
}

export const session = new SessionState();
