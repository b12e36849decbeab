// The desk: every verdict there is, two people who must agree, batches, groups and hand-overs; and
// who answers for a draft at each moment.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { draft, shared, until, verdictOn } from "./countersign.mjs";

const service = await shared();

const noUndo = (policy) => ({ ...policy, undo_window_s: 0 });

/** A tenant without an undo window, its lead, and a second reviewer. */
async function desk(change = noUndo) {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const put = await tenant.policy(lead, change);
  assert.equal(put.status, 200, JSON.stringify(put.body));
  const tom = await tenant.session("tom@example.com");
  const show = async (session, id) => (await session.call("GET", `/v1/drafts/${id}`)).body;
  const decide = async (session, id, verdict) =>
    session.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(await show(session, id), verdict));
  const post = async (change) => (await tenant.post(draft(change))).body;
  const told = async (id) => (await tenant.agent("GET", `/v1/drafts/${id}`)).body;
  const events = async (id) => {
    const page = (await lead.call("GET", "/v1/audit?limit=200")).body.entries;
    return page.map(({ entry }) => entry).filter((entry) => entry.about === id).reverse();
  };
  return { tenant, lead, tom, show, decide, post, told, events };
}

test("writes that come at once share a turn, and each stands or falls alone", async () => {
  const { tenant, tom } = await desk();
  const [twice, changed] = [randomUUID(), draft({ message: "Another question of mine." })];
  const answers = await Promise.all([
    ...Array.from({ length: 6 }, () => tenant.post(draft())),
    tenant.post(draft({ kind: "poem" })),
    ...Array.from({ length: 4 }, () => tenant.post(changed, { key: twice })),
    ...Array.from({ length: 6 }, () => tenant.post(draft())),
    tenant.agent("DELETE", "/v1/drafts/nobody"),
  ]);
  const statuses = answers.map(({ status }) => status);
  assert.deepEqual(statuses, [...Array(6).fill(201), 422, ...Array(10).fill(201), 404]);
  const repeated = answers.slice(7, 11);
  assert.equal(new Set(repeated.map(({ body }) => body.id)).size, 1, "one draft for one key");
  assert.equal(repeated.filter(({ headers }) => headers.get("idempotent-replayed") === "true").length, 3);
  const queue = (await tom.call("GET", "/v1/queue?limit=50")).body;
  const posted = new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.id));
  assert.deepEqual(new Set(queue.drafts.map(({ id }) => id)), posted);
});

test("each verdict that ends a draft tells its agent what follows", async () => {
  const { lead, decide, post, told } = await desk();
  const text = { text: "I looked into it myself: it arrives on Monday." };
  const cases = [
    [{ kind: "respond", draft: text }, "responded", (answer) => assert.deepEqual(answer.outgoing, text)],
    [{ kind: "handled_elsewhere", note: "called her" }, "handled_elsewhere", (answer) => {
      assert.equal(answer.outgoing, undefined);
      assert.equal(answer.verdict.note, "called her");
    }],
    [{ kind: "reject", reason: "wrong facts", may_retry: true }, "rejected", (answer) =>
      assert.equal(answer.verdict.may_retry, true)],
    [{ kind: "send_back", instruction: "Name the day." }, "sent_back", (answer) => {
      assert.equal(answer.outgoing, undefined);
      assert.equal(answer.verdict.instruction, "Name the day.");
    }],
  ];
  for (const [verdict, status, check] of cases) {
    const posted = await post();
    const decided = await decide(lead, posted.id, verdict);
    assert.equal(decided.body.status, status, JSON.stringify(decided.body));
    const answer = await told(posted.id);
    assert.equal(answer.status, status);
    check(answer);
  }
});

test("a draft is sent back three times, each redraft linked to the one before", async () => {
  const { lead, show, decide, post } = await desk();
  let posted = await post();
  for (const round of [0, 1, 2]) {
    assert.equal((await show(lead, posted.id)).round, round);
    const sent = await decide(lead, posted.id, { kind: "send_back", instruction: `round ${round}` });
    assert.equal(sent.body.status, "sent_back", JSON.stringify(sent.body));
    posted = await post({ supersedes: posted.id });
    const shown = await show(lead, posted.id);
    assert.equal(shown.redraft_of.instruction, `round ${round}`);
  }
  const refused = await decide(lead, posted.id, { kind: "send_back", instruction: "once more" });
  assert.equal(refused.body.code, "rounds_exhausted");
  assert.equal((await decide(lead, posted.id, { kind: "approve" })).status, 200);
});

