// Speaks HTTP with the service: one function per call, answers as values. Must not hold state, and
// never says anything to the person: a refusal is a `Problem` that the caller shows.
import type { AuditPage, BatchAnswer, CorrectionPage, Detail, PastList, QueuePage, Session, Summary, VerdictAnswer, VerdictBody } from "./nouns";

/** A refusal of the service, or a lost connection (`status` 0, code `unreachable`). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    /** The draft as it is now, where the service tells. */
    readonly draft?: Summary,
  ) {
    super(code);
  }

  /** Whether asking again may help. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

const REQUEST_MS_MAX = 20_000;

let renewing: Promise<boolean> | null = null;
/** Whether the session goes on: whoever was away for long has a secret that is good for nothing but a new one. */
const renewed = () => (renewing ??= session().then(() => true, () => false).finally(() => (renewing = null)));

/** Who is told, once what was asked has been answered, that the service knows this session no longer. */
let tellOfEnd = () => {};
export const onSessionEnd = (tell: () => void) => void (tellOfEnd = tell);

/** One request; `headers` beside what a body needs. */
export async function call<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
  const ask = () =>
    fetch(`/v1${path}`, {
      method,
      headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(REQUEST_MS_MAX),
    });
  let answer: Response;
  try {
    answer = await ask();
    if (answer.status === 401 && !path.startsWith("/session") && (await renewed())) answer = await ask();
  } catch {
    throw new Problem(0, "unreachable", "");
  }
  const told = answer.headers.get("content-type")?.includes("json") ? await answer.json().catch(() => null) : null;
  if (!answer.ok) {
    // Whoever asked hears it first: what they restore is what one returns to.
    if (answer.status === 401 && !path.startsWith("/session")) setTimeout(tellOfEnd);
    throw new Problem(answer.status, told?.code ?? `http_${answer.status}`, told?.detail ?? "", told?.draft);
  }
  return told as T;
}

const draft = (id: string) => `/drafts/${encodeURIComponent(id)}`;

export const openSession = (invitation?: string) => call<unknown>("POST", "/sessions", { invitation });
export const session = () => call<Session>("GET", "/session");
export const closeSession = () => call<null>("DELETE", "/session");

const queuePage = (cursor?: string | null) => call<QueuePage>("GET", `/queue?limit=200${cursor ? `&cursor=${cursor}` : ""}`);
let ahead: Promise<QueuePage> | null = null;
/** Asks for the first page while it isn't known yet who asks, so that nobody waits for two answers in a row. */
export const queueAhead = () => void (ahead = queuePage()).catch(() => null);
export function queue(cursor?: string | null): Promise<QueuePage> {
  const asked = cursor ? null : ahead;
  ahead = null;
  return asked ?? queuePage(cursor);
}
export const detail = (id: string) => call<Detail>("GET", draft(id));

export const decide = (id: string, body: VerdictBody) => call<VerdictAnswer>("PUT", `${draft(id)}/verdict`, body);
export const decideMany = (verdicts: { id: string; given: VerdictBody }[]) => call<BatchAnswer>("POST", "/verdicts", { verdicts });

/** The answer about one draft of a batch; its refusal is thrown. */
export function accepted({ answers }: BatchAnswer, id: string): VerdictAnswer {
  const one = answers.find((answer) => answer.id === id);
  if (one?.answer) return one.answer;
  throw new Problem(one?.status ?? 500, one?.problem?.code ?? "", one?.problem?.detail ?? "", one?.problem?.draft ?? undefined);
}
export const undo = (id: string, verdictId: string) =>
  call<unknown>("DELETE", `${draft(id)}/verdict`, { verdict_id: verdictId });

export const lease = (id: string) => call<Summary>("PUT", `${draft(id)}/lease`);
export const unlease = (id: string) => call<Summary>("DELETE", `${draft(id)}/lease`);
const query = (parameters: Record<string, string>) => new URLSearchParams(parameters).toString();
/** Drafts of before, newest first. */
export const past = (of: { customer: string } | { reviewer: string; q: string }, limit: number) =>
  call<PastList>("GET", `/drafts?${query({ ...of, limit: String(limit) })}`);
export const assign = (id: string, person: string | null) => call<Summary>("PUT", `${draft(id)}/assignee`, { person_id: person, note: null });
export const corrections = () => call<CorrectionPage>("GET", "/corrections?limit=200");
export const audit = (cursor?: number | null) => call<AuditPage>("GET", `/audit?limit=100${cursor ? `&cursor=${cursor}` : ""}`);

export const claimNext = () => call<Summary | null>("POST", "/leases");
