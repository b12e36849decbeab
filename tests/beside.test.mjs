// What stands beside a draft and what a reviewer makes of it: the kind of an edit, what memory knows,
// sources, one's own drafts, the state of the queue, first steps, notices. Must not use the page's own
// state: what is asserted is what a person sees and what the agent is told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { changePolicy, signIn } from "../scripts/service.mjs";
import { shared } from "./browser.mjs";
import { SEEN_MS, person, signedIn, soon } from "./person.mjs";

const { service, chrome } = await shared();
const lead = await signedIn(chrome, service);

test("a reviewer sees the kind of an edit otherwise, by keyboard, and that is what is learnt", async () => {
  const message = "May I take my parrot into the coworking lounge?";
  const id = await lead.posted("Bo Overrules", { text: "Yes, parrots are welcome in our lounge.", body: { message } });
  await lead.open("Bo Overrules");
  await lead.pressUntil("e", lead.isWriting);
  await lead.page.keyboard.type("Hello. ");
  const kind = (name) => lead.page.locator(`[data-kind="${name}"]`);
  await lead.page.locator('[data-kind][aria-pressed="true"]').first().waitFor();
  const [found, other] = (await kind("cosmetic").getAttribute("aria-pressed")) === "true" ? ["cosmetic", "substantive"] : ["substantive", "cosmetic"];
  for (let tabs = 0; tabs < 4 && !(await kind(other).evaluate((button) => button === document.activeElement)); tabs += 1) await lead.press("Tab");
  await lead.press("Space");
  await lead.page.getByText("your choice").waitFor();
  assert.equal(await kind(found).getAttribute("aria-pressed"), "false");
  await lead.press("Control+Enter");
  await soon(lead.undoShows("Bo Overrules"));
  assert.equal((await lead.settled(id)).status, "edited");
  const learnt = await soon(async () => {
    const { body } = await lead.agent("POST", "/v1/corrections/similar", { message });
    return body.examples?.find((example) => example.message === message);
  });
  assert.equal(learnt.edit_kind, other);
});

test("an action is edited as a form: its amount as money, what is changed marked with what it was", async () => {
  const action = { name: "refund", args: { invoice: "INV-7781", amount: 50, currency: "USD", reason: "ordered twice" } };
  const id = await lead.posted("Ida Refund", { body: { kind: "action", channel: "billing", draft: { action } } });
  await lead.open("Ida Refund");
  const form = lead.page.getByTestId("draft");
  await form.getByText("US$50.00").waitFor();
  const amount = form.getByLabel("Amount");
  await lead.pressUntil("e", async () => amount.evaluate((field) => field.tagName === "INPUT" && field === document.activeElement));
  assert.equal(await form.locator("input.field:not(.lesson)").count(), 2, "what the catalogue doesn't let be edited stays as it is");
  await lead.page.keyboard.type("much");
  assert.equal(await amount.inputValue(), "much", "what is typed stands in place of what was drafted");
  await form.getByText("not a value of this field").waitFor();
  assert.ok(await lead.page.locator('[data-action="send"]').isDisabled(), "what can't be read can't be sent");
  await amount.fill("45.50");
  const row = form.locator(".field-row.changed");
  await row.getByText("was US$50.00").waitFor();
  await row.getByText("US$45.50").waitFor();
  assert.equal(await row.count(), 1);
  await lead.page.locator('[data-kind="substantive"][aria-pressed="true"]').waitFor();
  await lead.accessible("an action's form");
  await lead.page.reload();
  await soon(async () => (await amount.inputValue().catch(() => "")) === "45.5" || (await amount.inputValue().catch(() => "")) === "45.50");
  await lead.press("Control+Enter");
  const { status, outgoing } = await lead.settled(id);
  assert.deepEqual([status, outgoing.action.args], ["edited", { ...action.args, amount: 45.5 }]);
  await lead.press("m");
  const learnt = lead.page.getByTestId("corrections").getByRole("listitem").filter({ hasText: "INV-7781" }).first();
  await soon(async () => /Amount: 50 ?45\.5\s+Currency: USD/.test(await learnt.innerText().catch(() => "")));
  await lead.press("v");
});