test("a deferred draft is hidden until its time and keeps its note from the agent", async () => {
  const { lead, tom, show, decide, post, told } = await desk();
  const posted = await post();
  const until = (ms) => new Date(Date.now() + ms).toISOString();
  const late = await decide(lead, posted.id, { kind: "defer", until: until(40 * 86_400_000) });
  assert.equal(late.body.code, "invalid_field");
  const past = await decide(lead, posted.id, { kind: "defer", until: until(-1_000) });
  assert.equal(past.body.code, "invalid_field");
  const deferred = await decide(lead, posted.id, { kind: "defer", until: until(6_000), note: "waits for the bank" });
  assert.equal(deferred.body.status, "held", JSON.stringify(deferred.body));
  assert.equal((await tom.call("POST", "/v1/leases")).status, 204, "nothing to claim");
  assert.equal((await show(tom, posted.id)).notes[0].text, "waits for the bank");
  assert.ok(!JSON.stringify(await told(posted.id)).includes("bank"));
  const claimed = await untilClaimed(tom);
  assert.equal(claimed.id, posted.id);
});

test("a deferral is taken back while the draft is hidden, and what was agreed to before it stands", async () => {
  const { lead, tom, show, decide, post } = await desk((policy) => ({ ...noUndo(policy), defaults: { ...policy.defaults, four_eyes: true } }));
  const { id } = await post();
  assert.equal((await decide(lead, id, { kind: "approve" })).body.second_person_needed, true);
  const verdict = verdictOn(await show(tom, id), { kind: "defer", until: new Date(Date.now() + 86_400_000).toISOString() });
  assert.equal((await tom.call("PUT", `/v1/drafts/${id}/verdict`, verdict)).status, 200);
  assert.equal((await tom.call("POST", "/v1/leases")).status, 204, "hidden");
  const undo = (session) => session.call("DELETE", `/v1/drafts/${id}/verdict`, { verdict_id: verdict.verdict_id });
  assert.equal((await undo(lead)).body.code, "not_yours");
  const { status, version } = (await undo(tom)).body;
  assert.deepEqual((await undo(tom)).body, { id, status, version, second_person_needed: false }, "a repeat changes nothing");
  assert.equal((await tom.call("POST", "/v1/leases")).body.id, id, "it waits again");
  assert.equal((await decide(tom, id, { kind: "approve" })).body.status, "approved", "the second of two who agree");
});

const untilClaimed = (session) =>
  until(async () => {
    const answer = await session.call("POST", "/v1/leases");
    return answer.status === 200 && answer.body;
  });

