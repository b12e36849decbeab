// The audit log as an outsider sees it: exported, signed, proved, and verified by other code than
// ours (Node's) as well as by the program that customers get.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createPublicKey, verify as verifySignature } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ORIGIN, draft, start, until, verdictOn } from "./countersign.mjs";
import { leafHash, nodeHash, sha256, treeHash } from "./merkle.mjs";
import { built } from "./program.mjs";

const folder = mkdtempSync(join(tmpdir(), "countersign-audit-"));
let service, program;
before(async () => {
  program = built();
  service = await start();
});
after(async () => {
  await service.stop();
  rmSync(folder, { recursive: true });
});

/** RFC 9162, section 2.1.3.2: the root that an audit path leads to. */
function rootByPath(leaf, index, size, path) {
  let [hash, node, last] = [leaf, index, size - 1];
  for (const sibling of path) {
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) [node, last] = [node >> 1, last >> 1];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [node, last] = [node >> 1, last >> 1];
  }
  assert.equal(last, 0);
  return hash;
}

/** Opens a signed note with a verifier key, both read by hand. */
function opened({ checkpoint, key }) {
  const [, name, id, encoded] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(key);
  const [text, signatures] = checkpoint.split(/(?<=\n)\n/);
  const line = signatures.trimEnd().split(" ");
  assert.deepEqual(line.slice(0, 2), ["—", name]);
  const bytes = Buffer.from(line[2], "base64");
  const typed = Buffer.from(encoded, "base64");
  assert.equal(sha256(name, "\n", typed).subarray(0, 4).toString("hex"), id);
  assert.equal(bytes.subarray(0, 4).toString("hex"), id);
  const x = typed.subarray(1).toString("base64url");
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  assert.ok(verifySignature(null, Buffer.from(text), publicKey, bytes.subarray(4)), "the signature holds");
  const [origin, size, root] = text.split("\n");
  assert.equal(origin, name);
  return { origin, size: Number(size), root: Buffer.from(root, "base64") };
}

/** A tenant whose log has at least `entries` entries, one verdict among them. */
async function busy(entries) {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const posted = (await tenant.post(draft({ message: "the marked text of a customer" }))).body;
  const shown = (await lead.call("GET", `/v1/drafts/${posted.id}`)).body;
  const verdict = verdictOn(shown, { kind: "approve" });
  await lead.call("PUT", `/v1/drafts/${posted.id}/verdict`, verdict);
  while ((await lead.call("GET", "/v1/audit?limit=1")).body.size < entries) {
    await Promise.all(Array.from({ length: 10 }, () => tenant.post(draft())));
  }
  return { tenant, lead, shown, verdict };
}

async function exported({ lead }) {
  const response = await service.miniflare.dispatchFetch(`${ORIGIN}/v1/audit/export`, { headers: { cookie: lead.cookie } });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/x-ndjson");
  return (await response.text()).split("\n").slice(0, -1);
}

const file = (name, content) => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

function verify(lines, checkpoints, key) {
  const paths = checkpoints.map((one, index) => file(`${index}.json`, JSON.stringify(one)));
  const args = ["verify", file("export.ndjson", lines.map((line) => `${line}\n`).join("")), ...paths.flatMap((path) => ["--checkpoint", path])];
  const done = spawnSync(program, [...args, ...(key ? ["--key", key] : [])], { encoding: "utf8" });
  return { status: done.status, text: done.stdout + done.stderr };
}

