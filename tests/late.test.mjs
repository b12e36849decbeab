// Answers that come late: each test holds one back, as a slow line does, until the world has moved on.
// Must not use the page's own state: what is asserted is what a person sees and what the agent is told.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { changePolicy, signIn } from "../scripts/service.mjs";
import { shared } from "./browser.mjs";
import { verdictOn } from "./countersign.mjs";
import { SEEN_MS, person, soon } from "./person.mjs";

/** The queue's whole list, which other parts of the page don't ask for. */
const LIST = "**/v1/queue?limit=200*";

const { service, chrome } = await shared();

/** Somebody of a tenant of their own, who has not opened the page yet. */
async function newcomer() {
  const tenant = await service.emptyTenant();
  return { ...(await person(chrome, { ...service, ...tenant })), ...tenant };
}

/** The same, at the queue in which drafts for these names wait, the first in view; `ids` are theirs. */
async function reviewer(...names) {
  const someone = await newcomer();
  const ids = [];
  for (const name of names) ids.push(await someone.posted(name));
  await someone.page.goto(someone.sign_in_url);
  await isAt(someone, names[0]);
  await soon(async () => (await someone.page.locator(".live").getAttribute("data-state")) === "on");
  return { ...someone, ids };
}

const isAt = ({ page, heading }, name) => soon(async () => (await page.getByTestId("draft").isVisible()) && (await heading()).startsWith(name));
const isListed = ({ rows }, name) => soon(async () => (await rows().filter({ hasText: name }).count()) === 1);
const isNotListed = ({ rows }, name) => soon(async () => (await rows().filter({ hasText: name }).count()) === 0);
const count = ({ rows }, name) => rows().filter({ hasText: name }).count();
const notices = ({ page }) => page.getByTestId("notices").locator("p").allInnerTexts();

/** Holds the next answer back: `here` once the service has given it, `letGo` hands it to the page. */
async function held(page, url, method = "GET") {
  const [here, gate, done] = [Promise.withResolvers(), Promise.withResolvers(), Promise.withResolvers()];
  let isNext = true;
  await page.route(url, async (route) => {
    if (!isNext || route.request().method() !== method) return route.fallback();
    isNext = false;
    const response = await route.fetch();
    here.resolve();
    await gate.promise;
    // The page may have given up by then, as it does after a while.
    await route.fulfill({ response }).catch(() => {});
    // So that the page has taken it before anything else is asked.
    await page.evaluate(() => new Promise((done) => setTimeout(done)));
    done.resolve();
  });
  return { here: here.promise, letGo: () => (gate.resolve(), done.promise) };
}

test("what is told while the queue is fetched anew counts more than what was listed before", async () => {
  const mia = await newcomer();
  const carl = await mia.posted("Carl Leaves");
  const sockets = [];
  let isOn = true;
  await mia.page.routeWebSocket("**/v1/live*", (socket) => {
    if (!isOn) return socket.close();
    sockets.push(socket);
    socket.connectToServer();
  });
  await mia.page.goto(mia.sign_in_url);
  await isAt(mia, "Carl");
  await soon(async () => (await mia.page.locator(".live").getAttribute("data-state")) === "on");
  isOn = false;
  await sockets[0].close();
  await mia.posted("Ada Unheard");
  const list = await held(mia.page, LIST);
  isOn = true;
  await list.here;
  await mia.posted("Bea Told");
  await isListed(mia, "Bea Told");
  assert.equal((await mia.agent("DELETE", `/v1/drafts/${carl}`)).status, 200);
  await isNotListed(mia, "Carl");
  await list.letGo();
  await isListed(mia, "Ada Unheard");
  assert.deepEqual([await count(mia, "Bea Told"), await count(mia, "Carl")], [1, 0]);
  await mia.page.close();
});

test("a link leads to its draft, however late the queue comes", async () => {
  const mia = await newcomer();
  await mia.posted("Abe First");
  const second = await mia.posted("Bob Second");
  await mia.page.goto(mia.sign_in_url);
  await isAt(mia, "Abe");
  let isFirst = true;
  await mia.page.route(LIST, (route) => {
    if (!isFirst) return route.fallback();
    isFirst = false;
    return route.abort();
  });
  await mia.page.goto(`${mia.url}/drafts/${second}`);
  await isAt(mia, "Bob");
  await mia.page.close();
});