test("what is out can be confirmed, or called wrong with a remedy, also after its outcome", async () => {
  const { tenant, lead, show, decide, post, told, events } = await desk((policy) => ({
    ...noUndo(policy),
    categories: { "billing.refund": { start_level: 3, sample_rate: 1 } },
  }));
  const sampled = await post();
  assert.equal(sampled.status, "released");
  await tenant.agent("PUT", `/v1/drafts/${sampled.id}/outcome`, { outcome: "done" });
  assert.equal((await lead.call("GET", "/v1/queue")).body.counts.look_owed, 1, "the look is still owed");
  const confirmed = await decide(lead, sampled.id, { kind: "confirm" });
  assert.equal(confirmed.body.status, "done");
  assert.equal((await lead.call("GET", "/v1/queue")).body.counts.look_owed, 0);

  const wrong = await post();
  const right = { ...wrong.outgoing, text: "Your refund was refused; we are sorry." };
  const verdict = { kind: "correct", remedy: "follow_up", note: "it was refused", draft: right };
  assert.equal((await decide(lead, wrong.id, verdict)).body.status, "corrected");
  const answer = await told(wrong.id);
  assert.equal(answer.status, "corrected");
  assert.equal(answer.verdict.remedy, "follow_up");
  assert.deepEqual(answer.verdict.draft, right);
  const similar = await tenant.agent("POST", "/v1/corrections/similar", { message: draft().message });
  assert.equal(similar.body.examples[0].corrected, right.text, "what was wrong teaches");
  const report = (outcome) => tenant.agent("PUT", `/v1/drafts/${wrong.id}/outcome`, { outcome });
  const late = await report("failed");
  assert.deepEqual([late.status, late.body.status], [200, "corrected"], "what an agent says later is put on record");
  assert.deepEqual((await report("failed")).body, late.body, "a repeat is answered alike");
  await report("done");
  const reported = (await events(wrong.id)).filter(({ event }) => event === "draft.reported");
  assert.deepEqual(reported.map(({ facts }) => facts.outcome).toSorted(), ["done", "failed"], "and not put on record twice");

  const approved = await post({ category: "other" });
  assert.equal((await decide(lead, approved.id, { kind: "approve" })).body.status, "approved");
  assert.equal((await decide(lead, approved.id, { kind: "confirm" })).body.status, "approved");
  assert.ok((await told(approved.id)).outgoing, "a look changes nothing of what may leave");
  assert.equal((await decide(lead, approved.id, { kind: "correct", remedy: "reversal" })).body.status, "corrected");
  assert.equal((await show(lead, approved.id)).outgoing.text, draft().draft.text, "what left is still shown");
});

test("the edit of an action is judged by argument, kept to the catalogue, and routed again", async () => {
  const { lead, decide, post, told, events } = await desk((policy) => ({
    ...noUndo(policy),
    actions: {
      refund: {
        stakes: "financial",
        undoable: true,
        fields: { "/amount": { type: "number", minimum: 0, maximum: 500 } },
        money: [{ pointer: "/amount", unit: "major", currency: "USD" }],
        editable: ["/amount", "/note"],
      },
    },
    guardrails: [
      {
        name: "large refunds",
        when: { action: ["refund"], amount_over: { minor: 10_000, currency: "USD" } },
        route: "human",
        because: "Refunds above 100 dollars are a person's.",
      },
    ],
  }));
  const args = { amount: 50, note: "we  recieve it soon", order: "A-1" };
  const posted = await post({ kind: "action", draft: { action: { name: "refund", args } } });
  const edit = (change, name = "refund") => ({
    kind: "edit",
    draft: { action: { name, args: { ...args, ...change } } },
  });
  const refused = await decide(lead, posted.id, edit({ order: "A-2" }));
  assert.equal(refused.body.pointer, "/verdict/draft/action/args/order");
  assert.equal((await decide(lead, posted.id, edit({ amount: 501 }))).body.code, "invalid_field");
  assert.equal((await decide(lead, posted.id, edit({}, "wire"))).body.code, "invalid_field");
  const large = await decide(lead, posted.id, edit({ amount: 101 }));
  assert.equal(large.body.code, "belongs_to_human");
  assert.match(large.body.detail, /100 dollars/);

  const decided = await decide(lead, posted.id, edit({ amount: 75 }));
  assert.equal(decided.body.status, "edited", JSON.stringify(decided.body));
  assert.equal(decided.body.action_edit.kind, "substantive");
  assert.deepEqual(
    decided.body.action_edit.changes.map(({ pointer, before, after }) => [pointer, before, after]),
    [["/amount", 50, 75]],
  );
  assert.equal((await told(posted.id)).outgoing.action.args.amount, 75);
  const fact = (await events(posted.id)).find((entry) => entry.event === "draft.decided").facts;
  assert.equal(fact.edit_kind, "substantive");
});

test("another recipient is a substantive edit, whatever the words", async () => {
  const { lead, decide, post } = await desk(noUndo);
  const posted = await post({ draft: { text: "Your parcel is on its way.", to: ["ada@example.com"] } });
  const decided = await decide(lead, posted.id, { kind: "edit", draft: { text: "Your parcel is on its way.", to: ["eve@example.com"] } });
  assert.equal(decided.body.edit.kind, "substantive", JSON.stringify(decided.body));
  assert.deepEqual(decided.body.edit.reasons, [{ reason: "link", before: "ada@example.com", after: "eve@example.com" }]);
});

