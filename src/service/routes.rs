//! Every path of the API, what it is called, and who may ask. It must not do anything: a request
//! becomes an [`Operation`], and `tenant` performs it.

use countersign_policy::problem::Code;

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Open,
    /// The operator of the deployment, with the Worker's secret.
    Operator,
    /// An agent, with its key.
    Agent,
    /// A person of the tenant, in any role.
    Person,
    /// An agent with its key, or a person.
    AgentOrPerson,
    /// A reviewer or a lead.
    Reviewer,
    /// A lead or an auditor, who answer for how reviewers decide; a reviewer, too, where the policy
    /// does not measure that.
    Overseer,
    /// A lead.
    Lead,
    /// A lead, or a key for policy.
    LeadOrPolicyKey,
    /// A person of the tenant in any role, or a key for policy.
    PersonOrPolicyKey,
    /// The same, or a key for policy.
    OverseerOrPolicyKey,
}

/// What can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Health,
    CreateTenant,
    DeleteTenant,
    Invite,
    OpenSession,
    GetSession,
    CloseSession,
    PostDraft,
    GetDraft,
    ListDrafts,
    WithdrawDraft,
    PutHead,
    PutOutcome,
    SimilarCorrections,
    ListCorrections,
    RetireCorrection,
    ExportCorrections,
    ImportCorrections,
    ReindexCorrections,
    GetQueue,
    GetQueueHealth,
    ClaimNext,
    PutLease,
    DeleteLease,
    PutAssignee,
    PutVerdict,
    PostVerdicts,
    UndoVerdict,
    GetLive,
    ListPeople,
    PutDuty,
    GetRota,
    PutRota,
    GetStop,
    PutStop,
    PutShadow,
    GetPolicy,
    PutPolicy,
    GetWaitingPolicy,
    AnswerWaitingPolicy,
    BacktestPolicy,
    ListRecords,
    ListPolicyVersions,
    GetPolicyVersion,
    InvitePerson,
    PutRole,
    RemovePerson,
    ListAgents,
    CreateKey,
    ListKeys,
    RotateKey,
    RevokeKey,
    CreateWebhook,
    ListWebhooks,
    DeleteWebhook,
    RotateWebhook,
    GetCallbackSecret,
    ListDeadLetters,
    ReplayDeadLetter,
    DropDeadLetter,
    CreateSeed,
    ListSeeds,
    RemoveSeed,
    LintPolicy,
    GetTrust,
    GetTrustReport,
    AnswerProposal,
    PutLevel,
    DeclareEquivalent,
    GetAudit,
    GetCheckpoint,
    ExportAudit,
    GetDossier,
    Erase,
    ListHolds,
    PutHold,
    GetRetention,
    PutRetention,
    ExportTenant,
    ProveEntry,
    #[cfg(feature = "development")]
    Panic,
    #[cfg(feature = "development")]
    AnswerTrust,
    #[cfg(feature = "development")]
    GivePast,
    #[cfg(feature = "development")]
    DoRound,
    #[cfg(feature = "development")]
    Decide,
}

/// One row of the table.
pub struct Entry {
    /// The HTTP method.
    pub method: &'static str,
    /// The path; `{id}` stands for one segment.
    pub path: &'static str,
    /// What it asks.
    pub operation: Operation,
    /// Who may.
    pub access: Access,
    /// What it is for, in a sentence; the OpenAPI document shows it.
    #[cfg(test)]
    pub summary: &'static str,
}

