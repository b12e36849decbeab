// The review page by keyboard alone, in real Chromium, against what `npm start` serves. Must not use
// a pointer, a reload or the page's own state: what is asserted is what a person sees and what the
// agent is told.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { changePolicy, signIn } from "../scripts/service.mjs";
import { shared } from "./browser.mjs";
import { verdictOn } from "./countersign.mjs";
import { SEEN_MS, person, signedIn, soon } from "./person.mjs";

const { service, chrome } = await shared();
const { page, errors, press, rows, heading, focused, waiting, undoShows, open, isWriting, pressUntil, accessible, agent, posted, settled, tells, allTold } = await person(chrome, service);

test("the invitation opens the queue, and the page allows no foreign script", async () => {
  const answer = await page.goto(service.sign_in_url);
  const policy = answer.headers()["content-security-policy"] ?? "";
  assert.match(policy, /default-src|script-src/);
  assert.doesNotMatch(policy, /'unsafe-inline'|'unsafe-eval'/);
  await page.getByTestId("draft").waitFor();
  await soon(async () => (await page.locator(".live").getAttribute("data-state")) === "on");
  assert.ok((await waiting()) > 10, "the demo queue is there");
  assert.match(await page.title(), /^\(\d+\) Countersign$/);
  assert.doesNotMatch(page.url(), /invitation/);
});

test("the API's document is served beside the page", async () => {
  const served = await fetch(`${service.url}/v1/openapi.json`);
  assert.equal(served.headers.get("content-type"), "application/json");
  assert.equal((await served.json()).openapi, "3.1.0");
});

test("the page opens at its own paths, and any other one is answered 404, with a way back", async () => {
  const at = (path) => fetch(service.url + path, { headers: { accept: "text/html" } });
  const links = await page.locator("header nav a").evaluateAll((all) => all.map((link) => link.getAttribute("href")));
  assert.equal(links.length, 7);
  for (const path of links) {
    const answer = await at(path);
    assert.deepEqual([answer.status, (await answer.text()).includes('id="page"')], [200, true], path);
    assert.match(answer.headers.get("content-security-policy"), /default-src 'self'/, path);
  }
  for (const path of ["/nowhere", "/trust/nowhere", "/drafts", "/assets/gone.js"]) {
    const answer = await at(path);
    assert.deepEqual([answer.status, (await answer.text()).includes('href="/"')], [404, true], path);
  }
  const program = await fetch(`${service.url}/nowhere`, { headers: { accept: "application/json" } });
  assert.equal(program.headers.get("content-type"), "application/problem+json");
  assert.deepEqual([program.status, (await program.json()).code], [404, "not_found"]);
  const api = await at("/v1/nowhere");
  assert.deepEqual([api.status, (await api.json()).code], [404, "not_found"]);
});

test("keys move through the queue", async () => {
  const first = await focused();
  await press("j");
  await soon(async () => (await focused()) !== first);
  const second = await focused();
  await press("ArrowDown");
  await soon(async () => (await focused()) !== second);
  await press("k", "ArrowUp");
  await soon(async () => (await focused()) === first);
});

test("a draft that is posted appears without a reload", async () => {
  const count = await waiting();
  await posted("Ada Arrives");
  await soon(async () => (await waiting()) === count + 1);
  await open("Ada Arrives");
});

test("one key approves, one takes it back", async () => {
  const id = await posted("Bea Approved");
  await open("Bea Approved");
  await pressUntil("a", undoShows("Bea Approved"));
  await press("u");
  await soon(async () => (await heading()) === "Bea Approved" && !(await undoShows("Bea Approved")()));
  await soon(async () => (await agent("GET", `/v1/drafts/${id}`)).body.status === "held");
  await pressUntil("a", undoShows("Bea Approved"));
  await tells(id, "approved", { text: "Your refund is on its way to you." });
});