test("a policy that comes within the undo window of an edited action takes it back", async () => {
  const { tenant, lead, decide, post, told } = await desk((policy) => ({ ...policy, undo_window_s: 60 }));
  const action = (amount) => ({ action: { name: "refund", args: { amount } } });
  const posted = await post({ kind: "action", draft: action(50) });
  const edited = await decide(lead, posted.id, { kind: "edit", draft: action(150) });
  assert.equal(edited.body.status, "pending");
  await tenant.policy(lead, (policy) => ({
    ...policy,
    actions: {
      refund: { stakes: "financial", money: [{ pointer: "/amount", unit: "major", currency: "USD" }] },
    },
    guardrails: [
      {
        name: "large refunds",
        when: { amount_over: { minor: 10_000, currency: "USD" } },
        route: "human",
        because: "Refunds above 100 dollars are a person's.",
      },
    ],
  }));
  assert.equal((await told(posted.id)).status, "with_human", "it is the edit that is routed again");
});

test("a batch gives each its own answer, and leaves out what is edited or high-stakes", async () => {
  const { lead, tom, show, post, told, events } = await desk((policy) => ({
    ...noUndo(policy),
    actions: { refund: { stakes: "financial" } },
  }));
  const [one, two, taken, edited] = [await post(), await post(), await post(), await post()];
  const refund = await post({ kind: "action", draft: { action: { name: "refund", args: {} } } });
  await tom.call("PUT", `/v1/drafts/${taken.id}/lease`);
  const item = async (id, verdict) => ({ id, given: verdictOn(await show(lead, id), verdict) });
  const approve = { kind: "approve" };
  const verdicts = [
    await item(one.id, approve),
    await item(taken.id, approve),
    await item(edited.id, { kind: "edit", draft: { text: "Other words." } }),
    await item(refund.id, approve),
    { id: "00000000-0000-0000-0000-000000000000", given: verdictOn(await show(lead, one.id), approve) },
    await item(two.id, { kind: "reject", reason: "wrong tone" }),
  ];
  const batch = await lead.call("POST", "/v1/verdicts", { verdicts });
  assert.equal(batch.status, 200, JSON.stringify(batch.body));
  const outcomes = batch.body.answers.map(({ status, answer, problem }) => [status, answer?.status ?? problem.code]);
  assert.deepEqual(outcomes, [
    [200, "approved"],
    [409, "leased_by_other"],
    [409, "not_in_batch"],
    [409, "not_in_batch"],
    [404, "not_found"],
    [200, "rejected"],
  ]);
  assert.equal((await told(one.id)).status, "approved");
  assert.equal((await told(edited.id)).status, "held");
  const decided = (await events(one.id)).find((entry) => entry.event === "draft.decided");
  assert.equal(decided.facts.batch, true);
  assert.equal(decided.facts.view_digest.length, 64);
  const again = await lead.call("POST", "/v1/verdicts", { verdicts: [verdicts[0]] });
  assert.equal(again.body.answers[0].answer.status, "approved", "the same verdict can be sent again");
  assert.equal((await events(one.id)).filter((entry) => entry.event === "draft.decided").length, 1);
});

