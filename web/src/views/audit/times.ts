// Times of the record, to the second: entries of one minute are told apart. Must not hold words of its own.
import { locale } from "../../format";

const wholeFormat = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "medium" });
const timeFormat = new Intl.DateTimeFormat(locale, { timeStyle: "medium" });
const dayFormat = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", hour: "numeric", minute: "2-digit", second: "2-digit" });

/** The whole date and time. */
export const exactly = (at: number): string => wholeFormat.format(at);

/** The time, with its day where that is not today's. */
export const briefly = (at: number, now: number): string => (new Date(at).toDateString() === new Date(now).toDateString() ? timeFormat : dayFormat).format(at);
