// A guardrail read aloud: its conditions as one plain sentence. Must not judge them.
import { list, money, moneyDigits, number, percent } from "../../format";
import type { Condition } from "../shapes";
import { words } from "./texts";

const { say } = words;
/** Entries of a list that are read aloud. */
const LIST_MAX = 4;

const orFormat = new Intl.ListFormat(navigator.languages?.length ? [...navigator.languages] : undefined, { type: "disjunction" });

function either(entries: string[]): string {
  if (entries.length <= LIST_MAX) return orFormat.format(entries);
  return say.more(entries.slice(0, LIST_MAX - 1).join(", "), entries.length - LIST_MAX + 1);
}

export const sum = ({ minor, currency }: { minor: number; currency: string }) => money(minor / 10 ** moneyDigits(currency), currency);

/** Minutes since midnight as people write them. */
export function clockTime(minute: number): string {
  const date = new Date(2026, 0, 5, 0, minute);
  return minute === 1440 ? "24:00" : date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

/** Each condition as a clause; unknown fields are named. */
export function clauses(condition: Condition): string[] {
  const { agent, category, channel, kind, action, stakes, words: phrases, signal, all, any, not } = condition;
  const said: string[] = [];
  const add = (clause: string | false | undefined | null | 0) => clause && said.push(clause);
  add(agent?.length && say.agent(either(agent)));
  add(kind && say.kind(words.kinds[kind]));
  add(category?.length && say.category(either(category)));
  add(channel?.length && say.channel(either(channel)));
  add(condition.audience?.length && say.audience(either(condition.audience.map((one) => words.audiences[one] ?? one))));
  add(action?.length && say.action(either(action)));
  add(stakes?.length && say.stakes(either(stakes.map((one) => words.stakes[one] ?? one))));
  add(condition.amount_over && say.amount_over(sum(condition.amount_over)));
  add(condition.amount_at_most && say.amount_at_most(sum(condition.amount_at_most)));
  add(typeof condition.confidence_below === "number" && say.confidence_below(percent(condition.confidence_below)));
  add(typeof condition.confidence_at_least === "number" && say.confidence_at_least(percent(condition.confidence_at_least)));
  add(phrases?.length && say.words(either(phrases.map(say.quoted))));
  add(condition.conversation_at_least && say.conversation_at_least(condition.conversation_at_least));
  add(condition.customer_tags?.length && say.customer_tags(either(condition.customer_tags)));
  add(condition.customer_plan?.length && say.customer_plan(either(condition.customer_plan)));
  for (const [name, values] of Object.entries(condition.metadata ?? {})) add(say.metadata(name, either(values.map(String))));
  add(condition.local_time?.length && say.local_time(either(condition.local_time.map(span))));
  if (signal?.length) {
    const names = either(signal.map((one) => words.signals[one] ?? one));
    add(typeof condition.signal_at_least === "number" ? say.signal_at_least(names, percent(condition.signal_at_least)) : say.signal(names));
  }
  for (const one of all ?? []) add(sentence(one));
  add(any?.length && either(any.map(sentence)));
  add(not && say.not(sentence(not)));
  for (const name of Object.keys(condition)) if (!(name in KNOWN)) add(say.other(words.fields[name] ?? name));
  return said;
}

const span = ({ from_day, to_day, from_minute, to_minute }: NonNullable<Condition["local_time"]>[number]) =>
  say.span(say.days(words.weekdays[from_day - 1] ?? number(from_day), words.weekdays[to_day - 1] ?? number(to_day)), clockTime(from_minute), clockTime(to_minute));

/** The whole condition in one breath. */
export function sentence(condition: Condition): string {
  const said = clauses(condition);
  return said.length === 0 ? say.always : list(said);
}

/** What `clauses` reads; whatever else a newer service knows is only named. */
const KNOWN = {
  agent: 1, audience: 1, category: 1, channel: 1, kind: 1, action: 1, stakes: 1, amount_over: 1, amount_at_most: 1, confidence_below: 1, confidence_at_least: 1,
  words: 1, conversation_at_least: 1, customer_tags: 1, customer_plan: 1, metadata: 1, local_time: 1, signal: 1, signal_at_least: 1, all: 1, any: 1, not: 1,
};