test("an export is what was signed, a proof shows one entry of it, and the log only grew", async () => {
  const customer = await busy(300);
  const { tenant, lead, shown, verdict } = customer;
  const early = (await lead.call("GET", "/v1/audit/checkpoint")).body;
  await tenant.post(draft());
  const late = (await lead.call("GET", `/v1/audit/checkpoint?since=${early.size}`)).body;
  const lines = await exported(customer);
  const leaves = lines.map((line) => {
    const [, entry, hash] = /^\{"entry":(.*),"leaf_hash":"([0-9a-f]{64})"\}$/.exec(line);
    assert.equal(leafHash(entry).toString("hex"), hash);
    return leafHash(entry);
  });
  for (const one of [early, late]) {
    const { origin, size, root } = opened(one);
    assert.equal(origin, `countersign/audit/${tenant.id}`);
    assert.equal(root.toString("hex"), treeHash(leaves.slice(0, size)).toString("hex"), `${size} entries`);
    assert.equal(root.toString("hex"), one.root);
  }
  assert.ok(late.consistency.length > 0);
  assert.ok(!lines.join().includes("the marked text"), "no text is in the log");

  // The verdict says what was seen, and what was settled says what left.
  const decided = lines.map((line) => JSON.parse(line).entry).find((entry) => entry.event === "draft.decided");
  assert.equal(decided.facts.view_digest, shown.view_digest);
  assert.equal(decided.facts.verdict_id, verdict.verdict_id);

  for (const seq of [0, decided.seq, 255, 256, lines.length - 1]) {
    const answer = await until(async () => {
      const answer = await lead.call("GET", `/v1/audit/${seq}/proof`);
      return answer.status === 200 && answer.body;
    });
    const { size, root } = opened(answer);
    const path = answer.inclusion.map((hash) => Buffer.from(hash, "hex"));
    assert.equal(rootByPath(leaves[seq], seq, size, path).toString("hex"), root.toString("hex"), `entry ${seq}`);
    const proof = file("proof.json", JSON.stringify(answer));
    assert.match(execFileSync(program, ["verify", "--proof", proof, "--key", late.key], { encoding: "utf8" }), /is in the signed log/);
    const other = file("other.json", JSON.stringify({ ...answer, entry: { ...answer.entry, at_ms: 1 } }));
    assert.equal(spawnSync(program, ["verify", "--proof", other, "--key", late.key]).status, 1);
  }
  assert.equal((await lead.call("GET", `/v1/audit/${late.size + 100}/proof`)).status, 404);
  assert.equal((await lead.call("GET", "/v1/audit/none/proof")).status, 404);
  assert.equal((await lead.call("GET", "/v1/audit/checkpoint?since=900000")).status, 400);

  const sound = verify(lines, [early, late], late.key);
  assert.deepEqual([sound.status, sound.text], [0, `${folder}/export.ndjson: ${lines.length} entries, ${late.size} of them as they were signed\n`]);
  const changed = lines.with(9, lines[9].replace(/"at_ms":\d/, '"at_ms":9'));
  assert.match(verify(changed, [late], late.key).text, /entry 9 was changed/);
  assert.match(verify(lines.toSpliced(9, 2), [late], late.key).text, /entries 9 to 10 are missing/);
  assert.match(verify(lines.slice(0, 50), [late], late.key).text, /cut off: 50 entries of at least/);
  const told = lines.map((line, seq) => (seq < early.size ? line : rehashed(line)));
  const forked = verify(told, [early, late], late.key);
  assert.match(forked.text, new RegExp(`another history: between entry ${early.size} and entry ${late.size}`));
  assert.equal(forked.status, 1);

  const forged = { ...late, checkpoint: late.checkpoint.replace(`\n${late.size}\n`, `\n${late.size - 1}\n`) };
  assert.match(verify(lines, [forged], late.key).text, /its signature is wrong/);
  const another = await busy(5);
  const { key } = (await another.lead.call("GET", "/v1/audit/checkpoint")).body;
  assert.match(verify(lines, [late], key).text, /not signed with this key/);
});

/** The program of docs/audit.md, run by somebody who has nothing else: its status and what it says. */
function run(...args) {
  const docs = readFileSync(new URL("../docs/audit.md", import.meta.url), "utf8");
  const theirs = file("verify.mjs", /^```js\n(.*?)^```$/ms.exec(docs)[1]);
  const done = spawnSync(process.execPath, [theirs, ...args], { encoding: "utf8" });
  return [done.status, done.stdout.trim() || /^Error: (.*)$/m.exec(done.stderr)?.[1]];
}

