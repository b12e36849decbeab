// The views beside the review, in the order of the top bar: each has a path and a key, and is fetched
// when it is first opened. Must not hold what a view shows.
import type { Component } from "svelte";
import { texts } from "./texts";

export type ViewName = keyof typeof texts.views;

export interface View {
  name: ViewName;
  label: string;
  path: string;
  key: string;
  /** Who gets to see it; everybody where none is said. */
  roles?: readonly string[];
  load: () => Promise<{ default: Component }>;
}

const view = (name: ViewName, key: string, load: View["load"]): View => ({ name, label: texts.views[name], path: `/${name}`, key, load });

/** Beside these keys, actions.ts has those of the review: no two share one. */
export const views: readonly View[] = [
  view("history", "I", () => import("./views/History.svelte")),
  view("trust", "T", () => import("./views/Trust.svelte")),
  view("policy", "P", () => import("./views/Policy.svelte")),
  view("memory", "M", () => import("./views/Memory.svelte")),
  view("audit", "L", () => import("./views/Audit.svelte")),
  { ...view("settings", "S", () => import("./views/Settings.svelte")), roles: ["lead"] },
];

/** Whether a person gets to see it. */
export const isFor = (view: View, person: { role: string } | undefined): boolean => view.roles?.includes(person?.role ?? "") ?? true;

/** Those that a person gets to see. */
export const viewsFor = (person: { role: string } | undefined): View[] => views.filter((one) => isFor(one, person));

/** The view at a path; null where the review stands. */
export const viewAt = (path: string): View | null => views.find((one) => path === one.path || path.startsWith(`${one.path}/`)) ?? null;
