// The nouns of the API under the names that the page uses. Every shape comes from the service's own
// types by way of wire.d.ts (`npm run types`); only what travels over the live connection, which the
// OpenAPI document can't say, is written here.
import type { components } from "./wire";

type Schemas = components["schemas"];

export type Status = Schemas["Status"];
export type Session = Schemas["SessionView"];
export type Summary = Schemas["Summary"];
export type QueuePage = Schemas["QueuePage"];
export type QueueHealth = Schemas["HealthView"];
export type StopList = Schemas["StopList"];
export type ServiceHealth = Schemas["Health"];
export type Detail = Schemas["DraftView"];
export type Owner = Schemas["Owner"];
export type Staff = Schemas["StaffView"];

export type Draft = Schemas["Draft"];
export type Content = Schemas["Content"];
export type Message = Schemas["Message"];
export type Customer = Schemas["Customer"];
export type Reason = Schemas["Reason"];
export type Example = Schemas["Example"];
export type EditKind = Schemas["EditKind"];

export type ActionEntry = Schemas["ActionEntry"];
export type Field = Schemas["Field"];
export type Money = Schemas["Money"];

export type Verdict = Schemas["Verdict"];
export type VerdictKind = Schemas["VerdictKind"];
export type VerdictBody = Schemas["GivenVerdict"];
export type VerdictAnswer = Schemas["VerdictAnswer"];
export type Past = Schemas["PastDraft"];
export type PastList = Schemas["DraftList"];

/** `POST /v1/verdicts`: an answer for each draft. */
export interface BatchAnswer { answers: { id: string; status: number; answer?: VerdictAnswer | null; problem?: { code: string; detail?: string; draft?: Summary | null } | null }[] }

export type Remedy = Schemas["Remedy"];

export type Correction = Schemas["Correction"];
export type CorrectionPage = Schemas["CorrectionPage"];
export type AuditPage = Schemas["AuditPage"];
export type Leaf = Schemas["LeafView"];
export type Dossier = Schemas["Dossier"];
export type Fact = Schemas["Fact"];

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Args = { [key: string]: Json };

/** Somebody who has the page open, and the draft in front of them. */
export interface Presence { id: string; name: string; draft?: string | null }
export type LiveMessage =
  | { type: "hello"; sequence: number }
  | { type: "draft"; sequence: number; draft: Summary }
  | { type: "reset"; sequence: number }
  | { type: "presence"; people: Presence[] };
