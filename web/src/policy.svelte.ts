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
type Answer<T> = { ok: T } | { error: string };

class Policy {
  #exports = $state.raw<Exports | null>(null);
  #judges = $state(false);
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
    void this.#learn(this.#loading);
    return this.#loading;
  }

  /** A difference is shown without them; only its kind waits. */
  #learn(loading: Promise<void>) {
    this.#learning ??= Promise.all([fetched(pairs), fetched(weights), loading])
      .then(([pairs, weights]) => {
        if (!this.#exports) throw new Error("no policy");
        this.#exports.learn(pairs, weights);
        this.#judges = true;
      })
      .catch(() => {
        this.#learning = null;
      });
    return this.#learning;
  }

  /** What an edit changed and of which kind it is; null while the crate is not here. */
  textEdit(before: string, after: string): TextEdit | null {
    // Asked again once kinds can be told.
    void this.#judges;
    return this.#ask((exports) => exports.text_edit(before, after));
  }

  textDiff(before: string, after: string): Change[] | null {
    return this.#ask<TextEdit["diff"]>((exports) => exports.text_diff(before, after))?.changes ?? null;
  }

  /** Of which kind the change of one argument is; null while that cannot be told. */
  argumentKind(before: string | undefined, after: string | undefined): EditKind | null {
    if (!this.#judges) return null;
    return this.#ask<EditKind>((exports) => exports.argument_kind(before, after));
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

async function fetched(url: string): Promise<Uint8Array> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

export const policy = new Policy();