/** A draft's dossier, and a file with the proof of each of its entries. */
async function dossierOf(lead, id) {
  const dossier = (await lead.call("GET", `/v1/drafts/${id}/dossier`)).body;
  const proofs = dossier.entries.map(async ({ entry: { seq } }) => {
    const proved = () => lead.call("GET", `/v1/audit/${seq}/proof`);
    const { body } = await until(async () => [await proved()].find(({ status }) => status === 200));
    return file(`proof-${seq}.json`, JSON.stringify(body));
  });
  return { dossier, proofs: await Promise.all(proofs) };
}

test("the program of docs/audit.md holds an export and a dossier to what was signed, and finds what was changed", async () => {
  const { tenant, lead } = await busy(20);
  await tenant.policy(lead, (policy) => ({ ...policy, undo_window_s: 0, categories: { "billing.refund": { second_look_rate: 1 } } }));
  const posted = (await tenant.post(draft({ confidence: 0.1, message: "12.50 € for 𝒳, please 🙂" }))).body;
  const edited = verdictOn((await lead.call("GET", `/v1/drafts/${posted.id}`)).body, { kind: "edit", draft: { text: "Gladly." } });
  assert.equal((await lead.call("PUT", `/v1/drafts/${posted.id}/verdict`, edited)).status, 200);
  const left = (await lead.call("GET", `/v1/drafts/${posted.id}`)).body;
  const called = verdictOn(left, { kind: "correct", remedy: "none", draft: { text: "No." } });
  assert.equal((await lead.call("PUT", `/v1/drafts/${posted.id}/verdict`, called)).status, 200);

  const { key, ...checkpoint } = (await lead.call("GET", "/v1/audit/checkpoint")).body;
  const lines = (await exported({ lead })).slice(0, checkpoint.size);
  const kept = file("checkpoint.json", JSON.stringify(checkpoint));
  const log = (content) => file("log.ndjson", content.map((line) => `${line}\n`).join(""));
  assert.deepEqual(run(key, kept, log(lines)), [0, `${lines.length} entries as they were signed`]);
  assert.deepEqual(run(key, kept, log(lines.with(3, rehashed(lines[3])))), [1, "wrong: the log is not the signed one"]);
  const forged = { checkpoint: checkpoint.checkpoint.replace(/\n\d+\n/, "\n3\n") };
  assert.deepEqual(run(key, file("forged.json", JSON.stringify(forged)), log(lines)), [1, "wrong: the checkpoint's signature"]);

  const { dossier, proofs } = await dossierOf(lead, posted.id);
  const told = (change) => file("dossier.json", JSON.stringify({ ...dossier, record: { ...dossier.record, ...change } }));
  const { decision, seen, situation, verdict, look } = dossier.record;
  const all = "held to the signed log: seen, situation, decision, verdict, look, sent";
  assert.deepEqual(run(key, told({}), ...proofs), [0, all]);
  for (const [change, wrong] of [
    [{ seen: { ...seen, message: "please" } }, "seen"],
    [{ seen: undefined }, "seen"],
    [{ situation: { ...situation, level: 3 } }, "situation"],
    [{ decision: { ...decision, owner: "nobody" } }, "decision"],
    [{ verdict: { ...verdict, verdict: { kind: "approve" } } }, "verdict"],
    [{ verdict: undefined }, "not the verdict that decided"],
    [{ look: { ...look, verdict: { kind: "confirm" } } }, "look"],
    [{ look: { ...look, id: "another" } }, "look"],
    [{ sent: { text: "Never." } }, "sent"],
  ]) {
    assert.deepEqual(run(key, told(change), ...proofs), [1, `wrong: ${wrong}`]);
  }
  const whole = told({});
  for (const some of [[], proofs.slice(1), proofs.slice(0, -1)]) {
    assert.deepEqual(run(key, whole, ...some), [1, "wrong: not one proof for each entry"]);
  }
  assert.match(run(key, whole, ...proofs.with(0, proofs[1]))[1], /^wrong: no proof of entry/);
  const empty = file("empty.json", JSON.stringify({ ...dossier, entries: [] }));
  assert.deepEqual(run(key, empty), [1, "wrong: not one proof for each entry"]);
});

