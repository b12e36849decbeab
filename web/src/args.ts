// An action's arguments as the fields of a form: flat, in order, with labels, money and limits from
// the action catalogue. Must not draw them, and never drops a value.
import { at, currencyOf, escaped, moneyDigits, money as moneyText, number, calendarDate, plainNumber, pointerMatches, separators } from "./format";
import { texts } from "./texts";
import type { ActionEntry, Args, Field, Json, Money } from "./nouns";

export interface ArgField {
  pointer: string;
  /** As people call it: the catalogue's label, or the argument's name in words. */
  label: string;
  /** The names above it, for a value inside a list or object. */
  group: string;
  /** As it was drafted; undefined where it was not. */
  value: Json | undefined;
  type: "text" | "number" | "boolean" | "date" | "none";
  money?: { entry: Money; currency: string };
  limits?: Field;
  editable: boolean;
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** The fields of a form for these arguments. */
export function fieldsOf(args: Args, entry: ActionEntry | null | undefined): ArgField[] {
  const found: ArgField[] = [];
  walk(args, "", "", "");
  return found;

  function walk(value: Json, pointer: string, name: string, group: string): void {
    if (Array.isArray(value) && value.length > 0) {
      const above = inside(group, name);
      value.forEach((item, index) => walk(item, `${pointer}/${index}`, String(index + 1), above));
    } else if (value !== null && typeof value === "object" && Object.keys(value).length > 0) {
      const above = pointer === "" ? "" : inside(group, name);
      for (const [key, inner] of Object.entries(value)) {
        walk(inner as Json, `${pointer}/${escaped(key)}`, inWords(key), above);
      }
    } else {
      found.push(field(value, pointer, name, group));
    }
  }

  function field(value: Json, pointer: string, name: string, group: string): ArgField {
    const limits = byPattern(entry?.fields, pointer);
    const paid = entry?.money?.find((one) => pointerMatches(one.pointer, pointer));
    const label = limits?.label ?? name;
    const editable = entry?.editable?.some((one) => pointerMatches(one, pointer)) ?? true;
    return {
      pointer, label, group, value, limits, editable, type: typeOf(value, limits),
      ...(paid ? { money: { entry: paid, currency: currencyOf(paid, args) } } : {}),
    };
  }
}

const inside = (group: string, name: string) => (group ? `${group} ${name}` : name);
const inWords = (key: string) => {
  const words = key.replaceAll(/[_-]+/g, " ").replaceAll(/([a-z])([A-Z])/g, "$1 $2").trim().toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
};
const byPattern = (fields: ActionEntry["fields"], pointer: string) =>
  Object.entries(fields ?? {}).find(([pattern]) => pointerMatches(pattern, pointer))?.[1];

function typeOf(value: Json, limits: Field | undefined): ArgField["type"] {
  if (typeof value === "object" && value !== null) return "none";
  if (limits?.type === "date" || (typeof value === "string" && DATE.test(value))) return "date";
  if (typeof value === "number") return "number";
  if (typeof value === "boolean") return "boolean";
  return "text";
}

/** An argument in a line: as a person reads it, and as JSON says it. */
interface Line { said: string; exact: string }
const linesOf = (args: Args): Line[] =>
  fieldsOf(args, null).map((field) => ({
    said: [[field.group, field.label].filter(Boolean).join(" · "), shown(field)].filter(Boolean).join(": "),
    exact: `${field.pointer.slice(1)}: ${JSON.stringify(field.value)}`,
  }));

/** All arguments before and after, where a form has no room: what reads alike, since only its type changed, stands as JSON. */
export function linesBeside(before: Args, after: Args): [string, string] {
  const [drafted, present] = [linesOf(before), linesOf(after)];
  return [inLines(drafted, present), inLines(present, drafted)];
}

function inLines(lines: Line[], others: Line[]): string {
  const [said, exact] = [new Set(others.map((line) => line.said)), new Set(others.map((line) => line.exact))];
  return lines.map((line) => (said.has(line.said) && !exact.has(line.exact) ? line.exact : line.said)).join("\n");
}

/** Whether there is nothing: a list or object stands here only where it has no values of its own. */
export const isEmpty = (value: Json | undefined): value is Json[] | Args | "" | null | undefined => value === undefined || value === null || value === "" || typeof value === "object";

/** A value as a person reads it. */
export function shown(field: ArgField, value: Json | undefined = field.value): string {
  if (isEmpty(value)) return texts.draft.empty;
  if (typeof value === "boolean") return value ? texts.draft.yes : texts.draft.no;
  if (field.money && Number.isFinite(Number(value))) return moneyText(major(field, Number(value)), field.money.currency);
  if (typeof value === "number") return number(value);
  if (field.type === "date" && DATE.test(value)) return calendarDate(value);
  return value;
}

/** So many characters are written in one line; what is longer, or has lines of its own, in several. */
const LINE_MAX = 40;
export const isLong = (value: Json | undefined): boolean => typeof value === "string" && (value.length > LINE_MAX || value.includes("\n"));

const scale = (field: ArgField) => (field.money?.entry.unit === "minor" ? 10 ** moneyDigits(field.money.currency) : 1);
const major = (field: ArgField, value: number) => value / scale(field);

/** A value as it stands in an input; money in major units. */
export function written(field: ArgField, value: Json | undefined = field.value): string {
  if (value === null || value === undefined) return "";
  if (typeof value !== "number") return String(value);
  return field.money ? plainNumber(major(field, value), field.money.entry.unit === "minor" ? moneyDigits(field.money.currency) : undefined) : plainNumber(value);
}

/** A number as people of this place write it, with or without thousands set apart; NaN where it is none. */
function numberOf(text: string): number {
  const [group, decimal] = separators.length > 1 ? separators : ["", separators[0] ?? "."];
  const [whole = "", ...fraction] = text.replaceAll(/\s/g, "").split(decimal!);
  const parts = group?.trim() ? whole.split(group) : [whole];
  // Where no thousands can be meant, a foreign point is a point.
  if (parts.length === 2 && fraction.length === 0 && parts[1]!.length !== 3) return Number(parts.join("."));
  const isGrouped = parts.slice(1).every((part, at, all) => part.length === 3 || (part.length === 2 && at < all.length - 1));
  return isGrouped && fraction.length < 2 && whole !== "" ? Number([parts.join(""), ...fraction].join(".")) : NaN;
}

/** What an input's text means for a field; undefined where it means nothing. */
export function read(field: ArgField, text: string): Json | undefined {
  if (field.type === "boolean") return text === "true";
  if (field.type !== "number") return field.value === null && text === "" ? null : text;
  const value = numberOf(text);
  if (!Number.isFinite(value) || (field.money && value !== rounded(value, moneyDigits(field.money.currency)))) return undefined;
  const inUnit = field.money ? rounded(value * scale(field), 6) : value;
  if (field.limits?.type === "integer" && !Number.isInteger(inUnit)) return undefined;
  const [least, most] = [field.limits?.minimum ?? -Infinity, field.limits?.maximum ?? Infinity];
  return inUnit < least || inUnit > most ? undefined : inUnit;
}

const rounded = (value: number, digits: number) => Number(value.toFixed(digits));

/** The arguments with one value replaced. */
export function replaced(args: Args, pointer: string, value: Json): Args {
  const copy = structuredClone(args);
  const parts = pointer.split("/");
  const last = parts.pop()!;
  const parent = at(copy, parts.join("/"));
  const key = last.replaceAll("~1", "/").replaceAll("~0", "~");
  if (Array.isArray(parent)) parent[Number(key)] = value;
  else if (parent !== null && typeof parent === "object") parent[key] = value;
  return copy;
}
