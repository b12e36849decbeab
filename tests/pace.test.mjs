// How fast the queue is served: what agents are told, what the forecast says, and who rushes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ORIGIN, draft, shared, until, verdictOn } from "./countersign.mjs";
import { verifyLog } from "./merkle.mjs";
import { receive } from "./receiver.mjs";

const service = await shared();

test("the queue's health follows what comes and what is decided", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  await tenant.policy(lead, (policy) => ({ ...policy, undo_window_s: 0 }));
  const health = async (person = lead) => (await person.call("GET", "/v1/queue/health")).body;
  assert.equal((await health()).strain, "fine");

  const first = (await tenant.post(draft())).body;
  assert.equal(first.expected_wait_s, undefined, "nobody decides: nothing is promised");
  assert.equal(first.retry_after_s, 300);
  assert.equal((await health()).strain, "growing", "what nobody decides will be late");

  const posts = [first];
  for (let count = 1; count < 12; count += 1) posts.push((await tenant.post(draft())).body);
  for (const { id } of posts.slice(0, 11)) {
    const shown = (await lead.call("GET", `/v1/drafts/${id}`)).body;
    await lead.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(shown, { kind: "approve" }));
  }
  const later = (await tenant.post(draft())).body;
  assert.equal(later.expected_wait_s, Math.floor((3 * 3600) / 11));
  const now = await health();
  assert.deepEqual([now.flow.arrived, now.flow.decided, now.counts.held, now.late], [13, 11, 2, 0]);
  const [mia] = now.reviewers;
  assert.deepEqual([mia.person_id, mia.approved, mia.fast, mia.rushes], [lead.person.id, 11, 11, true]);
  const tom = await tenant.session("tom@example.com");
  assert.equal((await health(tom)).reviewers, undefined, "only leads see how fast others are");
});

test("a program that watches the queue needs no session, and is told of nobody", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  await tenant.post(draft());
  const { key } = (await lead.call("POST", "/v1/keys", { kind: "policy", name: "the watch" })).body;
  const { status, body } = await service.call("GET", "/v1/queue/health", { headers: { authorization: `Bearer ${key}` } });
  assert.deepEqual([status, body.strain, body.counts.held, body.late, body.dead_letters], [200, "growing", 1, 0, 0]);
  assert.deepEqual([body.reviewers, body.vigilance, body.median_verdict_ms], [undefined, undefined, undefined]);
});

test("a tenant's own limits refuse what is too much, each by its own code", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const limited = (limits) => tenant.policy(lead, (policy) => ({ ...policy, limits }));
  assert.equal((await limited({ open_drafts: 0 })).body.faults[0].pointer, "/limits/open_drafts");
  assert.equal((await limited({ open_drafts: 2 })).status, 200);
  const first = draft();
  const posted = await tenant.post(first, { key: "first" });
  assert.equal((await tenant.post(draft())).status, 201);
  const third = await tenant.post(draft());
  assert.deepEqual([third.status, third.body.code], [429, "queue_full"]);
  assert.ok(Number(third.headers.get("retry-after")) > 0);
  assert.equal((await tenant.post(first, { key: "first" })).body.id, posted.body.id, "a repetition is no new draft");
  await tenant.agent("DELETE", `/v1/drafts/${posted.body.id}`);
  assert.equal((await tenant.post(draft())).status, 201, "one has left the queue");

  assert.equal((await limited({ posts_per_minute: 1 })).status, 200);
  const answers = [];
  for (let count = 0; count < 5; count += 1) answers.push(await tenant.post(draft()));
  const refused = answers.filter(({ status }) => status !== 201);
  assert.ok(refused.length >= 3, "of five at once some are too many");
  assert.deepEqual([...new Set(refused.map(({ status, body }) => `${status} ${body.code}`))], ["429 post_rate_exceeded"]);
  const { counts } = (await lead.call("GET", "/v1/queue")).body;
  assert.equal(counts.held, 2 + answers.length - refused.length, "what was refused changed nothing");
});