test("two people agree on exactly what leaves, whichever way it is said", async () => {
  const { tenant, lead, tom, show, decide, post, told, events } = await desk((policy) => ({
    ...noUndo(policy),
    categories: { "billing.refund": { four_eyes: true } },
  }));
  const approve = { kind: "approve" };
  const edit = { kind: "edit", draft: { text: "Your refund comes on Monday." } };
  const batch = async (session, id, verdict) => {
    const given = verdictOn(await show(session, id), verdict);
    return (await session.call("POST", "/v1/verdicts", { verdicts: [{ id, given }] })).body.answers[0];
  };
  const posted = await post();
  const first = await decide(lead, posted.id, approve);
  assert.equal(first.body.status, "held", JSON.stringify(first.body));
  assert.equal(first.body.second_person_needed, true);
  assert.equal((await told(posted.id)).outgoing, undefined);
  assert.equal((await decide(lead, posted.id, approve)).body.code, "second_person_needed");
  assert.equal((await batch(lead, posted.id, approve)).problem.code, "second_person_needed");
  const same = { kind: "respond", draft: (await show(lead, posted.id)).draft.draft };
  assert.equal((await decide(lead, posted.id, same)).body.code, "second_person_needed", "respond alike");
  assert.equal((await lead.call("POST", "/v1/leases")).status, 204, "the first is not offered it again");

  const anew = await decide(tom, posted.id, edit);
  assert.equal(anew.body.second_person_needed, true, "an edit starts it anew");
  assert.equal((await decide(tom, posted.id, edit)).body.code, "second_person_needed");
  const shown = await show(lead, posted.id);
  assert.deepEqual(shown.first_content, edit.draft);
  assert.equal(shown.first.reviewer, tom.person.id);
  assert.equal((await decide(lead, posted.id, edit)).body.status, "edited");
  assert.deepEqual((await told(posted.id)).outgoing, edit.draft);
  const log = (await events(posted.id)).filter((entry) => entry.event === "draft.decided");
  assert.deepEqual(log.map(({ actor, facts }) => [actor.id, facts.awaits_second]), [
    [lead.person.id, true],
    [tom.person.id, true],
    [lead.person.id, false],
  ]);

  const batched = await post();
  assert.equal((await batch(lead, batched.id, approve)).answer.status, "held");
  assert.equal((await batch(tom, batched.id, approve)).answer.status, "approved");
  const rejected = await post();
  assert.equal((await decide(tom, rejected.id, { kind: "reject", reason: "wrong tone" })).body.status, "rejected");

  const undone = await post();
  const given = verdictOn(await show(lead, undone.id), approve);
  await lead.call("PUT", `/v1/drafts/${undone.id}/verdict`, given);
  const path = `/v1/drafts/${undone.id}/verdict`;
  assert.equal((await tom.call("DELETE", path, { verdict_id: given.verdict_id })).body.code, "not_yours");
  assert.equal((await lead.call("DELETE", path, { verdict_id: given.verdict_id })).status, 200);
  assert.equal((await decide(tom, undone.id, approve)).body.second_person_needed, true);
  await lead.call("PUT", "/v1/stop", { covers: { scope: "tenant" }, stopped: true, reason: "a test" });
  await until(async () => !(await show(lead, undone.id)).first); // A stop takes back what one of two said.
});

test("an undo of the first of two is exact, and can be repeated", async () => {
  const { lead, tom, show, decide, post, told, events } = await desk((policy) => ({
    ...noUndo(policy),
    categories: { "billing.refund": { four_eyes: true } },
  }));
  const [approve, edit] = [{ kind: "approve" }, { kind: "edit", draft: { text: "Your refund comes on Monday." } }];
  const { id } = await post();
  const path = `/v1/drafts/${id}`;
  await lead.call("PUT", `${path}/assignee`, { person_id: lead.person.id });
  const standing = async () => (({ status, assignee, first, first_content }) => ({ status, assignee, first, first_content }))(await show(lead, id));
  const handed = await standing();
  const given = async (session, verdict) => {
    const body = verdictOn(await show(session, id), verdict);
    const answer = await session.call("PUT", `${path}/verdict`, body);
    assert.equal(answer.body.second_person_needed, true, JSON.stringify(answer.body));
    return body;
  };
  const undo = (session, { verdict_id }) => session.call("DELETE", `${path}/verdict`, { verdict_id });
  const first = await given(lead, approve);
  assert.equal((await undo(lead, first)).status, 200);
  assert.deepEqual(await standing(), handed, "handed to the same person as before");

  const again = await given(lead, approve);
  const agreed = await standing();
  const other = await given(tom, edit);
  assert.deepEqual((await show(lead, id)).first_content, edit.draft);
  const undone = await undo(tom, other);
  assert.deepEqual(await standing(), agreed, "the one before stands again");
  assert.deepEqual(await undo(tom, other).then(({ status, body }) => [status, body]), [200, undone.body], "taken back once");
  assert.equal((await events(id)).filter(({ event }) => event === "draft.undone").length, 2);
  assert.equal((await lead.call("PUT", `${path}/verdict`, first)).body.second_person_needed, true, "a late retry says what it said then");
  assert.deepEqual(await standing(), agreed);
  assert.equal((await decide(tom, id, approve)).body.status, "approved");
  assert.equal((await undo(lead, again)).body.code, "too_late_to_undo");
  assert.equal((await told(id)).outgoing.text, draft().draft.text);
});