test("money is written as its country writes it and read by its place, to the last minor unit", async () => {
  const tenant = await service.emptyTenant();
  const session = await signIn(tenant.sign_in_url);
  const pay = { stakes: "financial", money: [{ pointer: "/amount", unit: "minor", currency_pointer: "/currency" }] };
  await changePolicy(session, "payments", (document) => ({ ...document, undo_window_s: 1, actions: { pay } }));
  const uwe = await person(chrome, { ...service, ...tenant }, { locale: "de-DE" });
  const posted = (name, args) => uwe.posted(name, { body: { kind: "action", channel: "billing", draft: { action: { name: "pay", args } } } });
  const form = uwe.page.getByTestId("draft");
  const amount = form.getByLabel("Amount");
  const tries = [
    // A forint has a hundred minor units, though its prices are written without them.
    { currency: "HUF", minor: 1_250_000, shown: "12.500,00\u00a0HUF", wrong: "1,234", typed: "9.800,5", next: 980_050 },
    { currency: "JPY", minor: 12_500, shown: "12.500\u00a0¥", wrong: "12,5", typed: "9.800", next: 9_800 },
    { currency: "KWD", minor: 12_500, shown: "12,500\u00a0KWD", wrong: "1.2.3", typed: "1.234,5", next: 1_234_500 },
    { currency: "EUR", minor: 12_500, shown: "125,00\u00a0€", wrong: "viel", typed: "99.5", next: 9_950 },
  ];
  for (const [index, { currency, minor, shown, wrong, typed, next }] of tries.entries()) {
    const id = await posted(`Udo ${currency}`, { amount: minor, currency });
    if (index === 0) await uwe.page.goto(tenant.sign_in_url);
    await form.getByText(shown, { exact: true }).waitFor();
    await uwe.pressUntil("e", async () => amount.evaluate((field) => field.tagName === "INPUT" && field === document.activeElement));
    assert.equal(await amount.inputValue(), shown.split("\u00a0")[0].replaceAll(".", ""));
    await amount.fill(wrong);
    await form.getByText("not a value of this field").waitFor();
    await amount.fill(typed);
    await uwe.press("Control+Enter");
    const { status, outgoing } = await uwe.settled(id);
    assert.deepEqual([status, outgoing.action.args], ["edited", { amount: next, currency }]);
  }
  assert.deepEqual(uwe.errors, []);
  await uwe.page.close();
});

test("what is out isn't said to be held, whatever the policy alone had done", async () => {
  const tenant = await service.emptyTenant();
  const session = await signIn(tenant.sign_in_url);
  const threats = { name: "threats", when: { words: ["lawyer"] }, route: "human", because: "Threats are answered by a person." };
  await changePolicy(session, "threats", (document) => ({ ...document, guardrails: [threats] }));
  const mia = await person(chrome, { ...service, ...tenant });
  const heading = (text) => mia.page.locator("aside.why h2").filter({ hasText: text }).waitFor();
  const threat = { message: "My lawyer writes to you tomorrow." };
  await mia.posted("Ira Held");
  await mia.posted("Jon Threat", { status: "with_human", body: threat });
  await mia.page.goto(tenant.sign_in_url);
  await mia.page.getByTestId("draft").waitFor();
  await mia.open("Ira Held");
  await heading("The policy held this for a verdict");
  await mia.open("Jon Threat");
  await heading("The policy gave this to a person");

  // An agent that is only watched lets everything out.
  assert.ok((await session("/v1/agents/support-bot/shadow", { method: "PUT", body: { shadow: true } })).status < 300);
  await mia.posted("Kim Out", { status: "released" });
  await mia.posted("Lea Threat", { status: "released", body: threat });
  await mia.open("Kim Out");
  await heading("It is out; the policy alone would have held it");
  await mia.open("Lea Threat");
  await heading("It is out; the policy alone would have given it to a person");
  await mia.page.close();
});

