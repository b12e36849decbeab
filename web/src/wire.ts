// The shapes of the API as the page reads and writes them. No logic, and nothing that the page
// alone knows.

export type Status =
  | "released" | "held" | "with_human" | "pending"
  | "approved" | "edited" | "rejected" | "responded" | "handled_elsewhere" | "sent_back"
  | "expired" | "withdrawn" | "stale" | "superseded"
  | "done" | "failed" | "skipped" | "unconfirmed" | "corrected";

export type Role = "reviewer" | "lead" | "auditor";

export interface Session {
  tenant: { id: string; name: string };
  person: { id: string; mail: string; name: string; role: Role };
  undo_window_s: number;
  policy_version: number;
}

export type VerdictKind =
  | "approve" | "edit" | "reject" | "respond" | "handled_elsewhere" | "send_back" | "defer"
  | "confirm" | "correct";

export interface Lease { reviewer: string; until: string }
export interface Pending { verdict_id: string; kind: VerdictKind; reviewer: string; settles_at: string }

export interface Summary {
  id: string;
  version: number;
  status: Status;
  kind: "message" | "action";
  channel: string;
  agent: string;
  category?: string | null;
  customer_name?: string | null;
  subject?: string | null;
  snippet: string;
  owner: string;
  lease?: Lease | null;
  created_at: string;
  due_at?: string | null;
  look_owed: boolean;
  group?: string | null;
  conversation_id: string;
  pending?: Pending | null;
}

export interface QueuePage {
  drafts: Summary[];
  next_cursor?: string | null;
  counts: { held: number; with_human: number; pending: number; look_owed: number };
  sequence: number;
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Args = { [key: string]: Json };
export interface Action { name: string; args: Args }

export interface Content {
  text?: string;
  to?: string[];
  cc?: string[];
  subject?: string;
  format?: string;
  action?: Action;
}

export interface Message { id: string; role: "customer" | "agent" | "human" | "system"; text: string; at?: string }
export interface Source { title: string; url?: string; quote?: string }
export interface Customer { id: string; name?: string; plan?: string; tags?: string[]; facts?: Args }
export interface Subject { type: string; id: string; version?: string; link?: string; values?: Args }

/** What the agent posted. */
export interface Draft {
  agent: string;
  agent_version?: string;
  kind: "message" | "action";
  channel: string;
  category?: string;
  message: string;
  draft: Content;
  conversation: { id: string; head: string; messages: Message[] };
  subject?: Subject;
  customer?: Customer;
  confidence?: number;
  rationale?: string;
  sources?: Source[];
  examples_used?: string[];
}

export interface Evidence { pointer: string; start?: number; end?: number }
export interface Reason { code: string; text: string; guardrail?: string; signal?: string; evidence?: Evidence[] }
export interface Signal { code: string; score: number; evidence: Evidence[] }
export interface Decision {
  route: "release" | "review" | "human";
  reasons: Reason[];
  signals: Signal[];
  level: 1 | 2 | 3 | string;
  owner: string;
  sampled: boolean;
  sampling_probability: number;
  engine_version: number;
}

export interface Field {
  type: "string" | "number" | "integer" | "boolean" | "date" | "array" | "object";
  label?: string;
  minimum?: number;
  maximum?: number;
}
export interface Money { pointer: string; unit: "major" | "minor"; currency?: string; currency_pointer?: string }
export interface ActionEntry {
  stakes: "none" | "data_change" | "financial" | "escalation";
  undoable?: boolean;
  fields?: Record<string, Field>;
  money?: Money[];
  editable?: string[];
}

export type EditKind = "none" | "cosmetic" | "substantive";

export interface Example {
  id: string;
  message: string;
  draft: string;
  corrected: string;
  edit_kind: EditKind;
  category?: string;
  lesson?: string;
  at: string;
}

export interface Detail extends Omit<Summary, "subject"> {
  draft: Draft;
  decision: Decision;
  policy_version: number;
  rules: { confidence_threshold: number; reject_reasons: string[]; deadline_s: number };
  action?: ActionEntry | null;
  view_digest: string;
  outgoing?: Content | null;
  examples: Example[];
}

export type Remedy = "follow_up" | "reversal" | "none";
export type Verdict =
  | { kind: "approve" }
  | { kind: "edit"; draft: Content; lesson?: string; one_off?: boolean }
  | { kind: "reject"; reason: string; note?: string; may_retry?: boolean }
  | { kind: "respond"; draft: Content }
  | { kind: "handled_elsewhere"; note?: string }
  | { kind: "send_back"; instruction: string }
  | { kind: "defer"; until: string }
  | { kind: "confirm" }
  | { kind: "correct"; remedy: Remedy; note?: string };

export interface VerdictBody {
  verdict_id: string;
  version: number;
  head: string;
  view_digest: string;
  verdict: Verdict;
  edit_kind?: "cosmetic" | "substantive";
}

export interface VerdictAnswer { id: string; status: Status; version: number; settles_at?: string }

export interface Presence { id: string; name: string; draft?: string | null }
export type LiveMessage =
  | { type: "hello"; sequence: number }
  | { type: "draft"; sequence: number; draft: Summary }
  | { type: "gone"; sequence: number; id: string }
  | { type: "presence"; people: Presence[] };
