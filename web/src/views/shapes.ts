// The nouns of the views beside the review, as the API names them.
import type { components } from "../wire";

type Schemas = components["schemas"];

export type PolicyView = Schemas["PolicyView"];
export type WaitingPolicy = Schemas["WaitingPolicyView"];
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

export type Pressure = Schemas["PressureView"];

export type Person = Schemas["StaffList"]["people"][number];
export type Agent = Schemas["AgentPage"]["agents"][number];
export type Invited = Schemas["InvitationMade"];
export type Key = Schemas["KeyPage"]["keys"][number];
export type KeyMade = Schemas["KeyMade"];
export type Stop = Schemas["StopList"]["stops"][number];
export type Webhook = Schemas["WebhookPage"]["webhooks"][number];
export type WebhookMade = Schemas["WebhookMade"];
export type DeadLetterPage = Schemas["DeadLetterPage"];
export type Seed = Schemas["SeedList"]["seeds"][number];

export type Trust = Schemas["TrustView"];
export type CategoryTrust = Schemas["CategoryTrust"];
export type AgentTrust = CategoryTrust["agents"][number];
export type Line = Schemas["Line"];
export type Week = Schemas["WeekView"];
export type Share = NonNullable<Line["accuracy"]>;
export type LevelChange = Schemas["LevelChange"];
export type Proposal = Schemas["ProposalView"];
export type Readiness = AgentTrust["readiness"];
export type Missing = Readiness["missing"][number];