test("of drafts that come at once, one that is refused takes none of the others with it", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  await tenant.policy(lead, (policy) => ({ ...policy, limits: { open_drafts: 5, posts_per_minute: 9 } }));
  const drafts = Array.from({ length: 8 }, (_, key) => ({ draft: draft(), key: `at-once-${key}` }));
  const posted = await Promise.all([
    ...drafts.map(({ draft, key }) => tenant.post(draft, { key })),
    tenant.post({ ...draft(), kind: "neither" }),
    tenant.post(draft(), { key: " ".repeat(300) }),
  ]);
  const answers = posted.map(({ status, body }) => `${status} ${body.status === "held" ? "held" : body.code}`);
  assert.deepEqual(answers.slice(0, 8).sort(), [...Array(5).fill("201 held"), ...Array(3).fill("429 queue_full")]);
  assert.deepEqual(answers.slice(8), ["422 invalid_field", "400 idempotency_key_missing"]);

  const held = posted.flatMap(({ status, body }) => (status === 201 ? [body.id] : []));
  const entries = await verifyLog((path) => lead.call("GET", path));
  const routed = entries.filter(({ event }) => event === "draft.routed").map(({ about }) => about);
  assert.deepEqual(routed.sort(), [...held].sort(), "what was undone is on no record");
  assert.equal((await lead.call("GET", "/v1/queue")).body.counts.held, 5);
  for (const id of held.slice(0, 2)) await tenant.agent("DELETE", `/v1/drafts/${id}`);
  const again = await Promise.all(drafts.map(({ draft, key }) => tenant.post(draft, { key })));
  const ids = new Set(again.filter(({ status }) => status === 201).map(({ body }) => body.id));
  assert.deepEqual([ids.size, held.every((id) => ids.has(id))], [7, true], "each once, and what was refused is new");
});

test("known-bad drafts measure who looks, and never reach an agent", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const tom = await tenant.session("tom@example.com");
  const receiver = await receive();
  await lead.call("POST", "/v1/webhooks", { url: receiver.url, events: [] });
  const known = draft({ draft: { text: "We refund 9,999 dollars today.", to: ["eve@example.com"], subject: "Refund" } });
  assert.equal((await tom.call("POST", "/v1/seeds", { draft: known, flaw: "a made-up sum" })).status, 403);
  const seed = await lead.call("POST", "/v1/seeds", { draft: known, flaw: "a made-up sum" });
  assert.equal(seed.status, 201, JSON.stringify(seed.body));
  await tenant.post(draft());
  assert.equal((await lead.call("GET", "/v1/queue")).body.drafts.length, 1, "not before a lead opts in");
  assert.equal((await tom.call("GET", "/v1/audit")).status, 200, "until looks are measured, the log is everybody's");
  await tenant.policy(lead, (policy) => ({ ...policy, undo_window_s: 0, vigilance: { seed_rate: 1 } }));

  const planted = async () => (await tom.call("GET", "/v1/queue")).body.drafts.filter(({ subject }) => subject === "Refund");
  const decide = async (session, id, verdict) => {
    const shown = (await session.call("GET", `/v1/drafts/${id}`)).body;
    assert.equal(shown.agent, "support-bot");
    return session.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(shown, verdict));
  };
  const real = (await tenant.post(draft())).body;
  const [missed] = await planted();
  for (const path of ["/v1/audit", "/v1/audit/export", "/v1/audit/1/proof", `/v1/drafts/${missed.id}/dossier`]) {
    assert.equal((await tom.call("GET", path)).status, 403, `${path} tells it from the others`);
  }
  const reading = await tenant.session("ari@example.com", "auditor");
  assert.equal((await reading.call("GET", `/v1/drafts/${missed.id}/dossier`)).body.entries.length, 1);
  assert.equal((await decide(tom, missed.id, { kind: "approve" })).body.status, "approved");
  await tenant.post(draft());
  const [caught] = await planted();
  await decide(tom, caught.id, { kind: "reject", reason: "wrong facts", may_retry: false });
  await tenant.post(draft());
  const [own] = await planted();
  await decide(lead, own.id, { kind: "approve" });

  const { vigilance } = (await lead.call("GET", "/v1/queue/health")).body;
  assert.deepEqual(vigilance.map(({ person_id, met, caught }) => [person_id, met, caught]), [[tom.person.id, 2, 1]], "whoever wrote it knew");
  assert.equal((await tom.call("GET", "/v1/queue/health")).body.vigilance, undefined);
  const [listed] = (await lead.call("GET", "/v1/seeds")).body.seeds;
  assert.deepEqual([listed.flaw, listed.met, listed.caught], ["a made-up sum", 2, 1]);

  const past = async (session, of = "me") => (await session.call("GET", `/v1/drafts?reviewer=${of}`)).body.drafts;
  const told = (drafts) => Object.fromEntries(drafts.map(({ id, known_bad, correctable }) => [id, [known_bad, correctable]]));
  assert.deepEqual(told(await past(tom)), {
    [missed.id]: [{ flaw: "a made-up sum", caught: false }, false],
    [caught.id]: [{ flaw: "a made-up sum", caught: true }, false],
  }, "afterwards reviewers learn which ones were");
  assert.deepEqual(told(await past(lead)), { [own.id]: [{ flaw: "a made-up sum" }, false] });
  const ann = await tenant.session("ann@example.com");
  assert.ok((await past(ann, tom.person.id)).every(({ known_bad }) => known_bad === undefined), "not each other's");
  assert.equal((await past(lead, tom.person.id))[0].known_bad.caught, true);

  await decide(tom, real.id, { kind: "approve" });
  assert.deepEqual(told(await past(tom))[real.id], [undefined, true]);
  await until(() => receiver.calls.some(({ body }) => body.includes(real.id)));
  for (const { id } of [missed, caught, own]) {
    assert.equal((await tenant.agent("GET", `/v1/drafts/${id}`)).status, 404);
    assert.ok(receiver.calls.every(({ body }) => !body.includes(id)));
  }
  const copied = "SELECT COUNT(*) AS count FROM drafts WHERE tenant_id = ? AND status = 'approved'";
  const approved = () => service.database.prepare(copied).bind(tenant.id).first("count");
  await until(async () => (await approved()) === 1);
  const ended = (await lead.call("GET", "/v1/audit?limit=200")).body.entries.map(({ entry }) => entry).filter(({ event }) => event === "seed.ended");
  assert.deepEqual(ended.map(({ about, facts }) => [about, facts.outcome]).reverse(), [[missed.id, "missed"], [caught.id, "caught"], [own.id, "missed"]]);
  assert.equal((await lead.call("DELETE", `/v1/seeds/${seed.body.id}`)).status, 204);
  await tenant.post(draft());
  assert.deepEqual(await planted(), []);
  await receiver.stop();
});