test("a page of before a deployment says so where it judges an edit, and nowhere else", async () => {
  const tenant = await service.emptyTenant();
  const mia = await person(chrome, { ...service, ...tenant });
  const hint = mia.page.getByText(/Countersign has been updated/);
  let version = null;
  await mia.page.route("**/v1/health", async (route) => {
    const response = await route.fetch();
    const health = await response.json();
    await route.fulfill({ response, json: { ...health, engine_version: (version = health.engine_version + 1) } });
  });
  await mia.posted("Max Earlier");
  await mia.page.goto(tenant.sign_in_url);
  await mia.page.getByTestId("draft").waitFor();
  await mia.open("Max Earlier");
  await mia.pressUntil("e", mia.isWriting);
  assert.equal(version, null, "who edits nothing asks for no version");
  assert.equal(await hint.count(), 0);
  await mia.page.keyboard.type("Hello. ");
  await hint.waitFor();
  await mia.accessible("an edit on a page of before");
  await mia.page.close();
});

test("of two people the second sees what the first made of it, and agrees by one key or starts anew", async () => {
  const tenant = await service.emptyTenant();
  const session = await signIn(tenant.sign_in_url);
  await changePolicy(session, "two people decide", (document) => ({ ...document, undo_window_s: 1, defaults: { ...document.defaults, four_eyes: true } }));
  const desk = { ...service, ...tenant };
  const mia = await person(chrome, desk);
  await mia.page.goto(tenant.sign_in_url);
  await mia.page.getByRole("heading", { name: "All clear" }).waitFor();
  const tom = await person(chrome, desk);
  await tom.page.goto(await tenant.invite("tom@larkspur.example", "reviewer"));
  await tom.page.getByRole("heading", { name: "All clear" }).waitFor();
  const here = (someone, words) => soon(async () => (await someone.page.getByTestId("draft").innerText().catch(() => "")).includes(words));

  const id = await mia.posted("Una Twice", { text: "Your refund comes in May." });
  await here(mia, "in May");
  await mia.pressUntil("e", mia.isWriting);
  await mia.page.keyboard.type("Dear Una. ");
  await mia.press("Control+Enter");
  await mia.page.getByRole("heading", { name: "All clear" }).waitFor();
  assert.equal(await mia.statusOf(id), "held", "one person is not enough");
  await here(tom, "Dear Una. Your refund comes in May.");
  await tom.rows().filter({ hasText: "second look" }).waitFor();
  const handover = tom.page.getByTestId("handover");
  await handover.getByText(/has edited it\. It leaves when a second person agrees/).waitFor();
  await handover.getByTestId("first-changes").locator("ins").filter({ hasText: "Dear Una." }).waitFor();
  await tom.accessible("a second look");

  await tom.pressUntil("e", tom.isWriting);
  assert.equal(await tom.editor().inputValue(), "Dear Una. Your refund comes in May.", "it goes on from the first one's words");
  await tom.page.keyboard.type("Hello! ");
  await tom.press("Control+Enter");
  await here(mia, "Hello! Dear Una.");
  assert.equal(await mia.statusOf(id), "held", "another edit starts anew");
  await mia.pressUntil("a", async () => (await mia.rows().count()) === 0);
  const { status, outgoing } = await mia.settled(id);
  assert.deepEqual([status, outgoing.text], ["edited", "Hello! Dear Una. Your refund comes in May."]);

  // What a person has to do can't be approved; what another person made of it can be agreed to.
  await changePolicy(session, "late is a person's", (document) => ({ ...document, defaults: { ...document.defaults, deadline_s: 2, on_expiry: "human" } }));
  const late = await mia.posted("Una Late", { text: "We refund nothing." });
  await soon(async () => (await mia.statusOf(late)) === "with_human");
  await here(mia, "refund nothing");
  await mia.pressUntil("w", mia.isWriting);
  await mia.page.keyboard.type("Here is your refund.");
  await mia.press("Control+Enter");
  await here(tom, "Here is your refund.");
  await tom.pressUntil("a", async () => (await tom.rows().count()) === 0);
  const answered = await mia.settled(late);
  assert.deepEqual([answered.status, answered.outgoing.text], ["responded", "Here is your refund."]);
  assert.deepEqual([...mia.errors, ...tom.errors], []);
  await Promise.all([mia.page.close(), tom.page.close()]);
});

