// Of which kind an edit of an action is: each changed argument by itself, the gravest counts. Must not
// judge: the policy crate does.
import { escaped } from "./format";
import type { Args, EditKind, Json } from "./nouns";
import { policy } from "./policy.svelte";

export interface ActionEdit {
  kind: EditKind;
  changes: { pointer: string; kind: EditKind }[];
}

/** The gravest last. */
const KINDS: readonly EditKind[] = ["none", "cosmetic", "substantive"];

/** What an edit of the arguments changed; null while the crate is not here. */
export function actionEdit(before: Args, after: Args): ActionEdit | null {
  const changes = differences(before, after).map(({ pointer, before, after }) => {
    const kind = policy.argumentKind(asText(before), asText(after));
    return kind && { pointer, kind };
  });
  if (!policy.ready || changes.includes(null)) return null;
  const found = changes.filter((change) => change !== null);
  return { kind: KINDS.findLast((kind) => found.some((change) => change.kind === kind)) ?? "none", changes: found };
}

export interface Difference { pointer: string; before: Json | undefined; after: Json | undefined }

/** Where two values differ, by JSON pointer. */
export function differences(before: Json | undefined, after: Json | undefined, pointer = ""): Difference[] {
  if (before === after) return [];
  if (isTree(before) && isTree(after) && Array.isArray(before) === Array.isArray(after)) {
    const [old, now] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
    return [...new Set([...old.keys(), ...now.keys()])].flatMap((key) => differences(old.get(key), now.get(key), `${pointer}/${escaped(key)}`));
  }
  return [{ pointer, before, after }];
}
const isTree = (value: Json | undefined): value is Json[] | Args => typeof value === "object" && value !== null;
const asText = (value: Json | undefined) => (typeof value === "string" ? value : undefined);