test("where two must agree from now on, what one let out is held back", async () => {
  const { tenant, lead, tom, decide, post, told } = await desk((policy) => ({ ...policy, undo_window_s: 60 }));
  const [alone, rejected] = [await post(), await post()];
  await decide(lead, alone.id, { kind: "approve" });
  await decide(lead, rejected.id, { kind: "reject", reason: "wrong facts" });
  await tenant.policy(lead, (policy) => ({ ...policy, categories: { "billing.refund": { four_eyes: true } } }));
  assert.equal((await told(alone.id)).status, "held");
  assert.equal((await told(rejected.id)).status, "pending", "nothing leaves by it");
  assert.equal((await decide(tom, alone.id, { kind: "approve" })).body.second_person_needed, true);
});

test("whoever looks at what is out keeps it when its agent reports", async () => {
  const { tenant, lead, tom, decide, post } = await desk((policy) => ({
    ...noUndo(policy),
    categories: { "billing.refund": { start_level: 3, sample_rate: 1 } },
  }));
  const { id } = await post();
  assert.equal((await tom.call("POST", "/v1/leases")).body.id, id);
  await tenant.agent("PUT", `/v1/drafts/${id}/outcome`, { outcome: "done" });
  assert.equal((await lead.call("PUT", `/v1/drafts/${id}/lease`)).body.code, "leased_by_other");
  assert.equal((await decide(tom, id, { kind: "confirm" })).body.status, "done");
});

test("a draft is handed to a named person, who alone decides, with a note", async () => {
  const { lead, tom, show, decide, post, events } = await desk();
  const posted = await post();
  const path = `/v1/drafts/${posted.id}`;
  await lead.call("PUT", `${path}/lease`);
  const handed = await lead.call("PUT", `${path}/assignee`, { person_id: tom.person.id, note: "you know her" });
  assert.equal(handed.status, 200, JSON.stringify(handed.body));
  assert.equal(handed.body.owner.id, tom.person.id);
  assert.equal(handed.body.lease, undefined);
  assert.equal((await lead.call("PUT", `${path}/lease`)).body.code, "assigned_to_other");
  assert.equal((await decide(lead, posted.id, { kind: "approve" })).body.code, "assigned_to_other");
  assert.equal((await lead.call("POST", "/v1/leases")).status, 204);
  assert.equal((await tom.call("POST", "/v1/leases")).body.id, posted.id);
  assert.equal((await show(tom, posted.id)).notes[0].text, "you know her");
  const nobody = await tom.call("PUT", `${path}/assignee`, { person_id: "nobody" });
  assert.equal(nobody.body.pointer, "/person_id");
  const duty = (away_until) => tom.call("PUT", `/v1/people/${tom.person.id}/duty`, { away_until });
  await duty(new Date(Date.now() + 60_000).toISOString());
  assert.equal((await show(lead, posted.id)).assignee, undefined, "who goes away lets go");
  const away = await lead.call("PUT", `${path}/assignee`, { person_id: tom.person.id });
  assert.deepEqual([away.status, away.body.pointer], [422, "/person_id"], "nor is one handed to who is away");
  await duty(null);
  await lead.call("PUT", `${path}/assignee`, { person_id: tom.person.id });
  assert.equal((await tom.call("PUT", `${path}/assignee`, { person_id: null })).body.assignee, undefined);
  assert.equal((await decide(lead, posted.id, { kind: "approve" })).status, 200);
  const handedOver = (await events(posted.id)).filter((entry) => entry.event === "draft.assigned");
  assert.deepEqual(handedOver.map((entry) => entry.facts.to), [tom.person.id, "", tom.person.id, ""]);
  assert.ok(!JSON.stringify(await events(posted.id)).includes("you know her"));

  const other = (await post()).id;
  await lead.call("PUT", `/v1/drafts/${other}/assignee`, { person_id: tom.person.id });
  await lead.call("PUT", `/v1/people/${tom.person.id}/role`, { role: "auditor" });
  assert.equal((await show(lead, other)).assignee, undefined, "who no longer decides lets go");
  await lead.call("PUT", `/v1/people/${tom.person.id}/role`, { role: "reviewer" });
  await lead.call("PUT", `/v1/drafts/${other}/assignee`, { person_id: tom.person.id });
  await lead.call("POST", "/v1/people", { mail: tom.person.mail, role: "auditor" });
  assert.equal((await show(lead, other)).assignee, undefined, "nor does who is invited anew, as an auditor");
  const roles = (await events(tom.person.id)).filter((entry) => entry.event === "person.role_changed");
  assert.deepEqual(roles.map((entry) => entry.facts.role), ["auditor", "reviewer", "auditor"]);
});