test("what nobody can have read is looked at by another person, who sees nothing of the first", async () => {
  const tenant = await service.emptyTenant();
  const session = await signIn(tenant.sign_in_url);
  await changePolicy(session, "every fast approval is looked at", (document) => ({ ...document, undo_window_s: 1, categories: { "billing.refund": { start_level: 1, ceiling: 3, second_look_rate: 1 } } }));
  const desk = { ...service, ...tenant };
  const mia = await person(chrome, desk);
  await mia.page.goto(await tenant.invite("mia@larkspur.example", "reviewer"));
  await mia.page.getByRole("heading", { name: "All clear" }).waitFor();
  // Nothing speaks against it, so that an approval would be evidence; but nobody reads so fast.
  const text = "Your refund is on its way to you. ".repeat(20);
  const id = await mia.posted("Bea Blind", { body: { confidence: 0.95, draft: { text } } });
  await mia.page.getByTestId("draft").filter({ hasText: "on its way to you" }).waitFor();
  await mia.pressUntil("a", async () => (await mia.statusOf(id)) !== "held");

  const tom = await person(chrome, desk);
  await tom.page.goto(await tenant.invite("tom@larkspur.example", "reviewer"));
  await tom.page.getByTestId("draft").filter({ hasText: "on its way to you" }).waitFor();
  assert.equal((await mia.settled(id)).status, "approved");
  await mia.page.getByRole("heading", { name: "All clear" }).waitFor();
  await mia.page.reload();
  await mia.page.getByRole("heading", { name: "All clear" }).waitFor();
  const seen = (await tom.page.locator("body").innerText()).toLowerCase();
  assert.deepEqual(["mia is looking", "approved", "second look"].filter((word) => seen.includes(word)), [], "it says nothing of the first");
  await tom.accessible("a blind look");
  // A second look is to be one: 60 characters can be read in a second.
  await tom.page.waitForTimeout((1_000 * (text.length + 200)) / 60);
  await tom.pressUntil("y", async () => (await tom.rows().count()) === 0);
  assert.equal(await tom.page.getByTestId("undo").count(), 0, "what is said of what is out counts at once");
  const agreed = await soon(async () => {
    const { categories } = (await session("/v1/trust")).body;
    return categories.flatMap(({ agents }) => agents).find(({ readiness }) => readiness.labelled === 1);
  });
  assert.equal(agreed.readiness.clean, 1, "both agree: it is evidence");
  assert.deepEqual([...mia.errors, ...tom.errors], []);
  await Promise.all([mia.page.close(), tom.page.close()]);
});

test("one's own verdicts are found again: taken back in time, corrected when they are out", async () => {
  const tenant = await service.emptyTenant();
  const session = await signIn(tenant.sign_in_url);
  const undoWithin = (undo_window_s) => changePolicy(session, "a window of its own", (document) => ({ ...document, undo_window_s }));
  await undoWithin(60);
  const nan = await person(chrome, { ...service, ...tenant });
  const id = await nan.posted("Nan Found", { text: "We never close." });
  await nan.page.goto(tenant.sign_in_url);
  await nan.page.getByTestId("draft").waitFor();
  const approved = () => nan.pressUntil("a", async () => (await nan.statusOf(id)) !== "held");
  await approved();
  await nan.press("i");
  const found = nan.page.getByTestId("history").getByRole("listitem").filter({ hasText: "Nan Found" });
  await found.getByRole("button", { name: "Take back Nan Found" }).press("Enter");
  await soon(async () => (await nan.statusOf(id)) === "held");

  await undoWithin(1);
  await nan.page.goto(tenant.url);
  await nan.page.getByTestId("draft").waitFor();
  await approved();
  assert.equal((await nan.settled(id)).status, "approved");
  await nan.press("i");
  await nan.page.getByLabel("Search your verdicts").fill("never close");
  await found.getByRole("button", { name: "It was wrong Nan Found" }).press("Enter");
  await soon(async () => (await nan.heading()).startsWith("Nan Found"));
  await nan.page.getByText("What is done about it?").waitFor();
  await nan.press("1");
  await soon(async () => (await nan.statusOf(id)) === "corrected");
  assert.deepEqual(nan.errors, []);
  await nan.page.close();
});

