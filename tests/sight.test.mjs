// Where the tenant wants it, reviewers read only what they serve. Every route of the committed API is
// asked, so that a new one is asked without anyone thinking of it.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { ORIGIN, draft, start, until, verdictOn } from "./countersign.mjs";

const { paths } = JSON.parse(readFileSync(new URL("../openapi.json", import.meta.url), "utf8"));
const READS = Object.entries(paths).flatMap(([path, methods]) => (methods.get ? [path] : []));
const [OWN, OTHER] = ["billing.refund", "legal.claims"];
const MARK = `not-for-billing-${randomUUID()}`;

let service, tenant, lead, rae, own, open, settled, correction;
before(async () => {
  service = await start();
  tenant = await service.tenant();
  lead = await tenant.session();
  const put = await tenant.policy(lead, (policy) => ({
    ...policy,
    reads_by_category: true,
    undo_window_s: 0,
    categories: { [OWN]: {}, [OTHER]: {} },
  }));
  assert.equal(put.status, 200, JSON.stringify(put.body));
  rae = await tenant.session("rae@example.com");
  const duty = await lead.call("PUT", `/v1/people/${rae.person.id}/duty`, { away_until: null, categories: [OWN] });
  assert.equal(duty.status, 200, JSON.stringify(duty.body));

  own = (await tenant.post(draft())).body.id;
  settled = await post({ group: "turn" });
  const shown = (await lead.call("GET", `/v1/drafts/${settled}`)).body;
  const edit = { kind: "edit", draft: { text: `Another answer: ${MARK}` } };
  assert.equal((await lead.call("PUT", `/v1/drafts/${settled}/verdict`, verdictOn(shown, edit))).body.status, "edited");
  correction = (await until(async () => (await lead.call("GET", "/v1/corrections")).body.corrections[0])).id;
  open = await post({});
});
after(() => service.stop());

/** A draft of the other category whose every text is marked. */
async function post(change) {
  const conversation = { id: `c-${MARK}`, head: MARK, messages: [{ id: MARK, role: "customer", text: MARK }] };
  const customer = { id: "ada", name: MARK };
  const body = draft({ category: OTHER, message: `A refund: ${MARK}`, draft: { text: `An answer: ${MARK}` }, customer, conversation, ...change });
  const answer = await tenant.post(body);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body.id;
}

/** What a person is answered, texts and all. */
async function read({ cookie }, path, id) {
  const query = { "/v1/drafts": "?customer=ada", "/v1/corrections": `?q=${encodeURIComponent("A refund")}` }[path] ?? "";
  const response = await service.miniflare.dispatchFetch(`${ORIGIN}${path.replace("{id}", id)}${query}`, { headers: { cookie } });
  return { status: response.status, text: await response.text() };
}

test("no route shows a reviewer a text of a category that they don't serve", async () => {
  for (const path of READS) {
    for (const id of path.includes("{id}") ? [open, settled, correction] : [""]) {
      const { text } = await read(rae, path, id);
      assert.ok(!text.includes(MARK), `${path} with ${id}: ${text.slice(0, 300)}`);
    }
  }
  const { examples } = (await rae.call("GET", `/v1/drafts/${own}`)).body;
  assert.deepEqual(examples, [], "nor beside a draft of their own");
});

