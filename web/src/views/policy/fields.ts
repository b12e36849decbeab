// The conditions that a form can show, each with its kind of control and what a new one starts as.
// Must agree with the service's `Condition`; what is missing here is edited as text.
import type { Condition } from "../shapes";
import { words } from "./texts";

export type Control = "list" | "choices" | "kind" | "share" | "money" | "count" | "spans" | "conditions" | "condition";
export interface Field {
  name: keyof Condition;
  control: Control;
  start: unknown;
  /** Of `choices`: what can be chosen. */
  choices?: Record<string, string>;
  /** Of `list`: names that are known to the page. */
  suggest?: "channels" | "categories" | "actions";
}

export const CHANNELS = ["email", "chat", "social", "crm", "billing", "internal"];

export const fields: readonly Field[] = [
  { name: "kind", control: "kind", start: "message" },
  { name: "channel", control: "list", start: [], suggest: "channels" },
  { name: "audience", control: "choices", start: ["customer"], choices: words.audiences },
  { name: "category", control: "list", start: [], suggest: "categories" },
  { name: "agent", control: "list", start: [] },
  { name: "action", control: "list", start: [], suggest: "actions" },
  { name: "stakes", control: "choices", start: ["financial"], choices: words.stakes },
  { name: "amount_over", control: "money", start: { minor: 10_000, currency: "EUR" } },
  { name: "amount_at_most", control: "money", start: { minor: 10_000, currency: "EUR" } },
  { name: "confidence_below", control: "share", start: 0.8 },
  { name: "confidence_at_least", control: "share", start: 0.8 },
  { name: "signal", control: "choices", start: ["complaint"], choices: words.signals },
  { name: "signal_at_least", control: "share", start: 0.5 },
  { name: "words", control: "list", start: [] },
  { name: "conversation_at_least", control: "count", start: 3 },
  { name: "customer_tags", control: "list", start: [] },
  { name: "customer_plan", control: "list", start: [] },
  { name: "local_time", control: "spans", start: [{ from_day: 1, to_day: 5, from_minute: 540, to_minute: 1020 }] },
  { name: "all", control: "conditions", start: [{}] },
  { name: "any", control: "conditions", start: [{}, {}] },
  { name: "not", control: "condition", start: {} },
];

export const fieldOf = (name: string): Field | undefined => fields.find((field) => field.name === name);
