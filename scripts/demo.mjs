// The demo tenant of `npm start`: a fictional software company, Larkspur, whose agents draft. Makes
// it once per state folder through the public API alone; every step may be repeated. Drafts are in
// demo.jsonl (those called later-… arrive while it runs), verdicts in demo_verdicts.json by
// conversation, the policy in demo_policy.json. Must not hold demo text itself.
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { Stop, at, say } from "./run.mjs";
import { changePolicy, createTenant, explained, postDraft, signIn, writePrivate } from "./service.mjs";

const LEAD = "lead@larkspur.example";
/** Names tried when a state folder has the tenant but its key is gone. */
const NAMES_MAX = 20;
/** Posts under way at once while seeding. */
const LANES = 8;
/** A draft arrives after this long, and up to twice as long. */
const ARRIVAL_MS = 20_000;
/** After so many arrivals nobody is looking: a queue that grows all night helps no one. */
const ARRIVALS_MAX = 200;

const readJson = (name) => JSON.parse(readFileSync(at("scripts", name), "utf8"));
const drafts = () => readFileSync(at("scripts/demo.jsonl"), "utf8").trim().split("\n").map((line) => JSON.parse(line));
const isLater = (draft) => draft.conversation.id.startsWith("later-");

/** The demo tenant of this state folder: the one remembered in `file`, or a new one. */
export async function demoTenant(url, operatorSecret, file) {
  if (existsSync(file)) {
    const remembered = JSON.parse(readFileSync(file, "utf8"));
    // Fails when the folder was emptied or the secrets changed: then the key is worth nothing.
    const known = await signIn(url + remembered.sign_in_path).then(() => true, () => false);
    if (known) return remembered;
  }
  for (let number = 1; number <= NAMES_MAX; number += 1) {
    const name = number === 1 ? "Larkspur (demo)" : `Larkspur (demo ${number})`;
    const tenant = await createTenant(url, operatorSecret, { name, lead: LEAD, reusable_invitation: true });
    if (tenant.taken) continue;
    const { tenant_id, agent_key, sign_in_path } = tenant;
    const fresh = { name, tenant_id, agent_key, sign_in_path, seeded: false };
    writePrivate(file, fresh);
    return fresh;
  }
  throw new Stop("this state folder has 20 demo tenants already: choose another by --state DIR.");
}

/** Gives the tenant its policy, its queue and its first corrections, once. */
export async function seedDemo(url, tenant, file) {
  if (tenant.seeded) return;
  const session = await signIn(url + tenant.sign_in_path);
  const policy = readJson("demo_policy.json");
  await changePolicy(session, "the demo's rules", (document) => ({ ...document, ...policy }));

  const waiting = drafts().filter((draft) => !isLater(draft));
  const ids = new Map();
  say(`posting ${waiting.length} demo drafts`);
  const queue = waiting.values();
  const lane = async () => {
    for (const draft of queue) {
      const answer = await postDraft(url, tenant.agent_key, draft, `demo-${draft.conversation.id}`);
      if (answer.status !== 201) throw new Stop(`demo draft ${draft.conversation.id}: ${answer.status} ${explained(answer.body)}`);
      ids.set(draft.conversation.id, answer.body.id);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));

  for (const [conversation, verdict] of Object.entries(readJson("demo_verdicts.json"))) {
    await decide(session, ids.get(conversation), verdict);
  }
  writePrivate(file, { ...tenant, seeded: true });
}

/** Gives a verdict as the page does: on exactly what the service showed. */
async function decide(session, id, verdict) {
  const { body: view } = await session(`/v1/drafts/${id}`);
  if (view.status !== "held") return;
  await session(`/v1/drafts/${id}/verdict`, {
    method: "PUT",
    body: {
      verdict_id: randomUUID(),
      version: view.version,
      head: view.draft.conversation.head,
      view_digest: view.view_digest,
      verdict,
    },
  });
}

/** Lets drafts arrive slowly, each in a conversation of its own; answers how to stop it. */
export function arrivals(url, tenant) {
  const all = drafts();
  const ordered = [...all.filter(isLater), ...all.filter((draft) => !isLater(draft))];
  let count = 0;
  let timer;
  const next = () => {
    timer = setTimeout(async () => {
      const draft = inNewConversation(ordered[count % ordered.length], randomUUID().slice(0, 8));
      count += 1;
      // A server that is rebuilding misses one arrival; the next one comes.
      await postDraft(url, tenant.agent_key, draft).catch(() => {});
      if (count < ARRIVALS_MAX) next();
    }, ARRIVAL_MS * (1 + Math.random()));
  };
  next();
  return () => clearTimeout(timer);
}

/** The same draft in a conversation of its own: ids that name the old one are renamed alike. */
export function inNewConversation(draft, suffix) {
  const renamed = (id) => `${id}-${suffix}`;
  const { conversation } = draft;
  return {
    ...draft,
    ...(draft.group ? { group: renamed(draft.group) } : {}),
    conversation: { ...conversation, id: renamed(conversation.id) },
  };
}