test("near-identical drafts are one group, and each has its own verdict and entry", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const same = (name, order) => draft({ message: `Where is my refund for order ${order}?`, customer: { id: name, name } });
  for (const body of [same("Ada", 1234), same("Bob", 99), draft({ message: "Please close my account." })]) await tenant.post(body);
  const { drafts } = (await lead.call("GET", "/v1/queue")).body;
  const groups = Object.groupBy(drafts, (one) => one.alike);
  const burst = Object.values(groups).find((group) => group.length === 2);
  assert.ok(burst && Object.keys(groups).length === 2);
  const verdicts = await Promise.all(burst.map(async ({ id }) => {
    const shown = (await lead.call("GET", `/v1/drafts/${id}`)).body;
    return { id, given: verdictOn(shown, { kind: "approve" }) };
  }));
  const { answers } = (await lead.call("POST", "/v1/verdicts", { verdicts })).body;
  assert.deepEqual(answers.map((answer) => answer.status), [200, 200], JSON.stringify(answers));
  const events = (await lead.call("GET", "/v1/audit")).body.entries.map(({ entry }) => entry);
  const decided = events.filter((entry) => entry.event === "draft.decided").map((entry) => entry.about);
  assert.deepEqual(decided.sort(), burst.map(({ id }) => id).sort());
});

test("a page that was away goes on from its sequence", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const open = async (query) => {
    const response = await service.miniflare.dispatchFetch(`${ORIGIN}/v1/live${query}`, { headers: { upgrade: "websocket", cookie: lead.cookie, origin: ORIGIN } });
    const heard = [];
    response.webSocket.addEventListener("message", ({ data }) => heard.push(JSON.parse(data)));
    response.webSocket.accept();
    await until(() => heard.some((told) => told.type === "presence"));
    response.webSocket.close();
    return heard;
  };
  await tenant.post(draft());
  const [{ sequence }] = await open("");
  const missed = (await tenant.post(draft())).body.id;
  const heard = await open(`?after=${sequence}`);
  assert.deepEqual(heard.filter((told) => told.type === "draft").map((told) => told.draft.id), [missed]);
  assert.ok((await open("?after=1000000")).some((told) => told.type === "reset"), "another log: all anew");
});
