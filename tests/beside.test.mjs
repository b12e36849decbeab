// What stands beside a draft and what a reviewer makes of it: the kind of an edit, what memory knows,
// sources, one's own drafts, the state of the queue, first steps, notices. Must not use the page's own
// state: what is asserted is what a person sees and what the agent is told.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { changePolicy, signIn } from "../scripts/service.mjs";
import { browser, served } from "./browser.mjs";
import { SEEN_MS, person, soon } from "./person.mjs";

let service;
let chrome;
let lead;

before(async () => {
  service = await served();
  chrome = await browser();
  lead = await person(chrome, service);
  await lead.page.goto(service.sign_in_url);
  await lead.page.getByTestId("draft").waitFor();
});

after(async () => {
  await chrome?.close();
  await service?.stop();
});

const editor = () => lead.page.getByTestId("editor");
const isWriting = async () => (await editor().count()) === 1 && (await editor().evaluate((field) => field === document.activeElement));

test("a reviewer sees the kind of an edit otherwise, by keyboard, and that is what is learnt", async () => {
  const message = "May I take my parrot into the coworking lounge?";
  const id = await lead.posted("Bo Overrules", { text: "Yes, parrots are welcome in our lounge.", body: { message } });
  await lead.open("Bo Overrules");
  await lead.pressUntil("e", isWriting);
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

test("no key counts while an input method composes", async () => {
  const id = await lead.posted("Fumi Composes");
  await lead.open("Fumi Composes");
  await lead.pressUntil("e", isWriting);
  const browserSide = await lead.page.context().newCDPSession(lead.page);
  await browserSide.send("Input.imeSetComposition", { text: "にほn", selectionStart: 3, selectionEnd: 3 });
  await soon(async () => (await editor().inputValue()).startsWith("にほn"));
  // What a browser sends for a key that the input method takes.
  const composed = (key) => editor().evaluate((field, key) => field.dispatchEvent(new KeyboardEvent("keydown", { key, ctrlKey: key === "Enter", isComposing: true, keyCode: 229, bubbles: true, cancelable: true })), key);
  await composed("Enter");
  await composed("Escape");
  assert.ok(await isWriting(), "neither sent nor left");
  await browserSide.send("Input.insertText", { text: "日本" });
  assert.match(await editor().inputValue(), /^日本Your refund/);
  assert.equal(await lead.statusOf(id), "held");
  await lead.press("Control+Enter");
  assert.equal((await lead.settled(id)).outgoing.text, "日本Your refund is on its way to you.");
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
  await founder.page.getByRole("link", { name: /first steps/ }).click();
  await founder.page.getByRole("heading", { name: "Settings" }).waitFor();
  await founder.press("v");
  await founder.page.getByRole("heading", { name: "All clear" }).waitFor();
  await founder.posted("Hal First", { body: { category: undefined } });
  await soon(async () => (await founder.heading()).startsWith("Hal First"));
  await founder.page.reload();
  await founder.page.getByTestId("strain").getByText(/a deadline is missed at/).waitFor();
  await founder.accessible("a queue in danger");
  assert.deepEqual(founder.errors, []);
  await founder.page.close();
});

test("the browser had nothing to complain about", () => {
  assert.deepEqual(lead.errors, []);
});