macro_rules! table {
    ($($(#[$attribute:meta])* $method:literal $path:literal $operation:ident $access:ident $summary:literal;)*) => {
        /// The table of the API.
        pub const TABLE: &[Entry] = &[$($(#[$attribute])* Entry {
            method: $method,
            path: $path,
            operation: Operation::$operation,
            access: Access::$access,
            #[cfg(test)]
            summary: $summary,
        }),*];
    };
}

table! {
    "GET" "/v1/health" Health Open "Whether the service runs, and with what.";
    "POST" "/v1/tenants" CreateTenant Operator "Make a tenant, its first key and its first lead's invitation.";
    "DELETE" "/v1/tenants/{id}" DeleteTenant Operator "Delete a tenant with all it has; the answer is a receipt.";
    "POST" "/v1/tenants/{id}/invitations" Invite Operator "Invite a person to a tenant.";
    "POST" "/v1/sessions" OpenSession Open "Sign in with an invitation.";
    "GET" "/v1/session" GetSession Person "Who is signed in.";
    "DELETE" "/v1/session" CloseSession Person "Sign out.";
    "POST" "/v1/drafts" PostDraft Agent "Post a draft and learn whether it may go out.";
    "GET" "/v1/drafts" ListDrafts Person "Drafts of before: a customer's, those that somebody decided, or those that a correction was an example for.";
    "GET" "/v1/drafts/{id}" GetDraft AgentOrPerson "A draft; an agent may wait up to 25 s for its verdict.";
    "DELETE" "/v1/drafts/{id}" WithdrawDraft Agent "Take an open draft back.";
    "PUT" "/v1/conversations/{id}/head" PutHead Agent "Say that a conversation went on; open drafts on an older head become stale.";
    "PUT" "/v1/drafts/{id}/outcome" PutOutcome Agent "Say what became of something that was allowed to leave.";
    "POST" "/v1/corrections/similar" SimilarCorrections Agent "Corrections of similar messages, as examples and as one text block.";
    "GET" "/v1/corrections" ListCorrections Person "The newest corrections, or with `q` those that are like it.";
    "GET" "/v1/corrections/export" ExportCorrections LeadOrPolicyKey "Corrections as training data, a line of JSON each.";
    "POST" "/v1/corrections:import" ImportCorrections LeadOrPolicyKey "Bring corrections that were made elsewhere, a line of JSON each, 100 at the most. Each is taken or refused by itself, and one that came before is known; they teach, and earn no trust.";
    "DELETE" "/v1/corrections/{id}" RetireCorrection Reviewer "Retire a correction: it stays on record and is no example any more.";
    "POST" "/v1/corrections:reindex" ReindexCorrections Lead "Make the index of memory anew from the record.";
    "GET" "/v1/queue" GetQueue Person "What waits, most urgent first; then what is to be looked at.";
    "GET" "/v1/queue/health" GetQueueHealth PersonOrPolicyKey "How fast the queue is served, what that means for its deadlines, and for leads who rushes. A key for policy, of whoever watches, is told of nobody.";
    "POST" "/v1/leases" ClaimNext Reviewer "Claim the next draft.";
    "PUT" "/v1/drafts/{id}/lease" PutLease Reviewer "Claim a draft, or renew the claim.";
    "DELETE" "/v1/drafts/{id}/lease" DeleteLease Reviewer "Let a draft go, with a note for whoever takes it next.";
    "PUT" "/v1/drafts/{id}/assignee" PutAssignee Reviewer "Hand a draft to a named person, or back to everybody.";
    "POST" "/v1/verdicts" PostVerdicts Reviewer "Decide many drafts, each with its own answer; no edits, and nothing high-stakes.";
    "PUT" "/v1/drafts/{id}/verdict" PutVerdict Reviewer "Decide.";
    "DELETE" "/v1/drafts/{id}/verdict" UndoVerdict Reviewer "Take a verdict back within its undo window, a deferral as long as the draft is hidden.";
    "GET" "/v1/live" GetLive Person "A WebSocket that tells every change of the queue.";
    "GET" "/v1/people" ListPeople Person "Everybody of the tenant, who is away and who serves which categories.";
    "PUT" "/v1/people/{id}/duty" PutDuty Reviewer "Say that somebody is away, and which categories they serve.";
    "GET" "/v1/rota" GetRota Person "Who is on call when, and who answers now.";
    "PUT" "/v1/rota" PutRota Lead "Say who is on call when, with whom as backup.";
    "GET" "/v1/stop" GetStop Person "What is stopped.";
    "PUT" "/v1/stop" PutStop Lead "Hold everything of the tenant, an agent, a category or an action, or let it go on.";
    "PUT" "/v1/agents/{id}/shadow" PutShadow Lead "Only watch an agent: it is answered release, and what would have waited is looked at.";
    "GET" "/v1/policy" GetPolicy PersonOrPolicyKey "The active policy.";
    "PUT" "/v1/policy" PutPolicy LeadOrPolicyKey "Make a new policy version active; going back is putting an old document again, and never raises a level.";
    "GET" "/v1/policy/waiting" GetWaitingPolicy PersonOrPolicyKey "The policy that waits for a second lead, with what it lets out.";
    "PUT" "/v1/policy/waiting" AnswerWaitingPolicy Lead "Confirm as a second lead that it becomes active, or drop it.";
    "POST" "/v1/policy:backtest" BacktestPolicy LeadOrPolicyKey "What another policy, or other levels, would have done with the settled drafts of the last days.";
    "GET" "/v1/policy/records" ListRecords LeadOrPolicyKey "The settled drafts of the last days with what was decided, to replay under another policy.";
    "GET" "/v1/policy/versions" ListPolicyVersions PersonOrPolicyKey "Every version, newest first, with who made it and why.";
    "GET" "/v1/policy/versions/{id}" GetPolicyVersion PersonOrPolicyKey "One version, whole.";
    "POST" "/v1/people" InvitePerson Lead "Invite somebody, or make a new invitation for somebody who is there; it is shown once.";
    "PUT" "/v1/people/{id}/role" PutRole Lead "Give somebody another role.";
    "DELETE" "/v1/people/{id}" RemovePerson Lead "Remove somebody: their sessions and invitations end at once.";
    "GET" "/v1/agents" ListAgents Lead "The agents that post, and which of them are only watched.";
    "POST" "/v1/keys" CreateKey Lead "Make a key for an agent, or for automation that writes policy; it is shown once.";
    "GET" "/v1/keys" ListKeys Lead "The keys, without their secrets.";
    "POST" "/v1/keys/{id}/rotation" RotateKey Lead "Give a key a new secret, shown once; the one before works on for a while. Whoever is shown one answers for what comes by the key.";
    "DELETE" "/v1/keys/{id}" RevokeKey Lead "Revoke a key, at once and for good.";
    "POST" "/v1/webhooks" CreateWebhook Lead "Have events posted to an address, by Standard Webhooks; the secret is shown once.";
    "GET" "/v1/webhooks" ListWebhooks Lead "The webhooks, without their secrets.";
    "DELETE" "/v1/webhooks/{id}" DeleteWebhook Lead "Tell a webhook nothing more, and drop what is on its way to it.";
    "POST" "/v1/webhooks/{id}/secret" RotateWebhook Lead "A new secret, shown once; the one before signs, too, for a day. A disabled webhook works again.";
    "GET" "/v1/callback-secret" GetCallbackSecret Agent "The secret that signs what is posted to the callback_url of this key's drafts.";
    "GET" "/v1/dead-letters" ListDeadLetters Lead "Messages that their receivers did not take, and rows that D1 refused.";
    "POST" "/v1/dead-letters/{id}/replay" ReplayDeadLetter Lead "Try a message again from the beginning of its schedule, or a row behind those that wait.";
    "DELETE" "/v1/dead-letters/{id}" DropDeadLetter Lead "Give a message up for good.";
    "POST" "/v1/seeds" CreateSeed Lead "Keep a known-bad draft, which the policy puts among those that wait to measure whether reviewers look.";
    "GET" "/v1/seeds" ListSeeds Lead "The known-bad drafts, and how often each was caught.";
    "DELETE" "/v1/seeds/{id}" RemoveSeed Lead "Put a known-bad draft among the others no more.";
    "POST" "/v1/policy:lint" LintPolicy PersonOrPolicyKey "What is wrong with a policy document, each finding with a draft that shows it.";
    "GET" "/v1/trust" GetTrust Person "What each category has earned, how far it is from its next level, what is proposed and what was lost.";
    "GET" "/v1/trust/report" GetTrustReport Person "The report of a week: what moved, what is ready, what was lost, where reviewers' time went.";
    "PUT" "/v1/proposals/{id}" AnswerProposal Person "Confirm or decline a step up; only a lead may.";
    "PUT" "/v1/levels" PutLevel Person "Lower a level by hand; only a lead may.";
    "PUT" "/v1/agents/{id}/version" DeclareEquivalent Person "Declare a version of an agent equivalent to an earlier one, so that it keeps what that one earned; only a lead may.";
    "GET" "/v1/audit" GetAudit Overseer "The audit log, newest first; for leads and auditors alone where the policy measures how reviewers look.";
    "GET" "/v1/audit/checkpoint" GetCheckpoint PersonOrPolicyKey "A signed statement of the log's size and root; with `since`, proof that it only grew.";
    "GET" "/v1/audit/export" ExportAudit OverseerOrPolicyKey "Every entry, oldest first, a line each; `countersign verify` reads it. Not for reviewers where the policy measures how they look.";
    "GET" "/v1/audit/{id}/proof" ProveEntry Overseer "One entry by its number, with proof that the signed log holds it. Not for reviewers where the policy measures how they look.";
    "GET" "/v1/drafts/{id}/dossier" GetDossier Overseer "Everything about one draft: seen, policy, reasons, verdict, sent, outcome, and the entries that bind it. Not for reviewers where the policy measures how they look.";
    "POST" "/v1/erasure" Erase Lead "Erase a customer's data everywhere; the log stays valid and says so.";
    "GET" "/v1/holds" ListHolds Person "What no erasure or retention touches.";
    "PUT" "/v1/holds" PutHold Lead "Keep a customer's data, or all, whatever their age; or let it go.";
    "GET" "/v1/retention" GetRetention Person "How long texts and answers are kept.";
    "PUT" "/v1/retention" PutRetention Lead "Keep texts and answers for so many days.";
    "GET" "/v1/export" ExportTenant Lead "All of the tenant's data, a line for each row.";
    #[cfg(feature = "development")]
    "POST" "/v1/development/panic" Panic Lead "Panic, so that a test sees what follows.";
    #[cfg(feature = "development")]
    "POST" "/v1/development/trust" AnswerTrust Operator "Answer a golden case of trust as it is answered here.";
    #[cfg(feature = "development")]
    "POST" "/v1/development/past" GivePast Lead "Give an account a past, so that a test need not wait for weeks.";
    #[cfg(feature = "development")]
    "POST" "/v1/development/round" DoRound Lead "Do the day's work of trust now.";
    #[cfg(feature = "development")]
    "POST" "/v1/development/decision" Decide Operator "Decide a golden case as the policy does here.";
}

/// A request's row of the table and its `{id}`, where it has one.
pub struct Match {
    /// The row.
    pub entry: &'static Entry,
    /// The segment at `{id}`, percent-decoded; empty where the path has none.
    pub id: String,
}

/// The row for a method and path, or why there is none.
pub fn find(method: &str, path: &str) -> Result<Match, Code> {
    // Most requests are for a path without an id, which is found without taking it apart.
    let literal = |entry: &&Entry| entry.path == path && entry.method == method;
    if let Some(entry) = TABLE.iter().find(literal) {
        let id = String::new();
        return Ok(Match { entry, id });
    }
    let mut known_path = false;
    for entry in TABLE {
        if let Some(id) = capture(entry.path, path) {
            if entry.method == method {
                return Ok(Match {
                    entry,
                    id: decode(id).ok_or(Code::InvalidParameter)?,
                });
            }
            known_path = true;
        }
    }
    Err(if known_path {
        Code::MethodNotAllowed
    } else {
        Code::NotFound
    })
}

/// The methods of a path, as the header `Allow` lists them (RFC 9110, 10.2.1).
pub fn methods(path: &str) -> String {
    let here = TABLE
        .iter()
        .filter(|entry| capture(entry.path, path).is_some());
    here.map(|entry| entry.method)
        .collect::<Vec<_>>()
        .join(", ")
}

fn capture<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    let mut id = "";
    let mut wanted = pattern.split('/');
    let mut given = path.split('/');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(id),
            (Some("{id}"), Some(segment)) if !segment.is_empty() => id = segment,
            (Some(fixed), Some(segment)) if fixed == segment => {}
            _ => return None,
        }
    }
}