test("a draft that left stays away, whatever is still answered about it", async () => {
  const mia = await newcomer();
  const claim = await held(mia.page, "**/lease", "PUT");
  const id = await mia.posted("Dan Withdrawn");
  await mia.page.goto(mia.sign_in_url);
  await isAt(mia, "Dan");
  await claim.here;
  assert.equal((await mia.agent("DELETE", `/v1/drafts/${id}`)).status, 200);
  await isNotListed(mia, "Dan");
  await claim.letGo();
  await mia.posted("Eli Later");
  await isListed(mia, "Eli");
  assert.equal(await count(mia, "Dan"), 0);
  await mia.page.close();
});

test("a draft that comes late is claimed once it is here", async () => {
  const mia = await newcomer();
  const id = await mia.posted("Fay Slow");
  const detail = await held(mia.page, `**/v1/drafts/${id}`);
  const claims = [];
  mia.page.on("request", (request) => request.url().endsWith(`${id}/lease`) && claims.push(request.method()));
  await mia.page.goto(mia.sign_in_url);
  await detail.here;
  // Longer than the page waits before it claims what is looked at.
  await mia.page.waitForTimeout(1_500);
  await detail.letGo();
  await soon(() => claims.includes("PUT"));
  await mia.page.close();
});

test("a verdict that is taken back before it was answered leaves a draft that can be decided", async () => {
  const mia = await reviewer("Fia Twice", "Gil Beside");
  const [id] = mia.ids;
  const [verdict, undone] = [await held(mia.page, "**/verdict", "PUT"), await held(mia.page, `**/v1/drafts/${id}`)];
  await mia.pressUntil("a", mia.undoShows("Fia"));
  await verdict.here;
  await mia.press("u");
  await isAt(mia, "Fia");
  await verdict.letGo();
  await undone.here;
  assert.equal(await mia.statusOf(id), "held");
  assert.equal(await count(mia, "Fia"), 1);
  // As it stands there the draft is of before: a verdict on it would be refused.
  await mia.page.waitForTimeout(400);
  await mia.press("a");
  await undone.letGo();
  await mia.pressUntil("a", async () => (await mia.statusOf(id)) === "pending");
  assert.deepEqual(await notices(mia), []);
  await mia.page.close();
});

test("what is shown is what is decided on: a draft that changed on its way is fetched once more", async () => {
  const mia = await newcomer();
  const id = await mia.posted("Hal Changes");
  const tom = await signIn(await mia.invite("tom@larkspur.example", "reviewer"));
  const shown = await held(mia.page, `**/v1/drafts/${id}`);
  await mia.page.goto(mia.sign_in_url);
  await shown.here;
  const given = verdictOn((await tom(`/v1/drafts/${id}`)).body, { kind: "approve" });
  await tom(`/v1/drafts/${id}/verdict`, { method: "PUT", body: given });
  await isNotListed(mia, "Hal");
  await tom(`/v1/drafts/${id}/verdict`, { method: "DELETE", body: { verdict_id: given.verdict_id } });
  await isListed(mia, "Hal");
  await shown.letGo();
  await isAt(mia, "Hal");
  await mia.pressUntil("a", async () => (await mia.statusOf(id)) === "pending");
  assert.deepEqual(await notices(mia), []);
  await mia.page.close();
});

test("whoever goes on while a draft is handed over is left where they are", async () => {
  const mia = await reviewer("Ida Handed", "Jon Written", "Kim Third");
  const handed = await held(mia.page, "**/assignee", "PUT");
  await mia.pressUntil("o", () => mia.page.locator("#choice-title").isVisible());
  await mia.press("1");
  await handed.here;
  await mia.press("j");
  await isAt(mia, "Jon");
  await mia.pressUntil("e", mia.isWriting);
  await mia.page.keyboard.type("Dear Jon. ");
  await handed.letGo();
  await soon(async () => (await notices(mia)).some((text) => text.includes("Ida Handed")));
  await isAt(mia, "Jon");
  assert.match(await mia.editor().inputValue(), /^Dear Jon\. /);
  await mia.page.close();
});

test("a digit names the reason for the draft that it was pressed for, or for none", async () => {
  const mia = await newcomer();
  const ids = [await mia.posted("Lea Spared"), await mia.posted("Max Spared")];
  const options = await held(mia.page, "**/assets/choices-*.js");
  await mia.page.goto(mia.sign_in_url);
  await isAt(mia, "Lea");
  const isAsking = async () => (await mia.page.locator('[data-action="approve"]').count()) === 0;
  await mia.pressUntil("r", isAsking);
  await mia.press("1", "Escape");
  await soon(async () => !(await isAsking()));
  await mia.press("j");
  await isAt(mia, "Max");
  await mia.pressUntil("r", isAsking);
  await options.letGo();
  await mia.page.locator("#choice-title").waitFor();
  await mia.press("Escape");
  assert.deepEqual([await mia.statusOf(ids[0]), await mia.statusOf(ids[1])], ["held", "held"]);
  await mia.page.close();
});

