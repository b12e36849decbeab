// The audit log's tree as RFC 6962 has it, and the check of a tenant's whole log as an outsider would
// make it: gaps, leaf hashes (RFC 8785) and the root. Must not share code with the service.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";

export const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
export const leafHash = (bytes) => sha256(Buffer.of(0), bytes);
export const nodeHash = (left, right) => sha256(Buffer.of(1), left, right);

/** RFC 8785 for what an entry can hold: text, whole numbers, truth values, lists and objects. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
  return `{${members.join(",")}}`;
}

/** The Merkle tree hash of RFC 6962, section 2.1, over leaf hashes. */
export function treeHash(leaves) {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leaves[0];
  const split = 2 ** Math.ceil(Math.log2(leaves.length) - 1);
  return nodeHash(treeHash(leaves.slice(0, split)), treeHash(leaves.slice(split)));
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
    const hash = leafHash(canonical(entry));
    assert.equal(hash.toString("hex"), leaf_hash, `leaf ${entry.seq}`);
    return hash;
  });
  assert.deepEqual(pages.map(({ entry }) => entry.seq), [...leaves.keys()], "no gap, nothing twice");
  assert.equal(newest.size, leaves.length);
  assert.equal(newest.root, treeHash(leaves).toString("hex"), "the root of these leaves");
  return pages.map(({ entry }) => entry);
}
