// Corrections that a tenant learnt long ago: rows in D1, of which its object makes its index anew. It
// must not reach into an object.
const ROWS_AT_ONCE = 500;
const DIMENSIONS = 384;

/** A direction that nothing is near to, in the stored form of a vector, as hexadecimal. */
export function elsewhere(seed) {
  let state = seed + 1;
  const values = Int8Array.from({ length: DIMENSIONS }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 24) - 128;
  });
  const length = Math.hypot(...values);
  return Buffer.concat([Buffer.from(values.buffer), Buffer.from(Float32Array.of(1 / length).buffer)]).toString("hex");
}

/** Puts `count` corrections, `of(place)` giving `message`, `corrected` and `vector`, into D1 for a tenant. */
export async function learnt(service, tenant, count, of) {
  const statement = service.database.prepare(
    `INSERT INTO corrections (tenant_id, id, draft_id, category, message, draft, corrected, edit_kind, one_off, reviewer, created_at, vector)
     SELECT ?, printf('learnt-%08d', value ->> 'place'), 'none', 'billing.refund', value ->> 'message', 'As you say.',
       value ->> 'corrected', 'substantive', 0, 'none', 1700000000000, unhex(value ->> 'vector')
     FROM json_each(?)`,
  );
  for (let from = 0; from < count; from += ROWS_AT_ONCE) {
    const length = Math.min(ROWS_AT_ONCE, count - from);
    const rows = Array.from({ length }, (_, at) => ({ place: from + at, ...of(from + at) }));
    await statement.bind(tenant.id, JSON.stringify(rows)).run();
  }
}
