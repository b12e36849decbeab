// Dates, times, numbers and money in the reader's own locale, by Intl. Must not hold words of its
// own: those are in texts.ts.
import type { Args, Json, Money } from "./nouns";

export const locale = navigator.languages?.length ? [...navigator.languages] : undefined;

const timeFormat = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
const dayFormat = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
const fullFormat = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short" });
const dateFormat = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" });
const percentFormat = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });
const numberFormat = new Intl.NumberFormat(locale, { maximumFractionDigits: 6 });
const relativeFormat = new Intl.RelativeTimeFormat(locale, { numeric: "always", style: "narrow" });
const listFormat = new Intl.ListFormat(locale, { type: "conjunction" });

export const percent = (share: number) => percentFormat.format(share);
export const number = (value: number) => numberFormat.format(value);
/** A number as it stands in an input, with this many digits after the point; all that it has without. */
export const plainNumber = (value: number, digits?: number) =>
  value.toLocaleString(locale, { useGrouping: false, minimumFractionDigits: digits, maximumFractionDigits: digits ?? 20 });
/** What stands between thousands, and before the fraction. */
export const separators = numberFormat.formatToParts(12345.6).filter(({ type }) => type === "group" || type === "decimal").map(({ value }) => value);
export const list = (words: string[]) => listFormat.format(words);

/** The time of day for today, the day for all else. */
export function moment(text: string, now: number): string {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return text;
  return date.toDateString() === new Date(now).toDateString() ? timeFormat.format(date) : dayFormat.format(date);
}

/** The whole date and time, for titles. */
export function instant(text: string): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : fullFormat.format(date);
}

/** A calendar date such as `2026-05-20`; the text itself where it is none. */
export function calendarDate(text: string): string {
  const date = new Date(`${text}T00:00:00Z`);
  return Number.isNaN(date.getTime()) ? text : dateFormat.format(date);
}

/** How far away an instant is, such as `in 12 min` or `3 min ago`. */
export function distance(text: string, now: number): string {
  const s = Math.round((Date.parse(text) - now) / 1000);
  if (Number.isNaN(s)) return text;
  const size = Math.abs(s);
  if (size < 60) return relativeFormat.format(s, "second");
  if (size < 3_600) return relativeFormat.format(Math.trunc(s / 60), "minute");
  if (size < 86_400) return relativeFormat.format(Math.trunc(s / 3_600), "hour");
  return relativeFormat.format(Math.trunc(s / 86_400), "day");
}

/**
 * Digits after the point of a currency (ISO 4217), as the service counts minor units. `Intl` says how it is
 * usually written instead: it gives forints and pesos none.
 */
export const moneyDigits = (currency: string): number =>
  /^(BIF|CLP|DJF|GNF|ISK|JPY|KMF|KRW|PYG|RWF|UGX|VND|VUV|XAF|XOF|XPF)$/.test(currency) ? 0 : /^(BHD|IQD|JOD|KWD|LYD|OMR|TND)$/.test(currency) ? 3 : 2;

/** An amount in major units as money; as a number with the code where the currency is unknown. */
export function money(major: number, currency: string): string {
  try {
    const digits = moneyDigits(currency);
    return new Intl.NumberFormat(locale, { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits }).format(major);
  } catch {
    return `${number(major)} ${currency}`.trim();
  }
}

/** The value at a JSON pointer; undefined where there is none. */
export function at(value: Json | undefined, pointer: string): Json | undefined {
  if (pointer === "") return value;
  return pointer.slice(1).split("/").map(unescaped).reduce<Json | undefined>((inner, key) => {
    if (inner === null || typeof inner !== "object") return undefined;
    return Array.isArray(inner) ? inner[Number(key)] : inner[key];
  }, value);
}

const unescaped = (part: string) => part.replaceAll("~1", "/").replaceAll("~0", "~");
export const escaped = (part: string) => part.replaceAll("~", "~0").replaceAll("/", "~1");

/** Whether a pointer is one that a pattern with `*` for list items means. */
export function pointerMatches(pattern: string, pointer: string): boolean {
  const [want, have] = [pattern.split("/"), pointer.split("/")];
  return want.length === have.length && want.every((part, at) => part === "*" || part === have[at]);
}

/** The currency of a money field. */
export function currencyOf(entry: Money, args: Args): string {
  const named = entry.currency_pointer ? at(args, entry.currency_pointer) : undefined;
  return (typeof named === "string" ? named : entry.currency ?? "").toUpperCase();
}