test("a page is as long as was asked, however many drafts of others stand between", async () => {
  const mine = async () => (await tenant.post(draft({ customer: { id: "ada" } }))).body.id;
  const [before, between, after] = [await mine(), await post({}), await mine()];
  const pages = [];
  for (let cursor = 0; cursor !== undefined; ) {
    const { drafts, next_cursor } = (await rae.call("GET", `/v1/queue?limit=1&cursor=${cursor}`)).body;
    pages.push(drafts.map(({ id }) => id));
    cursor = next_cursor;
  }
  assert.ok(pages.slice(0, -1).every((page) => page.length === 1) && pages.at(-1).length === 0, JSON.stringify(pages));
  assert.deepEqual([before, between, after].map((id) => pages.flat().includes(id)), [true, false, true]);

  // What they edited first is behind more corrections and drafts of the other category than a page holds.
  const edit = { kind: "edit", draft: { text: "Another answer altogether." } };
  const decide = async (person, id) => {
    const shown = (await person.call("GET", `/v1/drafts/${id}`)).body;
    assert.equal((await person.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(shown, edit))).body.status, "edited");
  };
  await decide(rae, before);
  await decide(lead, between);
  const listed = (path) => until(async () => {
    const [one] = Object.values((await rae.call("GET", path)).body)[0];
    return (one?.draft_id ?? one?.id) === before;
  });
  await listed("/v1/corrections?limit=1");
  await listed(`/v1/corrections?limit=1&q=${encodeURIComponent(draft().message)}`);
  await until(async () => (await lead.call("GET", "/v1/corrections")).body.corrections[0].draft_id === between);
  await listed("/v1/corrections?limit=1");
  const past = (await rae.call("GET", "/v1/drafts?customer=ada&limit=1")).body.drafts;
  assert.deepEqual(past.map(({ id }) => id), [before]);
});

test("what they may not read is not there for them, and nothing of it changes", async () => {
  const shown = (await lead.call("GET", `/v1/drafts/${open}`)).body;
  const given = verdictOn(shown, { kind: "approve" });
  for (const [method, path, body] of [
    ["GET", ""], ["GET", "/dossier"], ["PUT", "/lease"], ["DELETE", "/lease"], ["PUT", "/verdict", given],
    ["DELETE", "/verdict", { verdict_id: given.verdict_id }], ["PUT", "/assignee", { person_id: rae.person.id }],
  ]) {
    const answer = await rae.call(method, `/v1/drafts/${open}${path}`, body);
    assert.deepEqual([answer.status, answer.body.code], [404, "not_found"], `${method} ${path}`);
  }
  const batch = (await rae.call("POST", "/v1/verdicts", { verdicts: [{ id: open, given }] })).body;
  assert.deepEqual(batch.answers.map(({ status }) => status), [404]);
  assert.equal((await rae.call("DELETE", `/v1/corrections/${correction}`)).status, 404);
  assert.deepEqual((await lead.call("GET", `/v1/drafts/${open}`)).body.version, shown.version);
  const handed = await lead.call("PUT", `/v1/drafts/${open}/assignee`, { person_id: rae.person.id });
  assert.deepEqual([handed.status, handed.body.pointer], [422, "/person_id"]);
});

test("the live stream tells them of their own drafts only", async () => {
  const opened = await service.miniflare.dispatchFetch(`${ORIGIN}/v1/live?after=1`, {
    headers: { upgrade: "websocket", cookie: rae.cookie, origin: ORIGIN },
  });
  const heard = [];
  opened.webSocket.addEventListener("message", ({ data }) => heard.push(data));
  opened.webSocket.accept();
  await post({});
  const mine = (await tenant.post(draft())).body.id;
  await until(() => heard.some((text) => text.includes(mine)));
  assert.ok(!heard.join().includes(MARK));
  opened.webSocket.close();
});

test("leads and auditors read everything, and so does everybody once the policy says so", async () => {
  const auditor = await tenant.session("ina@example.com", "auditor");
  for (const person of [lead, auditor]) assert.ok((await read(person, "/v1/drafts/{id}", open)).text.includes(MARK));
  assert.ok((await read(lead, "/v1/corrections", "")).text.includes(MARK));
  await tenant.policy(lead, (policy) => ({ ...policy, reads_by_category: false }));
  for (const path of ["/v1/drafts/{id}", "/v1/queue", "/v1/corrections", "/v1/drafts"]) {
    assert.ok((await read(rae, path, open)).text.includes(MARK), path);
  }
});
