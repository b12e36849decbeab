// The loop: a draft is posted, held, edited by a person, told to its agent, learnt from, and given
// back as an example; and everything on the way is on record.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { draft, shared, until, verdictOn } from "./countersign.mjs";
import { leafHash, sha256, treeHash } from "./merkle.mjs";

const service = await shared();

const noUndo = (policy) => ({ ...policy, undo_window_s: 0 });

test("an edit comes back as an example for the next similar message", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  assert.equal((await tenant.policy(lead, noUndo)).status, 200);

  const posted = await tenant.post(draft({ correlation: "run-7" }));
  assert.equal(posted.status, 201);
  assert.equal(posted.body.status, "held");
  assert.equal(posted.body.route, "review");
  assert.equal(posted.body.owner.id, "mia@example.com");
  assert.equal(posted.body.correlation, "run-7");
  assert.ok(posted.body.reasons.length > 0);
  assert.equal(posted.body.outgoing, undefined);

  const waiting = tenant.agent("GET", `/v1/drafts/${posted.body.id}?wait=25`);
  const queue = await lead.call("GET", "/v1/queue");
  assert.equal(queue.body.counts.held, 1);
  const shown = (await lead.call("GET", `/v1/drafts/${posted.body.id}`)).body;
  const corrected = { ...shown.draft.draft, text: "Your refund will arrive within 10 days." };
  const verdict = verdictOn(shown, { kind: "edit", draft: corrected, lesson: "Refunds take 10 days." });
  const decided = await lead.call("PUT", `/v1/drafts/${posted.body.id}/verdict`, verdict);
  assert.equal(decided.status, 200, JSON.stringify(decided.body));
  assert.equal(decided.body.status, "edited");
  assert.equal(decided.body.edit.kind, "substantive");

  const told = (await waiting).body;
  assert.equal(told.status, "edited");
  assert.deepEqual(told.outgoing, corrected);
  assert.equal(told.verdict.kind, "edit");

  const stored = await until(() =>
    service.database.prepare("SELECT * FROM corrections WHERE tenant_id = ?").bind(tenant.id).first(),
  );
  assert.equal(stored.corrected, corrected.text);
  assert.equal(stored.edit_kind, "substantive");

  const similar = await tenant.agent("POST", "/v1/corrections/similar", {
    message: "My refund for order 99 is still missing",
  });
  assert.equal(similar.body.examples.length, 1);
  assert.equal(similar.body.examples[0].corrected, corrected.text);
  assert.match(similar.body.prompt, /Refunds take 10 days/);

  const next = await tenant.post(draft({ message: "Any news about my refund?" }), { query: "?examples=3" });
  assert.equal(next.body.examples[0].id, similar.body.examples[0].id);

  for (const outcome of ["failed", "done"]) {
    const reported = await tenant.agent("PUT", `/v1/drafts/${posted.body.id}/outcome`, { outcome });
    assert.equal(reported.body.status, outcome, "what failed at first may work when it is tried again");
  }
});

test("every step is a leaf of the tenant's log, and the leaves give its root", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  await tenant.policy(lead, noUndo);
  const posted = (await tenant.post(draft())).body;
  const shown = (await lead.call("GET", `/v1/drafts/${posted.id}`)).body;
  await lead.call("PUT", `/v1/drafts/${posted.id}/verdict`, verdictOn(shown, { kind: "approve" }));

  const page = (await lead.call("GET", "/v1/audit?limit=200")).body;
  assert.equal(page.entries.length, page.size);
  const rows = await until(async () => {
    const found = await service.database
      .prepare("SELECT seq, entry, leaf_hash FROM audit WHERE tenant_id = ? ORDER BY seq")
      .bind(tenant.id)
      .all();
    return found.results.length === page.size && found.results;
  });
  const leaves = rows.map((row, index) => {
    assert.equal(row.seq, index);
    const leaf = leafHash(row.entry);
    assert.equal(row.leaf_hash, leaf.toString("hex"));
    return leaf;
  });
  assert.equal(page.root, treeHash(leaves).toString("hex"));
  const events = rows.map((row) => JSON.parse(row.entry)).filter((entry) => entry.about === posted.id);
  assert.deepEqual(events.map((entry) => entry.event), ["draft.routed", "draft.decided", "draft.settled"]);
  assert.equal(events[1].facts.view_digest, shown.view_digest);
  const stored = await service.database.prepare("SELECT body, salt FROM drafts WHERE id = ?").bind(posted.id).first();
  const commitment = sha256(Buffer.from(stored.salt, "hex"), stored.body).toString("hex");
  assert.equal(events[0].facts.body_commitment, commitment);
  await assert.rejects(service.database.prepare("DELETE FROM audit").run(), /append-only/);
});