test("an edit shows its difference and its kind as one types, and teaches the agent", async () => {
  const message = "How long do I have to hand my velvet sofa back?";
  const text = "30 days remain to hand the sofa back.";
  const conversation = { id: randomUUID(), head: "m1", messages: [{ id: "m1", role: "customer", text: message }] };
  const id = await posted("Cleo Edited", { text, body: { message, conversation } });
  await open("Cleo Edited");
  await pressUntil("e", isWriting);

  await press("Delete", "Delete");
  await page.keyboard.type("14");
  const diff = page.getByTestId("diff");
  await diff.locator("ins").filter({ hasText: "14" }).waitFor();
  await diff.locator("del").filter({ hasText: "30" }).waitFor();
  await page.locator('[data-kind="substantive"][aria-pressed="true"]').waitFor();
  await page.getByTestId("edit-reasons").filter({ hasText: "number" }).waitFor();
  await press("Control+Enter");
  await soon(undoShows("Cleo Edited"));

  const answer = await settled(id);
  assert.equal(answer.status, "edited");
  assert.equal(answer.outgoing.text, "14 days remain to hand the sofa back.");
  const similar = await soon(async () => {
    const found = await agent("POST", "/v1/corrections/similar", { message: "Until when can I return a velvet sofa?" });
    return JSON.stringify(found.body).includes("14 days remain") && found.body;
  });
  assert.match(JSON.stringify(similar), /30 days remain/);
});

test("a digit names the reason of a rejection", async () => {
  const id = await posted("Dora Rejected");
  await open("Dora Rejected");
  await pressUntil("r", () => page.getByRole("heading", { name: "Why is it rejected?" }).isVisible());
  // Whoever doesn't see the question hears it, and Tab leads to its answers.
  const asked = page.getByRole("region", { name: "Why is it rejected?" });
  await soon(() => asked.evaluate((panel) => panel === document.activeElement));
  await press("Tab", "Tab");
  assert.match(await page.evaluate(() => document.activeElement.textContent), /^\s*1/);
  await press("2");
  await soon(undoShows("Dora Rejected"));
  await soon(() => page.locator("#queue-list").evaluate((list) => list === document.activeElement));
  const answer = await settled(id);
  assert.equal(answer.status, "rejected");
  assert.match(JSON.stringify(answer), /outside the policy/, "the second of the category's reasons");
});

test("a key that is held down decides once", async () => {
  const ids = [await posted("Elsa Held One"), await posted("Elsa Held Two")];
  await press("Escape", "/");
  await page.keyboard.type("Elsa Held");
  await soon(async () => (await rows().count()) === 2);
  await press("Enter", "j");
  await soon(async () => (await heading()).startsWith("Elsa Held"));
  const statuses = () => Promise.all(ids.map(async (id) => (await agent("GET", `/v1/drafts/${id}`)).body.status));
  const held = async () => (await statuses()).filter((status) => status === "held").length;
  // The press counts once the draft has been in view for a moment; the service is asked whether it did,
  // so that a slow machine doesn't press a second time.
  await soon(async () => {
    await page.keyboard.up("a");
    await page.waitForTimeout(2 * SEEN_MS);
    await page.keyboard.down("a");
    for (let looks = 0; looks < 20; looks += 1) {
      if ((await held()) < 2) return true;
      await page.waitForTimeout(SEEN_MS / 2);
    }
    return false;
  });
  for (let again = 0; again < 8; again += 1) {
    await page.waitForTimeout(SEEN_MS / 4);
    await page.keyboard.down("a");
  }
  await page.keyboard.up("a");
  assert.equal(await held(), 1, (await statuses()).join(", "));
});

