// Everybody of the tenant by name, whether they are at their page now or not: fetched after the first
// draft is drawn. Must not know who looks at what: `live` does.
import { call } from "../api";
import type { Staff as Somebody } from "../nouns";
import { live } from "./live.svelte";
import { session } from "./session.svelte";

class Staff {
  /** Whom the service listed last. */
  people = $state.raw<Somebody[]>([]);

  /** Asks the service; without an answer, what is known stays. */
  async load(): Promise<void> {
    const told = await call<{ people: Somebody[] }>("GET", "/people").catch(() => null);
    if (told) this.people = told.people;
  }

  /** A person's name, as far as the page has heard of them. */
  name(id: string | null | undefined): string | undefined {
    const known = [...live.people, ...(session.current ? [session.current.person] : []), ...this.people];
    return known.find((person) => person.id === id)?.name;
  }

  /** Who can be handed a draft: decides, and is not away; those at their page first. */
  get ready(): Somebody[] {
    const here = new Set(live.people.map((person) => person.id));
    const ready = this.people.filter((person) => person.role !== "auditor" && !person.away_until);
    return [...ready.filter((person) => here.has(person.id)), ...ready.filter((person) => !here.has(person.id))];
  }
}

export const staff = new Staff();
