// Deadlines and the rota: who answers for a draft as time goes by, what becomes of one that nobody
// answers, and that time alone never approves and never rejects.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { draft, shared, until, verdictOn } from "./countersign.mjs";

const service = await shared();

/** A tenant whose drafts are late after `seconds`, its lead, and two reviewers. */
async function desk(rules, policyWide = {}) {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const put = await tenant.policy(lead, (policy) => ({
    ...policy,
    ...policyWide,
    undo_window_s: 0,
    defaults: { ...policy.defaults, ...rules },
  }));
  assert.equal(put.status, 200, JSON.stringify(put.body));
  const tom = await tenant.session("tom@example.com");
  const ada = await tenant.session("ada@example.com");
  const events = async (id) => {
    const page = (await lead.call("GET", "/v1/audit?limit=200")).body.entries;
    return page.map(({ entry }) => entry).filter((entry) => id === undefined || entry.about === id).reverse();
  };
  return { tenant, lead, tom, ada, events };
}

const statusBecomes = (tenant, id, status) =>
  until(async () => {
    const answer = (await tenant.agent("GET", `/v1/drafts/${id}?wait=1`)).body;
    return answer.status === status && answer;
  });

test("a draft that nobody answers is warned of, goes to backup and lead, and is told no answer", async () => {
  const { tenant, lead, tom, ada, events } = await desk({ deadline_s: 4, on_expiry: "expire" });
  const shifts = [{ on_call: tom.person.id, backup: ada.person.id }];
  const rota = await lead.call("PUT", "/v1/rota", { shifts });
  assert.equal(rota.status, 200, JSON.stringify(rota.body));
  assert.equal(rota.body.on_duty.on_call, tom.person.id);
  const posted = (await tenant.post(draft())).body;
  assert.deepEqual(posted.owner, { kind: "on_call", id: tom.person.id });
  // Without a request in between: it is the alarm that passes the deadline on.
  const expired = await statusBecomes(tenant, posted.id, "expired");
  assert.equal(expired.outgoing, undefined);
  assert.equal(expired.verdict, undefined, "neither approval nor rejection");
  const log = (await events(posted.id)).map(({ event, facts }) => [event, facts.owner_kind, facts.owner]);
  assert.deepEqual(log.slice(1, 4), [
    ["draft.warned", "on_call", tom.person.id],
    ["draft.escalated", "backup", ada.person.id],
    ["draft.escalated", "lead", lead.person.id],
  ]);
  assert.equal(log[4][0], "draft.expired");
  const label = (await lead.call("GET", `/v1/drafts/${posted.id}`)).body;
  const late = await lead.call("PUT", `/v1/drafts/${posted.id}/verdict`, verdictOn(label, { kind: "approve" }));
  assert.equal(late.body.code, "not_open");
});

test("where the policy says so, a late draft becomes a person's and stays open", async () => {
  const { tenant, lead, tom } = await desk({ deadline_s: 3, on_expiry: "human" });
  const posted = (await tenant.post(draft())).body;
  await lead.call("PUT", `/v1/drafts/${posted.id}/assignee`, { person_id: tom.person.id });
  const late = await statusBecomes(tenant, posted.id, "with_human");
  assert.equal(late.owner.kind, "lead");
  assert.equal(late.owner.id, lead.person.id);
  const shown = (await lead.call("GET", `/v1/drafts/${posted.id}`)).body;
  assert.equal(shown.stage, "late");
  assert.equal(shown.assignee, undefined, "whoever it was handed to did not answer: the lead can");
  assert.equal((await lead.call("GET", "/v1/queue/health")).body.late, 1);
  const path = `/v1/drafts/${posted.id}/verdict`;
  assert.equal((await lead.call("PUT", path, verdictOn(shown, { kind: "approve" }))).body.code, "belongs_to_human");
  const respond = { kind: "respond", draft: { text: "I am sorry that it took so long." } };
  assert.equal((await lead.call("PUT", path, verdictOn(shown, respond))).body.status, "responded");
});

test("an agent's own end of interest is kept, and its wait is another matter", async () => {
  const { tenant } = await desk({ deadline_s: 600 });
  const expires_at = new Date(Date.now() + 6_000).toISOString();
  const posted = (await tenant.post(draft({ expires_at }))).body;
  const waited = (await tenant.agent("GET", `/v1/drafts/${posted.id}?wait=1`)).body;
  assert.equal(waited.status, "held", "the wait is over, the draft is not");
  await statusBecomes(tenant, posted.id, "expired");
});

test("deadlines count working hours where the policy says so", async () => {
  const inADay = new Date(Date.now() + 86_400_000);
  const day = inADay.getUTCDay() || 7;
  const tomorrow = [{ from_day: day, to_day: day, from_minute: 600, to_minute: 1080 }];
  const rules = { deadline_s: 3600, in_working_hours: true };
  const { tenant, lead } = await desk(rules, { zone: "UTC", working_hours: tomorrow });
  const posted = (await tenant.post(draft())).body;
  const shown = (await lead.call("GET", `/v1/drafts/${posted.id}`)).body;
  assert.equal(shown.due_at, new Date(inADay.setUTCHours(11, 0, 0, 0)).toISOString());
  const refused = await tenant.policy(lead, (policy) => ({
    ...policy,
    working_hours: [{ from_day: 1, to_day: 9, from_minute: 0, to_minute: 60 }],
  }));
  assert.equal(refused.status, 422);
});

