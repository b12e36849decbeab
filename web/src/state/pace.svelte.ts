// How much work a verdict was: seconds from when the draft stood there to the verdict, keys and
// pointer presses in between. Must not hold what was pressed, nor leave this browser.
interface Effort { s: number; presses: number }

const KEPT_MAX = 200;
const KEY = "countersign.pace";

class Pace {
  #efforts = $state.raw<Effort[]>(kept());
  #since = 0;
  #presses = 0;

  /** Verdicts that were measured. */
  count = $derived(this.#efforts.length);
  /** The median of each; null before the first verdict. */
  median = $derived<Effort | null>(
    this.#efforts.length === 0 ? null : { s: middle(this.#efforts.map(({ s }) => s)), presses: middle(this.#efforts.map(({ presses }) => presses)) },
  );

  constructor() {
    addEventListener("keydown", (event) => !event.repeat && !isText(event) && (this.#presses += 1), { capture: true });
    addEventListener("pointerdown", () => (this.#presses += 1), { capture: true });
  }

  /** A draft stands there, whole. */
  begin(): void {
    this.#since = performance.now();
    this.#presses = 0;
  }

  /** It was decided. */
  end(): void {
    if (this.#since === 0) return;
    this.#efforts = [...this.#efforts, { s: (performance.now() - this.#since) / 1000, presses: this.#presses }].slice(-KEPT_MAX);
    this.#since = 0;
    try {
      sessionStorage.setItem(KEY, JSON.stringify(this.#efforts));
    } catch {
      // Measured for this page only.
    }
  }
}

/** What is typed into a field is not friction, it is the answer. */
const isText = ({ target, ctrlKey, metaKey }: KeyboardEvent) =>
  !ctrlKey && !metaKey && (target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement);

function middle(values: number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[sorted.length >> 1] ?? 0;
}

function kept(): Effort[] {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "[]") as Effort[];
  } catch {
    return [];
  }
}

export const pace = new Pace();