/// Percent-decoding of one segment; `None` for a broken escape or bytes that are not UTF-8.
fn decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = if *first == b'%' {
            let [high, low, after @ ..] = tail else {
                return None;
            };
            let digits = [high.to_ascii_lowercase(), low.to_ascii_lowercase()];
            let digits = str::from_utf8(&digits).ok()?;
            bytes.extend(countersign_policy::digest::from_hex(digits)?);
            after
        } else {
            bytes.push(*first);
            tail
        };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &str, path: &str, expected: Result<(Operation, &str), Code>) {
        let found = find(method, path);
        let found = found
            .as_ref()
            .map(|found| (found.entry.operation, found.id.as_str()));
        assert_eq!(found.map_err(|code| *code), expected, "{method} {path}");
    }

    #[test]
    fn a_path_has_one_row_per_method() {
        check("POST", "/v1/drafts", Ok((Operation::PostDraft, "")));
        check("GET", "/v1/drafts/a%2Fb", Ok((Operation::GetDraft, "a/b")));
        check(
            "PUT",
            "/v1/drafts/1/verdict",
            Ok((Operation::PutVerdict, "1")),
        );
        check("GET", "/v1/drafts/", Err(Code::NotFound));
        check("GET", "/v1/drafts/1/2", Err(Code::NotFound));
        check("GET", "/v1/drafts/%zz", Err(Code::InvalidParameter));
        check("PATCH", "/v1/drafts/1", Err(Code::MethodNotAllowed));
        check("GET", "/", Err(Code::NotFound));
        assert_eq!(methods("/v1/drafts/1"), "GET, DELETE");
    }
}
