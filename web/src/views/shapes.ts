// The nouns of the views beside the review, as the API names them.
import type { components } from "../wire";

type Schemas = components["schemas"];

export type PolicyView = Schemas["PolicyView"];
export type Document = Schemas["Policy"];
export type Guardrail = Schemas["Guardrail"];
export type Condition = Schemas["Condition"];
export type Rules = Schemas["Rules"];
export type CategoryRules = Schemas["CategoryRules"];
export type Level = Schemas["Level"];
export type Route = Schemas["Route"];
export type VersionPage = Schemas["VersionPage"];
export type Version = VersionPage["versions"][number];
export type RecordPage = Schemas["RecordPage"];
export type Recorded = RecordPage["records"][number];