test("within the undo window nothing leaves, and undo is exact", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const within = (undo_window_s) => tenant.policy(lead, (policy) => ({ ...policy, undo_window_s }));
  await within(60);
  const posted = (await tenant.post(draft())).body;
  const path = `/v1/drafts/${posted.id}`;
  const shown = (await lead.call("GET", path)).body;
  const verdict = verdictOn(shown, { kind: "approve" });
  const pending = await lead.call("PUT", `${path}/verdict`, verdict);
  assert.equal(pending.body.status, "pending");
  assert.equal((await tenant.agent("GET", path)).body.outgoing, undefined);

  const undone = await lead.call("DELETE", `${path}/verdict`, { verdict_id: verdict.verdict_id });
  assert.equal(undone.body.status, "held");
  const late = await lead.call("PUT", `${path}/verdict`, verdict);
  assert.equal(late.status, 200, "a late retry gets the same answer");
  assert.equal((await tenant.agent("GET", path)).body.status, "held", "and approves nothing");

  await within(2);
  const again = (await lead.call("GET", path)).body;
  const started = Date.now();
  await lead.call("PUT", `${path}/verdict`, verdictOn(again, { kind: "approve" }));
  const told = await tenant.agent("GET", `${path}?wait=25`);
  assert.equal(told.body.status, "approved");
  assert.ok(Date.now() - started >= 2_000, "not before the window is over");
  assert.deepEqual(told.body.outgoing, shown.draft.draft);
});

test("levels, guardrails and low confidence decide what goes out by itself", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const put = await tenant.policy(lead, (policy) => ({
    ...policy,
    guardrails: [
      {
        name: "big refunds",
        when: { action: ["refund"], amount_over: { minor: 10000, currency: "USD" } },
        route: "human",
        because: "Refunds above 100 dollars are a person's.",
      },
      { name: "internal", when: { channel: ["internal"] }, route: "release", because: "Nobody outside sees it." },
    ],
    actions: {
      refund: {
        stakes: "financial",
        undoable: true,
        money: [{ pointer: "/amount", unit: "major", currency: "USD" }],
      },
    },
    defaults: { ...policy.defaults, sample_rate: 0 },
    categories: { "billing.refund": { start_level: 2, sample_rate: 1 }, "crm.update": { start_level: 3, sample_rate: 0 } },
  }));
  assert.equal(put.status, 200, JSON.stringify(put.body));
  const status = async (change) => {
    const answer = (await tenant.post(draft(change))).body;
    return [answer.status, answer.reasons[0].code, answer.reasons[0].guardrail ?? answer.reasons[0].signal];
  };
  const refund = (amount) => ({ kind: "action", draft: { action: { name: "refund", args: { amount } } } });
  assert.deepEqual(await status({}), ["released", "level", undefined]);
  assert.deepEqual(await status({ confidence: 0.2 }), ["held", "signal", "low_confidence"]);
  assert.deepEqual(await status({ confidence: undefined }), ["held", "signal", "low_confidence"]);
  assert.deepEqual(await status(refund(100.01)), ["with_human", "guardrail", "big refunds"]);
  assert.deepEqual(await status(refund(100)), ["held", "signal", "high_stakes"]);
  assert.deepEqual(await status({ category: "crm.update", confidence: 0.1 }), ["released", "level", undefined]);
  assert.deepEqual(await status({ channel: "internal", category: "new" }), ["released", "guardrail", "internal"]);
  const unlisted = { kind: "action", category: "crm.update", draft: { action: { name: "drop", args: {} } } };
  assert.deepEqual(await status(unlisted), ["held", "forbidding_signal", "unlisted_action"]);
  assert.deepEqual(await status({ category: "unheard.of" }), ["held", "level", undefined]);
  const queue = (await lead.call("GET", "/v1/queue")).body;
  assert.equal(queue.counts.look_owed, 1, "a rate of 1 samples what was released");
  assert.equal(queue.drafts.at(-1).look_owed, true, "and it ranks below what waits");
});

