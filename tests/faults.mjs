// The Worker's entry with faults that a test can order: a clock that jumps, alarms that get lost, a D1
// that fails before or after its commit, is slow, or keeps its readers waiting. What is ordered travels in the query of any request that
// reaches the object. It must not replace any part of the service.
import { readFileSync } from "node:fs";

const ENTRY = readFileSync(new URL("../src/service/entry.js", import.meta.url), "utf8");

const FAULTS = `
const faults = { clock: 0, alarms: 0, before: 0, after: 0, slow: 0, gate: 0 };
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let gated = 0;
let asks = 0;
let newest;
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...given) {
    super(...(given.length > 0 ? given : [RealDate.now() + faults.clock]));
  }
  static now() {
    return RealDate.now() + faults.clock;
  }
};

/** Whether one more of these faults was ordered. */
const strikes = (name) => faults[name] > 0 && faults[name]-- > 0;

function order(request) {
  for (const [name, value] of new URL(request.url).searchParams) if (name in faults) faults[name] = Number(value);
}

/** The platform's own clock doesn't jump: alarms are set by it. */
function shifted([state, ...rest]) {
  const { storage } = state;
  const { setAlarm, getAlarm } = Object.getPrototypeOf(storage);
  newest = storage;
  storage.setAlarm = (at, ...options) => setAlarm.call(storage, Number(at) - faults.clock, ...options);
  storage.getAlarm = async (...options) => {
    const at = await getAlarm.call(storage, ...options);
    return at === null ? null : at + faults.clock;
  };
  return [state, ...rest];
}

/** A statement whose rows are kept back while the gate is shut. */
function kept(statement) {
  const { bind } = statement;
  statement.bind = (...values) => {
    const bound = bind.apply(statement, values);
    const { all } = bound;
    bound.all = async () => {
      asks += 1;
      gated += 1;
      while (faults.gate > 0) await sleep(20);
      gated -= 1;
      return all.call(bound);
    };
    return bound;
  };
  return statement;
}

/** How many readers wait, how many there were, and in how many milliseconds the newest object's alarm goes off, where a request asks. */
async function asked(request) {
  const wanted = new URL(request.url).searchParams;
  if (wanted.has("gated")) return Response.json(gated);
  if (wanted.has("asked")) return Response.json(asks);
  if (!wanted.has("alarm")) return undefined;
  const at = await newest.getAlarm();
  return Response.json(at === null ? Number.MAX_SAFE_INTEGER : at - Date.now());
}

function faulty(env) {
  const database = new Proxy(env.DB, {
    get(target, property) {
      const value = Reflect.get(target, property);
      if (property === "constructor" || typeof value !== "function") return value;
      if (property === "prepare") return (sql) => kept(target.prepare(sql));
      if (property !== "batch") return value.bind(target);
      return async (statements) => {
        // As D1 does, with words of what it was given.
        if (faults.slow > 0) await sleep(faults.slow);
        if (strikes("before")) throw new Error('D1 is away, near "Where is my refund for order 1234?"');
        const results = await target.batch(statements);
        if (strikes("after")) throw new Error("D1 was cut off");
        return results;
      };
    },
  });
  return { ...env, DB: database };
}
`;

/** The entry with the faults in it; a change of the entry that this doesn't fit is an error. */
export function faultyEntry() {
  return [
    ["this.given = given;", "this.given = shifted([given[0], faulty(given[1])]);"],
    ["  fetch(request) {", "  async fetch(request) {\n    order(request);\n    const told = await asked(request);\n    if (told) return told;"],
    ["  alarm() {", "  async alarm() {\n    if (strikes('alarms')) return;"],
  ].reduce((entry, [found, put]) => {
    if (!entry.includes(found)) throw new Error(`the entry has no \`${found}\``);
    return entry.replace(found, put);
  }, FAULTS + ENTRY);
}