test("a draft that has just come into view can't be decided", async () => {
  await press("Escape");
  await rows().nth(5).waitFor();
  // Both keys within one moment, which only the page itself can do on a slow machine.
  const tried = await soon(async () => {
    const count = await waiting();
    const elapsed = await page.evaluate(async () => {
      const type = (key) => document.querySelector("#queue-list").dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
      const frame = () => new Promise((done) => requestAnimationFrame(done));
      const started = performance.now();
      type("j");
      for (let frames = 0; frames < 3; frames += 1) await frame();
      type("a");
      return performance.now() - started;
    });
    return elapsed < SEEN_MS && { count };
  });
  await page.waitForTimeout(200);
  assert.equal(await waiting(), tried.count, "nothing was decided");
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing to object to in ${colorScheme}`, async () => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await open("Ada Arrives");
    await accessible("the review");
    await pressUntil("r", () => page.locator("#choice-title").isVisible());
    await accessible("the choice of a reason");
    await press("Escape");
    await pressUntil("e", () => page.getByTestId("editor").isVisible());
    await page.keyboard.type("Hello. ");
    await page.getByTestId("diff").waitFor();
    await accessible("the editor");
    await press("Escape");
    await page.getByTestId("editor").waitFor({ state: "detached" });
    await press("?");
    await page.getByRole("dialog").waitFor();
    await accessible("the help");
    await press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await press("m");
    await page.getByTestId("corrections").getByRole("listitem").filter({ hasText: "velvet sofa" }).first().waitFor();
    await accessible("the memory");
    await press("l");
    await page.getByTestId("audit").getByRole("listitem").first().waitFor();
    await accessible("the audit log");
    await press("v");
    await page.getByTestId("draft").waitFor();
  });
}

test("a fault in one part of the page leaves the others, and is told where it is", async () => {
  const someone = await signedIn(chrome, service);
  const { page } = someone;
  const broken = (part) => part.getByText("A fault stopped this part of the page.");
  await someone.posted("Gil Broken");
  const id = await someone.posted("Gil Whole");
  // As an answer would be that this page was not made for.
  let faulty = "Gil Broken";
  await page.route("**/v1/drafts/*", async (route) => {
    const answer = await route.fetch();
    const body = await answer.json();
    if (faulty && body.draft?.customer?.name?.startsWith(faulty)) body.decision.reasons = {};
    return route.fulfill({ response: answer, json: body });
  });
  await page.locator("#queue-search").fill("Gil Broken");
  await someone.rows().first().click();
  await broken(page.getByRole("main")).first().waitFor();
  await someone.accessible("a part that is broken");
  await page.locator("#queue-search").fill("Gil Whole");
  await someone.rows().first().click();
  await page.getByTestId("draft").waitFor();
  await page.locator("aside.why h2").waitFor();
  assert.equal(await broken(page).count(), 0);

  // Seen long enough, it changes into what can't be drawn: so it can't be decided.
  await page.waitForTimeout(2 * SEEN_MS);
  faulty = "Gil";
  const elsewhere = await signIn(service.sign_in_url);
  const given = verdictOn((await elsewhere(`/v1/drafts/${id}`)).body, { kind: "approve" });
  await elsewhere(`/v1/drafts/${id}/verdict`, { method: "PUT", body: given });
  await elsewhere(`/v1/drafts/${id}/verdict`, { method: "DELETE", body: { verdict_id: given.verdict_id } });
  await page.getByTestId("draft").waitFor({ state: "detached" });
  await broken(page.getByRole("main")).first().waitFor();
  await someone.press("a");
  await page.waitForTimeout(SEEN_MS);
  assert.equal(await someone.statusOf(id), "held", "nobody sees it");

  await page.route("**/v1/trust*", (route) => route.fulfill({ json: { categories: [null] } }));
  await page.getByRole("link", { name: "Trust" }).click();
  await broken(page).waitFor();
  faulty = null;
  await page.unroute("**/v1/trust*");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("heading", { name: "The last four weeks" }).waitFor();
  assert.equal(await broken(page).count(), 0);
  assert.ok(someone.errors.length > 0, "and in the browser's console");
  await page.close();
});

test("what a fault took out of sight is not sent, neither a choice nor what was typed", async () => {
  const someone = await signedIn(chrome, service);
  const { page } = someone;
  const id = await someone.posted("Hob Hidden");
  const answers = async (draft) => {
    await page.unrouteAll({ behavior: "wait" });
    await page.route("**/v1/drafts/*", async (route) => {
      const answer = await route.fetch();
      const body = await answer.json();
      return route.fulfill({ response: answer, json: { ...body, ...(body.draft && draft) } });
    });
  };
  const elsewhere = await signIn(service.sign_in_url);
  /** The draft changes: what it is now is fetched, and can't be drawn. */
  const breaks = async () => {
    await answers({ decision: { reasons: {} } });
    const given = verdictOn((await elsewhere(`/v1/drafts/${id}`)).body, { kind: "approve" });
    await elsewhere(`/v1/drafts/${id}/verdict`, { method: "PUT", body: given });
    await elsewhere(`/v1/drafts/${id}/verdict`, { method: "DELETE", body: { verdict_id: given.verdict_id } });
    await page.locator("section.draft").waitFor({ state: "detached" });
    await page.getByText("A fault stopped this part of the page.").first().waitFor();
  };
  const heals = async () => {
    await page.unrouteAll({ behavior: "wait" });
    await page.reload();
    await page.getByTestId("draft").waitFor();
  };
  const isHeld = async (why) => {
    await page.waitForTimeout(2 * SEEN_MS);
    assert.equal(await someone.statusOf(id), "held", why);
  };
  await someone.open("Hob Hidden");
  await someone.pressUntil("r", async () => (await page.getByRole("heading", { name: "Why is it rejected?" }).count()) === 1);
  await breaks();
  await someone.press("1");
  await isHeld("a choice that nobody sees");
  await heals();
  await someone.pressUntil("e", someone.isWriting);
  await page.keyboard.type("Well. ");
  await breaks();
  await someone.press("Control+Enter");
  await isHeld("words that nobody sees");
  await heals();
  await soon(someone.isWriting);
  assert.match(await someone.editor().inputValue(), /^Well\. /, "they are kept");
  await page.close();
});

test("whoever edits what belongs to a person by now writes the answer, and gives no command by it", async () => {
  const desk = { ...service, ...(await service.emptyTenant()) };
  const mia = await person(chrome, desk);
  await mia.page.goto(desk.sign_in_url);
  const id = await mia.posted("Lea Begun", { text: "We refund nothing." });
  await mia.page.getByTestId("draft").getByText("refund nothing").waitFor();
  await mia.pressUntil("e", mia.isWriting);
  await mia.page.keyboard.type("Hello! ");
  await mia.press("Escape");
  const guardrails = [{ name: "ours", when: { kind: "message" }, route: "human", because: "A person writes." }];
  await changePolicy(await signIn(desk.sign_in_url), "all is a person's", (document) => ({ ...document, guardrails }));
  await mia.page.getByTestId("draft").getByText("Background").waitFor();
  await mia.pressUntil("e", mia.isWriting);
  assert.equal(await mia.editor().inputValue(), "Hello! We refund nothing.", "what was begun is there");
  await mia.page.keyboard.type("dear Hh");
  assert.equal(await mia.editor().inputValue(), "Hello! dear HhWe refund nothing.");
  assert.equal(await mia.statusOf(id), "with_human");
  await mia.page.close();
});

test("what is typed where nothing can be written is no command, until Escape says so", async () => {
  const desk = { ...service, ...(await service.emptyTenant()) };
  const session = await signIn(desk.sign_in_url);
  const mia = await person(chrome, desk);
  const names = ["Noa One", "Noa Two", "Noa Acts"];
  const ids = [];
  for (const name of names) ids.push(await mia.posted(name, name === "Noa Acts" ? { body: { kind: "action", channel: "crm", draft: { action: { name: "add_tag", args: { tag: "vip" } } } } } : {}));
  await changePolicy(session, "all else goes out", (document) => ({ ...document, categories: { "billing.refund": { start_level: 3, ceiling: 3, sample_rate: 1 } } }));
  ids.push(await mia.posted("Noa Out", { status: "released" }));
  await mia.page.goto(desk.sign_in_url);
  const refused = (why) => mia.page.getByTestId("refused").filter({ hasText: why });
  const zone = mia.page.locator("section.draft");
  /** Each of these letters means something where nobody writes. */
  const typeInVain = async (key, why) => {
    await mia.page.waitForTimeout(2 * SEEN_MS);
    await mia.press(key);
    await refused(why).waitFor();
    await mia.page.keyboard.type("a day, 1 hour? /jkxyzgtcu v");
    await refused(why).waitFor();
    assert.deepEqual([await mia.page.locator("dialog").count(), new URL(mia.page.url()).pathname.startsWith("/drafts/")], [0, true]);
    assert.deepEqual(await Promise.all(ids.map(mia.statusOf)), ["held", "held", "held", "released"]);
  };
  await soon(async () => (await mia.heading()).startsWith("Noa One"));
  await zone.getByText("on its way to you").waitFor();
  await mia.pressUntil("z", async () => (await mia.page.getByTestId("batch").count()) === 1);
  await typeInVain("w", "chosen");
  await mia.accessible("what can't be written");
  await mia.press("Escape");
  await refused("").waitFor({ state: "detached" });
  await soon(() => mia.page.locator("#queue-list").evaluate((list) => list === document.activeElement));
  await mia.press("Escape", "j", "j");
  await zone.getByText("vip").waitFor();
  await typeInVain("w", "An action has no text");
  // What is asked for by another key is done.
  await mia.press("ArrowDown");
  await refused("").waitFor({ state: "detached" });
  await soon(async () => (await mia.heading()).startsWith("Noa Out"));
  await typeInVain("e", "It is out already");
  await refused("").getByRole("button", { name: "Go on" }).press("Enter");
  await mia.press("k");
  await soon(async () => (await mia.heading()).startsWith("Noa Acts"));
  assert.deepEqual(mia.errors, []);
  await mia.page.close();
});

test("an edit is begun as soon as its draft stands there: no letter of it is taken for a verdict", async () => {
  const desk = { ...service, ...(await service.emptyTenant()) };
  const ivy = await person(chrome, desk);
  const ids = [await ivy.posted("Ivy One"), await ivy.posted("Ivy Two", { text: "We call." })];
  await ivy.page.goto(desk.sign_in_url);
  await soon(async () => (await ivy.heading()).startsWith("Ivy One") && (await ivy.page.getByTestId("draft").isVisible()));
  // Both keys within one moment, which only the page itself can do on a slow machine.
  await ivy.page.evaluate(async () => {
    const type = (key) => document.querySelector("#queue-list").dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    type("j");
    for (let frames = 0; frames < 3; frames += 1) await new Promise((done) => requestAnimationFrame(done));
    type("e");
  });
  await soon(ivy.isWriting);
  await ivy.page.keyboard.type("and ");
  assert.equal(await ivy.editor().inputValue(), "and We call.");
  assert.deepEqual(await Promise.all(ids.map(ivy.statusOf)), ["held", "held"]);
  await ivy.page.close();
});

test("U is about what was done last: where that can't be taken back, nothing before it is in its place", async () => {
  const desk = { ...service, ...(await service.emptyTenant()) };
  const session = await signIn(desk.sign_in_url);
  const mia = await person(chrome, desk);
  const held = await mia.posted("Ula Held");
  await changePolicy(session, "all else goes out", (document) => ({ ...document, undo_window_s: 60, categories: { "billing.refund": { start_level: 3, ceiling: 3, sample_rate: 1 } } }));
  const out = await mia.posted("Ula Out", { status: "released" });
  await mia.page.goto(desk.sign_in_url);
  await soon(async () => (await mia.heading()).startsWith("Ula Held") && (await mia.page.getByTestId("draft").isVisible()));
  await mia.pressUntil("a", mia.undoShows("Approved Ula Held"));
  await soon(async () => (await mia.heading()).startsWith("Ula Out"));
  const last = mia.page.getByTestId("final");
  await mia.pressUntil("y", () => last.isVisible());
  assert.match(await last.innerText(), /Confirmed Ula Out.*\s+counts at once/);
  assert.equal(await mia.page.locator("[data-action=undo]").count(), 0);
  await mia.accessible("what counts at once");
  await mia.press("u");
  await mia.page.getByTestId("notices").getByText("can't be taken back").waitFor();
  await mia.page.waitForTimeout(SEEN_MS);
  assert.deepEqual(await Promise.all([held, out].map(mia.statusOf)), ["pending", "released"]);
  assert.ok(await mia.undoShows("Approved Ula Held")());
  await mia.press("u");
  await soon(async () => (await mia.statusOf(held)) === "held");
  assert.deepEqual(mia.errors, []);
  await mia.page.close();
});

test("the agent is told what was decided, once it counts", allTold);

test("the browser had nothing to complain about", () => {
  assert.deepEqual(errors, []);
});
