// The policy crate in the browser: loaded after the first view, asked while somebody types. What it
// says is a preview; the service decides again with the same code.
import { escaped } from "./format";
import type { Args, EditKind, Json } from "./nouns";

export interface Part { text: string; changed: boolean }
export interface Change { kind: "keep" | "insert" | "delete"; text: string; parts?: Part[] }
export interface Edit {
  kind: EditKind;
  reasons: { reason: string; before: string; after: string }[];
  score_ppm: number;
}
export interface TextEdit { diff: { changes: Change[] }; edit: Edit }
export interface ActionEdit {
  kind: EditKind;
  changes: { pointer: string; kind: EditKind }[];
}

/** The gravest last. */
const KINDS: readonly EditKind[] = ["none", "cosmetic", "substantive"];

type Exports = typeof import("../pkg/page.js");
type Answer<T> = { ok: T } | { error: string };

class Policy {
  #exports = $state.raw<Exports | null>(null);
  #loading: Promise<void> | null = null;

  ready = $derived(this.#exports !== null);

  load(): Promise<void> {
    this.#loading ??= import("../pkg/page.js")
      .then(async (exports) => {
        await exports.default();
        this.#exports = exports;
      })
      .catch(() => {
        // Without it an edit can still be sent; the next need asks again.
        this.#loading = null;
      });
    return this.#loading;
  }

  /** What an edit changed and of which kind it is; null while the crate is not here. */
  textEdit(before: string, after: string): TextEdit | null {
    return this.#ask((exports) => exports.text_edit(before, after));
  }

  textDiff(before: string, after: string): Change[] | null {
    return this.#ask<TextEdit["diff"]>((exports) => exports.text_diff(before, after))?.changes ?? null;
  }

  actionEdit(before: Args, after: Args): ActionEdit | null {
    const changes = differences(before, after).map(({ pointer, before, after }) => {
      const kind = this.#ask<EditKind>((exports) => exports.argument_kind(asText(before), asText(after)));
      return kind && { pointer, kind };
    });
    if (!this.ready || changes.includes(null)) return null;
    const found = changes.filter((change) => change !== null);
    return { kind: KINDS.findLast((kind) => found.some((change) => change.kind === kind)) ?? "none", changes: found };
  }

  get engineVersion(): number | null {
    return this.#exports?.engine_version() ?? null;
  }

  #ask<T>(question: (exports: Exports) => string): T | null {
    if (!this.#exports) return null;
    try {
      const answer = JSON.parse(question(this.#exports)) as Answer<T>;
      return "ok" in answer ? answer.ok : null;
    } catch {
      return null;
    }
  }
}

interface Difference { pointer: string; before: Json | undefined; after: Json | undefined }

/** Where two values differ, by JSON pointer. */
function differences(before: Json | undefined, after: Json | undefined, pointer = ""): Difference[] {
  if (before === after) return [];
  if (isTree(before) && isTree(after) && Array.isArray(before) === Array.isArray(after)) {
    const [old, now] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
    return [...new Set([...old.keys(), ...now.keys()])].flatMap((key) => differences(old.get(key), now.get(key), `${pointer}/${escaped(key)}`));
  }
  return [{ pointer, before, after }];
}
const isTree = (value: Json | undefined): value is Json[] | Args => typeof value === "object" && value !== null;
const asText = (value: Json | undefined) => (typeof value === "string" ? value : undefined);

export const policy = new Policy();