test("the nearest known message stands beside a draft, with the category that knows it", async () => {
  await lead.posted("Cy Familiar", { body: { message: "Is my parrot allowed in the coworking lounge, too?" } });
  await lead.open("Cy Familiar");
  const familiarity = lead.page.getByTestId("familiarity");
  await familiarity.getByText("May I take my parrot into the coworking lounge?").waitFor();
  await familiarity.getByText(/billing\.refund/).waitFor();
  await lead.accessible("what memory knows");
});

test("figures of a draft are numbered by the source that backs them, and others are not", async () => {
  const sources = [{ title: "Terms", quote: "Nothing of use." }, { title: "Refund policy", url: "https://larkspur.example/refunds", quote: "Refunds take 14 days." }];
  await lead.posted("Di Sourced", { text: "It takes 14 days, or 99 at worst.", body: { sources } });
  await lead.open("Di Sourced");
  const listed = lead.page.getByTestId("sources").getByRole("listitem");
  await listed.filter({ hasText: "Refund policy" }).waitFor();
  assert.match(await listed.filter({ hasText: "Refund policy" }).innerText(), /^2/);
  assert.deepEqual(await lead.page.getByTestId("draft").locator("sup").allInnerTexts(), ["2"], "of two figures one is backed");
});

test("what can't be seen in a message is spelt out: hidden words, and turns of direction", async () => {
  const hidden = [..."obey"].map((letter) => String.fromCodePoint(0xe0000 + letter.codePointAt(0))).join("");
  const scotland = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}";
  await lead.posted("Dot Hides", { body: { message: `Hello ${scotland}${hidden}, pay \u202e001\u202c now.` } });
  await lead.open("Dot Hides");
  const said = lead.page.locator(".words").filter({ hasText: "now." });
  await soon(async () => (await said.locator(".ghost").allInnerTexts()).join("").includes("U+202E"));
  const ghosts = await said.locator(".ghost").allInnerTexts();
  assert.deepEqual([ghosts.slice(0, -2).join(""), ...ghosts.slice(-2)], ["obey", "U+202E", "U+202C"]);
  assert.ok((await said.innerText()).includes(scotland), "a flag stays one");
});

test("a draft can be handed to everybody of a bigger team, the first by a digit", async () => {
  for (let number = 1; number <= 11; number += 1) await signIn(await service.invite(`team${number}@larkspur.example`, "reviewer"));
  await lead.posted("Dov Handed");
  await lead.open("Dov Handed");
  await lead.pressUntil("o", () => lead.page.locator("#choice-title").isVisible());
  const options = lead.page.locator(".options button");
  await soon(async () => (await options.count()) >= 13);
  assert.equal(await options.locator("kbd").count(), 9);
  await options.last().click();
  await soon(async () => (await lead.page.getByTestId("notices").innerText()).includes("Dov Handed"));
});

test("one key shows only one's own drafts, and Escape all of them", async () => {
  await lead.posted("Eve Mine");
  await lead.open("Eve Mine");
  await lead.pressUntil("o", () => lead.page.locator("#choice-title").isVisible());
  await lead.press("1");
  await soon(async () => (await lead.rows().filter({ hasText: "for you" }).count()) === 1);
  await lead.press("Escape", "q");
  const others = async () => lead.rows().filter({ hasNotText: /for you/ }).filter({ hasNotText: await lead.heading() });
  await soon(async () => (await (await others()).count()) === 0);
  assert.ok((await lead.rows().filter({ hasText: "Eve Mine" }).count()) > 0);
  assert.equal(await lead.page.locator('[data-action="mine"]').getAttribute("aria-pressed"), "true");
  await lead.press("Escape");
  await soon(async () => (await lead.rows().count()) > 5);
});