test("a dossier holds when a verdict was taken back, fell with its draft, or is one of two, and when it is erased", async () => {
  const { tenant, lead } = await busy(5);
  const tom = await tenant.session("tom@example.com");
  await tenant.policy(lead, (policy) => ({ ...policy, undo_window_s: 60, categories: { "billing.refund": { four_eyes: true } } }));
  const posted = (await tenant.post(draft({ confidence: 0.1, customer: { id: "zoe" } }))).body;
  const { key } = (await lead.call("GET", "/v1/audit/checkpoint")).body;
  const path = `/v1/drafts/${posted.id}`;
  const decide = async (person) => {
    const given = verdictOn((await person.call("GET", path)).body, { kind: "approve" });
    const { status, body } = await person.call("PUT", `${path}/verdict`, given);
    assert.equal(status, 200, JSON.stringify(body));
    return given.verdict_id;
  };
  const takeBack = async (person, verdict_id) =>
    assert.equal((await person.call("DELETE", `${path}/verdict`, { verdict_id })).status, 200);
  const checked = async (change = {}) => {
    const { dossier, proofs } = await dossierOf(lead, posted.id);
    const record = dossier.record && { ...dossier.record, ...change };
    return run(key, file("dossier.json", JSON.stringify({ ...dossier, record })), ...proofs);
  };
  const [routed, decided] = ["seen, situation, decision", "seen, situation, decision, verdict"].map((names) => [0, `held to the signed log: ${names}`]);

  const undone = await decide(lead);
  assert.deepEqual(await checked(), decided);
  await takeBack(lead, undone);
  assert.deepEqual(await checked(), routed);
  const forged = { verdict: { id: undone, verdict: { kind: "approve" }, reviewer: lead.person.id, at: 0 } };
  assert.deepEqual(await checked(forged), [1, "wrong: verdict"], "nobody approved it");
  await decide(lead);
  const second = await decide(tom);
  assert.deepEqual(await checked(), decided);
  await takeBack(tom, second);
  assert.deepEqual(await checked(), decided, "the first one's stands again");
  await tenant.agent("DELETE", path);
  assert.deepEqual(await checked(), routed, "nobody's stands");
  assert.equal((await lead.call("POST", "/v1/erasure", { customer_id: "zoe" })).status, 200);
  const [status, said] = await checked();
  assert.match(said, /^erased; \d+ entries as they were signed$/);
  assert.equal(status, 0);
});

/** A line that tells something else and agrees with itself. */
function rehashed(line) {
  const { entry } = JSON.parse(line);
  const text = JSON.stringify({ ...entry, at_ms: entry.at_ms + 1 });
  return `{"entry":${text},"leaf_hash":"${leafHash(text).toString("hex")}"}`;
}

test("D1 keeps what it has, and each number once", async () => {
  const { tenant } = await busy(5);
  const count = () => service.database.prepare("SELECT COUNT(*) AS n FROM audit WHERE tenant_id = ?").bind(tenant.id).first("n");
  await until(async () => (await count()) >= 5);
  const refused = (sql) => assert.rejects(service.database.prepare(sql).bind(tenant.id).run());
  await refused("UPDATE audit SET event = 'x' WHERE tenant_id = ?");
  await refused("DELETE FROM audit WHERE tenant_id = ?");
  await refused("INSERT INTO audit (tenant_id, seq, at_ms, event, entry, leaf_hash) VALUES (?, 0, 0, 'x', 'x', 'x')");
});
