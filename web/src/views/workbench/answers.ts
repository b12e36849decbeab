// What the workbench answers, under the names of the API where it has them.
import type { components } from "../../wire";

type Schemas = components["schemas"];

export type Findings = Schemas["LintAnswer"];
export type Finding = Findings["findings"][number];
export type FaultView = Findings["faults"][number];
export type Backtest = Omit<Schemas["BacktestView"], "since" | "truncated">;
export type Change = Backtest["total"];
export type Labels = Change["newly_released"];

/** What is wrong with a log, as `policy::verify` names it. */
export type LogFinding =
  | { found: "malformed"; line: number }
  | { found: "foreign" | "unknown_form" | "changed" | "misplaced"; seq: number }
  | { found: "missing"; from: number; to: number }
  | { found: "truncated"; entries: number; signed: number }
  | { found: "forked"; after: number; before: number }
  | { found: "another_log"; origin: string };
export interface LogReport { tenant: string; entries: number; vouched: number; findings: LogFinding[] }
