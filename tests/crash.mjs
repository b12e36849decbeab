// Kills workerd with SIGKILL at random moments under load, starts it again over the same files, and
// holds it to what it had acknowledged: every draft and verdict is there exactly once, the log
// verifies, and D1 catches up. Must not look inside: all is asked over HTTP, but for D1's own copy.
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { randomInt, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ORIGIN, OPERATOR_SECRET, draft, start, until, verdictOn } from "./countersign.mjs";
import { verifyLog } from "./merkle.mjs";

/** So many that several writes share a turn, and its one commit. */
const AGENTS = 12;
/** Long enough for some hundred writes, short enough that the next round begins within them. */
const LIFE_MS = [150, 900];
/** Less is no load: on a slow machine there are more lives, up to so many times what was asked for. */
export const [DRAFTS_MIN, VERDICTS_MIN] = [50, 5];
const LONGER = 3;

/** `rounds` lives; `say` hears of each. */
export async function crash(rounds, say = () => {}) {
  const directory = await mkdtemp(join(tmpdir(), "countersign-crash-"));
  const ledger = { drafts: new Map(), verdicts: new Map() };
  try {
    let tenant;
    const isLoad = () => ledger.drafts.size > DRAFTS_MIN && ledger.verdicts.size > VERDICTS_MIN;
    for (let round = 1; round <= rounds || (round <= LONGER * rounds && !isLoad()); round += 1) {
      const victim = await live(directory);
      tenant ??= await found(victim);
      await settleAccounts(victim, tenant, ledger);
      const load = work(victim, tenant, ledger);
      await new Promise((resolve) => setTimeout(resolve, randomInt(...LIFE_MS)));
      victim.kill();
      await load;
      say(`round ${round}: ${ledger.drafts.size} drafts, ${ledger.verdicts.size} verdicts`);
    }
    await check(directory, tenant, ledger);
    return { drafts: ledger.drafts.size, verdicts: ledger.verdicts.size };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A process group with Miniflare and workerd in it. */
async function live(directory) {
  const child = fork(new URL("victim.mjs", import.meta.url), [directory], { detached: true });
  const [{ url }] = await Promise.race([
    new Promise((resolve) => child.once("message", (message) => resolve([message]))),
    new Promise((_, reject) => child.once("exit", (code) => reject(new Error(`the victim ended with ${code}`)))),
  ]);
  const gone = new Promise((resolve) => child.once("exit", resolve));
  const call = async (method, path, headers, body) => {
    const response = await fetch(new URL(path, url), {
      method,
      headers: { ...(body ? { "content-type": "application/json" } : {}), ...headers },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : null };
  };
  const kill = () => {
    process.kill(-child.pid, "SIGKILL");
    return gone;
  };
  return { call, kill };
}

async function found({ call }) {
  const operator = { authorization: `Bearer ${OPERATOR_SECRET}` };
  const made = (await call("POST", "/v1/tenants", operator, { name: randomUUID(), lead: "mia@example.com" })).body;
  const signedIn = await call("POST", "/v1/sessions", {}, { invitation: made.invitation });
  const cookie = signedIn.headers.get("set-cookie").split(";")[0];
  return { id: made.tenant_id, agent: { authorization: `Bearer ${made.agent_key}` }, lead: { cookie } };
}

/** Agents that post and a lead who approves, each until the line is dead. */
async function work({ call }, tenant, ledger) {
  const line = async (step) => {
    try {
      for (;;) await step();
    } catch (error) {
      // A line that breaks is what we came for; an answer that is wrong is not.
      if (error instanceof assert.AssertionError) throw error;
    }
  };
  const post = async () => {
    const [key, body] = [randomUUID(), draft()];
    // Noted before it is sent: what is not acknowledged may be there, and must not be there twice.
    const entry = { body, id: null };
    ledger.drafts.set(key, entry);
    const answer = await call("POST", "/v1/drafts", { ...tenant.agent, "idempotency-key": key }, body);
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    entry.id = answer.body.id;
  };
  const decide = async () => {
    const { drafts } = (await call("GET", "/v1/queue?limit=20", tenant.lead)).body;
    const open = drafts.filter((one) => one.status === "held");
    if (open.length === 0) return new Promise((resolve) => setTimeout(resolve, 5));
    const { id } = open[randomInt(open.length)];
    const shown = (await call("GET", `/v1/drafts/${id}`, tenant.lead)).body;
    const verdict = verdictOn(shown, { kind: "approve" });
    const answer = await call("PUT", `/v1/drafts/${id}/verdict`, tenant.lead, verdict);
    if (answer.status === 200) ledger.verdicts.set(id, { verdict, answer: answer.body });
  };
  await Promise.all([...Array.from({ length: AGENTS }, () => line(post)), line(decide)]);
}

/** After a life: what was acknowledged is answered as before, what was not is posted once more. */
async function settleAccounts({ call }, tenant, ledger) {
  for (const [key, entry] of [...ledger.drafts].slice(-50)) {
    const answer = await call("POST", "/v1/drafts", { ...tenant.agent, "idempotency-key": key }, entry.body);
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    if (entry.id) {
      assert.equal(answer.body.id, entry.id, "an acknowledged draft is the same one");
      assert.equal(answer.headers.get("idempotent-replayed"), "true");
    }
    entry.id = answer.body.id;
  }
  for (const [id, { verdict, answer }] of [...ledger.verdicts].slice(-20)) {
    const again = await call("PUT", `/v1/drafts/${id}/verdict`, tenant.lead, verdict);
    assert.deepEqual([again.status, again.body], [200, answer], "an acknowledged verdict is remembered");
  }
}

/** The end: everything once, in the object, in the log and in D1. */
async function check(directory, tenant, ledger) {
  const service = await start({ directory });
  try {
    const call = (method, path, headers, body) => service.call(method, path, { headers: { origin: ORIGIN, ...headers }, body });
    await settleAccounts({ call }, tenant, ledger);
    const ids = [...ledger.drafts.values()].map((entry) => entry.id).filter(Boolean);
    assert.equal(new Set(ids).size, ids.length, "no draft is there under two keys");
    for (const id of ledger.verdicts.keys()) {
      await until(async () => (await call("GET", `/v1/drafts/${id}`, tenant.agent)).body.status === "approved");
    }
    const size = await until(async () => {
      const { size } = (await call("GET", "/v1/audit?limit=1", tenant.lead)).body;
      const query = "SELECT COUNT(*) AS count FROM audit WHERE tenant_id = ?";
      return (await service.database.prepare(query).bind(tenant.id).first("count")) === size && size;
    });
    const entries = await verifyLog((path) => call("GET", path, tenant.lead));
    assert.equal(entries.length, size);
    const of = (event) => entries.filter((entry) => entry.event === event).map((entry) => entry.about);
    assert.deepEqual(of("draft.routed").sort(), [...ids].sort(), "every draft is logged exactly once, and no other");
    const settled = of("draft.settled");
    assert.equal(new Set(settled).size, settled.length, "nothing is decided twice");
    for (const id of ledger.verdicts.keys()) assert.ok(settled.includes(id), "every acknowledged verdict counts");
    const query = "SELECT COUNT(*) AS count FROM drafts WHERE tenant_id = ? AND status = 'approved'";
    await until(async () => (await service.database.prepare(query).bind(tenant.id).first("count")) === settled.length);
  } finally {
    await service.stop();
  }
}
