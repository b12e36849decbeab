// The live stream: changes arrive without asking, presence is told, and only a session opens it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ORIGIN, draft, shared, until, verdictOn } from "./countersign.mjs";

const service = await shared();

async function watch(session) {
  const response = await service.miniflare.dispatchFetch(`${ORIGIN}/v1/live`, {
    headers: { upgrade: "websocket", cookie: session.cookie, origin: ORIGIN },
  });
  assert.equal(response.status, 101);
  const socket = response.webSocket;
  const heard = [];
  socket.addEventListener("message", (event) => heard.push(event.data === "pong" ? "pong" : JSON.parse(event.data)));
  socket.accept();
  return { socket, heard, of: (type) => heard.filter((message) => message.type === type) };
}

test("a posted draft is told to everyone who watches", async () => {
  const tenant = await service.tenant();
  const mia = await tenant.session();
  const tom = await tenant.session("tom@example.com");
  const [first, second] = [await watch(mia), await watch(tom)];
  const posted = (await tenant.post(draft())).body;
  for (const watcher of [first, second]) {
    const [told] = await until(() => watcher.of("draft").length > 0 && watcher.of("draft"));
    assert.equal(told.draft.id, posted.id);
    assert.equal(told.draft.status, "held");
    assert.ok(told.sequence > watcher.of("hello")[0].sequence);
  }
  first.socket.send(JSON.stringify({ type: "focus", draft: posted.id }));
  const seen = await until(() => second.of("presence").find((told) => told.people.some((one) => one.draft === posted.id)));
  assert.equal(seen.people.length, 2);
  first.socket.send("ping");
  await until(() => first.heard.includes("pong"));
  first.socket.close();
  await until(() => second.of("presence").at(-1).people.length === 1);
  second.socket.close();
});

test("a page that says goodbye is answered, and not left to its line", async () => {
  const tenant = await service.tenant();
  const { cookie } = await tenant.session();
  const url = new URL("/v1/live", await service.miniflare.ready);
  for (const [said, answered] of [[[], 1000], [[1000, "done"], 1000], [[4000], 4000]]) {
    const socket = new WebSocket(url.href.replace("http", "ws"), { headers: { cookie, origin: url.origin } });
    await new Promise((resolve) => socket.addEventListener("message", ({ data }) => JSON.parse(data).type === "presence" && resolve()));
    const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
    socket.close(...said);
    const { code, wasClean } = await closed;
    assert.deepEqual([code, wasClean], [answered, true]);
  }
});

test("only a session of this site opens it", async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  const open = (headers) => service.miniflare.dispatchFetch(`${ORIGIN}/v1/live`, { headers });
  assert.equal((await open({ upgrade: "websocket" })).status, 401);
  const foreign = { upgrade: "websocket", cookie: lead.cookie, origin: "https://elsewhere.example" };
  assert.equal((await open(foreign)).status, 403);
  assert.equal((await open({ cookie: lead.cookie })).status, 400);
});

test("fifty reviewers see every change and each other, and decide without getting in each other's way", async () => {
  const tenant = await service.tenant();
  const people = await Promise.all(Array.from({ length: 50 }, (_, number) => tenant.session(`r${number}@example.com`)));
  const watchers = await Promise.all(people.map(watch));
  await until(() => watchers.every((watcher) => watcher.of("presence").at(-1)?.people.length === 50));
  const posted = await Promise.all(people.map(async () => (await tenant.post(draft())).body.id));
  for (const watcher of watchers) {
    await until(() => posted.every((id) => watcher.of("draft").some((told) => told.draft.id === id)));
  }
  const claims = await Promise.all(people.map((person) => person.call("POST", "/v1/leases")));
  assert.deepEqual(claims.map((claim) => claim.status), people.map(() => 200));
  assert.equal(new Set(claims.map((claim) => claim.body.id)).size, 50, "no draft is claimed twice");
  const decided = await Promise.all(people.map(async (person, index) => {
    const shown = (await person.call("GET", `/v1/drafts/${claims[index].body.id}`)).body;
    return person.call("PUT", `/v1/drafts/${shown.id}/verdict`, verdictOn(shown, { kind: "approve" }));
  }));
  assert.deepEqual(decided.map((answer) => answer.status), people.map(() => 200));
  for (const watcher of watchers) {
    const pending = () => new Set(watcher.of("draft").filter((told) => told.draft.status === "pending").map((told) => told.draft.id));
    await until(() => pending().size === 50);
    watcher.socket.close();
  }
});