test("an empty rota falls to the lead, loudly, and who is away lets go of everything", async () => {
  const { tenant, lead, tom, ada, events } = await desk({ deadline_s: 600 });
  const before = (await tenant.post(draft())).body;
  assert.equal(before.owner.kind, "category", "without a rota the policy's owner answers");
  await lead.call("PUT", "/v1/rota", { shifts: [{ on_call: tom.person.id, backup: ada.person.id }] });
  const owner = async () => (await lead.call("GET", `/v1/drafts/${before.id}`)).body.owner;
  assert.deepEqual(await owner(), { kind: "on_call", id: tom.person.id });

  await tom.call("PUT", `/v1/drafts/${before.id}/lease`);
  assert.deepEqual(await owner(), { kind: "reviewer", id: tom.person.id });
  const away_until = new Date(Date.now() + 3_600_000).toISOString();
  const gone = await tom.call("PUT", `/v1/people/${tom.person.id}/duty`, { away_until });
  assert.equal(gone.status, 200, JSON.stringify(gone.body));
  assert.deepEqual(await owner(), { kind: "backup", id: ada.person.id }, "the claim is let go");
  const foreign = await tom.call("PUT", `/v1/people/${ada.person.id}/duty`, { away_until });
  assert.equal(foreign.status, 403);
  await lead.call("PUT", `/v1/people/${ada.person.id}/duty`, { away_until });
  assert.deepEqual(await owner(), { kind: "lead", id: lead.person.id });
  const empty = (await tenant.post(draft())).body;
  assert.deepEqual(empty.owner, { kind: "lead", id: lead.person.id });
  assert.equal((await lead.call("GET", "/v1/queue")).body.rota_empty, true);
  const gaps = (await lead.call("GET", "/v1/queue/health")).body.rota_gaps;
  assert.ok(gaps.some(({ category }) => category === "billing.refund"), JSON.stringify(gaps));
  assert.ok((await events()).some((entry) => entry.event === "rota.empty"));
  await ada.call("PUT", `/v1/people/${ada.person.id}/duty`, { away_until: null });
  assert.equal((await lead.call("GET", "/v1/queue")).body.rota_empty, false);
  assert.ok((await events()).some((entry) => entry.event === "rota.covered"));
  const wrong = await lead.call("PUT", "/v1/rota", { shifts: [{ on_call: "nobody" }] });
  assert.equal(wrong.body.pointer, "/shifts/0/on_call");
  assert.equal((await tom.call("PUT", "/v1/rota", { shifts: [] })).status, 403);
});

test("the next draft is the most urgent one, each category gets its share, and skills count", async () => {
  const { tenant, lead, tom, ada } = await desk(
    { deadline_s: 600 },
    { actions: { refund: { stakes: "financial" } } },
  );
  const post = async (change) => (await tenant.post(draft(change))).body.id;
  const busy = [await post({ category: "busy" }), await post({ category: "busy" }), await post({ category: "busy" })];
  const quiet = await post({ category: "quiet" });
  const action = { kind: "action", draft: { action: { name: "refund", args: {} } } };
  const dear = await post({ category: "busy", ...action });
  const next = async (session) => (await session.call("POST", "/v1/leases")).body?.id;
  assert.equal(await next(lead), dear, "stakes first");
  const shared = [await next(tom), await next(ada)];
  assert.ok(shared.includes(quiet), "a quiet category is not behind a busy one");
  assert.ok(busy.includes(shared.find((id) => id !== quiet)));
  assert.equal(new Set([dear, ...shared]).size, 3, "nobody works on what another has");

  const eve = await tenant.session("eve@example.com");
  const path = `/v1/people/${eve.person.id}/duty`;
  assert.equal((await eve.call("PUT", path, { away_until: null, categories: ["busy"] })).status, 403);
  await lead.call("PUT", path, { away_until: null, categories: ["shipping.*"] });
  assert.equal((await eve.call("POST", "/v1/leases")).status, 204, "nothing of what she serves waits");
  const parcel = await post({ category: "shipping.parcel" });
  assert.equal(await next(eve), parcel);
  const people = (await lead.call("GET", "/v1/people")).body.people;
  assert.deepEqual(people.find(({ id }) => id === eve.person.id).categories, ["shipping.*"]);
});

test("what may leave and is never heard of again becomes unconfirmed, and is shown", async () => {
  const { tenant, lead } = await desk({ outcome_s: 1 });
  const posted = (await tenant.post(draft())).body;
  const path = `/v1/drafts/${posted.id}`;
  const shown = (await lead.call("GET", path)).body;
  await lead.call("PUT", `${path}/verdict`, verdictOn(shown, { kind: "approve" }));
  await until(async () => (await tenant.agent("GET", path)).body.status === "unconfirmed");
  const page = (await lead.call("GET", "/v1/queue?status=unconfirmed")).body;
  assert.equal(page.counts.unconfirmed, 1);
  assert.equal(page.drafts[0].id, posted.id);
  assert.equal((await lead.call("GET", "/v1/queue")).body.drafts.length, 0);
  await tenant.agent("PUT", `${path}/outcome`, { outcome: "done" });
  assert.equal((await tenant.agent("GET", path)).body.status, "done", "a late word still counts");
});
