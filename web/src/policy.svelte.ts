// The policy crate in the browser: loaded after the first view, asked while somebody types. What it
// says is a preview; the service decides again with the same code.
import pairs from "../../src/policy/edit/pairs.bin?url";
import weights from "../../src/policy/edit/weights.bin?url";
import type { EditKind } from "./nouns";

export interface Part { text: string; changed: boolean }
export interface Change { kind: "keep" | "insert" | "delete"; text: string; parts?: Part[] }
export interface Edit {
  kind: EditKind;
  reasons: { reason: string; before: string; after: string }[];
  score_ppm: number;
}
/** The kind is null until what it is judged by is here. */
export interface TextEdit { diff: { changes: Change[] }; edit: Edit | null }
type Exports = typeof import("../pkg/page.js");
type Judge = typeof import("../pkg/judge.js");
type Answer<T> = { ok: T } | { error: string };

class Policy {
  #exports = $state.raw<Exports | null>(null);
  #judge = $state.raw<Judge | null>(null);
  #loading: Promise<void> | null = null;
  #learning: Promise<void> | null = null;

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
    void this.#learn();
    return this.#loading;
  }

  /** A difference is shown without it; only its kind waits. */
  #learn() {
    this.#learning ??= Promise.all([import("../pkg/judge.js"), fetched(pairs), fetched(weights)])
      .then(async ([judge, pairs, weights]) => {
        await judge.default();
        judge.learn(pairs, weights);
        this.#judge = judge;
      })
      .catch(() => {
        this.#learning = null;
      });
    return this.#learning;
  }

  /** What an edit changed and of which kind it is; null while the crate is not here. */
  textEdit(before: string, after: string): TextEdit | null {
    const diff = ask<TextEdit["diff"], Exports>(this.#exports, (exports) => exports.text_diff(before, after));
    return diff && { diff, edit: ask<Edit, Judge>(this.#judge, (judge) => judge.text_edit(before, after)) };
  }

  textDiff(before: string, after: string): Change[] | null {
    return ask<TextEdit["diff"], Exports>(this.#exports, (exports) => exports.text_diff(before, after))?.changes ?? null;
  }

  /** Of which kind the change of one argument is; null while that cannot be told. */
  argumentKind(before: string | undefined, after: string | undefined): EditKind | null {
    return ask<EditKind, Judge>(this.#judge, (judge) => judge.argument_kind(before, after));
  }

  get engineVersion(): number | null {
    return this.#exports?.engine_version() ?? null;
  }
}

/** What a module answers; null while it is not here, or where it has none. */
function ask<T, M>(module: M | null, question: (module: M) => string): T | null {
  if (!module) return null;
  try {
    const answer = JSON.parse(question(module)) as Answer<T>;
    return "ok" in answer ? answer.ok : null;
  } catch {
    return null;
  }
}

async function fetched(url: string): Promise<Uint8Array> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

export const policy = new Policy();