test("what is typed before the editor is here is typed into it, and commands nothing", async () => {
  const mia = await newcomer();
  await mia.posted("Ivo Typed", { text: "We call you." });
  await mia.posted("Jan Beside");
  const editor = await held(mia.page, "**/assets/Editor-*.js");
  await mia.page.goto(mia.sign_in_url);
  await isAt(mia, "Ivo");
  const edit = mia.page.locator('[data-action="edit"]');
  await mia.pressUntil("e", async () => (await edit.count()) === 0);
  await editor.here;
  await mia.page.getByTestId("draft").getByText("We call you.").waitFor();
  // Each of these letters means something where nobody writes.
  await mia.page.keyboard.type("jafu? /Qx");
  await mia.press("Backspace");
  await mia.page.keyboard.type(": ");
  assert.deepEqual([await mia.page.locator("dialog").count(), await mia.page.locator("#queue-search").inputValue()], [0, ""]);
  await editor.letGo();
  await soon(mia.isWriting);
  assert.equal(await mia.editor().inputValue(), "jafu? /Q: We call you.");
  await mia.page.keyboard.type("we ");
  assert.equal(await mia.editor().inputValue(), "jafu? /Q: we We call you.");
  await isAt(mia, "Ivo");
  assert.deepEqual(mia.errors, []);
  await mia.page.close();
});

test("an action is not approved before its arguments are there, nor a batch before its drafts are", async () => {
  const mia = await newcomer();
  const action = { name: "add_tag", args: { pay_to: "mallory" } };
  const ids = [await mia.posted("Jon Acts", { body: { kind: "action", channel: "crm", draft: { action } } }), await mia.posted("Kay Alike"), await mia.posted("Kay Alike")];
  const [form, panel] = [await held(mia.page, "**/assets/ActionForm-*.js"), await held(mia.page, "**/assets/BatchPanel-*.js")];
  await mia.page.goto(mia.sign_in_url);
  await form.here;
  await isAt(mia, "Jon Acts");
  await mia.page.waitForTimeout(2 * SEEN_MS);
  await mia.press("a");
  await mia.page.waitForTimeout(SEEN_MS);
  assert.equal(await mia.statusOf(ids[0]), "held");
  await form.letGo();
  await mia.page.getByText("mallory").waitFor();
  await mia.pressUntil("a", mia.undoShows("Jon Acts"));

  await isAt(mia, "Kay");
  await mia.press("g");
  await panel.here;
  await mia.page.waitForTimeout(2 * SEEN_MS);
  await mia.press("a");
  await mia.page.waitForTimeout(SEEN_MS);
  assert.deepEqual([await mia.statusOf(ids[1]), await mia.statusOf(ids[2])], ["held", "held"]);
  await panel.letGo();
  await mia.page.getByRole("heading", { name: "2 drafts chosen" }).waitFor();
  await mia.pressUntil("a", async () => (await mia.page.getByText("Approved 2 drafts").count()) === 1);
  assert.deepEqual(mia.errors, []);
  await mia.page.close();
});

test("whoever goes elsewhere while a verdict is looked up again is left there", async () => {
  const mia = await newcomer();
  const session = await signIn(mia.sign_in_url);
  await changePolicy(session, "settles at once", (document) => ({ ...document, undo_window_s: 1 }));
  const id = await mia.posted("Nia Out");
  await mia.page.goto(mia.sign_in_url);
  await isAt(mia, "Nia");
  await mia.pressUntil("a", async () => (await mia.statusOf(id)) !== "held");
  assert.equal((await mia.settled(id)).status, "approved");
  await mia.press("i");
  const again = await held(mia.page, `**/v1/drafts/${id}`);
  await mia.page.getByTestId("history").getByRole("button", { name: "It was wrong" }).press("Enter");
  await again.here;
  await mia.press("t");
  const trust = mia.page.getByRole("heading", { level: 2, name: "Trust", exact: true });
  await trust.waitFor();
  await again.letGo();
  assert.ok(await trust.isVisible());
  assert.match(mia.page.url(), /\/trust$/);
  await mia.page.close();
});

test("an invitation is good for as long as the service could not be reached", async () => {
  const mia = await newcomer();
  let failures = 2;
  await mia.page.route("**/v1/sessions", (route) => (failures-- > 0 ? route.abort() : route.fallback()));
  await mia.page.goto(mia.sign_in_url);
  await mia.page.getByRole("heading", { name: "All clear" }).waitFor();
  assert.ok(failures < 0);
  await mia.page.close();
});