test("a conversation that went on takes its open drafts away", async () => {
  const tenant = await service.tenant();
  const first = draft();
  const posted = (await tenant.post(first)).body;
  const head = await tenant.agent("PUT", `/v1/conversations/${first.conversation.id}/head`, {
    head: "newer",
    sequence: 2,
  });
  assert.deepEqual(head.body.stale, [posted.id]);
  assert.equal((await tenant.agent("GET", `/v1/drafts/${posted.id}`)).body.status, "stale");
  const older = await tenant.agent("PUT", `/v1/conversations/${first.conversation.id}/head`, {
    head: "older",
    sequence: 1,
  });
  assert.equal(older.body.head, "newer");
  const count = (head, sequence) => tenant.agent("PUT", `/v1/conversations/${first.conversation.id}/head`, { head, sequence });
  await count("newer", 5);
  assert.equal((await count("between", 4)).body.head, "newer", "the same message was counted further");
  const beyond = (sequence) => ({ conversation: { id: randomUUID(), head: "m", sequence, messages: [] } });
  const uncounted = [
    await tenant.agent("PUT", `/v1/conversations/${randomUUID()}/head`, { head: "m", sequence: 2 ** 63 }),
    await tenant.post(draft(beyond(2 ** 63))),
    await tenant.post(draft(beyond(2 ** 53 + 2))),
  ];
  assert.deepEqual(uncounted.map(({ status, body }) => [status, body.pointer]), [[422, "/sequence"], [422, "/conversation/sequence"], [422, "/conversation/sequence"]]);
  assert.equal((await tenant.post(draft(beyond(2 ** 53)))).status, 201);
  const newest = draft({ conversation: { id: first.conversation.id, head: "newest", sequence: 6, messages: [] } });
  const second = (await tenant.post(newest)).body;
  assert.equal(second.status, "held");
  const replaced = await tenant.post({ ...newest, supersedes: second.id });
  assert.equal(replaced.body.status, "held");
  assert.equal((await tenant.agent("GET", `/v1/drafts/${second.id}`)).body.status, "superseded");
  const withdrawn = await tenant.agent("DELETE", `/v1/drafts/${replaced.body.id}`);
  assert.equal(withdrawn.body.status, "withdrawn");
});

test("two reviewers: one claims, the other learns who", async () => {
  const tenant = await service.tenant();
  const mia = await tenant.session();
  const tom = await tenant.session("tom@example.com");
  const posted = (await tenant.post(draft())).body;
  const path = `/v1/drafts/${posted.id}`;
  const claimed = await mia.call("POST", "/v1/leases");
  assert.equal(claimed.body.id, posted.id);
  assert.equal((await tom.call("POST", "/v1/leases")).status, 204);
  const shown = (await tom.call("GET", path)).body;
  const lost = await tom.call("PUT", `${path}/verdict`, verdictOn(shown, { kind: "approve" }));
  assert.equal(lost.status, 409);
  assert.equal(lost.body.code, "leased_by_other");
  assert.equal(lost.body.draft.lease.reviewer, mia.person.id);
  assert.equal(lost.body.draft.owner.id, mia.person.id);
  await mia.call("DELETE", `${path}/lease`);
  const won = await tom.call("PUT", `${path}/verdict`, verdictOn(shown, { kind: "reject", reason: "wrong facts" }));
  assert.equal(won.status, 200, JSON.stringify(won.body));
});