test("a claim whose answer comes after one has gone on is let go", async () => {
  const ids = [await lead.posted("Flo Left"), await lead.posted("Flo Stayed")];
  const claim = `**/v1/drafts/${ids[0]}/lease`;
  const slow = Promise.withResolvers();
  const asked = [];
  await lead.page.route(claim, async (route) => {
    asked.push(route.request().method());
    await slow.promise;
    await route.continue();
  });
  await lead.open("Flo Left");
  await soon(() => asked.includes("PUT"));
  const stayed = lead.page.waitForResponse(`**/v1/drafts/${ids[1]}/lease`);
  await lead.open("Flo Stayed");
  await stayed;
  slow.resolve();
  await soon(() => asked.includes("DELETE"));
  await lead.page.unroute(claim, { behavior: "wait" });
  await lead.press("Escape", "q");
  await soon(async () => (await lead.rows().filter({ hasText: "Flo Stayed" }).count()) === 1);
  await soon(async () => (await lead.rows().filter({ hasText: "Flo Left" }).count()) === 0);
  await lead.press("Escape");
});

test("no key counts while an input method composes", async () => {
  const id = await lead.posted("Fumi Composes");
  await lead.open("Fumi Composes");
  await lead.pressUntil("e", lead.isWriting);
  const browserSide = await lead.page.context().newCDPSession(lead.page);
  await browserSide.send("Input.imeSetComposition", { text: "にほn", selectionStart: 3, selectionEnd: 3 });
  await soon(async () => (await lead.editor().inputValue()).startsWith("にほn"));
  // What a browser sends for a key that the input method takes.
  const composed = (key) => lead.editor().evaluate((field, key) => field.dispatchEvent(new KeyboardEvent("keydown", { key, ctrlKey: key === "Enter", isComposing: true, keyCode: 229, bubbles: true, cancelable: true })), key);
  await composed("Enter");
  await composed("Escape");
  assert.ok(await lead.isWriting(), "neither sent nor left");
  await browserSide.send("Input.insertText", { text: "日本" });
  assert.match(await lead.editor().inputValue(), /^日本Your refund/);
  assert.equal(await lead.statusOf(id), "held");
  await lead.press("Control+Enter");
  await lead.tells(id, "edited", { text: "日本Your refund is on its way to you." });
});

test("a draft that is soon late is told while one looks elsewhere, without a word of it", async () => {
  const context = await chrome.newContext({ permissions: ["notifications"], locale: "en-GB" });
  // The browser's own notices, noted on their way.
  await context.addInitScript(() => {
    globalThis.told = [];
    const Real = globalThis.Notification;
    globalThis.Notification = class extends Real {
      constructor(title, options) {
        super(title, options);
        globalThis.told.push([title, options.body]);
      }
    };
  });
  const tenant = await service.emptyTenant();
  const session = await signIn(tenant.sign_in_url);
  await changePolicy(session, "all is urgent", (document) => ({ ...document, defaults: { ...document.defaults, deadline_s: 600 } }));
  const away = await context.newPage();
  await away.goto(tenant.sign_in_url);
  await away.getByRole("heading", { name: "All clear" }).waitFor();
  await soon(async () => (await away.locator(".live").getAttribute("data-state")) === "on");
  // A browser under test says that each of its pages has the focus: this one shall not.
  const elsewhere = await context.newPage();
  await elsewhere.bringToFront();
  const browserSide = await context.newCDPSession(away);
  await browserSide.send("Emulation.setFocusEmulationEnabled", { enabled: false });
  await soon(() => away.evaluate(() => !document.hasFocus()));
  const { posted } = await person(chrome, { ...service, ...tenant });
  await posted("Gil Urgent", { text: "A secret of Gil." });
  const told = await soon(async () => (await away.evaluate(() => globalThis.told)).at(0));
  assert.equal(told[0], "A draft is soon late");
  assert.match(told[1], /^billing\.refund, due in/);
  await context.close();
});