test("drafts of one group are claimed together, shown together, and answered in order", async () => {
  const { lead, tom, show, decide, post, told } = await desk((policy) => ({ ...policy, undo_window_s: 1 }));
  const conversation = { id: "one turn", head: "m1", messages: [] };
  const first = await post({ conversation, group: "turn-1" });
  const second = await post({ conversation, group: "turn-1" });
  const other = await post({ conversation, group: "turn-2" });
  const claimed = (await lead.call("POST", "/v1/leases")).body;
  assert.equal(claimed.id, first.id);
  assert.equal((await tom.call("PUT", `/v1/drafts/${second.id}/lease`)).body.code, "leased_by_other");
  assert.equal((await tom.call("PUT", `/v1/drafts/${other.id}/lease`)).status, 200);
  const shown = await show(lead, second.id);
  assert.deepEqual(shown.group_drafts.map(({ id }) => id), [first.id, second.id]);
  assert.equal((await decide(lead, second.id, { kind: "approve" })).body.code, "not_its_turn");
  const approved = verdictOn(await show(lead, first.id), { kind: "approve" });
  await lead.call("PUT", `/v1/drafts/${first.id}/verdict`, approved);
  assert.equal((await decide(lead, second.id, { kind: "approve" })).body.status, "pending");
  // The first is taken back: the second may not leave before it.
  const undone = await lead.call("DELETE", `/v1/drafts/${first.id}/verdict`, { verdict_id: approved.verdict_id });
  assert.equal(undone.body.status, "held");
  const back = await until(async () => {
    const answer = await told(second.id);
    return answer.status !== "pending" && answer;
  });
  assert.equal(back.status, "held");
  assert.equal(back.outgoing, undefined);
});

test("a later draft of a group leaves no sooner than the earlier one, however long its own window is", async () => {
  const { tenant, lead, decide, post } = await desk((policy) => ({ ...policy, undo_window_s: 60 }));
  const conversation = { id: "another turn", head: "m1", messages: [] };
  const [first, second] = [await post({ conversation, group: "turn" }), await post({ conversation, group: "turn" })];
  const earlier = (await decide(lead, first.id, { kind: "approve" })).body;
  await tenant.policy(lead, noUndo);
  const later = (await decide(lead, second.id, { kind: "approve" })).body;
  assert.deepEqual([later.status, later.settles_at], ["pending", earlier.settles_at]);
});

test("what leaves the queue by itself tells the agent, and shows no verdict", async () => {
  const { tenant, lead, decide, post, told } = await desk((policy) => ({ ...policy, undo_window_s: 60 }));
  const posted = await post();
  await decide(lead, posted.id, { kind: "approve" });
  const waiting = tenant.agent("GET", `/v1/drafts/${posted.id}?wait=25`);
  const { conversation } = (await lead.call("GET", `/v1/drafts/${posted.id}`)).body.draft;
  await tenant.agent("PUT", `/v1/conversations/${conversation.id}/head`, { head: "a newer one" });
  const stale = (await waiting).body;
  assert.equal(stale.status, "stale");
  assert.equal(stale.verdict, undefined, "a verdict that never counted is not told");
  const open = await post();
  const withdrawn = await tenant.agent("DELETE", `/v1/drafts/${open.id}`);
  assert.equal(withdrawn.body.status, "withdrawn");
  const replaced = await post();
  await post({ supersedes: replaced.id });
  assert.equal((await told(replaced.id)).status, "superseded");
});
