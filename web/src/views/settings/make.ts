// Has something made, once: what is asked for again because its answer was lost goes under the same key.
// Must not keep what was made.
import { Problem, call } from "../../api";

/** The keys under which nothing was answered yet, by what was asked for. */
const unanswered = new Map<string, string>();

/** What the service made, be it now or when it was asked before. */
export async function make<T>(path: string, body?: unknown): Promise<T> {
  const asked = JSON.stringify([path, body]);
  const key = unanswered.get(asked) ?? crypto.randomUUID();
  unanswered.set(asked, key);
  try {
    const made = await call<T>("POST", path, body, { "idempotency-key": key });
    unanswered.delete(asked);
    return made;
  } catch (problem) {
    if (!(problem instanceof Problem && problem.passing)) unanswered.delete(asked);
    throw problem;
  }
}
