//! What each operation is sent, with which parameters, and what it answers.

use super::parameter::{header, once, query, text};
use crate::routes::Operation;
use crate::{
    backtests, checkpoints, conversations, corrections, dead_letters, departure, door, dossier,
    drafts, erasure, examples, handovers, history, holds, import, keys, levels, log, outcomes,
    pace, people, policies, proposals, queue, records, roster, rota, second_lead, seeds, staff,
    stops, tenants, trust, undo, verdicts, versions, webhooks,
};
use countersign_policy::draft::Draft;
use countersign_policy::import::Line;
use countersign_policy::retention::Retention;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

/// What a body, an answer and the parameters of an operation look like.
pub(super) struct Shape {
    pub body: Option<Value>,
    pub answers: Vec<(u16, Option<Value>)>,
    pub parameters: Vec<Value>,
}

pub(super) fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Option<Value> {
    Some(generator.subschema_for::<T>().to_value())
}

/// One arm for each operation, so that a new one can't be forgotten.
pub(super) fn shape(operation: Operation, g: &mut SchemaGenerator) -> Shape {
    let of = |body, status, answer| Shape {
        body,
        answers: vec![(status, answer)],
        parameters: vec![],
    };
    let page = || {
        vec![
            query("limit", 200, "Rows of a page."),
            query("cursor", u32::MAX, "As `next_cursor` said."),
        ]
    };
    let made = |body, status, answer| Shape {
        parameters: vec![once()],
        ..of(body, status, answer)
    };
    match operation {
        Operation::Health => of(None, 200, schema::<door::Health>(g)),
        Operation::CreateTenant => of(
            schema::<tenants::NewTenant>(g),
            201,
            schema::<tenants::TenantMade>(g),
        ),
        Operation::Invite => of(
            schema::<tenants::NewInvitation>(g),
            201,
            schema::<tenants::InvitationMade>(g),
        ),
        Operation::OpenSession => of(
            schema::<people::SignIn>(g),
            201,
            schema::<people::SessionView>(g),
        ),
        Operation::GetSession => of(None, 200, schema::<people::SessionView>(g)),
        Operation::PostDraft => Shape {
            parameters: vec![
                header(
                    "Idempotency-Key",
                    "The same key and content give the same answer. 1 to 255 bytes of ASCII or UTF-8.",
                ),
                query(
                    "examples",
                    8,
                    "Corrections of similar messages to answer with.",
                ),
            ],
            ..of(schema::<Draft>(g), 201, schema::<drafts::DraftAnswer>(g))
        },
        Operation::GetDraft => {
            let agent = schema::<drafts::DraftAnswer>(g);
            let person = schema::<queue::DraftView>(g);
            let either = json!({ "anyOf": [agent, person] });
            let wait = query("wait", 25, "Seconds to wait for the verdict; of an agent.");
            Shape {
                parameters: vec![wait],
                ..of(None, 200, Some(either))
            }
        }
        Operation::ListDrafts => Shape {
            parameters: vec![
                text("customer", "A customer's id."),
                text("reviewer", "Who decided: a person's id, or `me`."),
                text("example", "A correction that they were written with."),
                text("q", "Words that the draft or its message holds."),
                query("limit", 100, "At most so many."),
            ],
            ..of(None, 200, schema::<history::DraftList>(g))
        },
        Operation::WithdrawDraft => of(None, 200, schema::<drafts::DraftAnswer>(g)),
        Operation::PutHead => of(
            schema::<conversations::NewHead>(g),
            200,
            schema::<conversations::HeadView>(g),
        ),
        Operation::PutOutcome => of(
            schema::<outcomes::OutcomeReport>(g),
            200,
            schema::<drafts::DraftAnswer>(g),
        ),
        Operation::SimilarCorrections => of(
            schema::<examples::SimilarRequest>(g),
            200,
            schema::<examples::SimilarAnswer>(g),
        ),
        Operation::ListCorrections => Shape {
            parameters: vec![
                query("limit", 200, "Rows of a page."),
                text("cursor", "As `next_cursor` said; not with `q`."),
                text("q", "Those that memory finds like this, the likest first."),
            ],
            ..of(None, 200, schema::<corrections::CorrectionPage>(g))
        },
        Operation::ExportCorrections => Shape {
            parameters: vec![
                text("format", "`chat` (the default), `preference` or `raw`."),
                text("since", "Learnt from this time on, RFC 3339."),
                text("category", "Of this category only."),
                text("edit_kind", "`cosmetic` or `substantive`."),
                text(
                    "agreement",
                    "`any` (the default), `uncontested` or `confirmed`.",
                ),
            ],
            ..of(None, 200, schema::<corrections::Correction>(g))
        },
        Operation::ImportCorrections => Shape {
            parameters: vec![json!({
                "name": "source", "in": "query", "required": true,
                "description": "Where they come from; it stands beside each.",
                "schema": { "type": "string", "minLength": 1, "maxLength": 256 }
            })],
            ..of(schema::<Line>(g), 200, schema::<import::ImportAnswer>(g))
        },
        Operation::GetQueue => Shape {
            parameters: vec![
                query("limit", 200, "Rows of a page."),
                text("cursor", "As `next_cursor` said."),
                json!({
                    "name": "status", "in": "query", "required": false,
                    "description": "`unconfirmed`: what is out, and nobody said what became of it.",
                    "schema": { "const": "unconfirmed" }
                }),
            ],
            ..of(None, 200, schema::<queue::QueuePage>(g))
        },
        Operation::GetQueueHealth => of(None, 200, schema::<pace::HealthView>(g)),
        Operation::ClaimNext => Shape {
            answers: vec![(200, schema::<queue::Summary>(g)), (204, None)],
            ..of(None, 200, None)
        },
        Operation::PutLease => of(None, 200, schema::<queue::Summary>(g)),
        Operation::DeleteLease => of(
            schema::<handovers::LetGo>(g),
            200,
            schema::<queue::Summary>(g),
        ),
        Operation::PutAssignee => of(
            schema::<handovers::NewAssignee>(g),
            200,
            schema::<queue::Summary>(g),
        ),
        Operation::PostVerdicts => of(
            schema::<verdicts::Batch>(g),
            200,
            schema::<verdicts::BatchAnswer>(g),
        ),
        Operation::PutVerdict => of(
            schema::<verdicts::GivenVerdict>(g),
            200,
            schema::<verdicts::VerdictAnswer>(g),
        ),
        Operation::UndoVerdict => of(
            schema::<undo::TakenBack>(g),
            200,
            schema::<verdicts::VerdictAnswer>(g),
        ),
        Operation::GetLive => Shape {
            parameters: vec![query("after", u32::MAX, "Goes on from that `sequence`.")],
            ..of(None, 101, None)
        },
        Operation::ListPeople => of(None, 200, schema::<staff::StaffList>(g)),
        Operation::PutDuty => of(
            schema::<staff::NewDuty>(g),
            200,
            schema::<staff::StaffList>(g),
        ),
        Operation::GetRota => of(None, 200, schema::<rota::RotaView>(g)),
        Operation::PutRota => of(schema::<rota::NewRota>(g), 200, schema::<rota::RotaView>(g)),
        Operation::GetStop => of(None, 200, schema::<stops::StopList>(g)),
        Operation::PutStop => of(
            schema::<stops::NewStop>(g),
            200,
            schema::<stops::StopList>(g),
        ),
        Operation::PutShadow => of(
            schema::<stops::NewShadow>(g),
            200,
            schema::<stops::ShadowList>(g),
        ),
        Operation::GetPolicy => of(None, 200, schema::<policies::PolicyView>(g)),
        Operation::PutPolicy => Shape {
            parameters: vec![header(
                "If-Match",
                "The ETag of the version that this one follows.",
            )],
            answers: vec![
                (200, schema::<policies::PolicyView>(g)),
                (202, schema::<second_lead::WaitingPolicyView>(g)),
            ],
            ..of(schema::<policies::NewPolicy>(g), 200, None)
        },
        Operation::GetWaitingPolicy => of(None, 200, schema::<second_lead::WaitingPolicyView>(g)),
        Operation::AnswerWaitingPolicy => Shape {
            parameters: vec![header("If-Match", "The ETag of the policy that waits.")],
            ..of(
                schema::<second_lead::SecondAnswer>(g),
                200,
                schema::<policies::PolicyView>(g),
            )
        },
        Operation::BacktestPolicy => of(
            schema::<backtests::BacktestRequest>(g),
            200,
            schema::<backtests::BacktestView>(g),
        ),
        Operation::ListRecords => Shape {
            parameters: vec![
                query(
                    "days",
                    backtests::DAYS_MAX,
                    "How far to look back; 30 unless told.",
                ),
                query("limit", 100, "Records of a page."),
                text("after", "As `next_after` said."),
            ],
            ..of(None, 200, schema::<records::RecordPage>(g))
        },
        Operation::ListPolicyVersions => Shape {
            parameters: page(),
            ..of(None, 200, schema::<versions::VersionPage>(g))
        },
        Operation::GetPolicyVersion => of(None, 200, schema::<policies::PolicyView>(g)),
        Operation::InvitePerson => of(
            schema::<roster::NewPerson>(g),
            201,
            schema::<tenants::InvitationMade>(g),
        ),
        Operation::PutRole => of(
            schema::<roster::NewRole>(g),
            200,
            schema::<staff::StaffList>(g),
        ),
        Operation::ListAgents => of(None, 200, schema::<roster::AgentPage>(g)),
        Operation::CreateKey => made(schema::<keys::NewKey>(g), 201, schema::<keys::KeyMade>(g)),
        Operation::ListKeys => of(None, 200, schema::<keys::KeyPage>(g)),
        Operation::RotateKey => made(schema::<keys::Rotation>(g), 201, schema::<keys::KeyMade>(g)),
        Operation::CreateWebhook => made(
            schema::<webhooks::NewWebhook>(g),
            201,
            schema::<webhooks::WebhookMade>(g),
        ),
        Operation::ListWebhooks => of(None, 200, schema::<webhooks::WebhookPage>(g)),
        Operation::RotateWebhook => made(None, 200, schema::<webhooks::WebhookMade>(g)),
        Operation::GetCallbackSecret => of(None, 200, schema::<webhooks::CallbackSecret>(g)),
        Operation::ListDeadLetters => Shape {
            parameters: page(),
            ..of(None, 200, schema::<dead_letters::DeadLetterPage>(g))
        },
        Operation::CreateSeed => made(
            schema::<seeds::NewSeed>(g),
            201,
            schema::<seeds::SeedView>(g),
        ),
        Operation::ListSeeds => of(None, 200, schema::<seeds::SeedList>(g)),
        Operation::DeleteWebhook
        | Operation::ReplayDeadLetter
        | Operation::DropDeadLetter
        | Operation::RemovePerson
        | Operation::CloseSession
        | Operation::RetireCorrection
        | Operation::ReindexCorrections
        | Operation::RevokeKey
        | Operation::RemoveSeed => of(None, 204, None),
        Operation::LintPolicy => of(
            schema::<policies::LintRequest>(g),
            200,
            schema::<policies::LintAnswer>(g),
        ),
        Operation::GetTrust => Shape {
            parameters: vec![query(
                "weeks",
                53,
                "Weeks to look back, this one included; 13 where absent.",
            )],
            ..of(None, 200, schema::<trust::TrustView>(g))
        },
        Operation::GetTrustReport => Shape {
            parameters: vec![json!({
                "name": "week", "in": "query", "required": false,
                "description": "ISO 8601, such as 2026-W47; this week where absent.",
                "schema": { "type": "string", "pattern": "^[0-9]{4}-W[0-9]{2}$" }
            })],
            ..of(None, 200, schema::<trust::ReportView>(g))
        },
        Operation::AnswerProposal => of(
            schema::<proposals::GivenAnswer>(g),
            200,
            schema::<proposals::ProposalView>(g),
        ),
        Operation::PutLevel => of(
            schema::<levels::NewLevel>(g),
            200,
            schema::<levels::LevelChanges>(g),
        ),
        Operation::DeclareEquivalent => of(
            schema::<levels::NewEquivalent>(g),
            200,
            schema::<levels::LevelChanges>(g),
        ),
        Operation::GetAudit => Shape {
            parameters: page(),
            ..of(None, 200, schema::<log::AuditPage>(g))
        },
        Operation::GetCheckpoint => Shape {
            parameters: vec![query(
                "since",
                u32::MAX,
                "The size of a checkpoint that you kept.",
            )],
            ..of(None, 200, schema::<checkpoints::CheckpointView>(g))
        },
        Operation::ExportAudit | Operation::ExportTenant => {
            of(None, 200, Some(json!({ "type": "string" })))
        }
        Operation::DeleteTenant => of(None, 200, schema::<departure::Receipt>(g)),
        Operation::GetDossier => of(None, 200, schema::<dossier::Dossier>(g)),
        Operation::Erase => of(
            schema::<erasure::ErasureRequest>(g),
            200,
            schema::<erasure::ErasureAnswer>(g),
        ),
        Operation::ListHolds => of(None, 200, schema::<holds::HoldList>(g)),
        Operation::PutHold => of(
            schema::<holds::NewHold>(g),
            200,
            schema::<holds::HoldList>(g),
        ),
        Operation::GetRetention => of(None, 200, schema::<Retention>(g)),
        Operation::PutRetention => of(schema::<Retention>(g), 200, schema::<Retention>(g)),
        Operation::ProveEntry => of(None, 200, schema::<checkpoints::ProofView>(g)),
        #[cfg(feature = "development")]
        Operation::Panic
        | Operation::AnswerTrust
        | Operation::GivePast
        | Operation::DoRound
        | Operation::Decide => of(None, 200, None),
    }
}
