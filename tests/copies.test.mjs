// Rows that D1 refuses for a reason of their own, in real workerd and D1: set aside, and replayed by a lead. What was
// acknowledged since must be in D1 then. It must not reach into an object.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ORIGIN, draft, shared, until, verdictOn } from "./countersign.mjs";

const service = await shared();

async function desk() {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  await tenant.policy(lead, (policy) => ({ ...policy, undo_window_s: 0 }));
  const decide = async (verdict, change = {}) => {
    const { id } = (await tenant.post(draft(change))).body;
    const shown = (await lead.call("GET", `/v1/drafts/${id}`)).body;
    assert.equal((await lead.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(shown, verdict))).status, 200);
    return id;
  };
  return {
    tenant,
    lead,
    decide,
    /** Corrects the same answer to the same question, once more. */
    teach: (change = {}) => decide({ kind: "edit", draft: { text: "We send you a new one." } }, { message: "The red kettle leaks", ...change }),
    rows: async (query) => (await service.database.prepare(query).bind(tenant.id).all()).results,
    /** All that waits for D1 is there, but for what is set aside. */
    async copied() {
      const count = "SELECT COUNT(*) AS count FROM audit WHERE tenant_id = ?";
      await until(async () => {
        const { size } = (await lead.call("GET", "/v1/audit?limit=1")).body;
        return (await service.database.prepare(count).bind(tenant.id).first("count")) === size;
      });
    },
    /** D1 refuses what a condition finds, until `accept`. */
    async refuse(event, table, condition = "TRUE") {
      const name = `refuse_${tenant.id.replaceAll("-", "")}_${table}`;
      const when = `NEW.tenant_id = '${tenant.id}' AND ${condition}`;
      await service.database.exec(`CREATE TRIGGER ${name} BEFORE ${event} ON ${table} WHEN ${when} BEGIN SELECT RAISE(ABORT, 'not this one'); END`);
      return { accept: () => service.database.exec(`DROP TRIGGER ${name}`) };
    },
    setAside: async () => (await lead.call("GET", "/v1/dead-letters")).body.copies,
    replay: async ({ id }) => assert.equal((await lead.call("POST", `/v1/dead-letters/${id}/replay`)).status, 204),
  };
}

/** The first correction of a question, which the others repeat. */
const FIRST = "SELECT id, agreements, retired_at FROM corrections WHERE tenant_id = ? AND duplicate_of IS NULL";

test("what happens to a correction that D1 refused reaches D1 with it", async () => {
  const { lead, teach, rows, copied, refuse, setAside, replay } = await desk();
  const { accept } = await refuse("INSERT", "corrections", "NEW.duplicate_of IS NULL");
  await teach();
  await teach();
  const [refused] = await until(async () => (await setAside()).length > 0 && setAside());
  await teach();
  assert.equal((await lead.call("DELETE", `/v1/corrections/${refused.about}`)).status, 204);
  await copied();
  assert.equal((await rows("SELECT id FROM corrections WHERE tenant_id = ?")).length, 2, "the others are there");
  assert.deepEqual((await setAside()).map(({ kind }) => kind), ["correction"], "what waits behind it is none of its own");
  assert.equal((await lead.call("GET", "/v1/queue/health")).body.dead_letters, 1);

  // Again in vain: it keeps its place before what waits behind it.
  await replay(refused);
  await until(async () => (await setAside()).length === 1);
  await accept();
  await replay(refused);
  await copied();
  const [first] = await rows(FIRST);
  assert.deepEqual([first?.id, first?.agreements, first?.retired_at > 0], [refused.about, 2, true]);
  assert.deepEqual(await setAside(), []);
});

test("an index that is made anew has what D1 refused", async () => {
  const { tenant, lead, teach, refuse, setAside } = await desk();
  const { accept } = await refuse("INSERT", "corrections");
  await teach();
  await until(async () => (await setAside()).length === 1);
  assert.equal((await lead.call("POST", "/v1/corrections:reindex")).status, 204);
  const { examples } = (await tenant.agent("POST", "/v1/corrections/similar", { message: "My kettle leaks" })).body;
  assert.equal(examples.length, 1);
  await accept();
});

test("a change that D1 refused doesn't undo what came after it", async () => {
  const { lead, teach, rows, copied, refuse, setAside, replay } = await desk();
  await teach();
  await copied();
  const { accept } = await refuse("UPDATE", "corrections", "NEW.agreements = 1 AND NEW.duplicate_of IS NULL");
  await teach();
  const [refused] = await until(async () => (await setAside()).length > 0 && setAside());
  await teach();
  await copied();
  const listed = (await lead.call("GET", "/v1/corrections")).body.corrections;
  assert.deepEqual(listed.map(({ agreements }) => agreements).sort(), [0, 1, 2], "who reads it meanwhile sees the newest");
  await accept();
  await replay(refused);
  await copied();
  assert.deepEqual((await rows(FIRST)).map(({ agreements }) => agreements), [2]);
});

test("weekly counts that D1 refused don't replace newer ones", async () => {
  const { decide, rows, copied, refuse, setAside, replay } = await desk();
  const { accept } = await refuse("INSERT", "trust");
  await decide({ kind: "approve" });
  const [refused] = await until(async () => (await setAside()).length > 0 && setAside());
  assert.equal(refused.kind, "trust");
  await accept();
  await decide({ kind: "approve" });
  await copied();
  await replay(refused);
  await copied();
  const weeks = await rows("SELECT counts ->> '$.reviewed' AS reviewed FROM trust WHERE tenant_id = ?");
  assert.deepEqual(weeks.map(({ reviewed }) => reviewed), [2]);
});

test("a settled draft that D1 refused doesn't undo what became of it", async () => {
  const { tenant, decide, rows, copied, refuse, setAside, replay } = await desk();
  const { accept } = await refuse("INSERT", "drafts", "NEW.status = 'approved'");
  const id = await decide({ kind: "approve" });
  const [refused] = await until(async () => (await setAside()).length > 0 && setAside());
  assert.equal((await tenant.agent("PUT", `/v1/drafts/${id}/outcome`, { outcome: "done" })).status, 200);
  await copied();
  await accept();
  await replay(refused);
  await copied();
  assert.deepEqual(await rows("SELECT id, status FROM drafts WHERE tenant_id = ?"), [{ id, status: "done" }]);
});

test("what is erased is erased of what D1 refused, too", async () => {
  const { lead, decide, rows, copied, refuse, setAside } = await desk();
  const { accept } = await refuse("INSERT", "corrections");
  // One that teaches nothing is in no index of the object.
  await decide({ kind: "edit", draft: { text: "Here are 20 EUR, this once." }, one_off: true }, { customer: { id: "ada" } });
  await until(async () => (await setAside()).length === 1);
  assert.equal((await lead.call("POST", "/v1/erasure", { customer_id: "ada" })).body.corrections, 1);
  assert.deepEqual(await setAside(), []);
  await accept();
  await copied();
  assert.deepEqual(await rows("SELECT id FROM corrections WHERE tenant_id = ?"), []);
  const taken = await service.miniflare.dispatchFetch(`${ORIGIN}/v1/export`, { headers: { cookie: lead.cookie } });
  assert.ok(!(await taken.text()).includes("this once"));
});
