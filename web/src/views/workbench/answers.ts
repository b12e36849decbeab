// What the workbench answers, under the names of the API where it has them.
import type { components } from "../../wire";

type Schemas = components["schemas"];

export type Findings = Schemas["LintAnswer"];
export type Finding = Findings["findings"][number];
export type FaultView = Findings["faults"][number];
export type Backtest = Omit<Schemas["BacktestView"], "since" | "truncated">;
export type Change = Backtest["total"];
export type Labels = Change["newly_released"];
export interface LogChecked { size: number; root: string; fault?: { seq: number; fault: "out_of_order" | "changed" } }
