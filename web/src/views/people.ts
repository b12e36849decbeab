// People and keys by name, as far as this page has heard of them. Must not fetch anything.
import { staff } from "../state/staff.svelte";

/** Names by id that a view has read, for all the others. */
const heard = new Map<string, string>();

export const hear = (people: { id: string; name: string }[]) => people.forEach(({ id, name }) => heard.set(id, name));

/** A person's or key's name; the id itself where nobody said one. */
export function nameOf(id: string): string {
  return staff.name(id) ?? heard.get(id) ?? (id === "countersign" ? "Countersign" : id);
}
