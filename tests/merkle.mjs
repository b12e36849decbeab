// Reads a tenant's whole audit log and checks it as an outsider would: gaps, leaf hashes (RFC 8785,
// RFC 6962) and the root. Must not share code with the service.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();

/** RFC 8785 for what an entry can hold: text, whole numbers, truth values, lists and objects. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
  return `{${members.join(",")}}`;
}

/** The Merkle tree hash of RFC 6962, section 2.1. */
function root(leaves) {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leaves[0];
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha256(Buffer.of(1), root(leaves.slice(0, split)), root(leaves.slice(split)));
}

/** Every entry, oldest first; throws where the log is not what it says. */
export async function verifyLog(get) {
  const pages = [];
  let cursor;
  let newest;
  do {
    const { status, body } = await get(`/v1/audit?limit=200${cursor ? `&cursor=${cursor}` : ""}`);
    assert.equal(status, 200, JSON.stringify(body));
    newest ??= body;
    pages.push(...body.entries);
    cursor = body.next_cursor;
  } while (cursor);
  const leaves = pages.reverse().map(({ entry, leaf_hash }) => {
    const hash = sha256(Buffer.of(0), canonical(entry));
    assert.equal(hash.toString("hex"), leaf_hash, `leaf ${entry.seq}`);
    return hash;
  });
  assert.deepEqual(pages.map(({ entry }) => entry.seq), [...leaves.keys()], "no gap, nothing twice");
  assert.equal(newest.size, leaves.length);
  assert.equal(newest.root, root(leaves).toString("hex"), "the root of these leaves");
  return pages.map(({ entry }) => entry);
}