test("what is typed into the policy while it is saved stays, unsaved", async () => {
  const mia = await newcomer();
  await mia.page.goto(mia.sign_in_url);
  await mia.page.getByRole("heading", { name: "All clear" }).waitFor();
  await mia.press("p");
  const area = mia.page.getByTestId("policy-text");
  const changed = async (seconds) => {
    const text = await area.inputValue();
    await area.fill(text.replace(/"undo_window_s": \d+/, `"undo_window_s": ${seconds}`));
  };
  await soon(async () => /"undo_window_s"/.test(await area.inputValue()));
  await changed(21);
  const saved = await held(mia.page, "**/v1/policy", "PUT");
  await mia.page.getByLabel("Why does it change?").fill("more time");
  await mia.page.getByRole("button", { name: "Save as new version" }).click();
  await saved.here;
  await changed(22);
  await saved.letGo();
  await mia.page.getByText("version 2 is active", { exact: false }).or(mia.page.getByText(/Version 2/)).first().waitFor();
  assert.match(await area.inputValue(), /"undo_window_s": 22/);
  await mia.page.getByRole("button", { name: "Save as new version" }).waitFor();
  await mia.page.close();
});

test("drafts on record are counted once, however often the policy is opened", async () => {
  const lead = await person(chrome, service);
  await lead.page.goto(service.sign_in_url);
  await lead.page.getByTestId("draft").waitFor();
  const drafts = await lead.recorded();
  const records = await held(lead.page, "**/v1/policy/records?*");
  await lead.press("p");
  await records.here;
  await lead.press("v");
  await lead.page.getByTestId("draft").waitFor();
  await lead.press("p");
  const replayed = lead.page.getByTestId("replayed");
  await replayed.waitFor();
  await records.letGo();
  const whatIf = lead.page.getByTestId("what-if");
  for (const [level, said] of [["3", /more would have gone out/], ["", /^The same drafts/]]) {
    await whatIf.getByLabel("Level to try for support.how_to").selectOption(level);
    await soon(async () => said.test(await whatIf.locator(".headline").innerText()));
  }
  assert.match(await replayed.innerText(), new RegExp(`\\b${drafts} drafts`));
  await lead.page.close();
});

test("a log is sound while an earlier look at it is still under way", async () => {
  const lead = await person(chrome, service);
  await lead.page.goto(service.sign_in_url);
  await lead.page.getByTestId("draft").waitFor();
  // Each export stops in its middle until it is let go on.
  const exports = [];
  const line = createServer(({ url }, response) => {
    const { text, rest } = exports[Number(url.slice(1))];
    const middle = text.length >> 1;
    response.writeHead(200, { "content-type": "application/x-ndjson" }).write(text.slice(0, middle));
    rest.promise.then(() => response.end(text.slice(middle)));
  });
  await new Promise((done) => line.listen(0, "127.0.0.1", done));
  await lead.page.route("**/v1/audit/export", async (route) => {
    const text = await (await route.fetch()).text();
    const at = exports.push({ text, rest: Promise.withResolvers() }) - 1;
    await route.continue({ url: `http://127.0.0.1:${line.address().port}/${at}` });
  });
  const verification = lead.page.getByTestId("verification");
  const halfRead = async () => {
    await lead.press("l");
    await lead.page.getByRole("button", { name: "Verify the log" }).press("Enter");
    await verification.getByText(/ [1-9]\d* entries/).waitFor();
  };
  await halfRead();
  await lead.press("t");
  await lead.page.getByRole("heading", { level: 2, name: "Trust", exact: true }).waitFor();
  await halfRead();
  exports[0].rest.resolve();
  await lead.page.waitForTimeout(500);
  exports[1].rest.resolve();
  await soon(async () => (await verification.getAttribute("data-sound")) !== null);
  assert.equal(await verification.getAttribute("data-sound"), "true", await verification.innerText());
  await lead.page.close();
  await new Promise((done) => (line.close(done), line.closeAllConnections()));
});

test("of two answers about the settings the newer one is shown", async () => {
  const mia = await reviewer("Ole Watched");
  await mia.press("s");
  await mia.page.getByTestId("agents").waitFor();
  const box = mia.page.getByLabel("Shadow support-bot");
  const agents = await held(mia.page, "**/v1/agents");
  await box.check();
  await agents.here;
  await box.uncheck();
  await soon(async () => !(await mia.page.evaluate(async () => (await fetch("/v1/agents")).json())).agents[0].shadow);
  await agents.letGo();
  assert.equal(await box.isChecked(), false);
  await mia.page.close();
});

