// Who is signed in, and how the page gets to know it. Must not keep the invitation anywhere: it
// leaves the address bar before anything else is drawn.
import * as api from "../api";
import { Problem } from "../api";
import type { Session } from "../nouns";
import { place } from "./place.svelte";

export type Stage = "starting" | "asking" | "signed_in" | "signed_out" | "invitation_used" | "ended" | "unreachable";

const RETRY_MS = 4_000;
/** The service renews a secret that is an hour old when it is asked: the page asks soon enough after that. */
const RENEW_MS = 300_000;
/** Where somebody wanted to go before they had to sign in; a link of a mail opens another tab. */
const WANTED = "countersign.wanted";
const WANTED_MS = 3_600_000;

/** The invitation in the address. */
const invited = () => new URLSearchParams(location.hash.slice(1)).get("invitation");

class SessionState {
  stage = $state<Stage>("starting");
  current = $state.raw<Session | null>(null);
  /** What the address invites to, while somebody else is asked whether they leave for it. */
  #invitation = "";

  /** Signs in by the invitation in the address, by the cookie that is there, or as whom Cloudflare Access knows. */
  start(): Promise<void> {
    const invitation = invited();
    if (location.hash) history.replaceState(history.state, "", location.pathname + location.search);
    // A link that is followed in a page that is already open changes only what stands behind the #.
    addEventListener("hashchange", () => invited() && location.reload());
    api.onSessionEnd(() => this.ended());
    setInterval(() => void this.#renew(), RENEW_MS);
    return invitation ? this.#ask(invitation) : this.#load("signed_out");
  }

  /** Whoever is signed in doesn't become somebody else by following a link. */
  async #ask(invitation: string): Promise<void> {
    try {
      this.current = await api.session();
      this.#invitation = invitation;
      this.stage = "asking";
    } catch (problem) {
      if (problem instanceof Problem && problem.passing) return this.#later(() => this.#ask(invitation));
      return this.#accept(invitation);
    }
  }

  /** What they answered. */
  answer(leaves: boolean): Promise<void> {
    this.stage = "starting";
    return leaves ? this.#accept(this.#invitation) : this.#load("signed_out");
  }

  async #accept(invitation: string): Promise<void> {
    try {
      await api.openSession(invitation);
    } catch (problem) {
      if (problem instanceof Problem && problem.passing) return this.#later(() => this.#accept(invitation));
      return this.#load("invitation_used");
    }
    return this.#load("signed_out");
  }

  async #load(otherwise: Stage): Promise<void> {
    try {
      api.queueAhead();
      this.current = await api.session();
      returned();
      this.stage = "signed_in";
    } catch (problem) {
      if (problem instanceof Problem && problem.passing) return this.#later(() => this.#load(otherwise));
      if (otherwise === "signed_out" && (await this.#isKnown())) return this.#load("ended");
      wanted();
      this.stage = otherwise;
    }
  }

  /** Whether Cloudflare Access, where it stands before the service, has said who asks. */
  #isKnown(): Promise<boolean> {
    return api.openSession().then(() => true, () => false);
  }

  /** A page that nobody looks at lets its session end by silence. */
  async #renew(): Promise<void> {
    if (this.stage !== "signed_in" || document.hidden) return;
    try {
      this.current = await api.session();
    } catch (problem) {
      if (problem instanceof Problem && problem.status === 401) this.ended();
    }
  }

  #later(again: () => Promise<void>): void {
    this.stage = "unreachable";
    setTimeout(() => void again(), RETRY_MS);
  }

  /** The service no longer knows this session. */
  ended(): void {
    if (this.stage !== "signed_in") return;
    wanted();
    this.stage = "ended";
  }

  async close(): Promise<void> {
    await api.closeSession().catch(() => null);
    this.current = null;
    this.stage = "signed_out";
  }
}

/** Keeps where somebody is until they have signed in. */
function wanted(): void {
  try {
    if (location.pathname !== "/") localStorage.setItem(WANTED, JSON.stringify({ path: location.pathname + location.search, at: Date.now() }));
  } catch {
    // They arrive at the queue instead.
  }
}

/** Goes there, once; an address that names a place of its own wins. */
function returned(): void {
  try {
    const kept = JSON.parse(localStorage.getItem(WANTED) ?? "null") as { path: string; at: number } | null;
    localStorage.removeItem(WANTED);
    if (kept && location.pathname === "/" && Date.now() - kept.at < WANTED_MS) place.rename(kept.path);
  } catch {
    return;
  }
}

export const session = new SessionState();