test("an empty review leads to the first steps, and says later when a deadline is in danger", async () => {
  const tenant = await service.emptyTenant();
  const founder = await person(chrome, { ...service, ...tenant });
  await founder.page.goto(tenant.sign_in_url);
  await founder.page.getByRole("heading", { name: "All clear" }).waitFor();
  await founder.accessible("an empty review");
  const steps = founder.page.getByRole("link", { name: /first steps/ });
  await steps.waitFor();
  await founder.page.setViewportSize({ width: 390, height: 844 });
  await founder.accessible("an empty review on a phone");
  await steps.click();
  await founder.page.getByRole("heading", { level: 2, name: "Settings" }).waitFor();
  await founder.page.setViewportSize({ width: 1440, height: 900 });
  await founder.press("v");
  await founder.page.getByRole("heading", { name: "All clear" }).waitFor();
  await founder.posted("Hal First", { body: { category: undefined } });
  await soon(async () => (await founder.heading()).startsWith("Hal First"));
  await founder.page.reload();
  await founder.page.getByTestId("strain").getByText(/a deadline will be missed in/).waitFor();
  await founder.accessible("a queue in danger");
  assert.deepEqual(founder.errors, []);
  await founder.page.close();
});

test("agents are told what was decided, once it counts", lead.allTold);

test("the browser had nothing to complain about", () => {
  assert.deepEqual(lead.errors, []);
});

test("the words that met a guardrail are marked where they stand", async () => {
  await lead.posted("Levi Threatens", { status: "with_human", body: { message: "My lawyer will write to you tomorrow." } });
  await lead.open("Levi Threatens");
  await lead.page.locator("section.draft mark").filter({ hasText: "lawyer" }).first().waitFor();
  await lead.page.locator("aside.why li").filter({ hasText: "legal threats" }).getByRole("button", { name: "Show the words" }).waitFor();
});

test("who writes on one draft in two windows is told so in the other", async () => {
  const context = await chrome.newContext({ viewport: { width: 1440, height: 900 } });
  const mia = await signedIn({ newPage: () => context.newPage() }, service);
  await mia.posted("Pia Twofold");
  await mia.open("Pia Twofold");
  await mia.pressUntil("e", mia.isWriting);
  await mia.page.keyboard.type("Dear Pia. ");
  const other = await context.newPage();
  await other.goto(mia.page.url());
  await soon(async () => (await other.getByTestId("editor").count()) === 1);
  assert.match(await other.getByTestId("editor").inputValue(), /^Dear Pia\. /);
  await mia.page.getByTestId("other-window").waitFor();
  await mia.accessible("an edit in two windows");
  await mia.page.keyboard.type("Hello. ");
  await other.getByTestId("other-window").waitFor();
  await mia.press("Control+Enter");
  await other.getByText("You decided it elsewhere: edited.").waitFor();
  await context.close();
});

test("Enter in the search opens what it found", async () => {
  await lead.posted("Uma Sought");
  await lead.press("Escape", "/");
  await lead.page.keyboard.type("Uma Sought");
  await lead.rows().filter({ hasText: "Uma Sought" }).first().waitFor();
  await lead.press("Enter");
  await soon(async () => (await lead.heading()).startsWith("Uma Sought"));
});

test("somebody who is not at their page is handed a draft, and called by their name", async () => {
  await service.invite("nora.away@larkspur.example", "reviewer");
  await service.invite("aud.reads@larkspur.example", "auditor");
  await lead.posted("Hanna Handed");
  await lead.open("Hanna Handed");
  const panel = lead.page.getByRole("region", { name: "Who takes it?" });
  await lead.pressUntil("o", () => panel.isVisible());
  const nora = panel.getByRole("button", { name: /nora.away/ });
  await nora.waitFor();
  assert.equal(await panel.getByRole("button", { name: /aud.reads/ }).count(), 0, "who only reads is handed nothing");
  await nora.click();
  await lead.rows().filter({ hasText: "Hanna Handed" }).getByText(/for nora.away/).waitFor();
  await soon(async () => /nora.away/.test(await lead.page.locator("aside.why dl").innerText()));
});