test("a box of the settings that the service doesn't let be ticked is cleared again, and says why", async () => {
  const mia = await reviewer("Ida Refused");
  await changePolicy(await signIn(mia.sign_in_url), "two leads", (document) => ({ ...document, second_lead: true }));
  await mia.press("s");
  const box = mia.page.getByLabel("Shadow support-bot");
  await box.click();
  await mia.page.getByRole("alert").getByText("asks for a second lead").waitFor();
  assert.equal(await box.isChecked(), false);
  await mia.page.close();
});

test("a button that is pressed again while its answer is on its way does nothing twice", async () => {
  const mia = await newcomer();
  await mia.page.goto(mia.sign_in_url);
  await mia.page.getByRole("heading", { name: "All clear" }).waitFor();
  await mia.press("s");
  await mia.page.getByLabel("Keys: Name").fill("night shift");
  const made = await held(mia.page, "**/v1/keys", "POST");
  const button = mia.page.getByRole("button", { name: "Make a key" });
  await button.press("Enter");
  await made.here;
  await mia.page.getByLabel("Keys: Name").press("Enter");
  await made.letGo();
  const keys = mia.page.getByTestId("keys").locator("> li").filter({ hasText: "night shift" });
  await keys.getByText("never used").waitFor();
  await soon(() => button.isEnabled());
  assert.equal(await keys.count(), 1);
  await mia.page.close();
});

test("a line that is dead at its other end is noticed, and called anew", async () => {
  const mia = await newcomer();
  await mia.page.clock.install();
  let lines = 0;
  await mia.page.routeWebSocket("**/v1/live*", (socket) => {
    lines += 1;
    const server = socket.connectToServer();
    // The first one tells nothing any more, and doesn't close either.
    if (lines === 1) server.onMessage(() => {});
  });
  await mia.page.goto(mia.sign_in_url);
  await mia.page.getByRole("heading", { name: "All clear" }).waitFor();
  await soon(async () => (await mia.page.locator(".live").getAttribute("data-state")) === "on");
  await mia.posted("Pia Unheard");
  for (let minutes = 0; minutes < 4 && lines < 2; minutes += 1) await mia.page.clock.runFor(30_000);
  await soon(async () => (await mia.page.clock.runFor(1_000), lines === 2));
  await isListed(mia, "Pia Unheard");
  await mia.page.close();
});

test("of two windows of one person each knows what was done in the other, and that they signed out there", async () => {
  const tenant = await service.emptyTenant();
  const windows = await chrome.newContext();
  const one = await person(windows, { ...service, ...tenant });
  await one.posted("Rosa Decided");
  await one.posted("Sam Beside");
  await one.page.goto(tenant.sign_in_url);
  await isAt(one, "Rosa");
  const other = await person(windows, { ...service, ...tenant });
  await other.page.goto(tenant.url);
  await isAt(other, "Rosa");
  await soon(async () => (await other.page.locator(".live").getAttribute("data-state")) === "on");
  await one.pressUntil("a", one.undoShows("Rosa"));
  await other.page.getByText("You decided it elsewhere: approved.").waitFor();
  await one.page.locator("details.person summary").press("Enter");
  await one.page.getByRole("button", { name: "Sign out" }).press("Enter");
  await other.page.getByRole("heading", { name: "Your session has ended" }).waitFor();
  assert.deepEqual([one.errors, other.errors], [[], []]);
  await windows.close();
});

test("a link that signs in does so in a page that is already open, too", async () => {
  const mia = await newcomer();
  await mia.page.goto(mia.url);
  await mia.page.getByRole("heading", { name: "Sign in with your invitation" }).waitFor();
  await mia.page.goto(`${mia.url}/${new URL(mia.sign_in_url).hash}`);
  await mia.page.getByRole("heading", { name: "All clear" }).waitFor();
  await mia.page.close();
});

test("a key whose answer was lost is made once, and shown when it is asked for again", async () => {
  const mia = await newcomer();
  await mia.page.goto(mia.sign_in_url);
  await mia.page.locator(".live").waitFor();
  await mia.page.keyboard.press("s");
  await mia.page.getByLabel("Keys: Name").fill("night shift");
  await mia.page.route("**/v1/keys", async (route) => (await route.fetch(), route.abort()), { times: 1 });
  const make = mia.page.getByRole("button", { name: "Make a key" });
  await make.click();
  await mia.page.locator("#keys").getByRole("alert").waitFor();
  await make.click();
  await soon(async () => (await mia.page.locator("#keys").getByTestId("secret").inputValue().catch(() => "")).startsWith("csa_"));
  await soon(async () => (await mia.page.getByTestId("keys").locator("> li").filter({ hasText: "night shift" }).count()) === 1);
});
